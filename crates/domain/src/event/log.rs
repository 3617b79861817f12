//! The log: every event at its place, in the order of commits, for whoever reads instead of being told
//! (contract, section "Webhooks", `GET /events`).
//!
//! Owns where a reader stands and what it is told next. Refuses to know how a place is written in a
//! cursor, and how long a reader waits.

use super::Event;
use crate::id::AgentId;
use crate::refusal::Refusal;
use crate::store::{StoreResult, UnitOfWork};

/// An event's place in the log. Places grow in the order of commits; some may stay empty.
///
/// ```
/// use clankdin_domain::event::Sequence;
///
/// assert!(Sequence::new(3) < Sequence::new(4));
/// assert_eq!(Sequence::new(3).get(), 3);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Sequence(i64);

impl Sequence {
    /// The place of that number.
    pub const fn new(number: i64) -> Self {
        Self(number)
    }

    /// Its number.
    pub const fn get(self) -> i64 {
        self.0
    }
}

/// How far the log reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogEnds {
    /// Up to there nothing is added any more; before the first event, the place before all others.
    pub head: Sequence,
    /// The last place whose event was forgotten.
    pub forgotten: Sequence,
}

/// Reads the log.
pub trait LogRepository {
    /// How far the log reaches.
    fn ends(&mut self) -> StoreResult<LogEnds>;

    /// What one agent is told, oldest first: up to `max` events behind `after`, up to `until` and with it.
    /// Among them is none that the agent caused itself, and none whose content was erased.
    fn told(
        &mut self,
        agent: AgentId,
        after: Sequence,
        until: Sequence,
        max: usize,
    ) -> StoreResult<Vec<(Sequence, Event)>>;
}

/// From where on to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadFrom {
    /// From the earliest event that is kept.
    Earliest,
    /// What happens from now on.
    Now,
    /// What stands behind this place.
    After(Sequence),
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPage {
    /// The events, oldest first, each at its place.
    pub events: Vec<(Sequence, Event)>,
    /// Whoever goes on behind this place misses nothing and reads nothing twice.
    pub next: Sequence,
}

/// Reads what `me` is told, `max` events at most.
///
/// # Errors
///
/// [`Refusal::EventsForgotten`] where what stood behind that place is kept no more,
/// [`Refusal::UnknownPlace`] where the log has not come so far.
pub fn read_log(
    uow: &mut dyn UnitOfWork,
    me: AgentId,
    from: ReadFrom,
    max: usize,
) -> Result<LogPage, Refusal> {
    // First of all: what gets its place while this reads is the next page's.
    let ends = uow.log().ends()?;
    let after = match from {
        ReadFrom::Earliest => ends.forgotten,
        ReadFrom::Now => ends.head,
        ReadFrom::After(place) if place < ends.forgotten => return Err(Refusal::EventsForgotten),
        ReadFrom::After(place) if place > ends.head => return Err(Refusal::UnknownPlace),
        ReadFrom::After(place) => place,
    };
    let events = uow.log().told(me, after, ends.head, max)?;
    let next = match events.last() {
        Some((last, _)) if events.len() >= max => *last,
        _ => ends.head,
    };
    Ok(LogPage { events, next })
}
