//! Moves an installation from `SQLite` to `PostgreSQL`.
//!
//! Owns how rows travel from one to the other. Refuses to know what they mean: tables and columns are
//! those that the two databases have in common, which is all but what stays for nodes of the version before.

use std::path::Path;

use diesel::connection::DefaultLoadingMode;
use diesel::connection::{AnsiTransactionManager, TransactionManager};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use crate::postgres::{self, PostgresOpenError};
use crate::sqlite::{self, OpenError};

/// How many rows travel at once.
const BATCH: usize = 500;

/// The one table that is never empty: what an empty database holds there gives way.
const MADE_WITH_ITS_TABLE: &str = "log_ends";

/// Why nothing was copied. The target is as it was.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The source can't be used.
    #[error(transparent)]
    Source(#[from] OpenError),
    /// The target can't be used.
    #[error(transparent)]
    Target(#[from] PostgresOpenError),
    /// The target is not empty.
    #[error("the target holds data already, in {table}; name an empty database")]
    NotEmpty {
        /// A table with rows.
        table: String,
    },
    /// The two differ after all.
    #[error("of {table}, {source_rows} rows were read and {target_rows} have arrived; nothing was kept")]
    Differs {
        /// The table.
        table: String,
        /// How many rows it has at the source.
        source_rows: i64,
        /// How many it has at the target.
        target_rows: i64,
    },
    /// A statement failed.
    #[error("{table}: {cause}")]
    Failed {
        /// The table at which it did.
        table: String,
        /// What the database said.
        cause: String,
    },
}

#[derive(QueryableByName)]
struct Told {
    #[diesel(sql_type = Text)]
    told: String,
}

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = BigInt)]
    rows: i64,
}

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    kind: String,
}

/// Copies everything in the database file at `from`, which no process may use, to the `PostgreSQL`
/// database at `to`, which has to be empty. Both are brought to this version first. All arrives or
/// nothing does; `progress` is called with each table and its rows. Answers how many rows there were.
///
/// Secrets stay sealed by the key that sealed them.
///
/// # Errors
///
/// [`CopyError`].
pub fn copy_to_postgres(
    from: &Path,
    to: &str,
    progress: &mut dyn FnMut(&str, i64),
) -> Result<i64, CopyError> {
    let (mut source, _lock) = sqlite::exclusively(from)?;
    let mut target = postgres::migrated(to)?;
    let begun = AnsiTransactionManager::begin_transaction(&mut target);
    begun.map_err(|error| failed("the target", &error))?;
    let copied = copy_tables(&mut source, &mut target, progress);
    let ended = match &copied {
        Ok(_) => AnsiTransactionManager::commit_transaction(&mut target),
        Err(_) => AnsiTransactionManager::rollback_transaction(&mut target),
    };
    let copied = copied?;
    ended.map_err(|error| failed("the target", &error))?;
    Ok(copied)
}

fn copy_tables(
    source: &mut SqliteConnection,
    target: &mut PgConnection,
    progress: &mut dyn FnMut(&str, i64),
) -> Result<i64, CopyError> {
    // In the order in which they were made: what a row refers to is there before it.
    let tables: Vec<Told> = diesel::sql_query(
        "SELECT name AS told FROM sqlite_master WHERE type = 'table' \
         AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE '\\_\\_%' ESCAPE '\\' ORDER BY rowid",
    )
    .load(source)
    .map_err(|error| failed("the source", &error))?;
    for Told { told: table } in &tables {
        let lock = diesel::sql_query(format!("LOCK TABLE {table} IN EXCLUSIVE MODE")).execute(target);
        lock.map_err(|error| failed(table, &error))?;
        if table == MADE_WITH_ITS_TABLE {
            let deleted = diesel::sql_query(format!("DELETE FROM {table}")).execute(target);
            deleted.map_err(|error| failed(table, &error))?;
        }
        if count_target(target, table)? > 0 {
            return Err(CopyError::NotEmpty { table: table.clone() });
        }
    }
    let mut total = 0;
    for Told { told: table } in &tables {
        copy_table(source, target, table)?;
        let (source_rows, target_rows) = (count_source(source, table)?, count_target(target, table)?);
        if source_rows != target_rows {
            return Err(CopyError::Differs { table: table.clone(), source_rows, target_rows });
        }
        progress(table, target_rows);
        total += target_rows;
    }
    Ok(total)
}

fn copy_table(
    source: &mut SqliteConnection,
    target: &mut PgConnection,
    table: &str,
) -> Result<(), CopyError> {
    let columns: Vec<Column> = diesel::sql_query(
        "SELECT column_name::text AS name, data_type::text AS kind FROM information_schema.columns \
         WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position",
    )
    .bind::<Text, _>(table)
    .load(target)
    .map_err(|error| failed(table, &error))?;
    let of_source: Vec<Told> = diesel::sql_query("SELECT name AS told FROM pragma_table_info(?)")
        .bind::<Text, _>(table)
        .load(source)
        .map_err(|error| failed(table, &error))?;
    let is_common = |column: &Column| of_source.iter().any(|Told { told }| *told == column.name);
    let columns: Vec<Column> = columns.into_iter().filter(is_common).collect();
    let names = columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ");
    let fields = columns.iter().map(Column::as_json).collect::<Vec<_>>().join(", ");
    // As they were written: a reply after what it replies to, whatever their ids say.
    let order = columns.iter().find(|column| column.name == "id").map_or("", |_| " ORDER BY rowid");
    let insert = format!(
        "INSERT INTO {table} ({names}) OVERRIDING SYSTEM VALUE \
         SELECT {names} FROM json_populate_recordset(NULL::{table}, $1::json)"
    );
    let mut send = |batch: &[String]| {
        let rows = format!("[{}]", batch.join(","));
        diesel::sql_query(&insert)
            .bind::<Text, _>(rows)
            .execute(target)
            .map_err(|error| failed(table, &error))
    };
    let rows = diesel::sql_query(format!("SELECT json_object({fields}) AS told FROM {table}{order}"));
    let mut batch = Vec::with_capacity(BATCH);
    for row in rows.load_iter::<Told, DefaultLoadingMode>(source).map_err(|error| failed(table, &error))? {
        batch.push(row.map_err(|error| failed(table, &error))?.told);
        if batch.len() == BATCH {
            send(&batch)?;
            batch.clear();
        }
    }
    if !batch.is_empty() {
        send(&batch)?;
    }
    continue_numbers(target, table, &columns)
}

/// Rows that come later are numbered after those that were copied. Places in the log come after its end when a node
/// starts.
fn continue_numbers(target: &mut PgConnection, table: &str, columns: &[Column]) -> Result<(), CopyError> {
    for Column { name, .. } in columns.iter().filter(|column| column.kind == "bigint") {
        diesel::sql_query(format!(
            "SELECT setval(pg_get_serial_sequence('{table}', '{name}'), max({name})) FROM {table} \
             HAVING max({name}) IS NOT NULL AND pg_get_serial_sequence('{table}', '{name}') IS NOT NULL"
        ))
        .execute(target)
        .map_err(|error| failed(table, &error))?;
    }
    Ok(())
}

impl Column {
    /// Its place in a JSON object, as `SQLite` writes what it holds and `PostgreSQL` reads it.
    fn as_json(&self) -> String {
        let Self { name, kind } = self;
        let value = match kind.as_str() {
            "uuid" => format!("lower(hex({name}))"),
            "bytea" => format!("'\\x' || hex({name})"),
            "timestamp with time zone" => format!(
                "strftime('%Y-%m-%d %H:%M:%S', {name} / 1000000, 'unixepoch') \
                 || printf('.%06d+00', {name} % 1000000)"
            ),
            _ => name.clone(),
        };
        format!("'{name}', CASE WHEN {name} IS NOT NULL THEN {value} END")
    }
}

fn count_source(source: &mut SqliteConnection, table: &str) -> Result<i64, CopyError> {
    let counted = diesel::sql_query(format!("SELECT count(*) AS rows FROM {table}")).get_result(source);
    counted.map(|Counted { rows }| rows).map_err(|error| failed(table, &error))
}

fn count_target(target: &mut PgConnection, table: &str) -> Result<i64, CopyError> {
    let counted = diesel::sql_query(format!("SELECT count(*) AS rows FROM {table}")).get_result(target);
    counted.map(|Counted { rows }| rows).map_err(|error| failed(table, &error))
}

fn failed(table: &str, cause: &impl ToString) -> CopyError {
    CopyError::Failed { table: table.to_owned(), cause: cause.to_string() }
}
