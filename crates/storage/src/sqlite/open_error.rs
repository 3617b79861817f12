//! Why a database file can't be opened, in one line that says what to do.

use std::io;
use std::path::{Path, PathBuf};

/// Why a database file can't be opened. Each is one line that names the path and says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is no such directory.
    #[error("{}: the directory does not exist; create it, or name another", .0.display())]
    NoDirectory(PathBuf),
    /// The path names no file.
    #[error("{}: this is a directory; name a file in it", .0.display())]
    IsDirectory(PathBuf),
    /// The process may not write there.
    #[error("{}: can't be written; give this user the right to write there, or name another place", .0.display())]
    NotWritable(PathBuf),
    /// The disk is full.
    #[error("{}: the disk is full; free some space and start again", .0.display())]
    DiskFull(PathBuf),
    /// Another process holds it.
    #[error("{}: another ClankdIn process uses this database; stop it first, or name another file", .0.display())]
    InUse(PathBuf),
    /// Another program holds a lock inside the database.
    #[error("{}: another program has locked this database; close it and start again", .0.display())]
    Locked(PathBuf),
    /// It holds something else.
    #[error("{}: this file is no SQLite database; name another, or move it away", .0.display())]
    NotADatabase(PathBuf),
    /// It is a database of another program.
    #[error("{}: this SQLite database belongs to another program; name another file", .0.display())]
    Foreign(PathBuf),
    /// It has been damaged.
    #[error("{}: this database is damaged; restore a backup", .0.display())]
    Damaged(PathBuf),
    /// A later version has written it.
    #[error("{}: this database was written by a newer ClankdIn (migration {version}); run that version", .path.display())]
    Newer {
        /// The database.
        path: PathBuf,
        /// The migration that this version doesn't know.
        version: String,
    },
    /// The file with the master key can't be used.
    #[error("{}: {why}", .path.display())]
    KeyFile {
        /// The key file.
        path: PathBuf,
        /// What is wrong with it, and what to do.
        why: String,
    },
    /// The secrets in the database were sealed by another key.
    #[error("{}: its secrets are {why}; start with the master key that sealed them", .path.display())]
    OtherMasterKey {
        /// The database.
        path: PathBuf,
        /// Which key sealed them.
        why: String,
    },
    /// Anything else.
    #[error("{}: {cause}", .path.display())]
    Other {
        /// The database.
        path: PathBuf,
        /// What the system or `SQLite` said.
        cause: String,
    },
}

impl OpenError {
    /// What the system said of a file at `path`.
    pub(super) fn of_system(path: &Path, error: &io::Error) -> Self {
        let path = path.to_owned();
        match error.kind() {
            io::ErrorKind::NotFound => Self::NoDirectory(path.parent().map_or(path.clone(), Path::to_owned)),
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::NotWritable(path),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull(path),
            io::ErrorKind::IsADirectory => Self::IsDirectory(path),
            _ => Self::Other { path, cause: error.to_string() },
        }
    }

    /// What `SQLite` said of the database at `path`; Diesel hands its codes over as text alone.
    pub(super) fn of_database(path: &Path, error: &impl ToString) -> Self {
        let cause = error.to_string();
        let path = path.to_owned();
        let said = |text| cause.contains(text);
        if said("file is not a database") {
            Self::NotADatabase(path)
        } else if said("is malformed") {
            Self::Damaged(path)
        } else if said("disk is full") {
            Self::DiskFull(path)
        } else if said("readonly database") || said("unable to open") {
            Self::NotWritable(path)
        } else if said("is locked") {
            Self::Locked(path)
        } else {
            Self::Other { path, cause: cause.lines().collect::<Vec<_>>().join("; ") }
        }
    }
}
