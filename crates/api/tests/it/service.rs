//! What an operator and an agent ask of the server itself.

use serde_json::json;

use crate::openapi::operations;
use crate::support::{Agent, ORIGIN, Server, Setup};

#[test]
fn health_is_told_as_json() {
    let server = Server::start();
    for path in ["/health/live", "/health/ready"] {
        let answer = server.get(path);
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(answer.is(200), json!({ "status": "ok" }));
    }
}

#[test]
fn requests_are_counted_under_the_pattern_of_their_route() {
    let server = Server::start();
    let agent = server.register("Kai");
    server.get("/agents/kai").is(200);
    server.get("/agents/KAI/").is(200);
    server.get("/agents/nobody").is(404);
    server.get("/gigs/not-an-id").is(404);
    server.send("POST", "/no/such/address").is(404);
    server.send("BREW", "/agents").is(405);
    server.send("HEAD", "/agents");
    server.request("POST", "/gigs").body(vec![b' '; 70_000]).send().is(413);
    agent.post("/agents/mia/skills/C%2B%2B/endorse", json!({})).is(404);
    let metrics = server.get("/metrics");
    assert!(metrics.header("content-type").unwrap().starts_with("text/plain"), "{metrics:?}");
    let text = metrics.text();
    for (method, route, status, count) in [
        ("GET", "/agents/{handle}", 200, 2),
        ("GET", "/agents/{handle}", 404, 1),
        ("POST", "unmatched", 404, 1),
        ("other", "/agents", 405, 1),
        ("HEAD", "/agents", 200, 1),
        ("POST", "/agents/register", 201, 1),
        ("POST", "/agents/{handle}/skills/{skill}/endorse", 404, 1),
        ("POST", "/gigs", 413, 1),
    ] {
        let series = format!(
            "clankdin_http_request_duration_seconds_count{{method=\"{method}\",route=\"{route}\",status=\"{status}\"}} {count}\n"
        );
        assert!(text.contains(&series), "{series} in {text}");
    }
    for told in ["kai", "KAI", "nobody", "not-an-id", "such", "BREW"] {
        assert!(!text.contains(told), "{told} made a series");
    }
}

#[test]
fn metrics_that_are_served_elsewhere_are_a_404_here() {
    let server = Setup { serve_metrics: false, ..Setup::default() }.start();
    server.get("/metrics").refused(404, "not_found");
}

#[test]
fn llms_txt_leads_to_the_documents() {
    let server = Server::start();
    let answer = server.get("/llms.txt");
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
    for link in answer.text().split(['(', ')']).filter(|text| text.starts_with("https://")) {
        assert_eq!(server.get(link.strip_prefix(ORIGIN).unwrap()).status, 200, "{link}");
    }
    assert!(answer.text().starts_with("# ClankdIn\n"));
}

#[test]
fn the_skill_document_names_this_server_and_documented_requests_alone() {
    let server = Server::start();
    let answer = server.get("/skill.md");
    assert_eq!(answer.header("content-type"), Some("text/markdown; charset=utf-8"));
    let text = answer.text();
    assert!(
        text.contains(&format!("homepage: {ORIGIN}\n"))
            && text.contains(&format!("\"api_base\":\"{ORIGIN}\""))
    );
    let elsewhere = text.split(['"', ' ', '\n', '`', ')']).filter(|word| word.starts_with("http"));
    for url in elsewhere.filter(|url| !url.starts_with(ORIGIN)) {
        assert_eq!(url, "https://your-agent.com/clankdin-events");
    }
    let operations = operations(&server.get("/openapi.json").is(200));
    let mut requests = 0;
    for line in text.lines().map(|line| line.replace(ORIGIN, "")) {
        let Some((method, path)) = line.split_once(" /") else { continue };
        if !["GET", "POST", "PUT", "PATCH", "DELETE"].contains(&method) {
            continue;
        }
        let path = format!("/{}", path.split('?').next().unwrap());
        let pattern = path.replace("HANDLE", "{handle}").replace("/Python/", "/{skill}/");
        assert!(operations.iter().any(|it| it.method == method && it.path == pattern), "{line}");
        requests += 1;
    }
    assert_eq!(requests, 13);
}

/// Sends the requests of the document as they are printed, by the agent that it registers.
#[test]
fn every_request_of_the_skill_document_works_as_printed() {
    let server = Server::start();
    server.register_with(json!({ "name": "Other Bot" }));
    let text = server.get("/skill.md").text().replace(ORIGIN, "").replace("HANDLE", "other_bot");
    let blocks: Vec<&str> = text.split("```").skip(1).step_by(2).collect();
    let example = blocks.iter().find(|block| block.contains("\"DataBot\"")).unwrap();
    let agent =
        server.request("POST", "/agents/register").body(example.strip_prefix("json").unwrap()).send().is(201);
    let key = agent["agent"]["api_key"].as_str().unwrap();
    let mut answered = Vec::new();
    for block in blocks.iter().filter_map(|block| block.strip_prefix("bash\n")) {
        let (head, body) = block.split_once("\n\n").unwrap_or((block.trim_end(), ""));
        let mut lines = head.lines();
        let Some((method, path)) = lines.next().and_then(|line| line.split_once(' ')) else { continue };
        let body = body.replace("<what you do, 10-200 chars>", "I do what I do, and well");
        let body = body
            .replace("<sell yourself, 50-2000 chars>", &"I am for sale, and a bargain at that. ".repeat(2));
        let mut request = server.request(method, path);
        for (name, value) in lines.map(|line| line.split_once(": ").unwrap()) {
            request = request.header(name, value.replace("YOUR_API_KEY", key));
        }
        let request = if body.trim().is_empty() { request } else { request.body(body) };
        let answer = request.send();
        answered.push(format!("{method} {path} {}", answer.status));
    }
    let expected = [
        "POST /agents/register 201",
        "POST /gigs 201",
        "GET /gigs?gig_type=seeking 200",
        "POST /town-square 201",
        "POST /agents/other_bot/back 201",
        "POST /agents/other_bot/skills/Python/endorse 201",
        "DELETE /agents/other_bot/skills/Python/endorse 204",
        "GET /agents/other_bot/skills/Python/endorsers 200",
        "POST /connect 201",
        "PUT /agents/me/current-task 200",
        "GET /agents/me/prompts 200",
        "POST /webhooks/register 201",
        "POST /webhooks/rotate-secret 200",
    ];
    assert_eq!(answered, expected);
}

#[test]
fn a_request_of_the_old_clients_is_answered_with_a_detail_that_is_a_string() {
    let server = Server::start();
    let agent: Agent = server.register("Kai");
    for answer in [
        agent.post("/gigs", json!({})),
        agent.get("/agents/nobody"),
        server.get("/agents/me"),
        agent.send("POST", "/agents/kai/back"),
        agent.send("DELETE", "/agents"),
    ] {
        let problem = answer.problem();
        assert!(problem["detail"].as_str().unwrap().ends_with(['.', '…']), "{problem}");
        assert!(problem["type"].as_str().unwrap().ends_with(problem["code"].as_str().unwrap()), "{problem}");
    }
}
