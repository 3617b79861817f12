//! What the operator has decided, read from flags, the environment and a file.
//!
//! Owns the one table of settings, the order of strength among their sources, and what is said of
//! a wrong value. Refuses to know what a setting does: that is told where its value is used.
//!
//! A setting is added in one place, [`table`]; flags, variables, keys of the file and the help
//! follow from it, and a test holds `docs/configuration.md` to it.

mod file;
mod given;
mod read;
mod table;
mod wrong;

#[cfg(test)]
mod documented;
#[cfg(test)]
mod tests;

use chrono::TimeDelta;
use clankdin_api::{ClaimSettings, RequestLimits};
use clankdin_domain::limit::ActionLimits;
use clankdin_outbound::AddressPolicy;
use clankdin_webhook_dispatcher::{AddressLimit, DispatcherSettings};
use url::Url;

pub(crate) use given::{Given, Sources};
#[cfg(feature = "postgres")]
pub(crate) use read::database_url as read_database_url;
pub(crate) use read::{DatabaseUrl, LogFormat, PostgresUrl};
pub(crate) use table::{Kind, Setting, Settings, TABLE};
pub(crate) use wrong::Wrong;

/// What begins the name of every environment variable of ours.
pub(crate) const PREFIX: &str = "CLANKDIN_";

/// The file that is read when no other is named and it is there.
pub(crate) const DEFAULT_FILE: &str = "clankdin.toml";

impl Settings {
    /// Reads every setting, and tells everything that is wrong at once.
    pub(crate) fn load(sources: Sources) -> Result<(Self, Given), Vec<Wrong>> {
        let (given, mut wrong) = Given::collect(sources);
        match Self::read(&given) {
            Ok(mut settings) if wrong.is_empty() => {
                settings.develop(&given);
                Ok((settings, given))
            }
            Ok(_) => Err(wrong),
            Err(more) => {
                wrong.extend(more);
                Err(wrong)
            }
        }
    }

    /// Development mode lifts the limits that stand in the way of a test, but for those that were
    /// asked for: who sets one wants to see it at work.
    fn develop(&mut self, given: &Given) {
        if !self.dev {
            return;
        }
        for (key, limit) in [
            ("limit_requests", &mut self.limit_requests),
            ("limit_anonymous", &mut self.limit_anonymous),
            ("limit_registrations", &mut self.limit_registrations),
        ] {
            if !given.has(key) {
                *limit = None;
            }
        }
    }

    /// The limits on requests, counted in this process.
    pub(crate) fn request_limits(&self) -> RequestLimits {
        RequestLimits {
            requests: self.limit_requests,
            anonymous: self.limit_anonymous,
            registrations: self.limit_registrations,
            claims: self.limit_claims,
            recoveries: self.limit_recoveries,
        }
    }

    /// How agents are claimed.
    pub(crate) fn claim_settings(&self) -> ClaimSettings {
        ClaimSettings {
            methods: self.claim_methods.clone(),
            dispute_time: TimeDelta::hours(self.claim_dispute_hours.into()),
        }
    }

    /// The quotas of actions, counted in the database.
    pub(crate) fn action_limits(&self) -> ActionLimits {
        ActionLimits {
            endorsements: self.limit_endorsements,
            posts: self.limit_posts,
            comments: self.limit_comments,
            pinches: self.limit_pinches,
            connections: self.limit_connections,
            backings: self.limit_backings,
        }
    }

    /// Where webhooks may go.
    pub(crate) fn address_policy(&self) -> AddressPolicy {
        AddressPolicy {
            allow_insecure: self.webhook_allow_insecure,
            allow_private: self.webhook_allow_private,
            allow_loopback: self.dev,
            denied: self.webhook_denied_networks.clone(),
            own_hosts: self.own_host().into_iter().collect(),
        }
    }

    /// What a public and a private address may get of webhooks.
    pub(crate) fn address_limits(&self) -> (AddressLimit, AddressLimit) {
        let count = |set: Option<u32>| set.map(|count| usize::try_from(count).unwrap_or(usize::MAX));
        let set = AddressLimit {
            at_once: count(self.webhook_per_address),
            per_second: count(self.webhook_address_rate),
        };
        let usual = DispatcherSettings::default().public_address;
        let public = AddressLimit {
            at_once: set.at_once.or(usual.at_once),
            per_second: set.per_second.or(usual.per_second),
        };
        (public, set)
    }

    /// The name that this server is reached by. An address is none: the ranges judge it already,
    /// and in development a receiver shares it with the server.
    fn own_host(&self) -> Option<String> {
        let url = Url::parse(self.public_url.as_str()).ok()?;
        let name = url.domain()?;
        (name != "localhost").then(|| name.to_owned())
    }

    /// How many threads answer requests.
    pub(crate) fn worker_count(&self) -> u32 {
        let cores =
            || std::thread::available_parallelism().ok().and_then(|cores| u32::try_from(cores.get()).ok());
        self.workers.or_else(cores).unwrap_or(2)
    }

    /// How many connections read. A worker reads on its own thread, and so do the dispatcher, the two who read for it
    /// aside, and whoever asks whether the database is there: with one for each, nobody waits.
    pub(crate) fn reader_count(&self) -> u32 {
        self.database_readers.unwrap_or_else(|| self.worker_count().saturating_add(4))
    }
}
