//! All that a try takes: where it goes, what signs it, and what it tells, as they stand when its turn has come.

use std::collections::HashMap;

use clankdin_domain::event::{Event, EventKind};
use clankdin_domain::id::{EventId, WebhookId};
use clankdin_domain::store::StoreResult;
use clankdin_domain::webhook::{Endpoint, Missing, WebhookStatus, WebhookUrl};
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use uuid::Uuid;

use super::super::super::dialect::{Id, Time};
use super::super::super::schema::{outbox, webhooks};
use super::super::DieselStore;
use super::super::outbox::{BLANK, EVENT, EventRow, event};
use super::super::webhook::SealedSecrets;
use crate::error::store_error;

impl DieselStore<'_> {
    pub(super) fn prepare_endpoints(
        &mut self,
        ids: &[WebhookId],
    ) -> StoreResult<Vec<Result<Endpoint, Missing>>> {
        let rows: Vec<(Id, String, String, Option<Time>, SealedSecrets)> = webhooks::table
            .filter(webhooks::id.eq_any(distinct(ids.iter().map(|id| id.uuid()))))
            .select((
                webhooks::id,
                webhooks::url,
                webhooks::status,
                webhooks::failing_since,
                SealedSecrets::as_select(),
            ))
            .load(self.connection)
            .map_err(store_error)?;
        let found: HashMap<Uuid, Result<Endpoint, Missing>> = rows
            .into_iter()
            .map(|(id, url, status, failing_since, sealed)| {
                let endpoint = if status == WebhookStatus::Active.name() {
                    self.endpoint(id.0, url, failing_since, &sealed)
                } else {
                    Err(Missing::Disabled)
                };
                (id.0, endpoint)
            })
            .collect();
        Ok(ids.iter().map(|id| found.get(&id.uuid()).cloned().unwrap_or(Err(Missing::Gone))).collect())
    }

    fn endpoint(
        &self,
        id: Uuid,
        url: String,
        failing_since: Option<Time>,
        sealed: &SealedSecrets,
    ) -> Result<Endpoint, Missing> {
        let secrets = sealed.unseal(self.master_key, id).map_err(|error| {
            tracing::error!(%error, webhook = %id, "an endpoint is passed over");
            Missing::Unreadable
        })?;
        let failing_since = failing_since.map(|at| at.0);
        Ok(Endpoint { url: WebhookUrl::from_stored(url), secrets, failing_since })
    }

    pub(super) fn prepare_events(&mut self, ids: &[EventId]) -> StoreResult<Vec<Result<Event, Missing>>> {
        let rows: Vec<EventRow> = outbox::table
            .filter(outbox::id.eq_any(distinct(ids.iter().map(|id| id.uuid()))))
            .filter(planned_each_time())
            .select(EVENT)
            .load(self.connection)
            .map_err(store_error)?;
        let found: HashMap<Uuid, Result<Event, Missing>> =
            rows.into_iter().map(|row| (row.0.0, readable(row))).collect();
        Ok(ids.iter().map(|id| found.get(&id.uuid()).cloned().unwrap_or(Err(Missing::Gone))).collect())
    }
}

/// A condition that always holds, and keeps a statement from being prepared once for all times: a plan that was made
/// while the log was short would walk all of it.
fn planned_each_time() -> SqlLiteral<Bool> {
    sql("TRUE")
}

fn readable(row: EventRow) -> Result<Event, Missing> {
    let event = event(row).map_err(|error| {
        tracing::error!(%error, "an event is passed over");
        Missing::Unreadable
    })?;
    if event.data == BLANK && event.kind != EventKind::KeyRevoked { Err(Missing::Gone) } else { Ok(event) }
}

fn distinct(ids: impl Iterator<Item = Uuid>) -> Vec<Id> {
    let mut ids: Vec<Id> = ids.map(Id).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}
