//! Answers that no vendor should give: a clear error, never a crash, never a wrong file.

use backhaul_tests::cloud::{ApiFault, Fault};

use super::*;

/// Jobs, the list that goes wrong, and the vendor's name for the call.
const LISTS: [(&str, Api, &str); 5] = [
    ("rds", Api::Backups, "ListBackups"),
    ("postgres", Api::PostgresBaseBackups, "DescribeBaseBackups"),
    ("mysql", Api::MysqlBackups, "DescribeBackups"),
    ("mysql-v2", Api::LegacyBackups, "GetCdbExportLogUrl"),
    ("co-mysql", Api::Backups, "DescribeBackups"),
];

/// What answers are, what the error calls them, and the jobs of vendors whose request id they
/// carry; API 2.0 and CapitalOnline have none.
const ANSWERS: [(ApiFault, &str, &[&str]); 7] = [
    (ApiFault::WrongJsonType, "is not a list", WITH_IDS),
    (
        ApiFault::ErrorWith200,
        "the vendor's service failed",
        WITH_IDS,
    ),
    (
        ApiFault::HtmlPage,
        "the answer is HTML or XML instead of JSON",
        &["rds"],
    ),
    (ApiFault::BadGateway, "HTTP 502", &["rds"]),
    (
        ApiFault::TruncatedJson,
        "the answer is JSON that breaks off",
        &["rds"],
    ),
    (ApiFault::EmptyBody, "the answer is empty", &["rds"]),
    (
        ApiFault::ConnectionClosed,
        "the connection to 127.0.0.1:",
        &[],
    ),
];

const WITH_IDS: &[&str] = &["rds", "postgres", "mysql"];

fn provider(job: &str) -> &'static str {
    match job {
        "rds" => "huaweicloud",
        "co-mysql" | "co-redis" => "capitalonline",
        _ => "tencentcloud",
    }
}

#[test]
fn an_answer_that_is_none_is_told_with_vendor_call_and_request() {
    // Each is tried again for a while, so all of them at the same time.
    std::thread::scope(|scope| {
        for (answer, wanted, with_id) in ANSWERS {
            scope.spawn(move || {
                let site = site(&LISTS.map(|(job, ..)| job));
                add_backups(&site, 1, 5);
                for (job, api, _) in LISTS {
                    let fault = Fault::api(answer.clone()).of(api).always();
                    let _ = match job {
                        "rds" => site.cloud.inject(fault),
                        "co-mysql" => site.capitalonline().inject(fault),
                        _ => site.tencent().inject(fault),
                    };
                }
                let runs = runs(&site.backhaul(["sync", "--json"]).expect(1).json());
                for (job, _, call) in LISTS {
                    let error = error_of(&runs[job]);
                    let told = [
                        wanted.to_owned(),
                        format!("call {call}"),
                        format!("provider `{}`", provider(job)),
                        "instance ".to_owned(),
                    ];
                    for text in told {
                        assert!(error.contains(&text), "{text}: {error}");
                    }
                    let has_id = error.contains("request ");
                    assert_eq!(has_id, with_id.contains(&job), "{answer:?} {job}: {error}");
                    assert_eq!(manifests(&site, job).len(), 0);
                }
            });
        }
    });
}

/// Adds a full backup of this number with this file to what a job lists.
fn add(site: &Site, job: &str, number: u64, file: ObjectSpec) {
    let tencent = site.tencent();
    match job {
        "rds" => {
            let backup = stock::backup(&site.cloud, number, 1, 5).file(file);
            site.cloud.add_backup(backup);
        }
        "postgres" => {
            let id = format!("base-{number}");
            tencent.add_postgres_backup(PgBackupSpec::base(id, PG, ago(5), file));
        }
        "mysql" => {
            // API 2.0 tells backups apart by their times.
            let start = ago(5) + TimeDelta::seconds(number.cast_signed());
            tencent.add_mysql_backup(MysqlBackupSpec::data(number, CDB, start, file));
        }
        "mysql-v2" => {}
        _ => {
            let mut backup = co_backup(number, CO_MYSQL, 5);
            backup.file = file;
            site.capitalonline().add_backup(backup);
        }
    }
}

#[test]
fn hostile_file_names_become_harmless_files() {
    let long = "x".repeat(400) + ".bin";
    let names = [
        "../../../../tmp/passwd",
        "/etc/passwd",
        "..",
        ".hidden",
        "-rf",
        "a\\b",
        "$(reboot)",
        "backup.json",
        "SHA256SUMS",
        "\u{202e}nib.1",
        "数据库.bin",
        long.as_str(),
    ];
    let jobs = LISTS.map(|(job, ..)| job);
    let site = site(&jobs);
    for (name, number) in names.iter().zip(1..) {
        for job in jobs {
            let file = ObjectSpec::new(*name, Content::generated(number, 1000 + number));
            add(&site, job, number, file);
        }
    }
    let before = everything_beside_the_mirror(&site);
    sync(&site);
    for job in jobs {
        let found = manifests(&site, job);
        assert_eq!(found.len(), names.len(), "{job}");
        let right = (1..=names.len() as u64).map(|number| {
            let content = Content::generated(number, 1000 + number);
            content.sha256_hex().unwrap()
        });
        let mut right: Vec<_> = right.collect();
        right.sort_unstable();
        assert_eq!(digests(&found), right, "{job}");
        for manifest in found {
            let name = manifest["files"][0]["name"].as_str().unwrap();
            let harmless = |c: char| c.is_alphanumeric() || ".-_+=@,~%".contains(c);
            let fits = name.len() <= 200 && !name.starts_with(['.', '-']);
            assert!(fits && name.chars().all(harmless), "{job}: {name:?}");
        }
    }
    assert_eq!(everything_beside_the_mirror(&site), before);
    assert_eq!(
        sync(&site)
            .values()
            .map(|run| run["mirrored"].as_u64().unwrap())
            .sum::<u64>(),
        0
    );
}

/// The names in the site's directory that its own programs do not make.
fn everything_beside_the_mirror(site: &Site) -> Vec<std::ffi::OsString> {
    let mut names: Vec<_> = std::fs::read_dir(site.path(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .filter(|name| name != "mirror" && name != "state")
        .collect();
    names.sort();
    names
}

#[test]
fn control_characters_never_reach_a_name_or_a_terminal() {
    let jobs = LISTS.map(|(job, ..)| job);
    let site = site(&jobs);
    for job in jobs {
        add(
            &site,
            job,
            1,
            ObjectSpec::new("a\nb\u{1b}[31m", Content::generated(1, BYTES)),
        );
        add(&site, job, 2, file(2));
    }
    let said = site.backhaul(["sync"]);
    assert!(
        !said.stdout.contains('\u{1b}') && !said.stderr.contains('\u{1b}'),
        "{said:?}"
    );
    for job in jobs {
        // The other one is mirrored in any case; the odd one too, or its error names the field.
        let found = manifests(&site, job);
        assert!(
            found.len() == 2 || said.stdout.contains("files[0].id"),
            "{job}: {said:?}"
        );
        assert!(!found.is_empty(), "{job}");
        for manifest in &found {
            let name = manifest["files"][0]["name"].as_str().unwrap();
            assert!(!name.chars().any(char::is_control), "{name:?}");
        }
    }
}

#[test]
fn sizes_that_are_wrong_are_refused_or_marked_and_the_file_is_right() {
    let jobs = LISTS.map(|(job, ..)| job);
    let site = site(&jobs);
    let sizes = [0, 1, 7, BYTES * 50, u64::MAX / 1024];
    for (size, number) in sizes.into_iter().zip(1..) {
        let in_kb = ObjectSpec {
            size_kb_override: Some(size),
            ..file(number)
        };
        add(&site, "rds", number, in_kb);
        let mut base = pg_base(number, 5);
        base.size_override = Some(size);
        site.tencent().add_postgres_backup(base);
        let mut data = cdb_data(number, number.cast_signed());
        data.size_override = Some(size);
        site.tencent().add_mysql_backup(data);
        let mut backup = co_backup(number, CO_MYSQL, 5);
        backup.size_override = Some(size);
        site.capitalonline().add_backup(backup);
    }
    // How many are verified, suspect, and refused. Where a size is documented to be exact, another
    // length is refused; where it is rough or never confirmed, it can only make a file suspect.
    let expected = [
        ("rds", 3, 2, 0),
        ("postgres", 3, 2, 0),
        ("mysql", 1, 0, 4),
        ("mysql-v2", 1, 0, 4),
        ("co-mysql", 1, 4, 0),
    ];
    let runs = runs(&site.backhaul(["sync", "--json"]).expect(1).json());
    for (job, verified, suspect, refused) in expected {
        let found = assert_nothing_half_visible(&site.path(mirror(job)), &BTreeMap::new());
        let with = |status: &str| {
            let all = found.values();
            all.filter(|one| one["verification"]["status"] == status)
                .count()
        };
        let errors = runs[job]["errors"].as_array().unwrap();
        let counts = (with("verified"), with("suspect"), errors.len());
        assert_eq!(counts, (verified, suspect, refused), "{:#}", runs[job]);
        for error in errors {
            let error = error.as_str().unwrap();
            assert!(
                error.contains("the file has 20000 bytes, but the vendor says"),
                "{error}"
            );
        }
        for manifest in found.values() {
            let own = file(
                manifest["files"][0]["vendor_name"].as_str().unwrap()[..1]
                    .parse()
                    .unwrap(),
            );
            let right = own.content.sha256_hex().unwrap();
            assert_eq!(manifest["files"][0]["sha256"], right, "{job}");
        }
    }
}
