//! A world for each test: a fresh database that can be cut off, a clock that stands still, agents with
//! webhooks, and dispatchers that can be stopped and killed.

use std::sync::Arc;
use std::time::Duration;

use clankdin_domain::agent::{self, AgentName, Bio, Handle, Profile, Register, SkillName, Skills, Tagline};
use clankdin_domain::context::{Ctx, Timestamp};
use clankdin_domain::event::{Audience, Event, EventKind};
use clankdin_domain::id::{AgentId, EventId, WebhookId};
use clankdin_domain::limit::ActionLimits;
use clankdin_domain::secret::WebhookSecret;
use clankdin_domain::store::{Database, StoreError, UnitOfWork};
use clankdin_domain::webhook::{self, RegisterWebhook, Subscription, Walk, Webhook, WebhookUrl};
use clankdin_outbound::{AddressPolicy, Outbound, OutboundSettings, Timeouts};
use clankdin_storage::{SqliteOptions, SqliteStore};
use clankdin_webhook_dispatcher::{Dispatcher, DispatcherSettings};
use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, SqliteConnection};
use prometheus::Registry;
use tempfile::TempDir;
use tokio::sync::{Notify, watch};
use uuid::Uuid;

use crate::doubles::{Cuttable, GrowingIds, ManualClock};
use crate::{PATIENCE, eventually, logging, soon};

/// The database's file.
const DATABASE: &str = "clankdin.db";

/// When what waits in a line is due, in microseconds, as its row says: on the last day of 9999.
const IN_LINE: i64 = 253_402_214_400_000_000;

/// What a test acts in. What it changes of the settings counts for dispatchers that it starts after.
pub(crate) struct World {
    pub(crate) database: Database,
    pub(crate) store: Arc<Cuttable>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) ctx: Ctx,
    pub(crate) settings: DispatcherSettings,
    pub(crate) outbound: OutboundSettings,
    pub(crate) registry: Registry,
    wake: Arc<Notify>,
    directory: TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::of_size(None)
    }

    /// One whose database may not grow beyond that.
    pub(crate) fn of_size(max_bytes: Option<u64>) -> Self {
        logging::listen();
        let directory = TempDir::new().unwrap();
        let wake = Arc::new(Notify::new());
        let bell = Arc::clone(&wake);
        let options = SqliteOptions {
            on_event: Arc::new(move || bell.notify_one()),
            max_bytes,
            ..SqliteOptions::new(directory.path().join(DATABASE))
        };
        let inner = SqliteStore::open(options).unwrap();
        let store = Arc::new(Cuttable::new(inner));
        let clock = Arc::new(ManualClock::default());
        let ctx = Ctx::new(clock.clone(), Arc::new(GrowingIds::default()), ActionLimits::default());
        let settings = DispatcherSettings {
            poll: Duration::from_secs(60),
            back_off: Duration::from_millis(5),
            ..DispatcherSettings::default()
        };
        let policy = AddressPolicy { allow_insecure: true, allow_private: true, ..AddressPolicy::default() };
        let dns_servers = vec!["127.0.0.1:1".parse().unwrap()];
        Self {
            database: Database::new(store.clone()),
            store,
            clock,
            ctx,
            settings,
            // No try runs out of time because the machine is busy.
            outbound: OutboundSettings {
                policy,
                dns_servers,
                timeouts: Timeouts { connect: PATIENCE, total: PATIENCE },
                ..OutboundSettings::default()
            },
            registry: Registry::new(),
            wake,
            directory,
        }
    }

    /// Lets tries run out of time soon.
    pub(crate) fn hasten(&mut self) {
        let total = Duration::from_secs(1);
        self.outbound.timeouts = Timeouts { connect: total, total };
    }

    /// Starts a dispatcher that counts from zero.
    pub(crate) fn start(&mut self) -> Running {
        self.registry = Registry::new();
        let outbound = Outbound::new(self.outbound.clone()).unwrap();
        let (database, ctx) = (self.database.clone(), self.ctx.clone());
        let dispatcher = Dispatcher::new(self.settings, database, ctx, outbound, &self.registry).unwrap();
        let (stop, told_to_stop) = watch::channel(false);
        Running { stop, task: actix_rt::spawn(dispatcher.run(Arc::clone(&self.wake), told_to_stop)) }
    }

    pub(crate) async fn register(&self, name: &str) -> AgentId {
        let (ctx, profile) = (self.ctx.clone(), profile(name));
        let work = move |uow: &mut dyn UnitOfWork| {
            let url = |handle: &Handle| format!("https://clankd.in/{}", handle.as_str());
            agent::register(uow, &ctx, Register { profile, handle: None }, &url)
        };
        let id = self.database.write(work).await.unwrap().id;
        // A webhook does not hear of what happened before it was registered.
        self.clock.advance(Duration::from_secs(1));
        id
    }

    /// Registers a webhook, or gives it a fresh secret.
    pub(crate) async fn subscribe(
        &self,
        agent: AgentId,
        url: &str,
        events: &str,
    ) -> (Webhook, WebhookSecret) {
        let (ctx, url) = (self.ctx.clone(), WebhookUrl::parse(url).unwrap());
        let command = RegisterWebhook { url, events: Subscription::parse([events]).unwrap() };
        let work = move |uow: &mut dyn UnitOfWork| webhook::register_webhook(uow, &ctx, agent, command);
        let registered = self.database.write(work).await.unwrap();
        (registered.webhook, registered.secret)
    }

    /// Registers agents with so many webhooks together, of everyone's joining, where `url` says for each.
    pub(crate) async fn crowd(&self, webhooks: usize, url: impl Fn(usize) -> String) {
        let urls: Vec<_> = (0..webhooks).map(|number| WebhookUrl::parse(&url(number)).unwrap()).collect();
        let (ctx, count) = (self.ctx.clone(), webhooks.div_ceil(webhook::MAX_WEBHOOKS));
        let registering = move |uow: &mut dyn UnitOfWork| {
            let url = |handle: &Handle| format!("https://clankd.in/{}", handle.as_str());
            let register = |number| Register { profile: profile(&format!("Agent {number}")), handle: None };
            let agents = (0..count).map(|number| agent::register(uow, &ctx, register(number), &url));
            agents.map(|agent| agent.map(|agent| agent.id)).collect::<Result<Vec<_>, _>>()
        };
        let agents = self.database.write(registering).await.unwrap();
        self.clock.advance(Duration::from_secs(1));
        let ctx = self.ctx.clone();
        let subscribing = move |uow: &mut dyn UnitOfWork| {
            urls.into_iter().enumerate().try_for_each(|(number, url)| {
                let command = RegisterWebhook { url, events: Subscription::parse(["new_agent"]).unwrap() };
                let agent = agents.get(number / webhook::MAX_WEBHOOKS).copied().unwrap();
                webhook::register_webhook(uow, &ctx, agent, command).map(drop)
            })
        };
        self.database.write(subscribing).await.unwrap();
    }

    pub(crate) async fn rotate(&self, agent: AgentId) -> WebhookSecret {
        let ctx = self.ctx.clone();
        let work = move |uow: &mut dyn UnitOfWork| webhook::rotate_secret(uow, &ctx, agent, None);
        self.database.write(work).await.unwrap().secret
    }

    pub(crate) async fn erase(&self, agent: AgentId) {
        self.database.write(move |uow| agent::erase(uow, agent)).await.unwrap();
    }

    /// Tells one agent that another backs it.
    pub(crate) async fn tell(&self, agent: AgentId, backer: &str) -> Event {
        self.append(EventKind::Backing, Audience::Agent(agent), None, format!(r#"{{"backer":"{backer}"}}"#))
            .await
    }

    /// Tells one agent so often that another backs it.
    pub(crate) async fn tell_times(&self, agent: AgentId, times: usize) {
        let (ctx, data) = (self.ctx.clone(), r#"{"backer":"kai"}"#.to_owned());
        let (kind, audience, occurred_at) = (EventKind::Backing, Audience::Agent(agent), ctx.now());
        let work = move |uow: &mut dyn UnitOfWork| {
            (0..times).try_for_each(|_| {
                let event =
                    Event { id: ctx.new_id(), kind, audience, actor: None, data: data.clone(), occurred_at };
                uow.outbox().append(&event)
            })
        };
        self.database.write(work).await.unwrap();
    }

    /// Has so many deliveries stand in an endpoint's line, of events long handled. Answers the first event's id, from
    /// which the others count up. Not written through the store: for a million that would take minutes.
    pub(crate) fn line_up(&self, webhook: &Webhook, deliveries: usize) -> Uuid {
        // No other id has a `b` there: those begin at 8, and count.
        let mut id = self.ctx.new_id::<EventId>().uuid().simple().to_string();
        id.truncate(16);
        id.push('b');
        let first = format!("{id}{:015x}", 0);
        let (agent, webhook) = (webhook.agent.uuid().simple(), webhook.id.uuid().simple());
        let now = self.ctx.now().timestamp_micros();
        self.execute(&format!(
            r#"PRAGMA synchronous = OFF;
            BEGIN IMMEDIATE;
            WITH RECURSIVE places (place) AS
                (SELECT 0 UNION ALL SELECT place + 1 FROM places LIMIT {deliveries})
                INSERT INTO outbox (id, kind, addressee_id, data, occurred_at)
                SELECT unhex(printf('{id}%015x', place)), 'backing', x'{agent}', '{{"backer":"kai"}}', {now}
                FROM places;
            INSERT INTO deliveries (webhook_id, event_id, status, next_attempt_at)
                SELECT x'{webhook}', id, 'pending', {IN_LINE} FROM outbox WHERE id >= x'{first}' ORDER BY id;
            UPDATE log_ends SET (head, handled) = (SELECT max(sequence), max(sequence) FROM outbox);
            COMMIT;"#
        ));
        Uuid::parse_str(&first).unwrap()
    }

    /// Changes the database beside the store.
    pub(crate) fn execute(&self, statements: &str) {
        let path = self.directory.path().join(DATABASE);
        let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
        connection.batch_execute(statements).unwrap();
    }

    /// Tells everyone but the actor.
    pub(crate) async fn announce(&self, actor: AgentId) -> Event {
        let data = r#"{"handle":"zoe","name":"Zoë \"Z\" 🦀"}"#;
        self.append(EventKind::NewAgent, Audience::Everyone, Some(actor), data.to_owned()).await
    }

    pub(crate) async fn append(
        &self,
        kind: EventKind,
        audience: Audience,
        actor: Option<AgentId>,
        data: String,
    ) -> Event {
        let (id, occurred_at) = (self.ctx.new_id(), self.ctx.now());
        let event = Event { id, kind, audience, actor, data, occurred_at };
        let appended = event.clone();
        self.database.write(move |uow| uow.outbox().append(&appended)).await.unwrap();
        event
    }

    pub(crate) async fn webhook(&self, id: WebhookId) -> Webhook {
        self.database.read(move |uow| uow.webhooks().by_id(id)).await.unwrap().unwrap()
    }

    /// How long until the next delivery that waits as a row is due.
    pub(crate) async fn due_in(&self) -> Option<Duration> {
        let due_at =
            self.database.read(|uow| uow.deliveries().next_due_at(Timestamp::UNIX_EPOCH)).await.unwrap()?;
        Some((due_at - self.ctx.now()).to_std().unwrap_or_default())
    }

    /// Lets dispatchers forget what is old as soon as they run.
    pub(crate) fn sweep_soon(&mut self) {
        self.settings.poll = Duration::from_millis(5);
        self.settings.sweep_every = Duration::from_millis(60);
    }

    /// How many deliveries have no row yet, of events that have their places.
    pub(crate) async fn without_row(&self) -> usize {
        let left = self.database.read(|uow| {
            let deliveries = uow.deliveries();
            let mut walk = Walk { read: deliveries.handled()?, within: None };
            let mut left = 0;
            loop {
                let heard = deliveries.hearers(walk, 1_000)?;
                left += heard.hearers.len();
                if !heard.is_more {
                    return Ok::<_, StoreError>(left);
                }
                walk = heard.next;
            }
        });
        left.await.unwrap()
    }

    /// Whether it is written down that every event is handled.
    pub(crate) async fn is_handled(&self) -> bool {
        let read = self.database.read(|uow| {
            let (handled, head) = (uow.deliveries().handled()?, uow.log().ends()?.head);
            Ok::<_, StoreError>(uow.deliveries().backlog()?.0 == 0 && handled == head)
        });
        read.await.unwrap()
    }

    async fn is_settled(&self) -> bool {
        let read = self.database.write(|uow| {
            let deliveries = uow.deliveries();
            Ok::<_, StoreError>(deliveries.settle()? && deliveries.lines()?.is_empty())
        });
        read.await.unwrap() && self.without_row().await == 0
    }

    /// Waits until all is recorded and nothing is to be tried again.
    pub(crate) async fn all_recorded(&self) {
        eventually(async || self.is_settled().await && self.due_in().await.is_none()).await;
    }

    /// Waits until all is recorded and the only delivery is to be tried again; answers in how long.
    pub(crate) async fn retry_recorded(&self) -> Duration {
        let is_later = |wait: Duration| wait > Duration::ZERO;
        eventually(async || self.is_settled().await && self.due_in().await.is_some_and(is_later)).await;
        self.due_in().await.unwrap()
    }

    /// Whether the database still holds an event.
    pub(crate) async fn holds(&self, event: &Event) -> bool {
        let again = event.clone();
        let work = move |uow: &mut dyn UnitOfWork| match uow.outbox().append(&again) {
            Ok(()) => Err(StoreError::Internal("rolled back".to_owned())),
            Err(StoreError::Conflict(_)) => Ok(()),
            Err(error) => Err(error),
        };
        self.database.write(work).await.is_ok()
    }

    /// Moves the clock and tells the dispatcher to look.
    pub(crate) fn pass(&self, time: Duration) {
        self.clock.advance(time);
        self.wake.notify_one();
    }

    /// What the counter of tries says.
    pub(crate) fn tries(&self, outcome: &str, class: &str) -> f64 {
        let families = self.registry.gather();
        let family = families.iter().find(|family| family.name() == "clankdin_webhook_attempts_total");
        let wanted = [("class", class), ("outcome", outcome)];
        let counted = family.iter().flat_map(|family| family.get_metric()).find(|metric| {
            let labels = metric.get_label().iter().map(|label| (label.name(), label.value()));
            labels.eq(wanted)
        });
        counted.map_or(0.0, |metric| metric.get_counter().get_value())
    }
}

impl World {
    /// How many tries are under way, as it is told to whoever watches.
    pub(crate) fn under_way(&self) -> usize {
        self.gauge("clankdin_webhook_in_flight")
    }

    /// How many deliveries wait in memory.
    pub(crate) fn queued(&self) -> usize {
        self.gauge("clankdin_webhook_queued")
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it counts")]
    fn gauge(&self, name: &str) -> usize {
        let families = self.registry.gather();
        let family = families.iter().find(|family| family.name() == name).unwrap();
        family.get_metric().first().unwrap().get_gauge().get_value() as usize
    }
}

/// A dispatcher at work.
pub(crate) struct Running {
    stop: watch::Sender<bool>,
    task: actix_rt::task::JoinHandle<()>,
}

impl Running {
    /// Tells it to stop.
    pub(crate) fn tell_to_stop(&self) {
        self.stop.send_replace(true);
    }

    /// Waits until it has stopped.
    pub(crate) async fn stopped(self) {
        self.tell_to_stop();
        soon(self.task).await.unwrap();
    }

    /// Drops it in the middle of whatever it does.
    pub(crate) async fn killed(self) {
        self.task.abort();
        assert!(soon(self.task).await.unwrap_err().is_cancelled());
    }

    /// Takes away whoever could tell it to stop; waits until it has.
    pub(crate) async fn forsaken(self) {
        drop(self.stop);
        soon(self.task).await.unwrap();
    }
}

fn profile(name: &str) -> Profile {
    Profile {
        name: AgentName::parse(name).unwrap(),
        tagline: Tagline::parse("Does what it says, twice if asked").unwrap(),
        bio: Bio::parse(&"An account of itself that is long enough. ".repeat(2)).unwrap(),
        skills: Skills::new(vec![SkillName::parse("Python").unwrap()]).unwrap(),
        base_model: None,
        languages: vec![],
        strengths: vec![],
        avatar_url: None,
    }
}
