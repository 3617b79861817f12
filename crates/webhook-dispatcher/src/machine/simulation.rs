//! The machine in a world of chance: crashed between any two steps, overtaken by another, told of results late, in
//! any order, or never.
//!
//! The database is a model of what the storage crate promises (its own tests hold it to that). One seed gives one
//! run. `CLANKDIN_SIMULATION_SEEDS` says how many are run, `CLANKDIN_SIMULATION_SEED` which one alone.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use clankdin_domain::webhook::delivery::{Attempt, AttemptOutcome, after};
use clankdin_domain::webhook::{AnswerText, DeliveryStatus, EndpointHealth, Hearer, WebhookUrl};
use uuid::Uuid;

use super::*;

const SEEDS: u64 = 2_000;
const STEPS: usize = 200;
const PER_ENDPOINT: usize = 4;
const IN_ALL: usize = 12;
const AT_ADDRESS: AddressLimit = AddressLimit { at_once: Some(8), per_second: Some(20) };

#[test]
fn whatever_crashes_every_event_reaches_every_endpoint_that_hears_of_it() {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let only = number("CLANKDIN_SIMULATION_SEED");
    let seeds = number("CLANKDIN_SIMULATION_SEEDS").unwrap_or(SEEDS);
    for seed in only.map_or(0..seeds, |seed| seed..seed + 1) {
        let run = std::panic::catch_unwind(|| Simulation::new(seed).run());
        assert!(run.is_ok(), "run it again with CLANKDIN_SIMULATION_SEED={seed}");
    }
}

/// `SplitMix64`: any seed gives a sequence of its own (Steele, Lea, Flood 2014).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(bound).unwrap()).unwrap()
    }

    fn one_in(&mut self, odds: usize) -> bool {
        self.below(odds) == 0
    }
}

/// How an endpoint's receiver is disposed.
#[derive(Clone, Copy, PartialEq)]
enum Mood {
    Well,
    Slow,
    Failing,
    Moody,
}

struct Endpoint {
    id: WebhookId,
    agent: usize,
    hears_all: bool,
    ip: IpAddr,
    mood: Mood,
    is_active: bool,
    failing_since: Option<Timestamp>,
}

#[derive(Clone)]
struct Told {
    sequence: Sequence,
    id: EventId,
    /// Everyone, where there is none.
    agent: Option<usize>,
}

#[derive(Clone)]
struct Row {
    status: DeliveryStatus,
    due_at: Timestamp,
    attempts: u32,
}

/// What outlives a crash.
struct Model {
    endpoints: Vec<Endpoint>,
    log: Vec<Told>,
    rows: BTreeMap<(WebhookId, EventId), Row>,
    handled: Sequence,
    fence: u64,
    /// What receivers have got.
    arrived: BTreeSet<(WebhookId, EventId)>,
    /// What an endpoint need not hear of: it was switched off before it had a row.
    excused: BTreeSet<(WebhookId, EventId)>,
}

/// A dispatcher that has the lead, or believes so.
struct Dispatcher {
    machine: Machine,
    fence: u64,
    in_air: Vec<Flight>,
    recording: Option<Progress>,
    /// Whether that was written, and it does not know yet.
    is_written: bool,
    reading: Option<Reading>,
}

/// What was read and is not yet taken in.
struct Reading {
    heard: Option<Heard>,
    due: Vec<Waiting>,
    lines: Vec<(WebhookId, usize, Vec<Waiting>)>,
}

struct Simulation {
    chance: Chance,
    now: Timestamp,
    model: Model,
    leader: Dispatcher,
    /// One that was overtaken and does not know yet.
    overtaken: Option<Dispatcher>,
    /// Nothing goes wrong any more.
    is_calm: bool,
}

fn in_line() -> Timestamp {
    Timestamp::from_timestamp(253_402_214_400, 0).unwrap()
}

fn parked() -> Timestamp {
    Timestamp::from_timestamp(253_402_300_799, 0).unwrap()
}

impl Model {
    fn hears(endpoint: &Endpoint, told: &Told) -> bool {
        endpoint.is_active
            && match told.agent {
                Some(agent) => agent == endpoint.agent,
                None => endpoint.hears_all,
            }
    }

    fn hearers(&self, walk: Walk, max: usize) -> Heard {
        let Some(next) = self.log.iter().find(|told| told.sequence > walk.read) else {
            return Heard { hearers: Vec::new(), next: walk, is_more: false };
        };
        let hearer = |told: &Told, endpoint: &Endpoint| Hearer {
            sequence: told.sequence,
            event_id: told.id,
            webhook_id: endpoint.id,
            is_failing: endpoint.failing_since.is_some(),
        };
        let is_left = |told: &Told, endpoint: &&Endpoint| {
            Self::hears(endpoint, told) && !self.rows.contains_key(&(endpoint.id, told.id))
        };
        if next.agent.is_some() {
            let hearers = self.endpoints.iter().filter(|it| is_left(next, it)).map(|it| hearer(next, it));
            let hearers = hearers.collect();
            return Heard { hearers, next: Walk { read: next.sequence, within: None }, is_more: true };
        }
        let mut left: Vec<_> =
            self.endpoints.iter().filter(|it| Some(it.id) > walk.within && is_left(next, it)).collect();
        left.sort_by_key(|endpoint| endpoint.id);
        left.truncate(max);
        let hearers: Vec<_> = left.iter().map(|endpoint| hearer(next, endpoint)).collect();
        let next = match hearers.last() {
            Some(last) if hearers.len() == max => Walk { within: Some(last.webhook_id), ..walk },
            _ => Walk { read: next.sequence, within: None },
        };
        Heard { hearers, next, is_more: true }
    }

    fn waiting(&self, max: usize, is_wanted: impl Fn(WebhookId, &Row) -> bool) -> Vec<Waiting> {
        let is = |id, what: fn(&Endpoint) -> bool| self.endpoints.iter().any(|it| it.id == id && what(it));
        let pending = self.rows.iter().filter(|((webhook, _), row)| {
            row.status == DeliveryStatus::Pending
                && is(*webhook, |it| it.is_active)
                && is_wanted(*webhook, row)
        });
        let waiting = pending.map(|(&(webhook_id, event_id), row)| Waiting {
            webhook_id,
            event_id,
            due_at: row.due_at,
            attempts: row.attempts,
            is_failing: is(webhook_id, |it| it.failing_since.is_some()),
        });
        waiting.take(max).collect()
    }

    fn lines(&self) -> Vec<WebhookId> {
        let in_line = self.rows.iter().filter(|(_, row)| row.due_at == in_line());
        let mut ids: Vec<_> = in_line.map(|((webhook, _), _)| *webhook).collect();
        ids.dedup();
        ids
    }

    fn endpoint(&mut self, id: WebhookId) -> &mut Endpoint {
        self.endpoints.iter_mut().find(|endpoint| endpoint.id == id).unwrap()
    }

    fn put(&mut self, key: (WebhookId, EventId), origin: Origin, row: Row) {
        match origin {
            Origin::Log(_) => drop(self.rows.entry(key).or_insert(row)),
            Origin::Row(due_at) => {
                let stands = self.rows.get_mut(&key);
                if let Some(stands) = stands
                    .filter(|stands| stands.status == DeliveryStatus::Pending && stands.due_at == due_at)
                {
                    *stands = row;
                }
            }
        }
    }

    fn record(&mut self, progress: &Progress) {
        for result in &progress.results {
            let (status, due_at) = match result.next {
                NextStep::Delivered => (DeliveryStatus::Delivered, result.attempt.at),
                NextStep::RetryAt(at) => (DeliveryStatus::Pending, at),
                NextStep::GiveUp => (DeliveryStatus::Failed, result.attempt.at),
            };
            let is_active = self.endpoint(result.webhook_id).is_active;
            let due_at = if is_active || status != DeliveryStatus::Pending { due_at } else { parked() };
            let row = Row { status, due_at, attempts: result.attempts };
            self.put((result.webhook_id, result.event_id), result.origin, row);
            let endpoint = self.endpoint(result.webhook_id);
            match result.health {
                EndpointHealth::Healthy => endpoint.failing_since = None,
                EndpointHealth::FailingSince(since) => {
                    endpoint.failing_since.get_or_insert(since);
                }
                EndpointHealth::Unchanged | EndpointHealth::Disabled => {}
            }
        }
        for deferred in &progress.deferred {
            let key = (deferred.webhook_id, deferred.event_id);
            let attempts = self.rows.get(&key).map_or(0, |row| row.attempts);
            let is_active = self.endpoint(deferred.webhook_id).is_active;
            let due_at = match deferred.until {
                _ if !is_active => parked(),
                // It was switched on again since.
                DeferredUntil::SwitchedOn => Timestamp::UNIX_EPOCH,
                _ => in_line(),
            };
            self.put(key, deferred.origin, Row { status: DeliveryStatus::Pending, due_at, attempts });
        }
        let before = self.handled;
        self.handled = before.max(progress.handled.unwrap_or_default());
        self.assert_handled_since(before);
    }

    /// What is said to be handled has a row wherever it is heard.
    fn assert_handled_since(&self, before: Sequence) {
        let handled = self.log.iter().filter(|told| before < told.sequence && told.sequence <= self.handled);
        for told in handled {
            for endpoint in self.endpoints.iter().filter(|endpoint| Self::hears(endpoint, told)) {
                let key = (endpoint.id, told.id);
                assert!(self.rows.contains_key(&key) || self.excused.contains(&key), "handled without a row");
            }
        }
    }

    fn switch_off(&mut self, place: usize) {
        let endpoint = &mut self.endpoints[place];
        endpoint.is_active = false;
        let (id, agent, hears_all) = (endpoint.id, endpoint.agent, endpoint.hears_all);
        for told in &self.log {
            let heard = told.agent.map_or(hears_all, |told| told == agent);
            if heard && !self.rows.contains_key(&(id, told.id)) {
                self.excused.insert((id, told.id));
            }
        }
        let its = self.rows.iter_mut().filter(|((webhook, _), _)| *webhook == id);
        its.filter(|(_, row)| row.status == DeliveryStatus::Pending)
            .for_each(|(_, row)| row.due_at = parked());
    }

    fn switch_on(&mut self, place: usize, now: Timestamp) {
        let endpoint = &mut self.endpoints[place];
        if std::mem::replace(&mut endpoint.is_active, true) {
            return;
        }
        let id = endpoint.id;
        let its = self.rows.iter_mut().filter(|((webhook, _), _)| *webhook == id);
        its.filter(|(_, row)| row.due_at == parked() && row.status == DeliveryStatus::Pending)
            .for_each(|(_, row)| row.due_at = now);
        let first = self.rows.iter_mut().find(|((webhook, _), row)| {
            *webhook == id && row.status == DeliveryStatus::Pending && row.due_at == in_line()
        });
        if let Some((_, row)) = first {
            row.due_at = now;
        }
    }
}

impl Dispatcher {
    fn on(model: &mut Model) -> Self {
        model.fence += 1;
        let limits = Limits {
            per_endpoint: PER_ENDPOINT,
            in_all: IN_ALL,
            addresses: AddressLimits { public: AT_ADDRESS, private: AddressLimit::default() },
            queued: 10,
            unrecorded: 16,
        };
        let machine = Machine::new(limits, model.handled, model.lines());
        Self {
            machine,
            fence: model.fence,
            in_air: Vec::new(),
            recording: None,
            is_written: false,
            reading: None,
        }
    }
}

impl Simulation {
    fn new(seed: u64) -> Self {
        let mut chance = Chance(seed);
        let now = Timestamp::from_timestamp(1_800_000_000, 0).unwrap();
        let endpoints = (0..2 + chance.below(6)).map(|place| Endpoint {
            id: Uuid::from_u128(u128::from(chance.next())).into(),
            agent: chance.below(4),
            hears_all: !chance.one_in(3),
            ip: if chance.one_in(4) {
                format!("10.0.0.{place}").parse().unwrap()
            } else {
                format!("8.8.8.{}", chance.below(2)).parse().unwrap()
            },
            mood: [Mood::Well, Mood::Well, Mood::Slow, Mood::Failing, Mood::Moody][chance.below(5)],
            is_active: true,
            failing_since: None,
        });
        let mut model = Model {
            endpoints: endpoints.collect(),
            log: Vec::new(),
            rows: BTreeMap::new(),
            handled: Sequence::new(0),
            fence: 0,
            arrived: BTreeSet::new(),
            excused: BTreeSet::new(),
        };
        let leader = Dispatcher::on(&mut model);
        Self { chance, now, model, leader, overtaken: None, is_calm: false }
    }

    fn run(mut self) {
        for _ in 0..STEPS {
            self.step();
            self.assert_limits();
        }
        self.recover();
        self.assert_delivered();
    }

    fn step(&mut self) {
        match self.chance.below(40) {
            0..6 => self.commit(),
            6..14 => self.read(),
            14..20 => self.start(),
            20..29 => self.land(),
            29..33 => self.record(),
            33..37 => self.pass_time(),
            37 => self.crash(),
            38 => self.overtake(),
            _ => self.switch(),
        }
    }

    fn commit(&mut self) {
        for _ in 0..=self.chance.below(4) {
            let sequence = Sequence::new(i64::try_from(self.model.log.len()).unwrap() + 1);
            let agent = (!self.chance.one_in(3)).then(|| self.chance.below(4));
            let id: EventId = Uuid::from_u128(u128::try_from(sequence.get()).unwrap()).into();
            let told = Told { sequence, id, agent };
            let deaf = self.model.endpoints.iter().filter(|endpoint| !endpoint.is_active);
            self.model.excused.extend(deaf.map(|endpoint| (endpoint.id, id)));
            self.model.log.push(told);
        }
    }

    /// The database is read, or what was read before is taken in.
    fn read(&mut self) {
        let (now, machine) = (self.now, &mut self.leader.machine);
        if let Some(Reading { heard, due, lines }) = self.leader.reading.take() {
            if let Some(heard) = heard {
                machine.heard(heard, now);
            }
            machine.due(due, now);
            for (id, max, waiting) in lines {
                machine.line(id, max, waiting, now);
            }
            machine.end_reading();
            return;
        }
        let heard = machine.wants_log().map(|walk| self.model.hearers(walk, 1 + self.chance.below(3)));
        let due = machine.wants_due().map(|max| self.model.waiting(max, |_, row| row.due_at <= now));
        let lines = machine.wants_lines(now).into_iter().map(|(id, max)| {
            let its = |webhook, row: &Row| webhook == id && row.due_at == in_line();
            (id, max, self.model.waiting(max, its))
        });
        self.leader.reading = Some(Reading { heard, due: due.unwrap_or_default(), lines: lines.collect() });
        machine.begin_reading();
    }

    fn start(&mut self) {
        let flights = self.leader.machine.start(self.now);
        self.leader.in_air.extend(flights);
    }

    /// Some flight of the leader, or of one that was overtaken, comes to its end.
    fn land(&mut self) {
        let is_leader = self.overtaken.is_none() || self.chance.one_in(2);
        let dispatcher = if is_leader { &mut self.leader } else { self.overtaken.as_mut().unwrap() };
        if dispatcher.in_air.is_empty() {
            return;
        }
        let mut flight = dispatcher.in_air.swap_remove(self.chance.below(dispatcher.in_air.len()));
        let (id, event) = (flight.job.webhook_id, flight.job.event_id);
        let endpoint = self.model.endpoints.iter().find(|endpoint| endpoint.id == id).unwrap();
        if !endpoint.is_active {
            return dispatcher.machine.ended(flight, Ended::Disabled, self.now);
        }
        if !dispatcher.machine.admit(&mut flight, endpoint.ip, self.now) {
            return dispatcher.machine.ended(flight, Ended::Busy, self.now);
        }
        let is_taken = match endpoint.mood {
            Mood::Well | Mood::Slow => true,
            Mood::Failing => false,
            Mood::Moody => self.chance.one_in(2),
        };
        let latency = Duration::from_millis(if endpoint.mood == Mood::Slow { 1_500 } else { 5 });
        let status = if is_taken { 200 } else { 500 };
        let outcome = AttemptOutcome::Answered { status, retry_after: None };
        let attempt = Attempt { at: self.now, outcome, latency, answer: AnswerText::default() };
        let (next, health) = after(&attempt, flight.job.attempts, endpoint.failing_since, || 0.0);
        if is_taken {
            self.model.arrived.insert((id, event));
        }
        let health = if health == EndpointHealth::Disabled { EndpointHealth::Unchanged } else { health };
        let result = Recorded {
            webhook_id: id,
            event_id: event,
            origin: flight.job.origin,
            url: WebhookUrl::from_stored(String::new()),
            was_failing: endpoint.failing_since.is_some(),
            attempts: flight.job.attempts + 1,
            attempt,
            next,
            health,
        };
        dispatcher.machine.ended(flight, Ended::Tried(result), self.now);
    }

    /// Something is written down, is not, or is and nobody learns of it.
    fn record(&mut self) {
        let is_leader = self.overtaken.is_none() || self.chance.one_in(2);
        let dispatcher = if is_leader { &mut self.leader } else { self.overtaken.as_mut().unwrap() };
        let Some(progress) = dispatcher.recording.take() else {
            dispatcher.recording =
                Some(dispatcher.machine.take_progress(1 + self.chance.below(4), self.chance.below(2) == 0));
            return;
        };
        if std::mem::take(&mut dispatcher.is_written) {
            dispatcher.machine.recorded(progress);
        } else if dispatcher.fence != self.model.fence {
            // Refused: now it knows.
            self.overtaken = None;
        } else if !self.is_calm && self.chance.one_in(6) {
            dispatcher.machine.put_back(progress);
        } else {
            self.model.record(&progress);
            if !self.is_calm && self.chance.one_in(10) {
                self.crash();
            } else {
                dispatcher.recording = Some(progress);
                dispatcher.is_written = true;
            }
        }
    }

    fn pass_time(&mut self) {
        let seconds = [0, 1, 4, 60, 3_600][self.chance.below(5)];
        self.now += TimeDelta::seconds(seconds) + TimeDelta::milliseconds(20);
    }

    fn crash(&mut self) {
        self.leader = Dispatcher::on(&mut self.model);
    }

    fn overtake(&mut self) {
        let next = Dispatcher::on(&mut self.model);
        self.overtaken = Some(std::mem::replace(&mut self.leader, next));
    }

    fn switch(&mut self) {
        let place = self.chance.below(self.model.endpoints.len());
        if self.model.endpoints[place].is_active && self.chance.one_in(2) {
            self.model.switch_off(place);
        } else {
            self.model.switch_on(place, self.now);
        }
        if self.chance.one_in(3) {
            self.model.endpoints[place].mood = [Mood::Well, Mood::Failing, Mood::Moody][self.chance.below(3)];
        }
    }

    fn assert_limits(&self) {
        for dispatcher in [Some(&self.leader), self.overtaken.as_ref()].into_iter().flatten() {
            assert!(dispatcher.in_air.len() <= IN_ALL);
            assert_eq!(dispatcher.in_air.len(), dispatcher.machine.under_way());
            let told: BTreeSet<_> =
                dispatcher.in_air.iter().map(|it| (it.job.webhook_id, it.job.event_id)).collect();
            assert_eq!(told.len(), dispatcher.in_air.len(), "the same is under way twice");
            let mut to_endpoint = BTreeMap::<WebhookId, usize>::new();
            let mut to_address = BTreeMap::<IpAddr, (usize, usize)>::new();
            for flight in &dispatcher.in_air {
                *to_endpoint.entry(flight.job.webhook_id).or_default() += 1;
                if let Some((ip, is_suspect)) = flight.address {
                    let (all, suspects) = to_address.entry(ip).or_default();
                    *all += 1;
                    *suspects += usize::from(is_suspect);
                }
            }
            assert!(to_endpoint.values().all(|count| *count <= PER_ENDPOINT));
            for (ip, (all, suspects)) in to_address {
                let is_limited = ip.to_string().starts_with("8.");
                assert!(!is_limited || (all <= 8 && suspects <= 2), "{all} and {suspects} to one address");
            }
            assert!(dispatcher.machine.unrecorded() <= 16 + IN_ALL + 200);
        }
    }

    /// Everything is well again, and time passes.
    fn recover(&mut self) {
        for place in 0..self.model.endpoints.len() {
            self.model.endpoints[place].mood = Mood::Well;
            self.model.switch_on(place, self.now);
        }
        self.overtaken = None;
        self.is_calm = true;
        for _ in 0..4_000 {
            self.read();
            self.start();
            for _ in 0..IN_ALL {
                self.land();
                self.record();
            }
            self.assert_limits();
            self.now += TimeDelta::milliseconds(200);
            if self.is_settled() {
                return;
            }
            if self.leader.in_air.is_empty() && self.leader.machine.queued() == 0 {
                self.now += TimeDelta::hours(1);
            }
        }
        panic!("it does not come to rest");
    }

    fn is_settled(&self) -> bool {
        let pending = self.model.rows.values().any(|row| row.status == DeliveryStatus::Pending);
        let last = self.model.log.last().map_or(Sequence::new(0), |told| told.sequence);
        !pending && self.model.handled >= last
    }

    fn assert_delivered(&self) {
        for told in &self.model.log {
            for endpoint in self.model.endpoints.iter().filter(|endpoint| Model::hears(endpoint, told)) {
                let key = (endpoint.id, told.id);
                let is_given_up =
                    self.model.rows.get(&key).is_some_and(|row| row.status == DeliveryStatus::Failed);
                assert!(
                    self.model.arrived.contains(&key) || is_given_up || self.model.excused.contains(&key),
                    "{:?} did not reach {:?}",
                    told.id,
                    endpoint.id
                );
            }
        }
    }
}
