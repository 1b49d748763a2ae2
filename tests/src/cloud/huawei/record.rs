//! Records of the database service as JSON, with the oddities that are switched on.

use chrono::{DateTime, FixedOffset, TimeDelta, Utc};
use serde_json::{Value, json};

use super::inventory::{BackupSpec, Engine, InstanceSpec};
use super::settings::{LinkExpiryForm, NoDatabase, Switches};
use crate::cloud::object::ObjectSpec;

/// A time as the service writes it, such as `2018-08-06T12:41:14+0800`.
pub fn time(instant: DateTime<Utc>, switches: &Switches) -> String {
    local(instant, switches).format(TIME).to_string()
}

/// Reads a time of a query; the colon in the offset is not allowed.
pub fn parse_time(text: &str) -> Option<DateTime<Utc>> {
    // Fewer digits would be read as well, but the format is documented with all of them.
    (text.len() == "2018-08-06T10:41:14+0800".len())
        .then(|| DateTime::parse_from_str(text, TIME).ok())
        .flatten()
        .map(|time| time.to_utc())
}

/// One instance.
pub fn instance(instance: &InstanceSpec, region: &str, switches: &Switches) -> Value {
    let created = instance
        .created
        .map_or_else(String::new, |created| time(created, switches));
    let mut datastore = json!({ "type": instance.engine.name(), "version": instance.version });
    if matches!(instance.engine, Engine::MySql | Engine::PostgreSql) {
        datastore["complete_version"] = json!(format!("{}.1", instance.version));
    }
    json!({
        "id": instance.id,
        "name": instance.name,
        "status": instance.status,
        "type": instance.shape,
        "port": instance.engine.port(),
        "private_ips": ["192.168.0.142"],
        "public_ips": [],
        "region": region,
        "datastore": datastore,
        "created": created,
        "updated": created,
        "db_user_name": "root",
        "cpu": "2",
        "mem": "4",
        "volume": { "type": "ULTRAHIGH", "size": 100 },
        "backup_strategy": { "start_time": "19:00-20:00", "keep_days": 7 },
        "nodes": [{
            "id": format!("{:.32}no01", instance.id),
            "name": format!("{}_node0", instance.name),
            "role": "master",
            "status": instance.status,
            "availability_zone": format!("{region}a"),
        }],
        "related_instance": [],
        "time_zone": "UTC+08:00",
        "charge_info": { "charge_mode": "postPaid" },
        "tags": [],
        "enable_ssl": false,
    })
}

/// One backup of a list.
pub fn backup(backup: &BackupSpec, instance: &InstanceSpec, switches: &Switches) -> Value {
    let stated = |instant| {
        let text = time(instant, switches);
        if switches.sample_typos {
            spaced(&text)
        } else {
            text
        }
    };
    let mut record = json!({
        "name": backup.name,
        "type": backup.backup_type.name(),
        "size": backup.size_kb(),
        "status": backup.status.name(),
        "begin_time": stated(backup.begin),
        "end_time": backup.end.map(stated),
        "datastore": { "type": instance.engine.name(), "version": instance.version },
    });
    if switches.sample_typos {
        record["id "] = json!(backup.id);
        record["instance_id"] = json!(format!("{} ", backup.instance_id));
    } else {
        record["id"] = json!(backup.id);
        record["instance_id"] = json!(backup.instance_id);
    }
    let databases = backup
        .files
        .iter()
        .filter_map(|file| file.database_name.as_ref())
        .map(|name| json!({ "name": name }))
        .collect::<Vec<_>>();
    if !databases.is_empty() {
        record["databases"] = json!(databases);
    }
    record
}

/// One file of a backup with its link.
pub fn file(file: &ObjectSpec, link: &str, expires: DateTime<Utc>, switches: &Switches) -> Value {
    let mut record = json!({
        "name": file.name,
        "size": file.size_kb(),
        "download_link": link,
    });
    let expiry = time(expires, switches);
    match switches.link_expiry_form {
        LinkExpiryForm::Time => record["link_expired_time"] = json!(expiry),
        LinkExpiryForm::OldName => record["link_expired_link"] = json!(expiry),
        LinkExpiryForm::MalformedDay => {
            let day = local(expires, switches).format(TIME_WITH_LONG_DAY);
            record["link_expired_time"] = json!(day.to_string());
        }
        LinkExpiryForm::LeadingBlank => record["link_expired_time"] = json!(format!(" {expiry}")),
        LinkExpiryForm::Unreadable => record["link_expired_time"] = json!("in a while"),
        LinkExpiryForm::Absent => {}
    }
    match (&file.database_name, switches.database_name) {
        (Some(name), _) => record["database_name"] = json!(name),
        (None, NoDatabase::Absent) => {}
        (None, NoDatabase::Null) => record["database_name"] = Value::Null,
        (None, NoDatabase::Empty) => record["database_name"] = json!(""),
    }
    record
}

fn local(instant: DateTime<Utc>, switches: &Switches) -> DateTime<FixedOffset> {
    let hours = switches.utc_offset_hours.clamp(-23, 23);
    match FixedOffset::east_opt(hours * 3600) {
        Some(offset) => instant.with_timezone(&offset),
        None => instant.fixed_offset(),
    }
}

/// A time as the page with the samples prints it: `2018 - 08 - 06 T12: 41: 14 + 0800`.
fn spaced(time: &str) -> String {
    time.replace('-', " - ")
        .replace('T', " T")
        .replace(':', ": ")
        .replace('+', " + ")
}

/// When a link made now stops working, in whole seconds as the link itself states it.
pub fn link_end(now: DateTime<Utc>, switches: &Switches) -> DateTime<Utc> {
    let life = TimeDelta::from_std(switches.link_life).unwrap_or(TimeDelta::days(36_500));
    let end = (now + life).timestamp();
    DateTime::from_timestamp(end, 0).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

const TIME: &str = "%Y-%m-%dT%H:%M:%S%z";
const TIME_WITH_LONG_DAY: &str = "%Y-%m-0%dT%H:%M:%S%z";

#[cfg(test)]
mod tests {
    use super::*;

    fn instant() -> DateTime<Utc> {
        parse_time("2018-08-06T12:41:14+0800").unwrap()
    }

    #[test]
    fn times_have_the_offset_that_is_switched_on() {
        let mut switches = Switches::default();
        assert_eq!(time(instant(), &switches), "2018-08-06T12:41:14+0800");
        switches.utc_offset_hours = 0;
        assert_eq!(time(instant(), &switches), "2018-08-06T04:41:14+0000");
        switches.utc_offset_hours = -5;
        assert_eq!(time(instant(), &switches), "2018-08-05T23:41:14-0500");
    }

    #[test]
    fn times_of_queries_are_read_strictly() {
        for text in [
            "2018-08-06T12:41:14 0800",
            "2018-08-06T12:41:14+08:00",
            "2018-08-06T12:41:14Z",
            "2018-8-6T12:41:14+0800",
        ] {
            assert_eq!(parse_time(text), None, "{text}");
        }
    }

    #[test]
    fn the_typing_errors_of_the_samples_are_reproduced() {
        let switches = Switches {
            sample_typos: true,
            ..Switches::default()
        };
        let owner = InstanceSpec::new("i", "orders", Engine::PostgreSql, "16");
        let kind = crate::cloud::huawei::BackupType::Auto;
        let record = backup(
            &BackupSpec::new("b", "i", kind, instant()),
            &owner,
            &switches,
        );
        assert_eq!(record["id "], "b");
        assert_eq!(record["instance_id"], "i ");
        assert_eq!(record["begin_time"], "2018 - 08 - 06 T12: 41: 14 + 0800");
    }

    #[test]
    fn the_end_of_a_link_takes_every_documented_form() {
        let forms = [
            (
                LinkExpiryForm::Time,
                "link_expired_time",
                "2018-08-06T12:41:14+0800",
            ),
            (
                LinkExpiryForm::OldName,
                "link_expired_link",
                "2018-08-06T12:41:14+0800",
            ),
            (
                LinkExpiryForm::MalformedDay,
                "link_expired_time",
                "2018-08-006T12:41:14+0800",
            ),
            (
                LinkExpiryForm::LeadingBlank,
                "link_expired_time",
                " 2018-08-06T12:41:14+0800",
            ),
        ];
        for (form, name, expected) in forms {
            let switches = Switches {
                link_expiry_form: form,
                ..Switches::default()
            };
            let record = file(&ObjectSpec::new("f", "x"), "link", instant(), &switches);
            assert_eq!(record[name], expected);
        }
    }
}
