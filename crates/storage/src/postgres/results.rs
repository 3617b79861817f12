//! What came of tries, as a table in a statement: an array for each column. A list of values would be parsed and planned
//! value by value, which takes three times as long.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable, Text, Timestamptz, Uuid};

use super::dialect::Connection;
use super::queries::ResultRow;

/// Runs a statement that finds these rows in a table of the name `results`.
pub(crate) fn execute_with_results(
    connection: &mut Connection,
    rows: &[ResultRow],
    statement: &str,
) -> QueryResult<()> {
    fn column<T>(rows: &[ResultRow], of: impl Fn(&ResultRow) -> T) -> Vec<T> {
        rows.iter().map(of).collect()
    }
    let columns = ResultRow::COLUMNS;
    let statement = format!(
        "WITH results ({columns}) AS (SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)) \
         {statement}"
    );
    diesel::sql_query(statement)
        .bind::<Array<Uuid>, _>(column(rows, |row| row.webhook_id))
        .bind::<Array<Uuid>, _>(column(rows, |row| row.event_id))
        .bind::<Array<Nullable<Timestamptz>>, _>(column(rows, |row| row.was_due_at))
        .bind::<Array<Text>, _>(column(rows, |row| row.status))
        .bind::<Array<Nullable<BigInt>>, _>(column(rows, |row| row.attempts))
        .bind::<Array<Timestamptz>, _>(column(rows, |row| row.next_attempt_at))
        .bind::<Array<Nullable<Timestamptz>>, _>(column(rows, |row| row.last_attempt_at))
        .bind::<Array<Nullable<BigInt>>, _>(column(rows, |row| row.last_status))
        .bind::<Array<Nullable<Text>>, _>(column(rows, |row| row.last_failure))
        .bind::<Array<Nullable<BigInt>>, _>(column(rows, |row| row.last_latency_ms))
        .bind::<Array<Nullable<Text>>, _>(rows.iter().map(|row| row.tried.as_deref()).collect::<Vec<_>>())
        .execute(connection)
        .map(drop)
}
