//! TencentDB for MySQL, version 2017-03-20: instances, backups and logs with their links, and the
//! keys of encrypted backups.

use std::cmp::Reverse;

use chrono::{DateTime, TimeDelta, Utc};

use super::api::{Action, Call, Content};
use super::api_error::ApiError;
use super::inventory::{MysqlBackupSpec, MysqlKind};
use super::parameters::Parameters;
use super::switches::{OptionalField, Order, UnfinishedLinks};
use crate::cloud::fault::Api;
use crate::cloud::object::Address;
use crate::cloud::page::Page;
use crate::cloud::percent::hex;

mod instances;
mod key;
mod record;

use self::record::Links;

/// The actions of the product.
pub const ACTIONS: [Action; 5] = [
    action(
        "DescribeDBInstances",
        Api::MysqlInstances,
        100,
        instances::list,
    ),
    action("DescribeBackups", Api::MysqlBackups, 10, backups),
    action("DescribeBinlogs", Api::MysqlBinlogs, 100, binlogs),
    action("DescribeSlowLogs", Api::MysqlSlowLogs, 20, slow_logs),
    action(
        "DescribeBackupDecryptionKey",
        Api::MysqlKeys,
        20,
        key::describe,
    ),
];

const fn action(
    name: &'static str,
    api: Api,
    per_second: u32,
    run: fn(&Call<'_>, Parameters) -> Content,
) -> Action {
    Action {
        name,
        product: "cdb",
        version: "2017-03-20",
        api,
        per_second,
        run,
    }
}

fn backups(call: &Call<'_>, mut parameters: Parameters) -> Content {
    let window = Window::take(&mut parameters, call)?;
    list(call, parameters, MysqlKind::Data, &window)
}

fn binlogs(call: &Call<'_>, mut parameters: Parameters) -> Content {
    let mut window = Window::take(&mut parameters, call)?;
    window.reaching_in = parameters
        .boolean("ContainsMinStartTime")?
        .unwrap_or_default();
    list(call, parameters, MysqlKind::Binlog, &window)
}

fn slow_logs(call: &Call<'_>, parameters: Parameters) -> Content {
    list(call, parameters, MysqlKind::SlowLog, &Window::default())
}

fn list(call: &Call<'_>, mut parameters: Parameters, kind: MysqlKind, window: &Window) -> Content {
    let switches = &call.switches;
    let instance_id = parameters.required_text("InstanceId")?;
    let page = page(&mut parameters, switches.mysql.page_max)?;
    parameters.finish()?;
    let inventory = call.state.inventory.lock();
    if inventory.mysql_instance(&instance_id).is_none() {
        return Err(missing_instance(call));
    }
    let mut found = inventory
        .mysql_backups
        .iter()
        .filter(|backup| backup.kind == kind && backup.instance_id == instance_id)
        .filter(|backup| window.admits(backup))
        .collect::<Vec<_>>();
    match switches.mysql.order {
        Order::NewestFirst => found.sort_by_key(|backup| Reverse(backup.start)),
        Order::OldestFirst => found.sort_by_key(|backup| backup.start),
        Order::AsAdded => {}
    }
    // Only what is shown gets links and becomes JSON: lists may be long and pages are short.
    let (shown, total) = page.cut(found, &call.faults);
    let region = &call.state.identity.region;
    let records = shown
        .into_iter()
        .map(|backup| {
            let links = links(call, backup);
            match kind {
                MysqlKind::Data => {
                    record::backup(backup, links, md5(call, backup), region, switches)
                }
                MysqlKind::Binlog => record::binlog(backup, links, region, switches),
                MysqlKind::SlowLog => record::slow_log(backup, links, switches),
            }
        })
        .collect();
    Ok(call.list("Items", records, total))
}

/// The links of one backup. Every list issues new ones.
fn links(call: &Call<'_>, backup: &MysqlBackupSpec) -> Links {
    let address = if backup.is_finished() {
        backup.address()
    } else {
        match call.switches.mysql.unfinished_links {
            UnfinishedLinks::Empty => return Links::both(Some(String::new())),
            UnfinishedLinks::Null => return Links::both(None),
            UnfinishedLinks::Dead => Address {
                key: format!("mysql/unfinished/{}", backup.id),
                ..backup.address()
            },
        }
    };
    let life = call.switches.life(TimeDelta::hours(12));
    let link = call.state.link(&address, life);
    match &call.switches.mysql.intranet_host {
        None => Links::both(Some(link)),
        Some(host) => Links {
            intranet: Some(link.replacen(&call.state.cos_url, &format!("http://{host}"), 1)),
            internet: Some(link),
        },
    }
}

/// `MD5` of a backup; nothing: no such field.
fn md5(call: &Call<'_>, backup: &MysqlBackupSpec) -> Option<String> {
    match call.switches.mysql.md5 {
        OptionalField::Absent => None,
        OptionalField::Empty => Some(String::new()),
        OptionalField::Present => {
            let mut known = call.state.digests.lock();
            let digest = known.entry(backup.id.clone()).or_insert_with(|| {
                let content = &backup.file.content;
                // A file that cannot be read fails when it is sent; its digest may be empty.
                let digest = content.md5(0, content.len());
                digest.map(|digest| hex(&digest)).unwrap_or_default()
            });
            Some(digest.clone())
        }
    }
}

/// The start times that are asked for; nothing on a side: no limit there.
#[derive(Debug, Default)]
struct Window {
    min: Option<DateTime<Utc>>,
    max: Option<DateTime<Utc>>,
    /// Whether a log that begins before `min` and ends after it belongs to it too.
    reaching_in: bool,
}

impl Window {
    fn take(parameters: &mut Parameters, call: &Call<'_>) -> Result<Self, ApiError> {
        let zone = call.switches.zone();
        let mut time = |name| {
            let text = parameters.text(name)?;
            text.map(|text| zone.parse(&text).ok_or_else(|| invalid(name)))
                .transpose()
        };
        Ok(Self {
            min: time("MinStartTime")?,
            max: time("MaxStartTime")?,
            reaching_in: false,
        })
    }

    fn admits(&self, backup: &MysqlBackupSpec) -> bool {
        let begins = if self.reaching_in {
            backup.finish.unwrap_or(backup.start)
        } else {
            backup.start
        };
        self.min.is_none_or(|min| begins >= min) && self.max.is_none_or(|max| backup.start <= max)
    }
}

/// `Limit` (default 20) and `Offset`.
fn page(parameters: &mut Parameters, max: usize) -> Result<Page, ApiError> {
    let mut number = |name, default| match parameters.integer(name)? {
        None => Ok(default),
        Some(number) => usize::try_from(number).map_err(|_| invalid(name)),
    };
    let limit = number("Limit", DEFAULT_LIMIT)?;
    let offset = number("Offset", 0)?;
    if (1..=max).contains(&limit) {
        Ok(Page { offset, limit })
    } else {
        Err(invalid("Limit"))
    }
}

fn missing_instance(call: &Call<'_>) -> ApiError {
    ApiError::new(
        call.switches.mysql.missing_instance_code,
        "The instance does not exist.",
    )
}

fn invalid(field: &str) -> ApiError {
    ApiError::new(
        "InvalidParameterValue",
        format!("The value of {field} is not acceptable."),
    )
}

const DEFAULT_LIMIT: usize = 20;
