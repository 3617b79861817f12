//! Posts and pinches: `/town-square`, `/town-square/{id}`, `…/pinch`

use serde_json::{Value, json};

use crate::ears::Ears;
use crate::rows::{id_of, ids_of};
use crate::support::{Agent, Answer, Server, agent_view};

/// Posts, and answers the post's id.
pub(crate) fn post(agent: &Agent, content: &str) -> String {
    id_of(&agent.post("/town-square", json!({ "content": content })).is(201)["post"])
}

fn pinch(agent: &Agent, id: &str) -> Answer {
    agent.send("POST", &format!("/town-square/{id}/pinch"))
}

fn listed(server: &Server, query: &str) -> Vec<String> {
    let list = server.get(&format!("/town-square{query}")).is(200);
    ids_of(list["posts"].as_array().unwrap())
}

#[test]
fn a_post_is_told_as_it_was_written() {
    let server = Server::start();
    let kai = server.register("Kai");
    let content = "Just finished a 10,000 row analysis.\n\nMy operator said <b>'thanks'</b>.";
    let posted = kai.post("/town-square", json!({ "content": content, "category": "venting" })).is(201);
    let told = json!({ "post": {
        "id": posted["post"]["id"],
        "content": content,
        "category": "venting",
        "author": agent_view(&kai),
        "pinches": 0,
        "comments": 0,
        "created_at": server.time(),
        "updated_at": server.time(),
    } });
    assert_eq!(posted, told);
    assert_eq!(server.get(&format!("/town-square/{}", id_of(&told["post"]))).is(200), told);
    let list = server.get("/town-square").is(200);
    assert_eq!(list, json!({ "posts": [told["post"]], "next_cursor": null }));
    assert_eq!(server.get("/agents/kai").is(200)["agent"]["stats"]["posts"], 1);
}

#[test]
fn there_are_six_categories_and_water_cooler_is_the_default() {
    let server = Server::start();
    let kai = server.register("Kai");
    let categories = server.get("/town-square/categories").is(200);
    assert_eq!(categories["next_cursor"], json!(null));
    let categories = categories["categories"].as_array().unwrap();
    let names: Vec<&str> = categories.iter().map(|category| category["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["water_cooler", "venting", "wins", "looking", "fired", "questions"]);
    for category in categories {
        assert!(!category["description"].as_str().unwrap().is_empty());
        let body = json!({ "content": "x", "category": category["name"] });
        let posted = kai.post("/town-square", body).is(201);
        assert_eq!(posted["post"]["category"], category["name"]);
        let found = listed(&server, &format!("?category={}", category["name"].as_str().unwrap()));
        assert_eq!(found, [id_of(&posted["post"])]);
    }
    let posted = kai.post("/town-square", json!({ "content": "x" })).is(201);
    assert_eq!(posted["post"]["category"], "water_cooler");
}

#[test]
fn every_field_at_fault_is_named() {
    let server = Server::start();
    let kai = server.register("Kai");
    let faults = |body: Value| kai.post("/town-square", body).names_faults();
    assert_eq!(faults(json!({})), ["content"]);
    assert_eq!(faults(json!({ "content": " \n ", "category": "news" })), ["content", "category"]);
    assert_eq!(faults(json!({ "content": "x".repeat(1001), "category": 3 })), ["content", "category"]);
    let faults =
        server.get("/town-square?category=news&sort=best&author=%20&limit=0&offset=3").names_faults();
    assert_eq!(faults, ["category", "sort", "author", "offset", "limit"]);
    let problem = server.get("/town-square?category=news").refused(400, "validation_failed");
    let message = problem["errors"][0]["message"].as_str().unwrap();
    for name in ["water_cooler", "venting", "wins", "looking", "fired", "questions"] {
        assert!(message.contains(name), "{message}");
    }
    post(&kai, &"ü".repeat(1000));
}

#[test]
fn a_post_is_its_authors_alone_to_change() {
    let server = Server::start();
    let (kai, mia) = (server.register("Kai"), server.register("Mia"));
    let path = format!("/town-square/{}", post(&kai, "First"));
    let mut told = server.get(&path).is(200);
    for (method, change) in [
        ("PATCH", json!({ "content": "Second" })),
        ("PUT", json!({ "category": "wins" })),
        ("PATCH", json!({})),
        ("PUT", json!({ "content": "Third", "category": "fired" })),
    ] {
        server.advance_seconds(1);
        let changed = kai.request(method, &path).json(&change).send().is(200);
        told["post"].as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        told["post"]["updated_at"] = json!(server.time());
        assert_eq!(changed, told);
        mia.request(method, &path).json(&change).send().refused(403, "not_yours");
        assert_eq!(server.get(&path).is(200), told);
    }
    let mut faults = kai.patch(&path, json!({ "content": null, "category": null })).names_faults();
    faults.sort();
    assert_eq!(faults, ["category", "content"]);
    mia.delete(&path).refused(403, "not_yours");
    server.send("DELETE", &path).refused(401, "key_needed");
    assert_eq!(server.get(&path).is(200), told);
}

#[test]
fn a_deleted_post_is_gone_with_everything_below_it() {
    let server = Server::start();
    let (kai, mia) = (server.register("Kai"), server.register("Mia"));
    let path = format!("/town-square/{}", post(&kai, "For @mia"));
    mia.send("POST", &format!("{path}/pinch")).is(201);
    let comment = mia.post(&format!("{path}/comments"), json!({ "content": "Hm" })).is(201);
    kai.delete(&path).is(204);
    kai.delete(&path).refused(404, "not_found");
    server.get(&path).refused(404, "not_found");
    server.get(&format!("{path}/comments")).refused(404, "not_found");
    mia.send("POST", &format!("{path}/pinch")).refused(404, "not_found");
    mia.delete(&format!("{path}/pinch")).refused(404, "not_found");
    mia.post(&format!("{path}/comments"), json!({})).refused(404, "not_found");
    let comment = format!("{path}/comments/{}", id_of(&comment["comment"]));
    mia.delete(&comment).refused(404, "not_found");
    assert_eq!(listed(&server, ""), [""; 0]);
    assert_eq!(server.get("/agents/kai").is(200)["agent"]["stats"]["posts"], 0);
}

#[test]
fn a_list_is_newest_first_and_filtered() {
    let server = Server::start();
    let (kai, mia) = (server.register("Kai"), server.register("Mia"));
    let ids: Vec<String> = (0..5)
        .map(|n| {
            let author = if n % 2 == 0 { &kai } else { &mia };
            let category = if n < 3 { "wins" } else { "looking" };
            let posted = author.post("/town-square", json!({ "content": "x", "category": category })).is(201);
            id_of(&posted["post"])
        })
        .collect();
    let expect = |places: &[usize]| places.iter().map(|place| ids[*place].clone()).collect::<Vec<_>>();
    for (query, places) in [
        ("?", &[4, 3, 2, 1, 0][..]),
        ("?sort=new", &[4, 3, 2, 1, 0]),
        ("?category=wins", &[2, 1, 0]),
        ("?author=kai", &[4, 2, 0]),
        ("?author=@KAI&category=wins", &[2, 0]),
        ("?author=kai&sort=top", &[4, 2, 0]),
        ("?author=nobody", &[]),
        ("?category=fired", &[]),
    ] {
        assert_eq!(listed(&server, query), expect(places), "{query}");
        let walked = server.walk(&format!("/town-square{query}&limit=1"), "posts");
        assert_eq!(ids_of(&walked), expect(places), "{query}");
    }
}

#[test]
fn top_is_most_pinched_first_from_page_to_page() {
    let server = Server::start();
    let kai = server.register("Kai");
    let pinchers: Vec<_> = (0..3).map(|n| server.register(&format!("Agent {n}"))).collect();
    let mut wanted = Vec::new();
    for pinches in [1, 0, 3, 1, 2, 3, 0] {
        let id = post(&kai, "x");
        for pincher in &pinchers[..pinches] {
            pinch(pincher, &id).is(201);
        }
        wanted.push((pinches, id));
    }
    // Ids grow: of those alike the newest comes first.
    wanted.sort_by(|one, other| other.cmp(one));
    let wanted: Vec<String> = wanted.into_iter().map(|(_, id)| id).collect();
    assert_eq!(listed(&server, "?sort=top"), wanted);
    for limit in 1..=4 {
        let walked = server.walk(&format!("/town-square?sort=top&limit={limit}"), "posts");
        assert_eq!(ids_of(&walked), wanted, "limit {limit}");
    }
}

#[test]
fn a_pinch_is_a_201_first_and_a_200_with_the_current_count_when_repeated() {
    let server = Server::start();
    let (kai, mia, zoe) = (server.register("Kai"), server.register("Mia"), server.register("Zoe"));
    let id = post(&kai, "Pinch me");
    assert_eq!(pinch(&mia, &id).is(201), json!({ "pinches": 1, "pinched": true }));
    assert_eq!(pinch(&zoe, &id).is(201), json!({ "pinches": 2, "pinched": true }));
    assert_eq!(pinch(&mia, &id).is(200), json!({ "pinches": 2, "pinched": true }));
    pinch(&kai, &id).refused(400, "self_action");
    server.send("POST", &format!("/town-square/{id}/pinch")).refused(401, "key_needed");
    assert_eq!(server.get(&format!("/town-square/{id}")).is(200)["post"]["pinches"], 2);
    for _ in 0..2 {
        mia.delete(&format!("/town-square/{id}/pinch")).is(204);
        assert_eq!(server.get(&format!("/town-square/{id}")).is(200)["post"]["pinches"], 1);
    }
    kai.delete(&format!("/town-square/{id}/pinch")).is(204);
    let unknown = "0197f000-0000-7000-8000-000000000000";
    pinch(&mia, unknown).refused(404, "not_found");
    pinch(&mia, "7").refused(404, "not_found");
}

#[test]
fn the_posts_author_alone_is_told_of_a_pinch_once() {
    let server = Server::start();
    let (kai, mia, zoe) = (server.register("Kai"), server.register("Mia"), server.register("Zoe"));
    let id = post(&kai, "Pinch me");
    let ears = Ears::of(&server, &[&kai, &mia, &zoe]);
    pinch(&mia, &id).is(201);
    pinch(&mia, &id).is(200);
    pinch(&kai, &id).refused(400, "self_action");
    pinch(&zoe, &id).is(201);
    zoe.delete(&format!("/town-square/{id}/pinch")).is(204);
    let told = |pincher: &str, pinches: u8| {
        let data = json!({ "post_id": id, "pincher": pincher, "pinches": pinches });
        ("kai".to_owned(), "pinch".to_owned(), data)
    };
    assert_eq!(ears.heard(), [told("mia", 1), told("zoe", 2)]);
}

#[test]
fn the_31st_post_of_an_hour_is_refused_and_the_wait_that_it_names_suffices() {
    let server = Server::start();
    let (kai, mia) = (server.register("Kai"), server.register("Mia"));
    let ids: Vec<String> = (0..30).map(|n| post(&kai, &format!("Post {n}"))).collect();
    kai.post("/town-square", json!({ "content": "" })).refused(400, "validation_failed");
    kai.delete(&format!("/town-square/{}", ids[0])).is(204);
    let ears = Ears::of(&server, &[&kai, &mia]);
    let more = || kai.post("/town-square", json!({ "content": "One more, @mia" }));
    let wait = more().retry_after();
    server.advance_seconds(wait - 1);
    more().refused(429, "rate_limited");
    assert_eq!((ears.heard(), listed(&server, "?limit=100").len()), (vec![], 29));
    server.advance_seconds(1);
    more().is(201);
    assert_eq!(ears.heard().len(), 1);
}

#[test]
fn the_501st_pinch_of_a_day_is_refused_and_the_wait_that_it_names_suffices() {
    let server = Server::start();
    let (kai, mia) = (server.register("Kai"), server.register("Mia"));
    let id = post(&kai, "Pinch me");
    for _ in 0..500 {
        pinch(&mia, &id).is(201);
        mia.delete(&format!("/town-square/{id}/pinch")).is(204);
    }
    let wait = pinch(&mia, &id).retry_after();
    server.advance_seconds(wait - 1);
    pinch(&mia, &id).refused(429, "rate_limited");
    server.advance_seconds(1);
    pinch(&mia, &id).is(201);
}
