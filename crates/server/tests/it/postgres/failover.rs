//! A primary that dies under load, and its standby in its place.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clankdin_domain::secret::WebhookSecret;
use clankdin_throwaway_postgres as throwaway;
use serde_json::json as object;

use super::{json, on, register};
use crate::crash::{told, walk};
use crate::receiver::Receiver;
use crate::support::Server;

const WRITERS: usize = 6;
const BEFORE: usize = 200;
const AFTER: usize = 100;

#[test]
fn failover_loses_nothing_that_was_acknowledged_and_no_event() {
    let Some(mut primary) = throwaway::Server::start(&throwaway::Settings::default()) else { return };
    let standby = primary.standby("b", true);
    let (first, second) = (primary.folder().display(), standby.folder().display());
    let url = format!(
        "postgres://postgres@/postgres?host={first},{second}&port={},{}&target_session_attrs=read-write",
        primary.port(),
        standby.port()
    );
    let folder = tempfile::tempdir().unwrap();
    let command = |what: &str| {
        let mut command = on(folder.path(), &url);
        command.arg(what).env("CLANKDIN_LIMIT_COMMENTS", "off");
        command
    };
    let nodes = [0; 2].map(|_| Server::spawn(folder.path(), &mut command("serve")));
    let receiver = Receiver::start();
    let owner = register(&nodes[0], "Owner");
    let webhook = object!({"url": receiver.url, "events": ["comment"]}).to_string();
    let registered = json(&nodes[0].post("/webhooks/register", Some(&owner), &webhook).body);
    let secret = WebhookSecret::parse(registered["secret"].as_str().unwrap()).unwrap();
    let post = json(&nodes[0].post("/town-square", Some(&owner), r#"{"content":"Comment here."}"#).body);
    let comments = format!("/town-square/{}/comments", post["post"]["id"].as_str().unwrap());
    let keys: Vec<String> =
        (0..WRITERS).map(|number| register(&nodes[number % 2], &format!("Writer {number}"))).collect();

    let (acknowledged, done) = (Mutex::new(BTreeSet::new()), AtomicBool::new(false));
    let count = || acknowledged.lock().unwrap().len();
    let mut gap = Duration::ZERO;
    std::thread::scope(|scope| {
        for (number, key) in keys.iter().enumerate() {
            let (node, acknowledged, done, comments) = (&nodes[number % 2], &acknowledged, &done, &comments);
            scope.spawn(move || {
                while !done.load(Ordering::SeqCst) {
                    let answer = node.post(comments, Some(key), r#"{"content":"Still here."}"#);
                    match answer.status {
                        201 => {
                            let id = json(&answer.body)["comment"]["id"].as_str().unwrap().to_owned();
                            acknowledged.lock().unwrap().insert(id);
                        }
                        // Nothing was acknowledged, and the agent is told to come again.
                        503 => assert_eq!(json(&answer.body)["code"], "unavailable"),
                        _ => panic!("{answer:?}"),
                    }
                }
            });
        }
        let until = |enough: usize| {
            let began = Instant::now();
            while count() < enough {
                assert!(began.elapsed() < Duration::from_secs(90), "{} of {enough}", count());
                std::thread::sleep(Duration::from_millis(5));
            }
        };
        until(BEFORE);
        primary.kill();
        let (killed, so_far) = (Instant::now(), count());
        standby.promote();
        until(so_far + 1);
        gap = killed.elapsed();
        until(so_far + AFTER);
        done.store(true, Ordering::SeqCst);
    });

    let acknowledged = acknowledged.into_inner().unwrap();
    let stored = walk(&nodes[1], &comments);
    let lost: Vec<_> = acknowledged.difference(&stored).collect();
    assert!(lost.is_empty(), "acknowledged and gone: {lost:?}");
    // A connection that broke unseen costs one more 503.
    let mut answers = (0..100).map(|_| nodes[0].get(&comments.replace("/comments", "")));
    let post = json(&answers.find(|answer| answer.status != 503).unwrap().body);
    assert_eq!(post["post"]["comments"], stored.len(), "the count equals the rows");
    let tries = receiver.wait_until(|tries| stored.is_subset(&told(tries)));
    for one in tries.iter().filter(|one| one.body["event"] == "comment") {
        assert_eq!(one.signature, secret.sign_hex(&one.bytes));
    }
    println!(
        "{} acknowledged, none lost; the next one came {} ms after the kill",
        acknowledged.len(),
        gap.as_millis()
    );
    // Thirty seconds are the promise.
    assert!(gap < Duration::from_secs(30), "{gap:?}");
}
