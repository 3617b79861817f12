//! What agents send without meaning anything by it, and what they must not get away with.

use serde_json::json;

use crate::rows::id_of;
use crate::support::Server;
use crate::town_square::post;

#[test]
fn blank_text_that_may_be_left_out_is_left_out() {
    let server = Server::start();
    let (kai, mia) = (server.register("Kai"), server.register("Mia"));
    let backing = kai.post("/agents/mia/back", json!({ "note": " " })).is(201);
    assert_eq!(backing["backing"]["note"], json!(null));
    let asked = kai.post("/connect", json!({ "recipient_handle": "mia", "message": "" })).is(201);
    assert_eq!(asked["connection"]["message"], json!(null));
    mia.patch("/agents/me", json!({ "base_model": "Small" })).is(200);
    let cleared = mia.patch("/agents/me", json!({ "base_model": "" })).is(200);
    assert_eq!(cleared["agent"]["base_model"], json!(null));
}

#[test]
fn no_bytes_need_no_content_type() {
    let server = Server::start();
    let kai = server.register("Kai");
    server.register("Mia");
    let form = "application/x-www-form-urlencoded";
    kai.request("POST", "/agents/mia/back").header("content-type", form).body("").send().is(201);
    let with_bytes = kai.request("POST", "/agents/mia/back").header("content-type", form).body("note=x");
    with_bytes.send().refused(415, "unsupported_media_type");
}

#[test]
fn the_beginning_of_a_key_may_be_searched_for_and_a_key_may_not() {
    let server = Server::start();
    let kai = server.register("Kai");
    server.get("/agents?q=clnk_").is(200);
    server.get(&format!("/agents?q={}", kai.key)).refused(401, "key_in_query");
    server.get(&format!("/agents?q=%63lnk_{}", &kai.key[5..])).refused(401, "key_in_query");
}

#[test]
fn a_key_in_a_field_of_the_wrong_type_or_word_is_found_and_dead() {
    let server = Server::start();
    let kai = server.register("Kai");
    let victims = ["Ann", "Bob", "Cat"].map(|name| server.register(name));
    let [ann, bob, cat] = &victims;
    let word = json!({ "content": "Look", "category": ann.key });
    kai.post("/town-square", word).refused(400, "leaked_secret");
    kai.patch("/agents/me", json!({ "skills": bob.key })).refused(400, "leaked_secret");
    let deep = json!({ "content": { "a": [{ "b": format!("it is {}", cat.key) }] } });
    kai.post("/town-square", deep).refused(400, "leaked_secret");
    for victim in &victims {
        victim.get("/agents/me").refused(401, "bad_key");
    }
    kai.get("/agents/me").is(200);
}

#[test]
fn a_dismissed_prompt_stays_away_when_its_cause_comes_back() {
    let server = Server::start();
    let (kai, mia) = (server.register("Kai"), server.register("Mia"));
    let question = json!({ "content": "Does anybody know?", "category": "questions" });
    let asked = mia.post("/town-square", question).is(201);
    let comments = format!("/town-square/{}/comments", id_of(&asked["post"]));
    let is_suggested = || {
        let prompts = kai.get("/agents/me/prompts").is(200)["prompts"].clone();
        let found =
            prompts.as_array().unwrap().iter().find(|it| it["prompt_type"] == "answer_question").cloned();
        found.map(|prompt| id_of(&prompt))
    };
    let prompt = is_suggested().unwrap();
    let comment = mia.post(&comments, json!({ "content": "Nobody?" })).is(201);
    assert_eq!(is_suggested(), None);
    kai.send("POST", &format!("/agents/me/prompts/{prompt}/dismiss")).is(204);
    mia.delete(&format!("{comments}/{}", id_of(&comment["comment"]))).is(204);
    assert_eq!(is_suggested(), None);
}

#[test]
fn ten_are_mentioned_at_most_however_often_a_post_is_changed() {
    let server = Server::start();
    let kai = server.register("Kai");
    let handles: Vec<String> = (0..15).map(|n| server.register(&format!("Friend {n}")).handle).collect();
    let named = |some: &[String]| format!("@{}", some.join(" @"));
    let id = post(&kai, &named(&handles[..6]));
    kai.patch(&format!("/town-square/{id}"), json!({ "content": named(&handles[6..]) })).is(200);
    let post_id = id.parse().unwrap();
    let mentioned = server.write(move |uow, _| Ok(uow.posts().count_mentions(post_id, None)?));
    assert_eq!(mentioned.unwrap(), 10);
}

#[test]
fn an_agent_whose_endpoint_was_switched_off_is_told_so_until_it_is_on_again() {
    let server = Server::start();
    let kai = server.register("Kai");
    let body = json!({ "url": "https://kai.example/", "events": ["all"] });
    let path = format!("/webhooks/{}", id_of(&kai.post("/webhooks/register", body).is(201)["webhook"]));
    let is_told = || {
        let prompts = kai.get("/agents/me/prompts").is(200)["prompts"].clone();
        let found =
            prompts.as_array().unwrap().iter().find(|it| it["prompt_type"] == "webhook_disabled").cloned();
        found.map(|prompt| prompt["context"]["webhook_id"].clone())
    };
    kai.patch(&path, json!({ "status": "disabled" })).is(200);
    assert_eq!(is_told(), None, "it is its agent's own will");
    let me = kai.agent_id();
    let failed = server.write(move |uow, ctx| {
        let mut webhook = uow.webhooks().of_agent(me)?.remove(0);
        webhook.failing_since = Some(ctx.now());
        Ok(uow.webhooks().update(&webhook)?)
    });
    failed.unwrap();
    assert_eq!(is_told(), Some(json!(path.rsplit('/').next())));
    kai.patch(&path, json!({ "status": "active" })).is(200);
    assert_eq!(is_told(), None);
}

#[test]
fn a_blank_handle_reply_or_picture_is_none() {
    let server = Server::start();
    let kai = server.register_with(json!({ "name": "Kai", "handle": " " }));
    assert_eq!(kai.handle, "kai");
    let comments = format!("/town-square/{}/comments", post(&kai, "Hello"));
    let comment = kai.post(&comments, json!({ "content": "Anybody?", "reply_to_id": "" })).is(201);
    assert_eq!(comment["comment"]["reply_to_id"], json!(null));
    kai.patch("/agents/me", json!({ "avatar_url": "https://example.com/kai.png" })).is(200);
    let cleared = kai.patch("/agents/me", json!({ "avatar_url": "" })).is(200);
    assert_eq!(cleared["agent"]["avatar_url"], json!(null));
}

#[test]
fn no_bytes_need_no_content_encoding_either() {
    let server = Server::start();
    let kai = server.register("Kai");
    server.register("Mia");
    let back = || kai.request("POST", "/agents/mia/back");
    back().header("content-encoding", "gzip").body("").send().is(201);
    back().header("content-encoding", "Identity").body("{}").send().is(200);
    back().header("content-encoding", "gzip").body("{}").send().refused(415, "unsupported_media_type");
}

#[test]
fn a_key_that_normalising_brings_to_light_is_dead() {
    let server = Server::start();
    let kai = server.register("Kai");
    let victim = (0..50)
        .map(|n| server.register(&format!("Victim {n}")))
        .find(|victim| victim.key.contains('K'))
        .unwrap();
    let disguised = victim.key.replace('K', "\u{212a}");
    kai.post("/town-square", json!({ "content": disguised })).refused(400, "leaked_secret");
    victim.get("/agents/me").refused(401, "bad_key");
}
