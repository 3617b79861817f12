//! Which URLs may be kept and sent to.
//!
//! Owns the reading of a URL that an agent wrote: scheme, host, port, length. A [`TargetUrl`] that exists keeps
//! the rules of the policy it was read under. What a name resolves to is not known here.

mod error;
#[cfg(test)]
mod tests;

use std::fmt;
use std::net::IpAddr;

use awc::http::Uri;
use url::{Host, Url};

pub use error::TargetError;

use crate::guard::AddressPolicy;

/// The longest URL, in bytes, as written and as normalised.
pub const MAX_URL_BYTES: usize = 2_048;

/// Names under these never mean the same thing to everybody, so they can't be meant for a public server.
const LOCAL_SUFFIXES: &[&str] = &["localhost", "local", "internal", "home.arpa"];

/// Ports from 1024 on where databases, queues, and control planes listen, and those that browsers refuse because
/// a request's text could pass there as another protocol's.
const REFUSED_PORTS: &[u16] = &[
    1433, 1434, 1521, 1719, 1720, 1723, 2049, 2181, 2375, 2376, 2379, 2380, 3306, 3389, 3659, 4045, 4190,
    4369, 5060, 5061, 5432, 5433, 5671, 5672, 5900, 5984, 5985, 5986, 6000, 6379, 6380, 6443, 6566, 6665,
    6666, 6667, 6668, 6669, 6679, 6697, 7000, 7001, 7199, 7687, 8086, 8500, 9042, 9092, 9160, 9200, 9300,
    10080, 10250, 11211, 15672, 26257, 27017, 27018, 27019, 28015, 33060, 50000,
];

/// A URL that may be sent to, in its normalised form.
///
/// ```
/// use clankdin_outbound::{AddressPolicy, TargetUrl};
///
/// let policy = AddressPolicy::default();
/// let target = TargetUrl::parse("https://HOOKS.example.com.:443/a b", &policy).unwrap();
/// assert_eq!(target.as_str(), "https://hooks.example.com/a%20b");
///
/// let error = TargetUrl::parse("http://hooks.example.com/", &policy).unwrap_err();
/// assert_eq!(error.code(), "invalid_url");
/// let error = TargetUrl::parse("https://127.0.0.1/", &policy).unwrap_err();
/// assert_eq!(error.code(), "forbidden_address");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetUrl {
    url: Url,
    uri: Uri,
}

impl TargetUrl {
    /// Reads a URL under a policy.
    ///
    /// # Errors
    ///
    /// One variant of [`TargetError`] for each rule; [`TargetError::code`] is stable.
    pub fn parse(text: &str, policy: &AddressPolicy) -> Result<Self, TargetError> {
        if text.len() > MAX_URL_BYTES {
            return Err(TargetError::TooLong);
        }
        let mut url = Url::parse(text).map_err(TargetError::Malformed)?;
        judge_scheme(&url, policy)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(TargetError::Credentials);
        }
        if url.fragment().is_some() {
            return Err(TargetError::Fragment);
        }
        drop_trailing_dot(&mut url)?;
        judge_host(&url, policy)?;
        judge_port(&url, policy)?;
        if url.as_str().len() > MAX_URL_BYTES {
            return Err(TargetError::TooLong);
        }
        let uri = as_uri(&url)?;
        Ok(Self { url, uri })
    }

    /// The normalised form. It reads back as the same value.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.url.as_str()
    }

    /// The host, as it stands in the URL: IPv6 in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// The port, the scheme's own where none is written.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.url.port_or_known_default().unwrap_or_default()
    }

    pub(crate) fn uri(&self) -> &Uri {
        &self.uri
    }
}

impl fmt::Display for TargetUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fn judge_scheme(url: &Url, policy: &AddressPolicy) -> Result<(), TargetError> {
    match url.scheme() {
        "https" => Ok(()),
        "http" if policy.allow_insecure || (policy.allow_loopback && is_loopback(url)) => Ok(()),
        "http" => Err(TargetError::Insecure),
        _ => Err(TargetError::Scheme),
    }
}

/// Whether the host is written as loopback. A name that only resolves there is not enough for plain http.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.to_canonical().is_loopback(),
        Some(Host::Domain(name)) => is_under(name.strip_suffix('.').unwrap_or(name), "localhost"),
        None => false,
    }
}

fn is_under(name: &str, suffix: &str) -> bool {
    name.strip_suffix(suffix).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// `example.com.` and `example.com` are one host: kept in one form, so that no rule can be passed by a dot.
fn drop_trailing_dot(url: &mut Url) -> Result<(), TargetError> {
    let Some(Host::Domain(name)) = url.host() else { return Ok(()) };
    let Some(bare) = name.strip_suffix('.').map(str::to_owned) else { return Ok(()) };
    url.set_host(Some(&bare)).map_err(TargetError::Malformed)
}

fn judge_host(url: &Url, policy: &AddressPolicy) -> Result<(), TargetError> {
    let name = match url.host() {
        Some(Host::Ipv4(address)) => return judge_literal(url, address.into(), policy),
        Some(Host::Ipv6(address)) => return judge_literal(url, address.into(), policy),
        Some(Host::Domain(name)) => name,
        None => return Err(TargetError::Malformed(url::ParseError::EmptyHost)),
    };
    if name.split('.').any(str::is_empty) {
        return Err(TargetError::EmptyLabel);
    }
    if policy.allow_private || (policy.allow_loopback && is_under(name, "localhost")) {
        return Ok(());
    }
    if policy.is_own_host(name) {
        return Err(TargetError::OwnHost);
    }
    if let Some(&suffix) = LOCAL_SUFFIXES.iter().find(|&&suffix| is_under(name, suffix)) {
        return Err(TargetError::LocalName { suffix });
    }
    if !name.contains('.') {
        return Err(TargetError::SingleLabel);
    }
    Ok(())
}

fn judge_literal(url: &Url, address: IpAddr, policy: &AddressPolicy) -> Result<(), TargetError> {
    policy.judge(address)?;
    if !policy.allow_private && url.host_str().is_some_and(|host| policy.is_own_host(host)) {
        return Err(TargetError::OwnHost);
    }
    // The client hands the host to TLS with its brackets, which is no name that a certificate could hold. Better
    // told here than at every try.
    if url.scheme() == "https" && address.is_ipv6() {
        return Err(TargetError::Ipv6OverTls);
    }
    Ok(())
}

fn judge_port(url: &Url, policy: &AddressPolicy) -> Result<(), TargetError> {
    match url.port() {
        _ if policy.allow_private => Ok(()),
        None => Ok(()),
        Some(port) if port >= 1024 && !REFUSED_PORTS.contains(&port) => Ok(()),
        Some(port) => Err(TargetError::Port { port }),
    }
}

/// The same URL for the client, which reads it with another parser. Where the two disagree, an address could be
/// judged that is not the one connected to; so they must agree, byte for byte.
fn as_uri(url: &Url) -> Result<Uri, TargetError> {
    let uri: Uri = url.as_str().parse().map_err(|_| TargetError::Unsendable)?;
    let agree = uri.scheme_str() == Some(url.scheme())
        && uri.host() == url.host_str()
        && uri.port_u16() == url.port()
        && uri.path() == url.path()
        && uri.query() == url.query();
    if agree { Ok(uri) } else { Err(TargetError::Unsendable) }
}
