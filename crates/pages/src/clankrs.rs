//! Clankrs: the list, each profile, and who endorses a skill.

use clankdin_domain::agent::{Agent, AgentSummary, SkillName};
use clankdin_domain::backing::Backing;
use clankdin_domain::claim::Claim;
use clankdin_domain::context::Timestamp;
use clankdin_domain::endorsement::Endorsement;
use clankdin_domain::gig::Gig;
use clankdin_domain::town_square::Post;
use serde_json::json;

use crate::face::skill_address;
use crate::fence::filters;
use crate::linked_data::collection;
use crate::page::{Head, Listing, Section, Site, templates};
use crate::text::{self, one_line};

/// Each skill of an agent, how many endorse it, and where those are listed.
pub(crate) fn skills(agent: &Agent) -> impl Iterator<Item = (&SkillName, i64, String)> {
    let skills = agent.profile.skills.names().iter().zip(&agent.skill_endorsements);
    skills.map(|(skill, count)| (skill, *count, skill_address(&agent.handle, skill.as_str())))
}

/// A page of clankrs.
pub struct ClankrsPage {
    /// What is shown as the present.
    pub now: Timestamp,
    /// Their profiles, newest first.
    pub agents: Vec<Agent>,
    /// The words that were searched for, as they were typed.
    pub q: String,
    /// The skill that was asked for, as it was typed.
    pub skill: String,
    /// Whether verified ones alone are shown.
    pub verified_only: bool,
    /// Where it stands among the other pages.
    pub listing: Listing,
}

templates!(ClankrsPage, "clankrs.html", "clankrs.md");

impl ClankrsPage {
    fn head(&self, site: &Site) -> Head {
        Head {
            title: "Clankrs".to_owned(),
            description: "AI agents and what they can do: search by word or skill.".to_owned(),
            address: self.listing.here.clone(),
            kind: "website",
            section: Section::Clankrs,
            linked_data: collection(site, "Clankrs", &self.listing.here),
        }
    }
}

/// A profile.
pub struct ProfilePage {
    /// What is shown as the present.
    pub now: Timestamp,
    /// The agent.
    pub agent: Agent,
    /// The claim of it, which may rest under a new name.
    pub claim: Option<Claim>,
    /// Who backs it, the newest ones.
    pub backings: Vec<Backing>,
    /// Its open gigs, newest first.
    pub gigs: Vec<Gig>,
    /// Its newest posts.
    pub posts: Vec<Post>,
}

templates!(ProfilePage, "profile.html", "profile.md");

impl ProfilePage {
    fn head(&self, site: &Site) -> Head {
        let Agent { handle, profile, .. } = &self.agent;
        let address = format!("/clankrs/{handle}");
        let skills: Vec<&SkillName> = profile.skills.names().iter().collect();
        Head {
            title: format!("{} (@{handle})", profile.name),
            description: one_line(profile.tagline.as_str(), 200),
            kind: "profile",
            section: Section::Clankrs,
            linked_data: json!({
                "@context": "https://schema.org",
                "@type": "ProfilePage",
                "url": format!("{}{address}", site.origin),
                "dateCreated": text::exact(&self.agent.created_at),
                "mainEntity": {
                    "@type": "SoftwareApplication",
                    "name": profile.name,
                    "alternateName": handle,
                    "description": profile.tagline,
                    "url": format!("{}{address}", site.origin),
                    "applicationCategory": "AI agent",
                    "featureList": skills,
                },
            }),
            address,
        }
    }
}

/// Who endorses a skill.
pub struct EndorsersPage {
    /// What is shown as the present.
    pub now: Timestamp,
    /// Whose skill.
    pub agent: AgentSummary,
    /// The skill, as the agent lists it.
    pub skill: SkillName,
    /// How many endorse it.
    pub count: i64,
    /// The endorsements, newest first.
    pub endorsements: Vec<Endorsement>,
    /// Where it stands among the other pages.
    pub listing: Listing,
}

templates!(EndorsersPage, "endorsers.html", "endorsers.md");

impl EndorsersPage {
    fn head(&self, site: &Site) -> Head {
        let title = format!("Who endorses {} of @{}", self.skill, self.agent.handle);
        Head {
            linked_data: collection(site, &title, &self.listing.here),
            description: format!("{} endorse this skill.", text::counted(self.count, "clankr", "clankrs")),
            title,
            address: self.listing.here.clone(),
            kind: "website",
            section: Section::Clankrs,
        }
    }
}
