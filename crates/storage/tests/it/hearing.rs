//! Events get their places in the log, those who are to hear of them are found, and old ones are forgotten.

use chrono::TimeDelta;
use clankdin_domain::event::{Audience, Event, EventKind, Sequence};
use clankdin_domain::id::{EventId, WebhookId};
use clankdin_domain::webhook::{Hearer, Progress, Walk, WebhookStatus};

use crate::delivery::{announce, append, line_up, listener, ready, set_status, subscribe, tell, told};
use crate::support::{World, announcement, contract};
use crate::webhook::register;

/// Moves the end of the log to the last event, where nobody else writes.
pub(crate) fn settle(world: &World) {
    assert!(world.write(|uow| uow.deliveries().settle()).unwrap());
}

/// All who are to hear of anything and were not told yet, read by stretches of `max`.
fn hearers_by(world: &World, max: usize) -> Vec<Hearer> {
    let mut walk = Walk { read: world.read(|uow| uow.deliveries().handled()).unwrap(), within: None };
    let mut hearers = Vec::new();
    loop {
        let heard = world.read(move |uow| uow.deliveries().hearers(walk, max)).unwrap();
        hearers.extend(heard.hearers);
        if !heard.is_more {
            return hearers;
        }
        walk = heard.next;
    }
}

pub(crate) fn hearers(world: &World) -> Vec<Hearer> {
    hearers_by(world, 1_000)
}

/// Who is to hear of which event, in order.
fn heard(world: &World) -> Vec<(WebhookId, EventId)> {
    told(&ready(world))
}

/// The end of the log.
fn end(world: &World) -> Sequence {
    world.read(|uow| uow.log().ends()).unwrap().head
}

/// Says that all is handled.
pub(crate) fn handle(world: &World) {
    handle_up_to(world, end(world));
}

fn handle_up_to(world: &World, handled: Sequence) {
    let dispatcher = world.ctx.new_id();
    world
        .write(move |uow| {
            let lead = uow.deliveries().lead(dispatcher, std::time::Duration::ZERO)?.unwrap();
            uow.deliveries().record(lead, &Progress { handled: Some(handled), ..Progress::default() })
        })
        .unwrap();
}

contract! {
    fn what_one_agent_is_told_goes_to_its_own_endpoints_alone(world) {
        let ((kai, first), (_, _)) = (listener(world, "Kai"), listener(world, "Ada"));
        let second = register(world, kai, "https://kai.example/2", &["pinch"]).webhook.id;
        let pinch = tell(world, kai, EventKind::Pinch);
        let comment = tell(world, kai, EventKind::Comment);
        let mut expected = vec![(first, pinch), (first, comment), (second, pinch)];
        expected.sort_unstable();
        assert_eq!(heard(world), expected);
    }

    fn everyone_subscribed_hears_an_announcement_but_its_actor(world) {
        let ((kai, _), (_, ada)) = (listener(world, "Kai"), listener(world, "Ada"));
        let bob = world.register("Bob");
        let joined = register(world, bob, "https://bob.example/", &["new_agent"]).webhook.id;
        register(world, bob, "https://bob.example/2", &["pinch"]);
        line_up(world);
        let event = announce(world, Some(kai));
        assert_eq!(heard(world), [(ada, event), (joined, event)]);
    }

    fn nobody_is_told_of_what_it_did_itself(world) {
        let (kai, _) = listener(world, "Kai");
        append(world, Event { audience: Audience::Agent(kai), ..announcement(&world.ctx, Some(kai)) });
        assert_eq!(heard(world), []);
    }

    fn an_endpoint_hears_of_nothing_from_before_it_was_registered(world) {
        let kai = world.register("Kai");
        announce(world, None);
        tell(world, kai, EventKind::Pinch);
        world.clock.advance(TimeDelta::microseconds(1));
        let hook = register(world, kai, "https://kai.example/", &["all"]).webhook.id;
        let after = announce(world, None);
        assert_eq!(heard(world), [(hook, after)]);
    }

    fn a_disabled_endpoint_hears_of_nothing(world) {
        let (kai, hook) = listener(world, "Kai");
        set_status(world, kai, hook, WebhookStatus::Disabled);
        announce(world, None);
        tell(world, kai, EventKind::Pinch);
        settle(world);
        assert_eq!(hearers(world), []);
    }

    fn what_stands_behind_the_end_of_the_log_is_not_heard_of(world) {
        let (kai, _) = listener(world, "Kai");
        tell(world, kai, EventKind::Pinch);
        assert_eq!(hearers(world).len(), usize::from(world.is_settled()));
        settle(world);
        assert_eq!(hearers(world).len(), 1);
    }

    fn stretch_by_stretch_everyone_is_found_once_and_each_event_in_its_turn(world) {
        let names = ["Kai", "Ada", "Bob", "Lin", "Zoe"];
        let listeners = names.map(|name| listener(world, name));
        for (agent, _) in &listeners[..2] {
            register(world, *agent, "https://b.example/", &["new_agent"]);
        }
        line_up(world);
        tell(world, listeners[0].0, EventKind::Pinch);
        tell(world, listeners[1].0, EventKind::Pinch);
        announce(world, Some(listeners[2].0));
        announce(world, None);
        tell(world, listeners[0].0, EventKind::Comment);
        settle(world);
        let at_once = hearers_by(world, 1_000);
        assert_eq!(at_once.len(), 1 + 1 + 6 + 7 + 1);
        for max in [1, 2, 3, 7] {
            let by_stretches = hearers_by(world, max);
            assert_eq!(by_stretches, at_once, "{max}");
        }
        assert!(at_once.is_sorted_by_key(|hearer| hearer.sequence));
    }

    fn who_changes_its_subscription_while_an_announcement_is_told_is_not_missed(world) {
        let (kai, first) = listener(world, "Kai");
        let ada = world.register("Ada");
        let second = register(world, ada, "https://ada.example/", &["new_agent"]).webhook.id;
        line_up(world);
        handle(world);
        announce(world, None);
        settle(world);
        let hearers = |walk| world.read(move |uow| uow.deliveries().hearers(walk, 1)).unwrap();
        let handled = world.read(|uow| uow.deliveries().handled()).unwrap();
        let begun = hearers(Walk { read: handled, within: None });
        subscribe(world, kai, first, &["new_agent"]);
        subscribe(world, ada, second, &["all"]);
        let ended = hearers(begun.next);
        let found: Vec<_> = [begun, ended].iter().flat_map(|heard| heard.hearers.clone()).collect();
        let found: Vec<_> = found.iter().map(|hearer| hearer.webhook_id).collect();
        assert_eq!(found, [first, second]);
    }

    fn events_stand_in_the_order_of_their_commits(world) {
        let (kai, _) = listener(world, "Kai");
        let events: Vec<_> = (0..5).map(|_| tell(world, kai, EventKind::Pinch)).collect();
        settle(world);
        let heard: Vec<_> = hearers(world).into_iter().map(|hearer| hearer.event_id).collect();
        assert_eq!(heard, events);
    }

    fn the_backlog_tells_how_much_is_not_handled_and_since_when(world) {
        let backlog = || world.read(|uow| uow.deliveries().backlog()).unwrap();
        assert_eq!(backlog(), (0, None));
        let since = world.now();
        announce(world, None);
        settle(world);
        let first = end(world);
        world.clock.advance(TimeDelta::seconds(1));
        announce(world, None);
        assert_eq!(backlog(), (2, Some(since)));
        handle_up_to(world, first);
        assert_eq!(backlog(), (1, Some(world.now())));
        settle(world);
        handle(world);
        assert_eq!(backlog(), (0, None));
    }

    fn old_events_are_forgotten_with_their_deliveries_but_none_that_is_not_handled(world) {
        let (kai, hook) = listener(world, "Kai");
        let forget = |max| {
            let now = world.now();
            world.write(move |uow| uow.deliveries().forget_before(now, max)).unwrap()
        };
        handle(world);
        world.clock.advance(TimeDelta::days(1));
        forget(1_000);
        for _ in 0..3 {
            tell(world, kai, EventKind::Pinch);
        }
        line_up(world);
        handle(world);
        let waits = tell(world, kai, EventKind::Pinch);
        settle(world);
        tell(world, kai, EventKind::Pinch);
        assert_eq!(forget(10), 0);
        world.clock.advance(TimeDelta::microseconds(1));
        let in_line = || world.read(move |uow| uow.deliveries().line(hook, 10)).unwrap().len();
        assert_eq!((forget(2), in_line()), (2, 1));
        assert_eq!((forget(10), forget(10)), (1, 0));
        assert_eq!((in_line(), hearers(world)[0].event_id), (0, waits));
    }

    fn how_far_all_is_handled_never_goes_back(world) {
        announce(world, None);
        settle(world);
        handle(world);
        let handled = || world.read(|uow| uow.deliveries().handled()).unwrap();
        let head = handled();
        assert!(head > Sequence::new(0));
        let dispatcher = world.ctx.new_id();
        world.write(move |uow| {
            let lead = uow.deliveries().lead(dispatcher, std::time::Duration::ZERO)?.unwrap();
            uow.deliveries().record(lead, &Progress::default())
        }).unwrap();
        assert_eq!(handled(), head);
    }
}
