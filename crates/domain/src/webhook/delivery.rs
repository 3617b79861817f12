//! What comes after a try: pure rules (contract, section "Webhooks").

use std::time::Duration;

use chrono::TimeDelta;

use super::answer::AnswerText;
use crate::context::Timestamp;

/// How long to wait after the first try, the second, and so on, before ±20 %.
const BACK_OFF_SECONDS: [u32; 9] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];

/// The longest that a `Retry-After` is honoured for.
const MAX_RETRY_AFTER: Duration = Duration::from_hours(24);

/// An endpoint with nothing but failures for this long is disabled.
const MAX_FAILING: TimeDelta = TimeDelta::days(5);

/// How a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeliveryStatus {
    /// To be tried, or tried again.
    Pending,
    /// The receiver took it.
    Delivered,
    /// Given up.
    Failed,
}

impl DeliveryStatus {
    /// Every status.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Delivered, Self::Failed];

    /// The name in answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }

    /// The status of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

/// What came of one try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// The receiver answered.
    Answered {
        /// The status of the answer.
        status: u16,
        /// What its `Retry-After` asked for.
        retry_after: Option<Duration>,
    },
    /// No answer came; the class says why (`dns`, `connect`, `tls`, `timeout`, `blocked`, …).
    Unanswered {
        /// The class of the failure.
        class: &'static str,
    },
}

/// One try, for the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// When it ended.
    pub at: Timestamp,
    /// What came of it.
    pub outcome: AttemptOutcome,
    /// How long it took.
    pub latency: Duration,
    /// What was answered.
    pub answer: AnswerText,
}

/// What becomes of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextStep {
    /// The receiver took it.
    Delivered,
    /// It is tried again then.
    RetryAt(Timestamp),
    /// It is given up.
    GiveUp,
}

/// How an endpoint stands after a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndpointHealth {
    /// Nothing is known that was not before.
    Unchanged,
    /// It takes what it is sent.
    Healthy,
    /// Every try since then has failed.
    FailingSince(Timestamp),
    /// It is told nothing any more.
    Disabled,
}

/// What follows a try.
///
/// `attempts_before` is how often the delivery was tried before this; `jitter`, a number
/// from -1 to 1 that is drawn where there is a next try, spreads it over ±20 %.
///
/// ```
/// use std::time::Duration;
/// use chrono::{TimeDelta, Utc};
/// use clankdin_domain::webhook::AnswerText;
/// use clankdin_domain::webhook::delivery::{Attempt, AttemptOutcome, NextStep, after};
///
/// let at = chrono::DateTime::<Utc>::UNIX_EPOCH;
/// let outcome = AttemptOutcome::Answered { status: 500, retry_after: None };
/// let attempt = Attempt { at, outcome, latency: Duration::from_millis(20), answer: AnswerText::of(b"busy") };
/// let (next, _) = after(&attempt, 0, None, || 0.0);
/// assert_eq!(next, NextStep::RetryAt(at + TimeDelta::seconds(5)));
/// ```
pub fn after(
    attempt: &Attempt,
    attempts_before: u32,
    failing_since: Option<Timestamp>,
    jitter: impl FnOnce() -> f64,
) -> (NextStep, EndpointHealth) {
    match attempt.outcome {
        AttemptOutcome::Answered { status: 200..=299, .. } => (NextStep::Delivered, EndpointHealth::Healthy),
        AttemptOutcome::Answered { status: 410, .. } => (NextStep::GiveUp, EndpointHealth::Disabled),
        outcome => (retry(attempt.at, attempts_before, outcome, jitter), health(attempt.at, failing_since)),
    }
}

fn retry(
    at: Timestamp,
    attempts_before: u32,
    outcome: AttemptOutcome,
    jitter: impl FnOnce() -> f64,
) -> NextStep {
    let step = usize::try_from(attempts_before).unwrap_or(usize::MAX);
    let Some(seconds) = BACK_OFF_SECONDS.get(step) else { return NextStep::GiveUp };
    let scheduled = Duration::from_secs_f64(f64::from(*seconds) * (1.0 + 0.2 * jitter().clamp(-1.0, 1.0)));
    let asked_for = match outcome {
        AttemptOutcome::Answered { status: 429 | 503, retry_after: Some(wait) } => wait.min(MAX_RETRY_AFTER),
        _ => Duration::ZERO,
    };
    NextStep::RetryAt(at + scheduled.max(asked_for))
}

fn health(at: Timestamp, failing_since: Option<Timestamp>) -> EndpointHealth {
    match failing_since {
        Some(since) if at - since >= MAX_FAILING => EndpointHealth::Disabled,
        since => EndpointHealth::FailingSince(since.unwrap_or(at)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const AT: Timestamp = Timestamp::UNIX_EPOCH;

    fn answered(status: u16, retry_after: Option<Duration>) -> Attempt {
        let outcome = AttemptOutcome::Answered { status, retry_after };
        Attempt { at: AT, outcome, latency: Duration::ZERO, answer: AnswerText::default() }
    }

    fn wait(attempt: &Attempt, attempts_before: u32, jitter: f64) -> Option<i64> {
        match after(attempt, attempts_before, None, || jitter).0 {
            NextStep::RetryAt(then) => Some((then - AT).num_seconds()),
            _ => None,
        }
    }

    #[test]
    fn the_back_off_is_the_contracts() {
        let waits: Vec<_> = (0..10).map(|before| wait(&answered(500, None), before, 0.0)).collect();
        let hours = |n: i64| Some(n * 3_600);
        assert_eq!(
            waits,
            [
                Some(5),
                Some(300),
                Some(1_800),
                hours(2),
                hours(5),
                hours(10),
                hours(14),
                hours(20),
                hours(24),
                None
            ]
        );
    }

    #[test]
    fn a_redirect_is_a_failure_like_any_other() {
        assert_eq!(wait(&answered(302, None), 0, 0.0), Some(5));
        assert_eq!(wait(&answered(199, None), 0, 0.0), Some(5));
        assert_eq!(wait(&answered(300, None), 0, 0.0), Some(5));
    }

    #[test]
    fn success_ends_the_delivery_and_heals_the_endpoint() {
        for status in [200, 204, 299] {
            let result = after(&answered(status, None), 3, Some(AT), || 0.0);
            assert_eq!(result, (NextStep::Delivered, EndpointHealth::Healthy));
        }
    }

    #[test]
    fn gone_disables_the_endpoint_at_once() {
        let result = after(&answered(410, None), 0, None, || 0.0);
        assert_eq!(result, (NextStep::GiveUp, EndpointHealth::Disabled));
    }

    #[test]
    fn retry_after_is_honoured_on_429_and_503_up_to_a_day() {
        let minute = Some(Duration::from_secs(60));
        assert_eq!(wait(&answered(429, minute), 0, 0.0), Some(60));
        assert_eq!(wait(&answered(503, minute), 0, 0.0), Some(60));
        assert_eq!(wait(&answered(500, minute), 0, 0.0), Some(5));
        assert_eq!(wait(&answered(503, Some(Duration::from_secs(u64::MAX))), 0, 0.0), Some(86_400));
        assert_eq!(wait(&answered(503, Some(Duration::ZERO)), 1, 0.0), Some(300));
    }

    #[test]
    fn five_days_of_nothing_but_failures_disable_the_endpoint() {
        let since = AT - TimeDelta::days(5);
        assert_eq!(after(&answered(500, None), 0, Some(since), || 0.0).1, EndpointHealth::Disabled);
        let since = since + TimeDelta::seconds(1);
        assert_eq!(
            after(&answered(500, None), 0, Some(since), || 0.0).1,
            EndpointHealth::FailingSince(since)
        );
        assert_eq!(after(&answered(500, None), 0, None, || 0.0).1, EndpointHealth::FailingSince(AT));
    }

    proptest! {
        #[test]
        fn jitter_stays_within_a_fifth(before in 0u32..9, jitter in -1.0f64..=1.0) {
            let plain = wait(&answered(500, None), before, 0.0).unwrap();
            let spread = wait(&answered(500, None), before, jitter).unwrap();
            prop_assert!(spread * 10 >= plain * 8 - 10 && spread * 10 <= plain * 12 + 10);
        }
    }
}
