//! Tells agents' endpoints what happened: from the outbox to signed requests, again and again until
//! the receiver takes it or time runs out.
//!
//! Owns when to send, how much at once, and what a request says. Refuses to know which events there
//! are and who hears of them (`domain`), how any of it is stored (`storage`), and which addresses may
//! be spoken to (`outbound`).
//!
//! # The way of an event
//!
//! 1. **Commit.** A use case appends one row to the outbox in the transaction of its cause, however many will hear
//!    of it. Nothing is sent yet, and nobody waits; the API rings a bell after the commit.
//! 2. **Settle.** Where others may still add to the log before it, the dispatcher that has the lead moves the end of the
//!    log behind it once they can't any more (`standing`, `leading`). On SQLite the commit itself does.
//! 3. **Hear.** It reads along the log who hears of what. An endpoint that is well gets it into its lane in memory;
//!    what one that is not has no room for becomes a row in its line, in the database. What everyone is told of is
//!    read by stretches of endpoints, and makes no rows before it is tried.
//! 4. **Try.** Where the `machine` says that its turn has come, endpoint and event are read as they stand then, so
//!    that an erasure or a fresh secret reaches what waits. `trying` builds the request, sends it, and asks the
//!    domain's rule what follows.
//! 5. **Record.** What came of tries is written down, many in one transaction, in the name of the lead: a row that
//!    says delivered, to be tried again then, or given up.
//!
//! A delivery is therefore forgotten at no point: its event stands in the outbox, or in the log above the mark up to
//! which all is handled, or it has a row. Whoever takes the lead reads the log from that mark on and finds each
//! endpoint that has no row yet. The price is that a try whose record was lost happens twice, with the same id and
//! the same bytes, which is what receivers know it by.
//!
//! **The log.** Rows that say how they ended are what an agent is told of its endpoint's deliveries.
//! `housekeeping` forgets them with their events, and of those that were taken all but the last.
//!
//! **Time.** What is compared with stored times comes from `Ctx`; waiting is by the runtime's own
//! clock, and never longer than `poll`, so that a clock that jumps is soon followed.
//!
//! **The database fails.** Every step logs it, leaves the database alone for a moment, and goes on.
//! A result that can't be written is kept and written later; of those, too, only so many are held.
//!
//! **The end.** When told to stop, nothing new begins, what is under way ends within its own limit, its results are
//! recorded, and the lead is laid down for another. When killed instead, the lead runs out.

mod dispatcher;
mod housekeeping;
mod leading;
mod machine;
mod metrics;
mod retry_after;
mod settings;
mod standing;
mod targets;
mod trying;

pub use dispatcher::Dispatcher;
pub use machine::AddressLimit;
pub use settings::{DispatcherError, DispatcherSettings};
