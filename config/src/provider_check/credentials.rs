//! Credentials come in sets: those of one way to authenticate go together.

use std::collections::BTreeSet;

use backhaul_provider_api::{Credential, Description, Service};

use super::ProviderCheck;
use crate::{Account, code, origin::Step, suggest};

impl ProviderCheck<'_> {
    /// The account must have all of one of the service's sets, and nothing that the service does
    /// not know.
    pub(super) fn check_credentials(&mut self, account: &Account, service: &Service) {
        if self.unknown_credentials(account, [service]) || complete(account, service) {
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

    /// An account that no job uses is checked against all of its provider's services.
    pub(super) fn unused_account(&mut self, account: &Account, description: &Description) {
        self.unknown_credentials(account, &description.services);
    }

    /// Reports the credentials that none of the services knows. True when there are any.
    fn unknown_credentials<'s>(
        &mut self,
        account: &Account,
        services: impl IntoIterator<Item = &'s Service>,
    ) -> bool {
        let known: BTreeSet<&str> = services
            .into_iter()
            .flat_map(|service| service.credentials.iter().flatten())
            .map(|credential| credential.name.as_str())
            .collect();
        let mut found = false;
        for name in account
            .credentials
            .keys()
            .filter(|name| !known.contains(name.as_str()))
        {
            found = true;
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
        found
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
