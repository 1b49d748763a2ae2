//! Quoting a vendor's own words in an error: short, on one line, without secrets and links.

use backhaul_provider_api::Secret;

/// The longest part of a vendor's text that is quoted, in characters.
const TEXT_CHARS: usize = 200;

/// A word longer than this is no word of a sentence but an encoded something.
const WORD_CHARS: usize = 48;

/// The beginning of a vendor's text without what could be a secret or a link.
pub fn text(text: &str, secrets: &[&Secret]) -> String {
    let mut text = text.to_owned();
    for secret in secrets.iter().filter(|secret| secret.expose().len() >= 4) {
        text = text.replace(secret.expose(), "…");
    }
    let words: Vec<&str> = text
        .split(|letter: char| letter.is_whitespace() || letter.is_control())
        .filter(|word| !word.is_empty())
        .map(|word| {
            // Chinese sentences have no blanks; encoded somethings are ASCII.
            let opaque = word.len() > WORD_CHARS && word.is_ascii();
            if opaque || word.contains("://") {
                "…"
            } else {
                word
            }
        })
        .collect();
    let text = words.join(" ");
    match text.char_indices().nth(TEXT_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// A code is a short word; whatever else stands in its place is not repeated.
pub fn code(code: &str) -> String {
    let plain = code.len() <= 64
        && code
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    if plain {
        code.to_owned()
    } else {
        "unreadable".to_owned()
    }
}

/// A request id, if it is one: up to 64 letters, digits, `-`, `_`, `.`, `=`.
pub fn request_id(id: &str) -> Option<String> {
    let id = id.trim();
    let plain = (1..=64).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.=".contains(&byte));
    plain.then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_holds_no_link_no_secret_and_no_encoded_message() {
        let key = Secret::new("AKEXAMPLE00000000001");
        let long = "QUJD".repeat(30);
        let words =
            format!("see https://x.example/b?Signature=x\n key AKEXAMPLE00000000001 token {long}");
        assert_eq!(text(&words, &[&key]), "see … key … token …");
        let chinese = text(&"实例".repeat(300), &[]);
        assert_eq!(chinese.chars().count(), TEXT_CHARS + 1);
    }

    #[test]
    fn a_hostile_code_or_request_id_is_not_repeated() {
        assert_eq!(code("https://x/?Signature=x"), "unreadable");
        assert_eq!(
            code("AuthFailure.SignatureExpire"),
            "AuthFailure.SignatureExpire"
        );
        assert_eq!(request_id(" ab-1 ").as_deref(), Some("ab-1"));
        assert_eq!(request_id("a b"), None);
        assert_eq!(request_id(&"a".repeat(65)), None);
    }
}
