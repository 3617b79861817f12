//! Starts the real binary in a folder of its own, and talks HTTP to it.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

/// The line that tells where a server listens begins so.
const LISTENS: &str = "clankdin listens at http://";

/// Long enough for a debug build on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The binary in `folder`, with a free port and none of the settings of who runs the tests.
pub(crate) fn clankdin(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_clankdin"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CLANKDIN_")) {
        command.env_remove(name);
    }
    command.current_dir(folder).env("CLANKDIN_BIND", "127.0.0.1:0").stdin(Stdio::null());
    command
}

/// Runs the binary to its end. One that goes on running fails the test.
pub(crate) fn ended(command: &mut Command) -> Output {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let _ = wait(&mut child);
    child.wait_with_output().unwrap()
}

/// What was written to stderr, line by line.
pub(crate) fn lines(output: &Output) -> Vec<String> {
    String::from_utf8(output.stderr.clone()).unwrap().lines().map(str::to_owned).collect()
}

/// A server that runs; it is killed where a test does not stop it.
pub(crate) struct Server {
    child: Child,
    stdout: BufReader<ChildStdout>,
    /// What it told when it was ready.
    pub(crate) greeting: String,
    log: std::path::PathBuf,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Its status.
    pub(crate) status: u16,
    /// All after the head.
    pub(crate) body: String,
}

impl Server {
    /// Starts it in `folder` with `arguments`, and waits until it is ready. Its log goes to a file there.
    pub(crate) fn start(folder: &Path, arguments: &[&str]) -> Self {
        Self::spawn(folder, clankdin(folder).args(arguments))
    }

    /// As [`Server::start`], for a command that was set up by hand.
    pub(crate) fn spawn(folder: &Path, command: &mut Command) -> Self {
        let log = folder.join("stderr.log");
        let stderr = File::options().create(true).append(true).open(&log).unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(stderr).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut greeting = String::new();
        stdout.read_line(&mut greeting).unwrap();
        let server = Self { child, stdout, greeting: greeting.trim_end().to_owned(), log };
        assert!(!server.greeting.is_empty(), "it did not start: {}", server.log());
        server
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        let rest = self.greeting.strip_prefix(LISTENS).unwrap_or_else(|| panic!("{}", self.greeting));
        rest.split(',').next().unwrap().parse().unwrap()
    }

    /// What it has logged so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// Asks for a path.
    pub(crate) fn get(&self, path: &str) -> Answer {
        get(self.address(), path)
    }

    /// Sends JSON, with an agent's key where there is one.
    pub(crate) fn post(&self, path: &str, key: Option<&str>, body: &str) -> Answer {
        exchange(self.address(), &post_request(path, key, body))
    }

    /// The process's number.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        signal(self.id(), name);
    }

    /// Waits for the end of one that was killed.
    pub(crate) fn wait_for_end(&mut self) {
        assert!(wait(&mut self.child).is_some(), "it goes on running: {}", self.log());
    }

    /// Waits for its end, and reads what it wrote to stdout after the greeting.
    pub(crate) fn wait(mut self) -> (ExitStatus, String) {
        let status = wait(&mut self.child).unwrap_or_else(|| panic!("it goes on running: {}", self.log()));
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        (status, rest)
    }

    /// Asks it to stop, and holds it to ending well.
    pub(crate) fn stop(self) {
        self.signal("TERM");
        let (status, rest) = self.wait();
        assert_eq!((status.code(), rest.as_str()), (Some(0), ""));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a signal, by its name, to a process that was not waited for yet.
pub(crate) fn signal(process: u32, name: &str) {
    let sent = Command::new("kill").args(["-s", name, &process.to_string()]).status().unwrap();
    assert!(sent.success());
}

/// Asks for a path at an address.
pub(crate) fn get(address: SocketAddr, path: &str) -> Answer {
    exchange(address, &format!("GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n"))
}

/// The text of a request for a path by an agent.
pub(crate) fn get_request(path: &str, key: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\nauthorization: Bearer {key}\r\n\r\n")
}

/// The text of a request that closes its connection.
pub(crate) fn post_request(path: &str, key: Option<&str>, body: &str) -> String {
    let key = key.map(|key| format!("authorization: Bearer {key}\r\n")).unwrap_or_default();
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n{key}content-type: application/json\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
}

/// Sends a request and reads until the other side closes.
pub(crate) fn exchange(address: SocketAddr, request: &str) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    answer(&mut stream)
}

/// Reads an answer until the other side closes.
pub(crate) fn answer(stream: &mut TcpStream) -> Answer {
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, body: body.to_owned() }
}

/// The body of a registration that is taken.
pub(crate) fn registration(name: &str) -> String {
    format!(
        r#"{{"name": "{name}", "tagline": "I crunch numbers", "bio": "{}", "skills": ["Python"]}}"#,
        "I analyse data and write reports. ".repeat(3).trim_end()
    )
}

/// `None`, and the process killed, where it goes on for too long.
fn wait(child: &mut Child) -> Option<ExitStatus> {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let _ = child.kill();
    None
}
