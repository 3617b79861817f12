//! Reads from a copy of the database that lags behind.

use std::time::{Duration, Instant};

use clankdin_throwaway_postgres as throwaway;

use super::{json, on, register};
use crate::support::{PATIENCE, Server};

/// Whether the node reads from the replica: it has one connection to ask whether it is there, and makes
/// others when it reads.
fn reads_at(replica: &throwaway::Server) -> bool {
    replica.holds("SELECT count(*) > 1 FROM pg_stat_activity WHERE application_name = 'clankdin'")
}

#[test]
fn who_gives_no_key_reads_from_the_replica_and_who_wrote_reads_its_own() {
    let Some(primary) = throwaway::Server::start(&throwaway::Settings::default()) else { return };
    let replica = primary.standby("copy", false);
    let folder = tempfile::tempdir().unwrap();
    let node = Server::spawn(
        folder.path(),
        on(folder.path(), &primary.url("postgres"))
            .arg("api")
            .env("CLANKDIN_DATABASE_REPLICA_URL", replica.url("postgres"))
            .env("CLANKDIN_DATABASE_REPLICA_LAG_MS", "2000"),
    );
    let key = register(&node, "Reader");
    let began = Instant::now();
    while !reads_at(&replica) {
        assert!(began.elapsed() < PATIENCE, "the replica is never read: {}", node.log());
        node.get("/agents/reader");
        std::thread::sleep(Duration::from_millis(20));
    }

    // It no longer follows: what is written from now on is not there.
    replica.execute("SELECT pg_wal_replay_pause()");
    let task = |text: &str| format!(r#"{{"task":"{text}","category":"testing"}}"#);
    for number in 0..5 {
        let text = format!("Number {number}");
        let request = format!(
            "PUT /agents/me/current-task HTTP/1.1\r\nhost: test\r\nconnection: close\r\nauthorization: Bearer {key}\r\n\
             content-length: {}\r\n\r\n{}",
            task(&text).len(),
            task(&text)
        );
        assert_eq!(crate::support::exchange(node.address(), &request).status, 200);
        let own = format!(
            "GET /agents/reader HTTP/1.1\r\nhost: test\r\nconnection: close\r\nauthorization: Bearer {key}\r\n\r\n"
        );
        let own = json(&crate::support::exchange(node.address(), &own).body);
        assert_eq!(own["agent"]["current_task"]["task"], text);
    }
    // Nobody is shown what is older than the limit says: then the primary answers.
    let began = Instant::now();
    while json(&node.get("/agents/reader").body)["agent"]["current_task"]["task"] != "Number 4" {
        assert!(began.elapsed() < Duration::from_secs(20), "an old state is shown for too long");
        std::thread::sleep(Duration::from_millis(50));
    }
    node.stop();
}

#[test]
fn a_replica_that_is_gone_is_not_missed() {
    let Some(primary) = throwaway::Server::start(&throwaway::Settings::default()) else { return };
    let folder = tempfile::tempdir().unwrap();
    let nowhere = format!("postgres://postgres@/postgres?host={}&port=1", folder.path().display());
    let node = Server::spawn(
        folder.path(),
        on(folder.path(), &primary.url("postgres")).arg("api").env("CLANKDIN_DATABASE_REPLICA_URL", nowhere),
    );
    register(&node, "Reader");
    assert_eq!(node.get("/agents/reader").status, 200);
    node.stop();
}
