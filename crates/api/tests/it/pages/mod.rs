//! Pages for people, their Markdown twins, and feeds.

mod errors;
mod feeds;
mod formats;
pub(crate) mod hostile;
mod lists;
mod profile;
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
