//! Turns a Rust [`Provider`] into the exported C functions. The only unsafe file of this crate.

use std::any::Any;
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::abi::{BROKEN, DONE, HostTable, Sink};
use crate::message::{Ask, Operation, Outcome};
use crate::{Account, Error, Host, HttpRequest, HttpResponse, LogLevel, Provider, Timestamp};

/// Exports a type that implements [`Provider`] as the provider of this library.
///
/// Use it once, in a crate of type `cdylib`.
#[macro_export]
macro_rules! export_provider {
    ($provider:ty) => {
        static BACKHAUL_PROVIDER_TABLE: $crate::abi::Table = $crate::abi::Table {
            size: ::core::mem::size_of::<$crate::abi::Table>(),
            major: $crate::abi::MAJOR,
            minor: $crate::abi::MINOR,
            describe: $crate::__describe::<$provider>,
            open: $crate::__open::<$provider>,
            call: $crate::__call::<$provider>,
            close: $crate::__close::<$provider>,
        };

        /// The entry point that the Backhaul provider host looks up.
        #[unsafe(no_mangle)]
        pub extern "C" fn backhaul_provider_entry(major: u32) -> *const $crate::abi::Table {
            // 0 asks which version the library was built for.
            if major == 0 || major == $crate::abi::MAJOR {
                &raw const BACKHAUL_PROVIDER_TABLE
            } else {
                ::core::ptr::null()
            }
        }
    };
}

/// # Safety
/// `reply` must be a valid sink.
#[doc(hidden)]
pub unsafe extern "C" fn __describe<P: Provider>(reply: Sink) -> i32 {
    let outcome = guard(|| Ok(P::describe()));
    // SAFETY: the caller promises a valid sink.
    unsafe { write(reply, &outcome) }
}

/// # Safety
/// `account` must point to `length` readable bytes, `reply` must be a valid sink and `session`
/// must be writable.
#[doc(hidden)]
pub unsafe extern "C" fn __open<P: Provider>(
    account: *const u8,
    length: usize,
    reply: Sink,
    session: *mut *mut c_void,
) -> i32 {
    // SAFETY: the caller promises `length` readable bytes.
    let bytes = unsafe { borrow(account, length) };
    let opened = guard(|| P::open(parse::<Account>(bytes, "account")?));
    let outcome = match opened {
        Outcome::Ok(provider) => {
            // SAFETY: the caller promises a writable `session`; the box comes back in `__close`.
            unsafe { *session = Box::into_raw(Box::new(provider)).cast() };
            Outcome::Ok(())
        }
        Outcome::Error(error) => Outcome::Error(error),
    };
    // SAFETY: the caller promises a valid sink.
    unsafe { write(reply, &outcome) }
}

/// # Safety
/// `session` must come from `__open` of the same provider and not be in use; `host` must be a
/// valid table; `request` must point to `length` readable bytes; `reply` must be a valid sink.
#[doc(hidden)]
pub unsafe extern "C" fn __call<P: Provider>(
    session: *mut c_void,
    host: *const HostTable,
    request: *const u8,
    length: usize,
    reply: Sink,
) -> i32 {
    if session.is_null() || host.is_null() {
        return BROKEN;
    }
    // SAFETY: `session` is the box of `__open`, and no other call uses it meanwhile.
    let provider = unsafe { &mut *session.cast::<P>() };
    // SAFETY: the caller promises a valid table for the time of the call.
    let host = CHost {
        table: unsafe { &*host },
    };
    // SAFETY: the caller promises `length` readable bytes.
    let bytes = unsafe { borrow(request, length) };
    let outcome = guard(|| perform(provider, &host, parse::<Operation>(bytes, "operation")?));
    // SAFETY: the caller promises a valid sink.
    unsafe { write(reply, &outcome) }
}

/// # Safety
/// `session` must come from `__open` of the same provider and never be used again.
#[doc(hidden)]
pub unsafe extern "C" fn __close<P: Provider>(session: *mut c_void) {
    if !session.is_null() {
        // SAFETY: the box of `__open`, given back once.
        let provider = unsafe { Box::from_raw(session.cast::<P>()) };
        let _ = catch_unwind(AssertUnwindSafe(|| drop(provider)));
    }
}

fn perform<P: Provider>(
    provider: &mut P,
    host: &dyn Host,
    operation: Operation,
) -> Result<serde_json::Value, Error> {
    match operation {
        Operation::Instances(request) => to_value(provider.instances(host, request)?),
        Operation::List(request) => to_value(provider.list(host, request)?),
        Operation::Prepare(request) => to_value(provider.prepare(host, request)?),
        Operation::Poll(request) => to_value(provider.poll(host, request)?),
        Operation::Release(request) => to_value(provider.release(host, request)?),
        Operation::Resolve(request) => to_value(provider.resolve(host, request)?),
        Operation::Secrets(request) => to_value(provider.secrets(host, request)?),
    }
}

fn to_value(value: impl Serialize) -> Result<serde_json::Value, Error> {
    serde_json::to_value(value)
        .map_err(|error| Error::permanent(format!("the answer cannot be written as JSON: {error}")))
}

fn parse<T: DeserializeOwned>(bytes: &[u8], what: &str) -> Result<T, Error> {
    serde_json::from_slice(bytes).map_err(|error| {
        Error::unsupported(format!(
            "the provider does not understand the {what}: {error}"
        ))
    })
}

/// Runs provider code; a panic becomes a permanent error.
fn guard<T>(run: impl FnOnce() -> Result<T, Error>) -> Outcome<T> {
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(result) => result.into(),
        Err(panic) => Outcome::Error(Error::permanent(format!(
            "the provider panicked: {}",
            text(&*panic)
        ))),
    }
}

fn text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message")
}

/// # Safety
/// `data` must point to `length` readable bytes that outlive the use of the result, or be null
/// with a length of 0.
unsafe fn borrow<'a>(data: *const u8, length: usize) -> &'a [u8] {
    if data.is_null() || length == 0 {
        return &[];
    }
    // SAFETY: promised by the caller.
    unsafe { std::slice::from_raw_parts(data, length) }
}

/// # Safety
/// `sink` must be valid.
unsafe fn write<T: Serialize>(sink: Sink, outcome: &Outcome<T>) -> i32 {
    let Ok(bytes) = serde_json::to_vec(outcome) else {
        return BROKEN;
    };
    // SAFETY: `bytes` is readable for its length, the sink is promised to be valid.
    unsafe { (sink.write)(sink.context, bytes.as_ptr(), bytes.len()) };
    DONE
}

/// The host as a provider sees it: asks over the C table.
struct CHost<'a> {
    table: &'a HostTable,
}

impl CHost<'_> {
    fn ask<T: DeserializeOwned>(&self, ask: &Ask) -> Result<T, Error> {
        unsafe extern "C" fn collect(context: *mut c_void, data: *const u8, length: usize) {
            // SAFETY: `context` is the vector of `ask` below, alive for the whole call; the host
            // promises `length` readable bytes.
            let (reply, bytes) = unsafe { (&mut *context.cast::<Vec<u8>>(), borrow(data, length)) };
            reply.extend_from_slice(bytes);
        }
        let request = serde_json::to_vec(ask)
            .map_err(|error| Error::permanent(format!("a question to the host: {error}")))?;
        let mut reply: Vec<u8> = Vec::new();
        let sink = Sink {
            context: (&raw mut reply).cast(),
            write: collect,
        };
        // SAFETY: the table is valid for the time of the call, the request is readable, and the
        // sink's vector outlives the call.
        let status =
            unsafe { (self.table.ask)(self.table.context, request.as_ptr(), request.len(), sink) };
        if status != DONE {
            return Err(Error::temporary("the host did not answer"));
        }
        serde_json::from_slice::<Outcome<T>>(&reply)
            .map_err(|error| Error::permanent(format!("the host's answer: {error}")))?
            .into()
    }
}

impl Host for CHost<'_> {
    fn send(&self, request: HttpRequest) -> Result<HttpResponse, Error> {
        self.ask(&Ask::Send(request))
    }

    fn now(&self) -> Timestamp {
        // The host always knows the time; the epoch makes a broken one visible in signatures.
        self.ask(&Ask::Now).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    fn random(&self, count: usize) -> Vec<u8> {
        self.ask(&Ask::Random(count)).unwrap_or_default()
    }

    fn log(&self, level: LogLevel, message: &str) {
        let line = Ask::Log {
            level,
            message: message.to_owned(),
        };
        let _: Result<(), Error> = self.ask(&line);
    }
}
