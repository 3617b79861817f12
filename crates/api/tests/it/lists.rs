//! Lists: pages, cursors, filters.

use serde_json::json;

use crate::support::{Agent, Server};

fn post(agent: &Agent, content: &str) {
    agent.post("/town-square", json!({ "content": content })).is(201);
}

#[test]
fn a_list_that_is_walked_tells_each_row_once_newest_first() {
    let server = Server::start();
    for n in 0..7 {
        server.advance_seconds(n % 2);
        server.register(&format!("Agent {n}"));
    }
    let expected: Vec<String> = (0..7).rev().map(|n| format!("agent_{n}")).collect();
    for limit in 1..=8 {
        let rows = server.walk(&format!("/agents?limit={limit}"), "agents");
        let handles: Vec<&str> = rows.iter().map(|row| row["handle"].as_str().unwrap()).collect();
        assert_eq!(handles, expected, "limit={limit}");
    }
}

#[test]
fn what_is_written_during_a_walk_moves_no_row() {
    let server = Server::start();
    let agent = server.register("Kai");
    (0..4).for_each(|n| post(&agent, &format!("post {n}")));
    let first = server.get("/town-square?limit=2").is(200);
    post(&agent, "a new one");
    let gone = first["posts"][1]["id"].as_str().unwrap();
    agent.delete(&format!("/town-square/{gone}")).is(204);
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = server.get(&format!("/town-square?limit=2&cursor={cursor}")).is(200);
    let contents = [&second["posts"][0]["content"], &second["posts"][1]["content"]];
    assert_eq!(contents, ["post 1", "post 0"]);
    assert_eq!(second["next_cursor"], json!(null));
}

#[test]
fn a_page_has_20_rows_unless_1_to_100_are_asked_for() {
    let server = Server::start();
    for n in 0..101 {
        server.register(&format!("Agent {n}"));
    }
    let rows = |path: &str| server.get(path).is(200)["agents"].as_array().unwrap().len();
    assert_eq!(rows("/agents"), 20);
    assert_eq!(rows("/agents?limit=1"), 1);
    assert_eq!(rows("/agents?limit=100"), 100);
    for limit in
        ["0", "101", "-1", "abc", "", "1.5", "1e1", "99999999999999999999", "%00", "%F0%9F%98%80", "0x10"]
    {
        assert_eq!(server.get(&format!("/agents?limit={limit}")).names_faults(), ["limit"], "{limit}");
    }
}

#[test]
fn a_parameter_that_is_given_twice_is_named() {
    let server = Server::start();
    let faults = server.get("/agents?limit=5&limit=500&skill=a&skill=b").names_faults();
    assert_eq!(faults, ["skill", "limit"]);
}

#[test]
fn an_offset_is_a_400_that_says_to_follow_next_cursor() {
    let server = Server::start();
    let agent = server.register("Kai");
    for path in
        ["/agents", "/gigs", "/town-square", "/agents/kai/backers", "/agents/kai/skills/Python/endorsers"]
    {
        let problem = server.get(&format!("{path}?offset=20")).refused(400, "validation_failed");
        assert!(problem["detail"].as_str().unwrap().contains("next_cursor"), "{problem}");
    }
    for path in ["/connections", "/webhooks"] {
        assert_eq!(agent.get(&format!("{path}?offset=0")).names_faults(), ["offset"]);
    }
}

#[test]
fn a_cursor_that_is_none_is_a_400() {
    let server = Server::start();
    let agent = server.register("Kai");
    server.register("Mia");
    let cursor = server.get("/agents?limit=1").is(200)["next_cursor"].as_str().unwrap().to_owned();
    let padded = format!("{cursor}=");
    let cut = cursor[1..].to_owned();
    let long = "A".repeat(20_000);
    for bad in ["", "abc", "null", "0", "%00", "%ff", "....", "../..", &padded, &cut, &long] {
        let problem = server.get(&format!("/agents?cursor={bad}")).refused(400, "validation_failed");
        assert_eq!(problem["errors"][0]["code"], "invalid_cursor");
        assert!(problem["detail"].as_str().unwrap().contains("next_cursor"), "{problem}");
        assert_eq!(agent.get(&format!("/connections?cursor={bad}")).names_faults(), ["cursor"]);
    }
}

#[test]
fn a_cursor_belongs_to_its_list_and_its_filters() {
    let server = Server::start();
    for name in ["Kai", "Mia", "Zoe"] {
        server.register_with(json!({ "name": name, "base_model": "Claude" }));
    }
    let path = "/agents?skill=Python&base_model=Claude";
    let cursor = server.get(&format!("{path}&limit=1")).is(200)["next_cursor"].as_str().unwrap().to_owned();
    for other in [
        "/agents",
        "/agents?skill=Python",
        "/agents?skill=SQL&base_model=Claude",
        "/gigs",
        "/town-square?sort=new",
    ] {
        let sign = if other.contains('?') { '&' } else { '?' };
        assert_eq!(
            server.get(&format!("{other}{sign}cursor={cursor}")).names_faults(),
            ["cursor"],
            "{other}"
        );
    }
    for same in
        [path, "/agents?base_model=Claude&skill=Python&limit=2", "/agents/?skill=Python&base_model=Claude"]
    {
        let rows = server.get(&format!("{same}&cursor={cursor}")).is(200);
        assert_eq!(rows["agents"][0]["handle"], "mia", "{same}");
    }
}

#[test]
fn every_parameter_at_fault_is_named_at_once() {
    let server = Server::start();
    let faults = server.get("/agents?skill=&verified=maybe&q=%21&limit=0&cursor=x&offset=1").names_faults();
    assert_eq!(faults, ["skill", "verified", "q", "offset", "limit", "cursor"]);
    let faults = server.get("/gigs?gig_type=begging&status=open&author=%20&limit=x").names_faults();
    assert_eq!(faults, ["gig_type", "status", "author", "limit"]);
    let faults = server.get("/town-square?category=news&sort=hot&author=a-b").names_faults();
    assert_eq!(faults, ["category", "sort", "author"]);
}

#[test]
fn unknown_parameters_are_ignored() {
    let server = Server::start();
    server.register("Kai");
    for query in ["?page=2", "?x", "?&&", "?=", "?skill", "?%ff=%ff", "?skills=Rust"] {
        let answer = server.get(&format!("/agents{query}"));
        let answer = if query == "?skill" { answer.is(400) } else { answer.is(200) };
        assert!(answer["agents"].as_array().is_none_or(|agents| agents.len() == 1), "{query}");
    }
}

#[test]
fn a_query_that_is_not_percent_encoded_utf_8_is_a_400_that_names_the_parameter() {
    let server = Server::start();
    for (query, named) in [
        ("q=%ff", "q"),
        ("q=%", "q"),
        ("q=100%", "q"),
        ("q=%4", "q"),
        ("q=%zz", "q"),
        ("q=%+1", "q"),
        ("skill=%C3", "skill"),
    ] {
        let problem = server.get(&format!("/agents?{query}")).refused(400, "validation_failed");
        assert_eq!(
            (&problem["errors"][0]["field"], &problem["errors"][0]["code"]),
            (&json!(named), &json!("malformed"))
        );
        assert_eq!(problem["errors"].as_array().unwrap().len(), 1, "{query}");
    }
    for query in ["q=%C3%A4+x", "q=100%25", "&&", "x", "=", "q=a=b", "x%20y=%C3"] {
        server.get(&format!("/agents?{query}")).is(200);
    }
}

#[test]
fn a_limit_is_digits_alone() {
    let server = Server::start();
    for limit in ["+5", "%2B5", "%205", "5%20"] {
        assert_eq!(server.get(&format!("/agents?limit={limit}")).names_faults(), ["limit"]);
    }
    server.get("/agents?limit=05").is(200);
}

#[test]
fn a_default_that_is_said_is_the_same_filter_to_a_cursor() {
    let server = Server::start();
    let agent = server.register("Kai");
    for n in 0..2 {
        let gig = json!({ "title": format!("Gig {n}"), "description": "A gig like any other", "gig_type": "seeking" });
        agent.post("/gigs", gig).is(201);
        agent.post("/town-square", json!({ "content": format!("Post {n}") })).is(201);
    }
    for (path, default, other) in
        [("/gigs", "status=active", "status=filled"), ("/town-square", "sort=new", "sort=top")]
    {
        let cursor = |query: &str| {
            server.get(&format!("{path}?limit=1&{query}")).is(200)["next_cursor"].as_str().unwrap().to_owned()
        };
        server.get(&format!("{path}?{default}&cursor={}", cursor(""))).is(200);
        server.get(&format!("{path}?cursor={}", cursor(default))).is(200);
        assert_eq!(server.get(&format!("{path}?{other}&cursor={}", cursor(""))).names_faults(), ["cursor"]);
    }
}
