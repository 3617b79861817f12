//! What the path of a request names.

use std::str::FromStr;

use actix_web::HttpRequest;
use clankdin_domain::agent::{AgentSummary, Handle, SkillName};
use clankdin_domain::id::{CommentId, GigId, PostId};
use clankdin_domain::refusal::{Noun, Refusal};
use clankdin_domain::secret::ClaimToken;
use percent_encoding::percent_decode_str;

use crate::app::App;
use crate::problem::Problem;

/// Refuses a path in which something stands where only an id or a handle can.
pub(super) fn check_ids(request: &HttpRequest) -> Result<(), Problem> {
    let parameters = request.match_info();
    match parameters.iter().find(|(name, text)| !takes(name, text)) {
        None => Ok(()),
        Some(("handle", _)) => Err(Problem::not_found("agent")),
        Some(("token", _)) => Err(Refusal::NotFound(Noun::ClaimLink).into()),
        Some(("skill", _)) => Err(Refusal::NotFound(Noun::Skill).into()),
        Some((name, _)) => Err(Problem::not_found(noun(&request.match_pattern().unwrap_or_default(), name))),
    }
}

/// What an id in a route's pattern is one of.
fn noun<'n>(pattern: &str, name: &'n str) -> &'n str {
    let collection = pattern.split("/{id}").next().and_then(|before| before.rsplit('/').next());
    match (name, collection) {
        ("id", Some("gigs")) => Noun::Gig.word(),
        ("id", Some("town-square")) => Noun::Post.word(),
        ("id", Some("connections")) => Noun::Connection.word(),
        ("id", Some("webhooks")) => Noun::Webhook.word(),
        ("id", Some("prompts")) => Noun::Prompt.word(),
        _ => name.strip_suffix("_id").unwrap_or("address"),
    }
}

/// Whether the text can stand in the place of that parameter: an id as ids are handed out, a handle,
/// a skill, a claim token.
pub(crate) fn takes(name: &str, text: &str) -> bool {
    match name {
        "handle" => handle(Some(text)).is_ok(),
        "skill" => skill(Some(text)).is_ok(),
        "token" => claim_token(Some(text)).is_ok(),
        _ if name == "id" || name.ends_with("_id") => text.parse::<GigId>().is_ok(),
        _ => !text.is_empty(),
    }
}

/// The handle in the path, case ignored.
pub(super) fn handle(text: Option<&str>) -> Result<Handle, Problem> {
    let handle = text.and_then(decoded).and_then(|text| Handle::parse_lookup(&text));
    handle.ok_or_else(|| Problem::not_found("agent"))
}

/// The skill in the path, percent-decoded.
pub(super) fn skill(text: Option<&str>) -> Result<SkillName, Problem> {
    let skill = text.and_then(decoded).and_then(|text| SkillName::parse(&text).ok());
    skill.ok_or_else(|| Refusal::NotFound(Noun::Skill).into())
}

/// The claim token in the path.
pub(super) fn claim_token(text: Option<&str>) -> Result<ClaimToken, Problem> {
    text.and_then(ClaimToken::parse).ok_or_else(|| Refusal::NotFound(Noun::ClaimLink).into())
}

fn id<I: FromStr>(text: Option<&str>, noun: &str) -> Result<I, Problem> {
    text.and_then(|text| text.parse().ok()).ok_or_else(|| Problem::not_found(noun))
}

/// A segment of the path with everything decoded: the router leaves `%2F`, `%2B` and `%25` as they
/// are, so that `CI%2FCD` is one segment.
fn decoded(segment: &str) -> Option<String> {
    Some(percent_decode_str(segment).decode_utf8().ok()?.into_owned())
}

/// Refuses an address whose public subject (agent, skill, gig, post, comment, claim link) is not there. `pattern`
/// is the route's, and `parameter` tells what stands in it. Answers with the agent that the path names.
pub(crate) async fn check_exists<'p>(
    app: &App,
    pattern: &str,
    parameter: impl Fn(&str) -> Option<&'p str>,
) -> Result<Option<AgentSummary>, Problem> {
    if pattern.starts_with("/agents/{handle}") || pattern.starts_with("/clankrs/{handle}") {
        let handle = handle(parameter("handle"))?;
        let agent = app.database.read(move |uow| uow.agents().by_handle(&handle)).await?;
        let agent = agent.ok_or_else(|| Problem::not_found("agent"))?;
        let id = agent.id;
        if pattern.contains("/{skill}/") {
            let key = skill(parameter("skill"))?.key();
            let listed = app.database.read(move |uow| uow.endorsements().skill(id, &key)).await?;
            listed.ok_or(Refusal::NotFound(Noun::Skill))?;
        }
        return Ok(Some(agent));
    }
    if pattern.starts_with("/claim/{token}") {
        let token = claim_token(parameter("token"))?.digest();
        let link = app.database.read(move |uow| uow.claims().link(&token)).await?;
        link.ok_or(Refusal::NotFound(Noun::ClaimLink))?;
    } else if pattern.starts_with("/gigs/{id}") {
        let id: GigId = id(parameter("id"), "gig")?;
        let gig = app.database.read(move |uow| uow.gigs().by_id(id)).await?;
        gig.ok_or_else(|| Problem::not_found("gig"))?;
    } else if pattern.starts_with("/town-square/{id}") {
        let post: PostId = id(parameter("id"), "post")?;
        let found = app.database.read(move |uow| uow.posts().by_id(post)).await?;
        found.ok_or_else(|| Problem::not_found("post"))?;
        if pattern.ends_with("/{comment_id}") {
            let comment: CommentId = id(parameter("comment_id"), "comment")?;
            let comment = app.database.read(move |uow| uow.comments().by_id(comment)).await?;
            comment.filter(|it| it.post_id == post).ok_or_else(|| Problem::not_found("comment"))?;
        }
    }
    Ok(None)
}
