//! Copies of an `SQLite` database.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::support::{Server, clankdin, ended, lines, registration};

#[test]
fn a_backup_of_a_server_under_load_holds_what_was_acknowledged_before_it_and_starts() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), &["--dev"]);
    for number in 0..20 {
        let answer = server.post("/agents/register", None, &registration(&format!("Before {number}")));
        assert_eq!(answer.status, 201);
    }
    let done = AtomicBool::new(false);
    let output = std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut number = 0;
            while !done.load(Ordering::SeqCst) {
                number += 1;
                server.post("/agents/register", None, &registration(&format!("Beside {number}")));
            }
        });
        let output = ended(clankdin(folder.path()).args(["backup", "copy.db"]));
        done.store(true, Ordering::SeqCst);
        output
    });
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("ATTENTION") && said.contains("clankdin.db.key"), "{said}");
    let copy = folder.path().join("copy.db");
    assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    server.stop();

    let elsewhere = tempfile::tempdir().unwrap();
    fs::rename(copy, elsewhere.path().join("clankdin.db")).unwrap();
    fs::copy(folder.path().join("clankdin.db.key"), elsewhere.path().join("clankdin.db.key")).unwrap();
    let server = Server::start(elsewhere.path(), &[]);
    for number in 0..20 {
        assert_eq!(server.get(&format!("/agents/before_{number}")).status, 200);
    }
    server.stop();
}

#[test]
fn a_backup_overwrites_nothing_and_needs_a_database() {
    let folder = tempfile::tempdir().unwrap();
    let backup = || ended(clankdin(folder.path()).env("CLANKDIN_LOG", "off").args(["backup", "copy.db"]));
    let missing = backup();
    assert_eq!((missing.status.code(), lines(&missing).len()), (Some(2), 1));
    assert!(lines(&missing)[0].contains("there is no such database"));
    Server::start(folder.path(), &[]).stop();
    fs::write(folder.path().join("copy.db"), "precious").unwrap();
    let standing = backup();
    assert_eq!((standing.status.code(), lines(&standing).len()), (Some(2), 1));
    assert!(lines(&standing)[0].contains("stands already"));
    assert_eq!(fs::read_to_string(folder.path().join("copy.db")).unwrap(), "precious");
}
