//! The commands.
//!
//! Owns the order in which parts start and stop. Refuses to know what they do.

mod dispatching;
mod keeping;
mod listening;
mod open_files;
mod parts;
mod signals;
mod stores;

use std::io::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;

use actix_rt::System;

use self::dispatching::Dispatching;
use self::listening::Listening;
use self::parts::Parts;
use self::signals::Signals;
use crate::cli::Task;
use crate::failure::Failure;
use crate::settings::{DatabaseUrl, Settings};

/// How long what is under way may take once the process is asked to end.
const DRAIN: Duration = Duration::from_secs(30);

/// Runs a command to its end.
pub(crate) fn run(task: &Task, settings: &Settings) -> Result<(), Failure> {
    let part = match task {
        Task::Serve => Part::Both,
        Task::Api => Part::Api,
        Task::Dispatch => Part::Dispatcher,
        Task::Migrate => return migrate(settings),
        Task::Backup { file } => return keeping::back_up(settings, file),
        Task::Copy { from, to } => return keeping::copy(from, to),
    };
    open_files::raise();
    let parts = Parts::open(settings)?;
    let ended = System::new().block_on(serve(part, settings, &parts));
    parts.close();
    ended
}

/// What of the server runs in this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Both,
    Api,
    Dispatcher,
}

fn migrate(settings: &Settings) -> Result<(), Failure> {
    stores::open(settings, Arc::new(|| ()))?;
    let database = match &settings.database_url {
        DatabaseUrl::Sqlite(path) => path.display().to_string(),
        DatabaseUrl::Postgres(_) => "on PostgreSQL".to_owned(),
    };
    say(&format!("the database {database} is up to date"));
    Ok(())
}

async fn serve(part: Part, settings: &Settings, parts: &Parts) -> Result<(), Failure> {
    // First of all: a signal that comes while the rest starts must not be lost.
    let mut signals = Signals::listen()?;
    let mut listening = Listening::start(part, settings, parts)?;
    let mut dispatching = match part {
        Part::Api => None,
        Part::Both | Part::Dispatcher => Some(Dispatching::start(settings, parts)?),
    };
    say(&listening.told());
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "{}", listening.told());

    let ended = tokio::select! {
        name = signals.next() => {
            tracing::info!("{name}: finishing what is under way");
            Ok(())
        }
        () = listening.ended() => Err(Failure::Running("the server has stopped by itself".to_owned())),
        () = dispatching::ended(dispatching.as_mut()) => {
            Err(Failure::Running("the dispatcher has stopped by itself".to_owned()))
        }
    };
    let drained = async {
        // What a last request commits after the dispatcher has gone is delivered at the next start.
        tokio::join!(listening.stop(), dispatching::stop(dispatching.as_mut()));
    };
    tokio::select! {
        finished = tokio::time::timeout(DRAIN, drained) => if finished.is_ok() {
            tracing::info!("finished");
        } else {
            tracing::warn!("not everything was finished within {} s", DRAIN.as_secs());
        },
        name = signals.next() => tracing::warn!("{name} again: leaving at once"),
    }
    ended
}

/// Tells who started the process, on standard output.
fn say(line: &str) {
    let mut out = io::stdout();
    // Who does not listen can't be told.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
