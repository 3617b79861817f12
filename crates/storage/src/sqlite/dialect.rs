//! What `SQLite` says in its own way: its connection, and how ids and times stand in it.

use std::time::Duration;

use clankdin_domain::context::Timestamp;
use clankdin_domain::store::StoreResult;
use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::prelude::*;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{BigInt, Binary};
use diesel::sqlite::{Sqlite, SqliteConnection};
use uuid::Uuid;

use super::schema::{log_ends, outbox};
use crate::error::store_error;
use crate::seal::hex;

/// The connection that queries run on.
pub(crate) type Connection = SqliteConnection;

/// The SQL type of ids: 16 bytes.
pub(crate) type SqlId = Binary;

/// The SQL type of times: microseconds since 1970 in UTC.
pub(crate) type SqlTime = BigInt;

/// An id as a row holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, AsExpression, FromSqlRow)]
#[diesel(sql_type = Binary)]
pub(crate) struct Id(pub(crate) Uuid);

impl ToSql<Binary, Sqlite> for Id {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(&self.0.as_bytes()[..]);
        Ok(IsNull::No)
    }
}

impl FromSql<Binary, Sqlite> for Id {
    fn from_sql(mut value: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(Uuid::from_slice(value.read_blob())?))
    }
}

/// A time as a row holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, AsExpression, FromSqlRow)]
#[diesel(sql_type = BigInt)]
pub(crate) struct Time(pub(crate) Timestamp);

impl ToSql<BigInt, Sqlite> for Time {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.timestamp_micros());
        Ok(IsNull::No)
    }
}

impl FromSql<BigInt, Sqlite> for Time {
    fn from_sql(value: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        let micros = <i64 as FromSql<BigInt, Sqlite>>::from_sql(value)?;
        Timestamp::from_timestamp_micros(micros).map(Self).ok_or_else(|| "a time out of range".into())
    }
}

/// The query with its rows held until the transaction ends. One writes at a time: in a writing
/// transaction, all rows are.
macro_rules! held {
    ($query:expr) => {
        $query
    };
}
pub(crate) use held;

/// Whether an endpoint has no delivery of an event, in a query of both. By the index of events, where what is not told yet
/// has no page or one; by the primary key each endpoint's would be read.
macro_rules! untold {
    () => {
        diesel::dsl::sql::<diesel::sql_types::Bool>(
            "(SELECT webhook_id FROM deliveries INDEXED BY deliveries_by_event \
              WHERE event_id = outbox.id AND webhook_id = webhooks.id) IS NULL",
        )
    };
}
pub(crate) use untold;

/// What stands before and behind an entry of JSON to make it the last one of an array, which keeps its last
/// `most` entries.
pub(crate) fn appending(array: &str, most: usize) -> (String, String) {
    let kept = format!(
        "CASE WHEN json_array_length({array}) < {most} THEN {array} ELSE json_remove({array}, '$[0]') END"
    );
    (format!("json_insert({kept}, '$[#]', json("), "))".to_owned())
}

/// Holds a word that is about to become some row's own, until the transaction ends, as all is held.
#[expect(clippy::unnecessary_wraps, reason = "another back-end has to ask its database")]
pub(crate) fn hold_word(_: &mut Connection, _: &str) -> StoreResult<()> {
    Ok(())
}

/// A column that is not to be looked up, but to look another up by: a planner that takes the table of what is written for
/// the longer one would make an index of it, and walk the deliveries.
pub(crate) fn unindexed(column: &str) -> String {
    format!("+{column}")
}

/// Bytes as a statement spells them.
pub(crate) fn spell_bytes(bytes: &[u8]) -> String {
    format!("x'{}'", hex(bytes))
}

/// A time as a statement spells it.
pub(crate) fn spell_time(time: Timestamp) -> String {
    time.timestamp_micros().to_string()
}

/// Moves the end of the log to the event that was just appended: in the order of places is who writes alone.
pub(crate) fn move_end_of_log(connection: &mut Connection) -> StoreResult<()> {
    diesel::update(log_ends::table.find(1))
        .set(log_ends::head.eq(diesel::dsl::sql::<BigInt>("last_insert_rowid()")))
        .execute(connection)
        .map_err(store_error)?;
    Ok(())
}

/// Up to which place nothing can be added to the log any more, and whether that is all: who writes alone commits in the
/// order of places.
pub(crate) fn settled(connection: &mut Connection) -> StoreResult<(i64, bool)> {
    let last: Option<i64> =
        outbox::table.select(diesel::dsl::max(outbox::sequence)).first(connection).map_err(store_error)?;
    Ok((last.unwrap_or(0), true))
}

/// Which dispatcher delivers: one process has the file, and the lead with it.
#[expect(clippy::unnecessary_wraps, reason = "another back-end has to ask its database")]
pub(crate) fn take_lead(_: &mut Connection, _: Id, _: Duration) -> StoreResult<Option<i64>> {
    Ok(Some(0))
}

/// Whether the lead of that fence still stands, which it does until the transaction ends.
#[expect(clippy::unnecessary_wraps, reason = "another back-end has to ask its database")]
pub(crate) fn hold_lead(_: &mut Connection, _: i64) -> StoreResult<bool> {
    Ok(true)
}

/// Lets another take the lead.
#[expect(clippy::unnecessary_wraps, reason = "another back-end has to ask its database")]
pub(crate) fn lay_lead_down(_: &mut Connection, _: i64) -> StoreResult<()> {
    Ok(())
}
