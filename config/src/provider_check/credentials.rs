//! Credentials come in sets: those of one way to authenticate go together.

use std::collections::BTreeSet;

use backhaul_provider_api::{Credential, Description, Service};

use super::ProviderCheck;
use crate::{Account, code, origin::Step, suggest};

impl<'a> ProviderCheck<'a> {
    /// The account must have all of one of the service's sets.
    pub(super) fn check_credentials(&mut self, account: &Account, service: &Service) {
        // What is missing may be what is misspelt.
        if self.misspelt.contains(&account.name) || complete(account, service) {
            return;
        }
        // What is missing of the set that is nearest to what is there.
        let Some(nearest) = service.credentials.iter().max_by_key(|set| {
            let here = set
                .iter()
                .filter(|c| account.credentials.contains_key(&c.name))
                .count();
            (here, std::cmp::Reverse(missing(account, set).len()))
        }) else {
            return;
        };
        let names: Vec<String> = missing(account, nearest)
            .iter()
            .map(|name| format!("`{name}`"))
            .collect();
        let sets: Vec<String> = service
            .credentials
            .iter()
            .map(|set| in_words(set))
            .collect();
        let place = self
            .find
            .account(&account.name, &[Step::Key("credentials")]);
        self.log.add_with(
            place.key,
            code::CREDENTIALS,
            format!(
                "service `{}` needs the credential{} {} of account `{}`",
                service.name,
                if names.len() == 1 { "" } else { "s" },
                names.join(", "),
                account.name
            ),
            Some(format!("it takes {}", sets.join(", or "))),
        );
    }

    /// An account must not have credentials that none of its provider's services knows.
    pub(super) fn unknown_credentials(&mut self, account: &'a Account, description: &Description) {
        let known: BTreeSet<&str> = description
            .services
            .iter()
            .flat_map(|service| service.credentials.iter().flatten())
            .map(|credential| credential.name.as_str())
            .collect();
        for name in account.credentials.keys() {
            if known.contains(name.as_str()) {
                continue;
            }
            self.misspelt.insert(&account.name);
            let steps = [Step::Key("credentials"), Step::Key(name)];
            let place = self.find.account(&account.name, &steps).key;
            let message = format!(
                "provider `{}` takes no credential `{name}`",
                account.provider
            );
            let help = suggest::among(name, "it takes", known.iter().copied());
            self.log
                .add_with(place, code::CREDENTIALS, message, Some(help));
        }
    }
}

fn complete(account: &Account, service: &Service) -> bool {
    service.credentials.is_empty()
        || service
            .credentials
            .iter()
            .any(|set| missing(account, set).is_empty())
}

/// The required names of the set that the account does not have.
fn missing<'s>(account: &Account, set: &'s [Credential]) -> Vec<&'s str> {
    set.iter()
        .filter(|credential| !credential.optional)
        .map(|credential| credential.name.as_str())
        .filter(|name| !account.credentials.contains_key(*name))
        .collect()
}

fn in_words(set: &[Credential]) -> String {
    let names: Vec<String> = set
        .iter()
        .map(|credential| match credential.optional {
            true => format!("optionally `{}`", credential.name),
            false => format!("`{}`", credential.name),
        })
        .collect();
    names.join(" and ")
}
