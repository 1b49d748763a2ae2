//! The population of the demonstration: two instances with backups that look recent.

use std::path::{Component, Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use thiserror::Error;

use super::content::Content;
use super::huawei::{BackupSpec, BackupType, Engine, Huawei, InstanceSpec};
use super::object::ObjectSpec;

/// Id of the PostgreSQL instance `orders`.
pub const ORDERS_ID: &str = "a48e43ff268f4c0e879652d65e63d0fbin03";
/// Id of the MySQL or MariaDB instance `shop`.
pub const SHOP_ID: &str = "0b2c6d1f8e7a4d5c9f3e1a2b4c6d8e0fin01";

/// Why the fixtures cannot be served.
#[derive(Debug, Error)]
pub enum DemoError {
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The manifest is no JSON array of the expected records.
    #[error("{} is malformed", path.display())]
    Malformed {
        /// The manifest.
        path: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },
    /// A record of the manifest has a value that means nothing.
    #[error("backup {backup}: {field} {value:?} is not understood")]
    Unknown {
        /// The backup.
        backup: String,
        /// The field.
        field: &'static str,
        /// Its value.
        value: String,
    },
}

/// One backup in `manifest.json`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fixture {
    instance: String,
    engine: String,
    version: String,
    backup_id: String,
    #[serde(rename = "type")]
    kind: String,
    /// Name shown to people; the id says enough if it is absent.
    name: Option<String>,
    files: Vec<FixtureFile>,
    /// Minutes from the present time, negative for the past.
    begin_offset_minutes: i64,
    end_offset_minutes: i64,
}

/// One file of a backup.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FixtureFile {
    /// Below the directory of the fixtures.
    path: String,
    /// As the vendor lists it.
    name: String,
}

/// Adds the instances `orders` and `shop` with the backups of `fixtures/manifest.json`; with small
/// generated ones if there is no such file. Times are counted from the present time of the cloud,
/// so that they look recent; ids never change.
///
/// # Errors
/// When the manifest is malformed or names a file that cannot be read.
pub fn populate(cloud: &Huawei, fixtures: &Path) -> Result<(), DemoError> {
    let path = fixtures.join("manifest.json");
    let manifest = match std::fs::read(&path) {
        Ok(bytes) => serde_json::from_slice::<Vec<Fixture>>(&bytes)
            .map_err(|source| DemoError::Malformed { path, source })?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            populate_generated(cloud);
            return Ok(());
        }
        Err(source) => return Err(DemoError::Unreadable { path, source }),
    };
    for fixture in manifest {
        add(cloud, fixtures, fixture)?;
    }
    Ok(())
}

/// Adds one instance with one automatic backup for each file of a directory, in the order of
/// their names, an hour apart.
///
/// # Errors
/// When the directory or a file cannot be read.
pub fn serve_directory(cloud: &Huawei, directory: &Path) -> Result<(), DemoError> {
    let unreadable = |source| DemoError::Unreadable {
        path: directory.to_owned(),
        source,
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    cloud.add_instance(InstanceSpec::new(
        ORDERS_ID,
        "directory",
        Engine::PostgreSql,
        "16",
    ));
    for (path, (number, age)) in files.iter().rev().zip((0..files.len()).rev().zip(0..)) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let id = format!("{number:032x}br03");
        let begin = latest(cloud) - TimeDelta::hours(age);
        let backup = BackupSpec::new(id, ORDERS_ID, BackupType::Auto, begin);
        cloud.add_backup(backup.file(ObjectSpec::new(name, open(path)?)));
    }
    Ok(())
}

fn add(cloud: &Huawei, fixtures: &Path, fixture: Fixture) -> Result<(), DemoError> {
    let unknown = |field, value: &str| DemoError::Unknown {
        backup: fixture.backup_id.clone(),
        field,
        value: value.to_owned(),
    };
    let engine =
        Engine::named(&fixture.engine).ok_or_else(|| unknown("engine", &fixture.engine))?;
    let kind = BackupType::named(&fixture.kind).ok_or_else(|| unknown("type", &fixture.kind))?;
    let instance_id = match fixture.instance.as_str() {
        "orders" => ORDERS_ID,
        "shop" => SHOP_ID,
        other => return Err(unknown("instance", other)),
    };
    cloud.add_instance(InstanceSpec::new(
        instance_id,
        &fixture.instance,
        engine,
        &fixture.version,
    ));
    let now = cloud.clock().now();
    let begin = now + minutes(fixture.begin_offset_minutes);
    let mut backup = BackupSpec::new(&fixture.backup_id, instance_id, kind, begin);
    backup.end = Some(now + minutes(fixture.end_offset_minutes));
    if let Some(name) = &fixture.name {
        backup.name.clone_from(name);
    }
    for file in &fixture.files {
        let path = Path::new(&file.path);
        if !path
            .components()
            .all(|part| matches!(part, Component::Normal(_)))
        {
            return Err(unknown("files.path", &file.path));
        }
        let content = open(&fixtures.join(path))?;
        backup = backup.file(ObjectSpec::new(&file.name, content));
    }
    cloud.add_backup(backup);
    Ok(())
}

fn populate_generated(cloud: &Huawei) {
    cloud.add_instance(InstanceSpec::new(
        ORDERS_ID,
        "orders",
        Engine::PostgreSql,
        "16",
    ));
    cloud.add_instance(InstanceSpec::new(SHOP_ID, "shop", Engine::MySql, "8.0"));
    let made = [
        (ORDERS_ID, 1, BackupType::Auto, 26, "base.tar.gz", 3_000_000),
        (
            ORDERS_ID,
            2,
            BackupType::Incremental,
            13,
            "000000010000000000000002",
            1_000_000,
        ),
        (ORDERS_ID, 3, BackupType::Manual, 0, "orders.dump", 500_000),
        (SHOP_ID, 4, BackupType::Auto, 25, "shop.qp", 4_000_000),
        (
            SHOP_ID,
            5,
            BackupType::Incremental,
            1,
            "mysql-bin.000002",
            800_000,
        ),
    ];
    for (instance, number, kind, age_hours, name, length) in made {
        let product = &instance[instance.len() - 2..];
        let begin = latest(cloud) - TimeDelta::hours(age_hours);
        cloud.add_backup(
            BackupSpec::new(format!("{number:032x}br{product}"), instance, kind, begin)
                .file(ObjectSpec::new(name, Content::generated(number, length))),
        );
    }
}

/// So many minutes, or none if that is more than a time can hold.
fn minutes(count: i64) -> TimeDelta {
    TimeDelta::try_minutes(count).unwrap_or_default()
}

/// When the newest made-up backup begins.
fn latest(cloud: &Huawei) -> DateTime<Utc> {
    cloud.clock().now() - TimeDelta::minutes(15)
}

fn open(path: &Path) -> Result<Content, DemoError> {
    Content::file(path).map_err(|source| DemoError::Unreadable {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests;
