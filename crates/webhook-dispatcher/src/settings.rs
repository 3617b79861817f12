//! How the dispatcher is set up, and which settings can't hold together.

use std::time::Duration;

/// How much is done at once, and how long things may take. The defaults are the contract's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DispatcherSettings {
    /// How many tries may be under way to one endpoint.
    pub per_endpoint: usize,
    /// How many deliveries may be claimed and not yet recorded, of all endpoints together.
    pub in_all: usize,
    /// How long a claimed delivery is ours. Longer than `try_limit`, so that what came of a try that
    /// used all its time is still recorded under its lease.
    pub lease: Duration,
    /// The longest that one try may take: the total of the [`Outbound`](clankdin_outbound::Outbound)
    /// that sends.
    pub try_limit: Duration,
    /// How long a result may wait for others to be recorded with.
    pub flush_after: Duration,
    /// How many results are recorded together at most.
    pub flush_at: usize,
    /// How many events are routed in one transaction at most.
    pub route_batch: usize,
    /// How often to look for work that nobody announced.
    pub poll: Duration,
    /// How long to leave the database alone after it failed.
    pub back_off: Duration,
    /// How long events and their deliveries are kept, in days.
    pub retention_days: u16,
    /// How often to forget what is older.
    pub sweep_every: Duration,
}

impl Default for DispatcherSettings {
    fn default() -> Self {
        Self {
            per_endpoint: 4,
            in_all: 512,
            lease: Duration::from_secs(20),
            try_limit: Duration::from_secs(15),
            flush_after: Duration::from_millis(20),
            flush_at: 500,
            route_batch: 64,
            poll: Duration::from_secs(1),
            back_off: Duration::from_secs(1),
            retention_days: 30,
            sweep_every: Duration::from_hours(1),
        }
    }
}

/// A dispatcher that can't be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DispatcherError {
    /// A setting that must be at least one is zero.
    #[error("{0} must be at least 1")]
    Zero(&'static str),
    /// A lease would end before what came of a try can be recorded.
    #[error("the lease must be longer than a try may take, and an hour at most")]
    Lease,
    /// The registry refuses a metric.
    #[error("a metric can't be registered: {0}")]
    Metrics(#[from] prometheus::Error),
}

impl DispatcherSettings {
    pub(crate) fn check(&self) -> Result<(), DispatcherError> {
        const LONGEST_LEASE: Duration = Duration::from_hours(1);
        let counts = [
            ("per_endpoint", self.per_endpoint),
            ("in_all", self.in_all),
            ("flush_at", self.flush_at),
            ("route_batch", self.route_batch),
            ("retention_days", usize::from(self.retention_days)),
        ];
        if let Some((name, _)) = counts.into_iter().find(|(_, count)| *count == 0) {
            return Err(DispatcherError::Zero(name));
        }
        if self.lease > self.try_limit && self.lease <= LONGEST_LEASE {
            Ok(())
        } else {
            Err(DispatcherError::Lease)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_hold_together() {
        assert!(DispatcherSettings::default().check().is_ok());
    }

    #[test]
    fn a_lease_outlasts_a_try() {
        let try_limit = Duration::from_secs(20);
        let settings = DispatcherSettings { try_limit, ..DispatcherSettings::default() };
        assert!(matches!(settings.check(), Err(DispatcherError::Lease)));
    }

    #[test]
    fn the_setting_that_is_zero_is_named() {
        let settings = DispatcherSettings { in_all: 0, ..DispatcherSettings::default() };
        assert_eq!(settings.check().unwrap_err().to_string(), "in_all must be at least 1");
    }
}
