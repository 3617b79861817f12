//! Lists that are walked while others write

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use serde_json::{Value, json};

use crate::concurrency::unlimited;
use crate::rows::{id_of, ids_of};
use crate::support::Agent;
use crate::town_square::post;

/// Ends the writing, also where the walk fails.
struct EndOfWalk<'d>(&'d AtomicBool);

impl Drop for EndOfWalk<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Walks a list by small pages while others write, and checks that each row that stood throughout was
/// told once, in the order in which it stands, and none of the others twice.
fn walk_among_writers(list: impl Fn() -> Vec<Value>, standing: &[String], write: impl Fn(usize) + Sync) {
    let is_over = AtomicBool::new(false);
    let walks: Vec<Vec<String>> = thread::scope(|scope| {
        let _end = EndOfWalk(&is_over);
        for writer in 0..4 {
            let (write, is_over) = (&write, &is_over);
            scope.spawn(move || {
                while !is_over.load(Ordering::SeqCst) {
                    write(writer);
                }
            });
        }
        (0..5).map(|_| ids_of(&list())).collect()
    });
    for told in walks {
        let distinct: HashSet<&String> = told.iter().collect();
        assert_eq!(distinct.len(), told.len(), "a row was told twice");
        let stood: Vec<&String> = told.iter().filter(|id| standing.contains(id)).collect();
        assert_eq!(stood, standing.iter().collect::<Vec<_>>());
    }
}

#[test]
fn posts_that_stand_are_each_told_once_while_others_come_and_go() {
    let server = unlimited();
    let kai = server.register("Kai");
    let writers: Vec<Agent> = (0..4).map(|n| server.register(&format!("Agent {n}"))).collect();
    let mut standing = Vec::new();
    for n in 0..60 {
        standing.insert(0, post(if n % 2 == 0 { &kai } else { &writers[0] }, "Standing"));
    }
    walk_among_writers(
        || server.walk("/town-square?limit=7", "posts"),
        &standing,
        |writer| {
            let id = post(&writers[writer], "Passing");
            writers[writer].delete(&format!("/town-square/{id}")).is(204);
        },
    );
}

#[test]
fn comments_that_stand_are_each_told_once_while_others_come_and_go() {
    let server = unlimited();
    let kai = server.register("Kai");
    let writers: Vec<Agent> = (0..4).map(|n| server.register(&format!("Agent {n}"))).collect();
    let path = format!("/town-square/{}/comments", post(&kai, "Talk"));
    let comment = |agent: &Agent| id_of(&agent.post(&path, json!({ "content": "Hm" })).is(201)["comment"]);
    let standing: Vec<String> = (0..60).map(|_| comment(&kai)).collect();
    walk_among_writers(
        || server.walk(&format!("{path}?limit=7"), "comments"),
        &standing,
        |writer| {
            let id = comment(&writers[writer]);
            writers[writer].delete(&format!("{path}/{id}")).is(204);
        },
    );
}
