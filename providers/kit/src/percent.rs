//! Percent-encoding as vendors' signatures want it: RFC 3986, upper-case hex, a blank is `%20`.
//!
//! The text made here is signed and sent as it is, so that both sides see the same bytes.

use std::fmt::Write;

/// Encodes every byte of the UTF-8 text except `A-Z a-z 0-9 - _ . ~`.
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing into a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// Decodes `%XY`; a `%` without two hex digits stays as it is.
pub fn decode(text: &str) -> String {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = match (first, tail) {
            (b'%', [high, low, after @ ..]) => hex_digit(*high)
                .zip(hex_digit(*low))
                .map(|(high, low)| (high << 4 | low, after)),
            _ => None,
        };
        let (byte, after) = escaped.unwrap_or((*first, tail));
        decoded.push(byte);
        rest = after;
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// The query string: pairs in order of name, then value, each encoded, joined by `&`.
pub fn query(pairs: &[(&str, String)]) -> String {
    let mut pairs: Vec<_> = pairs.iter().collect();
    pairs.sort();
    pairs
        .iter()
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect::<Vec<_>>()
        .join("&")
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn encodes_all_but_what_is_unreserved() {
        assert_eq!(
            encode("*测试 a+b~c/d:"),
            "%2A%E6%B5%8B%E8%AF%95%20a%2Bb~c%2Fd%3A"
        );
    }

    #[test]
    fn orders_a_query_by_name_and_then_by_value() {
        let pairs = [
            ("b", "2".into()),
            ("a", "z".into()),
            ("b", "1".into()),
            ("c", String::new()),
        ];
        assert_eq!(query(&pairs), "a=z&b=1&b=2&c=");
    }

    #[test]
    fn keeps_a_percent_sign_that_escapes_nothing() {
        assert_eq!(decode("100%"), "100%");
        assert_eq!(decode("%zz%4"), "%zz%4");
        assert_eq!(decode("%%41"), "%A");
    }

    proptest! {
        #[test]
        fn decoding_undoes_encoding(text: String) {
            prop_assert_eq!(decode(&encode(&text)), text);
        }

        #[test]
        fn an_encoded_text_holds_no_reserved_character(text: String) {
            prop_assert!(encode(&text).bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.~%".contains(&b)));
        }

        #[test]
        fn decoding_never_fails(text: String) {
            decode(&text);
        }
    }
}
