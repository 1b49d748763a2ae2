//! The building blocks of a table as written.

use std::{borrow::Cow, fmt, marker::PhantomData};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};
use toml::Spanned;

use crate::{source::Span, value::Value};

/// What stands at a key.
#[derive(Clone, Debug, Default)]
pub(crate) enum Field<T> {
    /// Nothing.
    #[default]
    Absent,
    /// Something that could not be taken; the reader has said why.
    Bad,
    /// A value.
    Given(Given<T>),
}

/// A value and its place in the whole configuration.
#[derive(Clone, Debug)]
pub(crate) struct Given<T> {
    pub(crate) value: T,
    pub(crate) span: Span,
}

impl<T> Field<T> {
    pub(crate) fn given(self) -> Option<Given<T>> {
        match self {
            Field::Given(given) => Some(given),
            Field::Absent | Field::Bad => None,
        }
    }

    pub(crate) fn is_absent(&self) -> bool {
        matches!(self, Field::Absent)
    }

    /// The place of the value, if there is one.
    pub(crate) fn span(&self) -> Option<Span> {
        match self {
            Field::Given(given) => Some(given.span.clone()),
            Field::Absent | Field::Bad => None,
        }
    }
}

impl<T: Clone> Field<T> {
    /// This, or the inherited value where nothing stands here.
    pub(crate) fn or(self, inherited: &Field<T>) -> Field<T> {
        if self.is_absent() {
            inherited.clone()
        } else {
            self
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The reader's deserializer writes every error down before it returns it.
        Ok(match Spanned::<T>::deserialize(deserializer) {
            Ok(spanned) => Field::Given(Given {
                span: spanned.span(),
                value: spanned.into_inner(),
            }),
            Err(_) => Field::Bad,
        })
    }
}

/// A name that the user has chosen, such as that of an account, with its place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(transparent)]
pub(crate) struct Key(pub(crate) Spanned<String>);

/// A text that is to be read as a `T`.
pub(crate) struct Text<T> {
    pub(crate) text: String,
    value: PhantomData<fn() -> T>,
}

impl<T> Clone for Text<T> {
    fn clone(&self) -> Self {
        Self {
            text: self.text.clone(),
            value: PhantomData,
        }
    }
}

impl<T> fmt::Debug for Text<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

impl<'de, T: Value> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor<T>(PhantomData<fn() -> T>);

        impl<T: Value> de::Visitor<'_> for Visitor<T> {
            type Value = Text<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(T::WANTED)
            }

            fn visit_str<E>(self, text: &str) -> Result<Text<T>, E> {
                Ok(Text {
                    text: text.to_owned(),
                    value: PhantomData,
                })
            }
        }

        deserializer.deserialize_str(Visitor(PhantomData))
    }
}

/// A whole number from 0.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Count(pub(crate) u32);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = Count;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a whole number from 0 to {} such as 4", u32::MAX)
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Count, E> {
                let wrong = |_| E::invalid_value(de::Unexpected::Signed(number), &self);
                u32::try_from(number).map(Count).map_err(wrong)
            }
        }

        deserializer.deserialize_u32(Visitor)
    }
}

/// `true` or `false`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Switch(pub(crate) bool);

impl<'de> Deserialize<'de> for Switch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = Switch;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`true` or `false`")
            }

            fn visit_bool<E>(self, on: bool) -> Result<Switch, E> {
                Ok(Switch(on))
            }
        }

        deserializer.deserialize_bool(Visitor)
    }
}

/// The provider's own options, a table of anything.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct Options(pub(crate) serde_json::Map<String, serde_json::Value>);

impl<T: JsonSchema> JsonSchema for Field<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

impl<T: Value> JsonSchema for Text<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Text".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        if T::CLOSED {
            json_schema!({ "type": "string", "enum": T::EXAMPLES })
        } else {
            json_schema!({ "type": "string", "examples": T::EXAMPLES })
        }
    }
}

macro_rules! plain_schema {
    ($($type:ty => $schema:tt,)*) => { $(
        impl JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    )* };
}

plain_schema! {
    Key => { "type": "string" },
    Count => { "type": "integer", "minimum": 0, "maximum": 4_294_967_295u32 },
    Switch => { "type": "boolean" },
    Options => { "type": "object" },
}
