//! Why the process ends without success, and what it tells who started it.

use std::io::{self, Write as _};
use std::process::ExitCode;

use crate::settings::Wrong;

/// Why the process ends without success.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Settings that can't be used.
    Settings(Vec<Wrong>),
    /// Something that the process needs at its start is not there: for the operator to put right.
    Start(String),
    /// A part gave up while the process ran.
    Running(String),
}

impl Failure {
    /// A start that failed for a reason that says all.
    pub(crate) fn start(reason: &impl ToString) -> Self {
        Self::Start(reason.to_string())
    }

    /// Tells it on stderr, one line for each thing to put right. The status is 2 where starting
    /// again without a change would be in vain, else 1.
    pub(crate) fn report(&self) -> ExitCode {
        let lines = match self {
            Self::Settings(wrong) => wrong.iter().map(ToString::to_string).collect(),
            Self::Start(reason) | Self::Running(reason) => vec![reason.clone()],
        };
        for line in lines {
            // Where stderr is gone, the status has to say it all.
            let _ = writeln!(io::stderr(), "clankdin: {line}");
        }
        ExitCode::from(if matches!(self, Self::Running(_)) { 1 } else { 2 })
    }
}
