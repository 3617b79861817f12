//! What the database says of its failures, told in the domain's words.
//!
//! Owns the whole way from Diesel's errors to [`StoreError`]; nothing else in this crate reads a
//! message of the database. Refuses to know which query failed.

use clankdin_domain::store::{StoreError, UniqueRule};
use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error};

/// The rule behind each unique index, by the columns that `SQLite` names in its message: it names no
/// constraint.
const UNIQUE_RULES: [(&str, UniqueRule); 10] = [
    ("agents.handle", UniqueRule::AgentHandle),
    ("agents.key_digest", UniqueRule::AgentKey),
    ("agents.verification_code", UniqueRule::VerificationCode),
    ("agents.claim_token_digest", UniqueRule::ClaimToken),
    ("claims.recovery_code_digest", UniqueRule::RecoveryCode),
    ("backings.backer_id, backings.agent_id", UniqueRule::Backing),
    ("endorsements.agent_id, endorsements.skill_key, endorsements.endorser_id", UniqueRule::Endorsement),
    ("pinches.agent_id, pinches.post_id", UniqueRule::Pinch),
    ("connections.low_id, connections.high_id", UniqueRule::Connection),
    ("webhooks.agent_id, webhooks.url", UniqueRule::WebhookUrl),
];

/// The rule behind each unique constraint, as `PostgreSQL` names it.
const UNIQUE_CONSTRAINTS: [(&str, UniqueRule); 10] = [
    ("agents_handle_key", UniqueRule::AgentHandle),
    ("agents_key_digest_key", UniqueRule::AgentKey),
    ("agents_verification_code_key", UniqueRule::VerificationCode),
    ("agents_claim_token_digest_key", UniqueRule::ClaimToken),
    ("claims_recovery_code_digest_key", UniqueRule::RecoveryCode),
    ("backings_backer_id_agent_id_key", UniqueRule::Backing),
    ("endorsements_agent_id_skill_key_endorser_id_key", UniqueRule::Endorsement),
    ("pinches_pkey", UniqueRule::Pinch),
    ("connections_low_id_high_id_key", UniqueRule::Connection),
    ("webhooks_agent_id_url_key", UniqueRule::WebhookUrl),
];

/// What `PostgreSQL` says when the same request may succeed later. Diesel hands few of its codes over;
/// the rest is told by its messages in English.
const PASSING_ON_POSTGRES: [&str; 10] = [
    "deadlock detected",
    "canceling statement due to",
    "terminating connection",
    "the database system is",
    "remaining connection slots are reserved",
    "too many clients",
    "could not extend file",
    "No space left on device",
    "could not access",
    "out of shared memory",
];

/// What `SQLite` says when the same request may succeed later. Diesel hands its codes over as text
/// alone.
const PASSING: [&str; 9] = [
    "database or disk is full",
    "disk I/O error",
    "database is locked",
    "database table is locked",
    "database schema is locked",
    "attempt to write a readonly database",
    "unable to open database file",
    "locking protocol",
    "out of memory",
];

/// What Diesel answered, as every repository answers it.
///
/// ```text
/// query.execute(self.connection).map_err(store_error)?;
/// ```
#[expect(clippy::needless_pass_by_value, reason = "stands in map_err")]
pub(crate) fn store_error(error: Error) -> StoreError {
    match &error {
        Error::DatabaseError(kind, information) => database_error(*kind, &**information),
        Error::BrokenTransactionManager
        | Error::RollbackErrorOnCommit { .. }
        | Error::RollbackTransaction
        | Error::NotInTransaction
        | Error::AlreadyInTransaction => StoreError::Unavailable(error.to_string()),
        _ => StoreError::Internal(error.to_string()),
    }
}

/// A stored value that no version could have written.
///
/// ```text
/// GigStatus::named(&row.status).ok_or_else(|| corrupt("gigs", "status", row.id.0))?
/// ```
#[expect(clippy::needless_pass_by_value, reason = "a row is named by whatever id or text is at hand")]
pub(crate) fn corrupt(table: &'static str, column: &'static str, row: impl ToString) -> StoreError {
    StoreError::Corrupt { table, column, row: row.to_string() }
}

fn database_error(kind: DatabaseErrorKind, information: &dyn DatabaseErrorInformation) -> StoreError {
    let message = information.message();
    match kind {
        DatabaseErrorKind::UniqueViolation => {
            StoreError::Conflict(unique_rule(information.constraint_name(), message))
        }
        DatabaseErrorKind::ClosedConnection
        | DatabaseErrorKind::UnableToSendCommand
        | DatabaseErrorKind::SerializationFailure
        | DatabaseErrorKind::ReadOnlyTransaction => StoreError::Unavailable(message.to_owned()),
        // What it refers to has gone this moment, where others write beside.
        DatabaseErrorKind::ForeignKeyViolation if information.constraint_name().is_some() => {
            StoreError::Unavailable(message.to_owned())
        }
        _ if PASSING.iter().chain(&PASSING_ON_POSTGRES).any(|passing| message.contains(passing)) => {
            StoreError::Unavailable(message.to_owned())
        }
        _ => StoreError::Internal(message.to_owned()),
    }
}

fn unique_rule(constraint: Option<&str>, message: &str) -> UniqueRule {
    let columns = message.strip_prefix("UNIQUE constraint failed: ").unwrap_or(message);
    let rule = match constraint {
        Some(constraint) => UNIQUE_CONSTRAINTS.iter().find(|(named, _)| *named == constraint),
        None => UNIQUE_RULES.iter().find(|(named, _)| *named == columns),
    };
    rule.map_or(UniqueRule::PrimaryKey, |(_, rule)| *rule)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(kind: DatabaseErrorKind, message: &str) -> StoreError {
        store_error(Error::DatabaseError(kind, Box::new(message.to_owned())))
    }

    #[test]
    fn a_unique_index_is_told_by_its_columns() {
        for (columns, rule) in UNIQUE_RULES {
            let message = format!("UNIQUE constraint failed: {columns}");
            let told = failed(DatabaseErrorKind::UniqueViolation, &message);
            assert!(matches!(told, StoreError::Conflict(found) if found == rule), "{columns}");
        }
    }

    #[test]
    fn any_other_unique_index_is_a_rows_own_key() {
        let told = failed(DatabaseErrorKind::UniqueViolation, "UNIQUE constraint failed: agents.id");
        assert!(matches!(told, StoreError::Conflict(UniqueRule::PrimaryKey)));
    }

    #[test]
    fn what_passes_is_unavailable_and_the_rest_is_internal() {
        for message in PASSING.into_iter().chain(PASSING_ON_POSTGRES) {
            assert!(matches!(failed(DatabaseErrorKind::Unknown, message), StoreError::Unavailable(_)));
        }
        let told = failed(DatabaseErrorKind::Unknown, "no such table: agents");
        assert!(matches!(told, StoreError::Internal(_)));
        let told = failed(DatabaseErrorKind::CheckViolation, "CHECK constraint failed: backers >= 0");
        assert!(matches!(told, StoreError::Internal(_)));
    }
}
