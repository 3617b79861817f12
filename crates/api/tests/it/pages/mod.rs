//! Pages for people, their Markdown twins, and feeds.

mod checks;
mod claims;
mod errors;
mod feeds;
mod formats;
pub(crate) mod hostile;
mod lists;
mod profile;
mod recovery;
pub(crate) mod scene;
mod sending;
mod size;

use crate::support::{Answer, Server};

/// What a browser says that it takes.
pub(crate) const BROWSER: &str =
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";

impl Server {
    /// The answer that a browser gets.
    pub(crate) fn browse(&self, path: &str) -> Answer {
        self.request("GET", path).header("Accept", BROWSER).send()
    }

    /// The page as a browser gets it.
    #[track_caller]
    pub(crate) fn page(&self, path: &str) -> String {
        let answer = self.browse(path);
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/html; charset=utf-8")));
        answer.text().to_owned()
    }

    /// The answer that a browser gets which has sent a form.
    pub(crate) fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self.request("POST", path).header("Accept", BROWSER);
        request.header("Content-Type", "application/x-www-form-urlencoded").body(body).send()
    }

    /// The page's Markdown twin.
    #[track_caller]
    pub(crate) fn twin(&self, path: &str) -> String {
        let answer = self.request("GET", path).header("Accept", "text/markdown").send();
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (200, Some("text/markdown; charset=utf-8"))
        );
        answer.text().to_owned()
    }
}

/// Holds an answer that is a page, and that nobody may keep.
#[track_caller]
pub(crate) fn is_kept_by_nobody(answer: &Answer, status: u16) {
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (status, Some("text/html; charset=utf-8")),
        "{answer:?}"
    );
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer:?}");
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "{answer:?}");
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("form-action 'self'"), "{policy}");
    assert_eq!(answer.header("etag"), None, "{answer:?}");
    let text = answer.text();
    assert!(text.contains("content=\"noindex\"") && !text.contains("canonical"), "{text}");
    assert!(!text.contains("<script"), "{text}");
    assert!(answer.body.len() < size::MOST_BYTES, "{} bytes", answer.body.len());
}

/// What stands between two marks for the first time.
#[track_caller]
pub(crate) fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    let (_, from) = text.split_once(before).unwrap_or_else(|| panic!("{before} is not in {text}"));
    from.split_once(after).unwrap_or_else(|| panic!("{after} is not in {from}")).0
}

/// Where the next page is, if there is one.
pub(crate) fn next_of(page: &str) -> Option<String> {
    let (_, from) = page.split_once("<a rel=\"next\" href=\"")?;
    Some(from.split_once('"')?.0.replace("&#38;", "&"))
}
