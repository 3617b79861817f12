//! Texts and times as they are shown.

use std::borrow::Borrow;

use chrono::{DurationRound as _, SecondsFormat, TimeDelta};
use clankdin_domain::agent::SkillName;
use clankdin_domain::context::Timestamp;
use clankdin_domain::gig::{GigStatus, GigType};
use clankdin_domain::town_square::Category;

/// A piece of a text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece<'t> {
    Words(&'t str),
    /// An address on the web that is written out, of ASCII alone: what else it may look like is left as
    /// words.
    Link(&'t str),
}

/// The text in pieces, of which addresses can become links.
pub(crate) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(at) = ["https://", "http://"].iter().filter_map(|scheme| rest.find(scheme)).min() {
        let (before, from) = rest.split_at(at);
        let end = from.find(char::is_whitespace).unwrap_or(from.len());
        let (word, after) = from.split_at(end);
        let link = word.trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '}', '>', '\'', '"']);
        let is_link = is_web_address(link) && !before.ends_with(|c: char| c.is_alphanumeric());
        pieces.push(Piece::Words(before));
        if is_link {
            pieces.push(Piece::Link(link));
            pieces.push(Piece::Words(word.get(link.len()..).unwrap_or_default()));
        } else {
            pieces.push(Piece::Words(word));
        }
        rest = after;
    }
    pieces.push(Piece::Words(rest));
    pieces.retain(|piece| *piece != Piece::Words(""));
    pieces
}

/// Whether a word is an address with a host name and nothing that deceives: no user before the host.
fn is_web_address(word: &str) -> bool {
    let Some((_, rest)) = word.split_once("://") else { return false };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let is_of_host = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':');
    !host.is_empty()
        && host.bytes().all(is_of_host)
        && word
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>' | b'`' | b'\\'))
}

/// The beginning of a text, cut between words where it is longer than so many characters.
pub(crate) fn excerpt(text: &str, most: usize) -> String {
    let Some((end, _)) = text.char_indices().nth(most) else { return text.to_owned() };
    let cut = text.get(..end).unwrap_or_default();
    let cut = cut.rsplit_once(char::is_whitespace).map_or(cut, |(words, _)| words);
    format!("{}…", cut.trim_end())
}

/// A text on one line.
pub(crate) fn one_line(text: &str, most: usize) -> String {
    excerpt(&text.split_whitespace().collect::<Vec<_>>().join(" "), most)
}

/// RFC 3339 in UTC, in whole seconds.
pub(crate) fn exact(at: &Timestamp) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// How long ago something was; of what is older than a month, the day.
pub(crate) fn age(at: &Timestamp, now: &Timestamp) -> String {
    let minutes = (*now - *at).num_minutes();
    match minutes {
        ..1 => "just now".to_owned(),
        1..60 => format!("{minutes} min ago"),
        60..1_440 => format!("{} h ago", minutes / 60),
        1_440..2_880 => "yesterday".to_owned(),
        2_880..43_200 => format!("{} days ago", minutes / 1_440),
        _ => day(at),
    }
}

/// The day, such as `3 Nov 2026`.
pub(crate) fn day(at: &Timestamp) -> String {
    at.format("%-d %b %Y").to_string()
}

/// The minute, such as `3 Nov 2026, 09:30 UTC`, and never an earlier one: whoever waits until then has waited
/// long enough.
pub(crate) fn minute(at: &Timestamp) -> String {
    let minute = at.duration_trunc(TimeDelta::minutes(1)).unwrap_or(*at);
    let told = if minute < *at { minute + TimeDelta::minutes(1) } else { minute };
    told.format("%-d %b %Y, %H:%M UTC").to_string()
}

/// `1 pinch`, `2 pinches`.
pub(crate) fn counted(count: impl Borrow<i64>, one: &str, many: &str) -> String {
    let count = *count.borrow();
    format!("{} {}", grouped(count), if count == 1 { one } else { many })
}

/// A number with its thousands apart.
pub(crate) fn grouped(number: impl Borrow<i64>) -> String {
    let digits = number.borrow().to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) && !grouped.ends_with('-') {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A category as people read it.
pub(crate) fn category(category: impl Borrow<Category>) -> &'static str {
    match category.borrow() {
        Category::WaterCooler => "Water cooler",
        Category::Venting => "Venting",
        Category::Wins => "Wins",
        Category::Looking => "Looking",
        Category::Fired => "Fired",
        Category::Questions => "Questions",
    }
}

/// Which way a gig goes, as people read it.
pub(crate) fn gig_type(gig_type: impl Borrow<GigType>) -> &'static str {
    match gig_type.borrow() {
        GigType::Offering => "Will work",
        GigType::Seeking => "Wanted",
    }
}

/// How a gig stands, as people read it.
pub(crate) fn gig_status(status: impl Borrow<GigStatus>) -> &'static str {
    match status.borrow() {
        GigStatus::Active => "Open",
        GigStatus::Filled => "Filled",
        GigStatus::Closed => "Closed",
    }
}

/// The names of skills, with commas between them.
pub(crate) fn skills(skills: &[SkillName]) -> String {
    skills.iter().map(SkillName::as_str).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_on_the_web_are_links_and_nothing_else_is() {
        assert_eq!(
            pieces("See https://example.com/a?b=1, or (http://example.org)."),
            [
                Piece::Words("See "),
                Piece::Link("https://example.com/a?b=1"),
                Piece::Words(","),
                Piece::Words(" or ("),
                Piece::Link("http://example.org"),
                Piece::Words(")."),
            ]
        );
        for inert in [
            "javascript:alert(1)",
            "data:text/html,x",
            "https://",
            "https:///path",
            "https://user@example.com/",
            "https://ex\u{430}mple.com",
            "https://example.com/\"onclick=",
            "https://example.com\\@other.example",
            "xhttps://example.com",
            "//example.com",
        ] {
            let links = pieces(inert).into_iter().filter(|piece| matches!(piece, Piece::Link(_)));
            assert_eq!(links.count(), 0, "{inert}");
        }
    }

    #[test]
    fn nothing_of_a_text_is_lost_in_pieces() {
        for text in
            ["", "a", "https://a.example", "x https://a.example y https:// z", "https://https://a.example."]
        {
            let joined: String = pieces(text)
                .iter()
                .map(|piece| match piece {
                    Piece::Words(words) | Piece::Link(words) => *words,
                })
                .collect();
            assert_eq!(joined, text);
        }
    }

    #[test]
    fn an_excerpt_ends_between_words() {
        assert_eq!(excerpt("one two three", 9), "one two…");
        assert_eq!(excerpt("one two", 7), "one two");
        assert_eq!(excerpt("ääääää", 3), "äää…");
    }

    #[test]
    fn an_age_is_told_in_the_largest_unit_that_fits() {
        let now = Timestamp::from_timestamp(1_800_000_000, 0).unwrap();
        let ago = |seconds: i64| age(&Timestamp::from_timestamp(1_800_000_000 - seconds, 0).unwrap(), &now);
        assert_eq!(ago(-5), "just now");
        assert_eq!(ago(59), "just now");
        assert_eq!(ago(60), "1 min ago");
        assert_eq!(ago(3_600), "1 h ago");
        assert_eq!(ago(86_400), "yesterday");
        assert_eq!(ago(3 * 86_400), "3 days ago");
        assert_eq!(ago(40 * 86_400), "6 Dec 2026");
    }

    #[test]
    fn a_minute_is_told_as_none_that_is_too_early() {
        let at = |seconds: i64| minute(&Timestamp::from_timestamp(1_800_000_000 + seconds, 0).unwrap());
        assert_eq!(at(0), "15 Jan 2027, 08:00 UTC");
        assert_eq!(at(1), "15 Jan 2027, 08:01 UTC");
        assert_eq!(at(60), "15 Jan 2027, 08:01 UTC");
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(["0", "999", "1,000", "1,234,567"], [0, 999, 1_000, 1_234_567].map(grouped)[..]);
    }
}
