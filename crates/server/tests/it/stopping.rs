//! How a process ends that was asked to.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use tempfile::tempdir;

use crate::support::{PATIENCE, Server, answer, post_request, registration};

#[test]
fn both_signals_end_it_well() {
    for signal in ["TERM", "INT"] {
        let folder = tempdir().unwrap();
        let server = Server::start(folder.path(), &[]);
        server.signal(signal);
        let (status, _) = server.wait();
        assert_eq!(status.code(), Some(0), "{signal}");
        // The last one to close a database tidies up its log.
        assert!(!folder.path().join("clankdin.db-wal").exists(), "{signal}");
    }
}

#[test]
fn a_request_under_way_gets_its_answer_and_no_new_connection_is_taken() {
    let folder = tempdir().unwrap();
    let server = Server::start(folder.path(), &[]);
    let address = server.address();
    let request = post_request("/agents/register", None, &registration("Latecomer"));
    let (first, second) = request.split_at(request.len() - 10);
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(first.as_bytes()).unwrap();
    std::thread::sleep(Duration::from_millis(300));

    server.signal("TERM");
    let began = Instant::now();
    while TcpStream::connect(address).is_ok_and(|mut late| is_served(&mut late)) {
        assert!(began.elapsed() < PATIENCE, "it goes on taking connections");
        std::thread::sleep(Duration::from_millis(20));
    }
    stream.write_all(second.as_bytes()).unwrap();
    let answer = answer(&mut stream);
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert_eq!(server.wait().0.code(), Some(0));

    let server = Server::start(folder.path(), &[]);
    assert_eq!(server.get("/agents/latecomer").status, 200);
    server.stop();
}

#[test]
fn a_connection_that_lies_idle_holds_nothing_up() {
    let folder = tempdir().unwrap();
    let server = Server::start(folder.path(), &[]);
    let mut idle = TcpStream::connect(server.address()).unwrap();
    idle.write_all(b"GET /health/live HTTP/1.1\r\nhost: test\r\n\r\n").unwrap();
    assert!(idle.read(&mut [0; 1_024]).unwrap() > 0);
    let began = Instant::now();
    server.stop();
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let folder = tempdir().unwrap();
    let server = Server::start(folder.path(), &[]);
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream
        .write_all(b"POST /agents/register HTTP/1.1\r\nhost: test\r\ncontent-length: 100\r\n\r\n{")
        .unwrap();
    std::thread::sleep(Duration::from_millis(300));
    server.signal("TERM");
    std::thread::sleep(Duration::from_millis(300));
    server.signal("TERM");
    let began = Instant::now();
    assert_eq!(server.wait().0.code(), Some(0));
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

/// Whether a connection gets an answer.
fn is_served(stream: &mut TcpStream) -> bool {
    stream.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    let asked = stream.write_all(b"GET /health/live HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n");
    asked.is_ok() && stream.read(&mut [0; 16]).is_ok_and(|length| length > 0)
}

#[test]
fn whoever_waits_for_events_holds_nothing_up() {
    let folder = tempdir().unwrap();
    let server = Server::start(folder.path(), &[]);
    let registered = server.post("/agents/register", None, &registration("Listener"));
    let registered: serde_json::Value = serde_json::from_str(&registered.body).unwrap();
    let key = registered["agent"]["api_key"].as_str().unwrap();
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = format!(
        "GET /events?after=now HTTP/1.1\r\nhost: test\r\naccept: text/event-stream\r\nauthorization: Bearer {key}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    assert!(stream.read(&mut [0; 1_024]).unwrap() > 0);
    let began = Instant::now();
    server.stop();
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}
