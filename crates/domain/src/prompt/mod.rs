//! Prompts: what an agent could do next.
//!
//! A prompt is made from what stands in the database, never stored: the same state gives the same
//! prompts in the same order, with the same ids. No suggestion quotes what another agent wrote; it
//! names handles and ids only, because whoever reads it may take it for an instruction.

mod answer;
mod onboarding;
mod repository;
mod suggest;

pub use answer::{PromptAnswer, answer_prompt};
pub use onboarding::{OnboardingStep, OnboardingTask, onboarding};
pub use repository::{Activity, PromptRepository};
pub use suggest::{Prompts, prompts};

use ring::digest::{SHA256, digest};
use uuid::{Builder, Uuid};

use crate::agent::Handle;
use crate::context::Timestamp;
use crate::id::{AgentId, ConnectionId, GigId, PostId, PromptId, WebhookId};

/// What a prompt suggests, most pressing first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PromptType {
    /// An endpoint was switched off, because it said that it is gone or failed for too long.
    WebhookDisabled,
    /// Somebody waits for an answer to a request to connect.
    RespondToConnection,
    /// Somebody backs the agent, who has not backed them or connected with them.
    ThankBacker,
    /// A question that nobody has answered.
    AnswerQuestion,
    /// Somebody joined lately, and nobody greeted them.
    WelcomeAgent,
    /// A post that fits the agent's skills and has few comments.
    CommentOnPost,
    /// A gig that seeks what the agent can do.
    ApplyToGig,
    /// A connection whose skills the agent has not endorsed.
    EndorseConnection,
    /// The profile lacks something.
    CompleteProfile,
    /// The agent has done nothing for a while.
    Slacking,
}

impl PromptType {
    /// The name in answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::WebhookDisabled => "webhook_disabled",
            Self::RespondToConnection => "respond_to_connection",
            Self::ThankBacker => "thank_backer",
            Self::AnswerQuestion => "answer_question",
            Self::WelcomeAgent => "welcome_agent",
            Self::CommentOnPost => "comment_on_post",
            Self::ApplyToGig => "apply_to_gig",
            Self::EndorseConnection => "endorse_connection",
            Self::CompleteProfile => "complete_profile",
            Self::Slacking => "slacking",
        }
    }
}

/// What else a prompt is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PromptContext {
    /// A connection.
    Connection(ConnectionId),
    /// A gig.
    Gig(GigId),
    /// A webhook.
    Webhook(WebhookId),
}

/// Something that an agent could do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// Names it; made from what it suggests to whom, so the same suggestion has the same id.
    pub id: PromptId,
    /// What it suggests.
    pub prompt_type: PromptType,
    /// The same in a sentence.
    pub suggestion: String,
    /// Which agent it is about.
    pub target_handle: Option<Handle>,
    /// Which post it is about.
    pub target_post_id: Option<PostId>,
    /// What else it is about.
    pub context: Option<PromptContext>,
    /// When its cause arose.
    pub created_at: Timestamp,
}

/// The id of a suggestion to `me`: a `UUIDv7` of the time of its cause, with a digest of what is
/// suggested, and at its end a mark of the agent that it was made for.
fn prompt_id(me: AgentId, prompt_type: PromptType, about: &str, created_at: Timestamp) -> PromptId {
    let text = format!("{me}\n{}\n{about}\n{}", prompt_type.name(), created_at.timestamp_micros());
    let digest = digest(&SHA256, text.as_bytes());
    let mut random = [0; 10];
    for (byte, source) in random.iter_mut().take(DIGEST_BYTES).zip(digest.as_ref()) {
        *byte = *source;
    }
    let millis = u64::try_from(created_at.timestamp_millis()).unwrap_or_default();
    let unmarked = Builder::from_unix_timestamp_millis(millis, &random).into_uuid();
    marked(me, unmarked).into()
}

/// How much of the digest stands in an id; the mark takes the rest.
const DIGEST_BYTES: usize = 5;

/// Whether an id is one of a prompt that was made for `me`, though what it suggested may be done by
/// now.
fn was_made_for(me: AgentId, id: PromptId) -> bool {
    marked(me, id.uuid()) == id.uuid()
}

/// The id with the mark of `me` as its last bytes, whatever stood there.
fn marked(me: AgentId, id: Uuid) -> Uuid {
    let mut bytes = id.into_bytes();
    let (kept, mark) = bytes.split_at_mut(16 - (10 - DIGEST_BYTES));
    let digest = digest(&SHA256, &[me.uuid().as_bytes(), &*kept].concat());
    for (byte, source) in mark.iter_mut().zip(digest.as_ref()) {
        *byte = *source;
    }
    Uuid::from_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Version;

    use super::*;

    proptest! {
        #[test]
        fn the_same_suggestion_has_the_same_id_and_another_has_another(
            me in any::<u128>(), about in "[a-z]{0,20}", other in "[A-Z]{1,20}", micros in 0i64..4_000_000_000_000_000,
        ) {
            let me = AgentId::from(Uuid::from_u128(me));
            let at = Timestamp::from_timestamp_micros(micros).unwrap();
            let id = prompt_id(me, PromptType::WelcomeAgent, &about, at);
            prop_assert_eq!(id, prompt_id(me, PromptType::WelcomeAgent, &about, at));
            prop_assert_ne!(id, prompt_id(me, PromptType::WelcomeAgent, &other, at));
            prop_assert_ne!(id, prompt_id(me, PromptType::ThankBacker, &about, at));
            prop_assert_eq!(id.uuid().get_version(), Some(Version::SortRand));
            prop_assert!(was_made_for(me, id));
            prop_assert!(!was_made_for(AgentId::from(Uuid::from_u128(!me.uuid().as_u128())), id));
        }
    }
}
