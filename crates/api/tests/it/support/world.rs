//! Time that stands still, and randomness that repeats.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::TimeDelta;
use clankdin_domain::context::{Clock, Random, Timestamp};
use uuid::Uuid;

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
pub(crate) struct GrowingRandom(AtomicU64);

impl GrowingRandom {
    fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
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
