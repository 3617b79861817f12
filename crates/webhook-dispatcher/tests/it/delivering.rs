//! What arrives, where, and what it says.

use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use clankdin_domain::event::Event;
use clankdin_domain::secret::WebhookSecret;
use clankdin_domain::store::StoreError;
use futures_util::FutureExt as _;
use tokio::sync::Semaphore;

use crate::receiver::{Receiver, Reply, Told};
use crate::world::World;

/// Whether this is the event, signed by these secrets, the newest first.
fn assert_tells(told: &Told, event: &Event, secrets: &[&WebhookSecret]) {
    assert_eq!(told.body, event.body().unwrap());
    assert_eq!(told.start, "POST /hook?token=t0ps3cret HTTP/1.1");
    assert_eq!(told.header("content-type"), "application/json");
    assert_eq!(told.id(), event.id.to_string());
    assert_eq!(told.header("x-clankdin-signature"), secrets.first().unwrap().sign_hex(&told.body));
    let seconds = told.header("webhook-timestamp").parse().unwrap();
    let signatures: Vec<_> =
        secrets.iter().map(|secret| secret.sign_standard(told.id(), seconds, &told.body)).collect();
    assert_eq!(told.header("webhook-signature"), signatures.join(" "));
}

#[actix_rt::test]
async fn an_event_reaches_each_endpoint_that_hears_of_it_once() {
    let mut world = World::new();
    let (ann, ben, zoe) =
        (world.register("Ann").await, world.register("Ben").await, world.register("Zoe").await);
    let [mut all, mut joins, mut pinches, mut own] = [
        Receiver::start([]).await,
        Receiver::start([]).await,
        Receiver::start([]).await,
        Receiver::start([]).await,
    ];
    let (_, secret_of_all) = world.subscribe(ann, &all.url(), "all").await;
    let (_, secret_of_joins) = world.subscribe(ben, &joins.url(), "new_agent").await;
    world.subscribe(ben, &pinches.url(), "pinch").await;
    world.subscribe(zoe, &own.url(), "all").await;

    let dispatcher = world.start();
    let event = world.announce(zoe).await;
    assert_tells(&all.told().await, &event, &[&secret_of_all]);
    assert_tells(&joins.told().await, &event, &[&secret_of_joins]);
    world.all_recorded().await;
    dispatcher.stopped().await;

    assert!(all.is_quiet() && joins.is_quiet() && pinches.is_quiet() && own.is_quiet());
    assert!((world.tries("delivered", "none") - 2.0).abs() < f64::EPSILON);
}

#[actix_rt::test]
async fn what_was_committed_while_no_dispatcher_ran_arrives() {
    let mut world = World::new();
    let ann = world.register("Ann").await;
    let mut receiver = Receiver::start([]).await;
    let (_, secret) = world.subscribe(ann, &receiver.url(), "backing").await;
    let event = world.tell(ann, "kai").await;

    let dispatcher = world.start();
    assert_tells(&receiver.told().await, &event, &[&secret]);
    dispatcher.stopped().await;
    assert_eq!(world.due_in().await, None);
}

#[actix_rt::test]
async fn what_the_version_before_had_not_reached_arrives_after_an_upgrade() {
    let mut world = World::new();
    let ann = world.register("Ann").await;
    let mut receiver = Receiver::start([]).await;
    world.subscribe(ann, &receiver.url(), "backing").await;
    let event = world.tell(ann, "kai").await;
    // It moved the end of the log when it looked for work.
    world.execute("UPDATE log_ends SET head = head - 1");
    let dispatcher = world.start();
    assert_eq!(receiver.told().await.id(), event.id.to_string());
    dispatcher.stopped().await;
}

#[actix_rt::test]
async fn where_one_writes_at_a_time_work_is_found_meanwhile() {
    let mut world = World::new();
    let ann = world.register("Ann").await;
    let mut receiver = Receiver::start([]).await;
    world.subscribe(ann, &receiver.url(), "backing").await;
    let dispatcher = world.start();
    world.tell(ann, "kai").await;
    receiver.told().await;
    world.all_recorded().await;

    let event = world.tell(ann, "ada").await;
    let (go_on, told) = std::sync::mpsc::channel();
    // Stands in the queue of writers from here on.
    let long = world.database.write(move |_| {
        told.recv().unwrap();
        Ok::<_, StoreError>(())
    });
    let mut long = std::pin::pin!(long);
    assert!((&mut long).now_or_never().is_none());
    assert_eq!(receiver.told().await.id(), event.id.to_string());
    go_on.send(()).unwrap();
    long.await.unwrap();
    dispatcher.stopped().await;
}

#[actix_rt::test]
async fn more_events_than_one_batch_holds_all_arrive() {
    let mut world = World::new();
    world.settings.batch = 3;
    world.settings.in_all = 5;
    world.settings.flush_at = 2;
    let ann = world.register("Ann").await;
    let mut receiver = Receiver::start([]).await;
    world.subscribe(ann, &receiver.url(), "backing").await;
    let mut expected = Vec::new();
    for number in 0..20 {
        expected.push(world.tell(ann, &format!("agent_{number}")).await.id.to_string());
    }

    let dispatcher = world.start();
    let mut arrived = Vec::new();
    for _ in &expected {
        arrived.push(receiver.told().await.id().to_owned());
    }
    world.all_recorded().await;
    dispatcher.stopped().await;
    arrived.sort_unstable();
    assert_eq!(arrived, expected);
    assert!(receiver.is_quiet());
}

#[actix_rt::test]
async fn after_a_rotation_both_secrets_sign_for_a_day() {
    let mut world = World::new();
    let ann = world.register("Ann").await;
    let mut receiver = Receiver::start([]).await;
    let (_, before) = world.subscribe(ann, &receiver.url(), "backing").await;
    let newest = world.rotate(ann).await;

    let dispatcher = world.start();
    let event = world.tell(ann, "kai").await;
    assert_tells(&receiver.told().await, &event, &[&newest, &before]);
    world.all_recorded().await;
    world.clock.advance(Duration::from_secs(24 * 60 * 60));
    let event = world.tell(ann, "zoe").await;
    assert_tells(&receiver.told().await, &event, &[&newest]);
    dispatcher.stopped().await;
}

#[actix_rt::test]
async fn of_secrets_rotated_three_times_the_last_two_sign() {
    let mut world = World::new();
    let ann = world.register("Ann").await;
    let mut receiver = Receiver::start([Reply::Status(500)]).await;
    world.subscribe(ann, &receiver.url(), "backing").await;
    let mut secrets = Vec::new();
    for _ in 0..3 {
        world.clock.advance(Duration::from_secs(60));
        secrets.push(world.rotate(ann).await);
    }
    let [_, before, newest] = secrets.as_slice() else { unreachable!() };

    let dispatcher = world.start();
    let event = world.tell(ann, "kai").await;
    assert_tells(&receiver.told().await, &event, &[newest, before]);
    world.retry_recorded().await;
    // A day after the last one, which is as long as both sign.
    world.pass(Duration::from_secs(24 * 60 * 60));
    assert_tells(&receiver.told().await, &event, &[newest]);
    dispatcher.stopped().await;
}

#[actix_rt::test]
async fn a_secret_rotated_between_two_tries_signs_the_second() {
    let mut world = World::new();
    let ann = world.register("Ann").await;
    let mut receiver = Receiver::start([Reply::Status(500)]).await;
    let (_, before) = world.subscribe(ann, &receiver.url(), "backing").await;

    let dispatcher = world.start();
    let event = world.tell(ann, "kai").await;
    assert_tells(&receiver.told().await, &event, &[&before]);
    let wait = world.retry_recorded().await;
    let newest = world.rotate(ann).await;
    world.pass(wait);
    assert_tells(&receiver.told().await, &event, &[&newest, &before]);
    dispatcher.stopped().await;
}

#[actix_rt::test]
async fn a_secret_rotated_while_others_are_under_way_signs_what_waits() {
    let mut world = World::new();
    let ann = world.register("Ann").await;
    let gate = Rc::new(Semaphore::new(0));
    let mut receiver = Receiver::start((0..10).map(|_| Reply::After(Rc::clone(&gate)))).await;
    let (_, before) = world.subscribe(ann, &receiver.url(), "backing").await;
    let mut events = HashMap::new();
    for number in 0..10 {
        let event = world.tell(ann, &format!("agent_{number}")).await;
        events.insert(event.id.to_string(), event);
    }

    let dispatcher = world.start();
    // What waits is not read before its turn: the fifth has its turn when one of four has ended.
    gate.add_permits(1);
    for _ in 0..5 {
        let told = receiver.told().await;
        assert_tells(&told, &events[told.id()], &[&before]);
    }
    let newest = world.rotate(ann).await;
    gate.add_permits(10);
    for _ in 5..10 {
        let told = receiver.told().await;
        assert_tells(&told, &events[told.id()], &[&newest, &before]);
    }
    dispatcher.stopped().await;
}

#[actix_rt::test]
async fn an_event_blanked_while_others_are_under_way_is_not_sent() {
    let mut world = World::new();
    let (ann, zoe) = (world.register("Ann").await, world.register("Zoe").await);
    let gate = Rc::new(Semaphore::new(0));
    let mut receiver = Receiver::start((0..5).map(|_| Reply::After(Rc::clone(&gate)))).await;
    world.subscribe(ann, &receiver.url(), "new_agent").await;
    for _ in 0..10 {
        world.announce(zoe).await;
    }

    let dispatcher = world.start();
    gate.add_permits(1);
    for _ in 0..5 {
        receiver.told().await;
    }
    world.erase(zoe).await;
    gate.add_permits(4);
    world.all_recorded().await;
    dispatcher.stopped().await;
    assert!(receiver.is_quiet());
}

#[actix_rt::test]
async fn an_endpoint_that_never_answers_holds_up_no_other() {
    let mut world = World::new();
    let (ann, ben) = (world.register("Ann").await, world.register("Ben").await);
    let mut silent = Receiver::start((0..20).map(|_| Reply::Never)).await;
    let mut live = Receiver::start([]).await;
    world.subscribe(ann, &silent.url(), "backing").await;
    world.subscribe(ben, &live.url(), "backing").await;

    let dispatcher = world.start();
    for number in 0..10 {
        world.tell(ann, &format!("agent_{number}")).await;
    }
    for _ in 0..4 {
        silent.told().await;
    }
    for number in 0..10 {
        let event = world.tell(ben, &format!("agent_{number}")).await;
        assert_eq!(live.told().await.id(), event.id.to_string());
    }
    // Four at a time, and no more, however many wait.
    assert!(silent.is_quiet());
    dispatcher.killed().await;
}

#[actix_rt::test]
async fn a_backlog_that_fills_the_view_hides_no_other_endpoint() {
    let mut world = World::new();
    // Half of them are for those that were never tried: the silent one takes four.
    world.settings.in_all = 10;
    let (ann, ben) = (world.register("Ann").await, world.register("Ben").await);
    let mut silent = Receiver::start((0..20).map(|_| Reply::Never)).await;
    let mut live = Receiver::start([]).await;
    world.subscribe(ann, &silent.url(), "backing").await;
    world.subscribe(ben, &live.url(), "backing").await;
    for number in 0..50 {
        world.tell(ann, &format!("agent_{number}")).await;
    }
    world.clock.advance(Duration::from_secs(1));

    let dispatcher = world.start();
    silent.told().await;
    let event = world.tell(ben, "kai").await;
    assert_eq!(live.told().await.id(), event.id.to_string());
    dispatcher.killed().await;
}

#[actix_rt::test]
async fn what_everyone_is_told_reaches_everyone_however_many_there_are() {
    let mut world = World::new();
    world.settings.in_all = 16;
    world.settings.batch = 50;
    world.settings.queued = 100;
    let mut receiver = Receiver::start([]).await;
    for number in 0..60 {
        let agent = world.register(&format!("Agent {number}")).await;
        world.subscribe(agent, &format!("{}&of={number}", receiver.url()), "all").await;
    }
    let dispatcher = world.start();
    world.all_recorded().await;
    while !receiver.is_quiet() {}
    let zoe = world.register("Zoe").await;
    receiver.told().await;
    let mut events = Vec::new();
    for _ in 0..20 {
        events.push(world.announce(zoe).await.id.to_string());
    }
    let mut told = HashMap::<String, usize>::new();
    while told.values().sum::<usize>() < 59 + 20 * 60 {
        *told.entry(receiver.told().await.id().to_owned()).or_default() += 1;
    }
    assert!(events.iter().all(|id| told[id] == 60));
    world.all_recorded().await;
    dispatcher.stopped().await;
    assert!(receiver.is_quiet());
}
