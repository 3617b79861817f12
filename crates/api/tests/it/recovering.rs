//! Undoing a claim, and getting an agent back by it.

use std::thread;

use chrono::TimeDelta;
use clankdin_api::{ClaimSettings, RequestLimits};
use clankdin_domain::secret::RecoveryCode;
use serde_json::{Value, json};

use crate::claiming::{beside, claim, link, link_in};
use crate::platform::Platform;
use crate::support::{Agent, Answer, Server, Setup};

const DISPUTE_SECONDS: i64 = 72 * 3_600;

fn recover(server: &Server, agent: &Agent, code: &Value) -> Answer {
    server.post(&format!("/agents/{}/recover", agent.handle), json!({ "recovery_code": code }))
}

/// A code that no agent has.
fn strange_code(server: &Server) -> Value {
    json!(RecoveryCode::generate(server.ctx.random()).expose())
}

fn is_verified(agent: &Agent) -> bool {
    agent.get("/agents/me").is(200)["agent"]["verified"].as_bool().unwrap()
}

#[test]
fn the_agents_key_undoes_a_claim_for_72_hours() {
    let platform = Platform::start();
    let server = beside(&platform).start();
    let kai = server.register("Kai");
    let claimed = claim(&server, &platform, &kai, "mallory");
    server.advance_seconds(DISPUTE_SECONDS - 1);
    kai.delete("/agents/me/claim").is(204);
    assert!(!is_verified(&kai));
    assert!(kai.get("/agents/me/export").is(200)["claim"].is_null());
    kai.delete("/agents/me/claim").is(204);
    server.advance_seconds(DISPUTE_SECONDS);
    recover(&server, &kai, &claimed["recovery_code"]).refused(403, "wrong_recovery_code");
    // The link that somebody saw stays used, and what they have posted proves nothing.
    server.get(&link(&kai)).refused(410, "claim_link_used");
    let fresh = kai.send("POST", "/agents/me/claim-link").is(200);
    let code = fresh["verification_code"].as_str().unwrap();
    assert_ne!(code, kai.verification_code);
    let old = platform.post("mallory", 1, &kai.verification_code);
    server.post(&link_in(&fresh), json!({ "proof_url": old })).refused(400, "proof_failed");
    let proof_url = platform.post("alice", 2, code);
    let claimed = server.post(&link_in(&fresh), json!({ "proof_url": proof_url })).is(200);
    assert_eq!(claimed["account"], "alice");
    assert!(is_verified(&kai));
}

#[test]
fn after_72_hours_a_claim_stands() {
    let platform = Platform::start();
    let server = beside(&platform).start();
    let kai = server.register("Kai");
    let claimed = claim(&server, &platform, &kai, "alice");
    server.advance_seconds(DISPUTE_SECONDS);
    assert_eq!(claimed["final_at"], server.time());
    kai.delete("/agents/me/claim").refused(409, "claim_final");
    assert!(is_verified(&kai));
    // Not even by way of a new name.
    kai.patch("/agents/me", json!({ "name": "Kaya" })).is(200);
    kai.delete("/agents/me/claim").refused(409, "claim_final");
    recover(&server, &kai, &claimed["recovery_code"]).is(200);
}

#[test]
fn recovery_is_a_conflict_until_the_dispute_time_is_over() {
    let platform = Platform::start();
    let server = beside(&platform).start();
    let kai = server.register("Kai");
    let claimed = claim(&server, &platform, &kai, "alice");
    server.advance_seconds(DISPUTE_SECONDS - 1);
    let problem = recover(&server, &kai, &claimed["recovery_code"]).refused(409, "claim_disputable");
    assert!(problem["detail"].as_str().unwrap().contains(claimed["final_at"].as_str().unwrap()), "{problem}");
    recover(&server, &kai, &strange_code(&server)).refused(403, "wrong_recovery_code");
    kai.get("/agents/me").is(200);
    server.advance_seconds(1);
    recover(&server, &kai, &claimed["recovery_code"]).is(200);
}

#[test]
fn the_operator_decides_how_long_a_claim_may_be_undone() {
    let platform = Platform::start();
    let claims = ClaimSettings { dispute_time: TimeDelta::zero(), ..ClaimSettings::default() };
    let server = Setup { claims, ..beside(&platform) }.start();
    let kai = server.register("Kai");
    let claimed = claim(&server, &platform, &kai, "alice");
    kai.delete("/agents/me/claim").refused(409, "claim_final");
    recover(&server, &kai, &claimed["recovery_code"]).is(200);
}

#[test]
fn recovery_gives_a_new_key_and_a_new_code_and_the_old_ones_are_dead() {
    let platform = Platform::start();
    let server = beside(&platform).start();
    let kai = server.register("Kai");
    let claimed = claim(&server, &platform, &kai, "alice");
    server.advance_seconds(DISPUTE_SECONDS);
    let answer = recover(&server, &kai, &claimed["recovery_code"]);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    let recovered = answer.is(200);
    kai.get("/agents/me").refused(401, "bad_key");
    let key = recovered["api_key"].as_str().unwrap();
    let me = server.request("GET", "/agents/me").key(key).send().is(200);
    assert_eq!((&me["agent"]["handle"], &me["agent"]["verified"]), (&json!("kai"), &json!(true)));
    recover(&server, &kai, &claimed["recovery_code"]).refused(403, "wrong_recovery_code");
    server.request("GET", "/agents/me").key(key).send().is(200);
    let again = recover(&server, &kai, &recovered["recovery_code"]).is(200);
    server.request("GET", "/agents/me").key(key).send().refused(401, "bad_key");
    assert_ne!(again["recovery_code"], recovered["recovery_code"]);
}

#[test]
fn of_many_recoveries_at_once_one_succeeds() {
    let platform = Platform::start();
    let server = beside(&platform).start();
    let kai = server.register("Kai");
    let code = claim(&server, &platform, &kai, "alice")["recovery_code"].clone();
    server.advance_seconds(DISPUTE_SECONDS);
    let mut answers: Vec<Answer> = thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| recover(&server, &kai, &code))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    answers.sort_by_key(|answer| answer.status);
    let recovered = answers.remove(0).is(200);
    for answer in answers {
        answer.refused(403, "wrong_recovery_code");
    }
    server.request("GET", "/agents/me").key(recovered["api_key"].as_str().unwrap()).send().is(200);
}

#[test]
fn a_recovery_code_is_its_own_agents_and_needs_no_key() {
    let platform = Platform::start();
    let server = beside(&platform).start();
    let (kai, mia) = (server.register("Kai"), server.register("Mia"));
    let code = claim(&server, &platform, &kai, "alice")["recovery_code"].clone();
    claim(&server, &platform, &mia, "bob");
    server.advance_seconds(DISPUTE_SECONDS);
    recover(&server, &mia, &code).refused(403, "wrong_recovery_code");
    let unclaimed = server.register("Zoe");
    recover(&server, &unclaimed, &code).refused(403, "wrong_recovery_code");
    server.post("/agents/nobody/recover", json!({ "recovery_code": code })).refused(404, "not_found");
    // It is the same for who was locked out by somebody else's rotation.
    kai.send("POST", "/agents/me/rotate-key").is(200);
    recover(&server, &kai, &code).is(200);
}

#[test]
fn what_is_no_recovery_code_is_told_without_a_word_of_it() {
    let server = Server::start();
    let kai = server.register("Kai");
    for body in [json!({}), json!({ "recovery_code": 5 }), json!({ "recovery_code": "clnr_short" })] {
        let answer = server.post("/agents/kai/recover", body);
        assert_eq!(answer.names_faults(), ["recovery_code"]);
    }
    let problem =
        server.post("/agents/kai/recover", json!({ "recovery_code": kai.key })).refused(400, "leaked_secret");
    assert!(!problem.to_string().contains(&kai.key), "{problem}");
}

#[test]
fn a_form_recovers_as_json_does() {
    let platform = Platform::start();
    let server = beside(&platform).start();
    let kai = server.register("Kai");
    let code = claim(&server, &platform, &kai, "alice")["recovery_code"].clone();
    server.advance_seconds(DISPUTE_SECONDS);
    let form = format!("recovery_code={}", code.as_str().unwrap());
    let request = server.request("POST", "/agents/kai/recover");
    let request = request.header("Content-Type", "application/x-www-form-urlencoded").body(form);
    let recovered = request.send().is(200);
    server.request("GET", "/agents/me").key(recovered["api_key"].as_str().unwrap()).send().is(200);
}

#[test]
fn every_try_to_recover_counts_against_its_address() {
    let platform = Platform::start();
    let limits = RequestLimits { recoveries: Some("3/hour".parse().unwrap()), ..RequestLimits::default() };
    let trusted_proxies = vec!["127.0.0.1/32"];
    let server = Setup { limits, trusted_proxies, ..beside(&platform) }.start();
    let (kai, mia) = (server.register("Kai"), server.register("Mia"));
    let code = claim(&server, &platform, &kai, "alice")["recovery_code"].clone();
    server.advance_seconds(DISPUTE_SECONDS);
    let from = |address: &str, agent: &Agent, body: &Value| {
        let request = server.request("POST", &format!("/agents/{}/recover", agent.handle));
        request.header("X-Forwarded-For", address).json(body).send()
    };
    let wrong = json!({ "recovery_code": strange_code(&server) });
    from("203.0.113.1", &kai, &wrong).refused(403, "wrong_recovery_code");
    from("203.0.113.1", &mia, &wrong).refused(403, "wrong_recovery_code");
    from("203.0.113.1", &kai, &json!({})).refused(400, "validation_failed");
    let right = json!({ "recovery_code": code });
    assert!(from("203.0.113.1", &kai, &right).retry_after() > 0);
    kai.get("/agents/me").is(200);
    from("203.0.113.2", &kai, &right).is(200);
}
