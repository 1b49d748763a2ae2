//! Made-up instances and backups for the emulated cloud, with ids of the vendor's form.

use chrono::TimeDelta;

use crate::cloud::huawei::{BackupSpec, BackupType, Engine, Huawei, InstanceSpec};
use crate::cloud::{Content, ObjectSpec};

/// The id of the instance of this number.
pub fn instance_id(number: u64) -> String {
    format!("{number:032x}in01")
}

/// The id of the backup of this number.
pub fn backup_id(number: u64) -> String {
    format!("{number:032x}br01")
}

/// Adds a MySQL instance and returns its id.
pub fn add_instance(cloud: &Huawei, number: u64, name: &str) -> String {
    let id = instance_id(number);
    cloud.add_instance(InstanceSpec::new(&id, name, Engine::MySql, "8.0"));
    id
}

/// A full backup, begun so many hours ago, of an instance of [`add_instance`]. It has no file yet.
pub fn backup(cloud: &Huawei, number: u64, instance: u64, hours_ago: i64) -> BackupSpec {
    let begin = cloud.clock().now() - TimeDelta::hours(hours_ago);
    BackupSpec::new(
        backup_id(number),
        instance_id(instance),
        BackupType::Auto,
        begin,
    )
}

/// A full backup with one made-up file `<number>.bin`, of whose format nothing can be told.
pub fn one_file(
    cloud: &Huawei,
    number: u64,
    instance: u64,
    hours_ago: i64,
    bytes: u64,
) -> BackupSpec {
    let file = ObjectSpec::new(format!("{number}.bin"), Content::generated(number, bytes));
    backup(cloud, number, instance, hours_ago).file(file)
}
