//! Why there is no answer, sorted by whose doing it is.

use std::fmt;
use std::io;

use actix_http::error::ParseError;
use awc::error::{ConnectError, PayloadError, SendRequestError};

use super::connector::ConnectFault;
use crate::guard::Forbidden;

/// What is said of an answer that ends before its end.
pub(super) const CUT_SHORT: &str = "it was closed in the middle of the answer";

/// A request without a whole answer.
///
/// ```
/// use clankdin_outbound::{AddressPolicy, SendError};
///
/// let forbidden = AddressPolicy::default().judge("127.0.0.1".parse().unwrap()).unwrap_err();
/// let error = SendError::Blocked(forbidden);
/// assert_eq!(error.class(), "blocked");
/// assert_eq!(error.to_string(), "the address may not be connected to: it is a loopback address");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The name could not be resolved.
    #[error("the host name could not be resolved: {0}")]
    Dns(String),
    /// No address of the host took a connection.
    #[error("no connection: {0}")]
    Connect(String),
    /// The receiver could not be trusted, or did not speak TLS.
    #[error("no TLS connection: {0}")]
    Tls(String),
    /// The time was up.
    #[error("the time was up before there was {0}")]
    Timeout(Stage),
    /// An address of the host may not be connected to.
    #[error(transparent)]
    Blocked(#[from] Forbidden),
    /// The connection broke before the answer was whole.
    #[error("the connection broke: {0}")]
    Reset(String),
    /// What came back was not HTTP, or more of it than is read.
    #[error("the answer is not valid HTTP: {0}")]
    Protocol(String),
}

/// What a request was waiting for when its time was up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// A connection, the TLS handshake included.
    Connection,
    /// The whole answer.
    Answer,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connection => "a connection",
            Self::Answer => "a whole answer",
        })
    }
}

impl SendError {
    /// A stable word for logs and metrics.
    #[must_use]
    pub fn class(&self) -> &'static str {
        match self {
            Self::Dns(_) => "dns",
            Self::Connect(_) => "connect",
            Self::Tls(_) => "tls",
            Self::Timeout(_) => "timeout",
            Self::Blocked(_) => "blocked",
            Self::Reset(_) => "reset",
            Self::Protocol(_) => "protocol",
        }
    }
}

impl From<SendRequestError> for SendError {
    fn from(error: SendRequestError) -> Self {
        match error {
            SendRequestError::Connect(error) => error.into(),
            SendRequestError::Send(error) => broken(&error),
            SendRequestError::Response(error) => unreadable(error),
            SendRequestError::Timeout => Self::Timeout(Stage::Answer),
            other => Self::Protocol(other.to_string()),
        }
    }
}

impl From<ConnectError> for SendError {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Resolver(cause) => match cause.downcast::<ConnectFault>() {
                Ok(fault) => (*fault).into(),
                Err(cause) => Self::Dns(cause.to_string()),
            },
            ConnectError::Timeout => Self::Timeout(Stage::Connection),
            ConnectError::Io(error) => broken_handshake(&error),
            // The client's word for an end of the stream where the status line should be.
            ConnectError::Disconnected => Self::Reset("it was closed without an answer".to_owned()),
            other => Self::Connect(other.to_string()),
        }
    }
}

impl From<ConnectFault> for SendError {
    fn from(fault: ConnectFault) -> Self {
        match fault {
            ConnectFault::Blocked(forbidden) => Self::Blocked(forbidden),
            ConnectFault::Dns(reason) => Self::Dns(reason),
            ConnectFault::Connect(error) => Self::Connect(error.to_string()),
            ConnectFault::Timeout => Self::Timeout(Stage::Connection),
        }
    }
}

impl From<PayloadError> for SendError {
    fn from(error: PayloadError) -> Self {
        match error {
            PayloadError::Io(error) | PayloadError::Incomplete(Some(error)) => broken(&error),
            PayloadError::Incomplete(None) => Self::Reset(CUT_SHORT.to_owned()),
            other => Self::Protocol(other.to_string()),
        }
    }
}

fn unreadable(error: ParseError) -> SendError {
    match error {
        ParseError::Io(error) => broken(&error),
        ParseError::Incomplete => SendError::Reset(CUT_SHORT.to_owned()),
        ParseError::Timeout => SendError::Timeout(Stage::Answer),
        other => SendError::Protocol(other.to_string()),
    }
}

/// An error on a connection that was in use.
fn broken(error: &io::Error) -> SendError {
    match (distrust(error), error.kind()) {
        (Some(distrust), _) => distrust,
        // The client's own, for chunks that are none.
        (None, io::ErrorKind::InvalidInput) => SendError::Protocol(error.to_string()),
        (None, _) => SendError::Reset(error.to_string()),
    }
}

/// An error between the TCP connection and the first byte of the request.
fn broken_handshake(error: &io::Error) -> SendError {
    match (distrust(error), error.kind()) {
        (Some(distrust), _) => distrust,
        // The host is no name that a certificate could be issued for.
        (None, io::ErrorKind::InvalidInput) => SendError::Tls(error.to_string()),
        (None, _) => SendError::Reset(error.to_string()),
    }
}

fn distrust(error: &io::Error) -> Option<SendError> {
    let tls = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    Some(SendError::Tls(tls.to_string()))
}
