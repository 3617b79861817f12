//! What came of tries, as a table in a statement: a list of values, of which all are bound, in few sizes. So a statement is
//! prepared once for each size; to read it anew took half as long as to write the rows.

use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Binary, Nullable, Text};
use diesel::sqlite::Sqlite;

use super::dialect::Connection;
use super::queries::ResultRow;

/// How many rows a statement holds at most; a power of two, as all sizes are.
const MOST_ROWS: usize = 256;

/// Runs a statement that finds these rows in a table of the name `results`, some of them at a time.
pub(crate) fn execute_with_results(
    connection: &mut Connection,
    rows: &[ResultRow],
    statement: &str,
) -> QueryResult<()> {
    let mut left = rows;
    while !left.is_empty() {
        let (rows, further) = left.split_at(size(left.len()));
        WithResults { rows, statement }.execute(connection)?;
        left = further;
    }
    Ok(())
}

/// The largest size that so many rows fill.
fn size(rows: usize) -> usize {
    if rows >= MOST_ROWS { MOST_ROWS } else { 1 << rows.ilog2() }
}

/// The statement with its table.
struct WithResults<'r> {
    rows: &'r [ResultRow],
    statement: &'r str,
}

impl QueryFragment<Sqlite> for WithResults<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql("WITH results (");
        out.push_sql(ResultRow::COLUMNS);
        out.push_sql(") AS (VALUES ");
        for (number, row) in self.rows.iter().enumerate() {
            out.push_sql(if number == 0 { "(" } else { "), (" });
            out.push_bind_param::<Binary, _>(&row.webhook_id)?;
            out.push_sql(", ");
            out.push_bind_param::<Binary, _>(&row.event_id)?;
            out.push_sql(", ");
            out.push_bind_param::<Nullable<BigInt>, _>(&row.was_due_at)?;
            out.push_sql(", ");
            out.push_bind_param::<Text, _>(row.status)?;
            out.push_sql(", ");
            out.push_bind_param::<Nullable<BigInt>, _>(&row.attempts)?;
            out.push_sql(", ");
            out.push_bind_param::<BigInt, _>(&row.next_attempt_at)?;
            out.push_sql(", ");
            out.push_bind_param::<Nullable<BigInt>, _>(&row.last_attempt_at)?;
            out.push_sql(", ");
            out.push_bind_param::<Nullable<BigInt>, _>(&row.last_status)?;
            out.push_sql(", ");
            out.push_bind_param::<Nullable<Text>, _>(&row.last_failure)?;
            out.push_sql(", ");
            out.push_bind_param::<Nullable<BigInt>, _>(&row.last_latency_ms)?;
            out.push_sql(", ");
            out.push_bind_param::<Nullable<Text>, _>(&row.tried)?;
        }
        out.push_sql(")) ");
        out.push_sql(self.statement);
        Ok(())
    }
}

impl QueryId for WithResults<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl RunQueryDsl<Connection> for WithResults<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_have_one_of_few_sizes() {
        assert_eq!([1, 2, 3, 255, 256, 2_000].map(size), [1, 2, 2, 128, 256, 256]);
    }
}
