//! Records of MySQL as JSON.

use serde_json::{Value, json};

use super::super::inventory::{BackupStatus, InstanceSpec, MysqlBackupSpec};
use super::super::switches::{BinlogDone, Switches};
use super::super::time::{UNSET, Zone};

/// `IntranetUrl` and `InternetUrl`; nothing: `null`.
#[derive(Debug)]
pub struct Links {
    /// From inside the vendor's network.
    pub intranet: Option<String>,
    /// From everywhere.
    pub internet: Option<String>,
}

impl Links {
    /// The same twice.
    pub fn both(link: Option<String>) -> Self {
        Self {
            intranet: link.clone(),
            internet: link,
        }
    }
}

/// One instance.
pub fn instance(instance: &InstanceSpec, region: &str, zone: Zone) -> Value {
    let primary = instance.primary_id.as_ref().map(|primary| {
        json!({ "Region": region, "InstanceId": primary, "Status": 1, "InstanceType": 1 })
    });
    let mut record = json!({
        "InstanceId": instance.id,
        "InstanceName": instance.name,
        "InstanceType": instance.role.mysql_number(),
        "Status": instance.status.mysql_number(),
        "TaskStatus": 0,
        "Region": region,
        // A number in text, as in the vendor's sample.
        "Zone": "100003",
        "ZoneName": "Guangzhou Zone 3",
        "ZoneId": 100_003,
        "CreateTime": zone.text(instance.created),
        "DeadlineTime": UNSET,
        "Memory": 4000,
        "Volume": 100,
        "Cpu": 2,
        "Qps": 2400,
        "InstanceNodes": 2,
        "EngineVersion": instance.version,
        "EngineType": "InnoDB",
        "DeviceType": "UNIVERSAL",
        "DiskType": "",
        "Vip": instance.private_ip(),
        "Vport": 3306,
    });
    let rest = json!({
        "WanStatus": 0,
        "WanDomain": "",
        "WanPort": 0,
        "VpcId": 0,
        "SubnetId": 0,
        "UniqVpcId": "",
        "UniqSubnetId": "",
        "ProjectId": 0,
        "InitFlag": 1,
        "AutoRenew": 0,
        "ProtectMode": 0,
        "DeployMode": 0,
        "PayType": 1,
        "CdbError": 0,
        "DestroyProtect": "off",
        "SlaveInfo": { "First": null, "Second": null },
        "MasterInfo": primary,
        "DrInfo": [],
        "RoGroups": [],
        "TagList": [],
    });
    merge(&mut record, rest);
    record
}

/// One backup of the data.
pub fn backup(
    backup: &MysqlBackupSpec,
    links: Links,
    md5: Option<String>,
    region: &str,
    switches: &Switches,
) -> Value {
    let zone = switches.zone();
    let mut record = logged(backup, links, switches);
    let own = json!({
        "BackupId": backup.id.parse::<u64>().ok(),
        "Type": if backup.physical { "physical" } else { "logical" },
        "Method": if backup.partial { "partial" } else { "full" },
        "Way": if backup.manual { "manual" } else { "automatic" },
        "ManualBackupName": "",
        "Creator": if backup.manual { "100000000001" } else { "SYSTEM" },
        "StartTime": zone.text(backup.start),
        "FinishTime": end(backup, zone),
        "Status": backup.status.mysql_name(),
        // 0 on a finished backup, as in the vendor's sample.
        "Progress": 0,
        "SaveMode": "save_mode_regular",
        "Region": region,
        "RemoteInfo": [],
        "CosStorageType": i64::from(backup.archived),
        "InstanceId": backup.instance_id,
        "EncryptionFlag": if backup.encrypted { "on" } else { "off" },
    });
    merge(&mut record, own);
    if let Some(md5) = md5 {
        record["MD5"] = json!(md5);
    }
    record
}

/// One binlog.
pub fn binlog(backup: &MysqlBackupSpec, links: Links, region: &str, switches: &Switches) -> Value {
    let zone = switches.zone();
    let status = match (backup.status, switches.mysql.binlog_done) {
        (BackupStatus::Finished, BinlogDone::Finished) => "FINISHED",
        (other, _) => other.mysql_name(),
    };
    let mut record = logged(backup, links, switches);
    let own = json!({
        "Type": "binlog",
        "BinlogStartTime": zone.text(backup.start),
        "BinlogFinishTime": end(backup, zone),
        "Region": region,
        "Status": status,
        "RemoteInfo": [],
        "CosStorageType": i64::from(backup.archived),
        "InstanceId": backup.instance_id,
        "Progress": 100,
    });
    merge(&mut record, own);
    record
}

/// One slow log, whose date has no time.
pub fn slow_log(backup: &MysqlBackupSpec, links: Links, switches: &Switches) -> Value {
    let mut record = logged(backup, links, switches);
    record["Type"] = json!("slowlog");
    record["Date"] = json!(switches.zone().day(backup.start));
    record
}

/// The fields that all three have.
fn logged(backup: &MysqlBackupSpec, links: Links, switches: &Switches) -> Value {
    let zone = switches.zone();
    json!({
        "Name": backup.file.name,
        "Size": switches.api.size.json(backup.size()),
        "Date": zone.text(backup.stored()),
        "IntranetUrl": links.intranet,
        "InternetUrl": links.internet,
    })
}

fn end(backup: &MysqlBackupSpec, zone: Zone) -> String {
    backup
        .finish
        .map_or_else(|| UNSET.to_owned(), |end| zone.text(end))
}

/// Adds the fields of one object to another.
fn merge(record: &mut Value, own: Value) {
    if let (Value::Object(record), Value::Object(own)) = (record, own) {
        record.extend(own);
    }
}
