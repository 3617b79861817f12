//! How a dispatcher stops, and what the next one finds when it was killed instead.

use std::rc::Rc;
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::receiver::{Receiver, Reply};
use crate::world::World;

#[actix_rt::test]
async fn what_was_sent_but_not_recorded_is_sent_again_with_the_same_id() {
    let mut world = World::new();
    // What comes of tries waits so long that it dies with the dispatcher.
    world.settings.flush_after = Duration::from_secs(600);
    let ann = world.register("Ann").await;
    let mut receiver = Receiver::start([]).await;
    world.subscribe(ann, &receiver.url(), "backing").await;

    let dispatcher = world.start();
    world.tell(ann, "kai").await;
    let first = receiver.told().await;
    dispatcher.killed().await;
    assert_eq!(world.without_row().await, 1);

    world.settings.flush_after = Duration::from_millis(1);
    let dispatcher = world.start();
    let second = receiver.told().await;
    assert_eq!((second.id(), &second.body), (first.id(), &first.body));
    world.all_recorded().await;
    dispatcher.stopped().await;
    assert!(receiver.is_quiet());
}

#[actix_rt::test]
async fn what_was_under_way_when_it_was_killed_is_sent_again() {
    let mut world = World::new();
    let ann = world.register("Ann").await;
    let mut receiver = Receiver::start([Reply::Never]).await;
    world.subscribe(ann, &receiver.url(), "backing").await;

    let dispatcher = world.start();
    world.tell(ann, "kai").await;
    let first = receiver.told().await;
    dispatcher.killed().await;

    let dispatcher = world.start();
    assert_eq!(receiver.told().await.id(), first.id());
    world.all_recorded().await;
    dispatcher.stopped().await;
}

#[actix_rt::test]
async fn stopping_ends_what_is_under_way_and_leaves_what_waits() {
    let mut world = World::new();
    let ann = world.register("Ann").await;
    let gate = Rc::new(Semaphore::new(0));
    let mut receiver = Receiver::start((0..10).map(|_| Reply::After(Rc::clone(&gate)))).await;
    world.subscribe(ann, &receiver.url(), "backing").await;
    for number in 0..10 {
        world.tell(ann, &format!("agent_{number}")).await;
    }

    let dispatcher = world.start();
    let mut arrived = Vec::new();
    for _ in 0..4 {
        arrived.push(receiver.told().await.id().to_owned());
    }
    gate.add_permits(1);
    arrived.push(receiver.told().await.id().to_owned());
    dispatcher.tell_to_stop();
    gate.add_permits(4);
    dispatcher.stopped().await;
    assert!(receiver.is_quiet());
    assert_eq!(world.without_row().await, 5);

    let dispatcher = world.start();
    for _ in arrived.len()..10 {
        gate.add_permits(1);
        arrived.push(receiver.told().await.id().to_owned());
    }
    world.all_recorded().await;
    dispatcher.stopped().await;
    arrived.sort_unstable();
    arrived.dedup();
    assert_eq!(arrived.len(), 10);
    assert!(receiver.is_quiet());
}

#[actix_rt::test]
async fn a_dispatcher_that_nobody_can_stop_stops() {
    let mut world = World::new();
    let dispatcher = world.start();
    dispatcher.forsaken().await;
}
