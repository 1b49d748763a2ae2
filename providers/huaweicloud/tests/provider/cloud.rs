//! A host whose HTTP is a function: it records every request, checks how it is authenticated, and
//! answers what the test says.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use backhaul_provider_api::chrono::{Duration, TimeZone, Utc};
use backhaul_provider_api::{
    Account, Backup, Completeness, Error, Host, HttpRequest, HttpResponse, Instance, InstanceId,
    InstancesRequest, Kind, ListRequest, LogLevel, Next, PassedOver, Provider, ResolveRequest,
    Secret, Timestamp, Window,
    serde_json::{self, Value, json},
};
use backhaul_provider_huaweicloud::HuaweiCloud;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

pub const AK: &str = "AKEXAMPLE00000000001";
pub const SK: &str = "SKexampleSKexampleSKexampleSKexample0001";
pub const PROJECT: &str = "97b026aa9cc4417888c14c84a1ad9860";
pub const INSTANCE: &str = "a48e43ff268f4c0e879652d65e63d0fbin01";
pub const TOKEN: &str = "MIITOKENexample";

/// A request as the cloud received it.
pub struct Asked {
    pub call: String,
    pub method: String,
    pub host: String,
    pub path: String,
    pub query: BTreeMap<String, String>,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Asked {
    pub fn offset(&self) -> usize {
        self.query["offset"].parse().unwrap()
    }
}

type Answer<'a> = Box<dyn Fn(&Asked) -> HttpResponse + 'a>;

pub struct Cloud<'a> {
    answer: Answer<'a>,
    pub asked: RefCell<Vec<Asked>>,
    pub log: RefCell<Vec<String>>,
    pub now: Cell<Timestamp>,
}

impl<'a> Cloud<'a> {
    pub fn new(answer: impl Fn(&Asked) -> HttpResponse + 'a) -> Self {
        Self {
            answer: Box::new(answer),
            asked: RefCell::default(),
            log: RefCell::default(),
            now: Cell::new(Utc.with_ymd_and_hms(2024, 1, 15, 8, 30, 0).unwrap()),
        }
    }

    /// A cloud that gives one answer to everything.
    pub fn saying(status: u16, body: impl Into<String>) -> Cloud<'static> {
        let body = body.into();
        Cloud::new(move |_| answer(status, &body))
    }

    pub fn calls(&self) -> Vec<String> {
        self.asked
            .borrow()
            .iter()
            .map(|asked| asked.call.clone())
            .collect()
    }

    pub fn pass(&self, time: Duration) {
        self.now.set(self.now.get() + time);
    }
}

impl Host for Cloud<'_> {
    fn send(&self, request: HttpRequest) -> Result<HttpResponse, Error> {
        let url = request.url.expose();
        let rest = url.strip_prefix("https://").unwrap();
        let (host, path_and_query) = rest.split_at(rest.find('/').unwrap());
        let (path, query) = path_and_query
            .split_once('?')
            .unwrap_or((path_and_query, ""));
        let headers: BTreeMap<String, String> = request
            .headers
            .iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), value.expose().to_owned()))
            .collect();
        assert_eq!(headers.len(), request.headers.len(), "no header twice");
        let asked = Asked {
            call: request.call,
            method: request.method,
            host: host.to_owned(),
            path: path.to_owned(),
            query: query.split('&').map(pair).collect(),
            headers,
            body: request
                .body
                .map(|body| body.expose().to_owned())
                .unwrap_or_default(),
        };
        assert_eq!(asked.headers["host"], asked.host);
        if asked.headers.contains_key("authorization") {
            check_signature(&asked, query, self.now.get());
        } else if asked.call != "KeystoneCreateUserTokenByPassword" {
            assert!(
                asked.headers.contains_key("x-auth-token"),
                "{} is authenticated",
                asked.call
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
        vec![7; count]
    }

    fn log(&self, _: LogLevel, message: &str) {
        self.log.borrow_mut().push(message.to_owned());
    }
}

fn pair(text: &str) -> (String, String) {
    let (name, value) = text.split_once('=').unwrap();
    assert!(
        !value.contains(['+', ' ', ':', '*', '/']),
        "{text} is encoded"
    );
    (
        name.to_owned(),
        value
            .replace("%3A", ":")
            .replace("%2B", "+")
            .replace("%2A", "*"),
    )
}

/// Checks what can be checked of the derived signature, whose vector is a unit test.
fn check_derived(asked: &Asked, authorization: &str) {
    let service = asked.host.split('.').next().unwrap();
    let scope =
        format!("Credential={AK}/20240115/cn-north-4/{service}, SignedHeaders=content-type;host;");
    assert!(authorization.starts_with(&scope), "{authorization}");
}

/// Signs what was received by the list of headers it names, as a gateway does.
fn check_signature(asked: &Asked, query: &str, now: Timestamp) {
    let authorization = &asked.headers["authorization"];
    if let Some(derived) = authorization.strip_prefix("V11-HMAC-SHA256 ") {
        return check_derived(asked, derived);
    }
    let parts: Vec<&str> = authorization
        .strip_prefix("SDK-HMAC-SHA256 ")
        .unwrap()
        .split(", ")
        .map(|part| part.split_once('=').unwrap().1)
        .collect();
    let [access, signed, signature] = parts[..] else {
        panic!("{authorization}")
    };
    assert_eq!(access, AK);
    let mut all: Vec<&str> = asked.headers.keys().map(String::as_str).collect();
    all.retain(|name| *name != "authorization");
    assert_eq!(signed, all.join(";"), "every header is signed");
    let date = &asked.headers["x-sdk-date"];
    assert_eq!(*date, now.format("%Y%m%dT%H%M%SZ").to_string());
    let lines: String = signed
        .split(';')
        .map(|name| format!("{name}:{}\n", asked.headers[name]))
        .collect();
    let hash = hex(&Sha256::digest(&asked.body));
    let canonical = format!(
        "{}\n{}/\n{query}\n{lines}\n{signed}\n{hash}",
        asked.method, asked.path
    );
    let to_sign = format!(
        "SDK-HMAC-SHA256\n{date}\n{}",
        hex(&Sha256::digest(canonical))
    );
    let mut mac = Hmac::<Sha256>::new_from_slice(SK.as_bytes()).unwrap();
    mac.update(to_sign.as_bytes());
    assert_eq!(
        signature,
        hex(&mac.finalize().into_bytes()),
        "the signature"
    );
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

pub fn ok(body: Value) -> HttpResponse {
    answer(200, &body.to_string())
}

/// One page of a list, as the vendor cuts it.
pub fn page(field: &str, list: &[Value], asked: &Asked) -> HttpResponse {
    let limit: usize = asked.query["limit"].parse().unwrap();
    assert!((1..=100).contains(&limit));
    let shown: Vec<&Value> = list.iter().skip(asked.offset()).take(limit).collect();
    ok(json!({ field: shown, "total_count": list.len() }))
}

/// An account with access keys and a project, so that nothing has to be looked up.
pub fn keys() -> Account {
    Account {
        options: json!({ "project_id": PROJECT }),
        ..account(&[("access_key", AK), ("secret_key", SK)])
    }
}

pub fn user() -> Account {
    account(&[
        ("username", "example-user"),
        ("password", "example-password"),
        ("domain", "acme"),
    ])
}

pub fn account(credentials: &[(&str, &str)]) -> Account {
    Account {
        service: "rds".to_owned(),
        region: Some("cn-north-4".to_owned()),
        credentials: credentials
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Secret::new(*value)))
            .collect(),
        ..Account::default()
    }
}

pub fn open(account: Account) -> HuaweiCloud {
    HuaweiCloud::open(account).unwrap()
}

pub fn instance() -> Instance {
    serde_json::from_value(json!({"id": INSTANCE, "name": "orders", "engine": "MySQL"})).unwrap()
}

/// A backup as the vendor lists it.
pub fn record(id: &str, kind: &str, begin: &str) -> Value {
    json!({
        "id": id,
        "name": format!("backup {id}"),
        "type": kind,
        "size": 2803,
        "status": "COMPLETED",
        "begin_time": begin,
        "end_time": begin,
        "datastore": {"type": "MySQL", "version": "5.7"},
        "instance_id": INSTANCE,
    })
}

/// What a whole listing of backups yields.
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

pub fn list_all(cloud: &Cloud<'_>, kinds: &[Kind], window: Window) -> Result<Listed, Error> {
    let mut provider = open(keys());
    let mut request = ListRequest {
        instance: instance(),
        kinds: kinds.to_vec(),
        window,
        cursor: None,
    };
    let (mut backups, mut passed_over) = (Vec::new(), Vec::new());
    for _ in 0..500 {
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
    provider: &mut HuaweiCloud,
    wanted: &[&str],
) -> Result<(Vec<Instance>, Completeness), Error> {
    let mut request = InstancesRequest {
        wanted: wanted.iter().map(|text| (*text).to_owned()).collect(),
        cursor: None,
    };
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

pub fn backup() -> Backup {
    serde_json::from_value(json!({
        "key": "c0c9f155c7b7423a9d30f0175998b63bbr01",
        "kind": "full",
        "state": {"state": "available"},
        "started_at": "2024-01-15T00:00:00Z",
    }))
    .unwrap()
}

pub fn resolve_request() -> ResolveRequest {
    ResolveRequest {
        instance: Instance {
            id: InstanceId::new(INSTANCE),
            ..instance()
        },
        backup: backup(),
        token: None,
        lifetime: None,
        network: backhaul_provider_api::Network::Public,
        reason: backhaul_provider_api::ResolveReason::Start,
        cursor: None,
    }
}
