//! What `PostgreSQL` says in its own way: its connection, how ids and times stand in it, and how rows
//! are held while others write beside.

use std::time::Duration;

use clankdin_domain::context::Timestamp;
use clankdin_domain::store::{StoreError, StoreResult};
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::data_types::PgTimestamp;
use diesel::pg::{Pg, PgConnection, PgValue};
use diesel::prelude::*;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{BigInt, Nullable, Timestamptz};
use uuid::Uuid;

use crate::error::store_error;
use crate::seal::hex;

/// The connection that queries run on.
pub(crate) type Connection = PgConnection;

/// The SQL type of ids.
pub(crate) type SqlId = diesel::sql_types::Uuid;

/// The SQL type of times.
pub(crate) type SqlTime = Timestamptz;

/// Microseconds from 1970 to 2000, from where `PostgreSQL` counts.
const EPOCH_MICROS: i64 = 946_684_800_000_000;

/// An id as a row holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, AsExpression, FromSqlRow)]
#[diesel(sql_type = diesel::sql_types::Uuid)]
pub(crate) struct Id(pub(crate) Uuid);

impl ToSql<diesel::sql_types::Uuid, Pg> for Id {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        std::io::Write::write_all(out, self.0.as_bytes())?;
        Ok(IsNull::No)
    }
}

impl FromSql<diesel::sql_types::Uuid, Pg> for Id {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(Uuid::from_slice(value.as_bytes())?))
    }
}

/// A time as a row holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, AsExpression, FromSqlRow)]
#[diesel(sql_type = Timestamptz)]
pub(crate) struct Time(pub(crate) Timestamp);

impl ToSql<Timestamptz, Pg> for Time {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        let since_2000 = PgTimestamp(self.0.timestamp_micros() - EPOCH_MICROS);
        ToSql::<Timestamptz, Pg>::to_sql(&since_2000, &mut out.reborrow())
    }
}

impl FromSql<Timestamptz, Pg> for Time {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let PgTimestamp(since_2000) = FromSql::<Timestamptz, Pg>::from_sql(value)?;
        let micros = since_2000.checked_add(EPOCH_MICROS);
        let time = micros.and_then(Timestamp::from_timestamp_micros);
        time.map(Self).ok_or_else(|| "a time out of range".into())
    }
}

/// The query with its rows held until the transaction ends: others who would hold or change them wait.
/// Whoever only refers to them does not.
macro_rules! held {
    ($query:expr) => {
        $query.for_no_key_update()
    };
}
pub(crate) use held;

/// Whether an endpoint has no delivery of an event, in a query of both.
macro_rules! untold {
    () => {
        crate::postgres::schema::deliveries::table
            .find((webhooks::id, outbox::id))
            .select(crate::postgres::schema::deliveries::webhook_id)
            .single_value()
            .is_null()
    };
}
pub(crate) use untold;

/// What stands before and behind an entry of JSON to make it the last one of an array, which keeps its last
/// `most` entries.
pub(crate) fn appending(array: &str, most: usize) -> (String, String) {
    let array = format!("{array}::jsonb");
    let kept = format!("CASE WHEN jsonb_array_length({array}) < {most} THEN {array} ELSE {array} - 0 END");
    (format!("(({kept}) || "), "::jsonb)::text".to_owned())
}

/// Holds a word that is about to become some row's own, until the transaction ends: there is no row to
/// hold yet.
pub(crate) fn hold_word(connection: &mut Connection, word: &str) -> StoreResult<()> {
    diesel::sql_query("SELECT pg_advisory_xact_lock($1)")
        .bind::<BigInt, _>(word_key(word))
        .execute(connection)
        .map_err(store_error)?;
    Ok(())
}

/// Two words with one key wait for each other for nothing, and no more.
fn word_key(word: &str) -> i64 {
    let digest = ring::digest::digest(&ring::digest::SHA256, word.as_bytes());
    let first = digest.as_ref().first_chunk::<8>();
    first.map_or(0, |bytes| i64::from_be_bytes(*bytes))
}

/// A column that is not to be looked up, but to look another up by; here the planner knows.
pub(crate) fn unindexed(column: &str) -> &str {
    column
}

/// Bytes as a statement spells them.
pub(crate) fn spell_bytes(bytes: &[u8]) -> String {
    format!("'\\x{}'::bytea", hex(bytes))
}

/// A time as a statement spells it.
pub(crate) fn spell_time(time: Timestamp) -> String {
    format!("'{}'::timestamptz", time.to_rfc3339_opts(chrono::SecondsFormat::Micros, true))
}

#[derive(QueryableByName)]
struct Place {
    #[diesel(sql_type = Nullable<BigInt>)]
    place: Option<i64>,
}

/// Up to which place nothing can be added to the log any more, and whether that is all.
///
/// Whoever takes a place shares a lock first, until its transaction ends, whose key is the least that the place may be
/// (`next_place`, a function in the database). So of the places that were taken before the locks are read, those below
/// all keys are of transactions that have ended.
pub(crate) fn settled(connection: &mut Connection) -> StoreResult<(i64, bool)> {
    let mut ask = |question| {
        let place: Place = diesel::sql_query(question).get_result(connection).map_err(store_error)?;
        Ok::<_, StoreError>(place.place)
    };
    let taken = ask("SELECT last_value - 1 + is_called::INT AS place FROM outbox_places")?.unwrap_or(0);
    let under_way =
        ask("SELECT min(((classid::BIGINT & 65535) << 32) + objid::BIGINT) AS place FROM pg_locks \
         WHERE locktype = 'advisory' AND mode = 'ShareLock' AND objsubid = 1 \
           AND classid::BIGINT >> 16 = 28780 \
           AND database = (SELECT oid FROM pg_database WHERE datname = current_database())")?;
    let settled = under_way.map_or(taken, |first| taken.min(first - 1));
    Ok((settled, settled == taken))
}

/// Leaves the end of the log where it is: others may still append before what was just appended.
#[expect(clippy::unnecessary_wraps, reason = "another back-end has to move it")]
pub(crate) fn move_end_of_log(_: &mut Connection) -> StoreResult<()> {
    Ok(())
}

#[derive(QueryableByName)]
struct Fence {
    #[diesel(sql_type = BigInt)]
    fence: i64,
}

/// Takes the lead for that long, or keeps it; `None` while another has it. By the database's clock, on which all
/// dispatchers agree.
pub(crate) fn take_lead(
    connection: &mut Connection,
    dispatcher: Id,
    length: Duration,
) -> StoreResult<Option<i64>> {
    let taken = diesel::sql_query(
        "UPDATE delivery_leads SET dispatcher = $1, \
         fence = fence + CASE WHEN dispatcher = $1 THEN 0 ELSE 1 END, \
         held_until = clock_timestamp() + make_interval(secs => $2) \
         WHERE id = 1 AND (dispatcher = $1 OR held_until < clock_timestamp()) RETURNING fence",
    )
    .bind::<diesel::sql_types::Uuid, _>(dispatcher)
    .bind::<diesel::sql_types::Double, _>(length.as_secs_f64())
    .get_result::<Fence>(connection)
    .optional()
    .map_err(store_error)?;
    Ok(taken.map(|taken| taken.fence))
}

/// Whether the lead of that fence still stands. Until the transaction ends, nobody takes it.
pub(crate) fn hold_lead(connection: &mut Connection, fence: i64) -> StoreResult<bool> {
    let held = diesel::sql_query("SELECT fence FROM delivery_leads WHERE id = 1 AND fence = $1 FOR SHARE")
        .bind::<BigInt, _>(fence)
        .get_result::<Fence>(connection)
        .optional()
        .map_err(store_error)?;
    Ok(held.is_some())
}

/// Lets another take the lead.
pub(crate) fn lay_lead_down(connection: &mut Connection, fence: i64) -> StoreResult<()> {
    diesel::sql_query(
        "UPDATE delivery_leads SET dispatcher = NULL, held_until = '-infinity' \
         WHERE id = 1 AND fence = $1",
    )
    .bind::<BigInt, _>(fence)
    .execute(connection)
    .map_err(store_error)?;
    Ok(())
}
