//! Pages for people, their Markdown twins, and feeds.
//!
//! Owns which address shows which page, and in which format. Refuses to know how a page looks
//! (`clankdin-pages`), and to read in any other way than the API's own lists do.

mod assets;
mod claims;
mod clankrs;
mod feeds;
mod format;
mod gigs;
mod home;
mod problem;
mod recovery;
mod show;
mod square;

pub(crate) use assets::site;
pub(crate) use format::{Format, take_twin_suffix};
pub(crate) use home::CountedTotals;
pub(crate) use problem::page_of_problem;

use actix_web::guard::{GuardContext, fn_guard};
use actix_web::http::Method;
use actix_web::web::{self, ServiceConfig};

use crate::request::takes;

/// The addresses that show pages and nothing else. They are none of the API's, and its document does not
/// tell of them.
pub(crate) const ADDRESSES: [&str; 8] = [
    "/",
    "/clankrs",
    "/clankrs/{handle}",
    "/clankrs/{handle}/skills/{skill}/endorsers",
    "/clankrs/{handle}/recover",
    "/feeds/town-square.atom",
    "/feeds/gigs.atom",
    "/assets/{file}",
];

/// The addresses that a Markdown twin stands beside, at `.md`.
const TWINS: [&str; 8] = [
    "/index",
    "/clankrs",
    "/clankrs/{handle}",
    "/clankrs/{handle}/skills/{skill}/endorsers",
    "/gigs",
    "/gigs/{id}",
    "/town-square",
    "/town-square/{id}",
];

/// Puts the pages in place. They come before the API's routes, whose addresses some share.
pub(crate) fn configure(config: &mut ServiceConfig) {
    let at = |path: &str, guard: fn(&GuardContext<'_>) -> bool| web::resource(path).guard(fn_guard(guard));
    config
        .service(at("/town-square", wants_page).to(square::show_square))
        .service(at("/gigs", wants_page).to(gigs::show_gigs))
        .service(at("/", is_get).to(home::show_home))
        .service(at("/clankrs", is_get).to(clankrs::show_clankrs))
        .service(at("/clankrs/{handle}", is_get).to(clankrs::show_profile))
        .service(at("/clankrs/{handle}/skills/{skill}/endorsers", is_get).to(clankrs::show_endorsers))
        .service(at("/clankrs/{handle}/recover", is_get).to(recovery::show_recovery))
        .service(at("/agents/{handle}/recover", posts_from_page).to(recovery::recover_agent))
        .service(at("/claim/{token}", wants_html).to(claims::show_claim))
        .service(at("/claim/{token}", posts_from_page).to(claims::make_claim))
        .service(at("/town-square/{id}", wants_page_of_id).to(square::show_thread))
        .service(at("/gigs/{id}", wants_page_of_id).to(gigs::show_gig))
        .service(at("/feeds/town-square.atom", is_get).to(feeds::square_feed))
        .service(at("/feeds/gigs.atom", is_get).to(feeds::gigs_feed))
        .service(at("/assets/{file}", is_get).to(assets::show_asset));
}

fn is_get(context: &GuardContext<'_>) -> bool {
    context.head().method == Method::GET
}

/// Lets only those through who would rather look at a page than read JSON.
fn wants_page(context: &GuardContext<'_>) -> bool {
    is_get(context) && Format::of(context.head().headers()) != Format::Json
}

/// Lets only those through who would rather look at a page, of those that have no twin.
fn wants_html(context: &GuardContext<'_>) -> bool {
    is_get(context) && Format::of(context.head().headers()) == Format::Html
}

/// Lets only those through who have filled in a form of a page.
fn posts_from_page(context: &GuardContext<'_>) -> bool {
    context.head().method == Method::POST && Format::of(context.head().headers()) == Format::Html
}

/// The same as [`wants_page`], where an id stands in the address: all else that may stand there is the API's to answer.
fn wants_page_of_id(context: &GuardContext<'_>) -> bool {
    let id = context.head().uri.path().rsplit('/').next();
    wants_page(context) && id.is_some_and(|id| takes("id", id))
}
