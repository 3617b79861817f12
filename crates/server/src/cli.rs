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
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Task {
    /// Everything.
    Serve,
    /// The API alone.
    Api,
    /// The dispatcher alone.
    Dispatch,
    /// Bring the database up to date, and end.
    Migrate,
    /// Copy the database to a file, and end.
    Backup {
        /// The file.
        file: PathBuf,
    },
    /// Copy everything to another database, and end.
    Copy {
        /// Where it is.
        from: String,
        /// Where it is to be.
        to: String,
    },
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

const FILE: &str = "file";
const FROM: &str = "from";
const TO: &str = "to";

impl Task {
    fn commands() -> [Command; 6] {
        let url = |name: &'static str, help: &'static str| {
            Arg::new(name).long(name).required(true).value_name("URL").help(help)
        };
        [
            Command::new("serve")
                .about("Bring the database up to date, then run the API and the dispatcher (the default)"),
            Command::new("api").about("Bring the database up to date, then run the API alone"),
            Command::new("dispatch")
                .about("Bring the database up to date, then run the dispatcher of webhooks alone"),
            Command::new("migrate").about("Bring the database up to date, and end"),
            Command::new("backup")
                .about("Copy the SQLite database to a file, also while a server uses it, and end")
                .arg(
                    Arg::new(FILE)
                        .required(true)
                        .value_name("FILE")
                        .value_parser(value_parser!(PathBuf))
                        .help("The file to make; it must not stand already"),
                ),
            Command::new("copy")
                .about("Copy everything from an SQLite database that nobody uses to an empty PostgreSQL database, and end")
                .arg(url(FROM, "sqlite://<path>"))
                .arg(url(TO, "postgres://<user>@<host>/<database>")),
        ]
    }

    fn named(name: Option<&str>, matches: &ArgMatches) -> Self {
        let text = |name| matches.get_one::<String>(name).cloned().unwrap_or_default();
        match name {
            Some("api") => Self::Api,
            Some("dispatch") => Self::Dispatch,
            Some("migrate") => Self::Migrate,
            Some("backup") => {
                Self::Backup { file: matches.get_one::<PathBuf>(FILE).cloned().unwrap_or_default() }
            }
            Some("copy") => Self::Copy { from: text(FROM), to: text(TO) },
            _ => Self::Serve,
        }
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
        .subcommands(Task::commands())
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
        task: Task::named(name, matches),
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
