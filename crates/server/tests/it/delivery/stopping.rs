//! How a delivery ends that is under way when the process is asked to stop.

use std::io::Write as _;
use std::net::TcpStream;
use std::sync::Mutex;
use std::sync::mpsc;

use serde_json::json;

use super::{Scene, eventually, on_sqlite};
use crate::receiver::{Manners, Receiver};
use crate::support::{PATIENCE, Server};

#[test]
fn a_try_under_way_ends_and_is_written_down_before_the_process_does() {
    let folder = tempfile::tempdir().unwrap();
    let start = || Server::spawn(folder.path(), on_sqlite(folder.path()).arg("serve"));
    let server = start();
    let scene = Scene::set(&server);
    let (go_on, answers) = mpsc::channel();
    let answers = Mutex::new(answers);
    let receiver = Receiver::with(Manners {
        answer: Box::new(move |_, stream| {
            // Where nobody says how to go on any more, the test has failed already.
            let body: &str = answers.lock().unwrap().recv_timeout(PATIENCE).unwrap_or_default();
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
            let (first, second) = body.split_at(body.len() / 2);
            for part in [&head, first, second] {
                let _ = stream.write_all(part.as_bytes());
            }
        }),
        ..Manners::default()
    });
    let endpoint = scene.subscribe(&server, &receiver.url);
    scene.comment_times(&server, 1);
    receiver.wait_for(1);

    server.signal("TERM");
    let address = server.address();
    eventually(|| TcpStream::connect(address).is_err());
    go_on.send("Taken, late as it is.").unwrap();
    let (status, _) = server.wait();
    assert_eq!(status.code(), Some(0));

    let server = start();
    let log = scene.log(&server, &endpoint, "");
    let delivery = &log[0];
    assert_eq!((&delivery["status"], &delivery["attempts"]), (&json!("delivered"), &json!(1)));
    assert_eq!(delivery["tries"][0]["answer"], "Taken, late as it is.");
    // What comes next comes alone.
    go_on.send("").unwrap();
    scene.comment_times(&server, 1);
    let tries = receiver.wait_until(|tries| tries.len() > 1);
    assert_ne!(tries[1].id, tries[0].id);
    assert_eq!(scene.assert_told(&server, &endpoint, &receiver), (2, 0));
    server.stop();
}
