//! What only the providers know: services, kinds, credentials, endpoints, options.

use std::collections::{BTreeMap, BTreeSet};

use backhaul_provider_api::{Description, Service};

use crate::{
    Account, AccountName, Config, Job, Problems, ProviderName, code,
    origin::{Finder, Step},
    problem::Log,
    suggest,
};

mod credentials;
mod options;

/// The providers that come with Backhaul, for "did you mean".
const KNOWN_PROVIDERS: [&str; 4] = [
    "huaweicloud",
    "tencentcloud",
    "capitalonline",
    "object-store",
];

impl Config {
    /// Checks accounts and jobs against their providers' descriptions. `describe` is asked once
    /// for every provider; its error says why there is none.
    ///
    /// # Errors
    /// Everything that does not fit, with its place in the files.
    pub fn check_providers(
        &self,
        describe: impl Fn(&ProviderName) -> Result<Description, String>,
    ) -> Result<(), Problems> {
        let providers: BTreeSet<&ProviderName> = self
            .accounts
            .values()
            .map(|account| &account.provider)
            .collect();
        let descriptions: BTreeMap<_, _> = providers
            .into_iter()
            .map(|name| (name, describe(name)))
            .collect();
        let mut log = Log::default();
        let mut check = ProviderCheck {
            find: Finder::new(&self.sources, &self.origins),
            log: &mut log,
            misspelt: BTreeSet::new(),
            credentials: BTreeSet::new(),
            schemas: BTreeMap::new(),
        };
        for (name, account) in &self.accounts {
            match &descriptions[&account.provider] {
                Ok(description) => {
                    check.endpoints(account, description);
                    check.unknown_credentials(account, description);
                }
                Err(reason) => check.unknown_provider(name, account, reason),
            }
        }
        for job in self.jobs.values() {
            if let Some(account) = self.accounts.get(&job.account)
                && let Ok(description) = &descriptions[&account.provider]
            {
                check.job(job, account, description);
            }
        }
        log.verdict(&self.sources)
    }
}

struct ProviderCheck<'a> {
    find: Finder<'a>,
    log: &'a mut Log,
    /// The accounts with credentials that nobody knows.
    misspelt: BTreeSet<&'a AccountName>,
    /// The accounts and services whose credentials were checked already.
    credentials: BTreeSet<(&'a AccountName, &'a str)>,
    /// Compiled schemas by provider and service; nothing for one that is broken.
    schemas: BTreeMap<(&'a str, &'a str), Option<jsonschema::Validator>>,
}

impl<'a> ProviderCheck<'a> {
    fn unknown_provider(&mut self, name: &AccountName, account: &Account, reason: &str) {
        let provider = account.provider.as_str();
        let place = self.find.account(name, &[Step::Key("provider")]);
        // A provider of the right name that cannot be loaded needs no other name.
        let other = suggest::nearest(provider, KNOWN_PROVIDERS).filter(|known| *known != provider);
        self.log.add_with(
            place.value,
            code::UNKNOWN_PROVIDER,
            format!("provider `{provider}` cannot be used: {reason}"),
            other.map(|known| format!("did you mean `{known}`?")),
        );
    }

    fn endpoints(&mut self, account: &Account, description: &Description) {
        let known: BTreeSet<&str> = description
            .services
            .iter()
            .flat_map(|service| &service.endpoints)
            .map(String::as_str)
            .collect();
        for key in account
            .endpoint
            .keys()
            .filter(|key| !known.contains(key.as_str()))
        {
            let steps = [Step::Key("endpoint"), Step::Key(key)];
            let message = format!("provider `{}` has no endpoint `{key}`", account.provider);
            let help = suggest::among(key, "its endpoints are", known.iter().copied());
            let place = self.find.account(&account.name, &steps).key;
            self.log
                .add_with(place, code::ENDPOINT, message, Some(help));
        }
    }

    fn job(&mut self, job: &'a Job, account: &'a Account, description: &'a Description) {
        let Some(service) = description.service(&job.service) else {
            let names = description
                .services
                .iter()
                .map(|service| service.name.as_str());
            let help = suggest::among(&job.service, "its services are", names);
            let message = format!(
                "provider `{}` has no service `{}`",
                account.provider, job.service
            );
            let place = self.find.job(&job.name, &[Step::Key("service")]).value;
            self.log
                .add_with(place, code::UNKNOWN_SERVICE, message, Some(help));
            return;
        };
        if service.needs_region && job.region.is_none() && account.region.is_none() {
            let message = format!(
                "service `{}` needs a region, and account `{}` has none",
                service.name, account.name
            );
            let help = "add `region` here, or to the jobs of the service".to_owned();
            let place = self.find.account(&account.name, &[]).value;
            self.log.add_with(place, code::REGION, message, Some(help));
        }
        if self.credentials.insert((&account.name, &service.name)) {
            self.check_credentials(account, service);
        }
        self.kinds(job, service);
        self.options(job, account, service);
    }

    fn kinds(&mut self, job: &Job, service: &Service) {
        for kind in job
            .kinds
            .iter()
            .filter(|kind| !service.kinds.contains(kind))
        {
            let message = format!("service `{}` has no backups of kind `{kind}`", service.name);
            let names = service.kinds.iter().map(|kind| kind.as_str());
            let help = suggest::among(kind.as_str(), "its kinds are", names);
            let place = self.find.job(&job.name, &[Step::Key("kinds")]).value;
            self.log.add_with(place, code::KIND, message, Some(help));
        }
    }
}

#[cfg(test)]
mod tests;
