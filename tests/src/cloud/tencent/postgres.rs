//! TencentDB for PostgreSQL, version 2017-03-12: instances, backups, and links to them.

use std::cmp::Reverse;
use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, json};

use super::api::{Action, Call, Content};
use super::api_error::ApiError;
use super::inventory::{BackupStatus, Inventory, PgBackupSpec, PgKind};
use super::parameters::Parameters;
use super::restriction::Restriction;
use super::switches::ZeroExpireTime;
use crate::cloud::fault::Api;
use crate::cloud::page::Page;

mod filter;
mod record;

use self::filter::Filter;

/// The actions of the product.
pub const ACTIONS: [Action; 4] = [
    action("DescribeDBInstances", Api::PostgresInstances, instances),
    action(
        "DescribeBaseBackups",
        Api::PostgresBaseBackups,
        base_backups,
    ),
    action("DescribeLogBackups", Api::PostgresLogBackups, log_backups),
    action("DescribeBackupDownloadURL", Api::PostgresLinks, link),
];

const fn action(name: &'static str, api: Api, run: fn(&Call<'_>, Parameters) -> Content) -> Action {
    Action {
        name,
        product: "postgres",
        version: "2017-03-12",
        api,
        per_second: 1000,
        run,
    }
}

fn instances(call: &Call<'_>, mut parameters: Parameters) -> Content {
    let filters = Filter::take(&mut parameters, &filter::OF_INSTANCES)?;
    let page = page(&mut parameters, 0)?;
    let order = parameters.text("OrderBy")?;
    let descending = descending(&mut parameters, false)?;
    parameters.finish()?;
    let inventory = call.state.inventory.lock();
    let mut found = inventory
        .postgres
        .iter()
        .filter(|instance| filters.iter().all(|filter| filter.admits(instance)))
        .collect::<Vec<_>>();
    match order.as_deref().unwrap_or("CreateTime") {
        "DBInstanceId" => found.sort_by_key(|instance| &instance.id),
        "Name" => found.sort_by_key(|instance| &instance.name),
        // None of these instances has an end; so the order stays.
        "CreateTime" => found.sort_by_key(|instance| instance.created),
        "EndTime" => {}
        _ => return Err(invalid("OrderBy")),
    }
    if descending {
        found.reverse();
    }
    let (shown, total) = page.cut(found, &call.faults);
    let zone = call.switches.zone();
    let records = shown
        .into_iter()
        .map(|instance| record::instance(instance, &call.state.identity, zone))
        .collect();
    Ok(call.list("DBInstanceSet", records, total))
}

fn base_backups(call: &Call<'_>, parameters: Parameters) -> Content {
    backups(call, parameters, PgKind::Base)
}

fn log_backups(call: &Call<'_>, parameters: Parameters) -> Content {
    backups(call, parameters, PgKind::Log)
}

fn backups(call: &Call<'_>, mut parameters: Parameters, kind: PgKind) -> Content {
    let now = call.state.clock.now();
    let zone = call.switches.zone();
    let time = |parameters: &mut Parameters, name, default| match parameters.text(name)? {
        None => Ok(default),
        Some(text) => zone.parse(&text).ok_or_else(|| invalid(name)),
    };
    let min = time(&mut parameters, "MinFinishTime", now - LOOK_BACK)?;
    let max = time(&mut parameters, "MaxFinishTime", now)?;
    if min > max {
        return Err(invalid("MinFinishTime"));
    }
    let (name, names) = match kind {
        PgKind::Base => ("BaseBackupSet", &filter::OF_BASE_BACKUPS[..]),
        PgKind::Log => ("LogBackupSet", &filter::OF_LOG_BACKUPS[..]),
    };
    let filters = Filter::take(&mut parameters, names)?;
    let page = page(&mut parameters, 1)?;
    let order = parameters.text("OrderBy")?;
    let descending = descending(&mut parameters, true)?;
    parameters.finish()?;

    let inventory = call.state.inventory.lock();
    let mut found = admitted(&inventory, &filters)
        .into_iter()
        .filter(|backup| backup.kind == kind)
        // One that is being made has no such time; whether it is listed then is not documented.
        .filter(|backup| (min..=max).contains(&backup.finish.unwrap_or(backup.start)))
        .collect::<Vec<_>>();
    sort(&mut found, order.as_deref(), descending)?;
    // Only what is shown becomes JSON: lists may be long and pages are short.
    let (shown, total) = page.cut(found, &call.faults);
    let records = shown
        .into_iter()
        .map(|backup| record::backup(backup, call.switches.api.size, zone))
        .collect();
    Ok(call.list(name, records, total))
}

/// The backups that filters admit: their instances do, and they themselves.
fn admitted<'a>(inventory: &'a Inventory, filters: &[Filter]) -> Vec<&'a PgBackupSpec> {
    let (of_backups, of_instances) = filters
        .iter()
        .partition::<Vec<_>, _>(|filter| filter.name == "base-backup-id");
    let instances = inventory
        .postgres
        .iter()
        .filter(|instance| of_instances.iter().all(|filter| filter.admits(instance)))
        .map(|instance| instance.id.as_str())
        .collect::<HashSet<_>>();
    inventory
        .postgres_backups
        .iter()
        .filter(|backup| instances.contains(backup.instance_id.as_str()))
        .filter(|backup| {
            of_backups
                .iter()
                .all(|filter| filter.values.contains(&backup.id))
        })
        .collect()
}

fn sort(
    backups: &mut [&PgBackupSpec],
    order: Option<&str>,
    descending: bool,
) -> Result<(), ApiError> {
    let key: fn(&PgBackupSpec) -> i128 = match order.unwrap_or("StartTime") {
        "StartTime" => |backup| nanoseconds(backup.start),
        "FinishTime" => |backup| backup.finish.map_or(i128::MIN, nanoseconds),
        "Size" => |backup| backup.size().into(),
        _ => return Err(invalid("OrderBy")),
    };
    if descending {
        backups.sort_by_key(|backup| Reverse(key(backup)));
    } else {
        backups.sort_by_key(|backup| key(backup));
    }
    Ok(())
}

fn link(call: &Call<'_>, mut parameters: Parameters) -> Content {
    let instance_id = parameters.required_text("DBInstanceId")?;
    let kind = match parameters.required_text("BackupType")?.as_str() {
        "BaseBackup" => PgKind::Base,
        "LogBackup" => PgKind::Log,
        _ => return Err(invalid("BackupType")),
    };
    let backup_id = parameters.required_text("BackupId")?;
    let hours = match parameters.integer("URLExpireTime")? {
        None => DEFAULT_HOURS,
        Some(0) if call.switches.postgres.zero_expire_time == ZeroExpireTime::DefaultLife => {
            DEFAULT_HOURS
        }
        Some(hours @ 0..=MAX_HOURS) => hours,
        Some(hours) if hours > MAX_HOURS => return Err(exceeded("URLExpireTime")),
        Some(_) => return Err(invalid("URLExpireTime")),
    };
    let restriction = parameters
        .object("BackupDownloadRestriction")?
        .map(Restriction::parse)
        .transpose()?
        .unwrap_or(if call.switches.postgres.public_download {
            Restriction::None
        } else {
            Restriction::Intranet
        });
    parameters.finish()?;

    let inventory = call.state.inventory.lock();
    if inventory.postgres_instance(&instance_id).is_none() {
        return Err(ApiError::new(
            "ResourceNotFound.InstanceNotFoundError",
            "The instance does not exist.",
        ));
    }
    let backup = inventory
        .postgres_backups
        .iter()
        .find(|backup| backup.id == backup_id)
        .filter(|backup| backup.instance_id == instance_id && backup.kind == kind)
        .ok_or_else(|| {
            ApiError::new(
                call.switches.postgres.missing_backup_code,
                "The backup does not exist.",
            )
        })?;
    if backup.status != BackupStatus::Finished {
        return Err(ApiError::new(
            "FailedOperation.FailedOperationError",
            "The backup is not there yet.",
        ));
    }
    let life = call.switches.life(TimeDelta::hours(hours));
    let link = call
        .state
        .restricted_link(&backup.address(), life, restriction);
    Ok(Map::from_iter([(
        "BackupDownloadURL".to_owned(),
        json!(link),
    )]))
}

/// `Limit` (default 10, at most 100; 0 stands for the default where it is allowed) and `Offset`.
fn page(parameters: &mut Parameters, limit_min: i64) -> Result<Page, ApiError> {
    let limit = match parameters.integer("Limit")? {
        None => DEFAULT_LIMIT,
        Some(limit) if limit > MAX_LIMIT => return Err(exceeded("Limit")),
        Some(limit) if limit < limit_min => return Err(invalid("Limit")),
        Some(0) => DEFAULT_LIMIT,
        Some(limit) => limit,
    };
    let offset = parameters.integer("Offset")?.unwrap_or(0);
    let unsigned = |number: i64, name| usize::try_from(number).map_err(|_| invalid(name));
    Ok(Page {
        offset: unsigned(offset, "Offset")?,
        limit: unsigned(limit, "Limit")?,
    })
}

/// `OrderByType`.
fn descending(parameters: &mut Parameters, default: bool) -> Result<bool, ApiError> {
    match parameters.text("OrderByType")?.as_deref() {
        None => Ok(default),
        Some("desc") => Ok(true),
        Some("asc") => Ok(false),
        Some(_) => Err(invalid("OrderByType")),
    }
}

fn invalid(field: &str) -> ApiError {
    ApiError::new(
        "InvalidParameterValue.InvalidParameterValueError",
        format!("The value of {field} is not acceptable."),
    )
}

fn exceeded(field: &str) -> ApiError {
    ApiError::new(
        "InvalidParameterValue.ParameterValueExceedError",
        format!("{field} is above its maximum."),
    )
}

fn nanoseconds(instant: DateTime<Utc>) -> i128 {
    i128::from(instant.timestamp()) * 1_000_000_000 + i128::from(instant.timestamp_subsec_nanos())
}

/// How far lists look back unless told otherwise.
const LOOK_BACK: TimeDelta = TimeDelta::days(7);
const DEFAULT_LIMIT: i64 = 10;
const MAX_LIMIT: i64 = 100;
const DEFAULT_HOURS: i64 = 12;
const MAX_HOURS: i64 = 36;
