//! `backhaul providers list`: which libraries there are, and how they are confined.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use backhaul_provider_api::Description;
use serde::Serialize;

use super::check::Scratch;
use super::failure::{Failure, complain};
use super::local;
use super::output::{self, say};
use super::table::Table;
use crate::configuration;
use crate::provider::{Library, discover};

mod markdown;

/// How the list is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Columns for people.
    Text,
    /// For programs.
    Json,
    /// What every service says about itself, as a table for documents.
    Markdown,
}

#[derive(Default, Serialize)]
struct Listed {
    name: String,
    /// Absent when the configuration names it and no folder has it.
    path: Option<PathBuf>,
    /// Files of the same name in later folders, which are not used.
    shadowed: Vec<PathBuf>,
    version: Option<String>,
    contract: Option<String>,
    services: Vec<String>,
    sandbox: Option<String>,
    sha256: Option<String>,
    problem: Option<String>,
    #[serde(skip)]
    description: Option<Description>,
}

pub fn list(main: &Path, format: Format) -> Result<ExitCode, Failure> {
    let config = local::config(main)?;
    let scratch = Scratch::new()?;
    let libraries = configuration::libraries_in(&scratch.0, &config);
    let discovery = discover(&config.daemon.provider_path);
    let mut listed = local::runtime()?.block_on(async {
        let mut listed = Vec::new();
        for (name, found) in discovery.libraries {
            let loaded = libraries.load(&found.path).await;
            let mut one = Listed::new(name);
            one.path = Some(found.path);
            one.shadowed = found.shadowed;
            match loaded {
                Ok(library) => one.describe(&library),
                Err(error) => one.problem = Some(error.to_string()),
            }
            listed.push(one);
        }
        listed
    });
    for account in config.accounts.values() {
        let name = account.provider.as_str();
        if listed.iter().all(|one| one.name != name) {
            let mut one = Listed::new(name.to_owned());
            one.problem = Some(configuration::missing(&config.daemon.provider_path));
            listed.push(one);
        }
    }
    for (folder, error) in &discovery.unreadable {
        complain(&format!(
            "the folder {} cannot be read: {error}",
            folder.display()
        ));
    }
    let broken = !discovery.unreadable.is_empty() || listed.iter().any(|one| one.problem.is_some());
    match format {
        Format::Json => local::print_json(&listed)?,
        Format::Text => print(&listed, &config.daemon.provider_path),
        Format::Markdown => print_markdown(&listed),
    }
    Ok(if broken {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

impl Listed {
    fn new(name: String) -> Self {
        Self {
            name,
            ..Self::default()
        }
    }

    fn describe(&mut self, library: &Library) {
        let description = &library.description;
        self.version = Some(description.version.clone());
        self.contract = Some(format!("{}.{}", library.contract.0, library.contract.1));
        let services = description.services.iter();
        self.services = services.map(|service| service.name.clone()).collect();
        self.sandbox = Some(library.sandbox.to_string());
        self.sha256 = Some(library.sha256.clone());
        self.description = Some(description.clone());
    }
}

fn print_markdown(listed: &[Listed]) {
    let descriptions = listed.iter().filter_map(|one| one.description.as_ref());
    output::print(format_args!("{}", markdown::table(descriptions)));
    for one in listed {
        if let Some(problem) = &one.problem {
            complain(&format!("{}: {problem}", one.name));
        }
    }
}

fn print(listed: &[Listed], folders: &[PathBuf]) {
    let mut table = Table::new(&[
        "PROVIDER", "VERSION", "CONTRACT", "SERVICES", "SANDBOX", "LIBRARY",
    ]);
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
    for one in listed {
        table.row(vec![
            one.name.clone(),
            text(&one.version),
            text(&one.contract),
            one.services.join(", "),
            text(&one.sandbox),
            one.path
                .as_ref()
                .map_or_else(|| "-".to_owned(), |path| path.display().to_string()),
        ]);
    }
    let folders: Vec<_> = folders
        .iter()
        .map(|folder| folder.display().to_string())
        .collect();
    table.print(&format!("no provider library is in {}", folders.join(", ")));
    for one in listed {
        if let Some(problem) = &one.problem {
            say!("{}: {problem}", one.name);
        }
        for path in &one.shadowed {
            say!(
                "{}: {} is not used, an earlier folder has one",
                one.name,
                path.display()
            );
        }
    }
}
