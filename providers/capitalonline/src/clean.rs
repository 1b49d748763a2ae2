//! What the vendor wrote, made fit for the contract, which bounds the length of ids and names.

use backhaul_provider_kit::record::Record;

/// An id of the vendor's, unless it holds what would hide in a log or spoil a request.
pub(crate) fn identifier(record: &Record<'_>, name: &str) -> Option<String> {
    record
        .text_or_number(name)
        .filter(|id| id.len() <= 256 && !id.chars().any(char::is_control))
}

/// A text that people typed, on one line and of bounded length.
pub(crate) fn line(text: &str) -> String {
    text.chars()
        .filter(|letter| !letter.is_control())
        .take(200)
        .collect()
}

#[cfg(test)]
mod tests {
    use backhaul_provider_api::serde_json::json;

    use super::*;

    #[test]
    fn an_id_is_taken_whole_or_not_at_all() {
        let value = json!({"text": " b1 ", "number": 7, "long": "x".repeat(257), "odd": "a\u{0}b"});
        let record = Record::of(&value).unwrap();
        assert_eq!(identifier(&record, "text").as_deref(), Some("b1"));
        assert_eq!(identifier(&record, "number").as_deref(), Some("7"));
        for name in ["long", "odd", "none"] {
            assert_eq!(identifier(&record, name), None, "{name}");
        }
    }

    #[test]
    fn a_line_is_short_and_without_control_characters() {
        assert_eq!(line("a\nb\u{0}c"), "abc");
        assert_eq!(line(&"夜".repeat(500)).len(), 600);
    }
}
