//! Committed events on their way, and whatever is killed, stopped or away meanwhile.
//!
//! One rule is held in all of it: each committed event reaches each endpoint that was active at the commit at least
//! once, with valid signatures and the same bytes at each try, and the log of deliveries tells of nothing else.

mod kills;
mod points;
#[cfg(feature = "postgres")]
mod shared;
mod stopping;

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher as _, RandomState};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use clankdin_domain::secret::WebhookSecret;
use serde_json::{Value, json};

use crate::crash::{comment, json_of, register, told, walk};
use crate::receiver::Received;
use crate::support::{PATIENCE, Server, clankdin, exchange, get_request};

/// An owner's post, which others comment on, and of which the owner's endpoints are told.
pub(crate) struct Scene {
    owner: String,
    writer: String,
    comments: String,
}

/// An endpoint of the owner's.
pub(crate) struct Endpoint {
    id: String,
    secret: WebhookSecret,
}

impl Scene {
    pub(crate) fn set(server: &Server) -> Self {
        let owner = register(server, "Owner");
        let writer = register(server, "Writer");
        let post = json_of(&server.post("/town-square", Some(&owner), r#"{"content":"Comment here."}"#).body);
        let comments = format!("/town-square/{}/comments", post["post"]["id"].as_str().unwrap());
        Self { owner, writer, comments }
    }

    /// Registers an endpoint that is told of comments.
    pub(crate) fn subscribe(&self, server: &Server, url: &str) -> Endpoint {
        let webhook = json!({"url": url, "events": ["comment"]}).to_string();
        let registered = json_of(&server.post("/webhooks/register", Some(&self.owner), &webhook).body);
        let secret = WebhookSecret::parse(registered["secret"].as_str().unwrap()).unwrap();
        let id = registered["webhook"]["id"].as_str().unwrap_or_else(|| panic!("{registered}")).to_owned();
        Endpoint { id, secret }
    }

    /// Comments once. Answers the id, unless whoever was asked was gone before it could tell.
    pub(crate) fn comment(&self, server: SocketAddr) -> Option<String> {
        comment(server, &self.writer, &self.comments)
    }

    /// Comments once, where the database may be away.
    pub(crate) fn try_to_comment(&self, server: &Server) {
        let answer = server.post(&self.comments, Some(&self.writer), r#"{"content":"Anybody?"}"#);
        assert!(matches!(answer.status, 201 | 503), "{answer:?}");
    }

    /// Comments so often, where nothing is in the way.
    pub(crate) fn comment_times(&self, server: &Server, times: usize) {
        for _ in 0..times {
            self.comment(server.address()).unwrap();
        }
    }

    /// The ids of all comments that are stored.
    pub(crate) fn stored(&self, server: &Server) -> BTreeSet<String> {
        walk(server, &self.comments)
    }

    /// What the log says of the last deliveries to an endpoint, a hundred at most, as soon as the database is there.
    pub(crate) fn log(&self, server: &Server, endpoint: &Endpoint, status: &str) -> Vec<Value> {
        let path = format!("/webhooks/{}/deliveries?limit=100{status}", endpoint.id);
        let mut deliveries = Vec::new();
        eventually(|| {
            let answer = exchange(server.address(), &get_request(&path, &self.owner));
            if answer.status == 200 {
                json_of(&answer.body)["deliveries"].as_array().unwrap().clone_into(&mut deliveries);
            }
            answer.status == 200
        });
        deliveries
    }

    /// Waits until the log satisfies `enough`.
    pub(crate) fn log_until(
        &self,
        server: &Server,
        endpoint: &Endpoint,
        enough: impl Fn(&[Value]) -> bool,
    ) -> Vec<Value> {
        let mut log = Vec::new();
        eventually(|| {
            log = self.log(server, endpoint, "");
            enough(&log)
        });
        log
    }

    /// Holds what an endpoint was told to the rule, as soon as all has arrived. Answers how many events it was, and
    /// how many tries more than that.
    pub(crate) fn assert_told(
        &self,
        server: &Server,
        endpoint: &Endpoint,
        receiver: &crate::receiver::Receiver,
    ) -> (usize, usize) {
        let stored = self.stored(server);
        let tries = receiver.wait_until(|tries| stored.is_subset(&told(tries)));
        assert_eq!(told(&tries), stored, "nothing is told that was not committed");
        let mut events = BTreeMap::new();
        for one in &tries {
            assert_signed(one, &endpoint.secret);
            let first = events.entry(&one.id).or_insert(&one.bytes);
            assert_eq!(*first, &one.bytes, "the same bytes at each try");
        }
        assert_eq!(events.len(), stored.len(), "one event has one id");
        for status in ["pending", "failed"] {
            let filter = format!("&status={status}");
            eventually(|| self.log(server, endpoint, &filter).is_empty());
        }
        (events.len(), tries.len() - events.len())
    }
}

fn assert_signed(one: &Received, secret: &WebhookSecret) {
    assert_eq!(one.signature, secret.sign_hex(&one.bytes));
    assert_eq!(one.standard, secret.sign_standard(&one.id, one.timestamp, &one.bytes));
}

/// The binary in `folder` on an `SQLite` database there, without limits.
pub(crate) fn on_sqlite(folder: &Path) -> Command {
    let mut command = clankdin(folder);
    command.arg("--dev");
    lift_limits(&mut command);
    command
}

pub(crate) fn lift_limits(command: &mut Command) {
    for limit in ["REQUESTS", "ANONYMOUS", "REGISTRATIONS", "COMMENTS"] {
        command.env(format!("CLANKDIN_LIMIT_{limit}"), "off");
    }
}

/// Whoever serves the API and whoever delivers, which is one process or two.
pub(crate) struct Nodes<'n> {
    /// `None` where the one that delivers serves it.
    pub(crate) api: Option<Server>,
    pub(crate) dispatcher: Server,
    pub(crate) start: &'n dyn Fn() -> Server,
    /// Does what time would: after it, the lead of one that was killed has run out.
    pub(crate) pass_time: &'n dyn Fn(),
}

impl Nodes<'_> {
    pub(crate) fn api(&self) -> &Server {
        self.api.as_ref().unwrap_or(&self.dispatcher)
    }

    /// Puts another in the place of one that was killed.
    pub(crate) fn replace_killed(&mut self) {
        self.dispatcher.wait_for_end();
        (self.pass_time)();
        self.dispatcher = (self.start)();
    }
}

/// A number below `bound`, by chance.
fn chance(bound: u64) -> u64 {
    RandomState::new().hash_one(0) % bound
}

/// Waits for what nobody announces.
fn eventually(mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "it never holds");
        std::thread::sleep(Duration::from_millis(10));
    }
}
