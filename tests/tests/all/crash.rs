//! Killed before each step that changes something on disk, one after the other: nothing half
//! visible, nothing lost, and the next run goes on.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use backhaul_tests::harness::{
    Random, Said, Site, assert_nothing_half_visible, assert_sound, crashing, stock,
};
use serde_json::Value;

/// How many backups a pass mirrors, quarantines and deletes.
const EACH: u64 = 2;
const KEPT: u64 = 4;
/// Before about how many steps a pass is cut off where not before all of them.
const SOME_STEPS: u64 = 30;
const KEEP: &str = "retention = { keep_last = 4, min_good = 1, quarantine = \"0s\" }";

struct Run {
    site: Site,
    /// How many backups the vendor has made.
    made: u64,
    visible: BTreeMap<PathBuf, Value>,
}

impl Run {
    fn new() -> Self {
        let site = Site::new();
        site.cloud.set(|switches| switches.calls_per_minute = None);
        stock::add_instance(&site.cloud, 1, "orders");
        let mut run = Self {
            site,
            made: 0,
            visible: BTreeMap::new(),
        };
        run.configure(KEEP);
        for _ in 0..4 {
            run.make_backups();
            let _ = run.site.sync().expect(0);
        }
        run.check();
        run
    }

    fn configure(&self, retention: &str) {
        self.site.configure(&format!(
            "[[job]]\nname = \"orders\"\naccount = \"demo\"\nservice = \"rds\"\n\
             directory = \"mirror\"\n{retention}\n"
        ));
    }

    /// The vendor makes a light and a heavy backup.
    fn make_backups(&mut self) {
        for bytes in [2000, 300_000] {
            self.made += 1;
            let age = 4000 - i64::try_from(self.made).unwrap();
            let cloud = &self.site.cloud;
            cloud.add_backup(stock::one_file(cloud, self.made, 1, age, bytes));
        }
    }

    /// Runs the program with fault points.
    fn crashing(&self, arguments: &[&str], variable: &str, value: &str) -> Said {
        let usual = self.site.command(arguments);
        let mut command = Command::new(crashing());
        command.args(usual.get_args()).env_clear();
        let given = usual
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?)));
        command.envs(given).env(variable, value);
        Said::from(command.output().expect("it can be started"))
    }

    /// The steps that a command takes, in order.
    fn steps(&self, arguments: &[&str]) -> Vec<String> {
        let trace = self.site.path("trace");
        let _ = self
            .crashing(arguments, "BACKHAUL_CRASH_TRACE", trace.to_str().unwrap())
            .expect(0);
        let text = fs::read_to_string(&trace).unwrap();
        fs::remove_file(trace).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    /// Kills a command before a step. False when it never came to it.
    fn killed(&self, arguments: &[&str], step: &str) -> bool {
        let said = self.crashing(arguments, "BACKHAUL_CRASH_AT", step);
        assert!(matches!(said.code, None | Some(0)), "{step}: {said:?}");
        said.code.is_none()
    }

    /// Nothing is half visible, and what was visible is still, or whole in quarantine, or written
    /// down as deleted.
    fn check(&mut self) {
        let mirror = self.site.path("mirror");
        let visible = assert_nothing_half_visible(&mirror, &self.visible);
        let known: BTreeSet<_> = visible
            .values()
            .chain(&self.quarantined())
            .map(|manifest| manifest["id"].as_str().unwrap().to_owned())
            .collect();
        let deleted = self.logged(&["deleted"]);
        for manifest in self.visible.values() {
            let id = manifest["id"].as_str().unwrap();
            assert!(known.contains(id) || deleted.contains(id), "{id} is lost");
        }
        self.visible = visible;
    }

    /// The manifests of what lies in quarantine and is not being deleted.
    fn quarantined(&self) -> Vec<Value> {
        let place = self.site.path("mirror/.backhaul/quarantine");
        let entries = fs::read_dir(place).into_iter().flatten();
        entries
            .map(|entry| entry.unwrap().path())
            .filter(|entry| entry.extension().is_none() && entry.join("backup").exists())
            .map(|entry| assert_sound(&entry.join("backup")))
            .collect()
    }

    /// The backups about which one of these was written down.
    fn logged(&self, actions: &[&str]) -> BTreeSet<String> {
        let files = fs::read_dir(self.site.path("state/decisions")).unwrap();
        let text: String = files
            .map(|file| fs::read_to_string(file.unwrap().path()).unwrap())
            .collect();
        let entries = text
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).expect("a whole line"));
        entries
            .filter(|entry| actions.iter().any(|action| entry["action"] == *action))
            .map(|entry| entry["backup"].as_str().unwrap().to_owned())
            .collect()
    }

    /// The catalog says what the mirror says, and everything in it was written down.
    fn assert_agreed(&self, what: &str) {
        let list = self.site.backhaul(["list", "--json"]).expect(0).json();
        let ids = |values: &mut dyn Iterator<Item = &Value>| -> BTreeSet<String> {
            values
                .map(|one| one["id"].as_str().unwrap().to_owned())
                .collect()
        };
        let visible = ids(&mut self.visible.values());
        assert_eq!(ids(&mut list.as_array().unwrap().iter()), visible, "{what}");
        let logged = self.logged(&["fetched", "found", "restored"]);
        assert!(visible.is_subset(&logged), "{what}: {visible:?} {logged:?}");
    }

    /// The vendor's keys of what is visible.
    fn keys(&self) -> BTreeSet<String> {
        let key = |manifest: &Value| manifest["identity"]["key"].as_str().unwrap().to_owned();
        self.visible.values().map(key).collect()
    }
}

#[test]
#[ignore = "takes minutes; see CONTRIBUTING.md"]
fn a_pass_cut_off_before_any_step_shows_nothing_half_and_the_next_goes_on() {
    cut_off_a_pass(|_| true);
}

/// The same before a share of the steps, another one each time.
#[test]
fn a_pass_cut_off_before_some_steps_shows_nothing_half_and_the_next_goes_on() {
    let mut random = Random::new();
    cut_off_a_pass(|steps| random.below(steps) < SOME_STEPS);
}

/// Cuts passes off before those steps that are chosen; the choice is told how many there are.
fn cut_off_a_pass(mut chosen: impl FnMut(u64) -> bool) {
    let mut run = Run::new();
    run.make_backups();
    let mut steps = run.steps(&["sync"]);
    run.check();
    assert!(steps.len() > 50, "{steps:#?}");
    let all = steps.len() as u64;
    steps.retain(|_| chosen(all));
    let mut killed = 0;
    for step in &steps {
        run.make_backups();
        killed += usize::from(run.killed(&["sync"], step));
        run.check();
        let _ = run.site.sync().expect(0);
        run.check();
        let newest = (run.made - KEPT + 1..=run.made).map(stock::backup_id);
        assert_eq!(run.keys(), newest.collect(), "{step}");
        run.assert_agreed(step);
        let staging = fs::read_dir(run.site.path("mirror/.backhaul/staging"));
        assert_eq!(staging.unwrap().count(), 0, "{step}");
    }
    println!("{steps:#?}");
    println!("killed before {killed} of {} steps", steps.len());
    // How passes and their threads interleave differs a little from one to the next.
    assert!(killed * 10 >= steps.len() * 9, "{killed} of {steps:#?}");
    assert!(run.made > EACH * steps.len() as u64);
    // All that is over is gone after two more passes.
    for _ in 0..2 {
        let _ = run.site.sync().expect(0);
    }
    let left = fs::read_dir(run.site.path("mirror/.backhaul/quarantine"));
    assert_eq!(left.unwrap().count(), 0);
    let _ = run.site.backhaul(["verify"]).expect(0);
}

#[test]
fn a_reindex_cut_off_before_any_step_is_done_again() {
    let mut run = Run::new();
    let steps = run.steps(&["reindex"]);
    assert!(steps.len() > 5, "{steps:#?}");
    for step in &steps {
        assert!(run.killed(&["reindex"], step), "{step}");
        run.assert_agreed(step);
    }
    run.check();
}

#[test]
fn a_way_out_of_quarantine_cut_off_before_any_step_leaves_the_backup_whole() {
    let mut run = Run::new();
    // What is quarantined shall stay there.
    let keep = KEEP.replace("0s", "1d");
    run.configure(&keep);
    run.make_backups();
    let _ = run.site.sync().expect(0);
    run.check();
    let id = run.quarantined()[0]["id"].as_str().unwrap().to_owned();
    let restore = ["restore-quarantined", id.as_str()];
    let steps = run.steps(&restore);
    assert!(steps.len() > 5, "{steps:#?}");
    for step in &steps {
        run.configure(&keep);
        let _ = run.site.sync().expect(0);
        run.configure("");
        run.check();
        let hidden = |run: &Run| {
            run.quarantined()
                .iter()
                .any(|manifest| manifest["id"] == id)
        };
        let shown = |run: &Run| run.visible.values().any(|manifest| manifest["id"] == id);
        assert!(hidden(&run) && !shown(&run), "{step}");
        assert!(run.killed(&restore, step), "{step}");
        run.check();
        assert!(hidden(&run) != shown(&run), "{step}");
        if hidden(&run) {
            let _ = run.site.backhaul(restore).expect(0);
            run.check();
        }
        // The vendor still lists it: a pass without retention would fetch all that it let go.
        run.configure(&keep.replace("keep_last = 4", "within = \"1000w\""));
        let _ = run.site.backhaul(["reindex"]).expect(0);
        run.assert_agreed(step);
    }
}

#[test]
fn a_repair_cut_off_before_any_step_ends_with_the_sound_copy_in_its_place() {
    let mut run = Run::new();
    run.configure("");
    run.make_backups();
    let _ = run.site.sync().expect(0);
    run.check();
    let backup = run.visible.keys().next_back().unwrap().clone();
    let key = run.visible[&backup]["identity"]["key"].clone();
    let key = key.as_str().unwrap().to_owned();
    let file = run.visible[&backup]["files"][0]["name"].clone();
    let file = backup.join(file.as_str().unwrap());
    let damage = |run: &Run| {
        let mut bytes = fs::read(&file).unwrap();
        bytes[100] ^= 1;
        fs::write(&file, bytes).unwrap();
        let _ = run.site.backhaul(["verify"]).expect(1);
    };
    damage(&run);
    let steps = run.steps(&["sync"]);
    assert!(steps.iter().any(|step| step == "1 exchange"), "{steps:#?}");
    let mut killed = 0;
    for step in &steps {
        damage(&run);
        killed += usize::from(run.killed(&["sync"], step));
        let _ = run.site.sync().expect(0);
        let _ = run.site.backhaul(["verify"]).expect(0);
        assert_sound(&backup);
    }
    assert!(killed * 10 >= steps.len() * 9, "{killed} of {steps:#?}");

    // The sound copy lies in quarantine still, and the vendor has no other any more.
    damage(&run);
    assert!(run.killed(&["sync"], "1 exchange"));
    run.site.cloud.remove_backup(&key);
    let _ = run.site.sync().expect(0);
    let _ = run.site.backhaul(["verify"]).expect(0);
    let visible = assert_nothing_half_visible(&run.site.path("mirror"), &run.visible);
    assert_eq!(visible.len(), run.visible.len());
    assert!(
        run.logged(&["repaired"])
            .contains(run.visible[&backup]["id"].as_str().unwrap())
    );
}

/// Makes the catalog one of version 1, which kept runs by their time.
fn make_old(site: &Site) {
    let db = sled::open(site.path("state/catalog")).unwrap();
    let runs = db.open_tree("runs").unwrap();
    for run in &runs {
        let (key, value) = run.unwrap();
        let record: Value = serde_json::from_slice(&value).unwrap();
        let (job, at) = (&record["job"], &record["started_at"]);
        let old = format!("{}\0{}", job.as_str().unwrap(), at.as_str().unwrap());
        runs.insert(old, value).unwrap();
        runs.remove(key).unwrap();
    }
    db.insert("schema", "1").unwrap();
    db.flush().unwrap();
}

#[test]
fn a_migration_cut_off_before_any_step_is_done_again() {
    let run = Run::new();
    let last_run = |run: &Run| {
        let status = run.site.backhaul(["status", "--json"]).json();
        status["jobs"][0]["last_run"]["started_at"].clone()
    };
    let before = last_run(&run);
    make_old(&run.site);
    let steps = run.steps(&["list"]);
    for step in ["1 number the runs", "1 set the version of the catalog"] {
        assert!(steps.iter().any(|taken| taken == step), "{steps:#?}");
    }
    for step in &steps {
        make_old(&run.site);
        assert!(run.killed(&["list"], step), "{step}");
        run.assert_agreed(step);
        assert_eq!(last_run(&run), before, "{step}");
    }
}
