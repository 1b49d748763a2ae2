use std::io::Write;
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use tracing_subscriber::fmt::MakeWriter;

use super::*;

#[test]
fn blanks_a_registered_secret_until_its_registration_is_dropped() {
    let redactor = Redactor::default();
    let first = redactor.register(["hunter22"]);
    let second = redactor.register(["hunter22"]);
    assert_eq!(redactor.scrub("the key hunter22 leaks"), "the key … leaks");
    drop(first);
    assert_eq!(redactor.scrub("hunter22"), "…");
    drop(second);
    assert_eq!(redactor.scrub("hunter22"), "hunter22");
    assert_eq!(redactor.registered(), 0);
}

#[test]
fn blanks_the_whole_of_a_secret_that_contains_another() {
    let redactor = Redactor::default();
    let _both = redactor.register(["abcd", "xxabcdyy"]);
    assert_eq!(redactor.scrub("<xxabcdyy> <abcd>"), "<…> <…>");
}

#[test]
fn blanks_a_secret_in_its_json_and_url_forms() {
    let redactor = Redactor::default();
    let _it = redactor.register(["a+b/\"c\""]);
    assert_eq!(redactor.scrub("x=a%2Bb%2F%22c%22"), "x=…");
    assert_eq!(redactor.scrub(r#"{"x":"a+b/\"c\""}"#), r#"{"x":"…"}"#);
}

#[test]
fn leaves_short_texts_alone() {
    let redactor = Redactor::default();
    let _none = redactor.register(["", "a", "abc"]);
    assert_eq!(redactor.scrub("abc a"), "abc a");
}

#[test]
fn blanks_queries_and_users_of_urls() {
    let redactor = Redactor::default();
    assert_eq!(
        redactor.scrub("GET https://ak:sk@obs.example.com/b/k?Expires=1&x=2 failed"),
        "GET https://…@obs.example.com/b/k?… failed"
    );
    assert_eq!(
        redactor.scrub(r#"{"u":"https://h/p?a=b","v":1}"#),
        r#"{"u":"https://h/p?…","v":1}"#
    );
    assert_eq!(redactor.scrub("see https://h/p@q."), "see https://h/p@q.");
}

#[test]
fn blanks_values_that_go_by_a_secret_name() {
    let redactor = Redactor::default();
    for (text, scrubbed) in [
        ("Signature=abc%2B&Expires=17", "Signature=…&Expires=17"),
        ("X-Amz-Signature=ff00 end", "X-Amz-Signature=… end"),
        ("x-oss-security-token=CAIS", "x-oss-security-token=…"),
        (r#"{"X-Auth-Token": "MII"}"#, r#"{"X-Auth-Token": "…"}"#),
        (
            "Authorization: SDK-HMAC-SHA256 Access=a, SignedHeaders=b\nnext",
            "Authorization: …\nnext",
        ),
        ("signature: ", "signature: "),
        ("state=ready token=17", "state=ready token=17"),
    ] {
        assert_eq!(redactor.scrub(text), scrubbed);
    }
}

#[test]
fn scrubs_every_text_within_json() {
    let redactor = Redactor::default();
    let mut value = serde_json::json!({"a": ["https://h/p?s=1", 7], "b": {"c": "fine"}});
    redactor.scrub_json(&mut value);
    assert_eq!(
        value,
        serde_json::json!({"a": ["https://h/p?…", 7], "b": {"c": "fine"}})
    );
}

#[test]
fn a_signed_url_shows_neither_query_nor_user() {
    let link = SignedUrl::parse("https://u:p@h.example:8443/a/b%2Bc?Signature=0123456789abcdef%2B")
        .unwrap();
    assert_eq!(link.to_string(), "https://h.example:8443/a/b%2Bc?…");
    assert_eq!(
        format!("{link:?}"),
        "SignedUrl(https://h.example:8443/a/b%2Bc?…)"
    );
    assert!(
        link.expose()
            .as_str()
            .contains("Signature=0123456789abcdef%2B")
    );
    // Both as it stands in the link and as it is decoded.
    let redactor = Redactor::global();
    assert_eq!(redactor.scrub("got 0123456789abcdef%2B"), "got …");
    assert_eq!(redactor.scrub("got 0123456789abcdef+"), "got …");
}

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn the_log_writer_scrubs_a_secret_that_arrives_in_pieces() {
    let redactor = Redactor::default();
    let _it = redactor.register(["hunter22"]);
    let sink = Sink::default();
    let target = sink.clone();
    let scrubbed = Scrubbed::new(move || target.clone(), redactor);
    let mut line = scrubbed.make_writer();
    line.write_all(b"key=hun").unwrap();
    line.write_all(b"ter22\n").unwrap();
    drop(line);
    assert_eq!(*sink.0.lock().unwrap(), "key=…\n".as_bytes());
}

proptest! {
    #[test]
    fn no_registered_secret_survives(
        secret in "[a-zA-Z0-9+/=]{8,40}",
        before in "\\PC{0,40}",
        after in "\\PC{0,40}",
    ) {
        let redactor = Redactor::default();
        let _it = redactor.register([&secret]);
        let text = format!("{before}{secret}{after}");
        prop_assert!(!redactor.scrub(&text).contains(&secret));
    }

    #[test]
    fn scrubbing_never_fails_on_any_text(text in "(\\PC|[=:?@/&\"…]){0,80}") {
        let _ = Redactor::default().scrub(&text);
    }
}
