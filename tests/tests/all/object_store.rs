//! Backups that are pushed into a bucket, mirrored from a real S3 server.

use std::path::PathBuf;
use std::time::Duration;

use backhaul_tests::harness::s3::{ACCESS_KEY, S3Server, SECRET_KEY};
use backhaul_tests::harness::{Said, Site, assert_sound, http_get};
use serde_json::Value;

const BUCKET: &str = "db-backups";
const HOUR: Duration = Duration::from_secs(3600);
const NOW: Duration = Duration::ZERO;

/// A site with one job that reads the bucket with these options.
fn site(server: &S3Server, kinds: &str, options: &str) -> Site {
    site_with_secret(server, kinds, options, SECRET_KEY)
}

fn site_with_secret(server: &S3Server, kinds: &str, options: &str, secret: &str) -> Site {
    let site = Site::new();
    std::fs::write(site.path("ak"), ACCESS_KEY).unwrap();
    std::fs::write(site.path("sk"), secret).unwrap();
    site.write_config(&format!(
        "{}\n[account.store]\nprovider = \"object-store\"\n\
         credentials = {{ access_key = {{ file = \"ak\" }}, secret_key = {{ file = \"sk\" }} }}\n\
         endpoint = {{ s3 = \"{}\" }}\nlink_hosts = [\"127.0.0.1\"]\nallow_http = true\n\n\
         [[job]]\nname = \"pushed\"\naccount = \"store\"\nservice = \"s3\"\nkinds = {kinds}\n\
         directory = \"mirror\"\n\n[job.options]\nbucket = \"{BUCKET}\"\n{options}\n",
        site.daemon_table(),
        server.url(),
    ));
    site
}

fn run(site: &Site) -> Value {
    site.backhaul(["sync", "--json"]).expect(0).json()[0].clone()
}

/// The mirrored backups with their manifests, by the key of the backup.
fn mirrored(site: &Site) -> Vec<(String, PathBuf, Value)> {
    let mut all: Vec<_> = site
        .mirrored("mirror")
        .into_iter()
        .map(|path| {
            let manifest = assert_sound(&path);
            assert_eq!(
                manifest["verification"]["status"], "verified",
                "{manifest:#}"
            );
            let key = manifest["backup"]["key"].as_str().unwrap().to_owned();
            (key, path, manifest)
        })
        .collect();
    all.sort_by(|one, other| one.0.cmp(&other.0));
    all
}

fn keys(site: &Site) -> Vec<String> {
    mirrored(site).into_iter().map(|(key, ..)| key).collect()
}

fn passed_over(run: &Value) -> String {
    run["passed_over"].to_string()
}

#[test]
fn the_server_refuses_who_does_not_sign() {
    let Some(server) = S3Server::start() else {
        return;
    };
    server.put(BUCKET, "a", b"x", HOUR);
    assert_eq!(http_get(&format!("{}/{BUCKET}/a", server.url())).0, 403);
}

#[test]
fn sets_of_files_in_folders_are_mirrored_as_backups_and_only_once() {
    let Some(server) = S3Server::start() else {
        return;
    };
    for (instance, times) in [
        ("orders", ["2024-01-15T083000Z", "2024-01-16T083000Z"]),
        ("shop eu", ["2024-01-15T090000Z", "2024-01-16T090000Z"]),
    ] {
        for time in times {
            for file in ["base.bin", "pg_data/日志 1.bin", "pg_data/big.bin"] {
                let key = format!("prod/{instance}/{time}/base/{file}");
                let length = if file.contains("big") { 9 << 20 } else { 1000 };
                let bytes: Vec<u8> = key.bytes().cycle().take(length).collect();
                server.put(BUCKET, &key, &bytes, HOUR);
            }
            server.put(
                BUCKET,
                &format!("prod/{instance}/{time}/base/_SUCCESS"),
                b"",
                HOUR,
            );
            server.put(
                BUCKET,
                &format!("prod/{instance}/{time}/wal/0001"),
                b"wal",
                HOUR,
            );
        }
    }
    server.put(BUCKET, "prod/readme.txt", b"hello", HOUR);
    server.put(BUCKET, "prod/tmp/scratch", b"hello", HOUR);
    server.put(
        BUCKET,
        "elsewhere/orders/2024-01-15T083000Z/base/x",
        b"hello",
        HOUR,
    );
    let site = site(
        &server,
        "[\"full\", \"log\"]",
        "prefix = \"prod\"\npattern = \"{instance}/{time:%Y-%m-%dT%H%M%SZ}/{kind}/{file}\"\n\
         kinds = { base = \"full\", wal = \"log\" }\nengine = \"PostgreSQL\"",
    );
    let first = run(&site);
    assert_eq!(passed_over(&first), "[]", "{first:#}");
    let all = mirrored(&site);
    assert_eq!(all.len(), 8);
    let (key, path, manifest) = &all[0];
    assert_eq!(key, "time=2024-01-15T083000Z,kind=base");
    assert_eq!(manifest["instance"]["id"], "orders");
    assert_eq!(manifest["backup"]["kind"], "full");
    assert_eq!(manifest["backup"]["started_at"], "2024-01-15T08:30:00Z");
    assert_eq!(manifest["backup"]["engine"], "PostgreSQL");
    assert!(!manifest.to_string().contains("X-Amz-Signature"));
    let files = manifest["files"].as_array().unwrap();
    let names: Vec<&str> = files
        .iter()
        .map(|file| file["vendor_name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "_SUCCESS",
            "base.bin",
            "pg_data/big.bin",
            "pg_data/日志 1.bin"
        ]
    );
    for file in &files[1..] {
        assert_eq!(file["agreed"][0]["algorithm"], "md5", "{file:#}");
    }
    let base = std::fs::read(path.join("base.bin")).unwrap();
    assert!(base.starts_with(b"prod/orders/2024-01-15T083000Z/base/base.bin"));

    let second = run(&site);
    assert_eq!(second["known"], 8, "{second:#}");
    assert_eq!(keys(&site).len(), 8);
}

#[test]
fn a_backup_without_its_marker_is_still_being_pushed() {
    let Some(server) = S3Server::start() else {
        return;
    };
    let folder = "basebackups_005/base_000000010000000000000004";
    server.put(
        BUCKET,
        &format!("{folder}/tar_partitions/part_001.tar.lz4"),
        b"\x04\x22\x4d\x18one",
        NOW,
    );
    server.put(
        BUCKET,
        "wal_005/000000010000000000000001.lz4",
        b"\x04\x22\x4d\x18wal",
        NOW,
    );
    let site = site(
        &server,
        "[\"full\", \"log\"]",
        "instance = \"orders\"\n\
         [[job.options.layouts]]\npattern = \"basebackups_005/{set}/{file}\"\n\
         complete_when = \"basebackups_005/{set}_backup_stop_sentinel.json\"\n\
         [[job.options.layouts]]\npattern = \"wal_005/{set}.lz4\"\nkind = \"log\"",
    );
    let half = run(&site);
    assert!(passed_over(&half).contains("still making it"), "{half:#}");
    assert_eq!(keys(&site), ["kind=log,set=000000010000000000000001"]);

    server.put(
        BUCKET,
        &format!("{folder}_backup_stop_sentinel.json"),
        b"{\"LSN\": 67108904}",
        NOW,
    );
    let whole = run(&site);
    assert_eq!(passed_over(&whole), "[]");
    let all = mirrored(&site);
    assert_eq!(all.len(), 2);
    let files = all[0].2["files"].as_array().unwrap();
    let names: Vec<_> = files
        .iter()
        .map(|file| file["name"].as_str().unwrap())
        .collect();
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(
        names.contains(&"base_000000010000000000000004_backup_stop_sentinel.json"),
        "{names:?}"
    );
}

#[test]
fn a_backup_that_grew_lately_is_left_alone_until_it_has_settled() {
    let Some(server) = S3Server::start() else {
        return;
    };
    server.put(BUCKET, "orders/20240115/1", b"one", HOUR);
    server.put(BUCKET, "orders/20240115/2", b"two", NOW);
    let site = site(
        &server,
        "[\"full\"]",
        "pattern = \"{instance}/{time:%Y%m%d}/{file}\"",
    );
    let early = run(&site);
    assert!(passed_over(&early).contains("still making it"), "{early:#}");
    assert!(keys(&site).is_empty());

    server.put(BUCKET, "orders/20240115/2", b"two", HOUR);
    let _ = run(&site);
    let all = mirrored(&site);
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].2["backup"]["zone_assumed"], true);
}

#[test]
fn lists_and_backups_of_many_objects_are_read_over_all_their_pages() {
    let Some(server) = S3Server::start() else {
        return;
    };
    for number in 0..2300 {
        server.put(BUCKET, &format!("orders/log/{number:05}"), b"log", HOUR);
    }
    for number in 0..300 {
        server.put(
            BUCKET,
            &format!("orders/zbase/20240115/{number:04}.bin"),
            b"base",
            HOUR,
        );
    }
    let site = site(
        &server,
        "[\"full\"]",
        "[[job.options.layouts]]\npattern = \"{instance}/log/{set}\"\nkind = \"log\"\n\
         [[job.options.layouts]]\npattern = \"{instance}/zbase/{time:%Y%m%d}/{file}\"",
    );
    let _ = run(&site);
    let all = mirrored(&site);
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].2["files"].as_array().unwrap().len(), 300);
}

#[test]
fn an_overwritten_object_is_a_new_backup_each_time() {
    let Some(server) = S3Server::start() else {
        return;
    };
    let site = site(&server, "[\"full\"]", "pattern = \"{instance}/latest.bin\"");
    for (bytes, age) in [(b"monday", 48 * HOUR), (b"friday", HOUR)] {
        server.put(BUCKET, "orders/latest.bin", bytes, age);
        let _ = run(&site);
    }
    let all = mirrored(&site);
    assert_eq!(all.len(), 2);
    for (_, path, _) in &all {
        assert_eq!(std::fs::read(path.join("latest.bin")).unwrap().len(), 6);
    }
    server.remove(BUCKET, "orders/latest.bin");
    let gone = site.backhaul(["sync", "--json"]);
    assert_eq!(
        keys(&site).len(),
        2,
        "the mirror keeps what the bucket lost: {gone:?}"
    );
}

#[test]
fn a_wrong_key_is_refused_and_never_shown() {
    let Some(server) = S3Server::start() else {
        return;
    };
    server.put(BUCKET, "orders/1", b"one", HOUR);
    let secret = "wrongwrongwrongwrongwrongwrongwrongwrong";
    let site = site_with_secret(
        &server,
        "[\"full\"]",
        "pattern = \"{instance}/{set}\"",
        secret,
    );
    let Said {
        code,
        stdout,
        stderr,
    } = site.sync();
    assert_eq!(code, Some(1), "{stdout}{stderr}");
    let said = stdout + &stderr;
    assert!(
        said.contains("check that `secret_key` belongs to `access_key`"),
        "{said}"
    );
    assert!(said.contains("SignatureDoesNotMatch"), "{said}");
    assert!(
        !said.contains(secret) && !said.contains("Signature="),
        "{said}"
    );
}

#[test]
fn a_missing_bucket_and_a_bad_pattern_are_told_by_the_option_s_name() {
    let Some(server) = S3Server::start() else {
        return;
    };
    for (options, named) in [
        (
            "pattern = \"{instance}/{set}\"",
            "check the option `bucket`",
        ),
        (
            "pattern = \"{instance}/{file}\"",
            "neither {time:…} nor {set}",
        ),
        ("pattern = \"{instanse}/{set}\"", "{instanse}"),
    ] {
        let site = site(&server, "[\"full\"]", options);
        let said = site.sync();
        assert_eq!(said.code, Some(1), "{said:?}");
        let told = said.stdout + &said.stderr;
        assert!(told.contains(named), "{options}: {told}");
    }
}
