//! Which deliveries are due, and all that trying them takes.

use std::collections::HashMap;

use clankdin_domain::context::Timestamp;
use clankdin_domain::event::Event;
use clankdin_domain::id::WebhookId;
use clankdin_domain::store::StoreResult;
use clankdin_domain::webhook::{Claimed, WebhookSecrets, WebhookStatus, WebhookUrl};
use diesel::dsl::exists;
use diesel::prelude::*;

use super::super::super::dialect::{Id, Time, unheld};
use super::super::super::schema::{deliveries, outbox, webhooks};
use super::super::outbox::{EVENT, EventRow, event};
use super::super::webhook::SealedSecrets;
use super::super::{DieselStore, limit_of};
use super::is_pending;
use crate::error::store_error;

/// How many due deliveries are looked at for each one wanted, before those of one endpoint are cut.
const LOOK_AHEAD: usize = 4;

/// A delivery that may be claimed.
#[derive(Queryable)]
struct Due {
    webhook_id: Id,
    event_id: Id,
    attempts: i64,
}

/// What a claim needs of an endpoint.
struct Endpoint {
    url: WebhookUrl,
    secrets: WebhookSecrets,
    failing_since: Option<Timestamp>,
}

impl DieselStore<'_> {
    pub(super) fn claim_due(
        &mut self,
        now: Timestamp,
        leased_until: Timestamp,
        max: usize,
        per_endpoint: usize,
        saturated: &[WebhookId],
    ) -> StoreResult<Vec<Claimed>> {
        let due = self.due(now, max.saturating_mul(LOOK_AHEAD), saturated)?;
        let mut share = HashMap::<Id, usize>::new();
        let picked = due.into_iter().filter(|due| {
            let taken = share.entry(due.webhook_id).or_default();
            *taken += 1;
            *taken <= per_endpoint
        });
        let picked: Vec<Due> = picked.take(max).collect();
        for due in &picked {
            diesel::update(deliveries::table.find((due.webhook_id, due.event_id)))
                .set(deliveries::next_attempt_at.eq(Time(leased_until)))
                .execute(self.connection)
                .map_err(store_error)?;
        }
        let endpoints = self.endpoints(&picked)?;
        let events = self.events(&picked)?;
        let claimed = picked.into_iter().filter_map(|due| {
            let endpoint = endpoints.get(&due.webhook_id)?;
            Some(Claimed {
                webhook_id: due.webhook_id.0.into(),
                url: endpoint.url.clone(),
                secrets: endpoint.secrets.clone(),
                event: events.get(&due.event_id)?.clone(),
                attempts: u32::try_from(due.attempts).unwrap_or(u32::MAX),
                failing_since: endpoint.failing_since,
                leased_until,
            })
        });
        Ok(claimed.collect())
    }

    fn due(&mut self, now: Timestamp, max: usize, saturated: &[WebhookId]) -> StoreResult<Vec<Due>> {
        let saturated = saturated.iter().map(|id| Id(id.uuid()));
        let active = webhooks::table
            .find(deliveries::webhook_id)
            .filter(webhooks::status.eq(WebhookStatus::Active.name()));
        let due = deliveries::table
            .filter(is_pending().and(deliveries::next_attempt_at.le(Time(now))))
            .filter(exists(active))
            .filter(deliveries::webhook_id.ne_all(saturated.collect::<Vec<_>>()))
            .order(deliveries::next_attempt_at)
            .limit(limit_of(max))
            .select((deliveries::webhook_id, deliveries::event_id, deliveries::attempts));
        // Another dispatcher takes what it holds.
        unheld!(due).load(self.connection).map_err(store_error)
    }

    /// The endpoints of what was picked. One whose secrets don't open is passed over, so that it stops
    /// no other: what is leased for it comes round again when the lease ends.
    fn endpoints(&mut self, picked: &[Due]) -> StoreResult<HashMap<Id, Endpoint>> {
        let rows: Vec<(Id, String, Option<Time>, SealedSecrets)> = webhooks::table
            .filter(webhooks::id.eq_any(distinct(picked.iter().map(|due| due.webhook_id))))
            .select((webhooks::id, webhooks::url, webhooks::failing_since, SealedSecrets::as_select()))
            .load(self.connection)
            .map_err(store_error)?;
        let endpoints = rows.into_iter().filter_map(|(id, url, failing_since, sealed)| {
            let secrets = sealed
                .unseal(self.master_key, id.0)
                .inspect_err(|error| tracing::error!(%error, webhook = %id.0, "an endpoint is passed over"));
            let failing_since = failing_since.map(|at| at.0);
            Some((id, Endpoint { url: WebhookUrl::from_stored(url), secrets: secrets.ok()?, failing_since }))
        });
        Ok(endpoints.collect())
    }

    /// The events of what was picked, but those that no version could have written.
    fn events(&mut self, picked: &[Due]) -> StoreResult<HashMap<Id, Event>> {
        let rows: Vec<EventRow> = outbox::table
            .filter(outbox::id.eq_any(distinct(picked.iter().map(|due| due.event_id))))
            .select(EVENT)
            .load(self.connection)
            .map_err(store_error)?;
        let events = rows.into_iter().filter_map(|row| {
            let id = row.0;
            let event = event(row).inspect_err(|error| tracing::error!(%error, "an event is passed over"));
            Some((id, event.ok()?))
        });
        Ok(events.collect())
    }
}

fn distinct(ids: impl Iterator<Item = Id>) -> Vec<Id> {
    let mut ids: Vec<Id> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}
