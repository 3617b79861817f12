//! Every value that was given, and the strongest source that gave it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use super::file::{self, Contents};
use super::read::Reading;
use super::table::{Setting, TABLE};
use super::wrong::{Hint, Source, Wrong};
use super::{DEFAULT_FILE, PREFIX};

/// Where settings come from. Handed in, so that a test needs no environment of its own.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    /// Flags, by the key of their setting.
    pub(crate) flags: BTreeMap<&'static str, String>,
    /// The file that a flag names.
    pub(crate) config: Option<PathBuf>,
    /// Variables; those that are not ours are passed over.
    pub(crate) environment: Vec<(OsString, OsString)>,
    /// Where a file is looked for that nobody named.
    pub(crate) directory: PathBuf,
}

/// The strongest value that was given for each setting.
#[derive(Debug, Default)]
pub(crate) struct Given {
    values: BTreeMap<&'static str, (Raw, Source)>,
    /// A warning for each of our variables that sets nothing.
    pub(crate) warnings: Vec<String>,
}

/// A value before it is read: text, or words for what stands where text should.
#[derive(Debug)]
pub(super) enum Raw {
    Text(String),
    NoText(String),
}

impl Given {
    /// Collects from the weakest source to the strongest. What is wrong with a file is told beside.
    pub(super) fn collect(sources: Sources) -> (Self, Vec<Wrong>) {
        let mut given = Self::default();
        let (environment, named) = given.read_environment(sources.environment);
        let wrong = match sources.config.or(named) {
            Some(path) => given.read_file(path),
            None if sources.directory.join(DEFAULT_FILE).exists() => {
                given.read_file(sources.directory.join(DEFAULT_FILE))
            }
            None => Vec::new(),
        };
        given.values.extend(environment.into_iter().map(|(key, raw)| (key, (raw, Source::Environment))));
        let flags = sources.flags.into_iter();
        given.values.extend(flags.map(|(key, text)| (key, (Raw::Text(text), Source::CommandLine))));
        (given, wrong)
    }

    /// Whether anybody gave a value.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.values.contains_key(key)
    }

    /// The value of one setting. One that is wrong is added to `wrong`.
    pub(super) fn read<T>(
        &self,
        setting: &'static Setting,
        read: impl Fn(&str) -> Reading<T>,
        wrong: &mut Vec<Wrong>,
    ) -> Option<T> {
        let (text, source) = match self.values.get(setting.key) {
            Some((Raw::Text(text), source)) => (text.as_str(), source),
            Some((Raw::NoText(words), source)) => {
                wrong.push(Wrong::no_text(setting, source, words));
                return None;
            }
            None => (setting.default, &Source::Default),
        };
        match read(text.trim()) {
            Ok(value) => Some(value),
            Err(because) => {
                wrong.push(Wrong::value(setting, source, text, because));
                None
            }
        }
    }

    /// Our variables by key, and the file that one of them names. An empty one counts as not set:
    /// it is what `NAME=${NAME}` leaves where there is none.
    fn read_environment(
        &mut self,
        variables: Vec<(OsString, OsString)>,
    ) -> (Vec<(&'static str, Raw)>, Option<PathBuf>) {
        const CONFIG: &str = "CONFIG";
        let (mut values, mut config) = (Vec::new(), None);
        for (name, value) in variables {
            let Some(name) = name.to_str().and_then(|name| name.strip_prefix(PREFIX)) else { continue };
            if name == CONFIG {
                config = Some(PathBuf::from(value)).filter(|path| !path.as_os_str().is_empty());
            } else if let Some(setting) = TABLE.iter().find(|row| row.key.to_ascii_uppercase() == name) {
                match value.into_string() {
                    Ok(text) if text.is_empty() => {}
                    Ok(text) => values.push((setting.key, Raw::Text(text))),
                    Err(_) => values.push((setting.key, Raw::NoText("a value that is not UTF-8".into()))),
                }
            } else {
                let hint = Hint::nearest(&name.to_ascii_lowercase(), Setting::variable);
                self.warnings.push(format!("the environment variable {PREFIX}{name} sets nothing{hint}"));
            }
        }
        (values, config)
    }

    fn read_file(&mut self, path: PathBuf) -> Vec<Wrong> {
        let Contents { values, wrong } = match file::read(&path) {
            Ok(contents) => contents,
            Err(reason) => return vec![Wrong::File { file: path, reason }],
        };
        let source = Source::File(path);
        self.values.extend(values.into_iter().map(|(key, raw)| (key, (raw, source.clone()))));
        wrong
    }
}
