//! A copy of a database that is in use.

use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;

use super::connect::BUSY_TIMEOUT;
use super::lock::{beside, private};
use super::open_error::OpenError;

/// Why no copy was made. Nothing is left at its place.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is no such database.
    #[error("{}: there is no such database", .0.display())]
    NoDatabase(PathBuf),
    /// Something stands there already.
    #[error("{}: stands already; name another file, or move it away", .0.display())]
    Stands(PathBuf),
    /// Either can't be used.
    #[error(transparent)]
    Open(#[from] OpenError),
}

/// Copies the database at `path` to a new file at `copy`, readable by its owner alone, whether a server
/// uses it meanwhile or not. The copy is one state: all that was acknowledged before it began is in it.
///
/// The key that seals secrets is not: it stands in a file of its own, or with the operator.
///
/// # Errors
///
/// [`BackupError`].
pub fn back_up(path: &Path, copy: &Path) -> Result<(), BackupError> {
    if !path.is_file() {
        return Err(BackupError::NoDatabase(path.to_owned()));
    }
    if copy.exists() {
        return Err(BackupError::Stands(copy.to_owned()));
    }
    let partial = beside(copy, ".partial");
    let made = write(path, &partial).and_then(|()| {
        let failed = |error: std::io::Error| OpenError::of_system(copy, &error);
        OpenOptions::new().write(true).open(&partial).and_then(|file| file.sync_all()).map_err(failed)?;
        fs::rename(&partial, copy).map_err(failed)
    });
    if made.is_err() {
        // What was left there is of no use to anybody.
        let _ = fs::remove_file(&partial);
    }
    Ok(made?)
}

fn write(path: &Path, partial: &Path) -> Result<(), OpenError> {
    // Made by us, so that nobody else may read it; SQLite fills a file that is empty.
    private(OpenOptions::new().write(true).create(true).truncate(true))
        .open(partial)
        .map_err(|error| OpenError::of_system(partial, &error))?;
    let failed = |error: &dyn ToString| OpenError::of_database(path, &error.to_string());
    let mut connection =
        SqliteConnection::establish(&path.to_string_lossy()).map_err(|error| failed(&error))?;
    connection.batch_execute(BUSY_TIMEOUT).map_err(|error| failed(&error))?;
    diesel::sql_query("VACUUM INTO ?")
        .bind::<Text, _>(partial.to_string_lossy())
        .execute(&mut connection)
        .map_err(|error| OpenError::of_database(partial, &error))?;
    Ok(())
}
