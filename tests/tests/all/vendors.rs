//! Every vendor at once: one daemon, real libraries, all emulations.

use std::collections::BTreeMap;
use std::time::Duration;

use backhaul_tests::cloud::capitalonline::{self, CapitalOnlineServer, Product};
use backhaul_tests::cloud::tencent::{self, MysqlBackupSpec, PgBackupSpec, TencentServer};
use backhaul_tests::cloud::{Api, Content, ObjectSpec};
use backhaul_tests::harness::s3::{ACCESS_KEY, S3Server, SECRET_KEY};
use backhaul_tests::harness::{Site, assert_nothing_half_visible, stock};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

mod apart;
mod hostile;
mod listing;
mod options;
mod resume;
mod tencent_mysql;
mod times;

const PG: &str = "postgres-9n26zs6n";
const CDB: &str = "cdb-c1nl9rpv";
const CO_MYSQL: &str = "5ac7c945-ae47-4bbf-82e6-2823d64b57c5";
const CO_REDIS: &str = "9d1e7c0a-0c1b-4f0e-8f43-6f2f4a0f1c11";
const BUCKET: &str = "db-backups";
const HOUR: Duration = Duration::from_secs(3600);
const BYTES: u64 = 20_000;

/// The jobs of the vendors that are emulated: name, account, service, kinds, and the rest.
const JOBS: [(&str, &str, &str, &str, &str); 6] = [
    ("rds", "demo", "rds", r#""full", "log""#, ""),
    ("postgres", "tencent", "postgres", r#""full", "log""#, ""),
    (
        "mysql",
        "tencent",
        "mysql",
        r#""full", "log", "slowlog""#,
        "",
    ),
    (
        "mysql-v2",
        "tencent",
        "mysql-v2",
        r#""full", "log", "slowlog""#,
        "network = \"intranet\"\n",
    ),
    ("co-mysql", "cds", "mysql", r#""full""#, ""),
    ("co-redis", "cds", "redis", r#""full""#, ""),
];

/// What a job's directory is called.
fn mirror(job: &str) -> String {
    format!("mirror/{job}")
}

/// The table of a job of [`JOBS`].
fn job_table(job: &str) -> String {
    let (name, account, service, kinds, rest) =
        *JOBS.iter().find(|(name, ..)| *name == job).unwrap();
    format!(
        "[[job]]\nname = \"{name}\"\naccount = \"{account}\"\nservice = \"{service}\"\n\
         kinds = [{kinds}]\ndirectory = \"{}\"\n{rest}\n",
        mirror(name)
    )
}

/// The accounts of all emulated vendors. CapitalOnline documents no limit and the provider is
/// modest; here nobody shall wait.
fn accounts(site: &Site) -> String {
    [
        site.account("demo"),
        site.tencent().example_account("tencent"),
        format!(
            "{}rate = \"6000/min\"\n",
            site.capitalonline().example_account("cds")
        ),
    ]
    .join("\n")
}

/// A site with these jobs of [`JOBS`], and one instance of each service without backups.
fn site(jobs: &[&str]) -> Site {
    let site = Site::new();
    stock::add_instance(&site.cloud, 1, "orders");
    site.tencent()
        .add_postgres(tencent::InstanceSpec::new(PG, "orders", "16.2"));
    site.tencent()
        .add_mysql(tencent::InstanceSpec::new(CDB, "shop", "8.0"));
    for (product, id) in [(Product::MySql, CO_MYSQL), (Product::Redis, CO_REDIS)] {
        let instance = capitalonline::InstanceSpec::new(id, "sessions", "5.7.24");
        site.capitalonline().add_instance(product, instance);
    }
    configure(
        &site,
        &jobs.iter().map(|job| job_table(job)).collect::<String>(),
    );
    site
}

fn configure(site: &Site, jobs: &str) {
    site.write_config(&format!(
        "{}\n{}\n{jobs}",
        site.daemon_table(),
        accounts(site)
    ));
}

/// So many hours ago, to the second, as the vendors write times.
fn ago(hours: i64) -> DateTime<Utc> {
    let now = Utc::now().timestamp();
    DateTime::from_timestamp(now, 0).unwrap() - TimeDelta::hours(hours)
}

/// A file of which nothing can be told, different for every number.
fn file(number: u64) -> ObjectSpec {
    ObjectSpec::new(format!("{number}.bin"), Content::generated(number, BYTES))
}

fn pg_base(number: u64, hours: i64) -> PgBackupSpec {
    PgBackupSpec::base(format!("base-{number}"), PG, ago(hours), file(number))
}

fn pg_log(number: u64, hours: i64) -> PgBackupSpec {
    PgBackupSpec::log(format!("log-{number}"), PG, ago(hours), file(number))
}

fn cdb_data(number: u64, hours: i64) -> MysqlBackupSpec {
    MysqlBackupSpec::data(number, CDB, ago(hours), file(number))
}

fn co_backup(number: u64, instance: &str, hours: i64) -> capitalonline::BackupSpec {
    capitalonline::BackupSpec::new(format!("co-{number}"), instance, ago(hours), file(number))
}

/// Adds a backup of every service, of each kind it has, made so many hours ago.
fn add_backups(site: &Site, round: u64, hours: i64) {
    let number = |service: u64| round * 100 + service;
    for of in [0, 1] {
        let mut backup = stock::one_file(&site.cloud, number(of), 1, hours, BYTES);
        if of == 1 {
            backup.backup_type = backhaul_tests::cloud::huawei::BackupType::Incremental;
        }
        site.cloud.add_backup(backup);
    }
    let tencent = site.tencent();
    tencent.add_postgres_backup(pg_base(number(2), hours));
    tencent.add_postgres_backup(pg_log(number(3), hours));
    tencent.add_mysql_backup(cdb_data(number(4), hours));
    tencent.add_mysql_backup(MysqlBackupSpec::binlog(CDB, ago(hours), file(number(5))));
    tencent.add_mysql_backup(MysqlBackupSpec::slow_log(CDB, ago(hours), file(number(6))));
    let capitalonline = site.capitalonline();
    capitalonline.add_backup(co_backup(number(7), CO_MYSQL, hours));
    capitalonline.add_backup(co_backup(number(8), CO_REDIS, hours));
}

/// How many backups of a job of [`JOBS`] a round of [`add_backups`] makes.
fn in_a_round(job: &str) -> u64 {
    match job {
        "rds" | "postgres" => 2,
        "mysql" | "mysql-v2" => 3,
        _ => 1,
    }
}

/// The runs of a sync, by job.
fn runs(json: &Value) -> BTreeMap<String, Value> {
    let runs = json.as_array().unwrap().iter();
    runs.map(|run| (run["job"].as_str().unwrap().to_owned(), run.clone()))
        .collect()
}

/// One pass of all jobs, all of which succeed.
fn sync(site: &Site) -> BTreeMap<String, Value> {
    runs(&site.backhaul(["sync", "--json"]).expect(0).json())
}

/// The manifests of what a job has mirrored, each whole and verified.
fn manifests(site: &Site, job: &str) -> Vec<Value> {
    let found = assert_nothing_half_visible(&site.path(mirror(job)), &BTreeMap::new());
    let found: Vec<_> = found.into_values().collect();
    for manifest in &found {
        assert_eq!(
            manifest["verification"]["status"], "verified",
            "{manifest:#}"
        );
    }
    found
}

/// The SHA-256 of the first file of each.
fn digests(manifests: &[Value]) -> Vec<&str> {
    let mut digests: Vec<_> = manifests
        .iter()
        .map(|manifest| manifest["files"][0]["sha256"].as_str().unwrap())
        .collect();
    digests.sort_unstable();
    digests
}

/// The only error of a run that failed. It is one line and holds no link.
fn error_of(run: &Value) -> &str {
    assert_eq!(run["outcome"], "failed", "{run:#}");
    let errors = run["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 1, "{run:#}");
    let error = errors[0].as_str().unwrap();
    assert!(!error.contains('\n') && error.len() < 1200, "{error}");
    assert!(!error.to_lowercase().contains("signature="), "{error}");
    error
}

fn links_asked_for(tencent: &TencentServer, capitalonline: &CapitalOnlineServer) -> u64 {
    let traffic = tencent.traffic();
    traffic.calls(Api::PostgresLinks)
        + traffic.calls(Api::LegacyExports)
        + traffic.downloads().gets
        + capitalonline.traffic().calls(Api::BackupFiles)
        + capitalonline.traffic().downloads().gets
}

/// A job for what is pushed into the bucket of an S3 server, and its account.
fn pushed(site: &Site, server: &S3Server) -> String {
    std::fs::write(site.path("ak"), ACCESS_KEY).unwrap();
    std::fs::write(site.path("sk"), SECRET_KEY).unwrap();
    format!(
        "[account.store]\nprovider = \"object-store\"\n\
         credentials = {{ access_key = {{ file = \"ak\" }}, secret_key = {{ file = \"sk\" }} }}\n\
         endpoint = {{ s3 = \"{}\" }}\nlink_hosts = [\"127.0.0.1\"]\nallow_http = true\n\n\
         [[job]]\nname = \"s3\"\naccount = \"store\"\nservice = \"s3\"\n\
         kinds = [\"full\", \"log\"]\ndirectory = \"{}\"\n\
         options = {{ bucket = \"{BUCKET}\", \
         pattern = \"{{instance}}/{{time:%Y-%m-%dT%H%M%SZ}}/{{kind}}/{{file}}\", \
         kinds = {{ base = \"full\", wal = \"log\" }} }}\n",
        server.url(),
        mirror("s3"),
    )
}

/// Pushes a full backup of two files and a log.
fn push(server: &S3Server, hours: i64) {
    let time = ago(hours).format("%Y-%m-%dT%H%M%SZ");
    for file in ["base/base.bin", "base/pg_wal.bin", "wal/0001"] {
        let key = format!("orders/{time}/{file}");
        let bytes: Vec<u8> = key.bytes().cycle().take(5000).collect();
        server.put(BUCKET, &key, &bytes, HOUR);
    }
}

#[test]
fn one_configuration_mirrors_every_vendor_and_asks_for_no_link_twice() {
    let site = site(&[]);
    let server = S3Server::start();
    let mut jobs: String = JOBS.iter().map(|(job, ..)| job_table(job)).collect();
    let mut expected: BTreeMap<_, _> = JOBS
        .iter()
        .map(|(job, ..)| (*job, in_a_round(job)))
        .collect();
    if let Some(server) = &server {
        jobs += &pushed(&site, server);
        expected.insert("s3", 2);
    }
    configure(&site, &jobs);
    for (round, hours) in [(1, 50), (2, 26)] {
        add_backups(&site, round, hours);
        server.iter().for_each(|server| push(server, hours));
    }
    let daemon = site.daemon();
    let reset = || {
        site.cloud.reset_traffic();
        site.tencent().reset_traffic();
        site.capitalonline().reset_traffic();
    };

    let first = sync(&site);
    assert_eq!(first.len(), expected.len());
    for (job, of_a_round) in &expected {
        let run = &first[*job];
        assert_eq!(run["mirrored"], 2 * of_a_round, "{run:#}");
        assert_eq!(run["passed_over"], serde_json::json!([]), "{run:#}");
        assert_eq!(run["warnings"], serde_json::json!([]), "{run:#}");
        let found = manifests(&site, job);
        assert_eq!(found.len() as u64, 2 * of_a_round, "{job}");
        for manifest in &found {
            let assumed = !["rds", "s3"].contains(job);
            let says = manifest["backup"]["zone_assumed"] == true;
            assert_eq!(says, assumed, "{manifest:#}");
        }
    }
    // Two services of one vendor, one file: both found it, each by its own links.
    assert_eq!(
        digests(&manifests(&site, "mysql")),
        digests(&manifests(&site, "mysql-v2"))
    );

    reset();
    for run in sync(&site).values() {
        assert_eq!(
            (&run["mirrored"], &run["received_bytes"]),
            (&0.into(), &0.into()),
            "{run:#}"
        );
        assert_eq!(run["known"], run["listed"], "{run:#}");
    }
    assert_eq!(links_asked_for(site.tencent(), site.capitalonline()), 0);
    let traffic = site.cloud.traffic();
    assert_eq!(
        (traffic.calls(Api::BackupFiles), traffic.downloads().gets),
        (0, 0)
    );

    add_backups(&site, 3, 2);
    server.iter().for_each(|server| push(server, 2));
    reset();
    for (job, run) in sync(&site) {
        assert_eq!(run["mirrored"], expected[job.as_str()], "{run:#}");
    }
    assert_eq!(site.cloud.traffic().downloads().gets, 2);
    assert_eq!(site.tencent().traffic().downloads().gets, 2 + 3 + 3);
    assert_eq!(site.capitalonline().traffic().downloads().gets, 2);
    let (status, log) = daemon.stop();
    assert!(status.success(), "{log}");
}
