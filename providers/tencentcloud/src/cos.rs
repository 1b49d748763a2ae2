//! Links into COS, the vendor's object storage: how long they live and what its answers prove.
//!
//! A link tells its own life: `q-sign-time=<start>;<end>` in Unix seconds, either as a parameter
//! of its own or inside one encoded parameter `sign`. Sources: the vendor's samples, "GET Object"
//! and the page on CRC-64.

use backhaul_provider_api::chrono::DateTime;
use backhaul_provider_api::{
    ChecksumAlgorithm, ETagMeaning, ExpiryLimits, Link, Ranges, Timestamp,
};
use backhaul_provider_kit::percent;

/// Host patterns of the object storage: the bucket stands in front.
pub(crate) const LINK_HOSTS: [&str; 2] = ["*.cos.*.myqcloud.com", "*.cos.*.tencentcos.cn"];

/// CRC-64/XZ in decimal, of the whole object. Old objects have none.
const CRC64_HEADER: &str = "x-cos-hash-crc64ecma";

/// The link with all that is known about it.
///
/// The ETag is not taken for an MD5: multipart objects and objects encrypted by KMS have another
/// one, and the vendor says to compare the CRC-64 instead.
pub(crate) fn link(url: &str) -> Link {
    Link {
        expires_at: life(url).map(|(_, end)| end),
        // That a transfer may run on beyond the expiry is not documented.
        expiry_limits: ExpiryLimits::Transfer,
        ranges: Ranges::Yes,
        etag: ETagMeaning::Opaque,
        checksum_headers: vec![(CRC64_HEADER.to_owned(), ChecksumAlgorithm::Crc64Xz)],
        ..Link::new(url)
    }
}

/// Whether a text can be a link at all: one word with a scheme.
pub(crate) fn is_url(text: &str) -> bool {
    let scheme = ["https://", "http://"]
        .iter()
        .any(|scheme| text.starts_with(scheme));
    scheme && !text.contains(|letter: char| letter.is_whitespace() || letter.is_control())
}

/// From when until when a link is valid, as it says itself.
fn life(url: &str) -> Option<(Timestamp, Timestamp)> {
    let (_, query) = url.split_once('?')?;
    let query = query.split('#').next().unwrap_or_default();
    sign_time(query).or_else(|| sign_time(&parameter(query, "sign")?))
}

fn sign_time(query: &str) -> Option<(Timestamp, Timestamp)> {
    let value = parameter(query, "q-sign-time")?;
    let (start, end) = value.split_once(';')?;
    let instant = |seconds: &str| DateTime::from_timestamp(seconds.parse().ok()?, 0);
    Some((instant(start)?, instant(end)?))
}

/// The decoded value of a parameter.
fn parameter(query: &str, name: &str) -> Option<String> {
    query.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        (percent::decode(key) == name).then(|| percent::decode(value))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BARE: &str = "https://b-1.cos.ap-guangzhou.myqcloud.com/a%2fb.tar?q-sign-algorithm=sha1&q-ak=AKIDx&q-sign-time=1730079993%3B1730123193&q-key-time=1730079993%3B1730123193&q-header-list=host&q-url-param-list=&q-signature=0";
    const WRAPPED: &str = "https://b-1.cos.ap-guangzhou.myqcloud.com/a?sign=q-sign-algorithm%3dsha1%26q-ak%3dAKIDx%26q-sign-time%3d1551952863%3b1551974523%26q-key-time%3d1551952863%3b1551974523%26q-signature%3d0";

    fn end(url: &str) -> Option<i64> {
        link(url).expires_at.map(|end| end.timestamp())
    }

    #[test]
    fn both_shapes_of_a_link_tell_its_end() {
        assert_eq!(end(BARE), Some(1_730_123_193));
        assert_eq!(end(WRAPPED), Some(1_551_974_523));
        assert_eq!(end(&WRAPPED.replace("%3b", ";")), Some(1_551_974_523));
        assert_eq!(end(&format!("{BARE}#part")), Some(1_730_123_193));
    }

    #[test]
    fn a_link_that_tells_nothing_has_no_end() {
        for url in [
            "https://b-1.cos.ap-guangzhou.myqcloud.com/pgsql/xxxx",
            "https://b/?q-sign-time=1730079993",
            "https://b/?q-sign-time=a%3Bb",
            "https://b/?q-sign-time=1%3B99999999999999999999",
            "http://gz.dl.cdb.tencentyun.com/x?appid=1&time=1467971011&sign=ChupJ1dMt8W%2BcYHLlYGAE6ccEnk%3D",
        ] {
            assert_eq!(end(url), None, "{url}");
        }
    }

    #[test]
    fn a_link_is_kept_byte_for_byte_and_says_what_its_answers_prove() {
        let link = link(BARE);
        assert_eq!(link.url.expose(), BARE);
        assert_eq!((link.ranges, link.etag), (Ranges::Yes, ETagMeaning::Opaque));
        assert_eq!(
            link.checksum_headers,
            [(
                "x-cos-hash-crc64ecma".to_owned(),
                ChecksumAlgorithm::Crc64Xz
            )]
        );
        assert!(!format!("{link:?}").contains("AKIDx"));
    }

    #[test]
    fn what_is_no_url_is_told() {
        assert!(is_url(BARE));
        for text in ["", "ftp://x", "b.cos/x", "https://a b", "https://a\nb"] {
            assert!(!is_url(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_fail(url: String, query: String) {
            link(&url);
            link(&format!("https://b/?sign={query}"));
        }

        #[test]
        fn every_time_is_found_in_either_shape(start in 0i64..4_000_000_000, length in 0i64..200_000) {
            let time = format!("{start}%3B{}", start + length);
            let bare = format!("https://b/k?q-ak=x&q-sign-time={time}&q-signature=0");
            prop_assert_eq!(end(&bare), Some(start + length));
            let wrapped = format!("https://b/k?sign={}", percent::encode(bare.split_once('?').unwrap().1));
            prop_assert_eq!(end(&wrapped), Some(start + length));
        }
    }
}
