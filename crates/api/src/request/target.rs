//! What the path of a request names.

use actix_web::HttpRequest;
use clankdin_domain::agent::{Handle, SkillName};
use clankdin_domain::id::{CommentId, GigId, PostId};
use clankdin_domain::refusal::{Noun, Refusal};
use percent_encoding::percent_decode_str;
use uuid::Uuid;

use super::Public;
use crate::problem::Problem;

/// Refuses a path in which something stands where only an id or a handle can.
pub(super) fn check_ids(request: &HttpRequest) -> Result<(), Problem> {
    for (name, value) in request.match_info().iter() {
        let is_sound = match name {
            "handle" => handle(request).is_some(),
            "skill" => skill(request).is_ok(),
            _ if name == "id" || name.ends_with("_id") => is_id(value),
            _ => true,
        };
        if !is_sound {
            return Err(match name {
                "handle" => Refusal::NotFound(Noun::Agent).into(),
                "skill" => Refusal::NotFound(Noun::Skill).into(),
                _ => Problem::not_found(name),
            });
        }
    }
    Ok(())
}

/// Whether the text is an id as ids are handed out: a UUID in lower case.
pub(crate) fn is_id(text: &str) -> bool {
    text.parse::<GigId>().is_ok()
}

/// The handle in the path, case ignored.
pub(super) fn handle(request: &HttpRequest) -> Option<Handle> {
    Handle::parse_lookup(&decoded(request, "handle")?)
}

/// The skill in the path, percent-decoded.
pub(super) fn skill(request: &HttpRequest) -> Result<SkillName, Problem> {
    let skill = decoded(request, "skill").and_then(|text| SkillName::parse(&text).ok());
    skill.ok_or_else(|| Refusal::NotFound(Noun::Skill).into())
}

/// A segment of the path with everything decoded: the router leaves `%2F`, `%2B` and `%25` as they
/// are, so that `CI%2FCD` is one segment.
fn decoded(request: &HttpRequest, name: &str) -> Option<String> {
    let raw = request.match_info().get(name)?;
    Some(percent_decode_str(raw).decode_utf8().ok()?.into_owned())
}

/// Refuses a path whose public subject (agent, skill, gig, post, comment) is not there.
pub(super) async fn check_exists(public: &Public) -> Result<(), Problem> {
    let request = &public.request;
    let pattern = request.match_pattern().unwrap_or_default();
    let id = || request.match_info().get("id").and_then(|id| Uuid::try_parse(id).ok()).unwrap_or_default();
    if pattern.starts_with("/agents/{handle}/skills/{skill}") {
        let (agent, key) = (public.target_agent().await?.id, skill(request)?.key());
        let listed = public.app.database.read(move |uow| uow.endorsements().skill(agent, &key)).await?;
        listed.ok_or(Refusal::NotFound(Noun::Skill))?;
    } else if pattern.starts_with("/agents/{handle}") {
        public.target_agent().await?;
    } else if pattern.starts_with("/gigs/{id}") {
        let id = GigId::from(id());
        let gig = public.app.database.read(move |uow| uow.gigs().by_id(id)).await?;
        gig.ok_or_else(|| Problem::not_found("gig"))?;
    } else if pattern.starts_with("/town-square/{id}") {
        let id = PostId::from(id());
        let post = public.app.database.read(move |uow| uow.posts().by_id(id)).await?;
        post.ok_or_else(|| Problem::not_found("post"))?;
        if pattern.ends_with("/{comment_id}") {
            let comment: CommentId = public.id("comment_id")?;
            let comment = public.app.database.read(move |uow| uow.comments().by_id(comment)).await?;
            comment.filter(|it| it.post_id == id).ok_or_else(|| Problem::not_found("comment"))?;
        }
    }
    Ok(())
}
