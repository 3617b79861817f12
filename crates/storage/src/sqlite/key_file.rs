//! The file that keeps the master key where the operator gives none.
//!
//! Architecture invariant: a key seals nothing before its file and its directory are on the disk.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::lock::{beside, private};
use super::open_error::OpenError;
use crate::seal::MasterKey;

/// The key in the file beside `database`; a fresh one where there is none and `may_make` holds.
pub(super) fn master_key(database: &Path, may_make: bool) -> Result<MasterKey, OpenError> {
    let path = beside(database, ".key");
    let failed = |why: String| OpenError::KeyFile { path: path.clone(), why };
    match fs::read_to_string(&path) {
        Ok(text) => {
            if is_open_to_all(&path) {
                return Err(failed("every user can read this master key; `chmod 600` it".into()));
            }
            MasterKey::parse(&text).map_err(|error| failed(format!("this is no master key: {error}")))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound && may_make => {
            let key = MasterKey::generate().map_err(|error| failed(error.to_string()))?;
            keep(&path, &key).map_err(|error| OpenError::of_system(&path, &error))?;
            Ok(key)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(failed(
            "the master key that sealed this database's secrets is missing; restore this file".into(),
        )),
        Err(error) => Err(failed(format!("the master key can't be read: {error}"))),
    }
}

/// The group may read it: container platforms give their volumes to a group.
fn is_open_to_all(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o007 != 0)
}

/// A crash leaves the whole key under its name, or nothing.
fn keep(path: &Path, key: &MasterKey) -> io::Result<()> {
    let unfinished = beside(path, ".new");
    let mut file = private(OpenOptions::new().write(true).create(true).truncate(true)).open(&unfinished)?;
    writeln!(file, "{}", key.expose())?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}
