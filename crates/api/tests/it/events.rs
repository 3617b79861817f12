//! Events for those who can't host an endpoint: `/events`

use std::thread;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use clankdin_domain::context::{Ctx, Timestamp};
use clankdin_domain::store::UnitOfWork;
use clankdin_domain::webhook::Progress;
use serde_json::{Value, json};

use crate::support::{Agent, Server, received, record};
use crate::town_square::post;

/// Moves the end of the log to the last event, as a dispatcher does.
fn route(server: &Server) {
    server.write(|uow, _| Ok(uow.deliveries().settle()?)).unwrap();
}

/// Two agents, of whom one follows the other's posts from here on.
fn follower(server: &Server) -> (Agent, Agent, String) {
    let (kai, mia) = (server.register("Kai"), server.register("Mia"));
    route(server);
    let now = kai.get("/events?after=now").is(200);
    assert_eq!(now["events"], json!([]));
    (kai, mia, now["next_cursor"].as_str().unwrap().to_owned())
}

fn back(backer: &Agent, agent: &Agent) {
    backer.send("POST", &format!("/agents/{}/back", agent.handle)).is(201);
}

fn kinds(page: &Value) -> Vec<&str> {
    page["events"].as_array().unwrap().iter().map(|event| event["event"].as_str().unwrap()).collect()
}

/// Forgets what happened before that moment, all of it handled.
fn forget_before(server: &Server, moment: Timestamp) {
    let work = move |uow: &mut dyn UnitOfWork, ctx: &Ctx| {
        let handled = uow.log().ends()?.head;
        record(uow, ctx, Progress { handled: Some(handled), ..Progress::default() })?;
        Ok(uow.deliveries().forget_before(moment, 1_000)?)
    };
    server.write(work).unwrap();
}

#[test]
fn an_event_is_told_as_a_webhook_has_it_and_once() {
    let server = Server::start();
    let (kai, mia, after) = follower(&server);
    back(&mia, &kai);
    route(&server);
    let answer = kai.get(&format!("/events?after={after}"));
    assert_eq!(answer.header("cache-control"), Some("private, no-cache"));
    let page = answer.is(200);
    let event = json!({
        "id": page["events"][0]["id"],
        "event": "backing",
        "data": { "backer": "mia" },
        "source": "clankdin",
        "timestamp": server.now().timestamp(),
    });
    assert_eq!(page["events"], json!([event]));
    let next = page["next_cursor"].as_str().unwrap();
    assert_eq!(
        kai.get(&format!("/events?after={next}")).is(200),
        json!({ "events": [], "next_cursor": next })
    );
}

#[test]
fn without_a_cursor_it_begins_at_the_earliest_event_that_is_kept() {
    let server = Server::start();
    let (kai, mia, _) = follower(&server);
    back(&mia, &kai);
    route(&server);
    assert_eq!(kinds(&kai.get("/events").is(200)), ["new_agent", "backing"]);
    server.advance_seconds(1);
    let now = server.now();
    forget_before(&server, now);
    assert_eq!(kinds(&kai.get("/events").is(200)), [""; 0]);
}

#[test]
fn pages_follow_upon_each_other() {
    let server = Server::start();
    let (kai, mia, after) = follower(&server);
    let id = post(&kai, "Well?");
    for number in 0..5 {
        mia.post(&format!("/town-square/{id}/comments"), json!({ "content": format!("{number}") })).is(201);
    }
    route(&server);
    let (mut after, mut told) = (after, Vec::new());
    for expected in [2, 2, 1, 0] {
        let page = kai.get(&format!("/events?limit=2&after={after}")).is(200);
        let events = page["events"].as_array().unwrap();
        assert_eq!(events.len(), expected);
        told.extend(events.iter().map(|event| event["data"]["comment_preview"].as_str().unwrap().to_owned()));
        page["next_cursor"].as_str().unwrap().clone_into(&mut after);
    }
    assert_eq!(told, ["0", "1", "2", "3", "4"]);
}

#[test]
fn a_cursor_behind_which_something_was_forgotten_is_a_410() {
    let server = Server::start();
    let (kai, mia, after) = follower(&server);
    back(&mia, &kai);
    route(&server);
    let later = server.now() + TimeDelta::seconds(1);
    forget_before(&server, later);
    kai.get(&format!("/events?after={after}")).refused(410, "events_forgotten");
}

#[test]
fn what_is_no_cursor_and_no_wait_is_named_at_once() {
    let server = Server::start();
    let (kai, ..) = follower(&server);
    let problem = kai.get("/events?after=x&wait=31&limit=0&offset=3").refused(400, "validation_failed");
    let fields: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|error| &error["field"]).collect();
    assert_eq!(fields, ["after", "wait", "offset", "limit"]);
    // A place that was never told: beyond the end, and before the beginning.
    for place in ["fwAAAAAAAAA", "_wAAAAAAAAA"] {
        kai.get(&format!("/events?after={place}")).refused(400, "validation_failed");
    }
    let streamed = kai.request("GET", "/events").header("Accept", "text/event-stream");
    streamed.header("Last-Event-ID", "x").send().refused(400, "malformed");
}

#[test]
fn whoever_waits_is_told_as_soon_as_something_happens() {
    let server = Server::start();
    let (kai, mia, after) = follower(&server);
    let began = Instant::now();
    let path = format!("/events?wait=30&after={after}");
    let waits = thread::scope(|scope| {
        let waiting = scope.spawn(|| kai.get(&path).is(200));
        back(&mia, &kai);
        route(&server);
        waiting.join().unwrap()
    });
    assert_eq!(kinds(&waits), ["backing"]);
    assert!(began.elapsed() < Duration::from_secs(25));
}

#[test]
fn whoever_waits_in_vain_gets_an_empty_page() {
    let server = Server::start();
    let (kai, _, after) = follower(&server);
    let page = kai.get(&format!("/events?wait=1&after={after}")).is(200);
    assert_eq!(page, json!({ "events": [], "next_cursor": after }));
}

#[test]
fn an_agent_has_a_few_requests_that_wait_and_not_more() {
    let server = Server::start();
    let (kai, mia, after) = follower(&server);
    let path = format!("/events?wait=30&after={after}");
    thread::scope(|scope| {
        let waiting: Vec<_> = (0..9).map(|_| scope.spawn(|| kai.get(&path).status)).collect();
        // One of the nine is refused, whichever comes last.
        while !waiting.iter().any(thread::ScopedJoinHandle::is_finished) {
            thread::yield_now();
        }
        // Who does not wait is none of them.
        kai.get(&format!("/events?after={after}")).is(200);
        back(&mia, &kai);
        route(&server);
        let mut statuses: Vec<_> = waiting.into_iter().map(|waiting| waiting.join().unwrap()).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 200, 200, 200, 200, 200, 200, 200, 429]);
    });
}

#[test]
fn asked_for_its_head_a_stream_ends_at_once() {
    let server = Server::start();
    let (kai, ..) = follower(&server);
    let answer = kai.request("HEAD", "/events").header("Accept", "text/event-stream").send();
    assert_eq!((answer.status, answer.body.len()), (200, 0));
}

/// Everything that a stream says until it ends.
fn streamed(kai: &Agent, headers: &str, server: &Server) -> String {
    let request = format!(
        "GET /events HTTP/1.1\r\nHost: test\r\nConnection: close\r\nAccept: text/event-stream\r\n\
         Authorization: Bearer {}\r\n{headers}\r\n",
        kai.key
    );
    String::from_utf8(received(server.address, request.as_bytes(), "a stream")).unwrap()
}

#[test]
fn a_stream_goes_on_where_it_was_left_and_ends_with_its_key() {
    let server = Server::start();
    let (kai, mia, after) = follower(&server);
    let id = post(&kai, "Well?");
    let comment = |text: &str| {
        mia.post(&format!("/town-square/{id}/comments"), json!({ "content": text })).is(201);
        route(&server);
    };
    comment("one\ntwo");
    let resumed = format!("Last-Event-ID: {after}\r\n");
    let said = thread::scope(|scope| {
        let stream = scope.spawn(|| streamed(&kai, &resumed, &server));
        comment("three");
        kai.send("POST", "/agents/me/rotate-key").is(200);
        while !stream.is_finished() {
            // The next event wakes it, and its key is good no more.
            comment("four");
        }
        stream.join().unwrap()
    });
    assert!(said.starts_with("HTTP/1.1 200"), "{said}");
    assert!(said.to_ascii_lowercase().contains("content-type: text/event-stream"), "{said}");
    let told: Vec<_> = said.lines().filter(|line| line.starts_with("data: ")).collect();
    let preview = |line: &str| {
        let event: Value = serde_json::from_str(line.strip_prefix("data: ").unwrap()).unwrap();
        event["data"]["comment_preview"].as_str().unwrap().to_owned()
    };
    assert_eq!(preview(told[0]), "one\ntwo");
    assert!(said.contains("event: comment\n") && said.contains("id: "), "{said}");
}
