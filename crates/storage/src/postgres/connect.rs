//! How connections are made.

use std::time::Duration;

use diesel::connection::CacheSize;
use diesel::prelude::*;
use diesel::r2d2::{ConnectionManager, CustomizeConnection, Pool};

use super::options::PostgresOptions;

/// The connections to one database.
pub(super) type Connections = Pool<ConnectionManager<PgConnection>>;

/// Whether a connection may be one that only reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// The database that takes writes.
    Primary,
    /// A copy of it.
    Replica,
}

/// A connection outside the pools. It prepares nothing: a pooler may hand each transaction another
/// connection, on which a statement of that name stands already.
pub(super) fn establish(url: &str) -> ConnectionResult<PgConnection> {
    let mut connection = PgConnection::establish(url)?;
    connection.set_prepared_statement_cache_size(CacheSize::Disabled);
    Ok(connection)
}

/// A pool of that many connections to one side. None is open yet.
pub(super) fn connections(url: &str, side: Side, count: u32, options: &PostgresOptions) -> Connections {
    Pool::builder()
        .max_size(count.max(1))
        .min_idle(Some(0))
        .connection_timeout(options.wait)
        .idle_timeout(Some(Duration::from_mins(5)))
        .max_lifetime(Some(Duration::from_mins(30)))
        // A broken one is found by its first statement, which begins the transaction: see `transaction`.
        .test_on_check_out(false)
        .error_handler(Box::new(TellErrors))
        .connection_customizer(Box::new(Prepare(options.prepare_statements)))
        .build_unchecked(ConnectionManager::new(complete(url, side, options.wait)))
}

/// The URL with what it leaves open: who connects, how long to wait for each host, and that of several
/// hosts the one is meant that takes writes.
pub(super) fn complete(url: &str, side: Side, wait: Duration) -> String {
    let wait_seconds = wait.as_secs().max(2).to_string();
    let mut complete = url.to_owned();
    let mut add = |name: &str, value: &str| {
        if !has_parameter(&complete, name) {
            let sign = if complete.contains('?') { '&' } else { '?' };
            complete = format!("{complete}{sign}{name}={value}");
        }
    };
    add("fallback_application_name", "clankdin");
    add("connect_timeout", &wait_seconds);
    // A machine that is gone says nothing, whether something was sent to it or is waited for.
    add("tcp_user_timeout", "10000");
    add("keepalives_idle", "5");
    add("keepalives_interval", "2");
    add("keepalives_count", "3");
    if side == Side::Primary {
        add("target_session_attrs", "read-write");
    }
    complete
}

fn has_parameter(url: &str, name: &str) -> bool {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    query.split('&').any(|parameter| parameter.split('=').next() == Some(name))
}

/// The URL as it may be told: neither password nor parameters, which may hold one.
pub(super) fn without_password(url: &str) -> String {
    let address = url.split('?').next().unwrap_or_default();
    let told = address.split_once("://").and_then(|(scheme, rest)| {
        let (user, host) = rest.rsplit_once('@')?;
        let (name, _) = user.split_once(':')?;
        Some(format!("{scheme}://{name}:***@{host}"))
    });
    told.unwrap_or_else(|| address.to_owned())
}

/// Sets a connection up.
#[derive(Debug)]
struct Prepare(bool);

impl CustomizeConnection<PgConnection, diesel::r2d2::Error> for Prepare {
    fn on_acquire(&self, connection: &mut PgConnection) -> Result<(), diesel::r2d2::Error> {
        if !self.0 {
            connection.set_prepared_statement_cache_size(CacheSize::Disabled);
        }
        Ok(())
    }
}

/// Whoever waits is told of a time-out alone; the cause goes to the log.
#[derive(Debug)]
struct TellErrors;

impl r2d2::HandleError<diesel::r2d2::Error> for TellErrors {
    fn handle_error(&self, error: diesel::r2d2::Error) {
        tracing::warn!(%error, "a connection to the database can't be made");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAIT: Duration = Duration::from_secs(2);

    #[test]
    fn a_url_is_completed_and_what_it_says_itself_stands() {
        assert_eq!(
            complete("postgres://u@h/d", Side::Primary, WAIT),
            "postgres://u@h/d?fallback_application_name=clankdin&connect_timeout=2&tcp_user_timeout=10000\
             &keepalives_idle=5&keepalives_interval=2&keepalives_count=3&target_session_attrs=read-write"
        );
        let own = "postgres://u@a:1,b:2/d?connect_timeout=9&target_session_attrs=any&tcp_user_timeout=1\
                   &keepalives_idle=1&keepalives_interval=1&keepalives_count=1";
        assert_eq!(complete(own, Side::Primary, WAIT), format!("{own}&fallback_application_name=clankdin"));
        assert!(!complete("postgres://h/d", Side::Replica, WAIT).contains("target_session_attrs"));
    }

    #[test]
    fn a_password_is_not_told() {
        for (url, told) in [
            ("postgres://u:p%40ss@h:1,i:2/d", "postgres://u:***@h:1,i:2/d"),
            ("postgres://u@h/d?password=x&sslmode=require", "postgres://u@h/d"),
        ] {
            assert_eq!(without_password(url), told);
        }
    }
}
