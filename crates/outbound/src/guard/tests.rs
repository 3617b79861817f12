use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use super::{AddressPolicy, Range};

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn verdict(text: &str) -> Option<Range> {
    AddressPolicy::default().judge(ip(text)).err().map(|forbidden| forbidden.range())
}

type Edge = (&'static str, Option<Range>, &'static str, &'static str, Range, &'static str, Option<Range>);

/// First and last address of each denied range, and its neighbours on the outside with their own verdict.
#[rustfmt::skip]
const EDGES: &[Edge] = &[
    // one below, its verdict, first, last, their verdict, one above, its verdict
    ("", None, "0.0.0.0", "0.255.255.255", Range::Unspecified, "1.0.0.0", None),
    ("9.255.255.255", None, "10.0.0.0", "10.255.255.255", Range::Private, "11.0.0.0", None),
    ("100.63.255.255", None, "100.64.0.0", "100.127.255.255", Range::CarrierGradeNat, "100.128.0.0", None),
    ("126.255.255.255", None, "127.0.0.0", "127.255.255.255", Range::Loopback, "128.0.0.0", None),
    ("168.63.129.15", None, "168.63.129.16", "168.63.129.16", Range::CloudMetadata, "168.63.129.17", None),
    ("169.253.255.255", None, "169.254.0.0", "169.254.255.255", Range::LinkLocal, "169.255.0.0", None),
    ("172.15.255.255", None, "172.16.0.0", "172.31.255.255", Range::Private, "172.32.0.0", None),
    ("191.255.255.255", None, "192.0.0.0", "192.0.0.255", Range::ProtocolAssignment, "192.0.1.0", None),
    ("192.0.1.255", None, "192.0.2.0", "192.0.2.255", Range::Documentation, "192.0.3.0", None),
    ("192.88.98.255", None, "192.88.99.0", "192.88.99.255", Range::SixToFour, "192.88.100.0", None),
    ("192.167.255.255", None, "192.168.0.0", "192.168.255.255", Range::Private, "192.169.0.0", None),
    ("198.17.255.255", None, "198.18.0.0", "198.19.255.255", Range::Benchmark, "198.20.0.0", None),
    ("198.51.99.255", None, "198.51.100.0", "198.51.100.255", Range::Documentation, "198.51.101.0", None),
    ("203.0.112.255", None, "203.0.113.0", "203.0.113.255", Range::Documentation, "203.0.114.0", None),
    ("223.255.255.255", None, "224.0.0.0", "239.255.255.255", Range::Multicast, "240.0.0.0", Some(Range::Reserved)),
    ("239.255.255.255", Some(Range::Multicast), "240.0.0.0", "255.255.255.255", Range::Reserved, "", None),
    ("", None, "::", "::", Range::Unspecified, "::1", Some(Range::Loopback)),
    ("::", Some(Range::Unspecified), "::1", "::1", Range::Loopback, "::2", Some(Range::NotGlobal)),
    ("::1", Some(Range::Loopback), "::2", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Range::NotGlobal, "2000::", None),
    ("2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", None, "2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
        Range::ProtocolAssignment, "2001:200::", None),
    ("2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", None, "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
        Range::Documentation, "2001:db9::", None),
    ("2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff", None, "2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        Range::SixToFour, "2003::", None),
    ("3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", None, "3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff",
        Range::Documentation, "3fff:1000::", None),
    ("3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", None, "4000::", "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        Range::NotGlobal, "fc00::", Some(Range::Private)),
    ("fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Some(Range::NotGlobal), "fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        Range::Private, "fe00::", Some(Range::NotGlobal)),
    ("fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Some(Range::NotGlobal), "fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        Range::LinkLocal, "fec0::", Some(Range::NotGlobal)),
    ("feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Some(Range::NotGlobal), "ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        Range::Multicast, "", None),
];

#[test]
fn each_range_is_refused_up_to_its_edges_and_no_further() {
    for &(below, below_verdict, first, last, range, above, above_verdict) in EDGES {
        assert_eq!(verdict(first), Some(range), "{first}");
        assert_eq!(verdict(last), Some(range), "{last}");
        for (neighbour, expected) in [(below, below_verdict), (above, above_verdict)] {
            if !neighbour.is_empty() {
                assert_eq!(verdict(neighbour), expected, "{neighbour}, beside {first} to {last}");
            }
        }
    }
}

#[test]
fn an_ipv4_mapped_loopback_address_is_refused() {
    assert_eq!(verdict("::ffff:127.0.0.1"), Some(Range::Loopback));
}

#[test]
fn an_ipv4_mapped_public_address_is_connected_to_as_ipv4() {
    let vetted = AddressPolicy::default().judge(ip("::ffff:8.8.8.8")).unwrap();
    assert_eq!(vetted.ip(), ip("8.8.8.8"));
    assert_eq!(vetted.to_string(), "8.8.8.8");
    assert_eq!(vetted.socket(443), "8.8.8.8:443".parse().unwrap());
}

#[test]
fn an_address_behind_nat64_is_judged_by_the_address_within() {
    assert_eq!(verdict("64:ff9b::169.254.169.254"), Some(Range::LinkLocal));
    assert_eq!(verdict("64:ff9b::8.8.8.8"), None);
}

#[test]
fn every_other_form_that_hides_an_ipv4_address_is_refused() {
    assert_eq!(verdict("64:ff9b:1::7f00:1"), Some(Range::NotGlobal), "local-use translation");
    assert_eq!(
        verdict("64:ff9b:1:ffff:ffff:ffff:ffff:ffff"),
        Some(Range::NotGlobal),
        "local-use translation"
    );
    assert_eq!(verdict("64:ff9b:0:0:0:1:7f00:1"), Some(Range::NotGlobal), "one above the NAT64 prefix");
    assert_eq!(verdict("::ffff:0:127.0.0.1"), Some(Range::NotGlobal), "IPv4-translated");
    assert_eq!(verdict("::127.0.0.1"), Some(Range::NotGlobal), "IPv4-compatible");
    assert_eq!(
        verdict("::8.8.8.8"),
        Some(Range::NotGlobal),
        "IPv4-compatible, even with a public one within"
    );
    assert_eq!(verdict("2002:7f00:1::"), Some(Range::SixToFour));
    assert_eq!(verdict("2001:0:4136:e378:8000:63bf:3fff:fdd2"), Some(Range::ProtocolAssignment), "Teredo");
}

#[test]
fn the_metadata_services_of_clouds_are_refused() {
    let services = [
        "169.254.169.254",
        "fd00:ec2::254",
        "fd20:ce::254",
        "100.100.100.200",
        "192.0.0.192",
        "168.63.129.16",
    ];
    for address in services {
        assert!(verdict(address).is_some(), "{address}");
    }
}

#[test]
fn allowing_private_addresses_lifts_every_range_but_the_operators_own_list() {
    let denied = vec!["10.9.0.0/16".parse().unwrap(), "2606:4700::/32".parse().unwrap()];
    let policy = AddressPolicy { allow_private: true, denied, ..AddressPolicy::default() };
    for address in ["127.0.0.1", "10.8.0.1", "::1", "fe80::1", "0.0.0.0", "224.0.0.1"] {
        assert!(policy.judge(ip(address)).is_ok(), "{address}");
    }
    for address in ["10.9.0.1", "::ffff:10.9.0.1", "64:ff9b::10.9.0.1", "2606:4700::1111"] {
        assert_eq!(policy.judge(ip(address)).unwrap_err().range(), Range::DeniedByOperator, "{address}");
    }
}

#[test]
fn development_allows_loopback_and_no_other_private_range() {
    let policy = AddressPolicy::for_development();
    for address in ["127.0.0.1", "127.255.255.255", "::1", "::ffff:127.0.0.1", "8.8.8.8"] {
        assert!(policy.judge(ip(address)).is_ok(), "{address}");
    }
    for address in
        ["10.0.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "::", "fe80::1", "64:ff9b::127.0.0.1"]
    {
        assert!(policy.judge(ip(address)).is_err(), "{address}");
    }
}

#[test]
fn a_refusal_names_the_range_and_not_the_address() {
    let forbidden = AddressPolicy::default().judge(ip("10.1.2.3")).unwrap_err();
    assert_eq!(forbidden.to_string(), "the address may not be connected to: it is in a private network");
    assert_eq!(forbidden.address(), ip("10.1.2.3"));
    assert_eq!(forbidden.code(), "forbidden_address");
}

/// The denied ranges once more, by arithmetic instead of by prefixes, so that a slip in the table is seen.
fn is_denied(address: Ipv4Addr) -> bool {
    matches!(
        address.octets(),
        [0 | 10 | 127 | 224..=255, ..]
            | [100, 64..=127, ..]
            | [168, 63, 129, 16]
            | [169, 254, ..]
            | [172, 16..=31, ..]
            | [192, 0, 0 | 2, _]
            | [192, 88, 99, _]
            | [192, 168, ..]
            | [198, 18 | 19, ..]
            | [198, 51, 100, _]
            | [203, 0, 113, _]
    )
}

fn any_v4() -> impl Strategy<Value = Ipv4Addr> {
    // Half of them in the neighbourhood of a range: uniform ones would hardly ever meet the small ranges.
    let first = prop::sample::select(vec![0u8, 10, 100, 127, 168, 169, 172, 192, 198, 203, 224, 240]);
    let second = prop::sample::select(vec![0u8, 18, 19, 51, 63, 64, 88, 127, 128, 168, 254]);
    let third = prop::sample::select(vec![0u8, 1, 2, 99, 100, 113, 129]);
    let near = (first, second, third, any::<u8>()).prop_map(|(a, b, c, d)| Ipv4Addr::new(a, b, c, d));
    prop_oneof![any::<u32>().prop_map(Ipv4Addr::from), near]
}

proptest! {
    #[test]
    fn no_ipv4_address_in_a_denied_range_is_ever_vetted(address in any_v4()) {
        prop_assert_eq!(AddressPolicy::default().judge(address.into()).is_err(), is_denied(address));
    }

    #[test]
    fn a_mapped_or_translated_address_is_judged_like_the_one_within(address in any_v4()) {
        let policy = AddressPolicy::default();
        let [a, b, c, d] = address.octets();
        let inner = policy.judge(address.into()).map_err(|forbidden| forbidden.range());
        let mapped = policy.judge(address.to_ipv6_mapped().into()).map_err(|forbidden| forbidden.range());
        prop_assert_eq!(inner, mapped);
        let low = [u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])];
        let translated = Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, low[0], low[1]);
        prop_assert_eq!(inner.is_ok(), policy.judge(translated.into()).is_ok());
    }

    #[test]
    fn no_ipv6_address_outside_the_global_range_is_ever_vetted(bits in any::<u128>()) {
        let address = Ipv6Addr::from(bits);
        if let Ok(vetted) = AddressPolicy::default().judge(address.into()) {
            prop_assert_eq!(vetted.ip(), IpAddr::V6(address), "the rest are too rare to be met by chance");
            prop_assert_eq!(bits >> 125, 1);
            prop_assert_ne!(bits >> 112, 0x2002);
            prop_assert_ne!(bits >> 96, 0x2001_0db8);
            prop_assert_ne!(bits >> 105, 0x2001 << 7);
            prop_assert_ne!(bits >> 108, 0x3fff << 4);
        }
    }
}
