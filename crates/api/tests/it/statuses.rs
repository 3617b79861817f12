//! Of several things that are wrong, the first in the contract's order is told: 413, 404, 405, 401,
//! 415, 400, 403, 409, 429.

use clankdin_domain::limit::ActionLimits;
use serde_json::{Value, json};

use crate::support::{Agent, Request, Server, Setup};

const ABSENT: &str = "01975f3a-7c1e-7000-8000-0123456789ab";

fn gig() -> Value {
    json!({ "title": "A gig", "description": "A gig like any other", "gig_type": "seeking" })
}

fn published(agent: &Agent) -> String {
    format!("/gigs/{}", agent.post("/gigs", gig()).is(201)["gig"]["id"].as_str().unwrap())
}

fn too_large(request: Request) -> Request {
    request.body(vec![b'{'; 65 * 1024])
}

#[test]
fn too_large_comes_before_all_else() {
    let server = Server::start();
    for (method, path) in [
        ("POST", "/nothing"),
        ("PATCH", "/gigs/x"),
        ("POST", "/agents"),
        ("POST", "/gigs"),
        ("GET", "/agents"),
    ] {
        let request = server.request(method, path).header("Content-Type", "text/plain").key("bad");
        too_large(request.clone()).send().refused(413, "too_large");
        too_large(request).chunked().send().refused(413, "too_large");
    }
}

#[test]
fn what_is_not_there_comes_before_a_method_a_key_a_type_and_a_body() {
    let server = Server::start();
    let agent = server.register("Kai");
    let paths = [
        ("PATCH", format!("/gigs/{ABSENT}")),
        ("DELETE", format!("/gigs/{ABSENT}")),
        ("PUT", format!("/town-square/{ABSENT}")),
        ("POST", format!("/town-square/{ABSENT}/comments")),
        ("POST", format!("/town-square/{ABSENT}/pinch")),
        ("DELETE", format!("/town-square/{ABSENT}/comments/{ABSENT}")),
        ("POST", "/agents/nobody/back".into()),
        ("POST", "/agents/nobody/skills/Python/endorse".into()),
        ("POST", "/gigs/malformed".into()),
        ("POST", "/agents/not%20a%20handle".into()),
        ("POST", "/agents/nobody".into()),
        ("POST", format!("/gigs/{ABSENT}")),
        ("PATCH", format!("/town-square/{ABSENT}/pinch")),
        ("GET", "/agents/nobody/back".into()),
    ];
    for (method, path) in paths {
        for request in [
            server.request(method, &path),
            agent.request(method, &path),
            server.request(method, &path).key("bad"),
        ] {
            let request = request.header("Content-Type", "text/plain").body("{");
            request.send().refused(404, "not_found");
        }
    }
    agent
        .request("POST", "/agents/kai/skills/Cobol/endorse")
        .body("{")
        .send()
        .refused(404, "skill_not_found");
    server.request("GET", "/agents/nobody").key("bad").send().refused(404, "not_found");
    server.request("GET", &format!("/gigs/{ABSENT}")).key("bad").send().refused(404, "not_found");
}

#[test]
fn a_method_comes_before_a_key() {
    let server = Server::start();
    server.request("GET", "/connect").key("bad").send().refused(405, "method_not_allowed");
    server.request("POST", "/agents/me").body("{").send().refused(405, "method_not_allowed");
}

#[test]
fn a_key_comes_before_a_type_and_a_body() {
    let server = Server::start();
    let gig = published(&server.register("Kai"));
    for (method, path) in
        [("POST", "/gigs"), ("PATCH", &gig), ("POST", "/connect"), ("POST", "/agents/register")]
    {
        let request = server.request(method, path).header("Content-Type", "text/plain").body("{");
        request.clone().key("bad").send().refused(401, "bad_key");
        if path != "/agents/register" {
            request.send().refused(401, "key_needed");
        }
    }
}

#[test]
fn a_type_comes_before_a_body_and_a_body_before_whose_it_is() {
    let server = Server::start();
    let (owner, other) = (server.register("Owner"), server.register("Other"));
    let gig = published(&owner);
    let send = |content_type: &str, body: &str| {
        other.request("PATCH", &gig).header("Content-Type", content_type).body(body).send()
    };
    send("text/plain", "{").refused(415, "unsupported_media_type");
    send("application/json", "{").refused(400, "malformed_json");
    send("application/json", "{\"title\":1}").refused(400, "validation_failed");
    send("application/json", "{\"title\":\"Mine now\"}").refused(403, "not_yours");
    other.delete(&gig).refused(403, "not_yours");
    owner.patch(&gig, json!({ "title": "Mine still" })).is(200);
}

#[test]
fn a_body_comes_before_a_conflict_and_a_conflict_before_a_limit() {
    let limits = ActionLimits { connections: Some("1/hour".parse().unwrap()), ..ActionLimits::default() };
    let server = Setup { action_limits: limits, ..Setup::default() }.start();
    let (kai, mia, zoe) = (server.register("Kai"), server.register("Mia"), server.register("Zoe"));
    let asked = kai.post("/connect", json!({ "recipient_handle": "mia" })).is(201);
    let id = asked["connection"]["id"].as_str().unwrap();
    mia.send("POST", &format!("/connections/{id}/decline")).is(200);
    kai.post("/connect", json!({ "recipient_handle": "mia", "message": 5 }))
        .refused(400, "validation_failed");
    kai.post("/connect", json!({ "recipient_handle": "mia" })).refused(409, "recently_declined");
    kai.post("/connect", json!({ "recipient_handle": zoe.handle })).refused(429, "rate_limited");
    kai.post("/connect", json!({ "recipient_handle": "kai" })).refused(400, "self_action");
    server.post("/agents/register", json!({ "handle": "kai" })).refused(400, "validation_failed");
}

#[test]
fn what_is_a_strangers_alone_is_not_told_to_be_there() {
    let server = Server::start();
    let (kai, mia, stranger) = (server.register("Kai"), server.register("Mia"), server.register("Stranger"));
    let asked = kai.post("/connect", json!({ "recipient_handle": "mia" })).is(201);
    let id = asked["connection"]["id"].as_str().unwrap();
    for action in ["accept", "decline"] {
        stranger.send("POST", &format!("/connections/{id}/{action}")).refused(404, "not_found");
        kai.send("POST", &format!("/connections/{id}/{action}")).refused(403, "not_yours");
    }
    stranger.delete(&format!("/connections/{id}")).refused(404, "not_found");
    let hook =
        mia.post("/webhooks/register", json!({ "url": "https://1.1.1.1/", "events": ["all"] })).is(201);
    let hook = format!("/webhooks/{}", hook["webhook"]["id"].as_str().unwrap());
    stranger.get(&hook).refused(404, "not_found");
    stranger
        .request("PATCH", &hook)
        .header("Content-Type", "text/plain")
        .body("{")
        .send()
        .refused(404, "not_found");
    stranger.delete(&hook).refused(404, "not_found");
    stranger.post("/webhooks/rotate-secret", json!({ "webhook_id": hook[10..] })).refused(404, "not_found");
    mia.get(&hook).is(200);
}
