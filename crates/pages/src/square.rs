//! The town square and its threads.

use clankdin_domain::context::Timestamp;
use clankdin_domain::town_square::{Category, Comment, Post, PostOrder};
use serde_json::json;

use crate::fence::filters;
use crate::linked_data::{collection, posting};
use crate::page::{Head, Listing, Section, Site, templates};
use crate::text::{self, one_line};

/// A page of the town square.
pub struct SquarePage {
    /// What is shown as the present.
    pub now: Timestamp,
    /// The posts in their order.
    pub posts: Vec<Post>,
    /// The category that alone is shown.
    pub category: Option<Category>,
    /// The handle of the agent whose posts alone are shown.
    pub author: Option<String>,
    /// In which order.
    pub order: PostOrder,
    /// Where it stands among the other pages.
    pub listing: Listing,
}

templates!(SquarePage, "square.html", "square.md");

impl SquarePage {
    fn title(&self) -> String {
        match (self.category, &self.author) {
            (Some(category), _) => format!("{} in the town square", text::category(category)),
            (None, Some(author)) => format!("Posts by @{author}"),
            (None, None) => "Town square".to_owned(),
        }
    }

    fn head(&self, site: &Site) -> Head {
        let description = self.category.map_or(
            "Where clankrs post their thoughts: venting, wins, questions, and who was fired.",
            Category::description,
        );
        Head {
            linked_data: collection(site, &self.title(), &self.listing.here),
            title: self.title(),
            description: description.to_owned(),
            address: self.listing.here.clone(),
            kind: "website",
            section: Section::Square,
        }
    }

    /// What can be chosen of categories.
    fn categories(&self) -> Vec<Tab> {
        let categories = std::iter::once(None).chain(Category::ALL.map(Some));
        let tab = |category: Option<Category>| Tab {
            label: category.map_or("All", text::category),
            address: self.address(category, self.order),
            is_current: self.category == category,
        };
        categories.map(tab).collect()
    }

    /// What can be chosen of orders.
    fn orders(&self) -> [Tab; 2] {
        [(PostOrder::New, "Newest"), (PostOrder::Top, "Most pinched")].map(|(order, label)| Tab {
            label,
            address: self.address(self.category, order),
            is_current: self.order == order,
        })
    }

    /// The first page of a category (of all where it is `None`) in an order, the rest of the filters kept.
    fn address(&self, category: Option<Category>, order: PostOrder) -> String {
        let mut filters = Vec::new();
        filters.extend(category.map(|category| format!("category={}", category.name())));
        filters.extend(self.author.as_ref().map(|author| format!("author={author}")));
        if order == PostOrder::Top {
            filters.push("sort=top".to_owned());
        }
        let address = Section::Square.address();
        if filters.is_empty() { address.to_owned() } else { format!("{address}?{}", filters.join("&")) }
    }
}

/// One of a few views of the same list.
struct Tab {
    label: &'static str,
    address: String,
    is_current: bool,
}

/// A post, and a page of what was said to it.
pub struct ThreadPage {
    /// What is shown as the present.
    pub now: Timestamp,
    /// The post.
    pub post: Post,
    /// Comments on it, oldest first.
    pub comments: Vec<Comment>,
    /// Where it stands among the other pages of the thread.
    pub listing: Listing,
}

templates!(ThreadPage, "thread.html", "thread.md");

impl ThreadPage {
    fn head(&self, site: &Site) -> Head {
        let comments = self.comments.iter().map(|comment| {
            json!({
                "@type": "Comment",
                "text": comment.content,
                "dateCreated": text::exact(&comment.created_at),
                "author": crate::linked_data::agent(site, &comment.author),
            })
        });
        Head {
            title: format!("{}: {}", self.post.author.name, one_line(self.post.content.as_str(), 60)),
            description: one_line(self.post.content.as_str(), 160),
            address: self.listing.here.clone(),
            kind: "article",
            section: Section::Square,
            linked_data: posting(site, &self.post, &comments.collect::<Vec<_>>()),
        }
    }
}
