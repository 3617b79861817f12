//! What a receiver's `Retry-After` asks for (RFC 9110, section 10.2.3).

use std::time::Duration;

use clankdin_domain::context::Timestamp;

/// How long to wait, by the header as it was sent: whole seconds, or a date in any of HTTP's three
/// forms. Nothing where it asks for nothing that can be understood, or for a time that has passed.
pub(crate) fn parse(header: &str, now: Timestamp) -> Option<Duration> {
    let text = header.trim();
    if text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty() {
        // More seconds than fit are as good as the most that fit: who honours them caps them anyway.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let then = Timestamp::from(httpdate::parse_http_date(text).ok()?);
    (then - now).to_std().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// 1994-11-06T08:49:00Z.
    fn now() -> Timestamp {
        Timestamp::from_timestamp(784_111_740, 0).unwrap()
    }

    fn seconds(header: &str) -> Option<u64> {
        parse(header, now()).map(|wait| wait.as_secs())
    }

    #[test]
    fn whole_seconds_are_taken() {
        assert_eq!(seconds("0"), Some(0));
        assert_eq!(seconds(" 120 "), Some(120));
        assert_eq!(seconds("99999999999999999999999"), Some(u64::MAX));
    }

    #[test]
    fn a_date_is_taken_in_each_of_its_forms() {
        for date in
            ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"]
        {
            assert_eq!(seconds(date), Some(37), "{date}");
        }
    }

    #[test]
    fn a_date_that_has_passed_asks_for_nothing() {
        assert_eq!(seconds("Sun, 06 Nov 1994 08:48:59 GMT"), None);
    }

    #[test]
    fn nonsense_asks_for_nothing() {
        for nonsense in ["", " ", "-5", "+5", "1.5", "5s", "soon", "٣", "Sun, 99 Nov 1994 08:49:37 GMT"] {
            assert_eq!(seconds(nonsense), None, "{nonsense}");
        }
    }

    proptest! {
        #[test]
        fn no_header_is_too_strange(header in any::<String>()) {
            let _ = parse(&header, now());
        }
    }
}
