//! Keeping what stands in the database: copies of it, and its move to another.

use std::path::Path;

use super::say;
use crate::failure::Failure;
use crate::settings::{DatabaseUrl, Settings};

/// Copies the database to a file.
pub(super) fn back_up(settings: &Settings, file: &Path) -> Result<(), Failure> {
    let DatabaseUrl::Sqlite(path) = &settings.database_url else {
        return Err(Failure::Start(
            "backup copies a database on SQLite; for PostgreSQL use pg_dump or pg_basebackup".to_owned(),
        ));
    };
    clankdin_storage::back_up(path, file).map_err(|error| Failure::start(&error))?;
    say(&format!("{} holds a copy of {}", file.display(), path.display()));
    let key_file = format!("{}.key", path.display());
    let key = if Path::new(&key_file).exists() { key_file.as_str() } else { "the setting master_key" };
    say(&format!(
        "ATTENTION: the key that opens its webhook secrets is not in it. Keep {key} as well, at another place"
    ));
    Ok(())
}

/// Copies everything from one database to another.
#[cfg(feature = "postgres")]
pub(super) fn copy(from: &str, to: &str) -> Result<(), Failure> {
    use crate::settings::read_database_url;

    let not_taken = |flag: &str, takes: &str| Failure::Start(format!("{flag} takes {takes}"));
    let Ok(DatabaseUrl::Sqlite(path)) = read_database_url(from) else {
        return Err(not_taken("--from", "sqlite://<path>"));
    };
    let Ok(DatabaseUrl::Postgres(url)) = read_database_url(to) else {
        return Err(not_taken("--to", "postgres://<user>@<host>/<database>"));
    };
    let mut progress = |table: &str, rows: i64| say(&format!("{table}: {rows} rows"));
    let copied = clankdin_storage::copy_to_postgres(&path, url.expose(), &mut progress);
    let rows = copied.map_err(|error| Failure::start(&error))?;
    say(&format!("{rows} rows were copied, and counted at both ends"));
    say(&format!(
        "start with the master key that {} was used with: it stands in {}.key unless it was set",
        path.display(),
        path.display()
    ));
    Ok(())
}

#[cfg(not(feature = "postgres"))]
pub(super) fn copy(_: &str, _: &str) -> Result<(), Failure> {
    Err(Failure::Start("this program was built without PostgreSQL".to_owned()))
}
