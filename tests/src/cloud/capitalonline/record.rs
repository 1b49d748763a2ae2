//! The JSON of instances and backups, with the documented fields and their oddities.

use chrono::{DateTime, FixedOffset, Utc};
use serde_json::{Value, json};

use super::inventory::{
    BackupMode, BackupSpec, BackupStrategy, BackupType, Edition, InstanceSpec, Product,
};
use super::settings::{BackupIdInDownload, LinkField, Switches};

/// One instance of `DescribeDBInstances`.
pub fn instance(product: Product, instance: &InstanceSpec, switches: &Switches) -> Value {
    let (engine, port) = match product {
        Product::MySql => ("mysql", 6033),
        Product::Redis => ("redis", 9736),
    };
    let edition = match instance.edition {
        Edition::HighAvailability => "replication",
        Edition::Cluster => "cluster",
        Edition::Basic => "basic",
    };
    let tags: Vec<Value> = instance
        .tags
        .iter()
        .enumerate()
        .map(|(number, name)| json!({ "TagID": 24_644 + number, "TagName": name }))
        .collect();
    let mut record = json!({
        "CreatedTime": time(instance.created, switches),
        "DisplayName": "中国大陆-北京-可用区A",
        "IP": instance.ip,
        "InstanceName": instance.name,
        "InstanceUuid": instance.id,
        "LinkType": "default_link",
        "LinkTypeStr": "默认链路",
        "MasterInfo": "",
        "Port": port,
        "ProjectName": "默认项目组",
        "Ram": 1024,
        "RegionId": instance.region,
        "RelationService": null,
        "ResourceId": format!("resource-{}", instance.id),
        "RoGroups": null,
        "Status": instance.status,
        "StatusStr": "运行中",
        "SubProductKey": format!("{engine}-{edition}"),
        "SubProductName": "高可用版",
        "Tags": tags,
        "VdcId": "4b7c78da-6d38-4b90-8bbf-c8a6bf4a405b",
        "VdcName": "北京A-PAAS",
        "Version": instance.version,
    });
    match product {
        Product::MySql => {
            record["Cpu"] = json!(1);
            record["Disks"] = json!(100);
        }
        Product::Redis => record["CloneServices"] = Value::Null,
    }
    record
}

/// One backup of `DescribeBackups`.
pub fn backup(product: Product, backup: &BackupSpec, switches: &Switches) -> Value {
    let mut record = shared(product, backup, switches);
    record["BackupId"] = json!(backup.id);
    if product == Product::MySql && !switches.old_backup_types {
        // In the vendor's sample it is older than the start of its own row.
        record["BackupFinishTime"] = json!("");
    }
    if switches.shards_in_lists {
        record["ShardId"] = json!(backup.shard.as_deref().unwrap_or_default());
    }
    record
}

/// The answer of `DownloadBackup`, with the links for both networks.
pub fn download(
    product: Product,
    backup: &BackupSpec,
    [public, intranet]: [String; 2],
    switches: &Switches,
) -> Value {
    let mut record = shared(product, backup, switches);
    let id = match (switches.backup_id_in_download, product) {
        (BackupIdInDownload::Sample, Product::MySql) => None,
        (BackupIdInDownload::Sample, Product::Redis) | (BackupIdInDownload::Always, _) => {
            Some(backup.id.clone())
        }
        (BackupIdInDownload::Wrong, _) => Some(format!("not-{}", backup.id)),
    };
    if let Some(id) = id {
        record["BackupId"] = json!(id);
    }
    if product == Product::Redis {
        record["ShardId"] = json!(backup.shard.as_deref().unwrap_or_default());
    }
    for (name, link, field) in [
        ("BackupDownloadUrl", public, switches.public_link),
        (
            "BackupIntranetDownloadUrl",
            intranet,
            switches.intranet_link,
        ),
    ] {
        match field {
            LinkField::Given => record[name] = json!(link),
            LinkField::Empty => record[name] = json!(""),
            LinkField::Absent => {}
        }
    }
    record
}

/// The fields that both calls have.
fn shared(product: Product, backup: &BackupSpec, switches: &Switches) -> Value {
    let size = backup.size().saturating_add_signed(switches.size_error);
    let instance_id = if switches.instance_id_is_uuid {
        backup.instance_id.clone()
    } else {
        format!("inpaas-{}", backup.instance_id)
    };
    let old = product == Product::Redis || switches.old_backup_types;
    let backup_type = match &backup.backup_type {
        BackupType::Physical if old => "full-backup",
        BackupType::Physical => "physical-backup",
        BackupType::Logical => "logical-backup",
        BackupType::Other(word) => word,
    };
    let mut record = json!({
        "BackupMode": match backup.mode {
            BackupMode::Auto => "auto",
            BackupMode::Manual => "manual",
        },
        "BackupSize": if switches.size_as_text { json!(size.to_string()) } else { json!(size) },
        "BackupType": backup_type,
        "Desc": backup.description,
        "EndTime": backup.end.map(|end| time(end, switches)).unwrap_or_default(),
        "InstanceId": instance_id,
        "StartTime": time(backup.start, switches),
        "Status": backup.status.word(),
    });
    if !old {
        record["BackupStrategy"] = json!(match backup.strategy {
            BackupStrategy::Instance => "instance",
            BackupStrategy::Db => "db",
        });
    }
    record
}

/// A time as the vendor prints it: `2020-06-18 04:09:59`, of a zone that it does not tell.
fn time(instant: DateTime<Utc>, switches: &Switches) -> String {
    let hours = switches.utc_offset_hours.clamp(-23, 23);
    let local = match FixedOffset::east_opt(hours * 3600) {
        Some(offset) => instant.with_timezone(&offset),
        None => instant.fixed_offset(),
    };
    local.format("%Y-%m-%d %H:%M:%S").to_string()
}
