//! How a new configuration comes into force, or is refused.

use std::sync::Arc;

use backhaul_config::{Config, Diff};

use super::{Supervisor, Verdict};
use crate::configuration::{self, ConfigError, Files};
use crate::event::Event;

/// Keys of `[daemon]` that a running daemon cannot take over.
const RESTART_KEYS: [&str; 6] = [
    "state_dir",
    "provider_path",
    "control_socket",
    "listen",
    "sandbox",
    "provider_timeout",
];

impl Supervisor {
    /// Reads the configuration if its files changed.
    pub(super) async fn look_again(&mut self) {
        match Files::read(&self.main) {
            Ok(files) if files == self.files && !self.unreadable => {}
            Ok(_) => {
                self.reload().await;
            }
            Err(error) => {
                self.unreadable = true;
                let problem = error.to_string();
                // Said once, not at every look.
                if self.board.state().config_problem.as_ref() != Some(&problem) {
                    self.refuse(problem);
                }
            }
        }
    }

    /// Reads, checks and applies the configuration on disk. On any error the old one stays.
    pub(super) async fn reload(&mut self) -> Verdict {
        let new = async {
            let files = Files::read(&self.main)?;
            let config = configuration::parse_and_check(&files, &self.context.libraries).await;
            Ok::<_, ConfigError>((files, config))
        };
        let new = new.await;
        self.unreadable = new.is_err();
        match new {
            Ok((files, Ok(config))) => {
                self.files = files;
                self.apply(config).await
            }
            Ok((files, Err(error))) => {
                // The same bad text is not refused again at every look.
                self.files = files;
                self.refuse(error.to_string())
            }
            Err(error) => self.refuse(error.to_string()),
        }
    }

    fn refuse(&mut self, problems: String) -> Verdict {
        tracing::error!(
            "the new configuration is refused, the old one stays in force:\n{problems}"
        );
        self.board.state().config_problem = Some(problems.clone());
        self.context.events.tell(Event::ConfigRefused {
            problems: problems.clone(),
        });
        Verdict::Refused { problems }
    }

    /// Applies a checked configuration as a difference: jobs that did not change are not touched.
    async fn apply(&mut self, config: Config) -> Verdict {
        let old = self.config();
        let diff = Config::diff(&old, &config);
        let config = Arc::new(config);
        self.config.send_replace(Arc::clone(&config));
        let now = self.context.now();
        let needs_restart: Vec<_> = diff
            .daemon
            .iter()
            .filter(|change| RESTART_KEYS.contains(&change.key.as_str()))
            .map(|change| format!("daemon.{}", change.key))
            .collect();
        {
            let mut state = self.board.state();
            state.config_problem = None;
            if !diff.is_empty() {
                state.generation += 1;
                state.config_applied_at = Some(now);
                state.needs_restart.extend(needs_restart.iter().cloned());
            }
        }
        self.apply_limits(&diff, &config);
        for job in &diff.jobs.removed {
            self.timetable.remove(job);
            self.stop_verifying(job);
            self.show_next(job);
            if let Some(running) = self.running.get(job) {
                running.cancel.cancel();
            }
        }
        for job in diff
            .jobs
            .added
            .iter()
            .chain(diff.jobs.changed.iter().map(|(job, _)| job))
        {
            self.stop_verifying(job);
            if let Some(running) = self.running.get_mut(job) {
                // What it has fetched is kept; it goes on under the new settings.
                running.cancel.cancel();
                running.again = true;
            }
            if let Some(job) = config.jobs.get(job) {
                // Times of another schedule have not been missed.
                self.remember_due(&job.name, now);
                self.enter(job, now).await;
            }
        }
        let words = if diff.is_empty() {
            String::new()
        } else {
            diff.to_string()
        };
        let changes: Vec<_> = words.lines().map(str::to_owned).collect();
        for change in &changes {
            tracing::info!("configuration: {change}");
        }
        for key in &needs_restart {
            tracing::warn!("configuration: {key} takes effect when Backhaul is started again");
        }
        self.context.events.tell(Event::ConfigApplied {
            changes: changes.clone(),
        });
        Verdict::Applied {
            changes,
            needs_restart,
        }
    }

    fn apply_limits(&self, diff: &Diff, config: &Config) {
        self.context.limits.apply(config);
        self.context.routes.apply(&config.daemon);
        for account in diff
            .accounts
            .removed
            .iter()
            .chain(diff.accounts.changed.iter().map(|(name, _)| name))
        {
            self.context.forget_limits(account);
        }
    }
}
