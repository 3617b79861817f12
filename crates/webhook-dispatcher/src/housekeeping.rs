//! Looks after the outbox and the log of deliveries: how much waits, and what is forgotten.

use std::time::Duration;

use clankdin_domain::context::Ctx;
use clankdin_domain::id::WebhookId;
use clankdin_domain::store::{Database, StoreResult, UnitOfWork};
use clankdin_domain::webhook::Swept;
use tokio::time::{Instant, sleep};

use crate::dispatcher::Stop;
use crate::metrics::Metrics;
use crate::settings::DispatcherSettings;

/// How many events, or deliveries, are forgotten or given up in one transaction: others want to write as well.
const CHUNK: usize = 500;

const DAY: Duration = Duration::from_hours(24);

pub(crate) struct Housekeeping {
    pub(crate) settings: DispatcherSettings,
    pub(crate) database: Database,
    pub(crate) ctx: Ctx,
    pub(crate) metrics: Metrics,
    pub(crate) stop: Stop,
}

impl Housekeeping {
    /// Ends when it is time to stop.
    pub(crate) async fn run(self) {
        tokio::select! {
            () = self.keep_house() => {}
            () = self.stop.on() => {}
        }
    }

    async fn keep_house(&self) {
        // Whoever has just started has more urgent things to do.
        let mut sweep_at = Instant::now() + self.settings.sweep_every / 60;
        loop {
            if Instant::now() >= sweep_at {
                if let Err(error) = self.expire().await {
                    tracing::warn!(%error, "what has waited for too long can't be given up");
                }
                if let Err(error) = self.sweep().await {
                    tracing::warn!(%error, "old events can't be forgotten");
                }
                if let Err(error) = self.trim().await {
                    tracing::warn!(%error, "the log of deliveries can't be trimmed");
                }
                if let Err(error) = self.reseal().await {
                    tracing::warn!(%error, "secrets can't be sealed anew");
                }
                sweep_at = Instant::now() + self.settings.sweep_every;
            }
            if let Err(error) = self.count().await {
                tracing::debug!(%error, "the outbox can't be counted");
            }
            sleep(self.settings.poll).await;
        }
    }

    async fn count(&self) -> StoreResult<()> {
        let (events, oldest) = self.database.read(|uow| uow.deliveries().backlog()).await?;
        self.metrics.waiting(events, oldest, self.ctx.now());
        Ok(())
    }

    /// Gives up what waits for endpoints that stay switched off, a day before it is forgotten (half of the time that it
    /// is kept, where that is less), so that the log of deliveries tells what became of it.
    async fn expire(&self) -> StoreResult<()> {
        let kept = self.retention();
        let before = self.ctx.now() - kept.saturating_sub(DAY.min(kept / 2));
        let step = move |uow: &mut dyn UnitOfWork, from| uow.delivery_log().expire(from, before, CHUNK);
        let deliveries = self.through_endpoints(step).await?;
        if deliveries > 0 {
            tracing::warn!(deliveries, "given up, having waited for webhooks that are switched off");
        }
        Ok(())
    }

    fn retention(&self) -> Duration {
        DAY * u32::from(self.settings.retention_days)
    }

    async fn sweep(&self) -> StoreResult<()> {
        let before = self.ctx.now() - self.retention();
        loop {
            let forgotten =
                self.database.write(move |uow| uow.deliveries().forget_before(before, CHUNK)).await?;
            if forgotten > 0 {
                tracing::info!(events = forgotten, "old events forgotten");
            }
            if forgotten < CHUNK {
                return Ok(());
            }
        }
    }

    /// Seals anew what the master key before this one has sealed, so that that one is needed no more.
    async fn reseal(&self) -> StoreResult<()> {
        loop {
            let resealed = self.database.write(|uow| uow.webhooks().reseal(CHUNK)).await?;
            if resealed == 0 {
                return Ok(());
            }
            tracing::info!(webhooks = resealed, "secrets sealed anew, by the present master key");
        }
    }

    /// Forgets what endpoints took, but the last of it.
    async fn trim(&self) -> StoreResult<()> {
        // Above that, whoever walks the log once more takes what has no row for untold.
        let handled = self.database.read(|uow| uow.deliveries().handled()).await?;
        let step = move |uow: &mut dyn UnitOfWork, from| uow.delivery_log().trim(from, handled, CHUNK);
        let deliveries = self.through_endpoints(step).await?;
        tracing::debug!(deliveries, "the log of deliveries is trimmed");
        Ok(())
    }

    /// Goes from endpoint to endpoint, a transaction for each step. Answers of how many deliveries it was.
    async fn through_endpoints(
        &self,
        step: impl Fn(&mut dyn UnitOfWork, Option<WebhookId>) -> StoreResult<Swept> + Copy + Send + 'static,
    ) -> StoreResult<usize> {
        let (mut from, mut deliveries) = (None, 0);
        loop {
            let swept = self.database.write(move |uow| step(uow, from)).await?;
            deliveries += swept.deliveries;
            from = swept.next;
            if from.is_none() {
                return Ok(deliveries);
            }
        }
    }
}
