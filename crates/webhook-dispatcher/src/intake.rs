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
        for claimed in self.slots.give_up_waiting() {
            self.hand_on(self.trying.give_back(&claimed));
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
            let found = claim.claimed.len();
            claim.claimed.into_iter().for_each(|claimed| self.start(claimed, tries));
            match claim.next_due_at {
                // One endpoint's backlog may have filled the view: now that it has enough, look past it.
                Some(due_at) if due_at <= claim.at && found > 0 && self.slots.room() > 0 => Outlook::More,
                Some(due_at) if due_at <= claim.at => Outlook::HeldBack,
                next_due_at => Outlook::Until(next_due_at),
            }
        });
        match (routed, outlook) {
            (Ok(events), Ok(_)) if events == self.settings.route_batch => Outlook::More,
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

    async fn claim(&self) -> StoreResult<Claim> {
        let (room, per_endpoint, saturated) =
            (self.slots.room(), self.settings.per_endpoint, self.slots.saturated());
        let at = self.trying.ctx().now();
        let leased_until = at + self.settings.lease;
        let work = self.database.write(move |uow| {
            let deliveries = uow.deliveries();
            let claimed = match room {
                0 => Vec::new(),
                room => deliveries.claim(at, leased_until, room, per_endpoint, &saturated)?,
            };
            Ok::<_, StoreError>(Claim { at, claimed, next_due_at: deliveries.next_due_at()? })
        });
        work.await
    }

    fn start(&self, claimed: Claimed, tries: &mut JoinSet<()>) {
        let Some(claimed) = self.slots.admit(claimed) else { return };
        let (slots, trying) = (Rc::clone(&self.slots), Rc::clone(&self.trying));
        let (report, stop) = (self.report.clone(), self.stop.clone());
        tries.spawn_local(async move {
            let endpoint = claimed.webhook_id;
            let mut turn = Some(claimed);
            // A slot that is free goes to what waits for it, without a detour through the database.
            while let Some(claimed) = turn {
                let result =
                    if stop.is_on() { trying.give_back(&claimed) } else { trying.settle(claimed).await };
                hand_on(&report, result);
                turn = slots.next(endpoint);
            }
        });
    }

    fn hand_on(&self, result: Recorded) {
        hand_on(&self.report, result);
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

fn hand_on(report: &mpsc::UnboundedSender<Recorded>, result: Recorded) {
    // The recorder outlives every sender; where it does not, all is being dropped, and leases run out.
    let _ = report.send(result);
}
