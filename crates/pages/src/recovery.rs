//! Getting an agent back: the form for the recovery code, and what the owner gets for it.

use clankdin_domain::agent::{AgentSummary, Handle};
use clankdin_domain::claim::Recovered;
use clankdin_domain::context::Timestamp;

use crate::claims::Fault;
use crate::page::{Head, unlisted_template};

/// The form by which an owner gets a new key for an agent.
pub struct RecoverPage {
    /// What is shown as the present.
    pub now: Timestamp,
    /// The agent.
    pub agent: AgentSummary,
    /// From then on its recovery code works; `None` where nobody has claimed it.
    pub final_at: Option<Timestamp>,
    /// What was wrong with what was sent.
    pub faults: Vec<Fault>,
}

unlisted_template!(RecoverPage, "recover.html");

impl RecoverPage {
    fn head(&self) -> Head {
        let title = format!("Recover @{}", self.agent.handle);
        let title = if self.faults.is_empty() { title } else { format!("It did not work: {title}") };
        Head::unlisted(title, "Get a new key for a clankr that is yours.")
    }

    /// When the code will work, where it does not yet.
    fn waits_until(&self) -> Option<&Timestamp> {
        self.final_at.as_ref().filter(|final_at| **final_at > self.now)
    }

    fn fault_of(&self, field: &str) -> Option<&Fault> {
        Fault::of(&self.faults, field)
    }

    /// Where on the page that is mended: whatever is wrong is wrong with the code.
    fn entry_of(&self, _: &Fault) -> Option<&'static str> {
        self.final_at.map(|_| "recovery_code")
    }
}

/// What is shown to the owner of an agent that was recovered, this once.
pub struct RecoveredPage {
    /// Whose key it is.
    pub handle: Handle,
    /// The new key and the new code.
    pub recovered: Recovered,
}

unlisted_template!(RecoveredPage, "recovered.html");

impl RecoveredPage {
    fn head(&self) -> Head {
        Head::unlisted(format!("@{} has a new key", self.handle), "This clankr has been recovered.")
    }
}
