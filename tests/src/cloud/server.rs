//! One listener on loopback that serves a router until it is dropped.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use axum::middleware::map_response;
use axum::response::{IntoResponse, IntoResponseParts, Response, ResponseParts};
use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

use super::wire::{Connection, Wire};

/// A bound listener whose router is not known yet: routers need the addresses of all listeners.
#[derive(Debug)]
pub struct Bound {
    listener: TcpListener,
    address: SocketAddr,
}

/// A running server. Dropping it closes the listener and every connection.
#[derive(Debug)]
pub struct Server(JoinHandle<()>);

impl Bound {
    /// Binds 127.0.0.1; port 0 lets the system choose.
    ///
    /// # Errors
    /// When the port is taken.
    pub async fn new(port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// The base address, such as `http://127.0.0.1:7482`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Starts to serve. Every request carries its [`super::wire::Connection`] as an extension.
    pub fn serve(self, router: Router) -> Server {
        Server(tokio::spawn(accept(self.listener, router)))
    }
}

/// An answer that is none: the connection is closed instead.
#[derive(Debug, Clone, Copy)]
pub struct Hangup;

impl IntoResponseParts for Hangup {
    type Error = std::convert::Infallible;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Self::Error> {
        parts.extensions_mut().insert(self);
        Ok(parts)
    }
}

impl IntoResponse for Hangup {
    fn into_response(self) -> Response {
        (self, ()).into_response()
    }
}

/// Closes the connection if that is what an answer asks for.
fn mind_hangup(connection: &Connection, response: &Response) {
    if response.extensions().get::<Hangup>().is_some() {
        connection.hang_up();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn accept(listener: TcpListener, router: Router) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of descriptors, most likely; others will close soon.
            tokio::task::yield_now().await;
            continue;
        };
        while connections.try_join_next().is_some() {}
        // Small writes must arrive as they are made, for faults to hit the byte they name.
        let _ = stream.set_nodelay(true);
        let wire = Wire::new(stream);
        let connection = wire.connection();
        let router = router.clone().layer(Extension(connection.clone()));
        let service =
            TowerToHyperService::new(router.layer(map_response(move |response: Response| {
                mind_hangup(&connection, &response);
                std::future::ready(response)
            })));
        connections.spawn(async move {
            // Broken connections are this server's daily business.
            let _ = http1::Builder::new()
                .timer(TokioTimer::new())
                .auto_date_header(false)
                .serve_connection(TokioIo::new(wire), service)
                .await;
        });
    }
}
