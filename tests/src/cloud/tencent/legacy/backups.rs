//! The actions of API 2.0 about backups.

use std::cmp::Reverse;

use serde_json::{Map, Value, json};

use super::super::inventory::{InstanceStatus, Inventory, MysqlBackupSpec, MysqlKind};
use super::export::{self, Selection};
use super::form::Form;
use super::reply::LegacyError;
use super::{Call, Content};
use crate::cloud::object::StoredObject;
use crate::cloud::page::Page;
use crate::cloud::percent;

/// `GetCdbExportLogUrl`: all backups or logs of an instance, with links, in one answer.
pub fn list(call: &Call<'_>, mut form: Form) -> Content {
    let instance_id = form.require("cdbInstanceId")?;
    let kind = match form.require("type")?.as_str() {
        "coldbackup" => MysqlKind::Data,
        "binlog" => MysqlKind::Binlog,
        "slowlog_day" => MysqlKind::SlowLog,
        _ => return Err(LegacyError::invalid("type is unknown.")),
    };
    form.finish()?;
    let inventory = call.state.inventory.lock();
    check_instance(call, &inventory, &instance_id)?;
    let mut found = inventory
        .mysql_backups
        .iter()
        .filter(|backup| backup.kind == kind && backup.instance_id == instance_id)
        .filter(|backup| backup.is_finished())
        .collect::<Vec<_>>();
    found.sort_by_key(|backup| Reverse(backup.start));
    let (shown, _) = Page::ALL.cut(found, &call.faults);
    let addresses = shown
        .iter()
        .map(|backup| backup.dl_address())
        .collect::<Vec<_>>();
    let records = shown
        .into_iter()
        .zip(call.state.issue_dl_links(&addresses))
        .map(|(backup, link)| record(call, backup, backup.size(), &link))
        .collect();
    Ok(data(records))
}

/// `GetBackupDatabaseTableList`: what is in a backup.
pub fn tables(call: &Call<'_>, mut form: Form) -> Content {
    let instance_id = form.require("cdbInstanceId")?;
    let date = form.require("date")?;
    form.finish()?;
    let inventory = call.state.inventory.lock();
    check_instance(call, &inventory, &instance_id)?;
    let backup = dated(call, &inventory, &instance_id, &date)?;
    let records = backup
        .databases
        .iter()
        .map(|database| json!({ "dbname": database.name, "tableList": database.tables }))
        .collect();
    let (shown, _) = Page::ALL.cut(records, &call.faults);
    Ok(data(shown))
}

/// `GetExportBackupUrl`: a link to some tables of a backup.
pub fn export(call: &Call<'_>, mut form: Form) -> Content {
    let instance_id = form.require("cdbInstanceId")?;
    let date = form.require("date")?;
    let selection = Selection::parse(&form.require("dbTableList")?)?;
    form.finish()?;
    let inventory = call.state.inventory.lock();
    check_instance(call, &inventory, &instance_id)?;
    let backup = dated(call, &inventory, &instance_id, &date)?;
    let tables = selection.tables(backup)?;
    let number = call.state.exports.number(&backup.id, &tables);
    let address = export::address(&backup.dl_address(), number);
    if call.state.store.get(&address).is_none() {
        let file = export::file(backup, &tables);
        let made = call.state.clock.now();
        let object = StoredObject::new(&format!("{}-{number}", backup.id), &file, made);
        call.state.store.put(address.clone(), object);
    }
    let size = call
        .state
        .store
        .get(&address)
        .map_or(0, |object| object.content.len());
    let records = call
        .state
        .issue_dl_links(&[address])
        .iter()
        .map(|link| record(call, backup, size, link))
        .collect();
    let (shown, _) = Page::ALL.cut(records, &call.faults);
    Ok(data(shown))
}

/// One file with its link.
fn record(call: &Call<'_>, backup: &MysqlBackupSpec, size: u64, link: &str) -> Value {
    let switches = &call.switches.legacy;
    let name = &backup.file.name;
    let mut record = json!({
        "file_name": if switches.encoded_names {
            percent::encode(name.as_bytes())
        } else {
            name.clone()
        },
        "size": switches.numbers.json(size),
        "type": match (backup.kind, backup.physical) {
            (MysqlKind::Data, false) => "mysql",
            (MysqlKind::Data, true) => "xtrabackup",
            (MysqlKind::Binlog, _) => "binlog",
            (MysqlKind::SlowLog, _) => "slowlog",
        },
        "date": call.switches.zone().text(backup.stored()),
        "in_url": link,
    });
    if switches.out_url {
        record["out_url"] = json!(link);
    }
    record
}

fn data(records: Vec<Value>) -> Map<String, Value> {
    Map::from_iter([("data".to_owned(), Value::Array(records))])
}

/// Whether an instance is there, in the region of the call, and at work.
fn check_instance(call: &Call<'_>, inventory: &Inventory, id: &str) -> Result<(), LegacyError> {
    let instance = inventory
        .mysql_instance(id)
        .filter(|_| call.in_region)
        .ok_or_else(|| {
            LegacyError::new(9572, "InstanceNotExists", "The instance does not exist.")
        })?;
    match instance.status {
        InstanceStatus::Running => Ok(()),
        InstanceStatus::Creating => Err(LegacyError::new(
            9576,
            "OperationDenied",
            "The instance is not running.",
        )),
        InstanceStatus::Isolating | InstanceStatus::Isolated => Err(LegacyError::new(
            9593,
            "IncorrectInstanceStatus",
            "The status of the instance is not right.",
        )),
    }
}

/// The backup of the data of this date.
fn dated<'a>(
    call: &Call<'_>,
    inventory: &'a Inventory,
    instance_id: &str,
    date: &str,
) -> Result<&'a MysqlBackupSpec, LegacyError> {
    let zone = call.switches.zone();
    inventory
        .mysql_backups
        .iter()
        .filter(|backup| backup.kind == MysqlKind::Data && backup.instance_id == instance_id)
        .find(|backup| backup.is_finished() && zone.text(backup.stored()) == date)
        .ok_or_else(|| LegacyError::invalid("There is no backup of this date."))
}
