//! What came of deliveries is kept, as far as it is worth keeping, and sent again when its agent asks.

use std::time::Duration;

use clankdin_domain::id::WebhookId;
use clankdin_domain::page::PageRequest;
use clankdin_domain::store::UnitOfWork;
use clankdin_domain::webhook::{self, Delivery, DeliveryStatus, KEPT_SUCCESSES};

use crate::eventually;
use crate::receiver::{Receiver, Reply};
use crate::world::World;

/// What the log of deliveries says of the last hundred to an endpoint, the newest first.
pub(crate) async fn listed(world: &World, hook: WebhookId) -> Vec<Delivery> {
    let page = PageRequest::first(100);
    world.database.read(move |uow| uow.delivery_log().list(hook, None, &page)).await.unwrap().items
}

#[actix_rt::test]
async fn what_was_answered_is_kept_and_a_redelivery_sent_at_once_with_the_same_bytes() {
    let mut world = World::new();
    let ann = world.register("Ann").await;
    let mut receiver =
        Receiver::start([Reply::Saying(500, "not\u{200B} today"), Reply::Saying(200, "ok")]).await;
    let (hook, _) = world.subscribe(ann, &receiver.url(), "backing").await;
    let dispatcher = world.start();
    world.tell(ann, "kai").await;
    let first = receiver.told().await;
    world.retry_recorded().await;

    let delivery = listed(&world, hook.id).await.remove(0);
    let (ctx, id) = (world.ctx.clone(), delivery.id());
    let redeliver = move |uow: &mut dyn UnitOfWork| webhook::redeliver(uow, &ctx, ann, hook.id, id);
    world.database.write(redeliver).await.unwrap();
    // The back-off has not passed, and nobody polls so often.
    let second = receiver.told().await;
    assert_eq!((second.id(), &second.body), (first.id(), &first.body));
    world.all_recorded().await;
    dispatcher.stopped().await;

    let delivery = listed(&world, hook.id).await.remove(0);
    let answers: Vec<_> = delivery.tries.iter().map(|tried| (tried.status, tried.answer.as_str())).collect();
    assert_eq!(answers, [(Some(500), "not\u{FFFD} today"), (Some(200), "ok")]);
    assert_eq!((delivery.status, delivery.attempts), (DeliveryStatus::Delivered, 1));
}

#[actix_rt::test]
async fn a_replay_sends_what_was_sent_before() {
    let mut world = World::new();
    let ann = world.register("Ann").await;
    let mut receiver = Receiver::start([]).await;
    let (hook, _) = world.subscribe(ann, &receiver.url(), "backing").await;
    let dispatcher = world.start();
    let since = world.ctx.now();
    for backer in ["kai", "mia"] {
        world.tell(ann, backer).await;
    }
    let mut sent = [receiver.told().await.body, receiver.told().await.body];
    world.all_recorded().await;
    let ctx = world.ctx.clone();
    let replay = move |uow: &mut dyn UnitOfWork| webhook::replay(uow, &ctx, ann, hook.id, since);
    assert_eq!(world.database.write(replay).await.unwrap().deliveries, 2);
    let mut again = [receiver.told().await.body, receiver.told().await.body];
    sent.sort();
    again.sort();
    assert_eq!(sent, again);
    world.all_recorded().await;
    dispatcher.stopped().await;
}

#[actix_rt::test]
async fn of_what_an_endpoint_took_the_last_hundred_are_kept() {
    let mut world = World::new();
    let ann = world.register("Ann").await;
    let mut receiver = Receiver::start([]).await;
    let (hook, _) = world.subscribe(ann, &receiver.url(), "backing").await;
    let mut events = Vec::new();
    for _ in 0..KEPT_SUCCESSES + 7 {
        world.clock.advance(Duration::from_secs(1));
        events.push(world.tell(ann, "kai").await.id);
    }
    let dispatcher = world.start();
    for _ in &events {
        receiver.told().await;
    }
    world.all_recorded().await;
    dispatcher.stopped().await;

    world.sweep_soon();
    let dispatcher = world.start();
    // The page holds a hundred: that there are no more is seen by its end.
    let page = PageRequest::first(100);
    eventually(async || {
        let list = move |uow: &mut dyn UnitOfWork| uow.delivery_log().list(hook.id, None, &page);
        world.database.read(list).await.unwrap().next.is_none()
    })
    .await;
    let kept: Vec<_> = listed(&world, hook.id).await.iter().rev().map(|delivery| delivery.event_id).collect();
    assert_eq!(kept, events[7..]);
    dispatcher.stopped().await;
}
