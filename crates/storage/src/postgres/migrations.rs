//! The tables of this version.
//!
//! Several nodes may start at once, and nodes of the version before may run beside: one brings the
//! tables up to date while the others wait, and what it does must leave the version before working.

use diesel::connection::{AnsiTransactionManager, TransactionManager};
use diesel::migration::MigrationSource;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::connect::establish;
use super::open_error::PostgresOpenError;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");

/// What nodes wait for each other by; "clankdin" in ASCII.
const LOCK: i64 = 0x636c_616e_6b64_696e;

#[derive(QueryableByName)]
struct Told {
    #[diesel(sql_type = Text)]
    told: String,
}

/// Brings a database to this version, one node at a time.
///
/// The lock is held by a transaction of another connection, for a pooler may hand each transaction a
/// connection of its own.
pub(super) fn migrate(url: &str) -> Result<(), PostgresOpenError> {
    let failed = |error: diesel::result::Error| PostgresOpenError::of_statement(url, &error);
    let connect = || establish(url).map_err(|error| PostgresOpenError::of_connection(url, &error));
    let (mut lock, mut connection) = (connect()?, connect()?);
    AnsiTransactionManager::begin_transaction(&mut lock).map_err(failed)?;
    diesel::sql_query(format!("SELECT pg_advisory_xact_lock({LOCK})")).execute(&mut lock).map_err(failed)?;
    run(&mut connection, url)?;
    AnsiTransactionManager::commit_transaction(&mut lock).map_err(failed)
}

fn run(connection: &mut PgConnection, url: &str) -> Result<(), PostgresOpenError> {
    let failed = |error: &dyn ToString| PostgresOpenError::of_statement(url, &error.to_string());
    let database = || super::connect::without_password(url);
    let encoding = ask(connection, "SELECT current_setting('server_encoding') AS told");
    match encoding.map_err(|error| failed(&error))?.pop() {
        Some(encoding) if encoding == "UTF8" => {}
        encoding => {
            let encoding = encoding.unwrap_or_default();
            return Err(PostgresOpenError::Encoding { database: database(), encoding });
        }
    }
    let messages = ask(connection, "SELECT current_setting('lc_messages') AS told");
    let messages = messages.map_err(|error| failed(&error))?.pop().unwrap_or_default();
    if !["", "C", "POSIX"].contains(&messages.as_str()) && !messages.starts_with(['C', 'e']) {
        tracing::warn!(
            messages,
            "set lc_messages to C: errors that pass by themselves are told by their English text"
        );
    }
    let tables =
        ask(connection, "SELECT tablename::text AS told FROM pg_tables WHERE schemaname = current_schema()");
    let tables = tables.map_err(|error| failed(&error))?;
    if !tables.is_empty() && !tables.iter().any(|name| name == "__diesel_schema_migrations") {
        return Err(PostgresOpenError::Foreign { database: database() });
    }
    let known = versions().map_err(|error| failed(&error))?;
    let applied = connection.applied_migrations().map_err(|error| failed(&error))?;
    for version in applied.iter().map(ToString::to_string).filter(|version| !known.contains(version)) {
        // What a newer node has done leaves this one working: that is what lets nodes be replaced one by one.
        tracing::warn!(version, "the database was brought up to date by a newer version");
    }
    connection.run_pending_migrations(MIGRATIONS).map_err(|error| failed(&error))?;
    // Where tables were brought over without their sequences, places would be given that are read no more.
    diesel::sql_query(
        "SELECT setval('outbox_places', head) FROM log_ends, outbox_places WHERE head > last_value",
    )
    .execute(connection)
    .map_err(|error| failed(&error))?;
    Ok(())
}

fn ask(connection: &mut PgConnection, question: &str) -> QueryResult<Vec<String>> {
    let rows: Vec<Told> = diesel::sql_query(question).load(connection)?;
    Ok(rows.into_iter().map(|row| row.told).collect())
}

/// The newest migration of this version.
pub(super) fn newest() -> diesel::migration::Result<Option<String>> {
    Ok(versions()?.into_iter().max())
}

fn versions() -> diesel::migration::Result<Vec<String>> {
    let migrations = MigrationSource::<Pg>::migrations(&MIGRATIONS)?;
    Ok(migrations.iter().map(|migration| migration.name().version().to_string()).collect())
}
