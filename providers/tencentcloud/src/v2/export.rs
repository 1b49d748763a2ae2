//! Partial exports: `GetBackupDatabaseTableList` tells what a backup holds, `GetExportBackupUrl`
//! gives a link to the chosen part of it.

use std::collections::{BTreeSet, HashSet};

use backhaul_provider_api::serde_json::Value;
use backhaul_provider_api::{Error, Host};
use backhaul_provider_kit::body::Object;
use backhaul_provider_kit::call::Call;
use backhaul_provider_kit::record::Record;

use super::choice::{Choice, Tables};
use super::client::Client;
use super::key::{Identity, read_date};
use super::links::Offer;

/// The call that tells what a backup holds.
pub(super) const TABLES: &str = "GetBackupDatabaseTableList";

/// The call that gives the link.
pub(super) const EXPORT: &str = "GetExportBackupUrl";

/// Fails unless the backup holds all that is chosen. What the vendor does with a name that a
/// backup does not hold is not documented, and leaving it out silently would be the worst.
pub(super) fn check(
    client: &mut Client,
    host: &dyn Host,
    instance: &str,
    backup: &Identity,
    choice: &Choice,
) -> Result<(), Error> {
    let key = backup.key();
    let call = Call {
        name: TABLES,
        purpose: format!("list the tables in backup {key} of instance {instance}"),
        permission: Some(TABLES),
    };
    let body = client.ask(host, &call, &asked(instance, backup))?;
    let held = tables(&call, &body)?;
    choice.check(&held).map_err(|missing| {
        Error::permanent(format!(
            "cannot export from backup {key} of instance {instance}: it holds {missing}; correct the job's option `databases`"
        ))
        .in_call(TABLES)
    })
}

/// The files of the chosen part.
pub(super) fn ask(
    client: &mut Client,
    host: &dyn Host,
    instance: &str,
    backup: &Identity,
    choice: &Choice,
) -> Result<Vec<Offer>, Error> {
    let key = backup.key();
    let call = Call {
        name: EXPORT,
        purpose: format!("export from backup {key} of instance {instance}"),
        permission: Some(EXPORT),
    };
    let mut own = asked(instance, backup);
    own.push(("dbTableList", choice.table_list()));
    let body = client.ask(host, &call, &own)?;
    let mut names = HashSet::new();
    let mut offers = Vec::new();
    for entry in list(&call, &body)? {
        let record = Record::of(entry)
            .ok_or_else(|| call.malformed("an entry of the field `data` is not an object"))?;
        let date = record.text("date").and_then(read_date);
        if date.is_some_and(|date| date != backup.time) {
            return Err(call.malformed("the field `date` is that of another backup"));
        }
        let offer = Offer::read(&record);
        if offer.name.is_empty() {
            return Err(call.malformed("the field `file_name` is missing"));
        }
        if !names.insert(offer.name.clone()) {
            return Err(call.malformed("two files have the same `file_name`"));
        }
        offers.push(offer);
    }
    if offers.is_empty() {
        let message = format!("cannot {}: the vendor names no file", call.purpose);
        return Err(Error::temporary(message).in_call(EXPORT));
    }
    Ok(offers)
}

fn asked(instance: &str, backup: &Identity) -> Vec<(&'static str, String)> {
    vec![
        ("cdbInstanceId", instance.to_owned()),
        ("date", backup.date()),
    ]
}

/// The databases and tables in an answer, letter by letter. One entry that cannot be understood
/// is an error of all: it might hold what is chosen.
fn tables(call: &Call, body: &Object) -> Result<Tables, Error> {
    let mut held = Tables::new();
    for entry in list(call, body)? {
        let database = entry
            .get("dbname")
            .and_then(Value::as_str)
            .ok_or_else(|| call.malformed("the field `dbname` is missing"))?;
        let tables: Option<BTreeSet<String>> = match entry.get("tableList") {
            None | Some(Value::Null) => Some(BTreeSet::new()),
            Some(Value::Array(tables)) => tables
                .iter()
                .map(|table| table.as_str().map(str::to_owned))
                .collect(),
            Some(_) => None,
        };
        let tables =
            tables.ok_or_else(|| call.malformed("the field `tableList` is no list of names"))?;
        held.entry(database.to_owned()).or_default().extend(tables);
    }
    Ok(held)
}

fn list<'a>(call: &Call, body: &'a Object) -> Result<&'a Vec<Value>, Error> {
    body.get("data")
        .and_then(Value::as_array)
        .ok_or_else(|| call.malformed("the field `data` is not a list"))
}
