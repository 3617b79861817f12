//! The guard, asked past [`TargetUrl`]: nothing but the guard itself stands between these URIs and loopback.

use std::net::{SocketAddr, TcpListener};

use awc::error::SendRequestError;

use super::SendError;
use crate::{AddressPolicy, Client, Outbound, OutboundSettings, Range};

fn client() -> Client {
    let nobody = "127.0.0.1:1".parse().unwrap();
    let policy = AddressPolicy { allow_insecure: true, ..AddressPolicy::default() };
    let settings = OutboundSettings { policy, dns_servers: vec![nobody], ..OutboundSettings::default() };
    Outbound::new(settings).unwrap().client()
}

/// Somebody who listens on loopback and must never be connected to.
fn victim() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

fn assert_blocked(result: Result<impl Sized, SendRequestError>, victim: &TcpListener, what: &str) {
    match result.map(drop).map_err(SendError::from) {
        Err(SendError::Blocked(forbidden)) => assert_eq!(forbidden.range(), Range::Loopback, "{what}"),
        other => panic!("{what}: {other:?}"),
    }
    assert_eq!(victim.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock, "{what}");
}

#[actix_rt::test]
async fn an_address_written_in_the_uri_is_blocked_in_every_notation() {
    let (listener, address) = victim();
    for host in ["127.0.0.1", "2130706433", "0x7f.1", "127.1", "0177.0.0.1", "[::1]", "[::ffff:127.0.0.1]"] {
        for scheme in ["http", "https"] {
            let uri = format!("{scheme}://{host}:{}/", address.port());
            assert_blocked(client().closing.post(&uri).send().await, &listener, &uri);
        }
    }
}

#[actix_rt::test]
async fn an_address_that_was_set_beforehand_is_blocked() {
    let (listener, address) = victim();
    let request = client().closing.post("http://hooks.agent.example/").address(address);
    assert_blocked(request.send().await, &listener, "a preset address");
}

#[actix_rt::test]
async fn localhost_is_blocked_however_it_is_resolved() {
    let (listener, address) = victim();
    let uri = format!("http://localhost:{}/", address.port());
    assert_blocked(client().keeping.post(&uri).send().await, &listener, &uri);
}
