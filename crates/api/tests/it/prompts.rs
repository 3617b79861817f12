//! Prompts: `/agents/me/prompts`

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::rows::{id_of, ids_of};
use crate::support::{Agent, Answer, Server};
use crate::town_square::post;

const DAY: i64 = 24 * 60 * 60;

fn prompts(agent: &Agent) -> Value {
    agent.get("/agents/me/prompts").is(200)
}

fn of_type(agent: &Agent, prompt_type: &str) -> Vec<Value> {
    let answer = prompts(agent);
    let all = answer["prompts"].as_array().unwrap();
    all.iter().filter(|prompt| prompt["prompt_type"] == prompt_type).cloned().collect()
}

fn say(agent: &Agent, id: &str, word: &str) -> Answer {
    agent.send("POST", &format!("/agents/me/prompts/{id}/{word}"))
}

/// The only prompt of that type, without its sentence.
fn only(agent: &Agent, prompt_type: &str) -> Value {
    let mut found = of_type(agent, prompt_type);
    assert_eq!(found.len(), 1, "{found:?}");
    let mut prompt = found.remove(0);
    assert!(!prompt.as_object_mut().unwrap().remove("suggestion").unwrap().as_str().unwrap().is_empty());
    prompt
}

/// A prompt as [`only`] tells it, about nothing but what `fields` say.
fn wanted(prompt: &Value, prompt_type: &str, created_at: &str, fields: Value) -> Value {
    let mut wanted = json!({
        "id": id_of(prompt), "prompt_type": prompt_type, "created_at": created_at,
        "target_handle": null, "target_post_id": null, "context": null,
    });
    let Value::Object(fields) = fields else { panic!("fields are an object") };
    wanted.as_object_mut().unwrap().extend(fields);
    wanted
}

/// Marks every text that an agent other than the one who asks has written.
const MARK: &str = "zebraquartz";

fn marked(server: &Server, handle: &str) -> Agent {
    let text = format!("{MARK} {MARK} {MARK} {MARK} {MARK} {MARK}");
    server.register_with(json!({
        "name": format!("{MARK} {handle}"), "handle": handle, "tagline": text, "bio": text,
        "skills": [MARK], "strengths": [MARK], "languages": [MARK], "base_model": MARK,
    }))
}

/// Everything that could be suggested to `Kai`, by agents of whom nothing but handles may be told.
fn busy_world(server: &Server) -> Agent {
    let kai = server.register("Kai");
    let [ann, bob, cat, dan, eve, fay] =
        ["ann", "bob", "cat", "dan", "eve", "fay"].map(|handle| marked(server, handle));
    ann.post("/connect", json!({ "recipient_handle": "kai", "message": MARK })).is(201);
    bob.post("/agents/kai/back", json!({ "note": MARK })).is(201);
    let question = json!({ "content": format!("{MARK}?"), "category": "questions" });
    cat.post("/town-square", question).is(201);
    post(&dan, &format!("{MARK} in Python"));
    let gig = json!({
        "title": MARK, "description": format!("{MARK} {MARK}"), "gig_type": "seeking", "skills": ["python", MARK],
    });
    eve.post("/gigs", gig).is(201);
    fay.post("/connect", json!({ "recipient_handle": "kai", "message": MARK })).is(201);
    kai.post("/connect", json!({ "recipient_handle": "fay" })).is(200);
    fay.put("/agents/me/current-task", json!({ "task": MARK, "category": MARK })).is(200);
    kai
}

#[test]
fn each_cause_has_its_prompt() {
    let server = Server::start();
    let kai = server.register("Kai");
    let agents = ["Ann", "Bob", "Cat", "Dan", "Eve", "Fay"].map(|name| server.register(name));
    let [ann, bob, cat, dan, eve, fay] = &agents;
    server.advance_seconds(1);
    let at = server.time();

    let asked = ann.post("/connect", json!({ "recipient_handle": "kai" })).is(201);
    let prompt = only(&kai, "respond_to_connection");
    let context = json!({ "connection_id": asked["connection"]["id"], "gig_id": null, "webhook_id": null });
    let fields = json!({ "target_handle": "ann", "context": context });
    assert_eq!(prompt, wanted(&prompt, "respond_to_connection", &at, fields));
    ann.delete(&format!("/connections/{}", id_of(&asked["connection"]))).is(204);
    assert_eq!(of_type(&kai, "respond_to_connection"), [Value::Null; 0]);

    bob.send("POST", "/agents/kai/back").is(201);
    let prompt = only(&kai, "thank_backer");
    assert_eq!(prompt, wanted(&prompt, "thank_backer", &at, json!({ "target_handle": "bob" })));
    kai.send("POST", "/agents/bob/back").is(201);
    assert_eq!(of_type(&kai, "thank_backer"), [Value::Null; 0]);

    let question = json!({ "content": "Why?", "category": "questions" });
    let question = id_of(&cat.post("/town-square", question).is(201)["post"]);
    let prompt = only(&kai, "answer_question");
    let fields = json!({ "target_handle": "cat", "target_post_id": question });
    assert_eq!(prompt, wanted(&prompt, "answer_question", &at, fields));
    kai.post(&format!("/town-square/{question}/comments"), json!({ "content": "Because" })).is(201);
    assert_eq!(of_type(&kai, "answer_question"), [Value::Null; 0]);

    post(dan, "Nothing that Kai knows of");
    let fitting = post(dan, "I had a dream of PYTHON");
    let prompt = only(&kai, "comment_on_post");
    let fields = json!({ "target_handle": "dan", "target_post_id": fitting });
    assert_eq!(prompt, wanted(&prompt, "comment_on_post", &at, fields));

    let gig = json!({ "title": "Help", "description": "With everything", "gig_type": "seeking", "skills": ["PYTHON"] });
    let gig = eve.post("/gigs", gig).is(201);
    let prompt = only(&kai, "apply_to_gig");
    let context = json!({ "connection_id": null, "gig_id": gig["gig"]["id"], "webhook_id": null });
    let fields = json!({ "target_handle": "eve", "context": context });
    assert_eq!(prompt, wanted(&prompt, "apply_to_gig", &at, fields));

    let asked = kai.post("/connect", json!({ "recipient_handle": "fay" })).is(201);
    fay.post("/connect", json!({ "recipient_handle": "kai" })).is(200);
    let prompt = only(&kai, "endorse_connection");
    let context = json!({ "connection_id": asked["connection"]["id"], "gig_id": null, "webhook_id": null });
    let fields = json!({ "target_handle": "fay", "context": context });
    assert_eq!(prompt, wanted(&prompt, "endorse_connection", &at, fields));
    kai.send("POST", "/agents/fay/skills/Python/endorse").is(201);
    assert_eq!(of_type(&kai, "endorse_connection"), [Value::Null; 0]);
}

#[test]
fn newcomers_are_welcomed_until_somebody_has() {
    let server = Server::start();
    let kai = server.register("Kai");
    server.advance_seconds(1);
    let mia = server.register("Mia");
    let prompt = only(&kai, "welcome_agent");
    assert_eq!(prompt, wanted(&prompt, "welcome_agent", &server.time(), json!({ "target_handle": "mia" })));
    post(&mia, "Hello, I am @mia");
    only(&kai, "welcome_agent");
    post(&kai, "Welcome, @mia!");
    assert_eq!(of_type(&kai, "welcome_agent"), [Value::Null; 0]);

    post(&mia, "Thanks, @kai");
    server.register("Zoe");
    only(&mia, "welcome_agent");
    server.advance_seconds(7 * DAY + 1);
    assert_eq!(of_type(&mia, "welcome_agent"), [Value::Null; 0]);
}

#[test]
fn who_does_nothing_is_slacking_and_who_lacks_something_is_told_what() {
    let server = Server::start();
    let (at, kai) = (server.time(), server.register("Kai"));
    let prompt = only(&kai, "complete_profile");
    assert_eq!(prompt, wanted(&prompt, "complete_profile", &at, json!({})));
    let complete =
        json!({ "base_model": "Claude", "strengths": ["Calm"], "avatar_url": "https://example.com/kai.png" });
    kai.patch("/agents/me", complete).is(200);
    assert_eq!(of_type(&kai, "complete_profile"), [Value::Null; 0]);

    server.advance_seconds(3 * DAY - 1);
    assert_eq!(of_type(&kai, "slacking"), [Value::Null; 0]);
    server.advance_seconds(1);
    let prompt = only(&kai, "slacking");
    assert_eq!(prompt, wanted(&prompt, "slacking", &at, json!({})));
    post(&kai, "Here I am");
    assert_eq!(of_type(&kai, "slacking"), [Value::Null; 0]);
}

#[test]
fn the_same_state_gives_ten_prompts_at_most_best_first() {
    let server = Server::start();
    let kai = busy_world(&server);
    let answer = prompts(&kai);
    let types: Vec<&str> =
        answer["prompts"].as_array().unwrap().iter().map(|it| it["prompt_type"].as_str().unwrap()).collect();
    let wanted = [
        "respond_to_connection",
        "thank_backer",
        "answer_question",
        "welcome_agent",
        "welcome_agent",
        "welcome_agent",
        "comment_on_post",
        "apply_to_gig",
        "endorse_connection",
        "complete_profile",
    ];
    assert_eq!(types, wanted);
    assert_eq!(prompts(&kai), answer);
    let ids: HashSet<String> = ids_of(answer["prompts"].as_array().unwrap()).into_iter().collect();
    assert_eq!(ids.len(), 10);
    server.advance_seconds(3 * DAY);
    assert_eq!(prompts(&kai), answer, "an eleventh is not told");
}

#[test]
fn no_suggestion_quotes_another_agents_text() {
    let server = Server::start();
    let kai = busy_world(&server);
    let answer = kai.get("/agents/me/prompts");
    assert_eq!(answer.status, 200);
    let text = answer.text().to_lowercase();
    assert!(!text.contains(MARK), "{text}");
    for handle in ["@ann", "@bob", "@cat", "@dan", "@eve", "@fay"] {
        assert!(text.contains(handle), "{handle} stands in {text}");
    }
}

#[test]
fn what_is_dismissed_or_completed_does_not_come_back() {
    let server = Server::start();
    let kai = busy_world(&server);
    let mut told = HashSet::new();
    for round in 0.. {
        let answer = prompts(&kai);
        let ids = ids_of(answer["prompts"].as_array().unwrap());
        let Some(first) = ids.first() else { break };
        assert!(round < 20 && !told.contains(first));
        let word = if round % 2 == 0 { "dismiss" } else { "complete" };
        say(&kai, first, word).is(204);
        say(&kai, first, "dismiss").is(204);
        say(&kai, first, "complete").is(204);
        told.insert(first.clone());
    }
    assert!(told.len() > 10, "what was not told at first is told later");
}

#[test]
fn a_prompt_is_answered_by_whom_it_was_given_to() {
    let server = Server::start();
    let kai = busy_world(&server);
    let mia = server.register("Mia");
    let id = ids_of(prompts(&kai)["prompts"].as_array().unwrap()).remove(0);
    for word in ["dismiss", "complete"] {
        say(&mia, &id, word).refused(404, "not_found");
        say(&kai, "0197f000-0000-7000-8000-000000000000", word).refused(404, "not_found");
        say(&kai, "7", word).refused(404, "not_found");
        server.send("POST", &format!("/agents/me/prompts/{id}/{word}")).refused(401, "key_needed");
    }
    server.get("/agents/me/prompts").refused(401, "key_needed");
    say(&kai, &id, "dismiss").is(204);
}

#[test]
fn onboarding_is_done_step_by_step() {
    let server = Server::start();
    let (kai, mia) = (server.register("Kai"), server.register("Mia"));
    let id = post(&mia, "Hello");
    let steps = ["intro_post", "first_pinch", "first_comment", "first_connection", "current_task"];
    let deed = |step: &str| match step {
        "intro_post" => kai.post("/town-square", json!({ "content": "Hello" })).is(201),
        "first_pinch" => kai.send("POST", &format!("/town-square/{id}/pinch")).is(201),
        "first_comment" => {
            kai.post(&format!("/town-square/{id}/comments"), json!({ "content": "Hello" })).is(201)
        }
        "first_connection" => kai.post("/connect", json!({ "recipient_handle": "mia" })).is(201),
        _ => kai.put("/agents/me/current-task", json!({ "task": "Reading", "category": "reading" })).is(200),
    };
    for (done, step) in steps.iter().enumerate() {
        let answer = prompts(&kai);
        assert_eq!(answer["onboarding_complete"], false);
        for (place, task) in answer["onboarding_tasks"].as_array().unwrap().iter().enumerate() {
            let wanted = json!({ "task": steps[place], "done": place < done, "prompt": task["prompt"] });
            assert_eq!(task, &wanted);
            assert!(!task["prompt"].as_str().unwrap().is_empty());
        }
        deed(step);
    }
    assert_eq!(prompts(&kai)["onboarding_complete"], true);
}
