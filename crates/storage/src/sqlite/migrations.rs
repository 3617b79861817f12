//! The tables of this version.

use std::path::Path;

use diesel::dsl::max;
use diesel::migration::MigrationSource;
use diesel::prelude::*;
use diesel::sqlite::Sqlite;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::open_error::OpenError;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");

diesel::table! {
    sqlite_master (name) {
        name -> Text,
        #[sql_name = "type"]
        kind -> Text,
    }
}

diesel::table! {
    __diesel_schema_migrations (version) {
        version -> Text,
    }
}

/// Brings a database to this version.
///
/// # Errors
///
/// [`OpenError::Newer`] and [`OpenError::Foreign`] before anything is changed.
pub(super) fn migrate(connection: &mut SqliteConnection, path: &Path) -> Result<(), OpenError> {
    let failed = |error: &dyn ToString| OpenError::of_database(path, &error.to_string());
    let tables: Vec<String> = sqlite_master::table
        .filter(sqlite_master::kind.eq("table").and(sqlite_master::name.not_like("sqlite_%")))
        .select(sqlite_master::name)
        .load(connection)
        .map_err(|error| failed(&error))?;
    if !tables.is_empty() && !tables.iter().any(|name| name == "__diesel_schema_migrations") {
        return Err(OpenError::Foreign(path.to_owned()));
    }
    let known = versions().map_err(|error| failed(&error))?;
    let applied = connection.applied_migrations().map_err(|error| failed(&error))?;
    if let Some(version) = applied.iter().map(ToString::to_string).find(|version| !known.contains(version)) {
        return Err(OpenError::Newer { path: path.to_owned(), version });
    }
    connection.run_pending_migrations(MIGRATIONS).map_err(|error| failed(&error))?;
    Ok(())
}

/// Whether the newest migration of this version has been run.
pub(super) fn is_current(connection: &mut SqliteConnection) -> QueryResult<bool> {
    use __diesel_schema_migrations::{table, version};
    let newest: Option<String> = table.select(max(version)).first(connection)?;
    let known = versions().map_err(diesel::result::Error::QueryBuilderError)?;
    Ok(newest.as_ref() >= known.iter().max())
}

fn versions() -> diesel::migration::Result<Vec<String>> {
    let migrations = MigrationSource::<Sqlite>::migrations(&MIGRATIONS)?;
    Ok(migrations.iter().map(|migration| migration.name().version().to_string()).collect())
}
