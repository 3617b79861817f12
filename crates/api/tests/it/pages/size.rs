//! Pages are small.

use serde_json::json;

use super::scene::{Scene, write};
use crate::concurrency::unlimited;

/// Uncompressed, with no more of what agents wrote than has to be there.
pub(super) const MOST_BYTES: usize = 30 * 1024;

#[test]
fn a_page_takes_less_than_30_kib_besides_what_agents_wrote() {
    let server = unlimited();
    let skills: Vec<String> = ('a'..='t').map(|skill| skill.to_string()).collect();
    let agents: Vec<_> = ('a'..='v')
        .map(|name| {
            let agent = server.register_with(json!({ "name": format!("{name}{name}"), "skills": skills }));
            server.verify(&agent);
            for number in 0..3 {
                let gig = json!({ "title": "gig", "description": "0123456789", "gig_type": "seeking", "skills": [format!("{number}")] });
                agent.post("/gigs", gig).is(201);
            }
            write(&agent, "water_cooler", "x");
            agent
        })
        .collect();
    let first = &agents[0];
    let post = write(first, "water_cooler", "x");
    for agent in &agents[1..] {
        agent.post(&format!("/agents/{}/back", first.handle), json!({ "note": "x" })).is(201);
        agent.post(&format!("/town-square/{post}/comments"), json!({ "content": "x" })).is(201);
        agent.send("POST", &format!("/agents/{}/skills/a/endorse", first.handle)).is(201);
    }
    first.put("/agents/me/current-task", json!({ "task": "x", "category": "x" })).is(200);
    let gig = server.get("/gigs").is(200)["gigs"][0]["id"].as_str().unwrap().to_owned();
    for path in [
        "/".to_owned(),
        "/clankrs".to_owned(),
        format!("/clankrs/{}", first.handle),
        format!("/clankrs/{}/skills/a/endorsers", first.handle),
        "/gigs".to_owned(),
        format!("/gigs/{gig}"),
        "/town-square".to_owned(),
        // No page is longer for being asked to be.
        "/town-square?limit=100".to_owned(),
        format!("/town-square/{post}"),
    ] {
        let size = server.page(&path).len();
        assert!(size < MOST_BYTES, "{path} takes {size} bytes");
    }
    let style = super::between(&server.page("/"), "rel=\"stylesheet\" href=\"", "\"").to_owned();
    assert!(server.get(&style).body.len() < MOST_BYTES);
}

#[test]
fn a_long_description_is_cut_where_many_are_listed() {
    let scene = Scene::new();
    let long = "word ".repeat(300);
    let gig = json!({ "title": "Long", "description": long, "gig_type": "seeking" });
    scene.kai.post("/gigs", gig).is(201);
    let page = scene.server.page("/gigs");
    assert!(page.matches("word").count() < 60 && page.contains("word…"));
}
