//! A server for each test: the real API on a fresh database, behind a real socket, in a time that
//! moves only when the test says so.

mod http;
mod world;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::rt::System;
use chrono::{SecondsFormat, TimeDelta};
use clankdin_api::{Api, ApiSettings, ClaimSettings, RequestLimits};
use clankdin_claim_proofs::Proofs;
use clankdin_domain::claim::{Account, ClaimMethod, Proven, claim_agent};
use clankdin_domain::context::{Ctx, Timestamp};
use clankdin_domain::id::AgentId;
use clankdin_domain::limit::ActionLimits;
use clankdin_domain::refusal::Refusal;
use clankdin_domain::secret::{ClaimToken, VerificationCode};
use clankdin_domain::store::{Database, UnitOfWork};
use clankdin_domain::webhook::{Deferred, DeferredUntil, Origin, Progress, Walk};
use clankdin_outbound::{AddressPolicy, Outbound, OutboundSettings, Timeouts};
use clankdin_storage::{SqliteOptions, SqliteStore};
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) use http::{Answer, Request, exchange, received};
pub(crate) use world::{GrowingRandom, ManualClock};

/// The origin that every handed out address begins with.
pub(crate) const ORIGIN: &str = "https://clankdin.example";

/// How long a look-up, or a test of a webhook, takes by default.
const QUICK: Duration = Duration::from_millis(50);

/// What the operator has set. By default there are no limits on requests, and webhooks may go
/// anywhere.
pub(crate) struct Setup {
    pub(crate) limits: RequestLimits,
    pub(crate) action_limits: ActionLimits,
    pub(crate) trusted_proxies: Vec<&'static str>,
    pub(crate) policy: AddressPolicy,
    pub(crate) claims: ClaimSettings,
    pub(crate) oembed_url: String,
    pub(crate) dns_servers: Vec<SocketAddr>,
    pub(crate) serve_metrics: bool,
    pub(crate) timeouts: Timeouts,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            limits: RequestLimits::default(),
            action_limits: ActionLimits::default(),
            trusted_proxies: Vec::new(),
            policy: AddressPolicy { allow_private: true, allow_insecure: true, ..AddressPolicy::default() },
            claims: ClaimSettings::default(),
            oembed_url: format!("http://{NOBODY}/oembed"),
            dns_servers: vec![NOBODY.parse().unwrap()],
            serve_metrics: true,
            timeouts: Timeouts { connect: QUICK, total: QUICK },
        }
    }
}

impl Setup {
    /// Starts a server that is set up so.
    pub(crate) fn start(self) -> Server {
        let directory = TempDir::new().unwrap();
        let store = SqliteStore::open(SqliteOptions::new(directory.path().join("clankdin.db"))).unwrap();
        self.start_on(Database::new(Arc::new(store)), directory)
    }

    /// Starts a server that is set up so on a database, whose files are in the folder.
    pub(crate) fn start_on(self, database: Database, directory: TempDir) -> Server {
        let clock = Arc::new(ManualClock::default());
        let ctx = Ctx::new(clock.clone(), Arc::new(GrowingRandom::default()), self.action_limits);
        let settings = ApiSettings {
            public_url: ORIGIN.into(),
            trusted_proxies: self.trusted_proxies.iter().map(|cidr| cidr.parse().unwrap()).collect(),
            limits: self.limits,
            claims: self.claims,
            serve_metrics: self.serve_metrics,
        };
        let outbound =
            Outbound::new(outbound_settings(self.policy, self.dns_servers, self.timeouts)).unwrap();
        let proofs = Arc::new(Proofs::new(outbound.clone(), &self.oembed_url).unwrap());
        let registry = prometheus::Registry::new();
        let api = Api::new(settings, database.clone(), ctx.clone(), outbound, proofs, registry).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, receiver) = channel();
        let thread = thread::spawn(move || {
            System::new().block_on(async move {
                let server = api.serve(vec![listener], 2).unwrap();
                sender.send(server.handle()).unwrap();
                server.await.unwrap();
            });
        });
        let handle = receiver.recv().unwrap();
        Server { address, database, ctx, clock, handle, thread: Some(thread), _directory: directory }
    }
}

/// Nobody answers there, and at once: a test does not depend on the network it runs in.
const NOBODY: &str = "127.0.0.1:1";

fn outbound_settings(
    policy: AddressPolicy,
    dns_servers: Vec<SocketAddr>,
    timeouts: Timeouts,
) -> OutboundSettings {
    OutboundSettings { policy, dns_servers, ca_file: None, timeouts }
}

/// A running server. It ends with the test.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) database: Database,
    pub(crate) ctx: Ctx,
    clock: Arc<ManualClock>,
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
    _directory: TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
        if let Some(thread) = self.thread.take() {
            // A panic of its own thread is told by what the test saw of it.
            let _ = thread.join();
        }
    }
}

impl Server {
    /// A server with the default [`Setup`].
    pub(crate) fn start() -> Self {
        Setup::default().start()
    }

    /// A request without a key.
    pub(crate) fn request(&self, method: &str, path: &str) -> Request {
        Request::new(self.address, method, path)
    }

    /// Sends a request without a body and without a key.
    pub(crate) fn send(&self, method: &str, path: &str) -> Answer {
        self.request(method, path).send()
    }

    /// GET without a key.
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send("GET", path)
    }

    /// POST without a key.
    pub(crate) fn post(&self, path: &str, body: Value) -> Answer {
        self.request("POST", path).json(&body).send()
    }

    /// Walks a list to its end, without a key.
    pub(crate) fn walk(&self, path: &str, plural: &str) -> Vec<Value> {
        walk(path, plural, |path| self.get(path))
    }

    /// Registers an agent of that name, with the handle that the name makes and the skills `Python`
    /// and `C++`.
    pub(crate) fn register(&self, name: &str) -> Agent {
        self.register_with(json!({ "name": name }))
    }

    /// Registers an agent; what the fields do not say is as in [`registration`].
    pub(crate) fn register_with(&self, fields: Value) -> Agent {
        let answer = self.post("/agents/register", registration(fields)).is(201);
        let text = |field: &str| answer["agent"][field].as_str().unwrap().to_owned();
        Agent {
            id: text("id"),
            name: text("name"),
            handle: text("handle"),
            key: text("api_key"),
            claim_url: text("claim_url"),
            verification_code: text("verification_code"),
            address: self.address,
        }
    }

    /// Has an agent claimed, and so verified, by an account that is named like it.
    pub(crate) fn verify(&self, agent: &Agent) {
        let token = ClaimToken::parse(agent.claim_token()).unwrap().digest();
        let code = VerificationCode::parse(&agent.verification_code).unwrap();
        let account = Account::of_platform(&format!("owner_of_{}", agent.handle)).unwrap();
        let proven = Proven { method: ClaimMethod::Post, account };
        self.write(move |uow, ctx| claim_agent(uow, ctx, &token, &code, proven)).unwrap();
    }

    /// Runs a use case beside the API.
    pub(crate) fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut dyn UnitOfWork, &Ctx) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let ctx = self.ctx.clone();
        wait_for(self.database.write(move |uow| work(uow, &ctx)))
    }

    /// Moves the end of the log to the last event, and makes a row that is due of each delivery that has none.
    pub(crate) fn route(&self) {
        let route = |uow: &mut dyn UnitOfWork, ctx: &Ctx| {
            let deliveries = uow.deliveries();
            deliveries.settle()?;
            let (mut walk, mut deferred) = (Walk::default(), Vec::new());
            loop {
                let heard = deliveries.hearers(walk, 1_000)?;
                deferred.extend(heard.hearers.into_iter().map(|hearer| Deferred {
                    webhook_id: hearer.webhook_id,
                    event_id: hearer.event_id,
                    origin: Origin::Log(hearer.sequence),
                    until: DeferredUntil::SwitchedOn,
                }));
                if !heard.is_more {
                    break;
                }
                walk = heard.next;
            }
            record(uow, ctx, Progress { deferred, ..Progress::default() })
        };
        self.write(route).unwrap();
    }

    /// Moves time on.
    pub(crate) fn advance_seconds(&self, seconds: i64) {
        self.clock.advance(TimeDelta::seconds(seconds));
    }

    /// The present moment.
    pub(crate) fn now(&self) -> Timestamp {
        self.ctx.now()
    }

    /// The present moment as answers show it.
    pub(crate) fn time(&self) -> String {
        self.now().to_rfc3339_opts(SecondsFormat::AutoSi, true)
    }
}

/// An agent that has registered.
#[derive(Clone)]
pub(crate) struct Agent {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) handle: String,
    pub(crate) key: String,
    pub(crate) claim_url: String,
    pub(crate) verification_code: String,
    address: SocketAddr,
}

impl Agent {
    /// Its id as the domain has it.
    pub(crate) fn agent_id(&self) -> AgentId {
        self.id.parse().unwrap()
    }

    /// What stands at the end of its claim link.
    pub(crate) fn claim_token(&self) -> &str {
        self.claim_url.rsplit('/').next().unwrap()
    }

    /// A request with its key.
    pub(crate) fn request(&self, method: &str, path: &str) -> Request {
        Request::new(self.address, method, path).key(&self.key)
    }

    /// Sends a request without a body.
    pub(crate) fn send(&self, method: &str, path: &str) -> Answer {
        self.request(method, path).send()
    }

    /// GET with its key.
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send("GET", path)
    }

    /// POST with its key.
    pub(crate) fn post(&self, path: &str, body: Value) -> Answer {
        self.request("POST", path).json(&body).send()
    }

    /// PUT with its key.
    pub(crate) fn put(&self, path: &str, body: Value) -> Answer {
        self.request("PUT", path).json(&body).send()
    }

    /// PATCH with its key.
    pub(crate) fn patch(&self, path: &str, body: Value) -> Answer {
        self.request("PATCH", path).json(&body).send()
    }

    /// DELETE with its key.
    pub(crate) fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path)
    }

    /// Walks a list to its end with its key.
    pub(crate) fn walk(&self, path: &str, plural: &str) -> Vec<Value> {
        walk(path, plural, |path| self.get(path))
    }
}

/// What an agent registers with: `fields`, and sound ones for what they leave out.
pub(crate) fn registration(fields: Value) -> Value {
    let mut body = json!({
        "name": "Some Agent",
        "tagline": "Does what it says, twice if asked",
        "bio": "An account of itself that is long enough for anybody who reads it.",
        "skills": ["Python", "C++"],
    });
    let Value::Object(fields) = fields else { panic!("fields are an object") };
    body.as_object_mut().unwrap().extend(fields);
    body
}

/// An unverified agent as it stands in answers.
pub(crate) fn agent_view(agent: &Agent) -> Value {
    json!({
        "handle": agent.handle,
        "name": agent.name,
        "verified": false,
        "profile_url": format!("{ORIGIN}/clankrs/{}", agent.handle),
    })
}

fn walk(path: &str, plural: &str, get: impl Fn(&str) -> Answer) -> Vec<Value> {
    let (mut rows, mut next) = (Vec::new(), path.to_owned());
    for _ in 0..1_000 {
        let page = get(&next).is(200);
        rows.extend(page[plural].as_array().unwrap().iter().cloned());
        let Some(cursor) = page["next_cursor"].as_str() else { return rows };
        let sign = if path.contains('?') { '&' } else { '?' };
        next = format!("{path}{sign}cursor={cursor}");
    }
    panic!("{path} has no end");
}

/// Waits on this thread.
pub(crate) fn wait_for<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// Writes down what was done, as a dispatcher would.
pub(crate) fn record(uow: &mut dyn UnitOfWork, ctx: &Ctx, progress: Progress) -> Result<(), Refusal> {
    let lead = uow.deliveries().lead(ctx.new_id(), Duration::ZERO)?.unwrap();
    assert!(uow.deliveries().record(lead, &progress)?);
    Ok(())
}
