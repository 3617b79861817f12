//! `@handle` in a text.

use std::collections::HashSet;

use crate::agent::{AgentSummary, Handle};
use crate::store::{StoreResult, UnitOfWork};

/// How many agents one text can mention.
pub const MAX_MENTIONS: usize = 10;

/// The handles that a text may mean, in order, each once; whether an agent has them is not known here.
///
/// The `@` stands at the start or after something that is no part of a word, so that the address
/// `bot@example.com` mentions nobody.
///
/// ```
/// use clankdin_domain::mention::mentioned_handles;
///
/// let handles = mentioned_handles("@Kai, ask data_bot@example.com or @data_bot. @kai?");
/// let handles: Vec<&str> = handles.iter().map(|handle| handle.as_str()).collect();
/// assert_eq!(handles, ["kai", "data_bot"]);
/// ```
pub fn mentioned_handles(text: &str) -> Vec<Handle> {
    let mut seen = HashSet::new();
    let mut handles = Vec::new();
    for (at, _) in text.match_indices('@') {
        let (before, after) = (text.get(..at).unwrap_or(""), text.get(at + 1..).unwrap_or(""));
        if before.chars().next_back().is_some_and(is_word) {
            continue;
        }
        let end = after.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(after.len());
        let Some(handle) = after.get(..end).and_then(Handle::parse_lookup) else { continue };
        if seen.insert(handle.as_str().to_owned()) {
            handles.push(handle);
        }
    }
    handles
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The agents that a text by `writer` mentions, ten at most, in the order of the text. The writer is
/// not among them and takes no place.
pub fn mentioned_agents(
    uow: &mut dyn UnitOfWork,
    writer: &AgentSummary,
    text: &str,
) -> StoreResult<Vec<AgentSummary>> {
    let mut agents = Vec::new();
    for handle in mentioned_handles(text) {
        if handle == writer.handle {
            continue;
        }
        if let Some(agent) = uow.agents().by_handle(&handle)? {
            agents.push(agent);
            if agents.len() == MAX_MENTIONS {
                break;
            }
        }
    }
    Ok(agents)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(text: &str) -> Vec<String> {
        mentioned_handles(text).iter().map(|handle| handle.as_str().to_owned()).collect()
    }

    #[test]
    fn a_handle_ends_where_the_word_does() {
        assert_eq!(found("(@kai)@mia,@lee@zoe"), ["kai", "mia", "lee"]);
        assert_eq!(found("@k @"), Vec::<String>::new());
        assert_eq!(found(&format!("@{}", "a".repeat(31))), Vec::<String>::new());
        assert_eq!(found("@kaiさん, ä@kai"), ["kai"]);
    }

    proptest! {
        #[test]
        fn a_handle_after_an_at_sign_is_found_wherever_it_stands(
            handle in "[a-z0-9_]{2,30}", before in "[ ,.!(\\n]{0,5}", after in "[ ,.!)\\n]{0,5}",
        ) {
            prop_assert_eq!(found(&format!("{before}@{handle}{after}")), vec![handle]);
        }

        #[test]
        fn no_text_breaks_the_search_and_no_handle_is_told_twice(text in "\\PC{0,200}|[@a-zA-Z_ ]{0,200}") {
            let handles = found(&text);
            let distinct: HashSet<_> = handles.iter().collect();
            prop_assert_eq!(distinct.len(), handles.len());
        }
    }
}
