use proptest::prelude::*;

use super::*;
use crate::secret::tests::Fixed;

fn key(n: u8) -> ApiKey {
    ApiKey::generate(&Fixed(vec![n; 32]))
}

fn code() -> RecoveryCode {
    RecoveryCode::generate(&Fixed(vec![2; 32]))
}

fn token() -> ClaimToken {
    ClaimToken::generate(&Fixed(vec![3; 32]))
}

fn secret() -> WebhookSecret {
    WebhookSecret::generate(&Fixed(vec![4; 33]))
}

#[test]
fn every_kind_is_found() {
    assert_eq!(find_leaked(key(1).expose()), [LeakedSecret::ApiKey(key(1).digest())]);
    assert_eq!(find_leaked(code().expose()), [LeakedSecret::RecoveryCode]);
    assert_eq!(find_leaked(secret().expose()), [LeakedSecret::WebhookSecret]);
    let url = format!("https://clankdin.example/claim/{}", token().expose());
    assert_eq!(find_leaked(&url), [LeakedSecret::ClaimUrl]);
}

#[test]
fn all_are_found_in_the_order_of_the_text() {
    let text = format!(
        "{} then /claim/{}, {}{}\n{} and {}",
        secret().expose(),
        token().expose(),
        key(1).expose(),
        key(2).expose(),
        code().expose(),
        key(1).expose(),
    );
    let expected = [
        LeakedSecret::WebhookSecret,
        LeakedSecret::ClaimUrl,
        LeakedSecret::ApiKey(key(1).digest()),
        LeakedSecret::ApiKey(key(2).digest()),
        LeakedSecret::RecoveryCode,
        LeakedSecret::ApiKey(key(1).digest()),
    ];
    assert_eq!(find_leaked(&text), expected);
}

#[test]
fn what_stands_around_a_secret_does_not_hide_it() {
    let key = key(1);
    for text in [
        format!("x{}x", key.expose()),
        format!("{}0123456789abcdef", key.expose()),
        format!("clnk_{}", key.expose()),
        format!("{}clnk_", key.expose()),
        format!("é{}é", key.expose()),
        format!("?key={}&a=b", key.expose()),
        format!("`{}`", key.expose()),
        format!("{}\u{301}", key.expose()),
    ] {
        assert_eq!(find_leaked(&text), [LeakedSecret::ApiKey(key.digest())], "{text}");
    }
}

#[test]
fn a_mistyped_or_cut_secret_is_none() {
    let key = key(1);
    let text = key.expose();
    assert_eq!(find_leaked(&text[..53]), []);
    assert_eq!(find_leaked(&text[1..]), []);
    assert_eq!(find_leaked(&text.to_uppercase()), []);
    assert_eq!(find_leaked(&secret().expose()[..49]), []);
    assert_eq!(find_leaked(&format!("clnk_{}é", &text[5..53])), []);
}

#[test]
fn a_claim_token_is_a_secret_in_a_claim_url_alone() {
    assert_eq!(find_leaked(token().expose()), []);
    assert_eq!(find_leaked("https://clankdin.example/claim/{token}"), []);
}

#[test]
fn a_body_of_nothing_but_prefixes_is_searched_at_once() {
    for prefix in ["clnk_", "whsec_", "/claim/", "clnk_0"] {
        assert_eq!(find_leaked(&prefix.repeat(13_000)), []);
    }
}

proptest! {
    #[test]
    fn a_key_is_found_in_any_text(
        before in any::<String>(), bytes in any::<[u8; 32]>(), after in any::<String>()
    ) {
        let key = ApiKey::generate(&Fixed(bytes.to_vec()));
        let found = find_leaked(&format!("{before}{}{after}", key.expose()));
        prop_assert!(found.contains(&LeakedSecret::ApiKey(key.digest())));
    }

    #[test]
    fn texts_hold_no_secrets_by_chance(text in "(clnk_|clnr_|/claim/)?[0-9A-Za-z]{0,60}") {
        prop_assert_eq!(find_leaked(&text), []);
    }
}
