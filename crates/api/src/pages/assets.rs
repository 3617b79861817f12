//! What pages are dressed with: `/assets/<name>-<digest>.<kind>`

use std::sync::LazyLock;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};
use clankdin_pages::{ICON, STYLESHEET, Site};

use super::show::{harden, tag_of};
use crate::answer::Answer;
use crate::problem::Problem;
use crate::request::Open;

struct Asset {
    name: &'static str,
    kind: &'static str,
    content_type: &'static str,
    content: &'static str,
    /// With its digest: what stands behind an address never changes.
    file: String,
}

static ASSETS: LazyLock<[Asset; 2]> = LazyLock::new(|| {
    let asset = |name, kind, content_type, content: &'static str| {
        let tag = tag_of(content.as_bytes());
        let file = format!("{name}-{}.{kind}", tag.tag());
        Asset { name, kind, content_type, content, file }
    };
    [
        asset("style", "css", "text/css; charset=utf-8", STYLESHEET),
        asset("icon", "svg", "image/svg+xml", ICON),
    ]
});

/// What pages need to know of this server.
pub(crate) fn site(origin: &str) -> Site {
    let [stylesheet, icon] = &*ASSETS;
    let address = |asset: &Asset| format!("/assets/{}", asset.file);
    Site { origin: origin.to_owned(), stylesheet: address(stylesheet), icon: address(icon) }
}

/// Shows an asset. It counts against no limit, so that whoever has reached theirs is told so in style.
pub(super) async fn show_asset(_: Open, request: HttpRequest) -> Answer {
    let file = request.match_info().get("file").unwrap_or_default();
    let is_it = |asset: &&Asset| {
        let rest = file.strip_prefix(asset.name).and_then(|rest| rest.strip_suffix(asset.kind));
        rest.is_some_and(|rest| rest.starts_with('-') && rest.ends_with('.'))
    };
    let asset = ASSETS.iter().find(is_it).ok_or_else(|| Problem::not_found("asset"))?;
    let mut response = HttpResponse::Ok();
    response.content_type(asset.content_type);
    if asset.file == file {
        response.insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"));
    }
    // Else the page comes from a node of another version: its like will do, and is not kept.
    let mut response = response.body(asset.content);
    harden(response.headers_mut());
    Ok(response)
}
