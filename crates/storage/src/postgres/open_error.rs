//! Why a database can't be used, told so that whoever runs the server knows what to do.

use super::connect::without_password;

/// Why a database can't be used. Each is one line that names the database, without its password, and
/// says what to do.
#[derive(Debug, thiserror::Error)]
pub enum PostgresOpenError {
    /// Nobody answers, or not to this user.
    #[error("{database}: can't connect: {cause}")]
    Connect {
        /// The database.
        database: String,
        /// What libpq said.
        cause: String,
    },
    /// It is no UTF-8 database.
    #[error("{database}: its encoding is {encoding}; make it anew with ENCODING 'UTF8'")]
    Encoding {
        /// The database.
        database: String,
        /// Its encoding.
        encoding: String,
    },
    /// Its tables are another program's.
    #[error("{database}: this database belongs to another program; name another")]
    Foreign {
        /// The database.
        database: String,
    },
    /// The secrets in the database were sealed by another key.
    #[error("{database}: its secrets are {why}; start with the master key that sealed them")]
    OtherMasterKey {
        /// The database.
        database: String,
        /// Which key sealed them.
        why: String,
    },
    /// Anything else.
    #[error("{database}: {cause}")]
    Other {
        /// The database.
        database: String,
        /// What `PostgreSQL` said.
        cause: String,
    },
}

impl PostgresOpenError {
    /// What was said of a connection that could not be made.
    pub(super) fn of_connection(url: &str, cause: &impl ToString) -> Self {
        Self::Connect { database: without_password(url), cause: on_one_line(&cause.to_string()) }
    }

    /// What was said of a statement.
    pub(super) fn of_statement(url: &str, cause: &impl ToString) -> Self {
        Self::Other { database: without_password(url), cause: on_one_line(&cause.to_string()) }
    }
}

fn on_one_line(text: &str) -> String {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ")
}
