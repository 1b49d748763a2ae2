//! A host whose HTTP is a bucket: it checks every signature by code of its own, and lists objects
//! as S3 does, in pages of a chosen size.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use backhaul_provider_api::chrono::{Duration, TimeZone, Utc};
use backhaul_provider_api::{
    Account, Backup, Completeness, Error, Host, HttpRequest, HttpResponse, Instance, InstanceId,
    InstancesRequest, Kind, ListRequest, LogLevel, Network, Next, PassedOver, Provider,
    ResolveReason, ResolveRequest, Secret, Timestamp, Window,
    serde_json::{Value, json},
};
use backhaul_provider_object_store::ObjectStore;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

pub const AK: &str = "AKIAIOSFODNN7EXAMPLE";
pub const SK: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
pub const HOST: &str = "acme.s3.eu-central-1.amazonaws.com";

/// A request as the store received it.
#[derive(Clone, Debug)]
pub struct Asked {
    pub call: String,
    pub method: String,
    pub path: String,
    pub query: BTreeMap<String, String>,
    pub headers: BTreeMap<String, String>,
}

/// An object, or a version of one.
#[derive(Clone, Debug)]
pub struct Stored {
    pub key: String,
    pub size: u64,
    pub modified: Timestamp,
    pub version: Option<&'static str>,
    pub further: &'static str,
}

type Answer = Box<dyn Fn(&Asked) -> Option<HttpResponse>>;

pub struct Store {
    pub objects: RefCell<Vec<Stored>>,
    /// The greatest page the store gives, whatever is asked.
    pub page: usize,
    pub asked: RefCell<Vec<Asked>>,
    pub now: Cell<Timestamp>,
    /// Answers instead of the list, where it gives one.
    pub instead: Answer,
}

pub fn now() -> Timestamp {
    Utc.with_ymd_and_hms(2024, 1, 20, 0, 0, 0).unwrap()
}

impl Store {
    /// A bucket with objects of one byte each, written an hour ago.
    pub fn new<T: Into<String>>(keys: impl IntoIterator<Item = T>) -> Self {
        let objects = keys.into_iter().map(|key| Stored {
            key: key.into(),
            size: 1,
            modified: now() - Duration::hours(1),
            version: None,
            further: "",
        });
        let mut objects: Vec<Stored> = objects.collect();
        objects.sort_by(|one, other| one.key.cmp(&other.key));
        Self {
            objects: RefCell::new(objects),
            page: 1000,
            asked: RefCell::default(),
            now: Cell::new(now()),
            instead: Box::new(|_| None),
        }
    }

    pub fn in_pages_of(mut self, page: usize) -> Self {
        self.page = page;
        self
    }

    pub fn change(&self, key: &str, change: impl Fn(&mut Stored)) {
        let mut objects = self.objects.borrow_mut();
        change(objects.iter_mut().find(|object| object.key == key).unwrap());
    }

    pub fn remove(&self, key: &str) {
        self.objects.borrow_mut().retain(|object| object.key != key);
    }

    pub fn requests(&self) -> usize {
        self.asked.borrow().len()
    }

    fn list(&self, asked: &Asked) -> HttpResponse {
        let versions = asked.query.contains_key("versions");
        let asked_for: usize = asked.query["max-keys"].parse().unwrap();
        let prefix = &asked.query["prefix"];
        let delimiter = asked.query.get("delimiter");
        let after: usize = ["continuation-token", "version-id-marker"]
            .iter()
            .find_map(|name| asked.query.get(*name))
            .map_or(0, |token| token.parse().unwrap());
        let (root, entry) = match versions {
            true => ("ListVersionsResult", "Version"),
            false => ("ListBucketResult", "Contents"),
        };
        let mut body = format!("<{root}><EncodingType>url</EncodingType>");
        let mut folders = BTreeSet::new();
        let objects = self.objects.borrow();
        let mut shown = 0;
        let mut next = None;
        for (index, object) in objects.iter().enumerate().skip(after) {
            let Some(rest) = object.key.strip_prefix(prefix.as_str()) else {
                continue;
            };
            let folder = delimiter.and_then(|delimiter| rest.find(delimiter.as_str()));
            if let Some(end) = folder {
                folders.insert(format!("{prefix}{}", &rest[..=end]));
                continue;
            }
            if shown == self.page.min(asked_for) {
                next = Some(index);
                break;
            }
            shown += 1;
            let version = object
                .version
                .map(|id| format!("<VersionId>{id}</VersionId>"));
            let _ = write!(
                body,
                "<{entry}><Key>{}</Key>{}<LastModified>{}</LastModified><Size>{}</Size>{}</{entry}>",
                encoded(&object.key),
                version.unwrap_or_default(),
                object.modified.to_rfc3339(),
                object.size,
                object.further,
            );
        }
        for folder in folders {
            let _ = write!(
                body,
                "<CommonPrefixes><Prefix>{}</Prefix></CommonPrefixes>",
                encoded(&folder)
            );
        }
        let _ = match (next, versions) {
            (None, _) => write!(body, "<IsTruncated>false</IsTruncated>"),
            (Some(at), false) => write!(
                body,
                "<IsTruncated>true</IsTruncated><NextContinuationToken>{at}</NextContinuationToken>"
            ),
            (Some(at), true) => write!(
                body,
                "<IsTruncated>true</IsTruncated><NextKeyMarker>k</NextKeyMarker><NextVersionIdMarker>{at}</NextVersionIdMarker>"
            ),
        };
        let _ = write!(body, "</{root}>");
        answer(200, &[], &body)
    }
}

impl Host for Store {
    fn send(&self, request: HttpRequest) -> Result<HttpResponse, Error> {
        let url = request.url.expose();
        let (path, query) = url
            .strip_prefix("https://")
            .and_then(|rest| rest.strip_prefix(HOST))
            .unwrap()
            .split_once('?')
            .unwrap_or_else(|| (url.split_once(HOST).unwrap().1, ""));
        let headers: BTreeMap<String, String> = request
            .headers
            .iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), value.expose().to_owned()))
            .collect();
        assert_eq!(headers["host"], HOST);
        check_signature(&request.method, path, query, &headers, self.now.get());
        let asked = Asked {
            call: request.call,
            method: request.method,
            path: path.to_owned(),
            query: pairs(query),
            headers,
        };
        let answer = (self.instead)(&asked).unwrap_or_else(|| self.list(&asked));
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

pub fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> HttpResponse {
    HttpResponse {
        status,
        headers: headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        body: body.to_owned(),
    }
}

/// Keys as `encoding-type=url` writes them.
fn encoded(key: &str) -> String {
    key.bytes()
        .map(|byte| match byte {
            b' ' => "+".to_owned(),
            byte if byte.is_ascii_alphanumeric() || b"-_./=".contains(&byte) => {
                char::from(byte).to_string()
            }
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

pub fn pairs(query: &str) -> BTreeMap<String, String> {
    let decode = |text: &str| {
        let mut bytes = Vec::new();
        let mut rest = text.bytes();
        while let Some(byte) = rest.next() {
            assert!(byte != b'+' && byte != b' ', "{text} is encoded");
            if byte == b'%' {
                let hex: String = [rest.next().unwrap(), rest.next().unwrap()]
                    .map(char::from)
                    .iter()
                    .collect();
                bytes.push(u8::from_str_radix(&hex, 16).unwrap());
            } else {
                bytes.push(byte);
            }
        }
        String::from_utf8(bytes).unwrap()
    };
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap())
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

fn check_signature(
    method: &str,
    path: &str,
    query: &str,
    headers: &BTreeMap<String, String>,
    now: Timestamp,
) {
    let authorization = headers["authorization"]
        .strip_prefix("AWS4-HMAC-SHA256 ")
        .unwrap();
    let parts: Vec<&str> = authorization
        .split(", ")
        .map(|part| part.split_once('=').unwrap().1)
        .collect();
    let day = now.format("%Y%m%d").to_string();
    assert_eq!(parts[0], format!("{AK}/{day}/eu-central-1/s3/aws4_request"));
    let mut all: Vec<&str> = headers.keys().map(String::as_str).collect();
    all.retain(|name| *name != "authorization");
    assert_eq!(parts[1], all.join(";"), "every header is signed");
    let lines: String = all
        .iter()
        .map(|name| format!("{name}:{}\n", headers[*name]))
        .collect();
    let mut sorted: Vec<&str> = query.split('&').collect();
    sorted.sort_unstable();
    assert_eq!(sorted.join("&"), query, "the query is sent as it is signed");
    let payload = hex(&Sha256::digest(""));
    assert_eq!(headers["x-amz-content-sha256"], payload);
    let canonical = format!(
        "{method}\n{path}\n{query}\n{lines}\n{}\n{payload}",
        parts[1]
    );
    assert_eq!(parts[2], signature(&canonical, &headers["x-amz-date"]));
}

/// Checks a presigned link as the store would, and returns its path and query.
pub fn check_link(url: &str) -> (String, BTreeMap<String, String>) {
    let rest = url
        .strip_prefix("https://")
        .unwrap()
        .strip_prefix(HOST)
        .unwrap();
    let (path, query) = rest.split_once('?').unwrap();
    let (signed, given) = query.rsplit_once("&X-Amz-Signature=").unwrap();
    let mut sorted: Vec<&str> = signed.split('&').collect();
    sorted.sort_unstable();
    let canonical = format!(
        "GET\n{path}\n{}\nhost:{HOST}\n\nhost\nUNSIGNED-PAYLOAD",
        sorted.join("&")
    );
    let query = pairs(query);
    assert_eq!(given, signature(&canonical, &query["X-Amz-Date"]));
    (path.to_owned(), query)
}

fn signature(canonical: &str, date: &str) -> String {
    let scope = format!("{}/eu-central-1/s3/aws4_request", &date[..8]);
    let to_sign = format!(
        "AWS4-HMAC-SHA256\n{date}\n{scope}\n{}",
        hex(&Sha256::digest(canonical))
    );
    let mac = |key: &[u8], text: &str| {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().to_vec()
    };
    let day = mac(format!("AWS4{SK}").as_bytes(), &date[..8]);
    let key = mac(&mac(&mac(&day, "eu-central-1"), "s3"), "aws4_request");
    hex(&mac(&key, &to_sign))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn open(options: Value) -> ObjectStore {
    ObjectStore::open(account(options)).unwrap()
}

pub fn account(mut options: Value) -> Account {
    options["bucket"] = json!("acme");
    Account {
        service: "s3".to_owned(),
        region: Some("eu-central-1".to_owned()),
        credentials: [("access_key", AK), ("secret_key", SK)]
            .map(|(name, value)| (name.to_owned(), Secret::new(value)))
            .into(),
        options,
        ..Account::default()
    }
}

pub fn instance(id: &str) -> Instance {
    backhaul_provider_api::serde_json::from_value(json!({"id": id, "name": id})).unwrap()
}

/// What a whole listing yields.
pub struct Listed {
    pub backups: Vec<Backup>,
    pub passed_over: Vec<PassedOver>,
    pub end: Completeness,
}

impl Listed {
    /// Keys and numbers of objects.
    pub fn sets(&self) -> Vec<(&str, u64)> {
        self.backups
            .iter()
            .map(|backup| {
                (
                    backup.key.as_str(),
                    backup.vendor["objects"].as_u64().unwrap(),
                )
            })
            .collect()
    }
}

pub fn list_with(
    store: &Store,
    provider: &mut ObjectStore,
    id: &str,
    kinds: &[Kind],
    window: Window,
) -> Result<Listed, Error> {
    let mut request = ListRequest {
        instance: instance(id),
        kinds: kinds.to_vec(),
        window,
        cursor: None,
    };
    let (mut backups, mut passed_over) = (Vec::new(), Vec::new());
    for _ in 0..2000 {
        let page = provider.list(store, request.clone())?;
        assert!(page.backups.len() <= 1000);
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

pub fn list(store: &Store, options: Value, id: &str) -> Listed {
    list_with(store, &mut open(options), id, &Kind::ALL, Window::default()).unwrap()
}

pub fn instances(store: &Store, options: Value, wanted: &[&str]) -> Result<Vec<String>, Error> {
    let mut provider = open(options);
    let mut request = InstancesRequest {
        wanted: wanted.iter().map(|name| (*name).to_owned()).collect(),
        cursor: None,
    };
    let mut found = Vec::new();
    for _ in 0..500 {
        let page = provider.instances(store, request.clone())?;
        found.extend(page.instances.into_iter().map(|instance| instance.name));
        match page.next {
            Next::More(cursor) => request.cursor = Some(cursor),
            Next::End(end) => {
                assert!(end.complete);
                assert_eq!(end.count, found.len() as u64);
                return Ok(found);
            }
        }
    }
    panic!("the listing does not end");
}

pub fn resolve_request(id: &str, backup: &Backup) -> ResolveRequest {
    ResolveRequest {
        instance: Instance {
            id: InstanceId::new(id),
            ..instance(id)
        },
        backup: backup.clone(),
        token: None,
        lifetime: None,
        network: Network::Public,
        reason: ResolveReason::Start,
        cursor: None,
    }
}
