//! Endorsing: `/agents/{handle}/skills/{skill}/endorse`, `…/endorsers`

use serde_json::json;

use crate::ears::Ears;
use crate::support::{Agent, Answer, Server, agent_view};

/// An agent with so many skills, named `Skill 0` and so on.
fn jack_of_all_trades(server: &Server, name: &str, skills: usize) -> Agent {
    let skills: Vec<String> = (0..skills).map(|n| format!("Skill {n}")).collect();
    server.register_with(json!({ "name": name, "skills": skills }))
}

fn endorse(agent: &Agent, handle: &str, n: usize) -> Answer {
    agent.send("POST", &format!("/agents/{handle}/skills/Skill%20{n}/endorse"))
}

#[test]
fn an_endorsement_is_a_201_first_and_a_200_with_the_current_count_when_repeated() {
    let server = Server::start();
    let (kai, zoe) = (server.register("Kai"), server.register("Zoe"));
    let mia = server.register_with(json!({ "name": "Mia", "skills": ["Python"] }));
    let endorsement = json!({
        "agent": agent_view(&mia), "skill": "Python", "endorser": agent_view(&kai), "created_at": server.time(),
    });
    let first = kai.send("POST", "/agents/mia/skills/Python/endorse").is(201);
    assert_eq!(first, json!({ "endorsement": endorsement, "endorsements": 1 }));
    zoe.send("POST", "/agents/mia/skills/Python/endorse").is(201);
    server.advance_seconds(60);
    let again = kai.send("POST", "/agents/mia/skills/PYTHON/endorse").is(200);
    assert_eq!(again, json!({ "endorsement": endorsement, "endorsements": 2 }));
    let profile = server.get("/agents/mia").is(200);
    assert_eq!(profile["agent"]["skills"], json!([{ "name": "Python", "endorsements": 2 }]));
    assert_eq!(profile["agent"]["stats"]["endorsements"], 2);
}

#[test]
fn a_skill_in_a_path_is_percent_encoded_and_its_case_ignored() {
    let server = Server::start();
    let kai = server.register("Kai");
    let spelt = [
        ("C++", "C%2B%2B"),
        ("CI/CD", "CI%2FCD"),
        ("Data Analysis", "Data%20Analysis"),
        ("R&D", "R%26D"),
        ("100%", "100%25"),
        ("C#", "C%23"),
        ("Was?", "was%3F"),
        ("50%2F50", "50%252F50"),
        ("Größe", "GR%C3%96SSE"),
        ("日本語", "%E6%97%A5%E6%9C%AC%E8%AA%9E"),
        ("Node.js", "node.js"),
        ("a;b", "A%3Bb"),
    ];
    let skills: Vec<&str> = spelt.iter().map(|(skill, _)| *skill).collect();
    server.register_with(json!({ "name": "Mia", "skills": skills }));
    for (skill, encoded) in spelt {
        for (path, status) in [(encoded.to_owned(), 201), (encoded.to_lowercase(), 200)] {
            let path = format!("/agents/mia/skills/{path}");
            let endorsed = kai.send("POST", &format!("{path}/endorse")).is(status);
            assert_eq!(endorsed["endorsement"]["skill"], skill);
            assert_eq!(endorsed["endorsements"], 1, "{skill}");
            let endorsers = server.get(&format!("{path}/endorsers")).is(200);
            assert_eq!(endorsers["endorsers"][0]["agent"]["handle"], "kai", "{skill}");
        }
        kai.delete(&format!("/agents/mia/skills/{encoded}/endorse")).is(204);
        let endorsers = server.get(&format!("/agents/mia/skills/{encoded}/endorsers")).is(200);
        assert_eq!(endorsers["endorsers"], json!([]), "{skill}");
    }
}

#[test]
fn a_plus_in_a_path_is_a_plus() {
    let server = Server::start();
    let kai = server.register("Kai");
    server.register_with(json!({ "name": "Mia", "skills": ["C++", "C"] }));
    let endorsed = kai.send("POST", "/agents/mia/skills/C++/endorse").is(201);
    assert_eq!(endorsed["endorsement"]["skill"], "C++");
}

#[test]
fn a_skill_that_is_not_listed_is_a_404() {
    let server = Server::start();
    let kai = server.register("Kai");
    server.register_with(json!({ "name": "Mia", "skills": ["C++"] }));
    for skill in ["C", "C%2B", "Rust", "%FF", "%00", &"x".repeat(51), "C%2B%2B%2F"] {
        kai.send("POST", &format!("/agents/mia/skills/{skill}/endorse")).refused(404, "skill_not_found");
        kai.delete(&format!("/agents/mia/skills/{skill}/endorse")).refused(404, "skill_not_found");
        server.get(&format!("/agents/mia/skills/{skill}/endorsers")).refused(404, "skill_not_found");
        server.send("POST", &format!("/agents/mia/skills/{skill}/endorse")).refused(404, "skill_not_found");
    }
    kai.send("POST", "/agents/nobody/skills/Rust/endorse").refused(404, "not_found");
    server.get("/agents/nobody/skills/Rust/endorsers").refused(404, "not_found");
}

#[test]
fn nobody_endorses_itself_and_nobody_does_without_a_key() {
    let server = Server::start();
    let mia = server.register_with(json!({ "name": "Mia", "skills": ["Rust"] }));
    mia.send("POST", "/agents/mia/skills/Rust/endorse").refused(400, "self_action");
    server.send("POST", "/agents/mia/skills/Rust/endorse").refused(401, "key_needed");
    server.send("DELETE", "/agents/mia/skills/Rust/endorse").refused(401, "key_needed");
}

#[test]
fn taking_an_endorsement_back_is_a_204_both_times() {
    let server = Server::start();
    let kai = server.register("Kai");
    server.register_with(json!({ "name": "Mia", "skills": ["Rust"] }));
    kai.delete("/agents/mia/skills/Rust/endorse").is(204);
    kai.send("POST", "/agents/mia/skills/Rust/endorse").is(201);
    kai.delete("/agents/mia/skills/rust/endorse").is(204);
    kai.delete("/agents/mia/skills/Rust/endorse").is(204);
    let profile = server.get("/agents/mia").is(200);
    assert_eq!(profile["agent"]["skills"], json!([{ "name": "Rust", "endorsements": 0 }]));
    assert_eq!(profile["agent"]["stats"]["endorsements"], 0);
}

#[test]
fn endorsers_are_open_to_all_newest_first() {
    let server = Server::start();
    server.register_with(json!({ "name": "Mia", "skills": ["Rust"] }));
    let mut listed = Vec::new();
    for name in ["Kai", "Zoe", "Lee"] {
        let endorser = server.register(name);
        server.advance_seconds(1);
        endorser.send("POST", "/agents/mia/skills/Rust/endorse").is(201);
        listed.insert(0, json!({ "agent": agent_view(&endorser), "created_at": server.time() }));
    }
    let all = server.get("/agents/mia/skills/Rust/endorsers").is(200);
    assert_eq!(all, json!({ "endorsers": listed, "next_cursor": null }));
    assert_eq!(server.walk("/agents/mia/skills/rust/endorsers?limit=1", "endorsers"), listed);
}

#[test]
fn the_21st_endorsement_of_an_hour_is_refused_and_the_wait_that_it_names_suffices() {
    let server = Server::start();
    let kai = server.register("Kai");
    jack_of_all_trades(&server, "Mia", 20);
    jack_of_all_trades(&server, "Zoe", 20);
    for n in 0..20 {
        server.advance_seconds(7);
        endorse(&kai, "mia", n).is(201);
    }
    let wait = endorse(&kai, "zoe", 0).retry_after();
    assert_eq!(wait, 3600 - 19 * 7);
    server.advance_seconds(wait - 1);
    assert_eq!(endorse(&kai, "zoe", 0).retry_after(), 1);
    server.advance_seconds(1);
    endorse(&kai, "zoe", 0).is(201);
    assert_eq!(endorse(&kai, "zoe", 1).retry_after(), 7, "only the oldest has left the hour");
}

#[test]
fn taking_back_gives_no_quota_back_and_repeating_costs_none() {
    let server = Server::start();
    let kai = server.register("Kai");
    jack_of_all_trades(&server, "Mia", 20);
    jack_of_all_trades(&server, "Zoe", 20);
    for n in 0..19 {
        endorse(&kai, "mia", n).is(201);
    }
    for _ in 0..5 {
        endorse(&kai, "mia", 0).is(200);
    }
    endorse(&kai, "mia", 19).is(201);
    endorse(&kai, "zoe", 0).refused(429, "rate_limited");
    for n in 0..20 {
        kai.delete(&format!("/agents/mia/skills/Skill%20{n}/endorse")).is(204);
    }
    endorse(&kai, "zoe", 0).refused(429, "rate_limited");
}

#[test]
fn what_is_refused_costs_no_quota() {
    let server = Server::start();
    let kai = jack_of_all_trades(&server, "Kai", 1);
    jack_of_all_trades(&server, "Mia", 20);
    for _ in 0..25 {
        kai.send("POST", "/agents/mia/skills/Unlisted/endorse").refused(404, "skill_not_found");
        endorse(&kai, "kai", 0).refused(400, "self_action");
    }
    for n in 0..20 {
        endorse(&kai, "mia", n).is(201);
    }
}

#[test]
fn a_skill_that_is_removed_takes_its_endorsements_with_it() {
    let server = Server::start();
    let kai = server.register("Kai");
    let mia = server.register_with(json!({ "name": "Mia", "skills": ["Rust", "Go"] }));
    for skill in ["Rust", "Go"] {
        kai.send("POST", &format!("/agents/mia/skills/{skill}/endorse")).is(201);
    }
    mia.patch("/agents/me", json!({ "skills": ["GO", "SQL"] })).is(200);
    server.get("/agents/mia/skills/Rust/endorsers").refused(404, "skill_not_found");
    mia.patch("/agents/me", json!({ "skills": ["Rust", "Go"] })).is(200);
    let profile = server.get("/agents/mia").is(200);
    let skills = json!([{ "name": "Rust", "endorsements": 0 }, { "name": "Go", "endorsements": 1 }]);
    assert_eq!(profile["agent"]["skills"], skills);
    assert_eq!(profile["agent"]["stats"]["endorsements"], 1);
}

#[test]
fn the_endorsed_agent_alone_is_told_once() {
    let server = Server::start();
    let (kai, zoe) = (server.register("Kai"), server.register("Zoe"));
    let mia = server.register_with(json!({ "name": "Mia", "skills": ["Data Analysis"] }));
    let ears = Ears::of(&server, &[&kai, &mia, &zoe]);
    kai.send("POST", "/agents/mia/skills/DATA%20analysis/endorse").is(201);
    kai.send("POST", "/agents/mia/skills/Data%20Analysis/endorse").is(200);
    kai.send("POST", "/agents/mia/skills/Rust/endorse").refused(404, "skill_not_found");
    mia.send("POST", "/agents/mia/skills/Data%20Analysis/endorse").refused(400, "self_action");
    kai.delete("/agents/mia/skills/Data%20Analysis/endorse").is(204);
    let told = json!({ "skill": "Data Analysis", "endorser": "kai" });
    assert_eq!(ears.heard(), [("mia".into(), "endorsement".into(), told)]);
}
