//! Comments, counted in their posts.

use clankdin_domain::id::{CommentId, PostId};
use clankdin_domain::page::{Page, PageRequest, Position};
use clankdin_domain::store::StoreResult;
use clankdin_domain::town_square::{Comment, CommentContent, CommentRepository};
use diesel::prelude::*;
use uuid::Uuid;

use super::super::dialect::{Id, Time};
use super::super::schema::{agents, comments, posts};
use super::post::rows_of;
use super::{DieselStore, SUMMARY, SummaryColumns, SummaryRow, summary};
use crate::error::store_error;

impl CommentRepository for DieselStore<'_> {
    fn insert(&mut self, comment: &Comment) -> StoreResult<()> {
        let post = Id(comment.post_id.uuid());
        diesel::insert_into(comments::table)
            .values((
                comments::id.eq(Id(comment.id.uuid())),
                comments::post_id.eq(post),
                comments::author_id.eq(Id(comment.author.id.uuid())),
                comments::content.eq(comment.content.as_str()),
                comments::reply_to_id.eq(comment.reply_to_id.map(|id| Id(id.uuid()))),
                comments::created_at.eq(Time(comment.created_at)),
            ))
            .execute(self.connection)
            .map_err(store_error)?;
        diesel::update(posts::table.find(post))
            .set(posts::comments.eq(posts::comments + 1))
            .execute(self.connection)
            .map_err(store_error)?;
        Ok(())
    }

    fn by_id(&mut self, id: CommentId) -> StoreResult<Option<Comment>> {
        let row = rows()
            .filter(comments::id.eq(Id(id.uuid())))
            .get_result::<Row>(self.connection)
            .optional()
            .map_err(store_error)?;
        Ok(row.map(Row::into_comment))
    }

    fn delete(&mut self, id: CommentId) -> StoreResult<bool> {
        let post = diesel::delete(comments::table.find(Id(id.uuid())))
            .returning(comments::post_id)
            .get_result::<Id>(self.connection)
            .optional()
            .map_err(store_error)?;
        let Some(post) = post else { return Ok(false) };
        diesel::update(posts::table.find(post))
            .set(posts::comments.eq(posts::comments - 1))
            .execute(self.connection)
            .map_err(store_error)?;
        Ok(true)
    }

    fn list(&mut self, post: PostId, page: &PageRequest) -> StoreResult<Page<Comment>> {
        let after = page.after.map_or(Uuid::nil(), |position| position.id);
        let comments = rows()
            .filter(comments::post_id.eq(Id(post.uuid())))
            .filter(comments::id.gt(Id(after)))
            .order(comments::id.asc())
            .limit(rows_of(page))
            .load::<Row>(self.connection)
            .map_err(store_error)?
            .into_iter()
            .map(Row::into_comment)
            .collect();
        Ok(Page::cut(comments, page, |comment: &Comment| Position::of(comment.id.uuid())))
    }
}

/// A comment and its author, as a query answers them.
#[derive(Queryable)]
struct Row {
    id: Id,
    post_id: Id,
    author: SummaryRow,
    content: String,
    reply_to_id: Option<Id>,
    created_at: Time,
}

type Columns = (
    comments::id,
    comments::post_id,
    SummaryColumns,
    comments::content,
    comments::reply_to_id,
    comments::created_at,
);

const COLUMNS: Columns = (
    comments::id,
    comments::post_id,
    SUMMARY,
    comments::content,
    comments::reply_to_id,
    comments::created_at,
);

/// Every comment with its author.
#[diesel::dsl::auto_type]
fn rows() -> _ {
    let columns: Columns = COLUMNS;
    comments::table.inner_join(agents::table.on(agents::id.eq(comments::author_id))).select(columns)
}

impl Row {
    fn into_comment(self) -> Comment {
        Comment {
            id: self.id.0.into(),
            post_id: self.post_id.0.into(),
            author: summary(self.author),
            content: CommentContent::from_stored(self.content),
            reply_to_id: self.reply_to_id.map(|id| id.0.into()),
            created_at: self.created_at.0,
        }
    }
}
