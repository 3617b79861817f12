//! What stands in for the world outside: a database that can be cut off, and a clock that stands still.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use clankdin_domain::context::{Clock, Random, Timestamp};
use clankdin_domain::store::{Job, Ran, Store, StoreError};
use clankdin_storage::SqliteStore;
use uuid::Uuid;

/// The database, which can be cut off.
pub(crate) struct Cuttable {
    inner: SqliteStore,
    is_cut: AtomicBool,
    refused: AtomicUsize,
}

impl Cuttable {
    pub(crate) fn new(inner: SqliteStore) -> Self {
        Self { inner, is_cut: AtomicBool::default(), refused: AtomicUsize::default() }
    }

    pub(crate) fn cut(&self, is_cut: bool) {
        self.is_cut.store(is_cut, Ordering::SeqCst);
    }

    /// How many writes were refused.
    pub(crate) fn refused(&self) -> usize {
        self.refused.load(Ordering::SeqCst)
    }
}

impl Store for Cuttable {
    fn read(&self, job: Job) -> Ran<'_> {
        self.inner.read(job)
    }

    fn read_aside(&self, job: Job) -> Ran<'_> {
        self.inner.read_aside(job)
    }

    fn write(&self, job: Job) -> Ran<'_> {
        if self.is_cut.load(Ordering::SeqCst) {
            self.refused.fetch_add(1, Ordering::SeqCst);
            return Box::pin(async { Err(StoreError::Unavailable("cut off".to_owned())) });
        }
        self.inner.write(job)
    }

    fn is_settled(&self) -> bool {
        self.inner.is_settled()
    }

    fn ready(&self) -> Ran<'_> {
        self.inner.ready()
    }
}

/// A clock that stands still until it is moved.
pub(crate) struct ManualClock(Mutex<Timestamp>);

impl Default for ManualClock {
    fn default() -> Self {
        Self(Mutex::new(Timestamp::from_timestamp(1_800_000_000, 0).unwrap()))
    }
}

impl ManualClock {
    pub(crate) fn advance(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

/// The operating system's random bytes, and ids that grow also where the clock stands.
#[derive(Default)]
pub(crate) struct GrowingIds {
    ids: AtomicU64,
}

impl Random for GrowingIds {
    fn fill(&self, buffer: &mut [u8]) {
        ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), buffer).unwrap();
    }

    fn uuid_v7(&self, now: Timestamp) -> Uuid {
        let mut count = [0; 10];
        let next = self.ids.fetch_add(1, Ordering::SeqCst).to_be_bytes();
        count.iter_mut().skip(2).zip(next).for_each(|(to, from)| *to = from);
        let millis = u64::try_from(now.timestamp_millis()).unwrap();
        uuid::Builder::from_unix_timestamp_millis(millis, &count).into_uuid()
    }
}
