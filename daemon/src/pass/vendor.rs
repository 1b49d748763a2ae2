//! One pass's connection to a vendor: credentials, a provider session, and the retries around it.

use std::sync::Arc;

use backhaul_config::{Account, HostPattern, Job, RequestRate};
use backhaul_provider_api::{
    Backup, Completeness, Description, ErrorClass, File, Instance, KeyMaterial, ListPage, Network,
    Next, PollRequest, PrepareRequest, Prepared, RateLimit, RateScope, ReleaseRequest,
    ResolveRequest, Seconds, SecretsRequest, Service, Timestamp, Window,
};
use chrono::TimeDelta;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::PassError;
use super::context::Context;
use super::listing::Wanted;
use crate::credential;
use crate::egress::Egress;
use crate::egress::route::RouteError;
use crate::fetch::request::Opener;
use crate::fetch::{FetchError, Fetcher};
use crate::mirror::identity::Identity;
use crate::provider::{
    Exchange, ExchangeSettings, GaveUp, Library, Limits, ListPages, ProviderError, RetryPolicy,
    Session, Tries,
};

const USER_AGENT: &str = concat!("backhaul/", env!("CARGO_PKG_VERSION"));

/// Tries an operation again as long as its failures allow. A macro, because an async closure that
/// borrows cannot be shown to be `Send` yet.
macro_rules! again {
    ($vendor:expr, $operation:expr) => {{
        let mut tries = $vendor.tries();
        loop {
            if let Some(done) = tries.attempt($operation).await? {
                break done;
            }
        }
    }};
}

/// A vendor as one pass sees it.
pub struct Vendor {
    session: Session,
    exchange: Arc<Exchange>,
    library: Arc<Library>,
    account: Arc<Account>,
    service: Service,
    network: Network,
    cancel: CancellationToken,
}

impl Vendor {
    /// Resolves the account's credentials and opens a session with its provider.
    ///
    /// # Errors
    /// When a credential is missing, no library serves the provider, or it refuses the account.
    pub async fn open(
        context: &Context,
        job: &Job,
        account: &Arc<Account>,
        cancel: &CancellationToken,
    ) -> Result<Self, PassError> {
        let library = context.library(&account.provider).await?;
        let service = service(&library.description, &job.service)?;
        let credentials = credential::resolve(account).await?;
        let exchange = Arc::new(Exchange::new(
            ExchangeSettings {
                account: account.name.to_string(),
                egress: api_egress(account, &service).through(context.routes.of(account)),
                user_agent: USER_AGENT.to_owned(),
            },
            match account.rate {
                Some(rate) => context.limits_of(&account.name, "", &[own_rate(rate)]),
                None => context.limits_of(&account.name, &service.name, &service.rate_limits),
            },
        )?);
        let told = backhaul_provider_api::Account {
            service: job.service.clone(),
            region: job.region.clone().or_else(|| account.region.clone()),
            credentials,
            endpoints: account
                .endpoint
                .iter()
                .map(|(name, endpoint)| (name.clone(), endpoint.as_str().to_owned()))
                .collect(),
            network: job.network,
            options: job.options.clone(),
        };
        let limits = Limits {
            work: context.provider_timeout,
            ..Limits::default()
        };
        let session = Session::open(&library, told, Arc::clone(&exchange), limits).await?;
        Ok(Self {
            session,
            exchange,
            library,
            account: Arc::clone(account),
            service,
            network: job.network,
            cancel: cancel.clone(),
        })
    }

    /// Ends the pass when cancelled.
    pub fn cancel(&self) -> &CancellationToken {
        &self.cancel
    }

    /// The version of the provider's library.
    pub fn provider_version(&self) -> &str {
        &self.library.description.version
    }

    /// The time, corrected by what the vendor's clock was seen to be.
    pub fn now(&self) -> Timestamp {
        self.exchange.now()
    }

    /// By how much the vendor's clock is ahead of this machine's, where it told.
    pub fn vendor_ahead(&self) -> Option<TimeDelta> {
        self.exchange.vendor_ahead()
    }

    /// A fetcher for links of this account.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn fetcher(&self, context: &Context, job: &Job) -> Result<Fetcher, PassError> {
        let egress = Egress::new(
            patterns(&self.service.link_hosts),
            self.account.link_hosts.clone(),
            self.account.allow_http,
        );
        let egress = match self.network {
            Network::Public => egress,
            _ => egress.with_private_addresses(),
        };
        let egress = egress.through(context.routes.of(&self.account));
        let client = egress
            .client_builder()?
            .user_agent(USER_AGENT)
            .connect_timeout(std::time::Duration::from_secs(10))
            // Bulk data is fastest over HTTP/1.1: one connection per transfer.
            .http1_only()
            .build()
            .map_err(|error| RouteError::Client(error.to_string()))?;
        Ok(Fetcher::new(
            Opener::new(client, egress),
            context.limits.share(job, &self.account),
            context.space.clone(),
        ))
    }

    /// What makes a backup this one for ever.
    pub fn identity(&self, instance: &Instance, backup: &Backup) -> Identity {
        Identity {
            provider: self.library.description.name.clone(),
            scope: instance
                .scope
                .clone()
                .unwrap_or_else(|| self.account.name.to_string()),
            instance: instance.id.clone(),
            key: backup.key.clone(),
        }
    }

    /// All instances of the account and how their listing ended.
    ///
    /// # Errors
    /// After the last try.
    pub async fn instances(&self, job: &Job) -> Result<(Vec<Instance>, Completeness), GaveUp> {
        let wanted = job.instances.iter().map(ToString::to_string).collect();
        let mut pages = self.session.instance_pages(wanted);
        let mut all = Vec::new();
        loop {
            let page = again!(self, pages.next());
            let Some(page) = page else { break };
            all.extend(page.instances);
            if let Next::End(end) = page.next {
                return Ok((all, end));
            }
        }
        let count = all.len() as u64;
        Ok((all, Completeness::incomplete(count, "the list broke off")))
    }

    /// The backups of an instance, page by page.
    pub fn pages(&self, instance: &Instance, job: &Job) -> Pages<'_> {
        let kinds = job.kinds.iter().copied().collect();
        let pages = self
            .session
            .list_pages(instance.clone(), kinds, Window::default());
        Pages {
            vendor: self,
            pages,
        }
    }

    /// All files of a backup with fresh links.
    ///
    /// # Errors
    /// After the last try, or when the provider says that files are missing.
    pub async fn files(&self, request: ResolveRequest) -> Result<Vec<File>, FetchError> {
        let mut pages = self.session.file_pages(request);
        let mut files = Vec::new();
        loop {
            let page = again!(self, pages.next());
            let Some(page) = page else { return Ok(files) };
            files.extend(page.files);
            match page.next {
                Next::End(end) if !end.complete => {
                    let why = end
                        .reason
                        .unwrap_or_else(|| "no reason was given".to_owned());
                    return Err(FetchError::FilesMissing { why });
                }
                Next::End(_) | Next::More(_) => {}
            }
        }
    }

    /// Asks the vendor to make a backup downloadable.
    ///
    /// # Errors
    /// After the last try.
    pub async fn prepare(&self, request: PrepareRequest) -> Result<Prepared, GaveUp> {
        Ok(again!(self, self.session.prepare(request.clone())))
    }

    /// Asks how a preparation stands.
    ///
    /// # Errors
    /// After the last try.
    pub async fn poll(&self, request: PollRequest) -> Result<Prepared, GaveUp> {
        Ok(again!(self, self.session.poll(request.clone())))
    }

    /// Tells the vendor that a preparation is no longer needed.
    ///
    /// # Errors
    /// After the last try.
    pub async fn release(&self, request: ReleaseRequest) -> Result<(), GaveUp> {
        again!(self, self.session.release(request.clone()));
        Ok(())
    }

    /// The key material of an encrypted backup.
    ///
    /// # Errors
    /// After the last try.
    pub async fn secrets(&self, wanted: &Wanted) -> Result<Vec<KeyMaterial>, GaveUp> {
        let request = SecretsRequest {
            instance: wanted.instance.as_ref().clone(),
            backup: wanted.backup.clone(),
        };
        Ok(again!(self, self.session.secrets(request.clone())))
    }

    fn tries(&self) -> Tries<'_> {
        RetryPolicy::default().begin(self.exchange.limits(), &self.cancel)
    }
}

/// The pages of an instance's backups, each asked for again when it fails for a while.
pub struct Pages<'a> {
    vendor: &'a Vendor,
    pages: ListPages<'a>,
}

impl Pages<'_> {
    /// The next page; `None` after the last.
    ///
    /// # Errors
    /// After the last try.
    pub async fn next(&mut self) -> Result<Option<ListPage>, GaveUp> {
        Ok(again!(self.vendor, self.pages.next()))
    }
}

/// Whether a failure leaves nothing to try in this pass: the account is refused, or the provider's
/// process is gone.
pub fn ends_pass(error: &ProviderError) -> bool {
    match error {
        ProviderError::Reported { error, .. } => {
            matches!(
                error.class,
                ErrorClass::AuthFailed | ErrorClass::Forbidden { .. }
            )
        }
        _ => true,
    }
}

fn service(description: &Description, name: &str) -> Result<Service, PassError> {
    description
        .service(name)
        .cloned()
        .ok_or_else(|| PassError::NoService {
            provider: description.name.clone(),
            service: name.to_owned(),
        })
}

/// API calls may go to the hosts of the service and to the configured endpoints.
fn api_egress(account: &Account, service: &Service) -> Egress {
    let endpoints = account
        .endpoint
        .values()
        .filter_map(|url| Url::parse(url.as_str()).ok());
    Egress::new(patterns(&service.api_hosts), Vec::new(), account.allow_http)
        .with_endpoints(endpoints.collect())
}

fn patterns(texts: &[String]) -> Vec<HostPattern> {
    texts
        .iter()
        .filter_map(|text| match text.parse() {
            Ok(pattern) => Some(pattern),
            Err(error) => {
                tracing::warn!(pattern = text, %error, "the provider declares a host pattern that is none");
                None
            }
        })
        .collect()
}

/// The account's own limit, which holds for each call by its own as vendors' limits do.
fn own_rate(rate: RequestRate) -> RateLimit {
    RateLimit {
        requests: rate.requests().get(),
        per: Seconds(rate.per().as_secs()),
        scope: RateScope::Call,
        call: None,
    }
}
