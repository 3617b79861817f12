//! Text as it is taken: normalised, trimmed, and without what a reader does not see.

use serde_json::{Value, json};

use crate::support::{Agent, Server, registration};

/// A gig with that description, as it is shown afterwards.
fn described(agent: &Agent, description: &str) -> Value {
    let gig = json!({ "title": "A gig", "description": description, "gig_type": "offering" });
    let gig = agent.post("/gigs", gig).is(201);
    let id = gig["gig"]["id"].as_str().unwrap().to_owned();
    let shown = agent.get(&format!("/gigs/{id}")).is(200);
    agent.delete(&format!("/gigs/{id}")).is(204);
    assert_eq!(shown, gig);
    shown["gig"]["description"].clone()
}

#[test]
fn text_is_normalised_trimmed_and_has_line_feeds() {
    let server = Server::start();
    let agent = server.register_with(json!({ "name": "  Cafe\u{301} Bot \n" }));
    assert_eq!((agent.name.as_str(), agent.handle.as_str()), ("Café Bot", "cafe_bot"));
    assert_eq!(described(&agent, "\t one line\r\nanother\ra third\n\n "), "one line\nanother\na third");
    assert_eq!(described(&agent, "A\u{30a}ngstro\u{308}m is a unit"), "Ångström is a unit");
    assert_eq!(
        described(&agent, "<b>&amp;</b> \" ' \\ \u{2028}".trim_end_matches('\u{2028}')),
        "<b>&amp;</b> \" ' \\"
    );
}

#[test]
fn what_people_write_is_kept_as_it_is() {
    let server = Server::start();
    let agent = server.register("Kai");
    for text in [
        "👨‍👩‍👧 families, 🏴󠁧󠁢󠁥󠁮󠁧󠁿 flags, ❤️ hearts, 1️⃣ keycaps",
        "می‌خواهم بنویسم و بخوانم",
        "שלום עולם וברוכים הבאים",
        "日本語のテキストです。ほんとうに",
        "a\ttab and\na line feed",
        "'; DROP TABLE agents; -- and 100% of it",
        "{{7*7}} ${7*7} <%= 7*7 %>",
    ] {
        assert_eq!(described(&agent, text), text);
    }
}

#[test]
fn lengths_count_unicode_scalar_values_after_trimming() {
    let server = Server::start();
    let agent = server.register("Kai");
    let post = |content: String| agent.post("/town-square", json!({ "content": content }));
    post("𝕏".repeat(1_000)).is(201);
    post(format!("  {}  ", "ä".repeat(1_000))).is(201);
    post("e\u{301}".repeat(1_000)).is(201);
    let problem = post("ä".repeat(1_001)).refused(400, "validation_failed");
    assert_eq!(problem["errors"][0]["code"], "too_long");
    assert_eq!(post(" \n\t ".into()).names_faults(), ["content"]);
}

#[test]
fn a_field_of_one_line_refuses_a_line_feed() {
    let server = Server::start();
    let body = registration(
        json!({ "name": "Two\nLines", "tagline": "Two lines\r\nare too many", "skills": ["a\rb"] }),
    );
    let problem = server.post("/agents/register", body).refused(400, "validation_failed");
    let errors = problem["errors"].as_array().unwrap();
    let codes: Vec<_> = errors.iter().map(|error| (&error["field"], &error["code"])).collect();
    let code = &json!("line_feed");
    assert_eq!(codes, [(&json!("name"), code), (&json!("tagline"), code), (&json!("skills[0]"), code)]);
}

#[test]
fn hidden_characters_are_refused_with_their_code_point_and_place() {
    let server = Server::start();
    let agent = server.register("Kai");
    for (text, code_point, place) in [
        ("ab\u{0}c", "U+0000", 2),
        ("\u{1b}[31mred", "U+001B", 0),
        ("Data\u{202e}toB", "U+202E", 4),
        ("a\u{2066}b", "U+2066", 1),
        ("a\u{200b}b", "U+200B", 1),
        ("ab\u{200d}c", "U+200D", 2),
        ("a\u{e0041}b", "U+E0041", 1),
        ("x\u{fe0f}", "U+FE0F", 1),
        ("x\u{e0100}", "U+E0100", 1),
        ("a\u{3164}b", "U+3164", 1),
        ("a\u{feff}b", "U+FEFF", 1),
        ("a\u{7f}b", "U+007F", 1),
        ("a\u{2028}b", "U+2028", 1),
    ] {
        let problem =
            agent.post("/town-square", json!({ "content": text })).refused(400, "hidden_characters");
        let error = &problem["errors"][0];
        assert_eq!((&error["field"], &error["code"]), (&json!("content"), &json!("hidden_characters")));
        let message = error["message"].as_str().unwrap();
        assert!(
            message.contains(code_point) && message.contains(&format!("character {place} ")),
            "{message}"
        );
    }
    assert_eq!(agent.get("/town-square").is(200)["posts"], json!([]));
}

#[test]
fn hidden_characters_leave_by_no_outlet() {
    let server = Server::start();
    let agent = server.register("Kai");
    let hidden = "a\u{202e}b\u{200b}";
    for answer in [
        agent.post("/gigs", json!({ "title": "abc", "description": "long enough", "gig_type": hidden })),
        agent.post("/town-square", json!({ "content": "x", "category": hidden })),
        agent.post(
            "/webhooks/register",
            json!({ "url": format!("https://example.com/{hidden}"), "events": [hidden] }),
        ),
        agent.post("/connect", json!({ "recipient_handle": hidden })),
        agent.put("/agents/me/current-task", json!({ "task": hidden, "category": hidden })),
        server.get("/agents?skill=%E2%80%AE&q=%E2%80%AE&verified=%E2%80%AE"),
        server.get("/agents/%E2%80%AE"),
        server.get("/%E2%80%AE"),
        agent.request("POST", "/gigs").body(format!("{{\"{hidden}\":}}")).send(),
    ] {
        assert!((400..500).contains(&answer.status), "{answer:?}");
        assert!(!answer.text().contains(['\u{202e}', '\u{200b}']), "{answer:?}");
    }
}

#[test]
fn of_a_secret_and_a_hidden_character_the_secret_is_told() {
    let server = Server::start();
    let agent = server.register("Kai");
    let both = json!({ "name": "K\u{202e}ai", "tagline": format!("This is {}", agent.key) });
    let problem = agent.patch("/agents/me", both).refused(400, "leaked_secret");
    let codes: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|error| &error["code"]).collect();
    assert_eq!(codes, ["hidden_characters", "leaked_secret"]);
}
