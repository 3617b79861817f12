use futures_util::FutureExt as _;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;

fn endpoint(number: u8) -> WebhookId {
    Uuid::from_u128(number.into()).into()
}

#[test]
fn an_endpoint_is_full_while_all_its_slots_are_taken() {
    let slots = Slots::new(2, 100);
    slots.take(endpoint(1));
    slots.take(endpoint(2));
    assert!(slots.taken().full().is_empty());
    slots.take(endpoint(1));
    assert_eq!(slots.taken().full(), [endpoint(1)]);
    slots.free(endpoint(1));
    assert!(slots.taken().full().is_empty());
}

#[test]
fn room_is_made_by_recording_alone() {
    let slots = Slots::new(1, 2);
    slots.take(endpoint(1));
    slots.take(endpoint(2));
    slots.free(endpoint(1));
    slots.free(endpoint(2));
    assert_eq!((slots.taken().room(), slots.freed().now_or_never()), (0, None));
    slots.release(2);
    assert_eq!((slots.taken().room(), slots.freed().now_or_never()), (2, Some(())));
}

#[test]
fn what_is_reckoned_takes_no_slot() {
    let slots = Slots::new(1, 2);
    let mut reckoned = slots.taken();
    reckoned.take(endpoint(1));
    assert_eq!((reckoned.room(), reckoned.full()), (1, vec![endpoint(1)]));
    assert_eq!((slots.taken().room(), slots.taken().full()), (2, vec![]));
}

proptest! {
    #[test]
    fn every_slot_that_is_taken_is_counted_until_it_is_free(
        steps in prop::collection::vec((0u8..4, any::<bool>()), 0..200)
    ) {
        let slots = Slots::new(2, 1_000);
        let (mut under_way, mut taken) = ([0usize; 4], 0);
        for (to, ends) in steps {
            let lane = &mut under_way[usize::from(to)];
            if ends && *lane > 0 {
                *lane -= 1;
                slots.free(endpoint(to));
            } else if !slots.taken().full().contains(&endpoint(to)) {
                *lane += 1;
                taken += 1;
                slots.take(endpoint(to));
            }
            prop_assert!(*lane <= 2);
            prop_assert_eq!(slots.taken().full().contains(&endpoint(to)), *lane == 2);
        }
        prop_assert_eq!(slots.taken().room(), 1_000 - taken);
        let busy = under_way.iter().filter(|lane| **lane > 0).count();
        prop_assert_eq!(slots.taken().under_way.len(), busy);
    }
}
