//! Connections that a pooler hands out by the transaction.

use std::fs;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use clankdin_throwaway_postgres as throwaway;

use super::{json, on, register};
use crate::support::Server;

/// pgbouncer in front of a server; ended with this value.
struct Pooler {
    child: Child,
    url: String,
}

impl Pooler {
    /// `None` where it is not installed.
    fn start(server: &throwaway::Server, folder: &std::path::Path) -> Option<Self> {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let file = folder.join("pgbouncer.ini");
        let settings = format!(
            "[databases]\npostgres = host={} port={} dbname=postgres user=postgres\n\
             [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n\
             pool_mode = transaction\ndefault_pool_size = 3\nmax_client_conn = 200\n",
            server.folder().display(),
            server.port()
        );
        fs::write(&file, settings).unwrap();
        let program = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer"]
            .into_iter()
            .find(|path| fs::exists(path).unwrap_or(false));
        let Some(program) = program else {
            throwaway::leave_out("pgbouncer");
            return None;
        };
        let child =
            throwaway::command(program).arg(&file).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let url = format!("postgres://postgres@127.0.0.1:{port}/postgres");
        Some(Self { child: child.unwrap(), url })
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

#[test]
fn a_pooler_by_the_transaction_is_served_through() {
    let Some(server) = throwaway::Server::start(&throwaway::Settings::default()) else { return };
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let Some(pooler) = Pooler::start(&server, folder.path()) else { return };
    let began = std::time::Instant::now();
    while std::net::TcpStream::connect(pooler.url.split(['@', '/']).nth(3).unwrap()).is_err() {
        assert!(began.elapsed() < crate::support::PATIENCE);
    }
    let start = || {
        let mut command = on(folder.path(), &pooler.url);
        Server::spawn(
            folder.path(),
            command.arg("serve").env("CLANKDIN_DATABASE_PREPARE_STATEMENTS", "false"),
        )
    };
    // One after the other on connections that the one before has used.
    start().stop();
    let (node, other) = (start(), start());
    let key = register(&node, "Pooled");
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..5 {
                    assert_eq!(node.get("/agents/pooled").status, 200);
                    let answer = node.post("/gigs", Some(&key), "{}");
                    assert_eq!(answer.status, 400, "{}", answer.body);
                }
            });
        }
    });
    let written = node.post("/town-square", Some(&key), r#"{"content":"Through the pooler."}"#);
    assert_eq!(written.status, 201);
    assert_eq!(json(&node.get("/town-square").body)["posts"].as_array().unwrap().len(), 1);
    assert_eq!(other.get("/agents/pooled").status, 200);
    other.stop();
    node.stop();
}
