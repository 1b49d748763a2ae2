//! A provider's shared library: opening it, agreeing on a version, calling its functions.
//!
//! This is the daemon's side of `backhaul_provider_api::abi` and, with `sandbox.rs`, the only
//! place with `unsafe`. The provider's code is foreign: what it does to this process is contained
//! by the process, not by anything here. What is proven below is that we keep our part of the
//! contract and never trust its bytes.

use std::ffi::c_void;
use std::mem::offset_of;
use std::path::Path;
use std::ptr;

use backhaul_provider_api::abi::{
    BROKEN, DONE, ENTRY_SYMBOL, Entry, HostTable, MAJOR, MESSAGE_MAX, MINOR, Sink, Table,
};
use libloading::os::unix::{Library as Handle, RTLD_LOCAL, RTLD_NOW};

use super::channel::Channel;

/// The major versions of the contract that this build speaks, newest first.
const SPOKEN: [u32; 1] = [MAJOR];

/// An opened library that speaks a known version. Never unloaded: the end of the process is the
/// unload, because destructors of thread-local storage make any other unsound.
pub struct Library {
    table: Functions,
    /// The major version that both sides speak.
    pub major: u32,
    /// The minor version the library was built for.
    pub minor: u32,
}

/// The functions of a table, all of them present.
struct Functions {
    describe: DescribeFn,
    open: OpenFn,
    call: CallFn,
    close: CloseFn,
}

type DescribeFn = unsafe extern "C" fn(Sink) -> i32;
type OpenFn = unsafe extern "C" fn(*const u8, usize, Sink, *mut *mut c_void) -> i32;
type CallFn = unsafe extern "C" fn(*mut c_void, *const HostTable, *const u8, usize, Sink) -> i32;
type CloseFn = unsafe extern "C" fn(*mut c_void);

/// [`Table`] as foreign code may really have filled it: a missing function is null.
#[repr(C)]
struct ForeignTable {
    size: usize,
    major: u32,
    minor: u32,
    describe: Option<DescribeFn>,
    open: Option<OpenFn>,
    call: Option<CallFn>,
    close: Option<CloseFn>,
}

const _: () = assert!(size_of::<ForeignTable>() == size_of::<Table>());

/// Why a library cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The dynamic loader refused it. libloading hides the reason in the source.
    #[error("it cannot be loaded: {}", reason(.0))]
    Open(#[source] libloading::Error),
    /// It is some other library.
    #[error(
        "it is not a Backhaul provider: it does not export `{ENTRY_SYMBOL}` ({})",
        reason(.0)
    )]
    Entry(#[source] libloading::Error),
    /// It speaks no version that this build speaks.
    #[error(
        "it speaks version {major}.{minor} of the provider contract, and Backhaul {} speaks version {MAJOR}.{MINOR}: {}",
        env!("CARGO_PKG_VERSION"),
        if *major > MAJOR {
            "install a newer Backhaul, or a release of the provider made for version 1"
        } else {
            "install a newer release of the provider"
        }
    )]
    Version {
        /// The newest version it was built for.
        major: u32,
        /// Its additions.
        minor: u32,
    },
    /// It does not even tell its version.
    #[error(
        "it does not speak version {MAJOR} of the provider contract and does not tell which it speaks"
    )]
    Silent,
    /// Its table contradicts the contract.
    #[error("its function table is broken: {0}")]
    Table(&'static str),
}

fn reason(error: &libloading::Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => source.to_string(),
        None => error.to_string(),
    }
}

/// Why a function of the provider yielded nothing.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// It said so itself.
    #[error("the provider answered with status {0} and no outcome")]
    Status(i32),
    /// It wrote too much.
    #[error("the provider's answer is longer than the {MESSAGE_MAX} bytes allowed")]
    TooLong,
}

/// A session of the provider: its own pointer, which may even be null, only ever handed back to it.
pub struct Session(*mut c_void);

impl Library {
    /// Opens the library and agrees on a version.
    ///
    /// # Errors
    /// When it cannot be opened, is no provider, or speaks no known version.
    pub fn load(path: &Path) -> Result<Self, LoadError> {
        // SAFETY: opening runs the library's constructors. They are foreign code like all of it
        // and run in a process that holds nothing but this library's own account. RTLD_NOW makes
        // missing symbols fail here instead of in a call.
        let handle =
            unsafe { Handle::open(Some(path), RTLD_NOW | RTLD_LOCAL) }.map_err(LoadError::Open)?;
        // SAFETY: the symbol's type is what the contract fixes for this name for ever.
        let entry: Entry =
            *unsafe { handle.get::<Entry>(ENTRY_SYMBOL) }.map_err(LoadError::Entry)?;
        // Forgets the handle, so that the library stays loaded.
        let _ = handle.into_raw();
        for major in SPOKEN {
            // SAFETY: the contract lets the entry be called with any number.
            let table = unsafe { entry(major) };
            if !table.is_null() {
                return Self::from_table(table.cast(), major);
            }
        }
        // SAFETY: as above.
        let table = unsafe { entry(0) }.cast::<ForeignTable>();
        if !usable(table, offset_of!(ForeignTable, describe)) {
            return Err(LoadError::Silent);
        }
        // SAFETY: `usable` has shown that the table reaches beyond these two fields.
        let (major, minor) = unsafe { ((*table).major, (*table).minor) };
        Err(LoadError::Version { major, minor })
    }

    fn from_table(table: *const ForeignTable, major: u32) -> Result<Self, LoadError> {
        if !usable(table, size_of::<ForeignTable>()) {
            return Err(LoadError::Table("it is too small or misaligned"));
        }
        // SAFETY: not null, aligned, and by its own word large enough; the contract makes a table
        // live as long as the library, which is never unloaded. Null functions are valid values.
        let table = unsafe { &*table };
        if table.major != major {
            return Err(LoadError::Table(
                "it is not of the version that was asked for",
            ));
        }
        Ok(Self {
            table: Functions {
                describe: table.describe.ok_or(LoadError::Table("no `describe`"))?,
                open: table.open.ok_or(LoadError::Table("no `open`"))?,
                call: table.call.ok_or(LoadError::Table("no `call`"))?,
                close: table.close.ok_or(LoadError::Table("no `close`"))?,
            },
            major,
            minor: table.minor,
        })
    }

    /// The provider's description: an outcome.
    ///
    /// # Errors
    /// When the provider yields none.
    pub fn describe(&self) -> Result<Vec<u8>, CallError> {
        let mut answer = Collected::default();
        // SAFETY: the sink's `answer` outlives the call.
        let status = unsafe { (self.table.describe)(answer.sink()) };
        answer.finish(status)
    }

    /// Opens a session: the outcome, and the session, which is open if the outcome is good.
    ///
    /// # Errors
    /// When the provider yields no outcome.
    pub fn open(&self, account: &[u8]) -> Result<(Vec<u8>, Session), CallError> {
        let mut answer = Collected::default();
        let mut session = ptr::null_mut();
        // SAFETY: `account` is readable for its length, the sink's `answer` and `session` outlive
        // the call.
        let status = unsafe {
            (self.table.open)(
                account.as_ptr(),
                account.len(),
                answer.sink(),
                &raw mut session,
            )
        };
        Ok((answer.finish(status)?, Session(session)))
    }

    /// Carries out one operation; the provider's asks go through `channel` meanwhile.
    ///
    /// # Errors
    /// When the provider yields no outcome.
    pub fn call(
        &self,
        session: &mut Session,
        channel: &mut Channel,
        operation: &[u8],
    ) -> Result<Vec<u8>, CallError> {
        let host = HostTable {
            size: size_of::<HostTable>(),
            context: ptr::from_mut(channel).cast(),
            ask,
        };
        let mut answer = Collected::default();
        // SAFETY: the session is open and used by this one thread only, which the exclusive borrow
        // ensures. `host`, the channel behind it, `operation` and `answer` outlive the call, and
        // the channel is reached through `host` alone until it returns.
        let status = unsafe {
            (self.table.call)(
                session.0,
                &raw const host,
                operation.as_ptr(),
                operation.len(),
                answer.sink(),
            )
        };
        answer.finish(status)
    }

    /// Ends a session.
    pub fn close(&self, session: Session) {
        // SAFETY: the session is given back once, being moved in.
        unsafe { (self.table.close)(session.0) }
    }
}

/// Whether the table is there, aligned, and at least that large by its own word.
fn usable(table: *const ForeignTable, size: usize) -> bool {
    // SAFETY: not null and aligned; every table begins with its size.
    !table.is_null() && table.is_aligned() && unsafe { (*table).size } >= size
}

/// Answers the provider's ask over the channel.
///
/// # Safety
/// `context` must be the [`Channel`] of the running call, `request` readable for `length` bytes
/// and `reply` a valid sink.
unsafe extern "C" fn ask(
    context: *mut c_void,
    request: *const u8,
    length: usize,
    reply: Sink,
) -> i32 {
    if context.is_null() || request.is_null() || length > MESSAGE_MAX {
        return BROKEN;
    }
    // SAFETY: `context` is the channel that `call` lent out for its time, and the provider hands
    // it back unchanged; asks do not nest, so this is the only reference.
    let channel = unsafe { &mut *context.cast::<Channel>() };
    // SAFETY: promised by the caller.
    let request = unsafe { std::slice::from_raw_parts(request, length) };
    let answer = channel.ask(request);
    // SAFETY: the sink is promised to be valid, the answer is readable for its length.
    unsafe { (reply.write)(reply.context, answer.as_ptr(), answer.len()) };
    DONE
}

/// What a provider writes into a sink.
#[derive(Default)]
struct Collected {
    bytes: Vec<u8>,
    too_long: bool,
}

impl Collected {
    fn sink(&mut self) -> Sink {
        Sink {
            context: ptr::from_mut(self).cast(),
            write: collect,
        }
    }

    fn finish(self, status: i32) -> Result<Vec<u8>, CallError> {
        match status {
            DONE if self.too_long => Err(CallError::TooLong),
            DONE => Ok(self.bytes),
            other => Err(CallError::Status(other)),
        }
    }
}

/// Appends to a [`Collected`].
///
/// # Safety
/// `context` must be the [`Collected`] of the sink, `data` readable for `length` bytes.
unsafe extern "C" fn collect(context: *mut c_void, data: *const u8, length: usize) {
    if context.is_null() || data.is_null() || length == 0 {
        return;
    }
    // SAFETY: `context` comes from `Collected::sink` and is handed back unchanged while the
    // function that was given the sink runs; nothing else uses the value meanwhile.
    let collected = unsafe { &mut *context.cast::<Collected>() };
    if length > MESSAGE_MAX - collected.bytes.len() {
        collected.too_long = true;
        return;
    }
    // SAFETY: promised by the caller.
    collected
        .bytes
        .extend_from_slice(unsafe { std::slice::from_raw_parts(data, length) });
}
