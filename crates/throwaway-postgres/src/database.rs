//! Fresh databases on one server for the whole process.

use std::env;
use std::hash::{BuildHasher as _, RandomState};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;

use crate::server::{Server, Settings};

/// Names a server to use instead of one of our own. The user has to be allowed to make databases.
const URL: &str = "CLANKDIN_TEST_POSTGRES_URL";

/// The server that all tests of the process share.
enum Shared {
    Own(Server),
    Named(String),
}

impl Shared {
    fn get() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Shared>> = OnceLock::new();
        SHARED.get_or_init(Self::find).as_ref()
    }

    fn find() -> Option<Self> {
        if let Ok(url) = env::var(URL) {
            return Some(Self::Named(url));
        }
        Server::start(&Settings::default()).map(Self::Own)
    }

    fn url(&self, database: &str) -> String {
        match self {
            Self::Own(server) => server.url(database),
            Self::Named(url) => {
                let (address, query) =
                    url.split_once('?').map_or((url.as_str(), None), |(a, q)| (a, Some(q)));
                let begin = address.find("://").map_or(0, |at| at + 3);
                let host = address.get(begin..).and_then(|rest| rest.split('/').next()).unwrap_or_default();
                let scheme = address.get(..begin).unwrap_or_default();
                let query = query.map(|query| format!("?{query}")).unwrap_or_default();
                format!("{scheme}{host}/{database}{query}")
            }
        }
    }

    fn try_execute(&self, statement: &str) -> Result<(), String> {
        let connection = PgConnection::establish(&self.url("postgres"));
        let mut connection = connection.map_err(|error| error.to_string())?;
        connection.batch_execute(statement).map_err(|error| error.to_string())
    }

    /// A name that no database of this or another process has.
    fn name() -> String {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        // Seeded at random in each process: process ids come again on a server that others use too.
        let chance = RandomState::new().hash_one(process::id());
        format!("clankdin_test_{chance:x}_{}", COUNT.fetch_add(1, Ordering::Relaxed))
    }
}

/// A database that is dropped with this value.
#[derive(Debug)]
pub struct Database {
    name: String,
    url: String,
}

impl Database {
    /// An empty one. `None` where there is no `PostgreSQL`.
    pub fn fresh() -> Option<Self> {
        Self::made("")
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Runs statements on it.
    pub fn execute(&self, statements: &str) {
        let mut connection = PgConnection::establish(&self.url).expect("the server answers");
        connection.batch_execute(statements).expect("the statement is taken");
    }

    fn made(like: &str) -> Option<Self> {
        let shared = Shared::get()?;
        let name = Shared::name();
        shared.try_execute(&format!("CREATE DATABASE {name} {like}")).expect("a database can be made");
        Some(Self { url: shared.url(&name), name })
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Some(shared) = Shared::get() {
            // A test that fails tells why; what stays behind goes with the server.
            let _ = shared.try_execute(&format!("DROP DATABASE {} WITH (FORCE)", self.name));
        }
    }
}

/// A database that others are made like, which is faster than to prepare each.
#[derive(Debug)]
pub struct Template(Mutex<Option<Database>>);

impl Template {
    /// One that is yet to be prepared. On a server that was named, it stays behind when the process ends.
    pub const fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// A database like the template, which `prepare` makes of an empty one when it is first asked for.
    pub fn fresh(&self, prepare: impl FnOnce(&str)) -> Option<Database> {
        // One at a time: nobody may be connected to what is copied.
        let mut template = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if template.is_none() {
            let database = Database::fresh()?;
            prepare(database.url());
            *template = Some(database);
        }
        let name = &template.as_ref()?.name;
        Database::made(&format!("TEMPLATE {name}"))
    }
}

impl Default for Template {
    fn default() -> Self {
        Self::new()
    }
}
