//! What keeps a database file from being opened, and how it is told.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use clankdin_storage::{MasterKey, OpenError, SqliteOptions, SqliteStore};
use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use tempfile::TempDir;

fn place() -> (TempDir, PathBuf) {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("clankdin.db");
    (directory, path)
}

fn open(path: &Path) -> Result<SqliteStore, OpenError> {
    SqliteStore::open(SqliteOptions::new(path))
}

/// The error, which is one line that names the path.
fn refused(path: &Path) -> OpenError {
    let error = open(path).unwrap_err();
    let line = error.to_string();
    assert!(!line.contains('\n'), "{line}");
    assert!(line.contains(path.parent().unwrap().to_str().unwrap()), "{line}");
    error
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn change(path: &Path, sql: &str) {
    SqliteConnection::establish(path.to_str().unwrap()).unwrap().batch_execute(sql).unwrap();
}

#[test]
fn a_second_store_on_the_same_file_is_refused_until_the_first_is_closed() {
    let (directory, path) = place();
    let first = open(&path).unwrap();
    assert!(matches!(refused(&path), OpenError::InUse(_)));
    let link = directory.path().join("another.db");
    symlink(&path, &link).unwrap();
    assert!(matches!(refused(&link), OpenError::InUse(_)));
    drop(first);
    open(&link).unwrap();
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let (_directory, path) = place();
    let text = "Dear diary, this is no database at all. ".repeat(50);
    fs::write(&path, &text).unwrap();
    assert!(matches!(refused(&path), OpenError::NotADatabase(_)));
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn a_database_of_another_program_is_refused_and_left_alone() {
    let (_directory, path) = place();
    change(&path, "CREATE TABLE recipes (name TEXT)");
    assert!(matches!(refused(&path), OpenError::Foreign(_)));
    change(&path, "INSERT INTO recipes VALUES ('soup')");
}

#[test]
fn a_database_of_a_newer_version_is_refused() {
    let (_directory, path) = place();
    drop(open(&path).unwrap());
    change(&path, "INSERT INTO __diesel_schema_migrations (version) VALUES ('99990101000000')");
    assert!(matches!(refused(&path), OpenError::Newer { version, .. } if version == "99990101000000"));
}

#[test]
fn a_damaged_database_is_told_as_such() {
    let (_directory, path) = place();
    drop(open(&path).unwrap());
    let mut bytes = fs::read(&path).unwrap();
    bytes[100..4096].fill(0xff);
    fs::write(&path, bytes).unwrap();
    assert!(matches!(refused(&path), OpenError::Damaged(_)));
}

#[test]
fn a_missing_directory_is_named() {
    let (directory, _) = place();
    let missing = directory.path().join("no/where");
    let error = open(&missing.join("clankdin.db")).unwrap_err();
    assert!(matches!(error, OpenError::NoDirectory(named) if named == missing));
}

#[test]
fn a_directory_is_no_database() {
    let (directory, _) = place();
    let error = open(directory.path()).unwrap_err();
    assert!(matches!(error, OpenError::IsDirectory(_)));
}

#[test]
fn a_directory_that_can_not_be_written_is_told() {
    let (directory, path) = place();
    fs::set_permissions(directory.path(), Permissions::from_mode(0o555)).unwrap();
    // Nothing keeps the superuser out.
    if File::create(directory.path().join("superuser")).is_err() {
        assert!(matches!(refused(&path), OpenError::NotWritable(_)));
    }
    fs::set_permissions(directory.path(), Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn the_first_start_makes_a_key_for_this_user_alone_and_the_next_keeps_it() {
    let (directory, path) = place();
    drop(open(&path).unwrap());
    let key_file = directory.path().join("clankdin.db.key");
    let key = fs::read_to_string(&key_file).unwrap();
    MasterKey::parse(&key).unwrap();
    assert_eq!((mode(&key_file), mode(&path)), (0o600, 0o600));
    drop(open(&path).unwrap());
    assert_eq!(fs::read_to_string(&key_file).unwrap(), key);
}

#[test]
fn a_key_that_is_given_makes_no_key_file() {
    let (directory, path) = place();
    let master_key = Some(MasterKey::generate().unwrap());
    SqliteStore::open(SqliteOptions { master_key, ..SqliteOptions::new(&path) }).unwrap();
    assert!(!directory.path().join("clankdin.db.key").exists());
}

#[test]
fn a_key_file_that_every_user_can_read_is_refused() {
    let (directory, path) = place();
    drop(open(&path).unwrap());
    let key_file = directory.path().join("clankdin.db.key");
    fs::set_permissions(&key_file, Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(refused(&path), OpenError::KeyFile { .. }));
}

#[test]
fn a_key_file_that_holds_no_key_is_refused() {
    let (directory, path) = place();
    drop(open(&path).unwrap());
    fs::write(directory.path().join("clankdin.db.key"), "swordfish").unwrap();
    assert!(matches!(refused(&path), OpenError::KeyFile { .. }));
}

#[test]
fn an_empty_file_becomes_a_database() {
    let (_directory, path) = place();
    File::create(&path).unwrap();
    open(&path).unwrap();
}
