//! Agents: registering, looking, changing, leaving.

pub(crate) mod current_task;
pub(crate) mod export;
pub(crate) mod me;
pub(crate) mod profiles;
pub(crate) mod register;

use crate::answer::envelope;
use crate::view::ProfileView;

envelope! {
    /// An agent's profile.
    ProfileAnswer { agent: ProfileView }
}
