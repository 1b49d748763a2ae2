use backhaul_provider_api::serde_json::json;

use super::*;

const INSIDE: &str = "http://gz.dl.cdb.tencentyun.com:33003/0123456789abcdef0123456789abcd?appid=1251004065&time=1700000000&sign=ZDxBCfRuFXDITwXY4C7%2BkTDAlDE%3D";
const OUTSIDE: &str = "http://gz.dl.cdb.qcloud.com/0123456789abcdef0123456789abcd?appid=1251004065&time=1700000000&sign=ZDxBCfRuFXDITwXY4C7%2BkTDAlDE%3D";
const ISSUED: i64 = 1_700_000_000;

fn offer(record: backhaul_provider_api::serde_json::Value) -> Offer {
    Offer::read(&Record::of(&record).unwrap())
}

fn file(offer: &Offer, network: Network) -> Result<File, Error> {
    let credentials = Credentials {
        secret_id: Secret::new("AKIDEXAMPLE0000000000000000000000001"),
        secret_key: Secret::new("SecretKeyExample000000000000001"),
        security_token: None,
    };
    offer.file(&Making {
        credentials: &credentials,
        network,
        reading: Reading::Decoded,
        issued: DateTime::from_timestamp(ISSUED, 0).unwrap(),
        quality: Quality::Exact,
    })
}

fn expiry(link: &str) -> i64 {
    let offer = offer(json!({"file_name": "a", "in_url": link}));
    let file = file(&offer, Network::Intranet).unwrap();
    file.link.expires_at.unwrap().timestamp()
}

#[test]
fn the_network_chooses_the_address() {
    let both = offer(json!({"file_name": "a", "in_url": INSIDE, "out_url": OUTSIDE}));
    let inside = offer(json!({"file_name": "a", "in_url": INSIDE}));
    let outside = offer(json!({"file_name": "a", "in_url": "", "out_url": OUTSIDE}));
    for (offer, network, begins) in [
        (&both, Network::Public, OUTSIDE),
        (&both, Network::Intranet, INSIDE),
        (&both, Network::Auto, INSIDE),
        (&inside, Network::Auto, INSIDE),
        (&inside, Network::Intranet, INSIDE),
        (&outside, Network::Auto, OUTSIDE),
        (&outside, Network::Public, OUTSIDE),
    ] {
        let file = file(offer, network).unwrap();
        assert!(file.link.url.expose().starts_with(begins), "{network:?}");
    }
    let none = offer(json!({"file_name": "a", "in_url": null}));
    for (offer, network, words) in [
        (
            &inside,
            Network::Public,
            "set the job's `network` to intranet",
        ),
        (&outside, Network::Intranet, "to public or auto"),
        (&none, Network::Auto, "no link"),
    ] {
        let error = file(offer, network).unwrap_err();
        assert_eq!(error.class, ErrorClass::Unsupported);
        assert!(error.message.contains(words), "{error}");
        assert!(!error.message.contains("http"), "{error}");
    }
}

#[test]
fn a_link_lives_twelve_hours_whatever_its_time_means() {
    const LIFE: i64 = 12 * 3600;
    let with = |time: &str| INSIDE.replace("time=1700000000", &format!("time={time}"));
    for (time, end) in [
        ("1700000000", ISSUED + LIFE),
        // Issued on the vendor's clock.
        ("1699999990", ISSUED - 10 + LIFE),
        ("1700000300", ISSUED + LIFE),
        // The end itself.
        ("1700043200", 1_700_043_200),
        ("1700003600", 1_700_003_600),
        // Nonsense.
        ("1467971011", ISSUED + LIFE),
        ("x", ISSUED + LIFE),
        ("99999999999999999", ISSUED + LIFE),
    ] {
        assert_eq!(expiry(&with(time)), end, "{time}");
    }
}

#[test]
fn a_link_into_the_object_storage_is_not_signed_again() {
    let link = "https://b-1.cos.ap-guangzhou.myqcloud.com/a?sign=q-sign-algorithm%3dsha1%26q-sign-time%3d1700000000%3b1700000900";
    let record = json!({"file_name": "a", "out_url": link});
    let file = file(&offer(record), Network::Public).unwrap();
    assert_eq!(file.link.url.expose(), link);
    assert_eq!(file.link.expires_at.unwrap().timestamp(), 1_700_000_900);
    assert_eq!(file.link.checksum_headers.len(), 1);
    let plain = "https://b-1.cos.ap-guangzhou.myqcloud.com/a";
    assert_eq!(expiry(plain), ISSUED + 12 * 3600);
}

/// The samples of the pages on the list and on partial exports.
#[test]
fn names_are_decoded_and_numbers_may_be_texts() {
    let listed = offer(json!({
        "file_name": "%E6%B5%8B%E8%AF%952_backup_2016-03-17", "size": "671224", "in_url": INSIDE,
    }));
    assert_eq!(listed.name, "测试2_backup_2016-03-17");
    assert_eq!(listed.bytes, Some(671_224));
    let exported = offer(json!({
        "file_name": "cdb154153_backup_2016-07-06 01:04:54", "size": 671_224,
    }));
    assert_eq!(exported.name, "cdb154153_backup_2016-07-06 01:04:54");
    assert_eq!(exported.bytes, Some(671_224));
    for size in [json!(0), json!("0"), json!("a"), json!(null), json!(-1)] {
        assert_eq!(offer(json!({"file_name": "a", "size": size})).bytes, None);
    }
}

#[test]
fn a_hostile_name_or_address_is_cut_or_left_out() {
    let name = format!("a%00\u{1b}[31m{}", "x".repeat(2000));
    let hostile =
        offer(json!({"file_name": name, "in_url": "javascript:1", "out_url": "http://a b"}));
    assert!(hostile.name.starts_with("a[31mx"));
    assert_eq!(hostile.name.chars().count(), NAME_CHARS);
    assert!(file(&hostile, Network::Auto).is_err());
    assert!(!format!("{:?}", offer(json!({"file_name": "a", "in_url": INSIDE}))).contains("sign="));
}
