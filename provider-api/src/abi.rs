//! The C boundary: one exported function that returns a table of four.
//!
//! `include/backhaul_provider.h` says the same in C. All data are JSON bytes ([`crate::message`]).
//! No memory changes its owner: input is borrowed for the time of a call, output is written into
//! the caller's [`Sink`]. A session is used by one thread only.
//!
//! Version negotiation: the host calls the entry with each major version it speaks, newest first,
//! until it gets a table. For version 0, which is never a contract, every library returns a
//! [`Table`] of which only `size`, `major` and `minor` count: the newest contract it was built for.

use std::ffi::c_void;

/// The exported symbol, as a C string without its end.
pub const ENTRY_SYMBOL: &str = "backhaul_provider_entry";

/// The contract's major version that this crate describes.
pub const MAJOR: u32 = 1;

/// The contract's minor version: counts the additions.
pub const MINOR: u32 = 0;

/// The largest JSON message that either side accepts, in bytes.
pub const MESSAGE_MAX: usize = 32 << 20;

/// What `describe`, `open`, `call` and `ask` return when an outcome was written into the sink.
pub const DONE: i32 = 0;

/// What they return when nothing useful was written: a broken argument or a panic.
pub const BROKEN: i32 = 1;

/// Takes bytes out of a call. May be called several times; the pieces are joined.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Sink {
    /// Handed back to `write`.
    pub context: *mut c_void,
    /// Copies `length` bytes from `data`.
    pub write: unsafe extern "C" fn(context: *mut c_void, data: *const u8, length: usize),
}

/// What a provider may call while one of its functions runs.
#[repr(C)]
pub struct HostTable {
    /// The size of this struct in bytes, as the host knows it.
    pub size: usize,
    /// Handed back to `ask`.
    pub context: *mut c_void,
    /// Answers one [`Ask`](crate::message::Ask).
    pub ask: unsafe extern "C" fn(
        context: *mut c_void,
        request: *const u8,
        length: usize,
        reply: Sink,
    ) -> i32,
}

/// A provider's functions. Fields are only ever added at the end; `size` tells how many there are.
#[repr(C)]
pub struct Table {
    /// The size of this struct in bytes, as the library knows it.
    pub size: usize,
    /// The major version of the contract that the functions speak.
    pub major: u32,
    /// The minor version the library was built for.
    pub minor: u32,
    /// Writes a [`Description`](crate::Description).
    pub describe: unsafe extern "C" fn(reply: Sink) -> i32,
    /// Takes an [`Account`](crate::Account) and begins a session; writes an outcome of null.
    pub open: unsafe extern "C" fn(
        account: *const u8,
        length: usize,
        reply: Sink,
        session: *mut *mut c_void,
    ) -> i32,
    /// Carries out one [`Operation`](crate::message::Operation); writes its outcome.
    pub call: unsafe extern "C" fn(
        session: *mut c_void,
        host: *const HostTable,
        request: *const u8,
        length: usize,
        reply: Sink,
    ) -> i32,
    /// Ends a session.
    pub close: unsafe extern "C" fn(session: *mut c_void),
}

/// The type of the exported function.
pub type Entry = unsafe extern "C" fn(major: u32) -> *const Table;
