//! Providers in their own process: faults, sandbox, versions, deadlines.
//!
//! Uses the library built from `tests/fault-provider`, and the small one in C beside it where a
//! C compiler is there.

#![allow(clippy::unwrap_used, reason = "a test ends where it fails")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use backhaul::egress::Egress;
use backhaul::provider::{
    AccountLimits, Ending, Exchange, ExchangeSettings, HostProgram, Libraries, Library, Limits,
    ProviderError, Retry, Sandbox, SandboxLevel, Session,
};
use backhaul_provider_api::{
    Account, Backup, ErrorClass, Instance, InstancesRequest, Kind, ListPage, ListRequest, Network,
    Next, PollRequest, PrepareRequest, Prepared, ResolveReason, ResolveRequest, Secret, Window,
};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// The fault provider, built once.
static FAULT: LazyLock<PathBuf> = LazyLock::new(|| {
    let built = Command::new(env!("CARGO"))
        // The same selection as the tests', so that no dependency is built with other features.
        .args(["build", "--workspace", "--all-targets"])
        .args(["--message-format", "json"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .unwrap();
    let messages = String::from_utf8(built.stdout).unwrap();
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter_map(|message| message["filenames"][0].as_str().map(PathBuf::from))
        .find(|file| file.ends_with("libbackhaul_provider_fault.so"))
        .unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&built.stderr)))
});

fn program(sandbox: Sandbox) -> HostProgram {
    HostProgram {
        executable: env!("CARGO_BIN_EXE_backhaul").into(),
        sandbox,
    }
}

async fn load(path: &Path) -> Result<Arc<Library>, String> {
    let state = tempfile::tempdir().unwrap();
    // Kept for the processes that are still to be started.
    let libraries = Libraries::new(&state.keep(), program(Sandbox::Prefer));
    libraries
        .load(path)
        .await
        .map_err(|error| error.to_string())
}

/// A session whose options are these, with a short time for the provider's own work.
async fn open_with(account: Account, limits: Limits) -> Result<Session, ProviderError> {
    let endpoint = account.endpoint("faults").unwrap_or("http://127.0.0.1:9");
    let egress =
        Egress::new(Vec::new(), Vec::new(), true).with_endpoints(vec![endpoint.parse().unwrap()]);
    let settings = ExchangeSettings {
        account: "test".to_owned(),
        egress,
        user_agent: "Backhaul/test".to_owned(),
    };
    let limits_of_account = Arc::new(AccountLimits::new(&[]));
    let exchange = Arc::new(Exchange::new(settings, limits_of_account).unwrap());
    let library = load(&FAULT).await.unwrap();
    Session::open(&library, account, exchange, limits).await
}

fn account(options: Value) -> Account {
    Account {
        service: "faults".to_owned(),
        options,
        ..Account::default()
    }
}

const SHORT: Limits = Limits {
    work: Duration::from_secs(20),
    total: Duration::from_secs(40),
    exchanges: 10,
    log_lines: 5,
};

async fn open(options: Value) -> Session {
    open_with(account(options), SHORT).await.unwrap()
}

fn request() -> ListRequest {
    ListRequest {
        instance: instance(),
        kinds: vec![Kind::Full],
        window: Window::default(),
        cursor: None,
    }
}

fn instance() -> Instance {
    serde_json::from_value(json!({"id": "i-1"})).unwrap()
}

/// What a `list` in that mode comes to.
async fn list(mode: &str) -> Result<ListPage, ProviderError> {
    open(json!({"mode": mode})).await.list(request()).await
}

async fn reported(mode: &str) -> String {
    match list(mode).await {
        Err(ProviderError::Reported { error, .. }) => error.message,
        other => panic!("{mode}: {other:?}"),
    }
}

#[tokio::test]
async fn a_library_describes_itself_from_a_private_copy() {
    let library = load(&FAULT).await.unwrap();
    assert_eq!(library.name(), "fault");
    assert_eq!(library.contract, (1, 0));
    assert!(library.description.service("faults").is_some());
    assert!(library.copy.parent().unwrap().ends_with(&library.sha256));
}

#[tokio::test]
async fn crashes_cost_the_session_and_nothing_else() {
    for (mode, ending) in [
        ("abort", Ending::Signal(libc::SIGABRT)),
        ("segfault", Ending::Signal(libc::SIGSEGV)),
        ("recursion", Ending::Signal(libc::SIGABRT)),
        ("eat-memory", Ending::Signal(libc::SIGABRT)),
        ("exit", Ending::Exit(7)),
        ("hang-up", Ending::Signal(libc::SIGKILL)),
    ] {
        let session = open(json!({"mode": mode})).await;
        let error = session.list(request()).await.unwrap_err();
        match &error {
            ProviderError::Crashed { ending: seen, .. } => assert_eq!(*seen, ending, "{mode}"),
            other => panic!("{mode}: {other:?}"),
        }
        let sentence = error.to_string();
        assert!(sentence.contains("provider `fault`"), "{sentence}");
        assert!(
            sentence.contains(&format!("{ending} during list")),
            "{sentence}"
        );
        // The session knows that it is over, and why.
        let again = session.list(request()).await.unwrap_err();
        assert!(matches!(again, ProviderError::Ended { .. }), "{again:?}");
        assert!(again.to_string().contains(&sentence), "{again}");
    }
}

#[tokio::test]
async fn a_crash_while_opening_is_told_as_such() {
    let account = account(json!({"mode": "segfault", "during": "open"}));
    let error = open_with(account, SHORT).await.map(|_| ()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("was killed by SIGSEGV during its opening"),
        "{error}"
    );
}

#[tokio::test]
async fn a_panic_is_an_error_and_the_session_goes_on() {
    let session = open(json!({"mode": "panic"})).await;
    let error = session.list(request()).await.unwrap_err();
    assert_eq!(error.class(), &ErrorClass::Permanent);
    assert!(
        error.to_string().contains("panicked: on request"),
        "{error}"
    );
    let instances = session
        .instances(InstancesRequest::default())
        .await
        .unwrap();
    assert_eq!(instances.instances.len(), 1);
}

#[tokio::test]
async fn an_endless_loop_ends_at_its_deadline() {
    for during in ["list", "open"] {
        let limits = Limits {
            work: Duration::from_millis(300),
            ..SHORT
        };
        let account = account(json!({"mode": "loop", "during": during}));
        let error = match open_with(account, limits).await {
            Ok(session) => session.list(request()).await.unwrap_err(),
            Err(error) => error,
        };
        assert!(matches!(error, ProviderError::TimedOut { .. }), "{error:?}");
        assert!(
            error.to_string().contains("within 0.3 s of its own work"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn broken_answers_name_what_is_wrong_with_them() {
    for (mode, words) in [
        ("huge-reply", "longer than"),
        ("broken-frame", "out of step"),
        ("broken-json", "expected"),
        ("wrong-types", "`backups`: invalid type"),
    ] {
        let error = list(mode).await.unwrap_err();
        assert!(matches!(error, ProviderError::Protocol { .. }), "{error:?}");
        assert!(error.to_string().contains(words), "{mode}: {error}");
    }
}

#[tokio::test]
async fn a_listing_that_goes_in_a_circle_is_noticed() {
    let session = open(json!({"mode": "repeat-cursor"})).await;
    let mut pages = session.list_pages(instance(), vec![Kind::Full], Window::default());
    assert!(pages.next().await.unwrap().is_some());
    let error = pages.next().await.unwrap_err();
    assert!(error.to_string().contains("circle"), "{error}");
}

#[tokio::test]
async fn a_secret_never_arrives_in_an_error() {
    let mut account = account(json!({"mode": "leak"}));
    let secret = Secret::new("correct-horse-battery");
    account.credentials.insert("secret_key".to_owned(), secret);
    let session = open_with(account, SHORT).await.unwrap();
    let error = session.list(request()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "signing with … failed (provider `fault`, list)"
    );
}

#[tokio::test]
async fn a_host_that_nobody_named_is_refused() {
    let message = reported("forbidden-host").await;
    assert!(message.contains("evil.test"), "{message}");
    assert!(!message.contains("stolen"), "{message}");
}

#[tokio::test]
async fn asks_without_end_are_cut_off() {
    let error = list("flood-exchanges").await.unwrap_err();
    assert!(
        error.to_string().contains("more than 10 HTTP exchanges"),
        "{error}"
    );
    assert!(list("flood-log").await.is_ok());
}

#[tokio::test]
async fn a_cancelled_call_ends_the_session() {
    let session = open(json!({"mode": "loop"})).await;
    let cancelled = tokio::time::timeout(Duration::from_millis(50), session.list(request())).await;
    assert!(cancelled.is_err());
    let error = session.list(request()).await.unwrap_err();
    assert!(error.to_string().contains("cancelled"), "{error}");
}

#[tokio::test]
async fn the_sandbox_refuses_everything_that_is_not_thinking() {
    let level = load(&FAULT).await.unwrap().sandbox;
    if level < SandboxLevel::SystemCalls {
        eprintln!("SKIPPED: this kernel does not filter system calls");
        return;
    }
    for mode in [
        "open-file",
        "write-file",
        "list-folder",
        "connect",
        "fork",
        "execute",
        "thread",
        "executable-memory",
        "signal-parent",
    ] {
        let message = reported(mode).await;
        assert!(
            message.starts_with("refused: Operation not permitted"),
            "{mode}: {message}"
        );
    }
    assert_eq!(reported("environment").await, "0 variables");
}

/// Answers one request.
async fn server(answer: &'static str) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    url
}

async fn with_endpoint(mode: &str, answer: &'static str) -> Result<ListPage, ProviderError> {
    let mut account = account(json!({"mode": mode}));
    account
        .endpoints
        .insert("faults".to_owned(), server(answer).await);
    let session = open_with(account, SHORT).await.unwrap();
    session.list(request()).await
}

#[tokio::test]
async fn exchanges_are_carried_out_for_the_provider() {
    let answer = "HTTP/1.1 418 T\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    let error = with_endpoint("fetch", answer).await.unwrap_err();
    assert_eq!(error.to_string(), "HTTP 418 (provider `fault`, list)");
}

#[tokio::test]
async fn a_wrong_clock_is_corrected_and_the_operation_tried_once_more() {
    let answer = "HTTP/1.1 403 F\r\nDate: Sat, 01 Jan 2000 12:00:00 GMT\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    assert!(with_endpoint("clock-skew", answer).await.is_ok());
}

fn backups(count: usize) -> Value {
    let backup = |number| {
        json!({"backup": {
            "key": format!("b{number}"), "kind": "full", "state": {"state": "available"},
            "started_at": "2026-11-22T03:00:00Z"
        }})
    };
    (0..count).map(backup).collect()
}

#[tokio::test]
async fn a_listing_is_read_page_by_page_to_its_statement_of_completeness() {
    for incomplete in [false, true] {
        let options = json!({"backups": backups(5), "page_size": 2, "incomplete": incomplete});
        let session = open(options).await;
        let mut pages = session.list_pages(instance(), vec![Kind::Full], Window::default());
        let (mut keys, mut end) = (Vec::new(), None);
        while let Some(page) = pages.next().await.unwrap() {
            keys.extend(page.backups.iter().map(|backup| backup.key.to_string()));
            if let Next::End(completeness) = page.next {
                end = Some(completeness);
            }
        }
        assert_eq!(keys, ["b0", "b1", "b2", "b3", "b4"]);
        let end = end.unwrap();
        assert_eq!((end.complete, end.count), (!incomplete, 5));
    }
}

#[tokio::test]
async fn a_preparation_is_polled_until_it_is_ready_or_costs_too_much() {
    let backup = backups(1)[0]["backup"].clone();
    let backup: Backup = serde_json::from_value(backup).unwrap();
    let prepare = PrepareRequest {
        instance: instance(),
        backup: backup.clone(),
    };
    for (option, polls_until_ready) in [("ready", 0), ("pending", 2), ("never", usize::MAX)] {
        let session = open(json!({"prepare": option})).await;
        let mut prepared = session.prepare(prepare.clone()).await.unwrap();
        for poll in 0..polls_until_ready.min(5) {
            let Prepared::Pending { token, .. } = prepared else {
                panic!("ready after {poll} polls");
            };
            let poll = PollRequest {
                instance: instance(),
                backup: backup.clone(),
                token,
            };
            prepared = session.poll(poll).await.unwrap();
        }
        assert_eq!(
            prepared == Prepared::Ready,
            polls_until_ready < 5,
            "{option}"
        );
    }
    let session = open(json!({"prepare": "needs-consent"})).await;
    let error = session.prepare(prepare).await.unwrap_err();
    assert!(
        matches!(error.class(), ErrorClass::NeedsConsent { setting, .. } if setting == "options.allow_cost")
    );
}

#[tokio::test]
async fn files_are_resolved_with_their_links_and_a_dropped_backup_is_gone() {
    let mut listed = backups(1);
    listed[0]["files"] = json!([
        {"id": "f1", "name": "full.xbstream", "link": {"url": "https://dl.fault.test/f1?Signature=abc"}}
    ]);
    let session = open(json!({"backups": listed})).await;
    let resolve = |key: &str| ResolveRequest {
        instance: instance(),
        backup: serde_json::from_value(json!({
            "key": key, "kind": "full", "state": {"state": "available"},
            "started_at": "2026-11-22T03:00:00Z"
        }))
        .unwrap(),
        token: None,
        lifetime: None,
        network: Network::Public,
        reason: ResolveReason::Start,
        cursor: None,
    };
    let (files, end) = session.all_files(resolve("b0")).await.unwrap();
    assert!(end.complete);
    assert_eq!(files[0].name, "full.xbstream");
    assert!(!format!("{files:?}").contains("abc"));
    let error = session.all_files(resolve("b9")).await.unwrap_err();
    assert_eq!(error.class(), &ErrorClass::Gone);
}

#[tokio::test]
async fn the_vendors_class_decides_about_another_try() {
    for (mode, retry) in [
        ("temporary", Retry::BackOff),
        (
            "throttled",
            Retry::PauseAccount {
                after: Some(Duration::from_secs(1)),
            },
        ),
        ("needs-consent", Retry::Never),
        ("abort", Retry::Never),
    ] {
        assert_eq!(list(mode).await.unwrap_err().retry(), retry, "{mode}");
    }
}

/// Compiles the provider written in C, or says why not.
fn compile_c(folder: &Path, name: &str, define: &str) -> Option<PathBuf> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let library = folder.join(name);
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-Wall", "-Wextra", "-Werror", define])
        .arg(format!("-I{root}/provider-api/include"))
        .arg(format!("{root}/tests/fault-provider/c/minimal.c"))
        .arg("-o")
        .arg(&library)
        .output();
    match compiled {
        Ok(output) => {
            assert!(
                output.status.success(),
                "{}",
                String::from_utf8_lossy(&output.stderr)
            );
            Some(library)
        }
        Err(error) => {
            eprintln!("SKIPPED: no C compiler ({error})");
            None
        }
    }
}

#[tokio::test]
async fn a_provider_in_c_works_and_its_constructor_is_confined() {
    let folder = tempfile::tempdir().unwrap();
    let name = "libbackhaul_provider_minimal.so";
    let Some(path) = compile_c(folder.path(), name, "-DC") else {
        return;
    };
    let library = load(&path).await.unwrap();
    match library.sandbox {
        SandboxLevel::Full => assert_eq!(
            library.description.title,
            "file: Permission denied, socket: Operation not permitted"
        ),
        level => eprintln!("SKIPPED: the sandbox reaches only `{level}` here"),
    }
    let settings = ExchangeSettings {
        account: "test".to_owned(),
        egress: Egress::new(Vec::new(), Vec::new(), false),
        user_agent: "Backhaul/test".to_owned(),
    };
    let exchange = Exchange::new(settings, Arc::new(AccountLimits::new(&[])))
        .unwrap()
        .with_clock(|| "2026-11-22T13:11:47Z".parse().unwrap());
    let session = Session::open(&library, Account::default(), Arc::new(exchange), SHORT)
        .await
        .unwrap();
    let (instances, end) = session.all_instances(Vec::new()).await.unwrap();
    assert_eq!(instances[0].name, "2026-11-22T13:11:47Z");
    assert!(end.complete);
}

#[tokio::test]
async fn a_library_of_another_version_is_refused_with_both_versions() {
    let folder = tempfile::tempdir().unwrap();
    let name = "libbackhaul_provider_minimal.so";
    let Some(path) = compile_c(folder.path(), name, "-DMAJOR=7u") else {
        return;
    };
    let error = load(&path).await.unwrap_err();
    assert!(
        error.contains("speaks version 7.0 of the provider contract"),
        "{error}"
    );
    assert!(
        error.contains("speaks version 1.0: install a newer Backhaul"),
        "{error}"
    );
}

#[tokio::test]
async fn what_is_no_provider_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("libbackhaul_provider_text.so");
    std::fs::write(&path, "hello").unwrap();
    let error = load(&path).await.unwrap_err();
    assert!(error.contains("cannot be loaded"), "{error}");

    let misnamed = folder.path().join("libbackhaul_provider_other.so");
    std::fs::copy(&*FAULT, &misnamed).unwrap();
    let error = load(&misnamed).await.unwrap_err();
    assert!(error.contains("its name is `fault`"), "{error}");
}

#[test]
fn people_who_call_the_hidden_command_are_told_so() {
    let output = Command::new(env!("CARGO_BIN_EXE_backhaul"))
        .arg("provider-host")
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("started by the daemon"));
}

/// Prints the figures of the design's table; run with `--ignored --nocapture` on a release build.
#[tokio::test]
#[ignore = "a measurement"]
async fn measure_start_and_call() {
    let library = load(&FAULT).await.unwrap();
    let settings = ExchangeSettings {
        account: "test".to_owned(),
        egress: Egress::new(Vec::new(), Vec::new(), false),
        user_agent: "Backhaul/test".to_owned(),
    };
    let limits = Arc::new(AccountLimits::new(&[]));
    let exchange = Arc::new(Exchange::new(settings, limits).unwrap());
    let (mut starts, mut calls) = (Vec::new(), Vec::new());
    for _ in 0..100 {
        let start = Instant::now();
        let account = account(json!({}));
        let session = Session::open(&library, account, Arc::clone(&exchange), SHORT).await;
        starts.push(start.elapsed());
        let session = session.unwrap();
        for _ in 0..20 {
            let start = Instant::now();
            session.list(request()).await.unwrap();
            calls.push(start.elapsed());
        }
    }
    for (what, mut times) in [("start to ready", starts), ("call and reply", calls)] {
        times.sort();
        let at = |share: usize| times[times.len() * share / 100];
        println!("{what}: median {:?}, p99 {:?}", at(50), at(99));
    }
}
