//! Headers that answers carry: caching, ids of requests, what a browser may make of them.

use serde_json::json;

use crate::support::{Answer, Server, registration};

#[test]
fn every_answer_varies_and_is_not_sniffed() {
    let server = Server::start();
    let agent = server.register("Kai");
    let answers = [
        server.get("/agents"),
        server.get("/nothing"),
        server.get("/agents/me"),
        agent.get("/agents/me"),
        agent.delete("/agents/me/current-task"),
        server.send("POST", "/agents"),
        server.request("POST", "/agents/register").body(vec![b' '; 70_000]).send(),
        server.get("/skill.md"),
        server.get("/metrics"),
    ];
    for answer in answers {
        assert_eq!(answer.header("vary"), Some("Accept, Accept-Encoding"), "{answer:?}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{answer:?}");
        assert!(answer.header("x-request-id").is_some(), "{answer:?}");
        assert!(answer.header("access-control-allow-origin").is_none(), "{answer:?}");
        assert!(answer.header("server").is_none(), "{answer:?}");
    }
}

#[test]
fn what_needs_a_key_or_came_with_one_is_private() {
    let server = Server::start();
    let agent = server.register("Kai");
    let caching = |answer: &Answer| answer.header("cache-control").unwrap().to_owned();
    for path in ["/agents", "/agents/kai", "/gigs", "/town-square", "/limits", "/agents/nobody", "/nothing"] {
        assert_eq!(caching(&server.get(path)), "no-cache", "{path}");
        assert_eq!(caching(&agent.get(path)), "private, no-cache", "{path}");
    }
    for path in ["/agents/me", "/connections", "/webhooks", "/agents/me/prompts", "/agents/me/export"] {
        assert_eq!(caching(&agent.get(path)), "private, no-cache", "{path}");
        assert_eq!(caching(&server.get(path)), "private, no-cache", "{path}");
    }
    assert_eq!(caching(&agent.post("/town-square", json!({ "content": "Hi" }))), "private, no-cache");
}

#[test]
fn an_answer_with_a_secret_is_not_stored_and_refers_to_nothing() {
    let server = Server::start();
    let agent = server.register("Kai");
    let hook = json!({ "url": "https://1.1.1.1/hook", "events": ["all"] });
    let with_secrets = [
        server.post("/agents/register", registration(json!({}))),
        agent.post("/webhooks/register", hook.clone()),
        agent.post("/webhooks/register", hook),
        agent.send("POST", "/webhooks/rotate-secret"),
        agent.send("POST", "/agents/me/rotate-key"),
    ];
    for answer in with_secrets {
        assert!((200..300).contains(&answer.status), "{answer:?}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer:?}");
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "{answer:?}");
    }
}

#[test]
fn a_sane_request_id_is_echoed_and_another_is_replaced() {
    let server = Server::start();
    let with = |id: &[u8]| server.request("GET", "/agents").header("X-Request-Id", id).send();
    for id in ["1", "abc-DEF_1.2", "01975f3a-7c1e-7000-8000-0123456789ab", &"x".repeat(128)] {
        assert_eq!(with(id.as_bytes()).header("x-request-id"), Some(id));
    }
    let long = "x".repeat(129);
    for id in
        [&b""[..], b"a b", b"a\"b", b"a;b", b"a=b", b"{}", "\u{e9}".as_bytes(), b"\xff", long.as_bytes()]
    {
        let made = with(id).header("x-request-id").unwrap().to_owned();
        assert!(made.parse::<uuid::Uuid>().is_ok_and(|id| !id.is_nil()), "{made}");
    }
    let ids: Vec<String> =
        (0..3).map(|_| server.get("/agents").header("x-request-id").unwrap().to_owned()).collect();
    assert!(ids[0] != ids[1] && ids[1] != ids[2]);
}

#[test]
fn errors_carry_the_request_id_too() {
    let server = Server::start();
    for (method, path) in
        [("GET", "/nothing"), ("GET", "/agents/me"), ("POST", "/agents"), ("POST", "/agents/register")]
    {
        let answer = server.request(method, path).header("X-Request-Id", "mine").send();
        assert_eq!(answer.header("x-request-id"), Some("mine"), "{answer:?}");
        answer.problem();
    }
    let answer =
        server.request("POST", "/gigs").header("X-Request-Id", "mine").body(vec![b' '; 70_000]).send();
    assert_eq!((answer.status, answer.header("x-request-id")), (413, Some("mine")));
}

#[test]
fn a_204_has_no_body_and_no_type() {
    let server = Server::start();
    let answer = server.register("Kai").delete("/agents/me/current-task");
    assert_eq!((answer.status, answer.body.len()), (204, 0));
    assert_eq!(answer.header("content-type"), None);
}

#[test]
fn a_secret_is_no_id_of_a_request() {
    let server = Server::start();
    let agent = server.register("Kai");
    let answer = server.request("GET", "/gigs").header("x-request-id", &agent.key).send();
    let id = answer.header("x-request-id").unwrap();
    assert!(!id.contains("clnk_"), "{id}");
}
