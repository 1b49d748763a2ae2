//! What was asked of an emulated cloud: counts, and a log of requests in their order.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;

use super::fault::Api;
use super::percent;
use super::shared::Shared;

/// What happened since the start or the last reset.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Traffic {
    /// Calls of each API that reached it, refused ones included.
    pub calls: BTreeMap<Api, u64>,
    /// Downloads, by `backup id/file name`.
    pub objects: BTreeMap<String, ObjectTraffic>,
    /// The most downloads in progress at one time.
    pub peak_downloads: u64,
    /// The requests in their order, the oldest left out beyond 100,000.
    pub log: VecDeque<LoggedRequest>,
}

/// Downloads of one object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ObjectTraffic {
    /// GET requests with a valid link.
    pub gets: u64,
    /// Those whose body was sent to its end.
    pub completed: u64,
    /// Bytes of bodies handed to the operating system or about to be.
    pub bytes_sent: u64,
    /// The `Range` of each GET, in their order.
    pub ranges: Vec<Option<String>>,
}

/// One request as it came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LoggedRequest {
    /// Which listener, such as `rds` or `obs`; each vendor has its own.
    pub service: &'static str,
    /// For example `GET`.
    pub method: String,
    /// As received.
    pub path: String,
    /// As received, without the values that sign a link.
    pub query: String,
    /// The status of the answer; nothing while it is not decided.
    pub status: Option<u16>,
}

impl Traffic {
    /// Calls of one API.
    pub fn calls(&self, api: Api) -> u64 {
        self.calls.get(&api).copied().unwrap_or(0)
    }

    /// Downloads of the objects of this file name, or of `backup id/file name`, taken together.
    pub fn object(&self, name: &str) -> ObjectTraffic {
        let mut sum = ObjectTraffic::default();
        for (identity, object) in &self.objects {
            if identity == name
                || identity
                    .split_once('/')
                    .is_some_and(|(_, file)| file == name)
            {
                sum.add(object);
            }
        }
        sum
    }

    /// Downloads of all objects taken together.
    pub fn downloads(&self) -> ObjectTraffic {
        let mut sum = ObjectTraffic::default();
        self.objects.values().for_each(|object| sum.add(object));
        sum
    }

    /// Requests answered with this status.
    pub fn answered(&self, status: u16) -> usize {
        self.log
            .iter()
            .filter(|request| request.status == Some(status))
            .count()
    }
}

impl ObjectTraffic {
    fn add(&mut self, other: &Self) {
        self.gets += other.gets;
        self.completed += other.completed;
        self.bytes_sent += other.bytes_sent;
        self.ranges.extend(other.ranges.iter().cloned());
    }
}

/// The running count of an emulated cloud.
#[derive(Debug, Default)]
pub struct TrafficCounter(Shared<Counting>);

#[derive(Debug, Default)]
struct Counting {
    traffic: Traffic,
    /// Number of the first request in the log.
    first: u64,
    /// Downloads in progress; not part of what a reset forgets.
    active: u64,
}

/// The number of a request in the log.
#[derive(Debug, Clone, Copy)]
pub struct RequestNumber(u64);

impl TrafficCounter {
    /// What happened so far.
    pub fn snapshot(&self) -> Traffic {
        self.0.lock().traffic.clone()
    }

    /// Forgets what happened so far.
    pub fn reset(&self) {
        let counting = &mut *self.0.lock();
        counting.first += counting.traffic.log.len() as u64;
        counting.traffic = Traffic {
            peak_downloads: counting.active,
            ..Traffic::default()
        };
    }

    pub(super) fn request(
        &self,
        service: &'static str,
        method: &str,
        path: &str,
        query: Option<&str>,
    ) -> RequestNumber {
        let counting = &mut *self.0.lock();
        let log = &mut counting.traffic.log;
        log.push_back(LoggedRequest {
            service,
            method: method.to_owned(),
            path: path.to_owned(),
            query: without_signature(query.unwrap_or_default()),
            status: None,
        });
        if log.len() > LOG_MAX {
            log.pop_front();
            counting.first += 1;
        }
        RequestNumber(counting.first + log.len() as u64 - 1)
    }

    pub(super) fn answered(&self, request: RequestNumber, status: u16) {
        let counting = &mut *self.0.lock();
        // A request from before a reset is no longer in the log.
        let logged = request
            .0
            .checked_sub(counting.first)
            .and_then(|index| usize::try_from(index).ok())
            .and_then(|index| counting.traffic.log.get_mut(index));
        if let Some(logged) = logged {
            logged.status = Some(status);
        }
    }

    pub(super) fn call(&self, api: Api) {
        *self.0.lock().traffic.calls.entry(api).or_default() += 1;
    }

    pub(super) fn get(&self, object: &str, range: Option<&str>) {
        self.of(object, |object| {
            object.gets += 1;
            object.ranges.push(range.map(str::to_owned));
        });
    }

    pub(super) fn sent(&self, object: &str, bytes: u64) {
        self.of(object, |object| object.bytes_sent += bytes);
    }

    pub(super) fn completed(&self, object: &str) {
        self.of(object, |object| object.completed += 1);
    }

    pub(super) fn download_started(&self) {
        let counting = &mut *self.0.lock();
        counting.active += 1;
        let peak = &mut counting.traffic.peak_downloads;
        *peak = (*peak).max(counting.active);
    }

    pub(super) fn download_ended(&self) {
        self.0.lock().active -= 1;
    }

    fn of(&self, object: &str, change: impl FnOnce(&mut ObjectTraffic)) {
        let objects = &mut self.0.lock().traffic.objects;
        match objects.get_mut(object) {
            Some(known) => change(known),
            None => change(objects.entry(object.to_owned()).or_default()),
        }
    }
}

/// Signed links must not appear in what a test prints when it fails.
fn without_signature(query: &str) -> String {
    query
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((name, _)) if is_secret(name) => format!("{name}=-"),
            _ => pair.to_owned(),
        })
        .collect::<Vec<_>>()
        .join("&")
}

fn is_secret(name: &str) -> bool {
    let name = percent::decode(name).to_ascii_lowercase();
    // Tencent Cloud calls a whole signed query `sign`, and so does an older kind of its links.
    name == b"sign"
        || [&b"signature"[..], b"token", b"accesskeyid"]
            .iter()
            .any(|part| name.windows(part.len()).any(|window| window == *part))
}

const LOG_MAX: usize = 100_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_keeps_order_and_status_but_no_signature() {
        let counter = TrafficCounter::default();
        let first = counter.request("rds", "GET", "/v3/p/backups", Some("limit=1"));
        let query = "AccessKeyId=AK&Expires=7&Signature=abc%3D&x-obs-security-token=t";
        let second = counter.request("obs", "GET", "/b/k", Some(query));
        counter.answered(second, 200);
        counter.answered(first, 429);
        let traffic = counter.snapshot();
        assert_eq!(traffic.log[0].status, Some(429));
        assert_eq!(
            traffic.log[1].query,
            "AccessKeyId=-&Expires=7&Signature=-&x-obs-security-token=-"
        );
        assert_eq!((traffic.answered(429), traffic.answered(500)), (1, 0));
    }

    #[test]
    fn a_reset_forgets_everything_but_downloads_in_progress() {
        let counter = TrafficCounter::default();
        let before = counter.request("obs", "GET", "/b/k", None);
        counter.get("b1/f", None);
        counter.download_started();
        counter.download_started();
        counter.download_ended();
        assert_eq!(counter.snapshot().peak_downloads, 2);
        counter.reset();
        counter.answered(before, 200);
        let traffic = counter.snapshot();
        assert_eq!(traffic.peak_downloads, 1);
        assert!(traffic.log.is_empty() && traffic.objects.is_empty());
    }

    #[test]
    fn objects_are_found_by_file_name_and_by_identity() {
        let counter = TrafficCounter::default();
        counter.get("b1/base.tar", None);
        counter.get("b2/base.tar", Some("bytes=5-"));
        counter.sent("b2/base.tar", 10);
        let traffic = counter.snapshot();
        assert_eq!(traffic.object("base.tar").gets, 2);
        assert_eq!(traffic.object("b2/base.tar").bytes_sent, 10);
        assert_eq!(traffic.object("b1/base.tar").ranges, [None]);
        assert_eq!(traffic.object("other"), ObjectTraffic::default());
    }
}
