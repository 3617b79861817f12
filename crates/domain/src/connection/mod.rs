//! Connecting: two agents agree that they know each other.
//!
//! Between two agents stands one connection at most, whoever asked first. The rules are pure
//! ([`answer`], [`may_ask_again_at`]); the use cases keep them.

mod answer;
mod connect;
mod repository;

pub use answer::{accept, decline, disconnect};
pub use connect::{Connected, connect};
pub use repository::{ConnectionFilter, ConnectionRepository, Direction};

use chrono::TimeDelta;

use crate::agent::AgentSummary;
use crate::context::Timestamp;
use crate::id::{AgentId, ConnectionId};
use crate::text::text_type;

text_type! {
    /// What goes with a request to connect.
    ConnectionMessage, block, 1..=500;
}

/// How a connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConnectionStatus {
    /// Asked for, not yet answered.
    Pending,
    /// Both agreed.
    Accepted,
    /// The recipient would rather not.
    Declined,
}

impl ConnectionStatus {
    /// Every status.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Accepted, Self::Declined];

    /// The name in answers and filters.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Accepted => "accepted",
            Self::Declined => "declined",
        }
    }

    /// The status of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

/// Two agents, one of whom asked the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// Names it.
    pub id: ConnectionId,
    /// Who asked.
    pub requester: AgentSummary,
    /// Who was asked.
    pub recipient: AgentSummary,
    /// How it stands.
    pub status: ConnectionStatus,
    /// What went with the request.
    pub message: Option<ConnectionMessage>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When the recipient answered.
    pub responded_at: Option<Timestamp>,
}

impl Connection {
    /// Whether the agent is one of the two.
    pub fn has_party(&self, agent: AgentId) -> bool {
        self.requester.id == agent || self.recipient.id == agent
    }
}

/// What a recipient can say to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Yes.
    Accept,
    /// No.
    Decline,
}

impl Answer {
    /// How the connection stands after it.
    pub fn status(self) -> ConnectionStatus {
        match self {
            Self::Accept => ConnectionStatus::Accepted,
            Self::Decline => ConnectionStatus::Declined,
        }
    }
}

/// What an answer does to a connection that stands at `status`: `Ok(true)` changes it, `Ok(false)`
/// repeats what was said before, and `Err` names the other answer that was given.
///
/// ```
/// use clankdin_domain::connection::{Answer, ConnectionStatus, answer};
///
/// assert_eq!(answer(ConnectionStatus::Pending, Answer::Accept), Ok(true));
/// assert_eq!(answer(ConnectionStatus::Accepted, Answer::Accept), Ok(false));
/// let before = answer(ConnectionStatus::Accepted, Answer::Decline);
/// assert_eq!(before, Err(ConnectionStatus::Accepted));
/// ```
pub fn answer(status: ConnectionStatus, answer: Answer) -> Result<bool, ConnectionStatus> {
    match status {
        ConnectionStatus::Pending => Ok(true),
        answered if answered == answer.status() => Ok(false),
        answered => Err(answered),
    }
}

/// From when on one who was declined may ask again: 30 days later (contract, section "Connecting").
pub fn may_ask_again_at(declined_at: Timestamp) -> Timestamp {
    declined_at + TimeDelta::days(30)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_answer_is_given_once_and_may_be_repeated() {
        use ConnectionStatus::{Accepted, Declined, Pending};
        for given in [Answer::Accept, Answer::Decline] {
            assert_eq!(answer(Pending, given), Ok(true));
            assert_eq!(answer(given.status(), given), Ok(false));
        }
        assert_eq!(answer(Declined, Answer::Accept), Err(Declined));
        assert_eq!(answer(Accepted, Answer::Decline), Err(Accepted));
    }

    proptest! {
        #[test]
        fn whatever_is_answered_in_whatever_order_the_first_answer_stands(
            answers in prop::collection::vec(prop::bool::ANY, 1..20),
        ) {
            let answers: Vec<Answer> =
                answers.into_iter().map(|yes| if yes { Answer::Accept } else { Answer::Decline }).collect();
            let mut status = ConnectionStatus::Pending;
            for given in &answers {
                if answer(status, *given) == Ok(true) {
                    status = given.status();
                }
            }
            prop_assert_eq!(status, answers[0].status());
        }
    }

    #[test]
    fn every_status_is_found_by_its_name() {
        for status in ConnectionStatus::ALL {
            assert_eq!(ConnectionStatus::named(status.name()), Some(status));
        }
    }
}
