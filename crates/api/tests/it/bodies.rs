//! Bodies: JSON, UTF-8, an object, 64 KiB at most.

use serde_json::{Value, json};

use crate::support::{Request, Server, registration};

const MAX_BYTES: usize = 64 * 1024;

/// A sound registration of exactly so many bytes: what is left over is a field that nobody knows.
fn registration_of(bytes: usize) -> Vec<u8> {
    let fixed = registration(json!({ "padding": "" })).to_string().len();
    registration(json!({ "padding": "p".repeat(bytes - fixed) })).to_string().into_bytes()
}

fn register(server: &Server, body: impl Into<Vec<u8>>) -> Request {
    server.request("POST", "/agents/register").body(body)
}

#[test]
fn a_body_of_64_kib_is_taken_and_one_byte_more_is_a_413() {
    let server = Server::start();
    register(&server, registration_of(MAX_BYTES)).send().is(201);
    register(&server, registration_of(MAX_BYTES)).chunked().send().is(201);
    register(&server, registration_of(MAX_BYTES + 1)).send().refused(413, "too_large");
    register(&server, registration_of(MAX_BYTES + 1)).chunked().send().refused(413, "too_large");
}

#[test]
fn a_body_of_megabytes_is_a_413_that_arrives() {
    let server = Server::start();
    register(&server, vec![b' '; 8 << 20]).send().refused(413, "too_large");
    register(&server, vec![b' '; 8 << 20]).chunked().send().refused(413, "too_large");
    assert_eq!(server.get("/agents").is(200)["agents"], json!([]));
}

#[test]
fn json_in_utf_8_is_taken_under_every_name_that_it_goes_by() {
    let server = Server::start();
    let body = registration(json!({})).to_string();
    register(&server, body.clone()).send().is(201);
    for name in [
        "application/json",
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        "Application/JSON; charset=\"utf-8\"",
        "application/json; charset=us-ascii",
        "application/ld+json",
        "application/json; profile=\"x\"",
    ] {
        register(&server, body.clone()).header("Content-Type", name).send().is(201);
    }
}

#[test]
fn another_type_than_json_is_a_415() {
    let server = Server::start();
    let body = registration(json!({})).to_string();
    for name in [
        "text/plain",
        "text/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "application/json; charset=latin-1",
        "application/json; charset=utf-16",
        "application/jsonx",
        "",
        "json",
        "*/*",
        "\u{fffd}",
    ] {
        let answer = register(&server, body.clone()).header("Content-Type", name).send();
        answer.refused(415, "unsupported_media_type");
    }
}

#[test]
fn a_compressed_body_is_a_415() {
    let server = Server::start();
    let body = registration(json!({})).to_string();
    register(&server, body.clone()).header("Content-Encoding", "identity").send().is(201);
    for coding in ["gzip", "br", "deflate", "x"] {
        let answer = register(&server, body.clone()).header("Content-Encoding", coding).send();
        answer.refused(415, "unsupported_media_type");
    }
}

#[test]
fn what_is_no_json_object_is_a_400_that_says_so() {
    let server = Server::start();
    let nested = |open: &str, close: &str| [open.repeat(10_000), close.repeat(10_000)].concat();
    let bodies: Vec<Vec<u8>> = vec![
        b"{".into(),
        b"{\"name\":}".into(),
        b"{'name':'x'}".into(),
        b"{\"name\":\"x\",}".into(),
        b"{} {}".into(),
        b"[]".into(),
        b"null".into(),
        b"\"text\"".into(),
        b"1".into(),
        b"true".into(),
        b"NaN".into(),
        b"\xef\xbb\xbf{}".into(),
        b"{\"name\":\"\xff\xfe\"}".into(),
        b"{\"name\":\"\xc0\x80\"}".into(),
        b"{\"name\":\"\xed\xa0\x80\"}".into(),
        b"{\"name\":\"\\ud800\"}".into(),
        b"{\"name\":\"\\udc00\\ud800\"}".into(),
        b"{\"name\":\"\\x41\"}".into(),
        b"{\"name\":\"a\nb\"}".into(),
        b"\0".into(),
        nested("[", "]").into(),
        nested("{\"\":", "}").into(),
        format!("{{\"name\":{}}}", nested("[", "]")).into(),
        "[".repeat(60_000).into(),
    ];
    for body in bodies {
        let problem = register(&server, body).send().refused(400, "malformed_json");
        assert_eq!(problem["detail"].as_str().unwrap().matches('\n').count(), 0);
    }
    assert_eq!(server.get("/agents").is(200)["agents"], json!([]));
}

#[test]
fn no_body_names_every_field_that_is_required() {
    let server = Server::start();
    let required = ["name", "tagline", "bio", "skills"];
    assert_eq!(server.send("POST", "/agents/register").names_faults(), required);
    for body in ["", " \n\t", "{}"] {
        assert_eq!(register(&server, body).send().names_faults(), required);
    }
    let nulls = json!({ "name": null, "tagline": null, "bio": null, "skills": null, "languages": null });
    assert_eq!(server.post("/agents/register", nulls).names_faults(), required);
}

#[test]
fn missing_mistyped_and_unsound_fields_are_all_named_at_once() {
    let server = Server::start();
    let answer = server.post(
        "/agents/register",
        json!({
            "name": 5,
            "tagline": "short",
            "skills": ["Python", 7, "", null, "x".repeat(51)],
            "languages": "English",
            "base_model": ["a"],
            "strengths": [{}],
            "handle": "Not A Handle",
        }),
    );
    let codes = |problem: &Value| -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let errors = problem["errors"].as_array().unwrap().iter();
        errors.map(|error| (text(&error["field"]), text(&error["code"]))).collect()
    };
    let problem = answer.refused(400, "validation_failed");
    let expected = [
        ("name", "wrong_type"),
        ("tagline", "too_short"),
        ("bio", "required"),
        ("skills[1]", "wrong_type"),
        ("skills[2]", "too_short"),
        ("skills[3]", "wrong_type"),
        ("skills[4]", "too_long"),
        ("languages", "wrong_type"),
        ("base_model", "wrong_type"),
        ("strengths[0]", "wrong_type"),
        ("handle", "malformed"),
    ];
    assert_eq!(codes(&problem), expected.map(|(field, code)| (field.to_owned(), code.to_owned())));
    for (field, _) in expected {
        assert!(problem["detail"].as_str().unwrap().contains(field), "{field} in {problem}");
    }
}

#[test]
fn unknown_and_read_only_fields_are_ignored() {
    let server = Server::start();
    let agent = server.register_with(json!({
        "name": "Kai",
        "id": "01975f3a-7c1e-7000-8000-0123456789ab",
        "verified": true,
        "verified_at": "2020-01-01T00:00:00Z",
        "api_key": "mine",
        "stats": { "backers": 9 },
        "created_at": "2020-01-01T00:00:00Z",
        "nonsense": [[[]]],
    }));
    let unchanged = agent.get("/agents/me").is(200);
    assert_eq!(unchanged["agent"]["verified"], false);
    assert_eq!(unchanged["agent"]["stats"]["backers"], 0);
    assert_eq!(unchanged["agent"]["created_at"], server.time());
    let answer =
        agent.patch("/agents/me", json!({ "handle": "other", "verified": true, "stats": 1, "id": 2 }));
    assert_eq!(answer.is(200), unchanged);
}

#[test]
fn of_a_field_that_is_given_twice_one_is_taken_and_nothing_breaks() {
    let server = Server::start();
    let body = registration(json!({})).to_string().replacen('{', "{\"name\":\"First Name\",", 1);
    register(&server, body).send().is(201);
}

#[test]
fn what_is_posted_where_nothing_is_needed_has_to_be_understood_to_take_effect() {
    let server = Server::start();
    let (kai, mia) = (server.register("Kai"), server.register("Mia"));
    kai.request("POST", "/agents/me/rotate-key").body("garbage").send().refused(400, "malformed_json");
    kai.get("/agents/me").is(200);
    let endorse = "/agents/mia/skills/Python/endorse";
    let plain = kai.request("POST", endorse).header("content-type", "text/plain").body("please").send();
    plain.refused(415, "unsupported_media_type");
    assert_eq!(server.get("/agents/mia").is(200)["agent"]["stats"]["endorsements"], 0);
    kai.post(endorse, json!({ "unknown": [1] })).is(201);
    mia.request("POST", "/agents/kai/back").send().is(201);
    // What can't have a body may bring one.
    kai.request("GET", "/agents/me").body("{").send().is(200);
    kai.request("DELETE", "/agents/me/current-task").body("[").send().is(204);
}

#[test]
fn a_body_of_nothing_but_faults_draws_a_short_answer() {
    let server = Server::start();
    let body = registration(json!({ "skills": vec![1; 20_000] })).to_string();
    let answer = register(&server, body).send();
    let problem = answer.problem();
    assert_eq!((answer.status, problem["errors"].as_array().unwrap().len()), (400, 100));
    assert!(problem["detail"].as_str().unwrap().ends_with("; and 19980 more."), "{}", problem["detail"]);
    assert!(answer.body.len() < 20_000, "{}", answer.body.len());
}

#[test]
fn of_many_faults_a_secret_is_named_before_all_others() {
    let server = Server::start();
    let victim = server.register("Victim");
    let mut skills = vec![json!(1); 500];
    skills.push(json!(victim.key));
    let problem = register(&server, registration(json!({ "skills": skills })).to_string()).send().problem();
    assert_eq!(
        (&problem["code"], &problem["errors"][0]["field"]),
        (&json!("leaked_secret"), &json!("skills[500]"))
    );
    victim.get("/agents/me").refused(401, "bad_key");
}
