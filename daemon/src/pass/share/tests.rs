use std::os::unix::fs::MetadataExt;

use sha2::{Digest, Sha256};

use super::*;
use crate::mirror::file_name::{SafeName, hex};
use crate::mirror::manifest::Content;

fn entry(bytes: &[u8]) -> FileEntry {
    FileEntry {
        name: SafeName::from_vendor("full.bin"),
        vendor_name: "full.bin".to_owned(),
        size_bytes: bytes.len() as u64,
        sha256: hex(&Sha256::digest(bytes)),
        agreed: Vec::new(),
        etag: None,
        database: None,
        format: "unknown".to_owned(),
        content: Content::CannotTell {
            reason: String::new(),
        },
    }
}

/// Two directories, the first with a file of these bytes.
fn places(bytes: &[u8]) -> (tempfile::TempDir, Dir, Dir) {
    let place = tempfile::tempdir().unwrap();
    let root = Dir::open(place.path()).unwrap();
    let (from, to) = (root.ensure_dir("from"), root.ensure_dir("to"));
    std::fs::write(place.path().join("from/full.bin"), bytes).unwrap();
    (place, from.unwrap(), to.unwrap())
}

#[test]
fn a_file_comes_without_its_bytes_being_written_again_where_that_can_be() {
    let bytes = vec![7; 100_000];
    let (place, from, to) = places(&bytes);
    let how = bring(&from, &to, &entry(&bytes), &CancellationToken::new()).unwrap();
    assert!(how < How::Copy);
    let path = place.path().join("to/full.bin");
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
    let links = std::fs::metadata(&path).unwrap().nlink();
    assert_eq!(links, if how == How::HardLink { 2 } else { 1 });
}

#[test]
fn a_download_never_writes_into_a_file_that_has_a_second_name() {
    let (place, from, to) = places(b"mirrored");
    to.link_new("full.bin", &from, "full.bin").unwrap();
    to.own_file("full.bin").unwrap();
    to.write_new("full.bin", b"other").unwrap();
    let mirrored = std::fs::read(place.path().join("from/full.bin")).unwrap();
    assert_eq!(mirrored, b"mirrored");
    // A file of its own stays.
    to.own_file("full.bin").unwrap();
    assert!(to.has("full.bin"));
}

#[test]
fn damage_in_the_other_mirror_is_noticed() {
    let (_place, from, to) = places(b"bit");
    for expected in [b"bot".as_slice(), b"bits"] {
        let found = bring(&from, &to, &entry(expected), &CancellationToken::new());
        assert!(matches!(found, Err(ShareError::Damaged(_))));
        to.remove_file("full.bin").unwrap();
    }
}

#[test]
fn a_copy_is_stopped_where_its_pass_is() {
    let bytes = vec![7; 100_000];
    let (_place, from, to) = places(&bytes);
    let cancel = CancellationToken::new();
    cancel.cancel();
    let stopped = bring(&from, &to, &entry(&bytes), &cancel);
    assert!(matches!(stopped, Err(ShareError::Stopped)));
}

#[test]
fn a_copied_file_has_the_bytes_of_the_other() {
    let bytes = vec![7; 3 * BUFFER_BYTES + 1];
    let (place, from, to) = places(&bytes);
    let source = from.open_file("full.bin").unwrap();
    let target = to.create("full.bin").unwrap();
    copy(&source, &target, &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!(
        std::fs::read(place.path().join("to/full.bin")).unwrap(),
        bytes
    );
}
