//! Does what the machine decides: reads, tries, and writes down, as long as the lead is held.
//!
//! Owns what is under way with the database and with receivers, and when to look for work. Refuses to decide what is
//! tried and when.

mod recording;

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use clankdin_domain::context::{Ctx, Timestamp};
use clankdin_domain::event::Event;
use clankdin_domain::id::WebhookId;
use clankdin_domain::store::{Database, StoreError, StoreResult, UnitOfWork};
use clankdin_domain::webhook::{Endpoint, EndpointHealth, Heard, Lead, Missing, Progress, Waiting};
use futures_util::FutureExt as _;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::dispatcher::Stop;
use crate::machine::{Ended, Flight, Machine};
use crate::metrics::Metrics;
use crate::settings::DispatcherSettings;
use crate::standing::Standing;
use crate::trying::{CORRUPT, Parcel, SharedMachine, Trying};

/// How often a database that is away is asked once more after we were told to stop.
const LAST_TRIES: usize = 3;

/// How many things that have ended are taken in before anything new is begun.
const TAKEN_IN: usize = 256;

/// How long those that could begin wait for others to begin with, while that is being read for others or much is under
/// way: what they take is read for all of them at once.
const START_EVERY: Duration = Duration::from_millis(4);

/// How long a transaction that was seen under way, and may still add to the log, is left to end.
const UNSETTLED: Duration = Duration::from_millis(5);

/// Something that is under way, and what comes of it.
type Work = Pin<Box<dyn Future<Output = Done>>>;

/// What has ended.
enum Done {
    Looked(StoreResult<Look>),
    Prepared(Vec<Flight>, StoreResult<Vec<Result<Parcel, Box<Ended>>>>),
    Tried(Flight, Ended),
    Recorded(Progress, StoreResult<bool>),
    Renewed(Instant, StoreResult<Option<Lead>>),
}

/// What was found.
struct Look {
    at: Timestamp,
    is_settled: bool,
    heard: Option<Heard>,
    due: Option<Vec<Waiting>>,
    lines: Vec<(WebhookId, usize, Vec<Waiting>)>,
    next_due_at: Option<Timestamp>,
}

/// Why there is nothing more to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Over {
    Stopped,
    LeadLost,
}

#[expect(clippy::struct_excessive_bools, reason = "each says whether something of its own is under way")]
pub(crate) struct Leading {
    settings: DispatcherSettings,
    database: Database,
    ctx: Ctx,
    trying: Rc<Trying>,
    wake: Arc<Notify>,
    metrics: Metrics,
    stop: Stop,
    lead: Lead,
    /// Until when the lead is surely ours: nothing is sent after it, until it was taken anew.
    leads_until: Rc<Cell<Instant>>,
    is_lost: bool,
    machine: SharedMachine,
    work: FuturesUnordered<Work>,
    is_looking: bool,
    /// How often what tries take is being read.
    preparing: usize,
    /// How many transactions write down what was done.
    recording: usize,
    is_renewing: bool,
    /// Whether there may be something to be found.
    look_now: bool,
    look_at: Instant,
    next_due_at: Option<Timestamp>,
    /// When the first delivery is due of those that were written down since the last look began.
    retry_at: Option<Timestamp>,
    /// The last look found rows due of which it was not yet written down what came of them.
    has_passed_over: bool,
    renew_at: Instant,
    flush_at: Option<Instant>,
    /// Since when results wait to be written down.
    unrecorded_since: Option<Instant>,
    /// When it is written down next how far all is handled.
    mark_at: Instant,
    start_at: Instant,
    /// The database failed: it is left alone until then.
    rest_until: Option<Instant>,
    last_tries: usize,
}

impl Leading {
    pub(crate) fn new(standing: &Standing, lead: Lead, machine: Machine, asked: Instant) -> Self {
        let Standing { settings, database, ctx, trying, wake, metrics, stop } = standing;
        Self {
            settings: *settings,
            database: database.clone(),
            ctx: ctx.clone(),
            trying: Rc::clone(trying),
            wake: Arc::clone(wake),
            metrics: metrics.clone(),
            stop: stop.clone(),
            lead,
            leads_until: Rc::new(Cell::new(asked + settings.lead)),
            is_lost: false,
            machine: SharedMachine::new(machine),
            work: FuturesUnordered::new(),
            is_looking: false,
            preparing: 0,
            recording: 0,
            is_renewing: false,
            look_now: true,
            look_at: asked,
            next_due_at: None,
            retry_at: None,
            has_passed_over: false,
            renew_at: asked + settings.renew_every,
            flush_at: None,
            unrecorded_since: None,
            mark_at: asked,
            start_at: asked,
            rest_until: None,
            last_tries: 0,
        }
    }

    /// Ends when it was told to stop and all that was begun has ended, or when the lead is lost: what is under way
    /// then is dropped, and is the next leader's.
    pub(crate) async fn run(mut self) {
        let over = loop {
            if let Some(over) = self.over() {
                break over;
            }
            self.begin();
            self.wait().await;
        };
        match over {
            Over::LeadLost => tracing::warn!("another dispatcher has the lead"),
            Over::Stopped => {
                let lead = self.lead;
                let laid_down = self.database.write(move |uow| uow.deliveries().lay_down(lead)).await;
                let _ = laid_down.inspect_err(|error| tracing::debug!(%error, "the lead can't be laid down"));
            }
        }
    }

    fn over(&self) -> Option<Over> {
        if self.is_lost {
            return Some(Over::LeadLost);
        }
        let machine = self.machine.borrow();
        let is_done =
            machine.under_way() == 0 && self.recording == 0 && !self.is_looking && !self.is_renewing;
        let nothing_left = machine.unrecorded() == 0 && !machine.is_ahead() || self.last_tries >= LAST_TRIES;
        (self.stop.is_on() && is_done && nothing_left).then_some(Over::Stopped)
    }

    /// Begins all that can be begun.
    fn begin(&mut self) {
        let now = Instant::now();
        if self.rest_until.is_some_and(|until| now < until) {
            return;
        }
        self.rest_until = None;
        self.renew(now);
        self.record(now);
        if !self.stop.is_on() && now < self.leads_until.get() {
            self.start(now);
            self.look(now);
        }
    }

    fn renew(&mut self, now: Instant) {
        if self.is_renewing || now < self.renew_at {
            return;
        }
        self.is_renewing = true;
        let (database, lead, length) = (self.database.clone(), self.lead, self.settings.lead);
        self.work.push(Box::pin(async move {
            let renewed = database.write(move |uow| uow.deliveries().lead(lead.dispatcher, length)).await;
            Done::Renewed(now, renewed)
        }));
    }

    fn start(&mut self, now: Instant) {
        let mut machine = self.machine.borrow_mut();
        if self.holds_back(&machine, now) {
            return;
        }
        let flights = machine.start(self.ctx.now());
        if flights.is_empty() {
            return;
        }
        self.start_at = now + START_EVERY;
        self.preparing += 1;
        let database = self.database.clone();
        self.work.push(Box::pin(async move {
            let webhooks: Vec<_> = flights.iter().map(|flight| flight.job.webhook_id).collect();
            let events: Vec<_> = flights.iter().map(|flight| flight.job.event_id).collect();
            let prepared = database.read_aside(move |uow| {
                let deliveries = uow.deliveries();
                let endpoints = deliveries.endpoints(&webhooks)?;
                let events = deliveries.events(&events)?;
                let both = endpoints.into_iter().zip(events).map(|(endpoint, event)| both(endpoint, event));
                Ok::<_, StoreError>(both.collect())
            });
            let prepared = prepared.await;
            Done::Prepared(flights, prepared)
        }));
    }

    /// Whether what could begin waits for others to begin with.
    fn holds_back(&self, machine: &Machine, now: Instant) -> bool {
        now < self.start_at && (self.preparing > 0 || machine.is_busy())
    }

    fn look(&mut self, now: Instant) {
        let (at, batch) = (self.ctx.now(), self.settings.batch);
        let is_due = self.due_at().is_some_and(|due_at| due_at <= at);
        let mut machine = self.machine.borrow_mut();
        let wanted = if self.is_looking { Vec::new() } else { machine.wants_lines(at) };
        if self.is_looking || (!self.look_now && !is_due && now < self.look_at && wanted.is_empty()) {
            return;
        }
        self.is_looking = true;
        self.look_now = false;
        self.retry_at = None;
        let (walk, due) = (machine.wants_log(), machine.wants_due());
        machine.begin_reading();
        let database = self.database.clone();
        self.work.push(Box::pin(async move {
            let moves_by_itself = database.is_settled();
            let look = move |uow: &mut dyn UnitOfWork| {
                let deliveries = uow.deliveries();
                let is_settled = moves_by_itself || deliveries.settle()?;
                let heard = walk.map(|walk| deliveries.hearers(walk, batch)).transpose()?;
                let mut next_due_at = deliveries.next_due_at(Timestamp::UNIX_EPOCH)?;
                let due = if next_due_at.is_some_and(|due_at| due_at <= at) {
                    next_due_at = deliveries.next_due_at(at + TimeDelta::microseconds(1))?;
                    due.map(|max| deliveries.due(at, max)).transpose()?
                } else {
                    None
                };
                let line = |(id, max)| Ok((id, max, deliveries.line(id, max)?));
                let lines = wanted.into_iter().map(line).collect::<StoreResult<_>>()?;
                Ok::<_, StoreError>(Look { at, is_settled, heard, due, lines, next_due_at })
            };
            // Whoever need not write doesn't wait for those who do.
            let looked =
                if moves_by_itself { database.read_aside(look).await } else { database.write(look).await };
            Done::Looked(looked)
        }));
    }

    /// Waits until something has ended or is to be begun.
    async fn wait(&mut self) {
        let now = Instant::now();
        let nap = self.nap(now);
        let listens = self.rest_until.is_none() && !self.stop.is_on();
        let is_stopping = self.stop.is_on();
        let (stop, wake) = (self.stop.clone(), Arc::clone(&self.wake));
        tokio::select! {
            done = self.work.next(), if !self.work.is_empty() => {
                if let Some(done) = done {
                    self.take_in(done);
                }
                self.take_in_ready();
            }
            () = sleep_until(nap) => {}
            () = wake.notified(), if listens => self.look_now = true,
            () = stop.on(), if !is_stopping => {}
        }
    }

    /// Takes in what has ended as well.
    fn take_in_ready(&mut self) {
        for _ in 0..TAKEN_IN {
            let Some(Some(done)) = self.work.next().now_or_never() else { return };
            self.take_in(done);
        }
    }

    fn nap(&self, now: Instant) -> Instant {
        if let Some(until) = self.rest_until {
            return until;
        }
        let clock = self.ctx.now();
        let machine = self.machine.borrow();
        let instant = |at: Timestamp| now + (at - clock).to_std().unwrap_or(Duration::ZERO);
        let earliest = if self.holds_back(&machine, now) { self.start_at } else { now };
        let machine_at = machine.next_at(clock).map(|at| instant(at).max(earliest));
        let start_at = machine.has_ready().then_some(self.start_at);
        let due_at = self.due_at().filter(|_| !self.is_looking).map(instant);
        let look_at = if self.is_looking { None } else { Some(self.look_at) };
        let renew_at = (!self.is_renewing).then_some(self.renew_at);
        let flush_at = self.flush_at.filter(|_| self.recording == 0);
        // What can't be begun without the lead is begun once that was taken anew, and nothing is before a stop.
        let may_begin = now < self.leads_until.get() && !self.stop.is_on();
        let of_work = [machine_at, due_at, look_at, start_at].into_iter().flatten().filter(|_| may_begin);
        let first = of_work.chain(renew_at).chain(flush_at).min();
        first.unwrap_or(now + self.settings.poll).max(now)
    }

    /// When the next delivery is due that waits as a row.
    fn due_at(&self) -> Option<Timestamp> {
        self.next_due_at.into_iter().chain(self.retry_at).min()
    }

    fn take_in(&mut self, done: Done) {
        match done {
            Done::Looked(look) => self.looked(look),
            Done::Prepared(flights, prepared) => self.prepared(flights, prepared),
            Done::Tried(flight, ended) => self.ended(flight, ended),
            Done::Recorded(progress, recorded) => self.recorded(progress, recorded),
            Done::Renewed(asked, renewed) => self.renewed(asked, &renewed),
        }
    }

    fn looked(&mut self, look: StoreResult<Look>) {
        self.is_looking = false;
        let look = match look {
            Ok(look) => look,
            Err(error) => {
                tracing::warn!(%error, "no work can be looked for");
                self.machine.borrow_mut().end_reading();
                self.look_now = true;
                return self.rest();
            }
        };
        let Look { at, is_settled, heard, due, lines, next_due_at } = look;
        let mut machine = self.machine.borrow_mut();
        // Where nothing was read because too much waits, what ends makes room.
        let is_more = heard.as_ref().is_none_or(|heard| heard.is_more);
        let was_read = heard.is_some();
        if let Some(heard) = heard {
            machine.heard(heard, at);
        }
        let found = due.as_ref().map_or(0, Vec::len);
        let new = due.map_or(0, |due| machine.due(due, at));
        self.has_passed_over = new < found;
        for (id, asked, waiting) in lines {
            machine.line(id, asked, waiting, at);
        }
        // What was passed over may have been written down since, and nothing else says so then.
        self.look_now |= machine.end_reading() && self.has_passed_over;
        self.look_now |= new > 0 || (is_more && was_read);
        self.next_due_at = next_due_at;
        self.metrics.queued(machine.queued());
        let poll = if was_read { self.settings.poll } else { self.settings.flush_after };
        let poll = if is_settled { poll } else { poll.min(UNSETTLED) };
        self.look_at = Instant::now() + poll;
    }

    fn prepared(&mut self, flights: Vec<Flight>, prepared: StoreResult<Vec<Result<Parcel, Box<Ended>>>>) {
        self.preparing -= 1;
        let prepared = match prepared {
            Ok(prepared) => prepared,
            Err(error) => {
                tracing::warn!(%error, "what is to be sent can't be read");
                for flight in flights {
                    self.ended(flight, Ended::GivenBack);
                }
                return self.rest();
            }
        };
        for (flight, prepared) in flights.into_iter().zip(prepared) {
            match prepared {
                Ok(parcel) => self.send(flight, parcel),
                Err(ended) => self.ended(flight, *ended),
            }
        }
    }

    fn send(&mut self, flight: Flight, parcel: Parcel) {
        let (trying, machine) = (Rc::clone(&self.trying), self.machine.clone());
        let (stop, leads_until) = (self.stop.clone(), Rc::clone(&self.leads_until));
        self.work.push(Box::pin(async move {
            // Whoever was stopped for a while may have lost the lead without knowing.
            if stop.is_on() || Instant::now() >= leads_until.get() {
                return Done::Tried(flight, Ended::GivenBack);
            }
            let (flight, ended) = trying.attempt(flight, parcel, &machine).await;
            Done::Tried(flight, ended)
        }));
    }

    fn ended(&mut self, flight: Flight, mut ended: Ended) {
        let mut machine = self.machine.borrow_mut();
        if let Ended::Tried(result) = &mut ended {
            // What is known to stand is not written once more, with each of thousands of results.
            let has_failed = machine.has_failed(result.webhook_id);
            let is_known = match result.health {
                EndpointHealth::Healthy => !result.was_failing && !has_failed,
                EndpointHealth::FailingSince(_) => result.was_failing && has_failed,
                EndpointHealth::Unchanged | EndpointHealth::Disabled => false,
            };
            if is_known {
                result.health = EndpointHealth::Unchanged;
            }
        }
        machine.ended(flight, ended, self.ctx.now());
    }

    fn renewed(&mut self, asked: Instant, renewed: &StoreResult<Option<Lead>>) {
        self.is_renewing = false;
        self.renew_at = Instant::now() + self.settings.renew_every;
        match renewed {
            Ok(Some(lead)) if *lead == self.lead => self.leads_until.set(asked + self.settings.lead),
            Ok(_) => self.is_lost = true,
            Err(error) => {
                tracing::warn!(%error, "the lead can't be kept");
                self.rest();
            }
        }
    }

    fn rest(&mut self) {
        self.rest_until = Some(Instant::now() + self.settings.back_off);
    }
}

/// What is to be sent, or what becomes of it instead.
fn both(endpoint: Result<Endpoint, Missing>, event: Result<Event, Missing>) -> Result<Parcel, Box<Ended>> {
    let event = event.map_err(|missing| match missing {
        // What can't be read of an event never can; of an endpoint, it may be again.
        Missing::Unreadable => Box::new(Ended::Void(CORRUPT)),
        Missing::Gone | Missing::Disabled => Box::new(Ended::Void("erased")),
    })?;
    let endpoint = endpoint.map_err(|missing| match missing {
        Missing::Disabled => Box::new(Ended::Disabled),
        Missing::Unreadable => Box::new(Ended::Sealed),
        Missing::Gone => Box::new(Ended::Void("erased")),
    })?;
    Ok(Parcel { endpoint, event })
}
