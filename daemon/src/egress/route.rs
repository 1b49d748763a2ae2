//! The way out: through which proxy, and whose certificates are trusted.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use backhaul_config::{Account, Daemon, Proxy};
use reqwest::{Certificate, ClientBuilder};

/// The way out of the daemon, or of one account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Route {
    proxy: Option<Proxy>,
    ca_file: Option<PathBuf>,
}

/// The daemon's way out as the configuration in force says; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Routes(Arc<Mutex<Route>>);

/// A way out that cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum RouteError {
    /// The file with certificates.
    #[error("the file of `ca_file`, {}, cannot be used: {reason}", path.display())]
    CaFile {
        /// Where it lies.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// The client.
    #[error("no HTTP client can be made: {0}")]
    Client(String),
}

impl Routes {
    /// The way out that a configuration says.
    pub fn new(daemon: &Daemon) -> Self {
        Self(Arc::new(Mutex::new(Route::of(daemon))))
    }

    /// Takes over a new configuration; passes under way keep theirs.
    pub fn apply(&self, daemon: &Daemon) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Route::of(daemon);
    }

    /// The way out of an account.
    pub fn of(&self, account: &Account) -> Route {
        let mut route = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if account.proxy.is_some() {
            route.proxy.clone_from(&account.proxy);
        }
        route
    }
}

impl Route {
    fn of(daemon: &Daemon) -> Self {
        Self {
            proxy: daemon.proxy.clone(),
            ca_file: daemon.ca_file.clone(),
        }
    }

    /// The host of the proxy, which may have any address: the administrator named it.
    pub fn proxy_host(&self) -> Option<String> {
        let Some(Proxy::Through(endpoint)) = &self.proxy else {
            return None;
        };
        let url = url::Url::parse(endpoint.as_str()).ok()?;
        Some(url.host_str()?.to_ascii_lowercase())
    }

    /// Lets a client go this way.
    ///
    /// # Errors
    /// When the file with certificates cannot be read.
    pub fn apply(&self, mut builder: ClientBuilder) -> Result<ClientBuilder, RouteError> {
        match &self.proxy {
            None => {}
            Some(Proxy::Direct) => builder = builder.no_proxy(),
            Some(Proxy::Through(endpoint)) => {
                let proxy = reqwest::Proxy::all(endpoint.as_str());
                builder =
                    builder.proxy(proxy.map_err(|error| RouteError::Client(error.to_string()))?);
            }
        }
        if let Some(path) = &self.ca_file {
            let refused = |reason: String| RouteError::CaFile {
                path: path.clone(),
                reason,
            };
            let pem = std::fs::read(path).map_err(|error| refused(error.to_string()))?;
            let certificates =
                Certificate::from_pem_bundle(&pem).map_err(|error| refused(error.to_string()))?;
            if certificates.is_empty() {
                return Err(refused("it holds no certificate in PEM".to_owned()));
            }
            builder = builder.tls_certs_merge(certificates);
        }
        Ok(builder)
    }
}
