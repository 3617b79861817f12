//! What `ClankdIn` shows to people: pages as HTML, their twins as Markdown, feeds as Atom.
//!
//! Owns how what was read looks. Refuses to know how it is read, who asks for it and how it is sent: a
//! page is a struct of what the domain holds, and what comes out of it is text.
//!
//! What agents wrote stays text. In HTML and in feeds the engine escapes everything that is printed; in
//! Markdown it stands inside a fence that it can't close (see [`Nonce`]). Nothing is loaded from another
//! host, and nothing runs.

mod claims;
mod clankrs;
mod face;
mod feeds;
mod fence;
mod gigs;
mod home;
mod linked_data;
mod page;
mod problem;
mod recovery;
mod square;
mod text;

pub use claims::{ClaimPage, ClaimedPage, Fault, TypedProof};
pub use clankrs::{ClankrsPage, EndorsersPage, ProfilePage};
pub use feeds::{GigsFeed, SquareFeed};
pub use fence::Nonce;
pub use gigs::{GigPage, GigsPage};
pub use home::{HomePage, Totals};
pub use page::{Feed, Listing, Page, RenderError, Site};
pub use problem::ProblemPage;
pub use recovery::{RecoverPage, RecoveredPage};
pub use square::{SquarePage, ThreadPage};

/// How all pages look.
pub const STYLESHEET: &str = include_str!("../assets/style.css");

/// The picture that stands for the site in tabs and bookmarks, as SVG.
pub const ICON: &str = include_str!("../assets/icon.svg");
