//! The vectors were computed from the page's algorithm; the signature that the page prints was
//! made with a key that it masks.

use backhaul_provider_api::Secret;
use proptest::prelude::*;

use super::*;

/// The link of the page on signing links.
const PAGE_LINK: &str = "http://gz.dl.cdb.qcloud.com/c85be5fa579da84af33f0efd49b1b7cd?appid=8888888888&time=1478778522&sign=ZDxBCfRuFXDITwXY4C7%2BkTDAlDE%3D";

/// The link of the page on partial exports.
const EXPORT_LINK: &str = "http://gz.dl.cdb.tencentyun.com/**?appid=1351000042&time=1467971011&sign=ChupJ1dMt8W%2BcYHLlYGAE6ccEnk%3D&dbtbcode=272";

const ID: &str = "AKIDEXAMPLE0000000000000000000000001";

fn credentials() -> Credentials {
    Credentials {
        secret_id: Secret::new(ID),
        secret_key: Secret::new("SecretKeyExample000000000000001"),
        security_token: None,
    }
}

#[test]
fn a_link_is_signed_in_both_readings() {
    for (link, reading, signature) in [
        (
            PAGE_LINK,
            Reading::Decoded,
            "RYOL8cei7ktqi7t65Rt5fIrubdA%3D",
        ),
        (
            PAGE_LINK,
            Reading::Encoded,
            "LdZSFEMTx4HSCmCr8fOwYA19%2Bx4%3D",
        ),
        (
            EXPORT_LINK,
            Reading::Decoded,
            "dL8HYwuor0vUAWsgNcmVwCn1Lc4%3D",
        ),
        (
            EXPORT_LINK,
            Reading::Encoded,
            "oZiDpq%2FEx9zopGkQRUbody7HmTk%3D",
        ),
    ] {
        assert_eq!(
            sign(link, &credentials(), reading),
            format!("{link}&secretId={ID}&signature={signature}")
        );
    }
}

#[test]
fn links_of_the_old_servers_are_told_from_others() {
    for link in [
        PAGE_LINK,
        EXPORT_LINK,
        "http://127.0.0.1:80/x?sign=&time=&appid=",
    ] {
        assert!(wants_second_signature(link), "{link}");
    }
    for link in [
        "",
        "https://x.cos.ap-guangzhou.myqcloud.com/a?q-sign-algorithm=sha1&q-ak=x",
        "https://x.cos.ap-guangzhou.myqcloud.com/a?sign=q-sign-algorithm%3Dsha1",
        "https://x/appid/time/sign",
        "https://x/?appid=1&time=2",
    ] {
        assert!(!wants_second_signature(link), "{link}");
    }
    assert_eq!(
        parameter(EXPORT_LINK, "time").as_deref(),
        Some("1467971011")
    );
}

#[test]
fn a_refusal_changes_the_reading_and_what_begins_later_follows() {
    let mut readings = Readings::default();
    let (a, b, c) = (
        BackupKey::new("a"),
        BackupKey::new("b"),
        BackupKey::new("c"),
    );
    let mut next = |key: &BackupKey, reason| readings.next("cdb-1", key, reason);
    assert_eq!(next(&a, ResolveReason::Start), Reading::Decoded);
    assert_eq!(next(&b, ResolveReason::Start), Reading::Decoded);
    assert_eq!(next(&a, ResolveReason::Refused), Reading::Encoded);
    // It was under way with the reading that was refused; this must not turn the rest back.
    assert_eq!(next(&b, ResolveReason::Refused), Reading::Encoded);
    assert_eq!(next(&c, ResolveReason::Start), Reading::Encoded);
    assert_eq!(next(&c, ResolveReason::Expired), Reading::Encoded);
    assert_eq!(next(&c, ResolveReason::Refused), Reading::Decoded);
    assert_eq!(next(&a, ResolveReason::Expired), Reading::Encoded);
}

#[test]
fn the_first_words_of_a_session_may_be_a_refusal() {
    let mut readings = Readings::default();
    let key = BackupKey::new("a");
    assert_eq!(
        readings.next("cdb-1", &key, ResolveReason::Refused),
        Reading::Encoded
    );
}

proptest! {
    #[test]
    fn a_signed_link_begins_with_the_link_itself(query: String) {
        let link = format!("http://h/p?{query}");
        for reading in [Reading::Decoded, Reading::Encoded] {
            let signed = sign(&link, &credentials(), reading);
            prop_assert!(signed.starts_with(&link));
            prop_assert!(signed.contains("&signature="));
        }
        wants_second_signature(&query);
        parameter(&query, "time");
    }
}
