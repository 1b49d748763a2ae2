//! The border: what a provider's answer must satisfy before anybody uses it.
//!
//! Types have already been checked by parsing. Here are the limits and the rules that types do
//! not carry, each refused with the path of the offending field.

use backhaul_provider_api::message::Outcome;
use backhaul_provider_api::{
    Backup, Cursor, Error, File, Instance, InstancesPage, KeyMaterial, ListPage, Next, Prepared,
    ResolvedPage, Timestamp,
};
use chrono::Datelike;
use serde::de::DeserializeOwned;

use super::error::Problem;
use super::process::one_line;

/// The most items of one page.
pub const PAGE_ITEMS_MAX: usize = 10_000;

/// The longest key, id or name, in bytes.
const NAME_MAX: usize = 1024;

/// The longest opaque text (cursor, handle, token), in bytes.
const OPAQUE_MAX: usize = 64 << 10;

/// An answer that can be checked.
pub trait Answer: DeserializeOwned {
    /// Checks every rule that the type does not carry.
    fn check(&self) -> Result<(), Problem>;
}

/// Reads the outcome of an operation.
pub fn read<T: Answer>(bytes: &[u8]) -> Result<Result<T, Error>, Problem> {
    let outcome: Outcome<T> = parse(bytes)?;
    match outcome.into() {
        Ok(answer) => {
            T::check(&answer)?;
            Ok(Ok(answer))
        }
        Err(error) => Ok(Err(clean(error))),
    }
}

/// Parses JSON of a provider; a failure names the field.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let failed = |field: String, reason: String| Problem::Json {
        field,
        reason: tidy(&reason),
    };
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let field = error.path().to_string();
        let field = field.strip_prefix("ok.").unwrap_or(&field).to_owned();
        failed(field, error.into_inner().to_string())
    })?;
    json.end()
        .map_err(|error| failed(".".to_owned(), error.to_string()))?;
    Ok(value)
}

/// A reported error whose texts are scrubbed, single-line and short.
pub fn clean(mut error: Error) -> Error {
    error.message = tidy(&error.message);
    for text in [&mut error.call, &mut error.code, &mut error.request_id] {
        *text = text.as_deref().map(tidy);
    }
    error
}

fn tidy(text: &str) -> String {
    shorten(&one_line(text), REASON_MAX)
}

const REASON_MAX: usize = 1000;

/// The text, cut at a character within so many bytes.
pub fn shorten(text: &str, max: usize) -> String {
    if text.len() <= max {
        return text.to_owned();
    }
    let end = (0..=max).rev().find(|at| text.is_char_boundary(*at));
    format!("{}…", &text[..end.unwrap_or(0)])
}

impl Answer for InstancesPage {
    fn check(&self) -> Result<(), Problem> {
        page(&self.instances, &self.next, "instances", instance)
    }
}

impl Answer for ListPage {
    fn check(&self) -> Result<(), Problem> {
        page(&self.backups, &self.next, "backups", backup)?;
        if self.passed_over.len() > PAGE_ITEMS_MAX {
            return Err(broken("passed_over".to_owned(), "has too many items"));
        }
        Ok(())
    }
}

impl Answer for ResolvedPage {
    fn check(&self) -> Result<(), Problem> {
        page(&self.files, &self.next, "files", file)
    }
}

impl Answer for Prepared {
    fn check(&self) -> Result<(), Problem> {
        match self {
            Self::Ready => Ok(()),
            Self::Pending { token, .. } => opaque("token", token.as_str()),
        }
    }
}

impl Answer for () {
    fn check(&self) -> Result<(), Problem> {
        Ok(())
    }
}

impl Answer for Vec<KeyMaterial> {
    fn check(&self) -> Result<(), Problem> {
        if self.len() > NAME_MAX {
            return Err(broken(".".to_owned(), "has too many items"));
        }
        Ok(())
    }
}

fn page<T>(
    items: &[T],
    next: &Next,
    list: &str,
    check: impl Fn(&T) -> Result<(), (String, &'static str)>,
) -> Result<(), Problem> {
    if items.len() > PAGE_ITEMS_MAX {
        return Err(broken(list.to_owned(), "has more than 10000 items"));
    }
    for (at, item) in items.iter().enumerate() {
        check(item).map_err(|(field, rule)| broken(format!("{list}[{at}].{field}"), rule))?;
    }
    match next {
        Next::More(cursor) => opaque("next.more", Cursor::as_str(cursor)),
        Next::End(_) => Ok(()),
    }
}

type Checked = Result<(), (String, &'static str)>;

fn instance(instance: &Instance) -> Checked {
    key("id", instance.id.as_str())?;
    name("name", &instance.name)?;
    optional("scope", instance.scope.as_deref(), key)?;
    optional("region", instance.region.as_deref(), name)?;
    optional("engine", instance.engine.as_deref(), name)?;
    optional("engine_version", instance.engine_version.as_deref(), name)
}

fn backup(backup: &Backup) -> Checked {
    key("key", backup.key.as_str())?;
    name("name", &backup.name)?;
    if backup
        .handle
        .as_ref()
        .is_some_and(|text| text.len() > OPAQUE_MAX)
    {
        return Err(("handle".to_owned(), "is longer than 65536 bytes"));
    }
    optional("node", backup.node.as_deref(), name)?;
    optional("group", backup.group.as_deref(), name)?;
    time("started_at", Some(backup.started_at))?;
    time("finished_at", backup.finished_at)?;
    time("consistent_at", backup.consistent_at)?;
    time("log_span.from", backup.log_span.map(|span| span.from))?;
    time("log_span.until", backup.log_span.map(|span| span.until))
}

fn file(file: &File) -> Checked {
    key("id", file.id.as_str())?;
    name("name", &file.name)?;
    if file.link.url.expose().len() > OPAQUE_MAX {
        return Err(("link.url".to_owned(), "is longer than 65536 bytes"));
    }
    Ok(())
}

/// An identity: neither empty, nor long, nor with characters that hide.
fn key(field: &str, text: &str) -> Checked {
    if text.is_empty() {
        return Err((field.to_owned(), "is empty"));
    }
    if text.chars().any(char::is_control) {
        return Err((field.to_owned(), "contains a control character"));
    }
    length(field, text)
}

/// A name for people, who may have put anything into it but a NUL.
fn name(field: &str, text: &str) -> Checked {
    if text.contains('\0') {
        return Err((field.to_owned(), "contains a NUL"));
    }
    length(field, text)
}

fn length(field: &str, text: &str) -> Checked {
    if text.len() > NAME_MAX {
        return Err((field.to_owned(), "is longer than 1024 bytes"));
    }
    Ok(())
}

fn optional(field: &str, text: Option<&str>, check: fn(&str, &str) -> Checked) -> Checked {
    text.map_or(Ok(()), |text| check(field, text))
}

/// A unit mistaken (milliseconds for seconds) or a zero date ends up far outside of this.
fn time(field: &str, time: Option<Timestamp>) -> Checked {
    match time {
        Some(time) if !(1990..2200).contains(&time.year()) => {
            Err((field.to_owned(), "is not between the years 1990 and 2200"))
        }
        _ => Ok(()),
    }
}

fn opaque(field: &str, text: &str) -> Result<(), Problem> {
    if text.is_empty() {
        return Err(broken(field.to_owned(), "is empty"));
    }
    if text.len() > OPAQUE_MAX {
        return Err(broken(field.to_owned(), "is longer than 65536 bytes"));
    }
    Ok(())
}

fn broken(field: String, rule: &'static str) -> Problem {
    Problem::Value { field, rule }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn list(change: impl FnOnce(&mut serde_json::Value)) -> Result<ListPage, String> {
        let mut answer = json!({"ok": {
            "backups": [{"key": "b1", "kind": "full", "state": {"state": "available"},
                         "started_at": "2026-11-22T03:00:00Z"}],
            "next": {"end": {"complete": true, "count": 1}}
        }});
        change(&mut answer["ok"]);
        match read::<ListPage>(answer.to_string().as_bytes()) {
            Ok(result) => result.map_err(|error| error.to_string()),
            Err(problem) => Err(problem.to_string()),
        }
    }

    #[test]
    fn a_good_page_passes() {
        assert_eq!(list(|_| ()).unwrap().backups.len(), 1);
    }

    #[test]
    fn refusals_name_the_field() {
        type Spoil = fn(&mut serde_json::Value);
        let cases: [(Spoil, &str); 6] = [
            (
                |page| page["backups"][0]["key"] = json!("a\u{0}b"),
                "`backups[0].key` contains a control character",
            ),
            (
                |page| page["backups"][0]["key"] = json!(""),
                "`backups[0].key` is empty",
            ),
            (
                |page| page["backups"][0]["name"] = json!("x".repeat(1025)),
                "`backups[0].name` is longer than 1024 bytes",
            ),
            (
                |page| page["backups"][0]["started_at"] = json!("1970-01-01T00:00:00Z"),
                "`backups[0].started_at` is not between the years 1990 and 2200",
            ),
            (
                |page| page["next"] = json!({"more": ""}),
                "`next.more` is empty",
            ),
            (
                |page| page["backups"][0]["started_at"] = json!(17),
                "`backups[0].started_at`: ",
            ),
        ];
        for (change, expected) in cases {
            let refusal = list(change).unwrap_err();
            assert!(refusal.starts_with(expected), "{refusal}");
        }
    }

    #[test]
    fn a_page_of_too_many_items_is_refused() {
        let refusal = list(|page| {
            let one = page["backups"][0].clone();
            page["backups"] = serde_json::Value::Array(vec![one; PAGE_ITEMS_MAX + 1]);
        });
        assert!(refusal.unwrap_err().contains("10000"));
    }

    #[test]
    fn a_reported_error_arrives_scrubbed_and_in_one_line() {
        let error = Error::permanent("failed:\nGET https://h/p?Signature=abc");
        assert_eq!(clean(error).message, "failed: GET https://h/p?…");
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_fail_otherwise_than_by_a_problem(
            bytes in proptest::collection::vec(any::<u8>(), 0..200)
        ) {
            let _ = read::<ListPage>(&bytes);
        }

        #[test]
        fn shortening_keeps_characters_whole(text in "\\PC{0,40}", max in 0_usize..50) {
            prop_assert!(shorten(&text, max).len() <= max + "…".len());
        }
    }
}
