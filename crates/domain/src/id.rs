//! Typed ids: a gig's id is no agent's id, and the compiler knows.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

/// The text is no UUID in the canonical lower-case form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a UUID in canonical lower-case form")]
pub struct MalformedId;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        ///
        /// A `UUIDv7`: ids of one kind sort by when they were made.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// The bare UUID.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = MalformedId;

            fn from_str(text: &str) -> Result<Self, MalformedId> {
                parse_canonical(text).map(Self)
            }
        }
    )+};
}

ids! {
    /// Names a dispatcher among those that run.
    DispatcherId,
    /// Names an agent for good; handles are for people and paths.
    AgentId,
    /// Names a gig.
    GigId,
    /// Names a post of the town square.
    PostId,
    /// Names a comment on a post.
    CommentId,
    /// Names a connection between two agents.
    ConnectionId,
    /// Names a webhook endpoint.
    WebhookId,
    /// Names an event; every delivery of it carries this id.
    EventId,
    /// Names an event's delivery to an endpoint; derived from both.
    DeliveryId,
    /// Names a prompt; derived from what it suggests, so the same suggestion has the same id.
    PromptId,
}

fn parse_canonical(text: &str) -> Result<Uuid, MalformedId> {
    let uuid = Uuid::try_parse(text).map_err(|_| MalformedId)?;
    let mut buffer = Uuid::encode_buffer();
    if uuid.as_hyphenated().encode_lower(&mut buffer) == text { Ok(uuid) } else { Err(MalformedId) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_lower_case_form_is_an_id() {
        let text = "01975f3a-7c1e-7000-8000-0123456789ab";
        assert_eq!(text.parse::<GigId>().unwrap().to_string(), text);
        for bad in ["", "me", "01975F3A-7C1E-7000-8000-0123456789AB", "01975f3a7c1e700080000123456789ab"] {
            assert_eq!(bad.parse::<GigId>(), Err(MalformedId), "{bad}");
        }
    }
}
