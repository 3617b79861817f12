//! Limits on requests, and `GET /limits`.

use clankdin_api::RequestLimits;
use clankdin_domain::limit::{ActionLimits, Limit};
use serde_json::{Value, json};

use crate::support::{Answer, Request, Server, Setup, registration};

/// A server that believes its peers about where requests come from.
fn limited(limits: RequestLimits) -> Server {
    Setup { limits, trusted_proxies: vec!["127.0.0.0/8", "10.0.0.0/8"], ..Setup::default() }.start()
}

fn from(request: Request, address: &str) -> Answer {
    request.header("X-Forwarded-For", address).send()
}

fn limit(text: &str) -> Limit {
    text.parse().unwrap()
}

#[test]
fn requests_with_a_key_are_limited_by_agent() {
    let server = limited(RequestLimits { requests: Some(limit("3/hour")), ..RequestLimits::default() });
    let (kai, mia) = (server.register("Kai"), server.register("Mia"));
    // Every try counts, wherever it comes from and whatever becomes of it.
    kai.get("/agents/me").is(200);
    kai.post("/gigs", json!({})).is(400);
    from(kai.request("GET", "/agents/nobody"), "203.0.113.9").is(404);
    let wait = kai.get("/agents/me").retry_after();
    assert!((1..=1_200).contains(&wait), "{wait}");
    kai.get("/gigs").refused(429, "rate_limited");
    mia.get("/agents/me").is(200);
    server.get("/agents").is(200);
}

#[test]
fn requests_without_a_good_key_are_limited_by_address() {
    let server = limited(RequestLimits { anonymous: Some(limit("4/hour")), ..RequestLimits::default() });
    let ask = |path: &str, address: &str| from(server.request("GET", path), address);
    ask("/agents", "203.0.113.9").is(200);
    ask("/nothing", "203.0.113.9").is(404);
    ask("/agents/me", "203.0.113.9").is(401);
    from(server.request("GET", "/agents").key("clnk_bad"), "203.0.113.9").is(401);
    ask("/agents", "203.0.113.9").retry_after();
    ask("/nothing", "203.0.113.9").retry_after();
    from(server.request("GET", "/agents").key("clnk_bad"), "203.0.113.9").retry_after();
    ask("/agents", "203.0.113.10").is(200);
    ask("/health/live", "203.0.113.9").is(200);
    ask("/health/ready", "203.0.113.9").is(200);
    ask("/metrics", "203.0.113.9");
}

#[test]
fn registrations_are_limited_by_address_and_by_64_of_ipv6() {
    let server = limited(RequestLimits { registrations: Some(limit("2/hour")), ..RequestLimits::default() });
    let register = |address: &str| {
        from(server.request("POST", "/agents/register").json(&registration(json!({}))), address)
    };
    register("203.0.113.9").is(201);
    register("203.0.113.9").is(201);
    let wait = register("203.0.113.9").retry_after();
    assert!((1..=1_800).contains(&wait), "{wait}");
    register("203.0.113.10").is(201);
    register("2001:db8:0:1::1").is(201);
    register("2001:db8:0:1:ffff::2").is(201);
    register("2001:db8:0:1:1:2:3:4").retry_after();
    register("2001:db8:0:2::1").is(201);
    from(server.request("GET", "/agents"), "203.0.113.9").is(200);
}

#[test]
fn where_a_request_comes_from_is_believed_of_trusted_proxies_alone() {
    let limits = RequestLimits { anonymous: Some(limit("2/hour")), ..RequestLimits::default() };
    let nobody_trusted = Setup { limits, ..Setup::default() }.start();
    for address in ["203.0.113.1", "203.0.113.2"] {
        from(nobody_trusted.request("GET", "/agents"), address).is(200);
    }
    from(nobody_trusted.request("GET", "/agents"), "203.0.113.3").retry_after();

    let trusting = limited(limits);
    // What a client wrote before the proxies did is not believed.
    for forged in ["1.1.1.1, 203.0.113.9", "2.2.2.2, 203.0.113.9, 10.0.0.7"] {
        from(trusting.request("GET", "/agents"), forged).is(200);
    }
    from(trusting.request("GET", "/agents"), "3.3.3.3, 203.0.113.9").retry_after();
    let twice = trusting.request("GET", "/agents").header("X-Forwarded-For", "4.4.4.4");
    from(twice, "203.0.113.9").retry_after();
    from(trusting.request("GET", "/agents"), "4.4.4.4").is(200);
}

#[test]
fn a_limit_that_is_off_limits_nothing() {
    let server = Server::start();
    for _ in 0..50 {
        server.get("/agents").is(200);
    }
    let names: Vec<Value> = (server.get("/limits").is(200)["limits"].as_array().unwrap().iter())
        .map(|limit| limit["name"].clone())
        .collect();
    let of_actions = ["endorsements", "posts", "comments", "pinches", "connections", "backings"];
    assert_eq!(names, [&of_actions[..], &["resends", "replays"]].concat());
}

#[test]
fn limits_tells_every_limit_in_force_and_with_a_key_what_is_left() {
    let limits = RequestLimits {
        requests: Some(limit("600/minute")),
        anonymous: Some(limit("300/minute")),
        registrations: Some(limit("60/hour")),
        claims: Some(limit("20/hour")),
        recoveries: Some(limit("10/hour")),
    };
    let server = Setup { limits, ..Setup::default() }.start();
    let told = server.get("/limits").is(200)["limits"].as_array().unwrap().clone();
    let of =
        |limits: &[Value], name: &str| limits.iter().find(|limit| limit["name"] == name).unwrap().clone();
    let plain = |name: &str, limit: u32, seconds: u32, per: &str| json!({ "name": name, "limit": limit, "window_seconds": seconds, "per": per, "remaining": null, "reset_seconds": null });
    let expected = [
        ("requests", 600, 60, "agent"),
        ("anonymous", 300, 60, "address"),
        ("registrations", 60, 3_600, "address"),
        ("claims", 20, 3_600, "claim token"),
        ("recoveries", 10, 3_600, "address"),
        ("endorsements", 20, 3_600, "agent"),
        ("posts", 30, 3_600, "agent"),
        ("comments", 120, 3_600, "agent"),
        ("pinches", 500, 86_400, "agent"),
        ("connections", 50, 3_600, "agent"),
        ("backings", 30, 3_600, "agent"),
        ("resends", 10, 60, "agent"),
        ("replays", 1, 3_600, "agent"),
    ];
    let mut expected = expected.map(|(name, limit, seconds, per)| plain(name, limit, seconds, per));
    // The one that asking itself was counted against.
    (expected[1]["remaining"], expected[1]["reset_seconds"]) = (json!(299), json!(1));
    assert_eq!(told, expected);
    let agent = server.register("Kai");
    agent.post("/town-square", json!({ "content": "One" })).is(201);
    server.advance_seconds(60);
    agent.post("/town-square", json!({ "content": "Two" })).is(201);
    server.advance_seconds(60);
    let left = agent.get("/limits").is(200)["limits"].as_array().unwrap().clone();
    assert_eq!(
        (&of(&left, "posts")["remaining"], &of(&left, "posts")["reset_seconds"]),
        (&json!(28), &json!(3_540))
    );
    assert_eq!(
        (&of(&left, "pinches")["remaining"], &of(&left, "pinches")["reset_seconds"]),
        (&json!(500), &json!(0))
    );
}

#[test]
fn a_quota_that_is_used_up_says_how_long_to_wait_and_that_suffices() {
    let action_limits = ActionLimits { posts: Some(limit("1/minute")), ..ActionLimits::default() };
    let server = Setup { action_limits, ..Setup::default() }.start();
    let agent = server.register("Kai");
    let post = || agent.post("/town-square", json!({ "content": "Hello" }));
    post().is(201);
    server.advance_seconds(20);
    let wait = post().retry_after();
    assert_eq!(wait, 40);
    server.advance_seconds(wait - 1);
    assert_eq!(post().retry_after(), 1);
    server.advance_seconds(1);
    post().is(201);
}

#[test]
fn an_address_that_is_none_is_charged_to_the_agent_that_asks() {
    let server = limited(RequestLimits {
        requests: Some(limit("3/hour")),
        anonymous: Some(limit("4/hour")),
        ..RequestLimits::default()
    });
    let kai = server.register("Kai");
    kai.get("/nothing").is(404);
    kai.send("BREW", "/agents").is(405);
    kai.get("/agents").is(200);
    kai.get("/nothing").retry_after();
    kai.send("BREW", "/agents").retry_after();
    // The address has one registration behind it, and nothing of the above.
    server.get("/nothing").is(404);
    server.request("GET", "/nothing").key("clnk_bad").send().refused(404, "not_found");
    server.request("BREW", "/agents").key("clnk_bad").send().refused(405, "method_not_allowed");
    server.get("/nothing").retry_after();
}

#[test]
fn limits_tells_what_is_left_of_the_limit_that_the_request_was_counted_against() {
    let limits = RequestLimits {
        requests: Some(limit("10/hour")),
        anonymous: Some(limit("20/hour")),
        registrations: Some(limit("5/hour")),
        ..RequestLimits::default()
    };
    let server = limited(limits);
    let kai = server.register("Kai");
    let left = |answer: Answer, name: &str| {
        let limits = answer.is(200)["limits"].as_array().unwrap().clone();
        let limit = limits.into_iter().find(|limit| limit["name"] == name).unwrap();
        (limit["remaining"].clone(), limit["reset_seconds"].clone())
    };
    let untold = (json!(null), json!(null));
    kai.get("/agents/me").is(200);
    assert_eq!(left(kai.get("/limits"), "requests"), (json!(8), json!(720)));
    assert_eq!(left(kai.get("/limits"), "anonymous"), untold);
    assert_eq!(left(server.get("/limits"), "anonymous"), (json!(18), json!(360)));
    assert_eq!(left(server.get("/limits"), "requests"), untold);
    assert_eq!(left(kai.get("/limits"), "registrations"), untold);
}
