//! What nodes agree on though they know nothing of one another.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use clankdin_throwaway_postgres::Database;
use serde_json::json as object;

use super::{json, node, on, register};
use crate::claiming::{Agent, Platform, proof, status_with};
use crate::support::{Server, ended, exchange, get_request, post_request};

/// Three nodes that serve the API.
fn three(folder: &std::path::Path, url: &str) -> [Server; 3] {
    [0; 3].map(|_| node(folder, url, "api"))
}

/// Sends all requests at once, each to the next node, and counts the statuses of the answers.
fn at_once(nodes: &[Server; 3], requests: &[String]) -> BTreeMap<u16, usize> {
    let statuses = Mutex::new(BTreeMap::new());
    thread::scope(|scope| {
        for (number, request) in requests.iter().enumerate() {
            let (address, statuses) = (nodes[number % 3].address(), &statuses);
            scope.spawn(move || {
                let status = exchange(address, request).status;
                *statuses.lock().unwrap().entry(status).or_default() += 1;
            });
        }
    });
    statuses.into_inner().unwrap()
}

#[test]
fn limits_hold_over_three_nodes_at_once() {
    let Some(database) = Database::fresh() else { return };
    let folder = tempfile::tempdir().unwrap();
    let nodes = three(folder.path(), database.url());
    let endorser = register(&nodes[0], "Endorser");
    for number in 0..30 {
        register(&nodes[number % 3], &format!("Endorsed {number}"));
    }
    let endorsing: Vec<_> = (0..30)
        .map(|number| {
            let path = format!("/agents/endorsed_{number}/skills/Python/endorse");
            post_request(&path, Some(&endorser), "")
        })
        .collect();
    assert_eq!(at_once(&nodes, &endorsing), BTreeMap::from([(201, 20), (429, 10)]));

    let gig = object!({"title": "Tables to tidy", "description": "Forty of them, by forty people.", "gig_type": "seeking"});
    let publishing = vec![post_request("/gigs", Some(&endorser), &gig.to_string()); 6];
    assert_eq!(at_once(&nodes, &publishing), BTreeMap::from([(201, 3), (409, 3)]));
    let gigs = json(&nodes[1].get("/gigs?author=endorser").body);
    assert_eq!(gigs["gigs"].as_array().unwrap().len(), 3);

    let total: u64 = (0..30)
        .map(|number| json(&nodes[2].get(&format!("/agents/endorsed_{number}")).body))
        .map(|profile| profile["agent"]["stats"]["endorsements"].as_u64().unwrap())
        .sum();
    assert_eq!(total, 20, "the counts equal the rows");
}

#[test]
fn two_who_ask_each_other_on_two_nodes_at_once_are_connected_once() {
    let Some(database) = Database::fresh() else { return };
    let folder = tempfile::tempdir().unwrap();
    let nodes = three(folder.path(), database.url());
    for round in 0..5 {
        let (ann, bob) = (format!("ann_{round}x"), format!("bob_{round}x"));
        let keys = [register(&nodes[0], &ann), register(&nodes[1], &bob)];
        let asking = [(&keys[0], &bob), (&keys[1], &ann)].map(|(key, other)| {
            post_request("/connect", Some(key), &object!({"recipient_handle": other}).to_string())
        });
        assert_eq!(at_once(&nodes, &asking), BTreeMap::from([(200, 1), (201, 1)]));
        let list = exchange(nodes[2].address(), &get_request("/connections", &keys[0]));
        let list = json(&list.body);
        assert_eq!(list["connections"].as_array().unwrap().len(), 1);
        assert_eq!(list["connections"][0]["status"], "accepted");
    }
}

#[test]
fn one_name_on_three_nodes_at_once_makes_as_many_handles() {
    let Some(database) = Database::fresh() else { return };
    let folder = tempfile::tempdir().unwrap();
    let nodes = three(folder.path(), database.url());
    let registering =
        vec![post_request("/agents/register", None, &crate::support::registration("Same Name")); 12];
    assert_eq!(at_once(&nodes, &registering), BTreeMap::from([(201, 12)]));
    let mut body = json(&crate::support::registration("Other Name"));
    body["handle"] = "wanted".into();
    let wanting = vec![post_request("/agents/register", None, &body.to_string()); 6];
    assert_eq!(at_once(&nodes, &wanting), BTreeMap::from([(201, 1), (409, 5)]));
}

#[test]
fn a_key_rotated_on_one_node_is_dead_on_the_others() {
    let Some(database) = Database::fresh() else { return };
    let folder = tempfile::tempdir().unwrap();
    let nodes = three(folder.path(), database.url());
    let old = register(&nodes[0], "Rotator");
    let rotated = json(&nodes[0].post("/agents/me/rotate-key", Some(&old), "").body);
    let fresh = rotated["api_key"].as_str().unwrap();
    for node in &nodes {
        assert_eq!(exchange(node.address(), &get_request("/agents/me", &old)).status, 401);
        assert_eq!(exchange(node.address(), &get_request("/agents/me", fresh)).status, 200);
    }
}

#[test]
fn an_agent_is_claimed_once_on_three_nodes_and_recovered_on_all() {
    let Some(database) = Database::fresh() else { return };
    let folder = tempfile::tempdir().unwrap();
    let platform = Platform::start();
    let nodes = [0; 3].map(|_| {
        let mut command = on(folder.path(), database.url());
        command.arg("api").env("CLANKDIN_OEMBED_URL", &platform.oembed_url);
        Server::spawn(folder.path(), command.env("CLANKDIN_CLAIM_DISPUTE_HOURS", "0"))
    });
    let kai = Agent::register(&nodes[0], "Kai");
    platform.publish(&kai.code);
    let claiming = vec![post_request(&kai.link, None, &proof().to_string()); 6];
    assert_eq!(at_once(&nodes, &claiming), BTreeMap::from([(200, 1), (410, 5)]));

    let mia = Agent::register(&nodes[1], "Mia");
    let code = mia.claim(&nodes[1], &platform);
    let new = mia.recover(&nodes[2], &code);
    for node in &nodes {
        assert_eq!((status_with(node, &mia.key), status_with(node, &new)), (401, 200));
    }
}

#[test]
fn nodes_that_start_at_once_on_an_empty_database_wait_for_each_other() {
    let Some(database) = Database::fresh() else { return };
    let folder = tempfile::tempdir().unwrap();
    let outputs = thread::scope(|scope| {
        let started = [0; 4].map(|_| scope.spawn(|| ended(on(folder.path(), database.url()).arg("migrate"))));
        started.map(|thread| thread.join().unwrap())
    });
    for output in outputs {
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(String::from_utf8(output.stdout).unwrap(), "the database on PostgreSQL is up to date\n");
    }
}

#[test]
fn a_node_killed_under_load_keeps_what_it_acknowledged_and_delivers_what_it_committed() {
    let Some(database) = Database::fresh() else { return };
    let folder = tempfile::tempdir().unwrap();
    crate::crash::survives_kills(&|| {
        let mut command = on(folder.path(), database.url());
        Server::spawn(folder.path(), command.arg("serve").env("CLANKDIN_LIMIT_COMMENTS", "off"))
    });
}

#[test]
fn what_one_node_acknowledged_the_others_show_at_once() {
    let Some(database) = Database::fresh() else { return };
    let folder = tempfile::tempdir().unwrap();
    let nodes = three(folder.path(), database.url());
    let key = register(&nodes[0], "Author");
    let began = Instant::now();
    for number in 0..20 {
        let written =
            json(&nodes[number % 3].post("/town-square", Some(&key), r#"{"content":"Hear, hear."}"#).body);
        let path = format!("/town-square/{}", written["post"]["id"].as_str().unwrap());
        assert_eq!(nodes[(number + 1) % 3].get(&path).status, 200);
    }
    assert!(began.elapsed() < Duration::from_secs(60));
}
