//! Long lists, lists that move while they are read, lists that stop short; and the request limits
//! that they are read under.

use backhaul_tests::cloud::huawei::{BackupSpec, BackupType};
use backhaul_tests::cloud::{ApiFault, Fault, InjectedFault};
use backhaul_tests::harness::{Daemon, LIMIT};

use super::*;

const LONG: u64 = 3000;
const PAGED: [&str; 3] = ["rds", "postgres", "mysql"];
const ALL: [&str; 6] = [
    "rds", "postgres", "mysql", "mysql-v2", "co-mysql", "co-redis",
];
/// At the vendor's own speed a list of this length takes an hour: the vendor's minute is a second
/// here. `rate` is lower, as it is where other programs ask too.
const CALLS_A_MINUTE: u32 = 25;
const RATE: &str = "20/s";

/// Adds the full backup of this number to the list of a job. The larger the number, the newer.
fn add(site: &Site, job: &str, number: u64) {
    let minutes = number.cast_signed() - 10 * LONG.cast_signed();
    let start = ago(3) + TimeDelta::minutes(minutes);
    // Generated content is not for thousands of files.
    let file = ObjectSpec::new(format!("{number}.bin"), format!("backup {number}").as_str());
    let tencent = site.tencent();
    match job {
        "rds" => {
            let id = stock::backup_id(number);
            let instance = stock::instance_id(1);
            let backup = BackupSpec::new(id, instance, BackupType::Auto, start).file(file);
            site.cloud.add_backup(backup);
        }
        "postgres" => {
            let id = format!("base-{number}");
            tencent.add_postgres_backup(PgBackupSpec::base(id, PG, start, file));
        }
        // Both services of MySQL show it.
        "mysql" => tencent.add_mysql_backup(MysqlBackupSpec::data(number, CDB, start, file)),
        "mysql-v2" => {}
        _ => {
            let instance = if job == "co-mysql" {
                CO_MYSQL
            } else {
                CO_REDIS
            };
            let id = format!("{job}-{number}");
            let backup = capitalonline::BackupSpec::new(id, instance, start, file);
            site.capitalonline().add_backup(backup);
        }
    }
}

/// Takes a backup of a list with pages away again.
fn remove(site: &Site, job: &str, number: u64) {
    match job {
        "rds" => site.cloud.remove_backup(&stock::backup_id(number)),
        "postgres" => site.tencent().remove_backup(&format!("base-{number}")),
        _ => site.tencent().remove_backup(&number.to_string()),
    }
}

/// Holds the page of this number of a list with pages.
fn hold(site: &Site, job: &str, page: u64) -> InjectedFault {
    let fault = |api| Fault::api(ApiFault::Hold).of(api).skipping(page - 1);
    match job {
        "rds" => site.cloud.inject(fault(Api::Backups)),
        "postgres" => site.tencent().inject(fault(Api::PostgresBaseBackups)),
        _ => site.tencent().inject(fault(Api::MysqlBackups)),
    }
}

fn wait_until_held(site: &Site, job: &str, held: &InjectedFault) {
    match job {
        "rds" => site.cloud.wait(LIMIT, held.wait_until_hit(1)),
        _ => site.tencent().wait(LIMIT, held.wait_until_hit(1)),
    }
    .unwrap();
}

/// These jobs for full backups alone, with what else their tables say.
fn configure_full(site: &Site, jobs: &[&str], rest: &str) {
    let tables = jobs.iter().map(|job| {
        let kinds = JOBS.iter().find(|(name, ..)| name == job).unwrap().3;
        job_table(job).replace(&format!("[{kinds}]"), "[\"full\"]") + rest + "\n"
    });
    configure(site, &tables.collect::<String>());
}

/// Lists are long, downloads few.
const KEEP_ONE: &str = "retention = { keep_last = 1 }";

#[test]
fn long_lists_that_move_lose_and_double_nothing_and_no_limit_is_hit() {
    let site = site(&[]);
    configure_full(&site, &ALL, KEEP_ONE);
    let text = std::fs::read_to_string(site.config_path()).unwrap();
    site.write_config(&text.replacen("rate = \"6000/min\"", &format!("rate = \"{RATE}\""), 1));
    site.cloud.set(|switches| {
        switches.calls_per_minute = Some(CALLS_A_MINUTE);
        switches.minute = Duration::from_secs(1);
    });
    for job in ALL {
        (1..=LONG).for_each(|number| add(&site, job, number));
    }
    // Details, to see that nothing is tried again.
    let daemon = Daemon::start(&site, &["-v"]);

    // In the middle of the list, most of its newest part vanishes: what follows moves up by more
    // than a page.
    let moves: [fn(&Site, &str); 2] = [
        |site, job| (LONG - 151..LONG).for_each(|number| remove(site, job, number)),
        // And new ones appear in front, so that what follows moves down.
        |site, job| (LONG + 1..=LONG + 50).for_each(|number| add(site, job, number)),
    ];
    let expected = [LONG, LONG - 151 + 50];
    for (change, listed) in moves.into_iter().zip(expected) {
        let held = PAGED.map(|job| (job, hold(&site, job, 10)));
        let runs = std::thread::scope(|scope| {
            let sync = scope.spawn(|| sync(&site));
            for (job, held) in &held {
                wait_until_held(&site, job, held);
                change(&site, job);
                held.release();
            }
            sync.join().unwrap()
        });
        for job in PAGED {
            assert_eq!(runs[job]["listed"], listed, "{:#}", runs[job]);
            assert_eq!(
                runs[job]["warnings"],
                serde_json::json!([]),
                "{:#}",
                runs[job]
            );
        }
        for job in ["co-mysql", "co-redis"] {
            assert_eq!(runs[job]["listed"], LONG, "{:#}", runs[job]);
        }
    }
    let log = daemon.log();
    assert!(!log.contains("trying again"), "{log}");
    assert_eq!(site.cloud.traffic().answered(429), 0);
    assert!(daemon.stop().0.success());
}

#[test]
fn a_list_that_stops_short_says_so_and_nothing_is_concluded_from_it() {
    let site = site(&[]);
    let jobs = ["rds", "postgres", "mysql", "co-mysql", "co-redis"];
    for job in jobs {
        (1..=4).for_each(|number| add(&site, job, number));
    }
    configure_full(&site, &jobs, "");
    for run in sync(&site).values() {
        assert_eq!(run["mirrored"], 4, "{run:#}");
    }

    // From now on one of them suffices, and the lists withhold some.
    configure_full(&site, &jobs, KEEP_ONE);
    let short = || Fault::api(ApiFault::ShortListing(2)).always();
    let _ = site.cloud.inject(short().of(Api::Backups));
    let _ = site.tencent().inject(short().of(Api::PostgresBaseBackups));
    let _ = site.tencent().inject(short().of(Api::MysqlBackups));
    let _ = site.capitalonline().inject(short().of(Api::Backups));
    site.capitalonline()
        .set(|switches| switches.total_in_lists = true);
    for (job, run) in sync(&site) {
        assert_eq!(run["quarantined"], 0, "{run:#}");
        let warnings = run["warnings"].to_string();
        assert!(warnings.contains("is not complete"), "{job}: {warnings}");
        assert!(
            warnings.contains('4') && warnings.contains('2'),
            "{job}: {warnings}"
        );
        assert_eq!(manifests(&site, &job).len(), 4);
    }

    site.cloud.calm();
    site.tencent().calm();
    site.capitalonline().calm();
    for (job, run) in sync(&site) {
        assert_eq!(run["quarantined"], 3, "{run:#}");
        assert_eq!(manifests(&site, &job).len(), 1);
    }
}
