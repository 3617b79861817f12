//! What every command is made of: the database, the context of use cases, the door to the outside.

use std::sync::Arc;
use std::time::{Duration, Instant};

use clankdin_claim_proofs::Proofs;
use clankdin_domain::context::Ctx;
use clankdin_domain::store::{Database, Store};
use clankdin_outbound::{Outbound, OutboundSettings};
use prometheus::Registry;
use tokio::sync::Notify;
use url::Url;

use super::stores::{self, Opened};
use crate::failure::Failure;
use crate::settings::Settings;
use crate::system::SystemRandom;

/// What every command is made of.
pub(super) struct Parts {
    store: Arc<dyn Store>,
    pub(super) database: Database,
    pub(super) ctx: Ctx,
    pub(super) outbound: Outbound,
    pub(super) proofs: Proofs,
    pub(super) registry: Registry,
    /// Rung after each commit of this process that holds a new event.
    pub(super) wake: Arc<Notify>,
}

impl Parts {
    /// Opens the database and brings it up to date.
    pub(super) fn open(settings: &Settings) -> Result<Self, Failure> {
        // Before the database: a wrong file of certificates should not leave a new database behind.
        let outbound = Outbound::new(OutboundSettings {
            policy: settings.address_policy(),
            dns_servers: settings.dns_servers.clone(),
            ca_file: settings.outbound_ca_file.clone(),
            ..OutboundSettings::default()
        });
        let outbound = outbound.map_err(|error| Failure::start(&error))?;
        let oembed_url = settings.oembed_url.as_ref().map_or(Proofs::OEMBED_URL, Url::as_str);
        let proofs = Proofs::new(outbound.clone(), oembed_url)
            .map_err(|error| Failure::Start(format!("the setting oembed_url can't be used: {error}")))?;

        let wake = Arc::new(Notify::new());
        let rung = Arc::clone(&wake);
        let Opened { store, clock } = stores::open(settings, Arc::new(move || rung.notify_one()))?;
        Ok(Self {
            database: Database::new(Arc::clone(&store)),
            ctx: Ctx::new(clock, Arc::new(SystemRandom::new()), settings.action_limits()),
            outbound,
            proofs,
            registry: Registry::new(),
            wake,
            store,
        })
    }

    /// Closes the database, once the threads that have ended have let go of it.
    pub(super) fn close(self) {
        const PATIENCE: Duration = Duration::from_secs(2);
        let Self { store, database, .. } = self;
        drop(database);
        let began = Instant::now();
        while Arc::strong_count(&store) > 1 {
            if began.elapsed() > PATIENCE {
                // What was acknowledged is on the disk; the next start tidies up the rest.
                return tracing::warn!("the database is still in use; leaving it as it is");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}
