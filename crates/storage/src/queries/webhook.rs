//! Webhooks: where they are, what they hear of, and their secrets, which stand here sealed alone.

use clankdin_domain::context::Timestamp;
use clankdin_domain::id::{AgentId, WebhookId};
use clankdin_domain::secret::WebhookSecret;
use clankdin_domain::store::{StoreError, StoreResult};
use clankdin_domain::webhook::{
    DeliveryStatus, Subscription, Webhook, WebhookRepository, WebhookSecrets, WebhookStatus, WebhookUrl,
};
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use uuid::Uuid;

use super::super::dialect::{Connection, Id, Time, held, spell_bytes, spell_time};
use super::super::schema::{deliveries, webhook_events, webhooks};
use super::{DieselStore, limit_of};
use crate::error::{corrupt, store_error};
use crate::seal::{MasterKey, NoRandomness, Purpose, UnsealError};

/// When what waits for a disabled endpoint is due: never. Between those that are due it would be walked over each time
/// that they are read.
pub(super) const PARKED: Time = Time(match Timestamp::from_timestamp(253_402_300_799, 0) {
    Some(end_of_9999) => end_of_9999,
    None => Timestamp::MAX_UTC,
});

/// When what waits for its turn in an endpoint's line is due: when the dispatcher says so.
pub(super) const IN_LINE: Time = Time(match Timestamp::from_timestamp(253_402_214_400, 0) {
    Some(last_day_of_9999) => last_day_of_9999,
    None => Timestamp::MAX_UTC,
});

/// When a delivery is tried next, where that is known: what is done is not tried again, and what waits for its turn
/// or for its endpoint has no time.
pub(super) fn next_try(status: &str, next_attempt_at: Time) -> Option<Timestamp> {
    (status == DeliveryStatus::Pending.name() && next_attempt_at < IN_LINE).then_some(next_attempt_at.0)
}

impl WebhookRepository for DieselStore<'_> {
    fn insert(&mut self, webhook: &Webhook, secrets: &WebhookSecrets) -> StoreResult<()> {
        let id = Id(webhook.id.uuid());
        let sealed = SealedSecrets::seal(self.master_key, id.0, secrets)?;
        diesel::insert_into(webhooks::table)
            .values((
                webhooks::id.eq(id),
                webhooks::agent_id.eq(Id(webhook.agent.uuid())),
                webhooks::url.eq(webhook.url.as_str()),
                webhooks::status.eq(webhook.status.name()),
                webhooks::failing_since.eq(webhook.failing_since.map(Time)),
                sealed,
                webhooks::created_at.eq(Time(webhook.created_at)),
            ))
            .execute(self.connection)
            .map_err(store_error)?;
        subscribe(self.connection, id, &webhook.events)
    }

    fn by_id(&mut self, id: WebhookId) -> StoreResult<Option<Webhook>> {
        let row = webhooks::table.find(Id(id.uuid())).select(ROW).first::<Row>(self.connection);
        let Some(row) = row.optional().map_err(store_error)? else { return Ok(None) };
        let names: Vec<String> = webhook_events::table
            .filter(webhook_events::webhook_id.eq(Id(id.uuid())))
            .select(webhook_events::event)
            .load(self.connection)
            .map_err(store_error)?;
        row.webhook(names.iter().map(String::as_str)).map(Some)
    }

    fn lock(&mut self, id: WebhookId) -> StoreResult<bool> {
        let held = held!(webhooks::table.find(Id(id.uuid())).select(webhooks::id))
            .get_result::<Id>(self.connection)
            .optional()
            .map_err(store_error)?;
        Ok(held.is_some())
    }

    fn of_agent(&mut self, agent: AgentId) -> StoreResult<Vec<Webhook>> {
        let its = webhooks::agent_id.eq(Id(agent.uuid()));
        let rows: Vec<Row> = webhooks::table
            .filter(its)
            .order(webhooks::id)
            .select(ROW)
            .load(self.connection)
            .map_err(store_error)?;
        let names: Vec<(Id, String)> = webhook_events::table
            .filter(webhook_events::webhook_id.eq_any(webhooks::table.filter(its).select(webhooks::id)))
            .select((webhook_events::webhook_id, webhook_events::event))
            .load(self.connection)
            .map_err(store_error)?;
        rows.into_iter()
            .map(|row| {
                let id = row.0;
                row.webhook(names.iter().filter(|(of, _)| *of == id).map(|(_, name)| name.as_str()))
            })
            .collect()
    }

    fn update(&mut self, webhook: &Webhook) -> StoreResult<()> {
        let id = Id(webhook.id.uuid());
        let before: String =
            webhooks::table.find(id).select(webhooks::status).first(self.connection).map_err(store_error)?;
        diesel::update(webhooks::table.find(id))
            .set((
                webhooks::url.eq(webhook.url.as_str()),
                webhooks::status.eq(webhook.status.name()),
                webhooks::failing_since.eq(webhook.failing_since.map(Time)),
            ))
            .execute(self.connection)
            .map_err(store_error)?;
        diesel::delete(webhook_events::table.filter(webhook_events::webhook_id.eq(id)))
            .execute(self.connection)
            .map_err(store_error)?;
        subscribe(self.connection, id, &webhook.events)?;
        match webhook.status {
            WebhookStatus::Disabled => park(self.connection, id),
            WebhookStatus::Active if before == webhook.status.name() => Ok(()),
            WebhookStatus::Active => unpark(self.connection, id, webhook.created_at),
        }
    }

    fn secrets(&mut self, id: WebhookId) -> StoreResult<Option<WebhookSecrets>> {
        let sealed = webhooks::table
            .find(Id(id.uuid()))
            .select(SealedSecrets::as_select())
            .first(self.connection)
            .optional()
            .map_err(store_error)?;
        sealed.map(|sealed| sealed.unseal(self.master_key, id.uuid())).transpose()
    }

    fn set_secrets(&mut self, id: WebhookId, secrets: &WebhookSecrets) -> StoreResult<()> {
        let sealed = SealedSecrets::seal(self.master_key, id.uuid(), secrets)?;
        diesel::update(webhooks::table.find(Id(id.uuid())))
            .set(sealed)
            .execute(self.connection)
            .map_err(store_error)?;
        Ok(())
    }

    fn reseal(&mut self, max: usize) -> StoreResult<usize> {
        let rows: Vec<(Id, SealedSecrets)> = held!(
            webhooks::table
                .filter(sealed_by_another(self.master_key))
                .order(webhooks::id)
                .limit(limit_of(max))
                .select((webhooks::id, SealedSecrets::as_select()))
        )
        .load(self.connection)
        .map_err(store_error)?;
        let mut resealed = 0;
        for (id, sealed) in rows {
            let Ok(secrets) = sealed.unseal(self.master_key, id.0) else { continue };
            self.set_secrets(id.0.into(), &secrets)?;
            resealed += 1;
        }
        Ok(resealed)
    }

    fn delete(&mut self, id: WebhookId) -> StoreResult<bool> {
        let id = Id(id.uuid());
        // First itself: whoever records deliveries to it holds it, and is waited for.
        let gone = diesel::delete(webhooks::table.find(id)).execute(self.connection).map_err(store_error)?;
        diesel::delete(deliveries::table.filter(deliveries::webhook_id.eq(id)))
            .execute(self.connection)
            .map_err(store_error)?;
        Ok(gone > 0)
    }
}

const ROW: (
    webhooks::id,
    webhooks::agent_id,
    webhooks::url,
    webhooks::status,
    webhooks::failing_since,
    webhooks::created_at,
) = (
    webhooks::id,
    webhooks::agent_id,
    webhooks::url,
    webhooks::status,
    webhooks::failing_since,
    webhooks::created_at,
);

/// [`ROW`] as a query answers it.
#[derive(Queryable)]
struct Row(Id, Id, String, String, Option<Time>, Time);

impl Row {
    fn webhook<'a>(self, names: impl Iterator<Item = &'a str>) -> StoreResult<Webhook> {
        let Self(id, agent, url, status, failing_since, created_at) = self;
        let events = Subscription::parse(names).map_err(|_| corrupt("webhook_events", "event", id.0))?;
        let status = WebhookStatus::named(&status).ok_or_else(|| corrupt("webhooks", "status", id.0))?;
        Ok(Webhook {
            id: id.0.into(),
            agent: agent.0.into(),
            url: WebhookUrl::from_stored(url),
            events,
            status,
            failing_since: failing_since.map(|at| at.0),
            created_at: created_at.0,
        })
    }
}

/// An endpoint's secrets as its row holds them.
#[derive(Insertable, AsChangeset, Queryable, Selectable)]
#[diesel(table_name = webhooks, treat_none_as_null = true)]
pub(super) struct SealedSecrets {
    sealed_secret: Vec<u8>,
    sealed_previous_secret: Option<Vec<u8>>,
    previous_valid_until: Option<Time>,
}

impl SealedSecrets {
    fn seal(key: &MasterKey, id: Uuid, secrets: &WebhookSecrets) -> StoreResult<Self> {
        let failed = |error: NoRandomness| StoreError::Unavailable(error.to_string());
        let seal = |purpose, secret: &WebhookSecret| {
            key.seal(id, purpose, secret.expose().as_bytes()).map_err(failed)
        };
        let previous = secrets.previous.as_ref();
        Ok(Self {
            sealed_secret: seal(Purpose::WebhookSecret, &secrets.current)?,
            sealed_previous_secret: previous
                .map(|(secret, _)| seal(Purpose::PreviousWebhookSecret, secret))
                .transpose()?,
            previous_valid_until: previous.map(|(_, until)| Time(*until)),
        })
    }

    /// # Errors
    ///
    /// [`StoreError::Internal`] where another master key sealed them, else [`StoreError::Corrupt`].
    pub(super) fn unseal(&self, key: &MasterKey, id: Uuid) -> StoreResult<WebhookSecrets> {
        let open = |purpose, column, sealed: &[u8]| {
            let plain = key.unseal(id, purpose, sealed).map_err(|error| match error {
                UnsealError::OtherKey { .. } => {
                    StoreError::Internal(format!("webhooks.{column} of row {id}: {error}"))
                }
                UnsealError::Altered => corrupt("webhooks", column, id),
            })?;
            let secret = std::str::from_utf8(&plain).ok().and_then(WebhookSecret::parse);
            secret.ok_or_else(|| corrupt("webhooks", column, id))
        };
        let current = open(Purpose::WebhookSecret, "sealed_secret", &self.sealed_secret)?;
        let previous = match (&self.sealed_previous_secret, self.previous_valid_until) {
            (Some(sealed), Some(until)) => {
                Some((open(Purpose::PreviousWebhookSecret, "sealed_previous_secret", sealed)?, until.0))
            }
            _ => None,
        };
        Ok(WebhookSecrets { current, previous })
    }
}

/// Whether one of an endpoint's secrets was sealed by another master key than the present one.
fn sealed_by_another(key: &MasterKey) -> SqlLiteral<Bool> {
    let (after, id) = key.named_in_sealed();
    let named = |column| format!("substr(webhooks.{column}, {}, {})", after + 1, id.len());
    let (current, previous, id) = (named("sealed_secret"), named("sealed_previous_secret"), spell_bytes(&id));
    sql(&format!("({current} <> {id} OR coalesce({previous}, {id}) <> {id})"))
}

fn subscribe(connection: &mut Connection, id: Id, events: &Subscription) -> StoreResult<()> {
    let rows = events
        .names()
        .into_iter()
        .map(|name| (webhook_events::event.eq(name), webhook_events::webhook_id.eq(id)));
    diesel::insert_into(webhook_events::table)
        .values(rows.collect::<Vec<_>>())
        .execute(connection)
        .map_err(store_error)?;
    Ok(())
}

/// Spelled out, not bound: an index of some rows alone is used only where the statement says so in so many words.
pub(super) fn is_undelivered() -> SqlLiteral<Bool> {
    sql("deliveries.status <> 'delivered'")
}

/// As [`is_undelivered`], of what stands in its endpoint's line.
pub(super) fn is_in_line() -> SqlLiteral<Bool> {
    is_pending_at("=", IN_LINE)
}

/// As [`is_undelivered`], of what has a time of its own to be tried at.
pub(super) fn has_its_time() -> SqlLiteral<Bool> {
    is_pending_at("<", IN_LINE)
}

/// As [`is_undelivered`], of what is due. Beside another bound on the time, `SQLite` could take that one for its walk, which
/// then goes through all that is due later.
pub(super) fn is_due(now: Timestamp) -> SqlLiteral<Bool> {
    is_pending_at("<=", Time(now))
}

/// As [`is_undelivered`], of what is kept out of the way.
fn is_parked() -> SqlLiteral<Bool> {
    is_pending_at("=", PARKED)
}

fn is_pending_at(compared: &str, time: Time) -> SqlLiteral<Bool> {
    let time = spell_time(time.0);
    sql(&format!("(deliveries.status = 'pending' AND deliveries.next_attempt_at {compared} {time})"))
}

/// Keeps what waits for an endpoint out of the way until it is switched on again. What stands in its line is out of the
/// way already, however much that is.
pub(super) fn park(connection: &mut Connection, id: Id) -> StoreResult<()> {
    diesel::update(deliveries::table.filter(deliveries::webhook_id.eq(id).and(has_its_time())))
        .set(deliveries::next_attempt_at.eq(PARKED))
        .execute(connection)
        .map_err(store_error)?;
    Ok(())
}

/// Makes what was parked due at once, and the first in line, upon which the others follow: any time gone by says so.
fn unpark(connection: &mut Connection, id: Id, past: Timestamp) -> StoreResult<()> {
    let its = deliveries::webhook_id.eq(id);
    diesel::update(deliveries::table.filter(its.and(is_parked())))
        .set(deliveries::next_attempt_at.eq(Time(past)))
        .execute(connection)
        .map_err(store_error)?;
    let first: Option<Id> = deliveries::table
        .filter(its.and(is_in_line()))
        .order(deliveries::event_id)
        .select(deliveries::event_id)
        .first(connection)
        .optional()
        .map_err(store_error)?;
    if let Some(first) = first {
        diesel::update(deliveries::table.find((id, first)))
            .set(deliveries::next_attempt_at.eq(Time(past)))
            .execute(connection)
            .map_err(store_error)?;
    }
    Ok(())
}

/// A sealed secret of any webhook and the row that it is bound to, to try a master key on.
pub(crate) fn a_sealed_secret(connection: &mut Connection) -> QueryResult<Option<(Uuid, Vec<u8>)>> {
    let sealed = webhooks::table
        .select((webhooks::id, webhooks::sealed_secret))
        .first::<(Id, Vec<u8>)>(connection)
        .optional()?;
    Ok(sealed.map(|(id, secret)| (id.0, secret)))
}
