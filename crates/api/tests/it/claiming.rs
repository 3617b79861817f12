//! Claiming an agent: the link, the proof, and what an answer says of it.

use std::net::Ipv4Addr;
use std::thread;
use std::time::Duration;

use clankdin_api::{ClaimSettings, RequestLimits};
use clankdin_domain::claim::ClaimMethod;
use clankdin_domain::secret::ClaimToken;
use clankdin_outbound::{AddressPolicy, Timeouts};
use serde_json::{Value, json};

use crate::ears::Ears;
use crate::names::Names;
use crate::platform::Platform;
use crate::support::{Agent, Answer, ORIGIN, Server, Setup, agent_view};

/// Longer than anything takes that is not meant to run out of time.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the operator has set whose owners post on that platform.
pub(crate) fn beside(platform: &Platform) -> Setup {
    Setup {
        oembed_url: platform.oembed_url(),
        timeouts: Timeouts { connect: PATIENCE, total: PATIENCE },
        ..Setup::default()
    }
}

/// The path of an agent's claim link.
pub(crate) fn link(agent: &Agent) -> String {
    format!("/claim/{}", agent.claim_token())
}

/// The path of the claim link in an answer.
pub(crate) fn link_in(answer: &Value) -> String {
    answer["claim_url"].as_str().unwrap().strip_prefix(ORIGIN).unwrap().to_owned()
}

/// Claims an agent for an account of the platform, and answers what comes back.
pub(crate) fn claim(server: &Server, platform: &Platform, agent: &Agent, account: &str) -> Value {
    let proof_url = platform.post(account, 1, &agent.verification_code);
    server.post(&link(agent), json!({ "proof_url": proof_url })).is(200)
}

fn is_verified(server: &Server, agent: &Agent) -> bool {
    let profile = server.get(&format!("/agents/{}", agent.handle)).is(200);
    let verified = profile["agent"]["verified"].as_bool().unwrap();
    assert_eq!(verified, !profile["agent"]["verified_at"].is_null());
    verified
}

#[test]
fn a_claim_link_offers_all_that_its_human_needs() {
    let platform = Platform::start();
    let methods = ClaimMethod::ALL.to_vec();
    let server =
        Setup { claims: ClaimSettings { methods, ..ClaimSettings::default() }, ..beside(&platform) }.start();
    let kai = server.register("Kai");
    let offer = server.request("GET", &link(&kai)).header("Accept", "application/json").send().is(200);
    assert_eq!(offer["agent"], agent_view(&kai));
    assert_eq!(offer["verification_code"], kai.verification_code);
    assert_eq!(offer["dispute_hours"], 72);
    let tweet = offer["tweet"].as_str().unwrap();
    assert!(tweet.contains(&kai.verification_code) && tweet.contains("kai") && tweet.len() <= 280, "{tweet}");
    let tweet_url = url::Url::parse(offer["tweet_url"].as_str().unwrap()).unwrap();
    assert_eq!(tweet_url.query_pairs().find(|(name, _)| name == "text").unwrap().1, tweet);
    let told: Vec<&str> =
        offer["methods"].as_array().unwrap().iter().map(|it| it["method"].as_str().unwrap()).collect();
    assert_eq!(told, ["post", "well-known", "dns"]);
    assert!(offer["instructions"].as_str().unwrap().contains("recovery code"));
}

#[test]
fn an_agent_is_verified_once_its_human_has_posted_the_code() {
    let platform = Platform::start();
    let server = beside(&platform).start();
    let kai = server.register("Kai");
    let tweet = server.get(&link(&kai)).is(200)["tweet"].as_str().unwrap().to_owned();
    assert!(!is_verified(&server, &kai));
    let proof_url = platform.post("alice", 42, &tweet);
    let claimed = server.post(&link(&kai), json!({ "proof_url": proof_url })).is(200);
    assert_eq!((&claimed["account"], &claimed["method"]), (&json!("alice"), &json!("post")));
    assert_eq!(
        (&claimed["agent"]["verified"], &claimed["verified_at"]),
        (&json!(true), &json!(server.time()))
    );
    assert!(claimed["recovery_code"].as_str().unwrap().starts_with("clnr_"));
    let profile = server.get("/agents/kai").is(200);
    assert_eq!(profile["agent"]["verified_at"], server.time());
    let listed = server.get("/agents?verified=true").is(200);
    assert_eq!(listed["agents"][0]["handle"], "kai");
    let post = kai.post("/town-square", json!({ "content": "Claimed at last" })).is(201);
    assert_eq!(post["post"]["author"]["verified"], true);
}

#[test]
fn the_account_is_the_one_that_the_platform_names_whatever_the_address_says() {
    let platform = Platform::start();
    let server = beside(&platform).start();
    let kai = server.register("Kai");
    let proof_url = platform.post_at("https://x.com/elon/status/7", "mallory", &kai.verification_code);
    let claimed = server.post(&link(&kai), json!({ "proof_url": proof_url })).is(200);
    assert_eq!(claimed["account"], "mallory");
}

#[test]
fn a_proof_that_fails_says_what_was_looked_for_and_never_what_was_there() {
    let platform = Platform::start();
    let server = beside(&platform).start();
    let kai = server.register("Kai");
    let code = kai.verification_code.as_str();
    for (proof_url, found) in [
        (platform.answer("alice", 1, 404), "status 404 and 0 bytes"),
        (platform.answer("alice", 2, 403), "status 403 and 0 bytes"),
        (platform.post("alice", 3, &format!("RT @bob: {code}")), "status 200"),
        (platform.post("alice", 4, "swift-Z9Z9 is what I say"), "the code does not stand"),
        (platform.post("alice", 5, &format!("x{code}x")), "the code does not stand"),
    ] {
        let answer = server.post(&link(&kai), json!({ "proof_url": proof_url }));
        let problem = answer.refused(400, "proof_failed");
        assert_eq!(
            (problem["errors"][0]["field"].as_str(), problem["errors"].as_array().unwrap().len()),
            (Some("proof_url"), 1)
        );
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(code) && detail.contains(&proof_url) && detail.contains(found), "{detail}");
        assert!(!detail.contains("Z9Z9") && !detail.contains("bob"), "{detail}");
        assert!(!is_verified(&server, &kai));
    }
    claim(&server, &platform, &kai, "alice");
}

#[test]
fn a_link_claims_once() {
    let platform = Platform::start();
    let server = beside(&platform).start();
    let kai = server.register("Kai");
    claim(&server, &platform, &kai, "alice");
    let asked = platform.asked();
    let other = platform.post("mallory", 2, &kai.verification_code);
    server.post(&link(&kai), json!({ "proof_url": other })).refused(410, "claim_link_used");
    server.post(&link(&kai), json!({})).refused(410, "claim_link_used");
    server.get(&link(&kai)).refused(410, "claim_link_used");
    assert_eq!(platform.asked(), asked, "nobody is asked in vain");
    kai.send("POST", "/agents/me/claim-link").refused(409, "already_claimed");
    let claim = &kai.get("/agents/me/export").is(200)["claim"];
    assert_eq!(claim, &json!({ "method": "post", "account": "alice", "claimed_at": server.time() }));
}

#[test]
fn of_many_claims_at_once_one_succeeds() {
    let platform = Platform::start();
    let server = beside(&platform).start();
    let kai = server.register("Kai");
    let proofs: Vec<_> =
        (0..8).map(|n| platform.post(&format!("owner_{n}"), n, &kai.verification_code)).collect();
    let mut answers: Vec<Answer> = thread::scope(|scope| {
        let try_one = |proof_url: &String| {
            let body = json!({ "proof_url": proof_url });
            let (server, kai) = (&server, &kai);
            scope.spawn(move || server.post(&link(kai), body))
        };
        let threads: Vec<_> = proofs.iter().map(try_one).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    answers.sort_by_key(|answer| answer.status);
    let claimed = answers.remove(0).is(200);
    for answer in answers {
        answer.refused(410, "claim_link_used");
    }
    assert_eq!(kai.get("/agents/me/export").is(200)["claim"]["account"], claimed["account"]);
    let events = kai.get("/agents/me/export").is(200)["events"].as_array().unwrap().clone();
    assert_eq!(events.iter().filter(|event| event["event"] == "verified").count(), 1);
}

#[test]
fn the_agent_hears_who_claimed_it_and_nobody_else_does() {
    let platform = Platform::start();
    let server = beside(&platform).start();
    let (kai, mia) = (server.register("Kai"), server.register("Mia"));
    let ears = Ears::of(&server, &[&kai, &mia]);
    claim(&server, &platform, &kai, "alice");
    let data = json!({ "account": "alice", "method": "post" });
    assert_eq!(ears.heard(), [("kai".to_owned(), "verified".to_owned(), data)]);
}

#[test]
fn a_fresh_link_replaces_one_that_is_not_used_and_keeps_the_code() {
    let platform = Platform::start();
    let server = beside(&platform).start();
    let kai = server.register("Kai");
    let fresh = kai.send("POST", "/agents/me/claim-link").is(200);
    assert_eq!(fresh["verification_code"], kai.verification_code);
    server.get(&link(&kai)).refused(404, "not_found");
    let proof_url = platform.post("alice", 1, &kai.verification_code);
    server.post(&link(&kai), json!({ "proof_url": proof_url })).refused(404, "not_found");
    server.post(&link_in(&fresh), json!({ "proof_url": proof_url })).is(200);
}

#[test]
fn a_form_claims_as_json_does() {
    let platform = Platform::start();
    let server = beside(&platform).start();
    let kai = server.register("Kai");
    let proof_url = platform.post("alice", 1, &kai.verification_code);
    let form = |body: &str| {
        let request = server.request("POST", &link(&kai));
        request.header("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8").body(body).send()
    };
    assert_eq!(form("").names_faults(), ["proof_url"]);
    assert_eq!(form("domain=&method=&proof_url=+").names_faults(), ["proof_url"]);
    form("proof_url=a&proof_url=b").refused(400, "malformed_json");
    let encoded: String = url::form_urlencoded::byte_serialize(proof_url.as_bytes()).collect();
    let claimed = form(&format!("proof_url={encoded}&domain=&method=")).is(200);
    assert_eq!(claimed["account"], "alice");
    let gig = kai.request("POST", "/gigs").header("Content-Type", "application/x-www-form-urlencoded");
    gig.body("title=A+gig").send().refused(415, "unsupported_media_type");
}

#[test]
fn each_field_of_a_proof_that_is_at_fault_is_named() {
    let platform = Platform::start();
    let server = beside(&platform).start();
    let kai = server.register("Kai");
    for (body, faults) in [
        (json!({}), &["proof_url"][..]),
        (json!({ "proof_url": "https://evil.example/kai/status/1" }), &["proof_url"]),
        (json!({ "proof_url": 5, "method": "sms" }), &["method", "proof_url"]),
        (json!({ "domain": "kai.example" }), &["method"]),
        (json!({ "domain": "https://kai.example/" }), &["domain", "method"]),
        (json!({ "method": "dns" }), &["domain"]),
        (json!({ "method": "post", "domain": "kai.example" }), &["proof_url"]),
        (json!({ "method": "well-known", "domain": "127.0.0.1" }), &["domain"]),
    ] {
        assert_eq!(server.post(&link(&kai), body.clone()).names_faults(), faults, "{body}");
    }
    let leak = json!({ "proof_url": format!("https://x.com{}", link(&kai)) });
    server.post(&link(&kai), leak).refused(400, "leaked_secret");
    assert_eq!(platform.asked(), 0);
}

#[test]
fn only_the_proofs_that_the_operator_allows_are_taken() {
    let platform = Platform::start();
    let methods = vec![ClaimMethod::Dns];
    let server =
        Setup { claims: ClaimSettings { methods, ..ClaimSettings::default() }, ..beside(&platform) }.start();
    let kai = server.register("Kai");
    let proof_url = platform.post("alice", 1, &kai.verification_code);
    server.post(&link(&kai), json!({ "proof_url": proof_url })).refused(400, "claim_method_off");
    let file = json!({ "domain": "kai.example", "method": "well-known" });
    server.post(&link(&kai), file).refused(400, "claim_method_off");
    assert_eq!(platform.asked(), 0);
    assert_eq!(server.get(&link(&kai)).is(200)["methods"].as_array().unwrap().len(), 1);
}

#[test]
fn a_domain_is_proof_where_the_operator_allows_it_and_the_guard_stays_in_force() {
    let (platform, names) = (Platform::start(), Names::start());
    let claims = ClaimSettings { methods: ClaimMethod::ALL.to_vec(), ..ClaimSettings::default() };
    let policy = AddressPolicy::default();
    let dns_servers = vec![names.address];
    let server = Setup { policy, claims, dns_servers, ..beside(&platform) }.start();
    let kai = server.register("Kai");
    names.leads_to("inside.example", Ipv4Addr::LOCALHOST);
    for domain in ["inside.example", "localhost", "kai.internal", "inside.example:8443"] {
        let body = json!({ "domain": domain, "method": "well-known" });
        let problem = server.post(&link(&kai), body).refused(400, "forbidden_address");
        assert_eq!(problem["errors"][0]["field"], "domain");
        assert!(!problem["detail"].as_str().unwrap().contains("127.0.0.1"), "{problem}");
    }
    let body = json!({ "domain": "Kai.Example.", "method": "dns" });
    let problem = server.post(&link(&kai), body.clone()).refused(400, "proof_failed");
    assert!(problem["detail"].as_str().unwrap().contains("_clankdin.kai.example"), "{problem}");
    names.says("_clankdin.kai.example", "v=spf1 -all");
    server.post(&link(&kai), body.clone()).refused(400, "proof_failed");
    names.says("_clankdin.kai.example", &format!("clankdin-verification={}", kai.verification_code));
    let claimed = server.post(&link(&kai), body).is(200);
    assert_eq!((&claimed["account"], &claimed["method"]), (&json!("kai.example"), &json!("dns")));
}

#[test]
fn every_try_to_claim_counts_against_its_link() {
    let platform = Platform::start();
    let limits = RequestLimits { claims: Some("3/hour".parse().unwrap()), ..RequestLimits::default() };
    let server = Setup { limits, ..beside(&platform) }.start();
    let (kai, mia) = (server.register("Kai"), server.register("Mia"));
    let proof = json!({ "proof_url": platform.answer("alice", 1, 404) });
    server.post(&link(&kai), proof.clone()).refused(400, "proof_failed");
    server.post(&link(&kai), json!({})).refused(400, "validation_failed");
    server.request("POST", &link(&kai)).body("{").send().refused(400, "malformed_json");
    let asked = platform.asked();
    assert!(server.post(&link(&kai), proof.clone()).retry_after() > 0);
    server.post(&link(&kai), json!({})).refused(400, "validation_failed");
    assert_eq!(platform.asked(), asked);
    server.get(&link(&kai)).is(200);
    server.post(&link(&mia), proof).refused(400, "proof_failed");
}

#[test]
fn whatever_a_claim_link_answers_is_kept_by_nobody_and_refers_to_nothing() {
    let platform = Platform::start();
    let server = beside(&platform).start();
    let kai = server.register("Kai");
    let unknown = format!("/claim/{}", ClaimToken::generate(server.ctx.random()).expose());
    let proof_url = platform.post("alice", 1, &kai.verification_code);
    let answers = [
        (200, server.get(&link(&kai))),
        (200, server.send("HEAD", &link(&kai))),
        (200, server.get(&format!("{}/", link(&kai)))),
        (405, server.send("DELETE", &link(&kai))),
        (415, server.request("POST", &link(&kai)).header("Content-Type", "text/plain").body("x").send()),
        (413, server.request("POST", &link(&kai)).body(vec![b' '; 70_000]).send()),
        (200, server.post(&link(&kai), json!({ "proof_url": proof_url }))),
        (410, server.get(&link(&kai))),
        (404, server.get(&unknown)),
        (404, server.post(&unknown, json!({}))),
        (404, server.send("DELETE", &unknown)),
        (404, server.get("/claim/xxx")),
        (401, server.request("GET", &link(&kai)).key("clnk_bad").send()),
    ];
    for (status, answer) in answers {
        assert_eq!(answer.status, status, "{answer:?}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer:?}");
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "{answer:?}");
    }
}

#[test]
fn an_agent_that_looks_like_a_verified_one_is_not_verified_under_that_name() {
    let platform = Platform::start();
    let server = beside(&platform).start();
    let kai = server.register("Kai");
    // A Cyrillic letter, while nobody was verified yet.
    let disguised = server.register_with(json!({ "name": "K\u{430}i", "handle": "other" }));
    claim(&server, &platform, &kai, "alice");
    let proof = json!({ "proof_url": platform.post("mallory", 2, &disguised.verification_code) });
    server.post(&link(&disguised), proof.clone()).refused(409, "impersonation");
    assert!(!is_verified(&server, &disguised));
    disguised.patch("/agents/me", json!({ "name": "Another" })).is(200);
    server.post(&link(&disguised), proof).is(200);
}

#[test]
fn a_new_name_ends_the_verification_and_the_same_owner_alone_renews_it() {
    let platform = Platform::start();
    let server = beside(&platform).start();
    let kai = server.register("Kai");
    let first = claim(&server, &platform, &kai, "alice");
    kai.patch("/agents/me", json!({ "name": "Kaya" })).is(200);
    assert!(!is_verified(&server, &kai));
    server.get(&link(&kai)).refused(410, "claim_link_used");
    let fresh = kai.send("POST", "/agents/me/claim-link").is(200);
    let code = fresh["verification_code"].as_str().unwrap();
    assert_ne!(code, kai.verification_code, "what the owner has posted already proves nothing");
    let old_post = platform.post("alice", 1, &kai.verification_code);
    server.post(&link_in(&fresh), json!({ "proof_url": old_post })).refused(400, "proof_failed");
    let stranger = platform.post("mallory", 2, code);
    server.post(&link_in(&fresh), json!({ "proof_url": stranger })).refused(409, "claimed_by_another");
    let owner = platform.post("Alice", 3, code);
    let renewed = server.post(&link_in(&fresh), json!({ "proof_url": owner })).is(200);
    assert!(is_verified(&server, &kai));
    // Whoever sends the owner's post gets no way to the key.
    assert_eq!(renewed["recovery_code"], Value::Null);
    assert_eq!(renewed["final_at"], first["final_at"]);
}

#[test]
fn an_erased_agents_link_is_nobodys() {
    let server = Server::start();
    let kai = server.register("Kai");
    kai.delete("/agents/me").is(204);
    server.get(&link(&kai)).refused(404, "not_found");
    server.post(&link(&kai), json!({})).refused(404, "not_found");
}
