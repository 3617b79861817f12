//! How the value of a setting is read from its text.
//!
//! Owns the shapes of values. Refuses to know which setting has which, and where a text came from.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use clankdin_domain::claim::ClaimMethod;
use clankdin_domain::limit::Limit;
use clankdin_storage::MasterKey;
use ipnet::IpNet;
use tracing_subscriber::EnvFilter;
use url::Url;

/// A value, or why it is none where that is more than what the setting takes anyway.
pub(crate) type Reading<T> = Result<T, Option<&'static str>>;

/// Where the data is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DatabaseUrl {
    /// In this file.
    Sqlite(PathBuf),
    /// On a server.
    Postgres(PostgresUrl),
}

/// Where a `PostgreSQL` server is, and how to get in: it may hold a password.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct PostgresUrl(String);

impl PostgresUrl {
    /// The whole URL, for the connection alone.
    #[cfg(feature = "postgres")]
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PostgresUrl(…redacted)")
    }
}

/// Scheme, host and port, written as a browser would: without a slash at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin(String);

impl Origin {
    /// `https://clankdin.example.com`.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One object a line.
    Json,
}

/// Reads a setting that may have no value.
pub(super) fn optional<T>(read: impl Fn(&str) -> Reading<T>) -> impl Fn(&str) -> Reading<Option<T>> {
    move |text| if text.is_empty() { Ok(None) } else { read(text).map(Some) }
}

pub(super) fn switch(text: &str) -> Reading<bool> {
    text.parse().map_err(|_| None)
}

pub(super) fn number<const LEAST: u32, const MOST: u32>(text: &str) -> Reading<u32> {
    let number = text.parse().map_err(|_| None)?;
    if (LEAST..=MOST).contains(&number) { Ok(number) } else { Err(None) }
}

pub(super) fn limit(text: &str) -> Reading<Option<Limit>> {
    if text == "off" { Ok(None) } else { text.parse().map(Some).map_err(|_| None) }
}

pub(super) fn address(text: &str) -> Reading<SocketAddr> {
    text.parse().map_err(|_| None)
}

pub(super) fn networks(text: &str) -> Reading<Vec<IpNet>> {
    list(text, |item| match item.parse::<IpNet>() {
        Ok(net) => Ok(net.trunc()),
        Err(_) => item.parse::<IpAddr>().map(IpNet::from).map_err(|_| None),
    })
}

pub(super) fn name_servers(text: &str) -> Reading<Vec<SocketAddr>> {
    const DNS: u16 = 53;
    list(text, |item| match item.parse::<IpAddr>() {
        Ok(address) => Ok(SocketAddr::new(address, DNS)),
        Err(_) => address(item),
    })
}

pub(crate) fn database_url(text: &str) -> Reading<DatabaseUrl> {
    if text.starts_with("postgres://") || text.starts_with("postgresql://") {
        return postgres_url(text).map(DatabaseUrl::Postgres);
    }
    let path = text.strip_prefix("sqlite://").ok_or(None)?;
    match path {
        "" => Err(Some("the path is missing")),
        ":memory:" => Err(Some("the database needs a file")),
        _ if path.ends_with('/') => Err(Some("the path is a directory's")),
        _ if path.contains(['?', '#', '\0']) => Err(Some("no options are taken after the path")),
        _ => Ok(DatabaseUrl::Sqlite(path.into())),
    }
}

/// What stands behind the scheme is libpq's to judge.
pub(super) fn postgres_url(text: &str) -> Reading<PostgresUrl> {
    let rest = text.strip_prefix("postgres://").or_else(|| text.strip_prefix("postgresql://"));
    if rest.is_none_or(str::is_empty) || text.contains(['\0', '\n', ' ']) {
        return Err(None);
    }
    let rest = rest.unwrap_or_default();
    let beyond = rest.find(['/', '?']).and_then(|end| rest.get(end..)).unwrap_or_default();
    let is_escape = |after: &str| after.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
    if beyond.contains('@') || !rest.split('%').skip(1).all(is_escape) {
        // Or pieces of a password would be taken for a host, and told in an error.
        return Err(Some("what is /, ?, @ or % in a user or a password has to be percent-encoded"));
    }
    if !cfg!(feature = "postgres") {
        return Err(Some("this program was built without PostgreSQL"));
    }
    let wants_tls = ["sslmode=require", "sslmode=verify-ca", "sslmode=verify-full"];
    if !cfg!(feature = "postgres-tls") && wants_tls.iter().any(|wanted| text.contains(wanted)) {
        return Err(Some(
            "this program was built without TLS to PostgreSQL; build it with the feature postgres-tls",
        ));
    }
    Ok(PostgresUrl(text.to_owned()))
}

pub(super) fn origin(text: &str) -> Reading<Origin> {
    let url = web_address(text)?;
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    let anonymous = url.username().is_empty() && url.password().is_none();
    if bare && anonymous { Ok(Origin(url.origin().ascii_serialization())) } else { Err(None) }
}

pub(super) fn web_address(text: &str) -> Reading<Url> {
    let url = Url::parse(text).map_err(|_| None)?;
    if matches!(url.scheme(), "http" | "https") { Ok(url) } else { Err(None) }
}

/// Where requests of the operator's own go.
pub(super) fn endpoint(text: &str) -> Reading<Url> {
    let url = web_address(text)?;
    let anonymous = url.username().is_empty() && url.password().is_none();
    if anonymous && url.fragment().is_none() { Ok(url) } else { Err(None) }
}

pub(super) fn key_of_32_bytes(text: &str) -> Reading<MasterKey> {
    MasterKey::parse(text).map_err(|_| None)
}

/// Whether there is such a file is found out by who reads it.
pub(super) fn path(text: &str) -> Reading<PathBuf> {
    if text.contains('\0') { Err(None) } else { Ok(text.into()) }
}

pub(super) fn log_filter(text: &str) -> Reading<String> {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    // A lone word that is no level would be taken for the name of a module, and silence all others.
    let lone_word = !text.contains('=');
    if lone_word && !LEVELS.iter().any(|level| level.eq_ignore_ascii_case(text)) {
        return Err(None);
    }
    EnvFilter::builder().parse(text).map(|_| text.to_owned()).map_err(|_| None)
}

pub(super) fn log_format(text: &str) -> Reading<LogFormat> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err(None),
    }
}

pub(super) fn claim_methods(text: &str) -> Reading<Vec<ClaimMethod>> {
    let methods = list(text, |item| ClaimMethod::named(item).ok_or(None))?;
    if methods.is_empty() { Err(None) } else { Ok(methods) }
}

/// Items between commas; an empty text has none.
fn list<T>(text: &str, read: impl Fn(&str) -> Reading<T>) -> Reading<Vec<T>> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    text.split(',').map(|item| read(item.trim())).collect()
}
