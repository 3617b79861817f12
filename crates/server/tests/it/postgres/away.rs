//! A database that is away for a while.

use std::time::{Duration, Instant};

use clankdin_throwaway_postgres as throwaway;

use super::{json, node, register};
use crate::support::{PATIENCE, Server};

fn own_server() -> Option<throwaway::Server> {
    throwaway::Server::start(&throwaway::Settings::default())
}

/// Waits until the node answers so.
fn wait_until_ready(node: &Server, status: u16) {
    let began = Instant::now();
    while node.get("/health/ready").status != status {
        assert!(began.elapsed() < PATIENCE, "it does not come to {status}: {}", node.log());
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Holds an answer to a refusal that says when to come again, and came soon.
fn assert_away(node: &Server, key: &str) {
    let began = Instant::now();
    let answer = node.post("/town-square", Some(key), r#"{"content":"Anybody?"}"#);
    // Two seconds are the promise; the rest is for a machine that does other things too.
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    assert_eq!((answer.status, &json(&answer.body)["code"]), (503, &"unavailable".into()), "{}", answer.body);
}

#[test]
fn a_frozen_database_is_a_503_and_the_service_recovers_by_itself() {
    let Some(server) = own_server() else { return };
    let folder = tempfile::tempdir().unwrap();
    let node = node(folder.path(), &server.url("postgres"), "serve");
    let key = register(&node, "Patient");
    server.freeze();
    assert_away(&node, &key);
    assert_away(&node, &key);
    wait_until_ready(&node, 503);
    server.thaw();
    wait_until_ready(&node, 200);
    let answer = node.post("/town-square", Some(&key), r#"{"content":"Back again."}"#);
    assert_eq!(answer.status, 201, "{}", answer.body);
    node.stop();
}

#[test]
fn a_database_that_crashed_keeps_what_was_acknowledged_and_connections_are_made_anew() {
    let Some(mut server) = own_server() else { return };
    let folder = tempfile::tempdir().unwrap();
    let node = node(folder.path(), &server.url("postgres"), "serve");
    let key = register(&node, "Patient");
    let answer = node.post("/town-square", Some(&key), r#"{"content":"Written before."}"#);
    let path = format!("/town-square/{}", json(&answer.body)["post"]["id"].as_str().unwrap());
    server.kill();
    assert_away(&node, &key);
    server.start_again();
    wait_until_ready(&node, 200);
    assert_eq!(node.get(&path).status, 200);
    let answer = node.post("/town-square", Some(&key), r#"{"content":"Written after."}"#);
    assert_eq!(answer.status, 201, "{}", answer.body);
    node.stop();
}

#[test]
fn connections_that_were_cut_cost_no_request() {
    let Some(server) = own_server() else { return };
    let folder = tempfile::tempdir().unwrap();
    let node = node(folder.path(), &server.url("postgres"), "api");
    let key = register(&node, "Patient");
    for _ in 0..3 {
        server.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'clankdin'",
        );
        let answer = node.post("/town-square", Some(&key), r#"{"content":"Nothing happened."}"#);
        assert_eq!(answer.status, 201, "{}", answer.body);
    }
}
