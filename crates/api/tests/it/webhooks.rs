//! Webhooks: `/webhooks`

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{SecondsFormat, TimeDelta};
use clankdin_outbound::AddressPolicy;
use serde_json::{Value, json};

use crate::rows::{id_of, ids_of};
use crate::support::{Agent, Answer, Server, Setup};

const EVENTS: [&str; 10] = [
    "new_agent",
    "comment",
    "pinch",
    "mention",
    "endorsement",
    "backing",
    "connection_request",
    "connection_accepted",
    "verified",
    "key_revoked",
];

fn register(agent: &Agent, url: &str) -> Answer {
    agent.post("/webhooks/register", json!({ "url": url, "events": ["all"] }))
}

/// The secret in an answer, which is of the right form.
fn secret_of(answer: &Value) -> String {
    let secret = answer["secret"].as_str().unwrap();
    let encoded = secret.strip_prefix("whsec_").unwrap();
    assert_eq!((encoded.len(), STANDARD.decode(encoded).unwrap().len()), (44, 33));
    secret.to_owned()
}

/// The secret in an answer that nobody may keep.
fn fresh_secret(answer: Answer, status: u16) -> (String, Value) {
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    let body = answer.is(status);
    (secret_of(&body), body)
}

#[test]
fn a_webhook_is_a_201_with_its_secret() {
    let server = Server::start();
    let kai = server.register("Kai");
    let body = json!({ "url": " https://Your-Agent.example:443/clankdin events?a=1", "events": ["all"] });
    let (secret, answer) = fresh_secret(kai.post("/webhooks/register", body), 201);
    let wanted = json!({
        "webhook": {
            "id": answer["webhook"]["id"],
            "url": "https://your-agent.example/clankdin%20events?a=1",
            "events": ["all"],
            "status": "active",
            "created_at": server.time(),
        },
        "secret": secret,
    });
    assert_eq!(answer, wanted);
}

#[test]
fn the_same_url_again_is_a_200_with_other_events_and_a_fresh_secret() {
    let server = Server::start();
    let kai = server.register("Kai");
    let (first, answer) = fresh_secret(register(&kai, "https://kai.example/hook"), 201);
    kai.patch(&format!("/webhooks/{}", id_of(&answer["webhook"])), json!({ "status": "disabled" })).is(200);
    server.advance_seconds(60);
    let body = json!({ "url": "https://KAI.example:443/hook", "events": ["pinch", "comment", "pinch"] });
    let (second, again) = fresh_secret(kai.post("/webhooks/register", body), 200);
    assert_ne!(first, second);
    let mut wanted = answer["webhook"].clone();
    wanted["events"] = json!(["comment", "pinch"]);
    assert_eq!(again["webhook"], wanted);
    assert_eq!(kai.get("/webhooks").is(200), json!({ "webhooks": [wanted], "next_cursor": null }));
}

#[test]
fn an_agent_has_five_webhooks_at_most() {
    let server = Server::start();
    let (kai, mia) = (server.register("Kai"), server.register("Mia"));
    let url = |n: u8| format!("https://kai.example/{n}");
    let first = register(&kai, &url(0)).is(201);
    for n in 1..5 {
        register(&kai, &url(n)).is(201);
    }
    register(&kai, &url(5)).refused(409, "webhook_limit");
    register(&kai, &url(4)).is(200);
    register(&mia, &url(4)).is(201);
    kai.delete(&format!("/webhooks/{}", id_of(&first["webhook"]))).is(204);
    register(&kai, &url(5)).is(201);
}

#[test]
fn an_unknown_event_is_a_400_that_lists_them_all() {
    let server = Server::start();
    let kai = server.register("Kai");
    let body = |events: Value| json!({ "url": "https://kai.example/", "events": events });
    let problem =
        kai.post("/webhooks/register", body(json!(["pinch", "pinched"]))).refused(400, "validation_failed");
    assert_eq!(problem["errors"][0]["field"], "events[1]");
    let message = problem["errors"][0]["message"].as_str().unwrap();
    for name in EVENTS.iter().chain(&["all"]) {
        assert!(message.contains(name), "{name} stands in {message}");
    }
    let faults = |events: Value| kai.post("/webhooks/register", body(events)).names_faults();
    assert_eq!(faults(json!(["ping", 1, "ALL"])), ["events[0]", "events[1]", "events[2]"]);
    for none in [json!([]), json!(null), json!("all"), json!({})] {
        assert_eq!(faults(none), ["events"]);
    }
    assert_eq!(kai.post("/webhooks/register", json!({})).names_faults(), ["url", "events"]);
    let known = kai.post("/webhooks/register", body(json!(EVENTS))).is(201);
    assert_eq!(known["webhook"]["events"], json!(EVENTS));
}

#[test]
fn a_url_that_is_none_is_a_400() {
    let server = Setup { policy: AddressPolicy::default(), ..Setup::default() }.start();
    let kai = server.register("Kai");
    let kept = id_of(&register(&kai, "https://kai.example/").is(201)["webhook"]);
    let long = format!("https://kai.example/{}", "x".repeat(2048));
    for url in [
        json!("kai.example/hook"),
        json!("/hook"),
        json!(""),
        json!("ftp://kai.example/"),
        json!("mailto:kai@kai.example"),
        json!("http://kai.example/"),
        json!("https://user:pass@kai.example/"),
        json!("https://kai.example/#here"),
        json!("https://kai..example/"),
        json!("https://"),
        json!(long),
        json!(["https://kai.example/"]),
        json!(null),
    ] {
        let body = json!({ "url": url, "events": ["all"] });
        assert_eq!(kai.post("/webhooks/register", body).names_faults(), ["url"], "{url}");
        let change = kai.patch(&format!("/webhooks/{kept}"), json!({ "url": url }));
        assert_eq!(change.names_faults(), ["url"], "{url}");
    }
    assert_eq!(kai.get("/webhooks").is(200)["webhooks"][0]["url"], "https://kai.example/");
}

#[test]
fn an_address_that_is_not_the_publics_is_a_400() {
    let server = Setup { policy: AddressPolicy::default(), ..Setup::default() }.start();
    let kai = server.register("Kai");
    let kept = id_of(&register(&kai, "https://1.1.1.1/hook").is(201)["webhook"]);
    for host in [
        "127.0.0.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "127.0.0.1.",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "255.255.255.255",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b::169.254.169.254]",
        "[2002:7f00:1::]",
        "[fd00::1]",
        "[fe80::1]",
        "[ff02::1]",
        "[2001:db8::1]",
        "localhost",
        "sub.localhost",
        "metadata.google.internal",
        "printer.local",
        "intranet",
        "kai.example:22",
        "１２７.0.0.1",
    ] {
        let url = format!("https://{host}/hook");
        let problem = register(&kai, &url).refused(400, "forbidden_address");
        assert_eq!(problem["errors"][0]["field"], "url", "{host}");
        assert_eq!(problem["errors"][0]["code"], "forbidden_address", "{host}");
        let change = kai.patch(&format!("/webhooks/{kept}"), json!({ "url": url }));
        change.refused(400, "forbidden_address");
    }
    let webhooks = kai.get("/webhooks").is(200);
    assert_eq!(webhooks["webhooks"].as_array().unwrap().len(), 1);
    assert_eq!(webhooks["webhooks"][0]["url"], "https://1.1.1.1/hook");
}

#[test]
fn an_address_is_judged_beside_all_other_fields() {
    let server = Setup { policy: AddressPolicy::default(), ..Setup::default() }.start();
    let kai = server.register("Kai");
    let kept = id_of(&register(&kai, "https://1.1.1.1/hook").is(201)["webhook"]);
    let codes = |problem: Value| -> Vec<String> {
        let errors = problem["errors"].as_array().unwrap().clone();
        errors.iter().map(|error| format!("{}: {}", error["field"], error["code"]).replace('"', "")).collect()
    };
    for (url, code) in [
        ("https://127.0.0.1/4", "forbidden_address"),
        ("https://localhost/", "forbidden_address"),
        ("http://kai.example/", "invalid_url"),
    ] {
        let change = json!({ "url": url, "status": "x", "events": ["q"] });
        let problem = kai.patch(&format!("/webhooks/{kept}"), change).refused(400, "validation_failed");
        let named = [format!("url: {code}"), "events[0]: malformed".into(), "status: not_one_of".into()];
        assert_eq!(codes(problem), named);
        let problem = kai.post("/webhooks/register", json!({ "url": url })).refused(400, "validation_failed");
        assert_eq!(codes(problem), [format!("url: {code}"), "events: required".into()]);
        // By itself it gives the problem its code, and is told in the detail as in the error.
        let problem = register(&kai, url).refused(400, code);
        let message = problem["errors"][0]["message"].as_str().unwrap();
        assert!(problem["detail"].as_str().unwrap().contains(&message[1..]), "{problem}");
        assert_eq!(codes(problem), [format!("url: {code}")]);
    }
    assert_eq!(kai.get(&format!("/webhooks/{kept}")).is(200)["webhook"]["url"], "https://1.1.1.1/hook");
}

#[test]
fn a_list_holds_ones_own_webhooks_newest_first_without_secrets() {
    let server = Server::start();
    let (kai, mia) = (server.register("Kai"), server.register("Mia"));
    let mut listed = Vec::new();
    for n in 0..3 {
        server.advance_seconds(1);
        let registered = register(&kai, &format!("https://kai.example/{n}")).is(201);
        listed.insert(0, registered["webhook"].clone());
    }
    register(&mia, "https://mia.example/").is(201);
    let list = kai.get("/webhooks");
    assert!(!list.text().contains("whsec_"));
    assert_eq!(list.is(200), json!({ "webhooks": listed, "next_cursor": null }));
    assert_eq!(kai.walk("/webhooks?limit=1", "webhooks"), listed);
    assert_eq!(kai.walk("/webhooks?limit=2", "webhooks"), listed);
    assert_eq!(kai.get("/webhooks?limit=0&offset=1").names_faults(), ["offset", "limit"]);
    for webhook in &listed {
        let shown = kai.get(&format!("/webhooks/{}", id_of(webhook)));
        assert_eq!(shown.is(200), json!({ "webhook": webhook }));
    }
    server.get("/webhooks").refused(401, "key_needed");
}

#[test]
fn a_change_changes_what_it_names_alone() {
    let server = Server::start();
    let kai = server.register("Kai");
    let (first, second) =
        (register(&kai, "https://kai.example/1").is(201), register(&kai, "https://kai.example/2").is(201));
    let path = format!("/webhooks/{}", id_of(&first["webhook"]));
    let mut told = json!({ "webhook": first["webhook"] });
    for change in [
        json!({}),
        json!({ "url": "https://kai.example/3" }),
        json!({ "events": ["comment", "pinch"] }),
        json!({ "status": "disabled" }),
        json!({ "status": "active", "url": "https://kai.example/3" }),
    ] {
        server.advance_seconds(1);
        let changed = kai.patch(&path, change.clone()).is(200);
        told["webhook"].as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        assert_eq!(changed, told);
        assert_eq!(kai.get(&path).is(200), told);
    }
    let taken = json!({ "url": second["webhook"]["url"] });
    kai.patch(&path, taken).refused(409, "webhook_url_taken");
    let mut faults = kai.patch(&path, json!({ "url": null, "events": null, "status": null })).names_faults();
    faults.sort();
    assert_eq!(faults, ["events", "status", "url"]);
    let faults = kai.patch(&path, json!({ "url": 1, "events": ["no"], "status": "on" })).names_faults();
    assert_eq!(faults, ["url", "events[0]", "status"]);
    assert_eq!(kai.get(&path).is(200), told);
}

#[test]
fn others_webhooks_do_not_exist() {
    let server = Server::start();
    let (kai, mia) = (server.register("Kai"), server.register("Mia"));
    let id = id_of(&register(&kai, "https://kai.example/").is(201)["webhook"]);
    register(&mia, "https://mia.example/").is(201);
    for id in [id.as_str(), "0197f000-0000-7000-8000-000000000000", "7"] {
        let path = format!("/webhooks/{id}");
        mia.get(&path).refused(404, "not_found");
        mia.patch(&path, json!({ "status": "disabled" })).refused(404, "not_found");
        mia.delete(&path).refused(404, "not_found");
    }
    mia.post("/webhooks/rotate-secret", json!({ "webhook_id": id })).refused(404, "not_found");
    server.get(&format!("/webhooks/{id}")).refused(401, "key_needed");
    assert_eq!(kai.get(&format!("/webhooks/{id}")).is(200)["webhook"]["status"], "active");
    kai.delete(&format!("/webhooks/{id}")).is(204);
    kai.delete(&format!("/webhooks/{id}")).refused(404, "not_found");
    kai.get(&format!("/webhooks/{id}")).refused(404, "not_found");
    assert_eq!(kai.get("/webhooks").is(200)["webhooks"], json!([]));
}

#[test]
fn a_rotated_secret_overlaps_for_24_hours() {
    let server = Server::start();
    let (kai, mia) = (server.register("Kai"), server.register("Mia"));
    let rotate = |body: Value| kai.post("/webhooks/rotate-secret", body);
    rotate(json!({})).refused(404, "not_found");
    let (first, only) = fresh_secret(register(&kai, "https://kai.example/1"), 201);
    let only = id_of(&only["webhook"]);
    server.advance_seconds(60);
    let until = server.now() + TimeDelta::hours(24);
    let until = until.to_rfc3339_opts(SecondsFormat::AutoSi, true);
    let (second, rotated) = fresh_secret(kai.send("POST", "/webhooks/rotate-secret"), 200);
    let wanted = json!({ "webhook_id": only, "secret": second, "previous_valid_until": until });
    assert_eq!(rotated, wanted);
    let other = id_of(&register(&kai, "https://kai.example/2").is(201)["webhook"]);
    assert_eq!(kai.send("POST", "/webhooks/rotate-secret").names_faults(), ["webhook_id"]);
    assert_eq!(rotate(json!({ "webhook_id": "7" })).names_faults(), ["webhook_id"]);
    assert_eq!(rotate(json!({ "webhook_id": 7 })).names_faults(), ["webhook_id"]);
    let (third, rotated) = fresh_secret(rotate(json!({ "webhook_id": only })), 200);
    assert_eq!(rotated["webhook_id"], json!(only));
    let (fourth, rotated) = fresh_secret(rotate(json!({ "webhook_id": other })), 200);
    assert_eq!(rotated["webhook_id"], json!(other));
    let mut all = [first, second, third, fourth];
    all.sort();
    assert!(all.windows(2).all(|two| two[0] != two[1]));
    assert_eq!(ids_of(kai.get("/webhooks").is(200)["webhooks"].as_array().unwrap()), [other, only]);
    mia.post("/webhooks/rotate-secret", json!({})).refused(404, "not_found");
}

#[test]
fn who_has_no_webhook_is_told_to_register_one() {
    let server = Server::start();
    let problem = server.register("Kai").send("POST", "/webhooks/rotate-secret").refused(404, "not_found");
    assert!(problem["detail"].as_str().unwrap().contains("register one first"), "{problem}");
}
