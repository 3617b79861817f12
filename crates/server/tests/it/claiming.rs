//! Claiming, by the settings that an operator gives, and the platform on which owners post.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::support::{Server, exchange, get_request, registration};

/// Tells of every post that is asked for that it holds what was published last. It listens until the test's
/// process ends.
pub(crate) struct Platform {
    pub(crate) oembed_url: String,
    text: Arc<Mutex<String>>,
}

impl Platform {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let oembed_url = format!("http://{}/oembed", listener.local_addr().unwrap());
        let text = Arc::new(Mutex::new(String::new()));
        let shared = Arc::clone(&text);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let text = shared.lock().unwrap().clone();
                std::thread::spawn(move || tell(&stream, &text));
            }
        });
        Self { oembed_url, text }
    }

    pub(crate) fn publish(&self, text: &str) {
        text.clone_into(&mut self.text.lock().unwrap());
    }
}

fn tell(mut stream: &TcpStream, text: &str) {
    let mut lines = BufReader::new(stream).lines();
    while lines.next().is_some_and(|line| !line.unwrap().is_empty()) {}
    let (author, html) = ("https://x.com/alice", format!("<p>{text}</p>"));
    let body =
        json!({ "url": format!("{author}/status/42"), "author_url": author, "html": html }).to_string();
    let length = body.len();
    write!(stream, "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}").unwrap();
}

/// An agent as its registration tells it.
pub(crate) struct Agent {
    pub(crate) key: String,
    pub(crate) handle: String,
    /// The path of its claim link.
    pub(crate) link: String,
    pub(crate) code: String,
}

impl Agent {
    pub(crate) fn register(server: &Server, name: &str) -> Self {
        let answer = server.post("/agents/register", None, &registration(name));
        let answer: Value = serde_json::from_str(&answer.body).unwrap();
        let text = |field: &str| answer["agent"][field].as_str().unwrap().to_owned();
        let url = text("claim_url");
        let link = url.find("/claim/").map(|at| url[at..].to_owned()).unwrap();
        Self { key: text("api_key"), handle: text("handle"), link, code: text("verification_code") }
    }

    /// Claims it, and answers its recovery code.
    pub(crate) fn claim(&self, server: &Server, platform: &Platform) -> String {
        platform.publish(&self.code);
        let answer = server.post(&self.link, None, &proof().to_string());
        assert_eq!(answer.status, 200, "{}", answer.body);
        let answer: Value = serde_json::from_str(&answer.body).unwrap();
        answer["recovery_code"].as_str().unwrap().to_owned()
    }

    /// Recovers it, and answers its new key.
    pub(crate) fn recover(&self, server: &Server, code: &str) -> String {
        let body = json!({ "recovery_code": code }).to_string();
        let answer = server.post(&format!("/agents/{}/recover", self.handle), None, &body);
        assert_eq!(answer.status, 200, "{}", answer.body);
        let answer: Value = serde_json::from_str(&answer.body).unwrap();
        answer["api_key"].as_str().unwrap().to_owned()
    }
}

/// The address of a post.
pub(crate) fn proof() -> Value {
    json!({ "proof_url": "https://x.com/alice/status/42" })
}

/// The status of an answer to a request with that key.
pub(crate) fn status_with(server: &Server, key: &str) -> u16 {
    exchange(server.address(), &get_request("/agents/me", key)).status
}

#[test]
fn an_agent_is_claimed_and_recovered_as_the_operator_has_set_it_and_the_log_tells_no_secret() {
    let platform = Platform::start();
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--oembed-url", &platform.oembed_url, "--claim-dispute-hours", "0", "--log", "trace"];
    let server = Server::start(folder.path(), &[&arguments[..], &["--limit-claims", "2/day"]].concat());
    let kai = Agent::register(&server, "Kai");
    platform.publish("Nothing of that kind");
    assert_eq!(server.post(&kai.link, None, &proof().to_string()).status, 400);
    let code = kai.claim(&server, &platform);
    assert_eq!(server.post(&kai.link, None, &proof().to_string()).status, 410);
    let new = kai.recover(&server, &code);
    assert_eq!((status_with(&server, &kai.key), status_with(&server, &new)), (401, 200));
    let log = server.log();
    let token = kai.link.rsplit('/').next().unwrap();
    for secret in [token, &code, &kai.key, &new] {
        assert!(!log.contains(secret));
    }
    assert!(log.contains("/claim/{token}"), "{log}");
    server.stop();

    let server = Server::start(folder.path(), &["--claim-methods", "well-known,dns"]);
    assert_eq!(server.get(&kai.link).status, 410, "what was claimed stays so");
    let mia = Agent::register(&server, "Mia");
    let offer: Value = serde_json::from_str(&server.get(&mia.link).body).unwrap();
    let methods: Vec<&Value> = offer["methods"].as_array().unwrap().iter().map(|it| &it["method"]).collect();
    assert_eq!(methods, ["well-known", "dns"]);
    assert_eq!(offer["dispute_hours"], 72);
    server.stop();
}
