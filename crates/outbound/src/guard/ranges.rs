//! The special ranges of IPv4 and IPv6, as data.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

/// Why an address is not part of the public internet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Range {
    /// `0.0.0.0/8` and `::`.
    Unspecified,
    /// `10.0.0.0/8`, `172.16.0.0/12`, `192.168.0.0/16`, `fc00::/7`.
    Private,
    /// `100.64.0.0/10`.
    CarrierGradeNat,
    /// `127.0.0.0/8` and `::1`.
    Loopback,
    /// `169.254.0.0/16`, where clouds keep their metadata, and `fe80::/10`.
    LinkLocal,
    /// A public address that a cloud answers its own guests on.
    CloudMetadata,
    /// `192.0.0.0/24` and `2001::/23`, which holds Teredo.
    ProtocolAssignment,
    /// Ranges that stand in manuals.
    Documentation,
    /// `192.88.99.0/24` and `2002::/16`.
    SixToFour,
    /// `198.18.0.0/15`.
    Benchmark,
    /// `224.0.0.0/4` and `ff00::/8`.
    Multicast,
    /// `240.0.0.0/4`, with the broadcast address.
    Reserved,
    /// IPv6 outside of `2000::/3`: IPv4-compatible, locally translated, and what was never given out.
    NotGlobal,
    /// The operator's own list.
    DeniedByOperator,
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unspecified => "unspecified",
            Self::Private => "in a private network",
            Self::CarrierGradeNat => "behind a carrier-grade NAT",
            Self::Loopback => "a loopback address",
            Self::LinkLocal => "link-local, where cloud metadata is served",
            Self::CloudMetadata => "a cloud's metadata service",
            Self::ProtocolAssignment => "kept for protocols",
            Self::Documentation => "kept for documentation",
            Self::SixToFour => "a 6to4 address",
            Self::Benchmark => "kept for benchmarks",
            Self::Multicast => "a multicast address",
            Self::Reserved => "reserved",
            Self::NotGlobal => "not a global unicast address",
            Self::DeniedByOperator => "denied by the operator",
        })
    }
}

const fn v4(a: u8, b: u8, c: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, 0), prefix)
}

const fn v6(a: u16, b: u16, prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, 0, 0, 0, 0, 0, 0), prefix)
}

const V4: &[(Ipv4Net, Range)] = &[
    (v4(0, 0, 0, 8), Range::Unspecified),
    (v4(10, 0, 0, 8), Range::Private),
    (v4(100, 64, 0, 10), Range::CarrierGradeNat),
    (v4(127, 0, 0, 8), Range::Loopback),
    (Ipv4Net::new_assert(Ipv4Addr::new(168, 63, 129, 16), 32), Range::CloudMetadata),
    (v4(169, 254, 0, 16), Range::LinkLocal),
    (v4(172, 16, 0, 12), Range::Private),
    (v4(192, 0, 0, 24), Range::ProtocolAssignment),
    (v4(192, 0, 2, 24), Range::Documentation),
    (v4(192, 88, 99, 24), Range::SixToFour),
    (v4(192, 168, 0, 16), Range::Private),
    (v4(198, 18, 0, 15), Range::Benchmark),
    (v4(198, 51, 100, 24), Range::Documentation),
    (v4(203, 0, 113, 24), Range::Documentation),
    (v4(224, 0, 0, 4), Range::Multicast),
    (v4(240, 0, 0, 4), Range::Reserved),
];

/// Only here so that a refusal names the range: all of it is outside of [`GLOBAL`] anyway.
const V6_OUTSIDE: &[(Ipv6Net, Range)] = &[
    (Ipv6Net::new_assert(Ipv6Addr::UNSPECIFIED, 128), Range::Unspecified),
    (Ipv6Net::new_assert(Ipv6Addr::LOCALHOST, 128), Range::Loopback),
    (v6(0xfc00, 0, 7), Range::Private),
    (v6(0xfe80, 0, 10), Range::LinkLocal),
    (v6(0xff00, 0, 8), Range::Multicast),
];

const V6_INSIDE: &[(Ipv6Net, Range)] = &[
    (v6(0x2001, 0, 23), Range::ProtocolAssignment),
    (v6(0x2001, 0xdb8, 32), Range::Documentation),
    (v6(0x2002, 0, 16), Range::SixToFour),
    (v6(0x3fff, 0, 20), Range::Documentation),
];

const GLOBAL: Ipv6Net = v6(0x2000, 0, 3);
const NAT64: Ipv6Net = v6(0x64, 0xff9b, 96);

/// The special range that a canonical address is in, or `None` for the public internet.
pub(super) fn special_range(address: IpAddr) -> Option<Range> {
    match address {
        IpAddr::V4(address) => V4.iter().find(|(net, _)| net.contains(&address)).map(|&(_, range)| range),
        IpAddr::V6(v6) => match translated(address) {
            Some(within) => special_range(within),
            None => special_v6_range(v6),
        },
    }
}

fn special_v6_range(address: Ipv6Addr) -> Option<Range> {
    let named = if GLOBAL.contains(&address) { V6_INSIDE } else { V6_OUTSIDE };
    match named.iter().find(|(net, _)| net.contains(&address)) {
        Some(&(_, range)) => Some(range),
        None if GLOBAL.contains(&address) => None,
        None => Some(Range::NotGlobal),
    }
}

/// The IPv4 address that a NAT64 gateway would make of this one. Only the well-known prefix is looked into: in
/// `64:ff9b:1::/48` each network chooses for itself where the IPv4 address stands, so that range stays refused.
pub(super) fn translated(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V6(address) if NAT64.contains(&address) => {
            let [.., a, b, c, d] = address.octets();
            Some(IpAddr::V4(Ipv4Addr::new(a, b, c, d)))
        }
        _ => None,
    }
}
