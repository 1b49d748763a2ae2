//! Where log lines go and what they look like.
//!
//! Only Backhaul's own lines follow the chosen level: libraries stay at warnings, because an HTTP
//! library at its most verbose would print signed links. Every line passes the redactor besides.

use std::io::{self, IsTerminal};

use clap::ValueEnum;
use tracing::Level;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::redact::{Redactor, Scrubbed};

/// What a log line looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For the journal under systemd, else text.
    #[default]
    Auto,
    /// One line of text with time and level.
    Text,
    /// One JSON object a line.
    Json,
    /// Text without time, with the priority prefix that the journal understands.
    Journal,
}

/// Begins to log to standard error.
pub fn init(format: LogFormat, level: Level) {
    let filter = format!("warn,backhaul={level},backhaul_config={level}");
    let builder = tracing_subscriber::fmt().with_env_filter(EnvFilter::new(filter));
    let redactor = Redactor::global().clone();
    match format.resolve() {
        LogFormat::Json => {
            builder
                .json()
                .with_writer(Scrubbed::new(io::stderr, redactor))
                .init();
        }
        LogFormat::Journal => builder
            .without_time()
            .with_level(false)
            .with_target(false)
            .with_ansi(false)
            .with_writer(Scrubbed::new(Prioritised, redactor))
            .init(),
        LogFormat::Auto | LogFormat::Text => builder
            .with_target(false)
            .with_ansi(io::stderr().is_terminal())
            .with_writer(Scrubbed::new(io::stderr, redactor))
            .init(),
    }
}

impl LogFormat {
    fn resolve(self) -> Self {
        let journal = std::env::var_os("JOURNAL_STREAM").is_some() && !io::stderr().is_terminal();
        match self {
            Self::Auto if journal => Self::Journal,
            Self::Auto => Self::Text,
            chosen => chosen,
        }
    }
}

/// Writes each event behind its priority, as `sd-daemon(3)` describes: `<3>` is an error.
#[derive(Clone, Copy, Debug)]
struct Prioritised;

impl<'a> MakeWriter<'a> for Prioritised {
    type Writer = Prefixed;

    fn make_writer(&'a self) -> Prefixed {
        Prefixed("<6>")
    }

    fn make_writer_for(&'a self, meta: &tracing::Metadata<'_>) -> Prefixed {
        Prefixed(match *meta.level() {
            Level::ERROR => "<3>",
            Level::WARN => "<4>",
            Level::INFO => "<6>",
            Level::DEBUG | Level::TRACE => "<7>",
        })
    }
}

struct Prefixed(&'static str);

impl io::Write for Prefixed {
    /// Gets one event at a time from the redactor; each of its lines needs the prefix.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let mut stderr = io::stderr().lock();
        for line in event.split_inclusive(|byte| *byte == b'\n') {
            stderr.write_all(self.0.as_bytes())?;
            stderr.write_all(line)?;
        }
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
