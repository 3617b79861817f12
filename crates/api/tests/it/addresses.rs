//! Addresses: ids, methods, trailing slashes, HEAD.

use serde_json::{Value, json};

use crate::support::{Agent, Server};

const ABSENT: &str = "01975f3a-7c1e-7000-8000-0123456789ab";

/// Routes with an id, and the method that they take.
const WITH_ID: [(&str, &str); 16] = [
    ("GET", "/gigs/{}"),
    ("PATCH", "/gigs/{}"),
    ("PUT", "/gigs/{}"),
    ("DELETE", "/gigs/{}"),
    ("GET", "/town-square/{}"),
    ("PATCH", "/town-square/{}"),
    ("DELETE", "/town-square/{}"),
    ("POST", "/town-square/{}/pinch"),
    ("GET", "/town-square/{}/comments"),
    ("POST", "/town-square/{}/comments"),
    ("POST", "/connections/{}/accept"),
    ("DELETE", "/connections/{}"),
    ("GET", "/webhooks/{}"),
    ("PATCH", "/webhooks/{}"),
    ("DELETE", "/webhooks/{}"),
    ("POST", "/agents/me/prompts/{}/dismiss"),
];

fn gig(agent: &Agent) -> Value {
    let body =
        json!({ "title": "Will work", "description": "For very little indeed", "gig_type": "offering" });
    agent.post("/gigs", body).is(201)
}

#[test]
fn an_id_that_is_malformed_or_absent_is_a_404() {
    let server = Server::start();
    let agent = server.register("Kai");
    let gig = gig(&agent)["gig"]["id"].as_str().unwrap().to_owned();
    let malformed = [
        "1",
        "abc",
        "null",
        "%00",
        "%F0%9F%98%80",
        "-1",
        "01975F3A-7C1E-7000-8000-0123456789AB",
        "01975f3a7c1e700080000123456789ab",
        "{01975f3a-7c1e-7000-8000-0123456789ab}",
        "urn:uuid:01975f3a-7c1e-7000-8000-0123456789ab",
        "01975f3a-7c1e-7000-8000-0123456789ab%20",
        ABSENT,
    ];
    for (method, path) in WITH_ID {
        for id in malformed {
            let path = path.replace("{}", id);
            agent.request(method, &path).json(&json!({})).send().refused(404, "not_found");
            if id != ABSENT {
                server.send(method, &path).refused(404, "not_found");
            }
        }
    }
    agent.get(&format!("/gigs/{}", gig.to_uppercase())).refused(404, "not_found");
    agent.get(&format!("/gigs/{gig}")).is(200);
}

#[test]
fn an_address_that_is_none_is_a_404_whatever_the_method() {
    let server = Server::start();
    let agent = server.register("Kai");
    for path in [
        "/nothing",
        "/agents/kai/nothing",
        "/clankrs/kai/x",
        "/api/v1/agents",
        "/gigs/x/y",
        "/Agents",
        "/%61gents/kai/x",
    ] {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"] {
            server.send(method, path).refused(404, "not_found");
            agent.send(method, path).refused(404, "not_found");
        }
        assert_eq!(server.send("HEAD", path).status, 404);
    }
}

#[test]
fn another_method_is_a_405_that_names_those_that_would_do() {
    let server = Server::start();
    let agent = server.register("Kai");
    let id = gig(&agent)["gig"]["id"].as_str().unwrap().to_owned();
    let gig = format!("/gigs/{id}");
    let cases = [
        ("POST", "/agents", "GET, HEAD"),
        ("DELETE", "/agents", "GET, HEAD"),
        ("GET", "/agents/register", "POST"),
        ("HEAD", "/agents/register", "POST"),
        ("DELETE", "/agents/register", "POST"),
        ("POST", "/agents/me", "GET, HEAD, PUT, PATCH, DELETE"),
        ("GET", "/agents/me/rotate-key", "POST"),
        ("POST", "/agents/me/export", "GET, HEAD"),
        ("GET", "/agents/me/current-task", "PUT, DELETE"),
        ("POST", "/agents/kai", "GET, HEAD"),
        ("PATCH", "/agents/kai", "GET, HEAD"),
        ("GET", "/agents/kai/back", "POST, DELETE"),
        ("POST", "/agents/kai/backers", "GET, HEAD"),
        ("PUT", "/agents/kai/skills/Python/endorse", "POST, DELETE"),
        ("GET", "/agents/kai/skills/C%2B%2B/endorse", "POST, DELETE"),
        ("GET", "/connect", "POST"),
        ("PUT", "/gigs", "GET, HEAD, POST"),
        ("POST", &gig, "GET, HEAD, PUT, PATCH, DELETE"),
        ("BREW", &gig, "GET, HEAD, PUT, PATCH, DELETE"),
        ("OPTIONS", &gig, "GET, HEAD, PUT, PATCH, DELETE"),
        ("POST", "/", "GET, HEAD"),
        ("POST", "/clankrs", "GET, HEAD"),
        ("DELETE", "/clankrs/kai", "GET, HEAD"),
        ("PUT", "/clankrs/kai/skills/Python/endorsers", "GET, HEAD"),
        ("POST", "/feeds/gigs.atom", "GET, HEAD"),
        ("POST", "/town-square/categories", "GET, HEAD"),
        ("DELETE", "/town-square/categories", "GET, HEAD"),
        ("PATCH", "/town-square/categories", "GET, HEAD"),
        ("GET", "/webhooks/register", "POST"),
        ("DELETE", "/webhooks/register", "POST"),
        ("PATCH", "/webhooks/rotate-secret", "POST"),
        ("POST", "/webhooks", "GET, HEAD"),
        ("POST", "/limits", "GET, HEAD"),
        ("POST", "/health/live", "GET, HEAD"),
        ("DELETE", "/openapi.json", "GET, HEAD"),
    ];
    for (method, path, allowed) in cases {
        for answer in
            [server.send(method, path), agent.send(method, path), agent.send(method, &format!("{path}/"))]
        {
            assert_eq!((answer.status, answer.header("allow")), (405, Some(allowed)), "{answer:?}");
            if method != "HEAD" {
                answer.refused(405, "method_not_allowed");
            }
        }
    }
}

#[test]
fn a_trailing_slash_is_served_in_place_and_keeps_the_key() {
    let server = Server::start();
    let agent = server.register("Kai");
    let gig = gig(&agent)["gig"]["id"].as_str().unwrap().to_owned();
    for path in
        ["/agents", "/agents/kai", "/gigs", &format!("/gigs/{gig}"), "/town-square/categories", "/limits"]
    {
        assert_eq!(server.get(&format!("{path}/")).is(200), server.get(path).is(200), "{path}");
    }
    assert_eq!(server.get("/agents/?limit=1").is(200), server.get("/agents?limit=1").is(200));
    for path in ["/agents/me", "/agents/me/export", "/connections", "/webhooks", "/agents/me/prompts"] {
        assert_eq!(agent.get(&format!("{path}/")).is(200), agent.get(path).is(200), "{path}");
    }
    agent.post("/town-square/", json!({ "content": "Hello" })).is(201);
    agent.put("/agents/me/current-task/", json!({ "task": "Waiting", "category": "available" })).is(200);
    agent.delete("/agents/me/current-task/").is(204);
    server.get("/health/live/").is(200);
}

#[test]
fn slashes_at_the_front_come_of_an_address_that_ends_in_one_and_are_one() {
    let server = Server::start();
    let agent = server.register("Kai");
    assert_eq!(server.get("//agents").is(200), server.get("/agents").is(200));
    agent.get("///agents/me/").is(200);
    agent.post("//town-square", json!({ "content": "Hello" })).is(201);
    server.send("PUT", "//gigs").refused(405, "method_not_allowed");
    assert_eq!(server.get("//").text(), server.get("/").text());
}

#[test]
fn head_is_a_get_without_its_body() {
    let server = Server::start();
    let agent = server.register("Kai");
    let statuses = [
        ("/agents", 200),
        ("/agents/kai", 200),
        ("/agents/nobody", 404),
        ("/agents/me", 200),
        ("/nothing", 404),
    ];
    for path in
        ["", "/"].iter().flat_map(|slash| statuses.map(|(path, status)| (format!("{path}{slash}"), status)))
    {
        let (path, status) = path;
        let (head, get) = (agent.send("HEAD", &path), agent.get(&path));
        assert_eq!((head.status, get.status), (status, status), "{head:?}");
        assert_eq!(head.body, b"", "{head:?}");
        for name in ["content-type", "content-length", "cache-control", "vary"] {
            assert_eq!(head.header(name), get.header(name), "{name} of {path}");
        }
    }
    assert_eq!(server.send("HEAD", "/agents/me").status, 401);
}

#[test]
fn no_route_redirects() {
    let server = Server::start();
    let agent = server.register("Kai");
    let document = server.get("/openapi.json").is(200);
    for (path, methods) in document["paths"].as_object().unwrap() {
        let path =
            path.replace("{handle}", "KAI").replace("{skill}", "python").replace("{comment_id}", ABSENT);
        let path = path.replace("{id}", ABSENT);
        // What ends the agent or its key is none of this test's business.
        for method in
            methods.as_object().unwrap().keys().filter(|method| *method != "delete" && *method != "post")
        {
            for path in [
                path.clone(),
                format!("{path}/"),
                format!("{path}//"),
                format!("/{path}"),
                format!("{path}/?x=1"),
            ] {
                let answer = agent.request(&method.to_uppercase(), &path).json(&json!({})).send();
                assert!(!(300..400).contains(&answer.status), "{answer:?}");
                assert_eq!(answer.header("location"), None, "{answer:?}");
            }
        }
    }
}

#[test]
fn look_ups_of_handles_ignore_case() {
    let server = Server::start();
    let agent = server.register("Data Bot");
    let profile = server.get("/agents/data_bot").is(200);
    for handle in ["DATA_BOT", "Data_Bot", "%64ata_bot", "data%5Fbot"] {
        assert_eq!(server.get(&format!("/agents/{handle}")).is(200), profile, "{handle}");
    }
    assert_eq!(agent.get("/agents/ME").refused(404, "not_found")["status"], 404);
    for handle in ["data-bot", "data%20bot", "d", &"d".repeat(31), "%00", "%ff", "d%C3%A4", "..", "@data_bot"]
    {
        server.get(&format!("/agents/{handle}")).refused(404, "not_found");
    }
}

#[test]
fn a_malformed_id_is_named_for_what_it_should_be_one_of() {
    let server = Server::start();
    let agent = server.register("Kai");
    let post = agent.post("/town-square", json!({ "content": "Hello" })).is(201);
    let comment = format!("/town-square/{}/comments/0", post["post"]["id"].as_str().unwrap());
    for (method, path, noun) in [
        ("PATCH", "/gigs/0", "gig"),
        ("GET", "/town-square/0", "post"),
        ("POST", "/town-square/0/comments", "post"),
        ("DELETE", &comment, "comment"),
        ("POST", "/connections/0/accept", "connection"),
        ("GET", "/webhooks/0", "webhook"),
        ("POST", "/agents/me/prompts/0/dismiss", "prompt"),
    ] {
        let detail = agent.send(method, path).refused(404, "not_found")["detail"].clone();
        assert_eq!(detail, format!("There is no such {noun}: check the address."), "{method} {path}");
    }
}
