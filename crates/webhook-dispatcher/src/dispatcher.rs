//! Puts the parts together and runs them on one thread.
//!
//! Owns which parts there are and when they begin and end. Refuses to know what any of them does; how
//! an event travels through them is told on the crate's front page.

use std::rc::Rc;
use std::sync::Arc;

use clankdin_domain::context::Ctx;
use clankdin_domain::store::Database;
use clankdin_outbound::Outbound;
use prometheus::Registry;
use tokio::sync::{Notify, watch};

use crate::housekeeping::Housekeeping;
use crate::metrics::Metrics;
use crate::settings::{DispatcherError, DispatcherSettings};
use crate::standing::Standing;
use crate::trying::Trying;

/// Delivers events; the [crate's front page](crate) tells how.
pub struct Dispatcher {
    settings: DispatcherSettings,
    database: Database,
    ctx: Ctx,
    outbound: Outbound,
    metrics: Metrics,
}

impl Dispatcher {
    /// A dispatcher that has yet to [run](Self::run).
    ///
    /// # Errors
    ///
    /// [`DispatcherError`], when the settings can't hold together or the registry knows the metrics.
    pub fn new(
        settings: DispatcherSettings,
        database: Database,
        ctx: Ctx,
        outbound: Outbound,
        registry: &Registry,
    ) -> Result<Self, DispatcherError> {
        settings.check()?;
        Ok(Self { settings, database, ctx, outbound, metrics: Metrics::register(registry)? })
    }

    /// Delivers until `stop` is true or its sender is gone, and then until what is under way has ended.
    ///
    /// Ring `wake` after a commit that may have appended an event; without it, events are found by
    /// polling. The dispatcher can be sent to the thread that runs it; the future can't, and needs an
    /// actix runtime there (or tokio's `LocalSet`), because the client that sends belongs to one
    /// thread. To drop the future is to be killed: nothing is lost, and what was under way is tried
    /// again by whoever leads next.
    pub async fn run(self, wake: Arc<Notify>, stop: watch::Receiver<bool>) {
        let Self { settings, database, ctx, outbound, metrics } = self;
        let stop = Stop(stop);
        let trying = Rc::new(Trying::new(&settings, outbound, ctx.clone(), metrics.clone()));
        let standing = Standing {
            settings,
            database: database.clone(),
            ctx: ctx.clone(),
            trying,
            wake,
            metrics: metrics.clone(),
            stop: stop.clone(),
        };
        let housekeeping = Housekeeping { settings, database, ctx, metrics, stop };
        tokio::join!(standing.run(), housekeeping.run());
        tracing::info!("the dispatcher has stopped");
    }
}

/// Tells the parts when to stop. A sender that is gone can't say so any more, and means it.
#[derive(Clone)]
pub(crate) struct Stop(watch::Receiver<bool>);

impl Stop {
    /// Whether it is time to stop.
    pub(crate) fn is_on(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }

    /// Ready when it is time to stop.
    pub(crate) async fn on(&self) {
        let _ = self.0.clone().wait_for(|stop| *stop).await;
    }
}
