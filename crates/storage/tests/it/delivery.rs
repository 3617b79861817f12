//! Events reach the endpoints that are to hear of them, and what came of each try is kept.

use std::time::Duration;

use chrono::TimeDelta;
use clankdin_domain::context::Timestamp;
use clankdin_domain::event::{Audience, Event, EventKind};
use clankdin_domain::id::{AgentId, EventId, WebhookId};
use clankdin_domain::webhook::delivery::{Attempt, AttemptOutcome, EndpointHealth, NextStep};
use clankdin_domain::webhook::{
    AnswerText, Claimed, Recorded, Routed, Subscription, WebhookChanges, WebhookStatus,
};

use crate::support::{World, announcement, contract};
use crate::webhook::{by_id, change, register};

pub(crate) fn append(world: &World, event: Event) -> EventId {
    let id = event.id;
    world.write(move |uow| uow.outbox().append(&event)).unwrap();
    id
}

pub(crate) fn announce(world: &World, actor: Option<AgentId>) -> EventId {
    append(world, announcement(&world.ctx, actor))
}

pub(crate) fn tell(world: &World, addressee: AgentId, kind: EventKind) -> EventId {
    append(world, Event { kind, audience: Audience::Agent(addressee), ..announcement(&world.ctx, None) })
}

pub(crate) fn route(world: &World, max: usize) -> Routed {
    let (now, mut routed) = (world.now(), Routed::default());
    // Step by step: an event that everyone hears of ends one.
    while routed.events < max {
        let left = max - routed.events;
        let step = world.write(move |uow| uow.deliveries().route(now, left)).unwrap();
        if step.events == 0 {
            break;
        }
        routed.events += step.events;
        routed.deliveries += step.deliveries;
    }
    routed
}

pub(crate) fn lease() -> TimeDelta {
    TimeDelta::seconds(30)
}

pub(crate) fn claim_of(
    world: &World,
    max: usize,
    per_endpoint: usize,
    saturated: &[WebhookId],
) -> Vec<Claimed> {
    let (now, saturated) = (world.now(), saturated.to_vec());
    world.write(move |uow| uow.deliveries().claim(now, now + lease(), max, per_endpoint, &saturated)).unwrap()
}

pub(crate) fn claim(world: &World) -> Vec<Claimed> {
    claim_of(world, 1_000, 1_000, &[])
}

/// Who is to be told of which event, in order.
pub(crate) fn told(claimed: &[Claimed]) -> Vec<(WebhookId, EventId)> {
    let mut told: Vec<_> = claimed.iter().map(|claimed| (claimed.webhook_id, claimed.event.id)).collect();
    told.sort_unstable();
    told
}

pub(crate) fn routed_to(world: &World) -> Vec<(WebhookId, EventId)> {
    route(world, 1_000);
    told(&claim(world))
}

pub(crate) fn result(
    claimed: &Claimed,
    at: Timestamp,
    status: u16,
    next: NextStep,
    health: EndpointHealth,
) -> Recorded {
    let outcome = AttemptOutcome::Answered { status, retry_after: None };
    Recorded {
        webhook_id: claimed.webhook_id,
        url: claimed.url.clone(),
        event_id: claimed.event.id,
        leased_until: claimed.leased_until,
        attempt: Some(Attempt {
            at,
            outcome,
            latency: Duration::from_millis(7),
            answer: AnswerText::of(b"said"),
        }),
        next,
        health,
    }
}

pub(crate) fn record(world: &World, results: Vec<Recorded>) {
    world.write(move |uow| uow.deliveries().record(&results)).unwrap();
}

pub(crate) fn next_due_at(world: &World) -> Option<Timestamp> {
    world.read(|uow| uow.deliveries().next_due_at()).unwrap()
}

pub(crate) fn set_status(world: &World, agent: AgentId, id: WebhookId, status: WebhookStatus) {
    change(world, agent, id, WebhookChanges { status: Some(status), ..Default::default() });
}

/// An agent with an endpoint that hears of everything, and nothing on its way.
pub(crate) fn listener(world: &World, name: &str) -> (AgentId, WebhookId) {
    let agent = world.register(name);
    let hook = register(world, agent, &format!("https://{}.example/", name.to_lowercase()), &["all"]);
    route(world, 1_000);
    for claimed in &claim(world) {
        record(world, vec![result(claimed, world.now(), 200, NextStep::Delivered, EndpointHealth::Healthy)]);
    }
    (agent, hook.webhook.id)
}

contract! {
    fn a_claim_hands_over_all_that_a_try_needs(world) {
        let kai = world.register("Kai");
        let ada = world.register("Ada");
        route(world, 10);
        let registered = register(world, kai, "https://kai.example/", &["all"]);
        let event = Event {
            kind: EventKind::Pinch,
            audience: Audience::Agent(kai),
            data: r#"{"a":"é"}"#.into(),
            ..announcement(&world.ctx, Some(ada))
        };
        append(world, event.clone());
        route(world, 10);
        let claimed = claim(world).remove(0);
        assert_eq!(claimed.event, event);
        assert_eq!((claimed.webhook_id, claimed.url), (registered.webhook.id, registered.webhook.url));
        assert_eq!(claimed.secrets.current.expose(), registered.secret.expose());
        assert_eq!((claimed.attempts, claimed.failing_since), (0, None));
        assert_eq!(claimed.leased_until, world.now() + lease());
    }

    fn what_is_leased_is_nobody_elses_until_the_lease_ends(world) {
        let (kai, _) = listener(world, "Kai");
        tell(world, kai, EventKind::Pinch);
        route(world, 10);
        assert_eq!(claim(world).len(), 1);
        assert_eq!(claim(world).len(), 0);
        assert_eq!(next_due_at(world), Some(world.now() + lease()));
        world.clock.advance(lease());
        assert_eq!(claim(world).len(), 1);
    }

    fn of_several_that_claim_at_once_no_two_get_the_same(world) {
        let (kai, _) = listener(world, "Kai");
        let mut events: Vec<_> = (0..40).map(|_| tell(world, kai, EventKind::Pinch)).collect();
        route(world, 100);
        let mut claimed: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| claim_of(world, 10, 10, &[]))).collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).map(|one| one.event.id).collect()
        });
        // What one was held back from by another is still due.
        claimed.extend(claim_of(world, 100, 100, &[]).iter().map(|one| one.event.id));
        claimed.sort_unstable();
        events.sort_unstable();
        assert_eq!(claimed, events);
    }

    fn a_result_under_a_lease_that_is_lost_is_passed_over(world) {
        let (kai, hook) = listener(world, "Kai");
        tell(world, kai, EventKind::Pinch);
        route(world, 10);
        let lost = claim(world).remove(0);
        world.clock.advance(lease());
        let held = claim(world).remove(0);
        record(world, vec![result(&lost, world.now(), 410, NextStep::GiveUp, EndpointHealth::Disabled)]);
        assert_eq!(by_id(world, hook).unwrap().status, WebhookStatus::Active);
        record(world, vec![result(&held, world.now(), 200, NextStep::Delivered, EndpointHealth::Healthy)]);
        world.clock.advance(TimeDelta::days(1));
        assert_eq!(claim(world).len(), 0);
    }

    fn a_claim_keeps_to_its_bounds_and_to_the_endpoints_that_have_room(world) {
        let ((kai, its), (ada, hers)) = (listener(world, "Kai"), listener(world, "Ada"));
        for _ in 0..5 {
            tell(world, kai, EventKind::Pinch);
            tell(world, ada, EventKind::Pinch);
        }
        route(world, 100);
        let of = |claimed: &[Claimed], id| claimed.iter().filter(|claimed| claimed.webhook_id == id).count();
        let first = claim_of(world, 3, 2, &[]);
        assert!(first.len() == 3 && of(&first, its) <= 2 && of(&first, hers) <= 2);
        let second = claim_of(world, 100, 100, &[its]);
        assert_eq!(of(&second, its), 0);
        assert_eq!(of(&first, hers) + of(&second, hers), 5);
    }

    fn what_is_longest_due_is_claimed_first(world) {
        let (kai, _) = listener(world, "Kai");
        let events: Vec<_> = (0..4).map(|_| {
            world.clock.advance(TimeDelta::seconds(1));
            let event = tell(world, kai, EventKind::Pinch);
            route(world, 10);
            event
        }).collect();
        for event in events {
            assert_eq!(claim_of(world, 1, 1, &[])[0].event.id, event);
        }
    }

    fn a_failure_is_tried_again_when_it_said_and_counts_as_a_try(world) {
        let (kai, hook) = listener(world, "Kai");
        tell(world, kai, EventKind::Pinch);
        route(world, 10);
        let claimed = claim(world).remove(0);
        let (at, again) = (world.now(), world.now() + TimeDelta::minutes(5));
        let failing = EndpointHealth::FailingSince(at);
        record(world, vec![result(&claimed, at, 500, NextStep::RetryAt(again), failing)]);
        assert_eq!(next_due_at(world), Some(again));
        assert_eq!(by_id(world, hook).unwrap().failing_since, Some(at));
        world.clock.advance(TimeDelta::minutes(5) - TimeDelta::microseconds(1));
        assert_eq!(claim(world).len(), 0);
        world.clock.advance(TimeDelta::microseconds(1));
        let claimed = claim(world).remove(0);
        assert_eq!((claimed.attempts, claimed.failing_since), (1, Some(at)));
    }

    fn a_lease_given_back_untried_counts_as_no_try(world) {
        let (kai, _) = listener(world, "Kai");
        tell(world, kai, EventKind::Pinch);
        route(world, 10);
        let claimed = claim(world).remove(0);
        let (next, health) = (NextStep::RetryAt(world.now()), EndpointHealth::Unchanged);
        record(world, vec![Recorded { attempt: None, ..result(&claimed, world.now(), 0, next, health) }]);
        assert_eq!(claim(world)[0].attempts, 0);
    }

    fn what_is_given_up_is_never_claimed_again(world) {
        let (kai, _) = listener(world, "Kai");
        tell(world, kai, EventKind::Pinch);
        route(world, 10);
        let claimed = claim(world).remove(0);
        record(world, vec![result(&claimed, world.now(), 500, NextStep::GiveUp, EndpointHealth::Unchanged)]);
        world.clock.advance(TimeDelta::days(9));
        assert_eq!((claim(world).len(), next_due_at(world)), (0, None));
    }

    fn a_success_ends_the_failing_also_for_what_was_claimed_before_it(world) {
        let (kai, hook) = listener(world, "Kai");
        tell(world, kai, EventKind::Pinch);
        route(world, 10);
        let first = claim(world).remove(0);
        let since = world.now();
        let retry = NextStep::RetryAt(since);
        record(world, vec![result(&first, since, 500, retry, EndpointHealth::FailingSince(since))]);
        tell(world, kai, EventKind::Pinch);
        tell(world, kai, EventKind::Pinch);
        route(world, 10);
        world.clock.advance(TimeDelta::days(5));
        let claimed = claim(world);
        let now = world.now();
        let later = NextStep::RetryAt(now + TimeDelta::days(1));
        record(world, vec![
            result(&claimed[0], now, 200, NextStep::Delivered, EndpointHealth::Healthy),
            result(&claimed[1], now, 500, later, EndpointHealth::Disabled),
            result(&claimed[2], now, 500, later, EndpointHealth::FailingSince(since)),
        ]);
        let webhook = by_id(world, hook).unwrap();
        assert_eq!((webhook.status, webhook.failing_since), (WebhookStatus::Active, Some(now)));
    }

    fn a_disabled_endpoint_keeps_what_waits_until_it_is_switched_on_again(world) {
        let (kai, hook) = listener(world, "Kai");
        let events: Vec<_> = (0..3).map(|_| tell(world, kai, EventKind::Pinch)).collect();
        route(world, 10);
        let claimed = claim_of(world, 1, 1, &[]).remove(0);
        record(world, vec![result(&claimed, world.now(), 410, NextStep::GiveUp, EndpointHealth::Disabled)]);
        assert_eq!(by_id(world, hook).unwrap().status, WebhookStatus::Disabled);
        assert_eq!((claim(world).len(), next_due_at(world)), (0, None));
        set_status(world, kai, hook, WebhookStatus::Active);
        assert!(next_due_at(world).unwrap() <= world.now());
        assert_eq!(told(&claim(world)), [(hook, events[1]), (hook, events[2])]);
    }

    fn switching_on_what_is_on_changes_no_lease(world) {
        let (kai, hook) = listener(world, "Kai");
        tell(world, kai, EventKind::Pinch);
        route(world, 10);
        assert_eq!(claim(world).len(), 1);
        let events = Some(Subscription::All);
        change(world, kai, hook, WebhookChanges { events, ..Default::default() });
        set_status(world, kai, hook, WebhookStatus::Active);
        assert_eq!(claim(world).len(), 0);
    }

    fn a_deleted_endpoint_is_told_nothing_more(world) {
        let (kai, hook) = listener(world, "Kai");
        tell(world, kai, EventKind::Pinch);
        route(world, 10);
        let claimed = claim(world).remove(0);
        world.write(move |uow| uow.webhooks().delete(hook)).unwrap();
        record(world, vec![result(&claimed, world.now(), 200, NextStep::Delivered, EndpointHealth::Healthy)]);
        assert_eq!(next_due_at(world), None);
    }

    fn an_endpoint_whose_backlog_is_long_keeps_no_other_waiting(world) {
        let ((kai, its), (ada, hers)) = (listener(world, "Kai"), listener(world, "Ada"));
        for _ in 0..200 {
            tell(world, kai, EventKind::Pinch);
        }
        route(world, 1_000);
        world.clock.advance(TimeDelta::seconds(1));
        tell(world, ada, EventKind::Pinch);
        route(world, 1_000);
        assert_eq!(claim_of(world, 10, 4, &[]).len(), 4);
        let claimed = claim_of(world, 10, 4, &[its]);
        assert_eq!(claimed.iter().map(|claimed| claimed.webhook_id).collect::<Vec<_>>(), [hers]);
    }
}
