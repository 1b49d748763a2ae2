use std::sync::Arc;

use backhaul_provider_api::{ErrorClass, Secret};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::*;

/// Answers one request with `answer` and yields the request's bytes.
async fn server(answer: &'static [u8]) -> (Url, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let seen = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.windows(4).any(|end| end == b"\r\n\r\n") {
            let read = stream.read_buf(&mut request).await.unwrap();
            assert!(read > 0);
        }
        stream.write_all(answer).await.unwrap();
        String::from_utf8(request).unwrap()
    });
    (url, seen)
}

fn exchange(endpoint: &Url) -> Exchange {
    let egress = Egress::new(Vec::new(), Vec::new(), true).with_endpoints(vec![endpoint.clone()]);
    let settings = ExchangeSettings {
        account: "test".to_owned(),
        egress,
        user_agent: "Backhaul/test".to_owned(),
    };
    Exchange::new(settings, Arc::new(AccountLimits::new(&[]))).unwrap()
}

fn get(url: impl Into<String>) -> HttpRequest {
    HttpRequest {
        call: "ListBackups".to_owned(),
        method: "GET".to_owned(),
        url: Secret::new(url),
        headers: Vec::new(),
        body: None,
    }
}

const EMPTY: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

#[tokio::test]
async fn sends_path_query_and_headers_byte_for_byte() {
    let (endpoint, seen) = server(EMPTY).await;
    let target = "/v3/a%2Bb%20c/~x*//k?q=%2B%20~*&e=&sig=a%2F%3d";
    let mut request = get(format!(
        "{}{target}",
        endpoint.as_str().trim_end_matches('/')
    ));
    request.headers = vec![
        ("Host".to_owned(), Secret::new(authority(&endpoint))),
        ("X-Sdk-Date".to_owned(), Secret::new("20261122T131147Z")),
        ("Connection".to_owned(), Secret::new("close")),
        ("Accept-Encoding".to_owned(), Secret::new("gzip")),
    ];
    exchange(&endpoint).send(request).await.unwrap();
    let seen = seen.await.unwrap();
    let mut lines = seen.lines();
    assert_eq!(
        lines.next(),
        Some(format!("GET {target} HTTP/1.1").as_str())
    );
    let lower = seen.to_lowercase();
    assert!(lower.contains("x-sdk-date: 20261122t131147z"));
    assert!(lower.contains("user-agent: backhaul/test"));
    assert_eq!(lower.matches("host:").count(), 1);
    assert!(!lower.contains("connection:") && !lower.contains("accept-encoding"));
}

#[tokio::test]
async fn an_answer_with_any_status_is_an_answer() {
    let (endpoint, _seen) =
        server(b"HTTP/1.1 302 Found\r\nLocation: /x\r\nX-Id: 7\r\nContent-Length: 2\r\n\r\n\xffk")
            .await;
    let answer = exchange(&endpoint).send(get(endpoint)).await.unwrap();
    assert_eq!(answer.status, 302);
    assert_eq!(answer.header("x-id"), Some("7"));
    assert_eq!(answer.body, "\u{fffd}k");
}

#[tokio::test]
async fn refuses_what_leads_elsewhere_without_sending_anything() {
    let endpoint = Url::parse("http://127.0.0.1:9").unwrap();
    let exchange = exchange(&endpoint);
    for (url, word) in [
        ("https://evil.test/?key=secret", "evil.test"),
        ("http://127.0.0.1:10/", "127.0.0.1"),
        ("http://127.0.0.1:9/a/../b?key=secret", "byte for byte"),
        ("http://169.254.169.254/latest", "169.254.169.254"),
    ] {
        let error = exchange.send(get(url)).await.unwrap_err();
        assert_eq!(error.class, ErrorClass::Permanent);
        assert_eq!(error.call.as_deref(), Some("ListBackups"));
        assert!(error.message.contains(word), "{error}");
        assert!(!error.message.contains("secret"), "{error}");
    }
    let mut fronted = get("http://127.0.0.1:9/");
    fronted.headers = vec![("host".to_owned(), Secret::new("other.test"))];
    assert!(exchange.send(fronted).await.is_err());
}

#[tokio::test]
async fn an_unreachable_endpoint_is_temporary_and_named_without_its_query() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let endpoint = Url::parse(&format!("http://{address}")).unwrap();
    let url = format!("http://{address}/v3?Signature=abcdef");
    let error = exchange(&endpoint).send(get(url)).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Temporary);
    assert!(error.message.contains(&address.to_string()), "{error}");
    assert!(!error.to_string().contains("Signature"), "{error}");
}

#[tokio::test]
async fn a_server_without_tls_is_a_permanent_failure_of_the_secure_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        let _ = stream.read(&mut [0; 4096]).await;
    });
    let endpoint = Url::parse(&format!("https://{address}")).unwrap();
    let error = exchange(&endpoint).send(get(endpoint)).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Permanent, "{error}");
    assert!(error.message.contains("secure connection"), "{error}");
}

#[tokio::test]
async fn an_answer_beyond_the_limit_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 4096]).await;
        let head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
        let _ = stream.write_all(head).await;
        while stream.write_all(&[b'x'; 65536]).await.is_ok() {}
    });
    let error = exchange(&endpoint).send(get(endpoint)).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Permanent);
    assert!(error.message.contains("longer than"), "{error}");
}

#[tokio::test]
async fn adopts_the_vendors_clock_only_when_it_differs_by_more_than_half_a_minute() {
    let ours: Timestamp = "2026-11-22T13:11:47Z".parse().unwrap();
    for (answer, adopted, seconds) in [
        (
            &b"HTTP/1.1 403 F\r\nDate: Sun, 22 Nov 2026 13:31:47 GMT\r\nContent-Length: 0\r\n\r\n"
                [..],
            true,
            1200,
        ),
        (
            &b"HTTP/1.1 403 F\r\nDate: Sun, 22 Nov 2026 13:12:00 GMT\r\nContent-Length: 0\r\n\r\n"
                [..],
            false,
            0,
        ),
        (EMPTY, false, 0),
    ] {
        let (endpoint, _seen) = server(answer).await;
        let exchange = exchange(&endpoint).with_clock(move || ours);
        exchange.send(get(endpoint)).await.unwrap();
        assert_eq!(exchange.now(), ours, "nothing changes unasked");
        assert_eq!(exchange.adopt_vendor_clock(), adopted);
        assert_eq!((exchange.now() - ours).num_seconds(), seconds);
        assert!(!exchange.adopt_vendor_clock(), "not twice");
    }
}
