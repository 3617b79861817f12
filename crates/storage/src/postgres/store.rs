//! The store on `PostgreSQL`.

use std::fmt;
use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use clankdin_domain::context::Clock;
use clankdin_domain::store::{Job, Ran, Store, StoreError, StoreResult};
use diesel::prelude::*;
use tokio::time::timeout;

use super::connect::{Side, complete, connections, establish, without_password};
use super::migrations;
use super::open_error::PostgresOpenError;
use super::options::PostgresOptions;
use super::pulse::{PostgresClock, Pulse};
use super::queries::a_sealed_secret;
use super::transaction::{Access, TimeLimits};
use super::workers::{Desk, Submitted, Workers};
use crate::seal::{Purpose, UnsealError};

/// A database that any number of nodes share.
///
/// Jobs run on the store's own threads. A store holds nothing that another node's must know: whatever
/// nodes agree on stands in the database.
pub struct PostgresStore {
    primary: Source,
    replica: Option<Source>,
    options: PostgresOptions,
}

/// A database, those who work on it, and whether it is there.
///
/// Reads and writes have threads and connections of their own: commits that wait for a standby, or for a
/// row that everybody wants, must not keep anybody from reading.
struct Source {
    reads: Workers,
    writes: Workers,
    pulse: Pulse,
    wait: Duration,
}

impl PostgresStore {
    /// Connects to a database, and brings its tables to this version. `clock` is this machine's.
    ///
    /// # Errors
    ///
    /// [`PostgresOpenError`], each with one line that says what to do.
    pub fn open(options: PostgresOptions, clock: &Arc<dyn Clock>) -> Result<Self, PostgresOpenError> {
        let url = complete(&options.url, Side::Primary, options.wait);
        migrations::migrate(&url)?;
        check_master_key(&url, &options)?;
        let failed = |error: std::io::Error| PostgresOpenError::of_statement(&options.url, &error);
        let primary = Source::open(Side::Primary, &options.url, &options, clock, None).map_err(failed)?;
        let replica = options
            .replica_url
            .as_deref()
            .map(|url| Source::open(Side::Replica, url, &options, clock, Some(&primary.reads)));
        let replica = replica.transpose().map_err(failed)?;
        Ok(Self { primary, replica, options })
    }

    /// The database's clock, on which nodes agree.
    pub fn clock(&self) -> PostgresClock {
        self.primary.pulse.clock()
    }

    fn ready_now(&self) -> StoreResult<()> {
        let known = migrations::newest().map_err(|error| StoreError::Internal(error.to_string()))?;
        if self.primary.pulse.is_away() {
            Err(away())
        } else if self.primary.pulse.newest_migration() < known {
            Err(StoreError::Unavailable("migrations are missing".into()))
        } else {
            Ok(())
        }
    }

    /// The replica, while it is there and lags no further behind than it may.
    fn fresh_replica(&self) -> Option<&Source> {
        let replica = self.replica.as_ref().filter(|replica| !replica.pulse.is_away())?;
        let needed = self.primary.pulse.position_before(self.options.replica_lag)?;
        replica.pulse.position().filter(|position| *position >= needed).map(|_| replica)
    }
}

impl Store for PostgresStore {
    fn read(&self, job: Job) -> Ran<'_> {
        self.primary.run(Access::Read, job)
    }

    fn read_stale(&self, job: Job) -> Ran<'_> {
        self.fresh_replica().unwrap_or(&self.primary).run(Access::Read, job)
    }

    fn write(&self, job: Job) -> Ran<'_> {
        self.primary.run(Access::Write, job)
    }

    fn ready(&self) -> Ran<'_> {
        Box::pin(ready(self.ready_now()))
    }
}

impl Source {
    fn open(
        side: Side,
        url: &str,
        options: &PostgresOptions,
        clock: &Arc<dyn Clock>,
        instead: Option<&Workers>,
    ) -> std::io::Result<Self> {
        let desk = |count| Desk {
            connections: connections(url, side, count, options),
            limits: TimeLimits { statement: options.statement_timeout, lock: options.lock_timeout },
            master_key: options.master_key.clone(),
            on_event: Arc::clone(&options.on_event),
            instead: instead.cloned(),
        };
        let (reads, writes) = match side {
            Side::Primary => {
                let writing = (options.connections / 2).max(1);
                let reading = options.connections.saturating_sub(writing).max(1);
                (Workers::start("reads", desk(reading))?, Workers::start("writes", desk(writing))?)
            }
            Side::Replica => {
                let reads = Workers::start("replica", desk(options.connections))?;
                (reads.clone(), reads)
            }
        };
        let pulse = Pulse::start(complete(url, side, options.wait), Arc::clone(clock))?;
        Ok(Self { reads, writes, pulse, wait: options.wait })
    }

    fn run(&self, access: Access, job: Job) -> Ran<'_> {
        if self.pulse.is_away() {
            return Box::pin(ready(Err(away())));
        }
        let workers = match access {
            Access::Read => &self.reads,
            Access::Write => &self.writes,
        };
        let submitted = workers.submit(access, job);
        Box::pin(async move {
            let Submitted { begun, answer } = submitted?;
            let answered = async {
                // Whoever has to wait for too long for its turn is told so. What has begun is left to end.
                if timeout(self.wait, begun).await.is_err() {
                    return Err(StoreError::Unavailable("busy: all connections are in use".into()));
                }
                answer.await.unwrap_or_else(|_| Err(away()))
            };
            tokio::select! {
                biased;
                answered = answered => answered,
                () = self.pulse.gone() => Err(away()),
            }
        })
    }
}

fn away() -> StoreError {
    StoreError::Unavailable("the database gives no answer".into())
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore")
            .field("database", &without_password(&self.options.url))
            .finish_non_exhaustive()
    }
}

/// A connection to a database that is up to date.
pub(crate) fn migrated(url: &str) -> Result<PgConnection, PostgresOpenError> {
    let url = complete(url, Side::Primary, PostgresOptions::WAIT);
    migrations::migrate(&url)?;
    establish(&url).map_err(|error| PostgresOpenError::of_connection(&url, &error))
}

/// Whether the key opens what is sealed.
fn check_master_key(url: &str, options: &PostgresOptions) -> Result<(), PostgresOpenError> {
    let mut connection = establish(url).map_err(|error| PostgresOpenError::of_connection(url, &error))?;
    let sealed = a_sealed_secret(&mut connection);
    let Some((id, secret)) = sealed.map_err(|error| PostgresOpenError::of_statement(url, &error))? else {
        return Ok(());
    };
    let other = |error: UnsealError| PostgresOpenError::OtherMasterKey {
        database: without_password(url),
        why: error.to_string(),
    };
    options.master_key.unseal(id, Purpose::WebhookSecret, &secret).map(drop).map_err(other)
}
