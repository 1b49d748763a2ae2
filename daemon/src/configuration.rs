//! Reads the configuration from disk: the main file, `conf.d/*.toml` beside it, and what the
//! provider libraries say of themselves.
//!
//! The crate `backhaul-config` parses and checks text; everything that touches files is here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use backhaul_config::{Config, Problems, ProviderName, Source};
use backhaul_provider_api::Description;
use sha2::{Digest, Sha256};

use crate::provider::{HostProgram, Libraries, LibraryError, discover};

/// Where the configuration lies unless the command line says otherwise.
pub const DEFAULT_PATH: &str = "/etc/backhaul/backhaul.toml";
/// The longest configuration file.
const FILE_MAX_BYTES: u64 = 64 << 20;

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file cannot be read.
    #[error("the configuration {} cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A file is not text, or too long.
    #[error("the configuration {} {what}", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
        /// What it is.
        what: &'static str,
    },
    /// A provider library cannot be copied to where it is opened: nothing is wrong with what the
    /// configuration says, but it cannot be checked.
    #[error(transparent)]
    Copy(LibraryError),
    /// The text is wrong.
    #[error("{0}")]
    Wrong(Problems),
}

/// The files of a configuration as they were at one moment.
#[derive(Clone, PartialEq, Eq)]
pub struct Files {
    /// The main file first, then those of `conf.d` by name.
    pub sources: Vec<Source>,
    /// Tells whether anything changed.
    pub digest: [u8; 32],
}

impl ConfigError {
    /// Whether somebody must edit the configuration.
    pub fn is_mistake(&self) -> bool {
        !matches!(self, Self::Copy(_))
    }
}

impl Files {
    /// Reads the files.
    ///
    /// # Errors
    /// When one cannot be read or is not text.
    pub fn read(main: &Path) -> Result<Self, ConfigError> {
        let main = std::path::absolute(main).map_err(|source| ConfigError::Read {
            path: main.to_owned(),
            source,
        })?;
        let mut paths = vec![main.clone()];
        paths.extend(conf_d(&main)?);
        let mut hash = Sha256::new();
        let mut sources = Vec::with_capacity(paths.len());
        for path in paths {
            let text = read_text(&path)?;
            for part in [path.as_os_str().as_encoded_bytes(), text.as_bytes()] {
                hash.update((part.len() as u64).to_be_bytes());
                hash.update(part);
            }
            sources.push(Source { path, text });
        }
        Ok(Self {
            sources,
            digest: hash.finalize().into(),
        })
    }
}

/// The directory whose files add to the main one.
pub fn conf_d_of(main: &Path) -> Option<PathBuf> {
    Some(main.parent()?.join("conf.d"))
}

fn conf_d(main: &Path) -> Result<Vec<PathBuf>, ConfigError> {
    let Some(directory) = conf_d_of(main) else {
        return Ok(Vec::new());
    };
    let failed = |source| ConfigError::Read {
        path: directory.clone(),
        source,
    };
    let entries = match std::fs::read_dir(&directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        let hidden = path
            .file_name()
            .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        // Editors leave their own files behind; only `*.toml` counts.
        if !hidden && path.extension().is_some_and(|ending| ending == "toml") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn read_text(path: &Path) -> Result<String, ConfigError> {
    let failed = |source| ConfigError::Read {
        path: path.to_owned(),
        source,
    };
    let length = std::fs::metadata(path).map_err(failed)?.len();
    if length > FILE_MAX_BYTES {
        return Err(ConfigError::NotText {
            path: path.to_owned(),
            what: "is longer than 64 MiB",
        });
    }
    let bytes = std::fs::read(path).map_err(failed)?;
    String::from_utf8(bytes).map_err(|_| ConfigError::NotText {
        path: path.to_owned(),
        what: "is not UTF-8 text",
    })
}

/// Parses and checks the files without asking any provider.
///
/// # Errors
/// With everything that is wrong.
pub fn parse(files: &Files) -> Result<Config, ConfigError> {
    backhaul_config::parse(&files.sources).map_err(ConfigError::Wrong)
}

/// Parses the files and checks them against the provider libraries too.
///
/// # Errors
/// With everything that is wrong.
pub async fn parse_and_check(files: &Files, libraries: &Libraries) -> Result<Config, ConfigError> {
    let config = parse(files)?;
    let known = describe(&config, libraries).await?;
    config
        .check_providers(|provider| match known.get(provider) {
            Some(known) => known.clone(),
            None => Err(format!("no library for provider `{provider}`")),
        })
        .map_err(ConfigError::Wrong)?;
    Ok(config)
}

/// Where a running daemon is reached, as far as the files tell, however broken they are.
pub fn control_socket(files: &Result<Files, ConfigError>) -> PathBuf {
    let sources = files.as_ref().map(|files| files.sources.as_slice());
    backhaul_config::control_socket(sources.unwrap_or_default())
}

/// What each provider of the configuration says of itself, or why it says nothing.
async fn describe(
    config: &Config,
    libraries: &Libraries,
) -> Result<BTreeMap<ProviderName, Result<Description, String>>, ConfigError> {
    let found = discover(&config.daemon.provider_path);
    let mut known = BTreeMap::new();
    for account in config.accounts.values() {
        if known.contains_key(&account.provider) {
            continue;
        }
        let described = match found.libraries.get(account.provider.as_str()) {
            Some(library) => match libraries.load(&library.path).await {
                Ok(library) => Ok(library.description.clone()),
                Err(error) if error.is_of_copy() => return Err(ConfigError::Copy(error)),
                Err(error) => Err(error.to_string()),
            },
            None => Err(missing(&config.daemon.provider_path)),
        };
        known.insert(account.provider.clone(), described);
    }
    Ok(known)
}

/// What to say of a provider without a library.
pub fn missing(folders: &[PathBuf]) -> String {
    let folders: Vec<_> = folders
        .iter()
        .map(|folder| folder.display().to_string())
        .collect();
    format!("there is no library for it in {}", folders.join(", "))
}

/// The provider libraries as the configuration wants them opened.
pub fn libraries(config: &Config) -> Libraries {
    libraries_in(&config.daemon.state_dir, config)
}

/// The same with private copies elsewhere than in the state directory.
pub fn libraries_in(directory: &Path, config: &Config) -> Libraries {
    let sandbox = match config.daemon.sandbox {
        backhaul_config::Sandbox::Require => crate::provider::Sandbox::Require,
        backhaul_config::Sandbox::Prefer => crate::provider::Sandbox::Prefer,
    };
    Libraries::new(
        directory,
        HostProgram {
            sandbox,
            ..HostProgram::default()
        },
    )
}
