//! The sockets, and the servers behind them.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use actix_rt::task::JoinHandle;
use actix_web::dev::{Server, ServerHandle};
use clankdin_api::{Api, ApiSettings};
use tokio::net::TcpSocket;

use super::Part;
use super::parts::Parts;
use crate::failure::Failure;
use crate::settings::Settings;

/// How many connections may wait to be taken; the standard library's 128 are few where agents come
/// all at once.
const BACKLOG: u32 = 1_024;

/// The servers that run.
pub(super) struct Listening {
    served: Api,
    api: Option<Running>,
    metrics: Option<Running>,
}

struct Running {
    address: SocketAddr,
    handle: ServerHandle,
    task: JoinHandle<io::Result<()>>,
}

impl Listening {
    /// Takes the sockets, then begins to serve: the API unless this is to dispatch alone, and metrics
    /// where they have an address of their own.
    pub(super) fn start(part: Part, settings: &Settings, parts: &Parts) -> Result<Self, Failure> {
        let socket = match part {
            Part::Dispatcher => None,
            Part::Both | Part::Api => Some(listen("bind", settings.bind)?),
        };
        let metrics_socket = settings.metrics_bind.map(|at| listen("metrics_bind", at)).transpose()?;

        let api = Api::new(
            ApiSettings {
                public_url: settings.public_url.as_str().to_owned(),
                trusted_proxies: settings.trusted_proxies.clone(),
                limits: settings.request_limits(),
                claims: settings.claim_settings(),
                serve_metrics: settings.metrics_bind.is_none(),
            },
            parts.database.clone(),
            parts.ctx.clone(),
            parts.outbound.clone(),
            Arc::new(parts.proofs.clone()),
            parts.registry.clone(),
        );
        let api = api.map_err(|error| Failure::start(&error))?;
        let workers = usize::try_from(settings.worker_count()).unwrap_or(1);
        let serve = |(address, listener)| Running::spawn(address, api.serve(vec![listener], workers));
        let serve_metrics = |(address, listener)| Running::spawn(address, api.serve_metrics(listener));
        Ok(Self {
            api: socket.map(serve).transpose()?,
            metrics: metrics_socket.map(serve_metrics).transpose()?,
            served: api,
        })
    }

    /// Where to find what runs, for who started the process.
    pub(super) fn told(&self) -> String {
        let api = match &self.api {
            Some(api) => format!("clankdin listens at http://{}", api.address),
            None => "clankdin dispatches".to_owned(),
        };
        match &self.metrics {
            Some(metrics) => format!("{api}, metrics at http://{}/metrics", metrics.address),
            None => api,
        }
    }

    /// Ready when a server has ended though nobody stopped it.
    pub(super) async fn ended(&mut self) {
        let Self { api, metrics, .. } = self;
        tokio::select! {
            () = ended(api.as_mut()) => (),
            () = ended(metrics.as_mut()) => (),
        }
    }

    /// Takes no more connections, and waits for the requests that are under way.
    pub(super) async fn stop(&mut self) {
        self.served.end_waits();
        // The metrics stay readable for as long as requests are finished.
        for server in [&self.api, &self.metrics].into_iter().flatten() {
            server.handle.stop(true).await;
        }
    }
}

impl Running {
    fn spawn(address: SocketAddr, server: io::Result<Server>) -> Result<Self, Failure> {
        let server = server.map_err(|error| Failure::Start(format!("can't serve at {address}: {error}")))?;
        Ok(Self { address, handle: server.handle(), task: actix_rt::spawn(server) })
    }
}

async fn ended(server: Option<&mut Running>) {
    match server {
        Some(server) => {
            let ended = (&mut server.task).await;
            tracing::error!(?ended, "the server at {} has ended", server.address);
        }
        None => std::future::pending().await,
    }
}

/// A socket that takes connections, and the address that it got.
fn listen(setting: &str, address: SocketAddr) -> Result<(SocketAddr, TcpListener), Failure> {
    open(address).map_err(|error| {
        let why = match error.kind() {
            io::ErrorKind::AddrInUse => "another program listens there".to_owned(),
            io::ErrorKind::AddrNotAvailable => "this machine has no such address".to_owned(),
            io::ErrorKind::PermissionDenied => "this user may not listen there".to_owned(),
            _ => error.to_string(),
        };
        Failure::Start(format!(
            "can't listen at {address}: {why}; give another address by the setting {setting}"
        ))
    })
}

fn open(address: SocketAddr) -> io::Result<(SocketAddr, TcpListener)> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // Or a server that is started again would have to wait for the last one's connections to be forgotten.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    let listener = socket.listen(BACKLOG)?.into_std()?;
    Ok((listener.local_addr()?, listener))
}
