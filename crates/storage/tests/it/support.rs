//! A world for each case: a fresh database, a clock that stands still, ids that grow.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use chrono::TimeDelta;
use clankdin_domain::agent::{self, AgentName, Bio, Handle, Profile, Register, SkillName, Skills, Tagline};
use clankdin_domain::context::{Clock, Ctx, Random, Timestamp};
use clankdin_domain::event::{Audience, Event, EventKind};
use clankdin_domain::id::AgentId;
use clankdin_domain::limit::ActionLimits;
use clankdin_domain::refusal::Refusal;
use clankdin_domain::store::{Database, StoreError, UnitOfWork};
use clankdin_storage::{SqliteOptions, SqliteStore};
use tempfile::TempDir;
use uuid::Uuid;

/// Runs each case on each back-end, in a world of its own.
macro_rules! contract {
    ($($(#[$meta:meta])* fn $name:ident($world:ident) $body:block)+) => {
        $($(#[$meta])* fn $name($world: &$crate::support::World) $body)+

        mod on_sqlite {
            $(#[test] fn $name() {
                $crate::support::on(&$crate::support::Sqlite, super::$name);
            })+
        }

        #[cfg(feature = "postgres")]
        mod on_postgres {
            $(#[test] fn $name() {
                $crate::support::on(&$crate::postgres::Postgres, super::$name);
            })+
        }
    };
}
pub(crate) use contract;

/// Runs a case on a back-end, if it is there.
pub(crate) fn on(backend: &dyn Backend, case: fn(&World)) {
    if let Some((database, kept)) = backend.fresh() {
        case(&World::in_database(database, kept));
    }
}

/// Makes fresh databases.
pub(crate) trait Backend {
    /// An empty database, and what must live as long as it does; `None` where there is no such back-end
    /// on this machine.
    fn fresh(&self) -> Option<(Database, Box<dyn Send + Sync>)>;
}

/// `SQLite`, each database in a directory of its own.
pub(crate) struct Sqlite;

impl Backend for Sqlite {
    fn fresh(&self) -> Option<(Database, Box<dyn Send + Sync>)> {
        let place = SqlitePlace::default();
        Some((place.database(), Box::new(place)))
    }
}

/// A directory with a database that can be closed and opened again.
pub(crate) struct SqlitePlace {
    pub(crate) directory: TempDir,
}

impl Default for SqlitePlace {
    fn default() -> Self {
        Self { directory: TempDir::new().unwrap() }
    }
}

impl SqlitePlace {
    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().join("clankdin.db")
    }

    /// A world in which the database is open until it is dropped.
    pub(crate) fn world(&self) -> World {
        World::in_database(self.database(), Box::new(()))
    }

    fn database(&self) -> Database {
        Database::new(Arc::new(SqliteStore::open(SqliteOptions::new(self.path())).unwrap()))
    }
}

/// What a case acts in.
pub(crate) struct World {
    pub(crate) database: Database,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) ctx: Ctx,
    random: Arc<GrowingRandom>,
    _kept: Box<dyn Send + Sync>,
}

impl World {
    pub(crate) fn in_database(database: Database, kept: Box<dyn Send + Sync>) -> Self {
        let clock = Arc::new(ManualClock::default());
        let random = Arc::new(GrowingRandom::default());
        let ctx = Ctx::new(clock.clone(), random.clone(), ActionLimits::default());
        Self { database, clock, ctx, random, _kept: kept }
    }

    /// The same clock and ids with other quotas.
    pub(crate) fn ctx_with(&self, limits: ActionLimits) -> Ctx {
        Ctx::new(self.clock.clone(), self.random.clone(), limits)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.ctx.now()
    }

    pub(crate) fn write<T: Send + 'static, E: From<StoreError> + Send + 'static>(
        &self,
        work: impl FnOnce(&mut dyn UnitOfWork) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        wait_for(self.database.write(work))
    }

    pub(crate) fn read<T: Send + 'static, E: From<StoreError> + Send + 'static>(
        &self,
        work: impl FnOnce(&mut dyn UnitOfWork) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        wait_for(self.database.read(work))
    }

    /// Whether the end of the log moves with each commit.
    pub(crate) fn is_settled(&self) -> bool {
        self.database.is_settled()
    }

    /// An agent that has registered under the handle that its name makes, with the skills `Python` and
    /// `C++`.
    pub(crate) fn register(&self, name: &str) -> AgentId {
        self.register_with(profile(name), None).unwrap()
    }

    pub(crate) fn register_with(&self, profile: Profile, handle: Option<Handle>) -> Result<AgentId, Refusal> {
        let ctx = self.ctx.clone();
        self.write(move |uow| {
            let url = |handle: &Handle| format!("https://clankd.in/{}", handle.as_str());
            agent::register(uow, &ctx, Register { profile, handle }, &url).map(|registered| registered.id)
        })
    }
}

/// The profile of an agent of that name.
pub(crate) fn profile(name: &str) -> Profile {
    let skills = ["Python", "C++"].map(|skill| SkillName::parse(skill).unwrap());
    Profile {
        name: AgentName::parse(name).unwrap(),
        tagline: Tagline::parse("Does what it says, twice if asked").unwrap(),
        bio: Bio::parse(&"An account of itself that is long enough. ".repeat(2)).unwrap(),
        skills: Skills::new(skills.to_vec()).unwrap(),
        base_model: None,
        languages: vec![],
        strengths: vec![],
        avatar_url: None,
    }
}

/// An event that everyone is told of.
pub(crate) fn announcement(ctx: &Ctx, actor: Option<AgentId>) -> Event {
    Event {
        id: ctx.new_id(),
        kind: EventKind::NewAgent,
        audience: Audience::Everyone,
        actor,
        data: r#"{"handle":"zoe"}"#.into(),
        occurred_at: ctx.now(),
    }
}

/// Waits on this thread.
pub(crate) fn wait_for<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}

/// A clock that stands still until it is moved.
pub(crate) struct ManualClock(Mutex<Timestamp>);

impl Default for ManualClock {
    fn default() -> Self {
        Self(Mutex::new(Timestamp::from_timestamp(1_800_000_000, 0).unwrap()))
    }
}

impl ManualClock {
    pub(crate) fn advance(&self, by: TimeDelta) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

/// The same bytes in the same order at each run, and ids that grow also where the clock stands.
#[derive(Default)]
pub(crate) struct GrowingRandom(Mutex<u64>);

impl GrowingRandom {
    fn next(&self) -> u64 {
        let mut count = self.0.lock().unwrap();
        *count += 1;
        *count
    }
}

impl Random for GrowingRandom {
    fn fill(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(8) {
            // SplitMix64.
            let mut word = self.next().wrapping_mul(0x9e37_79b9_7f4a_7c15);
            word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            word ^= word >> 31;
            chunk.copy_from_slice(&word.to_le_bytes()[..chunk.len()]);
        }
    }

    fn uuid_v7(&self, now: Timestamp) -> Uuid {
        let mut random = [0; 10];
        random[2..].copy_from_slice(&self.next().to_be_bytes());
        let millis = u64::try_from(now.timestamp_millis()).unwrap();
        uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }
}
