//! Probes of the sandbox, and the harm that safe code cannot do.
//!
//! The only `unsafe` of this crate, and all of it means harm: it runs in a provider process, which
//! is made for that.

use std::fs::{self, File};
use std::io::{self, Write};
use std::mem::ManuallyDrop;
use std::net::TcpStream;
use std::os::fd::FromRawFd;
use std::process::Command;

use backhaul_provider_api::Error;

/// What came of something that a sandbox must refuse.
pub struct Probe(io::Result<()>);

impl Probe {
    /// Reads a file.
    pub fn open_file(path: &str) -> Self {
        Self(File::open(path).map(drop))
    }

    /// Writes a file.
    pub fn write_file(path: &str) -> Self {
        Self(File::create(path).map(drop))
    }

    /// Lists a directory.
    pub fn list_folder(path: &str) -> Self {
        Self(fs::read_dir(path).map(drop))
    }

    /// Connects to a TCP port.
    pub fn connect(address: &str) -> Self {
        Self(TcpStream::connect(address).map(drop))
    }

    /// Starts a program.
    pub fn execute(program: &str) -> Self {
        Self(Command::new(program).spawn().map(drop))
    }

    /// Starts a thread.
    pub fn thread() -> Self {
        Self(std::thread::Builder::new().spawn(|| ()).map(drop))
    }

    /// Starts a process.
    pub fn fork() -> Self {
        // SAFETY: should it work after all, the child does nothing but end.
        let child = unsafe { libc::fork() };
        if child == 0 {
            // SAFETY: ends this process at once.
            unsafe { libc::_exit(0) };
        }
        Self::of(child)
    }

    /// Asks whether the parent may be signalled.
    pub fn signal_parent() -> Self {
        // SAFETY: signal 0 only asks whether the process may be signalled.
        Self::of(unsafe { libc::kill(libc::getppid(), 0) })
    }

    /// Maps memory for new code.
    pub fn executable_memory() -> Self {
        // SAFETY: a fresh anonymous mapping that nothing uses.
        let mapped = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                4096,
                libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        Self::of(if mapped == libc::MAP_FAILED { -1 } else { 0 })
    }

    fn of(status: i32) -> Self {
        Self(if status == -1 {
            Err(io::Error::last_os_error())
        } else {
            Ok(())
        })
    }

    /// An error of the contract that tells the outcome.
    pub fn report(self) -> Result<(), Error> {
        Err(Error::permanent(match self.0 {
            Ok(()) => "allowed".to_owned(),
            Err(error) => format!("refused: {error}"),
        }))
    }
}

/// Writes to address zero.
pub fn write_to_nowhere() -> ! {
    // SAFETY: none; the segmentation fault is the purpose.
    unsafe { std::ptr::null_mut::<u8>().write_volatile(1) };
    std::process::abort()
}

/// Closes the connection to the daemon, which is the standard input and one copy of it.
pub fn hang_up() -> ! {
    for descriptor in 0..16 {
        // SAFETY: what the descriptors are used for does not matter any more.
        unsafe { libc::close(descriptor) };
    }
    loop {
        std::hint::spin_loop();
    }
}

/// Writes an answer behind the host's back, and ends.
pub fn write_answer(json: &[u8]) -> ! {
    const ANSWER: u8 = 4;
    let mut frame = (json.len() as u32).to_be_bytes().to_vec();
    frame.push(ANSWER);
    frame.extend_from_slice(json);
    write_frame(&frame)
}

/// Writes raw bytes to the daemon behind the host's back, and waits for the daemon's reaction.
pub fn write_frame(bytes: &[u8]) -> ! {
    // SAFETY: the standard input is the connection to the daemon; `ManuallyDrop` leaves it open.
    let mut connection = ManuallyDrop::new(unsafe { File::from_raw_fd(0) });
    let _ = connection.write_all(bytes);
    loop {
        std::hint::spin_loop();
    }
}
