//! Entity tags: their forms, and how two are compared.

use std::fmt;

/// An entity tag as sent in `ETag`, for example `"25f9e794323b453885f5181f1b624d0b"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntityTag {
    value: String,
    weak: bool,
}

impl EntityTag {
    /// A strong tag; `value` without quotes.
    pub fn strong(value: impl Into<String>) -> Self {
        Self {
            value: value.into(),
            weak: false,
        }
    }

    /// The weak tag of the same value.
    pub fn weakened(self) -> Self {
        Self { weak: true, ..self }
    }

    /// Another tag, told apart by `mark`.
    pub fn marked(self, mark: &str) -> Self {
        Self {
            value: format!("{}-{mark}", self.value),
            ..self
        }
    }

    /// The value without quotes and weakness.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Whether one of the tags in a header value such as `"a", W/"b"` or `*` equals this one by
    /// the strong comparison of RFC 9110, section 8.8.3.2. Unquoted tags are taken too, as
    /// object stores do.
    pub fn matches_strongly(&self, list: &str) -> bool {
        list.trim() == "*"
            || (!self.weak
                && list
                    .split(',')
                    .any(|tag| unquoted(tag.trim()) == self.value))
    }

    /// As [`EntityTag::matches_strongly`], but weak tags compare by value.
    pub fn matches_weakly(&self, list: &str) -> bool {
        list.trim() == "*"
            || list.split(',').any(|tag| {
                let tag = tag.trim();
                unquoted(tag.strip_prefix("W/").unwrap_or(tag)) == self.value
            })
    }
}

impl fmt::Display for EntityTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\"{}\"", if self.weak { "W/" } else { "" }, self.value)
    }
}

fn unquoted(tag: &str) -> &str {
    tag.strip_prefix('"')
        .and_then(|tag| tag.strip_suffix('"'))
        .unwrap_or(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weak_tag_never_matches_strongly() {
        let tag = EntityTag::strong("abc");
        assert!(tag.matches_strongly("\"x\", \"abc\""));
        assert!(tag.matches_strongly("*"));
        assert!(!tag.matches_strongly("W/\"abc\""));
        assert!(tag.matches_weakly("W/\"abc\""));
        let weak = tag.weakened();
        assert_eq!(weak.to_string(), "W/\"abc\"");
        assert!(!weak.matches_strongly("\"abc\""));
    }
}
