use backhaul_provider_api::chrono::{TimeZone, Utc};
use proptest::prelude::*;

use super::*;

const INSTANCE: (&str, &str) = ("InstanceUuid", "5ac7c945-ae47-4bbf-82e6-2823d64b57c5");
const BACKUP: (&str, &str) = ("BackupId", "b7a1d2c3-0000-4000-8000-000000000001");

fn keys(secret: &str) -> Keys {
    Keys {
        access_key: Secret::new("AKEXAMPLE0000000000000000000001"),
        secret_key: Secret::new(secret),
    }
}

fn call<'a>(method: &'a str, action: &'a str, own: &'a [(&'a str, &'a str)]) -> Unsigned<'a> {
    Unsigned {
        method,
        action,
        nonce: "11111111-2222-3333-4444-555555555555",
        now: Utc.with_ymd_and_hms(2024, 1, 15, 8, 30, 0).unwrap(),
        own,
    }
}

fn signature_with(secret: &str, call: Unsigned<'_>) -> String {
    let query = call.signed(&keys(secret));
    let (_, signature) = query.expose().split_once("&Signature=").unwrap();
    percent::decode(signature)
}

fn signature(call: Unsigned<'_>) -> String {
    signature_with("sk-example-0123456789abcdef", call)
}

/// The vectors were computed by the vendor's own published sample.
#[test]
fn the_vendors_sample_gives_the_same_signatures() {
    for (call, expected) in [
        (
            call("GET", "DownloadBackup", &[INSTANCE, BACKUP]),
            "5LPy9Rx8niCiU+5Y3km8HKnGBZc=",
        ),
        (
            call("GET", "DescribeDBInstances", &[]),
            "vWUY1tlt7xsYMaL9NNOlvkLNz3M=",
        ),
        (
            call(
                "GET",
                "DescribeDBInstances",
                &[("InstanceName", "测试 a+b*c~d/e")],
            ),
            "RIo/DfWbbMWMDReemGw4vLxBrXI=",
        ),
        (
            call("GET", "DescribeBackups", &[INSTANCE]),
            "4Zzg6a9olwMPLgBrywL5yFe5U5k=",
        ),
        (
            call("POST", "CreateBackup", &[]),
            "UmZisYVCeQ8xaCRkrpszjhYVzCc=",
        ),
    ] {
        assert_eq!(signature(call), expected, "{call:?}");
    }
}

#[test]
fn the_key_carries_no_ampersand() {
    let download = call("GET", "DownloadBackup", &[INSTANCE, BACKUP]);
    let wrong = signature_with("sk-example-0123456789abcdef&", download);
    assert_eq!(wrong, "UDOFO2kSmDZrGgBC/lNSpowgBRE=");
    assert_ne!(signature(download), wrong);
}

#[test]
fn the_query_holds_every_common_parameter_and_an_encoded_signature() {
    let query = call("GET", "DownloadBackup", &[INSTANCE, BACKUP])
        .signed(&keys("sk-example-0123456789abcdef"));
    assert_eq!(
        query.expose(),
        "AccessKeyId=AKEXAMPLE0000000000000000000001&Action=DownloadBackup\
         &BackupId=b7a1d2c3-0000-4000-8000-000000000001\
         &InstanceUuid=5ac7c945-ae47-4bbf-82e6-2823d64b57c5&SignatureMethod=HMAC-SHA1\
         &SignatureNonce=11111111-2222-3333-4444-555555555555&SignatureVersion=1.0\
         &Timestamp=2024-01-15T08%3A30%3A00Z&Version=2019-08-08\
         &Signature=5LPy9Rx8niCiU%2B5Y3km8HKnGBZc%3D"
    );
}

#[test]
fn names_are_ordered_by_code_point() {
    let own = [INSTANCE, ("IP", "66.66")];
    let query = call("GET", "DescribeDBInstances", &own).canonical(&keys("k"));
    assert!(query.contains("IP=66.66&InstanceUuid="), "{query}");
    assert!(query.starts_with("AccessKeyId="), "{query}");
}

#[test]
fn an_empty_value_is_neither_signed_nor_sent() {
    let with = call("GET", "DescribeBackups", &[INSTANCE, ("Desc", "")]);
    assert_eq!(signature(with), "4Zzg6a9olwMPLgBrywL5yFe5U5k=");
    let query = with.signed(&keys("k"));
    assert!(!query.expose().contains("Desc="));
}

#[test]
fn a_nonce_is_a_random_uuid() {
    assert_eq!(nonce(&[0xff; 16]), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    assert_eq!(nonce(&[]), "00000000-0000-4000-8000-000000000000");
}

proptest! {
    #[test]
    fn any_value_is_sent_as_plain_ascii(value: String) {
        let own = [("InstanceName", value.as_str())];
        let query = call("GET", "DescribeDBInstances", &own).signed(&keys("k"));
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~%=&".contains(&byte);
        prop_assert!(query.expose().bytes().all(plain));
    }
}
