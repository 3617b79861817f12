//! Names and what they resolve to.

use std::net::IpAddr;

use clankdin_outbound::{AddressPolicy, CheckError, Outbound, OutboundSettings, Range, SendError};

use crate::servers::{Receiver, name_server, silent_name_server};
use crate::{anywhere, hasty, post, post_to, settings};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

/// Plain http to public addresses: what lets a test on loopback see that loopback is refused.
fn public_only() -> AddressPolicy {
    AddressPolicy { allow_insecure: true, ..AddressPolicy::default() }
}

async fn settings_with(policy: AddressPolicy, answers: &[&[&str]]) -> OutboundSettings {
    let parse = |ips: &&[&str]| ips.iter().map(|ip| ip.parse::<IpAddr>().unwrap()).collect();
    let server = name_server(answers.iter().map(parse).collect()).await;
    OutboundSettings { dns_servers: vec![server], ..settings(policy) }
}

fn url(host: &str, receiver: &Receiver) -> String {
    format!("http://{host}:{}/hook", receiver.address.port())
}

fn blocked(result: Result<clankdin_outbound::Answer, SendError>) -> Range {
    match result {
        Err(SendError::Blocked(forbidden)) => forbidden.range(),
        other => panic!("expected a blocked address, got {other:?}"),
    }
}

#[actix_rt::test]
async fn a_name_is_resolved_by_the_given_servers_and_stays_in_the_host_header() {
    let receiver = Receiver::answering(OK).await;
    let settings = settings_with(anywhere(), &[&["127.0.0.1"]]).await;
    let answer = post(settings, &url("hooks.agent.example", &receiver)).await.unwrap();
    assert_eq!(answer.status, 200);
    let host = format!("host: hooks.agent.example:{}\r\n", receiver.address.port());
    assert!(receiver.requests()[0].contains(&host), "{:?}", receiver.requests());
}

#[actix_rt::test]
async fn a_name_that_resolves_to_loopback_is_blocked_and_nobody_is_connected_to() {
    let receiver = Receiver::answering(OK).await;
    let settings = settings_with(public_only(), &[&["127.0.0.1"]]).await;
    assert_eq!(blocked(post(settings, &url("hooks.agent.example", &receiver)).await), Range::Loopback);
    assert_eq!(receiver.connections(), 0);
}

#[actix_rt::test]
async fn a_name_that_gives_a_public_address_and_then_loopback_is_blocked_at_the_try() {
    let receiver = Receiver::answering(OK).await;
    let settings = settings_with(public_only(), &[&["8.8.8.8"], &["127.0.0.1"]]).await;
    let outbound = Outbound::new(settings).unwrap();
    let target = outbound.parse(&url("rebinding.agent.example", &receiver)).unwrap();
    let vetted = outbound.check(&target).await.unwrap();
    assert_eq!(vetted.iter().map(|address| address.ip().to_string()).collect::<Vec<_>>(), ["8.8.8.8"]);
    assert_eq!(blocked(post_to(&outbound, &target).await), Range::Loopback);
    assert_eq!(receiver.connections(), 0);
}

#[actix_rt::test]
async fn one_forbidden_address_among_public_ones_forbids_the_name() {
    let mixtures: &[(&[&str], Range)] = &[
        (&["8.8.8.8", "127.0.0.1"], Range::Loopback),
        (&["127.0.0.1", "8.8.8.8"], Range::Loopback),
        (&["8.8.8.8", "::1"], Range::Loopback),
        (&["2606:4700::1111", "10.0.0.1"], Range::Private),
        (&["8.8.8.8", "::ffff:169.254.169.254"], Range::LinkLocal),
    ];
    for &(addresses, range) in mixtures {
        let receiver = Receiver::answering(OK).await;
        let outbound = Outbound::new(settings_with(public_only(), &[addresses]).await).unwrap();
        let target = outbound.parse(&url("hooks.agent.example", &receiver)).unwrap();
        match outbound.check(&target).await {
            Err(CheckError::Forbidden(forbidden)) => assert_eq!(forbidden.range(), range, "{addresses:?}"),
            other => panic!("{addresses:?}: {other:?}"),
        }
        assert_eq!(blocked(post_to(&outbound, &target).await), range, "{addresses:?}");
        assert_eq!(receiver.connections(), 0);
    }
}

#[actix_rt::test]
async fn a_check_gives_all_addresses_of_a_name_each_once() {
    let settings = settings_with(public_only(), &[&["8.8.8.8", "8.8.4.4", "2606:4700::1111"]]).await;
    let outbound = Outbound::new(settings).unwrap();
    let target = outbound.parse("https://hooks.agent.example/").unwrap();
    let vetted = outbound.check(&target).await.unwrap();
    let addresses: Vec<String> = vetted.iter().map(ToString::to_string).collect();
    assert_eq!(addresses, ["8.8.8.8", "8.8.4.4", "2606:4700::1111"], "IPv4 first");
}

#[actix_rt::test]
async fn a_name_without_addresses_is_unresolvable_and_not_forbidden() {
    let outbound = Outbound::new(settings_with(anywhere(), &[&[]]).await).unwrap();
    let target = outbound.parse("http://nothing.agent.example/").unwrap();
    let error = outbound.check(&target).await.unwrap_err();
    assert!(matches!(error, CheckError::Unresolvable { .. }), "{error:?}");
    assert_eq!(post_to(&outbound, &target).await.unwrap_err().class(), "dns");
}

#[actix_rt::test]
async fn a_name_server_that_never_answers_is_given_up_in_time() {
    let settings = OutboundSettings { dns_servers: vec![silent_name_server().await], ..hasty() };
    let outbound = Outbound::new(settings).unwrap();
    let target = outbound.parse("http://slow.agent.example/").unwrap();
    let error = outbound.check(&target).await.unwrap_err();
    assert!(matches!(error, CheckError::Unresolvable { .. }), "{error:?}");
    assert_eq!(post_to(&outbound, &target).await.unwrap_err().class(), "dns");
}

#[actix_rt::test]
async fn a_url_read_under_a_laxer_policy_is_still_blocked_at_the_connection() {
    let receiver = Receiver::answering(OK).await;
    let lax = Outbound::new(settings(anywhere())).unwrap();
    let strict = Outbound::new(settings(public_only())).unwrap();
    for host in ["127.0.0.1", "2130706433", "0x7f.1", "127.1", "[::ffff:127.0.0.1]"] {
        let target = lax.parse(&url(host, &receiver)).unwrap();
        assert_eq!(blocked(post_to(&strict, &target).await), Range::Loopback, "{host}");
    }
    assert_eq!(receiver.connections(), 0);
}

#[actix_rt::test]
async fn the_operators_list_holds_where_private_addresses_are_allowed() {
    let receiver = Receiver::answering(OK).await;
    let lax = Outbound::new(settings(anywhere())).unwrap();
    let target = lax.parse(&receiver.url()).unwrap();
    let denied = vec!["127.0.0.0/8".parse().unwrap()];
    let strict = Outbound::new(settings(AddressPolicy { denied, ..anywhere() })).unwrap();
    assert_eq!(blocked(post_to(&strict, &target).await), Range::DeniedByOperator);
}

#[actix_rt::test]
async fn in_development_localhost_is_reached_and_asks_no_name_server() {
    let receiver = Receiver::answering(OK).await;
    let settings = settings(AddressPolicy::for_development());
    assert_eq!(post(settings, &url("localhost", &receiver)).await.unwrap().status, 200);
}

#[actix_rt::test]
async fn the_next_address_is_tried_where_the_first_takes_no_connection() {
    let receiver = Receiver::answering(OK).await;
    let settings = settings_with(anywhere(), &[&["127.0.0.2", "127.0.0.1"]]).await;
    assert_eq!(post(settings, &url("hooks.agent.example", &receiver)).await.unwrap().status, 200);
}

#[actix_rt::test]
async fn the_operators_own_door_leads_where_an_agent_can_not_aim() {
    let receiver = Receiver::answering(OK).await;
    let denied = vec!["127.0.0.0/8".parse().unwrap()];
    let outbound = Outbound::new(settings(AddressPolicy { denied, ..public_only() })).unwrap();
    assert!(outbound.parse(&receiver.url()).is_err());
    let own = outbound.for_operator();
    let target = own.parse(&receiver.url()).unwrap();
    assert_eq!(own.client().get(&target, Vec::new(), 10).await.unwrap().status, 200);
    assert_eq!(blocked(outbound.client().get(&target, Vec::new(), 10).await), Range::DeniedByOperator);
}

#[actix_rt::test]
async fn a_name_without_text_records_has_none_and_says_so() {
    let outbound = Outbound::new(settings_with(anywhere(), &[&[]]).await).unwrap();
    let error = outbound.text_records("_clankdin.agent.example").await.unwrap_err();
    assert!(error.to_string().contains("TXT records"), "{error}");
    let settings = OutboundSettings { dns_servers: vec![silent_name_server().await], ..hasty() };
    assert!(Outbound::new(settings).unwrap().text_records("_clankdin.agent.example").await.is_err());
}
