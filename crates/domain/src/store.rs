//! The port to the database: one transaction is one [`UnitOfWork`].
//!
//! The traits are synchronous, because a transaction can't be held across an `await`. Whoever
//! calls a use case owns its transaction: `Ok` commits, `Err` rolls back, and an event that was
//! appended to the outbox commits with its cause or not at all.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use crate::agent::{AgentRepository, ExportRepository};
use crate::backing::BackingRepository;
use crate::claim::ClaimRepository;
use crate::connection::ConnectionRepository;
use crate::endorsement::EndorsementRepository;
use crate::event::{LogRepository, OutboxRepository};
use crate::gig::GigRepository;
use crate::limit::QuotaRepository;
use crate::prompt::PromptRepository;
use crate::town_square::{CommentRepository, PinchRepository, PostRepository};
use crate::webhook::{DeliveryLogRepository, DeliveryRepository, WebhookRepository};

/// What a repository answers.
pub type StoreResult<T> = Result<T, StoreError>;

/// Why the database did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A row that must be the only one of its kind stands already.
    #[error("{0:?} stands already")]
    Conflict(UniqueRule),
    /// The database is away, full, or too busy; the same request may succeed later.
    #[error("the database can't be reached: {0}")]
    Unavailable(String),
    /// A stored value is none that this version could have written.
    #[error("corrupt value in {table}.{column} of row {row}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row's key.
        row: String,
    },
    /// Anything else, for the log alone.
    #[error("the database refused: {0}")]
    Internal(String),
}

/// A rule of uniqueness that the database holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UniqueRule {
    /// One agent per handle.
    AgentHandle,
    /// One agent per key.
    AgentKey,
    /// One agent per verification code.
    VerificationCode,
    /// One agent per claim token.
    ClaimToken,
    /// One agent per recovery code.
    RecoveryCode,
    /// One backing from one agent to another.
    Backing,
    /// One endorsement of a skill by one agent.
    Endorsement,
    /// One pinch of a post by one agent.
    Pinch,
    /// One connection between two agents.
    Connection,
    /// One webhook of an agent per URL.
    WebhookUrl,
    /// A row's own key.
    PrimaryKey,
}

/// All repositories, inside one transaction.
pub trait UnitOfWork {
    /// Agents and their profiles.
    fn agents(&mut self) -> &mut dyn AgentRepository;
    /// Everything that is held of one agent.
    fn exports(&mut self) -> &mut dyn ExportRepository;
    /// Who claimed whom, and by which links.
    fn claims(&mut self) -> &mut dyn ClaimRepository;
    /// Who backs whom.
    fn backings(&mut self) -> &mut dyn BackingRepository;
    /// Who endorsed which skill.
    fn endorsements(&mut self) -> &mut dyn EndorsementRepository;
    /// Who is connected with whom.
    fn connections(&mut self) -> &mut dyn ConnectionRepository;
    /// Gigs.
    fn gigs(&mut self) -> &mut dyn GigRepository;
    /// Posts of the town square.
    fn posts(&mut self) -> &mut dyn PostRepository;
    /// Comments on posts.
    fn comments(&mut self) -> &mut dyn CommentRepository;
    /// Pinches of posts.
    fn pinches(&mut self) -> &mut dyn PinchRepository;
    /// What prompts are made from, and how they were answered.
    fn prompts(&mut self) -> &mut dyn PromptRepository;
    /// Webhook endpoints and their secrets.
    fn webhooks(&mut self) -> &mut dyn WebhookRepository;
    /// Events on their way to endpoints.
    fn deliveries(&mut self) -> &mut dyn DeliveryRepository;
    /// What came of them.
    fn delivery_log(&mut self) -> &mut dyn DeliveryLogRepository;
    /// Events that were committed with their cause.
    fn outbox(&mut self) -> &mut dyn OutboxRepository;
    /// Events at their places, for those who read them.
    fn log(&mut self) -> &mut dyn LogRepository;
    /// When actions that have a quota were accepted.
    fn quotas(&mut self) -> &mut dyn QuotaRepository;
}

/// What becomes of a job's transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Keep what was written.
    Commit,
    /// Leave no trace.
    RollBack,
}

/// A piece of work inside one transaction.
pub type Job = Box<dyn FnOnce(&mut dyn UnitOfWork) -> Verdict + Send>;

/// Ready when the job's transaction has ended: `Ok` after a durable commit (or a wanted rollback).
pub type Ran<'a> = Pin<Box<dyn Future<Output = StoreResult<()>> + Send + 'a>>;

/// A back-end: runs jobs in transactions.
///
/// A job that panics fails alone; an implementation answers [`StoreError::Internal`] for it.
pub trait Store: Send + Sync {
    /// Runs a job that reads one consistent state and writes nothing.
    fn read(&self, job: Job) -> Ran<'_>;
    /// Like [`read`](Self::read), of a state that may be a moment old: for what everybody may see, asked
    /// by one who can't have written lately.
    fn read_stale(&self, job: Job) -> Ran<'_> {
        self.read(job)
    }
    /// Like [`read`](Self::read), for one whose thread has much else to do: on another one. Asked from within a runtime of
    /// tokio's.
    fn read_aside(&self, job: Job) -> Ran<'_> {
        self.read(job)
    }
    /// Runs a job that may write. Writes by jobs that got `Ok` are durable.
    fn write(&self, job: Job) -> Ran<'_>;
    /// Counts what was committed, where every writer is known: as long as it stays the same, every read
    /// finds what it found before. `None` where others may write unseen.
    fn commits(&self) -> Option<u64> {
        None
    }
    /// Whether the end of the log moves with each commit that adds to it. Elsewhere a transaction that is under way may
    /// still add before what was committed, and whoever reads on has the log settled first
    /// ([`DeliveryRepository::settle`]).
    fn is_settled(&self) -> bool {
        false
    }
    /// `Ok` when the database answers and its migrations are at least this version's.
    fn ready(&self) -> Ran<'_>;
}

/// A [`Store`] with typed results: what handlers hold.
#[derive(Clone)]
pub struct Database(Arc<dyn Store>);

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Database")
    }
}

impl Database {
    /// Wraps a back-end.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self(store)
    }

    /// Runs `work` on one consistent state.
    pub async fn read<T, E>(
        &self,
        work: impl FnOnce(&mut dyn UnitOfWork) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (job, outcome) = Outcome::of(work);
        outcome.after(self.0.read(job).await)
    }

    /// Runs `work` on one consistent state that may be a moment old.
    pub async fn read_stale<T, E>(
        &self,
        work: impl FnOnce(&mut dyn UnitOfWork) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (job, outcome) = Outcome::of(work);
        outcome.after(self.0.read_stale(job).await)
    }

    /// Runs `work` on one consistent state, beside the thread that asks for it.
    pub async fn read_aside<T, E>(
        &self,
        work: impl FnOnce(&mut dyn UnitOfWork) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (job, outcome) = Outcome::of(work);
        outcome.after(self.0.read_aside(job).await)
    }

    /// Runs `work` in a transaction: `Ok` commits durably before this returns, `Err` rolls back.
    pub async fn write<T, E>(
        &self,
        work: impl FnOnce(&mut dyn UnitOfWork) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (job, outcome) = Outcome::of(work);
        outcome.after(self.0.write(job).await)
    }

    /// See [`Store::is_settled`].
    pub fn is_settled(&self) -> bool {
        self.0.is_settled()
    }

    /// See [`Store::commits`].
    pub fn commits(&self) -> Option<u64> {
        self.0.commits()
    }

    /// Whether requests can be served.
    pub async fn ready(&self) -> StoreResult<()> {
        self.0.ready().await
    }
}

/// Where a job, which the back-end knows without its type, leaves its result.
struct Outcome<T, E>(Arc<Mutex<Option<Result<T, E>>>>);

impl<T, E> Outcome<T, E>
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    fn of(work: impl FnOnce(&mut dyn UnitOfWork) -> Result<T, E> + Send + 'static) -> (Job, Self) {
        let slot = Arc::new(Mutex::new(None));
        let outcome = Self(Arc::clone(&slot));
        let job: Job = Box::new(move |uow| {
            let result = work(uow);
            let verdict = if result.is_ok() { Verdict::Commit } else { Verdict::RollBack };
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
            verdict
        });
        (job, outcome)
    }

    fn after(self, ran: StoreResult<()>) -> Result<T, E> {
        ran?;
        let result = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        result.unwrap_or_else(|| Err(StoreError::Internal("a job left no result".into()).into()))
    }
}
