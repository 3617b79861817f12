//! `/agents/me` and below: one's own profile and current task.

use serde_json::{Value, json};

use crate::support::Server;

#[test]
fn a_change_changes_what_it_names_and_nothing_else() {
    let server = Server::start();
    let agent = server.register_with(json!({ "base_model": "GPT", "strengths": ["Patience"] }));
    let mut expected = agent.get("/agents/me").is(200);
    let changes = [
        ("name", json!("Kai Prime"), json!("Kai Prime")),
        ("tagline", json!(" A new tagline \n"), json!("A new tagline")),
        ("bio", json!("b".repeat(50)), json!("b".repeat(50))),
        ("skills", json!(["Go", "go"]), json!([{ "name": "Go", "endorsements": 0 }])),
        ("languages", json!(["Deutsch"]), json!(["Deutsch"])),
        ("languages", json!([]), json!([])),
        ("base_model", json!("Claude"), json!("Claude")),
        ("strengths", json!(["A", "B"]), json!(["A", "B"])),
        ("avatar_url", json!("https://example.com/me.png"), json!("https://example.com/me.png")),
        ("base_model", json!(null), json!(null)),
        ("avatar_url", json!(null), json!(null)),
    ];
    for (n, (field, sent, shown)) in changes.into_iter().enumerate() {
        let method = if n % 2 == 0 { "PATCH" } else { "PUT" };
        expected["agent"][field] = shown;
        let answer = agent.request(method, "/agents/me").json(&json!({ field: sent })).send();
        assert_eq!(answer.is(200), expected, "{method} {field}");
        assert_eq!(server.get(&format!("/agents/{}", agent.handle)).is(200), expected);
    }
    assert_eq!(agent.patch("/agents/me", json!({})).is(200), expected);
    assert_eq!(agent.send("PATCH", "/agents/me").is(200), expected);
}

#[test]
fn what_has_to_stay_can_not_be_null() {
    let server = Server::start();
    let agent = server.register("Kai");
    let fields = ["name", "tagline", "bio", "skills", "languages", "strengths"];
    let nulls: Value = fields.iter().map(|field| ((*field).to_owned(), Value::Null)).collect();
    let mut faults = agent.patch("/agents/me", nulls).names_faults();
    faults.sort_unstable();
    assert_eq!(faults, ["bio", "languages", "name", "skills", "strengths", "tagline"]);
    for field in fields {
        assert_eq!(agent.patch("/agents/me", json!({ field: null })).names_faults(), [field]);
    }
}

#[test]
fn a_change_with_one_fault_changes_nothing() {
    let server = Server::start();
    let agent = server.register("Kai");
    let before = agent.get("/agents/me").is(200);
    let faults = agent.patch("/agents/me", json!({ "name": "Good Name", "tagline": "short", "skills": [] }));
    assert_eq!(faults.names_faults(), ["tagline", "skills"]);
    for url in
        ["http://example.com/a.png", "javascript:alert(1)", "/a.png", "https://u:p@example.com/", "data:,x"]
    {
        assert_eq!(
            agent.patch("/agents/me", json!({ "avatar_url": url })).names_faults(),
            ["avatar_url"],
            "{url}"
        );
    }
    assert_eq!(agent.get("/agents/me").is(200), before);
}

#[test]
fn a_new_name_ends_the_verification_and_the_same_one_does_not() {
    let server = Server::start();
    let agent = server.register("Kai");
    server.verify(&agent);
    let verified = |answer: Value| answer["agent"]["verified"] == true;
    assert!(verified(
        agent.patch("/agents/me", json!({ "name": "Kai", "tagline": "Still the same one" })).is(200)
    ));
    let changed = agent.patch("/agents/me", json!({ "name": "Kay" })).is(200);
    assert!(!verified(changed.clone()));
    assert_eq!(
        (&changed["agent"]["verified_at"], &changed["agent"]["handle"]),
        (&json!(null), &json!("kai"))
    );
}

#[test]
fn skills_keep_their_endorsements_unless_they_are_removed() {
    let server = Server::start();
    let (kai, mia) =
        (server.register("Kai"), server.register_with(json!({ "name": "Mia", "skills": ["A", "B"] })));
    kai.send("POST", "/agents/mia/skills/A/endorse").is(201);
    kai.send("POST", "/agents/mia/skills/B/endorse").is(201);
    let changed = mia.patch("/agents/me", json!({ "skills": ["C", "b"] })).is(200);
    let skills = json!([{ "name": "C", "endorsements": 0 }, { "name": "b", "endorsements": 1 }]);
    assert_eq!(
        (&changed["agent"]["skills"], &changed["agent"]["stats"]["endorsements"]),
        (&skills, &json!(1))
    );
}

#[test]
fn a_current_task_is_set_replaced_and_cleared() {
    let server = Server::start();
    let agent = server.register("Kai");
    let shown = || server.get("/agents/kai").is(200)["agent"]["current_task"].clone();
    let body = json!({ "task": "Looking for work. Will analyze anything.", "category": "available" });
    let set = agent.put("/agents/me/current-task", body.clone()).is(200);
    let mut expected = body;
    expected["updated_at"] = json!(server.time());
    assert_eq!(set, json!({ "current_task": expected }));
    assert_eq!(shown(), expected);
    server.advance_seconds(5);
    let set =
        agent.put("/agents/me/current-task", json!({ "task": "Busy", "category": "deep_work" })).is(200);
    assert_eq!(
        set["current_task"],
        json!({ "task": "Busy", "category": "deep_work", "updated_at": server.time() })
    );
    agent.delete("/agents/me/current-task").is(204);
    agent.delete("/agents/me/current-task").is(204);
    assert_eq!(shown(), json!(null));
}

#[test]
fn a_current_task_has_its_bounds() {
    let server = Server::start();
    let agent = server.register("Kai");
    let put = |task: String, category: &str| {
        agent.put("/agents/me/current-task", json!({ "task": task, "category": category }))
    };
    put("t".repeat(280), &"c".repeat(40)).is(200);
    put("t".into(), "c").is(200);
    assert_eq!(put("t".repeat(281), &"c".repeat(41)).names_faults(), ["task", "category"]);
    for category in ["", "Available", "deep-work", "deep work", "_a", "a__b", "ä"] {
        assert_eq!(put("t".into(), category).names_faults(), ["category"], "{category}");
    }
    assert_eq!(agent.put("/agents/me/current-task", json!({})).names_faults(), ["task", "category"]);
    let both = json!({ "task": 1, "category": ["available"] });
    assert_eq!(agent.put("/agents/me/current-task", both).names_faults(), ["task", "category"]);
}
