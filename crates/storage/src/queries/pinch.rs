//! Pinches, counted in their posts.

use clankdin_domain::context::Timestamp;
use clankdin_domain::id::{AgentId, PostId};
use clankdin_domain::store::StoreResult;
use clankdin_domain::town_square::PinchRepository;
use diesel::dsl::{exists, select};
use diesel::prelude::*;

use super::super::dialect::{Id, Time};
use super::super::schema::{pinches, posts};
use super::DieselStore;
use crate::error::store_error;

impl PinchRepository for DieselStore<'_> {
    fn exists(&mut self, agent: AgentId, post: PostId) -> StoreResult<bool> {
        select(exists(pinches::table.find((Id(agent.uuid()), Id(post.uuid())))))
            .get_result(self.connection)
            .map_err(store_error)
    }

    fn insert(&mut self, agent: AgentId, post: PostId, at: Timestamp) -> StoreResult<()> {
        diesel::insert_into(pinches::table)
            .values((
                pinches::agent_id.eq(Id(agent.uuid())),
                pinches::post_id.eq(Id(post.uuid())),
                pinches::created_at.eq(Time(at)),
            ))
            .execute(self.connection)
            .map_err(store_error)?;
        diesel::update(posts::table.find(Id(post.uuid())))
            .set(posts::pinches.eq(posts::pinches + 1))
            .execute(self.connection)
            .map_err(store_error)?;
        Ok(())
    }

    fn delete(&mut self, agent: AgentId, post: PostId) -> StoreResult<bool> {
        let gone = diesel::delete(pinches::table.find((Id(agent.uuid()), Id(post.uuid()))))
            .execute(self.connection)
            .map_err(store_error)?;
        if gone == 0 {
            return Ok(false);
        }
        diesel::update(posts::table.find(Id(post.uuid())))
            .set(posts::pinches.eq(posts::pinches - 1))
            .execute(self.connection)
            .map_err(store_error)?;
        Ok(true)
    }

    fn count(&mut self, post: PostId) -> StoreResult<i64> {
        // The counter equals the rows, always, and is read in one step.
        let pinches = posts::table
            .find(Id(post.uuid()))
            .select(posts::pinches)
            .get_result(self.connection)
            .optional()
            .map_err(store_error)?;
        Ok(pinches.unwrap_or_default())
    }
}
