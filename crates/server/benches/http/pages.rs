//! How long a browser waits for a page of the town square.

use std::time::Duration;

use crate::client;
use crate::world::World;

const POSTS: usize = 100_000;
const REQUESTS: usize = 5_000;

/// Prints how long pages took, from the first byte of the request to the last one of the answer, so that what
/// the server takes is less.
pub(crate) fn measure() {
    let world = World::build(POSTS);
    println!("| page, of {POSTS} posts | median, us | 99 of 100, us |");
    println!("| --- | --- | --- |");
    for (name, path, new) in [
        ("the town square, read anew", "/town-square", true),
        ("one category by pinches, read anew", "/town-square?category=venting&sort=top", true),
        ("the town square, remembered", "/town-square", false),
    ] {
        // Once for the caches.
        client::times(world.api(), path, new, REQUESTS / 10);
        let times = client::times(world.api(), path, new, REQUESTS);
        let at = |hundredth: usize| times.get(times.len() * hundredth / 100).map_or(0, Duration::as_micros);
        println!("| {name} | {} | {} |", at(50), at(99));
    }
}
