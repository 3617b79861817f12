//! What came of deliveries is kept and told, and each can be made due anew.

use std::time::Duration;

use chrono::TimeDelta;
use clankdin_domain::agent;
use clankdin_domain::context::Timestamp;
use clankdin_domain::event::{Audience, Event, EventKind, Sequence};
use clankdin_domain::id::{AgentId, EventId, WebhookId};
use clankdin_domain::page::{PageRequest, Position};
use clankdin_domain::refusal::{Noun, Refusal};
use clankdin_domain::webhook::{
    self, AnswerText, Attempt, AttemptOutcome, Claimed, Delivery, DeliveryStatus, EndpointHealth,
    KEPT_SUCCESSES, MAX_TRIES, NextStep, Recorded, Trimmed, Try, WebhookStatus, delivery_id,
};

use crate::delivery::{append, claim, listener, record, result, route, set_status, tell, told};
use crate::log::beside;
use crate::support::{SqlitePlace, World, announcement, contract};

fn page(
    world: &World,
    hook: WebhookId,
    status: Option<DeliveryStatus>,
    request: PageRequest,
) -> Vec<Delivery> {
    world.read(move |uow| uow.delivery_log().list(hook, status, &request)).unwrap().items
}

fn listed(world: &World, hook: WebhookId) -> Vec<Delivery> {
    page(world, hook, None, PageRequest::first(100))
}

/// The delivery of that event, which is there.
fn the_one(world: &World, hook: WebhookId, event: EventId) -> Delivery {
    listed(world, hook).into_iter().find(|delivery| delivery.event_id == event).unwrap()
}

fn ids(deliveries: &[Delivery]) -> Vec<EventId> {
    deliveries.iter().map(|delivery| delivery.event_id).collect()
}

/// Tries all that is due once, with that answer.
fn answer(world: &World, status: u16, next: NextStep) {
    let try_it = |one: &Claimed| result(one, world.now(), status, next, EndpointHealth::Unchanged);
    record(world, claim(world).iter().map(try_it).collect());
}

fn deliver(world: &World) {
    answer(world, 200, NextStep::Delivered);
}

/// Tells an agent so many events, one a second, and routes them.
fn tell_many(world: &World, agent: AgentId, count: usize) -> Vec<EventId> {
    let events = (0..count).map(|_| {
        world.clock.advance(TimeDelta::seconds(1));
        tell(world, agent, EventKind::Pinch)
    });
    let events = events.collect();
    route(world, 10_000);
    events
}

pub(crate) fn redeliver(
    world: &World,
    me: AgentId,
    hook: WebhookId,
    event: EventId,
) -> Result<Delivery, Refusal> {
    let (ctx, id) = (world.ctx.clone(), delivery_id(event, hook));
    world.write(move |uow| webhook::redeliver(uow, &ctx, me, hook, id))
}

fn test(world: &World, me: AgentId, hook: WebhookId) -> Result<webhook::Test, Refusal> {
    let ctx = world.ctx.clone();
    world.write(move |uow| webhook::prepare_test(uow, &ctx, me, hook))
}

fn replay(
    world: &World,
    me: AgentId,
    hook: WebhookId,
    since: Timestamp,
) -> Result<webhook::Replayed, Refusal> {
    let ctx = world.ctx.clone();
    world.write(move |uow| webhook::replay(uow, &ctx, me, hook, since))
}

/// Replays so many events without spending a quota.
fn replay_some(world: &World, hook: WebhookId, since: Timestamp, max: usize) -> webhook::Replayed {
    let now = world.now();
    world
        .write(move |uow| {
            let hook = uow.webhooks().by_id(hook)?.unwrap();
            uow.delivery_log().replay(&hook, since, now, max)
        })
        .unwrap()
}

fn head(world: &World) -> Sequence {
    world.read(|uow| uow.log().ends()).unwrap().head
}

/// Trims to the end, step by step.
fn trim(world: &World, up_to: Sequence, max: usize) -> usize {
    let (mut from, mut trimmed) = (None, 0);
    loop {
        let step: Trimmed = world.write(move |uow| uow.delivery_log().trim(from, up_to, max)).unwrap();
        assert!(step.deliveries <= max);
        trimmed += step.deliveries;
        from = step.next;
        if from.is_none() {
            return trimmed;
        }
    }
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
    beside(&place, include_str!("../../../../migrations/sqlite/2026-11-26-000000_delivery_tries/down.sql"));
    beside(&place, "DELETE FROM __diesel_schema_migrations WHERE version = '20261126000000'");
    let after = the_one(&place.world(), hook, event);
    assert_eq!(after, Delivery { tries: vec![], ..before });
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
        assert_eq!(next(), Some(world.now()));
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
            let attempt = Some(Attempt { at, outcome, latency, answer });
            let one = claim(world).remove(0);
            record(world, vec![Recorded { attempt, ..result(&one, at, 0, next, EndpointHealth::Unchanged) }]);
            let delivery = the_one(world, hook, event);
            assert_eq!((delivery.tries, delivery.failure.as_deref()), (tries.clone(), failure));
            assert_eq!((delivery.last_attempt_at, delivery.attempts as usize), (Some(at), tries.len()));
        }
        let exported = world.read(move |uow| uow.exports().export(kai)).unwrap().unwrap();
        let exported = exported.deliveries.into_iter().find(|one| one.event_id == event).unwrap();
        assert_eq!(exported.tries, tries);
    }

    fn a_lease_given_back_is_no_try(world) {
        let (kai, hook) = listener(world, "Kai");
        let event = tell_many(world, kai, 1)[0];
        let (one, at) = (claim(world).remove(0), world.now());
        let given_back = result(&one, at, 0, NextStep::RetryAt(at), EndpointHealth::Unchanged);
        record(world, vec![Recorded { attempt: None, ..given_back }]);
        assert_eq!(the_one(world, hook, event).tries, []);
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
        let claimed = claim(world).remove(0);
        assert_eq!((claimed.event.id, claimed.attempts), (event, 0));
        record(world, vec![result(&claimed, world.now(), 200, NextStep::Delivered, EndpointHealth::Healthy)]);
        let after = the_one(world, hook, event);
        assert_eq!((after.status, after.tries.len()), (DeliveryStatus::Delivered, 3));
        redeliver(world, kai, hook, event).unwrap();
        assert_eq!(told(&claim(world)), [(hook, event)]);
    }

    fn a_redelivery_ends_the_lease_that_stands(world) {
        let (kai, hook) = listener(world, "Kai");
        let event = tell_many(world, kai, 1)[0];
        let lost = claim(world).remove(0);
        world.clock.advance(TimeDelta::seconds(1));
        redeliver(world, kai, hook, event).unwrap();
        let held = claim(world).remove(0);
        let given_up = result(&lost, world.now(), 500, NextStep::GiveUp, EndpointHealth::Unchanged);
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
        assert_eq!(claim(world).len(), 0);
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
        route(world, 100);
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
        route(world, 10);
        deliver(world);
        assert_eq!(the_one(world, hook, caused).tries[0].answer.as_str(), "said");
        world.write(move |uow| agent::erase(uow, ada)).unwrap();
        assert_eq!(the_one(world, hook, caused).tries, []);
        assert!(is_not_found(&redeliver(world, kai, hook, caused), Noun::Delivery));
        assert_eq!(replay(world, kai, hook, since).unwrap().deliveries, 1);
        assert_eq!(told(&claim(world)), [(hook, revoked)]);
        assert!(redeliver(world, kai, hook, revoked).is_ok());
    }

    fn a_delivery_that_waits_when_its_events_cause_is_erased_says_so(world) {
        let ada = world.register("Ada");
        let (kai, hook) = listener(world, "Kai");
        let caused = append(world, Event { audience: Audience::Agent(kai), ..announcement(&world.ctx, Some(ada)) });
        route(world, 10);
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
        route(world, 1_000);
        deliver(world);
        std::thread::scope(|scope| {
            for event in &caused[..5] {
                scope.spawn(|| drop(redeliver(world, kai, hook, *event)));
            }
            scope.spawn(|| drop(replay(world, kai, hook, since)));
            scope.spawn(|| world.write(move |uow| agent::erase(uow, ada)).unwrap());
        });
        assert!(claim(world).iter().all(|claimed| claimed.event.data != "{}"));
    }
}

mod replaying {
    use super::*;
    use crate::delivery::announce;
    use crate::webhook::{change, register};
    use clankdin_domain::webhook::{Subscription, WebhookChanges};

    contract! {
        fn a_replay_makes_everything_since_then_due_and_makes_what_is_missing(world) {
            let kai = world.register("Kai");
            let ada = world.register("Ada");
            route(world, 100);
            let hook = register(world, kai, "https://kai.example/", &["pinch"]).webhook.id;
            let before = tell_many(world, kai, 2);
            world.clock.advance(TimeDelta::seconds(1));
            let since = world.now();
            let pinch = tell(world, kai, EventKind::Pinch);
            let comment = tell(world, kai, EventKind::Comment);
            let joined = announce(world, Some(ada));
            announce(world, Some(kai));
            append(world, Event { audience: Audience::Agent(kai), ..announcement(&world.ctx, Some(kai)) });
            tell(world, ada, EventKind::Pinch);
            route(world, 100);
            deliver(world);
            let unplaced = tell(world, kai, EventKind::Pinch);
            let all = Some(Subscription::All);
            change(world, kai, hook, WebhookChanges { events: all, ..Default::default() });
            let replayed = replay(world, kai, hook, since).unwrap();
            assert_eq!((replayed.deliveries, replayed.since, replayed.next_since), (3, since, None));
            let mut due = [(hook, pinch), (hook, comment), (hook, joined)];
            due.sort_unstable();
            assert_eq!(told(&claim(world)), due);
            assert_eq!((the_one(world, hook, pinch).attempts, the_one(world, hook, pinch).tries.len()), (0, 1));
            route(world, 100);
            assert_eq!(told(&claim(world)), [(hook, unplaced)]);
            assert!(before.iter().all(|event| the_one(world, hook, *event).attempts == 1));
        }

        fn a_replay_tells_an_endpoint_what_it_hears_of_now_and_nothing_from_before_it_was_there(world) {
            let kai = world.register("Kai");
            let since = world.now();
            let early = tell_many(world, kai, 2);
            world.clock.advance(TimeDelta::seconds(1));
            let hook = register(world, kai, "https://kai.example/", &["all"]).webhook.id;
            let pinches = tell_many(world, kai, 2);
            let comment = tell(world, kai, EventKind::Comment);
            route(world, 100);
            deliver(world);
            let pinch = Subscription::parse(["pinch"]).ok();
            change(world, kai, hook, WebhookChanges { events: pinch, ..Default::default() });
            assert_eq!(replay(world, kai, hook, since).unwrap().deliveries, 2);
            let due: Vec<_> = claim(world).iter().map(|one| one.event.id).collect();
            assert!(due.len() == 2 && pinches.iter().all(|pinch| due.contains(pinch)));
            assert!(!due.contains(&comment) && !due.iter().any(|event| early.contains(event)));
        }

        fn a_replay_takes_the_oldest_and_says_from_when_on_more_is_left(world) {
            let (kai, hook) = listener(world, "Kai");
            world.clock.advance(TimeDelta::seconds(1));
            let mut since = world.now();
            let mut events = tell_many(world, kai, 3);
            world.clock.advance(TimeDelta::seconds(1));
            events.push(announce(world, None));
            events.extend(tell_many(world, kai, 3));
            deliver(world);
            let mut replayed = Vec::new();
            loop {
                let step = replay_some(world, hook, since, 3);
                let mut due: Vec<_> = claim(world).iter().map(|one| one.event.id).collect();
                due.sort_unstable();
                assert_eq!(due.len(), step.deliveries);
                assert!(due.len() <= 3);
                replayed.extend(due);
                let Some(next) = step.next_since else { break };
                since = next;
            }
            assert_eq!(replayed, events);
        }

        fn a_replay_from_before_what_is_kept_says_from_when_on_it_was(world) {
            let (kai, hook) = listener(world, "Kai");
            let since = world.now();
            tell_many(world, kai, 2);
            world.clock.advance(TimeDelta::days(1));
            let kept = tell_many(world, kai, 1)[0];
            let kept_at = world.now();
            deliver(world);
            assert_eq!(replay_some(world, hook, since, 100).since, since);
            deliver(world);
            world.write(move |uow| uow.deliveries().forget_before(kept_at, 1_000)).unwrap();
            let replayed = replay_some(world, hook, since, 100);
            assert_eq!((replayed.deliveries, replayed.since), (1, kept_at));
            assert_eq!(told(&claim(world)), [(hook, kept)]);
            world.clock.advance(TimeDelta::seconds(1));
            assert_eq!(replay_some(world, hook, world.now(), 100).since, world.now());
        }

        fn a_replay_is_refused_to_others_of_the_future_to_a_disabled_endpoint_and_twice_an_hour(world) {
            let ((kai, hook), (ada, _)) = (listener(world, "Kai"), listener(world, "Ada"));
            let now = world.now();
            let later = now + TimeDelta::microseconds(1);
            assert!(matches!(replay(world, ada, hook, now), Err(Refusal::NotFound(Noun::Webhook))));
            assert!(matches!(replay(world, kai, hook, later), Err(Refusal::SinceInFuture)));
            set_status(world, kai, hook, WebhookStatus::Disabled);
            assert!(matches!(replay(world, kai, hook, now), Err(Refusal::WebhookDisabled)));
            set_status(world, kai, hook, WebhookStatus::Active);
            assert!(replay(world, kai, hook, now).is_ok());
            world.clock.advance(TimeDelta::minutes(59));
            assert!(matches!(replay(world, kai, hook, now), Err(Refusal::Quota(_))));
            world.clock.advance(TimeDelta::minutes(1));
            assert!(replay(world, kai, hook, now).is_ok());
        }
    }
}

mod trimming {
    use super::*;

    contract! {
        fn of_what_an_endpoint_took_the_last_hundred_are_kept_and_all_else(world) {
            let ((kai, its), (ada, hers)) = (listener(world, "Kai"), listener(world, "Ada"));
            trim(world, head(world), 1_000);
            let failed = tell_many(world, kai, 1)[0];
            answer(world, 500, NextStep::GiveUp);
            let few = tell_many(world, ada, 7);
            let many = tell_many(world, kai, KEPT_SUCCESSES + 5);
            deliver(world);
            let pending = tell_many(world, kai, 1)[0];
            let before = page(world, its, Some(DeliveryStatus::Delivered), PageRequest::first(100));
            // Those of before are of Ada's joining, and Kai's own too-many.
            assert_eq!(trim(world, head(world), 2), 5 + 1);
            assert_eq!(page(world, its, Some(DeliveryStatus::Delivered), PageRequest::first(100)), before);
            assert_eq!(ids(&before).last(), Some(&many[5]));
            let after = Some(Position::of(many[5].uuid()));
            assert_eq!(ids(&page(world, its, None, PageRequest::new(100, after).unwrap())), [failed]);
            assert_eq!(listed(world, its)[0].event_id, pending);
            assert!(few.iter().all(|event| the_one(world, hers, *event).status == DeliveryStatus::Delivered));
            assert_eq!(trim(world, head(world), 2), 0);
        }

        fn nothing_is_trimmed_behind_a_given_place_of_the_log(world) {
            let (kai, its) = listener(world, "Kai");
            let first = head(world);
            tell_many(world, kai, 3);
            let watermark = head(world);
            tell_many(world, kai, KEPT_SUCCESSES + 10);
            deliver(world);
            assert_eq!(trim(world, first, 1_000), 0);
            assert_eq!(trim(world, watermark, 1_000), 3);
            assert_eq!(trim(world, head(world), 1_000), 10);
            assert_eq!(listed(world, its).len(), KEPT_SUCCESSES);
        }

        fn trimming_goes_from_endpoint_to_endpoint(world) {
            let all: Vec<_> = ["Kai", "Ada", "Lin"].map(|name| listener(world, name)).to_vec();
            for (agent, _) in &all {
                tell_many(world, *agent, KEPT_SUCCESSES + 4);
            }
            deliver(world);
            // What each has heard of the others' joining comes to three.
            assert_eq!(trim(world, head(world), 3), 3 * 4 + 3);
            for (_, hook) in all {
                assert_eq!(listed(world, hook).len(), KEPT_SUCCESSES);
            }
        }
    }
}
