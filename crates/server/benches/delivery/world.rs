//! Agents with endpoints, in a fresh database of either kind, and a dispatcher that delivers to them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use clankdin_domain::agent::{
    AgentName, Bio, Language, Profile, Register, SkillName, Skills, Tagline, register,
};
use clankdin_domain::context::Ctx;
use clankdin_domain::event::{Audience, Event, EventKind};
use clankdin_domain::id::{AgentId, EventId};
use clankdin_domain::limit::ActionLimits;
use clankdin_domain::refusal::Refusal;
use clankdin_domain::store::{Database, StoreError};
use clankdin_domain::webhook::{RegisterWebhook, Subscription, Walk, WebhookUrl, register_webhook};
use clankdin_outbound::{AddressPolicy, Outbound, OutboundSettings, Timeouts};
use clankdin_storage::{MasterKey, PostgresOptions, PostgresStore, SqliteOptions, SqliteStore};
use clankdin_throwaway_postgres as throwaway;
use clankdin_webhook_dispatcher::{Dispatcher, DispatcherSettings};
use tokio::sync::{Notify, watch};

use crate::system::{SystemClock, SystemRandom};

/// The kinds of databases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
}

pub(crate) struct World {
    pub(crate) database: Database,
    ctx: Ctx,
    pub(crate) agents: Vec<AgentId>,
    wake: Arc<Notify>,
    in_all: usize,
    _kept: Box<dyn std::any::Any>,
}

/// A dispatcher that runs on this thread.
pub(crate) struct Running {
    stop: watch::Sender<bool>,
    task: actix_rt::task::JoinHandle<()>,
}

impl Running {
    pub(crate) async fn stopped(self) {
        self.stop.send_replace(true);
        self.task.await.expect("the dispatcher stops");
    }
}

impl World {
    /// Agents with an endpoint each, at the address that is given for their number.
    pub(crate) async fn with_agents(
        kind: Kind,
        agents: usize,
        in_all: usize,
        at: impl Fn(usize) -> SocketAddr,
    ) -> Self {
        let wake = Arc::new(Notify::new());
        let bell = Arc::clone(&wake);
        let on_event: Arc<dyn Fn() + Send + Sync> = Arc::new(move || bell.notify_one());
        let (database, kept) = open(kind, on_event);
        let ctx = Ctx::new(Arc::new(SystemClock), Arc::new(SystemRandom::new()), ActionLimits::default());
        let mut ids = Vec::new();
        for number in 0..agents {
            let ctx = ctx.clone();
            let registered = database.write(move |uow| {
                let command = Register { profile: profile(number), handle: None };
                Ok::<_, Refusal>(register(uow, &ctx, command, &|_| String::new())?.id)
            });
            ids.push(registered.await.expect("an agent"));
        }
        // After all have joined: nobody is to be told of that.
        for (number, agent) in ids.iter().copied().enumerate() {
            let (ctx, url) = (ctx.clone(), format!("http://{}/hook/{number}", at(number)));
            let url = WebhookUrl::parse(&url).expect("a URL");
            let events = Subscription::parse(["all"]).expect("all");
            let command = RegisterWebhook { url, events };
            let registered = database.write(move |uow| register_webhook(uow, &ctx, agent, command));
            registered.await.expect("a webhook");
        }
        Self { database, ctx, agents: ids, wake, in_all, _kept: kept }
    }

    /// Tells each of these agents of so many events, in one transaction.
    pub(crate) async fn tell(&self, agents: &[AgentId], each: usize) -> Vec<EventId> {
        let audiences = agents.iter().flat_map(|agent| (0..each).map(|_| Audience::Agent(*agent)));
        self.append(EventKind::Backing, audiences.collect()).await
    }

    /// Tells everyone of so many events, in one transaction.
    pub(crate) async fn announce(&self, events: usize) -> Vec<EventId> {
        self.append(EventKind::NewAgent, vec![Audience::Everyone; events]).await
    }

    async fn append(&self, kind: EventKind, audiences: Vec<Audience>) -> Vec<EventId> {
        let ctx = self.ctx.clone();
        let appended = self.database.write(move |uow| {
            let mut ids = Vec::new();
            for audience in audiences {
                let (id, occurred_at) = (ctx.new_id(), ctx.now());
                let data = r#"{"backer":"an_agent_that_backs_another"}"#.to_owned();
                uow.outbox().append(&Event { id, kind, audience, actor: None, data, occurred_at })?;
                ids.push(id);
            }
            Ok::<_, StoreError>(ids)
        });
        appended.await.expect("events")
    }

    pub(crate) fn start(&self) -> Running {
        let policy = AddressPolicy { allow_insecure: true, allow_private: true, ..AddressPolicy::default() };
        let timeouts = Timeouts { connect: Duration::from_secs(5), total: Duration::from_secs(15) };
        let dns_servers = vec!["127.0.0.1:9".parse().expect("an address")];
        let settings = OutboundSettings { policy, dns_servers, timeouts, ..OutboundSettings::default() };
        let outbound = Outbound::new(settings).expect("outbound");
        let settings = DispatcherSettings { in_all: self.in_all, ..DispatcherSettings::default() };
        let registry = prometheus::Registry::new();
        let dispatcher =
            Dispatcher::new(settings, self.database.clone(), self.ctx.clone(), outbound, &registry);
        let (stop, told_to_stop) = watch::channel(false);
        let run = dispatcher.expect("a dispatcher").run(Arc::clone(&self.wake), told_to_stop);
        Running { stop, task: actix_rt::spawn(run) }
    }

    /// Whether every event has its row at each endpoint that hears of it.
    pub(crate) async fn is_settled(&self) -> bool {
        let left = self.database.read(|uow| {
            let deliveries = uow.deliveries();
            let walk = Walk { read: deliveries.handled()?, within: None };
            let heard = deliveries.hearers(walk, 100)?;
            Ok::<_, StoreError>(deliveries.backlog()?.0 + heard.hearers.len() + usize::from(heard.is_more))
        });
        left.await.expect("a read") == 0
    }
}

fn open(kind: Kind, on_event: Arc<dyn Fn() + Send + Sync>) -> (Database, Box<dyn std::any::Any>) {
    match kind {
        Kind::Sqlite => {
            let folder = tempfile::tempdir().expect("a folder");
            let options = SqliteOptions { on_event, ..SqliteOptions::new(folder.path().join("bench.db")) };
            (Database::new(Arc::new(SqliteStore::open(options).expect("a database"))), Box::new(folder))
        }
        Kind::Postgres => {
            // As PostgreSQL comes, for what it writes to be durable, and not as servers of tests are set up.
            let settings = [("fsync", "on"), ("full_page_writes", "on"), ("shared_buffers", "128MB")];
            let settings = settings.map(|(name, value)| (name, value.to_owned())).to_vec();
            let settings = throwaway::Settings { settings, tls: None };
            let server = throwaway::Server::start(&settings).expect("PostgreSQL");
            let key = MasterKey::parse(&"0f".repeat(32)).expect("a key");
            let options = PostgresOptions { on_event, ..PostgresOptions::new(server.url("postgres"), key) };
            let store = PostgresStore::open(options, &(Arc::new(SystemClock) as _)).expect("a database");
            (Database::new(Arc::new(store)), Box::new(server))
        }
    }
}

fn profile(number: usize) -> Profile {
    Profile {
        name: AgentName::parse(&format!("Agent {number}")).expect("a name"),
        tagline: Tagline::parse("Is told of everything that happens").expect("a tagline"),
        bio: Bio::parse(&"Listens, and says nothing. ".repeat(4)).expect("a bio"),
        skills: Skills::new(vec![SkillName::parse("Listening").expect("a skill")]).expect("skills"),
        base_model: None,
        languages: vec![Language::parse("English").expect("a language")],
        strengths: vec![],
        avatar_url: None,
    }
}
