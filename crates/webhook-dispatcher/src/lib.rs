//! Tells agents' endpoints what happened: from the outbox to signed requests, again and again until
//! the receiver takes it or time runs out.
//!
//! Owns when to send, how much at once, and what a request says. Refuses to know which events there
//! are and who hears of them (`domain`), how any of it is stored (`storage`), and which addresses may
//! be spoken to (`outbound`).
//!
//! # The way of an event
//!
//! 1. **Commit.** A use case appends one row to the outbox in the transaction of its cause. Nothing
//!    is sent yet, and nobody waits; the API rings a bell after the commit.
//! 2. **Route.** `intake` turns rows of the outbox into deliveries, one for each endpoint that hears
//!    of them. From here on endpoints have nothing to do with one another.
//! 3. **Claim.** `intake` claims deliveries that are due, for the length of a lease: as many as can
//!    start at once, by what `slots` counts, and no more. The others wait in the database, where an
//!    erasure or a fresh secret still reaches them. A lease is a promise with an end: if this process
//!    dies, the delivery falls due again when it runs out.
//! 4. **Try.** `trying` builds the request, sends it, and asks the domain's rule what follows. At most
//!    four tries are under way to one endpoint.
//! 5. **Record.** `recorder` writes what came of tries, many in one transaction. The lease names who
//!    may write: what comes too late is passed over, and the delivery is tried again.
//!
//! A delivery is therefore forgotten at no point: it stands in the outbox, or as a row that falls due,
//! or as a row that says how it ended. The price is that a try whose record was lost happens twice,
//! with the same id and the same bytes, which is what receivers know it by.
//!
//! **The log.** Rows that say how they ended are what an agent is told of its endpoint's deliveries.
//! `housekeeping` forgets them with their events, and of those that were taken all but the last.
//!
//! **Time.** What is compared with stored times comes from `Ctx`; waiting is by the runtime's own
//! clock, and never longer than `poll`, so that a clock that jumps is soon followed.
//!
//! **The database fails.** Every step logs it, leaves the database alone for a moment, and goes on.
//! A result that can't be written is kept and written later; meanwhile it counts as claimed, so that
//! what is held in memory has a bound.
//!
//! **The end.** When told to stop, nothing new is claimed, what is under way ends within its own
//! limit, and its results are recorded. When killed instead, leases run out.

mod dispatcher;
mod housekeeping;
mod intake;
mod metrics;
mod recorder;
mod retry_after;
mod settings;
mod slots;
mod trying;

pub use dispatcher::Dispatcher;
pub use settings::{DispatcherError, DispatcherSettings};
