//! A host whose HTTP is a function: it records every request, checks its signature from the bytes
//! that arrive, and answers what the test says.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashSet};

use backhaul_provider_api::chrono::{DateTime, Duration};
use backhaul_provider_api::{
    Account, Backup, Completeness, Error, File, Host, HttpRequest, HttpResponse, Instance,
    InstancesRequest, Kind, ListRequest, LogLevel, Network, Next, PassedOver, Provider,
    ResolveReason, ResolveRequest, Secret, Timestamp, Window,
    serde_json::{self, Value, json},
};
use backhaul_provider_tencentcloud::TencentCloud;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::Sha256;

pub const ID: &str = "AKIDEXAMPLE0000000000000000000000001";
pub const KEY: &str = "SecretKeyExample000000000000001";
pub const TOKEN: &str = "TOKENEXAMPLE+/=";
pub const INSTANCE: &str = "cdb-c1nl9rpv";
pub const NOW: i64 = 1_700_000_000;

/// The links of the vendor's samples.
pub const IN_URL: &str = "http://gz.dl.cdb.tencentyun.com:33003/0a1b2c3d4e5f60718293a4b5c6d7e8?appid=1251004065&time=1458551053&sign=ZDxBCfRuFXDITwXY4C7%2BkTDAlDE%3D";
pub const OUT_URL: &str = "http://gz.dl.cdb.qcloud.com/c85be5fa579da84af33f0efd49b1b7cd?appid=8888888888&time=1478778522&sign=ZDxBCfRuFXDITwXY4C7%2BkTDAlDE%3D";

/// A request as the cloud received it: the parameters of its form, decoded.
pub struct Asked {
    pub call: String,
    pub form: BTreeMap<String, String>,
}

impl Asked {
    pub fn offset(&self) -> usize {
        self.form["offset"].parse().unwrap()
    }
}

type Answer<'a> = Box<dyn Fn(&Asked) -> HttpResponse + 'a>;

pub struct Cloud<'a> {
    answer: Answer<'a>,
    pub asked: RefCell<Vec<Asked>>,
    pub log: RefCell<Vec<String>>,
    pub now: Cell<Timestamp>,
    random: Cell<u64>,
    nonces: RefCell<HashSet<String>>,
}

impl<'a> Cloud<'a> {
    pub fn new(answer: impl Fn(&Asked) -> HttpResponse + 'a) -> Self {
        Self {
            answer: Box::new(answer),
            asked: RefCell::default(),
            log: RefCell::default(),
            now: Cell::new(DateTime::from_timestamp(NOW, 0).unwrap()),
            random: Cell::new(0),
            nonces: RefCell::default(),
        }
    }

    /// A cloud that gives one answer to everything.
    pub fn saying(status: u16, body: impl Into<String>) -> Cloud<'static> {
        let body = body.into();
        Cloud::new(move |_| answer(status, &body))
    }

    /// A cloud that has these backups of every kind that is asked for.
    pub fn with_data(data: Value) -> Cloud<'static> {
        Cloud::new(move |_| ok(json!({ "data": data })))
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
        assert_eq!(request.method, "POST");
        let rest = url.strip_prefix("https://").unwrap();
        let (host, path) = rest.split_at(rest.find('/').unwrap());
        let headers: Vec<(&str, &str)> = request
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.expose()))
            .collect();
        assert_eq!(
            headers,
            [
                ("Content-Type", "application/x-www-form-urlencoded"),
                ("Host", host)
            ]
        );
        let body = request.body.unwrap();
        let form: BTreeMap<String, String> = body.expose().split('&').map(pair).collect();
        assert_eq!(form["Action"], request.call);
        assert_eq!(form["SecretId"], ID);
        let now = self.now.get().timestamp().to_string();
        assert_eq!(form["Timestamp"], now);
        let nonce: u64 = form["Nonce"].parse().unwrap();
        assert!((1..=1 << 53).contains(&nonce), "{nonce}");
        let new = self.nonces.borrow_mut().insert(form["Nonce"].clone());
        assert!(new, "a nonce is used once");
        check_signature(host, path, &form);
        let asked = Asked {
            call: request.call,
            form,
        };
        let answer = (self.answer)(&asked);
        self.asked.borrow_mut().push(asked);
        Ok(answer)
    }

    fn now(&self) -> Timestamp {
        self.now.get()
    }

    fn random(&self, count: usize) -> Vec<u8> {
        self.random.set(self.random.get() + 1);
        // An odd factor: no two numbers become one.
        let number = self.random.get().wrapping_mul(0x9e37_79b9_7f4a_7c15);
        number
            .to_be_bytes()
            .into_iter()
            .cycle()
            .take(count)
            .collect()
    }

    fn log(&self, _: LogLevel, message: &str) {
        self.log.borrow_mut().push(message.to_owned());
    }
}

/// One parameter of a form, decoded as PHP does.
fn pair(text: &str) -> (String, String) {
    let (name, value) = text.split_once('=').unwrap();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~%".contains(&byte);
    assert!(value.bytes().all(plain), "{text} is encoded");
    let mut decoded = Vec::new();
    let mut rest = value.as_bytes();
    while let [first, after @ ..] = rest {
        if *first == b'%' {
            let hex = std::str::from_utf8(&after[..2]).unwrap();
            decoded.push(u8::from_str_radix(hex, 16).unwrap());
            rest = &after[2..];
        } else {
            decoded.push(*first);
            rest = after;
        }
    }
    (name.to_owned(), String::from_utf8(decoded).unwrap())
}

/// Signs what was received, as the service does.
fn check_signature(host: &str, path: &str, form: &BTreeMap<String, String>) {
    let parameters: Vec<String> = form
        .iter()
        .filter(|(name, _)| *name != "Signature")
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let text = format!("POST{host}{path}?{}", parameters.join("&"));
    let signature = match form["SignatureMethod"].as_str() {
        "HmacSHA256" => {
            let mut mac = Hmac::<Sha256>::new_from_slice(KEY.as_bytes()).unwrap();
            mac.update(text.as_bytes());
            STANDARD.encode(mac.finalize().into_bytes())
        }
        "HmacSHA1" => hmac_sha1(&text),
        other => panic!("{other}"),
    };
    assert_eq!(form["Signature"], signature, "the signature of {text}");
}

pub fn hmac_sha1(text: &str) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(KEY.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

pub fn answer(status: u16, body: &str) -> HttpResponse {
    HttpResponse {
        status,
        headers: Vec::new(),
        body: body.to_owned(),
    }
}

/// A success, with its code as text.
pub fn ok(mut body: Value) -> HttpResponse {
    body["code"] = json!("0");
    body["message"] = json!("");
    body["codeDesc"] = json!("Success");
    answer(200, &body.to_string())
}

pub fn fault(code: u64, message: &str) -> HttpResponse {
    answer(200, &json!({"code": code, "message": message}).to_string())
}

pub fn account() -> Account {
    // By the names that the service itself declares.
    let service = TencentCloud::describe()
        .service("mysql-v2")
        .unwrap()
        .clone();
    let credentials = service.credentials[0]
        .iter()
        .map(|credential| credential.name.clone())
        .zip([ID, KEY].map(Secret::new))
        .collect();
    Account {
        service: "mysql-v2".to_owned(),
        region: Some("ap-guangzhou".to_owned()),
        credentials,
        network: Network::Intranet,
        ..Account::default()
    }
}

pub fn with_options(options: Value) -> Account {
    Account {
        options,
        ..account()
    }
}

/// The choice of the vendor's example.
pub fn with_choice() -> Account {
    with_options(json!({"databases": [
        {"name": "test1"},
        {"name": "mysql", "tables": ["general_log", "slow_log"]},
    ]}))
}

pub fn open(account: Account) -> TencentCloud {
    TencentCloud::open(account).unwrap()
}

pub fn instance(id: &str) -> Instance {
    serde_json::from_value(json!({"id": id, "name": "orders", "engine": "MySQL"})).unwrap()
}

/// An entry as the vendor lists it.
pub fn entry(kind: &str, date: &str) -> Value {
    json!({
        "file_name": format!("cdb154153_{kind}_{date}"),
        "size": "671224",
        "type": kind,
        "date": date,
        "in_url": IN_URL,
    })
}

/// What a whole listing of backups yields.
pub struct Listed {
    pub backups: Vec<Backup>,
    pub passed_over: Vec<PassedOver>,
    pub end: Completeness,
    pub pages: usize,
}

impl Listed {
    pub fn keys(&self) -> Vec<&str> {
        self.backups
            .iter()
            .map(|backup| backup.key.as_str())
            .collect()
    }
}

pub fn list_with(
    provider: &mut TencentCloud,
    cloud: &Cloud<'_>,
    kinds: &[Kind],
    window: Window,
) -> Result<Listed, Error> {
    let mut request = ListRequest {
        instance: instance(INSTANCE),
        kinds: kinds.to_vec(),
        window,
        cursor: None,
    };
    let (mut backups, mut passed_over) = (Vec::new(), Vec::new());
    for pages in 1..500 {
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
                    pages,
                });
            }
        }
    }
    panic!("the listing does not end");
}

pub fn list(account: Account, cloud: &Cloud<'_>, kinds: &[Kind]) -> Result<Listed, Error> {
    list_with(&mut open(account), cloud, kinds, Window::default())
}

pub fn all_instances(
    cloud: &Cloud<'_>,
    provider: &mut TencentCloud,
) -> Result<(Vec<Instance>, Completeness), Error> {
    let mut request = InstancesRequest::default();
    let mut instances = Vec::new();
    for _ in 0..5000 {
        let page = provider.instances(cloud, request.clone())?;
        instances.extend(page.instances);
        match page.next {
            Next::More(cursor) => request.cursor = Some(cursor),
            Next::End(end) => return Ok((instances, end)),
        }
    }
    panic!("the listing does not end");
}

/// Asks for the links of a backup with that key.
pub fn resolve(
    provider: &mut TencentCloud,
    cloud: &Cloud<'_>,
    key: &str,
    reason: ResolveReason,
    network: Network,
) -> Result<Vec<File>, Error> {
    let backup = json!({
        "key": key, "kind": "full", "state": {"state": "available"}, "started_at": "2016-07-05T17:04:54Z",
    });
    let request = ResolveRequest {
        instance: instance(INSTANCE),
        backup: serde_json::from_value(backup).unwrap(),
        token: None,
        lifetime: None,
        network,
        reason,
        cursor: None,
    };
    provider.resolve(cloud, request).map(|page| page.files)
}
