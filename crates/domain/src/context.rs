//! Time, randomness and the operator's settings, as a use case sees them.
//!
//! Nothing in this crate asks the system for the time or for random bytes: both come in through
//! [`Ctx`], so that a test can stop the clock and several nodes can agree on one.

use std::sync::Arc;

use chrono::{DateTime, SubsecRound, Utc};
use uuid::Uuid;

use crate::limit::ActionLimits;

/// A moment in UTC with the precision of a microsecond.
pub type Timestamp = DateTime<Utc>;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The present moment. [`Ctx::now`] cuts it to microseconds, which is what every database keeps.
    fn now(&self) -> Timestamp;
}

/// A cryptographically secure source of random bytes, and of ids that grow.
pub trait Random: Send + Sync {
    /// Fills `buffer` with random bytes.
    fn fill(&self, buffer: &mut [u8]);

    /// A new `UUIDv7` for `now` that is greater than every one given out before by this source
    /// (RFC 9562, section 6.2). Lists and cursors rest on that order.
    fn uuid_v7(&self, now: Timestamp) -> Uuid;
}

/// What a use case may know of the world besides its repositories.
#[derive(Clone)]
pub struct Ctx {
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    limits: ActionLimits,
}

impl Ctx {
    /// A context of a clock, a source of randomness, and the limits that the operator has set.
    pub fn new(clock: Arc<dyn Clock>, random: Arc<dyn Random>, limits: ActionLimits) -> Self {
        Self { clock, random, limits }
    }

    /// The present moment, cut to microseconds.
    pub fn now(&self) -> Timestamp {
        self.clock.now().trunc_subsecs(6)
    }

    /// The source of randomness.
    pub fn random(&self) -> &dyn Random {
        &*self.random
    }

    /// The quotas of actions.
    pub fn limits(&self) -> &ActionLimits {
        &self.limits
    }

    /// A new id of any kind.
    pub fn new_id<I: From<Uuid>>(&self) -> I {
        self.random.uuid_v7(self.now()).into()
    }
}
