//! The names of deliveries, each made of its event's and its endpoint's.
//!
//! Architecture invariant: a delivery's id stands in no row. Who knows the endpoint finds the event by it.

use uuid::Uuid;

use crate::id::{DeliveryId, EventId, WebhookId};

/// The bits of a `UUIDv7` that are neither time nor version nor variant (RFC 9562, section 5.7).
const RANDOM_BITS: u128 = 0x0fff_3fff_ffff_ffff_ffff;

/// The id of an event's delivery to an endpoint: the event's, with the random bits of the endpoint's laid
/// over its own. It is a `UUIDv7` of the event's time.
///
/// ```
/// use clankdin_domain::id::{EventId, WebhookId};
/// use clankdin_domain::webhook::{delivery_id, event_of};
///
/// let event: EventId = "0197f3d2-0000-7000-8000-000000000005".parse()?;
/// let webhook: WebhookId = "0197ffff-ffff-7abc-8000-000000000003".parse()?;
/// let id = delivery_id(event, webhook);
/// assert_eq!(id.to_string(), "0197f3d2-0000-7abc-8000-000000000006");
/// assert_eq!(event_of(id, webhook), event);
/// # Ok::<(), clankdin_domain::id::MalformedId>(())
/// ```
pub fn delivery_id(event: EventId, webhook: WebhookId) -> DeliveryId {
    overlaid(event.uuid(), webhook).into()
}

/// The event whose delivery to that endpoint has this id, if there is one.
pub fn event_of(delivery: DeliveryId, webhook: WebhookId) -> EventId {
    overlaid(delivery.uuid(), webhook).into()
}

fn overlaid(id: Uuid, webhook: WebhookId) -> Uuid {
    Uuid::from_u128(id.as_u128() ^ (webhook.uuid().as_u128() & RANDOM_BITS))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn uuid_v7() -> impl Strategy<Value = Uuid> {
        (0..1_u64 << 48, any::<[u8; 10]>()).prop_map(|(millis, random)| {
            uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
        })
    }

    proptest! {
        #[test]
        fn the_event_is_found_again_by_the_endpoint(event in uuid_v7(), webhook in uuid_v7()) {
            let (event, webhook) = (EventId::from(event), WebhookId::from(webhook));
            prop_assert_eq!(event_of(delivery_id(event, webhook), webhook), event);
        }

        #[test]
        fn it_is_a_uuid_v7_of_the_events_time(event in uuid_v7(), webhook in uuid_v7()) {
            let id = delivery_id(event.into(), webhook.into()).uuid();
            prop_assert_eq!((id.get_version_num(), id.get_variant()), (7, uuid::Variant::RFC4122));
            prop_assert_eq!(id.as_u128() >> 80, event.as_u128() >> 80);
        }

        #[test]
        fn no_two_deliveries_of_an_event_and_none_two_to_an_endpoint_share_one(
            event in uuid_v7(), webhook in uuid_v7(), other in uuid_v7(),
        ) {
            prop_assume!((webhook.as_u128() ^ other.as_u128()) & RANDOM_BITS != 0 && event != other);
            let id = delivery_id(event.into(), webhook.into());
            prop_assert_ne!(id, delivery_id(event.into(), other.into()));
            prop_assert_ne!(id, delivery_id(other.into(), webhook.into()));
        }
    }
}
