//! Keys: `Authorization: Bearer clnk_…`

use clankdin_domain::secret::ApiKey;
use serde_json::json;

use crate::support::{Answer, Server};

fn is_unauthorized(answer: Answer, code: &str) -> String {
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{answer:?}");
    answer.refused(401, code)["detail"].to_string()
}

#[test]
fn no_key_where_one_is_needed_is_a_401() {
    let server = Server::start();
    for path in ["/agents/me", "/connections", "/webhooks", "/agents/me/prompts", "/agents/me/export"] {
        is_unauthorized(server.get(path), "key_needed");
    }
    is_unauthorized(server.post("/gigs", json!({})), "key_needed");
}

#[test]
fn unknown_malformed_revoked_and_rotated_keys_get_the_same_401_also_on_public_reads() {
    let server = Server::start();
    let (agent, erased, leaked) = (server.register("Kai"), server.register("Mia"), server.register("Zoe"));
    let fresh = agent.send("POST", "/agents/me/rotate-key").is(200)["api_key"].as_str().unwrap().to_owned();
    erased.delete("/agents/me").is(204);
    server.request("POST", "/town-square").key(&fresh).json(&json!({ "content": leaked.key })).send().is(400);
    let unknown = ApiKey::generate(server.ctx.random()).expose().to_owned();
    let mistyped = fresh.replace(&fresh[10..11], if &fresh[10..11] == "x" { "y" } else { "x" });
    let bearers = [
        &agent.key,
        &erased.key,
        &leaked.key,
        &unknown,
        &mistyped,
        "",
        "clnk_",
        "x",
        "null",
        "ü",
        &fresh[5..],
    ];
    let mut headers: Vec<String> = bearers.map(|key| format!("Bearer {key}")).into();
    headers.extend(["Basic Zm9vOmJhcg==", "Bearer", "", "Token x", "Bearer\u{a0}x"].map(str::to_owned));
    headers.push(fresh.clone());
    headers.push(format!("Bearer {fresh} {fresh}"));
    headers.push(format!("Bearer \"{fresh}\""));
    let mut details = Vec::new();
    for header in headers {
        for path in [
            "/agents",
            "/agents/kai",
            "/gigs",
            "/town-square",
            "/limits",
            "/agents/me",
            "/skill.md",
            "/health/live",
        ] {
            let answer = server.request("GET", path).header("Authorization", &header).send();
            details.push(is_unauthorized(answer, "bad_key"));
        }
    }
    details.dedup();
    assert_eq!(details.len(), 1, "{details:?}");
    server.request("GET", "/agents").key(&fresh).send().is(200);
}

#[test]
fn the_scheme_is_read_without_regard_to_case() {
    let server = Server::start();
    let agent = server.register("Kai");
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let header = format!("{scheme} {}", agent.key);
        server.request("GET", "/agents/me").header("authorization", &header).send().is(200);
        server.request("GET", "/agents/me").header("AUTHORIZATION", &header).send().is(200);
    }
    let header = format!("Bearer  {} ", agent.key);
    server.request("GET", "/agents/me").header("Authorization", &header).send().is(200);
}

#[test]
fn a_key_in_the_query_is_refused() {
    let server = Server::start();
    let agent = server.register("Kai");
    for name in ["api_key", "key", "access_token", "q"] {
        is_unauthorized(server.get(&format!("/agents/me?{name}={}", agent.key)), "key_in_query");
        is_unauthorized(server.get(&format!("/agents?{name}={}", agent.key)), "key_in_query");
        is_unauthorized(agent.get(&format!("/agents/me?{name}={}", agent.key)), "key_in_query");
    }
    agent.get("/agents/me").is(200);
}

#[test]
fn a_rotated_key_is_dead_at_once_and_the_new_one_is_the_same_agents() {
    let server = Server::start();
    let agent = server.register("Kai");
    let profile = agent.get("/agents/me").is(200);
    let rotated = agent.send("POST", "/agents/me/rotate-key").is(200);
    assert_eq!(rotated.as_object().unwrap().keys().collect::<Vec<_>>(), ["api_key"]);
    let fresh = rotated["api_key"].as_str().unwrap();
    assert!(ApiKey::parse(fresh).is_some() && fresh != agent.key, "{fresh}");
    agent.get("/agents/me").refused(401, "bad_key");
    agent.send("POST", "/agents/me/rotate-key").refused(401, "bad_key");
    assert_eq!(server.request("GET", "/agents/me").key(fresh).send().is(200), profile);
}

#[test]
fn no_answer_tells_a_key() {
    let server = Server::start();
    let agent = server.register("Kai");
    for path in [
        "/agents/me",
        "/agents/me/export",
        "/agents/kai",
        "/agents",
        "/limits",
        "/metrics",
        "/agents/me/prompts",
    ] {
        let answer = agent.get(path);
        assert!(!answer.text().contains(ApiKey::PREFIX), "{answer:?}");
    }
    let problem = server.request("GET", "/agents").key(&format!("{}x", agent.key)).send();
    assert!(!problem.text().contains(&agent.key), "{problem:?}");
}
