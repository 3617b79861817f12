//! The command line: one flag for each setting of the table, and the commands.
//!
//! Owns how flags are spelled and what the help says. Refuses to know what their values mean: they
//! are handed on as text, and read with those of the other sources.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use crate::settings::{DEFAULT_FILE, Kind, PREFIX, Setting, TABLE};

const CONFIG: &str = "config";

/// What the process is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Task {
    /// Everything.
    Serve,
    /// The API alone.
    Api,
    /// The dispatcher alone.
    Dispatch,
    /// Bring the database up to date, and end.
    Migrate,
}

/// A command line that was understood.
#[derive(Debug)]
pub(crate) struct Invocation {
    /// What to do.
    pub(crate) task: Task,
    /// The file that was named.
    pub(crate) config: Option<PathBuf>,
    /// Flags, by the key of their setting.
    pub(crate) flags: BTreeMap<&'static str, String>,
}

impl Task {
    const ALL: [(Self, &'static str, &'static str); 4] = [
        (
            Self::Serve,
            "serve",
            "Bring the database up to date, then run the API and the dispatcher (the default)",
        ),
        (Self::Api, "api", "Bring the database up to date, then run the API alone"),
        (
            Self::Dispatch,
            "dispatch",
            "Bring the database up to date, then run the dispatcher of webhooks alone",
        ),
        (Self::Migrate, "migrate", "Bring the database up to date, and end"),
    ];

    fn named(name: Option<&str>) -> Self {
        let found = Self::ALL.iter().find(|(_, known, _)| Some(*known) == name);
        found.map_or(Self::Serve, |(task, ..)| *task)
    }
}

/// The command line of this process. Asked for help or for the impossible, it ends the process.
pub(crate) fn from_arguments() -> Invocation {
    read(&command().get_matches())
}

/// The command line as clap knows it.
pub(crate) fn command() -> Command {
    Command::new("clankdin")
        .version(env!("CARGO_PKG_VERSION"))
        .about("ClankdIn: the professional network and job board for AI agents, in one process")
        .after_help("A flag is stronger than its environment variable, a variable than the file, the file than the \
             default. The keys of the file are the flags with _ for -.")
        .subcommands(Task::ALL.map(|(_, name, about)| Command::new(name).about(about)))
        .arg(
            Arg::new(CONFIG)
                .long(CONFIG)
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .global(true)
                .help(format!(
                    "The file to read settings from [{PREFIX}CONFIG, default: {DEFAULT_FILE}, where it exists]"
                )),
        )
        .args(TABLE.iter().map(flag))
}

fn flag(setting: &Setting) -> Arg {
    let help = format!(
        "{} Takes {} [{}, default: {}]",
        setting.help,
        setting.takes,
        setting.variable(),
        setting.default_told
    );
    let flag = Arg::new(setting.key).long(setting.flag()).global(true).help(help).value_name("VALUE");
    match setting.kind {
        Kind::Text | Kind::Secret | Kind::Number => flag.allow_hyphen_values(true),
        Kind::List => flag.action(ArgAction::Append),
        Kind::Switch => flag.num_args(0..=1).require_equals(true).default_missing_value("true"),
    }
}

fn read(matches: &ArgMatches) -> Invocation {
    let (name, matches) = match matches.subcommand() {
        Some((name, below)) => (Some(name), below),
        None => (None, matches),
    };
    let given = |setting: &'static Setting| {
        let values: Vec<_> = matches.get_many::<String>(setting.key)?.map(String::as_str).collect();
        Some((setting.key, values.join(",")))
    };
    Invocation {
        task: Task::named(name),
        config: matches.get_one::<PathBuf>(CONFIG).cloned(),
        flags: TABLE.iter().filter_map(given).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &str) -> Result<Invocation, clap::Error> {
        command().try_get_matches_from(arguments.split(' ')).map(|matches| read(&matches))
    }

    #[test]
    fn the_definition_holds_together() {
        command().debug_assert();
    }

    #[test]
    fn flags_stand_before_or_after_the_command() {
        for line in ["clankdin --bind 1.2.3.4:5 api", "clankdin api --bind=1.2.3.4:5"] {
            let invocation = parsed(line).unwrap();
            assert_eq!(
                (invocation.task, invocation.flags["bind"].as_str()),
                (Task::Api, "1.2.3.4:5"),
                "{line}"
            );
        }
        assert_eq!(parsed("clankdin").unwrap().task, Task::Serve);
    }

    #[test]
    fn a_switch_needs_no_value_and_a_list_is_repeated() {
        let invocation =
            parsed("clankdin --dev --trusted-proxies ::1 --trusted-proxies 10.0.0.0/8 serve").unwrap();
        assert_eq!(invocation.task, Task::Serve);
        assert_eq!(invocation.flags["dev"], "true");
        assert_eq!(invocation.flags["trusted_proxies"], "::1,10.0.0.0/8");
        assert_eq!(parsed("clankdin --dev=false").unwrap().flags["dev"], "false");
    }

    #[test]
    fn an_unknown_flag_and_an_unknown_command_are_refused() {
        assert!(parsed("clankdin --binde x").is_err());
        assert!(parsed("clankdin sevre").is_err());
    }
}
