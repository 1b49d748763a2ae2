//! A host whose HTTP is a function: it records every call, checks its signature as the vendor
//! does, and answers what the test says.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use backhaul_provider_api::chrono::{DateTime, TimeZone, Utc};
use backhaul_provider_api::serde_json::{self, Value, json};
use backhaul_provider_api::{
    Account, Backup, Completeness, Error, Host, HttpRequest, HttpResponse, Instance,
    InstancesRequest, Kind, ListRequest, LogLevel, Network, Next, PassedOver, Provider,
    ResolveReason, ResolveRequest, Secret, Timestamp, Window,
};
use backhaul_provider_tencentcloud::TencentCloud;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

pub const ID: &str = "AKIDEXAMPLE0000000000000000000000001";
pub const KEY: &str = "SecretKeyExample000000000000001";
pub const REQUEST_ID: &str = "3f164712-8746-464f-a490-3084a470000e";

/// A call as the cloud received it.
pub struct Asked {
    pub action: String,
    pub host: String,
    pub headers: BTreeMap<String, String>,
    pub body: Value,
}

impl Asked {
    pub fn offset(&self) -> usize {
        usize::try_from(self.body["Offset"].as_u64().unwrap()).unwrap()
    }
}

type Answer<'a> = Box<dyn Fn(&Asked) -> HttpResponse + 'a>;

pub struct Cloud<'a> {
    answer: Answer<'a>,
    pub asked: RefCell<Vec<Asked>>,
    pub now: Cell<Timestamp>,
}

impl<'a> Cloud<'a> {
    pub fn new(answer: impl Fn(&Asked) -> HttpResponse + 'a) -> Self {
        Self {
            answer: Box::new(answer),
            asked: RefCell::default(),
            // In UTC+8 it is already the next day.
            now: Cell::new(Utc.with_ymd_and_hms(2023, 11, 14, 22, 13, 20).unwrap()),
        }
    }

    /// A cloud that gives one answer to everything.
    pub fn saying(status: u16, body: impl Into<String>) -> Cloud<'static> {
        let body = body.into();
        Cloud::new(move |_| answer(status, &body))
    }

    pub fn calls(&self) -> Vec<String> {
        let asked = self.asked.borrow();
        asked.iter().map(|asked| asked.action.clone()).collect()
    }
}

impl Host for Cloud<'_> {
    fn send(&self, request: HttpRequest) -> Result<HttpResponse, Error> {
        assert_eq!(request.method, "POST");
        let url = request.url.expose();
        let host = url.strip_prefix("https://").unwrap();
        let host = host.strip_suffix('/').unwrap();
        let headers: BTreeMap<String, String> = request
            .headers
            .iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), value.expose().to_owned()))
            .collect();
        assert_eq!(headers.len(), request.headers.len(), "no header twice");
        let body = request.body.unwrap().expose().to_owned();
        assert_eq!(headers["x-tc-action"], request.call);
        assert_eq!(headers["host"], host);
        assert_eq!(headers["content-type"], "application/json");
        check_signature(&headers, &body, self.now.get());
        let asked = Asked {
            action: request.call,
            host: host.to_owned(),
            headers,
            body: serde_json::from_str(&body).unwrap(),
        };
        let answer = (self.answer)(&asked);
        self.asked.borrow_mut().push(asked);
        Ok(answer)
    }

    fn now(&self) -> Timestamp {
        self.now.get()
    }

    fn random(&self, count: usize) -> Vec<u8> {
        vec![7; count]
    }

    fn log(&self, _: LogLevel, _: &str) {}
}

/// Signs what was received by the list of headers it names, as the vendor does.
fn check_signature(headers: &BTreeMap<String, String>, body: &str, now: Timestamp) {
    let parts: Vec<&str> = headers["authorization"]
        .strip_prefix("TC3-HMAC-SHA256 ")
        .unwrap()
        .split(", ")
        .map(|part| part.split_once('=').unwrap().1)
        .collect();
    let [credential, signed, signature] = parts[..] else {
        panic!("{}", headers["authorization"])
    };
    let (id, scope) = credential.split_once('/').unwrap();
    assert_eq!(id, ID);
    assert_eq!(
        headers["x-tc-timestamp"],
        now.timestamp().to_string(),
        "the time is that of the host"
    );
    let day = now.format("%Y-%m-%d").to_string();
    let service = match headers["x-tc-version"].as_str() {
        "2017-03-12" => "postgres",
        "2017-03-20" => "cdb",
        other => panic!("version {other}"),
    };
    assert_eq!(scope, format!("{day}/{service}/tc3_request"));
    let lines: String = signed
        .split(';')
        .map(|name| format!("{name}:{}\n", headers[name].to_lowercase()))
        .collect();
    let canonical = format!("POST\n/\n\n{lines}\n{signed}\n{}", sha(body));
    let to_sign = format!(
        "TC3-HMAC-SHA256\n{}\n{scope}\n{}",
        headers["x-tc-timestamp"],
        sha(&canonical)
    );
    let key = hmac(format!("TC3{KEY}").as_bytes(), &day);
    let key = hmac(&hmac(&key, service), "tc3_request");
    assert_eq!(signature, hex(&hmac(&key, &to_sign)), "the signature");
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn sha(text: &str) -> String {
    hex(&Sha256::digest(text))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn answer(status: u16, body: &str) -> HttpResponse {
    HttpResponse {
        status,
        headers: Vec::new(),
        body: body.to_owned(),
    }
}

pub fn ok(mut response: Value) -> HttpResponse {
    response["RequestId"] = json!(REQUEST_ID);
    answer(200, &json!({ "Response": response }).to_string())
}

/// A failure as the vendor tells it: with HTTP 200.
pub fn error(code: &str) -> HttpResponse {
    ok(json!({"Error": {"Code": code, "Message": "words of the vendor"}}))
}

/// One page of a list, as the vendor cuts it.
pub fn page(field: &str, list: &[Value], asked: &Asked) -> HttpResponse {
    let limit = asked.body["Limit"].as_u64().unwrap();
    assert!((1..=100).contains(&limit));
    let limit = usize::try_from(limit).unwrap();
    let shown: Vec<&Value> = list.iter().skip(asked.offset()).take(limit).collect();
    ok(json!({ field: shown, "TotalCount": list.len() }))
}

pub fn account(service: &str) -> Account {
    Account {
        service: service.to_owned(),
        region: Some("ap-guangzhou".to_owned()),
        credentials: [("access_key", ID), ("secret_key", KEY)]
            .map(|(name, value)| (name.to_owned(), Secret::new(value)))
            .into(),
        ..Account::default()
    }
}

pub fn with_options(service: &str, options: Value) -> Account {
    Account {
        options,
        ..account(service)
    }
}

pub fn open(account: Account) -> TencentCloud {
    TencentCloud::open(account).unwrap()
}

pub fn instance(id: &str) -> Instance {
    serde_json::from_value(json!({"id": id, "name": "orders", "engine": "MySQL"})).unwrap()
}

pub fn utc(text: &str) -> Timestamp {
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

pub fn from(text: &str) -> Window {
    Window {
        from: Some(utc(text)),
        until: None,
    }
}

/// What a whole listing of backups yields.
pub struct Listed {
    pub backups: Vec<Backup>,
    pub passed_over: Vec<PassedOver>,
    pub end: Completeness,
}

impl Listed {
    pub fn keys(&self) -> Vec<&str> {
        let backups = self.backups.iter();
        backups.map(|backup| backup.key.as_str()).collect()
    }
}

pub fn list_request(id: &str, kinds: &[Kind], window: Window) -> ListRequest {
    ListRequest {
        instance: instance(id),
        kinds: kinds.to_vec(),
        window,
        cursor: None,
    }
}

pub fn list_all(
    cloud: &Cloud<'_>,
    account: Account,
    mut request: ListRequest,
) -> Result<Listed, Error> {
    let mut provider = open(account);
    let (mut backups, mut passed_over) = (Vec::new(), Vec::new());
    for _ in 0..5000 {
        let page = provider.list(cloud, request.clone())?;
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

pub fn all_instances(
    cloud: &Cloud<'_>,
    account: Account,
) -> Result<(Vec<Instance>, Completeness), Error> {
    let mut provider = open(account);
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

pub fn resolve_request(id: &str, backup: Backup) -> ResolveRequest {
    ResolveRequest {
        instance: instance(id),
        backup,
        token: None,
        lifetime: None,
        network: Network::Public,
        reason: ResolveReason::Start,
        cursor: None,
    }
}
