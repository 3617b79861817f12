//! Limits on requests, in each process: how often an agent or an address may ask at all.

use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use clankdin_domain::id::AgentId;
use clankdin_domain::limit::Limit;
use clankdin_domain::secret::ClaimTokenDigest;
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};

use crate::problem::Problem;

/// The limits that the operator has set; `None` where one is off.
#[derive(Debug, Clone, Copy, Default)]
pub struct RequestLimits {
    /// Requests with a key, by agent.
    pub requests: Option<Limit>,
    /// Requests without a good key, by address.
    pub anonymous: Option<Limit>,
    /// Registrations whose body was sound, by address.
    pub registrations: Option<Limit>,
    /// Tries to claim, by claim token.
    pub claims: Option<Limit>,
    /// Tries to recover an agent, by address.
    pub recoveries: Option<Limit>,
}

/// What is left of a limit once a request has been counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Left {
    /// So many more are served now.
    pub(crate) remaining: u32,
    /// Once so long has been waited, all are left again.
    pub(crate) reset: Duration,
}

/// Keeps the limits. Every request counts, whatever becomes of it; of registrations those count whose
/// body was sound, taken handles among them.
pub(crate) struct RequestLimiters {
    requests: Option<Limiter<AgentId>>,
    anonymous: Option<Limiter<Neighbourhood>>,
    registrations: Option<Limiter<Neighbourhood>>,
    claims: Option<Limiter<ClaimTokenDigest>>,
    recoveries: Option<Limiter<Neighbourhood>>,
    tests: Option<Limiter<IpAddr>>,
}

/// How many tests of webhooks one public address gets from each process, whoever asks for them: tests are sent beside
/// the dispatcher, which counts what else is sent there (contract, section "Webhooks").
const TESTS: &str = "1/second";

impl RequestLimiters {
    pub(crate) fn new(limits: RequestLimits) -> Self {
        Self {
            requests: limits.requests.and_then(|limit| Limiter::new("Requests of an agent", limit)),
            anonymous: limits.anonymous.and_then(|limit| Limiter::new("Requests without a key", limit)),
            registrations: limits.registrations.and_then(|limit| Limiter::new("Registrations", limit)),
            claims: limits.claims.and_then(|limit| Limiter::new("Tries to claim", limit)),
            recoveries: limits.recoveries.and_then(|limit| Limiter::new("Tries to recover", limit)),
            tests: TESTS
                .parse()
                .ok()
                .and_then(|limit| Limiter::new("Tests of webhooks at one address", limit)),
        }
    }

    /// Counts a test of a webhook at that address, which is not that of whoever asks.
    pub(crate) fn check_test(&self, receiver: IpAddr) -> Result<(), Problem> {
        self.tests.as_ref().map_or(Ok(()), |limiter| limiter.check(&receiver).map(drop))
    }

    /// Counts a request of that agent; `None` where its limit is off.
    pub(crate) fn check_agent(&self, agent: AgentId) -> Result<Option<Left>, Problem> {
        self.requests.as_ref().map(|limiter| limiter.check(&agent)).transpose()
    }

    /// Counts a request from that address without a good key; `None` where its limit is off.
    pub(crate) fn check_address(&self, address: IpAddr) -> Result<Option<Left>, Problem> {
        self.anonymous.as_ref().map(|limiter| limiter.check(&address.into())).transpose()
    }

    /// Counts a registration from that address.
    pub(crate) fn check_registration(&self, address: IpAddr) -> Result<(), Problem> {
        self.registrations.as_ref().map_or(Ok(()), |limiter| limiter.check(&address.into()).map(drop))
    }

    /// Counts a try to claim by that token.
    pub(crate) fn check_claim(&self, token: ClaimTokenDigest) -> Result<(), Problem> {
        self.claims.as_ref().map_or(Ok(()), |limiter| limiter.check(&token).map(drop))
    }

    /// Counts a try to recover an agent from that address.
    pub(crate) fn check_recovery(&self, address: IpAddr) -> Result<(), Problem> {
        self.recoveries.as_ref().map_or(Ok(()), |limiter| limiter.check(&address.into()).map(drop))
    }
}

/// An IPv4 address, or the /64 that an IPv6 address is in: whoever has one address of it has all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Neighbourhood {
    V4(u32),
    V6(u64),
}

impl From<IpAddr> for Neighbourhood {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address.to_bits()),
            IpAddr::V6(address) => Self::V6(u64::try_from(address.to_bits() >> 64).unwrap_or(u64::MAX)),
        }
    }
}

type Spent<K> = RateLimiter<K, DefaultKeyedStateStore<K>, DefaultClock, StateInformationMiddleware>;

struct Limiter<K: Hash + Eq + Clone> {
    what: &'static str,
    limit: Limit,
    spent: Spent<K>,
    clock: DefaultClock,
    checks: AtomicU32,
}

impl<K: Hash + Eq + Clone> Limiter<K> {
    /// After so many checks, keys that have all their allowance again are forgotten.
    const SWEEP_EVERY: u32 = 10_000;

    fn new(what: &'static str, limit: Limit) -> Option<Self> {
        let count = NonZeroU32::new(limit.count())?;
        let quota = Quota::with_period(limit.window() / limit.count())?.allow_burst(count);
        let spent = RateLimiter::keyed(quota).with_middleware();
        Some(Self { what, limit, spent, clock: DefaultClock::default(), checks: AtomicU32::new(0) })
    }

    fn check(&self, key: &K) -> Result<Left, Problem> {
        if self.checks.fetch_add(1, Ordering::Relaxed) % Self::SWEEP_EVERY == Self::SWEEP_EVERY - 1 {
            self.spent.retain_recent();
            self.spent.shrink_to_fit();
        }
        let state = self.spent.check_key(key).map_err(|refused| {
            let wait: Duration = refused.wait_time_from(self.clock.now());
            let seconds = wait.as_secs_f64().ceil();
            let detail = format!(
                "{} are limited to {}: wait {seconds} seconds. See GET /limits.",
                self.what, self.limit
            );
            Problem::too_many(detail, wait)
        })?;
        let remaining = state.remaining_burst_capacity();
        let reset = state.quota().replenish_interval() * self.limit.count().saturating_sub(remaining);
        Ok(Left { remaining, reset })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_one_ipv6_network_share_a_limit() {
        let of = |text: &str| Neighbourhood::from(text.parse::<IpAddr>().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }

    #[test]
    fn an_address_gets_one_test_a_second_whoever_asks() {
        let limiters = RequestLimiters::new(RequestLimits::default());
        let of = |text: &str| limiters.check_test(text.parse().unwrap());
        assert!(of("8.8.8.8").is_ok() && of("8.8.4.4").is_ok());
        assert!(of("8.8.8.8").unwrap_err().to_string().contains("1/second"));
    }

    #[test]
    fn one_beyond_the_limit_is_refused_and_told_how_long_to_wait() {
        let limiter = Limiter::new("Requests", "2/hour".parse().unwrap()).unwrap();
        let left = limiter.check(&1).unwrap();
        assert_eq!(left, Left { remaining: 1, reset: Duration::from_secs(1_800) });
        let left = limiter.check(&1).unwrap();
        assert_eq!(left, Left { remaining: 0, reset: Duration::from_secs(3_600) });
        assert!(limiter.check(&1).unwrap_err().to_string().contains("2/hour"));
        assert!(limiter.check(&2).is_ok());
    }
}
