//! What holds for every format, and the particular cases of each.

use std::path::Path;

use proptest::prelude::*;

use super::samples::{self, Sample};
use super::*;

fn check(name: &str, bytes: &[u8]) -> Finding {
    in_pieces(name, bytes, &[], Depth::Framing)
}

/// Checks a file cut at the given places.
fn in_pieces(name: &str, bytes: &[u8], cuts: &[usize], depth: Depth) -> Finding {
    let mut checker = Checker::new(name, depth);
    let mut at = 0;
    for cut in cuts.iter().copied().chain([bytes.len()]) {
        checker.update(&bytes[at..cut]);
        at = cut;
    }
    checker.finish(bytes.len() as u64)
}

fn content(name: &str, bytes: &[u8]) -> Content {
    check(name, bytes).content
}

#[track_caller]
fn assert_bad(content: &Content, words: &str) {
    match content {
        Content::Bad { reason } if reason.contains(words) => {}
        other => panic!("not bad because of {words:?}: {other:?}"),
    }
}

#[track_caller]
fn assert_untold(content: &Content, words: &str) {
    match content {
        Content::CannotTell { reason } if reason.contains(words) => {}
        other => panic!("not untold because of {words:?}: {other:?}"),
    }
}

fn fixture(path: &str) -> Vec<u8> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures");
    std::fs::read(fixtures.join(path)).unwrap()
}

#[test]
fn good_files_are_good_at_either_depth() {
    for Sample {
        name,
        format,
        bytes,
        ..
    } in samples::all()
    {
        for depth in [Depth::Framing, Depth::Whole] {
            let finding = in_pieces(name, bytes, &[], depth);
            assert_eq!(
                (finding.format, finding.content),
                (*format, Content::Good),
                "{name}"
            );
        }
    }
}

#[test]
fn files_of_real_servers_are_good() {
    for (path, format) in [
        ("mariadb/full.qp", Format::Xbstream),
        ("mariadb/mysql-bin.000002", Format::Binlog),
        ("postgresql/000000010000000000000008", Format::Wal),
        ("postgresql/orders.dump", Format::PgDump),
        ("postgresql/globals.sql", Format::Text),
    ] {
        let finding = check(path.rsplit('/').next().unwrap(), &fixture(path));
        assert_eq!(
            (finding.format, finding.content),
            (format, Content::Good),
            "{path}"
        );
    }
    let base = fixture("postgresql/base.tar.gz");
    assert_untold(&content("base.tar.gz", &base), "decompressed");
    let whole = |bytes: &[u8]| in_pieces("base.tar.gz", bytes, &[], Depth::Whole).content;
    assert_eq!(whole(&base), Content::Good);
    assert_bad(&whole(&base[..base.len() - 100]), "cut");
}

#[test]
fn no_file_that_is_cut_is_good() {
    for Sample {
        name,
        bytes,
        seamless,
        ..
    } in samples::all()
    {
        let step = (bytes.len() / 600).max(1);
        let near_end = bytes.len().saturating_sub(600)..bytes.len();
        for length in (0..bytes.len()).step_by(step).chain(near_end) {
            let found = content(name, &bytes[..length]);
            let seamless = seamless.contains(&length);
            assert_eq!(
                found == Content::Good,
                seamless,
                "{name} cut at {length}: {found:?}"
            );
        }
    }
}

/// Where the format lets one know, a cut file is bad, not merely doubtful.
#[test]
fn files_that_are_cut_are_bad_wherever_it_shows() {
    for Sample {
        name,
        bytes,
        seamless,
        format,
    } in samples::all()
    {
        for length in [bytes.len() * 2 / 3, bytes.len() - 1].map(|length| length.max(1100)) {
            if seamless.contains(&length) || length >= bytes.len() {
                continue;
            }
            let found = content(name, &bytes[..length]);
            let bad = matches!(found, Content::Bad { .. });
            assert!(bad, "{format} {name} cut at {length}: {found:?}");
        }
    }
}

#[test]
fn something_behind_the_end_is_noticed() {
    let binary = |sample: &Sample| sample.format != Format::Text;
    for Sample { name, bytes, .. } in samples::all().iter().filter(|sample| binary(sample)) {
        let mut bytes = bytes.clone();
        bytes.extend_from_slice(b"\x01something else");
        let found = content(name, &bytes);
        assert_ne!(found, Content::Good, "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_verdict_does_not_depend_on_the_pieces(
        which in any::<prop::sample::Index>(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..40),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
        length in any::<prop::sample::Index>(),
        whole in any::<bool>(),
        cut in any::<bool>(),
    ) {
        let Sample { name, bytes, .. } = which.get(samples::all());
        let mut bytes = bytes.clone();
        for (place, value) in flips {
            *place.get_mut(&mut bytes) ^= value;
        }
        if cut {
            bytes.truncate(length.index(bytes.len()));
        }
        let depth = if whole { Depth::Whole } else { Depth::Framing };
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.sort_unstable();
        let one = in_pieces(name, &bytes, &[], depth);
        prop_assert_eq!(&one, &in_pieces(name, &bytes, &cuts, depth));
        if bytes.len() < 20_000 {
            let all: Vec<_> = (0..bytes.len()).collect();
            prop_assert_eq!(&one, &in_pieces(name, &bytes, &all, depth));
        }
    }

    #[test]
    fn no_bytes_make_it_panic(
        which in any::<prop::sample::Index>(),
        keep in 0..200_usize,
        bytes in prop::collection::vec(any::<u8>(), 0..3000),
        fill in prop::option::of(any::<u8>()),
    ) {
        let Sample { name, bytes: good, .. } = which.get(samples::all());
        let mut file = good[..keep.min(good.len())].to_vec();
        match fill {
            Some(fill) => file.extend(bytes.iter().map(|_| fill)),
            None => file.extend(bytes),
        }
        let _ = in_pieces(name, &file, &[], Depth::Framing);
        let _ = in_pieces("", &file, &[], Depth::Whole);
    }

    #[test]
    fn flipped_bytes_near_the_front_never_make_it_panic(
        which in any::<prop::sample::Index>(),
        place in 0..600_usize,
        value in 1_u8..,
    ) {
        let Sample { name, bytes, .. } = which.get(samples::all());
        let mut bytes = bytes.clone();
        let place = place % bytes.len();
        bytes[place] ^= value;
        let _ = check(name, &bytes);
    }
}

#[test]
fn a_name_that_promises_another_format_is_bad() {
    let bytes = samples::gzip(b"x");
    assert_bad(&content("a.qp", &bytes), "begins like gzip");
    assert_bad(
        &content("a.tar.gz", &samples::noise(2000)),
        "does not begin like one",
    );
    assert_bad(&content("a.zip", b""), "does not begin like one");
    assert_untold(&content("a.bin", &samples::noise(2000)), "not known");
    assert_untold(&content("a", b""), "empty");
}

#[test]
fn error_pages_are_told() {
    let page = b"<html><body>404</body></html>";
    assert_eq!(check("full.qp", page).page, Some("an HTML page"));
    assert_eq!(check("page.html", page).page, None);
}

#[test]
fn bytes_that_were_not_seen_leave_the_verdict_open() {
    let mut checker = Checker::new("a.gz", Depth::Framing);
    checker.update(&samples::gzip(b"x"));
    assert_untold(&checker.finish(1 << 30).content, "were seen");
}

mod gzip {
    use super::*;

    #[test]
    fn what_is_inside_has_to_be_what_the_name_says() {
        let page = samples::gzip(b"<html>not found</html>");
        assert_bad(
            &content("base.tar.gz", &page),
            "inside the gzip: its name ends in .tar",
        );
        assert_eq!(content("base.gz", &page), Content::Good);
    }

    #[test]
    fn damage_shows_in_a_small_file_and_at_depth_in_a_large_one() {
        let plain = samples::noise(3 << 20);
        let mut large = samples::gzip(&plain);
        assert_untold(&content("a.gz", &large), "decompressed");
        let whole = |bytes: &[u8]| in_pieces("a.gz", bytes, &[], Depth::Whole).content;
        assert_eq!(whole(&large), Content::Good);
        let middle = large.len() / 2;
        large[middle] ^= 1;
        assert_bad(&whole(&large), "");

        let mut small = samples::gzip(b"content");
        let checksum = small.len() - 8;
        small[checksum] ^= 1;
        assert_bad(&content("a.gz", &small), "checksum");
    }

    #[test]
    fn a_large_file_of_something_else_shows_at_once() {
        let large = samples::gzip(&samples::noise(3 << 20));
        assert_bad(&content("base.tar.gz", &large), "inside the gzip");
    }

    #[test]
    fn a_file_made_to_swell_is_left_early() {
        let swelling = samples::gzip(&vec![0; 64 << 20]);
        assert!(swelling.len() < 1 << 20);
        assert_untold(&content("a.gz", &swelling), "decompressed");
    }
}

#[test]
fn checksums_of_lz4_are_compared() {
    let good = samples::all().iter().find(|sample| sample.name == "a.lz4");
    let good = &good.unwrap().bytes;
    for (place, words) in [(6, "frame header"), (100, "lz4 block")] {
        let mut bytes = good.clone();
        bytes[place] ^= 1;
        let finding = in_pieces("a.lz4", &bytes, &[], Depth::Whole);
        assert_bad(&finding.content, words);
    }
    assert_untold(
        &content("a.lz4", b"\x02\x21\x4c\x18\x05\0\0\0hello"),
        "legacy",
    );
}

mod tar {
    use super::*;

    fn archive() -> Vec<u8> {
        let size = b"00000000003\0";
        let mut archive = samples::tar_header("a", b'0', size);
        archive.extend_from_slice(b"abc");
        archive.resize(1024, 0);
        archive
    }

    #[test]
    fn missing_end_marks_are_told_apart() {
        let none = archive();
        assert_bad(&content("a.tar", &none), "without the end mark");
        let half = [none.clone(), vec![0; 512]].concat();
        assert_untold(&content("a.tar", &half), "only one of the two");
        let padded = [none.clone(), vec![0; 10240]].concat();
        assert_eq!(content("a.tar", &padded), Content::Good);
        let more = [none.clone(), vec![0; 1024], none].concat();
        assert_untold(&content("a.tar", &more), "at byte 2048");
    }

    #[test]
    fn archives_older_than_ustar_are_known_by_their_checksums() {
        let mut header = samples::tar_header("a", b'0', b"         0  ");
        header[257..265].fill(0);
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        let old = [header, vec![0; 1024]].concat();
        assert_eq!(check("a.tar", &old).format, Format::Tar);
        assert_eq!(content("a.tar", &old), Content::Good);
    }

    #[test]
    fn a_header_with_a_wrong_checksum_is_bad() {
        let mut wrong = [archive(), archive(), vec![0; 1024]].concat();
        wrong[1024 + 100] ^= 1;
        assert_bad(&content("a.tar", &wrong), "at byte 1024");
    }
}

mod xbstream {
    use super::samples::xbstream_chunk as chunk;
    use super::*;

    #[test]
    fn content_that_is_missing_or_damaged_is_named() {
        let first = chunk(b'P', "ibdata1", 0, b"one");
        let second = chunk(b'P', "ibdata1", 3, b"two");
        let end = chunk(b'E', "ibdata1", 0, b"");
        let found = |chunks: &[&[u8]]| content("a.xb", &chunks.concat());
        assert_eq!(found(&[&first, &second, &end]), Content::Good);
        assert_bad(&found(&[&first, &second]), "not ended, such as ibdata1");
        assert_bad(&found(&[&second, &end]), "the beginning of ibdata1");
        assert_bad(&found(&[&first, &first, &end]), "at its byte 0");
        let mut damaged = first.clone();
        *damaged.last_mut().unwrap() ^= 1;
        assert_bad(&found(&[&damaged, &end]), "checksum of a chunk of ibdata1");
    }

    #[test]
    fn chunks_of_other_kinds_leave_the_verdict_open() {
        let moved = [chunk(b'E', "a", 0, b""), chunk(b'R', "a", 0, b"")].concat();
        assert_untold(&content("a.xb", &moved), "not known here");
        let header = &chunk(b'E', "a", 0, b"")[..];
        let mut seek = header.to_vec();
        seek[9] = b'S';
        seek.extend(64_u64.to_le_bytes());
        let seek = [&seek[..], &chunk(b'P', "a", 64, b"x"), header].concat();
        assert_untold(&content("a.xb", &seek), "not known here");
    }

    #[test]
    fn more_open_files_than_are_followed_leave_the_verdict_open() {
        let many = (0..10_000).map(|file| chunk(b'P', &format!("{file:0100}"), 0, b""));
        let many: Vec<u8> = many.flatten().collect();
        assert_untold(&content("a.xb", &many), "more files at once");
    }
}

mod pg_dump {
    use super::*;

    #[test]
    fn tables_without_data_are_missed() {
        let dump = samples::pg_dump(15, 2);
        let blocks = dump.len() - (1 + 5 + 5 + 55 + 5 + 5);
        assert_bad(&content("a.dump", &dump[..blocks]), "only 1 are there");
        let piped = samples::pg_dump(15, 1);
        assert_eq!(content("a.dump", &piped), Content::Good);
        assert_untold(&content("a.dump", &piped[..blocks]), "may have data");
    }

    #[test]
    fn other_versions_and_forms_leave_the_verdict_open() {
        let mut dump = samples::pg_dump(15, 2);
        dump[6] = 17;
        assert_untold(&content("a.dump", &dump), "1.17");
        dump[10] = 5;
        assert_untold(&content("toc.dat", &dump), "several files");
        dump[5] = 2;
        assert_bad(&content("a.dump", &dump), "2.17");
    }
}

mod binlog {
    use super::*;

    #[test]
    fn a_log_that_still_grew_is_told_from_one_that_is_cut() {
        let log = fixture("mariadb/mysql-bin.000002");
        let rotate = 0x2f;
        let open = &log[..log.len() - rotate];
        assert_untold(&content("mysql-bin.000002", open), "still writing");
        assert_bad(&content("mysql-bin.000002", &open[..open.len() - 1]), "cut");
    }

    #[test]
    fn damaged_events_are_found_by_their_checksums() {
        let mut log = fixture("mariadb/mysql-bin.000002");
        log[600] ^= 1;
        let finding = in_pieces("mysql-bin.000002", &log, &[], Depth::Whole);
        assert_bad(&finding.content, "checksum");
    }

    #[test]
    fn encrypted_logs_leave_the_verdict_open() {
        assert_untold(&content("a", b"\xfdbin\x01\x02\x03"), "encrypted");
        let log = fixture("mariadb/mysql-bin.000002");
        let encrypted = samples::binlog_event(256, 164, b"\x01", true);
        let log = [&log[..256], &encrypted].concat();
        assert_untold(&content("a", &log), "encrypted");
    }

    #[test]
    fn a_log_put_together_of_others_leaves_the_verdict_open() {
        let log = fixture("mariadb/mysql-bin.000002");
        let twice = [&log[..], &log[4..]].concat();
        assert_untold(&content("a", &twice), "another position");
    }
}

#[test]
fn an_rdb_that_commands_follow_leaves_the_verdict_open() {
    let preamble = b"REDIS0009\xfa\x0caof-preamble\xc0\x01\xff12345678*1\r\n$4\r\nPING\r\n";
    assert_untold(&content("appendonly.aof", preamble), "append-only");
    assert_untold(&content("a.rdb", b"REDIS0004\xff"), "no checksum");
    assert_bad(&content("a.rdb", b"REDIS0011\xff87654321"), "checksum");
}

mod sql_server {
    use super::*;

    fn tape() -> Vec<u8> {
        let mut block = vec![0; 512];
        block[..4].copy_from_slice(b"TAPE");
        block[84..86].copy_from_slice(&1024_u16.to_le_bytes());
        block[93] = 1;
        // The XOR of `TA` and `PE`, all else being nought.
        block[50..52].copy_from_slice(&[b'T' ^ b'P', b'A' ^ b'E']);
        block
    }

    #[test]
    fn only_the_first_block_is_checked() {
        assert_untold(&content("a.bak", &tape()), "only the first block");
        let mut doubtful = tape();
        doubtful[8] = 1;
        assert_untold(&content("a.bak", &doubtful), "checksum");
        let mut size = tape();
        size[84] = 1;
        assert_bad(&content("a.bak", &size), "block size of 1025");
        assert_bad(&content("a.bak", &tape()[..500]), "whole blocks");
        assert_untold(
            &content("a.bak", &[&b"MSSQLBAK"[..], &[0; 500]].concat()),
            "compressed",
        );
    }
}

mod wal {
    use super::*;

    const NAME: &str = "000000010000000000000008";

    fn segment() -> Vec<u8> {
        fixture("postgresql/000000010000000000000008")
    }

    #[test]
    fn the_length_has_to_be_that_of_a_segment() {
        assert_bad(&content(NAME, &segment()[..1 << 19]), "1048576 bytes");
        let partial = format!("{NAME}.partial");
        assert_untold(&content(&partial, &segment()[..1 << 19]), "partial");
        assert_eq!(content(&partial, &segment()), Content::Good);
    }

    #[test]
    fn the_name_has_to_be_that_of_the_first_page() {
        assert_bad(&content("000000010000000000000009", &segment()), "0/800000");
        assert_eq!(content("renamed", &segment()), Content::Good);
    }

    #[test]
    fn pages_of_others_are_found() {
        let mut stale = segment();
        let (first, second) = stale.split_at_mut(2 * 8192);
        second[..8192].copy_from_slice(&first[8192..]);
        assert_untold(&content(NAME, &stale), "older WAL");
        stale[8192] ^= 1;
        assert_bad(&content(NAME, &stale), "at byte 8192");
    }
}

#[test]
fn text_without_marks_leaves_the_verdict_open() {
    assert_untold(&content("a.sql", b"SELECT 1;\n"), "its end is missing");
}
