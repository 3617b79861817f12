//! Why a URL is refused, in words for the one who wrote it.

use crate::guard::{FORBIDDEN_ADDRESS, Forbidden};
use crate::target::MAX_URL_BYTES;

/// A URL that may not be kept or sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// More than [`MAX_URL_BYTES`], as written or as normalised.
    #[error("the URL is longer than {MAX_URL_BYTES} bytes")]
    TooLong,
    /// Not a URL.
    #[error("this is not a URL: {0}")]
    Malformed(#[source] url::ParseError),
    /// A URL that HTTP can't carry as it is.
    #[error("the URL holds characters that must be percent-encoded")]
    Unsendable,
    /// Neither `https` nor `http`.
    #[error("the URL must begin with https://")]
    Scheme,
    /// `http`, where only `https` is allowed.
    #[error("plain http is not allowed here: the URL must begin with https://")]
    Insecure,
    /// A user name or a password.
    #[error("the URL must not hold a user name or a password")]
    Credentials,
    /// A fragment, which is never sent.
    #[error("the URL must not hold a fragment (#...)")]
    Fragment,
    /// Two dots in a row, or a host that begins with one.
    #[error("the host name has an empty label")]
    EmptyLabel,
    /// A name without a dot.
    #[error("the host name must be fully qualified: a name of one label means another host in each network")]
    SingleLabel,
    /// A name that means another host in each network.
    #[error("host names under {suffix} are local to a network")]
    LocalName {
        /// The suffix that makes it local.
        suffix: &'static str,
    },
    /// This server itself.
    #[error("the host is this server itself")]
    OwnHost,
    /// `https` to an IPv6 address without a name.
    #[error("https to an IPv6 address can't be verified: use a host name")]
    Ipv6OverTls,
    /// A port that other services listen on.
    #[error(
        "port {port} is not allowed: use the scheme's own, or one from 1024 on that no database or the like uses"
    )]
    Port {
        /// The port as written.
        port: u16,
    },
    /// An IP address that may not be connected to.
    #[error(transparent)]
    Address(#[from] Forbidden),
}

impl TargetError {
    /// `forbidden_address` for what is refused because of where it leads, `invalid_url` for what is refused
    /// because of how it is written.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::SingleLabel
            | Self::LocalName { .. }
            | Self::OwnHost
            | Self::Port { .. }
            | Self::Address(_) => FORBIDDEN_ADDRESS,
            Self::TooLong
            | Self::Malformed(_)
            | Self::Unsendable
            | Self::Scheme
            | Self::Insecure
            | Self::Credentials
            | Self::Fragment
            | Self::EmptyLabel
            | Self::Ipv6OverTls => "invalid_url",
        }
    }
}
