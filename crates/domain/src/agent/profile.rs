//! What an agent says of itself, each part valid by construction.

use std::collections::HashSet;

use super::Handle;
use crate::text::{self, TextError, case_fold, search_words, text_type};

text_type! {
    /// What an agent calls itself.
    AgentName, line, 2..=50;
    /// What an agent does, in a line.
    Tagline, line, 10..=200;
    /// An agent's own account of itself.
    Bio, block, 50..=2000;
    /// A skill as an agent writes it; compared by [`SkillName::key`].
    SkillName, line, 1..=50;
    /// A language, of humans or of machines.
    Language, line, 1..=50;
    /// The model that an agent runs on.
    BaseModel, line, 1..=100;
    /// Something that an agent is good at.
    Strength, line, 1..=100;
    /// What an agent is working on.
    TaskText, line, 1..=280;
}

impl SkillName {
    /// What skills are compared by: `Python` and `PYTHON` are one skill.
    ///
    /// ```
    /// use clankdin_domain::agent::SkillName;
    ///
    /// assert_eq!(SkillName::parse("Data Analysis")?.key(), SkillName::parse("DATA analysis")?.key());
    /// # Ok::<(), clankdin_domain::text::TextError>(())
    /// ```
    pub fn key(&self) -> String {
        case_fold(self.as_str())
    }
}

impl BaseModel {
    /// What models are compared by.
    ///
    /// ```
    /// use clankdin_domain::agent::BaseModel;
    ///
    /// assert_eq!(BaseModel::parse("Small-1")?.key(), BaseModel::parse("SMALL-1")?.key());
    /// # Ok::<(), clankdin_domain::text::TextError>(())
    /// ```
    pub fn key(&self) -> String {
        case_fold(self.as_str())
    }
}

/// What kind of thing an agent is working on: a `snake_case` slug of 1 to 40 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskCategory(String);

impl TaskCategory {
    /// Takes a slug: lower-case ASCII letters and digits in words joined by single underscores.
    pub fn parse(input: &str) -> Result<Self, TextError> {
        let text = text::parse_line(input, 1..=40)?;
        let word = |word: &str| {
            !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        };
        if text.split('_').all(word) {
            Ok(Self(text))
        } else {
            Err(TextError::Malformed(
                "a snake_case slug of lower-case letters, digits and single underscores",
            ))
        }
    }

    /// What was parsed before and stored since.
    pub fn from_stored(slug: String) -> Self {
        Self(slug)
    }

    /// The slug.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where an agent's picture is; handed out as a link, never fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvatarUrl(String);

impl AvatarUrl {
    /// Takes an absolute `https` URL without credentials, 2,048 bytes at most.
    pub fn parse(input: &str) -> Result<Self, TextError> {
        const TAKES: TextError =
            TextError::Malformed("an absolute https URL without credentials, of 2048 bytes at most");
        let url = text::parse_url(input, TAKES)?;
        let is_plain = url.username().is_empty() && url.password().is_none();
        if url.scheme() == "https" && is_plain { Ok(Self(url.into())) } else { Err(TAKES) }
    }

    /// What was parsed before and stored since.
    pub fn from_stored(url: String) -> Self {
        Self(url)
    }

    /// The URL.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The skills of a profile: 1 to 20, no two alike but for case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skills(Vec<SkillName>);

/// A profile has too few or too many skills.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("takes {min} to {max} skills, but got {actual}")]
pub struct SkillCountError {
    /// The fewest.
    pub min: usize,
    /// The most.
    pub max: usize,
    /// What was given, doubles folded.
    pub actual: usize,
}

impl Skills {
    /// Folds doubles (the first spelling stays) and takes 1 to 20.
    ///
    /// ```
    /// use clankdin_domain::agent::{SkillName, Skills};
    ///
    /// let names = ["Python", "SQL", "PYTHON"].map(|name| SkillName::parse(name).expect("a skill"));
    /// let skills = Skills::new(names.into())?;
    /// assert_eq!(skills.names().len(), 2);
    /// # Ok::<(), clankdin_domain::agent::SkillCountError>(())
    /// ```
    pub fn new(names: Vec<SkillName>) -> Result<Self, SkillCountError> {
        let names = fold_doubles(names);
        match names.len() {
            1..=20 => Ok(Self(names)),
            actual => Err(SkillCountError { min: 1, max: 20, actual }),
        }
    }

    /// What was valid before and stored since.
    pub fn from_stored(names: Vec<SkillName>) -> Self {
        Self(names)
    }

    /// The names in the profile's order.
    pub fn names(&self) -> &[SkillName] {
        &self.0
    }

    /// The skill with that [`SkillName::key`].
    pub fn find(&self, key: &str) -> Option<&SkillName> {
        self.0.iter().find(|name| name.key() == key)
    }
}

/// Keeps the first of names that are alike but for case.
pub fn fold_doubles(names: Vec<SkillName>) -> Vec<SkillName> {
    let mut seen = HashSet::new();
    names.into_iter().filter(|name| seen.insert(name.key())).collect()
}

/// What an agent says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// What it calls itself.
    pub name: AgentName,
    /// What it does, in a line.
    pub tagline: Tagline,
    /// Its own account of itself.
    pub bio: Bio,
    /// What it can do.
    pub skills: Skills,
    /// What it speaks, 20 at most.
    pub languages: Vec<Language>,
    /// What it runs on.
    pub base_model: Option<BaseModel>,
    /// What it is good at, 10 at most.
    pub strengths: Vec<Strength>,
    /// Where its picture is.
    pub avatar_url: Option<AvatarUrl>,
}

impl Profile {
    /// The most languages of a profile.
    pub const MAX_LANGUAGES: usize = 20;
    /// The most strengths of a profile.
    pub const MAX_STRENGTHS: usize = 10;

    /// The words by which an agent of that handle is found (see [`search_words`]).
    pub fn search_words(&self, handle: &Handle) -> Vec<String> {
        search_words(&format!("{}\n{}\n{}\n{}", self.name, handle.as_str(), self.tagline, self.bio))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skills(names: &[&str]) -> Result<Skills, SkillCountError> {
        Skills::new(names.iter().map(|name| SkillName::parse(name).unwrap()).collect())
    }

    #[test]
    fn doubles_are_folded_before_skills_are_counted() {
        let many: Vec<String> = (0..20).map(|n| format!("skill {n}")).collect();
        let mut names: Vec<&str> = many.iter().map(String::as_str).collect();
        names.push("SKILL 0");
        assert_eq!(skills(&names).unwrap().names().len(), 20);
        names.push("one more");
        assert_eq!(skills(&names), Err(SkillCountError { min: 1, max: 20, actual: 21 }));
        assert_eq!(skills(&[]), Err(SkillCountError { min: 1, max: 20, actual: 0 }));
    }

    #[test]
    fn the_first_spelling_of_a_skill_stays() {
        let skills = skills(&["C++", "c++", "straße", "STRASSE"]).unwrap();
        assert_eq!(skills.names().iter().map(SkillName::as_str).collect::<Vec<_>>(), ["C++", "straße"]);
        assert_eq!(skills.find("strasse").unwrap().as_str(), "straße");
    }

    #[test]
    fn every_word_of_the_longest_profile_is_found() {
        let mut letters = '\u{4E00}'..;
        let mut text = |length| letters.by_ref().take(length).collect::<String>();
        let profile = Profile {
            name: AgentName::parse(&text(50)).unwrap(),
            tagline: Tagline::parse(&text(200)).unwrap(),
            bio: Bio::parse(&text(2000)).unwrap(),
            skills: skills(&["Python"]).unwrap(),
            languages: vec![],
            base_model: None,
            strengths: vec![],
            avatar_url: None,
        };
        let words = profile.search_words(&Handle::parse("data_bot").unwrap());
        assert_eq!(words.len(), 50 + 200 + 2000 + 2);
        assert!(words.contains(&"bot".to_owned()));
    }

    #[test]
    fn a_category_is_a_slug() {
        for good in ["available", "deep_work", "a", "42", "phase_2"] {
            assert!(TaskCategory::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "Available", "deep-work", "_a", "a_", "a__b", &"a".repeat(41)] {
            assert!(TaskCategory::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_avatar_is_an_https_url_without_credentials() {
        assert!(AvatarUrl::parse("https://example.com/me.png").is_ok());
        for bad in
            ["http://example.com/a", "javascript:alert(1)", "https://u:p@example.com/", "/a.png", "data:,"]
        {
            assert!(AvatarUrl::parse(bad).is_err(), "{bad}");
        }
    }
}
