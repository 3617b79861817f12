//! The lines of endpoints that have no room in memory for all that waits for them.

use clankdin_domain::context::Timestamp;
use clankdin_domain::id::WebhookId;
use clankdin_domain::webhook::{DeferredUntil, Waiting};

use super::lane::Standing;
use super::{Machine, job};

/// How many lines are looked at for one to be read.
const LINES_LOOKED_AT: usize = 256;
/// How many lines are read at once of endpoints that are known to be well: whoever waits to hear of what is new waits for
/// that as well. Any other endpoint's is the last.
const LINES_READ: usize = 4;

impl Machine {
    /// Which lines are to be read, and how many deliveries of each.
    pub(crate) fn wants_lines(&mut self, now: Timestamp) -> Vec<(WebhookId, usize)> {
        let mut wanted = Vec::new();
        for _ in 0..self.lines.len().min(LINES_LOOKED_AT) {
            let Some(id) = self.lines.pop_front() else { break };
            let Some(lane) = self.lanes.get_mut(&id) else { continue };
            lane.is_in_lines = lane.has_line;
            if !lane.has_line {
                continue;
            }
            self.lines.push_back(id);
            let is_low = lane.queue.is_empty() && !lane.is_listed && !lane.line_is_known;
            if is_low && lane.is_free(now) {
                wanted.push((id, lane.refill() + lane.under_way + lane.to_line));
                if wanted.len() == LINES_READ || lane.standing() != Standing::Proven {
                    break;
                }
            }
        }
        wanted
    }

    /// Takes in what was read of a line.
    pub(crate) fn line(&mut self, id: WebhookId, asked: usize, waiting: Vec<Waiting>, now: Timestamp) {
        let is_all = waiting.len() < asked;
        let (mut is_new, mut is_left) = (false, false);
        for waiting in waiting {
            let key = (waiting.webhook_id, waiting.event_id);
            if let Some(lane) = self.lanes.get_mut(&id) {
                lane.learn(waiting.is_failing);
            }
            let has_room = self.lanes.get(&id).is_some_and(|lane| lane.queue.len() < lane.room(now));
            if has_room && self.held.insert(key) {
                is_new = true;
                self.queue(job(&waiting), now);
            } else {
                is_left = true;
            }
        }
        if let Some(lane) = self.lanes.get_mut(&id) {
            // What is on its way to the line was not there yet, and what is known may come back to it.
            lane.has_line = !is_all || is_left || lane.to_line > 0;
            lane.line_is_known = !is_new;
            lane.line_was_empty = !lane.has_line;
        }
    }

    /// Sends to the line what an endpoint that is not well has no room for.
    pub(super) fn make_room(&mut self, id: WebhookId, now: Timestamp) {
        while let Some(lane) = self.lanes.get_mut(&id)
            && lane.queue.len() > lane.room(now)
            && let Some(job) = lane.queue.pop_back()
        {
            self.queued -= 1;
            self.defer(&job, DeferredUntil::ItsTurn);
        }
    }

    /// An endpoint has a line, which is read in its turn.
    pub(super) fn enlist_line(&mut self, id: WebhookId) {
        let Some(lane) = self.lanes.get_mut(&id) else { return };
        lane.has_line = true;
        lane.line_is_known = false;
        if !std::mem::replace(&mut lane.is_in_lines, true) {
            self.lines.push_back(id);
        }
    }
}
