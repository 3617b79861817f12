//! Log lines, on stderr.
//!
//! Owns their format and which of them are written. Refuses to know what is worth a line. Standard
//! output is left to what the commands say.

use std::any::Any;
use std::io::{IsTerminal as _, stderr};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::settings::{LogFormat, Settings};

/// What would tell at each start and stop how it works inside. The operator's own directive for it
/// comes later, and wins.
const QUIET: &str = "actix_server=warn";

/// Writes log lines from here on, panics among them.
pub(crate) fn start(settings: &Settings) {
    let filter = EnvFilter::builder().parse_lossy(format!("{QUIET},{}", settings.log));
    let lines = tracing_subscriber::registry().with(filter);
    let started = match settings.log_format {
        LogFormat::Text => {
            lines.with(fmt::layer().with_writer(stderr).with_ansi(stderr().is_terminal())).try_init()
        }
        LogFormat::Json => lines.with(fmt::layer().json().flatten_event(true).with_writer(stderr)).try_init(),
    };
    if started.is_ok() {
        // In the format of the other lines, and on one line, so that no collector tears it apart.
        std::panic::set_hook(Box::new(|panic| {
            let place = panic.location().map(ToString::to_string);
            tracing::error!(place, "panicked: {}", message(panic.payload()));
        }));
    }
}

fn message(payload: &dyn Any) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a message")
}
