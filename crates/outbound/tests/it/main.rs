//! The door, against real servers on loopback: what receivers, name servers, and certificates can do to us.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "what goes wrong in a test or in its servers fails the test"
)]

mod addresses;
mod certificates;
mod connections;
mod receivers;
mod servers;

use std::time::Duration;

use clankdin_outbound::{
    AddressPolicy, Answer, Bytes, Outbound, OutboundSettings, SendError, TargetUrl, Timeouts,
};

/// A policy under which receivers on loopback can be reached, over plain http too.
fn anywhere() -> AddressPolicy {
    AddressPolicy { allow_insecure: true, allow_private: true, ..AddressPolicy::default() }
}

/// Settings that ask no name server, but for those that a test adds.
fn settings(policy: AddressPolicy) -> OutboundSettings {
    let nobody = "127.0.0.1:1".parse().unwrap();
    OutboundSettings { policy, dns_servers: vec![nobody], ..OutboundSettings::default() }
}

/// Settings for the tests in which the time runs out.
fn hasty() -> OutboundSettings {
    let timeouts = Timeouts { connect: Duration::from_millis(100), total: Duration::from_millis(200) };
    OutboundSettings { timeouts, ..settings(anywhere()) }
}

async fn post_to(outbound: &Outbound, target: &TargetUrl) -> Result<Answer, SendError> {
    outbound.client().post(target, Vec::new(), Bytes::from_static(b"{}")).await
}

async fn post(settings: OutboundSettings, url: &str) -> Result<Answer, SendError> {
    let outbound = Outbound::new(settings).unwrap();
    let target = outbound.parse(url).unwrap();
    post_to(&outbound, &target).await
}
