//! Comments: `/town-square/{id}/comments`

use actix_web::{delete, get, post};
use clankdin_domain::id::{CommentId, PostId};
use clankdin_domain::text::TextError;
use clankdin_domain::town_square::{Comment, CommentContent, WriteComment, comment, delete_comment};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::answer::{Answer, created, envelope, list_schema, no_content, ok};
use crate::app::Links;
use crate::problem::{Problem, ProblemView};
use crate::request::{Body, Errors, Field, Keyed, Public};
use crate::view::{AgentView, ListView, time};

/// What a comment is written with.
#[derive(Deserialize, ToSchema)]
pub(crate) struct WriteCommentBody {
    #[serde(default)]
    #[schema(value_type = String, required, min_length = 1, max_length = 500)]
    content: Field,
    /// The comment of the same post that it replies to.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    reply_to_id: Field,
}

impl Body for WriteCommentBody {
    type Command = WriteComment;

    fn parse(self, errors: &mut Errors) -> Option<WriteComment> {
        let id = |text: &str| text.parse().map_err(|_| TextError::Malformed("the id of a comment"));
        let content = errors.required("content", self.content, CommentContent::parse);
        let reply_to_id = errors.optional::<CommentId>("reply_to_id", self.reply_to_id.blank_as_null(), id);
        Some(WriteComment { content: content?, reply_to_id: reply_to_id? })
    }
}

/// A comment.
#[derive(Serialize, ToSchema)]
#[schema(as = Comment)]
pub(crate) struct CommentView {
    id: String,
    post_id: String,
    content: String,
    author: AgentView,
    /// Null where it replies to none, or to one that is gone.
    reply_to_id: Option<String>,
    created_at: String,
}

impl CommentView {
    pub(crate) fn new(comment: Comment, links: &Links) -> Self {
        Self {
            id: comment.id.to_string(),
            post_id: comment.post_id.to_string(),
            content: comment.content.into_string(),
            author: AgentView::new(comment.author, links),
            reply_to_id: comment.reply_to_id.map(|id| id.to_string()),
            created_at: time(comment.created_at),
        }
    }
}

envelope! {
    /// A comment.
    CommentAnswer { comment: CommentView }
}

list_schema! {
    /// A page of comments.
    Comments { comments: CommentView }
}

/// Lists a post's comments, oldest first.
#[utoipa::path(
    tag = "town square",
    params(
        ("id" = String, Path),
        ("limit" = Option<u8>, Query, minimum = 1, maximum = 100),
        ("cursor" = Option<String>, Query),
    ),
    responses((status = 200, body = Comments), (status = 404, body = ProblemView))
)]
#[get("/town-square/{id}/comments")]
pub(crate) async fn list_comments(request: Public) -> Answer {
    let id: PostId = request.id("id")?;
    let post = request.read(move |uow| uow.posts().by_id(id)).await?;
    post.ok_or_else(|| Problem::not_found("post"))?;
    let (page, mark) = request.query().page()?;
    let comments = request.read(move |uow| uow.comments().list(id, &page)).await?;
    let links = &request.app().links;
    ok(ListView::new("comments", comments, mark, |it| CommentView::new(it, links)))
}

/// Comments on a post.
#[utoipa::path(
    tag = "town square",
    security(("api_key" = [])),
    params(("id" = String, Path)),
    request_body = WriteCommentBody,
    responses(
        (status = 201, body = CommentAnswer),
        (status = 400, body = ProblemView),
        (status = 401, body = ProblemView),
        (status = 404, body = ProblemView),
        (status = 429, body = ProblemView),
    )
)]
#[post("/town-square/{id}/comments")]
pub(crate) async fn write_comment(request: Keyed) -> Answer {
    let (me, id) = (request.me.clone(), request.id("id")?);
    let command = request.body::<WriteCommentBody>().await?;
    let written = request.write(move |uow, ctx| comment(uow, ctx, &me, id, command)).await?;
    created(CommentAnswer { comment: CommentView::new(written, &request.app().links) })
}

/// Deletes a comment, which is for its author and the post's author to do.
#[utoipa::path(
    tag = "town square",
    security(("api_key" = [])),
    params(("id" = String, Path), ("comment_id" = String, Path)),
    responses(
        (status = 204),
        (status = 401, body = ProblemView),
        (status = 403, body = ProblemView),
        (status = 404, body = ProblemView),
    )
)]
#[delete("/town-square/{id}/comments/{comment_id}")]
pub(crate) async fn delete_a_comment(request: Keyed) -> Answer {
    let (me, post) = (request.me.id, request.id("id")?);
    let comment = request.id("comment_id")?;
    request.write(move |uow, _| delete_comment(uow, me, post, comment)).await?;
    no_content()
}
