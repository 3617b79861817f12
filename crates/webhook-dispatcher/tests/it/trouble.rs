//! A database that is away for a while, and one that would grow for ever.

use std::rc::Rc;
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::eventually;
use crate::receiver::{Receiver, Reply};
use crate::world::World;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[actix_rt::test]
async fn a_result_waits_for_a_database_that_is_away() {
    let mut world = World::new();
    let ann = world.register("Ann").await;
    let gate = Rc::new(Semaphore::new(0));
    let mut receiver = Receiver::start([Reply::After(Rc::clone(&gate))]).await;
    world.subscribe(ann, &receiver.url(), "backing").await;

    let dispatcher = world.start();
    world.tell(ann, "kai").await;
    receiver.told().await;
    world.store.cut(true);
    gate.add_permits(1);
    eventually(async || world.store.refused() > 3).await;
    world.store.cut(false);
    world.all_recorded().await;
    dispatcher.stopped().await;
    assert!(receiver.is_quiet());
}

#[actix_rt::test]
async fn events_are_found_when_the_database_is_back() {
    let mut world = World::new();
    let ann = world.register("Ann").await;
    let mut receiver = Receiver::start([]).await;
    world.subscribe(ann, &receiver.url(), "backing").await;
    let event = world.tell(ann, "kai").await;

    world.store.cut(true);
    let dispatcher = world.start();
    eventually(async || world.store.refused() > 5).await;
    world.store.cut(false);
    assert_eq!(receiver.told().await.id(), event.id.to_string());
    dispatcher.stopped().await;
}

#[actix_rt::test]
async fn a_dispatcher_stops_though_the_database_is_away() {
    let mut world = World::new();
    let ann = world.register("Ann").await;
    let mut receiver = Receiver::start([]).await;
    world.subscribe(ann, &receiver.url(), "backing").await;
    world.settings.flush_after = Duration::from_secs(600);

    let dispatcher = world.start();
    world.tell(ann, "kai").await;
    receiver.told().await;
    world.store.cut(true);
    dispatcher.stopped().await;
    // Not recorded, and so not lost: whoever delivers next finds it.
    assert_eq!(world.without_row().await, 1);
}

#[actix_rt::test]
async fn what_is_older_than_is_kept_is_forgotten() {
    let mut world = World::new();
    let ann = world.register("Ann").await;
    let mut receiver = Receiver::start([]).await;
    world.subscribe(ann, &receiver.url(), "backing").await;
    let dispatcher = world.start();
    let old = world.tell(ann, "kai").await;
    receiver.told().await;
    world.all_recorded().await;
    world.clock.advance(2 * DAY);
    let young = world.tell(ann, "zoe").await;
    receiver.told().await;
    dispatcher.stopped().await;

    world.clock.advance(29 * DAY);
    let dispatcher = world.start();
    eventually(async || !world.holds(&old).await).await;
    assert!(world.holds(&young).await);
    dispatcher.stopped().await;
}
