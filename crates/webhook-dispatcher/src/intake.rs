//! Takes work in: routes events, claims deliveries, and starts tries.
//!
//! Owns when to look for work and when to sleep. Refuses to know what comes of a try: it hands that on
//! as it is.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use clankdin_domain::context::Timestamp;
use clankdin_domain::store::{Database, StoreError, StoreResult};
use clankdin_domain::webhook::{Claimed, Recorded};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;

use crate::dispatcher::Stop;
use crate::settings::DispatcherSettings;
use crate::slots::Slots;
use crate::trying::Trying;

pub(crate) struct Intake {
    pub(crate) settings: DispatcherSettings,
    pub(crate) database: Database,
    pub(crate) slots: Rc<Slots>,
    pub(crate) trying: Rc<Trying>,
    pub(crate) report: mpsc::UnboundedSender<Recorded>,
    pub(crate) wake: Arc<Notify>,
    pub(crate) stop: Stop,
}

/// What to wait for before looking again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outlook {
    /// There is more to do now.
    More,
    /// Something is due, but not before a slot is free.
    HeldBack,
    /// Nothing is due before then.
    Until(Option<Timestamp>),
    /// The database failed.
    Trouble,
}

/// What is ours from now on.
struct Claim {
    at: Timestamp,
    claimed: Vec<Claimed>,
    /// Whether that takes the last of all slots.
    is_full: bool,
    /// When the next of what is left is due.
    next_due_at: Option<Timestamp>,
}

impl Intake {
    /// Ends when it was told to stop and everything that it started has ended.
    pub(crate) async fn run(self) {
        // Dropped with this future, and every try with it.
        let mut tries = JoinSet::new();
        while !self.stop.is_on() {
            let outlook = self.look(&mut tries).await;
            while tries.try_join_next().is_some() {}
            self.wait(outlook).await;
        }
        while tries.join_next().await.is_some() {}
    }

    /// One batch of each kind of work: a long outbox does not keep deliveries waiting.
    async fn look(&self, tries: &mut JoinSet<()>) -> Outlook {
        let routed = self.route().await.inspect_err(|error| tracing::warn!(%error, "events can't be routed"));
        let claim =
            self.claim().await.inspect_err(|error| tracing::warn!(%error, "deliveries can't be claimed"));
        // What was claimed is started also when nothing could be routed.
        let outlook = claim.map(|claim| {
            let found = !claim.claimed.is_empty();
            claim.claimed.into_iter().for_each(|claimed| self.start(claimed, tries));
            match claim.next_due_at {
                // One endpoint's backlog may have filled the view: now that it has enough, look past it.
                Some(due_at) if due_at <= claim.at && found && !claim.is_full => Outlook::More,
                Some(due_at) if due_at <= claim.at => Outlook::HeldBack,
                next_due_at => Outlook::Until(next_due_at),
            }
        });
        match (routed, outlook) {
            // A step may end before its batch is full: that nothing waits is known when it finds nothing.
            (Ok(events), Ok(_)) if events > 0 => Outlook::More,
            (Ok(_), Ok(outlook)) => outlook,
            _ => Outlook::Trouble,
        }
    }

    async fn route(&self) -> StoreResult<usize> {
        let (now, batch) = (self.trying.ctx().now(), self.settings.route_batch);
        let routed = self.database.write(move |uow| uow.deliveries().route(now, batch)).await?;
        if routed.events > 0 {
            tracing::debug!(routed.events, routed.deliveries, "events routed");
        }
        Ok(routed.events)
    }

    /// Claims what can start at once, and not one delivery more: what waits, waits in the database, so
    /// that a try sends what stands there when its turn comes, signed by the secrets of that moment.
    async fn claim(&self) -> StoreResult<Claim> {
        let mut taken = self.slots.taken();
        let per_endpoint = self.settings.per_endpoint;
        let at = self.trying.ctx().now();
        let leased_until = at + self.settings.lease;
        let work = self.database.write(move |uow| {
            let deliveries = uow.deliveries();
            let mut claimed = Vec::new();
            // One to each endpoint that has a slot free, then another: no endpoint is asked for more
            // than it has room for, however many of its slots are taken.
            for _ in 0..per_endpoint {
                let found = match taken.room() {
                    0 => break,
                    room => deliveries.claim(at, leased_until, room, 1, &taken.full())?,
                };
                if found.is_empty() {
                    break;
                }
                for claimed in &found {
                    taken.take(claimed.webhook_id);
                }
                claimed.extend(found);
            }
            let is_full = taken.room() == 0;
            Ok::<_, StoreError>(Claim { at, claimed, is_full, next_due_at: deliveries.next_due_at()? })
        });
        work.await
    }

    fn start(&self, claimed: Claimed, tries: &mut JoinSet<()>) {
        let endpoint = claimed.webhook_id;
        self.slots.take(endpoint);
        let (slots, trying) = (Rc::clone(&self.slots), Rc::clone(&self.trying));
        let (report, stop) = (self.report.clone(), self.stop.clone());
        tries.spawn_local(async move {
            let result = if stop.is_on() { trying.give_back(&claimed) } else { trying.settle(claimed).await };
            // The recorder outlives every sender; where it does not, all is being dropped, and leases
            // run out.
            let _ = report.send(result);
            slots.free(endpoint);
        });
    }

    async fn wait(&self, outlook: Outlook) {
        let Self { settings, slots, trying, wake, stop, .. } = self;
        let mut nap = settings.poll;
        let (listens, held_back) = match outlook {
            Outlook::More => return,
            Outlook::HeldBack => (true, true),
            Outlook::Until(due_at) => {
                let left = due_at.map(|due_at| (due_at - trying.ctx().now()).to_std());
                nap = nap.min(left.map_or(nap, |left| left.unwrap_or(Duration::ZERO)));
                (true, false)
            }
            Outlook::Trouble => {
                nap = settings.back_off;
                (false, false)
            }
        };
        tokio::select! {
            () = tokio::time::sleep(nap) => {}
            () = wake.notified(), if listens => {}
            () = slots.freed(), if held_back => {}
            () = stop.on() => {}
        }
    }
}
