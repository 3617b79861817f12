//! A database that is away for a while, and one that would grow for ever.

use std::rc::Rc;
use std::time::Duration;

use clankdin_domain::event::{Audience, Event, EventKind};
use clankdin_domain::webhook::{WebhookChanges, WebhookStatus, change_webhook};
use tokio::sync::Semaphore;

use crate::eventually;
use crate::log::listed;
use crate::logging::lines_with;
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
    assert!(world.is_handled().await, "what is handled is written down before a stop");

    world.clock.advance(29 * DAY);
    world.sweep_soon();
    let dispatcher = world.start();
    eventually(async || !world.holds(&old).await).await;
    assert!(world.holds(&young).await);
    dispatcher.stopped().await;
}

#[actix_rt::test]
async fn what_waits_for_a_disabled_endpoint_says_that_it_expired_before_it_is_forgotten() {
    let mut world = World::new();
    let ann = world.register("Ann").await;
    let receiver = Receiver::start([Reply::Status(500)]).await;
    let (hook, _) = world.subscribe(ann, &receiver.url(), "backing").await;
    let dispatcher = world.start();
    let event = world.tell(ann, "kai").await;
    world.retry_recorded().await;
    dispatcher.stopped().await;
    let off = WebhookChanges { status: Some(WebhookStatus::Disabled), ..WebhookChanges::default() };
    let switched = world.database.write(move |uow| change_webhook(uow, ann, hook.id, off));
    switched.await.unwrap();

    world.clock.advance(29 * DAY + DAY / 2);
    world.sweep_soon();
    let dispatcher = world.start();
    eventually(async || listed(&world, hook.id).await[0].failure.as_deref() == Some("expired")).await;
    assert!(world.holds(&event).await);
    dispatcher.stopped().await;
}

#[actix_rt::test]
async fn results_wait_for_room_on_a_disk_that_is_full() {
    const TOLD: usize = 40;
    let mut world = World::of_size(Some(2 << 20));
    let (ann, zoe) = (world.register("Ann").await, world.register("Zoe").await);
    let gate = Rc::new(Semaphore::new(0));
    let mut receiver = Receiver::start((0..TOLD).map(|_| Reply::After(Rc::clone(&gate)))).await;
    world.subscribe(ann, &receiver.url(), "backing").await;
    let (database, ctx) = (world.database.clone(), world.ctx.clone());
    let bulky = async |length: usize| {
        let (id, occurred_at, data) = (ctx.new_id(), ctx.now(), " ".repeat(length));
        let (kind, audience) = (EventKind::Backing, Audience::Agent(zoe));
        let event = Event { id, kind, audience, actor: None, data, occurred_at };
        database.write(move |uow| uow.outbox().append(&event)).await
    };
    for _ in 0..10 {
        bulky(20_000).await.unwrap();
    }
    // Nobody hears of these, and they may be forgotten once that is written down.
    world.settings.poll = Duration::from_millis(5);
    let dispatcher = world.start();
    eventually(async || world.is_handled().await).await;
    world.clock.advance(Duration::from_secs(1));
    world.tell_times(ann, TOLD).await;
    let since = world.ctx.now();

    receiver.told().await;
    for length in [20_000, 2_000, 0] {
        while bulky(length).await.is_ok() {}
    }
    gate.add_permits(TOLD);
    for _ in 1..TOLD {
        receiver.told().await;
    }
    eventually(async || !lines_with("results can't be recorded").is_empty()).await;
    // What happens by itself once an hour.
    world.database.write(move |uow| uow.deliveries().forget_before(since, 100)).await.unwrap();
    world.all_recorded().await;
    dispatcher.stopped().await;
    assert!(receiver.is_quiet());
}
