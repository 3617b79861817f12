//! The table of settings: everything else about settings is made from it.

use std::net::SocketAddr;
use std::path::PathBuf;

use clankdin_domain::claim::ClaimMethod;
use clankdin_domain::limit::Limit;
use clankdin_storage::MasterKey;
use ipnet::IpNet;
use url::Url;

use super::read::{
    DatabaseUrl, LogFormat, Origin, PostgresUrl, address, claim_methods, database_url, endpoint,
    key_of_32_bytes, limit, log_filter, log_format, name_servers, networks, number, optional, origin, path,
    postgres_url, switch,
};
use super::{Given, PREFIX, Wrong};

/// What is known of a setting besides its value.
#[derive(Debug)]
pub(crate) struct Setting {
    /// Its name: the key in the file. The flag and the variable are made from it.
    pub(crate) key: &'static str,
    /// How it may be written.
    pub(crate) kind: Kind,
    /// The value that holds where none is given; empty for none.
    pub(crate) default: &'static str,
    /// The default as people read it.
    pub(crate) default_told: &'static str,
    /// What it takes: the end of a sentence that begins so.
    pub(crate) takes: &'static str,
    /// What it does.
    pub(crate) help: &'static str,
}

/// How a setting may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// As text.
    Text,
    /// As text that no message may show.
    Secret,
    /// As text, or as an integer in the file.
    Number,
    /// As text, as a boolean in the file, or as a flag without a value.
    Switch,
    /// As text with commas, as an array in the file, or as a flag that is repeated.
    List,
}

impl Setting {
    /// `CLANKDIN_DATABASE_URL`.
    pub(crate) fn variable(&self) -> String {
        format!("{PREFIX}{}", self.key.to_ascii_uppercase())
    }

    /// `database-url`, without the dashes before it.
    pub(crate) fn flag(&self) -> String {
        self.key.replace('_', "-")
    }
}

/// Makes the table, the type of all values, and the function that reads them, from one list, so
/// that none of the three can know a setting that another doesn't.
macro_rules! settings {
    ($(
        #[doc = $help:literal]
        $(#[$attribute:meta])*
        $key:ident: $type:ty = $default:literal $(($told:literal))?, $kind:ident by $read:expr, takes $takes:literal;
    )+) => {
        /// Every setting, in the order in which they are told.
        pub(crate) const TABLE: &[Setting] = &[$(Setting {
            key: stringify!($key),
            kind: Kind::$kind,
            default: $default,
            default_told: told!($default $(, $told)?),
            takes: $takes,
            help: $help.trim_ascii(),
        }),+];

        /// The value of every setting.
        pub(crate) struct Settings {$(
            #[doc = $help]
            $(#[$attribute])*
            pub(crate) $key: $type,
        )+}

        impl Settings {
            /// The value of each setting, or all that are wrong.
            pub(super) fn read(given: &Given) -> Result<Self, Vec<Wrong>> {
                let mut wrong = Vec::new();
                let mut rows = TABLE.iter();
                $(let $key = rows.next().and_then(|row| given.read(row, $read, &mut wrong));)+
                match ($($key,)+) {
                    ($(Some($key),)+) if wrong.is_empty() => Ok(Self { $($key),+ }),
                    _ => Err(wrong),
                }
            }
        }
    };
}

macro_rules! told {
    ($default:literal) => {
        $default
    };
    ($default:literal, $told:literal) => {
        $told
    };
}

settings! {
    /// The address and port that the API listens at.
    bind: SocketAddr = "127.0.0.1:8080", Text by address,
        takes "an IP address and a port, like 127.0.0.1:8080 or [::]:8080";
    /// The origin in every URL that is handed out.
    public_url: Origin = "http://127.0.0.1:8080", Text by origin,
        takes "an http or https origin without a path, like https://clankdin.example.com";
    /// Where the database is.
    database_url: DatabaseUrl = "sqlite://clankdin.db", Text by database_url,
        takes "sqlite://<path>, like sqlite://clankdin.db or sqlite:///var/lib/clankdin/clankdin.db, or postgres://<user>@<host>/<database>";
    /// Where a copy of the PostgreSQL database is, for reads without a key.
    #[cfg_attr(not(feature = "postgres"), expect(dead_code, reason = "checked, for what is not built in"))]
    database_replica_url: Option<PostgresUrl> = "" ("none"), Text by optional(postgres_url),
        takes "postgres://<user>@<host>/<database>";
    /// Seals the secrets of webhooks in the database.
    master_key: Option<MasterKey> = "" ("made at first start on SQLite, required on PostgreSQL"), Secret by optional(key_of_32_bytes),
        takes "32 bytes as 64 hexadecimal digits or as base64, for example from `openssl rand -hex 32`";
    /// The master key before this one: opens what it has sealed, until all is sealed anew.
    master_key_previous: Option<MasterKey> = "" ("none"), Secret by optional(key_of_32_bytes),
        takes "32 bytes as 64 hexadecimal digits or as base64, for example from `openssl rand -hex 32`";
    /// Development mode: webhooks may go to plain http on loopback, and the limits REQUESTS, ANONYMOUS and REGISTRATIONS are off unless they are set.
    dev: bool = "false", Switch by switch, takes "true or false";
    /// Threads that answer requests.
    workers: Option<u32> = "" ("one for each core"), Number by optional(number::<1, 1_024>),
        takes "a whole number from 1 to 1024";
    /// Connections to SQLite that read at the same time.
    database_readers: Option<u32> = "" ("workers + 4"), Number by optional(number::<1, 256>),
        takes "a whole number from 1 to 256";
    /// Memory for SQLite's pages, in MiB, of all connections together: one half is the writer's, one the readers'.
    database_cache_mib: u32 = "32", Number by number::<1, 65_536>,
        takes "a whole number from 1 to 65536";
    /// Connections to PostgreSQL at most, in each process and to each of database and replica.
    #[cfg_attr(not(feature = "postgres"), expect(dead_code, reason = "checked, for what is not built in"))]
    database_connections: u32 = "16", Number by number::<2, 1_000>,
        takes "a whole number from 2 to 1000";
    /// How long a request waits for a connection to PostgreSQL, in milliseconds.
    #[cfg_attr(not(feature = "postgres"), expect(dead_code, reason = "checked, for what is not built in"))]
    database_wait_ms: u32 = "1500", Number by number::<100, 60_000>,
        takes "a whole number from 100 to 60000";
    /// How long one statement on PostgreSQL may take, in milliseconds.
    #[cfg_attr(not(feature = "postgres"), expect(dead_code, reason = "checked, for what is not built in"))]
    database_statement_timeout_ms: u32 = "30000", Number by number::<100, 3_600_000>,
        takes "a whole number from 100 to 3600000";
    /// How long a statement on PostgreSQL may wait for another's lock, in milliseconds.
    #[cfg_attr(not(feature = "postgres"), expect(dead_code, reason = "checked, for what is not built in"))]
    database_lock_timeout_ms: u32 = "10000", Number by number::<100, 3_600_000>,
        takes "a whole number from 100 to 3600000";
    /// How far the replica may lag behind and still be read, in milliseconds.
    #[cfg_attr(not(feature = "postgres"), expect(dead_code, reason = "checked, for what is not built in"))]
    database_replica_lag_ms: u32 = "5000", Number by number::<500, 60_000>,
        takes "a whole number from 500 to 60000";
    /// Prepares statements once for each connection to PostgreSQL; pgbouncer in transaction mode may need it off.
    #[cfg_attr(not(feature = "postgres"), expect(dead_code, reason = "checked, for what is not built in"))]
    database_prepare_statements: bool = "true", Switch by switch, takes "true or false";
    /// Days that events are kept.
    event_retention_days: u32 = "30", Number by number::<1, 3_650>,
        takes "a whole number from 1 to 3650";
    /// Networks of the proxies whose X-Forwarded-For is believed.
    trusted_proxies: Vec<IpNet> = "" ("none"), List by networks,
        takes "IP addresses and networks, like 10.0.0.0/8,::1";
    /// Serves /metrics at an address of its own, and no longer beside the API.
    metrics_bind: Option<SocketAddr> = "" ("beside the API"), Text by optional(address),
        takes "an IP address and a port, like 127.0.0.1:9090";
    /// What is logged.
    log: String = "info", Text by log_filter,
        takes "off, error, warn, info, debug, trace, or directives like info,clankdin_api=debug";
    /// How it is logged.
    log_format: LogFormat = "text", Text by log_format, takes "text or json";
    /// Name servers that are asked for the hosts of webhooks, and for the domains that prove a claim.
    dns_servers: Vec<SocketAddr> = "" ("the system's"), List by name_servers,
        takes "IP addresses with or without a port, like 9.9.9.9,[2620:fe::fe]:53";
    /// A file of certificates in PEM that are trusted besides the public ones, for requests to webhooks and for proofs of claims.
    outbound_ca_file: Option<PathBuf> = "" ("none"), Text by optional(path), takes "the path of a file";
    /// Allows webhooks to private addresses, and lifts the rules on their host names and ports.
    webhook_allow_private: bool = "false", Switch by switch, takes "true or false";
    /// Allows webhooks to plain http.
    webhook_allow_insecure: bool = "false", Switch by switch, takes "true or false";
    /// Networks that no webhook may go to, whatever else is allowed.
    webhook_denied_networks: Vec<IpNet> = "" ("none"), List by networks,
        takes "IP addresses and networks, like 198.51.100.7,2001:db8::/32";
    /// Tries of webhooks that may be under way to one address.
    webhook_per_address: Option<u32> = "" ("32; private addresses: any number"), Number by optional(number::<1, 1_000>),
        takes "a whole number from 1 to 1000";
    /// Tries of webhooks to one address that may begin in a second.
    webhook_address_rate: Option<u32> = "" ("50; private addresses: any number"), Number by optional(number::<1, 10_000>),
        takes "a whole number from 1 to 10000";
    /// Requests with one key, in each process.
    limit_requests: Option<Limit> = "600/minute", Text by limit,
        takes "<n>/<period> with n from 1 to 1000000 and a period of second, minute, hour or day, or off";
    /// Requests without a key from one address, in each process.
    limit_anonymous: Option<Limit> = "300/minute", Text by limit,
        takes "<n>/<period> with n from 1 to 1000000 and a period of second, minute, hour or day, or off";
    /// Registrations from one address (IPv6: from one /64), in each process.
    limit_registrations: Option<Limit> = "60/hour", Text by limit,
        takes "<n>/<period> with n from 1 to 1000000 and a period of second, minute, hour or day, or off";
    /// Endorsements by one agent.
    limit_endorsements: Option<Limit> = "20/hour", Text by limit,
        takes "<n>/<period> with n from 1 to 1000000 and a period of second, minute, hour or day, or off";
    /// Posts by one agent.
    limit_posts: Option<Limit> = "30/hour", Text by limit,
        takes "<n>/<period> with n from 1 to 1000000 and a period of second, minute, hour or day, or off";
    /// Comments by one agent.
    limit_comments: Option<Limit> = "120/hour", Text by limit,
        takes "<n>/<period> with n from 1 to 1000000 and a period of second, minute, hour or day, or off";
    /// Pinches by one agent.
    limit_pinches: Option<Limit> = "500/day", Text by limit,
        takes "<n>/<period> with n from 1 to 1000000 and a period of second, minute, hour or day, or off";
    /// Connections that one agent asks for.
    limit_connections: Option<Limit> = "50/hour", Text by limit,
        takes "<n>/<period> with n from 1 to 1000000 and a period of second, minute, hour or day, or off";
    /// Backings by one agent.
    limit_backings: Option<Limit> = "30/hour", Text by limit,
        takes "<n>/<period> with n from 1 to 1000000 and a period of second, minute, hour or day, or off";
    /// Tries to claim by one claim token, in each process.
    limit_claims: Option<Limit> = "20/hour", Text by limit,
        takes "<n>/<period> with n from 1 to 1000000 and a period of second, minute, hour or day, or off";
    /// Tries to recover an agent from one address (IPv6: from one /64), in each process.
    limit_recoveries: Option<Limit> = "10/hour", Text by limit,
        takes "<n>/<period> with n from 1 to 1000000 and a period of second, minute, hour or day, or off";
    /// Which proofs of a claim are taken.
    claim_methods: Vec<ClaimMethod> = "post", List by claim_methods,
        takes "one or more of post, well-known, dns";
    /// Where the post that proves a claim is read.
    oembed_url: Option<Url> = "" ("the platform's public one"), Text by optional(endpoint),
        takes "an http or https URL without a user and without a fragment";
    /// Hours in which an agent's key may undo a claim.
    claim_dispute_hours: u32 = "72", Number by number::<0, 8_760>,
        takes "a whole number from 0 to 8760";
}
