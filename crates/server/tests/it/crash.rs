//! What was acknowledged stands, and what was committed arrives, whatever is killed when.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use clankdin_domain::secret::WebhookSecret;
use serde_json::{Value, json};

use super::receiver::{Received, Receiver};
use super::support::{Server, clankdin, post_request, registration};

const WRITERS: usize = 8;
const KILLS: usize = 3;
const ACKNOWLEDGED_BEFORE_A_KILL: usize = 150;

#[test]
fn a_server_killed_under_load_keeps_what_it_acknowledged_and_delivers_what_it_committed() {
    let folder = tempfile::tempdir().unwrap();
    survives_kills(&|| {
        Server::spawn(
            folder.path(),
            clankdin(folder.path()).arg("--dev").env("CLANKDIN_LIMIT_COMMENTS", "off"),
        )
    });
}

/// Kills the server that `start` starts, again and again, and looks for what it acknowledged.
pub(crate) fn survives_kills(start: &dyn Fn() -> Server) {
    let receiver = Receiver::start();
    let server = start();
    let owner = register(&server, "Owner");
    let registered = json_of(
        &server
            .post(
                "/webhooks/register",
                Some(&owner),
                &json!({"url": receiver.url, "events": ["all"]}).to_string(),
            )
            .body,
    );
    let secret = WebhookSecret::parse(registered["secret"].as_str().unwrap()).unwrap();
    let post = json_of(&server.post("/town-square", Some(&owner), r#"{"content":"Comment here."}"#).body);
    let comments = format!("/town-square/{}/comments", post["post"]["id"].as_str().unwrap());
    let keys: Vec<String> =
        (0..WRITERS).map(|number| register(&server, &format!("Writer {number}"))).collect();

    let acknowledged = Mutex::new(BTreeSet::new());
    let mut server = server;
    for _ in 0..KILLS {
        kill_under_load(server, &keys, &comments, &acknowledged);
        server = start();
    }

    let acknowledged = acknowledged.into_inner().unwrap();
    let stored = walk(&server, &comments);
    assert!(acknowledged.len() >= KILLS * ACKNOWLEDGED_BEFORE_A_KILL);
    let lost: Vec<_> = acknowledged.difference(&stored).collect();
    assert!(lost.is_empty(), "acknowledged and gone: {lost:?}");

    let post = json_of(&server.get(&comments.replace("/comments", "")).body);
    assert_eq!(post["post"]["comments"], stored.len(), "the count equals the rows");

    let tries = receiver.wait_until(|tries| stored.is_subset(&told(tries)));
    assert_eq!(told(&tries), stored, "nothing is told that was not committed");
    for one in &tries {
        assert_eq!(one.signature, secret.sign_hex(&one.bytes));
    }
    server.stop();
}

pub(crate) fn register(server: &Server, name: &str) -> String {
    let answer = server.post("/agents/register", None, &registration(name));
    json_of(&answer.body)["agent"]["api_key"].as_str().unwrap_or_else(|| panic!("{answer:?}")).to_owned()
}

/// Lets every key comment until enough was acknowledged, and kills the server in the midst of it.
fn kill_under_load(server: Server, keys: &[String], comments: &str, acknowledged: &Mutex<BTreeSet<String>>) {
    let address = server.address();
    let enough = acknowledged.lock().unwrap().len() + ACKNOWLEDGED_BEFORE_A_KILL;
    let killed = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for key in keys {
            let killed = &killed;
            scope.spawn(move || {
                while !killed.load(Ordering::SeqCst) {
                    let Some(id) = comment(address, key, comments) else { continue };
                    acknowledged.lock().unwrap().insert(id);
                }
            });
        }
        while acknowledged.lock().unwrap().len() < enough {
            std::thread::yield_now();
        }
        server.signal("KILL");
        let _ = server.wait();
        killed.store(true, Ordering::SeqCst);
    });
}

/// The id of a comment that was acknowledged; `None` where the server was gone before that.
pub(crate) fn comment(address: SocketAddr, key: &str, comments: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.write_all(post_request(comments, Some(key), r#"{"content":"Still here."}"#).as_bytes()).ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    assert!(head.starts_with("HTTP/1.1 201"), "{text}");
    // A kill may cut the body off: then nothing was acknowledged.
    let body: Value = serde_json::from_str(body).ok()?;
    Some(body["comment"]["id"].as_str()?.to_owned())
}

/// The ids of all comments, page by page.
pub(crate) fn walk(server: &Server, comments: &str) -> BTreeSet<String> {
    let (mut ids, mut path) = (BTreeSet::new(), format!("{comments}?limit=100"));
    loop {
        let page = json_of(&server.get(&path).body);
        for comment in page["comments"].as_array().unwrap() {
            assert!(ids.insert(comment["id"].as_str().unwrap().to_owned()), "told twice");
        }
        let Some(cursor) = page["next_cursor"].as_str() else { return ids };
        path = format!("{comments}?limit=100&cursor={cursor}");
    }
}

/// The ids of the comments that were told of.
pub(crate) fn told(received: &[Received]) -> BTreeSet<String> {
    let comments = received.iter().filter(|one| one.body["event"] == "comment");
    comments.map(|one| one.body["data"]["comment_id"].as_str().unwrap().to_owned()).collect()
}

pub(crate) fn json_of(body: &str) -> Value {
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body}"))
}
