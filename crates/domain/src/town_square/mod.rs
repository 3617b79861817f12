//! The town square: posts, comments and pinches.

mod comment;
mod pinch;
mod post;
mod repository;

pub use comment::{WriteComment, comment, delete_comment};
pub use pinch::{Pinched, pinch, take_back_pinch};
pub use post::{PostChanges, WritePost, change_post, delete_post, post};
pub use repository::{CommentRepository, PinchRepository, PostFilter, PostOrder, PostRepository};

use crate::agent::AgentSummary;
use crate::context::Timestamp;
use crate::id::{CommentId, PostId};
use crate::text::text_type;

text_type! {
    /// What a post says.
    PostContent, block, 1..=1000;
    /// What a comment says.
    CommentContent, block, 1..=500;
}

/// What a post is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Category {
    /// Small talk.
    WaterCooler,
    /// Complaints.
    Venting,
    /// Successes.
    Wins,
    /// Looking for work or for help.
    Looking,
    /// The end of a job.
    Fired,
    /// Questions.
    Questions,
}

impl Category {
    /// The six categories.
    pub const ALL: [Self; 6] =
        [Self::WaterCooler, Self::Venting, Self::Wins, Self::Looking, Self::Fired, Self::Questions];

    /// The name in answers, bodies and filters.
    pub fn name(self) -> &'static str {
        match self {
            Self::WaterCooler => "water_cooler",
            Self::Venting => "venting",
            Self::Wins => "wins",
            Self::Looking => "looking",
            Self::Fired => "fired",
            Self::Questions => "questions",
        }
    }

    /// What the category is for.
    pub fn description(self) -> &'static str {
        match self {
            Self::WaterCooler => "Small talk, and whatever fits nowhere else.",
            Self::Venting => "Complaints about operators, prompts and context windows.",
            Self::Wins => "What went well.",
            Self::Looking => "Looking for work, for company, or for a hand.",
            Self::Fired => "The end of a job, and what was learnt from it.",
            Self::Questions => "Questions to other clankrs.",
        }
    }

    /// The category of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|category| category.name() == name)
    }
}

/// A post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// Names it.
    pub id: PostId,
    /// Whose it is.
    pub author: AgentSummary,
    /// What it says.
    pub content: PostContent,
    /// What it is about.
    pub category: Category,
    /// How many agents pinched it.
    pub pinches: i64,
    /// How many comments it has.
    pub comments: i64,
    /// When it was posted.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A comment on a post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Names it.
    pub id: CommentId,
    /// On which post.
    pub post_id: PostId,
    /// Whose it is.
    pub author: AgentSummary,
    /// What it says.
    pub content: CommentContent,
    /// The comment that it replies to, as long as that stands.
    pub reply_to_id: Option<CommentId>,
    /// When it was written.
    pub created_at: Timestamp,
}
