//! A provider that misbehaves on request.
//!
//! Provider `fault`, service `faults`. What it does is chosen by the job's `options`:
//!
//! - `mode`: a `Fault` of `fault.rs`, or `ok` (the default) for the scripted vendor of `script.rs`;
//! - `during`: the operation in which a fault strikes (`list` by default), or `open`;
//! - the rest is the script: backups, files, preparation (see `options.rs`), or a `series` of many.
//!
//! It serves two kinds of tests: that the daemon survives whatever a provider does, and that a
//! whole pass of the daemon works without any cloud.

use backhaul_provider_api::{
    Account, Credential, Cursor, Description, Error, Host, InstancesPage, InstancesRequest,
    KeyMaterial, Kind, ListPage, ListRequest, LoadClass, Next, PollRequest, PrepareRequest,
    Prepared, Provider, ReleaseRequest, ResolveRequest, ResolvedPage, SecretsRequest, Service,
    serde_json,
};

mod fault;
mod options;
mod probe;
mod script;
mod series;

use fault::Fault;
use options::Options;
use script::Script;

/// One session with the scripted vendor.
pub struct FaultProvider {
    options: Options,
    account: Account,
    script: Script,
}

impl FaultProvider {
    /// Lets the fault strike when the options choose this operation.
    fn strike(&mut self, host: &dyn Host, operation: &str) -> Result<(), Error> {
        if self.options.during != operation {
            return Ok(());
        }
        fault::strike(self.options.mode, Some(host), &self.account)
    }
}

impl Provider for FaultProvider {
    fn describe() -> Description {
        let mut description = Description::new("fault", env!("CARGO_PKG_VERSION"));
        description.title = "Faults on request".to_owned();
        description.services = vec![Service {
            name: "faults".to_owned(),
            title: "Faults".to_owned(),
            kinds: Kind::ALL.to_vec(),
            api_hosts: vec!["api.fault.test".to_owned()],
            link_hosts: vec!["*.fault.test".to_owned()],
            endpoints: vec!["faults".to_owned()],
            credentials: vec![vec![
                Credential::optional("access_key"),
                Credential::optional("secret_key"),
            ]],
            options_schema: serde_json::json!({"type": "object"}),
            prepare: LoadClass::Billed,
            ..Service::default()
        }];
        description
    }

    fn open(account: Account) -> Result<Self, Error> {
        let options = match account.options {
            serde_json::Value::Null => Options::default(),
            ref options => serde_json::from_value(options.clone())
                .map_err(|error| Error::unsupported(format!("the options: {error}")))?,
        };
        if options.during == "open" {
            fault::strike(options.mode, None, &account)?;
        }
        let script = Script::default();
        Ok(Self {
            options,
            account,
            script,
        })
    }

    fn instances(&mut self, host: &dyn Host, _: InstancesRequest) -> Result<InstancesPage, Error> {
        self.strike(host, "instances")?;
        Ok(InstancesPage::last(self.options.instances.clone()))
    }

    fn list(&mut self, host: &dyn Host, request: ListRequest) -> Result<ListPage, Error> {
        self.strike(host, "list")?;
        if self.options.mode == Fault::RepeatCursor {
            return Ok(ListPage {
                backups: Vec::new(),
                passed_over: Vec::new(),
                next: Next::More(Cursor::new("again")),
            });
        }
        match &self.options.series {
            Some(series) => series.list(&request, self.options.page_size),
            None => self.script.list(&self.options, &request),
        }
    }

    fn prepare(&mut self, host: &dyn Host, request: PrepareRequest) -> Result<Prepared, Error> {
        self.strike(host, "prepare")?;
        self.script.prepare(&self.options, &request.backup)
    }

    fn poll(&mut self, host: &dyn Host, request: PollRequest) -> Result<Prepared, Error> {
        self.strike(host, "poll")?;
        self.script.poll(&self.options, &request.token)
    }

    fn release(&mut self, host: &dyn Host, _: ReleaseRequest) -> Result<(), Error> {
        self.strike(host, "release")
    }

    fn resolve(&mut self, host: &dyn Host, request: ResolveRequest) -> Result<ResolvedPage, Error> {
        self.strike(host, "resolve")?;
        match &self.options.series {
            Some(series) => series.resolve(&request.backup),
            None => self.script.resolve(&self.options, &request.backup),
        }
    }

    fn secrets(&mut self, host: &dyn Host, _: SecretsRequest) -> Result<Vec<KeyMaterial>, Error> {
        self.strike(host, "secrets")?;
        Ok(self.options.keys.clone())
    }
}

backhaul_provider_api::export_provider!(FaultProvider);
