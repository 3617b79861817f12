//! The guard between the client and the network.
//!
//! Owns the way from a URI to a connected socket, in place of the client's own connector, which would take an IP
//! address in a URI as it is and ask nobody. All that comes in here is judged: addresses written in the URI,
//! addresses set beforehand, and addresses that name servers gave.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_service::Service;
use actix_tls::connect::{ConnectError, ConnectInfo, Connection};
use awc::http::Uri;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use crate::guard::{Forbidden, VettedAddress};
use crate::resolver::{CheckError, Resolver};

/// As many of a host's addresses as one request tries.
const MAX_ADDRESSES: usize = 4;

#[derive(Clone)]
pub(super) struct GuardedConnector {
    resolver: Resolver,
    bound: Duration,
}

/// Why there is no connection. It travels through the client inside of its own error.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectFault {
    #[error(transparent)]
    Blocked(#[from] Forbidden),
    #[error("{0}")]
    Dns(String),
    #[error("{0}")]
    Connect(#[from] io::Error),
    #[error("no connection in time")]
    Timeout,
}

impl From<CheckError> for ConnectFault {
    fn from(error: CheckError) -> Self {
        match error {
            CheckError::Forbidden(forbidden) => Self::Blocked(forbidden),
            CheckError::Unresolvable { reason } => Self::Dns(reason),
        }
    }
}

impl GuardedConnector {
    pub(super) fn new(resolver: Resolver, bound: Duration) -> Self {
        Self { resolver, bound }
    }

    async fn connect(&self, info: ConnectInfo<Uri>) -> Result<Connection<Uri, TcpStream>, ConnectFault> {
        let deadline = Instant::now() + self.bound;
        let stream = self.dial(&self.endpoints(&info).await?, deadline).await?;
        // What the kernel says is what counts: a route or a firewall may lead elsewhere than we meant to go.
        self.resolver.policy().judge(stream.peer_addr()?.ip())?;
        stream.set_nodelay(true)?;
        Ok(Connection::new(info.request().clone(), stream))
    }

    /// Where the URI leads, all of it judged: one forbidden address forbids them all, or whoever answers for a
    /// name could have us try the forbidden one in a later round.
    async fn endpoints(&self, info: &ConnectInfo<Uri>) -> Result<Vec<(VettedAddress, u16)>, ConnectFault> {
        if info.addrs().len() == 0 {
            let vetted = self.resolver.vet(info.hostname()).await?;
            return Ok(vetted.into_iter().map(|address| (address, info.port())).collect());
        }
        let policy = self.resolver.policy();
        info.addrs().map(|preset| Ok((policy.judge(preset.ip())?, preset.port()))).collect()
    }

    /// Tries one address after the other, each with its share of the time that is left, so that one that swallows
    /// packets does not use up the others' time.
    async fn dial(
        &self,
        endpoints: &[(VettedAddress, u16)],
        deadline: Instant,
    ) -> Result<TcpStream, ConnectFault> {
        let mut fault = ConnectFault::Timeout;
        let mut untried = u32::try_from(endpoints.len().min(MAX_ADDRESSES)).unwrap_or(u32::MAX);
        for &(address, port) in endpoints.iter().take(MAX_ADDRESSES) {
            let now = Instant::now();
            let share = deadline.saturating_duration_since(now) / untried.max(1);
            untried = untried.saturating_sub(1);
            match timeout_at(now + share, TcpStream::connect(address.socket(port))).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => fault = ConnectFault::Connect(error),
                Err(_) => fault = ConnectFault::Timeout,
            }
        }
        Err(fault)
    }
}

impl Service<ConnectInfo<Uri>> for GuardedConnector {
    type Response = Connection<Uri, TcpStream>;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>>>>;

    fn poll_ready(&self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&self, info: ConnectInfo<Uri>) -> Self::Future {
        let guard = self.clone();
        // Of the errors that the client lets pass, `Resolver` alone can hold one of ours. That leaves `Io` to the
        // TLS handshake, which is how the two are told apart afterwards.
        Box::pin(
            async move { guard.connect(info).await.map_err(|fault| ConnectError::Resolver(Box::new(fault))) },
        )
    }
}
