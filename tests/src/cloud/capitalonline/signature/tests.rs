use proptest::prelude::*;

use super::*;

const SECRET: &str = "sk-example-0123456789abcdef";
const COMMON: &str = "AccessKeyId=AKEXAMPLE0000000000000000000001&SignatureMethod=HMAC-SHA1\
                      &SignatureNonce=11111111-2222-3333-4444-555555555555&SignatureVersion=1.0\
                      &Timestamp=2024-01-15T08%3A30%3A00Z&Version=2019-08-08";
const DOWNLOAD: &str = "Action=DownloadBackup&InstanceUuid=5ac7c945-ae47-4bbf-82e6-2823d64b57c5\
                        &BackupId=b7a1d2c3-0000-4000-8000-000000000001";

fn received(own: &str) -> ReceivedQuery {
    ReceivedQuery::parse(&format!("{own}&{COMMON}")).unwrap()
}

/// Computed with the vendor's published sample.
#[test]
fn the_vectors_of_the_vendors_sample_match() {
    for (method, own, signature) in [
        ("GET", DOWNLOAD, "5LPy9Rx8niCiU+5Y3km8HKnGBZc="),
        (
            "GET",
            "Action=DescribeDBInstances",
            "vWUY1tlt7xsYMaL9NNOlvkLNz3M=",
        ),
        (
            "GET",
            "Action=DescribeDBInstances&InstanceName=%E6%B5%8B%E8%AF%95+a%2Bb%2Ac~d%2Fe",
            "RIo/DfWbbMWMDReemGw4vLxBrXI=",
        ),
        (
            "GET",
            "Action=DescribeBackups&InstanceUuid=5ac7c945-ae47-4bbf-82e6-2823d64b57c5",
            "4Zzg6a9olwMPLgBrywL5yFe5U5k=",
        ),
        (
            "POST",
            "Action=CreateBackup",
            "UmZisYVCeQ8xaCRkrpszjhYVzCc=",
        ),
    ] {
        let query = received(&format!(
            "{own}&Signature={}",
            percent::encode(signature.as_bytes())
        ));
        assert!(query.is_signed_by(method, SECRET), "{own}");
        assert_eq!(query.signature(method, SECRET), signature);
        let other = if method == "GET" { "POST" } else { "GET" };
        assert!(!query.is_signed_by(other, SECRET), "the method is signed");
    }
}

#[test]
fn a_key_with_an_ampersand_does_not_match() {
    let query = received(&format!(
        "{DOWNLOAD}&Signature=UDOFO2kSmDZrGgBC%2FlNSpowgBRE%3D"
    ));
    assert!(!query.is_signed_by("GET", SECRET));
    assert!(
        query.is_signed_by("GET", &format!("{SECRET}&")),
        "so it was made"
    );
}

#[test]
fn the_string_to_sign_is_the_documented_one() {
    assert_eq!(
        received(DOWNLOAD).string_to_sign("get"),
        "GET&%2F&AccessKeyId%3DAKEXAMPLE0000000000000000000001%26Action%3DDownloadBackup\
         %26BackupId%3Db7a1d2c3-0000-4000-8000-000000000001\
         %26InstanceUuid%3D5ac7c945-ae47-4bbf-82e6-2823d64b57c5%26SignatureMethod%3DHMAC-SHA1\
         %26SignatureNonce%3D11111111-2222-3333-4444-555555555555%26SignatureVersion%3D1.0\
         %26Timestamp%3D2024-01-15T08%253A30%253A00Z%26Version%3D2019-08-08"
    );
    let hard = received("Action=X&InstanceName=%E6%B5%8B%E8%AF%95%20a%2Bb*c~d/e");
    let part = "InstanceName%3D%25E6%25B5%258B%25E8%25AF%2595%2520a%252Bb%252Ac~d%252Fe";
    assert!(hard.string_to_sign("GET").contains(part));
}

#[test]
fn identical_duplicates_count_once_and_others_are_refused() {
    let once = received(DOWNLOAD);
    assert_eq!(received(&format!("{DOWNLOAD}&{DOWNLOAD}")), once);
    let error = ReceivedQuery::parse("a=1&b=2&a=2").unwrap_err();
    assert_eq!(error, QueryError::Contradiction("a".to_owned()));
    assert_eq!(
        ReceivedQuery::parse("a=%FF").unwrap_err(),
        QueryError::NotText
    );
}

#[test]
fn an_unencoded_plus_in_a_signature_is_a_blank_and_does_not_match() {
    let query = received(&format!(
        "{DOWNLOAD}&Signature=5LPy9Rx8niCiU+5Y3km8HKnGBZc="
    ));
    assert!(!query.is_signed_by("GET", SECRET));
}

proptest! {
    #[test]
    fn no_query_makes_it_fail(raw: String) {
        if let Ok(query) = ReceivedQuery::parse(&raw) {
            prop_assert!(!query.is_signed_by("GET", SECRET));
        }
    }
}
