//! Daemon, account and job as keys with values in words.
//!
//! Every type is taken apart completely, so that a new field cannot be forgotten here.

use std::{fmt::Display, time::Duration};

use backhaul_provider_api::Network;

use super::{Setting, Settings};
use crate::{Account, Daemon, Job, Limits, Missed, Retention, Sandbox, SecretRef, duration};

impl Daemon {
    pub(super) fn settings(&self) -> Settings {
        let Daemon {
            state_dir,
            provider_path,
            control_socket,
            listen,
            max_downloads,
            connections_per_file,
            max_connections,
            bandwidth,
            zone,
            stall_timeout,
            min_speed,
            file_timeout,
            retry_pause,
            reserve,
            space_timeout,
            verify_rate,
            proxy,
            ca_file,
            sandbox,
            provider_timeout,
            stop_timeout,
        } = self;
        let mut words = Words::default();
        words.set("state_dir", state_dir.display());
        words.list(
            "provider_path",
            provider_path.iter().map(|path| path.display()),
        );
        words.set("control_socket", control_socket.display());
        words.maybe("listen", listen.as_ref());
        words.set("max_downloads", max_downloads);
        words.set("connections_per_file", connections_per_file);
        words.set("max_connections", max_connections);
        words.maybe("bandwidth", bandwidth.as_ref());
        words.set("timezone", zone.name());
        words.duration("stall_timeout", Some(*stall_timeout));
        words.maybe("min_speed", min_speed.as_ref());
        words.duration("file_timeout", *file_timeout);
        words.duration("retry_pause", Some(*retry_pause));
        words.set("reserve", reserve);
        words.duration("space_timeout", Some(*space_timeout));
        words.set("verify_rate", verify_rate);
        words.maybe("proxy", proxy.as_ref());
        words.maybe("ca_file", ca_file.as_ref().map(|path| path.display()));
        let sandbox = match sandbox {
            Sandbox::Require => "require",
            Sandbox::Prefer => "prefer",
        };
        words.set("sandbox", sandbox);
        words.duration("provider_timeout", Some(*provider_timeout));
        words.duration("stop_timeout", Some(*stop_timeout));
        words.settings
    }
}

impl Account {
    pub(super) fn settings(&self) -> Settings {
        let Account {
            name: _,
            provider,
            region,
            credentials,
            endpoint,
            link_hosts,
            rate,
            allow_http,
            limits,
            proxy,
        } = self;
        let mut words = Words::default();
        words.set("provider", provider);
        words.maybe("region", region.as_ref());
        for (name, reference) in credentials {
            words.secret(&format!("credentials.{name}"), reference);
        }
        for (service, endpoint) in endpoint {
            words.set(&format!("endpoint.{service}"), endpoint);
        }
        words.list("link_hosts", link_hosts);
        words.maybe("rate", rate.as_ref());
        words.set("allow_http", allow_http);
        words.limits(limits);
        words.maybe("proxy", proxy.as_ref());
        words.settings
    }
}

impl Job {
    pub(super) fn settings(&self) -> Settings {
        let Job {
            name: _,
            account,
            service,
            region,
            instances,
            exclude,
            kinds,
            schedule,
            zone,
            network,
            directory,
            max_age,
            retention,
            verify_within,
            limits,
            options,
            missed,
            jitter,
        } = self;
        let mut words = Words::default();
        words.set("account", account);
        words.set("service", service);
        words.maybe("region", region.as_ref());
        words.list("instances", instances);
        words.list("exclude", exclude);
        words.list("kinds", kinds);
        words.maybe(
            "schedule",
            schedule.as_ref().map(|schedule| schedule.pattern()),
        );
        words.set("timezone", zone.name());
        let network = match network {
            Network::Public => "public",
            Network::Intranet => "intranet",
            Network::Auto => "auto",
        };
        words.set("network", network);
        words.set("directory", directory.display());
        words.duration("max_age", *max_age);
        words.retention(retention);
        words.duration("verify_within", *verify_within);
        words.limits(limits);
        for (key, value) in options.as_object().into_iter().flatten() {
            words.set(&format!("options.{key}"), value);
        }
        let missed = match missed {
            Missed::RunOnce => "run_once",
            Missed::Skip => "skip",
        };
        words.set("missed", missed);
        words.duration("jitter", Some(*jitter));
        words.settings
    }
}

#[derive(Default)]
struct Words {
    settings: Settings,
}

impl Words {
    fn set(&mut self, key: &str, value: impl Display) {
        let setting = Setting {
            words: value.to_string(),
            hidden: Vec::new(),
        };
        self.settings.insert(key.to_owned(), setting);
    }

    fn maybe(&mut self, key: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.set(key, value);
        }
    }

    fn list(&mut self, key: &str, values: impl IntoIterator<Item = impl Display>) {
        let values: Vec<String> = values.into_iter().map(|value| value.to_string()).collect();
        if !values.is_empty() {
            self.set(key, format!("[{}]", values.join(", ")));
        }
    }

    fn duration(&mut self, key: &str, value: Option<Duration>) {
        self.maybe(key, value.map(duration::format));
    }

    fn retention(&mut self, retention: &Retention) {
        if *retention != Retention::default() {
            self.set("retention", retention);
        }
    }

    fn limits(&mut self, limits: &Limits) {
        let Limits {
            max_downloads,
            max_connections,
            bandwidth,
            quota,
        } = limits;
        self.maybe("limits.max_downloads", max_downloads.as_ref());
        self.maybe("limits.max_connections", max_connections.as_ref());
        self.maybe("limits.bandwidth", bandwidth.as_ref());
        self.maybe("limits.quota", quota.as_ref());
    }

    /// The arguments of a command may be secrets, so only a difference in them shows.
    fn secret(&mut self, key: &str, reference: &SecretRef) {
        self.set(key, reference);
        if let (SecretRef::Command(words), Some(setting)) = (reference, self.settings.get_mut(key))
        {
            setting.hidden.clone_from(words);
        }
    }
}
