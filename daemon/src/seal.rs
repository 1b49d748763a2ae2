//! Seals: records in JSON whose last field, `check`, is a digest of all before it.
//!
//! A flipped bit in a record can make another record that reads as well as the first. A seal is no
//! proof against people, only against disks.

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::mirror::file_name::hex;

/// The text of a record, sealed, on one line.
pub fn sealed(record: &impl Serialize) -> Vec<u8> {
    // Our records are plain data with text keys, which always serialise, to an object.
    let mut bytes = serde_json::to_vec(record).unwrap_or_default();
    let end = end(&bytes);
    bytes.pop();
    bytes.extend_from_slice(&end);
    bytes
}

/// The record, if the seal is whole.
///
/// # Errors
/// What is wrong with it.
pub fn unsealed<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    let broken = || "its content does not fit its checksum".to_owned();
    let length = bytes.len().checked_sub(end(&[]).len());
    let (body, found) = bytes.split_at(length.ok_or_else(broken)?);
    let record = [body, b"}"].concat();
    if end(&record) != found {
        return Err(broken());
    }
    serde_json::from_slice(&record).map_err(|error| error.to_string())
}

/// What takes the place of a record's closing brace.
fn end(record: &[u8]) -> Vec<u8> {
    let digest = hex(&Sha256::digest(record)[..8]);
    format!(",\"check\":\"{digest}\"}}").into_bytes()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_sealed_record_is_json_and_reads_back() {
        let record = json!({"a": 1, "b": "x\n}"});
        let text = sealed(&record);
        assert_eq!(unsealed::<Value>(&text).unwrap(), record);
        let read: Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(
            (&read["a"], read["check"].as_str().unwrap().len()),
            (&json!(1), 16)
        );
        assert!(!text.contains(&b'\n'));
    }

    proptest! {
        #[test]
        fn no_flipped_bit_and_no_cut_passes(
            name in "[a-z]{1,20}",
            place in any::<prop::sample::Index>(),
            bit in 0..8u8,
        ) {
            let text = sealed(&json!({"name": name, "bytes": 1_234_567}));
            let mut flipped = text.clone();
            flipped[place.index(text.len())] ^= 1 << bit;
            prop_assert!(unsealed::<Value>(&flipped).is_err());
            prop_assert!(unsealed::<Value>(&text[..place.index(text.len())]).is_err());
        }
    }
}
