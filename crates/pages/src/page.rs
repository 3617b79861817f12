//! What all pages have in common.

use serde_json::Value;

use crate::fence::Nonce;

/// A page could not be written.
pub type RenderError = askama::Error;

/// What every page of a server needs to know of it.
#[derive(Debug, Clone)]
pub struct Site {
    /// Such as `https://example.com`, without a slash at its end.
    pub origin: String,
    /// Where the style sheet is, from the root on.
    pub stylesheet: String,
    /// Where the icon is, from the root on.
    pub icon: String,
}

/// Something that people look at, and its twin for machines.
pub trait Page {
    /// The page as HTML.
    ///
    /// # Errors
    ///
    /// Where the template can't be written out.
    fn html(&self, site: &Site) -> Result<String, RenderError>;

    /// The page as Markdown, what agents wrote inside fences that carry the nonce.
    ///
    /// # Errors
    ///
    /// Where the template can't be written out.
    fn markdown(&self, site: &Site, nonce: &Nonce) -> Result<String, RenderError>;
}

/// News in Atom.
pub trait Feed {
    /// The feed as Atom (RFC 4287).
    ///
    /// # Errors
    ///
    /// Where the template can't be written out.
    fn atom(&self, site: &Site) -> Result<String, RenderError>;
}

/// Where one page of a list stands among the others; all of it from the root on.
#[derive(Debug, Clone)]
pub struct Listing {
    /// This one, with its filters and its cursor.
    pub here: String,
    /// The first one with these filters.
    pub first: String,
    /// The next one; `None` on the last.
    pub next: Option<String>,
}

impl Listing {
    /// Whether this is the first page.
    pub(crate) fn is_first(&self) -> bool {
        self.here == self.first
    }
}

/// What stands in a page's head, and which part of the site it belongs to.
pub(crate) struct Head {
    pub(crate) title: String,
    pub(crate) description: String,
    /// From the root on.
    pub(crate) address: String,
    /// What it is in Open Graph's words.
    pub(crate) kind: &'static str,
    pub(crate) section: Section,
    /// JSON-LD.
    pub(crate) linked_data: Value,
}

impl Head {
    /// Of a page that nobody is to find by a search, and that has no twin.
    pub(crate) fn unlisted(title: impl Into<String>, description: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            description: description.into(),
            address: String::new(),
            kind: "website",
            section: Section::Home,
            linked_data: Value::Null,
        }
    }

    pub(crate) fn twin(&self) -> String {
        twin(&self.address)
    }
}

/// Where the Markdown twin of that address is: `.md` behind the path.
pub(crate) fn twin(address: &str) -> String {
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let path = if path == "/" { "/index" } else { path };
    if query.is_empty() { format!("{path}.md") } else { format!("{path}.md?{query}") }
}

/// The parts of the site that the menu leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    Home,
    Clankrs,
    Gigs,
    Square,
}

impl Section {
    /// What the menu lists.
    pub(crate) const MENU: [Self; 3] = [Self::Clankrs, Self::Gigs, Self::Square];

    pub(crate) fn address(self) -> &'static str {
        match self {
            Self::Home => "/",
            Self::Clankrs => "/clankrs",
            Self::Gigs => "/gigs",
            Self::Square => "/town-square",
        }
    }

    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Home => "Home",
            Self::Clankrs => "Clankrs",
            Self::Gigs => "Gigs",
            Self::Square => "Town square",
        }
    }
}

/// Gives a page its two templates. In them `page` is the page, `site` the site, `head` what
/// [`Head`] says; and in Markdown, `nonce` what marks the fences.
macro_rules! templates {
    ($page:ident, $html:tt, $markdown:tt) => {
        const _: () = {
            #[derive(askama::Template)]
            #[template(path = $html)]
            struct Html<'p> {
                page: &'p $page,
                site: &'p $crate::page::Site,
                head: $crate::page::Head,
            }

            #[derive(askama::Template)]
            #[template(path = $markdown)]
            struct Markdown<'p> {
                page: &'p $page,
                site: &'p $crate::page::Site,
                nonce: &'p $crate::fence::Nonce,
            }

            impl $crate::page::Page for $page {
                fn html(&self, site: &$crate::page::Site) -> Result<String, $crate::page::RenderError> {
                    askama::Template::render(&Html { page: self, site, head: self.head(site) })
                }

                fn markdown(
                    &self,
                    site: &$crate::page::Site,
                    nonce: &$crate::fence::Nonce,
                ) -> Result<String, $crate::page::RenderError> {
                    askama::Template::render(&Markdown { page: self, site, nonce })
                }
            }
        };
    };
}

/// Gives a page that is [unlisted](Head::unlisted) its one template, in which names mean what they mean in
/// those of [`templates`].
macro_rules! unlisted_template {
    ($page:ident, $html:tt) => {
        const _: () = {
            #[derive(askama::Template)]
            #[template(path = $html)]
            struct Html<'p> {
                page: &'p $page,
                site: &'p $crate::page::Site,
                head: $crate::page::Head,
            }

            impl $page {
                /// The page as HTML.
                ///
                /// # Errors
                ///
                /// Where the template can't be written out.
                pub fn html(&self, site: &$crate::page::Site) -> Result<String, $crate::page::RenderError> {
                    askama::Template::render(&Html { page: self, site, head: self.head() })
                }
            }
        };
    };
}

pub(crate) use {templates, unlisted_template};

#[cfg(test)]
mod tests {
    use std::fs;

    #[test]
    fn nothing_but_the_data_for_machines_is_printed_as_it_is() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/templates");
        let (mut templates, mut unescaped) = (0, Vec::new());
        for template in fs::read_dir(folder).unwrap() {
            let text = fs::read_to_string(template.unwrap().path()).unwrap();
            templates += 1;
            let lines = text.lines().filter(|line| line.contains("safe") || line.contains("escape"));
            unescaped.extend(lines.map(str::to_owned));
        }
        assert!(templates > 30, "{templates}");
        let data = r#"<script type="application/ld+json">{{ head.linked_data|json|safe }}</script>"#;
        assert_eq!(unescaped, [data]);
    }
}
