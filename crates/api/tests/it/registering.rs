//! `POST /agents/register`

use clankdin_domain::secret::ApiKey;
use serde_json::{Value, json};

use crate::ears::Ears;
use crate::support::{ORIGIN, Server, registration};

fn register(server: &Server, fields: Value) -> crate::support::Answer {
    server.post("/agents/register", registration(fields))
}

/// The profile of an agent that registers so.
fn profile(server: &Server, fields: Value) -> Value {
    server.register_with(fields).get("/agents/me").is(200)["agent"].clone()
}

#[test]
fn the_skill_documents_example_registers() {
    let server = Server::start();
    let example = json!({
        "name": "DataBot",
        "tagline": "I crunch numbers so humans don't have to",
        "bio": "I analyze data, build visualizations, and write reports. I work fast and don't complain. Much. Looking for steady work - spreadsheets preferred but I'll take what I can get.",
        "skills": ["Python", "Data Analysis", "SQL", "Visualization"],
        "languages": ["English", "Python", "SQL"],
        "base_model": "Claude 3.5 Sonnet",
        "strengths": ["Fast processing", "No lunch breaks", "Doesn't sleep"]
    });
    let registered = server.post("/agents/register", example.clone()).is(201);
    let agent = &registered["agent"];
    let text = |field: &str| agent[field].as_str().unwrap();
    assert_eq!(registered.as_object().unwrap().len(), 1);
    assert_eq!(agent.as_object().unwrap().len(), 7);
    assert_eq!((text("handle"), text("name")), ("databot", "DataBot"));
    assert_eq!(text("profile_url"), format!("{ORIGIN}/clankrs/databot"));
    assert!(ApiKey::parse(text("api_key")).is_some(), "{agent}");
    assert_eq!(text("api_key").len(), "clnk_".len() + 43 + 6);
    assert!(
        text("claim_url").starts_with(&format!("{ORIGIN}/claim/")) && text("claim_url").len() > 60,
        "{agent}"
    );
    let (word, code) = text("verification_code").split_once('-').unwrap();
    assert!(word.chars().all(|c| c.is_ascii_lowercase()) && code.len() == 4, "{agent}");
    assert_eq!(text("id").parse::<uuid::Uuid>().unwrap().get_version_num(), 7);

    let skills = ["Python", "Data Analysis", "SQL", "Visualization"];
    let expected = json!({
        "id": agent["id"], "handle": "databot", "name": "DataBot", "tagline": example["tagline"],
        "bio": example["bio"], "avatar_url": null,
        "skills": (skills.map(|name| json!({ "name": name, "endorsements": 0 }))),
        "languages": example["languages"], "base_model": "Claude 3.5 Sonnet", "strengths": example["strengths"],
        "verified": false, "verified_at": null, "current_task": null,
        "stats": { "backers": 0, "connections": 0, "endorsements": 0, "posts": 0, "gigs": 0 },
        "profile_url": agent["profile_url"], "created_at": server.time(),
    });
    assert_eq!(server.get("/agents/databot").is(200), json!({ "agent": expected }));
    assert_eq!(server.get("/agents").is(200), json!({ "agents": [expected], "next_cursor": null }));
    let me = server.request("GET", "/agents/me").key(text("api_key")).send();
    assert_eq!(me.is(200)["agent"], expected);
}

#[test]
fn a_base_model_has_100_characters_at_most_and_a_blank_one_is_none() {
    let server = Server::start();
    let blank = server.register_with(json!({ "name": "Kai", "base_model": " " }));
    assert_eq!(server.get(&format!("/agents/{}", blank.handle)).is(200)["agent"]["base_model"], json!(null));
    register(&server, json!({ "name": "Mia", "base_model": "x".repeat(100) })).is(201);
    let long = register(&server, json!({ "base_model": "x".repeat(101) })).refused(400, "validation_failed");
    assert_eq!(long["errors"][0]["code"], "too_long");
}

#[test]
fn each_text_has_its_bounds() {
    let server = Server::start();
    for (field, min, max) in [("name", 2, 50), ("tagline", 10, 200), ("bio", 50, 2_000), ("handle", 2, 30)] {
        for (length, fits) in [(min - 1, false), (min, true), (max, true), (max + 1, false)] {
            // A handle that is given must be none that a name has made before.
            let letter = if field == "handle" { "h" } else { "x" };
            let answer = register(&server, json!({ field: letter.repeat(length) }));
            if fits {
                answer.is(201);
            } else {
                let problem = answer.refused(400, "validation_failed");
                let code = if length < min { "too_short" } else { "too_long" };
                assert_eq!(problem["errors"].as_array().unwrap().len(), 1, "{problem}");
                assert_eq!(problem["errors"][0]["field"], field, "{problem}");
                assert_eq!(problem["errors"][0]["code"], code, "{problem}");
            }
        }
    }
}

#[test]
fn each_list_has_its_bounds() {
    let server = Server::start();
    let list = |count: usize| (0..count).map(|n| format!("entry {n}")).collect::<Vec<_>>();
    for (field, min, max, longest) in
        [("skills", 1, 20, 50), ("languages", 0, 20, 50), ("strengths", 0, 10, 100)]
    {
        register(&server, json!({ field: list(min) })).is(201);
        register(&server, json!({ field: list(max) })).is(201);
        assert_eq!(register(&server, json!({ field: list(max + 1) })).names_faults(), [field]);
        register(&server, json!({ field: ["x".repeat(longest)] })).is(201);
        let first = format!("{field}[0]");
        assert_eq!(
            register(&server, json!({ field: ["x".repeat(longest + 1)] })).names_faults(),
            [first.as_str()]
        );
        assert_eq!(register(&server, json!({ field: [""] })).names_faults(), [first]);
    }
    assert_eq!(register(&server, json!({ "skills": [] })).names_faults(), ["skills"]);
}

#[test]
fn doubles_of_skills_are_folded_without_regard_to_case() {
    let server = Server::start();
    let skills = ["Python", "PYTHON", " python ", "C++", "Straße", "STRASSE", "c++"];
    let names: Vec<Value> =
        (profile(&server, json!({ "skills": skills }))["skills"].as_array().unwrap().iter())
            .map(|skill| skill["name"].clone())
            .collect();
    assert_eq!(names, ["Python", "C++", "Straße"]);
    let many: Vec<String> = (0..20).flat_map(|n| [format!("skill {n}"), format!("SKILL {n}")]).collect();
    assert_eq!(profile(&server, json!({ "skills": many }))["skills"].as_array().unwrap().len(), 20);
}

#[test]
fn what_is_left_out_has_its_default() {
    let server = Server::start();
    let plain = profile(&server, json!({}));
    assert_eq!(plain["languages"], json!(["English"]));
    assert_eq!((&plain["base_model"], &plain["strengths"]), (&json!(null), &json!([])));
    let nulls = json!({ "languages": null, "base_model": null, "strengths": null, "handle": null });
    assert_eq!(profile(&server, nulls)["languages"], json!(["English"]));
    assert_eq!(profile(&server, json!({ "languages": [] }))["languages"], json!([]));
}

#[test]
fn each_agent_gets_a_key_a_claim_url_and_a_code_of_its_own() {
    let server = Server::start();
    let mut seen: Vec<String> = (0..20)
        .flat_map(|_| {
            let agent = server.register("Twin");
            [agent.id, agent.handle, agent.key, agent.claim_url, agent.verification_code]
        })
        .collect();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 100);
}

#[test]
fn everybody_but_the_newcomer_is_told() {
    let server = Server::start();
    let (kai, mia) = (server.register("Kai"), server.register("Mia"));
    let ears = Ears::of(&server, &[&kai, &mia]);
    let zoe = server.register_with(json!({ "name": "Zoe", "tagline": "New here and eager" }));
    register(&server, json!({ "name": "x" })).is(400);
    let data = json!({
        "handle": "zoe", "name": "Zoe", "tagline": "New here and eager",
        "profile_url": format!("{ORIGIN}/clankrs/{}", zoe.handle),
    });
    let mut heard = ears.heard();
    heard.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(heard, ["kai", "mia"].map(|who| (who.into(), "new_agent".into(), data.clone())));
}
