//! How many statements are sent to any database.

use std::sync::atomic::{AtomicU64, Ordering};

use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};

static COUNT: AtomicU64 = AtomicU64::new(0);

/// Counts from now on, on connections that are opened from now on.
pub(crate) fn count() {
    set_default_instrumentation(|| Some(Box::new(Counting))).expect("nothing else counts");
}

pub(crate) fn counted() -> u64 {
    COUNT.load(Ordering::Relaxed)
}

struct Counting;

impl Instrumentation for Counting {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        if matches!(event, InstrumentationEvent::StartQuery { .. }) {
            COUNT.fetch_add(1, Ordering::Relaxed);
        }
    }
}
