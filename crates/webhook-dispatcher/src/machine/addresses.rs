//! How much is under way to one address, and how much was in the last second (contract, section "Webhooks").

use std::collections::{HashMap, HashSet, VecDeque};
use std::net::IpAddr;

use chrono::TimeDelta;
use clankdin_domain::context::Timestamp;
use clankdin_domain::id::WebhookId;

const SECOND: TimeDelta = TimeDelta::seconds(1);

/// From so many on, and twice as many as were kept, addresses to which nothing is under way are forgotten.
const MANY: usize = 1_024;

/// How much one address may get.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AddressLimit {
    /// How many tries may be under way at once; `None` for any number.
    pub at_once: Option<usize>,
    /// How many tries may begin in any second; `None` for any number.
    pub per_second: Option<usize>,
}

impl AddressLimit {
    /// How many of those under way may be to endpoints whose last try failed or was slow: a quarter.
    fn suspects(self) -> Option<usize> {
        self.at_once.map(|at_once| (at_once / 4).max(1))
    }
}

#[derive(Debug, Default)]
struct Address {
    under_way: usize,
    suspects: usize,
    /// When the tries of the last second began, as many as may.
    begun: VecDeque<Timestamp>,
    /// Endpoints that would begin, and those of them that are suspects.
    waiting: VecDeque<WebhookId>,
    waiting_suspects: VecDeque<WebhookId>,
}

impl Address {
    /// Whether one more may begin, and whether a suspect may.
    fn may_begin(&mut self, limit: AddressLimit, now: Timestamp) -> (bool, bool) {
        // A clock that was set back must not count what began ahead of it.
        self.begun.retain(|begun| *begun <= now && now - *begun < SECOND);
        let may = limit.at_once.is_none_or(|at_once| self.under_way < at_once)
            && limit.per_second.is_none_or(|per_second| self.begun.len() < per_second);
        (may, may && limit.suspects().is_none_or(|suspects| self.suspects < suspects))
    }

    fn has_waiting(&self) -> bool {
        !self.waiting.is_empty() || !self.waiting_suspects.is_empty()
    }

    /// One of each kind that waits.
    fn pop_waiting(&mut self) -> impl Iterator<Item = WebhookId> {
        self.waiting.pop_front().into_iter().chain(self.waiting_suspects.pop_front())
    }
}

/// All addresses to which anything is under way.
#[derive(Debug, Default)]
pub(crate) struct Addresses {
    known: HashMap<IpAddr, Address>,
    /// Those at which somebody waits.
    waited_for: HashSet<IpAddr>,
    /// How many were left when the others were last forgotten.
    kept: usize,
}

impl Addresses {
    /// Begins a try to that address, if it may.
    pub(crate) fn begin(
        &mut self,
        ip: IpAddr,
        limit: AddressLimit,
        is_suspect: bool,
        now: Timestamp,
    ) -> bool {
        let address = self.known.entry(ip).or_default();
        let (may, suspect_may) = address.may_begin(limit, now);
        let may = if is_suspect { suspect_may } else { may };
        if may {
            address.under_way += 1;
            address.suspects += usize::from(is_suspect);
            if limit.per_second.is_some() {
                address.begun.push_back(now);
            }
        }
        may
    }

    /// A try to that address has ended. Answers who may take its place.
    pub(crate) fn end(&mut self, ip: IpAddr, was_suspect: bool) -> Vec<WebhookId> {
        let Some(address) = self.known.get_mut(&ip) else { return Vec::new() };
        address.under_way = address.under_way.saturating_sub(1);
        address.suspects = address.suspects.saturating_sub(usize::from(was_suspect));
        let woken = address.pop_waiting().collect();
        if !address.has_waiting() {
            self.waited_for.remove(&ip);
        }
        woken
    }

    /// An endpoint waits until something may begin to that address.
    pub(crate) fn wait(&mut self, ip: IpAddr, endpoint: WebhookId, is_suspect: bool) {
        let address = self.known.entry(ip).or_default();
        let waiting = if is_suspect { &mut address.waiting_suspects } else { &mut address.waiting };
        waiting.push_back(endpoint);
        self.waited_for.insert(ip);
    }

    /// Those who waited where something may begin now that time has passed: at most one of each kind at each
    /// address.
    pub(crate) fn wake(&mut self, limit: impl Fn(IpAddr) -> AddressLimit, now: Timestamp) -> Vec<WebhookId> {
        let mut woken = Vec::new();
        let known = &mut self.known;
        self.waited_for.retain(|ip| {
            let Some(address) = known.get_mut(ip) else { return false };
            if address.may_begin(limit(*ip), now).0 {
                woken.extend(address.pop_waiting());
            }
            address.has_waiting()
        });
        if self.known.len() > MANY.max(self.kept * 2) {
            self.known.retain(|_, address| {
                address.begun.retain(|begun| now - *begun < SECOND);
                address.under_way > 0 || !address.begun.is_empty() || address.has_waiting()
            });
            self.kept = self.known.len();
        }
        woken
    }

    /// Whether anybody waits at any address.
    pub(crate) fn has_waiting(&self) -> bool {
        !self.waited_for.is_empty()
    }
}
