//! The dispatcher, on a thread of its own: what it sends with belongs to one thread, and a slow
//! receiver must not cost a worker its time.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use actix_rt::System;
use clankdin_webhook_dispatcher::{Dispatcher, DispatcherSettings};
use tokio::sync::{oneshot, watch};

use super::open_files;
use super::parts::Parts;
use crate::failure::Failure;
use crate::settings::{DatabaseUrl, Settings};

/// How often a dispatcher looks whose database others write to as well: they can't ring its bell.
const POLL_SHARED: Duration = Duration::from_millis(100);

/// A dispatcher that runs.
pub(super) struct Dispatching {
    stop: watch::Sender<bool>,
    ended: oneshot::Receiver<()>,
}

impl Dispatching {
    /// Starts its thread.
    pub(super) fn start(settings: &Settings, parts: &Parts) -> Result<Self, Failure> {
        let dispatcher = Dispatcher::new(
            dispatcher_settings(settings),
            parts.database.clone(),
            parts.ctx.clone(),
            parts.outbound.clone(),
            &parts.registry,
        );
        let dispatcher = dispatcher.map_err(|error| Failure::start(&error))?;
        let (stop, stopped) = watch::channel(false);
        let (has_ended, ended) = oneshot::channel();
        let wake = Arc::clone(&parts.wake);
        let spawned = thread::Builder::new().name("dispatcher".to_owned()).spawn(move || {
            System::new().block_on(dispatcher.run(wake, stopped));
            // Dropped by a panic as well, which tells the same.
            drop(has_ended);
        });
        spawned
            .map_err(|error| Failure::Start(format!("the dispatcher's thread can't be started: {error}")))?;
        Ok(Self { stop, ended })
    }
}

/// Ready when it has ended; never, where there is none.
pub(super) async fn ended(dispatching: Option<&mut Dispatching>) {
    match dispatching {
        Some(Dispatching { ended, .. }) => {
            let _ = ended.await;
        }
        None => std::future::pending().await,
    }
}

/// Lets it finish what is under way, and waits for that.
pub(super) async fn stop(dispatching: Option<&mut Dispatching>) {
    if let Some(Dispatching { stop, ended }) = dispatching {
        stop.send_replace(true);
        if !ended.is_terminated() {
            let _ = ended.await;
        }
    }
}

fn dispatcher_settings(settings: &Settings) -> DispatcherSettings {
    let defaults = DispatcherSettings::default();
    let (public_address, private_address) = settings.address_limits();
    DispatcherSettings {
        retention_days: u16::try_from(settings.event_retention_days).unwrap_or(u16::MAX),
        public_address,
        private_address,
        in_all: open_files::at_most(defaults.in_all),
        poll: match settings.database_url {
            DatabaseUrl::Sqlite(_) => defaults.poll,
            DatabaseUrl::Postgres(_) => POLL_SHARED,
        },
        ..defaults
    }
}
