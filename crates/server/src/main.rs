//! `ClankdIn` in one binary.
//!
//! Owns the wiring: settings, log, commands, and which part is handed to which. Refuses to know any
//! rule of the domain, any SQL, and any route.

mod cli;
mod failure;
mod logging;
mod run;
mod settings;
mod system;

use std::env;
use std::process::ExitCode;

use crate::cli::Invocation;
use crate::failure::Failure;
use crate::settings::{Settings, Sources};

/// An answer is made of many small strings; this allocator spends half the time on them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match start(cli::from_arguments()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn start(Invocation { task, config, flags }: Invocation) -> Result<(), Failure> {
    // The working directory as a relative path, so that messages name the file as people do.
    let sources = Sources { flags, config, environment: env::vars_os().collect(), directory: "".into() };
    let (settings, given) = Settings::load(sources).map_err(Failure::Settings)?;
    logging::start(&settings);
    for warning in &given.warnings {
        tracing::warn!("{warning}");
    }
    if given.has("bind") && !given.has("public_url") {
        let public_url = settings.public_url.as_str();
        tracing::warn!("bind is set and public_url is not: URLs that are handed out begin with {public_url}");
    }
    run::run(&task, &settings)
}
