use std::error::Error as _;
use std::io;

use reqwest::Response;
use reqwest::header::{CONTENT_LENGTH, ETAG};

use super::*;
use crate::cloud::fault::{Fault, ObjectFault};

const LENGTH: usize = 300_000;

fn content() -> Content {
    Content::generated(1, LENGTH as u64)
}

/// What arrives of a body, and whether it ends well.
async fn receive(mut response: Response) -> (Vec<u8>, Result<(), reqwest::Error>) {
    let mut received = Vec::new();
    loop {
        match soon(response.chunk()).await {
            Ok(Some(chunk)) => received.extend(chunk),
            Ok(None) => return (received, Ok(())),
            Err(error) => return (received, Err(error)),
        }
    }
}

fn is_reset(error: &reqwest::Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        let io = error.downcast_ref::<io::Error>();
        if io.is_some_and(|io| io.kind() == io::ErrorKind::ConnectionReset) {
            return true;
        }
        cause = error.source();
    }
    false
}

async fn faulty(fault: ObjectFault) -> (Huawei, Client, String) {
    let (cloud, client) = cloud_with(content()).await;
    let link = client.link("b1").await;
    cloud.inject(Fault::object(fault));
    (cloud, client, link)
}

#[tokio::test]
async fn a_reset_ends_the_connection_after_the_bytes_before_it() {
    let (cloud, client, link) = faulty(ObjectFault::ResetAfter(100_000)).await;
    let response = client.follow(&link, &[]).await;
    assert_eq!(response.headers()[CONTENT_LENGTH], "300000");
    let (received, end) = receive(response).await;
    assert!(is_reset(&end.unwrap_err()));
    assert!(received.len() <= 100_000);
    assert_eq!(cloud.traffic().object("base.tar").bytes_sent, 100_000);
    let (received, end) = receive(client.follow(&link, &[]).await).await;
    end.unwrap();
    assert_eq!(received, content().read(0, u64::MAX).unwrap());
}

#[tokio::test]
async fn a_fault_waits_for_a_body_that_is_long_enough() {
    let (_cloud, client, link) = faulty(ObjectFault::ResetAfter(100_000)).await;
    let probe = client.follow(&link, &[("range", "bytes=0-0")]).await;
    assert_eq!(receive(probe).await.0.len(), 1);
    assert!(receive(client.follow(&link, &[]).await).await.1.is_err());
}

#[tokio::test]
async fn a_truncated_body_ends_in_an_orderly_way() {
    let (_cloud, client, link) = faulty(ObjectFault::TruncateAfter(100_000)).await;
    let (received, end) = receive(client.follow(&link, &[]).await).await;
    assert_eq!(received, content().read(0, 100_000).unwrap());
    assert!(!is_reset(&end.unwrap_err()));
}

#[tokio::test]
async fn a_truncated_body_in_chunks_looks_complete() {
    let (cloud, client, link) = faulty(ObjectFault::TruncateAfter(100_000)).await;
    cloud.inject(Fault::object(ObjectFault::NoContentLength));
    let response = client.follow(&link, &[]).await;
    assert!(!response.headers().contains_key(CONTENT_LENGTH));
    let (received, end) = receive(response).await;
    end.unwrap();
    assert_eq!(received.len(), 100_000);
}

#[tokio::test]
async fn a_stalled_body_goes_on_when_released() {
    let (cloud, client, link) = faulty(ObjectFault::NoETag).await;
    let fault = cloud.inject(Fault::object(ObjectFault::StallAfter(100_000)));
    let mut response = client.follow(&link, &[]).await;
    soon(fault.wait_until_hit(1)).await;
    let mut received = 0;
    while received < 100_000 {
        received += soon(response.chunk()).await.unwrap().unwrap().len();
    }
    assert_eq!(received, 100_000);
    fault.release();
    let (rest, end) = receive(response).await;
    end.unwrap();
    assert_eq!(received + rest.len(), LENGTH);
}

#[tokio::test]
async fn a_stalled_download_ends_when_the_client_leaves() {
    let (cloud, client, link) = faulty(ObjectFault::StallAfter(10)).await;
    let response = client.follow(&link, &[]).await;
    drop(response);
    let gate = cloud.gate("base.tar", 20);
    let response = client.follow(&link, &[]).await;
    soon(gate.wait_until_held()).await;
    cloud.reset_traffic();
    // The first download was given up, so only the second is in progress when counted anew; the
    // server notices in its own time.
    soon(async {
        while cloud.traffic().peak_downloads > 1 {
            tokio::task::yield_now().await;
            cloud.reset_traffic();
        }
    })
    .await;
    drop(response);
}

#[tokio::test]
async fn a_wrong_length_is_declared() {
    let (_cloud, client, link) = faulty(ObjectFault::WrongLength(400_000)).await;
    let response = client.follow(&link, &[]).await;
    assert_eq!(response.headers()[CONTENT_LENGTH], "400000");
    let (received, end) = receive(response).await;
    assert_eq!(received.len(), LENGTH);
    assert!(end.is_err());

    let (_cloud, client, link) = faulty(ObjectFault::WrongLength(200_000)).await;
    let (received, end) = receive(client.follow(&link, &[]).await).await;
    end.unwrap();
    assert_eq!(received.len(), 200_000);
}

#[tokio::test]
async fn one_bit_is_wrong_at_its_offset_in_the_object() {
    let (_cloud, client, link) = faulty(ObjectFault::FlipBit(70_000)).await;
    let response = client
        .follow(&link, &[("range", "bytes=60000-79999")])
        .await;
    let (received, end) = receive(response).await;
    end.unwrap();
    let mut expected = content().read(60_000, 20_000).unwrap();
    assert_ne!(received, expected);
    expected[10_000] ^= 1;
    assert_eq!(received, expected);
}

#[tokio::test]
async fn error_pages_come_with_status_200() {
    let (cloud, client, link) = faulty(ObjectFault::XmlErrorWith200).await;
    let response = client.follow(&link, &[]).await;
    assert_eq!(response.status(), 200);
    assert!(
        response
            .text()
            .await
            .unwrap()
            .contains("<Code>InternalError</Code>")
    );
    cloud.inject(Fault::object(ObjectFault::HtmlWith200));
    let response = client.follow(&link, &[]).await;
    assert_eq!(response.status(), 200);
    assert!(
        response
            .text()
            .await
            .unwrap()
            .starts_with("<!DOCTYPE html>")
    );
}

#[tokio::test]
async fn a_link_dies_in_the_middle_of_a_download_and_a_new_one_works() {
    let (_cloud, client, link) = faulty(ObjectFault::ExpireLinkAfter(100_000)).await;
    let (received, end) = receive(client.follow(&link, &[]).await).await;
    assert_eq!(received.len(), 100_000);
    assert!(end.is_err());
    let dead = client.follow(&link, &[("range", "bytes=100000-")]).await;
    assert_eq!(dead.status(), 403);
    let fresh = client.link("b1").await;
    let response = client.follow(&fresh, &[("range", "bytes=100000-")]).await;
    assert_eq!(receive(response).await.0.len(), 200_000);
}

#[tokio::test]
async fn other_statuses_come_with_retry_after() {
    for code in [503, 429] {
        let (_cloud, client, link) = faulty(ObjectFault::Status {
            code,
            retry_after: Some(3),
        })
        .await;
        let response = client.follow(&link, &[]).await;
        assert_eq!(response.status(), code);
        assert_eq!(response.headers()["retry-after"], "3");
        assert_eq!(client.follow(&link, &[]).await.status(), 200);
    }
}

#[tokio::test]
async fn ranges_are_ignored_where_one_is_asked_for() {
    let (_cloud, client, link) = faulty(ObjectFault::RangesIgnored).await;
    assert_eq!(client.follow(&link, &[]).await.status(), 200);
    let response = client.follow(&link, &[("range", "bytes=100-")]).await;
    assert_eq!(response.status(), 200);
    assert_eq!(receive(response).await.0.len(), LENGTH);
}

#[tokio::test]
async fn an_object_changes_in_the_middle_of_a_download() {
    let (_cloud, client, link) = faulty(ObjectFault::ObjectChangesAfter(100_000)).await;
    let response = client.follow(&link, &[]).await;
    let old = response.headers()[ETAG].clone();
    let (received, end) = receive(response).await;
    assert_eq!(received, content().read(0, 100_000).unwrap());
    assert!(end.is_err());
    let tag = old.to_str().unwrap();
    let resumed = client
        .follow(&link, &[("range", "bytes=100000-"), ("if-match", tag)])
        .await;
    assert_eq!(resumed.status(), 412);
    let again = client.follow(&link, &[]).await;
    assert_ne!(again.headers()[ETAG], old);
    let (received, end) = receive(again).await;
    end.unwrap();
    assert_eq!(received.len(), LENGTH);
    assert_ne!(received, content().read(0, u64::MAX).unwrap());
}

#[tokio::test]
async fn entity_tags_are_weak_absent_or_new_for_each_link() {
    let (cloud, client, link) = faulty(ObjectFault::WeakETag).await;
    let weak = client.follow(&link, &[]).await.headers()[ETAG].clone();
    assert!(weak.to_str().unwrap().starts_with("W/\""));
    cloud.inject(Fault::object(ObjectFault::NoETag));
    assert!(!client.follow(&link, &[]).await.headers().contains_key(ETAG));
    cloud.inject(Fault::object(ObjectFault::NewETagEachLink).always());
    let first = client.follow(&link, &[]).await.headers()[ETAG].clone();
    assert_eq!(client.follow(&link, &[]).await.headers()[ETAG], first);
    // Links made in the same second are the same link.
    cloud.clock().advance(Duration::from_secs(1));
    let other = client.link("b1").await;
    assert_ne!(client.follow(&other, &[]).await.headers()[ETAG], first);
}

#[tokio::test]
async fn a_slow_pace_slows_down() {
    let (_cloud, client, link) = faulty(ObjectFault::Pace(2_000_000)).await;
    let start = std::time::Instant::now();
    let (received, end) = receive(client.follow(&link, &[]).await).await;
    end.unwrap();
    assert_eq!(received.len(), LENGTH);
    assert!(start.elapsed() >= Duration::from_millis(140));
}

#[tokio::test]
async fn a_fault_keeps_to_its_object_and_is_taken_back() {
    let (cloud, client, link) = faulty(ObjectFault::NoETag).await;
    client.follow(&link, &[]).await;
    let status = |code| ObjectFault::Status {
        code,
        retry_after: None,
    };
    cloud.inject(Fault::object(status(500)).on("other.tar").always());
    assert_eq!(client.follow(&link, &[]).await.status(), 200);
    cloud.inject(Fault::object(status(500)).on("b1/base.tar").always());
    assert_eq!(client.follow(&link, &[]).await.status(), 500);
    cloud.calm();
    assert_eq!(client.follow(&link, &[]).await.status(), 200);
}
