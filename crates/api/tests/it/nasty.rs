//! Nothing gets a 500: nasty values in every field, path and query.

use serde_json::{Value, json};

use crate::openapi::{Operation, operations};
use crate::support::{Agent, Answer, Server, exchange, received};

/// What no field expects.
fn values() -> Vec<Value> {
    let nested = |depth| (0..depth).fold(json!([]), |inner, _| json!([inner]));
    vec![
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(1.5),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(1e308),
        json!(""),
        json!(" "),
        json!("\u{0}"),
        json!("a\u{0}b, which is long enough to be a tagline and even a bio, were it not for that"),
        json!("🤖".repeat(60)),
        json!("\u{1F3F4}\u{E0067}"),
        json!("e\u{301}\u{302}\u{303}".repeat(40)),
        json!("x".repeat(60_000)),
        json!("' OR 1=1; --"),
        json!("%s%n%x{}{{}}${jndi:ldap://x}"),
        json!("../../../etc/passwd"),
        json!("https://[::1"),
        json!("http://127.0.0.1:99999/"),
        json!("\u{feff}\u{202e}"),
        json!("\u{10ffff}"),
        json!([]),
        json!([[]]),
        json!([null, 1, {}, "a"]),
        json!(vec!["x"; 5_000]),
        json!((0..30).map(|n| n.to_string()).collect::<Vec<_>>()),
        json!({}),
        json!({ "a": { "$ne": 1 } }),
        nested(100),
    ]
}

fn id_of(answer: &Value, noun: &str) -> String {
    answer[noun]["id"].as_str().unwrap().to_owned()
}

/// The path with the agent's own things in the place of its parameters.
fn path_of(operation: &Operation, agent: &Agent) -> String {
    let id = match operation.path.split('/').nth(1).unwrap() {
        _ if !operation.path.contains("{id}") => String::new(),
        "gigs" => {
            let gig =
                json!({ "title": "A gig", "description": "A gig like any other", "gig_type": "seeking" });
            id_of(&agent.post("/gigs", gig).is(201), "gig")
        }
        "town-square" => id_of(&agent.post("/town-square", json!({ "content": "Hello" })).is(201), "post"),
        "webhooks" => {
            let hook = json!({ "url": "https://1.1.1.1/hook", "events": ["all"] });
            // The same one, where it stands already.
            id_of(&agent.post("/webhooks/register", hook).json(), "webhook")
        }
        _ => panic!("{}: a new kind of id needs a row here", operation.path),
    };
    operation.path.replace("{handle}", "mia").replace("{id}", &id).replace("{token}", agent.claim_token())
}

#[track_caller]
fn is_refused_or_taken(answer: &Answer) {
    assert!((200..500).contains(&answer.status), "{answer:?}");
    if answer.status >= 400 {
        answer.problem();
    }
}

#[test]
fn no_value_of_any_field_gets_a_500() {
    let server = Server::start();
    let agent = server.register("Kai");
    server.register("Mia");
    let mut tried = 0;
    for operation in operations(&server.get("/openapi.json").is(200)) {
        let Some(schema) = &operation.body else { continue };
        let path = path_of(&operation, &agent);
        let fields: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
        for field in &fields {
            for value in values() {
                let body = json!({ (field.as_str()): value });
                is_refused_or_taken(&agent.request(&operation.method, &path).json(&body).send());
                tried += 1;
            }
        }
        for value in values() {
            let body: Value = fields.iter().map(|field| ((*field).clone(), value.clone())).collect();
            if body.to_string().len() < 60_000 {
                is_refused_or_taken(&agent.request(&operation.method, &path).json(&body).send());
            }
        }
    }
    assert!(tried > 1_000, "{tried}");
    agent.get("/agents/me").is(200);
}

#[test]
fn a_field_of_the_wrong_type_is_named() {
    let server = Server::start();
    let agent = server.register("Kai");
    server.register("Mia");
    for operation in operations(&server.get("/openapi.json").is(200)) {
        let Some(schema) = &operation.body else { continue };
        let path = path_of(&operation, &agent);
        for field in schema["properties"].as_object().unwrap().keys() {
            for value in [json!(7), json!(true), json!({})] {
                let body = json!({ (field.as_str()): value });
                let faults = agent.request(&operation.method, &path).json(&body).send().names_faults();
                assert!(faults.contains(field), "{} {path}: {faults:?}", operation.method);
            }
        }
    }
}

#[test]
fn no_path_and_no_query_gets_a_500() {
    let server = Server::start();
    let agent = server.register("Kai");
    let long = "a".repeat(8_000);
    let parts = [
        "%00",
        "%",
        "%2",
        "%zz",
        "%ff",
        "%C3%28",
        "%2e%2e",
        "..",
        ".",
        "%2F",
        "%5C",
        "\\",
        "%0d%0a",
        "%20",
        "+",
        "*",
        "~",
        "{id}",
        "%E2%80%AE",
        "%F0%9F%A4%96",
        "%25",
        "%2525",
        "'",
        "|",
        ";",
        "a;b=c",
        "@",
        ":",
        "&",
        "=",
        "-1",
        &long,
    ];
    for part in parts {
        for pattern in [
            "/{}",
            "/agents/{}",
            "/agents/{}/backers",
            "/agents/kai/skills/{}/endorsers",
            "/agents/{}/skills/{}/endorsers",
            "/gigs/{}",
            "/town-square/{}",
            "/town-square/{}/comments",
            "/webhooks/{}",
            "/agents?q={}",
            "/agents?skill={}",
            "/agents?cursor={}",
            "/agents?limit={}",
            "/agents?{}",
            "/agents?{}={}",
            "/gigs?author={}",
            "/gigs?q={}",
            "/gigs?status={}",
            "/town-square?sort={}",
            "/connections?status={}&direction={}",
            "/limits?{}",
        ] {
            let path = pattern.replace("{}", part);
            for answer in [server.get(&path), agent.get(&path)] {
                assert!(answer.status < 500, "{answer:?}");
                if answer.status >= 400 {
                    answer.problem();
                }
            }
        }
        for (method, pattern) in [
            ("POST", "/agents/{}/back"),
            ("DELETE", "/agents/kai/skills/{}/endorse"),
            ("PATCH", "/gigs/{}"),
            ("POST", "/agents/me/prompts/{}/dismiss"),
        ] {
            is_refused_or_taken(&agent.send(method, &pattern.replace("{}", part)));
        }
    }
}

/// Answered before there is a request: by the parser, without a body.
#[test]
fn what_is_no_http_is_a_400_and_the_server_goes_on() {
    let server = Server::start();
    for bytes in [
        &b"GET /agents?q=\" HTTP/1.1\r\n\r\n"[..],
        b"GET /agents?q=\xc3\xa4 HTTP/1.1\r\n\r\n",
        b"GET  /agents HTTP/1.1\r\n\r\n",
        b"GET /agents HTTP/1.1\r\nNo colon\r\n\r\n",
        b"GET /agents HTTP/1.1\r\nA: \x01\r\n\r\n",
        b"POST /gigs HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /gigs HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST /gigs HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST /gigs HTTP/1.1\r\nTransfer-Encoding: chunked, gzip\r\n\r\n",
        b"\0\0\0\0\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    ] {
        let answer = exchange(server.address, bytes, "GET", &String::from_utf8_lossy(bytes));
        assert_eq!((answer.status, answer.body.len()), (400, 0), "{answer:?}");
    }
    server.get("/agents").is(200);
}

#[test]
fn a_body_is_never_taken_for_the_next_request() {
    let server = Server::start();
    let hidden = "POST /no/such/address HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".repeat(1_200);
    let last = "GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    for (head, status) in [
        ("POST /agents/register HTTP/1.1\r\nHost: x", "413"),
        ("GET /agents HTTP/1.1\r\nHost: x", "413"),
        ("POST /nothing HTTP/1.1\r\nHost: x\r\nUpgrade: websocket", "413"),
    ] {
        let request = format!("{head}\r\nContent-Length: {}\r\n\r\n{hidden}{last}", hidden.len());
        let answers = received(server.address, request.as_bytes(), head);
        let answers = String::from_utf8(answers).unwrap();
        let statuses: Vec<&str> =
            answers.split("HTTP/1.1 ").filter_map(|answer| answer.split(' ').next()).skip(1).collect();
        // After a refusal the connection may end; if it goes on, it does with the last request.
        assert!(statuses == [status] || statuses == [status, "200"], "{head}: {statuses:?}");
    }
    let small = &hidden[..6_400];
    let request =
        format!("DELETE /agents HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{small}{last}", small.len());
    let answers = received(server.address, request.as_bytes(), "a small body");
    let answers = String::from_utf8(answers).unwrap();
    assert!(answers.starts_with("HTTP/1.1 405 ") && answers.contains("HTTP/1.1 200 OK"), "{answers}");
    assert!(!answers.contains("HTTP/1.1 404"), "{answers}");
}

#[test]
fn a_body_that_breaks_off_changes_nothing() {
    let server = Server::start();
    let half = b"POST /agents/register HTTP/1.1\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"nam\r\nzz\r\n";
    let answer = exchange(server.address, half, "POST", "a broken chunk");
    assert_eq!(answer.status, 400, "{answer:?}");
    assert_eq!(server.get("/agents").is(200)["agents"], json!([]));
}

#[test]
fn odd_heads_get_no_500() {
    let server = Server::start();
    let agent = server.register("Kai");
    for (name, value) in [
        ("Content-Type", &b"\xff"[..]),
        ("Accept", b"\xff\xfe"),
        ("Accept", b"text/html;q=x"),
        ("X-Forwarded-For", b"\xff, , ,"),
        ("X-Forwarded-For", b"999.1.1.1"),
        ("X-Request-Id", b"\xff"),
        ("Authorization", b"\xff\xff"),
        ("Authorization", b"Bearer \xe2\x80\xae"),
        ("Expect", b"100-continue"),
        ("Expect", b"a miracle"),
        ("Upgrade", b"websocket"),
        ("Upgrade", b"h2c"),
        ("Range", b"bytes=0-1"),
        ("If-None-Match", b"\xff"),
        ("Content-Encoding", b"gzip"),
        ("Cookie", b"a=b"),
        ("Origin", b"null"),
    ] {
        for request in [
            server.request("GET", "/agents/kai"),
            agent.request("POST", "/town-square").json(&json!({ "content": "Hello" })),
        ] {
            is_refused_or_taken(&request.header(name, value).send());
        }
    }
}
