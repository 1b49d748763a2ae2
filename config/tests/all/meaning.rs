//! What good files mean.

use std::{collections::BTreeSet, path::Path, time::Duration};

use backhaul_config::{Config, JobName, Missed, Sandbox, SecretRef, parse};

use super::{read, source};

const ACCOUNT: &str = "[account.cn]\nprovider = \"huaweicloud\"\n";

fn job(config: &Config, name: &str) -> backhaul_config::Job {
    let name: JobName = name.parse().unwrap();
    (*config.jobs[&name]).clone()
}

#[test]
fn an_empty_file_and_no_file_are_the_standard_settings() {
    for config in [
        read("").unwrap(),
        read("# nothing\n").unwrap(),
        parse(&[]).unwrap(),
    ] {
        assert_eq!(config, Config::default());
        assert!(config.jobs.is_empty());
        assert_eq!(config.daemon.state_dir, Path::new("/var/lib/backhaul"));
        assert_eq!(
            config.daemon.provider_path,
            [Path::new("/usr/lib/backhaul/providers")]
        );
        assert_eq!(
            config.daemon.control_socket,
            Path::new("/run/backhaul/control.sock")
        );
        assert_eq!(config.daemon.max_downloads.get(), 4);
        assert_eq!(config.daemon.connections_per_file.get(), 4);
        assert_eq!(config.daemon.reserve.bytes(), 512 << 20);
        assert_eq!(config.daemon.verify_rate.to_string(), "50MiB/s");
        assert_eq!(config.daemon.sandbox, Sandbox::Prefer);
        assert_eq!(config.daemon.provider_timeout, Duration::from_secs(120));
        assert_eq!(config.daemon.stop_timeout, Duration::from_secs(20));
        assert!(config.daemon.listen.is_none() && config.daemon.bandwidth.is_none());
    }
}

#[test]
fn a_short_job_has_the_standard_settings() {
    let text =
        "[[job]]\nname = \"a\"\naccount = \"cn\"\nservice = \"rds\"\ndirectory = \"mirror\"\n";
    let job = job(&read(&format!("{ACCOUNT}{text}")).unwrap(), "a");
    assert_eq!(job.directory, Path::new("/etc/backhaul/mirror"));
    assert!(job.kinds.iter().map(|kind| kind.as_str()).eq(["full"]));
    assert!(job.retention.is_empty() && job.schedule.is_none() && job.max_age.is_none());
    assert_eq!(job.verify_within, None);
    assert_eq!(
        (job.missed, job.jitter),
        (Missed::RunOnce, Duration::from_secs(30))
    );
    assert_eq!(job.zone.name(), "UTC");
    assert_eq!(job.options, serde_json::json!({}));
    assert!(job.wants("any", "instance"));
}

#[test]
fn defaults_hold_where_a_job_says_nothing_and_tables_are_replaced_whole() {
    let config = read(&format!(
        "{ACCOUNT}[defaults]\naccount = \"cn\"\nservice = \"rds\"\ndirectory = \"/srv\"\n\
         kinds = [\"log\"]\nretention = {{ daily = 7, min_good = 5 }}\noptions = {{ a = 1 }}\n\
         [[job]]\nname = \"a\"\n\
         [[job]]\nname = \"b\"\nkinds = [\"full\"]\nretention = {{ weekly = 2 }}\noptions = {{ b = 2 }}\n"
    ))
    .unwrap();
    let (a, b) = (job(&config, "a"), job(&config, "b"));
    assert_eq!((a.retention.daily, a.retention.min_good), (7, 5));
    assert_eq!(
        (b.retention.daily, b.retention.weekly, b.retention.min_good),
        (0, 2, 1)
    );
    assert_eq!(b.options, serde_json::json!({ "b": 2 }));
    let words = |kinds: &BTreeSet<_>| kinds.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(
        (words(&a.kinds), words(&b.kinds)),
        (vec!["log".into()], vec!["full".to_owned()])
    );
}

#[test]
fn several_files_are_one_configuration_and_paths_start_at_their_own_file() {
    let config = parse(&[
        source(
            "/etc/backhaul/backhaul.toml",
            "[defaults]\naccount = \"cn\"\nservice = \"rds\"\ndirectory = \"all\"",
        ),
        source(
            "/etc/backhaul/conf.d/a.toml",
            "[[job]]\nname = \"a\"\n[[job]]\nname = \"b\"\ndirectory = \"b\"",
        ),
        source(
            "/etc/backhaul/conf.d/z.toml",
            "[account.cn]\nprovider = \"p\"\ncredentials.k = { file = \"../k\" }",
        ),
    ])
    .unwrap();
    assert_eq!(job(&config, "a").directory, Path::new("/etc/backhaul/all"));
    assert_eq!(
        job(&config, "b").directory,
        Path::new("/etc/backhaul/conf.d/b")
    );
    let account = config.accounts.values().next().unwrap();
    let expected = SecretRef::File("/etc/backhaul/k".into());
    assert_eq!(account.credentials["k"], expected);
}

#[test]
fn what_may_exist_once_names_both_places() {
    let text = "[daemon]\n[account.cn]\nprovider = \"p\"\n[[job]]\nname = \"a\"\naccount = \"cn\"\nservice = \"s\"\ndirectory = \"d\"\n";
    let problems = parse(&[source("/a.toml", text), source("/b.toml", text)]).unwrap_err();
    let found: Vec<String> = problems
        .iter()
        .map(|p| {
            format!(
                "{} {}:{} {} {}",
                p.code,
                p.path.display(),
                p.line,
                p.message,
                p.help.as_deref().unwrap()
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            "E_CONFIG_DUPLICATE /b.toml:1 `[daemon]` is declared twice the first one is at /a.toml:1:1",
            "E_CONFIG_DUPLICATE /b.toml:2 account `cn` is declared twice the first one is at /a.toml:2:10",
            "E_CONFIG_DUPLICATE /b.toml:5 job `a` is declared twice the first one is at /a.toml:5:8",
        ]
    );
}

#[test]
fn a_job_wants_what_is_listed_and_not_excluded() {
    let job = job(
        &read(&format!(
            "{ACCOUNT}[[job]]\nname = \"a\"\naccount = \"cn\"\nservice = \"rds\"\ndirectory = \"/srv\"\n\
             instances = [\"orders-?\", \"id-7\"]\nexclude = [\"*-x\"]"
        ))
        .unwrap(),
        "a",
    );
    assert!(job.wants("id-1", "orders-1"));
    assert!(job.wants("id-7", "users"));
    assert!(!job.wants("id-1", "orders-12"));
    assert!(!job.wants("id-1", "Orders-1"));
    assert!(!job.wants("id-7", "users-x"), "exclude wins");
}

#[test]
fn credentials_are_references_of_four_kinds() {
    let config = read(
        "[account.cn]\nprovider = \"p\"\n[account.cn.credentials]\na = { env = \"A\" }\n\
         b = { file = \"/b\" }\nc = { credential = \"c\" }\nd = { command = [\"pass\", \"d\"] }",
    )
    .unwrap();
    let account = config.accounts.values().next().unwrap();
    let words: Vec<String> = account
        .credentials
        .values()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        words,
        [
            "environment variable A",
            "file /b",
            "systemd credential c",
            "command pass"
        ]
    );
}

#[test]
fn one_place_has_one_spelling() {
    let text = "[account.a]\nprovider = \"fault\"\n[[job]]\nname = \"j\"\naccount = \"a\"\nservice = \"s\"\ndirectory = \"./x//../y/./z\"\n";
    let source = backhaul_config::Source {
        path: "/etc/backhaul/backhaul.toml".into(),
        text: text.into(),
    };
    let config = parse(&[source]).unwrap();
    let job = config.jobs.values().next().unwrap();
    assert_eq!(job.directory.as_os_str(), "/etc/backhaul/y/z");
}
