//! Secrets: neither a credential nor what signs a link appears anywhere, whatever goes wrong and
//! however much is logged.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use backhaul_tests::cloud::{Api, ApiFault, Fault, ObjectFault};
use backhaul_tests::harness::{Daemon, Said, Site, free_port, http_get};

/// Everything that anybody could read, with where it was found.
#[derive(Default)]
struct Heap(Vec<(String, Vec<u8>)>);

impl Heap {
    fn add(&mut self, place: &str, bytes: impl Into<Vec<u8>>) {
        self.0.push((place.to_owned(), bytes.into()));
    }

    fn add_said(&mut self, place: &str, said: Said) {
        self.add(&format!("{place} stdout"), said.stdout);
        self.add(&format!("{place} stderr"), said.stderr);
    }

    fn add_tree(&mut self, directory: &Path) {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                self.add_tree(&path);
            } else if path.is_file() && path.extension().is_none_or(|ending| ending != "so") {
                self.add(&path.display().to_string(), fs::read(&path).unwrap());
            }
        }
    }

    fn assert_free_of(&self, secrets: &[String]) {
        for (place, bytes) in &self.0 {
            for secret in secrets {
                assert!(secret.len() > 5, "too short to look for");
                assert!(
                    !contains(bytes, secret.as_bytes()),
                    "a credential in {place}:\n{}",
                    around(bytes, secret.as_bytes())
                );
            }
            for sign in SIGNS {
                for at in find(bytes, sign.as_bytes()) {
                    let value = &bytes[at + sign.len()..];
                    let blank = value.starts_with("…".as_bytes()) || value.starts_with(b"\\u2026");
                    assert!(
                        blank,
                        "a signature in {place}:\n{}",
                        around(&bytes[at..], sign.as_bytes())
                    );
                }
            }
        }
    }

    fn size(&self) -> usize {
        self.0.iter().map(|(_, bytes)| bytes.len()).sum()
    }
}

/// What stands before a secret in a link or a header.
const SIGNS: [&str; 6] = [
    "Signature=",
    "signature=",
    "AccessKeyId=",
    "security-token=",
    "Access=",
    "X-Auth-Token: ",
];

fn find<'a>(bytes: &'a [u8], what: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    let first = what[0];
    let starts = bytes
        .iter()
        .enumerate()
        .filter(move |(_, byte)| **byte == first);
    starts
        .map(|(at, _)| at)
        .filter(move |at| bytes[*at..].starts_with(what))
}

fn contains(bytes: &[u8], what: &[u8]) -> bool {
    find(bytes, what).next().is_some()
}

fn around(bytes: &[u8], what: &[u8]) -> String {
    let at = find(bytes, what).next().unwrap_or(0);
    let end = bytes.len().min(at + 200);
    String::from_utf8_lossy(&bytes[at.saturating_sub(200)..end]).into_owned()
}

/// A server that refuses every request and quotes all of it in its answer, as some gateways do.
fn echo() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut request = vec![0; 16 << 10];
            stream
                .set_read_timeout(Some(Duration::from_secs(5)))
                .unwrap();
            let length = stream.read(&mut request).unwrap_or(0);
            let quoted = String::from_utf8_lossy(&request[..length]).into_owned();
            let body = serde_json::json!({
                "error_code": "DBS.280001",
                "error_msg": format!("Parameter error: {quoted}"),
            })
            .to_string();
            let _ = write!(
                stream,
                "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\n\
                 Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
        }
    });
    url
}

fn job(name: &str, account: &str, more: &str) -> String {
    format!(
        "[[job]]\nname = \"{name}\"\naccount = \"{account}\"\nservice = \"rds\"\n\
         instances = [\"{}\"]\ndirectory = \"mirror/{name}\"\n{more}\n",
        if name == "orders" { "orders" } else { "shop" }
    )
}

/// The account under another name with other credentials.
fn account(site: &Site, name: &str, credentials: &str) -> String {
    let text = site.account(name);
    let start = text.find("credentials = ").unwrap();
    let end = start + text[start..].find('\n').unwrap();
    format!(
        "{}credentials = {{ {credentials} }}{}",
        &text[..start],
        &text[end..]
    )
}

const WRONG_SECRET_KEY: &str = "ThisSecretKeyIsNotTheRightOne0123456789";

/// Runs everything that can go wrong with a log format, and gathers what is to be read after it.
fn gather(site: &Site, format: &str) -> (Heap, Vec<String>) {
    let temporary = site.cloud.issue_temporary_key(Duration::from_secs(3600));
    let keys = "access_key = { env = \"HW_AK\" }, secret_key = { env = \"HW_SK\" }";
    let port = free_port();
    let mut config = site.daemon_table() + &format!("listen = \"127.0.0.1:{port}\"\n");
    config += &site.account("demo");
    config += &account(
        site,
        "wrong",
        "access_key = { env = \"HW_AK\" }, secret_key = { env = \"WRONG\" }",
    );
    config += &account(
        site,
        "password",
        "username = { env = \"HW_USER\" }, password = { env = \"HW_PASSWORD\" }, domain = { env = \"HW_DOMAIN\" }",
    );
    config += &account(
        site,
        "temporary",
        "access_key = { env = \"T_AK\" }, secret_key = { env = \"T_SK\" }, security_token = { env = \"T_TOKEN\" }",
    );
    config += &account(site, "echo", keys).replace(site.cloud.rds_url(), &echo());
    config += &format!("[account.leak]\nprovider = \"fault\"\ncredentials = {{ {keys} }}\n");
    for (name, account) in [
        ("orders", "demo"),
        ("shop", "demo"),
        ("password", "password"),
        ("temporary", "temporary"),
        ("echo", "echo"),
    ] {
        config += &job(name, account, "kinds = [\"full\", \"log\"]");
    }
    for during in ["open", "instances", "list"] {
        config += &format!(
            "[[job]]\nname = \"leak-{during}\"\naccount = \"leak\"\nservice = \"faults\"\n\
             directory = \"mirror/leak\"\noptions = {{ mode = \"leak\", during = \"{during}\" }}\n"
        );
    }
    // Last, because the vendor locks a key with which too many signatures fail.
    config += &job("wrong", "wrong", "");
    site.write_config(&config);

    for fault in [
        Fault::object(ObjectFault::XmlErrorWith200),
        Fault::object(ObjectFault::HtmlWith200).skipping(1),
        Fault::object(ObjectFault::ExpireLinkAfter(1000)).times(2),
        Fault::object(ObjectFault::Status {
            code: 403,
            retry_after: None,
        })
        .skipping(2),
        Fault::object(ObjectFault::ResetAfter(5000)).skipping(3),
        Fault::api(ApiFault::ErrorWith200)
            .of(Api::Backups)
            .skipping(1),
        Fault::api(ApiFault::WrongJsonType)
            .of(Api::BackupFiles)
            .skipping(1),
        Fault::api(ApiFault::HtmlPage)
            .of(Api::BackupFiles)
            .skipping(3),
    ] {
        let _ = site.cloud.inject(fault);
    }
    let arguments = |command: &[&str]| {
        let mut command = site.command(command.iter().chain(&["-vvv", "--log-format", format]));
        command
            .env("WRONG", WRONG_SECRET_KEY)
            .env("HW_USER", site.cloud.username())
            .env("HW_PASSWORD", site.cloud.password())
            .env("HW_DOMAIN", site.cloud.domain())
            .env("T_AK", &temporary.access_key)
            .env("T_SK", &temporary.secret_key)
            .env("T_TOKEN", &temporary.security_token);
        command
    };
    let run = |command: &[&str]| Said::from(arguments(command).output().unwrap());
    let mut heap = Heap::default();

    let mut daemon = Daemon::spawn_command(site, arguments(&["run"]));
    daemon.wait_for_notice("READY=1");
    let mut events = daemon.events();
    let jobs = [
        "orders",
        "shop",
        "password",
        "temporary",
        "echo",
        "leak-open",
        "leak-instances",
        "leak-list",
    ];
    heap.add_said("sync", run(&[&["sync"][..], &jobs].concat()).expect(1));
    site.cloud.calm();
    heap.add_said(
        "a second sync",
        run(&[&["sync"][..], &jobs].concat()).expect(1),
    );
    heap.add_said(
        "sync of the wrong key",
        run(&["sync", "wrong", "--json"]).expect(1),
    );
    for _ in 0..2 {
        for job in jobs {
            if !events.seen().iter().any(|event| event["run"]["job"] == job) {
                events.pass_of(job);
            }
        }
    }
    events.pass_of("wrong");
    heap.add("events", serde_json::to_vec(events.seen()).unwrap());
    heap.add(
        "metrics",
        http_get(&format!("http://127.0.0.1:{port}/metrics")).1,
    );
    for command in [
        &["status"][..],
        &["status", "--json"],
        &["list"],
        &["list", "--json"],
        &["providers", "list"],
        &["reload", "--wait"],
        &["plan", "--json"],
    ] {
        heap.add_said(&command.join(" "), run(command));
    }
    let listed = run(&["list", "--json"]).json();
    for backup in listed.as_array().unwrap() {
        heap.add_said(
            "show",
            run(&["show", backup["id"].as_str().unwrap(), "--json"]),
        );
    }
    assert!(listed.as_array().unwrap().len() > 10, "{listed:#}");
    let (status, log) = daemon.stop();
    assert!(status.success(), "{log}");
    assert!(log.lines().count() > 50, "{log}");
    assert!(
        log.contains("Parameter error: GET "),
        "the echo is quoted:\n{log}"
    );
    heap.add("the daemon's log", log);
    heap.add_said("sync alone", run(&["sync"]).expect(1));
    heap.add_tree(&site.path("state"));
    heap.add_tree(&site.path("mirror"));

    let secrets = [
        site.cloud.access_key(),
        site.cloud.secret_key(),
        site.cloud.password(),
        WRONG_SECRET_KEY,
        &temporary.access_key,
        &temporary.secret_key,
        &temporary.security_token,
    ];
    (heap, secrets.map(str::to_owned).to_vec())
}

#[test]
fn text_tells_no_secret() {
    let (heap, secrets) = gather(&Site::with_fixtures(), "text");
    heap.assert_free_of(&secrets);
}

#[test]
fn json_tells_no_secret() {
    let (heap, secrets) = gather(&Site::with_fixtures(), "json");
    heap.assert_free_of(&secrets);
}

#[test]
fn the_journal_is_told_no_secret() {
    let (heap, secrets) = gather(&Site::with_fixtures(), "journal");
    heap.assert_free_of(&secrets);
    assert!(heap.size() > 100_000, "there was something to look through");
}
