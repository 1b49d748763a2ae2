//! Fills a catalog and a mirror with very many backups, for `tests/bench/run.sh scale`, and times
//! what costs time by their number.
//!
//! `cargo bench -p backhaul --bench scale -- DIRECTORY INSTANCES EACH` makes `DIRECTORY/state` and
//! `DIRECTORY/mirror`. The backups are those that the fault provider's `series` lists; of each only
//! the directory is there.

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use backhaul::catalog::{BackupRecord, Catalog};
use backhaul::mirror::identity::Identity;
use backhaul::mirror::manifest::Verification;
use backhaul::retention::{self, Policy, Standing};
use backhaul_config::Retention;
use backhaul_provider_api::{BackupKey, InstanceId, Kind, Timestamp};

const BATCH: usize = 10_000;

fn main() -> Result<(), Box<dyn Error>> {
    // `cargo bench` adds an argument of its own.
    let mut arguments = std::env::args()
        .skip(1)
        .filter(|one| !one.starts_with("--"));
    let Some(place) = arguments.next() else {
        eprintln!("usage: cargo bench -p backhaul --bench scale -- DIRECTORY INSTANCES EACH");
        return Ok(());
    };
    let place = std::fs::canonicalize(place)?;
    let instances: u64 = arguments.next().unwrap_or_default().parse()?;
    let each: u64 = arguments.next().unwrap_or_default().parse()?;
    fill(&place, instances, each)?;
    time(&place)
}

fn fill(place: &Path, instances: u64, each: u64) -> Result<(), Box<dyn Error>> {
    let (catalog, _) = Catalog::open(&place.join("state"), chrono::Utc::now())?;
    let mirror = place.join("mirror");
    std::fs::create_dir_all(mirror.join(".backhaul"))?;
    let mut batch = Vec::with_capacity(BATCH);
    for instance in 0..instances {
        for number in 0..each {
            let record = record(&mirror, instance, number)?;
            std::fs::create_dir_all(mirror.join(&record.path))?;
            batch.push(record);
            if batch.len() == BATCH {
                catalog.put(&std::mem::take(&mut batch))?;
            }
        }
    }
    catalog.put(&batch)?;
    println!("{} backups were put", instances * each);
    Ok(())
}

fn record(mirror: &Path, instance: u64, number: u64) -> Result<BackupRecord, Box<dyn Error>> {
    let identity = Identity {
        provider: "fault".into(),
        scope: "bench".into(),
        instance: InstanceId::new(format!("i-{instance}")),
        key: BackupKey::new(number.to_string()),
    };
    let begin: Timestamp = "2015-01-01T00:00:00Z".parse()?;
    let started_at = begin + chrono::TimeDelta::minutes(i64::try_from(number)?);
    let id = identity.id();
    let start = started_at.format("%Y%m%dT%H%M%SZ");
    Ok(BackupRecord {
        path: format!("orders_i-{instance}/{start}_full_{id}"),
        id,
        identity,
        job: "bench".into(),
        directory: mirror.to_owned(),
        instance_name: "orders".into(),
        name: format!("backup {number}"),
        kind: Kind::Full,
        started_at,
        reaches: started_at,
        log_from: None,
        base: None,
        previous: None,
        group: None,
        node: None,
        series: String::new(),
        log_file: None,
        files: 1,
        size_bytes: 16,
        verification: Verification::Verified,
        mirrored_at: begin,
        verified_at: None,
        damage: Vec::new(),
    })
}

fn time(place: &Path) -> Result<(), Box<dyn Error>> {
    let mirror = place.join("mirror");
    let begun = Instant::now();
    let (catalog, opened) = Catalog::open(&place.join("state"), chrono::Utc::now())?;
    println!("open: {:?} ({opened:?})", begun.elapsed());

    let begun = Instant::now();
    let backups = catalog.summary(&mirror)?.backups;
    println!("count {backups}: {:?}", begun.elapsed());

    let begun = Instant::now();
    let policy = Policy {
        rules: Retention {
            keep_last: 10,
            daily: 30,
            monthly: 12,
            ..Retention::default()
        },
        zone: chrono_tz::Tz::UTC,
    };
    let mut kept = 0;
    for keys in catalog.instances(&mirror)?.values() {
        let records = catalog.of_instance(keys)?;
        let facts = retention::facts(&records, |_| false, |_| Standing::Ruled);
        let verdicts = retention::decide(&policy, &facts, chrono::Utc::now());
        kept += verdicts.iter().filter(|verdict| verdict.keeps()).count();
    }
    println!("plan retention, {kept} are kept: {:?}", begun.elapsed());
    Ok(())
}
