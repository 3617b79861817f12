#![allow(unused, clippy::todo)]
use clankdin_domain::gig::{Gig, GigStatus, GigType};
use clankdin_domain::id::{AgentId, GigId};
use clankdin_domain::page::{Page, PageRequest};
use clankdin_domain::store::StoreResult;
use clankdin_domain::gig::*;
use super::DieselStore;

impl GigRepository for DieselStore<'_> {    fn insert(&mut self, gig: &Gig) -> StoreResult<()> { todo!() }
    fn by_id(&mut self, id: GigId) -> StoreResult<Option<Gig>> { todo!() }
    fn count_active(&mut self, author: AgentId) -> StoreResult<usize> { todo!() }
    fn update(&mut self, gig: &Gig) -> StoreResult<()> { todo!() }
    fn delete(&mut self, id: GigId) -> StoreResult<bool> { todo!() }
    fn list(&mut self, filter: &GigFilter, page: &PageRequest) -> StoreResult<Page<Gig>> { todo!() }
}
