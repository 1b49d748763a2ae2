//! A deserializer that does not stop at the first problem.
//!
//! serde gives up at the first error. A person who edits a file wants to know all of them. So
//! this deserializer writes each error down where it happens, with its place, and
//! [`Field`](crate::file::Field) turns the failure of a value into `Field::Bad`. Unknown keys are
//! written down and left out.

use std::{cell::RefCell, fmt};

use serde::de::{self, Expected, IntoDeserializer, Unexpected, Visitor};
use serde::forward_to_deserialize_any;
use serde_spanned::de::{SpannedDeserializer, is_spanned};
use toml::de::DeValue;

use super::place::Place;
use crate::{code, problem::Log, source::Span, suggest, value::Quoted};

/// A value of a TOML file.
#[derive(Clone)]
pub(super) struct Deserializer<'de> {
    value: &'de DeValue<'de>,
    /// In the whole configuration.
    span: Span,
    /// Where the file starts in the whole configuration.
    base: usize,
    place: Place<'de>,
    log: &'de RefCell<&'de mut Log>,
}

/// Why a value was not taken.
#[derive(Debug)]
pub(super) enum Failure {
    /// Written down already.
    Logged,
    /// To be written down by whoever knows the place; a sentence without its subject.
    Message(String),
}

impl<'de> Deserializer<'de> {
    /// For the top of a file that starts at `base`.
    pub(super) fn new(
        root: &'de DeValue<'de>,
        base: usize,
        log: &'de RefCell<&'de mut Log>,
    ) -> Self {
        Self {
            value: root,
            span: base..base,
            base,
            place: Place::default(),
            log,
        }
    }

    fn child(&self, value: &'de toml::Spanned<DeValue<'de>>, place: Place<'de>) -> Self {
        let span = value.span();
        Self {
            value: value.as_ref(),
            span: self.base + span.start..self.base + span.end,
            place,
            ..self.clone()
        }
    }

    /// Writes an error down, if that has not happened yet.
    fn settle<T>(&self, result: Result<T, Failure>) -> Result<T, Failure> {
        result.map_err(|failure| {
            if let Failure::Message(message) = failure {
                self.refuse(&message, None);
            }
            Failure::Logged
        })
    }

    fn refuse(&self, message: &str, help: Option<String>) {
        let message = format!("{} {message}", self.place.subject());
        let mut log = self.log.borrow_mut();
        log.add_with(self.span.clone(), code::TYPE, message, help);
    }

    fn wanted(&self, what: &str) -> Failure {
        let found = kind(self.value);
        self.refuse(&format!("must be {what}, not {found}"), self.hint(what));
        Failure::Logged
    }

    /// What to write instead, for the mistakes that TOML invites.
    fn hint(&self, wanted: &str) -> Option<String> {
        let key = self.place.keys().last()?;
        match (self.place.keys(), self.value) {
            (["job"], DeValue::Table(_)) => {
                Some("write `[[job]]`, in double brackets, above every job".to_owned())
            }
            (["account"], DeValue::Array(_)) => {
                Some("write `[account.NAME]`, in single brackets".to_owned())
            }
            ([table], DeValue::Array(_)) => Some(format!("write `[{table}]`, in single brackets")),
            (_, DeValue::String(_)) if wanted == "a list" => {
                Some(format!("put it in brackets: `{key} = [\"…\"]`"))
            }
            _ => None,
        }
    }

    /// A table's entries; those that are not among the fields are written down and left out.
    fn visit_table<V: Visitor<'de>>(
        &self,
        fields: Option<&'static [&'static str]>,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        let DeValue::Table(table) = self.value else {
            return Err(self.wanted("a table"));
        };
        let entries = table.iter().filter_map(|(key, value)| {
            let name: &'de str = key.get_ref();
            let span = self.base + key.span().start..self.base + key.span().end;
            if let Some(fields) = fields
                && !fields.contains(&name)
            {
                self.unknown(name, span, fields);
                return None;
            }
            let value = self.child(value, self.place.key(name));
            Some((Key { name, span }, value))
        });
        visitor.visit_map(de::value::MapDeserializer::new(entries))
    }

    fn unknown(&self, name: &str, span: Span, fields: &[&str]) {
        let message = format!("unknown key {} in {}", Quoted(name), self.place);
        let help = suggest::among(name, "the keys here are", fields.iter().copied());
        let mut log = self.log.borrow_mut();
        log.add_with(span, code::UNKNOWN_KEY, message, Some(help));
    }
}

impl<'de> de::Deserializer<'de> for Deserializer<'de> {
    type Error = Failure;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let result = match self.value {
            DeValue::String(text) => visitor.visit_str(text),
            DeValue::Integer(number) => {
                let (digits, radix) = (number.as_str(), number.radix());
                if let Ok(number) = i64::from_str_radix(digits, radix) {
                    visitor.visit_i64(number)
                } else {
                    Err(Failure::Message("is too large a number".to_owned()))
                }
            }
            DeValue::Float(number) => match number.as_str().parse::<f64>() {
                Ok(number) if number.is_finite() => visitor.visit_f64(number),
                _ => Err(Failure::Message("must be a finite number".to_owned())),
            },
            DeValue::Boolean(value) => visitor.visit_bool(*value),
            DeValue::Datetime(date) => visitor.visit_string(date.to_string()),
            DeValue::Array(_) => return self.deserialize_seq(visitor),
            DeValue::Table(_) => self.visit_table(None, visitor),
        };
        self.settle(result)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        match self.value {
            // Otherwise a date would pass for a text.
            DeValue::Datetime(_) => {
                let result = Err(de::Error::invalid_type(
                    Unexpected::Other("a date"),
                    &visitor,
                ));
                self.settle(result)
            }
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let DeValue::Array(array) = self.value else {
            return Err(self.wanted("a list"));
        };
        let entries = array
            .iter()
            .map(|value| self.child(value, self.place.entry()));
        let result = visitor.visit_seq(de::value::SeqDeserializer::new(entries));
        self.settle(result)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let result = self.visit_table(None, visitor);
        self.settle(result)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        if is_spanned(name) {
            let span = self.span.clone();
            return visitor.visit_map(SpannedDeserializer::new(self, span));
        }
        let result = self.visit_table(Some(fields), visitor);
        self.settle(result)
    }

    forward_to_deserialize_any! {
        bool u8 u16 u32 u64 u128 i8 i16 i32 i64 i128 f32 f64 char string bytes byte_buf unit
        unit_struct newtype_struct option tuple tuple_struct enum identifier ignored_any
    }
}

impl<'de> IntoDeserializer<'de, Failure> for Deserializer<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// A key with its place.
#[derive(Clone)]
struct Key<'de> {
    name: &'de str,
    span: Span,
}

impl<'de> de::Deserializer<'de> for Key<'de> {
    type Error = Failure;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_borrowed_str(self.name)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        if is_spanned(name) {
            let span = self.span.clone();
            visitor.visit_map(SpannedDeserializer::new(self, span))
        } else {
            self.deserialize_any(visitor)
        }
    }

    forward_to_deserialize_any! {
        bool u8 u16 u32 u64 u128 i8 i16 i32 i64 i128 f32 f64 char str string bytes byte_buf unit
        unit_struct newtype_struct option seq tuple tuple_struct map enum identifier ignored_any
    }
}

impl<'de> IntoDeserializer<'de, Failure> for Key<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl de::Error for Failure {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Failure::Message(message.to_string())
    }

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_value(unexpected, expected)
    }

    /// Never repeats the value: the line is shown anyway, and masked where it must be.
    fn invalid_value(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let found = match unexpected {
            Unexpected::Bool(_) => "`true` or `false`",
            Unexpected::Signed(number) if number < 0 => "a number below zero",
            Unexpected::Signed(_) | Unexpected::Unsigned(_) => "a whole number",
            Unexpected::Float(_) => "a decimal number",
            Unexpected::Str(_) => "a text",
            Unexpected::Seq => "a list",
            Unexpected::Map => "a table",
            Unexpected::Other(what) => what,
            _ => "something else",
        };
        Failure::Message(format!("must be {expected}, not {found}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Logged => f.write_str("already reported"),
            Failure::Message(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for Failure {}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a decimal number",
        DeValue::Boolean(_) => "`true` or `false`",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
