//! Where the programs of `PostgreSQL` are, and which user they run as.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// Names the folder of the programs where they are found nowhere else.
const FOLDER: &str = "CLANKDIN_TEST_POSTGRES_BIN";

/// Makes it a failure that there is none.
const REQUIRE: &str = "CLANKDIN_TEST_REQUIRE_POSTGRES";

/// Whether a test that lacks what it needs may be left out; that is told once, on standard error.
///
/// # Panics
///
/// Where `CLANKDIN_TEST_REQUIRE_POSTGRES` is set to anything but `0`.
pub fn leave_out(what: &str) {
    static TOLD: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    let missing = format!("{what} was not found");
    assert!(env::var_os(REQUIRE).is_none_or(|value| value == "0"), "{missing}");
    if TOLD.lock().unwrap_or_else(PoisonError::into_inner).insert(missing.clone()) {
        // Not through the macro, which is silent in a test that passes.
        let _ = writeln!(std::io::stderr(), "{missing}: the tests that need it are LEFT OUT");
    }
}

/// The folder of the programs, where `PostgreSQL` is installed.
pub(crate) fn folder() -> Option<PathBuf> {
    let named = env::var_os(FOLDER).map(PathBuf::from);
    let on_path = env::var_os("PATH").map(|path| env::split_paths(&path).collect::<Vec<_>>());
    named.into_iter().chain(on_path.unwrap_or_default()).chain(usual()).find(|folder| {
        ["initdb", "postgres", "pg_ctl", "pg_basebackup"].iter().all(|program| folder.join(program).is_file())
    })
}

/// Where distributions put it, the newest version first: they keep the server's programs off the path.
fn usual() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for (place, below) in
        [("/usr/lib/postgresql", "bin"), ("/usr/pgsql", "bin"), ("/opt/homebrew/opt", "bin")]
    {
        let versions = fs::read_dir(place).into_iter().flatten().flatten().map(|entry| entry.path());
        let mut versions: Vec<PathBuf> = versions.collect();
        versions.sort_by_key(|path| std::cmp::Reverse(number(path)));
        found.extend(versions.into_iter().map(|path| path.join(below)));
    }
    found.push("/usr/local/pgsql/bin".into());
    found
}

fn number(path: &Path) -> u32 {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.rsplit('@').next().and_then(|version| version.parse().ok()).unwrap_or_default()
}

/// A user's numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct User {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

/// Whom the programs run as: they refuse to run as root.
pub(crate) fn user() -> Option<User> {
    let am_root = fs::metadata("/proc/self").is_ok_and(|it| std::os::unix::fs::MetadataExt::uid(&it) == 0);
    if !am_root {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    ["postgres", "nobody"].iter().find_map(|name| {
        let mut fields =
            users.lines().map(|line| line.split(':')).find(|line| line.clone().next() == Some(name))?;
        let (uid, gid) = (fields.nth(2)?.parse().ok()?, fields.next()?.parse().ok()?);
        Some(User { uid, gid })
    })
}

/// A program, run as the user that runs `PostgreSQL`.
pub fn command(program: impl AsRef<Path>) -> Command {
    let mut command = Command::new(program.as_ref());
    command.current_dir("/").env_remove("PGDATA").env("LC_ALL", "C");
    if let Some(User { uid, gid }) = user() {
        command.uid(uid).gid(gid);
    }
    command
}

/// Runs a program to its end.
pub(crate) fn run(command: &mut Command) {
    let output = command.output().expect("the program starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
}
