//! A plain file server, for providers whose links lead to no emulated cloud.

use std::net::SocketAddr;

use axum::Router;
use axum::routing::get;
use tokio::runtime::Runtime;

/// Serves the same bytes at every path, on loopback, as long as it lives.
pub struct FileServer {
    address: SocketAddr,
    _runtime: Runtime,
}

impl FileServer {
    /// Begins to serve.
    ///
    /// # Panics
    /// When loopback cannot be listened at.
    pub fn start(bytes: &'static [u8]) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let listener = runtime
            .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
            .expect("loopback can be listened at");
        let address = listener.local_addr().expect("a bound address");
        let router = Router::new().fallback(get(async move || bytes));
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self {
            address,
            _runtime: runtime,
        }
    }

    /// The URL of a file.
    pub fn url(&self, name: &str) -> String {
        format!("http://{}/{name}", self.address)
    }
}
