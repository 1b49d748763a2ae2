//! Fault points: places where a test lets the process die, to see what the next one makes of it.
//!
//! They stand before each step that changes what is on disk (after it is before the next one). They
//! exist only with the feature `crash-points`, which no build for use has.

/// Says that a step is about to be taken. `BACKHAUL_CRASH_AT="3 rename"` has the process killed
/// before the third `rename`; the file named by `BACKHAUL_CRASH_TRACE` gets each step as a line.
#[cfg(feature = "crash-points")]
pub fn crash_point(step: &'static str) {
    use std::collections::BTreeMap;
    use std::io::Write;
    use std::sync::{Mutex, PoisonError};

    static TAKEN: Mutex<BTreeMap<&str, u64>> = Mutex::new(BTreeMap::new());
    // Held to the end: no other thread takes a step while this one dies.
    let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
    let count = taken.entry(step).or_default();
    *count += 1;
    let this = format!("{count} {step}");
    if let Some(trace) = std::env::var_os("BACKHAUL_CRASH_TRACE") {
        let file = std::fs::File::options()
            .create(true)
            .append(true)
            .open(trace);
        let _ = file.and_then(|mut file| writeln!(file, "{this}"));
    }
    if std::env::var("BACKHAUL_CRASH_AT").is_ok_and(|at| at == this) {
        // Nothing is flushed, no destructor runs.
        let _ =
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        loop {
            std::thread::park();
        }
    }
}

/// Nothing, in a build for use.
#[cfg(not(feature = "crash-points"))]
#[inline(always)]
pub fn crash_point(_: &'static str) {}
