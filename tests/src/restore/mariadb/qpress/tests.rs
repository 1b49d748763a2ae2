use proptest::prelude::*;

use super::{QpressError, adler32, decode};

/// A qpress file of the packed chunks given.
fn file(chunks: &[&[u8]]) -> Vec<u8> {
    let mut file = b"qpress10\0\0\x01\0\0\0\0\0F\x04\0\0\0name\0".to_vec();
    for chunk in chunks {
        file.extend(b"NEWBNEWB\0\0\0\0\0\0\0\0");
        file.extend(adler32(chunk).to_le_bytes());
        file.extend(*chunk);
    }
    file.extend(b"ENDSENDS\0\0\0\0\0\0\0\0");
    file
}

/// Three literals, then a match of 17 in the slot of `aaa`, then a literal.
const RUN: &[u8] = &[
    0x45, 13, 21, 0x08, 0, 0, 0x80, b'a', b'a', b'a', 0x7f, 0x77, b'b',
];

#[test]
fn adler32_of_a_known_text() {
    assert_eq!(adler32(b"Wikipedia"), 0x11e6_0398);
}

#[test]
fn a_stored_chunk_is_taken_as_it_is() {
    let chunk = [&[0x46, 14, 0, 0, 0, 5, 0, 0, 0][..], b"plain"].concat();
    assert_eq!(decode(&file(&[&chunk])).unwrap(), b"plain");
}

#[test]
fn a_match_may_overlap_what_it_produces() {
    let plain = [&[b'a'; 20][..], b"b"].concat();
    assert_eq!(decode(&file(&[RUN])).unwrap(), plain);
}

#[test]
fn chunks_are_joined_and_do_not_know_each_other() {
    let plain = [&[b'a'; 20][..], b"b"].concat();
    assert_eq!(
        decode(&file(&[RUN, RUN])).unwrap(),
        [&plain[..], &plain].concat()
    );
}

#[test]
fn a_changed_chunk_is_refused() {
    let mut changed = file(&[RUN]);
    let last = changed.len() - 17;
    changed[last] ^= 1;
    assert_eq!(
        decode(&changed),
        Err(QpressError::Checksum { at: last + 1 })
    );
}

#[test]
fn a_match_without_a_past_is_refused() {
    let chunk = [0x45, 9, 17, 0x01, 0, 0, 0x80, 0x7f, 0x77];
    assert!(matches!(
        decode(&file(&[&chunk])),
        Err(QpressError::Chunk { .. })
    ));
}

proptest! {
    #[test]
    fn every_cut_file_is_refused(length in 0..file(&[RUN]).len()) {
        prop_assert_eq!(decode(&file(&[RUN])[..length]), Err(QpressError::Cut));
    }

    #[test]
    fn no_chunk_makes_it_panic(plain in 0_u8..255, body in prop::collection::vec(any::<u8>(), 0..250)) {
        let mut chunk = vec![0x45, body.len() as u8 + 3, plain];
        chunk.extend(body);
        let _ = decode(&file(&[&chunk]));
    }
}
