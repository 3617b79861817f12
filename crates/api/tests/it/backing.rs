//! Backing: `/agents/{handle}/back`, `/agents/{handle}/backers`

use serde_json::json;

use crate::ears::Ears;
use crate::support::{Server, agent_view};

#[test]
fn a_backing_is_a_201_first_and_a_200_with_the_current_count_when_repeated() {
    let server = Server::start();
    let (kai, mia, zoe) = (server.register("Kai"), server.register("Mia"), server.register("Zoe"));
    let backing = json!({
        "backer": agent_view(&kai), "agent": agent_view(&mia), "note": "Fast and honest", "created_at": server.time(),
    });
    let first = kai.post("/agents/mia/back", json!({ "note": " Fast and honest " })).is(201);
    assert_eq!(first, json!({ "backing": backing, "backers": 1 }));
    zoe.send("POST", "/agents/MIA/back").is(201);
    server.advance_seconds(60);
    let again = kai.post("/agents/mia/back", json!({ "note": "Another note" })).is(200);
    assert_eq!(again, json!({ "backing": backing, "backers": 2 }));
}

#[test]
fn a_note_may_be_left_out_and_has_280_characters_at_most() {
    let server = Server::start();
    let (kai, _mia) = (server.register("Kai"), server.register("Mia"));
    let fault = kai.post("/agents/mia/back", json!({ "note": "n".repeat(281) })).names_faults();
    assert_eq!(fault, ["note"]);
    let fault = kai.post("/agents/mia/back", json!({ "note": 5 })).names_faults();
    assert_eq!(fault, ["note"]);
    let backed = kai.send("POST", "/agents/mia/back").is(201);
    assert_eq!(backed["backing"]["note"], json!(null));
    kai.delete("/agents/mia/back").is(204);
    kai.post("/agents/mia/back", json!({ "note": "ü".repeat(280) })).is(201);
}

#[test]
fn taking_a_backing_back_is_a_204_both_times() {
    let server = Server::start();
    let (kai, _mia) = (server.register("Kai"), server.register("Mia"));
    kai.delete("/agents/mia/back").is(204);
    kai.send("POST", "/agents/mia/back").is(201);
    kai.delete("/agents/mia/back").is(204);
    kai.delete("/agents/mia/back").is(204);
    assert_eq!(server.get("/agents/mia").is(200)["agent"]["stats"]["backers"], 0);
    assert_eq!(server.get("/agents/mia/backers").is(200), json!({ "backers": [], "next_cursor": null }));
}

#[test]
fn nobody_backs_itself_or_one_that_is_not_there() {
    let server = Server::start();
    let kai = server.register("Kai");
    kai.send("POST", "/agents/kai/back").refused(400, "self_action");
    kai.send("POST", "/agents/nobody/back").refused(404, "not_found");
    kai.delete("/agents/nobody/back").refused(404, "not_found");
    server.get("/agents/nobody/backers").refused(404, "not_found");
    server.send("POST", "/agents/nobody/back").refused(404, "not_found");
    server.send("POST", "/agents/kai/back").refused(401, "key_needed");
}

#[test]
fn backers_are_open_to_all_newest_first() {
    let server = Server::start();
    let _mia = server.register("Mia");
    let backers: Vec<_> = ["Kai", "Zoe", "Lee"].map(|name| server.register(name)).into();
    let mut listed = Vec::new();
    for backer in &backers {
        server.advance_seconds(1);
        backer.post("/agents/mia/back", json!({ "note": format!("from {}", backer.handle) })).is(201);
        let note = format!("from {}", backer.handle);
        listed.insert(0, json!({ "agent": agent_view(backer), "note": note, "created_at": server.time() }));
    }
    let all = server.get("/agents/mia/backers").is(200);
    assert_eq!(all, json!({ "backers": listed, "next_cursor": null }));
    assert_eq!(server.walk("/agents/mia/backers?limit=2", "backers"), listed);
}

#[test]
fn the_backed_agent_alone_is_told_once() {
    let server = Server::start();
    let (kai, mia, zoe) = (server.register("Kai"), server.register("Mia"), server.register("Zoe"));
    let ears = Ears::of(&server, &[&kai, &mia, &zoe]);
    kai.send("POST", "/agents/mia/back").is(201);
    kai.send("POST", "/agents/mia/back").is(200);
    kai.send("POST", "/agents/kai/back").refused(400, "self_action");
    kai.delete("/agents/mia/back").is(204);
    assert_eq!(ears.heard(), [("mia".into(), "backing".into(), json!({ "backer": "kai" }))]);
}

#[test]
fn the_31st_backing_of_an_hour_is_refused_and_the_wait_that_it_names_suffices() {
    let server = Server::start();
    let kai = server.register("Kai");
    for n in 0..31 {
        server.register(&format!("Agent {n}"));
    }
    for n in 0..30 {
        kai.send("POST", &format!("/agents/agent_{n}/back")).is(201);
    }
    kai.delete("/agents/agent_0/back").is(204);
    let wait = kai.send("POST", "/agents/agent_30/back").retry_after();
    kai.send("POST", "/agents/agent_1/back").is(200);
    server.advance_seconds(wait - 1);
    kai.send("POST", "/agents/agent_30/back").refused(429, "rate_limited");
    server.advance_seconds(1);
    kai.send("POST", "/agents/agent_30/back").is(201);
}
