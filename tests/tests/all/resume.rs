//! Transfers that break off go on from their last byte, with proof that it is the same object.

use std::time::Duration;

use backhaul_tests::cloud::huawei::{CRC64_HASH, ExpiredLink};
use backhaul_tests::cloud::{Api, Content, EntityTagForm, Fault, ObjectFault, ObjectSpec};
use backhaul_tests::harness::{LIMIT, Site, assert_sound, stage_up_to, staged, stock};

const BYTES: u64 = 1 << 20;
const FILE: &str = "1.bin";
const JOB: &str = r#"
[[job]]
name = "orders"
account = "demo"
service = "rds"
directory = "mirror"
"#;

fn site() -> (Site, Content) {
    site_with(ObjectSpec::new(FILE, Content::generated(1, BYTES)))
}

fn site_with(file: ObjectSpec) -> (Site, Content) {
    let site = Site::new();
    let content = file.content.clone();
    stock::add_instance(&site.cloud, 1, "orders");
    site.cloud
        .add_backup(stock::backup(&site.cloud, 1, 1, 2).file(file));
    site.configure(JOB);
    (site, content)
}

fn assert_mirrored(site: &Site, content: &Content) {
    let backups = site.mirrored("mirror");
    assert_eq!(backups.len(), 1);
    let manifest = assert_sound(&backups[0]);
    assert_eq!(
        manifest["files"][0]["sha256"],
        content.sha256_hex().unwrap()
    );
    assert_eq!(manifest["verification"]["status"], "verified");
}

fn ranges(site: &Site) -> Vec<Option<String>> {
    site.cloud.traffic().object(FILE).ranges
}

fn from(byte: u64) -> Option<String> {
    Some(format!("bytes={byte}-"))
}

/// What an object contains after it has changed for the first time.
fn changed() -> Content {
    Content::generated((1 << 63) + 1, BYTES)
}

#[test]
fn a_link_that_dies_in_mid_file_is_renewed_and_the_file_goes_on() {
    let (site, content) = site();
    site.cloud
        .inject(Fault::object(ObjectFault::ExpireLinkAfter(400_000)));
    let _ = site.sync().expect(0);
    assert_mirrored(&site, &content);
    assert_eq!(ranges(&site), [None, from(400_000)]);
    assert_eq!(site.cloud.traffic().calls(Api::BackupFiles), 2);
}

#[test]
fn a_link_that_runs_out_in_mid_file_is_renewed_whatever_the_refusal_says() {
    for form in [ExpiredLink::Named, ExpiredLink::Unnamed] {
        let (site, content) = site();
        site.cloud.set(|switches| switches.expired_link = form);
        site.cloud
            .inject(Fault::object(ObjectFault::TruncateAfter(500_000)));
        let gate = site.cloud.gate(FILE, 300_000);
        let daemon = site.daemon();
        let mut events = daemon.events();
        let mut sync = site.command(["sync", "--json"]);
        let sync = sync.stdout(std::process::Stdio::null()).spawn().unwrap();
        site.cloud.wait(LIMIT, gate.wait_until_held()).unwrap();
        site.cloud.clock().advance(Duration::from_secs(16 * 60));
        gate.release();
        let run = events.pass_of("orders");
        assert_eq!(run["outcome"], "success", "{form:?}: {run:#}");
        assert!(sync.wait_with_output().unwrap().status.success());
        assert_mirrored(&site, &content);
        assert_eq!(ranges(&site), [None, from(500_000)], "{form:?}");
        assert_eq!(
            site.cloud.traffic().calls(Api::BackupFiles),
            3,
            "one was refused for its clock"
        );
    }
}

#[test]
fn a_refused_link_is_renewed() {
    let (site, content) = site();
    site.cloud.inject(Fault::object(ObjectFault::Status {
        code: 403,
        retry_after: None,
    }));
    let _ = site.sync().expect(0);
    assert_mirrored(&site, &content);
    assert_eq!(site.cloud.traffic().calls(Api::BackupFiles), 2);
}

#[test]
fn an_object_that_changed_meanwhile_is_fetched_anew() {
    let (site, _) = site();
    site.cloud
        .inject(Fault::object(ObjectFault::ObjectChangesAfter(400_000)));
    let _ = site.sync().expect(0);
    assert_mirrored(&site, &changed());
    assert_eq!(
        ranges(&site),
        [None, from(400_000)],
        "If-Range makes the second a whole one"
    );
}

#[test]
fn an_object_that_changed_between_two_runs_is_fetched_anew() {
    let (site, _) = site();
    stage_up_to(&site, "mirror", 300_000, 1);
    site.cloud.change_objects(&stock::backup_id(1));
    let _ = site.sync().expect(0);
    assert_mirrored(&site, &changed());
}

#[test]
fn without_a_strong_validator_a_file_begins_anew() {
    for fault in [ObjectFault::WeakETag, ObjectFault::NoETag] {
        let (site, content) = site();
        site.cloud.inject(Fault::object(fault.clone()).always());
        site.cloud
            .inject(Fault::object(ObjectFault::TruncateAfter(400_000)));
        let _ = site.sync().expect(0);
        assert_mirrored(&site, &content);
        assert_eq!(ranges(&site), [None, None], "{fault:?}");
    }
}

#[test]
fn a_server_that_ignores_ranges_gives_the_right_file() {
    let (site, content) = site();
    stage_up_to(&site, "mirror", 300_000, 1);
    site.cloud
        .inject(Fault::object(ObjectFault::RangesIgnored).always());
    let _ = site.sync().expect(0);
    assert_mirrored(&site, &content);
    assert_eq!(ranges(&site), [None, from(300_000)]);
}

#[test]
fn another_tag_with_each_link_gives_the_right_file() {
    let (site, content) = site();
    site.cloud
        .inject(Fault::object(ObjectFault::NewETagEachLink).always());
    site.cloud
        .inject(Fault::object(ObjectFault::ExpireLinkAfter(400_000)));
    let _ = site.sync().expect(0);
    assert_mirrored(&site, &content);
}

#[test]
fn a_run_killed_after_the_last_byte_proves_it_without_asking_again() {
    for form in [EntityTagForm::Md5, EntityTagForm::Opaque] {
        let (site, content) = encrypted(form);
        complete_by_hand(&site, &content.read(300_000, BYTES).unwrap());
        let _ = site.sync().expect(0);
        assert_mirrored(&site, &content);
        assert_eq!(ranges(&site), [None], "{form:?}");
    }
}

#[test]
fn a_run_killed_after_the_last_byte_still_finds_a_wrong_one() {
    let (site, content) = encrypted(EntityTagForm::Opaque);
    let mut rest = content.read(300_000, BYTES).unwrap();
    *rest.last_mut().unwrap() ^= 1;
    complete_by_hand(&site, &rest);
    let _ = site.sync().expect(0);
    assert_mirrored(&site, &content);
    assert_eq!(ranges(&site), [None, None]);
}

/// An object on an encrypting server: only its CRC-64 says what it is.
fn encrypted(entity_tag: EntityTagForm) -> (Site, Content) {
    let content = Content::generated(1, BYTES);
    let (site, content) = site_with(ObjectSpec {
        entity_tag,
        ..ObjectSpec::new(FILE, content)
    });
    site.cloud.set(|switches| {
        switches.server_side_encryption = entity_tag == EntityTagForm::Opaque;
        switches.crc64_header = Some(CRC64_HASH);
    });
    (site, content)
}

/// Leaves what a run leaves that is killed between its last byte and the proof.
fn complete_by_hand(site: &Site, rest: &[u8]) {
    use std::io::Write;
    stage_up_to(site, "mirror", 300_000, 1);
    let files = staged(&site.path("mirror"));
    let mut file = std::fs::File::options()
        .append(true)
        .open(&files[0].path)
        .unwrap();
    file.write_all(rest).unwrap();
}
