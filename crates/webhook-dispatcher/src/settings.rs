//! How the dispatcher is set up, and which settings can't hold together.

use std::time::Duration;

use crate::machine::AddressLimit;

/// How much is done at once, and how long things may take. The defaults are the contract's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DispatcherSettings {
    /// How many tries may be under way to one endpoint.
    pub per_endpoint: usize,
    /// How many tries may be under way in all: half of them at most to endpoints that were never tried, a quarter to
    /// those whose last try failed or was slow. Each takes a file descriptor.
    pub in_all: usize,
    /// How much an address may get that the guard lets everyone connect to.
    pub public_address: AddressLimit,
    /// How much an address may get that the operator allowed.
    pub private_address: AddressLimit,
    /// How long the lead is taken for.
    pub lead: Duration,
    /// How often it is taken anew.
    pub renew_every: Duration,
    /// The longest that one try may take, name resolution included.
    pub try_limit: Duration,
    /// How long a result waits for others to be recorded with; five times as long at most where many come of the log.
    pub flush_after: Duration,
    /// From how many results on they are recorded at once; so many together at most, and as many that were put off.
    pub flush_at: usize,
    /// How many events are read in one transaction at most, and about how many endpoints are found.
    pub batch: usize,
    /// How many deliveries have room in memory, four times as many as are read at once or more; from half of them on no
    /// more of the log is read.
    pub queued: usize,
    /// How often to look for work that nobody announced, and to write down how far all is handled.
    pub poll: Duration,
    /// How long to leave the database alone after it failed.
    pub back_off: Duration,
    /// How long events and their deliveries are kept, in days.
    pub retention_days: u16,
    /// How often to forget what is older; the first time is after a sixtieth of that.
    pub sweep_every: Duration,
}

impl Default for DispatcherSettings {
    fn default() -> Self {
        Self {
            per_endpoint: 4,
            in_all: 1_024,
            public_address: AddressLimit { at_once: Some(32), per_second: Some(50) },
            private_address: AddressLimit::default(),
            lead: Duration::from_secs(15),
            renew_every: Duration::from_secs(3),
            try_limit: Duration::from_secs(15),
            flush_after: Duration::from_millis(20),
            flush_at: 2_000,
            batch: 1_024,
            queued: 16_384,
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
    /// The lead would end before it is taken anew.
    #[error("the lead must be longer than three times what passes until it is taken anew")]
    Lead,
    /// The registry refuses a metric.
    #[error("a metric can't be registered: {0}")]
    Metrics(#[from] prometheus::Error),
}

impl DispatcherSettings {
    pub(crate) fn check(&self) -> Result<(), DispatcherError> {
        let counts = [
            ("per_endpoint", self.per_endpoint),
            ("in_all", self.in_all),
            ("flush_at", self.flush_at),
            ("batch", self.batch),
            ("queued", self.queued),
            ("retention_days", usize::from(self.retention_days)),
        ];
        if let Some((name, _)) = counts.into_iter().find(|(_, count)| *count == 0) {
            return Err(DispatcherError::Zero(name));
        }
        if self.lead > self.renew_every * 3 { Ok(()) } else { Err(DispatcherError::Lead) }
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
    fn the_lead_outlasts_two_renewals_that_fail() {
        let renew_every = Duration::from_secs(5);
        let settings = DispatcherSettings { renew_every, ..DispatcherSettings::default() };
        assert!(matches!(settings.check(), Err(DispatcherError::Lead)));
    }

    #[test]
    fn the_setting_that_is_zero_is_named() {
        let settings = DispatcherSettings { in_all: 0, ..DispatcherSettings::default() };
        assert_eq!(settings.check().unwrap_err().to_string(), "in_all must be at least 1");
    }
}
