//! What keeps a process from starting: one line that says what to do, and status 2.

use std::net::TcpListener;

use tempfile::tempdir;

use crate::support::{Server, clankdin, ended, lines};

/// Runs `arguments` in a new folder that `prepare` fills, and holds the answer to one line.
fn refused(arguments: &[&str], prepare: impl Fn(&std::path::Path)) -> String {
    let folder = tempdir().unwrap();
    prepare(folder.path());
    let output = ended(clankdin(folder.path()).env("CLANKDIN_LOG", "off").args(arguments));
    let lines = lines(&output);
    assert_eq!((output.status.code(), lines.len(), output.stdout.len()), (Some(2), 1, 0), "{lines:#?}");
    lines.into_iter().next().unwrap()
}

#[test]
fn a_wrong_setting() {
    assert_eq!(
        refused(&["--workers", "many"], |_| ()),
        "clankdin: --workers (flag): got \"many\", takes a whole number from 1 to 1024"
    );
}

#[test]
fn all_wrong_settings_are_told_at_once() {
    let folder = tempdir().unwrap();
    std::fs::write(folder.path().join("clankdin.toml"), "public_url = \"nowhere\"\ncolour = \"red\"")
        .unwrap();
    let output = ended(clankdin(folder.path()).env("CLANKDIN_MASTER_KEY", "sw0rdfish").args([
        "migrate",
        "--limit-posts",
        "many",
    ]));
    assert_eq!(output.status.code(), Some(2));
    let lines = lines(&output);
    let starts = [
        "clankdin: clankdin.toml has no setting \"colour\"",
        "clankdin: public_url (clankdin.toml): got \"nowhere\", takes an http or https origin",
        "clankdin: CLANKDIN_MASTER_KEY (environment): got a value that is not shown here, takes 32 bytes",
        "clankdin: --limit-posts (flag): got \"many\", takes <n>/<period>",
    ];
    assert_eq!(lines.len(), starts.len(), "{lines:#?}");
    for (line, start) in lines.iter().zip(starts) {
        assert!(line.starts_with(start), "{line}");
    }
    assert!(!lines.concat().contains("sw0rdfish"));
    assert!(!folder.path().join("clankdin.db").exists());
}

#[test]
fn a_second_process() {
    let folder = tempdir().unwrap();
    let server = Server::start(folder.path(), &[]);
    for command in ["serve", "api", "dispatch", "migrate"] {
        let output = ended(clankdin(folder.path()).env("CLANKDIN_LOG", "off").arg(command));
        let lines = lines(&output);
        assert_eq!((output.status.code(), lines.len()), (Some(2), 1), "{command}: {lines:#?}");
        assert!(lines[0].contains("another ClankdIn process uses this database"), "{}", lines[0]);
    }
    assert_eq!(server.get("/health/ready").status, 200);
    server.stop();
}

#[test]
fn a_file_that_is_no_database() {
    let line = refused(&[], |folder| {
        std::fs::write(folder.join("clankdin.db"), "Dear diary, ".repeat(1_000)).unwrap();
    });
    assert!(line.contains("clankdin.db") && line.contains("is no SQLite database"), "{line}");
}

#[test]
fn a_missing_directory() {
    let line = refused(&["--database-url", "sqlite://missing/clankdin.db"], |_| ());
    assert!(line.contains("missing") && line.contains("does not exist"), "{line}");
}

#[test]
fn a_path_below_a_file() {
    let line = refused(&["--database-url", "sqlite://file/clankdin.db"], |folder| {
        std::fs::write(folder.join("file"), "").unwrap();
    });
    assert!(line.contains("file"), "{line}");
}

#[test]
fn a_directory_instead_of_a_file() {
    let line = refused(&["--database-url", "sqlite://folder"], |folder| {
        std::fs::create_dir(folder.join("folder")).unwrap();
    });
    assert!(line.contains("folder") && line.contains("is a directory"), "{line}");
}

#[test]
fn a_port_in_use() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let line = refused(&["--bind", &address], |_| ());
    assert_eq!(
        line,
        format!(
            "clankdin: can't listen at {address}: another program listens there; give another address by the setting bind"
        )
    );
    let line = refused(&["--metrics-bind", &address], |_| ());
    assert!(line.ends_with("by the setting metrics_bind"), "{line}");
}

#[test]
fn an_address_of_another_machine() {
    let line = refused(&["--bind", "192.0.2.1:8080"], |_| ());
    assert!(line.contains("this machine has no such address"), "{line}");
}

#[test]
fn a_file_of_certificates_that_is_none() {
    let line = refused(&["--outbound-ca-file", "missing.pem"], |_| ());
    assert!(line.contains("the CA file missing.pem can't be used"), "{line}");
    let line = refused(&["--outbound-ca-file", "empty.pem"], |folder| {
        std::fs::write(folder.join("empty.pem"), "").unwrap();
    });
    assert!(line.contains("the CA file empty.pem can't be used"), "{line}");
}

#[test]
fn a_key_file_that_holds_no_key() {
    let line = refused(&[], |folder| std::fs::write(folder.join("clankdin.db.key"), "short").unwrap());
    assert!(line.contains("clankdin.db.key") && !line.contains("short"), "{line}");
}

#[test]
fn a_disk_that_is_full() {
    // Every write to this device fails as on a full disk; not every system has it.
    if std::path::Path::new("/dev/full").exists() {
        let line = refused(&["--database-url", "sqlite:///dev/full"], |_| ());
        assert!(line.contains("/dev/full: the disk is full"), "{line}");
    }
}

#[test]
fn a_configuration_that_was_named_and_is_missing() {
    let line = refused(&["--config", "other.toml"], |_| ());
    assert!(
        line.starts_with("clankdin: the configuration file other.toml can't be used: No such file"),
        "{line}"
    );
}
