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
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::net::IpAddr;
use std::sync::LazyLock;

use chrono::TimeDelta;
use clankdin_domain::context::Timestamp;
use clankdin_domain::event::Sequence;
use clankdin_domain::id::{EventId, WebhookId};
use clankdin_domain::webhook::{
    Deferred, DeferredUntil, Heard, NextStep, Origin, Progress, Recorded, Waiting, Walk,
};
use clankdin_outbound::AddressPolicy;

pub use addresses::AddressLimit;
use addresses::Addresses;
use handled::Handled;
use lane::{Lane, Standing};

/// A try that took longer than this makes its endpoint one of those that share a part of its address.
const SLOW: TimeDelta = TimeDelta::seconds(1);

/// How long an endpoint is left alone whose secrets don't open.
const UNREADABLE_PAUSE: TimeDelta = TimeDelta::minutes(1);

/// How many deliveries of a line are read at once.
const REFILL: usize = 32;
/// How many lines are looked at for one to be read.
const LINES_LOOKED_AT: usize = 256;
/// How many lines are read at once.
const LINES_READ: usize = 16;
/// How many due deliveries are read at once.
const DUE_READ: usize = 256;

/// How many lanes are kept at least before any is forgotten.
const MANY_LANES: usize = 100_000;

/// How much is done at once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Tries to one endpoint.
    pub(crate) per_endpoint: usize,
    /// Tries in all: half of them at most to endpoints that were never tried, a quarter to those whose last try
    /// failed or was slow.
    pub(crate) in_all: usize,
    /// Tries to one address.
    pub(crate) addresses: AddressLimits,
    /// How many deliveries wait in memory before no more of the log is read while others can begin.
    pub(crate) queued: usize,
    /// How many results may wait to be written down.
    pub(crate) unrecorded: usize,
}

/// What public and private addresses may get.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AddressLimits {
    /// An address that the guard lets everyone connect to.
    pub(crate) public: AddressLimit,
    /// One that the operator allowed.
    pub(crate) private: AddressLimit,
}

impl AddressLimits {
    fn of(self, ip: IpAddr) -> AddressLimit {
        static EVERYONES: LazyLock<AddressPolicy> = LazyLock::new(AddressPolicy::default);
        if self.public == self.private || EVERYONES.judge(ip).is_ok() { self.public } else { self.private }
    }
}

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
            recording: 0,
            is_reading: false,
            written_while_reading: Vec::new(),
        }
    }

    /// Where the log is to be read on, if it is: not while enough waits that can begin.
    pub(crate) fn wants_log(&self) -> Option<Walk> {
        let has_enough = self.queued >= self.limits.queued && !self.ready.is_empty();
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

    /// Which lines are to be read, and how many deliveries of each.
    pub(crate) fn wants_lines(&mut self, now: Timestamp) -> Vec<(WebhookId, usize)> {
        let mut wanted = Vec::new();
        for _ in 0..self.lines.len().min(LINES_LOOKED_AT) {
            let Some(id) = self.lines.pop_front() else { break };
            let Some(lane) = self.lanes.get_mut(&id) else { continue };
            lane.is_in_lines = lane.has_line;
            if !lane.has_line {
                continue;
            }
            self.lines.push_back(id);
            let is_low = lane.queue.is_empty() && !lane.is_listed && !lane.line_is_known;
            if is_low && lane.is_free(now) {
                wanted.push((id, REFILL + lane.under_way + lane.to_line));
                if wanted.len() == LINES_READ {
                    break;
                }
            }
        }
        wanted
    }

    /// Takes in what was read of a line.
    pub(crate) fn line(&mut self, id: WebhookId, asked: usize, waiting: Vec<Waiting>, now: Timestamp) {
        let is_all = waiting.len() < asked;
        let (mut is_new, mut is_left) = (false, false);
        for waiting in waiting {
            let key = (waiting.webhook_id, waiting.event_id);
            if let Some(lane) = self.lanes.get_mut(&id) {
                lane.learn(waiting.is_failing);
            }
            let has_room = self.lanes.get(&id).is_some_and(|lane| lane.queue.len() < lane.room(now));
            if has_room && self.held.insert(key) {
                is_new = true;
                self.queue(job(&waiting), now);
            } else {
                is_left = true;
            }
        }
        if let Some(lane) = self.lanes.get_mut(&id) {
            // What is on its way to the line was not there yet, and what is known may come back to it.
            lane.has_line = !is_all || is_left || lane.to_line > 0;
            lane.line_is_known = !is_new;
            lane.line_was_empty = !lane.has_line;
        }
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
                    lane.has_line = true;
                    lane.line_is_known = false;
                    if !std::mem::replace(&mut lane.is_in_lines, true) {
                        self.lines.push_back(id);
                    }
                }
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

    /// How much waits to be written down.
    pub(crate) fn unrecorded(&self) -> usize {
        self.progress.results.len() + self.progress.deferred.len()
    }

    /// Whether more is handled than was written down.
    pub(crate) fn is_ahead(&self) -> bool {
        self.handled.mark() > self.written
    }

    /// What is to be written down now, up to `max` of it.
    pub(crate) fn take_progress(&mut self, max: usize) -> Progress {
        let results = self.progress.results.drain(..max.min(self.progress.results.len())).collect();
        let deferred = self.progress.deferred.drain(..max.min(self.progress.deferred.len())).collect();
        let taken = Progress { results, deferred, handled: self.handled.mark() };
        self.recording += taken.results.len() + taken.deferred.len();
        taken
    }

    /// That was written down.
    pub(crate) fn recorded(&mut self, progress: Progress) {
        self.settle(&progress);
        self.written = self.written.max(progress.handled);
        let results = progress.results.iter().map(|it| it.origin);
        for origin in results.chain(progress.deferred.iter().map(|it| it.origin)) {
            if let Origin::Log(sequence) = origin {
                self.handled.close(sequence);
            }
        }
        if self.is_reading {
            self.written_while_reading.push(progress);
        } else {
            self.release(&progress);
        }
    }

    /// Rows are being read from now on: what is written down meanwhile may or may not be among them.
    pub(crate) fn begin_reading(&mut self) {
        self.is_reading = true;
    }

    /// What was read has been taken in.
    pub(crate) fn end_reading(&mut self) {
        self.is_reading = false;
        for progress in std::mem::take(&mut self.written_while_reading) {
            self.release(&progress);
        }
    }

    /// Rows that were written are no longer known better here than there.
    fn release(&mut self, progress: &Progress) {
        let results = progress.results.iter().map(|it| (it.webhook_id, it.event_id, it.origin));
        let deferred = progress.deferred.iter().map(|it| (it.webhook_id, it.event_id, it.origin));
        for (webhook_id, event_id, origin) in results.chain(deferred) {
            // What came from the log was not held as a row, and may be by now.
            if matches!(origin, Origin::Row(_)) {
                self.held.remove(&(webhook_id, event_id));
            }
            if let Some(lane) = self.lanes.get_mut(&webhook_id) {
                lane.line_is_known = false;
            }
        }
        let lined = progress.deferred.iter().filter(|it| it.until == DeferredUntil::ItsTurn);
        for Deferred { webhook_id, .. } in lined {
            let Some(lane) = self.lanes.get_mut(webhook_id) else { continue };
            lane.to_line -= 1;
            lane.has_line = true;
            if !lane.is_in_lines {
                lane.is_in_lines = true;
                self.lines.push_back(*webhook_id);
            }
        }
        self.forget_idle_lanes();
    }

    /// That could not be written down yet.
    pub(crate) fn put_back(&mut self, progress: Progress) {
        self.settle(&progress);
        // Before what ended meanwhile: a success that came later must not seem to be the earlier.
        let later = std::mem::replace(&mut self.progress, progress);
        self.progress.results.extend(later.results);
        self.progress.deferred.extend(later.deferred);
    }

    /// That can't be written down: it stays as it is until the lead is taken anew.
    pub(crate) fn lost(&mut self, progress: &Progress) {
        self.settle(progress);
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

    /// How many deliveries wait in memory.
    pub(crate) fn queued(&self) -> usize {
        self.queued
    }

    fn has_room_to_record(&self) -> bool {
        self.unrecorded() + self.recording < self.limits.unrecorded
    }

    fn settle(&mut self, progress: &Progress) {
        self.recording -= progress.results.len() + progress.deferred.len();
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

    /// Sends to the line what an endpoint that is not well has no room for.
    fn make_room(&mut self, id: WebhookId, now: Timestamp) {
        while let Some(lane) = self.lanes.get_mut(&id)
            && lane.queue.len() > lane.room(now)
            && let Some(job) = lane.queue.pop_back()
        {
            self.queued -= 1;
            self.defer(&job, DeferredUntil::ItsTurn);
        }
    }

    fn defer(&mut self, job: &Job, until: DeferredUntil) {
        if until == DeferredUntil::ItsTurn
            && let Some(lane) = self.lanes.get_mut(&job.webhook_id)
        {
            lane.to_line += 1;
        }
        let Job { webhook_id, event_id, origin, .. } = *job;
        self.progress.deferred.push(Deferred { webhook_id, event_id, origin, until });
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
