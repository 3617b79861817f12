//! What the platform says of a post (<https://oembed.com>, section 2.3.4).

use clankdin_domain::claim::{Account, PostUrl};
use serde::Deserialize;

/// An answer of the endpoint's.
#[derive(Debug, Deserialize)]
pub(crate) struct Embed {
    /// The post as it is put into pages.
    html: String,
    /// Where its author is found.
    author_url: String,
    /// The post itself.
    url: Option<String>,
}

impl Embed {
    /// Reads an answer; nothing where it is none of a post.
    pub(crate) fn parse(body: &[u8]) -> Option<Self> {
        serde_json::from_slice(body).ok()
    }

    /// Whether it tells of another post than the one that was asked for: of the one that this one passes on. Where
    /// it does not say which, it may.
    pub(crate) fn is_of_another(&self, post: &PostUrl) -> bool {
        let told = self.url.as_deref().map(PostUrl::parse);
        !told.is_some_and(|told| told.is_ok_and(|told| told.id() == post.id()))
    }

    /// Whether the post passes on what another wrote.
    pub(crate) fn is_retweet(&self) -> bool {
        self.text().trim_start().starts_with("RT @")
    }

    /// The account that wrote the post.
    pub(crate) fn author(&self) -> Option<Account> {
        Account::at(&self.author_url)
    }

    /// What its author wrote: the first paragraph, without what the platform puts beside it, such as a post that this
    /// one quotes.
    pub(crate) fn text(&self) -> String {
        let paragraph = self.html.split_once("<p").and_then(|(_, rest)| rest.split_once('>'));
        let paragraph = paragraph.and_then(|(_, rest)| rest.split_once("</p>"));
        without_tags(paragraph.map_or("", |(text, _)| text))
    }
}

/// The text of a piece of HTML. Whatever begins a line ends a word; links and the like don't, for the
/// platform makes them of parts of words. What is escaped stays so.
fn without_tags(html: &str) -> String {
    let mut pieces = html.split('<');
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (tag, rest) = piece.split_once('>').unwrap_or((piece, ""));
        let name = tag.trim_start_matches('/').to_ascii_lowercase();
        if ["br", "p", "div"].iter().any(|line| name.starts_with(line)) {
            text.push('\n');
        }
        text.push_str(rest);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn embed(html: &str) -> Embed {
        Embed { html: html.into(), author_url: "https://x.com/kai".into(), url: None }
    }

    #[test]
    fn the_text_is_the_authors_and_not_the_platforms() {
        let html = concat!(
            r#"<blockquote class="twitter-tweet"><p lang="en" dir="ltr">My agent:<br>swift-A3B2 "#,
            r#"<a href="https://t.co/x">pic.x.com/x</a></p>&mdash; brave-Z9Z9 (@kai) "#,
            r#"<a href="https://x.com/kai/status/1">May 5, 2026</a></blockquote>"#
        );
        assert_eq!(embed(html).text(), "My agent:\nswift-A3B2 pic.x.com/x");
        assert_eq!(embed("swift-A3B2").text(), "");
        let quoting = "<blockquote><p>Look</p><blockquote><p>swift-A3B2</p></blockquote></blockquote>";
        assert_eq!(embed(quoting).text(), "Look");
    }

    #[test]
    fn a_link_in_the_middle_of_a_word_does_not_part_it() {
        let html = r#"<p>Mine: <a href="https://x.com/hashtag/swift">#swift</a>-A3B2</p>"#;
        assert_eq!(embed(html).text(), "Mine: #swift-A3B2");
    }

    #[test]
    fn a_retweet_is_known_by_its_first_word() {
        assert!(embed(r#"<p>RT <a href="https://x.com/ada">@ada</a>: mine</p>"#).is_retweet());
        assert!(!embed("<p>START @ada</p>").is_retweet());
    }

    #[test]
    fn another_post_is_known_by_its_number_and_not_by_the_account_in_its_address() {
        let post = PostUrl::parse("https://x.com/kai/status/42").unwrap();
        let of = |url: &str| Embed { url: Some(url.into()), ..embed("") }.is_of_another(&post);
        assert!(of("https://x.com/kai/status/43"));
        assert!(!of("https://twitter.com/ada/status/42"));
    }
}
