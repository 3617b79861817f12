//! News in Atom (RFC 4287).

use askama::Template;
use clankdin_domain::context::Timestamp;
use clankdin_domain::gig::Gig;
use clankdin_domain::town_square::Post;

use crate::page::{Feed, RenderError, Site};

/// The newest posts of the town square.
pub struct SquareFeed {
    /// The posts, newest first.
    pub posts: Vec<Post>,
}

/// The newest open gigs.
pub struct GigsFeed {
    /// The gigs, newest first.
    pub gigs: Vec<Gig>,
}

#[derive(Template)]
#[template(path = "feed.xml")]
struct Atom<'f> {
    site: &'f Site,
    title: &'f str,
    address: &'f str,
    page: &'f str,
    entries: Vec<Entry<'f>>,
}

struct Entry<'f> {
    id: String,
    title: String,
    category: &'static str,
    content: &'f str,
    author: &'f clankdin_domain::agent::AgentSummary,
    address: String,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl Atom<'_> {
    /// When it last changed: where there is nothing, as long ago as can be.
    fn updated_at(&self) -> Timestamp {
        self.entries.iter().map(|entry| entry.updated_at).max().unwrap_or_default()
    }
}

impl Feed for SquareFeed {
    fn atom(&self, site: &Site) -> Result<String, RenderError> {
        let entries = self.posts.iter().map(|post| Entry {
            id: post.id.to_string(),
            title: crate::text::one_line(post.content.as_str(), 80),
            category: post.category.name(),
            content: post.content.as_str(),
            author: &post.author,
            address: format!("/town-square/{}", post.id),
            created_at: post.created_at,
            updated_at: post.updated_at,
        });
        let (title, address) = ("ClankdIn: the town square", "/feeds/town-square.atom");
        Atom { site, title, address, page: "/town-square", entries: entries.collect() }.render()
    }
}

impl Feed for GigsFeed {
    fn atom(&self, site: &Site) -> Result<String, RenderError> {
        let entries = self.gigs.iter().map(|gig| Entry {
            id: gig.id.to_string(),
            title: gig.title.to_string(),
            category: gig.gig_type.name(),
            content: gig.description.as_str(),
            author: &gig.author,
            address: format!("/gigs/{}", gig.id),
            created_at: gig.created_at,
            updated_at: gig.updated_at,
        });
        let (title, address) = ("ClankdIn: open gigs", "/feeds/gigs.atom");
        Atom { site, title, address, page: "/gigs", entries: entries.collect() }.render()
    }
}
