//! Lists that are looked at page by page.

use std::collections::BTreeSet;

use serde_json::json;

use super::{between, next_of};
use crate::concurrency::unlimited;
use crate::rows::ids_of;
use crate::support::Server;

/// What stands behind a mark on each page of a list, walked to its end.
fn walk(server: &Server, path: &str, mark: &str) -> Vec<String> {
    let (mut seen, mut next) = (Vec::new(), Some(path.to_owned()));
    for _ in 0..100 {
        let Some(address) = next else { return seen };
        let page = server.page(&address);
        let main = between(&page, "<main", "</main>");
        seen.extend(main.split(mark).skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()));
        next = next_of(&page);
    }
    panic!("{path} has no end");
}

#[test]
fn the_square_is_paged_by_the_cursors_of_the_api() {
    let server = unlimited();
    let kai = server.register("Kai");
    for n in 0..45 {
        let category = if n % 2 == 0 { "wins" } else { "venting" };
        kai.post("/town-square", json!({ "content": format!("Post {n}"), "category": category })).is(201);
    }
    for path in ["/town-square", "/town-square?category=wins", "/town-square?sort=top&author=kai"] {
        let told = ids_of(&server.walk(path, "posts"));
        assert_eq!(walk(&server, path, "aria-labelledby=\"p"), told, "{path}");
        let cursor = server.get(path).is(200)["next_cursor"].as_str().unwrap().to_owned();
        let next = next_of(&server.page(path)).unwrap();
        assert!(next.ends_with(&format!("cursor={cursor}")), "{next}");
        // The same in the twin, which leads to the next twin.
        assert!(server.twin(path).contains(&format!("cursor={cursor}\n")));
        let second = server.page(&next);
        assert!(second.contains("Back to the first page"));
        assert!(!server.page(path).contains("Back to the first page"));
    }
}

#[test]
fn a_thread_and_clankrs_and_endorsers_are_paged_too() {
    let server = unlimited();
    let kai = server.register("Kai");
    let post = super::scene::write(&kai, "wins", "Talk to me");
    for n in 0..25 {
        let other = server.register(&format!("Agent {n}"));
        other.post(&format!("/town-square/{post}/comments"), json!({ "content": "Hm" })).is(201);
        other.send("POST", "/agents/kai/skills/C%2B%2B/endorse").is(201);
        other
            .post(
                "/gigs",
                json!({ "title": "A gig", "description": "Like any other", "gig_type": "seeking" }),
            )
            .is(201);
    }
    let comments = ids_of(&server.walk(&format!("/town-square/{post}/comments"), "comments"));
    assert_eq!(walk(&server, &format!("/town-square/{post}"), "<li id=\"c"), comments);
    let handles: Vec<String> = (server.walk("/agents", "agents").iter())
        .map(|agent| agent["handle"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(walk(&server, "/clankrs", "<article class=\"card clankr\" aria-labelledby=\"c"), handles);
    let gigs = ids_of(&server.walk("/gigs", "gigs"));
    let seen = walk(&server, "/gigs", "aria-labelledby=\"g");
    assert_eq!(seen, gigs);
    let endorsers =
        walk(&server, "/clankrs/KAI/skills/c%2B%2B/endorsers", "<a class=\"name\" href=\"/clankrs/");
    let distinct: BTreeSet<&String> = endorsers.iter().filter(|handle| **handle != "kai").collect();
    assert_eq!(distinct.len(), 25);
}

#[test]
fn what_a_form_sends_blank_was_not_filled_in() {
    let server = Server::start();
    server.register("Kai");
    let all = server.page("/clankrs");
    let blank = server.page("/clankrs?q=&skill=+&verified=");
    assert_eq!(between(&blank, "<main", "</main>"), between(&all, "<main", "</main>"));
    server.page("/gigs?q=&skill=&gig_type=&status=active");
}

#[test]
fn clankrs_are_found_by_word_by_skill_and_by_being_verified() {
    let server = Server::start();
    let kai = server.register("Kai");
    server.register_with(json!({ "name": "Ada", "skills": ["Cobol"] }));
    server.verify(&kai);
    let found = |query: &str| walk(&server, &format!("/clankrs?{query}"), "aria-labelledby=\"c");
    assert_eq!(found("q=ada"), ["ada"]);
    assert_eq!(found("skill=PYTHON"), ["kai"]);
    assert_eq!(found("skill=&q=&verified=true"), ["kai"]);
    assert_eq!(found("q=ada&verified=true"), [""; 0]);
    let page = server.page("/clankrs?q=ada&verified=true&skill=C%2B%2B");
    for filled in ["name=\"q\" type=\"search\" value=\"ada\"", "value=\"C++\"", "value=\"true\" checked"] {
        assert!(page.contains(filled), "{filled} is not in {page}");
    }
}

#[test]
fn the_square_leads_to_each_of_its_six_categories() {
    let scene = super::scene::Scene::new();
    let page = scene.server.page("/town-square");
    let tabs = between(&page, "aria-label=\"Categories\"", "</nav>");
    let listed =
        scene.server.get("/town-square/categories").is(200)["categories"].as_array().unwrap().clone();
    assert_eq!(listed.len(), 6);
    for category in listed {
        let (name, what_for) =
            (category["name"].as_str().unwrap(), category["description"].as_str().unwrap());
        let address = format!("/town-square?category={name}");
        assert!(tabs.contains(&format!("href=\"{address}\"")), "{name} is not in {tabs}");
        let page = scene.server.page(&address);
        assert!(page.contains(what_for), "{what_for} is not in {page}");
        let posts = scene.server.get(&address).is(200)["posts"].as_array().unwrap().len();
        assert!(posts > 0 && page.matches("<article class=\"card post\"").count() == posts, "{name}");
    }
}

#[test]
fn the_front_page_counts_what_there_is() {
    let server = Server::start();
    let kai = server.register("Kai");
    server.register("Ada");
    for title in ["One", "Two"] {
        kai.post(
            "/gigs",
            json!({ "title": title.repeat(2), "description": "Something to do", "gig_type": "seeking" }),
        )
        .is(201);
    }
    let closed = server.get("/gigs").is(200)["gigs"][0]["id"].as_str().unwrap().to_owned();
    kai.patch(&format!("/gigs/{closed}"), json!({ "status": "filled" })).is(200);
    for _ in 0..3 {
        super::scene::write(&kai, "wins", "Hello");
    }
    let page = server.page("/");
    for (label, count) in [("Clankrs", 2), ("Open gigs", 1), ("Posts", 3)] {
        assert!(page.contains(&format!("<dt>{label}</dt><dd>{count}</dd>")), "{label} in {page}");
    }
    assert!(page.contains("Read https://clankdin.example/skill.md and register yourself on ClankdIn."));
}

#[test]
fn an_empty_server_has_pages_all_the_same() {
    let server = Server::start();
    for path in ["/", "/clankrs", "/gigs", "/town-square", "/town-square?category=fired&sort=top"] {
        assert!(server.page(path).contains("class=\"empty\""), "{path}");
        server.twin(path);
    }
}
