//! How to restore by hand: short steps for the manifest of one backup, and a whole recipe for an
//! emergency kit.
//!
//! Written for somebody at 3 a.m. on a machine without Backhaul. One file per engine; the facts
//! come from the vendors' and engines' restore guides, the format from the file itself, not from
//! the vendor's word. Commands are for a POSIX shell and work on a server of their own in an empty
//! directory, `$WORK`, so that no running server can be harmed by a mistake.

use backhaul_provider_api::{Backup, Kind, Timestamp};

use crate::mirror::manifest::{FileEntry, Manifest};

pub mod engine;
mod mongodb;
mod mysql;
mod other;
pub mod packing;
mod postgresql;
mod redis;
mod sql_server;

use engine::Engine;

/// What a recipe restores: backups in the order of their application.
#[derive(Clone, Debug)]
pub struct Restoration<'a> {
    /// The full backup; more than one when it is made of shards.
    pub base: Vec<Part<'a>>,
    /// Differential and incremental backups.
    pub steps: Vec<Part<'a>>,
    /// Logs.
    pub logs: Vec<Part<'a>>,
    /// Where to stop.
    pub stop: Stop,
}

/// One backup of it.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// Its directory, relative to where the recipe lies.
    pub dir: &'a str,
    /// What it is.
    pub manifest: &'a Manifest,
}

/// Where a restore stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// As soon as the full, differential or incremental backup is whole.
    Base,
    /// At the end of the last log.
    EndOfLogs,
    /// At a time.
    Time(Timestamp),
}

/// Instructions for one restoration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recipe {
    /// Programs and their versions, a sentence each.
    pub tools: Vec<String>,
    /// What to do.
    pub steps: Vec<Step>,
    /// What to look at afterwards.
    pub checks: Vec<String>,
    /// What goes wrong, and what then.
    pub pitfalls: Vec<String>,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What it does, in a few words.
    pub title: &'static str,
    /// What to know about it.
    pub text: String,
    /// What to run, with its language (`sh`, `sql`).
    pub commands: Option<(&'static str, String)>,
}

impl Step {
    /// A step of shell commands.
    fn shell(title: &'static str, text: impl Into<String>, commands: impl Into<String>) -> Self {
        Self {
            title,
            text: text.into(),
            commands: Some(("sh", commands.into())),
        }
    }
}

impl<'a> Restoration<'a> {
    /// The engine of it all.
    pub fn engine(&self) -> Engine {
        self.base
            .first()
            .map_or(Engine::Other, |part| Engine::of(part.manifest))
    }

    /// The engine's name and version as the vendor writes them.
    pub fn engine_text(&self) -> String {
        let name = self.base.first().and_then(|part| {
            let (backup, instance) = (&part.manifest.backup, &part.manifest.instance);
            backup.engine.as_deref().or(instance.engine.as_deref())
        });
        format!(
            "{} {}",
            name.unwrap_or("the engine"),
            self.version().unwrap_or("(version not told)")
        )
    }

    /// The engine's version, where the vendor tells it.
    fn version(&self) -> Option<&'a str> {
        let manifest = self.base.first()?.manifest;
        let (backup, instance) = (&manifest.backup, &manifest.instance);
        backup
            .engine_version
            .as_deref()
            .or(instance.engine_version.as_deref())
    }

    /// The major version.
    fn major(&self) -> Option<u32> {
        self.version()?.split(['.', ' ']).next()?.parse().ok()
    }

    /// The files of the full backup with their paths.
    fn base_files(&self) -> impl Iterator<Item = (String, &'a FileEntry)> + '_ {
        self.base.iter().flat_map(Part::files)
    }
}

impl<'a> Part<'a> {
    /// Its files with their paths relative to where the recipe lies.
    pub fn files(&self) -> impl Iterator<Item = (String, &'a FileEntry)> + use<'a> {
        let dir = self.dir;
        let files = &self.manifest.files;
        files
            .iter()
            .map(move |file| (format!("{dir}/{}", file.name), file))
    }
}

/// The recipe for a restoration.
pub fn recipe(restoration: &Restoration<'_>) -> Recipe {
    let mut recipe = match restoration.engine() {
        Engine::MySql | Engine::MariaDb => mysql::recipe(restoration),
        Engine::PostgreSql => postgresql::recipe(restoration),
        Engine::SqlServer => sql_server::recipe(restoration),
        Engine::Redis => redis::recipe(restoration),
        Engine::MongoDb => mongodb::recipe(restoration),
        Engine::Other => other::recipe(restoration),
    };
    if restoration.base.len() > 1 {
        recipe.pitfalls.insert(0, format!(
            "The full backup has {} parts (shards or nodes) that belong together. Take the steps once for each part, with a `WORK` and a server of its own, and of the logs those of the same node.",
            restoration.base.len()
        ));
    }
    recipe
}

/// The steps for the manifest of a backup with these files.
pub fn steps(backup: &Backup, files: &[FileEntry]) -> Vec<String> {
    let engine_name = backup.engine.as_deref().unwrap_or("the engine");
    let engine = Engine::named(engine_name);
    let version = backup
        .engine_version
        .as_deref()
        .unwrap_or("the same version");
    let mut steps = vec![
        "Check the files: run `sha256sum -c SHA256SUMS` in this directory.".to_owned(),
        format!("Have a server of {engine_name} {version} at hand, on a machine of its own."),
        "Where Backhaul is at hand, `backhaul kit` writes this backup and all that it needs with exact commands.".to_owned(),
    ];
    if backup.encryption.is_some() {
        steps.push("The files are encrypted by the vendor: decrypt them first.".to_owned());
    }
    let dependent = matches!(
        backup.kind,
        Kind::Log | Kind::Incremental | Kind::Differential
    );
    if dependent {
        steps.push(
            "This backup alone restores nothing: first restore the latest full backup that began before it, then apply this one and those between in order of time.".to_owned(),
        );
    }
    for file in files {
        let format = file.format.as_str();
        let how = match engine {
            Engine::MySql | Engine::MariaDb => mysql::brief(format),
            Engine::PostgreSql => postgresql::brief(format, dependent),
            Engine::SqlServer => sql_server::brief(format),
            Engine::Redis => redis::brief(format),
            Engine::MongoDb => mongodb::brief(format),
            Engine::Other => None,
        };
        let how = how.map_or_else(|| other::brief(format, engine_name), str::to_owned);
        steps.push(format!("{}: {how}", file.name));
    }
    steps
}

#[cfg(test)]
mod tests;
