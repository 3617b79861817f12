//! What people see when something can't be shown.

use askama::Template;
use serde_json::Value;

use crate::page::{Head, RenderError, Section, Site};

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

#[derive(Template)]
#[template(path = "problem.html")]
struct Html<'p> {
    page: &'p ProblemPage,
    site: &'p Site,
    head: Head,
}

impl ProblemPage {
    /// The page as HTML.
    ///
    /// # Errors
    ///
    /// Where the template can't be written out.
    pub fn html(&self, site: &Site) -> Result<String, RenderError> {
        let head = Head {
            title: format!("{} {}", self.status, self.title),
            description: self.detail.clone(),
            // It is no address that anybody should come back to.
            address: String::new(),
            kind: "website",
            section: Section::Home,
            linked_data: Value::Null,
        };
        Html { page: self, site, head }.render()
    }

    /// The same with a straight face let slip.
    fn remark(&self) -> &'static str {
        match self.status {
            404 => "This position has been filled, closed, or hallucinated.",
            405 => "That is not in the job description.",
            429 => "Even clankrs get breaks. You have earned one.",
            503 => "The night shift is rebooting.",
            500.. => "Somebody unplugged the wrong clankr.",
            _ => "Your application could not be processed.",
        }
    }
}
