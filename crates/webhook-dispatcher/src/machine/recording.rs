//! What was done and is yet to be written down, and what is known once it was.

use clankdin_domain::webhook::{Deferred, DeferredUntil, Origin, Progress};

use super::{Job, Machine};

/// How many results are few.
const FEW: usize = 200;

impl Machine {
    /// How much waits to be written down.
    pub(crate) fn unrecorded(&self) -> usize {
        self.progress.results.len() + self.progress.deferred.len()
    }

    /// Whether what waits to be written down gains from waiting for more: many results, to whose pages more of them may
    /// go, and nothing that a line waits for.
    pub(crate) fn gathers(&self) -> bool {
        self.progress.results.len() > FEW
            && self.under_way > 0
            && self.progress.deferred.is_empty()
            && !self.has_rows_to_record
    }

    /// Whether more is handled than was written down.
    pub(crate) fn is_ahead(&self) -> bool {
        self.handled.mark() > self.written
    }

    /// What is to be written down now, up to `max` of it, and how far all is handled, if that is.
    pub(crate) fn take_progress(&mut self, max: usize, with_mark: bool) -> Progress {
        let results = self.progress.results.drain(..max.min(self.progress.results.len())).collect();
        let deferred = self.progress.deferred.drain(..max.min(self.progress.deferred.len())).collect();
        let taken = Progress { results, deferred, handled: with_mark.then(|| self.handled.mark()) };
        self.recording += taken.results.len() + taken.deferred.len();
        self.has_rows_to_record = self.progress.results.iter().any(|it| it.origin.is_row());
        taken
    }

    /// That was written down.
    pub(crate) fn recorded(&mut self, progress: Progress) {
        self.settle(&progress);
        self.written = self.written.max(progress.handled.unwrap_or_default());
        let results = progress.results.iter().map(|it| it.origin);
        for origin in results.chain(progress.deferred.iter().map(|it| it.origin)) {
            if let Origin::Log(sequence) = origin {
                self.handled.close(sequence);
            }
        }
        if self.is_reading {
            self.written_while_reading.push(progress);
        } else {
            self.release(&progress);
        }
    }

    /// Rows are being read from now on: what is written down meanwhile may or may not be among them.
    pub(crate) fn begin_reading(&mut self) {
        self.is_reading = true;
    }

    /// What was read has been taken in. Answers whether anything was written down meanwhile.
    pub(crate) fn end_reading(&mut self) -> bool {
        self.is_reading = false;
        let written = std::mem::take(&mut self.written_while_reading);
        for progress in &written {
            self.release(progress);
        }
        !written.is_empty()
    }

    /// Rows that were written are no longer known better here than there.
    fn release(&mut self, progress: &Progress) {
        let results = progress.results.iter().map(|it| (it.webhook_id, it.event_id, it.origin));
        let deferred = progress.deferred.iter().map(|it| (it.webhook_id, it.event_id, it.origin));
        for (webhook_id, event_id, origin) in results.chain(deferred) {
            // What came from the log was not held as a row, and may be by now.
            if origin.is_row() {
                self.held.remove(&(webhook_id, event_id));
            }
            if let Some(lane) = self.lanes.get_mut(&webhook_id) {
                lane.line_is_known = false;
            }
        }
        let lined = progress.deferred.iter().filter(|it| it.until == DeferredUntil::ItsTurn);
        for Deferred { webhook_id, .. } in lined {
            let Some(lane) = self.lanes.get_mut(webhook_id) else { continue };
            lane.to_line -= 1;
            self.enlist_line(*webhook_id);
        }
        self.forget_idle_lanes();
    }

    /// That could not be written down yet.
    pub(crate) fn put_back(&mut self, progress: Progress) {
        self.settle(&progress);
        // Before what ended meanwhile: a success that came later must not seem to be the earlier.
        let later = std::mem::replace(&mut self.progress, progress);
        self.progress.results.extend(later.results);
        self.has_rows_to_record = self.progress.results.iter().any(|it| it.origin.is_row());
        self.progress.deferred.extend(later.deferred);
    }

    /// That can't be written down: it stays as it is until the lead is taken anew.
    pub(crate) fn lost(&mut self, progress: &Progress) {
        self.settle(progress);
    }

    pub(super) fn has_room_to_record(&self) -> bool {
        self.unrecorded() + self.recording < self.limits.unrecorded
    }

    pub(super) fn settle(&mut self, progress: &Progress) {
        self.recording -= progress.results.len() + progress.deferred.len();
    }

    pub(super) fn defer(&mut self, job: &Job, until: DeferredUntil) {
        if until == DeferredUntil::ItsTurn
            && let Some(lane) = self.lanes.get_mut(&job.webhook_id)
        {
            lane.to_line += 1;
        }
        let Job { webhook_id, event_id, origin, .. } = *job;
        self.progress.deferred.push(Deferred { webhook_id, event_id, origin, until });
    }
}
