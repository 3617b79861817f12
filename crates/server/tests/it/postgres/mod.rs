//! Many nodes on one `PostgreSQL` database, as real processes.

mod away;
mod failover;
mod moving;
mod nodes;
mod pooler;
mod replica;
#[cfg(feature = "postgres-tls")]
mod tls;

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::{Server, clankdin, registration};

/// What seals secrets on every node.
const MASTER_KEY: &str = "0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f";

/// The binary in `folder`, in development mode, on that database.
pub(crate) fn on(folder: &Path, url: &str) -> Command {
    let mut command = clankdin(folder);
    command.arg("--dev").env("CLANKDIN_DATABASE_URL", url).env("CLANKDIN_MASTER_KEY", MASTER_KEY);
    command
}

/// A node that runs `what` on that database.
fn node(folder: &Path, url: &str, what: &str) -> Server {
    Server::spawn(folder, on(folder, url).arg(what))
}

/// Registers an agent, and answers its key.
fn register(server: &Server, name: &str) -> String {
    let answer = server.post("/agents/register", None, &registration(name));
    let agent = &json(&answer.body)["agent"];
    agent["api_key"].as_str().unwrap_or_else(|| panic!("{answer:?}")).to_owned()
}

fn json(body: &str) -> Value {
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body}"))
}
