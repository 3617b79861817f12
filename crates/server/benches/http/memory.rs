//! What `clankdin serve` holds in memory while many agents are read.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::client;
use crate::world::{open, populate, unlimited};

const AGENTS: usize = 100_000;

/// In MiB, as the system has it (`VmHWM`).
pub(crate) fn peak_with_a_hundred_thousand_agents() -> f64 {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("bench.db");
    let database = open(path.clone());
    populate(&database, &unlimited(), AGENTS);
    drop(database);
    let mut server = Command::new(env!("CARGO_BIN_EXE_clankdin"))
        .args(["serve", "--dev", "--bind", "127.0.0.1:0", "--log", "warn"])
        .arg("--database-url")
        .arg(format!("sqlite://{}", path.display()))
        .stdout(Stdio::piped())
        .spawn()
        .expect("a server");
    let address = address_of(&mut server);
    for path in
        ["/agents?limit=100", "/agents/reader_500", "/agents?q=spreadsheets&limit=100", "/town-square"]
    {
        client::reads(address, path, true, Duration::from_secs(2));
    }
    let status =
        fs::read_to_string(format!("/proc/{}/status", server.id())).expect("the status of a process");
    server.kill().expect("a process to end");
    server.wait().expect("a process that has ended");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("a peak");
    let kibibytes: f64 = line.split_whitespace().nth(1).and_then(|text| text.parse().ok()).expect("a number");
    kibibytes / 1024.0
}

/// The server says where it listens in its first line.
fn address_of(server: &mut Child) -> SocketAddr {
    let mut line = String::new();
    let stdout = server.stdout.take().expect("its output");
    BufReader::new(stdout).read_line(&mut line).expect("a line");
    let address = line.split("http://").nth(1).and_then(|rest| rest.split_whitespace().next());
    address.expect("an address").trim_end_matches('/').parse().expect("a socket address")
}
