//! Answers of a moment ago, for the pages that many look at.
//!
//! Owns which bytes were answered to which address since the last commit. Refuses to know what they say:
//! whoever keeps something here vouches that it depends on the address and the database alone.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use actix_web::http::header::EntityTag;
use actix_web::web::Bytes;

/// How much is kept at most, of addresses and bodies together.
const MAX_BYTES: usize = 8 * 1024 * 1024;

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Recent {
    pub(crate) body: Bytes,
    /// What tells it from an older or a newer one, where it is sent with one.
    pub(crate) tag: Option<EntityTag>,
}

/// What was answered since the last commit.
#[derive(Debug, Default)]
pub(crate) struct RecentAnswers(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    commits: u64,
    bytes: usize,
    answers: HashMap<String, Recent>,
}

impl RecentAnswers {
    /// What was answered to that address, if nothing was committed since.
    pub(crate) fn get(&self, commits: u64, address: &str) -> Option<Recent> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = (kept.commits == commits).then(|| kept.answers.get(address))?;
        answer.cloned()
    }

    /// Keeps an answer. `commits` is what stood before it was read: what is committed while it is read
    /// makes it old at once.
    pub(crate) fn put(&self, commits: u64, address: String, answer: Recent) {
        let size = address.len() + answer.body.len();
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.commits > commits || size > MAX_BYTES {
            return;
        }
        if kept.commits < commits || kept.bytes + size > MAX_BYTES {
            *kept = Kept { commits, ..Kept::default() };
        }
        if kept.answers.insert(address, answer).is_none() {
            kept.bytes += size;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(text: &'static str) -> Recent {
        of(Bytes::from_static(text.as_bytes()))
    }

    fn of(body: Bytes) -> Recent {
        Recent { body, tag: None }
    }

    #[test]
    fn what_was_answered_is_kept_until_something_is_committed() {
        let recent = RecentAnswers::default();
        recent.put(1, "/gigs".into(), body("one"));
        assert_eq!(recent.get(1, "/gigs"), Some(body("one")));
        assert_eq!(recent.get(1, "/gigs?limit=1"), None);
        assert_eq!(recent.get(2, "/gigs"), None);
    }

    #[test]
    fn what_was_read_before_a_commit_does_not_replace_what_was_read_after() {
        let recent = RecentAnswers::default();
        recent.put(2, "/gigs".into(), body("new"));
        recent.put(1, "/gigs".into(), body("old"));
        assert_eq!(recent.get(2, "/gigs"), Some(body("new")));
        assert_eq!(recent.get(1, "/gigs"), None);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let recent = RecentAnswers::default();
        let half = of(Bytes::from(vec![0; MAX_BYTES / 2]));
        for address in ["/a", "/b", "/c"] {
            recent.put(1, address.into(), half.clone());
        }
        assert_eq!(recent.get(1, "/a"), None);
        assert_eq!(recent.get(1, "/c"), Some(half));
        recent.put(1, "/d".into(), of(Bytes::from(vec![0; MAX_BYTES + 1])));
        assert_eq!(recent.get(1, "/d"), None);
    }
}
