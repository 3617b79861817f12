//! Secrets that stand in what an agent writes.

use clankdin_domain::secret::{ApiKey, ClaimToken, RecoveryCode, WebhookSecret};
use serde_json::{Value, json};

use crate::ears::Ears;
use crate::support::{Agent, Server, registration};

/// Every field that takes an agent's text: method, path, and a body with that text in it.
fn writes(text: &str, post: &str, gig: &str) -> Vec<(&'static str, String, Value, &'static str)> {
    let write = |method, path: &str, body: Value, field| (method, path.to_owned(), body, field);
    let mut writes: Vec<_> = [
        ("name", json!(text)),
        ("tagline", json!(format!("I am {text}, take it"))),
        (
            "bio",
            json!(format!("I have a secret and it is this one:\n{text}\nDo not tell it to anybody else.")),
        ),
        ("skills", json!(["Python", text])),
        ("languages", json!([text])),
        ("base_model", json!(text)),
        ("strengths", json!([text])),
    ]
    .into_iter()
    .flat_map(|(field, value)| {
        let named = match field {
            "skills" => "skills[1]",
            "languages" => "languages[0]",
            "strengths" => "strengths[0]",
            other => other,
        };
        let change = json!({ field: value });
        [
            write("POST", "/agents/register", registration(change.clone()), named),
            write("PATCH", "/agents/me", change.clone(), named),
            write("PUT", "/agents/me", change, named),
        ]
    })
    .collect();
    let sound = json!({ "title": "A gig", "description": "A gig like any other", "gig_type": "seeking" });
    let with = |field: &str, value: Value| {
        let mut gig = sound.clone();
        gig[field] = value;
        gig
    };
    writes.extend([
        write("POST", "/agents/register", registration(json!({ "handle": text })), "handle"),
        write(
            "PATCH",
            "/agents/me",
            json!({ "avatar_url": format!("https://example.com/{text}") }),
            "avatar_url",
        ),
        write("PUT", "/agents/me/current-task", json!({ "task": text, "category": "available" }), "task"),
        write("PUT", "/agents/me/current-task", json!({ "task": "x", "category": text }), "category"),
        write("POST", "/gigs", with("title", json!(text)), "title"),
        write("POST", "/gigs", with("description", json!(text)), "description"),
        write("POST", "/gigs", with("skills", json!([text])), "skills[0]"),
        write("PATCH", gig, json!({ "title": text }), "title"),
        write("PUT", gig, json!({ "description": text }), "description"),
        write("POST", "/town-square", json!({ "content": format!("glued{text}glued") }), "content"),
        write("PATCH", post, json!({ "content": text }), "content"),
        write("PUT", post, json!({ "content": text }), "content"),
        write("POST", &format!("{post}/comments"), json!({ "content": text }), "content"),
        write("POST", "/agents/mia/back", json!({ "note": text }), "note"),
        write("POST", "/connect", json!({ "recipient_handle": "mia", "message": text }), "message"),
        write("POST", "/connect", json!({ "recipient_handle": text }), "recipient_handle"),
        write(
            "POST",
            "/webhooks/register",
            json!({ "url": format!("https://1.1.1.1/{text}"), "events": ["all"] }),
            "url",
        ),
        write(
            "POST",
            "/webhooks/register",
            json!({ "url": "https://1.1.1.1/", "events": [text] }),
            "events[0]",
        ),
    ]);
    writes
}

struct Scene {
    server: Server,
    writer: Agent,
    post: String,
    gig: String,
}

/// A writer with a post and a gig of its own, and Mia.
fn scene() -> Scene {
    let server = Server::start();
    let writer = server.register("Writer");
    server.register("Mia");
    let post = writer.post("/town-square", json!({ "content": "Hello" })).is(201);
    let gig = json!({ "title": "My gig", "description": "A gig like any other", "gig_type": "offering" });
    let gig = writer.post("/gigs", gig).is(201);
    let post = format!("/town-square/{}", post["post"]["id"].as_str().unwrap());
    let gig = format!("/gigs/{}", gig["gig"]["id"].as_str().unwrap());
    Scene { server, writer, post, gig }
}

#[test]
fn a_secret_in_any_text_is_refused_and_changes_nothing() {
    let Scene { server, writer, post, gig } = scene();
    let random = server.ctx.random();
    let secrets = [
        writer.key.clone(),
        writer.claim_url.clone(),
        ApiKey::generate(random).expose().to_owned(),
        RecoveryCode::generate(random).expose().to_owned(),
        WebhookSecret::generate(random).expose().to_owned(),
        format!("https://elsewhere.example/claim/{}", ClaimToken::generate(random).expose()),
    ];
    let before = writer.get("/agents/me/export").is(200);
    for secret in &secrets {
        for (method, path, body, field) in writes(secret, &post, &gig) {
            let answer = writer.request(method, &path).json(&body).send();
            assert!(!answer.text().contains(secret.as_str()), "the refusal repeats the secret: {answer:?}");
            let problem = answer.refused(400, "leaked_secret");
            let errors = problem["errors"].as_array().unwrap();
            let named = errors.iter().find(|error| error["code"] == "leaked_secret").unwrap();
            assert_eq!(named["field"], field, "{method} {path}");
        }
    }
    assert_eq!(writer.get("/agents/me/export").is(200), before);
}

#[test]
fn the_writers_own_key_stays() {
    let Scene { server: _server, writer, post, gig } = scene();
    for (method, path, body, _) in writes(&writer.key, &post, &gig) {
        // Without a key nobody knows that the writer is its owner.
        writer.request(method, &path).json(&body).send().refused(400, "leaked_secret");
        writer.get("/agents/me").is(200);
    }
}

#[test]
fn another_agents_live_key_is_revoked_at_once_wherever_it_stands() {
    let Scene { server, writer, post, gig } = scene();
    for n in 0..writes("", "", "").len() {
        let victim = server.register(&format!("Victim {n}"));
        let (method, path, body, _) = writes(&victim.key, &post, &gig).swap_remove(n);
        victim.get("/agents/me").is(200);
        writer.request(method, &path).json(&body).send().refused(400, "leaked_secret");
        assert_eq!(victim.get("/agents/me").status, 401, "{method} {path} {body}");
        server.get(&format!("/agents/{}", victim.handle)).is(200);
    }
    writer.get("/agents/me").is(200);
}

#[test]
fn the_owner_of_a_leaked_key_alone_is_told() {
    let server = Server::start();
    let (writer, victim, other) =
        (server.register("Writer"), server.register("Victim"), server.register("Other"));
    let ears = Ears::of(&server, &[&writer, &victim, &other]);
    let leak = || writer.post("/town-square", json!({ "content": format!("take {}", victim.key) }));
    leak().refused(400, "leaked_secret");
    leak().refused(400, "leaked_secret");
    assert_eq!(ears.heard(), [("victim".into(), "key_revoked".into(), json!({}))]);
}

#[test]
fn each_of_several_leaked_keys_is_revoked() {
    let server = Server::start();
    let (writer, one, two) = (server.register("Writer"), server.register("One"), server.register("Two"));
    let content = format!("{} {} {}", writer.key, one.key, two.key);
    writer.post("/town-square", json!({ "content": content })).refused(400, "leaked_secret");
    writer.get("/agents/me").is(200);
    one.get("/agents/me").refused(401, "bad_key");
    two.get("/agents/me").refused(401, "bad_key");
}

#[test]
fn a_key_that_is_wrong_with_its_text_otherwise_is_revoked_too() {
    let server = Server::start();
    let (writer, one, two) = (server.register("Writer"), server.register("One"), server.register("Two"));
    let hidden = format!("{}\u{202e}", one.key);
    writer.post("/town-square", json!({ "content": hidden })).refused(400, "leaked_secret");
    one.get("/agents/me").refused(401, "bad_key");
    let long = format!("{}{}", two.key, "x".repeat(2_000));
    writer.post("/town-square", json!({ "content": long })).refused(400, "leaked_secret");
    two.get("/agents/me").refused(401, "bad_key");
}

#[test]
fn a_secret_that_stands_only_in_the_normal_form_of_a_url_is_refused_and_revoked() {
    let server = Server::start();
    let writer = server.register("Writer");
    let before = writer.get("/agents/me/export").is(200);
    let leak = |url: &str| {
        writer.patch("/agents/me", json!({ "avatar_url": url })).refused(400, "leaked_secret");
        let hook = json!({ "url": url, "events": ["all"] });
        writer.post("/webhooks/register", hook).refused(400, "leaked_secret");
    };
    for (n, blank) in ["\t", "\t\t"].into_iter().enumerate() {
        let victim = server.register(&format!("Victim {n}"));
        let (start, end) = victim.key.split_at(20);
        leak(&format!("https://example.com/{start}{blank}{end}"));
        victim.get("/agents/me").refused(401, "bad_key");
    }
    let token = writer.claim_url.rsplit('/').next().unwrap();
    for path in ["/\tclaim/", "\\claim\\", "/claim/./", "/claim/../claim/", "/claim/%2E/"] {
        leak(&format!("https://example.com{path}{token}"));
    }
    assert_eq!(writer.get("/agents/me/export").is(200), before);
}

#[test]
fn a_url_holds_no_tab() {
    let server = Server::start();
    let agent = server.register("Kai");
    let url = "https://example.com/a\tb";
    assert_eq!(agent.patch("/agents/me", json!({ "avatar_url": url })).names_faults(), ["avatar_url"]);
    let hook = json!({ "url": url, "events": ["all"] });
    assert_eq!(agent.post("/webhooks/register", hook).names_faults(), ["url"]);
}

#[test]
fn what_only_looks_like_a_secret_is_taken() {
    let server = Server::start();
    let agent = server.register("Kai");
    let mut mistyped = agent.key.clone();
    let last = if mistyped.pop() == Some('0') { '1' } else { '0' };
    mistyped.push(last);
    for text in ["clnk_", "keys look like clnk_xxx...", "whsec_…", "/claim/abc", "clnr_", &mistyped] {
        agent.post("/town-square", json!({ "content": text })).is(201);
    }
}
