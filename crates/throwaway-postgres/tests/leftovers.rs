//! A server is gone with the process that started it, however that ended and whatever state it was in.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test that panics has failed, as it should")]

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use clankdin_throwaway_postgres::{Server, Settings};

/// Makes this program a child of its own test, and names the state in which it leaves its server.
const STATE: &str = "CLANKDIN_TEST_LEAVE_SERVER";

#[test]
fn nothing_is_left_of_a_server_whose_process_was_killed() {
    if let Ok(state) = std::env::var(STATE) {
        leave_a_server(&state);
    }
    if Server::start(&Settings::default()).is_none() {
        return;
    }
    for state in ["running", "frozen", "stopped", "killed"] {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "nothing_is_left_of_a_server_whose_process_was_killed", "--nocapture"])
            .env(STATE, state)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let folder = lines.find_map(|line| line.split_once("folder=").map(|(_, folder)| folder.to_owned()));
        let folder = folder.unwrap();
        assert!(Path::new(&folder).exists());
        child.kill().unwrap();
        child.wait().unwrap();
        let began = Instant::now();
        while Path::new(&folder).exists() || is_used(&folder) {
            assert!(began.elapsed() < Duration::from_secs(20), "{state}: {folder} stays");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// What the child does until it is killed.
fn leave_a_server(state: &str) -> ! {
    let mut server = Server::start(&Settings::default()).unwrap();
    match state {
        "frozen" => server.freeze(),
        "stopped" => server.stop(),
        "killed" => server.kill(),
        _ => (),
    }
    println!("folder={}", server.folder().display());
    loop {
        std::thread::park();
    }
}

/// Whether a process of the server in that folder lives.
fn is_used(folder: &str) -> bool {
    let table = Command::new("ps").args(["-axo", "args="]).output().unwrap();
    String::from_utf8_lossy(&table.stdout)
        .lines()
        .any(|line| line.contains("postgres") && line.contains(folder))
}
