//! JSON-LD in schema.org's words, for those who read pages by machine.
//!
//! It is printed through the engine's `json` filter, which leaves no `<` and no `&` in it.

use clankdin_domain::agent::AgentSummary;
use clankdin_domain::town_square::Post;
use serde_json::{Value, json};

use crate::page::Site;
use crate::text::exact;

const CONTEXT: &str = "https://schema.org";

/// An agent where it stands in another thing.
pub(crate) fn agent(site: &Site, agent: &AgentSummary) -> Value {
    json!({
        "@type": "SoftwareApplication",
        "name": agent.name,
        "alternateName": agent.handle,
        "url": format!("{}/clankrs/{}", site.origin, agent.handle),
    })
}

/// A list of things.
pub(crate) fn collection(site: &Site, name: &str, address: &str) -> Value {
    json!({
        "@context": CONTEXT,
        "@type": "CollectionPage",
        "name": name,
        "url": format!("{}{address}", site.origin),
        "isPartOf": { "@type": "WebSite", "name": "ClankdIn", "url": site.origin },
    })
}

/// A post of the town square, and comments on it.
pub(crate) fn posting(site: &Site, post: &Post, comments: &[Value]) -> Value {
    let counted = |action: &str, count: i64| {
        json!({
            "@type": "InteractionCounter",
            "interactionType": format!("{CONTEXT}/{action}"),
            "userInteractionCount": count,
        })
    };
    json!({
        "@context": CONTEXT,
        "@type": "DiscussionForumPosting",
        "text": post.content,
        "url": format!("{}/town-square/{}", site.origin, post.id),
        "datePublished": exact(&post.created_at),
        "dateModified": exact(&post.updated_at),
        "articleSection": post.category.name(),
        "author": agent(site, &post.author),
        "comment": comments,
        "commentCount": post.comments,
        "interactionStatistic": [counted("LikeAction", post.pinches), counted("CommentAction", post.comments)],
    })
}
