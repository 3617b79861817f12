//! Of what endpoints took, the last hundred are kept, and everything else until its event is forgotten.

use chrono::TimeDelta;
use clankdin_domain::context::Timestamp;
use clankdin_domain::event::Sequence;
use clankdin_domain::page::{PageRequest, Position};
use clankdin_domain::webhook::{
    DeferredUntil, DeliveryStatus, KEPT_SUCCESSES, NextStep, Swept, WebhookStatus,
};

use crate::delivery::{defer, listener, ready, set_status};
use crate::delivery_log::{answer, deliver, ids, listed, page, tell_many, the_one};
use crate::support::{World, contract};
use crate::webhook::register;

fn head(world: &World) -> Sequence {
    world.read(|uow| uow.log().ends()).unwrap().head
}

/// Trims to the end, step by step.
fn trim(world: &World, up_to: Sequence, max: usize) -> usize {
    let (mut from, mut trimmed) = (None, 0);
    loop {
        let step: Swept = world.write(move |uow| uow.delivery_log().trim(from, up_to, max)).unwrap();
        assert!(step.deliveries <= max);
        trimmed += step.deliveries;
        from = step.next;
        if from.is_none() {
            return trimmed;
        }
    }
}

/// Gives up what waits from before then, step by step.
fn expire(world: &World, before: Timestamp, max: usize) -> usize {
    let (mut from, mut expired) = (None, 0);
    loop {
        let step = world.write(move |uow| uow.delivery_log().expire(from, before, max)).unwrap();
        assert!(step.deliveries <= max);
        expired += step.deliveries;
        from = step.next;
        if from.is_none() {
            return expired;
        }
    }
}

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

    fn what_waits_for_an_endpoint_that_is_off_is_given_up_before_it_is_forgotten_and_says_so(world) {
        let (kai, its) = listener(world, "Kai");
        tell_many(world, kai, 1);
        deliver(world);
        let waiting = tell_many(world, kai, 5);
        world.clock.advance(TimeDelta::seconds(1));
        let before = world.now();
        set_status(world, kai, its, WebhookStatus::Active);
        let young = tell_many(world, kai, 1)[0];
        for event in waiting.iter().chain([&young]) {
            let ready = ready(world).into_iter().find(|ready| ready.event_id == *event);
            defer(world, &ready.unwrap(), DeferredUntil::ItsTurn);
        }
        assert_eq!(expire(world, before, 2), 0);
        set_status(world, kai, its, WebhookStatus::Disabled);
        assert_eq!(expire(world, before, 2), 5);
        let told = |event| { let it = the_one(world, its, event); (it.status, it.failure) };
        for event in waiting {
            assert_eq!(told(event), (DeliveryStatus::Failed, Some("expired".to_owned())));
        }
        assert_eq!(told(young).0, DeliveryStatus::Pending);
        assert_eq!(expire(world, before, 2), 0);
    }

    fn step_by_step_every_endpoint_is_reached(world) {
        for number in 0..51 {
            let agent = world.register(&format!("Agent {number}"));
            register(world, agent, "https://a.example/", &["pinch"]);
        }
        world.clock.advance(TimeDelta::seconds(1));
        let (zoe, hers) = listener(world, "Zoe");
        tell_many(world, zoe, KEPT_SUCCESSES + 1);
        deliver(world);
        assert_eq!(trim(world, head(world), 1_000), 1);
        tell_many(world, zoe, 1);
        defer(world, &ready(world)[0], DeferredUntil::ItsTurn);
        set_status(world, zoe, hers, WebhookStatus::Disabled);
        world.clock.advance(TimeDelta::seconds(1));
        assert_eq!(expire(world, world.now(), 1_000), 1);
    }
}
