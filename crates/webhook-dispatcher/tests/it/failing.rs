//! What follows when a receiver does not take an event.

use std::time::Duration;

use clankdin_domain::event::{Audience, EventKind};
use clankdin_domain::webhook::WebhookStatus;

use crate::receiver::{Receiver, Reply};
use crate::world::World;

const SECOND: Duration = Duration::from_secs(1);

fn assert_counted(world: &World, outcome: &str, class: &str) {
    assert!((world.tries(outcome, class) - 1.0).abs() < f64::EPSILON, "{outcome} {class}");
}

#[actix_rt::test]
async fn a_failure_is_tried_again_with_the_same_id_and_the_same_bytes() {
    let mut world = World::new();
    let ann = world.register("Ann").await;
    let mut receiver = Receiver::start([Reply::Status(500)]).await;
    let (webhook, _) = world.subscribe(ann, &receiver.url(), "backing").await;

    let dispatcher = world.start();
    world.tell(ann, "kai").await;
    let first = receiver.told().await;
    let wait = world.retry_recorded().await;
    assert!(4 * SECOND <= wait && wait <= 6 * SECOND, "{wait:?}");
    assert_eq!(world.webhook(webhook.id).await.failing_since, Some(world.ctx.now()));
    assert!(receiver.is_quiet());

    world.pass(wait);
    let second = receiver.told().await;
    assert_eq!((second.id(), &second.body), (first.id(), &first.body));
    let signed = "x-clankdin-signature";
    assert_eq!(second.header(signed), first.header(signed));
    assert_ne!(second.header("webhook-timestamp"), first.header("webhook-timestamp"));
    world.all_recorded().await;
    assert_eq!(world.webhook(webhook.id).await.failing_since, None);
    dispatcher.stopped().await;
    assert!(receiver.is_quiet());
    assert_counted(&world, "retried", "http_5xx");
    assert_counted(&world, "delivered", "none");
}

#[actix_rt::test]
async fn each_failure_waits_longer_until_the_delivery_is_given_up() {
    let mut world = World::new();
    let ann = world.register("Ann").await;
    let mut receiver = Receiver::start((0..20).map(|_| Reply::Status(404))).await;
    let (webhook, _) = world.subscribe(ann, &receiver.url(), "backing").await;

    let dispatcher = world.start();
    world.tell(ann, "kai").await;
    for seconds in [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400] {
        receiver.told().await;
        let wait = world.retry_recorded().await;
        let (shortest, longest) =
            (Duration::from_secs(seconds * 4 / 5), Duration::from_secs(seconds * 6 / 5));
        assert!(shortest <= wait && wait <= longest, "{seconds}: {wait:?}");
        world.pass(wait);
    }
    receiver.told().await;
    world.all_recorded().await;
    dispatcher.stopped().await;

    assert!(receiver.is_quiet());
    assert_counted(&world, "failed", "http_4xx");
    assert_eq!(world.webhook(webhook.id).await.status, WebhookStatus::Active);
}

#[actix_rt::test]
async fn retry_after_is_honoured() {
    let mut world = World::new();
    let ann = world.register("Ann").await;
    let replies = [
        Reply::With(503, "retry-after: 120"),
        Reply::With(429, "retry-after: Fri, 15 Jan 2027 09:00:00 GMT"),
        Reply::With(503, "retry-after: as soon as you like"),
        Reply::With(429, "retry-after: Fri, 15 Jan 2021 09:00:00 GMT"),
    ];
    let mut receiver = Receiver::start(replies).await;
    world.subscribe(ann, &receiver.url(), "backing").await;

    let dispatcher = world.start();
    world.tell(ann, "kai").await;
    receiver.told().await;
    assert_eq!(world.retry_recorded().await, 120 * SECOND);
    world.pass(120 * SECOND);
    receiver.told().await;
    let wait = world.retry_recorded().await;
    assert_eq!((world.ctx.now() + wait).to_rfc3339(), "2027-01-15T09:00:00+00:00");
    world.pass(wait);
    receiver.told().await;
    let wait = world.retry_recorded().await;
    assert!(1_440 * SECOND <= wait && wait <= 2_160 * SECOND, "{wait:?}");
    world.pass(wait);
    receiver.told().await;
    let wait = world.retry_recorded().await;
    assert!(5_760 * SECOND <= wait && wait <= 8_640 * SECOND, "{wait:?}");
    dispatcher.stopped().await;
}

#[actix_rt::test]
async fn an_endpoint_that_is_gone_is_told_nothing_more() {
    let mut world = World::new();
    let ann = world.register("Ann").await;
    let mut receiver = Receiver::start([Reply::Status(410)]).await;
    let (webhook, _) = world.subscribe(ann, &receiver.url(), "backing").await;

    let dispatcher = world.start();
    world.tell(ann, "kai").await;
    receiver.told().await;
    world.all_recorded().await;
    let webhook = world.webhook(webhook.id).await;
    assert_eq!(webhook.status, WebhookStatus::Disabled);
    assert!(webhook.failing_since.is_some(), "its agent is prompted by this");
    world.tell(ann, "zoe").await;
    dispatcher.stopped().await;
    assert!(receiver.is_quiet());
    assert_counted(&world, "failed", "http_4xx");
}

#[actix_rt::test]
async fn a_redirect_is_not_followed() {
    let mut world = World::new();
    let ann = world.register("Ann").await;
    let mut elsewhere = Receiver::start([]).await;
    let location: &'static str = Box::leak(format!("location: {}", elsewhere.url()).into_boxed_str());
    let mut receiver = Receiver::start([Reply::With(307, location)]).await;
    world.subscribe(ann, &receiver.url(), "backing").await;

    let dispatcher = world.start();
    world.tell(ann, "kai").await;
    receiver.told().await;
    world.retry_recorded().await;
    dispatcher.stopped().await;
    assert!(elsewhere.is_quiet());
    assert_counted(&world, "retried", "http_3xx");
}

#[actix_rt::test]
async fn a_try_that_runs_out_of_time_is_tried_again() {
    let mut world = World::new();
    world.hasten();
    let ann = world.register("Ann").await;
    let mut receiver = Receiver::start([Reply::Never]).await;
    world.subscribe(ann, &receiver.url(), "backing").await;

    let dispatcher = world.start();
    world.tell(ann, "kai").await;
    let first = receiver.told().await;
    let wait = world.retry_recorded().await;
    assert_counted(&world, "retried", "timeout");
    world.pass(wait);
    assert_eq!(receiver.told().await.id(), first.id());
    dispatcher.stopped().await;
}

#[actix_rt::test]
async fn an_address_that_is_no_longer_allowed_is_not_spoken_to() {
    let mut world = World::new();
    world.outbound.policy.allow_private = false;
    let ann = world.register("Ann").await;
    let mut receiver = Receiver::start([]).await;
    world.subscribe(ann, &receiver.url(), "backing").await;

    let dispatcher = world.start();
    world.tell(ann, "kai").await;
    world.retry_recorded().await;
    dispatcher.stopped().await;
    assert!(receiver.is_quiet());
    assert_counted(&world, "retried", "blocked");
}

#[actix_rt::test]
async fn a_damaged_event_ends_and_its_endpoint_is_not_to_blame() {
    let mut world = World::new();
    let ann = world.register("Ann").await;
    let mut receiver = Receiver::start([]).await;
    let (webhook, _) = world.subscribe(ann, &receiver.url(), "backing").await;

    let dispatcher = world.start();
    world.append(EventKind::Backing, Audience::Agent(ann), None, "{".to_owned()).await;
    let sound = world.tell(ann, "kai").await;
    assert_eq!(receiver.told().await.id(), sound.id.to_string());
    world.all_recorded().await;
    dispatcher.stopped().await;
    assert_counted(&world, "failed", "corrupt");
    assert_eq!(world.webhook(webhook.id).await.failing_since, None);
}
