//! A MariaDB server that makes a physical backup and writes binary logs.

use std::path::Path;
use std::process::{Child, Stdio};

use chrono::{DateTime, TimeDelta, Utc};

use super::super::live::{History, Made, to_the_second};
use super::super::{RestoreError, Scratch, failed, run};
use super::{Tools, socket, stop, wait_until_ready};

struct Source<'a> {
    tools: &'a Tools,
    scratch: Scratch,
    process: Child,
}

/// Makes a history in an empty folder, as for [`Server`](super::Server): table `event` of the
/// database `shop` with rows 1 to 300. The backup ends in the middle of the first log, and the
/// changes have times a minute apart: logs are cut at whole seconds.
///
/// # Errors
/// When one of MariaDB's programs fails; its message is in the error.
pub fn history(tools: &Tools, scratch: &Path) -> Result<History, RestoreError> {
    let mut source = Source::start(tools, Scratch::new(scratch)?)?;
    wait_until_ready(&mut source.process)?;
    source.make()
}

impl<'a> Source<'a> {
    fn start(tools: &'a Tools, scratch: Scratch) -> Result<Self, RestoreError> {
        let data = scratch.folder("data")?;
        let at_data = format!("--datadir={}", data.display());
        run(scratch
            .command(Path::new("mariadb-install-db"))
            .args([
                "--no-defaults",
                "--skip-test-db",
                "--innodb-log-file-size=4M",
            ])
            .args(["--auth-root-authentication-method=normal", &at_data]))?;
        let process = scratch
            .command(&tools.server)
            .args(["--no-defaults", &at_data])
            .arg(format!("--socket={}", socket(&scratch).display()))
            .args(["--skip-networking", "--server-id=1", "--log-bin=mysql-bin"])
            .args(["--binlog-format=ROW", "--innodb-log-file-size=4M"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|source| RestoreError::Start {
                program: tools.server.clone(),
                source,
            })?;
        Ok(Self {
            tools,
            scratch,
            process,
        })
    }

    fn make(&self) -> Result<History, RestoreError> {
        let begun = to_the_second(Utc::now());
        self.sql("create database shop; create table shop.event (id int primary key)")?;
        self.insert(1, 100, begun)?;
        let stream = self.scratch.path.join("full.xbstream");
        let file = std::fs::File::create(&stream).map_err(failed("create", &stream))?;
        run(self
            .scratch
            .command(&self.tools.backup)
            .args([
                "--no-defaults",
                "--backup",
                "--stream=xbstream",
                "--user=root",
            ])
            .arg(format!("--socket={}", socket(&self.scratch).display()))
            .arg(format!(
                "--target-dir={}",
                self.scratch.path.join("tmp").display()
            ))
            .stdout(Stdio::from(file)))?;
        let minute = |count| begun + TimeDelta::minutes(count);
        let full = Made {
            file: stream,
            begun,
            ended: minute(1),
        };
        let flush = "flush binary logs";
        self.insert(101, 150, minute(2))?;
        self.sql(flush)?;
        self.insert(151, 200, minute(3))?;
        self.sql(flush)?;
        self.insert(201, 300, minute(5))?;
        self.sql(flush)?;
        let log = |number: u32, begun, ended| Made {
            file: self
                .scratch
                .path
                .join(format!("data/mysql-bin.{number:06}")),
            begun,
            ended,
        };
        Ok(History {
            full,
            logs: vec![
                log(1, begun, minute(2)),
                log(2, minute(2), minute(3)),
                log(3, minute(5), minute(6)),
            ],
            between: minute(4),
        })
    }

    fn insert(&self, first: u32, last: u32, at: DateTime<Utc>) -> Result<String, RestoreError> {
        self.sql(&format!(
            "set timestamp = {}; insert into shop.event select seq from shop.seq_{first}_to_{last}",
            at.timestamp()
        ))
    }

    fn sql(&self, statement: &str) -> Result<String, RestoreError> {
        run(self
            .scratch
            .command(&self.tools.client)
            .args(["--no-defaults", "--user=root", "--batch", "-N"])
            .arg(format!("--socket={}", socket(&self.scratch).display()))
            .args(["-e", statement]))
    }
}

impl Drop for Source<'_> {
    fn drop(&mut self) {
        stop(&mut self.process);
    }
}
