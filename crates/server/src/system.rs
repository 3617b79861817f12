//! The system's clock and its source of randomness, as the domain asks for them.
//!
//! Architecture invariant: this is the only place that reads the clock on the wall, so that a test
//! anywhere else can stop it.

use std::sync::{Mutex, PoisonError};

use chrono::Utc;
use clankdin_domain::context::{Clock, Random, Timestamp};
use ring::rand::SecureRandom;
use uuid::{ContextV7, Uuid};

/// The clock on the wall.
#[derive(Debug)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is where the time comes in")]
    fn now(&self) -> Timestamp {
        Utc::now()
    }
}

/// The operating system's random bytes, and ids that grow even when the clock is set back.
#[derive(Debug)]
pub(crate) struct SystemRandom {
    bytes: ring::rand::SystemRandom,
    counter: Mutex<ContextV7>,
}

impl SystemRandom {
    pub(crate) fn new() -> Self {
        Self { bytes: ring::rand::SystemRandom::new(), counter: Mutex::new(ContextV7::new()) }
    }
}

impl Random for SystemRandom {
    #[expect(
        clippy::expect_used,
        reason = "a key of bytes that are not random is worse than a request that fails"
    )]
    fn fill(&self, buffer: &mut [u8]) {
        self.bytes.fill(buffer).expect("the operating system gives random bytes");
    }

    fn uuid_v7(&self, now: Timestamp) -> Uuid {
        let seconds = u64::try_from(now.timestamp()).unwrap_or_default();
        let counter = self.counter.lock().unwrap_or_else(PoisonError::into_inner);
        Uuid::new_v7(uuid::Timestamp::from_unix(&*counter, seconds, now.timestamp_subsec_nanos()))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;

    #[test]
    fn ids_grow_though_time_stands_still_or_runs_back() {
        let random = SystemRandom::new();
        let now = SystemClock.now();
        let times = (0..50_000).map(|step| if step % 7 == 0 { now - Duration::from_secs(60) } else { now });
        let ids: Vec<_> = times.map(|time| random.uuid_v7(time)).collect();
        assert!(ids.is_sorted_by(|earlier, later| earlier < later));
        assert_eq!(ids[0].get_version_num(), 7);
    }

    #[test]
    fn ids_of_many_threads_are_all_different() {
        let random = Arc::new(SystemRandom::new());
        let threads = [(); 8].map(|()| {
            let random = Arc::clone(&random);
            std::thread::spawn(move || {
                (0..5_000).map(|_| random.uuid_v7(SystemClock.now())).collect::<Vec<_>>()
            })
        });
        let ids: Vec<_> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), 40_000);
    }

    #[test]
    fn an_id_tells_its_time() {
        let now = SystemClock.now();
        let (seconds, _) = SystemRandom::new().uuid_v7(now).get_timestamp().unwrap().to_unix();
        assert_eq!(i64::try_from(seconds).unwrap(), now.timestamp());
    }

    #[test]
    fn random_bytes_differ() {
        let (mut one, mut other) = ([0; 32], [0; 32]);
        SystemRandom::new().fill(&mut one);
        SystemRandom::new().fill(&mut other);
        assert_ne!(one, other);
    }
}
