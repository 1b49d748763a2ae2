//! The `[account.NAME]` tables.

use std::{collections::BTreeMap, sync::Arc};

use super::{Check, Declared};
use crate::{
    AccountName, Config, Endpoint, SecretRef, code,
    config::Account,
    file::{self, Field, Given, Key, Reference, Switch, Text},
    secret,
    source::Span,
    word::{CredentialName, EnvName, Plain},
};

impl Check<'_> {
    /// Puts the accounts into the configuration. Returns every declared name, also of accounts
    /// with problems, so that their jobs are not blamed.
    pub(super) fn accounts(
        &mut self,
        tables: Vec<(usize, Key, Field<file::Account>)>,
        config: &mut Config,
    ) -> Declared<AccountName> {
        let mut known = Declared::new();
        for (file, Key(key), table) in tables {
            let span = key.span();
            let name: AccountName = match key.get_ref().parse() {
                Ok(name) => name,
                Err(error) => {
                    self.refuse(span, "account", &error);
                    continue;
                }
            };
            if let Some(first) = known.get(&name).cloned() {
                self.twice(&format!("account `{name}`"), &first, span);
                continue;
            }
            known.insert(name.clone(), span);
            if let Some(account) = table.given().and_then(|table| self.account(&name, table)) {
                config.origins.accounts.insert(name.clone(), file);
                config.accounts.insert(name, Arc::new(account));
            }
        }
        known
    }

    fn account(&mut self, name: &AccountName, given: Given<file::Account>) -> Option<Account> {
        let table = given.value;
        let label = format!("account `{name}`");
        self.require(
            &given.span,
            &label,
            "provider",
            "\"huaweicloud\"",
            &table.provider,
        );
        let allow_http = match table.allow_http {
            Field::Given(Given {
                value: Switch(on), ..
            }) => Some(on),
            Field::Absent => Some(false),
            Field::Bad => None,
        };
        let provider = self.text("provider", table.provider);
        let region = self.text("region", table.region).map(|Plain(text)| text);
        let credentials = self.credentials(table.credentials);
        let endpoint = self.endpoints(table.endpoint, allow_http);
        let link_hosts = self.texts("link_hosts", table.link_hosts);
        let rate = self.text("rate", table.rate);
        let limits = self.account_limits(table.limits);
        let proxy = self.text("proxy", table.proxy);
        Some(Account {
            name: name.clone(),
            provider: provider?,
            region,
            credentials,
            endpoint,
            link_hosts,
            rate,
            allow_http: allow_http?,
            limits,
            proxy,
        })
    }

    fn endpoints(
        &mut self,
        field: Field<BTreeMap<Key, Field<Text<Endpoint>>>>,
        allow_http: Option<bool>,
    ) -> BTreeMap<String, Endpoint> {
        let mut endpoints = BTreeMap::new();
        for (Key(key), field) in field.given().into_iter().flat_map(|given| given.value) {
            let service = key.into_inner();
            let Some(span) = field.span() else { continue };
            let Some(endpoint) = self.text(&service, field) else {
                continue;
            };
            if allow_http == Some(false) && !endpoint.is_https() {
                self.log.add_with(
                    span,
                    code::PLAIN_HTTP,
                    format!(
                        "endpoint `{service}` is plain HTTP, which anybody on the way can read"
                    ),
                    Some("write `https://`, or set `allow_http = true` in this account".to_owned()),
                );
            }
            endpoints.insert(service, endpoint);
        }
        endpoints
    }

    fn credentials(
        &mut self,
        field: Field<BTreeMap<Key, Field<Reference>>>,
    ) -> BTreeMap<String, SecretRef> {
        let mut credentials = BTreeMap::new();
        for (Key(key), field) in field.given().into_iter().flat_map(|given| given.value) {
            let span = key.span();
            let name = key.into_inner();
            let reference = field
                .given()
                .and_then(|given| self.reference(&name, span, given.value));
            if let Some(reference) = reference {
                credentials.insert(name, reference);
            }
        }
        credentials
    }

    /// Exactly one way to find the credential.
    fn reference(&mut self, name: &str, span: Span, table: Reference) -> Option<SecretRef> {
        let ways = [
            table.env.is_absent(),
            table.file.is_absent(),
            table.credential.is_absent(),
            table.command.is_absent(),
        ];
        let count = ways.iter().filter(|absent| !**absent).count();
        if count != 1 {
            let message = match count {
                0 => format!("`{name}` does not say where the secret is"),
                _ => format!("`{name}` names {count} places for one secret"),
            };
            self.log
                .add_with(span, code::SECRET, message, Some(secret::HELP.to_owned()));
            return None;
        }
        if !table.env.is_absent() {
            return self
                .text(name, table.env)
                .map(|EnvName(name)| SecretRef::Env(name));
        }
        if !table.file.is_absent() {
            return self.path(name, table.file).map(SecretRef::File);
        }
        if !table.credential.is_absent() {
            let credential = self.text(name, table.credential);
            return credential.map(|CredentialName(name)| SecretRef::Credential(name));
        }
        let given = table.command.given()?;
        let count = given.value.len();
        let words: Vec<String> = given
            .value
            .into_iter()
            .filter_map(|word| self.text(name, word))
            .map(|Plain(word)| word)
            .collect();
        if count == 0 {
            let message = format!("the command for `{name}` is empty");
            let help = Some(secret::HELP.to_owned());
            self.log.add_with(given.span, code::SECRET, message, help);
        }
        (count > 0 && words.len() == count).then_some(SecretRef::Command(words))
    }
}
