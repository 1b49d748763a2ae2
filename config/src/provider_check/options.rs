//! The job's `options` against the service's JSON Schema.

use backhaul_provider_api::Service;
use jsonschema::error::ValidationErrorKind;
use serde_json::Value;

use super::ProviderCheck;
use crate::{Account, Job, code, origin::Step, suggest, value::Quoted};

impl<'a> ProviderCheck<'a> {
    pub(super) fn options(&mut self, job: &'a Job, account: &'a Account, service: &'a Service) {
        if service.options_schema.is_null() {
            for key in job
                .options
                .as_object()
                .into_iter()
                .flat_map(|options| options.keys())
            {
                let message = format!("service `{}` has no option {}", service.name, Quoted(key));
                let place = self
                    .find
                    .job(&job.name, &[Step::Key("options"), Step::Key(key)]);
                self.log.add(place.key, code::OPTIONS, message);
            }
            return;
        }
        let key = (account.provider.as_str(), service.name.as_str());
        if !self.schemas.contains_key(&key) {
            let schema = self.compile(account, job, service);
            self.schemas.insert(key, schema);
        }
        let Some(Some(schema)) = self.schemas.get(&key) else {
            return;
        };
        for error in schema.iter_errors(&job.options) {
            let pointer = error.instance_path().as_str();
            let steps = steps(pointer, &job.options);
            match error.kind() {
                ValidationErrorKind::AdditionalProperties { unexpected }
                | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
                    let known = service
                        .options_schema
                        .get("properties")
                        .and_then(Value::as_object);
                    let known = known.filter(|_| pointer.is_empty());
                    for option in unexpected {
                        let place = self
                            .find
                            .job(&job.name, &[&*steps, &[Step::Key(option)]].concat());
                        let message = format!(
                            "service `{}` has no option {}",
                            service.name,
                            Quoted(option)
                        );
                        let help = known.map(|known| {
                            suggest::among(
                                option,
                                "its options are",
                                known.keys().map(String::as_str),
                            )
                        });
                        self.log.add_with(place.key, code::OPTIONS, message, help);
                    }
                }
                _ => {
                    let name = pointer.trim_start_matches('/').replace('/', ".");
                    let subject = match name.is_empty() {
                        true => "`options`".to_owned(),
                        false => format!("option {}", Quoted(&name)),
                    };
                    let place = self.find.job(&job.name, &steps).value;
                    self.log
                        .add(place, code::OPTIONS, format!("{subject}: {error}"));
                }
            }
        }
    }

    fn compile(
        &mut self,
        account: &Account,
        job: &Job,
        service: &Service,
    ) -> Option<jsonschema::Validator> {
        match jsonschema::validator_for(&service.options_schema) {
            Ok(validator) => Some(validator),
            Err(error) => {
                let place = self.find.job(&job.name, &[Step::Key("service")]).value;
                let message = format!(
                    "provider `{}` has a broken schema for the options of `{}`: {error}",
                    account.provider, service.name
                );
                self.log.add(place, code::PROVIDER, message);
                None
            }
        }
    }
}

/// The way to the place in the options that a JSON pointer names.
fn steps<'o>(pointer: &str, options: &'o Value) -> Vec<Step<'o>> {
    let mut steps = vec![Step::Key("options")];
    let mut value = options;
    for part in pointer.split('/').skip(1) {
        let part = part.replace("~1", "/").replace("~0", "~");
        let next = match value {
            Value::Object(map) => map
                .get_key_value(&part)
                .map(|(key, value)| (Step::Key(key), value)),
            Value::Array(array) => {
                let found = part.parse().ok().and_then(|at| Some((at, array.get(at)?)));
                found.map(|(at, value)| (Step::Index(at), value))
            }
            _ => None,
        };
        let Some((step, next)) = next else { break };
        steps.push(step);
        value = next;
    }
    steps
}
