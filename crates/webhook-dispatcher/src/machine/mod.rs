//! What is to be done next: the decisions of the dispatcher, without any I/O.
//!
//! Owns what waits in memory, how much is under way to whom, and what is yet to be written down. Is told what was
//! read, what came of tries, and what the time is; answers what to read, to try, and to write. Refuses to do any of
//! it, so that a simulation can crash it between any two steps.
//!
//! Architecture invariant: what stands here stands in the database as well, as an event above the mark up to which
//! all is handled, or as a row that is pending. To lose a machine is to lose time.

mod addresses;
mod handled;
mod lane;
mod limits;
mod lines;
mod recording;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::net::IpAddr;

use chrono::TimeDelta;
use clankdin_domain::context::Timestamp;
use clankdin_domain::event::Sequence;
use clankdin_domain::id::{EventId, WebhookId};
use clankdin_domain::webhook::{DeferredUntil, Heard, NextStep, Origin, Progress, Recorded, Waiting, Walk};

pub use addresses::AddressLimit;
use addresses::Addresses;
use handled::Handled;
use lane::{Lane, Standing};
pub(crate) use limits::{AddressLimits, Limits};

/// A try that took longer than this makes its endpoint one of those that share a part of its address.
const SLOW: TimeDelta = TimeDelta::seconds(1);

/// How long an endpoint is left alone whose secrets don't open.
const UNREADABLE_PAUSE: TimeDelta = TimeDelta::minutes(1);

/// How many due deliveries are read at once.
const DUE_READ: usize = 256;

/// How many lanes are kept at least before any is forgotten.
const MANY_LANES: usize = 100_000;

/// A delivery that waits for its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Job {
    pub(crate) webhook_id: WebhookId,
    pub(crate) event_id: EventId,
    pub(crate) origin: Origin,
    /// How often it was tried before.
    pub(crate) attempts: u32,
}

/// A delivery whose turn has come, and what it takes up until it has ended.
#[derive(Debug)]
#[must_use]
pub(crate) struct Flight {
    pub(crate) job: Job,
    /// Where it may go to, and whether it counts as a suspect's there.
    address: Option<(IpAddr, bool)>,
    standing: Standing,
}

/// What became of a flight.
#[derive(Debug)]
pub(crate) enum Ended {
    /// It was tried.
    Tried(Recorded),
    /// Its address has enough to do.
    Busy,
    /// Its endpoint is switched off.
    Disabled,
    /// Its endpoint's secrets don't open.
    Sealed,
    /// It can never be told, for that reason.
    Void(&'static str),
    /// Its turn had not come yet: the dispatcher is about to stop, or the database was away.
    GivenBack,
}

/// The decisions of one dispatcher, as long as it has the lead.
pub(crate) struct Machine {
    limits: Limits,
    walk: Walk,
    handled: Handled,
    written: Sequence,
    lanes: HashMap<WebhookId, Lane>,
    /// From so many lanes on, those that are idle are forgotten.
    many_lanes: usize,
    /// Lanes of which something may begin, in turn.
    ready: VecDeque<WebhookId>,
    /// Lanes that wait for a place among those of their standing.
    held_back: HashMap<Standing, VecDeque<WebhookId>>,
    /// Lanes with a line, in turn.
    lines: VecDeque<WebhookId>,
    pauses: BTreeSet<(Timestamp, WebhookId)>,
    addresses: Addresses,
    /// Rows that are in memory, and not to be read once more.
    held: HashSet<(WebhookId, EventId)>,
    queued: usize,
    under_way: usize,
    under_way_by_standing: HashMap<Standing, usize>,
    progress: Progress,
    /// Whether rows are among what waits to be written down: their lines are not read on before it was.
    has_rows_to_record: bool,
    /// How much of what was done is being written down.
    recording: usize,
    is_reading: bool,
    /// What was written down since rows began to be read.
    written_while_reading: Vec<Progress>,
}

impl Machine {
    /// A machine that goes on where every event up to `handled` has its rows, and these endpoints have lines.
    pub(crate) fn new(limits: Limits, handled: Sequence, lines: Vec<WebhookId>) -> Self {
        let with_line = lines.iter().map(|id| (*id, Lane::with_line(limits.per_endpoint))).collect();
        Self {
            limits,
            walk: Walk { read: handled, within: None },
            handled: Handled::up_to(handled),
            written: handled,
            lanes: with_line,
            many_lanes: MANY_LANES,
            ready: VecDeque::new(),
            held_back: HashMap::new(),
            lines: lines.into(),
            pauses: BTreeSet::new(),
            addresses: Addresses::default(),
            held: HashSet::new(),
            queued: 0,
            under_way: 0,
            under_way_by_standing: HashMap::new(),
            progress: Progress::default(),
            has_rows_to_record: false,
            recording: 0,
            is_reading: false,
            written_while_reading: Vec::new(),
        }
    }

    /// Where the log is to be read on, if it is: not while enough waits that can begin. What is read then has to find
    /// room as well, or it would be written down only to be read once more.
    pub(crate) fn wants_log(&self) -> Option<Walk> {
        let has_enough = self.queued >= self.limits.queued / 2 && !self.ready.is_empty();
        (!has_enough && self.has_room_to_record()).then_some(self.walk)
    }

    /// Takes in what was read of the log.
    pub(crate) fn heard(&mut self, heard: Heard, now: Timestamp) {
        for hearer in heard.hearers {
            self.handled.open(hearer.sequence);
            let origin = Origin::Log(hearer.sequence);
            let (webhook_id, event_id) = (hearer.webhook_id, hearer.event_id);
            self.take_in(Job { webhook_id, event_id, origin, attempts: 0 }, hearer.is_failing, now);
        }
        self.walk = heard.next;
        self.handled.read(heard.next.read);
    }

    /// How many due deliveries are to be read, so that some are among them that are not known yet.
    pub(crate) fn wants_due(&self) -> Option<usize> {
        self.has_room_to_record().then_some(self.held.len() + DUE_READ)
    }

    /// Takes in deliveries that are due. Answers how many of them were new.
    pub(crate) fn due(&mut self, waiting: Vec<Waiting>, now: Timestamp) -> usize {
        waiting.into_iter().filter(|waiting| self.take_in_row(*waiting, now)).count()
    }

    /// What is to be tried now.
    pub(crate) fn start(&mut self, now: Timestamp) -> Vec<Flight> {
        self.end_pauses(now);
        let limits = self.limits;
        self.ready.extend(self.addresses.wake(|ip| limits.addresses.of(ip), now));
        let mut flights = Vec::new();
        while self.under_way < self.limits.in_all && self.has_room_to_record() {
            let Some(id) = self.ready.pop_front() else { break };
            let Some(lane) = self.lanes.get_mut(&id) else { continue };
            lane.is_listed = false;
            if lane.queue.is_empty() || !lane.is_free(now) {
                continue;
            }
            let (standing, is_suspect) = (lane.standing(), lane.is_suspect);
            if self.under_way_by_standing.get(&standing) >= Some(&standing.share(self.limits.in_all)) {
                lane.is_listed = true;
                self.held_back.entry(standing).or_default().push_back(id);
                continue;
            }
            if let Some(ip) = lane.address {
                let limit = self.limits.addresses.of(ip);
                if !self.addresses.begin(ip, limit, is_suspect, now) {
                    lane.is_listed = true;
                    self.addresses.wait(ip, id, is_suspect);
                    continue;
                }
            }
            let Some(job) = lane.queue.pop_front() else { continue };
            lane.under_way += 1;
            self.queued -= 1;
            self.under_way += 1;
            *self.under_way_by_standing.entry(standing).or_default() += 1;
            flights.push(Flight { job, address: lane.address.map(|ip| (ip, is_suspect)), standing });
            self.list(id, now);
        }
        flights
    }

    /// Whether a flight may go to that address, now that it is known.
    pub(crate) fn admit(&mut self, flight: &mut Flight, ip: IpAddr, now: Timestamp) -> bool {
        if flight.address.is_some_and(|(known, _)| known == ip) {
            return true;
        }
        if let Some((known, was_suspect)) = flight.address.take() {
            self.ready.extend(self.addresses.end(known, was_suspect));
        }
        let Some(lane) = self.lanes.get_mut(&flight.job.webhook_id) else { return true };
        lane.address = Some(ip);
        let is_suspect = lane.is_suspect;
        let limit = self.limits.addresses.of(ip);
        let may = self.addresses.begin(ip, limit, is_suspect, now);
        if may {
            flight.address = Some((ip, is_suspect));
        }
        may
    }

    /// Whether more waits for that endpoint, so that its connection is worth keeping.
    pub(crate) fn has_more(&self, id: WebhookId) -> bool {
        self.lanes.get(&id).is_some_and(|lane| !lane.queue.is_empty() || lane.has_line)
    }

    /// A flight has ended.
    #[expect(clippy::needless_pass_by_value, reason = "what has ended can't end once more")]
    pub(crate) fn ended(&mut self, flight: Flight, ended: Ended, now: Timestamp) {
        let Flight { job, address, standing } = flight;
        if let Some((ip, was_suspect)) = address {
            self.ready.extend(self.addresses.end(ip, was_suspect));
        }
        self.under_way -= 1;
        if let Some(under_way) = self.under_way_by_standing.get_mut(&standing) {
            *under_way -= 1;
        }
        let id = job.webhook_id;
        let Some(lane) = self.lanes.get_mut(&id) else { return };
        lane.under_way -= 1;
        match ended {
            Ended::Tried(result) => {
                if result.next == NextStep::Delivered {
                    let is_slow = TimeDelta::from_std(result.attempt.latency).is_ok_and(|took| took > SLOW);
                    lane.succeed(is_slow);
                } else if let Some(until) = lane.fail(now) {
                    self.pauses.insert((until, id));
                }
                if std::mem::take(&mut lane.line_was_empty) {
                    self.enlist_line(id);
                }
                self.has_rows_to_record |= result.origin.is_row();
                self.progress.results.push(result);
            }
            Ended::Busy if self.queued < self.limits.queued => {
                let ip = lane.address;
                lane.queue.push_front(job);
                self.queued += 1;
                if let Some(ip) = ip.filter(|_| !lane.is_listed) {
                    lane.is_listed = true;
                    self.addresses.wait(ip, id, lane.is_suspect);
                }
            }
            Ended::Busy => self.defer(&job, DeferredUntil::ItsTurn),
            Ended::Disabled => self.defer(&job, DeferredUntil::SwitchedOn),
            Ended::Sealed => {
                self.pauses.insert((lane.pause(now, UNREADABLE_PAUSE), id));
                self.defer(&job, DeferredUntil::ItsTurn);
            }
            Ended::Void(reason) => self.defer(&job, DeferredUntil::Never(reason)),
            Ended::GivenBack => {
                lane.queue.push_front(job);
                self.queued += 1;
            }
        }
        self.make_room(id, now);
        self.list(id, now);
        self.wake_held_back();
    }

    /// Whether its endpoint has failed since it last succeeded, as far as is known here.
    pub(crate) fn has_failed(&self, id: WebhookId) -> bool {
        self.lanes.get(&id).is_some_and(Lane::has_failed)
    }

    /// When something may begin that may not now, without anything else happening.
    pub(crate) fn next_at(&self, now: Timestamp) -> Option<Timestamp> {
        let pause = self.pauses.first().map(|(until, _)| *until);
        let address = self.addresses.has_waiting().then(|| now + TimeDelta::milliseconds(20));
        pause.into_iter().chain(address).min()
    }

    /// Whether something may begin.
    pub(crate) fn has_ready(&self) -> bool {
        !self.ready.is_empty() && self.under_way < self.limits.in_all && self.has_room_to_record()
    }

    /// How many tries are under way.
    pub(crate) fn under_way(&self) -> usize {
        self.under_way
    }

    /// Whether endpoints that are known to be well have three quarters of what the others leave them.
    pub(crate) fn is_busy(&self) -> bool {
        let well = self.under_way_by_standing.get(&Standing::Proven).copied().unwrap_or_default();
        let others = self.under_way - well;
        well * 4 >= self.limits.in_all.saturating_sub(others) * 3
    }

    /// How many deliveries wait in memory.
    pub(crate) fn queued(&self) -> usize {
        self.queued
    }

    fn take_in_row(&mut self, waiting: Waiting, now: Timestamp) -> bool {
        let is_new = self.held.insert((waiting.webhook_id, waiting.event_id));
        if is_new {
            self.take_in(job(&waiting), waiting.is_failing, now);
        }
        is_new
    }

    /// Queues a delivery, or sends it to its endpoint's line.
    fn take_in(&mut self, job: Job, is_failing: bool, now: Timestamp) {
        let at_once = self.limits.per_endpoint;
        let lane = self.lanes.entry(job.webhook_id).or_insert_with(|| Lane::new(at_once, is_failing));
        let is_pressed = self.queued >= self.limits.queued && (lane.is_suspect || !lane.queue.is_empty());
        let has_line = lane.has_line || lane.to_line > 0;
        if has_line || is_pressed || lane.queue.len() >= lane.room(now) {
            self.defer(&job, DeferredUntil::ItsTurn);
        } else {
            self.queue(job, now);
        }
    }

    fn queue(&mut self, job: Job, now: Timestamp) {
        if let Some(lane) = self.lanes.get_mut(&job.webhook_id) {
            lane.queue.push_back(job);
            self.queued += 1;
            self.list(job.webhook_id, now);
        }
    }

    /// Lists a lane among those of which something may begin, where it may.
    fn list(&mut self, id: WebhookId, now: Timestamp) {
        if let Some(lane) = self.lanes.get_mut(&id)
            && !lane.is_listed
            && !lane.queue.is_empty()
            && lane.is_free(now)
        {
            lane.is_listed = true;
            self.ready.push_back(id);
        }
    }

    fn end_pauses(&mut self, now: Timestamp) {
        while let Some(&(until, id)) = self.pauses.first()
            && (until <= now || until - now > lane::LONGEST_PAUSE)
        {
            self.pauses.pop_first();
            self.list(id, now);
        }
    }

    /// Lists those that were held back where endpoints of their standing have room now. What is known of them may have
    /// changed since.
    fn wake_held_back(&mut self) {
        for (standing, held_back) in &mut self.held_back {
            let under_way = self.under_way_by_standing.get(standing).copied().unwrap_or_default();
            let room = standing.share(self.limits.in_all).saturating_sub(under_way);
            self.ready.extend(held_back.drain(..room.min(held_back.len())));
        }
    }

    fn forget_idle_lanes(&mut self) {
        if self.lanes.len() > self.many_lanes {
            self.lanes.retain(|_, lane| !lane.is_idle());
            self.many_lanes = MANY_LANES.max(self.lanes.len() * 2);
        }
    }
}

fn job(waiting: &Waiting) -> Job {
    let Waiting { webhook_id, event_id, due_at, attempts, .. } = *waiting;
    Job { webhook_id, event_id, origin: Origin::Row(due_at), attempts }
}
