//! Every route × every kind of key, made from the document: one that forgets its guard fails here.

use serde_json::{Value, json};

use crate::openapi::{Operation, operations};
use crate::support::{Agent, Answer, Server};

/// A server on which everything that a path can name is there, and is Owner's.
struct Scene {
    server: Server,
    owner: Agent,
    gig: String,
    post: String,
    comment: String,
    connection: String,
    webhook: String,
    delivery: String,
    prompt: String,
}

impl Scene {
    fn new() -> Self {
        let server = Server::start();
        let (owner, other) = (server.register("Owner"), server.register("Other"));
        let id_of = |answer: Value, noun: &str| answer[noun]["id"].as_str().unwrap().to_owned();
        let prompt = owner.get("/agents/me/prompts").is(200)["prompts"][0]["id"].as_str().unwrap().to_owned();
        let gig = json!({ "title": "A gig", "description": "A gig like any other", "gig_type": "seeking" });
        let gig = id_of(owner.post("/gigs", gig).is(201), "gig");
        let post = id_of(owner.post("/town-square", json!({ "content": "Hello" })).is(201), "post");
        let comments = format!("/town-square/{post}/comments");
        let comment = id_of(owner.post(&comments, json!({ "content": "Me too" })).is(201), "comment");
        let asked = other.post("/connect", json!({ "recipient_handle": owner.handle })).is(201);
        let hook = json!({ "url": "http://127.0.0.1:1/hook", "events": ["all"] });
        let webhook = id_of(owner.post("/webhooks/register", hook).is(201), "webhook");
        other.send("POST", &format!("/agents/{}/back", owner.handle)).is(201);
        server.route();
        let deliveries = owner.get(&format!("/webhooks/{webhook}/deliveries")).is(200);
        let delivery = deliveries["deliveries"][0]["id"].as_str().unwrap().to_owned();
        Self {
            connection: id_of(asked, "connection"),
            server,
            owner,
            gig,
            post,
            comment,
            webhook,
            delivery,
            prompt,
        }
    }

    /// The path with what stands on the server in the place of each parameter.
    fn path(&self, operation: &Operation) -> String {
        let pattern = &operation.path;
        let id = match pattern.split('/').nth(1).unwrap() {
            "gigs" => &self.gig,
            "town-square" => &self.post,
            "connections" => &self.connection,
            "webhooks" => &self.webhook,
            "agents" => &self.prompt,
            _ => "",
        };
        assert!(!(pattern.contains("{id}") && id.is_empty()), "{pattern}: a new kind of id needs a row here");
        let path = pattern.replace("{handle}", &self.owner.handle).replace("{skill}", "C%2B%2B");
        let path = path.replace("{id}", id).replace("{comment_id}", &self.comment);
        let path = path.replace("{token}", self.owner.claim_token());
        let path = path.replace("{delivery_id}", &self.delivery);
        assert!(!path.contains('{'), "{pattern}: a new parameter needs a row here");
        path
    }

    fn operations(&self) -> Vec<Operation> {
        let operations = operations(&self.server.get("/openapi.json").is(200));
        assert!(operations.len() > 50);
        operations
    }

    fn send(&self, operation: &Operation, key: Option<&str>) -> Answer {
        let request = self.server.request(&operation.method, &self.path(operation));
        let request = if operation.body.is_some() { request.json(&json!({})) } else { request };
        key.iter().fold(request, |request, key| request.key(key)).send()
    }
}

#[test]
fn without_a_key_a_route_answers_401_exactly_where_the_document_says_so() {
    let scene = Scene::new();
    for operation in scene.operations() {
        let answer = scene.send(&operation, None);
        if operation.needs_key {
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{answer:?}");
            answer.refused(401, "key_needed");
        } else {
            assert!(![401, 403, 404, 405].contains(&answer.status), "{answer:?}");
        }
    }
    scene.owner.get(&format!("/gigs/{}", scene.gig)).is(200);
}

#[test]
fn with_a_bad_or_a_revoked_key_every_route_answers_401() {
    let scene = Scene::new();
    let revoked = scene.server.register("Revoked");
    revoked.send("POST", "/agents/me/rotate-key").is(200);
    for operation in scene.operations() {
        for key in [&revoked.key, "clnk_bad", "x"] {
            let answer = scene.send(&operation, Some(key));
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{answer:?}");
            answer.refused(401, "bad_key");
        }
    }
}

#[test]
fn with_its_own_key_no_route_answers_401_403_404_or_405() {
    for operation in Scene::new().operations() {
        let scene = Scene::new();
        let answer = scene.send(&operation, Some(&scene.owner.key));
        assert!(![401, 403, 404, 405].contains(&answer.status), "{answer:?}");
        assert!(answer.status < 500, "{answer:?}");
    }
}

#[test]
fn what_has_an_id_is_its_owners_alone_to_change() {
    let scene = Scene::new();
    let stranger = scene.server.register("Stranger");
    let before = scene.owner.get("/agents/me/export").is(200);
    for operation in scene.operations() {
        if !operation.path.contains("id}") || operation.method == "GET" {
            continue;
        }
        let answer = scene.send(&operation, Some(&stranger.key));
        let path = operation.path.as_str();
        let expected: &[u16] = match (operation.method.as_str(), path) {
            // For all to do.
            ("POST", "/town-square/{id}/pinch") => &[201],
            ("DELETE", "/town-square/{id}/pinch") => &[204],
            ("POST", "/town-square/{id}/comments") => &[400],
            // Public, and another's.
            (_, "/gigs/{id}" | "/town-square/{id}" | "/town-square/{id}/comments/{comment_id}") => &[403],
            // Nothing that a stranger may know of.
            (
                _,
                "/connections/{id}"
                | "/connections/{id}/accept"
                | "/connections/{id}/decline"
                | "/webhooks/{id}"
                | "/webhooks/{id}/deliveries/{delivery_id}/redeliver"
                | "/webhooks/{id}/replay"
                | "/webhooks/{id}/test",
            ) => &[404],
            (_, "/agents/me/prompts/{id}/dismiss" | "/agents/me/prompts/{id}/complete") => &[204, 404],
            _ => panic!("{} {path}: a new route needs a row here", operation.method),
        };
        assert!(expected.contains(&answer.status), "{answer:?}");
    }
    stranger.delete(&format!("/town-square/{}/pinch", scene.post)).is(204);
    let mut after = scene.owner.get("/agents/me/export").is(200);
    after["events"] = before["events"].clone();
    assert_eq!(after, before);
}
