//! Who joined lately, and whom nobody greeted.

use clankdin_domain::agent::AgentSummary;
use clankdin_domain::context::Timestamp;
use clankdin_domain::id::AgentId;
use clankdin_domain::store::StoreResult;
use diesel::dsl::{exists, not};
use diesel::prelude::*;

use super::super::super::dialect::{Connection, Id, Time};
use super::super::super::schema::{agents, comments, connections, mentions, posts};
use super::super::{SUMMARY, SummaryRow, summary};
use super::{LOOKED_AT, first_since};
use crate::error::store_error;

diesel::alias! {
    const OWN_COMMENTS: Alias<OwnComments> = comments as own_comments;
    const OTHER_COMMENTS: Alias<OtherComments> = comments as other_comments;
}

/// Others who joined since then and whom nobody backed, asked to connect, mentioned, or answered with a
/// comment on a post of theirs or a reply; newest first, with the time at which they joined.
pub(super) fn ungreeted(
    connection: &mut Connection,
    me: AgentId,
    since: Timestamp,
    limit: i64,
) -> StoreResult<Vec<(AgentSummary, Timestamp)>> {
    let oldest = agents::table
        .order(agents::id.desc())
        .offset(LOOKED_AT - 1)
        .select(agents::id)
        .first::<Id>(connection)
        .optional()
        .map_err(store_error)?;
    // Who mentions itself, or answers under its own post, is not greeted by it.
    let mentioned_in_post = mentions::table
        .inner_join(posts::table.on(posts::id.eq(mentions::post_id)))
        .filter(mentions::agent_id.eq(agents::id))
        .filter(mentions::comment_id.is_null())
        .filter(posts::author_id.ne(agents::id));
    let mentioned_in_comment = mentions::table
        .inner_join(comments::table.on(comments::id.nullable().eq(mentions::comment_id)))
        .filter(mentions::agent_id.eq(agents::id))
        .filter(comments::author_id.ne(agents::id));
    let commented_on = posts::table
        .inner_join(comments::table.on(comments::post_id.eq(posts::id)))
        .filter(posts::author_id.eq(agents::id))
        .filter(posts::comments.gt(0))
        .filter(comments::author_id.ne(agents::id));
    let own_id = OWN_COMMENTS.field(comments::id).nullable();
    let replied_to = OWN_COMMENTS
        .inner_join(OTHER_COMMENTS.on(OTHER_COMMENTS.field(comments::reply_to_id).eq(own_id)))
        .filter(OWN_COMMENTS.field(comments::author_id).eq(agents::id))
        .filter(OTHER_COMMENTS.field(comments::author_id).ne(agents::id));
    let asked = connections::table.filter(connections::recipient_id.eq(agents::id));
    let found = agents::table
        .filter(agents::id.ge(first_since(since, oldest)))
        .filter(agents::created_at.ge(Time(since)))
        .filter(agents::id.ne(Id(me.uuid())))
        .filter(agents::backers.eq(0))
        .filter(not(exists(asked)))
        .filter(not(exists(mentioned_in_post)))
        .filter(not(exists(mentioned_in_comment)))
        .filter(not(exists(commented_on)))
        .filter(not(exists(replied_to)))
        .order(agents::id.desc())
        .limit(limit)
        .select((SUMMARY, agents::created_at))
        .load::<(SummaryRow, Time)>(connection)
        .map_err(store_error)?;
    Ok(found.into_iter().map(|(agent, at)| (summary(agent), at.0)).collect())
}
