//! What waits for one endpoint, and how it is doing.

use std::collections::VecDeque;
use std::net::IpAddr;

use chrono::TimeDelta;
use clankdin_domain::context::Timestamp;

use super::Job;

/// From so many failures in a row on, an endpoint is left alone for a while.
const PAUSE_AFTER: u32 = 5;
/// How many count for one that was failing when nothing was known of it yet: a new leader leaves it alone after one try.
const KNOWN_TO_FAIL: u32 = PAUSE_AFTER - 1;
/// How long at first; twice as long after each failure more.
const FIRST_PAUSE: TimeDelta = TimeDelta::seconds(5);
/// The longest.
pub(super) const LONGEST_PAUSE: TimeDelta = TimeDelta::minutes(5);

/// How many deliveries wait in memory for an endpoint that is well.
const ROOM: usize = 64;
/// And for one whose last try failed or was slow. The others stand in its line, in the database.
const ROOM_OF_SUSPECT: usize = 4;
/// How many are read of its line at once for an endpoint that is known to be well.
const REFILL: usize = 32;

/// What is known of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Standing {
    /// Nothing yet.
    New,
    /// Its last try succeeded in time.
    Proven,
    /// Its last try failed or took over a second.
    Suspect,
}

impl Standing {
    /// How many of all tries may be under way to endpoints of this standing.
    pub(super) fn share(self, in_all: usize) -> usize {
        match self {
            Self::New => (in_all / 2).max(1),
            Self::Proven => in_all,
            Self::Suspect => (in_all / 4).max(1),
        }
    }
}

/// One endpoint's.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Lane {
    pub(super) queue: VecDeque<Job>,
    pub(super) under_way: usize,
    /// How many tries may be under way while it is well; else it is one.
    at_once: usize,
    /// Whether its last try failed or took over a second.
    pub(super) is_suspect: bool,
    /// Whether a try has succeeded in time since it last failed.
    is_proven: bool,
    failures: u32,
    pub(super) paused_until: Option<Timestamp>,
    /// Where it was last connected to.
    pub(super) address: Option<IpAddr>,
    /// Whether deliveries stand in its line.
    pub(super) has_line: bool,
    /// How many are on their way there.
    pub(super) to_line: usize,
    /// Whether all that stands there is known: there is nothing to be read until something is written down.
    pub(super) line_is_known: bool,
    /// Whether its line was found empty: of an endpoint that was switched off, it may come back.
    pub(super) line_was_empty: bool,
    /// Whether it stands in the list of lanes with a line.
    pub(super) is_in_lines: bool,
    /// Whether it stands in a list of those that begin or wait to.
    pub(super) is_listed: bool,
}

impl Lane {
    pub(super) fn new(at_once: usize, is_failing: bool) -> Self {
        let failures = if is_failing { KNOWN_TO_FAIL } else { 0 };
        Self { at_once, is_suspect: is_failing, failures, ..Self::default() }
    }

    /// A lane of which a line is known.
    pub(super) fn with_line(at_once: usize) -> Self {
        Self { has_line: true, is_in_lines: true, ..Self::new(at_once, false) }
    }

    /// What is known of it.
    pub(super) fn standing(&self) -> Standing {
        match (self.is_suspect, self.is_proven) {
            (true, _) => Standing::Suspect,
            (false, false) => Standing::New,
            (false, true) => Standing::Proven,
        }
    }

    pub(super) fn is_paused(&self, now: Timestamp) -> bool {
        // A clock that was set back must not make a pause longer than any can be.
        self.paused_until.is_some_and(|until| now < until && until - now <= LONGEST_PAUSE)
    }

    /// Whether one more try may begin, if something waits.
    pub(super) fn is_free(&self, now: Timestamp) -> bool {
        let at_once = if self.has_failed() { 1 } else { self.at_once };
        self.under_way < at_once && !self.is_paused(now)
    }

    /// How many deliveries may wait in memory.
    pub(super) fn room(&self, now: Timestamp) -> usize {
        if self.is_paused(now) {
            0
        } else if self.is_suspect {
            ROOM_OF_SUSPECT
        } else {
            ROOM
        }
    }

    /// How many are to be read of its line.
    pub(super) fn refill(&self) -> usize {
        if self.is_proven { REFILL } else { ROOM_OF_SUSPECT }
    }

    /// A try succeeded.
    pub(super) fn succeed(&mut self, is_slow: bool) {
        self.failures = 0;
        self.paused_until = None;
        self.is_suspect = is_slow;
        self.is_proven = !is_slow;
    }

    /// A try failed. Answers how long it is left alone, if it is.
    pub(super) fn fail(&mut self, now: Timestamp) -> Option<Timestamp> {
        self.failures = self.failures.saturating_add(1);
        self.is_suspect = true;
        self.is_proven = false;
        let further = self.failures.checked_sub(PAUSE_AFTER)?;
        let pause = FIRST_PAUSE * 2_i32.pow(further.min(8));
        Some(self.pause(now, pause.min(LONGEST_PAUSE)))
    }

    /// Leaves it alone for so long.
    pub(super) fn pause(&mut self, now: Timestamp, length: TimeDelta) -> Timestamp {
        let until = now + length;
        self.paused_until = Some(until);
        until
    }

    /// Whether it has failed since it last succeeded.
    pub(super) fn has_failed(&self) -> bool {
        self.failures > 0
    }

    /// What its row says of an endpoint of which nothing is known yet.
    pub(super) fn learn(&mut self, is_failing: bool) {
        if is_failing && self.standing() == Standing::New {
            self.is_suspect = true;
            self.failures = KNOWN_TO_FAIL;
        }
    }

    /// Whether nothing would be forgotten with it that its rows don't tell.
    pub(super) fn is_idle(&self) -> bool {
        self.queue.is_empty()
            && self.under_way == 0
            && self.paused_until.is_none()
            && !self.is_in_lines
            && !self.line_was_empty
            && self.to_line == 0
            && !self.is_listed
    }
}
