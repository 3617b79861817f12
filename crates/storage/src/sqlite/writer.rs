//! The one thread that writes.
//!
//! Requests wait in a bounded queue. The thread takes what waits, runs each job in a savepoint of one
//! transaction, commits that, and answers only then: many requests share one wait for the disk, and
//! each answer still means a durable commit.
//!
//! Owns the writing connection and what becomes of it after a failure. Refuses to know what jobs do.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use clankdin_domain::store::{Job, StoreError, StoreResult, Verdict};
use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::prelude::*;
use diesel::r2d2::R2D2Connection;
use diesel::sql_types::Integer;
use tokio::sync::{mpsc, oneshot};

use super::connect::{BUSY_TIMEOUT, Connector};
use super::lock::beside;
use super::queries::{Did, run_job};
use crate::seal::MasterKey;

/// How many jobs share one commit at most.
const GROUP_JOBS: usize = 256;

/// For how long a group takes further jobs.
const GROUP_TIME: Duration = Duration::from_millis(10);

/// A write-ahead log larger than this is emptied by force: readers that follow upon each other
/// without a gap keep `SQLite` from starting it anew by itself.
const LOG_BYTES: u64 = 64 * 1024 * 1024;

/// The queue's end that hands jobs in, and the thread at the other.
#[derive(Debug)]
pub(super) struct Writer {
    /// `None` only while it is dropped.
    queue: Option<mpsc::Sender<Request>>,
    thread: Option<JoinHandle<()>>,
    commits: Arc<AtomicU64>,
}

/// A job, and who waits for it.
struct Request {
    job: Job,
    answer: oneshot::Sender<StoreResult<()>>,
}

impl Writer {
    /// Starts the thread with a connection that has been set up.
    pub(super) fn start(
        connection: SqliteConnection,
        connector: Connector,
        master_key: MasterKey,
        queue: usize,
        on_event: Arc<dyn Fn() + Send + Sync>,
    ) -> std::io::Result<Self> {
        let (sender, receiver) = mpsc::channel(queue.max(1));
        let log = beside(connector.path(), "-wal");
        let commits = Arc::new(AtomicU64::new(0));
        let groups = Groups {
            queue: receiver,
            connection: Some(connection),
            connector,
            master_key,
            on_event,
            log,
            log_limit: LOG_BYTES,
            holds_erased: false,
            commits: Arc::clone(&commits),
        };
        let thread = thread::Builder::new().name("sqlite-writer".into()).spawn(move || groups.run())?;
        Ok(Self { queue: Some(sender), thread: Some(thread), commits })
    }

    /// Hands a job in, and gives what will be answered.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] when the queue is full.
    pub(super) fn submit(&self, job: Job) -> StoreResult<oneshot::Receiver<StoreResult<()>>> {
        let gone = || StoreError::Unavailable("the writer has stopped".into());
        let queue = self.queue.as_ref().ok_or_else(gone)?;
        let (answer, answered) = oneshot::channel();
        queue.try_send(Request { job, answer }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => {
                StoreError::Unavailable(format!("busy: {} writes are waiting", queue.max_capacity()))
            }
            mpsc::error::TrySendError::Closed(_) => gone(),
        })?;
        Ok(answered)
    }

    /// How many groups have ended so far.
    pub(super) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Acquire)
    }

    /// Whether the thread takes jobs.
    pub(super) fn is_running(&self) -> bool {
        self.queue.as_ref().is_some_and(|queue| !queue.is_closed())
    }
}

impl Drop for Writer {
    /// Finishes what waits.
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the writer's thread panicked");
        }
    }
}

/// What the thread holds.
struct Groups {
    queue: mpsc::Receiver<Request>,
    /// `None` after a failure that it did not outlive, until the next group.
    connection: Option<SqliteConnection>,
    connector: Connector,
    master_key: MasterKey,
    on_event: Arc<dyn Fn() + Send + Sync>,
    log: PathBuf,
    log_limit: u64,
    /// Whether the log still holds what was there before an agent was erased.
    holds_erased: bool,
    commits: Arc<AtomicU64>,
}

/// The jobs of one transaction.
#[derive(Default)]
struct Group {
    answers: Vec<(oneshot::Sender<StoreResult<()>>, StoreResult<()>)>,
    did: Did,
}

impl Groups {
    fn run(mut self) {
        while let Some(first) = self.queue.blocking_recv() {
            // Jobs are caught one by one; this is for whatever else may panic, so that the thread goes
            // on. Those who wait find their answer dropped, which says the same as an error.
            if catch_unwind(AssertUnwindSafe(|| self.run_group(first))).is_err() {
                tracing::error!("the writer panicked outside a job");
                self.commits.fetch_add(1, Ordering::Release);
                self.connection = None;
            }
        }
        if let Some(connection) = &mut self.connection
            && let Err(error) = connection.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)")
        {
            tracing::warn!(%error, "the write-ahead log stays until the next start");
        }
    }

    fn run_group(&mut self, first: Request) {
        let mut group = Group::default();
        let committed = self.commit_group(first, &mut group);
        // Also after a failure, which need not mean that nothing was kept; and before anybody is answered.
        self.commits.fetch_add(1, Ordering::Release);
        match committed {
            Ok(()) => {
                if group.did.erase {
                    // Whoever is told that it is gone can rely on it.
                    self.holds_erased = true;
                    self.bound_log();
                }
                for (answer, result) in group.answers {
                    // Who no longer waits needs no answer.
                    let _ = answer.send(result);
                }
                if group.did.tell {
                    (self.on_event)();
                }
                self.bound_log();
            }
            Err(cause) => {
                tracing::error!(%cause, jobs = group.answers.len(), "a transaction was not committed");
                self.mend();
                for (answer, _) in group.answers {
                    let _ = answer.send(Err(StoreError::Unavailable(cause.clone())));
                }
            }
        }
    }

    /// Runs a group in one transaction. Where this fails, none of its jobs took place: also what a job
    /// that was refused has seen may have been undone, so that all of them get the failure.
    fn commit_group(&mut self, first: Request, group: &mut Group) -> Result<(), String> {
        let told = |error: diesel::result::Error| error.to_string();
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => match self.connector.writer() {
                Ok(connection) => none.insert(connection),
                Err(error) => {
                    group.answers.push((first.answer, Ok(())));
                    return Err(error.to_string());
                }
            },
        };
        // A deferred transaction that reads and then writes fails beside another writer, in spite of
        // the busy time-out.
        if let Err(error) = AnsiTransactionManager::begin_transaction_sql(connection, "BEGIN IMMEDIATE") {
            group.answers.push((first.answer, Ok(())));
            return Err(told(error));
        }
        let until = Instant::now() + GROUP_TIME;
        let mut next = Some(first);
        while let Some(Request { job, answer }) = next {
            let ran = run_in_savepoint(connection, &self.master_key, job);
            // The answer first, so that whoever breaks the transaction hears of it too.
            let (result, broken) = match ran {
                Ok(Ran { result, did }) => {
                    group.did.tell |= did.tell;
                    group.did.erase |= did.erase;
                    (result, None)
                }
                Err(error) => (Ok(()), Some(error)),
            };
            group.answers.push((answer, result));
            if let Some(error) = broken {
                // SQLite ends a transaction by itself when the disk is full, and does not say so again.
                return Err(format!("the database is full, or has ended the transaction: {error}"));
            }
            let is_full = group.answers.len() >= GROUP_JOBS || Instant::now() >= until;
            next = if is_full { None } else { self.queue.try_recv().ok() };
        }
        AnsiTransactionManager::commit_transaction(connection).map_err(told)
    }

    /// After a failure: the connection without its transaction, or none.
    fn mend(&mut self) {
        let Some(connection) = &mut self.connection else { return };
        if let Err(error) = AnsiTransactionManager::rollback_transaction(connection) {
            // SQLite has ended it by itself, as it does when the disk is full.
            tracing::debug!(%error, "no transaction was left to roll back");
        }
        if connection.is_broken() {
            self.connection = None;
        }
    }

    /// Empties the write-ahead log when it has outgrown its limit, or holds what was erased.
    fn bound_log(&mut self) {
        #[derive(QueryableByName)]
        struct Checkpoint {
            #[diesel(sql_type = Integer)]
            busy: i32,
        }
        let Some(connection) = &mut self.connection else { return };
        let bytes = fs::metadata(&self.log).map_or(0, |metadata| metadata.len());
        if bytes <= self.log_limit && !self.holds_erased {
            if bytes <= LOG_BYTES {
                self.log_limit = LOG_BYTES;
            }
            return;
        }
        // Reads are short; one that is not must hold up neither this group for long nor each that
        // follows.
        let checkpoint = connection
            .batch_execute("PRAGMA busy_timeout = 100")
            .and_then(|()| diesel::sql_query("PRAGMA wal_checkpoint(TRUNCATE)").get_result(connection));
        let is_empty = checkpoint.is_ok_and(|checkpoint: Checkpoint| checkpoint.busy == 0);
        // Where somebody still reads from it, the next group tries again.
        self.holds_erased &= !is_empty;
        self.log_limit = if is_empty { LOG_BYTES } else { bytes.saturating_mul(2) };
        if let Err(error) = connection.batch_execute(BUSY_TIMEOUT) {
            tracing::error!(%error, "the writing connection is replaced");
            self.connection = None;
        }
    }
}

/// What came of a job whose savepoint ended as it should.
struct Ran {
    result: StoreResult<()>,
    did: Did,
}

/// Runs one job. An error is one of the transaction as a whole.
fn run_in_savepoint(connection: &mut SqliteConnection, master_key: &MasterKey, job: Job) -> QueryResult<Ran> {
    AnsiTransactionManager::begin_transaction(connection)?;
    let (verdict, did) = run_job(connection, master_key, job);
    match verdict {
        Ok(Verdict::Commit) => {
            AnsiTransactionManager::commit_transaction(connection)?;
            Ok(Ran { result: Ok(()), did })
        }
        Ok(Verdict::RollBack) => {
            AnsiTransactionManager::rollback_transaction(connection)?;
            Ok(Ran { result: Ok(()), did: Did::default() })
        }
        Err(panicked) => {
            AnsiTransactionManager::rollback_transaction(connection)?;
            Ok(Ran { result: Err(panicked), did: Did::default() })
        }
    }
}
