//! The town square: posts, comments and pinches.

pub(crate) mod comments;
pub(crate) mod pinches;
pub(crate) mod posts;
