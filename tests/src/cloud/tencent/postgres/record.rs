//! Records of PostgreSQL as JSON.

use serde_json::{Value, json};

use super::super::inventory::{InstanceSpec, PgBackupSpec};
use super::super::settings::Identity;
use super::super::switches::NumberForm;
use super::super::time::{UNSET, Zone};

/// One instance.
pub fn instance(instance: &InstanceSpec, identity: &Identity, zone: Zone) -> Value {
    let region = &identity.region;
    let major = instance.version.split('.').next().unwrap_or_default();
    let node =
        |role| json!({ "Role": role, "Zone": format!("{region}-3"), "DedicatedClusterId": "" });
    json!({
        "Region": region,
        "Zone": format!("{region}-3"),
        "VpcId": "vpc-a1b2c3d4",
        "SubnetId": "subnet-a1b2c3d4",
        "DBInstanceId": instance.id,
        "DBInstanceName": instance.name,
        "DBInstanceStatus": status(instance),
        "DBInstanceMemory": 4,
        "DBInstanceStorage": 100,
        "DBInstanceCpu": 2,
        "DBInstanceClass": "pg.it.medium4",
        "DBMajorVersion": major,
        "DBVersion": instance.version,
        "DBKernelVersion": format!("v{}_r1.5", instance.version),
        "DBInstanceType": instance.role.postgres_name(),
        "DBInstanceVersion": "standard",
        "DBCharset": "UTF8",
        "CreateTime": zone.text(instance.created),
        "UpdateTime": zone.text(instance.created),
        "ExpireTime": UNSET,
        "IsolatedTime": UNSET,
        // As in the vendor's sample.
        "OfflineTime": "0001-01-04 00:00:00",
        "PayType": "postpaid",
        "AutoRenew": 0,
        "DBInstanceNetInfo": [{
            "Address": "",
            "Ip": instance.private_ip(),
            "Port": 5432,
            "NetType": "private",
            "Status": "opened",
            "VpcId": "vpc-a1b2c3d4",
            "SubnetId": "subnet-a1b2c3d4",
            "ProtocolType": "",
        }],
        "Type": "",
        "AppId": identity.app_id,
        "Uid": 170_000_000,
        "ProjectId": 0,
        "TagList": [],
        "MasterDBInstanceId": instance.primary_id.as_deref().unwrap_or_default(),
        "ReadOnlyInstanceNum": 0,
        "StatusInReadonlyGroup": "",
        "DBNodeSet": [node("Primary"), node("Standby")],
        "IsSupportTDE": 0,
        "DBEngine": "postgresql",
        "DBEngineConfig": "",
        "NetworkAccessList": null,
        "SupportIpv6": 0,
    })
}

/// `DBInstanceStatus`.
pub fn status(instance: &InstanceSpec) -> &str {
    instance
        .status_text
        .as_deref()
        .unwrap_or_else(|| instance.status.postgres_name())
}

/// One backup of a list.
pub fn backup(backup: &PgBackupSpec, size: NumberForm, zone: Zone) -> Value {
    json!({
        "DBInstanceId": backup.instance_id,
        "Id": backup.id,
        "Name": backup.file.name,
        "BackupMethod": backup.method,
        "BackupMode": if backup.manual { "manual" } else { "automatic" },
        "State": backup.status.postgres_name(),
        "Size": size.json(backup.size()),
        "StartTime": zone.text(backup.start),
        "FinishTime": backup.finish.map_or_else(|| UNSET.to_owned(), |time| zone.text(time)),
        "ExpireTime": zone.text(backup.expires),
    })
}
