//! Stands for the lead, and delivers while it has it.
//!
//! One dispatcher delivers at a time: what an endpoint and an address get at most is then counted in one place.
//! The others stand by. Owns who that is, and what is read when the lead is taken. Refuses to know what is done
//! with it.

use std::rc::Rc;
use std::sync::Arc;

use clankdin_domain::context::Ctx;
use clankdin_domain::id::DispatcherId;
use clankdin_domain::store::{Database, StoreError, StoreResult};
use clankdin_domain::webhook::Lead;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use crate::dispatcher::Stop;
use crate::leading::Leading;
use crate::machine::{AddressLimits, Limits, Machine};
use crate::metrics::Metrics;
use crate::settings::DispatcherSettings;
use crate::trying::Trying;

pub(crate) struct Standing {
    pub(crate) settings: DispatcherSettings,
    pub(crate) database: Database,
    pub(crate) ctx: Ctx,
    pub(crate) trying: Rc<Trying>,
    pub(crate) wake: Arc<Notify>,
    pub(crate) metrics: Metrics,
    pub(crate) stop: Stop,
}

impl Standing {
    /// Ends when it was told to stop and everything that was begun has ended.
    pub(crate) async fn run(self) {
        let me: DispatcherId = self.ctx.new_id();
        while !self.stop.is_on() {
            let asked = Instant::now();
            let nap = match self.take_lead(me).await {
                Ok(Some((lead, machine))) => {
                    tracing::info!(fence = lead.fence, "this dispatcher delivers");
                    self.leading(lead, machine, asked).run().await;
                    continue;
                }
                // Another has it, and is asked for it as often as it takes it anew.
                Ok(None) => self.settings.renew_every / 3,
                Err(error) => {
                    tracing::warn!(%error, "the lead can't be asked for");
                    self.settings.back_off
                }
            };
            tokio::select! {
                () = sleep(nap) => {}
                () = self.stop.on() => {}
            }
        }
    }

    async fn take_lead(&self, me: DispatcherId) -> StoreResult<Option<(Lead, Machine)>> {
        let (limits, length) = (self.limits(), self.settings.lead);
        let taken = self.database.write(move |uow| {
            let deliveries = uow.deliveries();
            let Some(lead) = deliveries.lead(me, length)? else { return Ok::<_, StoreError>(None) };
            // Also where the end moves by itself: versions before left it to whoever leads.
            deliveries.settle()?;
            Ok(Some((lead, deliveries.handled()?, deliveries.lines()?)))
        });
        let taken = taken.await?;
        Ok(taken.map(|(lead, handled, lines)| (lead, Machine::new(limits, handled, lines))))
    }

    fn limits(&self) -> Limits {
        let DispatcherSettings { per_endpoint, in_all, public_address, private_address, queued, .. } =
            self.settings;
        let addresses = AddressLimits { public: public_address, private: private_address };
        Limits { per_endpoint, in_all, addresses, queued, unrecorded: self.settings.flush_at * 4 }
    }

    fn leading(&self, lead: Lead, machine: Machine, asked: Instant) -> Leading {
        Leading::new(self, lead, machine, asked)
    }
}
