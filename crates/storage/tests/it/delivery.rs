//! What came of each try is kept, and what waits is found again.

use std::time::Duration;

use chrono::TimeDelta;
use clankdin_domain::agent;
use clankdin_domain::context::Timestamp;
use clankdin_domain::event::{Audience, Event, EventKind, Sequence};
use clankdin_domain::id::{AgentId, EventId, WebhookId};
use clankdin_domain::webhook::delivery::{Attempt, AttemptOutcome, EndpointHealth, NextStep};
use clankdin_domain::webhook::{
    AnswerText, Deferred, DeferredUntil, DeliveryStatus, Endpoint, Lead, Missing, Origin, Progress, Recorded,
    Subscription, Waiting, WebhookChanges, WebhookStatus, delete_webhook,
};

use crate::delivery_log::listed;
use crate::hearing::{handle, hearers, settle};
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

/// A delivery whose turn has come.
#[derive(Debug, Clone)]
pub(crate) struct Ready {
    pub(crate) webhook_id: WebhookId,
    pub(crate) event_id: EventId,
    pub(crate) origin: Origin,
    pub(crate) attempts: u32,
}

/// All that may be tried now: what has no row yet, and then the rows that are due.
pub(crate) fn ready(world: &World) -> Vec<Ready> {
    settle(world);
    let heard = hearers(world).into_iter().map(|it| Ready {
        webhook_id: it.webhook_id,
        event_id: it.event_id,
        origin: Origin::Log(it.sequence),
        attempts: 0,
    });
    heard.chain(due_rows(world)).collect()
}

/// The rows that are due.
pub(crate) fn due_rows(world: &World) -> Vec<Ready> {
    let due = due(world).into_iter().map(|it| Ready {
        webhook_id: it.webhook_id,
        event_id: it.event_id,
        origin: Origin::Row(it.due_at),
        attempts: it.attempts,
    });
    due.collect()
}

/// Makes rows that are due of all that has none yet.
pub(crate) fn make_due(world: &World) {
    for ready in ready(world).iter().filter(|ready| matches!(ready.origin, Origin::Log(_))) {
        defer(world, ready, DeferredUntil::SwitchedOn);
    }
}

pub(crate) fn due(world: &World) -> Vec<Waiting> {
    let now = world.now();
    world.read(move |uow| uow.deliveries().due(now, 1_000)).unwrap()
}

/// Who is to be told of which event, in order.
pub(crate) fn told(ready: &[Ready]) -> Vec<(WebhookId, EventId)> {
    let mut told: Vec<_> = ready.iter().map(|ready| (ready.webhook_id, ready.event_id)).collect();
    told.sort_unstable();
    told
}

pub(crate) fn endpoint(world: &World, id: WebhookId) -> Result<Endpoint, Missing> {
    world.read(move |uow| uow.deliveries().endpoints(&[id])).unwrap().remove(0)
}

pub(crate) fn event(world: &World, id: EventId) -> Result<Event, Missing> {
    world.read(move |uow| uow.deliveries().events(&[id])).unwrap().remove(0)
}

pub(crate) fn result(
    world: &World,
    ready: &Ready,
    status: u16,
    next: NextStep,
    health: EndpointHealth,
) -> Recorded {
    let outcome = AttemptOutcome::Answered { status, retry_after: None };
    Recorded {
        webhook_id: ready.webhook_id,
        event_id: ready.event_id,
        origin: ready.origin,
        url: by_id(world, ready.webhook_id)
            .map_or_else(|| crate::webhook::url("https://a.example/"), |it| it.url),
        was_failing: false,
        attempts: ready.attempts + 1,
        attempt: Attempt {
            at: world.now(),
            outcome,
            latency: Duration::from_millis(7),
            answer: AnswerText::of(b"said"),
        },
        next,
        health,
    }
}

fn lead(world: &World) -> Lead {
    let dispatcher = world.ctx.new_id();
    world.write(move |uow| uow.deliveries().lead(dispatcher, Duration::ZERO)).unwrap().unwrap()
}

pub(crate) fn record(world: &World, results: Vec<Recorded>) {
    write_down(world, Progress { results, ..Progress::default() });
}

pub(crate) fn defer(world: &World, ready: &Ready, until: DeferredUntil) {
    let Ready { webhook_id, event_id, origin, .. } = *ready;
    let deferred = vec![Deferred { webhook_id, event_id, origin, until }];
    write_down(world, Progress { deferred, ..Progress::default() });
}

fn write_down(world: &World, progress: Progress) {
    let lead = lead(world);
    assert!(world.write(move |uow| uow.deliveries().record(lead, &progress)).unwrap());
}

/// Puts all that may be tried into its line.
pub(crate) fn line_up(world: &World) {
    for ready in ready(world) {
        defer(world, &ready, DeferredUntil::ItsTurn);
    }
}

fn delivered(world: &World, ready: &Ready) -> Recorded {
    result(world, ready, 200, NextStep::Delivered, EndpointHealth::Healthy)
}

fn failed(world: &World, ready: &Ready, again: Timestamp) -> Recorded {
    let failing = EndpointHealth::FailingSince(world.now());
    result(world, ready, 500, NextStep::RetryAt(again), failing)
}

fn line(world: &World, hook: WebhookId, max: usize) -> Vec<Waiting> {
    world.read(move |uow| uow.deliveries().line(hook, max)).unwrap()
}

pub(crate) fn next_due_at(world: &World) -> Option<Timestamp> {
    world.read(|uow| uow.deliveries().next_due_at(Timestamp::UNIX_EPOCH)).unwrap()
}

pub(crate) fn set_status(world: &World, agent: AgentId, id: WebhookId, status: WebhookStatus) {
    change(world, agent, id, WebhookChanges { status: Some(status), ..Default::default() });
}

pub(crate) fn subscribe(world: &World, agent: AgentId, id: WebhookId, events: &[&str]) {
    let events = Subscription::parse(events.iter().copied()).ok();
    change(world, agent, id, WebhookChanges { events, ..Default::default() });
}

/// An agent with an endpoint that hears of everything, and nothing on its way.
pub(crate) fn listener(world: &World, name: &str) -> (AgentId, WebhookId) {
    let agent = world.register(name);
    let hook = register(world, agent, &format!("https://{}.example/", name.to_lowercase()), &["all"]);
    let on_its_way = ready(world);
    record(world, on_its_way.iter().map(|ready| delivered(world, ready)).collect());
    handle(world);
    (agent, hook.webhook.id)
}

/// A listener, and one event that it is to hear of.
fn told_of_one(world: &World) -> (AgentId, WebhookId, Ready) {
    let (kai, hook) = listener(world, "Kai");
    tell(world, kai, EventKind::Pinch);
    let ready = ready(world).remove(0);
    (kai, hook, ready)
}

contract! {
    fn a_delivery_that_is_recorded_while_its_endpoint_is_removed_leaves_nothing(world) {
        let kai = world.register("Kai");
        for number in 0..20 {
            let hook = register(world, kai, &format!("https://kai.example/{number}"), &["all"]).webhook.id;
            tell(world, kai, EventKind::Pinch);
            let told = ready(world);
            let results: Vec<_> = told.iter().map(|ready| delivered(world, ready)).collect();
            assert!(!results.is_empty());
            std::thread::scope(|scope| {
                scope.spawn(|| record(world, results));
                world.write(move |uow| delete_webhook(uow, kai, hook)).unwrap();
            });
            assert_eq!(listed(world, hook), [], "{number}");
        }
    }

    fn endpoint_and_event_are_read_as_they_stand(world) {
        let (kai, ada) = (world.register("Kai"), world.register("Ada"));
        let registered = register(world, kai, "https://kai.example/", &["all"]);
        let told = Event {
            kind: EventKind::Pinch,
            audience: Audience::Agent(kai),
            data: r#"{"a":"é"}"#.into(),
            ..announcement(&world.ctx, Some(ada))
        };
        append(world, told.clone());
        assert_eq!(event(world, told.id).unwrap(), told);
        let hook = registered.webhook.id;
        let its = endpoint(world, hook).unwrap();
        assert_eq!((its.url, its.failing_since), (registered.webhook.url, None));
        assert_eq!(its.secrets.current.expose(), registered.secret.expose());

        world.write(move |uow| agent::erase(uow, ada)).unwrap();
        assert_eq!(event(world, told.id).unwrap_err(), Missing::Gone);
        set_status(world, kai, hook, WebhookStatus::Disabled);
        assert_eq!(endpoint(world, hook).unwrap_err(), Missing::Disabled);
        world.write(move |uow| uow.webhooks().delete(hook)).unwrap();
        assert_eq!(endpoint(world, hook).unwrap_err(), Missing::Gone);
    }

    fn what_is_delivered_is_not_found_again(world) {
        let (_, _, first) = told_of_one(world);
        record(world, vec![delivered(world, &first)]);
        assert_eq!((ready(world).len(), next_due_at(world)), (0, None));
    }

    fn a_failure_is_due_when_it_said_and_counts_as_a_try(world) {
        let (_, hook, first) = told_of_one(world);
        let (at, again) = (world.now(), world.now() + TimeDelta::minutes(5));
        record(world, vec![failed(world, &first, again)]);
        assert_eq!(next_due_at(world), Some(again));
        assert_eq!(by_id(world, hook).unwrap().failing_since, Some(at));
        world.clock.advance(TimeDelta::minutes(5) - TimeDelta::microseconds(1));
        assert_eq!(ready(world).len(), 0);
        world.clock.advance(TimeDelta::microseconds(1));
        let due = due(world).remove(0);
        assert_eq!((due.attempts, due.due_at, due.is_failing), (1, again, true));
        assert_eq!((due.webhook_id, due.event_id), (hook, first.event_id));
    }

    fn what_is_given_up_is_never_due_again(world) {
        let (_, _, first) = told_of_one(world);
        record(world, vec![result(world, &first, 500, NextStep::GiveUp, EndpointHealth::Unchanged)]);
        world.clock.advance(TimeDelta::days(9));
        assert_eq!((ready(world).len(), next_due_at(world)), (0, None));
    }

    fn of_a_delivery_that_changed_since_it_was_read_nothing_is_written(world) {
        let (_, _, first) = told_of_one(world);
        let (soon, later) = (world.now() + TimeDelta::seconds(1), world.now() + TimeDelta::hours(1));
        record(world, vec![failed(world, &first, soon)]);
        // A row has been made meanwhile: what came from the log says nothing of it.
        record(world, vec![delivered(world, &first)]);
        assert_eq!(next_due_at(world), Some(soon));
        world.clock.advance(TimeDelta::seconds(1));
        let read = ready(world).remove(0);
        record(world, vec![failed(world, &read, later)]);
        // And what was read before it changed says nothing of what it is now.
        record(world, vec![delivered(world, &read)]);
        assert_eq!(next_due_at(world), Some(later));
    }

    fn results_of_many_kinds_are_written_together(world) {
        let ((kai, its), (ada, hers)) = (listener(world, "Kai"), listener(world, "Ada"));
        for _ in 0..2 {
            tell(world, kai, EventKind::Pinch);
            tell(world, ada, EventKind::Pinch);
        }
        let all = ready(world);
        let of = |id| all.iter().filter(move |ready| ready.webhook_id == id).collect::<Vec<_>>();
        let again = world.now() + TimeDelta::seconds(5);
        let (mine, theirs) = (of(its), of(hers));
        let waits = theirs[1];
        write_down(world, Progress {
            results: vec![
                delivered(world, mine[0]),
                failed(world, mine[1], again),
                result(world, theirs[0], 500, NextStep::GiveUp, EndpointHealth::Unchanged),
            ],
            deferred: vec![Deferred {
                webhook_id: hers,
                event_id: waits.event_id,
                origin: waits.origin,
                until: DeferredUntil::ItsTurn,
            }],
            handled: Some(Sequence::new(100)),
        });
        assert_eq!((ready(world).len(), next_due_at(world)), (0, Some(again)));
        assert_eq!(line(world, hers, 10)[0].event_id, waits.event_id);
        assert_eq!(world.read(|uow| uow.deliveries().handled()).unwrap(), Sequence::new(100));
    }

    fn what_waits_in_line_is_found_in_the_order_of_its_events(world) {
        let ((kai, its), (ada, hers)) = (listener(world, "Kai"), listener(world, "Ada"));
        let events: Vec<_> = (0..5).map(|_| tell(world, kai, EventKind::Pinch)).collect();
        line_up(world);
        assert_eq!((ready(world).len(), next_due_at(world)), (0, None));
        assert_eq!(world.read(|uow| uow.deliveries().lines()).unwrap(), [its]);
        let first: Vec<_> = line(world, its, 3).iter().map(|it| (it.event_id, it.attempts)).collect();
        assert_eq!(first, [(events[0], 0), (events[1], 0), (events[2], 0)]);
        assert_eq!(line(world, hers, 3), []);

        let read = line(world, its, 1).remove(0);
        let tried = Ready {
            webhook_id: its,
            event_id: read.event_id,
            origin: Origin::Row(read.due_at),
            attempts: read.attempts,
        };
        record(world, vec![delivered(world, &tried)]);
        assert_eq!(line(world, its, 10).len(), 4);
        // Whatever else is due is found without walking over the line.
        tell(world, ada, EventKind::Pinch);
        assert_eq!(ready(world).iter().map(|it| it.webhook_id).collect::<Vec<_>>(), [hers]);
    }

    fn a_try_counts_also_after_a_wait_in_line(world) {
        let (_, hook, first) = told_of_one(world);
        record(world, vec![failed(world, &first, world.now())]);
        line_up(world);
        assert_eq!(line(world, hook, 1)[0].attempts, 1);
    }

    fn what_can_never_be_told_is_given_up(world) {
        let (kai, _, first) = told_of_one(world);
        defer(world, &first, DeferredUntil::Never("erased"));
        let export = world.read(move |uow| uow.exports().export(kai)).unwrap().unwrap();
        let kept = export.deliveries.iter().find(|it| it.event_id == first.event_id).unwrap();
        assert_eq!((kept.status, kept.last_failure.as_deref()), (DeliveryStatus::Failed, Some("erased")));
        assert_eq!((ready(world).len(), next_due_at(world)), (0, None));
    }

    fn a_success_ends_the_failing_also_for_what_was_read_before_it(world) {
        let (kai, hook, first) = told_of_one(world);
        record(world, vec![failed(world, &first, world.now())]);
        tell(world, kai, EventKind::Pinch);
        tell(world, kai, EventKind::Pinch);
        world.clock.advance(TimeDelta::days(5));
        let all = ready(world);
        let later = NextStep::RetryAt(world.now() + TimeDelta::days(1));
        record(world, vec![
            delivered(world, &all[0]),
            result(world, &all[1], 500, later, EndpointHealth::Disabled),
            failed(world, &all[2], world.now() + TimeDelta::days(1)),
        ]);
        let webhook = by_id(world, hook).unwrap();
        assert_eq!((webhook.status, webhook.failing_since), (WebhookStatus::Active, Some(world.now())));
    }

    fn what_came_of_another_place_says_nothing_of_the_endpoint(world) {
        let (kai, hook, first) = told_of_one(world);
        let gone = result(world, &first, 410, NextStep::GiveUp, EndpointHealth::Disabled);
        let elsewhere = Some(crate::webhook::url("https://moved.example/"));
        change(world, kai, hook, WebhookChanges { url: elsewhere, ..Default::default() });
        record(world, vec![gone]);
        assert_eq!(by_id(world, hook).unwrap().status, WebhookStatus::Active);
    }

    fn a_disabled_endpoint_keeps_what_waits_until_it_is_switched_on_again(world) {
        let (kai, hook) = listener(world, "Kai");
        let events: Vec<_> = (0..4).map(|_| tell(world, kai, EventKind::Pinch)).collect();
        let all = ready(world);
        record(world, vec![failed(world, &all[1], world.now())]);
        defer(world, &all[2], DeferredUntil::ItsTurn);
        record(world, vec![result(world, &all[0], 410, NextStep::GiveUp, EndpointHealth::Disabled)]);
        assert_eq!(by_id(world, hook).unwrap().status, WebhookStatus::Disabled);
        // What had its turn while it was switched off waits as well.
        defer(world, &all[3], DeferredUntil::SwitchedOn);
        assert_eq!((ready(world).len(), line(world, hook, 9).len(), next_due_at(world)), (0, 0, None));
        set_status(world, kai, hook, WebhookStatus::Active);
        assert!(next_due_at(world).unwrap() <= world.now());
        assert_eq!(told(&ready(world)), [(hook, events[1]), (hook, events[2]), (hook, events[3])]);
    }

    fn what_would_wait_for_an_endpoint_that_is_on_again_is_due(world) {
        let (kai, hook, first) = told_of_one(world);
        set_status(world, kai, hook, WebhookStatus::Disabled);
        set_status(world, kai, hook, WebhookStatus::Active);
        defer(world, &first, DeferredUntil::SwitchedOn);
        assert_eq!(told(&ready(world)), [(hook, first.event_id)]);
    }

    fn whatever_is_written_down_of_an_endpoint_that_is_off_waits_until_it_is_on(world) {
        let (kai, hook) = listener(world, "Kai");
        let events: Vec<_> = (0..3).map(|_| tell(world, kai, EventKind::Pinch)).collect();
        let all = ready(world);
        defer(world, &all[0], DeferredUntil::ItsTurn);
        set_status(world, kai, hook, WebhookStatus::Disabled);
        defer(world, &all[1], DeferredUntil::ItsTurn);
        record(world, vec![failed(world, &all[2], world.now() + TimeDelta::seconds(5))]);
        assert_eq!((ready(world).len(), line(world, hook, 9).len(), next_due_at(world)), (0, 0, None));
        set_status(world, kai, hook, WebhookStatus::Active);
        assert_eq!(told(&ready(world)), [(hook, events[0]), (hook, events[1]), (hook, events[2])]);
    }

    fn a_long_line_stays_where_it_is_while_its_endpoint_is_off_and_its_first_is_due_after(world) {
        let (kai, hook) = listener(world, "Kai");
        let events: Vec<_> = (0..5).map(|_| tell(world, kai, EventKind::Pinch)).collect();
        line_up(world);
        set_status(world, kai, hook, WebhookStatus::Disabled);
        assert_eq!(next_due_at(world), None);
        set_status(world, kai, hook, WebhookStatus::Active);
        assert_eq!(told(&ready(world)), [(hook, events[0])]);
        assert_eq!(line(world, hook, 9).len(), 4);
        // To switch on what is on makes nothing else due.
        set_status(world, kai, hook, WebhookStatus::Active);
        assert_eq!(told(&ready(world)), [(hook, events[0])]);
    }

    fn of_a_deleted_endpoint_nothing_is_kept(world) {
        let (_, hook, first) = told_of_one(world);
        world.write(move |uow| uow.webhooks().delete(hook)).unwrap();
        record(world, vec![failed(world, &first, world.now())]);
        assert_eq!((ready(world).len(), next_due_at(world)), (0, None));
    }
}
