//! The examples of the S3 API reference: bucket `examplebucket`, 24 May 2013.

use backhaul_provider_api::chrono::{TimeZone, Utc};

use super::*;

const HOST: &str = "examplebucket.s3.amazonaws.com";

fn with_signer<T>(token: Option<&str>, test: impl FnOnce(&Signer<'_>) -> T) -> T {
    let token = token.map(Secret::new);
    test(&Signer {
        access_key: &Secret::new("AKIAIOSFODNN7EXAMPLE"),
        secret_key: &Secret::new("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        security_token: token.as_ref(),
        region: "us-east-1",
        now: Utc.with_ymd_and_hms(2013, 5, 24, 0, 0, 0).unwrap(),
    })
}

fn headers(further: &[(&str, &str)]) -> Vec<(String, Secret)> {
    [
        ("Host", HOST),
        ("x-amz-date", "20130524T000000Z"),
        ("x-amz-content-sha256", EMPTY_SHA256),
    ]
    .iter()
    .chain(further)
    .map(|(name, value)| ((*name).to_owned(), Secret::new(*value)))
    .collect()
}

#[test]
fn a_get_of_an_object_is_signed_as_in_the_reference() {
    let header = with_signer(None, |signer| {
        signer.authorization("GET", "/test.txt", "", &headers(&[("Range", "bytes=0-9")]))
    });
    assert_eq!(
        header.expose(),
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
         SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, \
         Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    );
}

#[test]
fn sub_resources_and_lists_are_signed_as_in_the_reference() {
    for (query, signature) in [
        (
            percent::query(&[("lifecycle", String::new())]),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
        ),
        (
            percent::query(&[("prefix", "J".into()), ("max-keys", "2".into())]),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
    ] {
        let header = with_signer(None, |signer| {
            signer.authorization("GET", "/", &query, &headers(&[]))
        });
        assert!(
            header.expose().ends_with(&format!("Signature={signature}")),
            "{query}"
        );
    }
}

#[test]
fn a_link_is_presigned_as_in_the_reference() {
    let query = with_signer(None, |signer| {
        signer.presigned_query(HOST, "/test.txt", &[], 86_400)
    });
    assert_eq!(
        query.expose(),
        "X-Amz-Algorithm=AWS4-HMAC-SHA256\
         &X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request\
         &X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host\
         &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    );
}

#[test]
fn the_token_of_temporary_keys_and_a_version_are_part_of_the_link() {
    let query = with_signer(Some("to+ken/="), |signer| {
        signer.presigned_query(HOST, "/test.txt", &[("versionId", "v.1".into())], 60)
    });
    let names: Vec<&str> = query
        .expose()
        .split('&')
        .filter_map(|pair| pair.split_once('=').map(|(name, _)| name))
        .collect();
    assert_eq!(
        names,
        [
            "X-Amz-Algorithm",
            "X-Amz-Credential",
            "X-Amz-Date",
            "X-Amz-Expires",
            "X-Amz-Security-Token",
            "X-Amz-SignedHeaders",
            "versionId",
            "X-Amz-Signature"
        ]
    );
    assert!(
        query
            .expose()
            .contains("X-Amz-Security-Token=to%2Bken%2F%3D&")
    );
}
