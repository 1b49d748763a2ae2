use std::net::{IpAddr, SocketAddr};

use super::resolver::permitted;
use super::*;

fn patterns(texts: &[&str]) -> Vec<HostPattern> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

fn vendor() -> Egress {
    Egress::new(
        patterns(&["*.vendor.example", "127.0.0.1", "api.exact.example"]),
        patterns(&["*.links.example", "10.1.2.3", "localhost", "::1"]),
        false,
    )
}

#[test]
fn allows_declared_and_configured_hosts_and_no_others() {
    let egress = vendor();
    for good in [
        "https://rds.vendor.example/v3",
        "https://RDS.Vendor.Example./v3",
        "https://a.links.example:8443/x",
        "https://localhost:9000/",
        "https://10.1.2.3/",
        "https://[::1]:8080/",
    ] {
        assert_eq!(egress.check(&url(good)), Ok(()), "{good}");
    }
    for bad in [
        "https://vendor.example.evil.test/",
        "https://evil.test/?x=.vendor.example",
        "https://10.1.2.4/",
    ] {
        assert!(
            matches!(egress.check(&url(bad)), Err(EgressError::Host { .. })),
            "{bad}"
        );
    }
}

#[test]
fn an_address_must_be_named_by_the_configuration_itself() {
    assert_eq!(
        vendor().check(&url("https://127.0.0.1/")),
        Err(EgressError::Address {
            host: "127.0.0.1".to_owned(),
            kind: AddressKind::Loopback
        })
    );
    // The same address in another spelling is the same address.
    assert!(vendor().check(&url("https://0x7f.1/")).is_err());
}

#[test]
fn refuses_plain_http_users_and_other_schemes() {
    let egress = vendor();
    assert!(matches!(
        egress.check(&url("http://rds.vendor.example/")),
        Err(EgressError::PlainHttp { .. })
    ));
    assert!(matches!(
        egress.check(&url("https://u:p@rds.vendor.example/")),
        Err(EgressError::User { .. })
    ));
    assert!(matches!(
        egress.check(&url("ftp://rds.vendor.example/")),
        Err(EgressError::Scheme { .. })
    ));
}

#[test]
fn an_endpoint_allows_its_own_scheme_host_and_port_only() {
    let egress = Egress::new(Vec::new(), Vec::new(), true)
        .with_endpoints(vec![url("http://127.0.0.1:8080")]);
    assert_eq!(egress.check(&url("http://127.0.0.1:8080/v3/x")), Ok(()));
    for bad in [
        "http://127.0.0.1:8081/",
        "https://127.0.0.1:8080/",
        "http://127.0.0.2:8080/",
    ] {
        assert!(egress.check(&url(bad)).is_err(), "{bad}");
    }
}

fn kind(address: &str) -> AddressKind {
    AddressKind::of(address.parse::<IpAddr>().unwrap())
}

#[test]
fn knows_the_special_addresses_in_all_their_disguises() {
    for (address, expected) in [
        ("93.184.216.34", AddressKind::Public),
        ("2606:2800:220:1::1", AddressKind::Public),
        ("10.0.0.1", AddressKind::Private),
        ("172.31.255.255", AddressKind::Private),
        ("192.168.1.1", AddressKind::Private),
        ("100.125.0.1", AddressKind::Private),
        ("fd12::1", AddressKind::Private),
        ("169.254.169.254", AddressKind::Metadata),
        ("100.100.100.200", AddressKind::Metadata),
        ("fd00:ec2::254", AddressKind::Metadata),
        ("169.254.1.1", AddressKind::LinkLocal),
        ("fe80::1", AddressKind::LinkLocal),
        ("127.8.8.8", AddressKind::Loopback),
        ("::1", AddressKind::Loopback),
        ("::ffff:127.0.0.1", AddressKind::Loopback),
        ("::ffff:169.254.169.254", AddressKind::Metadata),
        ("::10.0.0.1", AddressKind::Private),
        ("64:ff9b::7f00:1", AddressKind::Loopback),
        ("2002:7f00:1::", AddressKind::Loopback),
        ("2001:0:1::1", AddressKind::Reserved),
        ("0.0.0.0", AddressKind::Reserved),
        ("::", AddressKind::Reserved),
        ("255.255.255.255", AddressKind::Reserved),
        ("224.0.0.1", AddressKind::Multicast),
        ("ff02::1", AddressKind::Multicast),
    ] {
        assert_eq!(kind(address), expected, "{address}");
    }
}

fn found(addresses: &[&str]) -> impl Iterator<Item = SocketAddr> {
    addresses
        .iter()
        .map(|address| SocketAddr::new(address.parse().unwrap(), 0))
        .collect::<Vec<_>>()
        .into_iter()
}

#[test]
fn a_name_that_leads_to_a_private_address_is_refused_unless_named_exactly() {
    let egress = vendor();
    assert_eq!(
        permitted(&egress, "rds.vendor.example", found(&["10.0.0.1"])),
        Err(EgressError::Address {
            host: "rds.vendor.example".to_owned(),
            kind: AddressKind::Private
        })
    );
    assert!(permitted(&egress, "localhost", found(&["127.0.0.1"])).is_ok());
    // Exact, but named by the provider.
    assert!(permitted(&egress, "api.exact.example", found(&["127.0.0.1"])).is_err());
    // The good ones among several remain.
    let some = permitted(
        &egress,
        "rds.vendor.example",
        found(&["127.0.0.1", "93.184.216.34"]),
    );
    assert_eq!(some.unwrap().len(), 1);
}

#[test]
fn an_intranet_may_be_private_but_never_this_machine_or_the_metadata_service() {
    let egress = vendor().with_private_addresses();
    assert!(permitted(&egress, "rds.vendor.example", found(&["100.125.0.1"])).is_ok());
    for refused in ["127.0.0.1", "169.254.169.254", "100.100.100.200", "fe80::1"] {
        assert!(
            permitted(&egress, "rds.vendor.example", found(&[refused])).is_err(),
            "{refused}"
        );
    }
}

#[tokio::test]
async fn the_client_refuses_to_connect_to_a_name_that_resolves_to_this_machine() {
    let egress = Egress::new(patterns(&["localhost"]), Vec::new(), true);
    let client = egress.client_builder().unwrap().no_proxy().build().unwrap();
    let error = client.get("http://localhost:1/").send().await.unwrap_err();
    let mut source = std::error::Error::source(&error);
    let mut found = None;
    while let Some(inner) = source {
        found = found.or_else(|| inner.downcast_ref::<EgressError>().cloned());
        source = inner.source();
    }
    assert!(
        matches!(found, Some(EgressError::Address { .. })),
        "{error:?}"
    );
}

#[test]
fn a_url_is_exact_when_its_path_and_query_are_sent_as_written() {
    for good in [
        "https://h.example/a%2Bb%20c/~x/*/%E4?q=%2B%20~*&a=b%3D&empty=",
        "https://h.example",
        "https://h.example?x=1",
        "HTTPS://H.Example:443/a//b",
    ] {
        assert!(exact_url(good).is_ok(), "{good}");
    }
    for bad in [
        "https://h.example/a b",
        "https://h.example/a/../b",
        "https://h.example/a/%2e%2e/b",
        "https://h.example/ä",
        "https://h.example/a?q=\"x\"",
        "https://h.example/a\tb",
        "https://h.example\\a",
        "https://h.example/a ",
    ] {
        assert_eq!(exact_url(bad), Err(UrlError::Changed), "{bad}");
    }
    assert_eq!(exact_url("https://h.example/a#b"), Err(UrlError::Fragment));
}
