//! Several dispatchers on one `PostgreSQL` database, of which one delivers.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use clankdin_throwaway_postgres::{self as throwaway, Database};
use serde_json::json;
use tempfile::TempDir;

use super::{Nodes, Scene, eventually, lift_limits};
use crate::postgres::on;
use crate::receiver::{Manners, Receiver, answer};
use crate::support::{PATIENCE, Server};

/// How long the lead outlasts one that is gone, and what a machine takes besides that does other things too.
const TAKEOVER: Duration = Duration::from_secs(16 + 10);

/// A node with a folder of its own, and what it logs there.
struct Node {
    server: Server,
    _folder: TempDir,
}

impl Node {
    fn start(url: &str, what: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { server: spawn(folder.path(), url, what), _folder: folder }
    }

    /// By which fences it has delivered.
    fn fences(&self) -> Vec<u64> {
        let log = self.server.log();
        let taken = log.lines().filter(|line| line.contains("this dispatcher delivers"));
        taken.map(|line| line.rsplit_once("fence=").unwrap().1.trim().parse().unwrap()).collect()
    }

    fn has_lost_the_lead(&self) -> bool {
        self.server.log().contains("another dispatcher has the lead")
    }
}

fn spawn(folder: &Path, url: &str, what: &str) -> Server {
    let mut command = on(folder, url);
    lift_limits(&mut command);
    Server::spawn(folder, command.arg(what).env("CLANKDIN_LOG", "info"))
}

/// Runs a test with an API and a dispatcher of its own on a fresh database.
pub(super) fn on_postgres(test: impl FnOnce(Nodes)) {
    let Some(database) = Database::fresh() else { return };
    let folder = tempfile::tempdir().unwrap();
    let start = || spawn(folder.path(), database.url(), "dispatch");
    let pass_time = || database.execute("UPDATE delivery_leads SET held_until = '-infinity'");
    let api = Some(spawn(folder.path(), database.url(), "api"));
    test(Nodes { api, dispatcher: start(), start: &start, pass_time: &pass_time });
}

#[test]
fn one_of_three_dispatchers_delivers_and_another_where_it_is_killed_or_stopped() {
    let Some(database) = Database::fresh() else { return };
    let api = Node::start(database.url(), "api");
    let api = &api.server;
    let scene = Scene::set(api);
    let crowd = Arc::new(Mutex::new((0, 0)));
    let counted = Arc::clone(&crowd);
    let receiver = Receiver::with(Manners {
        answer: Box::new(move |_, stream| {
            let mut crowd = counted.lock().unwrap();
            *crowd = (crowd.0 + 1, crowd.1.max(crowd.0 + 1));
            drop(crowd);
            std::thread::sleep(Duration::from_millis(2));
            counted.lock().unwrap().0 -= 1;
            answer(stream, "200 OK");
        }),
        ..Manners::default()
    });
    let endpoint = scene.subscribe(api, &receiver.url);
    let mut nodes: Vec<Node> = (0..3).map(|_| Node::start(database.url(), "dispatch")).collect();
    let mut fences = Vec::new();
    let arrives = || {
        let before = receiver.tries();
        scene.comment_times(api, 20);
        let began = Instant::now();
        receiver.wait_for(before + 20);
        began.elapsed()
    };

    for signal in ["KILL", "TERM", "TERM"] {
        eventually(|| nodes.iter().any(|node| !node.fences().is_empty()));
        arrives();
        let leaders: Vec<usize> = nodes
            .iter()
            .enumerate()
            .filter(|(_, node)| !node.fences().is_empty())
            .map(|(at, _)| at)
            .collect();
        assert_eq!(leaders.len(), 1, "one delivers, and the others never did");
        let leader = nodes.remove(leaders[0]);
        fences.extend(leader.fences());
        leader.server.signal(signal);
        if signal == "TERM" {
            assert_eq!(leader.server.wait().0.code(), Some(0));
        }
        if nodes.is_empty() {
            nodes.push(Node::start(database.url(), "dispatch"));
        }
        let took = arrives();
        let most = if signal == "KILL" { TAKEOVER } else { Duration::from_secs(12) };
        assert!(took < most, "after {signal} it took {took:?}");
    }
    fences.extend(nodes[0].fences());
    assert!(fences.len() == 4 && fences.is_sorted_by(|one, next| one < next), "{fences:?}");
    assert!(crowd.lock().unwrap().1 <= 4, "more than one delivered at once");
    scene.assert_told(api, &endpoint, &receiver);
}

#[test]
fn a_dispatcher_that_stood_still_for_longer_than_its_lead_changes_nothing_any_more() {
    let Some(database) = Database::fresh() else { return };
    let api = Node::start(database.url(), "api");
    let api = &api.server;
    let scene = Scene::set(api);
    let (met, meets) = mpsc::channel();
    let (go_on, goes_on) = mpsc::channel::<&str>();
    let goes_on = Mutex::new(goes_on);
    let receiver = Receiver::with(Manners {
        answer: Box::new(move |_, stream| {
            let _ = met.send(());
            let status = goes_on.lock().unwrap().recv_timeout(PATIENCE).unwrap_or("500 Nobody Said");
            answer(stream, status);
        }),
        ..Manners::default()
    });
    let endpoint = scene.subscribe(api, &receiver.url);
    let stopped = Node::start(database.url(), "dispatch");
    eventually(|| !stopped.fences().is_empty());
    let other = Node::start(database.url(), "dispatch");

    scene.comment_times(api, 1);
    meets.recv_timeout(PATIENCE).unwrap();
    stopped.server.signal("STOP");
    // It is taken, and the one that asked does not know yet.
    go_on.send("200 OK").unwrap();
    meets.recv_timeout(PATIENCE).unwrap();
    assert_eq!(other.fences().len(), 1, "the other took over");
    // Before the other has written anything down: what the first does would be seen.
    stopped.server.signal("CONT");
    eventually(|| stopped.has_lost_the_lead());
    assert!(scene.log(api, &endpoint, "").is_empty(), "what it was told is not written down");

    go_on.send("503 Not Now").unwrap();
    meets.recv_timeout(PATIENCE).unwrap();
    go_on.send("200 OK").unwrap();
    let log = scene.log_until(api, &endpoint, |log| log.iter().any(|it| it["status"] == "delivered"));
    let statuses: Vec<_> = log[0]["tries"].as_array().unwrap().iter().map(|tried| &tried["status"]).collect();
    assert_eq!(statuses, [503, 200]);
    assert_eq!(scene.assert_told(api, &endpoint, &receiver), (1, 2));

    // It stands by, and delivers again when its turn comes.
    assert_eq!(stopped.fences().len(), 1);
    other.server.stop();
    scene.comment_times(api, 1);
    go_on.send("200 OK").unwrap();
    scene.assert_told(api, &endpoint, &receiver);
    assert_eq!(stopped.fences().len(), 2);
    stopped.server.stop();
}

#[test]
fn a_database_that_stops_and_cuts_connections_costs_no_event_and_no_result() {
    let Some(mut server) = throwaway::Server::start(&throwaway::Settings::default()) else { return };
    let api = Node::start(&server.url("postgres"), "api");
    let api = &api.server;
    let scene = Scene::set(api);
    let (met, meets) = mpsc::channel();
    let (go_on, goes_on) = mpsc::channel::<()>();
    let (goes_on, holds) = (Mutex::new(goes_on), Arc::new(AtomicBool::new(true)));
    let held = Arc::clone(&holds);
    let receiver = Receiver::with(Manners {
        answer: Box::new(move |_, stream| {
            if held.load(Ordering::SeqCst) {
                let _ = met.send(());
                let _ = goes_on.lock().unwrap().recv_timeout(PATIENCE);
            }
            answer(stream, "200 OK");
        }),
        ..Manners::default()
    });
    let endpoint = scene.subscribe(api, &receiver.url);
    let dispatcher = Node::start(&server.url("postgres"), "dispatch");

    scene.comment_times(api, 1);
    meets.recv_timeout(PATIENCE).unwrap();
    server.stop();
    holds.store(false, Ordering::SeqCst);
    go_on.send(()).unwrap();
    eventually(|| dispatcher.server.log().contains("can't be recorded"));
    server.start_again();
    eventually(|| api.get("/health/ready").status == 200);
    // The result was kept, and is written down now: it is not tried again.
    let log = scene.log_until(api, &endpoint, |log| log.iter().any(|one| one["status"] == "delivered"));
    assert_eq!((&log[0]["attempts"], receiver.tries()), (&json!(1), 1));

    let committed = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..200 {
                // Some are refused: whoever asks comes again.
                scene.try_to_comment(api);
            }
            committed.store(true, Ordering::SeqCst);
        });
        while !committed.load(Ordering::SeqCst) {
            server.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'clankdin'",
            );
            std::thread::sleep(Duration::from_millis(100));
        }
    });
    scene.log(api, &endpoint, "");
    let (events, _) = scene.assert_told(api, &endpoint, &receiver);
    assert!(events > 100, "{events}");
    dispatcher.server.stop();
}
