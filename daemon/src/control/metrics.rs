//! Prometheus metrics, made from the same [`Status`] that people read.
//!
//! Alarms belong on ages of *verified* backups, not on runs: a run can succeed and mirror nothing.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use backhaul_provider_api::Timestamp;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use super::{Desk, Failure, gather};
use crate::catalog::record::Outcome;
use crate::recoverability::Finding;
use crate::status::Status;

/// Not `job` and not `instance`: Prometheus puts labels of these names on everything it scrapes.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct JobLabels {
    sync_job: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct InstanceLabels {
    sync_job: String,
    database_id: String,
    database: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct FindingLabels {
    sync_job: String,
    finding: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct BuildLabels {
    version: String,
}

pub(super) async fn metrics(State(desk): State<Desk>) -> Result<Response, Failure> {
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry(&gather(desk).await?))?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}

fn registry(status: &Status) -> Registry {
    let mut registry = Registry::with_prefix("backhaul");
    build(&mut registry, status);
    configuration(&mut registry, status);
    jobs(&mut registry, status);
    instances(&mut registry, status);
    recoverability(&mut registry, status);
    registry
}

fn build(registry: &mut Registry, status: &Status) {
    let info = Family::<BuildLabels, Gauge>::default();
    info.get_or_create(&BuildLabels {
        version: status.version.clone(),
    })
    .set(1);
    registry.register("build", "The version that runs", info);
    let alarms: Gauge = Gauge::default();
    alarms.set(count(status.alarms.len() as u64));
    registry.register(
        "alarms",
        "Alarms that stand, as `backhaul status` shows them",
        alarms,
    );
}

fn configuration(registry: &mut Registry, status: &Status) {
    let Some(daemon) = &status.daemon else { return };
    let successful: Gauge = Gauge::default();
    successful.set(daemon.config_problem.is_none().into());
    let help = "Whether the configuration on disk is the one in force";
    registry.register("config_last_reload_successful", help, successful);
    let at: Gauge = Gauge::default();
    at.set(seconds(daemon.config_applied_at));
    let help = "When the configuration in force was applied";
    registry.register_with_unit(
        "config_last_reload_success_timestamp",
        help,
        Unit::Seconds,
        at,
    );
}

fn jobs(registry: &mut Registry, status: &Status) {
    let running = Family::<JobLabels, Gauge>::default();
    let next = Family::<JobLabels, Gauge>::default();
    let succeeded = Family::<JobLabels, Gauge>::default();
    let success_at = Family::<JobLabels, Gauge>::default();
    let suspect = Family::<JobLabels, Gauge>::default();
    let damaged = Family::<JobLabels, Gauge>::default();
    let unverified = Family::<JobLabels, Gauge>::default();
    let received = Family::<JobLabels, Gauge>::default();
    let speed = Family::<JobLabels, Gauge>::default();
    let waiting = Family::<JobLabels, Gauge>::default();
    for job in &status.jobs {
        let labels = JobLabels {
            sync_job: job.name.to_string(),
        };
        if let Some(daemon) = &status.daemon {
            running
                .get_or_create(&labels)
                .set(daemon.running.contains_key(&job.name).into());
            let pass = daemon.running.get(&job.name);
            let of_pass = |value: fn(&crate::status::Running) -> u64| count(pass.map_or(0, value));
            received
                .get_or_create(&labels)
                .set(of_pass(|pass| pass.received_bytes));
            speed
                .get_or_create(&labels)
                .set(of_pass(|pass| pass.bytes_per_second));
            waiting
                .get_or_create(&labels)
                .set(of_pass(|pass| pass.waiting.is_some().into()));
            if let Some(at) = daemon.next_due.get(&job.name) {
                next.get_or_create(&labels).set(at.timestamp());
            }
        }
        if let Some(run) = &job.last_run {
            succeeded
                .get_or_create(&labels)
                .set((run.outcome == Outcome::Success).into());
        }
        if job.last_success.is_some() {
            success_at
                .get_or_create(&labels)
                .set(seconds(job.last_success));
        }
        suspect
            .get_or_create(&labels)
            .set(count(job.summary.suspect));
        damaged
            .get_or_create(&labels)
            .set(count(job.summary.damaged));
        if job.summary.longest_unverified.is_some() {
            unverified
                .get_or_create(&labels)
                .set(seconds(job.summary.longest_unverified));
        }
    }
    registry.register("job_running", "Whether a pass of the job runs now", running);
    let help = "Bytes that the running pass has received; 0 when none runs";
    registry.register_with_unit("job_pass_received", help, Unit::Bytes, received);
    let help = "Bytes per second that the running pass receives";
    registry.register("job_receive_rate_bytes_per_second", help, speed);
    let help = "Whether the running pass waits for space on a disk";
    registry.register("job_waiting", help, waiting);
    registry.register(
        "job_last_run_successful",
        "Whether its last pass succeeded",
        succeeded,
    );
    registry.register(
        "job_suspect_backups",
        "Mirrored backups that are suspect",
        suspect,
    );
    let help = "Mirrored backups that verification found damaged";
    registry.register("job_damaged_backups", help, damaged);
    let help = "When the backup was last verified that has waited longest for it";
    registry.register_with_unit(
        "job_longest_unverified_timestamp",
        help,
        Unit::Seconds,
        unverified,
    );
    let help = "When the job is due next";
    registry.register_with_unit("job_next_due_timestamp", help, Unit::Seconds, next);
    let help = "When a pass of the job last succeeded";
    registry.register_with_unit(
        "job_last_success_timestamp",
        help,
        Unit::Seconds,
        success_at,
    );
}

fn recoverability(registry: &mut Registry, status: &Status) {
    let frozen = Family::<JobLabels, Gauge>::default();
    let findings = Family::<FindingLabels, Gauge>::default();
    for job in &status.jobs {
        let sync_job = job.name.to_string();
        let labels = JobLabels {
            sync_job: sync_job.clone(),
        };
        let held = !job.frozen.is_empty() || !job.held_back.is_empty();
        frozen.get_or_create(&labels).set(held.into());
        for finding in Finding::NAMES {
            let found = job
                .findings
                .iter()
                .filter(|one| one.finding.name() == finding);
            let labels = FindingLabels {
                sync_job: sync_job.clone(),
                finding,
            };
            findings
                .get_or_create(&labels)
                .set(count(found.count() as u64));
        }
    }
    let help = "Whether the job's retention lets nothing go, of all or of some instances";
    registry.register("job_retention_frozen", help, frozen);
    let help = "What is wrong with backups at the vendor or gaps in the mirrored log";
    registry.register("job_findings", help, findings);
}

fn instances(registry: &mut Registry, status: &Status) {
    let newest = Family::<InstanceLabels, Gauge>::default();
    let oldest = Family::<InstanceLabels, Gauge>::default();
    let backups = Family::<InstanceLabels, Gauge>::default();
    let bytes = Family::<InstanceLabels, Gauge>::default();
    for job in &status.jobs {
        for (id, instance) in &job.summary.instances {
            let labels = InstanceLabels {
                sync_job: job.name.to_string(),
                database_id: id.to_string(),
                database: instance.name.clone(),
            };
            newest
                .get_or_create(&labels)
                .set(seconds(instance.newest_verified));
            oldest
                .get_or_create(&labels)
                .set(seconds(instance.oldest_verified));
            backups.get_or_create(&labels).set(count(instance.backups));
            bytes.get_or_create(&labels).set(count(instance.size_bytes));
        }
    }
    let help = "Start of the newest verified backup in the mirror; 0 when there is none";
    registry.register_with_unit(
        "newest_verified_backup_timestamp",
        help,
        Unit::Seconds,
        newest,
    );
    let help = "Start of the oldest verified backup in the mirror; 0 when there is none";
    registry.register_with_unit(
        "oldest_verified_backup_timestamp",
        help,
        Unit::Seconds,
        oldest,
    );
    registry.register("mirrored_backups", "Backups in the mirror", backups);
    registry.register_with_unit(
        "mirrored",
        "Length of the mirrored backups",
        Unit::Bytes,
        bytes,
    );
}

fn seconds(at: Option<Timestamp>) -> i64 {
    at.map_or(0, |at| at.timestamp())
}

fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
