//! The command line's side of the control API.

use std::path::{Path, PathBuf};

use backhaul_config::JobName;
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde::de::DeserializeOwned;

use super::upkeep::{PinRequest, PruneRequest};
use super::{FailureBody, SyncRequest};
use crate::event::Event;
use crate::mirror::identity::BackupId;
use crate::prune::{Options, Pruned};
use crate::report::{Copy, Listed};
use crate::status::Status;
use crate::supervisor::Verdict;
use crate::upkeep::Done;
use crate::verification::Finding;
use crate::why::Whereabouts;

/// A conversation with the running daemon.
pub struct DaemonClient {
    client: Client,
    socket: PathBuf,
}

/// A request that failed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The socket is there but may not be used.
    #[error("{} may not be opened: become a member of its group (usually `backhaul`), or use sudo", .0.display())]
    Forbidden(PathBuf),
    /// The conversation broke off.
    #[error("the daemon at {} does not answer: {reason}", socket.display())]
    Broken {
        /// The socket.
        socket: PathBuf,
        /// What happened.
        reason: String,
    },
    /// It ended before the passes did.
    #[error("the daemon at {} stopped before all was done; what was fetched is kept", .0.display())]
    WentAway(PathBuf),
    /// The daemon says no.
    #[error("{0}")]
    Refused(String),
}

impl DaemonClient {
    /// Connects to the daemon behind a socket; nothing when none runs.
    ///
    /// # Errors
    /// When there is one that may not be talked to.
    pub async fn connect(socket: &Path) -> Result<Option<Self>, ClientError> {
        use std::io::ErrorKind::{ConnectionRefused, NotFound, PermissionDenied};
        match tokio::net::UnixStream::connect(socket).await {
            Ok(_) => {}
            Err(error) if matches!(error.kind(), ConnectionRefused | NotFound) => return Ok(None),
            Err(error) if error.kind() == PermissionDenied => {
                return Err(ClientError::Forbidden(socket.to_owned()));
            }
            Err(error) => return Err(broken(socket, &error)),
        }
        let client = Client::builder().unix_socket(socket).no_proxy().build();
        let client = client.map_err(|error| broken(socket, &error))?;
        Ok(Some(Self {
            client,
            socket: socket.to_owned(),
        }))
    }

    /// The state of everything.
    ///
    /// # Errors
    /// When the daemon cannot tell.
    pub async fn status(&self) -> Result<Status, ClientError> {
        self.json(self.client.get(url("status"))).await
    }

    /// The mirrored backups, of one job or all.
    ///
    /// # Errors
    /// When there is no such job, or the daemon cannot tell.
    pub async fn backups(&self, job: Option<&JobName>) -> Result<Vec<Listed>, ClientError> {
        let path = match job {
            Some(job) => format!("backups?job={job}"),
            None => "backups".to_owned(),
        };
        self.json(self.client.get(url(&path))).await
    }

    /// The copies of one backup.
    ///
    /// # Errors
    /// When the daemon cannot tell.
    pub async fn backup(&self, id: &BackupId) -> Result<Vec<Copy>, ClientError> {
        self.json(self.client.get(url(&format!("backups/{id}"))))
            .await
    }

    /// Carries out the retention of these jobs, of all when none is named.
    ///
    /// # Errors
    /// When a job is unknown, or the daemon cannot do it.
    pub async fn prune(
        &self,
        jobs: &[JobName],
        options: Options,
    ) -> Result<Vec<Pruned>, ClientError> {
        let request = PruneRequest {
            jobs: jobs.to_vec(),
            options,
        };
        self.json(self.with_body(self.client.post(url("prune")), &request)?)
            .await
    }

    /// Pins a backup.
    ///
    /// # Errors
    /// When it is not mirrored, or the daemon cannot do it.
    pub async fn pin(&self, id: &BackupId, reason: Option<String>) -> Result<Done, ClientError> {
        let request = self.client.put(url(&format!("pins/{id}")));
        self.json(self.with_body(request, &PinRequest { reason })?)
            .await
    }

    /// Takes a backup's pin away.
    ///
    /// # Errors
    /// When it is not mirrored, or the daemon cannot do it.
    pub async fn unpin(&self, id: &BackupId) -> Result<Done, ClientError> {
        self.json(self.client.delete(url(&format!("pins/{id}"))))
            .await
    }

    /// Moves a backup out of quarantine.
    ///
    /// # Errors
    /// When it is not there, or the daemon cannot do it.
    pub async fn restore_quarantined(&self, id: &BackupId) -> Result<Done, ClientError> {
        self.json(self.client.post(url(&format!("quarantine/{id}/restore"))))
            .await
    }

    /// Why a backup is kept, let go, in quarantine, or was not fetched.
    ///
    /// # Errors
    /// When the daemon cannot tell.
    pub async fn why(&self, asked: &str) -> Result<Vec<Whereabouts>, ClientError> {
        let mut target =
            url::Url::parse(&url("why")).map_err(|error| broken(&self.socket, &error))?;
        target.query_pairs_mut().append_pair("of", asked);
        self.json(self.client.get(target)).await
    }

    /// Has the daemon record what a verification found. Returns how many backups it knows.
    ///
    /// # Errors
    /// When the daemon cannot record it.
    pub async fn record(&self, findings: &[Finding]) -> Result<u64, ClientError> {
        let request = self.with_body(self.client.post(url("findings")), &findings)?;
        self.json(request).await
    }

    /// Has the configuration read again and waits for the verdict.
    ///
    /// # Errors
    /// When the daemon cannot tell.
    pub async fn reload(&self) -> Result<Verdict, ClientError> {
        self.json(self.client.post(url("reload"))).await
    }

    /// Runs jobs now and hands on what happens until they have ended.
    ///
    /// # Errors
    /// When a job is unknown, or the conversation breaks off.
    pub async fn sync(
        &self,
        jobs: Vec<JobName>,
        mut on_event: impl FnMut(Event),
    ) -> Result<(), ClientError> {
        let request = self.with_body(self.client.post(url("sync")), &SyncRequest { jobs })?;
        let mut response = self.send(request).await?;
        let mut pending = Vec::new();
        loop {
            let piece = response
                .chunk()
                .await
                .map_err(|_| ClientError::WentAway(self.socket.clone()))?;
            let Some(piece) = piece else { return Ok(()) };
            pending.extend_from_slice(&piece);
            while let Some(end) = pending.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = pending.drain(..=end).collect();
                on_event(
                    serde_json::from_slice(&line).map_err(|error| broken(&self.socket, &error))?,
                );
            }
        }
    }

    fn with_body(
        &self,
        request: RequestBuilder,
        body: &impl serde::Serialize,
    ) -> Result<RequestBuilder, ClientError> {
        let body = serde_json::to_vec(body).map_err(|error| broken(&self.socket, &error))?;
        Ok(request
            .header("content-type", "application/json")
            .body(body))
    }

    async fn json<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, ClientError> {
        let response = self.send(request).await?;
        let bytes = response
            .bytes()
            .await
            .map_err(|error| broken(&self.socket, &error))?;
        serde_json::from_slice(&bytes).map_err(|error| broken(&self.socket, &error))
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, ClientError> {
        let response = request
            .send()
            .await
            .map_err(|error| broken(&self.socket, &error))?;
        if response.status() == StatusCode::OK {
            return Ok(response);
        }
        let status = response.status();
        let body = response
            .bytes()
            .await
            .map_err(|error| broken(&self.socket, &error))?;
        Err(ClientError::Refused(
            match serde_json::from_slice::<FailureBody>(&body) {
                Ok(failure) => failure.error,
                Err(_) => format!("the daemon answered HTTP {status}"),
            },
        ))
    }
}

fn url(path: &str) -> String {
    // The host counts for nothing on a Unix socket.
    format!("http://backhaul/v1/{path}")
}

fn broken(socket: &Path, error: &dyn std::error::Error) -> ClientError {
    let mut reason = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        reason = format!("{reason}: {inner}");
        source = inner.source();
    }
    ClientError::Broken {
        socket: socket.to_owned(),
        reason,
    }
}
