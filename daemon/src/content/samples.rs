//! Good files of every format, made by small writers.

use std::hash::Hasher;
use std::io::Write;
use std::sync::LazyLock;

use super::format::Format;

/// A good file.
pub(super) struct Sample {
    pub name: &'static str,
    pub format: Format,
    pub bytes: Vec<u8>,
    /// Lengths at which a cut does not show, because the format ends there too.
    pub seamless: Vec<usize>,
}

fn sample(name: &'static str, format: Format, bytes: Vec<u8>) -> Sample {
    Sample {
        name,
        format,
        bytes,
        seamless: Vec::new(),
    }
}

/// Bytes without any pattern, always the same.
pub(super) fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_u32;
    let step = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[1]
    };
    std::iter::repeat_with(step).take(length).collect()
}

pub(super) fn crc32(bytes: &[u8]) -> u32 {
    let crc = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc32IsoHdlc, bytes);
    u32::try_from(crc).unwrap()
}

/// All of them.
pub(super) fn all() -> &'static [Sample] {
    static ALL: LazyLock<Vec<Sample>> = LazyLock::new(make);
    &ALL
}

fn make() -> Vec<Sample> {
    vec![
        sample("dump.sql.gz", Format::Gzip, gzip(&sql_dump())),
        sample("base.tar.gz", Format::Gzip, gzip(&tar(false))),
        several_members(),
        frames(
            "a.zst",
            Format::Zstd,
            &[zstd(true), skippable(), zstd(false)],
        ),
        frames("a.lz4", Format::Lz4, &[lz4(true), skippable(), lz4(false)]),
        xbstream_sample(),
        sample("full.qp", Format::Qpress, qpress()),
        sample("base.tar", Format::Tar, tar(false)),
        sample("large.tar", Format::Tar, tar(true)),
        sample(
            "a.zip",
            Format::Zip,
            zip(false, &noise(400), b"a comment PK"),
        ),
        sample("b.zip", Format::Zip, zip(true, &noise(400), b"")),
        sample("a.dump", Format::PgDump, pg_dump(14, 2)),
        sample("b.dump", Format::PgDump, pg_dump(16, 2)),
        sample("mysql-bin.000001", Format::Binlog, binlog(true)),
        sample("mysql-bin.000002", Format::Binlog, binlog(false)),
        sample("dump.rdb", Format::Rdb, rdb(true)),
        sample("plain.rdb", Format::Rdb, rdb(false)),
        sample("000000010000000000000003", Format::Wal, wal(8192)),
        dump_in_text(),
    ]
}

/// With one byte of name and a comment, so that every part of the header is there.
pub(super) fn gzip(plain: &[u8]) -> Vec<u8> {
    let builder = flate2::GzBuilder::new()
        .extra(*b"AB\x02\0xy")
        .filename("a")
        .comment("b");
    let mut encoder = builder.write(Vec::new(), flate2::Compression::fast());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

/// Two members and zeros behind them, which gzip ignores.
fn several_members() -> Sample {
    let first = gzip(b"first");
    let both = [first.clone(), gzip(b"second")].concat();
    let padded = [both.clone(), vec![0; 300]].concat();
    let seamless = std::iter::once(first.len()).chain(both.len()..padded.len());
    Sample {
        seamless: seamless.collect(),
        ..sample("two.gz", Format::Gzip, padded)
    }
}

fn frames(name: &'static str, format: Format, frames: &[Vec<u8>]) -> Sample {
    let ends = frames.iter().scan(0, |end, frame| {
        *end += frame.len();
        Some(*end)
    });
    Sample {
        seamless: ends.collect(),
        ..sample(name, format, frames.concat())
    }
}

/// A frame that decoders of zstd and lz4 pass over.
fn skippable() -> Vec<u8> {
    [&b"\x53\x2a\x4d\x18\x05\0\0\0"[..], b"hello"].concat()
}

/// A frame of raw blocks, one of a repeated byte, and one that only looks compressed.
fn zstd(checksum: bool) -> Vec<u8> {
    let block = |last: bool, kind: usize, size: usize, content: &[u8]| {
        let header = u32::try_from(usize::from(last) | kind << 1 | size << 3).unwrap();
        [&header.to_le_bytes()[..3], content].concat()
    };
    let mut frame = b"\x28\xb5\x2f\xfd".to_vec();
    if checksum {
        // Length in 4 bytes, dictionary in 1, checksum; no window.
        frame.extend_from_slice(b"\xa5\x07");
        frame.extend(2705_u32.to_le_bytes());
    } else {
        frame.extend_from_slice(b"\x00\x58");
    }
    frame.extend(block(false, 0, 700, &noise(700)));
    frame.extend(block(false, 1, 2000, b"x"));
    frame.extend(block(true, 2, 5, b"\0\0\0\0\0"));
    if checksum {
        frame.extend_from_slice(b"hash");
    }
    frame
}

/// A frame of blocks that are not compressed.
pub(super) fn lz4(checksums: bool) -> Vec<u8> {
    let hash = |bytes: &[u8]| twox_hash::XxHash32::oneshot(0, bytes).to_le_bytes();
    let mut header = vec![if checksums { 0x7c } else { 0x60 }, 0x40];
    if checksums {
        header.extend(1300_u64.to_le_bytes());
    }
    let header_checksum = hash(&header)[1];
    let mut frame = [&b"\x04\x22\x4d\x18"[..], &header, &[header_checksum]].concat();
    for block in noise(1300).chunks(650) {
        frame.extend((0x8000_0000 | u32::try_from(block.len()).unwrap()).to_le_bytes());
        frame.extend_from_slice(block);
        if checksums {
            frame.extend(hash(block));
        }
    }
    frame.extend([0; 4]);
    if checksums {
        let mut content = twox_hash::XxHash32::with_seed(0);
        content.write(&noise(1300));
        frame.extend(content.finish_32().to_le_bytes());
    }
    frame
}

pub(super) fn xbstream_chunk(kind: u8, path: &str, offset: u64, content: &[u8]) -> Vec<u8> {
    let mut chunk = b"XBSTCK01\0".to_vec();
    chunk.push(kind);
    chunk.extend(u32::try_from(path.len()).unwrap().to_le_bytes());
    chunk.extend_from_slice(path.as_bytes());
    let holes: &[u8] = match kind {
        b'E' => return chunk,
        b'S' => b"\0\x10\0\0\x80\0\0\0",
        _ => b"",
    };
    if kind == b'S' {
        chunk.extend(1_u32.to_le_bytes());
    }
    chunk.extend((content.len() as u64).to_le_bytes());
    chunk.extend(offset.to_le_bytes());
    chunk.extend(crc32(&[holes, content].concat()).to_le_bytes());
    chunk.extend_from_slice(holes);
    chunk.extend_from_slice(content);
    chunk
}

/// Two files whose chunks take turns, one that is empty, one that is sparse.
fn xbstream_sample() -> Sample {
    let chunks = [
        xbstream_chunk(b'P', "ibdata1", 0, &noise(900)),
        xbstream_chunk(b'P', "shop/item.ibd", 0, &noise(300)),
        xbstream_chunk(b'P', "ibdata1", 900, &noise(500)),
        xbstream_chunk(b'E', "ibdata1", 0, b""),
        xbstream_chunk(b'E', "shop/item.ibd", 0, b""),
        xbstream_chunk(b'P', "empty", 0, b""),
        xbstream_chunk(b'E', "empty", 0, b""),
        xbstream_chunk(b'S', "sparse.ibd", 0, &noise(128)),
        xbstream_chunk(b'E', "sparse.ibd", 0, b""),
    ];
    // Whenever no file is open, the stream might as well end.
    let seamless = [5, 7].map(|chunk| chunks[..chunk].concat().len());
    Sample {
        seamless: seamless.into(),
        ..sample("full.xbstream", Format::Xbstream, chunks.concat())
    }
}

fn qpress() -> Vec<u8> {
    let name = |name: &str| {
        let length = u32::try_from(name.len()).unwrap().to_le_bytes();
        [&length[..], name.as_bytes(), b"\0"].concat()
    };
    // QuickLZ's short header, for a chunk that is not compressed, and its long one.
    let short = [&[0x44, 103, 100][..], &noise(100)].concat();
    let long = [
        &[0x46][..],
        &609_u32.to_le_bytes(),
        &600_u32.to_le_bytes(),
        &noise(600),
    ];
    let block = |chunk: &[u8]| [&b"NEWBNEWB\0\0\0\0\0\0\0\0adle"[..], chunk].concat();
    [
        b"qpress10\0\0\x01\0\0\0\0\0D".to_vec(),
        name("shop"),
        b"F".to_vec(),
        name("item.ibd"),
        block(&short),
        block(&long.concat()),
        b"ENDSENDS\0\0\0\0\0\0\0\0U".to_vec(),
    ]
    .concat()
}

/// A header block.
pub(super) fn tar_header(name: &str, kind: u8, size: &[u8; 12]) -> Vec<u8> {
    let mut block = vec![0; 512];
    block[..name.len()].copy_from_slice(name.as_bytes());
    block[100..108].copy_from_slice(b"0000644\0");
    block[124..136].copy_from_slice(size);
    block[156] = kind;
    block[257..265].copy_from_slice(b"ustar\x0000");
    tar_sum(&mut block);
    block
}

fn tar_sum(block: &mut [u8]) {
    block[148..156].fill(b' ');
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}

fn padded(content: &[u8]) -> Vec<u8> {
    let mut padded = content.to_vec();
    padded.resize(content.len().next_multiple_of(512), 0);
    padded
}

pub(super) fn octal(size: usize) -> [u8; 12] {
    format!("{size:011o}\0").as_bytes().try_into().unwrap()
}

/// A directory, a file and a link; with `large`, sizes in other forms: base 256, a pax header, and
/// the maps of a sparse file.
fn tar(large: bool) -> Vec<u8> {
    let mut archive = tar_header("base/", b'5', &octal(0));
    archive.extend(tar_header("base/PG_VERSION", b'0', &octal(3)));
    archive.extend(padded(b"15\n"));
    archive.extend(tar_header("base/link", b'2', &octal(0)));
    if large {
        let mut binary = [0; 12];
        binary[0] = 0x80;
        binary[10..].copy_from_slice(&700_u16.to_be_bytes());
        archive.extend(tar_header("base/binary", b'0', &binary));
        archive.extend(padded(&noise(700)));

        let records = b"21 path=base/another\n13 size=1025\n";
        archive.extend(tar_header("pax", b'x', &octal(records.len())));
        archive.extend(padded(records));
        archive.extend(tar_header("base/another", b'0', &octal(0)));
        archive.extend(padded(&noise(1025)));

        let mut sparse = tar_header("base/sparse", b'S', &octal(512));
        sparse[482] = 1;
        tar_sum(&mut sparse);
        let mut more = vec![0; 1024];
        more[504] = 1;
        archive.extend([sparse, more, noise(512)].concat());
    }
    archive.extend([0; 1024]);
    archive
}

/// An archive of one stored member.
pub(super) fn zip(large: bool, content: &[u8], comment: &[u8]) -> Vec<u8> {
    let fields = |extra: &[u8]| {
        let length = u32::try_from(content.len()).unwrap().to_le_bytes();
        let crc = crc32(content).to_le_bytes();
        [
            &[0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0][..],
            &crc,
            &length,
            &length,
            &[1, 0, 0, 0],
            extra,
        ]
        .concat()
    };
    let mut archive = [&b"PK\x03\x04"[..], &fields(b"a"), content].concat();
    let begin = archive.len();
    archive.extend([&b"PK\x01\x02\x14\0"[..], &fields(&[0; 14]), b"a"].concat());
    let (begin, length) = (begin as u64, (archive.len() - begin) as u64);
    let small = |value: u64| u32::try_from(value).unwrap().to_le_bytes();
    if large {
        let end64 = archive.len() as u64;
        archive.extend_from_slice(b"PK\x06\x06");
        archive.extend(44_u64.to_le_bytes());
        archive.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        for value in [1, 1, length, begin] {
            archive.extend(value.to_le_bytes());
        }
        archive.extend_from_slice(b"PK\x06\x07\0\0\0\0");
        archive.extend(end64.to_le_bytes());
        archive.extend([1, 0, 0, 0]);
        archive.extend_from_slice(b"PK\x05\x06\0\0\0\0\xff\xff\xff\xff");
        archive.extend([0xff; 8]);
    } else {
        archive.extend_from_slice(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
        archive.extend([small(length), small(begin)].concat());
    }
    archive.extend(u16::try_from(comment.len()).unwrap().to_le_bytes());
    archive.extend_from_slice(comment);
    archive
}

/// A dump of a table and large objects, with one entry without data. `state` is what the table of
/// contents knows of the places of data: 1 nothing, 2 where they are.
pub(super) fn pg_dump(minor: u8, state: u8) -> Vec<u8> {
    let number = |value: i32| {
        let sign = u8::from(value < 0);
        [&[sign][..], &value.unsigned_abs().to_le_bytes()].concat()
    };
    let text = |text: &str| {
        let length = i32::try_from(text.len()).unwrap();
        [number(length), text.as_bytes().to_vec()].concat()
    };
    let none = || number(-1);
    let mut dump = [&b"PGDMP\x01"[..], &[minor, 0, 4, 8, 1]].concat();
    dump.extend(if minor >= 15 { vec![1] } else { number(-1) });
    for value in [1, 2, 3, 4, 5, 126, 0] {
        dump.extend(number(value));
    }
    dump.extend([text("shop"), text("16.1"), text("16.1"), number(3)].concat());
    for (id, state) in [(1, 3), (2, state), (3, state)] {
        dump.extend([number(id), number(i32::from(state != 3))].concat());
        dump.extend(
            [
                text("1259"),
                text("0"),
                text("item"),
                text("TABLE"),
                number(2),
            ]
            .concat(),
        );
        dump.extend(
            [
                text("CREATE TABLE item (id int)"),
                none(),
                text(""),
                text("public"),
                none(),
            ]
            .concat(),
        );
        if minor >= 14 {
            dump.extend(text("heap"));
        }
        if minor >= 16 {
            dump.extend(number(114));
        }
        dump.extend(
            [
                text("postgres"),
                text("false"),
                text("1"),
                text("2"),
                none(),
            ]
            .concat(),
        );
        dump.push(state);
        dump.extend([0; 8]);
    }
    let chunk = |length: usize| [number(i32::try_from(length).unwrap()), noise(length)].concat();
    dump.extend([vec![1], number(2), chunk(800), chunk(200), number(0)].concat());
    dump.extend(
        [
            vec![3],
            number(3),
            number(16400),
            chunk(50),
            number(0),
            number(0),
        ]
        .concat(),
    );
    dump
}

pub(super) fn binlog_event(at: usize, kind: u8, body: &[u8], checksums: bool) -> Vec<u8> {
    let length = 19 + body.len() + if checksums { 4 } else { 0 };
    let word = |value: usize| u32::try_from(value).unwrap().to_le_bytes();
    let mut event = vec![1, 2, 3, 4, kind, 1, 0, 0, 0];
    event.extend([word(length), word(at + length)].concat());
    event.extend([0, 0]);
    event.extend_from_slice(body);
    if checksums {
        event.extend(crc32(&event).to_le_bytes());
    }
    event
}

/// A log of a transaction that ends with the change to the next one.
pub(super) fn binlog(checksums: bool) -> Vec<u8> {
    let mut description = vec![0; 2 + 50 + 4 + 1 + 40];
    description[..8].copy_from_slice(b"\x04\08.0.36");
    description.push(u8::from(checksums));
    if !checksums {
        description.extend([0; 4]);
    }
    let mut log = b"\xfebin".to_vec();
    log.extend(binlog_event(4, 15, &description, checksums));
    for (kind, body) in [
        (2, noise(60)),
        (30, noise(9000)),
        (16, noise(8)),
        (4, b"mysql-bin.000002".to_vec()),
    ] {
        log.extend(binlog_event(log.len(), kind, &body, checksums));
    }
    log
}

pub(super) fn rdb(checksum: bool) -> Vec<u8> {
    let mut dump = b"REDIS0011\xfa\x09redis-ver\x057.2.4".to_vec();
    dump.extend(noise(3000));
    dump.push(0xff);
    let crc = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Redis, &dump);
    dump.extend(if checksum { crc } else { 0 }.to_le_bytes());
    dump
}

/// A segment of 1 MiB that was left for the next one in its middle.
pub(super) fn wal(page: usize) -> Vec<u8> {
    const SEGMENT: usize = 1 << 20;
    let mut segment = vec![0; SEGMENT];
    for (index, bytes) in segment
        .chunks_mut(page)
        .enumerate()
        .take(SEGMENT / page / 2)
    {
        let address = 3 * SEGMENT + index * page;
        bytes.copy_from_slice(&noise(page));
        bytes[..2].copy_from_slice(&0xd116_u16.to_le_bytes());
        bytes[2] = if index == 0 { 2 } else { 0 };
        bytes[3] = 0;
        bytes[8..16].copy_from_slice(&(address as u64).to_le_bytes());
        if index == 0 {
            bytes[32..36].copy_from_slice(&u32::try_from(SEGMENT).unwrap().to_le_bytes());
            bytes[36..40].copy_from_slice(&u32::try_from(page).unwrap().to_le_bytes());
        }
    }
    segment
}

pub(super) fn sql_dump() -> Vec<u8> {
    let rows = (1..200).map(|id| format!("INSERT INTO `item` VALUES ({id},'item {id}');\n"));
    format!(
        "-- MySQL dump 10.13  Distrib 8.0.36\n--\n{}\n-- Dump completed on 2026-01-01  3:15:00\n",
        rows.collect::<String>()
    )
    .into_bytes()
}

/// The end mark is there once its words are; what follows is a date.
fn dump_in_text() -> Sample {
    let bytes = sql_dump();
    let date = b" on 2026-01-01  3:15:00\n".len();
    Sample {
        seamless: (bytes.len() - date..bytes.len()).collect(),
        ..sample("dump.sql", Format::Text, bytes)
    }
}
