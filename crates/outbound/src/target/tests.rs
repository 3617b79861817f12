use proptest::prelude::*;

use super::{MAX_URL_BYTES, TargetError, TargetUrl};
use crate::guard::{AddressPolicy, Range};

fn parse(text: &str) -> Result<TargetUrl, TargetError> {
    TargetUrl::parse(text, &AddressPolicy::default())
}

fn range(text: &str) -> Option<Range> {
    match parse(text) {
        Err(TargetError::Address(forbidden)) => Some(forbidden.range()),
        _ => None,
    }
}

#[test]
fn a_url_is_kept_in_its_normalised_form() {
    let cases = [
        ("https://Agents.Example.COM/Hook", "https://agents.example.com/Hook"),
        ("https://agents.example.com.", "https://agents.example.com/"),
        ("https://agents.example.com:443/?q=a b", "https://agents.example.com/?q=a%20b"),
        ("  https://agents.example.com/a/../b\n", "https://agents.example.com/b"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("https://134744072/", "https://8.8.8.8/"),
        ("https://agents.example.com/?", "https://agents.example.com/?"),
    ];
    for (written, kept) in cases {
        let target = parse(written).unwrap_or_else(|error| panic!("{written}: {error}"));
        assert_eq!(target.as_str(), kept);
        assert_eq!(target.uri().to_string(), kept);
        assert_eq!(parse(kept).unwrap(), target);
    }
}

#[test]
fn an_ipv6_address_is_kept_in_its_shortest_form() {
    let policy = AddressPolicy { allow_insecure: true, ..AddressPolicy::default() };
    let target = TargetUrl::parse("http://[2606:4700:0:0::1111]:8443/", &policy).unwrap();
    assert_eq!(target.as_str(), "http://[2606:4700::1111]:8443/");
    assert_eq!(target.host(), "[2606:4700::1111]");
}

#[test]
fn loopback_is_refused_in_every_notation() {
    let hosts = [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "017700000001",
        "0x7F.0x0.0x0.0x1",
        "127.0.0.1.",
        "2130706433.",
        "１２７.０.０.１",
        "①②⑦.⓪.⓪.①",
        "127。0。0。1",
        "%31%32%37.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:0:0:1]",
    ];
    for host in hosts {
        assert_eq!(range(&format!("https://{host}/")), Some(Range::Loopback), "{host}");
    }
}

#[test]
fn literals_of_other_private_ranges_are_refused() {
    assert_eq!(range("https://169.254.169.254/latest/meta-data"), Some(Range::LinkLocal));
    assert_eq!(range("https://[fe80::1]/"), Some(Range::LinkLocal));
    assert_eq!(range("https://0/"), Some(Range::Unspecified));
    assert_eq!(range("https://10.1/"), Some(Range::Private));
}

#[test]
fn zone_ids_are_not_urls() {
    for text in ["https://[fe80::1%25eth0]/", "https://[fe80::1%eth0]/", "https://[::1%251]/"] {
        let error = parse(text).unwrap_err();
        assert!(matches!(error, TargetError::Malformed(_)), "{text}: {error:?}");
        assert_eq!(error.code(), "invalid_url");
    }
}

#[test]
fn local_names_are_refused_with_and_without_a_trailing_dot() {
    for (host, suffix) in [
        ("localhost", "localhost"),
        ("LOCALHOST", "localhost"),
        ("api.localhost", "localhost"),
        ("printer.local", "local"),
        ("metadata.google.internal", "internal"),
        ("router.home.arpa", "home.arpa"),
    ] {
        for host in [host.to_owned(), format!("{host}.")] {
            assert_eq!(parse(&format!("https://{host}/")), Err(TargetError::LocalName { suffix }), "{host}");
        }
    }
    for host in ["redis", "redis.", "kubernetes"] {
        assert_eq!(parse(&format!("https://{host}/")), Err(TargetError::SingleLabel), "{host}");
    }
    for host in ["notlocalhost.example", "local.example", "internal.example.com", "home.arpa.example"] {
        assert!(parse(&format!("https://{host}/")).is_ok(), "{host}");
    }
}

#[test]
fn our_own_names_are_refused_whatever_their_case_and_dots() {
    let own_hosts = vec!["ClankdIn.example.".to_owned(), "8.8.8.8".to_owned()];
    let policy = AddressPolicy { own_hosts, ..AddressPolicy::default() };
    for url in [
        "https://clankdin.example/",
        "https://CLANKDIN.example./webhooks",
        "https://8.8.8.8/",
        "https://134744072/",
    ] {
        assert_eq!(TargetUrl::parse(url, &policy), Err(TargetError::OwnHost), "{url}");
    }
    assert!(TargetUrl::parse("https://hooks.clankdin.example/", &policy).is_ok());
}

#[test]
fn empty_labels_are_refused() {
    for url in ["https://a..example.com/", "https://.example.com/", "https://example.com../"] {
        assert_eq!(parse(url), Err(TargetError::EmptyLabel), "{url}");
    }
    for url in ["https://./", "https://../"] {
        assert!(parse(url).is_err(), "{url}");
    }
}

#[test]
fn only_the_schemes_own_port_and_unprivileged_ports_without_services_are_allowed() {
    for port in [1, 22, 25, 80, 1023, 2375, 3306, 5432, 6379, 9200, 11211, 27017] {
        assert_eq!(parse(&format!("https://example.com:{port}/")), Err(TargetError::Port { port }));
    }
    assert_eq!(parse("https://example.com:0/"), Err(TargetError::Port { port: 0 }));
    for port in [443, 1024, 3000, 8080, 8443, 65535] {
        assert_eq!(parse(&format!("https://example.com:{port}/")).unwrap().port(), port);
    }
}

#[test]
fn what_is_written_wrong_is_an_invalid_url_and_says_why() {
    let long = format!("https://example.com/{}", "a".repeat(MAX_URL_BYTES));
    let grows = format!("https://example.com/{}", "é".repeat(900));
    let cases = [
        ("http://example.com/", TargetError::Insecure),
        ("ftp://example.com/", TargetError::Scheme),
        ("file:///etc/passwd", TargetError::Scheme),
        ("gopher://example.com:70/_", TargetError::Scheme),
        ("https://user@example.com/", TargetError::Credentials),
        ("https://user:pass@example.com/", TargetError::Credentials),
        ("https://:pass@example.com/", TargetError::Credentials),
        ("https://[2606:4700::1111]/", TargetError::Ipv6OverTls),
        ("https://example.com/#top", TargetError::Fragment),
        ("https://example.com/#", TargetError::Fragment),
        (long.as_str(), TargetError::TooLong),
        (grows.as_str(), TargetError::TooLong),
    ];
    for (text, expected) in cases {
        let error = parse(text).unwrap_err();
        assert_eq!(error, expected, "{text}");
        assert_eq!(error.code(), "invalid_url", "{text}");
    }
    for text in
        ["", "example.com", "https://", "https:///", "https://exa mple.com/", "https://example.com:65536/"]
    {
        assert_eq!(parse(text).unwrap_err().code(), "invalid_url", "{text}");
    }
}

#[test]
fn a_refused_place_is_a_forbidden_address() {
    for text in ["https://10.0.0.1/", "https://localhost/", "https://db/", "https://example.com:22/"] {
        assert_eq!(parse(text).unwrap_err().code(), "forbidden_address", "{text}");
    }
}

#[test]
fn a_url_of_exactly_the_longest_length_is_accepted() {
    let start = "https://example.com/";
    let text = format!("{start}{}", "a".repeat(MAX_URL_BYTES - start.len()));
    assert_eq!(parse(&text).unwrap().as_str().len(), MAX_URL_BYTES);
    assert_eq!(parse(&format!("{text}a")), Err(TargetError::TooLong));
}

#[test]
fn allowing_private_lifts_the_rules_on_hosts_and_ports_and_not_the_one_on_http() {
    let policy = AddressPolicy { allow_private: true, ..AddressPolicy::default() };
    for text in
        ["https://localhost/", "https://db:5432/", "https://10.0.0.1:22/", "https://metadata.internal/"]
    {
        assert!(TargetUrl::parse(text, &policy).is_ok(), "{text}");
    }
    assert_eq!(TargetUrl::parse("http://localhost/", &policy), Err(TargetError::Insecure));
    let policy = AddressPolicy { allow_insecure: true, ..policy };
    assert!(TargetUrl::parse("http://localhost/", &policy).is_ok());
}

#[test]
fn development_allows_plain_http_to_loopback_only() {
    let policy = AddressPolicy::for_development();
    for text in [
        "http://127.0.0.1:9000/hook",
        "http://localhost:9000/",
        "http://api.localhost.:3000/",
        "http://[::1]/",
    ] {
        assert!(TargetUrl::parse(text, &policy).is_ok(), "{text}");
    }
    for text in ["http://example.com/", "http://192.168.1.2/", "http://notlocalhost/", "http://8.8.8.8/"] {
        assert_eq!(TargetUrl::parse(text, &policy), Err(TargetError::Insecure), "{text}");
    }
    assert!(matches!(TargetUrl::parse("https://192.168.1.2/", &policy), Err(TargetError::Address(_))));
}

proptest! {
    #[test]
    fn what_is_accepted_reads_back_as_itself(host in "[a-zA-Z0-9.%-]{1,24}", port in any::<u16>(), rest in "\\PC{0,24}") {
        if let Ok(target) = parse(&format!("https://{host}:{port}/{rest}")) {
            let again = parse(target.as_str());
            prop_assert_eq!(again.as_ref(), Ok(&target));
            prop_assert_eq!(target.uri().host(), Some(target.host()));
        }
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC{0,64}") {
        let _ = parse(&text);
    }

    #[test]
    fn no_number_for_a_host_passes_where_its_address_is_forbidden(bits in any::<u32>()) {
        let address = std::net::Ipv4Addr::from(bits);
        let allowed = AddressPolicy::default().judge(address.into()).is_ok();
        for host in [format!("{bits}"), format!("{bits:#x}"), format!("0{bits:o}"), format!("{address}.")] {
            prop_assert_eq!(parse(&format!("https://{host}/")).is_ok(), allowed, "{}", host);
        }
    }
}
