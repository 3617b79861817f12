//! A server in a temporary folder.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use crate::programs;

/// Starts the server, and waits for a word: `leave` leaves all as it is; the end of the pipe, which comes
/// when the process that wrote to it is gone, ends the server, also one that is frozen, and removes its
/// folder.
const WATCH: &str = r#"
folder=$1; shift
"$@" >>"$folder/log" 2>&1 </dev/null &
if read -r word; then exit 0; fi
for child in $(ps -axo pid=,ppid= | while read -r pid parent; do [ "$parent" = $! ] && echo "$pid"; done); do
    kill -KILL "$child" 2>/dev/null
done
kill -KILL $! 2>/dev/null
wait $! 2>/dev/null
rm -rf "$folder"
"#;

const PATIENCE: Duration = Duration::from_secs(60);

/// How a server is set up.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Lines of `postgresql.conf`, such as `("max_connections", "20")`.
    pub settings: Vec<(&'static str, String)>,
    /// A certificate and its key, both in PEM: TLS is taken then.
    pub tls: Option<(String, String)>,
}

/// A server that ends when it is dropped.
#[derive(Debug)]
pub struct Server {
    folder: PathBuf,
    port: u16,
    watch: Option<Child>,
}

impl Server {
    /// Starts one. The only user is `postgres`, which needs no password.
    ///
    /// `None` where `PostgreSQL` is not installed, see [`leave_out`](crate::leave_out).
    pub fn start(settings: &Settings) -> Option<Self> {
        let Some(programs) = programs::folder() else {
            programs::leave_out("PostgreSQL");
            return None;
        };
        let server = Self::in_fresh_folder();
        programs::run(
            programs::command(programs.join("initdb"))
                .args(["-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync", "-D"])
                .arg(server.data()),
        );
        let mut lines = String::new();
        // A crash of the server loses nothing without fsync; one of the machine would, and ends the test.
        for line in
            ["fsync = off", "full_page_writes = off", "max_connections = 200", "shared_buffers = 32MB"]
        {
            writeln!(lines, "{line}").unwrap();
        }
        // What a standby needs.
        for line in
            ["wal_level = replica", "max_wal_senders = 8", "max_replication_slots = 8", "wal_log_hints = on"]
        {
            writeln!(lines, "{line}").unwrap();
        }
        for (name, value) in &settings.settings {
            writeln!(lines, "{name} = '{value}'").unwrap();
        }
        if let Some((certificate, key)) = &settings.tls {
            server.write("server.crt", certificate);
            server.write("server.key", key);
            writeln!(lines, "ssl = on\nssl_cert_file = 'server.crt'\nssl_key_file = 'server.key'").unwrap();
        }
        server.append("postgresql.conf", &lines);
        let mut server = server;
        server.start_again();
        Some(server)
    }

    /// Where a database is, on the server's own socket.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@/{database}?host={}&port={}", self.folder.display(), self.port)
    }

    /// Where a database is, by address: `127.0.0.1`, by the name of `host`.
    pub fn tcp_url(&self, host: &str, database: &str) -> String {
        format!("postgres://postgres@{host}:{}/{database}", self.port)
    }

    /// The folder of its socket and its data.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The port of its socket and its address.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// Starts it where it was left, and waits until it answers.
    pub fn start_again(&mut self) {
        self.leave();
        let programs = programs::folder().expect("it was there");
        let mut sh = programs::command("/bin/sh");
        sh.args(["-c", WATCH, "sh"])
            .arg(&self.folder)
            .arg(programs.join("postgres"))
            .arg("-D")
            .arg(self.data());
        sh.args(["-k"]).arg(&self.folder).args(["-p", &self.port.to_string(), "-h", "127.0.0.1"]);
        let watch = sh.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        self.watch = Some(watch.expect("a shell starts"));
        self.wait_until("it answers", |server| PgConnection::establish(&server.url("postgres")).is_ok());
    }

    /// Ends it well.
    pub fn stop(&mut self) {
        self.control(&["stop", "-m", "fast"]);
    }

    /// Ends it as a crash would: every process of it at once.
    pub fn kill(&mut self) {
        // Stopped first, the postmaster doesn't see its children die and tell tales.
        self.signal("STOP");
        self.signal("KILL");
        self.wait_until("it is gone", |server| server.processes().is_empty());
        let _ = fs::remove_file(self.data().join("postmaster.pid"));
    }

    /// Stops all of its processes where they stand: connections stay, and nothing answers.
    pub fn freeze(&self) {
        self.signal("STOP");
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.signal("CONT");
    }

    /// Runs statements on its database `postgres`.
    pub fn execute(&self, statements: &str) {
        let mut connection = PgConnection::establish(&self.url("postgres")).expect("it answers");
        connection.batch_execute(statements).expect("the statement is taken");
    }

    /// A copy of it that follows. Where it is `synchronous`, no commit is confirmed before the copy has it.
    #[must_use]
    pub fn standby(&self, name: &str, synchronous: bool) -> Self {
        let programs = programs::folder().expect("it was there");
        let mut standby = Self::in_fresh_folder();
        let primary = format!("{}&application_name={name}", self.url("postgres"));
        programs::run(
            programs::command(programs.join("pg_basebackup"))
                .args([
                    "-c",
                    "fast",
                    "-R",
                    "-X",
                    "stream",
                    "--no-sync",
                    "-C",
                    "-S",
                    name,
                    "-d",
                    &primary,
                    "-D",
                ])
                .arg(standby.data()),
        );
        standby.start_again();
        if synchronous {
            self.execute(&format!("ALTER SYSTEM SET synchronous_standby_names = 'FIRST 1 ({name})'"));
            self.execute("SELECT pg_reload_conf()");
        }
        let state = if synchronous { "sync" } else { "async" };
        let question = format!(
            "SELECT EXISTS (SELECT FROM pg_stat_replication WHERE application_name = '{name}' \
             AND state = 'streaming' AND sync_state = '{state}')"
        );
        self.wait_until("the standby follows", |server| server.holds(&question));
        standby
    }

    /// Makes a standby a server of its own.
    pub fn promote(&self) {
        self.control(&["promote", "-w"]);
    }

    /// Whether a question is answered by true.
    pub fn holds(&self, question: &str) -> bool {
        let mut connection = PgConnection::establish(&self.url("postgres")).expect("it answers");
        diesel::select(diesel::dsl::sql::<Bool>(&format!("({question})")))
            .get_result(&mut connection)
            .unwrap_or(false)
    }

    fn in_fresh_folder() -> Self {
        // A socket's path may have about a hundred characters.
        let folder = tempfile::Builder::new().prefix("clankdin-pg").tempdir_in("/tmp").unwrap().keep();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o711)).unwrap();
        let server = Self { folder, port: free_port(), watch: None };
        server.hand_over(&server.folder);
        server
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.data().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        self.hand_over(&path);
    }

    fn append(&self, name: &str, text: &str) {
        let mut file = fs::OpenOptions::new().append(true).open(self.data().join(name)).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    #[expect(clippy::unused_self, reason = "what it hands over is the server's")]
    fn hand_over(&self, path: &Path) {
        if let Some(user) = programs::user() {
            chown(path, Some(user.uid), Some(user.gid)).unwrap();
        }
    }

    fn control(&self, arguments: &[&str]) {
        let programs = programs::folder().expect("it was there");
        programs::run(programs::command(programs.join("pg_ctl")).args(arguments).arg("-D").arg(self.data()));
    }

    /// Its processes: the first, and those that it has made.
    fn processes(&self) -> Vec<String> {
        let file = fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        let Some(first) = file.lines().next().map(str::to_owned) else { return Vec::new() };
        let table = Command::new("ps").args(["-axo", "pid=,ppid=,stat="]).output().unwrap();
        let table = String::from_utf8_lossy(&table.stdout).into_owned();
        let rows = table.lines().map(|row| row.split_whitespace().collect::<Vec<_>>());
        let its = rows.filter(|row| match row.as_slice() {
            // One that has ended and is not waited for yet is none any more.
            [pid, parent, state] => (*pid == first || *parent == first) && !state.starts_with('Z'),
            _ => false,
        });
        its.filter_map(|row| row.first().map(|pid| (*pid).to_owned())).collect()
    }

    fn signal(&self, name: &str) {
        let processes = self.processes();
        let _ = Command::new("kill").args(["-s", name]).args(processes).stderr(Stdio::null()).status();
    }

    /// Ends the watch, and leaves the folder.
    fn leave(&mut self) {
        if let Some(mut watch) = self.watch.take() {
            let _ = watch.stdin.take().unwrap().write_all(b"leave\n");
            let _ = watch.wait();
        }
    }

    fn wait_until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let began = Instant::now();
        while !holds(self) {
            assert!(began.elapsed() < PATIENCE, "in vain until {what}: {}", self.log());
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        match self.watch.take() {
            Some(mut watch) => {
                drop(watch.stdin.take());
                let _ = watch.wait();
            }
            None => drop(fs::remove_dir_all(&self.folder)),
        }
    }
}

/// A port that nobody listened at a moment ago.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
