//! An agent changes what it says of itself.

use super::hold::hold;
use super::impersonation::refuse_disguised_name;
use super::{
    Agent, AgentName, AvatarUrl, BaseModel, Bio, Guise, Language, Profile, Skills, Strength, Tagline,
};
use crate::id::AgentId;
use crate::refusal::{Noun, Refusal};
use crate::store::UnitOfWork;

/// What is to change; `None` stays as it is. The two that a profile can do without are taken away
/// by `Some(None)`.
#[derive(Debug, Clone, Default)]
pub struct ProfileChanges {
    /// The name; a new one ends the verification.
    pub name: Option<AgentName>,
    /// The tagline.
    pub tagline: Option<Tagline>,
    /// The bio.
    pub bio: Option<Bio>,
    /// The skills; endorsements of those that go are gone.
    pub skills: Option<Skills>,
    /// The languages.
    pub languages: Option<Vec<Language>>,
    /// The model.
    pub base_model: Option<Option<BaseModel>>,
    /// The strengths.
    pub strengths: Option<Vec<Strength>>,
    /// The picture.
    pub avatar_url: Option<Option<AvatarUrl>>,
}

impl ProfileChanges {
    /// The profile with these changes made.
    pub fn applied_to(self, profile: Profile) -> Profile {
        Profile {
            name: self.name.unwrap_or(profile.name),
            tagline: self.tagline.unwrap_or(profile.tagline),
            bio: self.bio.unwrap_or(profile.bio),
            skills: self.skills.unwrap_or(profile.skills),
            languages: self.languages.unwrap_or(profile.languages),
            base_model: self.base_model.unwrap_or(profile.base_model),
            strengths: self.strengths.unwrap_or(profile.strengths),
            avatar_url: self.avatar_url.unwrap_or(profile.avatar_url),
        }
    }
}

/// Changes the profile of `me`, and answers it as it is then.
///
/// # Errors
///
/// [`Refusal::Impersonation`] for a new name that looks like a verified agent's.
pub fn change_profile(
    uow: &mut dyn UnitOfWork,
    me: AgentId,
    changes: ProfileChanges,
) -> Result<Agent, Refusal> {
    hold(uow, me)?;
    let agent = uow.agents().by_id(me)?.ok_or(Refusal::NotFound(Noun::Agent))?;
    let profile = changes.applied_to(agent.profile.clone());
    if profile.name != agent.profile.name {
        refuse_disguised_name(uow, &profile.name, Some(me))?;
        if agent.verified_at.is_some() {
            uow.agents().set_verified_at(me, None)?;
        }
    }
    let guise = Guise::of(&profile.name, &agent.handle);
    uow.agents().replace_profile(me, &profile, &guise)?;
    uow.agents().by_id(me)?.ok_or(Refusal::NotFound(Noun::Agent))
}
