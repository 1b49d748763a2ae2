//! The sandbox of a provider process, in two stages.
//!
//! Constructors of a shared library run while it is being opened, so a lock-down after that comes
//! too late: [`before_loading`] takes away files, network, processes and signals but leaves what
//! the dynamic loader needs; [`before_serving`] leaves little more than memory and the one open
//! socket. Refused calls answer "Operation not permitted" rather than kill, so that a provider's
//! author sees an error that can be understood.
//!
//! Both stages restrict the calling thread only: the process must be single-threaded.

use std::fmt;
use std::io;
use std::path::Path;

use landlock::{
    ABI, Access, AccessFs, AccessNet, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
};
use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
use rustix::thread::set_no_new_privs;
use seccompiler::{BpfProgram, apply_filter};
use serde::{Deserialize, Serialize};

use super::system_calls;

/// How much of a sandbox is demanded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sandbox {
    /// All of it, or the library is not opened.
    Require,
    /// As much as the kernel offers.
    #[default]
    Prefer,
}

/// How far the sandbox reaches on this kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SandboxLevel {
    /// Neither: only resource limits hold.
    None,
    /// System calls are filtered. The kernel has no Landlock, so a library's constructors could
    /// read files; nothing of the library can afterwards.
    SystemCalls,
    /// Landlock and system-call filter.
    Full,
}

impl fmt::Display for SandboxLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::SystemCalls => "system calls",
            Self::Full => "full",
        })
    }
}

/// Why the sandbox could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// A limit of the process could not be set.
    #[error("a limit of the provider process cannot be set: {0}")]
    Limit(#[from] io::Error),
    /// Landlock failed.
    #[error("Landlock cannot be applied: {0}")]
    Landlock(#[from] RulesetError),
    /// The kernel has no Landlock.
    #[error(
        "this kernel does not offer Landlock (Linux 5.13 or later with `landlock` among its security modules)"
    )]
    NoLandlock,
    /// The filter of system calls failed.
    #[error("system calls cannot be filtered: {0}")]
    Filter(#[from] seccompiler::Error),
    /// The filter cannot be built for this processor.
    #[error("no filter of system calls for this processor: {0}")]
    Build(#[from] seccompiler::BackendError),
}

impl From<rustix::io::Errno> for SandboxError {
    fn from(errno: rustix::io::Errno) -> Self {
        Self::Limit(errno.into())
    }
}

/// Gives up privileges, core dumps and inherited files, and sets resource limits.
///
/// # Errors
/// When the kernel refuses one of them.
pub fn limit_process() -> Result<(), SandboxError> {
    set_no_new_privs(true)?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    for (resource, limit) in [
        (Resource::As, ADDRESS_SPACE_BYTES),
        (Resource::Core, 0),
        (Resource::Cpu, CPU_SECONDS),
        (Resource::Fsize, 0),
        (Resource::Nofile, OPEN_FILES),
        (Resource::Stack, STACK_BYTES),
    ] {
        let limit = Some(limit);
        setrlimit(
            resource,
            Rlimit {
                current: limit,
                maximum: limit,
            },
        )?;
    }
    // SAFETY: a plain system call. No descriptor above 2 is owned by anything yet: this runs
    // before the process opens its first file.
    if unsafe { libc::close_range(3, libc::c_uint::MAX, 0) } != 0 {
        return Err(io::Error::last_os_error().into());
    }
    Ok(())
}

/// Stage 1: what the dynamic loader and a library's constructors may do.
///
/// # Errors
/// When the demanded level cannot be reached.
pub fn before_loading(library: &Path, wanted: Sandbox) -> Result<SandboxLevel, SandboxError> {
    let readable: Vec<&Path> = [library]
        .into_iter()
        .chain(LOADER_PATHS.iter().map(Path::new))
        .collect();
    let files = match restrict_files(&readable) {
        Ok(true) => true,
        Ok(false) if wanted == Sandbox::Require => return Err(SandboxError::NoLandlock),
        Err(error) if wanted == Sandbox::Require => return Err(error.into()),
        Ok(false) | Err(_) => false,
    };
    let calls = match filter_calls(system_calls::while_loading()?) {
        Err(error) if wanted == Sandbox::Require => return Err(error),
        result => result.is_ok(),
    };
    Ok(match (files, calls) {
        (true, true) => SandboxLevel::Full,
        (false, true) => SandboxLevel::SystemCalls,
        (_, false) => SandboxLevel::None,
    })
}

/// Stage 2: what a provider may do.
///
/// # Errors
/// When a restriction that stage 1 could apply fails now.
pub fn before_serving(level: SandboxLevel) -> Result<(), SandboxError> {
    if level == SandboxLevel::Full && !restrict_files(&[])? {
        return Err(SandboxError::NoLandlock);
    }
    if level > SandboxLevel::None {
        filter_calls(system_calls::while_serving()?)?;
    }
    Ok(())
}

/// Lets the process read those files and directories and nothing else, and takes TCP, signals and
/// abstract sockets away where the kernel can. False when the kernel has no Landlock.
fn restrict_files(readable: &[&Path]) -> Result<bool, RulesetError> {
    let abi = ABI::V6;
    let mut rules = Ruleset::default()
        .handle_access(AccessFs::from_all(abi))?
        .handle_access(AccessNet::from_all(abi))?
        .scope(Scope::from_all(abi))?
        .create()?;
    for path in readable {
        // A path that is not there needs no rule.
        if let Ok(path) = PathFd::new(path) {
            // Mapping a library executable needs no more than the right to read it.
            rules = rules.add_rule(PathBeneath::new(path, AccessFs::ReadFile))?;
        }
    }
    Ok(rules.restrict_self()?.ruleset != RulesetStatus::NotEnforced)
}

fn filter_calls(filters: Vec<BpfProgram>) -> Result<(), SandboxError> {
    for filter in filters {
        apply_filter(&filter)?;
    }
    Ok(())
}

/// Where the dynamic loader finds the libraries that a provider is linked to.
const LOADER_PATHS: [&str; 6] = [
    "/etc/ld.so.cache",
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
];

const ADDRESS_SPACE_BYTES: u64 = 512 << 20;
/// Far more than any pass needs; ends a process that outlived a crashed daemon in a loop.
const CPU_SECONDS: u64 = 3600;
const OPEN_FILES: u64 = 16;
const STACK_BYTES: u64 = 8 << 20;
