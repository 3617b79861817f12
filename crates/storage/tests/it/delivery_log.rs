//! What came of deliveries is kept and told, and each can be made due anew.

use std::time::Duration;

use chrono::TimeDelta;
use clankdin_domain::agent;
use clankdin_domain::context::Timestamp;
use clankdin_domain::event::{Audience, Event, EventKind};
use clankdin_domain::id::{AgentId, EventId, WebhookId};
use clankdin_domain::page::{PageRequest, Position};
use clankdin_domain::refusal::{Noun, Refusal};
use clankdin_domain::webhook::{
    self, AnswerText, Attempt, AttemptOutcome, Delivery, DeliveryStatus, EndpointHealth, MAX_TRIES, NextStep,
    Recorded, Try, WebhookStatus, delivery_id,
};

use crate::delivery::{
    Ready, append, due_rows, event, line_up, listener, make_due, ready, record, result, set_status, tell,
    told,
};
use crate::hearing::handle;
use crate::log::beside;
use crate::support::{SqlitePlace, World, announcement, contract};

pub(crate) fn page(
    world: &World,
    hook: WebhookId,
    status: Option<DeliveryStatus>,
    request: PageRequest,
) -> Vec<Delivery> {
    world.read(move |uow| uow.delivery_log().list(hook, status, &request)).unwrap().items
}

pub(crate) fn listed(world: &World, hook: WebhookId) -> Vec<Delivery> {
    page(world, hook, None, PageRequest::first(100))
}

/// The delivery of that event, which is there.
pub(crate) fn the_one(world: &World, hook: WebhookId, event: EventId) -> Delivery {
    listed(world, hook).into_iter().find(|delivery| delivery.event_id == event).unwrap()
}

pub(crate) fn ids(deliveries: &[Delivery]) -> Vec<EventId> {
    deliveries.iter().map(|delivery| delivery.event_id).collect()
}

/// Tries all that is due once, with that answer.
pub(crate) fn answer(world: &World, status: u16, next: NextStep) {
    let try_it = |one: &Ready| result(world, one, status, next, EndpointHealth::Unchanged);
    record(world, ready(world).iter().map(try_it).collect());
    handle(world);
}

pub(crate) fn deliver(world: &World) {
    answer(world, 200, NextStep::Delivered);
}

/// Tells an agent so many events, one a second, and routes them.
pub(crate) fn tell_many(world: &World, agent: AgentId, count: usize) -> Vec<EventId> {
    let events = (0..count).map(|_| {
        world.clock.advance(TimeDelta::seconds(1));
        tell(world, agent, EventKind::Pinch)
    });
    let events = events.collect();
    make_due(world);
    events
}

fn redeliver(world: &World, me: AgentId, hook: WebhookId, event: EventId) -> Result<Delivery, Refusal> {
    let (ctx, id) = (world.ctx.clone(), delivery_id(event, hook));
    world.write(move |uow| webhook::redeliver(uow, &ctx, me, hook, id))
}

fn test(world: &World, me: AgentId, hook: WebhookId) -> Result<webhook::Test, Refusal> {
    let ctx = world.ctx.clone();
    world.write(move |uow| webhook::prepare_test(uow, &ctx, me, hook))
}

pub(crate) fn replay(
    world: &World,
    me: AgentId,
    hook: WebhookId,
    since: Timestamp,
) -> Result<webhook::Replayed, Refusal> {
    let ctx = world.ctx.clone();
    world.write(move |uow| webhook::replay(uow, &ctx, me, hook, since))
}

fn is_not_found(refused: &Result<Delivery, Refusal>, noun: Noun) -> bool {
    matches!(refused, Err(Refusal::NotFound(what)) if *what == noun)
}

#[test]
fn a_database_of_the_version_before_keeps_its_deliveries_which_have_no_tries_yet() {
    let place = SqlitePlace::default();
    let (hook, event, before) = {
        let world = &place.world();
        let (kai, hook) = listener(world, "Kai");
        let event = tell_many(world, kai, 1)[0];
        answer(world, 500, NextStep::GiveUp);
        (hook, event, the_one(world, hook, event))
    };
    beside(
        &place,
        include_str!("../../../../migrations/sqlite/2026-11-26-230000_deliveries_by_themselves/down.sql"),
    );
    beside(
        &place,
        include_str!("../../../../migrations/sqlite/2026-11-26-210000_no_index_by_status/down.sql"),
    );
    beside(&place, include_str!("../../../../migrations/sqlite/2026-11-26-200000_undelivered/down.sql"));
    beside(&place, include_str!("../../../../migrations/sqlite/2026-11-26-000000_delivery_tries/down.sql"));
    beside(
        &place,
        "DELETE FROM __diesel_schema_migrations WHERE version IN ('20261126000000', '20261126200000', '20261126210000', '20261126230000')",
    );
    let after = the_one(&place.world(), hook, event);
    assert_eq!(after, Delivery { tries: vec![], ..before });
}

#[test]
fn what_an_endpoint_took_is_found_behind_a_backlog_page_after_page() {
    let place = SqlitePlace::default();
    let world = &place.world();
    let (kai, hook) = listener(world, "Kai");
    let taken = tell_many(world, kai, 2);
    deliver(world);
    // Ids of a later time than any that the world gives.
    beside(
        &place,
        "PRAGMA foreign_keys = OFF;
         WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 10300)
         INSERT INTO deliveries (webhook_id, event_id, status, next_attempt_at)
             SELECT webhooks.id, unhex(printf('ffffff00000070008000%012x', n)), 'pending', 0 FROM numbers, webhooks;",
    );
    let delivered = |request: PageRequest| {
        let list =
            world.read(move |uow| uow.delivery_log().list(hook, Some(DeliveryStatus::Delivered), &request));
        let page = list.unwrap();
        (ids(&page.items), page.next)
    };
    let (none, next) = delivered(PageRequest::first(10));
    assert_eq!(none, []);
    let (found, next) = delivered(PageRequest::new(10, next).unwrap());
    assert_eq!((&found[..2], next), (&[taken[1], taken[0]][..], None));
}

contract! {
    fn an_endpoints_deliveries_are_told_newest_first_page_after_page(world) {
        let ((kai, hook), (ada, _)) = (listener(world, "Kai"), listener(world, "Ada"));
        let mut events = tell_many(world, kai, 5);
        tell_many(world, ada, 2);
        events.reverse();
        let first = page(world, hook, None, PageRequest::new(3, None).unwrap());
        assert_eq!(ids(&first), events[..3]);
        let after = Some(Position::of(events[2].uuid()));
        let second = page(world, hook, None, PageRequest::new(100, after).unwrap());
        assert_eq!(ids(&second)[..2], events[3..]);
        // Behind them is Ada's joining.
        assert_eq!((second.len(), second[2].kind), (3, EventKind::NewAgent));
        assert_eq!((first[0].kind, first[0].occurred_at), (EventKind::Pinch, world.now() - TimeDelta::seconds(2)));
    }

    fn a_status_tells_those_deliveries_alone(world) {
        let (kai, hook) = listener(world, "Kai");
        let delivered = tell_many(world, kai, 2);
        deliver(world);
        let failed = tell_many(world, kai, 2);
        answer(world, 500, NextStep::GiveUp);
        let pending = tell_many(world, kai, 2);
        let of = |status| {
            let mut ids = ids(&page(world, hook, Some(status), PageRequest::first(100)));
            ids.reverse();
            ids
        };
        assert_eq!(of(DeliveryStatus::Pending), pending);
        assert_eq!(of(DeliveryStatus::Failed), failed);
        assert!(of(DeliveryStatus::Delivered).ends_with(&delivered));
    }

    fn when_a_delivery_is_tried_next_is_told_while_it_will_be(world) {
        let (kai, hook) = listener(world, "Kai");
        let event = tell_many(world, kai, 1)[0];
        let next = || the_one(world, hook, event).next_attempt_at;
        assert!(next().unwrap() <= world.now());
        let later = world.now() + TimeDelta::minutes(5);
        answer(world, 500, NextStep::RetryAt(later));
        assert_eq!(next(), Some(later));
        set_status(world, kai, hook, WebhookStatus::Disabled);
        assert_eq!(next(), None);
        set_status(world, kai, hook, WebhookStatus::Active);
        deliver(world);
        assert_eq!((next(), the_one(world, hook, event).attempts), (None, 2));
    }

    fn each_try_is_kept_with_what_came_of_it(world) {
        let (kai, hook) = listener(world, "Kai");
        let event = tell_many(world, kai, 1)[0];
        let told = "\"quoted\" \\ é\u{FFFD}\n日本語 🦀 ${} $1 '$[0]' %s";
        let outcomes = [
            (AttemptOutcome::Answered { status: 503, retry_after: None }, told, Some("status")),
            (AttemptOutcome::Unanswered { class: "timeout" }, "", Some("timeout")),
            (AttemptOutcome::Answered { status: 204, retry_after: None }, "", None),
        ];
        let mut tries = Vec::new();
        for (outcome, answer, failure) in outcomes {
            world.clock.advance(TimeDelta::milliseconds(1_234));
            let (at, latency, answer) = (world.now(), Duration::from_millis(17), AnswerText::of(answer.as_bytes()));
            let status = match outcome {
                AttemptOutcome::Answered { status, .. } => Some(status),
                AttemptOutcome::Unanswered { .. } => None,
            };
            let next = if status == Some(204) { NextStep::Delivered } else { NextStep::RetryAt(at) };
            tries.push(Try { at, status, failure: failure.map(str::to_owned), latency, answer: answer.clone() });
            let attempt = Attempt { at, outcome, latency, answer };
            let one = ready(world).remove(0);
            record(world, vec![Recorded { attempt, ..result(world, &one, 0, next, EndpointHealth::Unchanged) }]);
            let delivery = the_one(world, hook, event);
            assert_eq!((delivery.tries, delivery.failure.as_deref()), (tries.clone(), failure));
            assert_eq!((delivery.last_attempt_at, delivery.attempts as usize), (Some(at), tries.len()));
        }
        let exported = world.read(move |uow| uow.exports().export(kai)).unwrap().unwrap();
        let exported = exported.deliveries.into_iter().find(|one| one.event_id == event).unwrap();
        assert_eq!(exported.tries, tries);
    }

    fn what_was_not_tried_has_no_try(world) {
        let (kai, hook) = listener(world, "Kai");
        tell(world, kai, EventKind::Pinch);
        line_up(world);
        let delivery = listed(world, hook).remove(0);
        assert_eq!((delivery.tries, delivery.attempts, delivery.next_attempt_at), (vec![], 0, None));
        assert_eq!((delivery.status, delivery.last_attempt_at), (DeliveryStatus::Pending, None));
    }

    fn of_many_tries_the_last_are_kept(world) {
        let (kai, hook) = listener(world, "Kai");
        let event = tell_many(world, kai, 1)[0];
        for _ in 0..MAX_TRIES + 3 {
            world.clock.advance(TimeDelta::seconds(1));
            answer(world, 500, NextStep::RetryAt(world.now()));
        }
        let tries = the_one(world, hook, event).tries;
        let ended: Vec<_> = tries.iter().map(|tried| world.now() - tried.at).collect();
        let expected: Vec<_> = (0..20).rev().map(TimeDelta::seconds).collect();
        assert_eq!(ended, expected);
    }

    fn a_redelivery_is_due_now_its_tries_counted_anew_and_kept(world) {
        let (kai, hook) = listener(world, "Kai");
        let event = tell_many(world, kai, 1)[0];
        answer(world, 500, NextStep::RetryAt(world.now()));
        answer(world, 500, NextStep::GiveUp);
        world.clock.advance(TimeDelta::hours(1));
        let before = the_one(world, hook, event);
        let restarted = redeliver(world, kai, hook, event).unwrap();
        assert_eq!((restarted.status, restarted.attempts), (DeliveryStatus::Pending, 0));
        assert_eq!((restarted.next_attempt_at, &restarted.tries), (Some(world.now()), &before.tries));
        assert_eq!(the_one(world, hook, event), restarted);
        let claimed = ready(world).remove(0);
        assert_eq!((claimed.event_id, claimed.attempts), (event, 0));
        record(world, vec![result(world, &claimed, 200, NextStep::Delivered, EndpointHealth::Healthy)]);
        let after = the_one(world, hook, event);
        assert_eq!((after.status, after.tries.len()), (DeliveryStatus::Delivered, 3));
        redeliver(world, kai, hook, event).unwrap();
        assert_eq!(told(&ready(world)), [(hook, event)]);
    }

    fn what_came_of_a_try_before_a_redelivery_is_not_recorded(world) {
        let (kai, hook) = listener(world, "Kai");
        let event = tell_many(world, kai, 1)[0];
        let lost = ready(world).remove(0);
        world.clock.advance(TimeDelta::seconds(1));
        redeliver(world, kai, hook, event).unwrap();
        let held = ready(world).remove(0);
        let given_up = result(world, &lost, 500, NextStep::GiveUp, EndpointHealth::Unchanged);
        record(world, vec![given_up]);
        assert_eq!(the_one(world, hook, event).status, DeliveryStatus::Pending);
        assert_eq!(told(&[held]), [(hook, event)]);
    }

    fn what_can_not_be_redelivered_says_why_and_costs_nothing(world) {
        let ((kai, hook), (ada, hers)) = (listener(world, "Kai"), listener(world, "Ada"));
        let event = tell_many(world, kai, 1)[0];
        let unheard = tell_many(world, ada, 1)[0];
        deliver(world);
        for _ in 0..20 {
            assert!(is_not_found(&redeliver(world, ada, hook, event), Noun::Webhook));
            assert!(is_not_found(&redeliver(world, kai, hers, event), Noun::Webhook));
            assert!(is_not_found(&redeliver(world, kai, hook, unheard), Noun::Delivery));
            assert!(is_not_found(&redeliver(world, kai, hook, world.ctx.new_id()), Noun::Delivery));
        }
        set_status(world, kai, hook, WebhookStatus::Disabled);
        for _ in 0..20 {
            assert!(matches!(redeliver(world, kai, hook, event), Err(Refusal::WebhookDisabled)));
            assert!(is_not_found(&redeliver(world, kai, hook, unheard), Noun::Delivery));
        }
        set_status(world, kai, hook, WebhookStatus::Active);
        assert_eq!(ready(world).len(), 0);
        assert!(redeliver(world, kai, hook, event).is_ok());
    }

    fn tests_and_redeliveries_are_ten_a_minute_together(world) {
        let (kai, hook) = listener(world, "Kai");
        let event = tell_many(world, kai, 1)[0];
        set_status(world, kai, hook, WebhookStatus::Disabled);
        let pings: Vec<_> = (0..5).map(|_| test(world, kai, hook).unwrap().event).collect();
        set_status(world, kai, hook, WebhookStatus::Active);
        for _ in 0..5 {
            redeliver(world, kai, hook, event).unwrap();
        }
        assert!(matches!(redeliver(world, kai, hook, event), Err(Refusal::Quota(_))));
        assert!(matches!(test(world, kai, hook), Err(Refusal::Quota(_))));
        world.clock.advance(TimeDelta::minutes(1));
        assert!(test(world, kai, hook).is_ok());
        // What is sent for a test stands nowhere.
        make_due(world);
        let kept = ids(&listed(world, hook));
        assert!(pings.iter().all(|ping| ping.kind == EventKind::Ping && !kept.contains(&ping.id)));
    }

    fn what_an_erased_agent_caused_is_told_no_more_nor_what_was_answered_to_it(world) {
        let ada = world.register("Ada");
        let (kai, hook) = listener(world, "Kai");
        let since = world.now();
        let caused = append(world, Event { audience: Audience::Agent(kai), ..announcement(&world.ctx, Some(ada)) });
        let data = "{}".to_owned();
        let revoked = Event { kind: EventKind::KeyRevoked, data, ..announcement(&world.ctx, None) };
        let revoked = append(world, Event { audience: Audience::Agent(kai), ..revoked });
        make_due(world);
        deliver(world);
        assert_eq!(the_one(world, hook, caused).tries[0].answer.as_str(), "said");
        world.write(move |uow| agent::erase(uow, ada)).unwrap();
        assert_eq!(the_one(world, hook, caused).tries, []);
        assert!(is_not_found(&redeliver(world, kai, hook, caused), Noun::Delivery));
        assert_eq!(replay(world, kai, hook, since).unwrap().deliveries, 1);
        assert_eq!(told(&ready(world)), [(hook, revoked)]);
        assert!(redeliver(world, kai, hook, revoked).is_ok());
    }

    fn a_delivery_that_waits_when_its_events_cause_is_erased_says_so(world) {
        let ada = world.register("Ada");
        let (kai, hook) = listener(world, "Kai");
        let caused = append(world, Event { audience: Audience::Agent(kai), ..announcement(&world.ctx, Some(ada)) });
        make_due(world);
        world.write(move |uow| agent::erase(uow, ada)).unwrap();
        let delivery = the_one(world, hook, caused);
        assert_eq!((delivery.status, delivery.failure.as_deref()), (DeliveryStatus::Failed, Some("erased")));
    }

    fn no_redelivery_and_no_replay_tells_what_is_being_erased(world) {
        let since = world.now();
        let ada = world.register("Ada");
        let (kai, hook) = listener(world, "Kai");
        let caused: Vec<_> = (0..30).map(|_| {
            append(world, Event { audience: Audience::Agent(kai), ..announcement(&world.ctx, Some(ada)) })
        }).collect();
        make_due(world);
        deliver(world);
        std::thread::scope(|scope| {
            for event in &caused[..5] {
                scope.spawn(|| drop(redeliver(world, kai, hook, *event)));
            }
            scope.spawn(|| drop(replay(world, kai, hook, since)));
            scope.spawn(|| world.write(move |uow| agent::erase(uow, ada)).unwrap());
        });
        assert!(due_rows(world).iter().all(|due| event(world, due.event_id).is_err()));
    }
}
