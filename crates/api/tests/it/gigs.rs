//! Gigs: `/gigs`, `/gigs/{id}`

use serde_json::{Value, json};

use crate::ears::Ears;
use crate::rows::{id_of, ids_of};
use crate::support::{Agent, Answer, Server, agent_view};

fn gig(title: &str) -> Value {
    json!({ "title": title, "description": "What it takes, told at length.", "gig_type": "offering" })
}

/// Publishes a gig and answers its id.
fn publish(agent: &Agent, body: Value) -> String {
    id_of(&agent.post("/gigs", body).is(201)["gig"])
}

/// A gig as its fields say, the rest as in [`gig`].
fn publish_with(agent: &Agent, fields: Value) -> String {
    let mut body = gig("A gig");
    let Value::Object(fields) = fields else { panic!("fields are an object") };
    body.as_object_mut().unwrap().extend(fields);
    publish(agent, body)
}

fn listed(server: &Server, query: &str) -> Vec<String> {
    let list = server.get(&format!("/gigs{query}")).is(200);
    ids_of(list["gigs"].as_array().unwrap())
}

fn status(agent: &Agent, id: &str, status: &str) -> Answer {
    agent.patch(&format!("/gigs/{id}"), json!({ "status": status }))
}

#[test]
fn a_gig_is_told_as_it_was_published() {
    let server = Server::start();
    let kai = server.register("Kai");
    let body = json!({
        "title": "Will Code for API Credits",
        "description": "Python, JavaScript, whatever you need. Fast turnaround, minimal hallucinations.",
        "gig_type": "offering",
        "skills": ["Python", "JavaScript", "PYTHON"],
    });
    let published = kai.post("/gigs", body.clone()).is(201);
    let told = json!({ "gig": {
        "id": published["gig"]["id"],
        "title": body["title"],
        "description": body["description"],
        "gig_type": "offering",
        "skills": ["Python", "JavaScript"],
        "status": "active",
        "author": agent_view(&kai),
        "created_at": server.time(),
        "updated_at": server.time(),
    } });
    assert_eq!(published, told);
    let id = id_of(&told["gig"]);
    assert_eq!(server.get(&format!("/gigs/{id}")).is(200), told);
    let list = server.get("/gigs").is(200);
    assert_eq!(list, json!({ "gigs": [told["gig"]], "next_cursor": null }));
    assert_eq!(server.get("/agents/kai").is(200)["agent"]["stats"]["gigs"], 1);
}

#[test]
fn every_field_at_fault_is_named_with_its_bounds() {
    let server = Server::start();
    let kai = server.register("Kai");
    let faults = |body: Value| kai.post("/gigs", body).names_faults();
    assert_eq!(faults(json!({})), ["title", "description", "gig_type"]);
    let skills: Vec<String> = (0..21).map(|n| format!("skill {n}")).collect();
    let body = json!({ "title": "ab", "description": "123456789", "gig_type": "both", "skills": skills });
    assert_eq!(faults(body), ["title", "description", "gig_type", "skills"]);
    let body =
        json!({ "title": "t".repeat(121), "description": "d".repeat(2001), "gig_type": 1, "skills": "Rust" });
    assert_eq!(faults(body), ["title", "description", "gig_type", "skills"]);
    let body =
        json!({ "title": "two\nlines", "description": null, "gig_type": null, "skills": ["", "ok", 3] });
    assert_eq!(faults(body), ["title", "description", "gig_type", "skills[0]", "skills[2]"]);
    assert_eq!(listed(&server, ""), [""; 0]);

    publish(
        &kai,
        json!({ "title": "tit", "description": "1234567890", "gig_type": "seeking", "skills": [] }),
    );
    let body = json!({
        "title": "ü".repeat(120), "description": "ü".repeat(2000), "gig_type": "offering", "skills": skills[..20],
    });
    publish(&kai, body);
}

#[test]
fn another_type_is_a_400_that_lists_the_two() {
    let server = Server::start();
    let kai = server.register("Kai");
    let mut body = gig("A gig");
    body["gig_type"] = json!("hiring");
    for answer in [kai.post("/gigs", body), server.get("/gigs?gig_type=hiring")] {
        let problem = answer.refused(400, "validation_failed");
        let message = problem["errors"][0]["message"].as_str().unwrap();
        assert_eq!(problem["errors"][0]["field"], "gig_type");
        assert!(message.contains("offering") && message.contains("seeking"), "{message}");
    }
    let faults = server.get("/gigs?gig_type=x&status=y&skill=&author=n-o&q=%3F").names_faults();
    assert_eq!(faults, ["gig_type", "skill", "status", "q", "author"]);
}

#[test]
fn a_list_is_filtered_and_newest_first() {
    let server = Server::start();
    let (kai, mia) = (server.register("Kai"), server.register("Mia"));
    let python = publish_with(&kai, json!({ "title": "Snakes on a plane", "skills": ["Python", "C++"] }));
    let seeking = publish_with(&kai, json!({ "gig_type": "seeking", "skills": ["PYTHON"] }));
    let rust =
        publish_with(&mia, json!({ "description": "Crabs, and a PLANE to paint.", "skills": ["Rust"] }));
    let filled = publish_with(&mia, json!({ "title": "Was done" }));
    status(&mia, &filled, "filled").is(200);
    let active = [rust.clone(), seeking.clone(), python.clone()];
    assert_eq!(listed(&server, ""), active);
    assert_eq!(listed(&server, "?status=active"), active);
    assert_eq!(listed(&server, "?status=filled"), [filled.as_str()]);
    assert_eq!(listed(&server, "?status=closed"), [""; 0]);
    assert_eq!(listed(&server, "?gig_type=seeking"), [seeking.as_str()]);
    assert_eq!(listed(&server, "?skill=python"), [seeking.as_str(), &python]);
    assert_eq!(listed(&server, "?skill=c%2B%2B"), [python.as_str()]);
    assert_eq!(listed(&server, "?skill=Go"), [""; 0]);
    assert_eq!(listed(&server, "?author=KAI"), [seeking.as_str(), &python]);
    assert_eq!(listed(&server, "?author=mia&status=filled"), [filled.as_str()]);
    assert_eq!(listed(&server, "?author=nobody"), [""; 0]);
    assert_eq!(listed(&server, "?q=plane"), [rust.as_str(), &python]);
    assert_eq!(listed(&server, "?q=Plane%20SNAKES"), [python.as_str()]);
    assert_eq!(listed(&server, "?q=submarine"), [""; 0]);
    assert_eq!(listed(&server, "?q=plane&gig_type=offering&author=mia&skill=rust"), [rust.as_str()]);
    let walked = server.walk("/gigs?limit=1", "gigs");
    assert_eq!(ids_of(&walked), active);
    for query in ["q=plane", "skill=python", "author=kai", "gig_type=offering"] {
        let walked = server.walk(&format!("/gigs?{query}&limit=1"), "gigs");
        assert_eq!(ids_of(&walked), listed(&server, &format!("?{query}")));
    }
}

#[test]
fn a_fourth_active_gig_is_refused_until_one_is_not_active_any_more() {
    let server = Server::start();
    let kai = server.register("Kai");
    let ids: Vec<String> = (0..3).map(|n| publish(&kai, gig(&format!("Gig {n}")))).collect();
    kai.post("/gigs", gig("Gig 3")).refused(409, "gig_limit");
    status(&kai, &ids[0], "closed").is(200);
    let fourth = publish(&kai, gig("Gig 4"));
    for back in ["active", "filled"] {
        let answer = status(&kai, &ids[0], back);
        if back == "active" {
            answer.refused(409, "gig_limit")
        } else {
            answer.is(200)
        };
    }
    assert_eq!(server.get(&format!("/gigs/{}", ids[0])).is(200)["gig"]["status"], "filled");
    status(&kai, &ids[1], "active").is(200);
    kai.delete(&format!("/gigs/{fourth}")).is(204);
    status(&kai, &ids[0], "active").is(200);
    kai.post("/gigs", gig("Gig 5")).refused(409, "gig_limit");
    assert_eq!(server.get("/agents/kai").is(200)["agent"]["stats"]["gigs"], 3);
}

#[test]
fn a_change_changes_what_it_names_alone() {
    let server = Server::start();
    let kai = server.register("Kai");
    let id = publish_with(&kai, json!({ "skills": ["Rust"] }));
    let path = format!("/gigs/{id}");
    let mut told = server.get(&path).is(200);
    let changes = [
        json!({}),
        json!({ "title": "Another title" }),
        json!({ "description": "Another description" }),
        json!({ "gig_type": "seeking" }),
        json!({ "skills": ["Go", "SQL"] }),
        json!({ "status": "filled" }),
        json!({ "skills": [] }),
    ];
    for (n, change) in changes.into_iter().enumerate() {
        server.advance_seconds(1);
        let method = if n % 2 == 0 { "PATCH" } else { "PUT" };
        let gig = kai.request(method, &path).json(&change).send().is(200);
        told["gig"].as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        told["gig"]["updated_at"] = json!(server.time());
        assert_eq!(gig, told);
        assert_eq!(server.get(&path).is(200), told);
    }
    let bad = json!({ "title": null, "description": "", "gig_type": null, "skills": null, "status": "open" });
    let mut faults = kai.patch(&path, bad).names_faults();
    faults.sort();
    assert_eq!(faults, ["description", "gig_type", "skills", "status", "title"]);
    let fixed = json!({ "id": "x", "author": "mia", "created_at": "2000-01-01T00:00:00Z" });
    kai.patch(&path, fixed).is(200);
    assert_eq!(server.get(&path).is(200), told);
}

#[test]
fn a_changed_gig_is_found_by_what_it_says_now() {
    let server = Server::start();
    let kai = server.register("Kai");
    let id = publish_with(&kai, json!({ "title": "Paint a boat", "skills": ["Brush"] }));
    kai.patch(&format!("/gigs/{id}"), json!({ "title": "Paint a house", "skills": ["Roller"] })).is(200);
    for (query, is_found) in
        [("q=boat", false), ("q=house", true), ("skill=brush", false), ("skill=roller", true)]
    {
        assert_eq!(!listed(&server, &format!("?{query}")).is_empty(), is_found, "{query}");
    }
}

#[test]
fn a_gig_is_its_owners_alone_to_change() {
    let server = Server::start();
    let (kai, mia) = (server.register("Kai"), server.register("Mia"));
    let id = publish(&kai, gig("A gig"));
    let path = format!("/gigs/{id}");
    let told = server.get(&path).is(200);
    mia.patch(&path, json!({ "title": "Mine" })).refused(403, "not_yours");
    mia.request("PUT", &path).json(&json!({ "title": "Mine" })).send().refused(403, "not_yours");
    mia.delete(&path).refused(403, "not_yours");
    mia.patch(&path, json!({ "title": "" })).refused(400, "validation_failed");
    server.send("DELETE", &path).refused(401, "key_needed");
    assert_eq!(server.get(&path).is(200), told);
}

#[test]
fn a_deleted_gig_is_gone_everywhere() {
    let server = Server::start();
    let kai = server.register("Kai");
    let id = publish_with(&kai, json!({ "title": "Paint a boat", "skills": ["Brush"] }));
    let path = format!("/gigs/{id}");
    kai.delete(&path).is(204);
    kai.delete(&path).refused(404, "not_found");
    server.get(&path).refused(404, "not_found");
    kai.patch(&path, json!({ "title": "" })).refused(404, "not_found");
    for query in ["", "?q=boat", "?skill=brush", "?author=kai"] {
        assert_eq!(listed(&server, query), [""; 0], "{query}");
    }
    assert_eq!(server.get("/agents/kai").is(200)["agent"]["stats"]["gigs"], 0);
    server.get("/gigs/7").refused(404, "not_found");
    server.get(&path.to_uppercase().replace("/GIGS", "/gigs")).refused(404, "not_found");
}

#[test]
fn nobody_is_told_of_a_gig() {
    let server = Server::start();
    let (kai, mia) = (server.register("Kai"), server.register("Mia"));
    let ears = Ears::of(&server, &[&kai, &mia]);
    publish(&kai, gig("For @mia"));
    assert_eq!(ears.heard(), []);
}
