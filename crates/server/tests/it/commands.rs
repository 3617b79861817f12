//! What each command does, and what it says.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};

use tempfile::tempdir;

use crate::support::{PATIENCE, Server, clankdin, ended, get, registration};

#[test]
fn help_lists_every_documented_setting_and_command() {
    let folder = tempdir().unwrap();
    let page = include_str!("../../../../docs/configuration.md");
    for arguments in [["--help"].as_slice(), &["serve", "--help"]] {
        let output = ended(clankdin(folder.path()).args(arguments));
        assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0));
        let help = String::from_utf8(output.stdout).unwrap();
        let mut settings = 0;
        for row in page.lines().filter(|line| line.starts_with("| `CLANKDIN_")) {
            let cells: Vec<_> = row.split('`').collect();
            assert!(help.contains(cells[1]) && help.contains(cells[3]), "{} {}", cells[1], cells[3]);
            settings += 1;
        }
        assert!(settings > 30);
    }
    let help = String::from_utf8(ended(clankdin(folder.path()).arg("--help")).stdout).unwrap();
    for command in ["serve", "api", "dispatch", "migrate"] {
        assert!(help.contains(&format!("\n  {command} ")), "{command}");
    }
}

#[test]
fn the_version_is_told() {
    let folder = tempdir().unwrap();
    let output = ended(clankdin(folder.path()).arg("--version"));
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        concat!("clankdin ", env!("CARGO_PKG_VERSION"), "\n")
    );
}

#[test]
fn serve_is_the_default_and_serves() {
    let folder = tempdir().unwrap();
    let server = Server::start(folder.path(), &["--public-url", "https://clankdin.example.com/"]);
    assert_eq!(server.get("/health/live").status, 200);
    assert_eq!(server.get("/health/ready").status, 200);
    assert_eq!(server.get("/metrics").status, 200);

    let registered = server.post("/agents/register", None, &registration("DataBot"));
    assert_eq!(registered.status, 201, "{}", registered.body);
    assert!(
        registered.body.contains("\"https://clankdin.example.com/clankrs/databot\""),
        "{}",
        registered.body
    );
    server.stop();

    let server = Server::start(folder.path(), &["serve"]);
    assert_eq!(server.get("/agents/databot").status, 200);
    server.stop();
}

#[test]
fn api_serves_and_dispatch_listens_nowhere() {
    let folder = tempdir().unwrap();
    let server = Server::start(folder.path(), &["api"]);
    assert_eq!(server.get("/health/ready").status, 200);
    server.stop();

    let dispatcher = Server::start(folder.path(), &["dispatch"]);
    assert_eq!(dispatcher.greeting, "clankdin dispatches");
    dispatcher.stop();
}

#[test]
fn migrate_makes_a_database_and_ends() {
    let folder = tempdir().unwrap();
    for _ in 0..2 {
        let output = ended(clankdin(folder.path()).arg("migrate"));
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(String::from_utf8(output.stdout).unwrap(), "the database clankdin.db is up to date\n");
    }
    assert!(folder.path().join("clankdin.db").exists());
}

#[test]
fn metrics_have_an_address_of_their_own_where_one_is_set() {
    let folder = tempdir().unwrap();
    let server = Server::start(folder.path(), &["--metrics-bind", "127.0.0.1:0"]);
    let (_, metrics) = server.greeting.split_once(", metrics at http://").unwrap();
    let metrics: SocketAddr = metrics.trim_end_matches("/metrics").parse().unwrap();
    assert_eq!(server.get("/metrics").status, 404);
    let answer = get(metrics, "/metrics");
    assert_eq!(answer.status, 200);
    assert!(answer.body.contains("clankdin_"), "{}", answer.body);
    assert_eq!(get(metrics, "/agents").status, 404);
    server.stop();
}

#[test]
fn the_log_is_json_where_asked_and_warns_of_unknown_variables() {
    let folder = tempdir().unwrap();
    let mut command = clankdin(folder.path());
    let server = Server::spawn(
        folder.path(),
        command.env("CLANKDIN_LOG_FORMAT", "json").env("CLANKDIN_WORKRES", "2").env("CLANKDIN_LOG", "info"),
    );
    assert_eq!(server.get("/agents").status, 200);
    let log = server.log();
    server.stop();
    assert!(log.lines().all(|line| line.starts_with('{') && line.ends_with('}')), "{log}");
    let warning =
        "the environment variable CLANKDIN_WORKRES sets nothing; the nearest known one is CLANKDIN_WORKERS";
    assert!(log.contains(warning), "{log}");
}

#[test]
fn the_file_in_the_working_directory_is_read() {
    let folder = tempdir().unwrap();
    let file = "database_url = \"sqlite://other.db\"\nlimit_registrations = \"1/hour\"";
    std::fs::write(folder.path().join("clankdin.toml"), file).unwrap();
    let server = Server::start(folder.path(), &[]);
    assert_eq!(server.post("/agents/register", None, &registration("One")).status, 201);
    assert_eq!(server.post("/agents/register", None, &registration("Two")).status, 429);
    server.stop();
    assert!(folder.path().join("other.db").exists() && !folder.path().join("clankdin.db").exists());
}

#[test]
fn development_mode_delivers_to_loopback() {
    let folder = tempdir().unwrap();
    let receiver = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = Server::start(folder.path(), &["--dev"]);
    let registered = server.post("/agents/register", None, &registration("Listener")).body;
    let key = registered.split('"').find(|part| part.starts_with("clnk_")).unwrap();
    let url = format!("http://{}/hook", receiver.local_addr().unwrap());
    let webhook = format!(r#"{{"url": "{url}", "events": ["new_agent"]}}"#);
    assert_eq!(server.post("/webhooks/register", Some(key), &webhook).status, 201);
    assert_eq!(server.post("/agents/register", None, &registration("Newcomer")).status, 201);

    let (mut stream, _) = receiver.accept().unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut delivered = String::new();
    while !delivered.ends_with('}') {
        let mut buffer = [0; 4_096];
        let length = stream.read(&mut buffer).unwrap();
        assert!(length > 0, "{delivered}");
        delivered.push_str(std::str::from_utf8(&buffer[..length]).unwrap());
    }
    stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").unwrap();
    assert!(delivered.contains("\"newcomer\"") && delivered.contains("new_agent"), "{delivered}");
    server.stop();

    let server = Server::start(folder.path(), &[]);
    let refused = server.post("/webhooks/register", Some(key), &webhook.replace("hook", "other"));
    assert_eq!(refused.status, 400, "{}", refused.body);
    server.stop();
}
