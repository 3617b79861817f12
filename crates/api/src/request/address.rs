//! Who is at the other end of the line.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use actix_web::HttpRequest;
use actix_web::http::header;
use ipnet::IpNet;

/// The client's address: the peer's, or, behind proxies that the operator trusts, the last one in
/// `X-Forwarded-For` that is none of theirs.
pub(crate) fn client_ip(request: &HttpRequest, trusted_proxies: &[IpNet]) -> IpAddr {
    let peer = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
    let lists = request.headers().get_all(header::X_FORWARDED_FOR).filter_map(|value| value.to_str().ok());
    let hops: Vec<&str> = lists.flat_map(|list| list.split(',')).map(str::trim).collect();
    last_untrusted(peer.to_canonical(), &hops, trusted_proxies)
}

fn last_untrusted(peer: IpAddr, hops: &[&str], trusted_proxies: &[IpNet]) -> IpAddr {
    let is_trusted = |ip: IpAddr| trusted_proxies.iter().any(|network| network.contains(&ip));
    let mut client = peer;
    for hop in hops.iter().rev() {
        if !is_trusted(client) {
            break;
        }
        let Some(ip) = address_of(hop) else { break };
        client = ip.to_canonical();
    }
    client
}

/// The address in a hop, which some proxies tell with its port, and IPv6 in brackets.
fn address_of(hop: &str) -> Option<IpAddr> {
    let bare = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(hop);
    let with_port = || hop.parse::<SocketAddr>().map(|address| address.ip());
    bare.parse().or_else(|_| with_port()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, hops: &[&str]) -> String {
        let trusted = ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        last_untrusted(peer.parse().unwrap(), hops, &trusted).to_string()
    }

    #[test]
    fn a_stranger_can_not_forge_where_it_comes_from() {
        assert_eq!(seen("198.51.100.7", &["203.0.113.9"]), "198.51.100.7");
    }

    #[test]
    fn behind_trusted_proxies_the_last_stranger_counts() {
        assert_eq!(seen("10.0.0.1", &["1.1.1.1", "203.0.113.9", "10.0.0.2"]), "203.0.113.9");
        assert_eq!(seen("10.0.0.1", &["2001:db8::1"]), "2001:db8::1");
    }

    #[test]
    fn a_hop_may_come_with_its_port() {
        assert_eq!(seen("10.0.0.1", &["203.0.113.9:5678"]), "203.0.113.9");
        assert_eq!(seen("10.0.0.1", &["[2001:db8::1]:443"]), "2001:db8::1");
        assert_eq!(seen("10.0.0.1", &["[2001:db8::1]"]), "2001:db8::1");
    }

    #[test]
    fn what_is_no_address_ends_the_search() {
        assert_eq!(seen("10.0.0.1", &["203.0.113.9", "unknown"]), "10.0.0.1");
        assert_eq!(seen("10.0.0.1", &[]), "10.0.0.1");
    }
}
