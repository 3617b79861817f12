//! What came of tries, as a table in a statement: a list of values, of which what a receiver answered is bound.

use diesel::prelude::*;
use diesel::sql_types::Text;

use super::dialect::{Connection, Time, spell_id, spell_time};
use super::queries::ResultRow;

/// Runs a statement that finds these rows in a table of the name `results`.
pub(crate) fn execute_with_results(
    connection: &mut Connection,
    rows: Vec<ResultRow>,
    statement: &str,
) -> QueryResult<usize> {
    let mut bound = Vec::with_capacity(rows.len());
    let mut spelt = Vec::with_capacity(rows.len());
    for row in rows {
        let ResultRow { status, tried, .. } = &row;
        let number = |number: Option<i64>| number.map_or_else(null, |number| number.to_string());
        let time = |time: Option<Time>| time.map_or_else(null, |time| spell_time(time.0));
        spelt.push(format!(
            "({}, {}, {}, '{status}', {}, {}, {}, {}, {}, {}, {})",
            spell_id(row.webhook_id.0),
            spell_id(row.event_id.0),
            time(row.was_due_at),
            number(row.attempts),
            spell_time(row.next_attempt_at.0),
            time(row.last_attempt_at),
            number(row.last_status),
            row.last_failure.map_or_else(null, |failure| format!("'{failure}'")),
            number(row.last_latency_ms),
            if tried.is_some() { "?" } else { "NULL" },
        ));
        bound.extend(row.tried);
    }
    let (columns, spelt) = (ResultRow::COLUMNS, spelt.join(", "));
    let statement = format!("WITH results ({columns}) AS (VALUES {spelt}) {statement}");
    let mut query = diesel::sql_query(statement).into_boxed();
    for text in bound {
        query = query.bind::<Text, _>(text);
    }
    query.execute(connection)
}

fn null() -> String {
    "NULL".to_owned()
}
