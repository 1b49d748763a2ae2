//! Percent-encoding as the signing rules of the vendors want it.
//!
//! Written from RFC 3986 and the vendors' pages, for the verifying side: decode what was
//! received, then encode it again in the one canonical way.

/// Decodes `%XY`. A `%` that starts no valid escape stands for itself, as most servers read it.
pub fn decode(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = (bytes[at] == b'%')
            .then(|| bytes.get(at + 1..at + 3))
            .flatten()
            .and_then(|digits| Some((hex_value(digits[0])? << 4) | hex_value(digits[1])?));
        match escape {
            Some(byte) => {
                decoded.push(byte);
                at += 3;
            }
            None => {
                decoded.push(bytes[at]);
                at += 1;
            }
        }
    }
    decoded
}

/// Encodes all but the unreserved characters `A-Z a-z 0-9 - _ . ~`, with upper-case digits.
pub fn encode(bytes: &[u8]) -> String {
    use std::fmt::Write as _;

    let mut encoded = String::with_capacity(bytes.len());
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// Decodes and re-encodes each segment of a path; a separator that was escaped stays escaped.
pub fn canonical_path(raw: &str) -> String {
    raw.split('/')
        .map(|segment| encode(&decode(segment)))
        .collect::<Vec<_>>()
        .join("/")
}

/// The decoded pairs of a query in the order received. A `+` is a space, as in a form; a
/// parameter without `=` has an empty value.
pub fn query_pairs(raw: &str) -> Vec<(Vec<u8>, Vec<u8>)> {
    raw.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (
                decode(&name.replace('+', " ")),
                decode(&value.replace('+', " ")),
            )
        })
        .collect()
}

/// Lower-case hexadecimal digits of some bytes.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;

    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn hex_value(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn encoding_keeps_only_the_unreserved_characters() {
        assert_eq!(
            encode("*测 a+b~c/d:".as_bytes()),
            "%2A%E6%B5%8B%20a%2Bb~c%2Fd%3A"
        );
    }

    #[test]
    fn a_path_is_brought_to_its_canonical_form() {
        assert_eq!(canonical_path("/v3/a%2fb/%7e x"), "/v3/a%2Fb/~%20x");
    }

    #[test]
    fn a_plus_in_a_query_is_a_space() {
        let pairs = query_pairs("t=1+2&u=1%2B2&flag");
        assert_eq!(pairs[0], (b"t".to_vec(), b"1 2".to_vec()));
        assert_eq!(pairs[1], (b"u".to_vec(), b"1+2".to_vec()));
        assert_eq!(pairs[2], (b"flag".to_vec(), Vec::new()));
    }

    #[test]
    fn a_broken_escape_stands_for_itself() {
        assert_eq!(decode("100%"), b"100%");
        assert_eq!(decode("%zz%4"), b"%zz%4");
    }

    proptest! {
        #[test]
        fn decoding_undoes_encoding(bytes: Vec<u8>) {
            prop_assert_eq!(decode(&encode(&bytes)), bytes);
        }
    }
}
