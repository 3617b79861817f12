//! What is said of a setting that can't be used: one line.

use std::fmt;
use std::path::PathBuf;

use super::table::{Kind, Setting, TABLE};

/// Longer values are cut where they are shown.
const SHOWN: usize = 100;

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// A flag.
    CommandLine,
    /// A variable.
    Environment,
    /// A line of this file.
    File(PathBuf),
    /// The table.
    Default,
}

/// Something that the operator has to put right.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Wrong {
    /// A value that the setting does not take.
    #[error("{name} ({from}): {because}got {got}, takes {takes}")]
    Value {
        /// The setting, as it is called in its source.
        name: String,
        /// The source, as people call it.
        from: String,
        /// A reason with its colon, or nothing.
        because: String,
        /// The value, as far as it may be shown.
        got: String,
        /// What would be right.
        takes: &'static str,
    },
    /// A line of the file that sets nothing.
    #[error("{} has no setting {key:?}{hint}", file.display())]
    UnknownKey {
        /// The file.
        file: PathBuf,
        /// The key.
        key: String,
        /// What might have been meant.
        hint: Hint,
    },
    /// A file that can't be read, or is no TOML.
    #[error("the configuration file {} can't be used: {reason}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

impl Wrong {
    /// A value, quoted unless it is a secret.
    pub(super) fn value(setting: &Setting, source: &Source, got: &str, because: Option<&str>) -> Self {
        Self::of(setting, source, quoted(got), because)
    }

    /// Something that is no text, told in words.
    pub(super) fn no_text(setting: &Setting, source: &Source, got: &str) -> Self {
        Self::of(setting, source, got.to_owned(), None)
    }

    fn of(setting: &Setting, source: &Source, got: String, because: Option<&str>) -> Self {
        let (name, from) = match source {
            Source::CommandLine => (format!("--{}", setting.flag()), "flag".to_owned()),
            Source::Environment => (setting.variable(), "environment".to_owned()),
            Source::File(file) => (setting.key.to_owned(), file.display().to_string()),
            Source::Default => (setting.key.to_owned(), "default".to_owned()),
        };
        let got =
            if setting.kind == Kind::Secret { "a value that is not shown here".to_owned() } else { got };
        let because = because.map(|reason| format!("{reason}: ")).unwrap_or_default();
        Self::Value { name, from, because, got, takes: setting.takes }
    }
}

/// In quotes, on one line, without a password.
fn quoted(value: &str) -> String {
    let shown = without_credentials(value);
    match shown.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{:?}…", shown.get(..end).unwrap_or_default()),
        None => format!("{shown:?}"),
    }
}

/// What stands between `://` and the last `@` may hold a password.
fn without_credentials(value: &str) -> String {
    match value.split_once("://").and_then(|(scheme, rest)| Some((scheme, rest.rsplit_once('@')?.1))) {
        Some((scheme, rest)) => format!("{scheme}://***@{rest}"),
        None => value.to_owned(),
    }
}

/// The known name that an unknown one is nearest to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Hint(Option<String>);

impl Hint {
    /// The nearest key of the table, where one is near at all, as `told` spells it.
    pub(crate) fn nearest(key: &str, told: impl Fn(&Setting) -> String) -> Self {
        const NEAR: f64 = 0.75;
        let rated = TABLE.iter().map(|setting| (strsim::jaro_winkler(key, setting.key), setting));
        let best = rated.max_by(|a, b| a.0.total_cmp(&b.0));
        Self(best.filter(|(likeness, _)| *likeness >= NEAR).map(|(_, setting)| told(setting)))
    }
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(name) => write!(f, "; the nearest known one is {name}"),
            None => Ok(()),
        }
    }
}
