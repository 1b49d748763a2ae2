//! The main job: what the vendor has ends up in the mirror, once.

use backhaul_tests::harness::{Site, assert_sound};

const JOBS: &str = r#"
[[job]]
name = "orders"
account = "demo"
service = "rds"
instances = ["orders"]
kinds = ["full", "log"]
directory = "mirror/orders"

[[job]]
name = "shop"
account = "demo"
service = "rds"
instances = ["shop*"]
kinds = ["full", "log"]
directory = "mirror/shop"
"#;

#[test]
fn a_second_pass_downloads_nothing_and_asks_for_no_link() {
    use backhaul_tests::cloud::Api;
    let site = Site::with_fixtures();
    site.configure(JOBS);
    let daemon = site.daemon();
    let _ = site.backhaul(["sync"]).expect(0);
    let backups: Vec<_> = ["mirror/orders", "mirror/shop"]
        .iter()
        .flat_map(|directory| site.mirrored(directory))
        .collect();
    assert_eq!(backups.len(), 7);
    backups.iter().for_each(|backup| drop(assert_sound(backup)));

    site.cloud.reset_traffic();
    let _ = site.backhaul(["sync"]).expect(0);
    let traffic = site.cloud.traffic();
    assert_eq!(traffic.downloads().gets, 0);
    assert_eq!(traffic.calls(Api::BackupFiles), 0);
    assert!(traffic.calls(Api::Backups) > 0);
    let (status, log) = daemon.stop();
    assert!(status.success(), "{log}");
}
