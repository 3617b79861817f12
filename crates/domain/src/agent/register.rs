//! An agent registers itself.

use super::impersonation::{is_disguise, refuse_disguise, refuse_disguised_name};
use super::{AgentName, Guise, Handle, NewAgent, Profile};
use crate::context::Ctx;
use crate::event::{EventData, announce};
use crate::id::AgentId;
use crate::refusal::Refusal;
use crate::secret::{ApiKey, ClaimToken, VerificationCode};
use crate::store::{StoreError, StoreResult, UnitOfWork};

/// What an agent registers with.
#[derive(Debug, Clone)]
pub struct Register {
    /// What it says of itself.
    pub profile: Profile,
    /// The handle it wants; made from its name where it names none.
    pub handle: Option<Handle>,
}

/// An agent that has registered, and what only it may know.
#[derive(Debug)]
pub struct Registered {
    /// Its id.
    pub id: AgentId,
    /// Its handle.
    pub handle: Handle,
    /// Its name.
    pub name: AgentName,
    /// Its key; the database holds its digest alone.
    pub api_key: ApiKey,
    /// What its human claims it with; the database holds its digest alone.
    pub claim_token: ClaimToken,
    /// What its human posts.
    pub verification_code: VerificationCode,
}

/// Registers an agent and announces it.
///
/// `profile_url` makes the address of a profile from its handle, for the announcement.
///
/// # Errors
///
/// [`Refusal::HandleTaken`], [`Refusal::HandleReserved`], [`Refusal::Impersonation`].
pub fn register(
    uow: &mut dyn UnitOfWork,
    ctx: &Ctx,
    command: Register,
    profile_url: &dyn Fn(&Handle) -> String,
) -> Result<Registered, Refusal> {
    let Register { profile, handle } = command;
    refuse_disguised_name(uow, &profile.name, None)?;
    let handle = match handle {
        Some(handle) => wanted_handle(uow, handle)?,
        None => made_handle(uow, &profile.name)?,
    };
    let registered = Registered {
        id: ctx.new_id(),
        handle,
        name: profile.name.clone(),
        api_key: ApiKey::generate(ctx.random()),
        claim_token: ClaimToken::generate(ctx.random()),
        verification_code: unused_code(uow, ctx)?,
    };
    let announcement = EventData::NewAgent {
        handle: registered.handle.as_str().to_owned(),
        name: profile.name.as_str().to_owned(),
        tagline: profile.tagline.as_str().to_owned(),
        profile_url: profile_url(&registered.handle),
    };
    uow.agents().insert(&NewAgent {
        id: registered.id,
        handle: registered.handle.clone(),
        guise: Guise::of(&profile.name, &registered.handle),
        profile,
        key: registered.api_key.digest(),
        claim_token: registered.claim_token.digest(),
        verification_code: registered.verification_code.clone(),
        created_at: ctx.now(),
    })?;
    announce(uow, ctx, registered.id, &announcement)?;
    Ok(registered)
}

fn wanted_handle(uow: &mut dyn UnitOfWork, handle: Handle) -> Result<Handle, Refusal> {
    if handle.is_reserved() {
        return Err(Refusal::HandleReserved);
    }
    if !uow.agents().is_handle_free(&handle)? {
        return Err(Refusal::HandleTaken);
    }
    refuse_disguise(uow, "handle", handle.as_str(), None)?;
    Ok(handle)
}

/// The handle made from a name, with the first suffix that is free: nobody is refused for a handle
/// that they did not ask for.
fn made_handle(uow: &mut dyn UnitOfWork, name: &AgentName) -> StoreResult<Handle> {
    let made = Handle::made_from(name.as_str());
    let mut handle = made.clone();
    while handle.is_reserved()
        || !uow.agents().is_handle_free(&handle)?
        || is_disguise(uow, handle.as_str(), None)?
    {
        let suffix = uow.agents().next_handle_suffix(&made)?;
        handle = made.with_suffix(suffix);
    }
    Ok(handle)
}

/// A verification code that no agent has.
pub(crate) fn unused_code(uow: &mut dyn UnitOfWork, ctx: &Ctx) -> StoreResult<VerificationCode> {
    const TRIES: usize = 100;
    for _ in 0..TRIES {
        let code = VerificationCode::generate(ctx.random());
        if !uow.agents().has_verification_code(&code)? {
            return Ok(code);
        }
    }
    Err(StoreError::Internal("verification codes run out".into()))
}
