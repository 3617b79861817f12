//! Proofs, against real servers on loopback: what the platform and domains can answer.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "what goes wrong in a test or in its servers fails the test"
)]

mod domains;
mod names;
mod posts;
mod servers;

use std::net::SocketAddr;
use std::time::Duration;

use clankdin_claim_proofs::Proofs;
use clankdin_domain::claim::{Account, Proof, ProofFault, ProofReader as _};
use clankdin_domain::secret::VerificationCode;
use clankdin_outbound::{AddressPolicy, Outbound, OutboundSettings, Timeouts};

const CODE: &str = "swift-A3B2";

/// Settings of the public internet alone, that ask nobody for names.
fn public() -> OutboundSettings {
    let nobody = "127.0.0.1:1".parse().unwrap();
    let timeouts = Timeouts { connect: Duration::from_secs(30), total: Duration::from_secs(30) };
    OutboundSettings { dns_servers: vec![nobody], timeouts, ..OutboundSettings::default() }
}

/// Settings under which domains on loopback can be reached.
fn anywhere(name_server: SocketAddr) -> OutboundSettings {
    let policy = AddressPolicy { allow_private: true, ..AddressPolicy::default() };
    OutboundSettings { policy, dns_servers: vec![name_server], ..public() }
}

/// The same, for the tests in which the time runs out.
fn hasty(settings: OutboundSettings) -> OutboundSettings {
    let timeouts = Timeouts { connect: Duration::from_millis(200), total: Duration::from_millis(300) };
    OutboundSettings { timeouts, ..settings }
}

async fn read(settings: OutboundSettings, oembed_url: &str, proof: &Proof) -> Result<Account, ProofFault> {
    let proofs = Proofs::new(Outbound::new(settings).unwrap(), oembed_url).unwrap();
    proofs.read(proof, &VerificationCode::parse(CODE).unwrap()).await
}

/// What a proof that fails is said to have found; it names the code that was looked for.
#[track_caller]
fn found(read: Result<Account, ProofFault>) -> String {
    match read {
        Err(ProofFault::Failed { sought, found }) => {
            assert!(sought.contains(CODE), "{sought}");
            found
        }
        other => panic!("expected a proof that fails, got {other:?}"),
    }
}

#[track_caller]
fn forbidden(read: Result<Account, ProofFault>) -> String {
    match read {
        Err(ProofFault::Forbidden(why)) => why,
        other => panic!("expected a forbidden place, got {other:?}"),
    }
}
