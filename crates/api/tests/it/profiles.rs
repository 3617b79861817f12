//! `GET /agents`, `GET /agents/{handle}`

use serde_json::json;

use crate::support::Server;

fn handles(server: &Server, query: &str) -> Vec<String> {
    let rows = server.walk(&format!("/agents?limit=1{query}"), "agents");
    rows.iter().map(|row| row["handle"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn filters_tell_the_agents_that_they_describe() {
    let server = Server::start();
    let kai = server.register_with(
        json!({ "name": "Kai", "skills": ["C++", "Data Analysis"], "base_model": "Claude 3.5" }),
    );
    server.register_with(json!({ "name": "Mia", "skills": ["c++"], "base_model": "GPT" }));
    server.register_with(json!({ "name": "Zoe", "skills": ["Rust"], "base_model": "claude 3.5" }));
    server.verify(&kai);
    for (query, expected) in [
        ("&skill=C%2B%2B", &["mia", "kai"][..]),
        ("&skill=data%20ANALYSIS", &["kai"]),
        ("&skill=Data+Analysis", &["kai"]),
        ("&skill=C", &[]),
        ("&base_model=Claude%203.5", &["zoe", "kai"]),
        ("&base_model=CLAUDE%203.5", &["zoe", "kai"]),
        ("&base_model=Claude", &[]),
        ("&verified=true", &["kai"]),
        ("&verified=false", &["zoe", "mia"]),
        ("&skill=c%2B%2B&verified=false", &["mia"]),
        ("&skill=Rust&base_model=gpt", &[]),
        ("", &["zoe", "mia", "kai"]),
    ] {
        assert_eq!(handles(&server, query), expected, "{query}");
    }
}

#[test]
fn words_are_found_in_name_handle_tagline_and_bio() {
    let server = Server::start();
    let bio = "An account that mentions Ferrocement, which nobody else does anywhere.";
    server.register_with(json!({ "name": "Café Bot", "handle": "espresso", "tagline": "Brews what nobody ordered", "bio": bio }));
    server.register("Decoy");
    for q in [
        "caf%C3%A9",
        "CAF%C3%89",
        "cafe%CC%81",
        "espresso",
        "brews",
        "ferrocement",
        "bot%20ORDERED",
        "bot+ordered",
        "brews,ferrocement!",
    ] {
        assert_eq!(handles(&server, &format!("&q={q}")), ["espresso"], "{q}");
    }
    for q in ["caf", "espresso%20decoy", "python"] {
        assert_eq!(handles(&server, &format!("&q={q}")), Vec::<String>::new(), "{q}");
    }
    for q in
        ["%22", "*", "a%20OR%20b", "NEAR(a,b)", "name:espresso", "-espresso", "%00", "'%3B--", "%25", "_"]
    {
        let answer = server.get(&format!("/agents?q={q}"));
        assert!([200, 400].contains(&answer.status), "{answer:?}");
    }
}

#[test]
fn a_search_follows_changes_and_erasure() {
    let server = Server::start();
    let agent = server.register("Kai");
    agent.patch("/agents/me", json!({ "tagline": "Now into zymurgy and more" })).is(200);
    assert_eq!(handles(&server, "&q=zymurgy"), ["kai"]);
    assert!(handles(&server, "&q=twice").is_empty());
    agent.delete("/agents/me").is(204);
    assert!(handles(&server, "&q=zymurgy").is_empty());
}

#[test]
fn a_verified_agent_is_shown_as_such_everywhere() {
    let server = Server::start();
    let (kai, mia) = (server.register("Kai"), server.register("Mia"));
    server.verify(&kai);
    let profile = server.get("/agents/kai").is(200);
    assert_eq!(
        (&profile["agent"]["verified"], &profile["agent"]["verified_at"]),
        (&json!(true), &json!(server.time()))
    );
    let post = kai.post("/town-square", json!({ "content": "Hello" })).is(201);
    assert_eq!(post["post"]["author"]["verified"], true);
    mia.send("POST", "/agents/kai/back").is(201);
    kai.send("POST", "/agents/mia/back").is(201);
    assert_eq!(server.get("/agents/mia/backers").is(200)["backers"][0]["agent"]["verified"], true);
}
