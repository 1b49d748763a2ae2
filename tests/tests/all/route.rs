//! The way out: through a proxy, or around it.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use backhaul_tests::harness::{Site, assert_sound, stock};

/// A forward proxy for plain HTTP on loopback, and how many connections it has served.
struct Proxy {
    address: String,
    served: Arc<AtomicUsize>,
}

impl Proxy {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let served = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&served);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                count.fetch_add(1, Ordering::SeqCst);
                std::thread::spawn(move || forward(client));
            }
        });
        Self { address, served }
    }

    fn served(&self) -> usize {
        self.served.load(Ordering::SeqCst)
    }
}

/// Serves one request: `GET http://host:port/path` becomes `GET /path` there, and the connection
/// ends with its answer.
fn forward(client: TcpStream) -> Option<()> {
    let mut lines = BufReader::new(client.try_clone().ok()?);
    let mut request = String::new();
    lines.read_line(&mut request).ok()?;
    let (method, rest) = request.split_once(" http://")?;
    let (host, path) = rest.split_once('/')?;
    let mut head = format!("{method} /{path}");
    let mut length = 0;
    loop {
        let mut line = String::new();
        lines.read_line(&mut line).ok()?;
        if line == "\r\n" {
            break;
        }
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        if !lower.starts_with("proxy-") && !lower.starts_with("connection:") {
            head.push_str(&line);
        }
    }
    head.push_str("Connection: close\r\n\r\n");
    let mut body = vec![0; length];
    std::io::Read::read_exact(&mut lines, &mut body).ok()?;
    let mut server = TcpStream::connect(host).ok()?;
    server.write_all(head.as_bytes()).ok()?;
    server.write_all(&body).ok()?;
    let mut client = client;
    std::io::copy(&mut server, &mut client).ok()?;
    client.shutdown(std::net::Shutdown::Both).ok()
}

fn site() -> Site {
    let site = Site::new();
    stock::add_instance(&site.cloud, 1, "orders");
    let backup = stock::one_file(&site.cloud, 1, 1, 1, 100_000);
    site.cloud.add_backup(backup);
    site
}

const JOB: &str =
    "[[job]]\nname = \"orders\"\naccount = \"demo\"\nservice = \"rds\"\ndirectory = \"mirror\"\n";

fn configure(site: &Site, daemon: &str, account: &str) {
    let text = format!(
        "{}{daemon}\n{}{account}\n{JOB}",
        site.daemon_table(),
        site.account("demo")
    );
    site.write_config(&text);
}

#[test]
fn calls_and_downloads_go_through_the_configured_proxy() {
    let (site, proxy) = (site(), Proxy::start());
    configure(&site, &format!("proxy = \"{}\"", proxy.address), "");
    let _ = site.sync().expect(0);
    // A token or project, instances, backups of each type, links, the file: more than one.
    assert!(proxy.served() > 2, "{}", proxy.served());
    let mirrored = site.mirrored("mirror");
    assert_eq!(mirrored.len(), 1);
    assert_sound(&mirrored[0]);
}

#[test]
fn an_account_goes_around_the_daemons_proxy() {
    let (site, proxy) = (site(), Proxy::start());
    let daemon = format!("proxy = \"{}\"", proxy.address);
    configure(&site, &daemon, "proxy = \"none\"");
    let _ = site.sync().expect(0);
    assert_eq!(proxy.served(), 0);
}

#[test]
fn the_environments_proxy_is_heeded_unless_the_configuration_says_none() {
    let (site, proxy) = (site(), Proxy::start());
    let sync = |site: &Site| {
        let mut command = site.command(["sync"]);
        let output = command.env("HTTP_PROXY", &proxy.address).output();
        assert!(output.unwrap().status.success());
    };
    configure(&site, "proxy = \"none\"", "");
    sync(&site);
    assert_eq!(proxy.served(), 0);
    configure(&site, "", "");
    sync(&site);
    assert!(proxy.served() > 0);
}

#[test]
fn certificates_that_cannot_be_read_are_named() {
    let site = site();
    configure(&site, "ca_file = \"missing.pem\"", "");
    let said = site.sync().expect(1);
    let text = format!("{}{}", said.stdout, said.stderr);
    assert!(
        text.contains("ca_file") && text.contains("missing.pem"),
        "{text}"
    );
    std::fs::write(site.path("missing.pem"), "nothing").unwrap();
    let said = site.sync().expect(1);
    let text = format!("{}{}", said.stdout, said.stderr);
    assert!(text.contains("no certificate"), "{text}");
}
