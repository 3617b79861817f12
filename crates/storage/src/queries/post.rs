//! Posts, and who is mentioned in them.

use clankdin_domain::id::{AgentId, CommentId, PostId};
use clankdin_domain::page::{Page, PageRequest, Position};
use clankdin_domain::store::StoreResult;
use clankdin_domain::town_square::{Category, Post, PostContent, PostFilter, PostOrder, PostRepository};
use diesel::dsl::{exists, not, select};
use diesel::prelude::*;
use uuid::Uuid;

use super::super::dialect::{Connection, Id, Time, held};
use super::super::schema::{agents, mentions, posts};
use super::{DieselStore, SUMMARY, SummaryColumns, SummaryRow, limit_of, summary};
use crate::error::{corrupt, store_error};

impl PostRepository for DieselStore<'_> {
    fn insert(&mut self, post: &Post) -> StoreResult<()> {
        let author = Id(post.author.id.uuid());
        diesel::insert_into(posts::table)
            .values((
                posts::id.eq(Id(post.id.uuid())),
                posts::author_id.eq(author),
                posts::content.eq(post.content.as_str()),
                posts::category.eq(post.category.name()),
                posts::pinches.eq(post.pinches),
                posts::comments.eq(post.comments),
                posts::created_at.eq(Time(post.created_at)),
                posts::updated_at.eq(Time(post.updated_at)),
            ))
            .execute(self.connection)
            .map_err(store_error)?;
        diesel::update(agents::table.find(author))
            .set(agents::posts.eq(agents::posts + 1))
            .execute(self.connection)
            .map_err(store_error)?;
        Ok(())
    }

    fn by_id(&mut self, id: PostId) -> StoreResult<Option<Post>> {
        rows()
            .filter(posts::id.eq(Id(id.uuid())))
            .get_result::<Row>(self.connection)
            .optional()
            .map_err(store_error)?
            .map(Row::into_post)
            .transpose()
    }

    fn lock(&mut self, id: PostId) -> StoreResult<Option<Post>> {
        // The post alone, and not its author with it.
        held!(posts::table.find(Id(id.uuid())).select(posts::id))
            .get_result::<Id>(self.connection)
            .optional()
            .map_err(store_error)?;
        PostRepository::by_id(self, id)
    }

    fn update(&mut self, post: &Post) -> StoreResult<()> {
        // The counters are not among these: they are changed where what they count is.
        diesel::update(posts::table.find(Id(post.id.uuid())))
            .set((
                posts::content.eq(post.content.as_str()),
                posts::category.eq(post.category.name()),
                posts::updated_at.eq(Time(post.updated_at)),
            ))
            .execute(self.connection)
            .map_err(store_error)?;
        Ok(())
    }

    fn delete(&mut self, id: PostId) -> StoreResult<bool> {
        let author = diesel::delete(posts::table.find(Id(id.uuid())))
            .returning(posts::author_id)
            .get_result::<Id>(self.connection)
            .optional()
            .map_err(store_error)?;
        let Some(author) = author else { return Ok(false) };
        diesel::update(agents::table.find(author))
            .set(agents::posts.eq(agents::posts - 1))
            .execute(self.connection)
            .map_err(store_error)?;
        Ok(true)
    }

    fn count(&mut self) -> StoreResult<i64> {
        posts::table.count().get_result(self.connection).map_err(store_error)
    }

    fn list(&mut self, filter: PostFilter, page: &PageRequest) -> StoreResult<Page<Post>> {
        let (rows, rank): (_, fn(&Post) -> i64) = match filter.order {
            PostOrder::New => (newest(self.connection, filter, page)?, |_| 0),
            PostOrder::Top => (most_pinched(self.connection, filter, page)?, |post| post.pinches),
        };
        let posts = rows.into_iter().map(Row::into_post).collect::<StoreResult<_>>()?;
        Ok(Page::cut(posts, page, |post| Position { rank: rank(post), id: post.id.uuid() }))
    }

    fn count_mentions(&mut self, post: PostId, comment: Option<CommentId>) -> StoreResult<usize> {
        let standing = mentions::table.filter(mentions::post_id.eq(Id(post.uuid()))).count();
        let count = match comment {
            Some(comment) => standing
                .filter(mentions::comment_id.eq(Id(comment.uuid())))
                .get_result::<i64>(self.connection),
            None => standing.filter(mentions::comment_id.is_null()).get_result(self.connection),
        };
        let count = count.map_err(store_error)?;
        usize::try_from(count).map_err(|_| corrupt("mentions", "count", post))
    }

    fn add_mention(
        &mut self,
        post: PostId,
        comment: Option<CommentId>,
        mentioned: AgentId,
    ) -> StoreResult<bool> {
        let (post, mentioned) = (Id(post.uuid()), Id(mentioned.uuid()));
        let comment = comment.map(|comment| Id(comment.uuid()));
        // Whoever comes here has locked the post, so that nobody adds the same mention in between.
        let standing =
            mentions::table.filter(mentions::post_id.eq(post)).filter(mentions::agent_id.eq(mentioned));
        let stands = match comment {
            Some(comment) => select(exists(standing.filter(mentions::comment_id.eq(comment))))
                .get_result::<bool>(self.connection),
            None => select(exists(standing.filter(mentions::comment_id.is_null())))
                .get_result::<bool>(self.connection),
        };
        if stands.map_err(store_error)? {
            return Ok(false);
        }
        diesel::insert_into(mentions::table)
            .values((
                mentions::post_id.eq(post),
                mentions::comment_id.eq(comment),
                mentions::agent_id.eq(mentioned),
            ))
            .execute(self.connection)
            .map_err(store_error)?;
        Ok(true)
    }
}

/// A post and its author, as a query answers them.
#[derive(Queryable)]
pub(super) struct Row {
    id: Id,
    author: SummaryRow,
    content: String,
    category: String,
    pinches: i64,
    comments: i64,
    created_at: Time,
    updated_at: Time,
}

/// The columns of a [`Row`].
pub(super) type Columns = (
    posts::id,
    SummaryColumns,
    posts::content,
    posts::category,
    posts::pinches,
    posts::comments,
    posts::created_at,
    posts::updated_at,
);

const COLUMNS: Columns = (
    posts::id,
    SUMMARY,
    posts::content,
    posts::category,
    posts::pinches,
    posts::comments,
    posts::created_at,
    posts::updated_at,
);

/// Every post with its author.
#[diesel::dsl::auto_type]
pub(super) fn rows() -> _ {
    let columns: Columns = COLUMNS;
    posts::table.inner_join(agents::table.on(agents::id.eq(posts::author_id))).select(columns)
}

impl Row {
    pub(super) fn into_post(self) -> StoreResult<Post> {
        let category =
            Category::named(&self.category).ok_or_else(|| corrupt("posts", "category", self.id.0))?;
        Ok(Post {
            id: self.id.0.into(),
            author: summary(self.author),
            content: PostContent::from_stored(self.content),
            category,
            pinches: self.pinches,
            comments: self.comments,
            created_at: self.created_at.0,
            updated_at: self.updated_at.0,
        })
    }
}

type Backend = <Connection as diesel::Connection>::Backend;

/// How many rows a page is cut from: its own, and one that shows that more follow.
pub(super) fn rows_of(page: &PageRequest) -> i64 {
    limit_of(page.limit()).saturating_add(1)
}

/// Where a page of posts begins: below every post where it is the first one.
fn start(page: &PageRequest) -> Position {
    page.after.unwrap_or(Position { rank: i64::MAX, id: Uuid::max() })
}

/// The posts of one page and one more, newest first.
fn newest(connection: &mut Connection, filter: PostFilter, page: &PageRequest) -> StoreResult<Vec<Row>> {
    let before = posts::id.lt(Id(start(page).id));
    let found = if filter.category.is_none() && filter.author.is_none() {
        // What everybody reads: a query whose type is fixed need not be put together each time.
        rows().filter(before).order(posts::id.desc()).limit(rows_of(page)).load(connection)
    } else {
        filtered(filter).filter(before).order(posts::id.desc()).limit(rows_of(page)).load(connection)
    };
    found.map_err(store_error)
}

/// The posts of one page and one more, most pinched first.
///
/// Two walks along the same index and not one with `OR`: the posts with as many pinches as the last
/// one told, then those with fewer. Databases walk an index for either, but not for both at once.
fn most_pinched(
    connection: &mut Connection,
    filter: PostFilter,
    page: &PageRequest,
) -> StoreResult<Vec<Row>> {
    let start = start(page);
    let mut told = Vec::new();
    if page.after.is_some() {
        told = filtered(filter)
            .filter(posts::pinches.eq(start.rank))
            .filter(posts::id.lt(Id(start.id)))
            .order(posts::id.desc())
            .limit(rows_of(page))
            .load(connection)
            .map_err(store_error)?;
    }
    let room = rows_of(page).saturating_sub_unsigned(told.len() as u64);
    if room > 0 {
        let below = filtered(filter)
            .filter(posts::pinches.lt(start.rank))
            .order((posts::pinches.desc(), posts::id.desc()))
            .limit(room)
            .load::<Row>(connection)
            .map_err(store_error)?;
        told.extend(below);
    }
    Ok(told)
}

fn filtered<'f>(filter: PostFilter) -> diesel::helper_types::IntoBoxed<'f, rows, Backend> {
    let mut query = rows().into_boxed();
    if let Some(author) = filter.author {
        query = query.filter(posts::author_id.eq(Id(author.uuid())));
    }
    match (filter.category, filter.author) {
        (Some(category), None) => query.filter(posts::category.eq(category.name())),
        // An agent's posts are fewer than a category's: so written, the walk is along them and the
        // category is checked on the way, whatever the database believes of its tables.
        (Some(category), Some(_)) => query.filter(not(posts::category.ne(category.name()))),
        (None, _) => query,
    }
}
