//! The `[[job]]` tables.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use backhaul_provider_api::Kind;
use chrono_tz::Tz;

use super::{Check, Declared};
use crate::{
    AccountName, Config, JobName, Retention, Schedule, code,
    config::Job,
    file::{self, Count, Defaults, Field, Given, Options, Text},
    source::Span,
    suggest,
    word::Plain,
};

/// How long a run may wait when the job does not say.
const JITTER: Duration = Duration::from_secs(30);

impl Check<'_> {
    /// Puts the jobs into the configuration.
    pub(super) fn jobs(
        &mut self,
        tables: Vec<((usize, usize), Field<file::Job>)>,
        defaults: &Defaults,
        accounts: &Declared<AccountName>,
        config: &mut Config,
    ) {
        // On their own, so that a mistake shows also while no job inherits it.
        self.job(None, file::Job::default().inherit(defaults), accounts);
        let mut known = Declared::new();
        for (origin, table) in tables {
            let Some(Given { value: table, span }) = table.given() else {
                continue;
            };
            let mut table = table.inherit(defaults);
            let name = self.job_name(&span, std::mem::take(&mut table.name), &mut known);
            let label = match &name {
                Some(name) => format!("job `{name}`"),
                None => "this job".to_owned(),
            };
            self.require(&span, &label, "account", "\"cn-prod\"", &table.account);
            self.require(&span, &label, "service", "\"rds\"", &table.service);
            self.require(
                &span,
                &label,
                "directory",
                "\"/srv/backups/orders\"",
                &table.directory,
            );
            if let Some(job) = self.job(name, table, accounts) {
                config.origins.jobs.insert(job.name.clone(), origin);
                config.jobs.insert(job.name.clone(), Arc::new(job));
            }
        }
    }

    fn job_name(
        &mut self,
        table: &Span,
        field: Field<Text<JobName>>,
        known: &mut Declared<JobName>,
    ) -> Option<JobName> {
        self.require(table, "this job", "name", "\"orders\"", &field);
        let span = field.span()?;
        let name: JobName = self.text("name", field)?;
        if let Some(first) = known.get(&name).cloned() {
            self.twice(&format!("job `{name}`"), &first, span);
            return None;
        }
        known.insert(name.clone(), span);
        Some(name)
    }

    /// Checks every key that is there, also of a job without a name.
    fn job(
        &mut self,
        name: Option<JobName>,
        table: file::Job,
        accounts: &Declared<AccountName>,
    ) -> Option<Job> {
        let account = self.account_of(table.account, accounts);
        let service = self.text("service", table.service).map(|Plain(text)| text);
        let region = self.text("region", table.region).map(|Plain(text)| text);
        let instances = self.texts("instances", table.instances);
        let exclude = self.texts("exclude", table.exclude);
        let kinds = self.kinds(table.kinds);
        let zone = self.text("timezone", table.timezone).unwrap_or(Tz::UTC);
        let schedule = self.pattern("schedule", table.schedule);
        let network = self.text("network", table.network).unwrap_or_default();
        let directory = self.path("directory", table.directory);
        let max_age = self.positive_duration("max_age", table.max_age);
        let retention = table.retention.given().map(|given| self.retention(given));
        let verify_within = self.positive_duration("verify_within", table.verify_within);
        let limits = self.job_limits(table.limits);
        let Options(options) = table
            .options
            .given()
            .map(|given| given.value)
            .unwrap_or_default();
        let missed = self.text("missed", table.missed).unwrap_or_default();
        let jitter = self.text("jitter", table.jitter).unwrap_or(JITTER);
        Some(Job {
            name: name?,
            account: account?,
            service: service?,
            region,
            instances,
            exclude,
            kinds,
            schedule: schedule.map(|pattern| Schedule::new(pattern, zone)),
            zone,
            network,
            directory: directory?,
            max_age,
            retention: retention.unwrap_or_default(),
            verify_within,
            limits,
            options: serde_json::Value::Object(options),
            missed,
            jitter,
        })
    }

    fn account_of(
        &mut self,
        field: Field<Text<AccountName>>,
        accounts: &Declared<AccountName>,
    ) -> Option<AccountName> {
        let span = field.span()?;
        let name: AccountName = self.text("account", field)?;
        if !accounts.contains_key(&name) {
            let names = accounts.keys().map(AccountName::as_str);
            let help = match accounts.is_empty() {
                true => format!("add a table `[account.{name}]`"),
                false => suggest::among(name.as_str(), "the accounts are", names),
            };
            let message = format!("there is no account `{name}`");
            self.log
                .add_with(span, code::UNKNOWN_ACCOUNT, message, Some(help));
            return None;
        }
        Some(name)
    }

    fn kinds(&mut self, field: Field<Vec<Field<Text<Kind>>>>) -> BTreeSet<Kind> {
        let Some(given) = field.given() else {
            return BTreeSet::from([Kind::Full]);
        };
        if given.value.is_empty() {
            self.log.add_with(
                given.span.clone(),
                code::VALUE,
                "`kinds`: a job that wants no kind does nothing".to_owned(),
                Some("leave the key out for full backups".to_owned()),
            );
        }
        self.texts("kinds", Field::Given(given))
            .into_iter()
            .collect()
    }

    pub(super) fn positive_duration(
        &mut self,
        key: &str,
        field: Field<Text<Duration>>,
    ) -> Option<Duration> {
        let span = field.span()?;
        let duration: Duration = self.text(key, field)?;
        if duration.is_zero() {
            let error = crate::ValueError::new("the duration is zero");
            self.refuse(span, key, &error.help("leave the key out for none"));
        }
        Some(duration)
    }

    fn retention(&mut self, given: Given<file::Retention>) -> Retention {
        let table = given.value;
        let standard = Retention::default();
        let count = |field: &Field<Count>, otherwise: u32| match field {
            Field::Given(Given {
                value: Count(count),
                ..
            }) => *count,
            Field::Absent | Field::Bad => otherwise,
        };
        let bad = [
            &table.keep_last,
            &table.hourly,
            &table.daily,
            &table.weekly,
            &table.monthly,
            &table.yearly,
        ]
        .iter()
        .any(|field| matches!(field, Field::Bad))
            || matches!(table.within, Field::Bad);
        let within_given = table.within.span().is_some();
        let retention = Retention {
            keep_last: count(&table.keep_last, 0),
            hourly: count(&table.hourly, 0),
            daily: count(&table.daily, 0),
            weekly: count(&table.weekly, 0),
            monthly: count(&table.monthly, 0),
            yearly: count(&table.yearly, 0),
            within: self.positive_duration("within", table.within),
            min_good: count(&table.min_good, standard.min_good),
            quarantine: self
                .text("quarantine", table.quarantine)
                .unwrap_or(standard.quarantine),
        };
        if retention.is_empty() && !bad && !within_given {
            self.log.add_with(
                given.span,
                code::RETENTION,
                "this retention has no rule that keeps anything".to_owned(),
                Some(
                    "set one of `keep_last`, `hourly`, `daily`, `weekly`, `monthly`, `yearly`, \
                     `within`; leave `retention` out to keep everything"
                        .to_owned(),
                ),
            );
        }
        retention
    }
}
