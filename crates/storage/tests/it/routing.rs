//! Events go from the outbox to the endpoints that are to hear of them, and are forgotten in time.

use chrono::TimeDelta;
use clankdin_domain::event::{Audience, Event, EventKind};
use clankdin_domain::webhook::{Routed, WebhookStatus};

use crate::delivery::{announce, append, claim, listener, route, routed_to, set_status, tell};
use crate::support::{announcement, contract};
use crate::webhook::register;

contract! {
    fn what_one_agent_is_told_goes_to_its_own_endpoints_alone(world) {
        let ((kai, first), (_, _)) = (listener(world, "Kai"), listener(world, "Ada"));
        let second = register(world, kai, "https://kai.example/2", &["pinch"]).webhook.id;
        let pinch = tell(world, kai, EventKind::Pinch);
        let comment = tell(world, kai, EventKind::Comment);
        let mut expected = vec![(first, pinch), (first, comment), (second, pinch)];
        expected.sort_unstable();
        assert_eq!(routed_to(world), expected);
    }

    fn everyone_subscribed_hears_an_announcement_but_its_actor(world) {
        let ((kai, _), (_, ada)) = (listener(world, "Kai"), listener(world, "Ada"));
        let bob = world.register("Bob");
        let joined = register(world, bob, "https://bob.example/", &["new_agent"]).webhook.id;
        register(world, bob, "https://bob.example/2", &["pinch"]);
        route(world, 10);
        claim(world);
        let event = announce(world, Some(kai));
        assert_eq!(routed_to(world), [(ada, event), (joined, event)]);
    }

    fn nobody_is_told_of_what_it_did_itself(world) {
        let (kai, _) = listener(world, "Kai");
        let event = Event { audience: Audience::Agent(kai), ..announcement(&world.ctx, Some(kai)) };
        append(world, event);
        assert_eq!(routed_to(world), []);
    }

    fn an_endpoint_hears_of_nothing_from_before_it_was_registered(world) {
        let kai = world.register("Kai");
        route(world, 10);
        announce(world, None);
        tell(world, kai, EventKind::Pinch);
        world.clock.advance(TimeDelta::microseconds(1));
        let hook = register(world, kai, "https://kai.example/", &["all"]).webhook.id;
        let after = announce(world, None);
        assert_eq!(routed_to(world), [(hook, after)]);
    }

    fn a_disabled_endpoint_hears_of_nothing(world) {
        let (kai, hook) = listener(world, "Kai");
        set_status(world, kai, hook, WebhookStatus::Disabled);
        announce(world, None);
        tell(world, kai, EventKind::Pinch);
        assert_eq!(route(world, 10), Routed { events: 2, deliveries: 0 });
    }

    fn routing_takes_events_in_the_order_of_their_commits_each_once(world) {
        let (kai, _) = listener(world, "Kai");
        let events: Vec<_> = (0..5).map(|_| tell(world, kai, EventKind::Pinch)).collect();
        for event in &events {
            assert_eq!(route(world, 1), Routed { events: 1, deliveries: 1 });
            assert_eq!(claim(world)[0].event.id, *event);
        }
        assert_eq!(route(world, 1), Routed::default());
    }

    fn of_several_that_route_at_once_each_takes_what_no_other_does(world) {
        let (kai, _) = listener(world, "Kai");
        let events: Vec<_> = (0..40).map(|_| tell(world, kai, EventKind::Pinch)).collect();
        let routed: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| route(world, 20).events)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(routed + route(world, 100).events, events.len());
        assert_eq!(claim(world).len(), events.len());
    }

    fn the_backlog_tells_what_waits_in_the_outbox_and_since_when(world) {
        let backlog = || world.read(|uow| uow.deliveries().backlog()).unwrap();
        assert_eq!(backlog(), (0, None));
        let since = world.now();
        announce(world, None);
        world.clock.advance(TimeDelta::seconds(1));
        announce(world, None);
        assert_eq!(backlog(), (2, Some(since)));
        route(world, 1);
        assert_eq!(backlog(), (1, Some(world.now())));
    }

    fn old_events_are_forgotten_with_their_deliveries_but_none_that_waits(world) {
        let (kai, _) = listener(world, "Kai");
        let forget = |max| {
            let now = world.now();
            world.write(move |uow| uow.deliveries().forget_before(now, max)).unwrap()
        };
        world.clock.advance(TimeDelta::days(1));
        forget(1_000);
        for _ in 0..3 {
            tell(world, kai, EventKind::Pinch);
        }
        route(world, 3);
        tell(world, kai, EventKind::Pinch);
        assert_eq!(forget(10), 0);
        world.clock.advance(TimeDelta::microseconds(1));
        assert_eq!((forget(2), claim(world).len()), (2, 1));
        assert_eq!((forget(10), forget(10)), (1, 0));
        assert_eq!(route(world, 10).events, 1);
    }
}
