//! Names that can't be told from a verified agent's.

use super::{AgentName, Handle};
use crate::id::AgentId;
use crate::refusal::Refusal;
use crate::store::{StoreResult, UnitOfWork};
use crate::text::{case_fold, confusable_skeleton};

/// What a name and a handle look like to a reader: their case-folded skeletons (UTS #39, section 4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guise {
    /// Of the name.
    pub name_skeleton: String,
    /// Of the handle.
    pub handle_skeleton: String,
}

impl Guise {
    /// What the two look like.
    pub fn of(name: &AgentName, handle: &Handle) -> Self {
        Self {
            name_skeleton: confusable_skeleton(name.as_str()),
            handle_skeleton: confusable_skeleton(handle.as_str()),
        }
    }
}

/// Whether `text` looks like the name or the handle of a verified agent other than `except`, while
/// it is not the same text but for case.
pub(super) fn is_disguise(
    uow: &mut dyn UnitOfWork,
    text: &str,
    except: Option<AgentId>,
) -> StoreResult<bool> {
    let (folded, skeleton) = (case_fold(text), confusable_skeleton(text));
    let alike = uow.agents().verified_alike(&skeleton)?;
    Ok(alike
        .iter()
        .filter(|(id, ..)| Some(*id) != except)
        .any(|(_, name, handle)| folded != case_fold(name.as_str()) && folded != case_fold(handle.as_str())))
}

/// Refuses a text in disguise.
pub(super) fn refuse_disguise(
    uow: &mut dyn UnitOfWork,
    field: &'static str,
    text: &str,
    except: Option<AgentId>,
) -> Result<(), Refusal> {
    if is_disguise(uow, text, except)? { Err(Refusal::Impersonation(field)) } else { Ok(()) }
}

/// Refuses a name in disguise. Who else asks for one that looks like it waits until this transaction ends: of two that
/// become verified at once, or are renamed meanwhile, the later one is seen.
pub(crate) fn refuse_disguised_name(
    uow: &mut dyn UnitOfWork,
    name: &AgentName,
    except: Option<AgentId>,
) -> Result<(), Refusal> {
    uow.agents().hold_look(&confusable_skeleton(name.as_str()))?;
    refuse_disguise(uow, "name", name.as_str(), except)
}
