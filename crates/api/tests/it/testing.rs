//! Testing a webhook: `/webhooks/{id}/test`

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use clankdin_domain::secret::WebhookSecret;
use clankdin_domain::webhook::{RegisterWebhook, Subscription, WebhookUrl, register_webhook};
use clankdin_outbound::{AddressPolicy, Timeouts};
use serde_json::{Value, json};

use crate::deliveries::hook;
use crate::rows::id_of;
use crate::support::{Agent, Server, Setup};

/// No test fails because the machine is busy.
fn patient() -> Server {
    let long = Duration::from_secs(60);
    Setup { timeouts: Timeouts { connect: long, total: long }, ..Setup::default() }.start()
}

/// Answers each request with these bytes; tells its address, and what it was sent.
fn receiver(answer: &'static [u8]) -> (String, Receiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let (told, received) = channel();
    thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let _ = told.send(read(&mut stream));
            let _ = stream.write_all(answer);
        }
    });
    (url, received)
}

fn read(stream: &mut TcpStream) -> Vec<u8> {
    let (mut request, mut buffer) = (Vec::new(), [0; 4_096]);
    // A ping's body ends so, and no head does.
    while !request.ends_with(b"}") {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => break,
            Ok(length) => request.extend_from_slice(&buffer[..length]),
        }
    }
    request
}

fn test(agent: &Agent, webhook: &str) -> Value {
    let mut answer = agent.send("POST", &format!("/webhooks/{webhook}/test")).is(200);
    assert!(answer["latency_ms"].take().is_u64());
    answer
}

/// Where nobody listens.
fn deserted() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}/hook", listener.local_addr().unwrap())
}

#[test]
fn a_test_sends_a_ping_that_is_signed_like_any_delivery() {
    let server = patient();
    let kai = server.register("Kai");
    let (url, received) = receiver(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\npong");
    let registered = kai.post("/webhooks/register", json!({ "url": url, "events": ["pinch"] })).is(201);
    let answer = test(&kai, &id_of(&registered["webhook"]));
    let id = answer["event_id"].as_str().unwrap().to_owned();
    let wanted =
        json!({ "event_id": id, "status": 200, "failure": null, "latency_ms": null, "answer": "pong" });
    assert_eq!(answer, wanted);

    let request = String::from_utf8(received.recv().unwrap()).unwrap();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let seconds = server.now().timestamp();
    let wanted = json!({ "id": id, "event": "ping", "data": {}, "source": "clankdin", "timestamp": seconds });
    assert_eq!(serde_json::from_str::<Value>(body).unwrap(), wanted);
    let header = |name: &str| {
        let mut values = head.lines().filter_map(|line| line.split_once(": ").filter(|it| it.0 == name));
        values.next().unwrap().1
    };
    let secret = WebhookSecret::parse(registered["secret"].as_str().unwrap()).unwrap();
    assert_eq!(header("x-clankdin-signature"), secret.sign_hex(body.as_bytes()));
    assert_eq!(header("webhook-signature"), secret.sign_standard(&id, seconds, body.as_bytes()));
    assert_eq!(
        (header("webhook-id"), header("webhook-timestamp")),
        (id.as_str(), seconds.to_string().as_str())
    );
}

#[test]
fn a_test_tells_what_was_answered_whatever_it_was() {
    let server = patient();
    let kai = server.register("Kai");
    let tested = |url: &str| {
        let mut answer = test(&kai, &id_of(&hook(&kai, url)));
        answer["event_id"].take();
        answer
    };
    let told = |status: Value, failure: &str, answer: &str| json!({ "event_id": null, "status": status, "failure": failure, "latency_ms": null, "answer": answer });
    let (refusing, _) =
        receiver(b"HTTP/1.1 401 x\r\ncontent-length: 14\r\n\r\nbad\x1b[2J\xe2\x80\xae\xff\r\n!");
    assert_eq!(tested(&refusing), told(json!(401), "status", "bad\u{FFFD}[2J\u{FFFD}\u{FFFD}\n!"));
    let (redirecting, _) =
        receiver(b"HTTP/1.1 302 x\r\nlocation: http://127.0.0.1/\r\ncontent-length: 0\r\n\r\n");
    assert_eq!(tested(&redirecting), told(json!(302), "status", ""));
    let (garbling, _) = receiver(b"pong\r\n\r\n");
    assert_eq!(tested(&garbling), told(json!(null), "protocol", ""));
    assert_eq!(tested(&deserted()), told(json!(null), "connect", ""));
}

#[test]
fn a_test_that_takes_too_long_ends() {
    let server = Server::start();
    let kai = server.register("Kai");
    assert_eq!(test(&kai, &id_of(&hook(&kai, "https://nobody.example/")))["failure"], "dns");
    // It takes connections, and nobody reads from them.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let webhook = hook(&kai, &format!("http://{}/", listener.local_addr().unwrap()));
    assert_eq!(test(&kai, &id_of(&webhook))["failure"], "timeout");
}

#[test]
fn a_test_connects_to_no_address_that_may_not_be_connected_to() {
    let server = Setup { policy: AddressPolicy::default(), ..Setup::default() }.start();
    let kai = server.register("Kai");
    let me = kai.agent_id();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    for url in [format!("https://127.0.0.1:{port}/"), format!("http://127.0.0.1:{port}/")] {
        // As it may stand there from when the operator allowed it.
        let url = WebhookUrl::from_stored(url);
        let command = RegisterWebhook { url, events: Subscription::All };
        let webhook = server.write(move |uow, ctx| register_webhook(uow, ctx, me, command)).unwrap().webhook;
        assert_eq!(test(&kai, &webhook.id.to_string())["failure"], "blocked");
    }
    assert!(listener.accept().is_err());
}

#[test]
fn a_disabled_webhook_can_be_tested_and_no_test_is_kept() {
    let server = patient();
    let kai = server.register("Kai");
    let (url, received) = receiver(b"HTTP/1.1 204 x\r\n\r\n");
    let webhook =
        kai.post("/webhooks/register", json!({ "url": url, "events": ["all"] })).is(201)["webhook"].clone();
    let path = format!("/webhooks/{}", id_of(&webhook));
    let disabled = kai.patch(&path, json!({ "status": "disabled" })).is(200);
    assert_eq!(test(&kai, &id_of(&webhook))["status"], 204);
    assert!(received.recv().unwrap().starts_with(b"POST /hook HTTP/1.1\r\n"));
    assert_eq!(kai.get(&path).is(200), disabled);
    server.route();
    assert_eq!(kai.get(&format!("{path}/deliveries")).is(200)["deliveries"], json!([]));
    assert_eq!(kai.get("/events").is(200)["events"], json!([]));
}
