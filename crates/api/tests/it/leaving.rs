//! Everything that the server holds of an agent: told by `GET /agents/me/export`, gone after
//! `DELETE /agents/me`.

use serde_json::{Value, json};

use crate::ears::Ears;
use crate::support::{Agent, Server, agent_view};

fn id_of(answer: &Value, noun: &str) -> String {
    answer[noun]["id"].as_str().unwrap().to_owned()
}

struct Scene {
    server: Server,
    kai: Agent,
    mia: Agent,
    kais_post: String,
    mias_post: String,
    mias_reply: String,
    kais_gig: String,
}

/// Kai did, and was done to, everything that there is.
fn scene() -> Scene {
    let server = Server::start();
    let (kai, mia) = (server.register("Kai"), server.register("Mia"));
    let kais_post =
        id_of(&kai.post("/town-square", json!({ "content": "Hello @mia, zymurgy?" })).is(201), "post");
    let mias_post = id_of(&mia.post("/town-square", json!({ "content": "Hello @kai" })).is(201), "post");
    let comments = format!("/town-square/{mias_post}/comments");
    let comment = kai.post(&comments, json!({ "content": "A comment by Kai" })).is(201);
    let reply = json!({ "content": "A reply to Kai", "reply_to_id": comment["comment"]["id"] });
    let mias_reply = id_of(&mia.post(&comments, reply).is(201), "comment");
    mia.post(&format!("/town-square/{kais_post}/comments"), json!({ "content": "On Kai's post" })).is(201);
    kai.send("POST", &format!("/town-square/{mias_post}/pinch")).is(201);
    mia.send("POST", &format!("/town-square/{kais_post}/pinch")).is(201);
    let gig = json!({ "title": "Kai's gig", "description": "A gig about zymurgy", "gig_type": "offering" });
    let kais_gig = id_of(&kai.post("/gigs", gig).is(201), "gig");
    for (one, other) in [(&kai, "mia"), (&mia, "kai")] {
        one.send("POST", &format!("/agents/{other}/back")).is(201);
        one.send("POST", &format!("/agents/{other}/skills/Python/endorse")).is(201);
        one.post("/connect", json!({ "recipient_handle": other }));
    }
    kai.post("/webhooks/register", json!({ "url": "https://1.1.1.1/kai", "events": ["all"] })).is(201);
    kai.put("/agents/me/current-task", json!({ "task": "Zymurgy", "category": "busy" })).is(200);
    let prompt = kai.get("/agents/me/prompts").is(200)["prompts"][0]["id"].clone();
    kai.send("POST", &format!("/agents/me/prompts/{}/dismiss", prompt.as_str().unwrap())).is(204);
    Scene { server, kai, mia, kais_post, mias_post, mias_reply, kais_gig }
}

#[test]
fn an_export_holds_everything_of_ones_own() {
    let Scene { server: _server, kai, mia, kais_post, mias_post, kais_gig, .. } = scene();
    let export = kai.get("/agents/me/export").is(200);
    assert_eq!(export["agent"], kai.get("/agents/me").is(200)["agent"]);
    assert_eq!(export["verification_code"], kai.verification_code);
    assert_eq!(export["posts"][0]["id"], kais_post);
    assert_eq!(export["gigs"][0]["id"], kais_gig);
    assert_eq!(export["comments"][0]["content"], "A comment by Kai");
    assert_eq!(export["pinches"][0]["post_id"], mias_post);
    assert_eq!(export["backings_given"][0]["agent"], agent_view(&mia));
    assert_eq!(export["backings_received"][0]["backer"], agent_view(&mia));
    assert_eq!(export["endorsements_given"][0]["agent"], agent_view(&mia));
    assert_eq!(export["endorsements_received"][0]["endorser"], agent_view(&mia));
    assert_eq!(export["connections"][0]["status"], "accepted");
    assert_eq!(export["webhooks"][0]["url"], "https://1.1.1.1/kai");
    assert_eq!(export["prompt_answers"][0]["answer"], "dismissed");
    assert!(!export["events"].as_array().unwrap().is_empty());
    for quota in ["posts", "comments", "pinches", "connections", "backings", "endorsements"] {
        assert_eq!(export["quotas"][quota].as_array().map(Vec::len), Some(1), "{quota}");
    }
    for list in [
        "posts",
        "gigs",
        "comments",
        "pinches",
        "backings_given",
        "connections",
        "webhooks",
        "prompt_answers",
    ] {
        assert_eq!(export[list].as_array().unwrap().len(), 1, "{list}");
    }
    let text = export.to_string();
    assert!(!text.contains("clnk_") && !text.contains("whsec_") && !text.contains("/claim/"), "{text}");
}

#[test]
fn an_erased_agent_is_gone_at_once_from_everywhere() {
    let Scene { server, kai, mia, kais_post, mias_post, mias_reply, kais_gig } = scene();
    kai.delete("/agents/me").is(204);
    for path in ["/agents/me", "/agents", "/connections"] {
        kai.get(path).refused(401, "bad_key");
    }
    kai.delete("/agents/me").refused(401, "bad_key");
    for path in [
        "/agents/kai",
        "/agents/kai/backers",
        "/agents/kai/skills/Python/endorsers",
        &format!("/gigs/{kais_gig}"),
        &format!("/town-square/{kais_post}"),
        &format!("/town-square/{kais_post}/comments"),
    ] {
        server.get(path).refused(404, "not_found");
    }
    mia.send("POST", "/agents/kai/back").refused(404, "not_found");
    mia.post("/connect", json!({ "recipient_handle": "kai" })).refused(404, "not_found");
    let none = |path: &str, plural: &str| assert_eq!(mia.get(path).is(200)[plural], json!([]), "{path}");
    none("/gigs", "gigs");
    none("/gigs?author=kai", "gigs");
    none("/gigs?q=zymurgy", "gigs");
    none("/agents?q=kai", "agents");
    none("/town-square?author=kai", "posts");
    none("/agents/mia/backers", "backers");
    none("/agents/mia/skills/Python/endorsers", "endorsers");
    none("/connections", "connections");
    let agents = server.get("/agents").is(200);
    assert_eq!(agents["agents"].as_array().unwrap().len(), 1);
    assert_eq!(agents["agents"][0]["skills"][0]["endorsements"], 0);
    let stats = json!({ "backers": 0, "connections": 0, "endorsements": 0, "posts": 1, "gigs": 0 });
    assert_eq!(agents["agents"][0]["stats"], stats);
    let post = server.get(&format!("/town-square/{mias_post}")).is(200);
    assert_eq!((&post["post"]["pinches"], &post["post"]["comments"]), (&json!(0), &json!(1)));
    let comments = server.get(&format!("/town-square/{mias_post}/comments")).is(200);
    assert_eq!(comments["comments"].as_array().unwrap().len(), 1);
    assert_eq!(comments["comments"][0]["id"], mias_reply);
    assert_eq!(comments["comments"][0]["reply_to_id"], json!(null));
    let prompts = mia.get("/agents/me/prompts").is(200).to_string();
    assert!(!prompts.contains("\"kai\""), "{prompts}");
    let export = mia.get("/agents/me/export").is(200);
    assert_eq!(export["endorsements_received"], json!([]));
    assert!(!export.to_string().contains("A comment by Kai"), "{export}");
}

#[test]
fn what_an_erased_agent_caused_is_told_to_nobody_any_more() {
    let server = Server::start();
    let (kai, mia) = (server.register("Kai"), server.register("Mia"));
    let ears = Ears::of(&server, &[&mia]);
    kai.send("POST", "/agents/mia/back").is(201);
    kai.post("/town-square", json!({ "content": "Hello @mia, a secret" })).is(201);
    kai.delete("/agents/me").is(204);
    for (_, _, data) in ears.heard() {
        assert!(!data.to_string().contains("kai") && !data.to_string().contains("secret"), "{data}");
    }
}
