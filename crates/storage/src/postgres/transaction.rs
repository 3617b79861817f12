//! How transactions begin and end.
//!
//! Time limits are set in the statement that begins a transaction and hold for it alone: a pooler may
//! hand each transaction another connection.

use std::time::Duration;

use clankdin_domain::store::{Job, StoreError, StoreResult, Verdict};
use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::pg::PgConnection;
use diesel::prelude::*;

use super::queries::run_job;
use crate::error::store_error;
use crate::seal::MasterKey;

/// What a transaction is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// To see one state throughout. Writing fails.
    Read,
    /// To write. Each statement sees what was committed before it, so that whoever has waited for a held
    /// row sees what its holder left.
    Write,
}

/// How long the parts of a transaction may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct TimeLimits {
    pub(super) statement: Duration,
    pub(super) lock: Duration,
}

/// Begins a transaction.
pub(super) fn begin(connection: &mut PgConnection, access: Access, limits: TimeLimits) -> QueryResult<()> {
    let mode = match access {
        Access::Read => "ISOLATION LEVEL REPEATABLE READ READ ONLY",
        Access::Write => "ISOLATION LEVEL READ COMMITTED READ WRITE",
    };
    let (statement, lock) = (limits.statement.as_millis(), limits.lock.as_millis());
    let begin = format!(
        "BEGIN {mode}; SET LOCAL statement_timeout = {statement}; SET LOCAL lock_timeout = {lock}; \
         SET LOCAL idle_in_transaction_session_timeout = {statement}"
    );
    AnsiTransactionManager::begin_transaction_sql(connection, &begin)
}

/// Runs a job in the transaction that was begun, and ends it; tells whether an event was committed.
pub(super) fn run(
    connection: &mut PgConnection,
    access: Access,
    key: &MasterKey,
    job: Job,
) -> StoreResult<bool> {
    let (verdict, did) = run_job(connection, key, job);
    match verdict {
        Ok(Verdict::Commit) if access == Access::Write => commit(connection).map(|()| did.tell),
        ended => {
            roll_back(connection);
            ended.map(|_| false)
        }
    }
}

/// Commits, however long a standby takes to confirm: a wait that is cut short would be told as a commit,
/// of something that may be on one machine only.
///
/// The statement before it fails where one of the job's own has failed, and there COMMIT would roll back
/// without a word.
fn commit(connection: &mut PgConnection) -> StoreResult<()> {
    if let Err(error) = connection.batch_execute("SET LOCAL statement_timeout = 0") {
        roll_back(connection);
        return Err(store_error(error));
    }
    AnsiTransactionManager::commit_transaction(connection).map_err(|error| {
        // Whether it was committed is not known: the same request again finds out.
        StoreError::Unavailable(format!("a commit was not confirmed: {error}"))
    })
}

/// Ends a transaction without a trace.
pub(super) fn roll_back(connection: &mut PgConnection) {
    if let Err(error) = AnsiTransactionManager::rollback_transaction(connection) {
        // The pool replaces a connection that is left in a transaction.
        tracing::debug!(%error, "a transaction had ended by itself");
    }
}
