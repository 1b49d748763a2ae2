//! Progress of passes: bars on a terminal, lines elsewhere, nothing but the result for programs.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::time::Duration;

use backhaul_config::JobName;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::output::say;
use super::table::size;
use crate::catalog::record::{Outcome, RunRecord};
use crate::event::Event;

/// Shows what passes do.
pub struct Progress {
    silent: bool,
    screen: Option<MultiProgress>,
    bars: BTreeMap<JobName, ProgressBar>,
    runs: Vec<RunRecord>,
}

impl Progress {
    /// Silent for programs; with bars where standard error is a terminal.
    pub fn new(silent: bool) -> Self {
        let terminal = !silent && std::io::stderr().is_terminal();
        Self {
            silent,
            screen: terminal.then(MultiProgress::new),
            bars: BTreeMap::new(),
            runs: Vec::new(),
        }
    }

    /// Shows one event.
    pub fn show(&mut self, event: &Event) {
        match event {
            Event::PassStarted { job } => self.start(job),
            Event::Listed {
                job,
                listed,
                to_fetch,
                bytes,
            } => {
                if let Some(bar) = self.bars.get(job) {
                    bar.set_length(*bytes);
                }
                let about = if *bytes > 0 {
                    format!(", about {}", size(*bytes))
                } else {
                    String::new()
                };
                self.say(&format!(
                    "{job}: {listed} backups listed, {to_fetch} to fetch{about}"
                ));
            }
            Event::FetchStarted { job, name, .. } => {
                if let Some(bar) = self.bars.get(job) {
                    bar.set_message(name.clone());
                }
            }
            Event::Received { job, bytes, .. } => {
                if let Some(bar) = self.bars.get(job) {
                    bar.inc(*bytes);
                }
            }
            Event::Waiting { job, reason, .. } => self.say(&format!("{job}: waiting: {reason}")),
            Event::Mirrored {
                job,
                path,
                bytes,
                suspect,
                repaired,
                ..
            } => {
                let word = if *repaired { "repaired" } else { "mirrored" };
                self.say(&format!("{job}: {word} {path} ({})", size(*bytes)));
                for reason in suspect {
                    self.say(&format!("{job}:   suspect: {reason}"));
                }
            }
            Event::BackupFailed { job, error, id } => {
                self.say(&format!("{job}: backup {id} failed: {error}"));
            }
            Event::Damaged {
                job, path, damage, ..
            } => {
                self.say(&format!("{job}: DAMAGED {path}: {}", damage.join("; ")));
            }
            Event::Verified { .. } => {}
            Event::PassEnded { run } => self.end(run),
            Event::ConfigApplied { .. } | Event::ConfigRefused { .. } => {}
        }
    }

    /// Remembers how a pass ended.
    pub fn ended(&mut self, run: RunRecord) {
        self.runs.push(run);
    }

    /// Ends the bars; the runs that were seen.
    pub fn finish(self) -> Vec<RunRecord> {
        self.runs
    }

    fn start(&mut self, job: &JobName) {
        let Some(screen) = &self.screen else { return };
        let style = ProgressStyle::with_template(
            "{prefix} {bar:30} {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec} {eta} {wide_msg}",
        );
        let bar = screen.add(ProgressBar::new(0).with_prefix(job.to_string()));
        if let Ok(style) = style {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(250));
        self.bars.insert(job.clone(), bar);
    }

    fn end(&mut self, run: &RunRecord) {
        if let Some(bar) = self.bars.remove(&run.job) {
            bar.finish_and_clear();
        }
        let RunRecord {
            job,
            mirrored,
            known,
            received_bytes,
            ..
        } = run;
        let word = match run.outcome {
            Outcome::Success => "done",
            Outcome::Failed => "failed",
            Outcome::Stopped => "stopped",
        };
        let bytes = size(*received_bytes);
        self.say(&format!(
            "{job}: {word}: {mirrored} mirrored ({bytes} received), {known} known already"
        ));
        for what in &run.passed_over {
            self.say(&format!("{job}:   passed over: {what}"));
        }
        for warning in &run.warnings {
            self.say(&format!("{job}:   warning: {warning}"));
        }
        for error in &run.errors {
            self.say(&format!("{job}:   error: {error}"));
        }
    }

    fn say(&self, line: &str) {
        match &self.screen {
            _ if self.silent => {}
            Some(screen) => {
                // A terminal that went away is no reason to stop.
                let _ = screen.println(line);
            }
            None => say!("{line}"),
        }
    }
}
