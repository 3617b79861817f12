//! A copy of a database that is in use.

use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
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
    write(path, &partial)?;
    let kept = keep(&partial, copy);
    // Under its own name it stands now, or nothing does.
    let _ = fs::remove_file(&partial);
    kept.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => BackupError::Stands(copy.to_owned()),
        _ => OpenError::of_system(copy, &error).into(),
    })
}

/// Gives the finished copy its name, unless something has it, and brings both to the disk.
fn keep(partial: &Path, copy: &Path) -> std::io::Result<()> {
    File::open(partial)?.sync_all()?;
    fs::hard_link(partial, copy)?;
    let directory = copy.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(directory)?.sync_all()
}

fn write(path: &Path, partial: &Path) -> Result<(), OpenError> {
    // Made by us, so that nobody else may read it; SQLite fills a file that is empty. One that stands is
    // another back-up's, or was left by one that was killed.
    private(OpenOptions::new().write(true).create_new(true))
        .open(partial)
        .map_err(|error| OpenError::of_system(partial, &error))?;
    let failed = |error: &dyn ToString| OpenError::of_database(path, &error.to_string());
    let mut connection =
        SqliteConnection::establish(&path.to_string_lossy()).map_err(|error| failed(&error))?;
    connection.batch_execute(BUSY_TIMEOUT).map_err(|error| failed(&error))?;
    diesel::sql_query("VACUUM INTO ?")
        .bind::<Text, _>(partial.to_string_lossy())
        .execute(&mut connection)
        .map_err(|error| {
            let _ = fs::remove_file(partial);
            OpenError::of_database(partial, &error)
        })?;
    Ok(())
}
