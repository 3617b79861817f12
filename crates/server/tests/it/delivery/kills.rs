//! A process that is killed at random moments, again and again, while events are committed and delivered.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::{Nodes, Scene, chance, on_sqlite};
use crate::receiver::{Manners, Receiver, answer};
use crate::support::Server;

/// How often it is killed in the tests that everyone runs; `CLANKDIN_TEST_KILLS` names another number.
const KILLS: usize = 20;

const WRITERS: usize = 4;
/// How many events are committed for each kill.
const EVENTS: u64 = 24;
/// A kill comes within so many milliseconds after some try: results are written down every 20.
const WITHIN: u64 = 30;
/// One in so many events is refused at first.
const REFUSED: usize = 16;

#[test]
fn a_process_killed_at_random_moments_loses_no_event() {
    let folder = tempfile::tempdir().unwrap();
    let start = || Server::spawn(folder.path(), on_sqlite(folder.path()).arg("serve"));
    let nodes = Nodes { api: None, dispatcher: start(), start: &start, pass_time: &|| () };
    println!("SQLite: {}", loses_nothing(nodes));
}

#[cfg(feature = "postgres")]
#[test]
fn a_dispatcher_on_postgresql_killed_at_random_moments_loses_no_event() {
    super::shared::on_postgres(|nodes| println!("PostgreSQL: {}", loses_nothing(nodes)));
}

/// Kills whoever delivers at random moments; each committed event reaches both an endpoint that takes everything
/// and one that refuses some of it at first. Answers the figures.
fn loses_nothing(mut nodes: Nodes) -> String {
    let kills = std::env::var("CLANKDIN_TEST_KILLS").map_or(KILLS, |kills| kills.parse().unwrap());
    let scene = Scene::set(nodes.api());
    let (steady, moody) = (Receiver::start(), Receiver::with(moody()));
    let endpoints = [&steady, &moody].map(|receiver| scene.subscribe(nodes.api(), &receiver.url));

    let began = Instant::now();
    let acknowledged = Mutex::new(BTreeSet::new());
    let (address, allowed, is_over) =
        (Mutex::new(nodes.api().address()), AtomicUsize::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        for _ in 0..WRITERS {
            scope.spawn(|| {
                while !is_over.load(Ordering::SeqCst) {
                    match comment(&scene, &allowed, *address.lock().unwrap()) {
                        Some(id) => drop(acknowledged.lock().unwrap().insert(id)),
                        None => thread::sleep(Duration::from_millis(1)),
                    }
                }
            });
        }
        for _ in 0..kills {
            let tries = steady.tries() + usize::try_from(1 + chance(EVENTS)).unwrap();
            allowed.fetch_add(usize::try_from(EVENTS).unwrap(), Ordering::SeqCst);
            steady.wait_for(tries);
            thread::sleep(Duration::from_millis(chance(WITHIN)));
            nodes.dispatcher.signal("KILL");
            nodes.replace_killed();
            *address.lock().unwrap() = nodes.api().address();
        }
        is_over.store(true, Ordering::SeqCst);
    });

    let acknowledged = acknowledged.into_inner().unwrap();
    let lost: Vec<_> = acknowledged.difference(&scene.stored(nodes.api())).cloned().collect();
    assert!(lost.is_empty(), "acknowledged and gone: {lost:?}");
    let told = [(&endpoints[0], &steady), (&endpoints[1], &moody)];
    let [(events, twice), (_, more)] =
        told.map(|(endpoint, receiver)| scene.assert_told(nodes.api(), endpoint, receiver));
    format!(
        "{kills} kills, {events} events to 2 endpoints, 0 lost; tries beyond the first: {twice} at the \
         one that takes everything, {more} at the one that refuses some; {:.0} s",
        began.elapsed().as_secs_f64()
    )
}

/// Comments once, where that is allowed and somebody takes it.
fn comment(scene: &Scene, allowed: &AtomicUsize, address: SocketAddr) -> Option<String> {
    allowed.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |allowed| allowed.checked_sub(1)).ok()?;
    let id = scene.comment(address);
    if id.is_none() {
        allowed.fetch_add(1, Ordering::SeqCst);
    }
    id
}

/// Refuses some events when it first sees them.
fn moody() -> Manners {
    let seen = Mutex::new(BTreeSet::new());
    Manners {
        answer: Box::new(move |received, stream| {
            let mut seen = seen.lock().unwrap();
            let is_new = seen.insert(received.id.clone());
            let refuses = is_new && seen.len() % REFUSED == 0;
            answer(stream, if refuses { "503 Not Now" } else { "200 OK" });
        }),
        ..Manners::default()
    }
}
