//! The control API: HTTP/JSON on a Unix socket, for the command line and whoever scripts it; and
//! the optional TCP listener with metrics and health.
//!
//! Whoever may open the socket (mode 0660, the group of the daemon) may use it all.

use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path as UrlPath, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use backhaul_config::{Config, JobName};
use futures_util::stream;
use serde::{Deserialize, Serialize};
use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio::sync::{broadcast, mpsc, oneshot, watch};

use crate::catalog::Catalog;
use crate::decision;
use crate::event::{Event, Events};
use crate::mirror::identity::BackupId;
use crate::prune::QuarantineLock;
use crate::report;
use crate::status::{Board, Status};
use crate::supervisor::{Command, Passes};
use crate::verification::{self, Finding};

pub mod client;
mod metrics;
mod upkeep;

/// What the handlers work with.
#[derive(Clone)]
pub struct Desk {
    /// The configuration in force.
    pub config: watch::Receiver<Arc<Config>>,
    /// The index of what is mirrored.
    pub catalog: Arc<Catalog>,
    /// Where decisions are written down.
    pub decisions: decision::Log,
    /// The right to move backups in and out of quarantine.
    pub quarantine_lock: QuarantineLock,
    /// The daemon's own state.
    pub board: Arc<Board>,
    /// What happens.
    pub events: Events,
    /// To the supervisor.
    pub commands: mpsc::Sender<Command>,
}

/// A socket that cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// Another daemon answers at it.
    #[error("another backhaul answers at {}; stop it first", .0.display())]
    Taken(PathBuf),
    /// The socket cannot be made.
    #[error("the control socket {} cannot be made: {source}; its directory must exist and be writable (systemd: `RuntimeDirectory=backhaul`)", path.display())]
    Socket {
        /// The socket.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The listener cannot be made.
    #[error("`daemon.listen`: {address} cannot be listened at: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's reason.
        source: io::Error,
    },
}

/// Makes the control socket, in place of one that a killed daemon left behind.
///
/// # Errors
/// When another daemon answers at it, or it cannot be made.
pub async fn bind(path: &Path) -> Result<UnixListener, ControlError> {
    let failed = |source| ControlError::Socket {
        path: path.to_owned(),
        source,
    };
    if UnixStream::connect(path).await.is_ok() {
        return Err(ControlError::Taken(path.to_owned()));
    }
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let listener = UnixListener::bind(path).map_err(failed)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o660)).map_err(failed)?;
    Ok(listener)
}

/// Makes the TCP listener.
///
/// # Errors
/// When the address cannot be had.
pub async fn bind_tcp(address: SocketAddr) -> Result<TcpListener, ControlError> {
    TcpListener::bind(address)
        .await
        .map_err(|source| ControlError::Listen { address, source })
}

/// Serves the control API.
pub async fn serve(listener: UnixListener, desk: Desk) {
    let router = Router::new()
        .route("/v1/status", get(status))
        .route("/v1/backups", get(backups))
        .route("/v1/backups/{id}", get(backup))
        .route("/v1/why", get(upkeep::why))
        .route("/v1/pins/{id}", put(upkeep::pin).delete(upkeep::unpin))
        .route("/v1/quarantine/{id}/restore", post(upkeep::restore))
        .route("/v1/prune", post(upkeep::prune))
        .route("/v1/findings", post(findings))
        .route("/v1/sync", post(sync))
        .route("/v1/reload", post(reload))
        .route("/v1/events", get(events))
        .with_state(desk);
    if let Err(error) = axum::serve(listener, router).await {
        tracing::error!(%error, "the control socket failed");
    }
}

/// Serves metrics and health.
pub async fn serve_tcp(listener: TcpListener, desk: Desk) {
    let router = Router::new()
        .route("/metrics", get(metrics::metrics))
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .with_state(desk);
    if let Err(error) = axum::serve(listener, router).await {
        tracing::error!(%error, "the listener for metrics failed");
    }
}

/// A failure as the API tells it: `{"error":"…"}`.
struct Failure(StatusCode, String);

/// The body of a failure.
#[derive(Serialize, Deserialize)]
struct FailureBody {
    error: String,
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (self.0, Json(FailureBody { error: self.1 })).into_response()
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
    }
}

/// The catalog blocks; it is asked on a thread that may.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, crate::catalog::CatalogError> + Send + 'static,
) -> Result<T, Failure> {
    Ok(tokio::task::spawn_blocking(work).await??)
}

async fn gather(desk: Desk) -> Result<Status, Failure> {
    blocking(move || {
        let config = Arc::clone(&desk.config.borrow());
        let state = desk.board.snapshot();
        Status::gather(&config, &desk.catalog, Some(state), chrono::Utc::now())
    })
    .await
}

async fn status(State(desk): State<Desk>) -> Result<Json<Status>, Failure> {
    Ok(Json(gather(desk).await?))
}

async fn ready(State(desk): State<Desk>) -> Result<&'static str, Failure> {
    let (reply, answer) = oneshot::channel();
    let asked = desk.commands.send(Command::Ping(reply)).await;
    match (asked, answer.await) {
        (Ok(()), Ok(())) => Ok("ready\n"),
        _ => Err(Failure(
            StatusCode::SERVICE_UNAVAILABLE,
            "the daemon is stopping".to_owned(),
        )),
    }
}

#[derive(Deserialize)]
struct BackupsQuery {
    job: Option<JobName>,
}

async fn backups(
    State(desk): State<Desk>,
    Query(query): Query<BackupsQuery>,
) -> Result<Response, Failure> {
    let config = Arc::clone(&desk.config.borrow());
    let list = blocking(move || report::list(&config, &desk.catalog, query.job.as_ref())).await?;
    Ok(match list {
        Some(list) => Json(list).into_response(),
        None => Failure(StatusCode::NOT_FOUND, "there is no such job".to_owned()).into_response(),
    })
}

async fn backup(
    State(desk): State<Desk>,
    UrlPath(id): UrlPath<String>,
) -> Result<Response, Failure> {
    let id: BackupId = match id.parse() {
        Ok(id) => id,
        Err(error) => return Err(Failure(StatusCode::BAD_REQUEST, error)),
    };
    let copies = blocking(move || report::show(&desk.catalog, &id)).await?;
    Ok(Json(copies).into_response())
}

/// Takes over what a verification found that the command line made.
async fn findings(
    State(desk): State<Desk>,
    Json(findings): Json<Vec<Finding>>,
) -> Result<Json<u64>, Failure> {
    let config = Arc::clone(&desk.config.borrow());
    let recorded = blocking(move || {
        let mut recorded = 0;
        for finding in &findings {
            let ours = config
                .jobs
                .values()
                .any(|job| job.directory == finding.directory);
            recorded +=
                u64::from(ours && verification::record(&desk.catalog, &desk.decisions, finding)?);
        }
        Ok(recorded)
    });
    Ok(Json(recorded.await?))
}

async fn reload(State(desk): State<Desk>) -> Result<Response, Failure> {
    let (reply, verdict) = oneshot::channel();
    desk.commands.send(Command::Reload(reply)).await?;
    Ok(Json(verdict.await?).into_response())
}

#[derive(Serialize, Deserialize)]
struct SyncRequest {
    jobs: Vec<JobName>,
}

/// Starts passes and streams their events, one JSON object a line, until they have all ended.
async fn sync(
    State(desk): State<Desk>,
    Json(request): Json<SyncRequest>,
) -> Result<Response, Failure> {
    // Listen first: a pass may tell of itself before the answer of the supervisor is here.
    let listener = desk.events.listen();
    let (reply, accepted) = oneshot::channel();
    desk.commands
        .send(Command::Sync(request.jobs, reply))
        .await?;
    let passes = match accepted.await? {
        Ok(passes) => passes,
        Err(unknown) => return Err(Failure(StatusCode::NOT_FOUND, unknown.to_string())),
    };
    let lines = stream::unfold((listener, passes), async |(mut listener, mut passes)| {
        let event = next_of(&mut listener, &mut passes).await?;
        Some((
            event.and_then(|event| Ok(line(&event)?)),
            (listener, passes),
        ))
    });
    Ok(ndjson(Body::from_stream(lines)))
}

/// The next event of these passes; nothing after all of them have ended. Their ends come from the
/// supervisor, which never loses one, and after all else that there is to tell. A daemon that
/// stops first breaks the answer off: it must not look like one that is complete.
async fn next_of(
    listener: &mut broadcast::Receiver<Event>,
    passes: &mut Passes,
) -> Option<io::Result<Event>> {
    let stopping = || Some(Err(io::Error::other("the daemon is stopping")));
    if passes.jobs.is_empty() {
        return None;
    }
    loop {
        tokio::select! {
            biased;
            event = next(listener) => {
                let Some(event) = event else { return stopping() };
                let ours = event.job().is_some_and(|job| passes.jobs.contains(job));
                if ours && !matches!(event, Event::PassEnded { .. }) {
                    return Some(Ok(event));
                }
            }
            run = passes.ended.recv() => {
                let Some(run) = run else { return stopping() };
                passes.jobs.remove(&run.job);
                return Some(Ok(Event::PassEnded { run: Box::new(run) }));
            }
        }
    }
}

/// Streams everything that happens from now on, one JSON object a line.
async fn events(State(desk): State<Desk>) -> Response {
    let lines = stream::unfold(desk.events.listen(), async |mut listener| {
        let event = next(&mut listener).await?;
        Some((line(&event), listener))
    });
    ndjson(Body::from_stream(lines))
}

async fn next(listener: &mut broadcast::Receiver<Event>) -> Option<Event> {
    loop {
        match listener.recv().await {
            Ok(event) => return Some(event),
            Err(broadcast::error::RecvError::Lagged(_)) => {}
            Err(broadcast::error::RecvError::Closed) => return None,
        }
    }
}

fn line(event: &Event) -> Result<Vec<u8>, serde_json::Error> {
    let mut bytes = serde_json::to_vec(event)?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn ndjson(body: Body) -> Response {
    ([(header::CONTENT_TYPE, "application/x-ndjson")], body).into_response()
}
