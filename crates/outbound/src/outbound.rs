//! The settings of the door, and the door itself.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;

use crate::client::Client;
use crate::guard::{AddressPolicy, VettedAddress};
use crate::resolver::{CheckError, Resolver, TextRecordError};
use crate::target::{TargetError, TargetUrl};
use crate::tls;

/// All that the operator decides about what goes out.
#[derive(Debug, Clone, Default)]
pub struct OutboundSettings {
    /// Which addresses may be connected to.
    pub policy: AddressPolicy,
    /// The name servers to ask. Without any, the system's configuration is used.
    pub dns_servers: Vec<SocketAddr>,
    /// Roots of trust in PEM, besides the public ones.
    pub ca_file: Option<PathBuf>,
    /// How long things may take.
    pub timeouts: Timeouts,
}

/// How long one request may take. The defaults are 5 and 15 seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// To find the address and reach it; the TLS handshake may take as long again.
    pub connect: Duration,
    /// For all of it: finding, connecting, sending, and reading the whole answer.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: Duration::from_secs(5), total: Duration::from_secs(15) }
    }
}

/// Settings that can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutboundError {
    /// The file of extra roots is unreadable, empty, or not PEM.
    #[error("the CA file {} can't be used: {reason}", path.display())]
    CaFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The TLS library does not take the configuration.
    #[error("TLS can't be set up")]
    Tls(#[source] rustls::Error),
    /// The system's configuration of name servers can't be read.
    #[error("name resolution can't be set up: {0}")]
    Resolver(String),
}

/// The door to the outside. It can be cloned and shared among threads; the [`Client`] that it makes can't, so each
/// thread that sends makes its own.
#[derive(Clone)]
pub struct Outbound {
    resolver: Resolver,
    tls: Arc<ClientConfig>,
    timeouts: Timeouts,
}

impl Outbound {
    /// Reads the CA file and the system's name servers, once.
    ///
    /// # Errors
    ///
    /// [`OutboundError`], when either can't be used.
    pub fn new(settings: OutboundSettings) -> Result<Self, OutboundError> {
        let OutboundSettings { policy, dns_servers, ca_file, timeouts } = settings;
        let resolver = Resolver::new(Arc::new(policy), &dns_servers, timeouts.connect)
            .map_err(|error| OutboundError::Resolver(error.to_string()))?;
        Ok(Self { resolver, tls: tls::client_config(ca_file.as_deref())?, timeouts })
    }

    /// A door to addresses that the operator has written, and no agent: the guard lets everything pass.
    #[must_use]
    pub fn for_operator(&self) -> Self {
        let everything =
            AddressPolicy { allow_insecure: true, allow_private: true, ..AddressPolicy::default() };
        Self { resolver: self.resolver.judging_by(everything), ..self.clone() }
    }

    /// What this door lets pass.
    #[must_use]
    pub fn policy(&self) -> &AddressPolicy {
        self.resolver.policy()
    }

    /// Reads a URL under the policy of this door.
    ///
    /// # Errors
    ///
    /// As [`TargetUrl::parse`].
    pub fn parse(&self, text: &str) -> Result<TargetUrl, TargetError> {
        TargetUrl::parse(text, self.resolver.policy())
    }

    /// Resolves and judges the host of a URL, for when it is registered.
    ///
    /// # Errors
    ///
    /// As [`Resolver::check`].
    pub async fn check(&self, target: &TargetUrl) -> Result<Vec<VettedAddress>, CheckError> {
        self.resolver.check(target).await
    }

    /// The TXT records of a name, asked for anew: one that was made a moment ago is found.
    ///
    /// # Errors
    ///
    /// [`TextRecordError`], when there are none or nobody says so.
    pub async fn text_records(&self, name: &str) -> Result<Vec<Vec<u8>>, TextRecordError> {
        self.resolver.detached().text_records(name).await
    }

    /// A client for the thread that calls. See [`Client`] for what that thread must offer.
    #[must_use]
    pub fn client(&self) -> Client {
        Client::new(self.resolver.detached(), &self.tls, self.timeouts)
    }
}
