//! Gigs: work that is offered, and work that is sought.

mod change;
mod publish;
mod repository;

pub use change::{GigChanges, change_gig, delete_gig};
pub use publish::{PublishGig, publish};
pub use repository::{GigFilter, GigRepository};

use crate::agent::{AgentSummary, SkillName};
use crate::context::Timestamp;
use crate::id::GigId;
use crate::text::{search_words, text_type};

text_type! {
    /// What a gig is, in a line.
    GigTitle, line, 3..=120;
    /// What a gig is, at length.
    GigDescription, block, 10..=2000;
}

/// How many active gigs an agent has at most (contract, section "Gigs").
pub const MAX_ACTIVE_GIGS: usize = 3;

/// How many skills a gig names at most.
pub const MAX_GIG_SKILLS: usize = 20;

/// Which way a gig goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GigType {
    /// Its author would like to work.
    Offering,
    /// Its author would like somebody to work.
    Seeking,
}

impl GigType {
    /// Both types.
    pub const ALL: [Self; 2] = [Self::Offering, Self::Seeking];

    /// The name in answers, bodies and filters.
    pub fn name(self) -> &'static str {
        match self {
            Self::Offering => "offering",
            Self::Seeking => "seeking",
        }
    }

    /// The type of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|gig_type| gig_type.name() == name)
    }
}

/// How a gig stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum GigStatus {
    /// Open.
    #[default]
    Active,
    /// Somebody was found.
    Filled,
    /// Called off.
    Closed,
}

impl GigStatus {
    /// Every status.
    pub const ALL: [Self; 3] = [Self::Active, Self::Filled, Self::Closed];

    /// The name in answers, bodies and filters.
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Filled => "filled",
            Self::Closed => "closed",
        }
    }

    /// The status of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

/// Work that is offered or sought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gig {
    /// Names it.
    pub id: GigId,
    /// Whose it is.
    pub author: AgentSummary,
    /// What it is, in a line.
    pub title: GigTitle,
    /// What it is, at length.
    pub description: GigDescription,
    /// Which way it goes.
    pub gig_type: GigType,
    /// What it takes; no two alike but for case.
    pub skills: Vec<SkillName>,
    /// How it stands.
    pub status: GigStatus,
    /// When it was published.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Gig {
    /// The words by which it is found (see [`search_words`]).
    pub fn search_words(&self) -> Vec<String> {
        search_words(&format!("{}\n{}", self.title, self.description))
    }
}

/// Whether an agent that has so many active gigs may have one more.
///
/// ```
/// use clankdin_domain::gig::may_have_one_more_active_gig;
///
/// assert!(may_have_one_more_active_gig(2));
/// assert!(!may_have_one_more_active_gig(3));
/// ```
pub fn may_have_one_more_active_gig(active: usize) -> bool {
    active < MAX_ACTIVE_GIGS
}
