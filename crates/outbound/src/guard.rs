//! Which IP addresses may be connected to.
//!
//! Owns the ranges and the verdict on one address. It knows neither names nor sockets nor time: the same address
//! under the same [`AddressPolicy`] is judged the same way, always.

mod ranges;
#[cfg(test)]
mod tests;

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

pub use ranges::Range;

/// The stable code of every refusal of an address, a host, or a port.
pub const FORBIDDEN_ADDRESS: &str = "forbidden_address";

/// What the operator allows and denies. The default is what a public server needs: `https` to the public
/// internet, nothing else.
///
/// ```
/// use clankdin_outbound::{AddressPolicy, Range};
///
/// let policy = AddressPolicy::default();
/// assert!(policy.judge("93.184.215.14".parse().unwrap()).is_ok());
///
/// let refused = policy.judge("::ffff:10.0.0.7".parse().unwrap()).unwrap_err();
/// assert_eq!(refused.range(), Range::Private);
///
/// // For development: loopback over plain http, and still no other private network.
/// let policy = AddressPolicy::for_development();
/// assert!(policy.judge("127.0.0.1".parse().unwrap()).is_ok());
/// assert!(policy.judge("192.168.0.1".parse().unwrap()).is_err());
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AddressPolicy {
    /// Plain `http`, to any host.
    pub allow_insecure: bool,
    /// Addresses outside the public internet. It also lifts the rules on host names and ports.
    pub allow_private: bool,
    /// Development mode: loopback addresses, and plain `http` to a host that is written as one.
    pub allow_loopback: bool,
    /// The operator's own list. Nothing lifts it.
    pub denied: Vec<IpNet>,
    /// Names that this server itself is reached by.
    pub own_hosts: Vec<String>,
}

impl AddressPolicy {
    /// The policy of `--dev`: as the default, and loopback besides.
    #[must_use]
    pub fn for_development() -> Self {
        Self { allow_loopback: true, ..Self::default() }
    }

    /// Judges one address. An IPv4 address mapped into IPv6 is judged, and connected to, as the IPv4 address;
    /// one that a NAT64 gateway would translate is judged by the IPv4 address within.
    ///
    /// # Errors
    ///
    /// [`Forbidden`] tells the range that the address is in.
    pub fn judge(&self, address: IpAddr) -> Result<VettedAddress, Forbidden> {
        let canonical = address.to_canonical();
        let forbidden = |range| Err(Forbidden { address, range });

        if self.denies(address) || self.denies(canonical) {
            return forbidden(Range::DeniedByOperator);
        }
        if self.allow_private || (self.allow_loopback && canonical.is_loopback()) {
            return Ok(VettedAddress(canonical));
        }
        match ranges::special_range(canonical) {
            Some(range) => forbidden(range),
            None => Ok(VettedAddress(canonical)),
        }
    }

    /// Whether `name` is one of this server's own. Case and a trailing dot don't count.
    pub(crate) fn is_own_host(&self, name: &str) -> bool {
        let bare = |host: &str| host.trim_end_matches('.').to_ascii_lowercase();
        let name = bare(name);
        self.own_hosts.iter().any(|own| bare(own) == name)
    }

    fn denies(&self, address: IpAddr) -> bool {
        let within = ranges::translated(address);
        self.denied.iter().any(|net| net.contains(&address) || within.is_some_and(|v4| net.contains(&v4)))
    }
}

/// An address that a policy let pass. There is no other way to make one, so what takes a `VettedAddress` can't be
/// handed an address that nobody judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VettedAddress(IpAddr);

impl VettedAddress {
    /// The address itself.
    #[must_use]
    pub fn ip(self) -> IpAddr {
        self.0
    }

    /// Where to connect to. No zone and no flow label: both could only come from the one who chose the address.
    #[must_use]
    pub fn socket(self, port: u16) -> SocketAddr {
        SocketAddr::new(self.0, port)
    }
}

impl fmt::Display for VettedAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An address that may not be connected to.
///
/// The sentence names the range and not the address: it is shown to the one who chose the name, who must not
/// learn from it what a name means inside our network. [`Forbidden::address`] is for the operator's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the address may not be connected to: it is {range}")]
pub struct Forbidden {
    address: IpAddr,
    range: Range,
}

impl Forbidden {
    /// The address as it was given.
    #[must_use]
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// The range that the address is in.
    #[must_use]
    pub fn range(&self) -> Range {
        self.range
    }

    /// The stable code of this refusal.
    #[must_use]
    pub fn code(&self) -> &'static str {
        FORBIDDEN_ADDRESS
    }
}
