//! Redaction: what must never be printed.
//!
//! Two nets, because either alone has holes. Types whose normal form is the safe one
//! ([`SignedUrl`], `Secret`, `SecretString`) keep secrets out of our own messages. The
//! [`Redactor`] scrubs text that others wrote (vendors' answers, providers' log lines, errors of
//! libraries): it knows the secrets in use and the shapes that secrets have.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use url::Url;

mod shapes;
mod writer;

pub use writer::{Scrubbed, ScrubbedLine};

/// What stands in the place of a secret.
pub const BLANK: &str = "…";

/// The shortest text that is treated as a secret; shorter ones would blank ordinary words.
const SECRET_MIN: usize = 4;

/// The same for the values in a link's query, which are many and mostly harmless.
const LINK_SECRET_MIN: usize = 16;

/// Knows the secrets in use and blanks them in text. Clones share what they know.
#[derive(Clone, Default)]
pub struct Redactor {
    registry: Arc<Registry>,
}

/// The registered secrets, longest first, each with how many registrations hold it. Longest
/// first, so that a secret which contains another is blanked as a whole.
#[derive(Default)]
struct Registry {
    secrets: RwLock<BTreeMap<(Reverse<usize>, String), usize>>,
}

impl Redactor {
    /// The redactor of this process, which its log writes through.
    pub fn global() -> &'static Self {
        static GLOBAL: LazyLock<Redactor> = LazyLock::new(Redactor::default);
        &GLOBAL
    }

    /// Blanks these secrets from now on, until the registration is dropped. Texts of fewer than
    /// four bytes are left out.
    #[must_use = "the secrets are forgotten when the registration is dropped"]
    pub fn register<S: AsRef<str>>(&self, secrets: impl IntoIterator<Item = S>) -> Registration {
        let mut keys = Vec::new();
        let mut known = self
            .registry
            .secrets
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        for secret in secrets {
            for form in forms(secret.as_ref()) {
                let key = (Reverse(form.len()), form);
                *known.entry(key.clone()).or_default() += 1;
                keys.push(key);
            }
        }
        drop(known);
        Registration {
            registry: Arc::clone(&self.registry),
            keys,
        }
    }

    /// The text with every registered secret, every URL's query and user, and every value that
    /// goes by a secret's name replaced by `…`.
    pub fn scrub<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let known = self
            .registry
            .secrets
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let mut scrubbed = Cow::Borrowed(text);
        for (_, secret) in known.keys() {
            if scrubbed.contains(secret.as_str()) {
                scrubbed = Cow::Owned(scrubbed.replace(secret.as_str(), BLANK));
            }
        }
        drop(known);
        match shapes::scrub(&scrubbed) {
            Cow::Borrowed(_) => scrubbed,
            Cow::Owned(owned) => Cow::Owned(owned),
        }
    }

    /// Scrubs every text within a JSON value.
    pub fn scrub_json(&self, value: &mut serde_json::Value) {
        match value {
            serde_json::Value::String(text) => {
                if let Cow::Owned(scrubbed) = self.scrub(text) {
                    *text = scrubbed;
                }
            }
            serde_json::Value::Array(items) => {
                items.iter_mut().for_each(|item| self.scrub_json(item));
            }
            serde_json::Value::Object(fields) => {
                fields.values_mut().for_each(|field| self.scrub_json(field));
            }
            _ => {}
        }
    }

    /// How many distinct texts are registered.
    pub fn registered(&self) -> usize {
        self.registry
            .secrets
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Redactor({} secrets)", self.registered())
    }
}

/// Keeps secrets registered as long as it lives.
pub struct Registration {
    registry: Arc<Registry>,
    keys: Vec<(Reverse<usize>, String)>,
}

impl Drop for Registration {
    fn drop(&mut self) {
        let mut known = self
            .registry
            .secrets
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        for key in &self.keys {
            if let Some(count) = known.get_mut(key) {
                *count -= 1;
                if *count == 0 {
                    known.remove(key);
                }
            }
        }
    }
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Registration({} secrets)", self.keys.len())
    }
}

/// The forms in which a secret may turn up: as it is, within a JSON text, within a URL.
fn forms(secret: &str) -> Vec<String> {
    if secret.len() < SECRET_MIN {
        return Vec::new();
    }
    let json = serde_json::Value::from(secret).to_string();
    let in_url: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let mut forms = vec![
        secret.to_owned(),
        json[1..json.len() - 1].to_owned(),
        in_url,
    ];
    forms.sort_unstable();
    forms.dedup();
    forms
}

/// A link whose query is its key. `Display` and `Debug` show `https://host/path?…`; its secret
/// values are registered with the process's [`Redactor`] while it lives.
#[derive(Clone)]
pub struct SignedUrl {
    url: Url,
    registration: Arc<Registration>,
}

impl SignedUrl {
    /// Parses a link.
    ///
    /// # Errors
    /// When it is no absolute URL. The error does not show the text.
    pub fn parse(text: &str) -> Result<Self, url::ParseError> {
        Url::parse(text).map(Self::from)
    }

    /// The whole link. Only for sending a request.
    pub fn expose(&self) -> &Url {
        &self.url
    }

    /// How many texts of the link are blanked in logs.
    pub fn secrets(&self) -> usize {
        self.registration.keys.len()
    }
}

impl From<Url> for SignedUrl {
    fn from(url: Url) -> Self {
        let mut secrets = Vec::new();
        for pair in url.query().unwrap_or_default().split('&') {
            let (name, raw) = pair.split_once('=').unwrap_or((pair, ""));
            if raw.len() >= LINK_SECRET_MIN && shapes::names_a_secret(name) {
                secrets.push(raw.to_owned());
            }
        }
        for (name, value) in url.query_pairs() {
            if value.len() >= LINK_SECRET_MIN && shapes::names_a_secret(&name) {
                secrets.push(value.into_owned());
            }
        }
        secrets.extend(url.password().map(str::to_owned));
        let registration = Arc::new(Redactor::global().register(secrets));
        Self { url, registration }
    }
}

impl fmt::Display for SignedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}://{}",
            self.url.scheme(),
            self.url.host_str().unwrap_or_default()
        )?;
        if let Some(port) = self.url.port() {
            write!(f, ":{port}")?;
        }
        f.write_str(self.url.path())?;
        if self.url.query().is_some() {
            write!(f, "?{BLANK}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for SignedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignedUrl({self})")
    }
}

#[cfg(test)]
mod tests;
