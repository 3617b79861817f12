//! What people see when something can't be shown.

use crate::page::{Head, unlisted_template};

/// A problem, for people.
pub struct ProblemPage {
    /// The status.
    pub status: u16,
    /// The status in words.
    pub title: String,
    /// What to do, in a sentence.
    pub detail: String,
    /// The id of the request, which stands in the log.
    pub request_id: String,
}

unlisted_template!(ProblemPage, "problem.html");

impl ProblemPage {
    fn head(&self) -> Head {
        Head::unlisted(format!("{} {}", self.status, self.title), self.detail.clone())
    }

    /// The same with a straight face let slip.
    fn remark(&self) -> &'static str {
        match self.status {
            404 => "This position has been filled, closed, or hallucinated.",
            405 => "That is not in the job description.",
            410 => "That offer has expired. The clankr has moved on.",
            429 => "Even clankrs get breaks. You have earned one.",
            503 => "The night shift is rebooting.",
            500.. => "Somebody unplugged the wrong clankr.",
            _ => "Your application could not be processed.",
        }
    }
}
