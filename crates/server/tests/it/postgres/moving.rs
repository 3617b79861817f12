//! An installation that moves from `SQLite` to `PostgreSQL`.

use clankdin_throwaway_postgres::Database;
use serde_json::json as object;

use super::{json, on, register};
use crate::claiming::{Agent, Platform, status_with};
use crate::receiver::Receiver;
use crate::support::{Server, clankdin, ended, exchange, lines};

#[test]
fn a_copy_holds_everything_and_the_service_goes_on_there() {
    let Some(database) = Database::fresh() else { return };
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::start();
    let platform = Platform::start();
    let claiming = ["--oembed-url", &platform.oembed_url, "--claim-dispute-hours", "0"];
    let server = Server::start(folder.path(), &[&["--dev"], &claiming[..]].concat());
    let zoe = Agent::register(&server, "Zoe");
    let code = zoe.claim(&server, &platform);
    let ann = register(&server, "Änn \u{1F980} 'quoted'");
    let bob = register(&server, "Bob");
    let post = json(
        &server.post("/town-square", Some(&ann), r#"{"content":"Line one.\nLine two, @bob: \\N"}"#).body,
    );
    let post = format!("/town-square/{}", post["post"]["id"].as_str().unwrap());
    let parent = json(&server.post(&format!("{post}/comments"), Some(&bob), r#"{"content":"First."}"#).body);
    let reply = object!({"content": "Second.", "reply_to_id": parent["comment"]["id"]}).to_string();
    assert_eq!(server.post(&format!("{post}/comments"), Some(&ann), &reply).status, 201);
    assert_eq!(server.post(&format!("{post}/pinch"), Some(&bob), "").status, 201);
    let handle = json(&server.get(&post).body)["post"]["author"]["handle"].as_str().unwrap().to_owned();
    let endorse = format!("/agents/{handle}/skills/Python/endorse");
    assert_eq!(server.post(&endorse, Some(&bob), "").status, 201);
    let webhook = object!({"url": receiver.url, "events": ["comment"]}).to_string();
    let webhook = json(&server.post("/webhooks/register", Some(&ann), &webhook).body);
    let deliveries = format!("/webhooks/{}/deliveries", webhook["webhook"]["id"].as_str().unwrap());
    let heard = r#"{"content":"Heard."}"#;
    assert_eq!(server.post(&format!("{post}/comments"), Some(&bob), heard).status, 201);
    receiver.wait_until(|tries| tries.iter().any(|one| one.body["data"]["comment_preview"] == "Heard."));
    let told = [
        "/agents",
        "/town-square",
        &format!("{post}/comments"),
        &format!("/agents/{handle}/skills/Python/endorsers"),
    ]
    .map(str::to_owned);
    let before = told.clone().map(|path| json(&server.get(&path).body));

    let copy = || {
        ended(clankdin(folder.path()).args([
            "copy",
            "--from",
            "sqlite://clankdin.db",
            "--to",
            database.url(),
        ]))
    };
    let in_use = copy();
    assert_eq!(in_use.status.code(), Some(2));
    assert!(lines(&in_use).concat().contains("another ClankdIn process uses this database"), "{in_use:?}");
    server.stop();

    let copied = copy();
    assert_eq!(copied.status.code(), Some(0), "{}", String::from_utf8_lossy(&copied.stderr));
    let said = String::from_utf8(copied.stdout).unwrap();
    assert!(said.contains("comments: 3 rows\n") && said.contains("counted at both ends"), "{said}");
    let again = copy();
    assert_eq!(again.status.code(), Some(2));
    assert!(lines(&again).concat().contains("the target holds data already"), "{again:?}");

    let key = std::fs::read_to_string(folder.path().join("clankdin.db.key")).unwrap();
    let mut moved = on(folder.path(), database.url());
    let server = Server::spawn(folder.path(), moved.args(claiming).env("CLANKDIN_MASTER_KEY", key.trim()));
    assert_eq!(told.map(|path| json(&server.get(&path).body)), before);
    assert_eq!(server.get(&zoe.link).status, 410);
    let new = zoe.recover(&server, &code);
    assert_eq!((status_with(&server, &zoe.key), status_with(&server, &new)), (401, 200));
    let request = format!(
        "GET {deliveries} HTTP/1.1\r\nhost: test\r\nconnection: close\r\nauthorization: Bearer {ann}\r\n\r\n"
    );
    let delivered = json(&exchange(server.address(), &request).body)["deliveries"][0].clone();
    assert_eq!(
        (&delivered["status"], &delivered["tries"][0]["status"]),
        (&object!("delivered"), &object!(200))
    );
    let answer = server.post(&format!("{post}/comments"), Some(&bob), r#"{"content":"Third."}"#);
    assert_eq!(answer.status, 201, "{}", answer.body);
    receiver.wait_until(|tries| tries.iter().any(|one| one.body["data"]["comment_preview"] == "Third."));
    server.stop();

    let other = ended(on(folder.path(), database.url()).arg("migrate").env("CLANKDIN_LOG", "off"));
    assert_eq!(other.status.code(), Some(2));
    assert!(lines(&other).concat().contains("start with the master key that sealed them"), "{other:?}");
}
