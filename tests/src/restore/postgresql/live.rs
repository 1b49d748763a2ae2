//! A PostgreSQL server that makes a base backup and archives its WAL.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use chrono::{TimeDelta, Utc};

use super::super::live::{History, Made, to_the_second};
use super::super::{RestoreError, Scratch, failed, run};
use super::Tools;

struct Source<'a> {
    tools: &'a Tools,
    scratch: Scratch,
}

/// Makes a history in an empty folder, as for [`Server`](super::Server): table `event` with rows 1
/// to 300.
///
/// # Errors
/// When one of PostgreSQL's programs fails; its message is in the error.
pub fn history(tools: &Tools, scratch: &Path) -> Result<History, RestoreError> {
    let source = Source::start(tools, Scratch::new(scratch)?)?;
    let made = source.make();
    // Waits for the archiver.
    let stopped = run(source.control().args(["-m", "fast", "stop"]));
    let made = made?;
    stopped?;
    Ok(made)
}

impl<'a> Source<'a> {
    fn start(tools: &'a Tools, scratch: Scratch) -> Result<Self, RestoreError> {
        let data = scratch.folder("data")?;
        let archive = scratch.folder("archive")?;
        // Segments of 1 MiB are quickly written.
        run(scratch
            .command(&tools.path("initdb"))
            .args([
                "-U",
                "postgres",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C",
                "-N",
            ])
            .args(["--wal-segsize=1", "-D"])
            .arg(&data))?;
        let settings = format!(
            "listen_addresses = ''\nunix_socket_directories = '{}'\nfsync = off\nautovacuum = off\n\
             archive_mode = on\narchive_command = 'cp %p {}/%f'\nshared_preload_libraries = ''\n",
            scratch.path.display(),
            archive.display()
        );
        let path = data.join("postgresql.conf");
        OpenOptions::new()
            .append(true)
            .open(&path)
            .and_then(|mut file| file.write_all(settings.as_bytes()))
            .map_err(failed("append to", &path))?;
        let source = Self { tools, scratch };
        let log = source.scratch.path.join("source.log");
        run(source.control().arg("-l").arg(log).arg("start"))?;
        Ok(source)
    }

    fn make(&self) -> Result<History, RestoreError> {
        self.sql("create table event (id int primary key)")?;
        self.insert(1, 100)?;
        let begun = to_the_second(Utc::now());
        let base = self.scratch.path.join("base");
        run(self
            .scratch
            .command(&self.tools.path("pg_basebackup"))
            .arg("-h")
            .arg(&self.scratch.path)
            .args([
                "-U", "postgres", "-Ft", "-z", "-X", "fetch", "-c", "fast", "-D",
            ])
            .arg(&base))?;
        let full = Made {
            file: base.join("base.tar.gz"),
            begun,
            ended: to_the_second(Utc::now()),
        };
        self.insert(101, 200)?;
        let first = self.switch()?;
        let between = Utc::now();
        self.insert(201, 300)?;
        let second = self.switch()?;
        let middle = to_the_second(between);
        let log = |file, begun, ended| Made { file, begun, ended };
        Ok(History {
            logs: vec![
                log(first, full.ended, middle),
                log(second, middle, middle + TimeDelta::minutes(1)),
            ],
            full,
            between,
        })
    }

    fn insert(&self, first: u32, last: u32) -> Result<String, RestoreError> {
        self.sql(&format!(
            "insert into event select generate_series({first}, {last})"
        ))
    }

    /// Ends the WAL segment that is being written; where it will be archived.
    fn switch(&self) -> Result<PathBuf, RestoreError> {
        let name = self.sql("select pg_walfile_name(pg_switch_wal())")?;
        Ok(self.scratch.path.join("archive").join(name.trim()))
    }

    fn sql(&self, statement: &str) -> Result<String, RestoreError> {
        run(self
            .scratch
            .command(&self.tools.path("psql"))
            .args([
                "-X",
                "-q",
                "-At",
                "-v",
                "ON_ERROR_STOP=1",
                "-U",
                "postgres",
                "-d",
                "postgres",
            ])
            .arg("-h")
            .arg(&self.scratch.path)
            .args(["-c", statement]))
    }

    fn control(&self) -> std::process::Command {
        let mut command = self.scratch.command(&self.tools.path("pg_ctl"));
        command
            .arg("-w")
            .arg("-D")
            .arg(self.scratch.path.join("data"));
        command
    }
}

impl Drop for Source<'_> {
    fn drop(&mut self) {
        if fs::exists(self.scratch.path.join("data/postmaster.pid")).unwrap_or(false) {
            // Something failed before; the first error is the one to tell.
            let _ = run(self.control().args(["-m", "immediate", "stop"]));
        }
    }
}
