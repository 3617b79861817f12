use clankdin_domain::context::Timestamp;
use clankdin_domain::event::{Audience, Event, EventKind};
use clankdin_domain::secret::WebhookSecret;
use clankdin_domain::webhook::{WebhookSecrets, WebhookUrl};
use futures_util::FutureExt as _;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;

fn endpoint(number: u8) -> WebhookId {
    Uuid::from_u128(number.into()).into()
}

fn delivery(to: u8, event: u8) -> Claimed {
    let secret = WebhookSecret::parse(&format!("whsec_{}", "QUJD".repeat(11))).unwrap();
    Claimed {
        webhook_id: endpoint(to),
        url: WebhookUrl::from_stored("https://a.example/".to_owned()),
        secrets: WebhookSecrets::new(secret),
        event: Event {
            id: Uuid::from_u128(event.into()).into(),
            kind: EventKind::KeyRevoked,
            audience: Audience::Everyone,
            actor: None,
            data: "{}".to_owned(),
            occurred_at: Timestamp::UNIX_EPOCH,
        },
        attempts: 0,
        failing_since: None,
        leased_until: Timestamp::UNIX_EPOCH,
    }
}

fn number(claimed: Option<Claimed>) -> Option<u128> {
    claimed.map(|claimed| claimed.event.id.uuid().as_u128())
}

#[test]
fn what_exceeds_an_endpoints_slots_waits_its_turn() {
    let slots = Slots::new(2, 100);
    assert_eq!(number(slots.admit(delivery(1, 1))), Some(1));
    assert!(slots.saturated().is_empty());
    assert_eq!(number(slots.admit(delivery(1, 2))), Some(2));
    assert_eq!(number(slots.admit(delivery(1, 3))), None);
    assert_eq!(number(slots.admit(delivery(2, 4))), Some(4));
    assert_eq!(slots.saturated(), [endpoint(1)]);

    assert_eq!(number(slots.next(endpoint(1))), Some(3));
    assert_eq!(slots.saturated(), [endpoint(1)]);
    assert_eq!(number(slots.next(endpoint(1))), None);
    assert!(slots.saturated().is_empty());
    assert_eq!(number(slots.admit(delivery(1, 5))), Some(5));
}

#[test]
fn room_is_made_by_recording_alone() {
    let slots = Slots::new(1, 2);
    slots.admit(delivery(1, 1));
    slots.admit(delivery(1, 2));
    assert_eq!(slots.room(), 0);
    slots.next(endpoint(1));
    slots.next(endpoint(1));
    assert_eq!((slots.room(), slots.freed().now_or_never()), (0, None));
    slots.release(2);
    assert_eq!((slots.room(), slots.freed().now_or_never()), (2, Some(())));
}

#[test]
fn what_waits_can_be_given_up() {
    let slots = Slots::new(1, 100);
    for event in 1..=3 {
        slots.admit(delivery(1, event));
    }
    assert_eq!(slots.give_up_waiting().len(), 2);
    assert_eq!(number(slots.next(endpoint(1))), None);
}

proptest! {
    #[test]
    fn no_endpoint_has_more_than_its_slots_and_nothing_is_forgotten(
        steps in prop::collection::vec((0u8..4, any::<bool>()), 0..200)
    ) {
        let slots = Slots::new(2, 1_000);
        let (mut under_way, mut begun, mut admitted) = ([0usize; 4], 0, 0);
        for (to, ends) in steps {
            let lane = &mut under_way[usize::from(to)];
            let started = if ends && *lane > 0 {
                *lane -= 1;
                slots.next(endpoint(to))
            } else {
                admitted += 1;
                slots.admit(delivery(to, 0))
            };
            *lane += usize::from(started.is_some());
            begun += usize::from(started.is_some());
            prop_assert!(*lane <= 2);
        }
        prop_assert_eq!(begun + slots.give_up_waiting().len(), admitted);
        prop_assert_eq!(slots.room(), 1_000 - admitted);
    }
}
