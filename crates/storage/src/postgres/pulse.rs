//! Whether the database is there, and what time it is there.
//!
//! A thread asks it twice a second on a connection of its own; another looks when it last answered. A
//! database that is frozen never says that it is away, and whoever waits for it would wait for ever.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use clankdin_domain::context::{Clock, Timestamp};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text, Timestamptz};
use tokio::sync::watch;

use super::connect::establish;
use super::dialect::Time;

/// How often the database is asked.
const BEAT: Duration = Duration::from_millis(500);

/// How long it may be silent before it counts as away. With the beat, whoever waits is told within two
/// seconds.
const SILENCE: Duration = Duration::from_millis(1_400);

/// An answer that took longer tells too little of the time: a database may have been frozen meanwhile.
const PROMPT: Duration = Duration::from_millis(200);

/// How often its silence is looked at.
const GLANCE: Duration = Duration::from_millis(50);

/// What the database answers: its time, how far it has come, and what its tables are.
#[derive(Debug, QueryableByName)]
struct Beat {
    #[diesel(sql_type = Timestamptz)]
    now: Time,
    #[diesel(sql_type = BigInt)]
    position: i64,
    #[diesel(sql_type = Nullable<Text>)]
    newest_migration: Option<String>,
}

/// A replica tells how far it has replayed, a primary how far it has written.
const QUESTION: &str = "SELECT clock_timestamp() AS now, pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() \
    THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END, '0/0')::bigint AS position, \
    (SELECT max(version)::text FROM __diesel_schema_migrations) AS newest_migration";

/// Watches one database until it is dropped.
pub(super) struct Pulse {
    seen: Arc<Seen>,
    is_away: watch::Receiver<bool>,
}

/// What was seen of it, shared with the threads.
struct Seen {
    last_answer: Mutex<Instant>,
    /// Where it stood when, of the last minute.
    positions: Mutex<VecDeque<(Instant, i64)>>,
    newest_migration: Mutex<Option<String>>,
    offset_micros: AtomicI64,
    clock: Arc<dyn Clock>,
}

/// The database's clock, as this machine's clock and what lies between the two: nodes whose own clocks
/// differ agree on it.
#[derive(Clone)]
pub struct PostgresClock(Arc<Seen>);

impl Clock for PostgresClock {
    fn now(&self) -> Timestamp {
        let offset = TimeDelta::microseconds(self.0.offset_micros.load(Ordering::Relaxed));
        self.0.clock.now() + offset
    }
}

impl Pulse {
    /// Begins to watch the database behind a complete URL.
    pub(super) fn start(url: String, clock: Arc<dyn Clock>) -> std::io::Result<Self> {
        let seen = Arc::new(Seen {
            last_answer: Mutex::new(Instant::now()),
            positions: Mutex::default(),
            newest_migration: Mutex::default(),
            offset_micros: AtomicI64::new(0),
            clock,
        });
        let mut connection = None;
        // At once: from the first request on, nodes agree on the time.
        let first = seen.ask(&mut connection, &url);
        let (tell, is_away) = watch::channel(first.is_err());
        let asking = Arc::downgrade(&seen);
        thread::Builder::new().name("postgres-pulse".into()).spawn(move || {
            while let Some(seen) = asking.upgrade() {
                let began = Instant::now();
                if let Err(error) = seen.ask(&mut connection, &url) {
                    tracing::debug!(%error, "the database gives no answer");
                    connection = None;
                }
                drop(seen);
                thread::sleep(BEAT.saturating_sub(began.elapsed()));
            }
        })?;
        let looking = Arc::downgrade(&seen);
        thread::Builder::new().name("postgres-watch".into()).spawn(move || {
            let mut silence = if first.is_err() { SILENCE * 2 } else { Duration::ZERO };
            let (mut heard, mut looked) = (looking.upgrade().map(|seen| seen.last_answer()), Instant::now());
            while let Some(seen) = looking.upgrade() {
                let answer = Some(seen.last_answer());
                if heard == answer {
                    // Where this process itself had to wait for its turn, the database is not to blame.
                    silence += looked.elapsed().min(GLANCE * 2);
                } else {
                    (heard, silence) = (answer, Duration::ZERO);
                }
                looked = Instant::now();
                let is_away = silence > SILENCE;
                let has_changed = tell.send_if_modified(|told| std::mem::replace(told, is_away) != is_away);
                match (has_changed, is_away) {
                    (true, true) => tracing::error!("the database is away"),
                    (true, false) => tracing::info!("the database is back"),
                    _ => {}
                }
                drop(seen);
                thread::sleep(GLANCE);
            }
        })?;
        Ok(Self { seen, is_away })
    }

    /// The database's clock.
    pub(super) fn clock(&self) -> PostgresClock {
        PostgresClock(Arc::clone(&self.seen))
    }

    /// Whether it has been silent for too long.
    pub(super) fn is_away(&self) -> bool {
        *self.is_away.borrow()
    }

    /// Ready when it has been silent for too long.
    pub(super) async fn gone(&self) {
        if self.is_away.clone().wait_for(|is_away| *is_away).await.is_err() {
            // Nobody watches any more.
            std::future::pending::<()>().await;
        }
    }

    /// The newest migration that its tables have seen.
    pub(super) fn newest_migration(&self) -> Option<String> {
        self.seen.newest_migration.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How far it was at the last answer that is at least so old.
    pub(super) fn position_before(&self, age: Duration) -> Option<i64> {
        let positions = self.seen.positions.lock().unwrap_or_else(PoisonError::into_inner);
        positions.iter().rev().find(|(at, _)| at.elapsed() >= age).map(|(_, position)| *position)
    }

    /// How far it was at its last answer.
    pub(super) fn position(&self) -> Option<i64> {
        self.position_before(Duration::ZERO)
    }
}

impl Seen {
    fn ask(&self, connection: &mut Option<PgConnection>, url: &str) -> Result<(), String> {
        let connection = match connection {
            Some(connection) => connection,
            none => none.insert(establish(url).map_err(|error| error.to_string())?),
        };
        let (before, asked) = (self.clock.now(), Instant::now());
        let beat: Beat =
            diesel::sql_query(QUESTION).get_result(connection).map_err(|error| error.to_string())?;
        let took = asked.elapsed();
        if took < PROMPT {
            // Read somewhere between question and answer: in the middle, it is wrong by half of that at most.
            let offset = beat.now.0 - (before + took / 2);
            self.offset_micros.store(offset.num_microseconds().unwrap_or_default(), Ordering::Relaxed);
        }
        let mut positions = self.positions.lock().unwrap_or_else(PoisonError::into_inner);
        positions.push_back((Instant::now(), beat.position));
        while positions.front().is_some_and(|(at, _)| at.elapsed() > Duration::from_mins(1)) {
            positions.pop_front();
        }
        drop(positions);
        *self.newest_migration.lock().unwrap_or_else(PoisonError::into_inner) = beat.newest_migration;
        *self.last_answer.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        Ok(())
    }

    fn last_answer(&self) -> Instant {
        *self.last_answer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
