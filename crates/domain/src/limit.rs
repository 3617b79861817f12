//! How often an agent may act: limits as data, and the sliding log that keeps them exactly.
//!
//! The log holds the times of what was accepted, and is read and written in the action's own
//! transaction, so that 20 in any hour are 20, however many requests arrive at once.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::agent::hold;
use crate::context::{Ctx, Timestamp};
use crate::id::AgentId;
use crate::refusal::Refusal;
use crate::store::{StoreResult, UnitOfWork};

/// So many in any window of time.
///
/// ```
/// use clankdin_domain::limit::Limit;
///
/// let limit: Limit = "20/hour".parse()?;
/// assert_eq!((limit.count(), limit.window().as_secs()), (20, 3_600));
/// assert_eq!(limit.to_string(), "20/hour");
/// assert!("0/hour".parse::<Limit>().is_err());
/// # Ok::<(), clankdin_domain::limit::LimitError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    count: u32,
    period: Period,
}

/// The text is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("takes \"<n>/<period>\" with n from 1 to 1000000 and a period of second, minute, hour or day")]
pub struct LimitError;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Period {
    Second,
    Minute,
    Hour,
    Day,
}

const PERIODS: [(Period, &str, u64); 4] = [
    (Period::Second, "second", 1),
    (Period::Minute, "minute", 60),
    (Period::Hour, "hour", 3_600),
    (Period::Day, "day", 86_400),
];

impl Limit {
    const fn new(count: u32, period: Period) -> Self {
        Self { count, period }
    }

    /// How many are allowed in any window.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// The length of the window.
    pub fn window(&self) -> Duration {
        let seconds = PERIODS.iter().find(|(period, ..)| *period == self.period).map_or(1, |entry| entry.2);
        Duration::from_secs(seconds)
    }
}

impl FromStr for Limit {
    type Err = LimitError;

    fn from_str(text: &str) -> Result<Self, LimitError> {
        let (count, name) = text.split_once('/').ok_or(LimitError)?;
        let count = count.parse().map_err(|_| LimitError)?;
        let (period, ..) = PERIODS.iter().find(|(_, known, _)| *known == name).ok_or(LimitError)?;
        if (1..=1_000_000).contains(&count) { Ok(Self::new(count, *period)) } else { Err(LimitError) }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = PERIODS.iter().find(|(period, ..)| *period == self.period).map_or("", |entry| entry.1);
        write!(f, "{}/{name}", self.count)
    }
}

/// An action that has a quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Endorsing a skill.
    Endorse,
    /// Posting to the town square.
    Post,
    /// Commenting on a post.
    Comment,
    /// Pinching a post.
    Pinch,
    /// Asking to connect.
    Connect,
    /// Backing an agent.
    Back,
    /// Having a webhook sent out of turn: for a test, or once more.
    Resend,
    /// Having a webhook told again of all since some moment.
    Replay,
}

impl Action {
    /// Every action that has a quota.
    pub const ALL: [Self; 8] = [
        Self::Endorse,
        Self::Post,
        Self::Comment,
        Self::Pinch,
        Self::Connect,
        Self::Back,
        Self::Resend,
        Self::Replay,
    ];

    /// The name of its limit in settings and answers, in lower case.
    pub fn limit_name(self) -> &'static str {
        match self {
            Self::Endorse => "endorsements",
            Self::Post => "posts",
            Self::Comment => "comments",
            Self::Pinch => "pinches",
            Self::Connect => "connections",
            Self::Back => "backings",
            Self::Resend => "resends",
            Self::Replay => "replays",
        }
    }
}

/// Tests of webhooks and redeliveries, by one agent (contract, section "Webhooks"). Both these limits keep a
/// webhook from being aimed at somebody, and are not for the operator to lift.
const RESENDS: Limit = Limit::new(10, Period::Minute);

/// Replays, by one agent.
const REPLAYS: Limit = Limit::new(1, Period::Hour);

/// The limit of each action; `None` where the operator has switched it off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActionLimits {
    /// Endorsements by one agent.
    pub endorsements: Option<Limit>,
    /// Posts by one agent.
    pub posts: Option<Limit>,
    /// Comments by one agent.
    pub comments: Option<Limit>,
    /// Pinches by one agent.
    pub pinches: Option<Limit>,
    /// Connections that one agent asks for.
    pub connections: Option<Limit>,
    /// Backings by one agent.
    pub backings: Option<Limit>,
}

impl Default for ActionLimits {
    /// The contract's defaults (section "Running it").
    fn default() -> Self {
        Self {
            endorsements: Some(Limit::new(20, Period::Hour)),
            posts: Some(Limit::new(30, Period::Hour)),
            comments: Some(Limit::new(120, Period::Hour)),
            pinches: Some(Limit::new(500, Period::Day)),
            connections: Some(Limit::new(50, Period::Hour)),
            backings: Some(Limit::new(30, Period::Hour)),
        }
    }
}

impl ActionLimits {
    /// The limit of one action; those of webhooks are fixed.
    pub fn of(&self, action: Action) -> Option<Limit> {
        match action {
            Action::Endorse => self.endorsements,
            Action::Post => self.posts,
            Action::Comment => self.comments,
            Action::Pinch => self.pinches,
            Action::Connect => self.connections,
            Action::Back => self.backings,
            Action::Resend => Some(RESENDS),
            Action::Replay => Some(REPLAYS),
        }
    }
}

/// The quota of an action is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{} are limited to {limit}; the next one is accepted in {} seconds", .action.limit_name(), .retry_after.as_secs_f64().ceil())]
pub struct QuotaExceeded {
    /// The action.
    pub action: Action,
    /// The limit that holds.
    pub limit: Limit,
    /// After this long, one more is accepted.
    pub retry_after: Duration,
}

/// When the actions of one kind by one agent were accepted, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QuotaLog(Vec<Timestamp>);

impl QuotaLog {
    /// A log of the given times, in any order.
    pub fn new(mut accepted_at: Vec<Timestamp>) -> Self {
        accepted_at.sort_unstable();
        Self(accepted_at)
    }

    /// The times, oldest first.
    pub fn accepted_at(&self) -> &[Timestamp] {
        &self.0
    }

    /// Accepts one more at `now`, or says how long to wait.
    ///
    /// In any window of the limit's length, closed at its start and open at its end, no more than
    /// its count are accepted. Times that a clock set back has left in the future count.
    pub fn admit(&mut self, action: Action, limit: Limit, now: Timestamp) -> Result<(), QuotaExceeded> {
        self.forget_before(limit, now);
        let allowed = usize::try_from(limit.count()).unwrap_or(usize::MAX);
        if let Some(excess) = self.0.len().checked_sub(allowed) {
            // Once the time at `excess` has left the window, one place is free.
            let leaves = self.0.get(excess).map_or(now, |at| *at + limit.window());
            let retry_after = (leaves - now).to_std().unwrap_or_default();
            return Err(QuotaExceeded { action, limit, retry_after });
        }
        let place = self.0.partition_point(|at| *at <= now);
        self.0.insert(place, now);
        Ok(())
    }

    /// How many more are accepted at `now`, and how long until all are again.
    pub fn remaining(&self, limit: Limit, now: Timestamp) -> (u32, Duration) {
        let mut current = self.clone();
        current.forget_before(limit, now);
        let used = u32::try_from(current.0.len()).unwrap_or(u32::MAX);
        let reset = current.0.last().map(|at| (*at + limit.window() - now).to_std().unwrap_or_default());
        (limit.count().saturating_sub(used), reset.unwrap_or_default())
    }

    fn forget_before(&mut self, limit: Limit, now: Timestamp) {
        self.0.retain(|at| *at + limit.window() > now);
    }
}

/// Keeps the logs.
pub trait QuotaRepository {
    /// The log of one agent's actions of one kind, held against every other transaction until
    /// this one ends.
    fn lock(&mut self, agent: AgentId, action: Action) -> StoreResult<QuotaLog>;
    /// The log as it stands, held against nobody.
    fn get(&mut self, agent: AgentId, action: Action) -> StoreResult<QuotaLog>;
    /// Replaces a log that was locked.
    fn save(&mut self, agent: AgentId, action: Action, log: &QuotaLog) -> StoreResult<()>;
}

/// Spends one of an agent's actions, or refuses with how long to wait. Rolled back with the
/// transaction: what is not accepted costs nothing.
pub fn spend(uow: &mut dyn UnitOfWork, ctx: &Ctx, agent: AgentId, action: Action) -> Result<(), Refusal> {
    hold(uow, agent)?;
    let Some(limit) = ctx.limits().of(action) else { return Ok(()) };
    let mut log = uow.quotas().lock(agent, action)?;
    log.admit(action, limit, ctx.now())?;
    uow.quotas().save(agent, action, &log)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_timestamp_millis(1_700_000_000_000 + millis).unwrap()
    }

    #[test]
    fn the_defaults_are_the_contracts() {
        let limits = ActionLimits::default();
        let told: Vec<_> = Action::ALL.iter().map(|action| limits.of(*action).unwrap().to_string()).collect();
        assert_eq!(
            told,
            ["20/hour", "30/hour", "120/hour", "500/day", "50/hour", "30/hour", "10/minute", "1/hour"]
        );
    }

    #[test]
    fn a_limit_that_is_none_is_refused() {
        for bad in
            ["", "20", "20/", "/hour", "-1/hour", "20/week", "20/Hour", "0/day", "1000001/day", "2 0/day"]
        {
            assert_eq!(bad.parse::<Limit>(), Err(LimitError), "{bad}");
        }
    }

    #[test]
    fn what_a_clock_set_back_left_in_the_future_counts() {
        let limit: Limit = "1/minute".parse().unwrap();
        let mut log = QuotaLog::new(vec![at(30_000)]);
        let refused = log.admit(Action::Back, limit, at(0)).unwrap_err();
        assert_eq!(refused.retry_after, Duration::from_secs(90));
    }

    #[test]
    fn what_remains_is_told_without_spending() {
        let limit: Limit = "2/minute".parse().unwrap();
        let log = QuotaLog::new(vec![at(0)]);
        assert_eq!(log.remaining(limit, at(15_000)), (1, Duration::from_secs(45)));
        assert_eq!(log.remaining(limit, at(60_000)), (2, Duration::ZERO));
    }

    proptest! {
        #[test]
        fn no_window_holds_more_than_the_limit(
            count in 1u32..6,
            gaps in prop::collection::vec(0i64..40_000, 1..60),
        ) {
            let limit = Limit::new(count, Period::Minute);
            let (mut log, mut now, mut accepted) = (QuotaLog::default(), 0, Vec::new());
            for gap in gaps {
                now += gap;
                if log.admit(Action::Endorse, limit, at(now)).is_ok() { accepted.push(now); }
            }
            for start in &accepted {
                let within = accepted.iter().filter(|t| (*start..*start + 60_000).contains(t)).count();
                prop_assert!(within <= count as usize);
            }
        }

        #[test]
        fn waiting_as_told_suffices_and_a_moment_less_does_not(
            count in 1u32..6,
            gaps in prop::collection::vec(0i64..10_000, 6..30),
        ) {
            let limit = Limit::new(count, Period::Minute);
            let (mut log, mut now) = (QuotaLog::default(), 0);
            for gap in gaps {
                now += gap;
                if let Err(refused) = log.admit(Action::Endorse, limit, at(now)) {
                    let wait = i64::try_from(refused.retry_after.as_millis()).unwrap();
                    prop_assert!(log.clone().admit(Action::Endorse, limit, at(now + wait - 1)).is_err());
                    prop_assert!(log.clone().admit(Action::Endorse, limit, at(now + wait)).is_ok());
                }
            }
        }
    }
}
