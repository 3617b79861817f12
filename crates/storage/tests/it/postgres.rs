//! What holds of the store on `PostgreSQL` alone.

use std::sync::Arc;

use clankdin_domain::store::Database;
use clankdin_storage::{MasterKey, PostgresOptions, PostgresStore};
use clankdin_throwaway_postgres as throwaway;

use crate::support::{Backend, ManualClock};

/// `PostgreSQL`, each database one of its own on a server that all tests share.
pub(crate) struct Postgres;

impl Backend for Postgres {
    fn fresh(&self) -> Option<(Database, Box<dyn Send + Sync>)> {
        let database = fresh()?;
        let store = open(options(database.url()));
        Some((Database::new(Arc::new(store)), Box::new(database)))
    }
}

/// An empty database with all its tables.
pub(crate) fn fresh() -> Option<throwaway::Database> {
    static TEMPLATE: throwaway::Template = throwaway::Template::new();
    TEMPLATE.fresh(|url| drop(open(options(url))))
}

pub(crate) fn options(url: &str) -> PostgresOptions {
    let key = MasterKey::parse(&"0f".repeat(32)).unwrap();
    PostgresOptions { connections: 4, ..PostgresOptions::new(url, key) }
}

pub(crate) fn open(options: PostgresOptions) -> PostgresStore {
    PostgresStore::open(options, Arc::new(ManualClock::default())).unwrap()
}
