use super::*;

fn pattern(text: &str) -> HostPattern {
    text.parse().unwrap()
}

#[test]
fn a_star_stands_for_the_characters_of_one_or_more_labels() {
    let all = pattern("*.myhuaweicloud.com");
    assert!(all.matches("rds.cn-north-4.myhuaweicloud.com"));
    assert!(all.matches("OBS.MyHuaweiCloud.COM."));
    assert!(!all.matches("myhuaweicloud.com"));
    assert!(!all.matches(".myhuaweicloud.com"));
    assert!(!all.matches("evilmyhuaweicloud.com"));
    assert!(!all.matches("rds.myhuaweicloud.com.evil.org"));

    let rds = pattern("rds.*.myhuaweicloud.com");
    assert!(rds.matches("rds.cn-north-4.myhuaweicloud.com"));
    assert!(!rds.matches("obs.cn-north-4.myhuaweicloud.com"));
    assert!(!rds.matches("rds..myhuaweicloud.com"));
    assert!(!rds.matches("rds.myhuaweicloud.com"));
}

#[test]
fn exact_hosts_and_addresses_match_themselves_only() {
    assert!(pattern("Files.Example.com").matches("files.example.COM"));
    assert!(!pattern("files.example.com").matches("x.files.example.com"));
    assert!(pattern("localhost").matches("localhost"));
    assert!(pattern("127.0.0.1").matches("127.0.0.1"));
    assert!(pattern("[::1]").matches("0:0:0:0:0:0:0:1"));
    assert!(pattern("::1").matches("[::1]"));
    assert!(pattern("::1").is_exact());
    assert!(!pattern("*.example.com").is_exact());
}

#[test]
fn patterns_that_are_too_wide_or_no_hosts_are_refused() {
    for bad in [
        "",
        "*",
        "*.com",
        "*.*",
        "s3.*",
        "*example.com",
        "a.*.com",
        "10.*.0.5",
        "a b.com",
        "a..b.com",
        "https://example.com",
        "example.com:443",
        "example.com/x",
        ".example.com",
        "ex\u{e4}mple.com",
    ] {
        assert!(bad.parse::<HostPattern>().is_err(), "{bad}");
    }
}
