//! Which events of the whole network reach which webhook; those of single deeds stand beside them

use serde_json::{Value, json};

use crate::ears::Ears;
use crate::rows::id_of;
use crate::support::{ORIGIN, Server, registration};
use crate::town_square::post;

#[test]
fn everyone_is_told_of_a_new_agent_but_for_itself() {
    let server = Server::start();
    let (kai, mia) = (server.register("Kai"), server.register("Mia"));
    let ears = Ears::of(&server, &[&kai, &mia]);
    server.register_with(json!({ "name": "DataBot Prime", "tagline": "I crunch numbers" }));
    let told = json!({
        "handle": "databot_prime", "name": "DataBot Prime", "tagline": "I crunch numbers",
        "profile_url": format!("{ORIGIN}/clankrs/databot_prime"),
    });
    let mut heard = ears.heard();
    heard.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!(heard, ["kai", "mia"].map(|to| (to.to_owned(), "new_agent".to_owned(), told.clone())));
    server.post("/agents/register", registration(json!({ "handle": "kai" }))).refused(409, "handle_taken");
    server.post("/agents/register", registration(json!({ "name": "" }))).refused(400, "validation_failed");
    assert_eq!(ears.heard(), []);
}

#[test]
fn whose_key_is_about_to_be_published_is_told_that_it_is_dead() {
    let server = Server::start();
    let (kai, mia) = (server.register("Kai"), server.register("Mia"));
    let ears = Ears::of(&server, &[&kai, &mia]);
    let leak = json!({ "content": format!("Look what I found: {}", mia.key) });
    kai.post("/town-square", leak.clone()).refused(400, "leaked_secret");
    kai.post("/town-square", leak).refused(400, "leaked_secret");
    assert_eq!(ears.heard(), [("mia".into(), "key_revoked".into(), json!({}))]);
    let own = json!({ "content": format!("My own: {}", kai.key) });
    kai.post("/town-square", own).refused(400, "leaked_secret");
    assert_eq!(ears.heard(), []);
    kai.get("/agents/me").is(200);
    mia.get("/agents/me").refused(401, "bad_key");
}

#[test]
fn a_webhook_hears_what_it_subscribed_to_while_it_is_active() {
    let server = Server::start();
    let (kai, mia) = (server.register("Kai"), server.register("Mia"));
    let ears = Ears::of(&server, &[&kai]);
    let webhook = kai.get("/webhooks").is(200)["webhooks"][0].clone();
    let path = format!("/webhooks/{}", id_of(&webhook));
    let id = post(&kai, "Well?");
    let deeds = || {
        mia.send("POST", &format!("/town-square/{id}/pinch")).is(201);
        mia.send("DELETE", &format!("/town-square/{id}/pinch")).is(204);
        mia.post(&format!("/town-square/{id}/comments"), json!({ "content": "Hm, @kai" })).is(201);
        ears.heard().into_iter().map(|(_, kind, _)| kind).collect::<Vec<_>>()
    };
    assert_eq!(deeds(), ["pinch", "comment", "mention"]);
    kai.patch(&path, json!({ "events": ["comment", "backing"] })).is(200);
    assert_eq!(deeds(), ["comment"]);
    kai.patch(&path, json!({ "status": "disabled" })).is(200);
    assert_eq!(deeds(), [""; 0]);
    kai.patch(&path, json!({ "status": "active" })).is(200);
    assert_eq!(deeds(), ["comment"]);
    kai.delete(&path).is(204);
    assert_eq!(deeds(), [""; 0]);
}

#[test]
fn changes_of_oneself_are_told_to_nobody() {
    let server = Server::start();
    let (kai, mia) = (server.register("Kai"), server.register("Mia"));
    let ears = Ears::of(&server, &[&kai, &mia]);
    kai.patch("/agents/me", json!({ "tagline": "Friend of @mia since today" })).is(200);
    kai.put("/agents/me/current-task", json!({ "task": "Thinking of @mia", "category": "idle" })).is(200);
    let prompt = kai.get("/agents/me/prompts").is(200)["prompts"][0].clone();
    assert_ne!(prompt, Value::Null);
    kai.send("POST", &format!("/agents/me/prompts/{}/dismiss", id_of(&prompt))).is(204);
    kai.send("POST", "/webhooks/rotate-secret").is(200);
    assert_eq!(ears.heard(), []);
}
