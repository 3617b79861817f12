//! Which source is the strongest, and what is said of a wrong value.

use std::ffi::OsString;
use std::path::Path;

use clankdin_webhook_dispatcher::AddressLimit;

use super::table::TABLE;
use super::{DEFAULT_FILE, DatabaseUrl, Given, LogFormat, Settings, Sources};

fn sources(
    flags: &[(&'static str, &str)],
    environment: &[(&str, &str)],
    file: &str,
) -> (Sources, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    if !file.is_empty() {
        std::fs::write(directory.path().join(DEFAULT_FILE), file).unwrap();
    }
    let sources = Sources {
        flags: flags.iter().map(|(key, value)| (*key, (*value).to_owned())).collect(),
        config: None,
        environment: environment.iter().map(|(name, value)| (name.into(), value.into())).collect(),
        directory: directory.path().to_owned(),
    };
    (sources, directory)
}

fn load(flags: &[(&'static str, &str)], environment: &[(&str, &str)], file: &str) -> (Settings, Given) {
    let (sources, _directory) = sources(flags, environment, file);
    Settings::load(sources).unwrap_or_else(|wrong| panic!("{wrong:?}"))
}

/// The lines that are told, with the directory of the file cut off.
fn wrong(flags: &[(&'static str, &str)], environment: &[(&str, &str)], file: &str) -> Vec<String> {
    let (sources, directory) = sources(flags, environment, file);
    let Err(wrong) = Settings::load(sources) else { panic!("taken") };
    let directory = format!("{}/", directory.path().display());
    wrong.iter().map(|line| line.to_string().replace(&directory, "")).collect()
}

#[test]
fn the_defaults_are_the_contracts() {
    let (settings, _) = load(&[], &[], "");
    assert_eq!(settings.bind.to_string(), "127.0.0.1:8080");
    assert_eq!(settings.public_url.as_str(), "http://127.0.0.1:8080");
    assert_eq!(settings.database_url, DatabaseUrl::Sqlite("clankdin.db".into()));
    assert!(settings.master_key.is_none() && settings.trusted_proxies.is_empty() && !settings.dev);
    assert_eq!((settings.log.as_str(), settings.log_format), ("info", LogFormat::Text));
    assert_eq!(settings.action_limits(), clankdin_domain::limit::ActionLimits::default());
    let limits = settings.request_limits();
    let told =
        [limits.requests, limits.anonymous, limits.registrations].map(|limit| limit.unwrap().to_string());
    assert_eq!(told, ["600/minute", "300/minute", "60/hour"]);
    assert_eq!((settings.event_retention_days, settings.database_cache_mib), (30, 32));
}

#[test]
fn a_private_address_has_limits_only_where_they_are_set() {
    let limits = |environment: &[(&str, &str)]| load(&[], environment, "").0.address_limits();
    let usual = AddressLimit { at_once: Some(32), per_second: Some(50) };
    assert_eq!(limits(&[]), (usual, AddressLimit::default()));
    let at_once = limits(&[("CLANKDIN_WEBHOOK_PER_ADDRESS", "3")]);
    let three = AddressLimit { at_once: Some(3), per_second: None };
    assert_eq!(at_once, (AddressLimit { at_once: Some(3), ..usual }, three));
    let rate = limits(&[("CLANKDIN_WEBHOOK_ADDRESS_RATE", "7")]);
    let seven = AddressLimit { at_once: None, per_second: Some(7) };
    assert_eq!(rate, (AddressLimit { per_second: Some(7), ..usual }, seven));
}

#[test]
fn a_flag_is_stronger_than_a_variable_and_a_variable_than_the_file() {
    let file = "bind = \"10.0.0.1:1\"";
    let variable = [("CLANKDIN_BIND", "10.0.0.2:2")];
    let bind = |settings: &Settings| settings.bind.to_string();
    assert_eq!(bind(&load(&[], &[], file).0), "10.0.0.1:1");
    assert_eq!(bind(&load(&[], &variable, file).0), "10.0.0.2:2");
    assert_eq!(bind(&load(&[("bind", "10.0.0.3:3")], &variable, file).0), "10.0.0.3:3");
}

#[test]
fn a_weaker_value_that_is_wrong_does_not_matter() {
    let variable = [("CLANKDIN_BIND", "nonsense")];
    assert_eq!(load(&[("bind", "10.0.0.3:3")], &variable, "bind = 7").0.bind.to_string(), "10.0.0.3:3");
}

#[test]
fn an_empty_variable_is_none() {
    assert_eq!(load(&[], &[("CLANKDIN_BIND", "")], "bind = \"10.0.0.1:1\"").0.bind.to_string(), "10.0.0.1:1");
}

#[test]
fn the_file_takes_integers_booleans_and_arrays_where_they_make_sense() {
    let file = r#"
        workers = 3
        webhook_allow_private = true
        trusted_proxies = ["10.1.2.3/8", "::1"]
        dns_servers = ["9.9.9.9", "[2620:fe::fe]:5353"]
        limit_posts = "off"
    "#;
    let (settings, _) = load(&[], &[], file);
    assert_eq!(settings.worker_count(), 3);
    assert_eq!(settings.reader_count(), 7);
    assert!(settings.webhook_allow_private);
    assert_eq!(
        settings.trusted_proxies.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["10.0.0.0/8", "::1/128"]
    );
    assert_eq!(
        settings.dns_servers.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["9.9.9.9:53", "[2620:fe::fe]:5353"]
    );
    assert_eq!(settings.limit_posts, None);
}

#[test]
fn a_named_file_is_read_and_has_to_be_there() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("other.toml");
    std::fs::write(&path, "log = \"debug\"").unwrap();
    let by_variable =
        Sources { environment: vec![("CLANKDIN_CONFIG".into(), path.clone().into())], ..Sources::default() };
    assert_eq!(Settings::load(by_variable).ok().unwrap().0.log, "debug");
    let by_flag = |path: &Path| Sources { config: Some(path.to_owned()), ..Sources::default() };
    assert_eq!(Settings::load(by_flag(&path)).ok().unwrap().0.log, "debug");

    let missing = directory.path().join("missing.toml");
    let wrong = Settings::load(by_flag(&missing)).err().unwrap();
    let line = wrong[0].to_string();
    assert!(line.contains("missing.toml can't be used: No such file"), "{line}");
}

#[test]
fn every_wrong_value_is_told_at_once_with_its_source() {
    let lines = wrong(
        &[("bind", "8080")],
        &[("CLANKDIN_LIMIT_POSTS", "20/week"), ("CLANKDIN_DEV", "yes")],
        "workers = 0\nlog = 7\ntrusted_proxies = [1]\nmetrics_bind = \"\"",
    );
    assert_eq!(
        lines,
        [
            "--bind (flag): got \"8080\", takes an IP address and a port, like 127.0.0.1:8080 or [::]:8080",
            "CLANKDIN_DEV (environment): got \"yes\", takes true or false",
            "workers (clankdin.toml): got \"0\", takes a whole number from 1 to 1024",
            "trusted_proxies (clankdin.toml): got an array that does not hold strings alone, takes IP addresses and \
             networks, like 10.0.0.0/8,::1",
            "log (clankdin.toml): got the integer 7, takes off, error, warn, info, debug, trace, or directives like \
             info,clankdin_api=debug",
            "CLANKDIN_LIMIT_POSTS (environment): got \"20/week\", takes <n>/<period> with n from 1 to 1000000 and a \
             period of second, minute, hour or day, or off",
        ]
    );
}

#[test]
fn no_setting_takes_nonsense() {
    for setting in TABLE.iter().filter(|setting| setting.key != "outbound_ca_file") {
        let lines = wrong(&[(setting.key, "no\nsense")], &[], "");
        assert_eq!(lines.len(), 1, "{}", setting.key);
        assert!(lines[0].starts_with(&format!("--{} (flag): got ", setting.flag())), "{}", lines[0]);
        assert!(!lines[0].contains('\n') && lines[0].ends_with(setting.takes), "{}", lines[0]);
    }
}

#[test]
fn unknown_keys_of_the_file_are_named() {
    let lines = wrong(&[], &[], "bnid = \"127.0.0.1:1\"\nworkers = 0\n[colour]\nof = \"paint\"");
    assert_eq!(
        lines,
        [
            "clankdin.toml has no setting \"bnid\"; the nearest known one is bind",
            "clankdin.toml has no setting \"colour\"",
            "workers (clankdin.toml): got \"0\", takes a whole number from 1 to 1024",
        ]
    );
}

#[test]
fn a_file_that_is_no_toml_is_one_line() {
    let lines = wrong(&[], &[], "log = \"info\"\nbind 7");
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(
        lines[0].starts_with("the configuration file clankdin.toml can't be used: line 2: "),
        "{}",
        lines[0]
    );
}

#[test]
fn an_unknown_variable_is_a_warning_that_names_the_nearest() {
    let (_, given) = load(&[], &[("CLANKDIN_DATABSE_URL", "x"), ("CLANKDIN_ZZZ", "x"), ("PATH", "x")], "");
    assert_eq!(
        given.warnings,
        [
            "the environment variable CLANKDIN_DATABSE_URL sets nothing; the nearest known one is CLANKDIN_DATABASE_URL",
            "the environment variable CLANKDIN_ZZZ sets nothing",
        ]
    );
}

#[test]
fn the_master_key_is_never_shown() {
    let takes =
        "takes 32 bytes as 64 hexadecimal digits or as base64, for example from `openssl rand -hex 32`";
    let hidden = |name: &str| format!("{name}: got a value that is not shown here, {takes}");
    assert_eq!(wrong(&[("master_key", "sw0rdfish")], &[], ""), [hidden("--master-key (flag)")]);
    let variable = [("CLANKDIN_MASTER_KEY", "sw0rdfish")];
    assert_eq!(wrong(&[], &variable, ""), [hidden("CLANKDIN_MASTER_KEY (environment)")]);
    assert_eq!(wrong(&[], &[], "master_key = 1234"), [hidden("master_key (clankdin.toml)")]);
    assert!(!wrong(&[], &[], "master_key = sw0rdfish").concat().contains("sw0rdfish"));
    assert!(load(&[("master_key", &"0f".repeat(32))], &[], "").0.master_key.is_some());
}

#[cfg(feature = "postgres")]
#[test]
fn postgres_urls_are_taken_and_their_passwords_not_told() {
    let url = "postgres://me:hunter2@a:1,b:2/x?target_session_attrs=read-write";
    let taken = load(&[("database_url", url)], &[], "").0.database_url;
    assert!(matches!(&taken, DatabaseUrl::Postgres(kept) if kept.expose() == url));
    assert!(!format!("{taken:?}").contains("hunter2"));
    for bad in ["postgres://me:hunt/er2@db/x", "postgres://me:hunt?er2@db/x", "postgres://me:hunter%2@db/x"] {
        let lines = wrong(&[("database_url", bad)], &[], "");
        assert!(lines[0].contains("percent-encoded") && !lines[0].contains("hunt"), "{}", lines[0]);
    }
    let lines = wrong(&[("database_url", "postgres://me:hunter2@db/x y")], &[], "");
    assert!(
        lines[0].starts_with("--database-url (flag): got \"postgres://***@db/x y\", takes sqlite://<path>")
    );
}

#[cfg(all(feature = "postgres", not(feature = "postgres-tls")))]
#[test]
fn tls_that_is_not_built_in_is_refused_and_not_left_out() {
    let lines = wrong(&[("database_url", "postgres://db/x?sslmode=verify-full")], &[], "");
    assert!(lines[0].contains("build it with the feature postgres-tls"), "{}", lines[0]);
}

#[test]
fn database_urls() {
    let path = |url| load(&[("database_url", url)], &[], "").0.database_url;
    assert_eq!(path("sqlite://a/b.db"), DatabaseUrl::Sqlite("a/b.db".into()));
    assert_eq!(path("sqlite:///a/b.db"), DatabaseUrl::Sqlite("/a/b.db".into()));
    for bad in [
        "sqlite://",
        "sqlite:a.db",
        "sqlite://:memory:",
        "sqlite://a.db?mode=ro",
        "a.db",
        "mysql://a",
        "sqlite://a/",
    ] {
        assert_eq!(wrong(&[("database_url", bad)], &[], "").len(), 1, "{bad}");
    }
}

#[test]
fn public_urls_are_origins() {
    let origin = |url| load(&[("public_url", url)], &[], "").0.public_url.as_str().to_owned();
    assert_eq!(origin("https://ClankdIn.example.com/"), "https://clankdin.example.com");
    assert_eq!(origin("https://clankdin.example.com:443"), "https://clankdin.example.com");
    assert_eq!(origin("http://[::1]:8080"), "http://[::1]:8080");
    for bad in
        ["clankdin.example.com", "ftp://a", "https://a/path", "https://a/?q", "https://a#f", "https://me@a"]
    {
        assert_eq!(wrong(&[("public_url", bad)], &[], "").len(), 1, "{bad}");
    }
}

#[test]
fn a_log_filter_that_would_silence_everything_is_refused() {
    assert_eq!(load(&[("log", "warn,clankdin_api=trace")], &[], "").0.log, "warn,clankdin_api=trace");
    assert_eq!(wrong(&[("log", "verbose")], &[], "").len(), 1);
    assert_eq!(wrong(&[("log", "clankdin=loud")], &[], "").len(), 1);
}

#[test]
fn development_lifts_what_stands_in_the_way_and_no_more() {
    let (settings, _) = load(&[("dev", "true")], &[("CLANKDIN_LIMIT_ANONYMOUS", "5/minute")], "");
    let limits = settings.request_limits();
    assert!(limits.requests.is_none() && limits.registrations.is_none());
    assert_eq!(limits.anonymous.unwrap().to_string(), "5/minute");
    assert!(settings.limit_posts.is_some());
    let policy = settings.address_policy();
    assert!(policy.allow_loopback && !policy.allow_private && !policy.allow_insecure);
}

#[test]
fn only_a_name_is_a_host_of_ours() {
    let own = |url| load(&[("public_url", url)], &[], "").0.address_policy().own_hosts;
    assert_eq!(own("https://clankdin.example.com:8443"), ["clankdin.example.com"]);
    assert!(own("http://127.0.0.1:8080").is_empty() && own("http://localhost:8080").is_empty());
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_no_text_is_told() {
    use std::os::unix::ffi::OsStringExt as _;
    let environment = vec![("CLANKDIN_LOG".into(), OsString::from_vec(vec![0xff]))];
    let (mut sources, _directory) = sources(&[], &[], "");
    sources.environment = environment;
    let wrong = Settings::load(sources).err().unwrap();
    assert!(
        wrong[0].to_string().starts_with("CLANKDIN_LOG (environment): got a value that is not UTF-8, takes")
    );
}
