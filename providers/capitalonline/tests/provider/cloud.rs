//! A host whose HTTP is a function: it records every request, checks its signature, and answers
//! what the test says.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use backhaul_provider_api::chrono::{Duration, TimeZone, Utc};
use backhaul_provider_api::{
    Account, Backup, Completeness, Error, Host, HttpRequest, HttpResponse, Instance,
    InstancesRequest, Kind, ListRequest, LogLevel, Next, PassedOver, Provider, ResolveRequest,
    Secret, Timestamp, Window,
    serde_json::{self, Value, json},
};
use backhaul_provider_capitalonline::CapitalOnline;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

pub const AK: &str = "AKEXAMPLE0000000000000000000001";
pub const SK: &str = "sk-example-0123456789abcdef";
pub const INSTANCE: &str = "5ac7c945-ae47-4bbf-82e6-2823d64b57c5";
pub const BACKUP: &str = "b7a1d2c3-0000-4000-8000-000000000001";

/// A request as the cloud received it.
pub struct Asked {
    pub call: String,
    pub host: String,
    pub path: String,
    pub query: BTreeMap<String, String>,
}

impl Asked {
    /// The parameters of the call itself, in order of their names.
    pub fn own(&self) -> Vec<(&str, &str)> {
        self.query
            .iter()
            .filter(|(name, _)| !COMMON.contains(&name.as_str()))
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect()
    }
}

const COMMON: [&str; 8] = [
    "AccessKeyId",
    "Action",
    "Signature",
    "SignatureMethod",
    "SignatureNonce",
    "SignatureVersion",
    "Timestamp",
    "Version",
];

type Answer<'a> = Box<dyn Fn(&Asked) -> HttpResponse + 'a>;

pub struct Cloud<'a> {
    answer: Answer<'a>,
    pub asked: RefCell<Vec<Asked>>,
    pub log: RefCell<Vec<String>>,
    pub now: Cell<Timestamp>,
    random: Cell<u8>,
}

impl<'a> Cloud<'a> {
    pub fn new(answer: impl Fn(&Asked) -> HttpResponse + 'a) -> Self {
        Self {
            answer: Box::new(answer),
            asked: RefCell::default(),
            log: RefCell::default(),
            now: Cell::new(Utc.with_ymd_and_hms(2024, 1, 15, 8, 30, 0).unwrap()),
            random: Cell::new(0),
        }
    }

    /// A cloud that gives one answer to everything.
    pub fn saying(status: u16, body: impl Into<String>) -> Cloud<'static> {
        let body = body.into();
        Cloud::new(move |_| answer(status, &body))
    }

    /// A cloud whose every answer is a success with that `Data`.
    pub fn with(data: Value) -> Cloud<'static> {
        Cloud::saying(200, envelope(data))
    }

    pub fn calls(&self) -> Vec<String> {
        let asked = self.asked.borrow();
        asked.iter().map(|asked| asked.call.clone()).collect()
    }

    pub fn pass(&self, time: Duration) {
        self.now.set(self.now.get() + time);
    }
}

impl Host for Cloud<'_> {
    fn send(&self, request: HttpRequest) -> Result<HttpResponse, Error> {
        assert_eq!(
            request.method, "GET",
            "nothing is ever changed at the vendor"
        );
        assert!(request.body.is_none() && request.headers.is_empty());
        let url = request.url.expose();
        let (_, rest) = url.split_once("://").unwrap();
        let (host, path_and_query) = rest.split_at(rest.find('/').unwrap());
        let (path, query) = path_and_query.split_once('?').unwrap();
        let pairs: Vec<(String, String)> = query.split('&').map(pair).collect();
        let asked = Asked {
            call: request.call,
            host: host.to_owned(),
            path: path.to_owned(),
            query: pairs.iter().cloned().collect(),
        };
        assert_eq!(asked.query.len(), pairs.len(), "no parameter twice");
        check(&asked, self.now.get());
        let nonce = &asked.query["SignatureNonce"];
        for before in self.asked.borrow().iter() {
            assert_ne!(
                before.query["SignatureNonce"], *nonce,
                "a new nonce each time"
            );
        }
        let answer = (self.answer)(&asked);
        self.asked.borrow_mut().push(asked);
        Ok(answer)
    }

    fn now(&self) -> Timestamp {
        self.now.get()
    }

    fn random(&self, count: usize) -> Vec<u8> {
        self.random.set(self.random.get() + 1);
        vec![self.random.get(); count]
    }

    fn log(&self, _: LogLevel, message: &str) {
        self.log.borrow_mut().push(message.to_owned());
    }
}

fn pair(text: &str) -> (String, String) {
    let (name, value) = text.split_once('=').unwrap();
    let mut bytes = Vec::new();
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        assert!(
            byte.is_ascii_alphanumeric() || b"-_.~%".contains(&byte),
            "{text} is encoded"
        );
        bytes.push(if byte == b'%' {
            let hex = [rest.next().unwrap(), rest.next().unwrap()];
            u8::from_str_radix(str::from_utf8(&hex).unwrap(), 16).unwrap()
        } else {
            byte
        });
    }
    (name.to_owned(), String::from_utf8(bytes).unwrap())
}

/// Signs what was received, as the vendor does: decode, sort, encode twice.
fn check(asked: &Asked, now: Timestamp) {
    for (name, expected) in [
        ("AccessKeyId", AK),
        ("Action", asked.call.as_str()),
        ("SignatureMethod", "HMAC-SHA1"),
        ("SignatureVersion", "1.0"),
        ("Version", "2019-08-08"),
        ("Timestamp", &now.format("%Y-%m-%dT%H:%M:%SZ").to_string()),
    ] {
        assert_eq!(asked.query[name], expected);
    }
    assert_eq!(asked.query["SignatureNonce"].len(), 36);
    for (name, value) in &asked.query {
        assert!(!value.is_empty(), "{name} is not empty");
    }
    let canonical: Vec<String> = asked
        .query
        .iter()
        .filter(|(name, _)| *name != "Signature")
        .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
        .collect();
    let to_sign = format!("GET&%2F&{}", encoded(&canonical.join("&")));
    let mut mac = Hmac::<Sha1>::new_from_slice(SK.as_bytes()).unwrap();
    mac.update(to_sign.as_bytes());
    let expected = BASE64_STANDARD.encode(mac.finalize().into_bytes());
    assert_eq!(asked.query["Signature"], expected, "the signature");
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

pub fn answer(status: u16, body: &str) -> HttpResponse {
    HttpResponse {
        status,
        headers: Vec::new(),
        body: body.to_owned(),
    }
}

pub fn envelope(data: Value) -> String {
    json!({"Code": "Success", "Message": "Success.", "Data": data, "TaskId": ""}).to_string()
}

pub fn account(service: &str, options: Value) -> Account {
    Account {
        service: service.to_owned(),
        credentials: [("access_key", AK), ("secret_key", SK)]
            .map(|(name, value)| (name.to_owned(), Secret::new(value)))
            .into(),
        options,
        ..Account::default()
    }
}

pub fn open(account: Account) -> CapitalOnline {
    CapitalOnline::open(account).unwrap()
}

pub fn mysql() -> CapitalOnline {
    open(account("mysql", Value::Null))
}

pub fn instance() -> Instance {
    serde_json::from_value(json!({"id": INSTANCE, "name": "orders", "engine": "MySQL"})).unwrap()
}

/// A backup as the vendor's newest page shows it.
pub fn record(id: &str) -> Value {
    json!({
        "BackupFinishTime": "",
        "BackupId": id,
        "BackupMode": "auto",
        "BackupSize": 677496,
        "BackupStrategy": "instance",
        "BackupType": "physical-backup",
        "Desc": "",
        "EndTime": "2020-06-18 04:10:26",
        "InstanceId": "another-id",
        "StartTime": "2020-06-18 04:09:59",
        "Status": "finished",
    })
}

/// What a whole listing of backups yields.
#[derive(Debug)]
pub struct Listed {
    pub backups: Vec<Backup>,
    pub passed_over: Vec<PassedOver>,
    pub end: Completeness,
}

impl Listed {
    pub fn keys(&self) -> Vec<&str> {
        self.backups
            .iter()
            .map(|backup| backup.key.as_str())
            .collect()
    }
}

pub fn list_request() -> ListRequest {
    ListRequest {
        instance: instance(),
        kinds: vec![Kind::Full],
        window: Window::default(),
        cursor: None,
    }
}

pub fn list_all(
    cloud: &Cloud<'_>,
    provider: &mut CapitalOnline,
    mut request: ListRequest,
) -> Result<Listed, Error> {
    let (mut backups, mut passed_over) = (Vec::new(), Vec::new());
    for _ in 0..500 {
        let page = provider.list(cloud, request.clone())?;
        assert!(
            page.backups.len() + page.passed_over.len() <= 10_000,
            "a page of the contract"
        );
        backups.extend(page.backups);
        passed_over.extend(page.passed_over);
        match page.next {
            Next::More(cursor) => request.cursor = Some(cursor),
            Next::End(end) => {
                assert_eq!(end.count, (backups.len() + passed_over.len()) as u64);
                return Ok(Listed {
                    backups,
                    passed_over,
                    end,
                });
            }
        }
    }
    panic!("the listing does not end");
}

/// Lists what a cloud has in `Data`.
pub fn list_data(data: Value) -> Listed {
    list_all(&Cloud::with(data), &mut mysql(), list_request()).unwrap()
}

/// Lists one entry under these options.
pub fn list_one(service: &str, options: Value, entry: Value) -> Listed {
    let mut provider = open(account(service, options));
    list_all(&Cloud::with(json!([entry])), &mut provider, list_request()).unwrap()
}

pub fn all_instances(
    cloud: &Cloud<'_>,
    provider: &mut CapitalOnline,
) -> Result<(Vec<Instance>, Completeness), Error> {
    let mut request = InstancesRequest::default();
    let mut instances = Vec::new();
    for _ in 0..500 {
        let page = provider.instances(cloud, request.clone())?;
        instances.extend(page.instances);
        match page.next {
            Next::More(cursor) => request.cursor = Some(cursor),
            Next::End(end) => return Ok((instances, end)),
        }
    }
    panic!("the listing does not end");
}

pub fn resolve_request() -> ResolveRequest {
    let backup = json!({
        "key": BACKUP,
        "kind": "full",
        "state": {"state": "available"},
        "started_at": "2020-06-17T20:00:06Z",
        "size": {"bytes": 5, "quality": "approximate"},
    });
    serde_json::from_value(json!({"instance": instance(), "backup": backup})).unwrap()
}
