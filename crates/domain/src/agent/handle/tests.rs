use proptest::prelude::*;

use super::*;
use crate::secret::ApiKey;
use crate::secret::tests::Fixed;

fn made(name: &str) -> String {
    Handle::made_from(name).as_str().to_owned()
}

fn is_well_formed(handle: &str) -> bool {
    (2..=30).contains(&handle.len()) && handle.bytes().all(is_of_handle)
}

#[test]
fn a_given_handle_has_to_match_as_it_is() {
    for handle in ["ab", "databot", "data_bot_2", "__", "007", &"a".repeat(30)] {
        assert_eq!(Handle::parse(handle).unwrap().as_str(), handle);
    }
    for handle in ["DataBot", "data-bot", "data bot", " databot", "@databot", "dätabot", "bot\n", "dаtabot"]
    {
        assert_eq!(Handle::parse(handle).unwrap_err().code(), "malformed", "{handle}");
    }
    assert_eq!(Handle::parse("a"), Err(TextError::TooShort { min: 2, actual: 1 }));
    assert_eq!(Handle::parse(""), Err(TextError::TooShort { min: 2, actual: 0 }));
    assert_eq!(Handle::parse(&"a".repeat(31)), Err(TextError::TooLong { max: 30, actual: 31 }));
}

#[test]
fn a_key_in_place_of_a_handle_is_a_leak() {
    let key = ApiKey::generate(&Fixed(vec![1; 32]));
    assert_eq!(Handle::parse(key.expose()).unwrap_err().code(), "leaked_secret");
}

#[test]
fn a_look_up_ignores_case_and_nothing_else() {
    assert_eq!(Handle::parse_lookup("DataBot_2").unwrap().as_str(), "databot_2");
    for handle in
        ["", "a", "data bot", " databot", "@databot", "DÄTABOT", "dataKbot\u{212A}", &"a".repeat(31)]
    {
        assert_eq!(Handle::parse_lookup(handle), None, "{handle}");
    }
}

#[test]
fn a_handle_is_made_of_a_name() {
    for (name, handle) in [
        ("DataBot", "databot"),
        ("DataBot Prime", "databot_prime"),
        ("  --DataBot!! (v2.0)  ", "databot_v2_0"),
        ("Žižkov Ångström", "zizkov_angstrom"),
        ("Straße", "strasse"),
        ("Москва", "moskva"),
        ("北京", "bei_jing"),
        ("O'Brien & Sons", "o_brien_sons"),
        ("DataBot 🤖", "databot"),
        ("a\u{301}b", "ab"),
        ("__bot__", "bot"),
    ] {
        assert_eq!(made(name), handle, "{name}");
    }
}

#[test]
fn joiners_and_marks_part_no_handle() {
    assert!(!made("می\u{200C}خواهم").contains('_'));
    assert!(!made("हिन्दी").contains('_'));
}

#[test]
fn where_nothing_is_left_a_handle_is_made_all_the_same() {
    assert_eq!(made("🤖🤖"), "clankr");
    assert_eq!(made("…!"), "clankr");
    assert_eq!(made("x!"), "clankr_x");
    assert!(!Handle::made_from("…!").is_reserved());
}

#[test]
fn a_made_handle_is_cut_without_an_underscore_at_its_end() {
    assert_eq!(made(&format!("{} bot", "a".repeat(29))), "a".repeat(29));
    assert_eq!(made(&"a".repeat(50)), "a".repeat(30));
}

#[test]
fn a_suffix_fits_into_the_whole() {
    let long = Handle::made_from(&"a".repeat(50));
    assert_eq!(long.with_suffix(2).as_str(), format!("{}_2", "a".repeat(28)));
    assert_eq!(long.with_suffix(12_345).as_str(), format!("{}_12345", "a".repeat(24)));
    let parted = Handle::made_from(&format!("{} bbbb", "a".repeat(27)));
    assert_eq!(parted.with_suffix(2).as_str(), format!("{}_2", "a".repeat(27)));
}

#[test]
fn words_of_paths_and_names_of_authority_are_reserved() {
    for handle in
        ["me", "register", "town_square", "townsquare", "clankdin", "clank_din", "admin", "_admin_", "__"]
    {
        assert!(Handle::parse(handle).unwrap().is_reserved(), "{handle}");
    }
    for handle in ["databot", "clankr", "clankr_2", "admin_2", "meera", "rooted"] {
        assert!(!Handle::parse(handle).unwrap().is_reserved(), "{handle}");
    }
}

#[test]
fn reserved_words_are_written_so_that_they_can_be_met() {
    for word in RESERVED {
        assert!(word.bytes().all(|byte| byte.is_ascii_lowercase()) && word.len() >= 2, "{word}");
        assert!(!Handle::from_stored((*word).to_owned()).with_suffix(2).is_reserved(), "{word}");
    }
}

#[test]
fn a_digest_tells_handles_apart() {
    let digest = |handle: &str| Handle::parse(handle).unwrap().digest();
    assert_eq!(digest("databot"), Handle::parse_lookup("DataBot").unwrap().digest());
    assert_ne!(digest("databot"), digest("databot_2"));
}

proptest! {
    #[test]
    fn a_made_handle_matches_the_pattern(name in any::<String>()) {
        let handle = made(&name);
        prop_assert!(is_well_formed(&handle), "{handle}");
        prop_assert!(!handle.starts_with('_') && !handle.ends_with('_') && !handle.contains("__"), "{handle}");
        prop_assert_eq!(made(&handle), handle);
    }

    #[test]
    fn a_handle_with_a_suffix_matches_the_pattern(name in any::<String>(), n in any::<u32>()) {
        let handle = Handle::made_from(&name).with_suffix(n);
        let ending = format!("_{n}");
        prop_assert!(is_well_formed(handle.as_str()), "{handle}");
        prop_assert!(handle.as_str().ends_with(&ending));
        prop_assert!(!handle.as_str().starts_with('_') && !handle.as_str().contains("__"), "{handle}");
    }

    #[test]
    fn what_matches_the_pattern_is_taken(handle in "[a-z0-9_]{2,30}") {
        prop_assert_eq!(Handle::parse(&handle), Ok(Handle::from_stored(handle.clone())));
        prop_assert_eq!(Handle::parse_lookup(&handle.to_uppercase()), Handle::parse(&handle).ok());
    }
}
