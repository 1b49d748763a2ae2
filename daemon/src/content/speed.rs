//! Measures what following each format costs.

use super::samples::*;
use super::*;

/// How fast each format is followed, at the best of many tries: `cargo test --release -p backhaul
/// --lib speed -- --ignored --nocapture`.
#[test]
#[ignore = "measures"]
fn speed_of_every_format() {
    const PIECE: usize = 256 << 10;
    let measure = |name: &str, bytes: &[u8], depth: Depth| {
        let begun = std::time::Instant::now();
        let mut checker = Checker::new(name, depth);
        for piece in bytes.chunks(PIECE) {
            checker.update(std::hint::black_box(piece));
        }
        let finding = checker.finish(bytes.len() as u64);
        assert!(
            !matches!(finding.content, Content::Bad { .. }),
            "{finding:?}"
        );
        begun.elapsed().as_secs_f64()
    };
    for (what, name, bytes) in files() {
        let gib = bytes.len() as f64 / f64::from(1 << 30);
        let mut depths = vec![(Depth::Framing, 40)];
        if ["gzip", "binlog", "XXH32"]
            .iter()
            .any(|word| what.contains(word))
        {
            depths.push((Depth::Whole, 5));
        }
        for (depth, tries) in depths {
            let all = (0..tries).map(|_| measure(name, &bytes, depth));
            let best = all.fold(f64::MAX, f64::min);
            println!(
                "{what:42} {depth:?} {:8.1} GiB/s, {:7.2} ms",
                gib / best,
                best * 1e3
            );
        }
    }
}

/// Files of some 64 MiB to measure with: what it is, its name, its bytes.
fn files() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    const LENGTH: usize = 64 << 20;
    let noise = noise(LENGTH);
    let many = |head: &[u8], part: &[u8], end: &[u8]| {
        let mut bytes = head.to_vec();
        while bytes.len() < LENGTH {
            bytes.extend_from_slice(part);
        }
        bytes.extend_from_slice(end);
        bytes
    };
    let log = |body: usize, checksums: bool| {
        let empty = binlog(checksums);
        let mut bytes = empty[..4 + 19 + 102].to_vec();
        while bytes.len() < LENGTH {
            bytes.extend(binlog_event(bytes.len(), 30, &noise[..body], checksums));
        }
        bytes
    };
    let zstd_block = [&[0x00, 0x00, 0x04][..], &noise[..32 << 10]].concat();
    let lz4_block = [
        &(0x8000_0000_u32 | (64 << 10)).to_le_bytes()[..],
        &noise[..64 << 10],
    ]
    .concat();
    let tar_member =
        |size: usize| [tar_header("a", b'0', &octal(size)), noise[..size].to_vec()].concat();
    let lz4_head = &lz4(false)[..7];
    let hash = |bytes: &[u8]| twox_hash::XxHash32::oneshot(0, bytes).to_le_bytes();
    let lz4_hashed_block = [&lz4_block[..], &hash(&lz4_block[4..])].concat();
    let lz4_hashed = &[&b"\x04\x22\x4d\x18\x70\x40"[..], &hash(b"\x70\x40")[1..2]].concat();
    let dump = pg_dump(16, 1);
    let data = dump.len() - (1 + 5 + 805 + 205 + 5) - (1 + 5 + 5 + 55 + 5 + 5);
    let pg_chunk = [&[0, 0, 0x10, 0, 0][..], &noise[..4096]].concat();
    let segment = wal(8192);
    let mut wal = many(b"", &segment[8192..8192 * 64], b"");
    wal[..8192].copy_from_slice(&segment[..8192]);
    wal.truncate(LENGTH);
    wal[32..36].copy_from_slice(&u32::try_from(LENGTH).unwrap().to_le_bytes());
    wal[8..16].fill(0);
    let mut rdb = rdb(false)[..9].to_vec();
    rdb.extend_from_slice(&noise);
    rdb.extend([0xff, 0, 0, 0, 0, 0, 0, 0, 0]);
    vec![
        ("gzip, 1:1", "a.gz", gzip(&noise)),
        (
            "gzip of text, 1:6",
            "a.sql.gz",
            gzip(&many(b"", &sql_dump(), b"")),
        ),
        (
            "zstd, blocks of 32 KiB",
            "a.zst",
            many(b"\x28\xb5\x2f\xfd\0\x58", &zstd_block, b"\x01\0\0"),
        ),
        (
            "lz4, blocks of 64 KiB",
            "a.lz4",
            many(lz4_head, &lz4_block, &[0; 4]),
        ),
        (
            "lz4 with XXH32, blocks of 64 KiB",
            "a.lz4",
            many(lz4_hashed, &lz4_hashed_block, &[0; 4]),
        ),
        (
            "tar, members of 8 KiB",
            "a.tar",
            many(b"", &tar_member(8 << 10), &[0; 1024]),
        ),
        (
            "tar, members of 1 MiB",
            "a.tar",
            many(b"", &tar_member(1 << 20), &[0; 1024]),
        ),
        (
            "xbstream with CRC-32, chunks of 64 KiB",
            "a.xb",
            many(
                b"",
                &[
                    xbstream_chunk(b'P', "a", 0, &noise[..64 << 10]),
                    xbstream_chunk(b'E', "a", 0, b""),
                ]
                .concat(),
                b"",
            ),
        ),
        ("zip", "a", zip(true, &noise, b"")),
        (
            "pg_dump, pieces of 4 KiB",
            "a",
            [
                many(&dump[..data + 6], &pg_chunk, &[0; 5]),
                dump[data + 1021..].to_vec(),
            ]
            .concat(),
        ),
        ("binlog, events of 8 KiB", "a", log(8 << 10, false)),
        (
            "binlog with CRC-32, events of 8 KiB",
            "a",
            log(8 << 10, true),
        ),
        ("binlog, events of 100 bytes", "a", log(81, false)),
        (
            "binlog with CRC-32, events of 100 bytes",
            "a",
            log(77, true),
        ),
        ("RDB with CRC-64", "a.rdb", rdb),
        ("WAL", "a", wal),
        ("text", "a", many(b"", &sql_dump(), b"")),
        ("unknown", "a", noise.clone()),
    ]
}
