//! Of what endpoints took, the last hundred are kept, and everything else.

use clankdin_domain::event::Sequence;
use clankdin_domain::page::{PageRequest, Position};
use clankdin_domain::webhook::{DeliveryStatus, KEPT_SUCCESSES, NextStep, Trimmed};

use crate::delivery::listener;
use crate::delivery_log::{answer, deliver, ids, listed, page, tell_many, the_one};
use crate::support::{World, contract};

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
