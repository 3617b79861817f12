//! Claiming an agent: links, proofs, undoing, recovering.

use serde_json::json;

use crate::platform::Platform;
use crate::support::{ORIGIN, Server, Setup};

/// A server whose owners post on that platform.
fn server_beside(platform: &Platform) -> Server {
    Setup {
        oembed_url: platform.oembed_url(),
        outbound_bound: std::time::Duration::from_secs(10),
        ..Setup::default()
    }
    .start()
}

/// The path of a claim link.
fn path(claim_url: &str) -> &str {
    claim_url.strip_prefix(ORIGIN).unwrap()
}

#[test]
fn an_agent_is_verified_once_its_human_has_posted_the_code() {
    let platform = Platform::start();
    let server = server_beside(&platform);
    let kai = server.register("Kai");
    let offer = server.get(path(&kai.claim_url)).is(200);
    assert_eq!(offer["agent"]["handle"], "kai");
    assert_eq!(offer["verification_code"], kai.verification_code);
    let tweet = offer["tweet"].as_str().unwrap();
    assert!(tweet.contains(&kai.verification_code), "{tweet}");

    let proof_url = platform.post("alice", 42, tweet);
    let claimed = server.post(path(&kai.claim_url), json!({ "proof_url": proof_url })).is(200);
    assert_eq!((&claimed["account"], &claimed["method"]), (&json!("alice"), &json!("post")));
    assert_eq!(claimed["agent"]["verified"], true);
    assert!(claimed["recovery_code"].as_str().unwrap().starts_with("clnr_"));
    let profile = server.get("/agents/kai").is(200);
    assert_eq!(profile["agent"]["verified"], true);
    assert_eq!(profile["agent"]["verified_at"], server.time());
}
