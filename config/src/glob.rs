//! Matching with `*` and `?`.

/// A pattern in which `*` stands for any characters and `?` for exactly one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Glob<'a> {
    pattern: &'a str,
    star_nonempty: bool,
}

impl<'a> Glob<'a> {
    pub(crate) fn new(pattern: &'a str) -> Self {
        Self {
            pattern,
            star_nonempty: false,
        }
    }

    /// Makes `*` stand for at least one character.
    pub(crate) fn star_nonempty(self) -> Self {
        Self {
            star_nonempty: true,
            ..self
        }
    }

    /// True when the whole text matches. Takes at most `pattern × text` steps, whatever the
    /// pattern: on a mismatch only the last star is tried again.
    pub(crate) fn matches(self, text: &str) -> bool {
        let (mut pattern, mut text) = (self.pattern.chars(), text.chars());
        let mut retry = None;
        loop {
            let mut after = pattern.clone();
            match after.next() {
                Some('*') => {
                    if self.star_nonempty && text.next().is_none() {
                        return false;
                    }
                    retry = Some((after.clone(), text.clone()));
                    pattern = after;
                    continue;
                }
                Some(wanted) => {
                    let mut rest = text.clone();
                    match rest.next() {
                        Some(found) if wanted == '?' || wanted == found => {
                            (pattern, text) = (after, rest);
                            continue;
                        }
                        // No later start of the last star could leave more text.
                        None => return false,
                        Some(_) => {}
                    }
                }
                None if text.as_str().is_empty() => return true,
                None => {}
            }
            let Some((from, mut rest)) = retry.take() else {
                return false;
            };
            if rest.next().is_none() {
                return false;
            }
            retry = Some((from.clone(), rest.clone()));
            (pattern, text) = (from, rest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks_match_what_they_stand_for() {
        for (pattern, text, expected) in [
            ("orders-*", "orders-eu", true),
            ("orders-*", "orders-", true),
            ("orders-*", "my-orders-eu", false),
            ("*", "", true),
            ("?", "", false),
            ("?", "é", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-b-b-d", false),
            ("*ab", "aab", true),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(
                Glob::new(pattern).matches(text),
                expected,
                "{pattern} {text}"
            );
        }
        assert!(!Glob::new("*.a.b").star_nonempty().matches(".a.b"));
        assert!(Glob::new("*.a.b").star_nonempty().matches("x.y.a.b"));
    }

    #[test]
    fn many_stars_do_not_explode() {
        let pattern = "a*".repeat(200) + "b";
        assert!(!Glob::new(&pattern).matches(&"a".repeat(5_000)));
    }
}
