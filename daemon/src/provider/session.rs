//! A session: one provider process that serves one account, and the calls made to it.
//!
//! Calls are serialised, each has deadlines, and every way in which foreign code can fail ends
//! in a [`ProviderError`] that says what happened. After a crash, a time-out or a broken message
//! the session is over and says so; the process is gone.

use std::sync::Arc;
use std::time::Duration;

use backhaul_provider_api::message::Operation;
use backhaul_provider_api::{
    Account, Error, ErrorClass, InstancesPage, InstancesRequest, KeyMaterial, ListPage,
    ListRequest, PollRequest, PrepareRequest, Prepared, ReleaseRequest, ResolveRequest,
    ResolvedPage, Secret, SecretsRequest,
};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use super::asks::Asks;
use super::border::{self, Answer, clean};
use super::error::{Deadline, Problem, ProviderError};
use super::exchange::Exchange;
use super::library::{Library, LibraryError};
use super::opening::{crashed, start};
use super::process::{Process, one_line};
use crate::provider_host::frame::{Frame, FrameError, FrameKind, Opening, Order};
use crate::provider_host::sandbox::SandboxLevel;
use crate::redact::{Redactor, Registration};

/// What one call may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Time of the provider's own work: its asks for HTTP exchanges are not counted.
    pub work: Duration,
    /// Time of the whole call, waiting for the account's rate limits included.
    pub total: Duration,
    /// HTTP exchanges.
    pub exchanges: u32,
    /// Log lines; further ones are left out.
    pub log_lines: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            work: Duration::from_secs(120),
            total: Duration::from_secs(15 * 60),
            exchanges: 1000,
            log_lines: 200,
        }
    }
}

/// An open session. Dropping it ends the process.
pub struct Session {
    provider: String,
    exchange: Arc<Exchange>,
    limits: Limits,
    state: Mutex<State>,
    sandbox: SandboxLevel,
    /// Keeps the account's credentials out of every log line.
    _credentials: Registration,
}

/// The process while there is one, else what ended it. A call takes the process out and puts it
/// back when it is done: one that is cancelled in the middle drops it, because its answer would
/// be taken for the next call's.
struct State {
    process: Option<Process>,
    ended_by: String,
}

impl Session {
    /// Starts a process, loads the library in it, and opens the account.
    ///
    /// # Errors
    /// When the process, the library or the provider refuses.
    pub async fn open(
        library: &Library,
        account: Account,
        exchange: Arc<Exchange>,
        limits: Limits,
    ) -> Result<Self, ProviderError> {
        let secret = |(name, value): (&String, &Secret)| {
            let hidden = !PLAIN_CREDENTIALS.contains(&name.as_str());
            hidden.then(|| value.expose().to_owned())
        };
        let secrets = account.credentials.iter().filter_map(secret);
        let credentials = Redactor::global().register(secrets);
        let provider = library.name().to_owned();
        let order = Order {
            library: library.copy.clone(),
            sandbox: library.program.sandbox,
            account: Some(account),
        };
        let opened = start(&provider, &library.program, &order, limits.work).await?;
        let (process, ready) = match opened {
            (process, Opening::Ready(ready)) => (process, ready),
            (_, Opening::Refused(error)) => {
                return Err(ProviderError::Reported {
                    provider,
                    during: "open",
                    error: clean(error),
                });
            }
            (_, Opening::Unusable(reason)) => {
                return Err(ProviderError::Library(LibraryError::Unusable {
                    path: library.source.clone(),
                    reason: one_line(&reason),
                }));
            }
        };
        Ok(Self {
            provider,
            exchange,
            limits,
            state: Mutex::new(State {
                process: Some(process),
                ended_by: "an earlier call was cancelled".to_owned(),
            }),
            sandbox: ready.sandbox,
            _credentials: credentials,
        })
    }

    /// The provider's name.
    pub fn provider(&self) -> &str {
        &self.provider
    }

    /// How far the sandbox of this session's process reaches.
    pub fn sandbox(&self) -> SandboxLevel {
        self.sandbox
    }

    /// One page of the account's instances.
    ///
    /// # Errors
    /// As all operations: the provider's classified failure, or what became of its process.
    pub async fn instances(
        &self,
        request: InstancesRequest,
    ) -> Result<InstancesPage, ProviderError> {
        self.call(Operation::Instances(request)).await
    }

    /// One page of an instance's backups.
    ///
    /// # Errors
    /// As [`Session::instances`].
    pub async fn list(&self, request: ListRequest) -> Result<ListPage, ProviderError> {
        self.call(Operation::List(request)).await
    }

    /// Makes a backup downloadable. Never call it before any token of an earlier attempt has been
    /// looked for: it may cost money.
    ///
    /// # Errors
    /// As [`Session::instances`].
    pub async fn prepare(&self, request: PrepareRequest) -> Result<Prepared, ProviderError> {
        self.call(Operation::Prepare(request)).await
    }

    /// Asks how a preparation stands.
    ///
    /// # Errors
    /// As [`Session::instances`].
    pub async fn poll(&self, request: PollRequest) -> Result<Prepared, ProviderError> {
        self.call(Operation::Poll(request)).await
    }

    /// Gives a preparation up.
    ///
    /// # Errors
    /// As [`Session::instances`].
    pub async fn release(&self, request: ReleaseRequest) -> Result<(), ProviderError> {
        self.call(Operation::Release(request)).await
    }

    /// One page of a backup's files with fresh links.
    ///
    /// # Errors
    /// As [`Session::instances`].
    pub async fn resolve(&self, request: ResolveRequest) -> Result<ResolvedPage, ProviderError> {
        self.call(Operation::Resolve(request)).await
    }

    /// The key material of an encrypted backup.
    ///
    /// # Errors
    /// As [`Session::instances`].
    pub async fn secrets(
        &self,
        request: SecretsRequest,
    ) -> Result<Vec<KeyMaterial>, ProviderError> {
        self.call(Operation::Secrets(request)).await
    }

    /// The error for a listing that breaks the contract as a whole.
    pub(super) fn broke_contract(&self, during: &'static str, problem: Problem) -> ProviderError {
        ProviderError::Protocol {
            provider: self.provider.clone(),
            during,
            problem,
        }
    }

    /// Carries out an operation; once more when the clock was wrong and could be corrected.
    async fn call<T: Answer>(&self, operation: Operation) -> Result<T, ProviderError> {
        let during = operation.name();
        let payload = serde_json::to_vec(&operation)
            .map_err(|error| self.broke_contract(during, Problem::Frame(error.to_string())))?;
        let frame = Frame::new(FrameKind::Call, payload);
        let first = self.call_once(during, &frame).await?;
        let result = match first {
            Err(error) if error.class == ErrorClass::ClockSkew => {
                if self.exchange.adopt_vendor_clock() {
                    self.call_once(during, &frame).await?
                } else {
                    Err(error)
                }
            }
            first => first,
        };
        result.map_err(|error| ProviderError::Reported {
            provider: self.provider.clone(),
            during,
            error,
        })
    }

    async fn call_once<T: Answer>(
        &self,
        during: &'static str,
        frame: &Frame,
    ) -> Result<Result<T, Error>, ProviderError> {
        let mut state = self.state.lock().await;
        let Some(mut process) = state.process.take() else {
            return Err(ProviderError::Ended {
                provider: self.provider.clone(),
                reason: state.ended_by.clone(),
            });
        };
        let answered = self.converse(&mut process, during, frame).await;
        let result = match answered {
            // A broken answer does not break the process: it has finished the call.
            Ok(bytes) => {
                state.process = Some(process);
                return border::read(&bytes)
                    .map_err(|problem| self.broke_contract(during, problem));
            }
            Err(Failure::Broken(problem)) => {
                state.process = Some(process);
                return Err(self.broke_contract(during, problem));
            }
            Err(Failure::Fatal(problem)) => Err(self.broke_contract(during, problem)),
            Err(Failure::Late(limit, of)) => Err(ProviderError::TimedOut {
                provider: self.provider.clone(),
                during,
                limit,
                of,
            }),
            Err(Failure::HungUp) => Err(crashed(&self.provider, during, process).await),
        };
        if let Err(error) = &result {
            state.ended_by = error.to_string();
        }
        result
    }

    /// Sends the call, answers what the provider asks meanwhile, and yields its answer.
    async fn converse(
        &self,
        process: &mut Process,
        during: &'static str,
        call: &Frame,
    ) -> Result<Vec<u8>, Failure> {
        let mut asks = Asks::new(&self.provider, &self.exchange, &self.limits);
        let mut clock = Stopwatch::start(&self.limits);
        clock
            .work(process.send(call))
            .await?
            .map_err(Failure::from)?;
        loop {
            let frame = clock
                .work(process.receive())
                .await?
                .map_err(Failure::from)?;
            let Some(frame) = frame else {
                return Err(Failure::HungUp);
            };
            match frame.kind {
                FrameKind::Answer => return Ok(frame.payload),
                FrameKind::Broken => {
                    let sentence = String::from_utf8_lossy(&frame.payload);
                    return Err(Failure::Broken(Problem::Broken(one_line(&sentence))));
                }
                FrameKind::Ask => {
                    let answer = clock.wait(asks.answer(&frame.payload)).await?;
                    let reply = Frame::new(FrameKind::Reply, answer.map_err(Failure::Fatal)?);
                    clock
                        .work(process.send(&reply))
                        .await?
                        .map_err(Failure::from)?;
                }
                other => {
                    let what = format!("{other:?} during {during}");
                    return Err(Failure::Fatal(Problem::Frame(what)));
                }
            }
        }
    }
}

/// Credentials that are names: no secrets, and too likely to be words of ordinary log lines.
const PLAIN_CREDENTIALS: [&str; 2] = ["domain", "username"];

/// Why there is no answer.
enum Failure {
    /// The provider broke the contract; its process is in order.
    Broken(Problem),
    /// The process cannot be used any more.
    Fatal(Problem),
    /// A deadline passed.
    Late(Duration, Deadline),
    /// The process closed the connection.
    HungUp,
}

impl From<FrameError> for Failure {
    fn from(error: FrameError) -> Self {
        match error {
            FrameError::Io(_) => Self::HungUp,
            other => Self::Fatal(Problem::Frame(other.to_string())),
        }
    }
}

/// Keeps both deadlines of a call.
struct Stopwatch<'a> {
    limits: &'a Limits,
    work_left: Duration,
    end: Instant,
}

impl<'a> Stopwatch<'a> {
    fn start(limits: &'a Limits) -> Self {
        Self {
            limits,
            work_left: limits.work,
            end: Instant::now() + limits.total,
        }
    }

    /// Runs what counts as the provider's own work.
    async fn work<T>(&mut self, future: impl Future<Output = T>) -> Result<T, Failure> {
        let start = Instant::now();
        let total_left = self.end.saturating_duration_since(start);
        let result = timeout(self.work_left.min(total_left), future).await;
        if result.is_err() && total_left > self.work_left {
            return Err(Failure::Late(self.limits.work, Deadline::Work));
        }
        self.work_left = self.work_left.saturating_sub(start.elapsed());
        result.map_err(|_| Failure::Late(self.limits.total, Deadline::Total))
    }

    /// Runs what the provider has to wait for.
    async fn wait<T>(&mut self, future: impl Future<Output = T>) -> Result<T, Failure> {
        let late = |_| Failure::Late(self.limits.total, Deadline::Total);
        tokio::time::timeout_at(self.end, future)
            .await
            .map_err(late)
    }
}
