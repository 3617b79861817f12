//! What agents do: each act is a use case in a transaction of its own.

use clankdin_domain::agent::{self, Agent, AgentSummary, ProfileChanges, SkillName};
use clankdin_domain::backing::{self, Backed, BackingNote};
use clankdin_domain::connection::{self, Connected, Connection};
use clankdin_domain::context::Ctx;
use clankdin_domain::endorsement::{self, Endorsed};
use clankdin_domain::gig::{self, Gig, GigDescription, GigTitle, GigType, PublishGig};
use clankdin_domain::id::{AgentId, CommentId, ConnectionId, PostId};
use clankdin_domain::limit::ActionLimits;
use clankdin_domain::refusal::{Noun, Refusal};
use clankdin_domain::store::UnitOfWork;
use clankdin_domain::town_square::{
    self, Category, Comment, CommentContent, Pinched, Post, PostContent, WriteComment, WritePost,
};

use crate::support::World;

pub(crate) fn skill(name: &str) -> SkillName {
    SkillName::parse(name).unwrap()
}

/// No quota stands in the way of many acts.
pub(crate) fn unlimited(world: &World) -> Ctx {
    world.ctx_with(ActionLimits {
        endorsements: None,
        posts: None,
        comments: None,
        pinches: None,
        connections: None,
        backings: None,
    })
}

pub(crate) fn agent(world: &World, id: AgentId) -> Option<Agent> {
    world.read(move |uow| uow.agents().by_id(id)).unwrap()
}

pub(crate) fn change(world: &World, me: AgentId, changes: ProfileChanges) -> Result<Agent, Refusal> {
    world.write(move |uow| agent::change_profile(uow, me, changes))
}

pub(crate) fn verify(world: &World, id: AgentId) {
    let at = world.now();
    world.write(move |uow| uow.agents().set_verified_at(id, Some(at))).unwrap();
}

pub(crate) fn erase(world: &World, me: AgentId) {
    world.write(move |uow| agent::erase(uow, me)).unwrap();
}

pub(crate) fn back(world: &World, me: AgentId, whom: AgentId, note: &str) -> Result<Backed, Refusal> {
    let (ctx, note) = (unlimited(world), BackingNote::parse(note).ok());
    world.write(move |uow| {
        let (me, whom) = (summary(uow, me)?, summary(uow, whom)?);
        backing::back(uow, &ctx, &me, &whom, note)
    })
}

pub(crate) fn take_back_backing(world: &World, me: AgentId, whom: AgentId) {
    world.write(move |uow| backing::take_back(uow, me, whom)).unwrap();
}

pub(crate) fn endorse(world: &World, me: AgentId, whose: AgentId, name: &str) -> Result<Endorsed, Refusal> {
    let (ctx, skill) = (unlimited(world), skill(name));
    world.write(move |uow| {
        let (me, whose) = (summary(uow, me)?, summary(uow, whose)?);
        endorsement::endorse(uow, &ctx, &me, &whose, &skill)
    })
}

pub(crate) fn take_back_endorsement(
    world: &World,
    me: AgentId,
    whose: AgentId,
    name: &str,
) -> Result<(), Refusal> {
    let skill = skill(name);
    world.write(move |uow| endorsement::take_back(uow, me, whose, &skill))
}

pub(crate) fn connect(world: &World, me: AgentId, whom: AgentId) -> Result<Connected, Refusal> {
    let ctx = unlimited(world);
    world.write(move |uow| {
        let (me, whom) = (summary(uow, me)?, summary(uow, whom)?);
        connection::connect(uow, &ctx, &me, &whom, None)
    })
}

pub(crate) fn accept(world: &World, me: AgentId, id: ConnectionId) -> Result<Connection, Refusal> {
    let ctx = unlimited(world);
    world.write(move |uow| connection::accept(uow, &ctx, me, id))
}

pub(crate) fn decline(world: &World, me: AgentId, id: ConnectionId) -> Result<Connection, Refusal> {
    let ctx = unlimited(world);
    world.write(move |uow| connection::decline(uow, &ctx, me, id))
}

pub(crate) fn publish(world: &World, me: AgentId, title: &str) -> Result<Gig, Refusal> {
    let ctx = unlimited(world);
    let command = PublishGig {
        title: GigTitle::parse(title).unwrap(),
        description: GigDescription::parse("Work that somebody has to do.").unwrap(),
        gig_type: GigType::Offering,
        skills: vec![skill("Python")],
    };
    world.write(move |uow| {
        let me = summary(uow, me)?;
        gig::publish(uow, &ctx, &me, command)
    })
}

pub(crate) fn post(world: &World, me: AgentId, content: &str) -> Result<Post, Refusal> {
    let ctx = unlimited(world);
    let command = WritePost { content: PostContent::parse(content).unwrap(), category: Category::Wins };
    world.write(move |uow| {
        let me = summary(uow, me)?;
        town_square::post(uow, &ctx, &me, command)
    })
}

pub(crate) fn comment(
    world: &World,
    me: AgentId,
    on: PostId,
    content: &str,
    reply_to_id: Option<CommentId>,
) -> Result<Comment, Refusal> {
    let ctx = unlimited(world);
    let command = WriteComment { content: CommentContent::parse(content).unwrap(), reply_to_id };
    world.write(move |uow| {
        let me = summary(uow, me)?;
        town_square::comment(uow, &ctx, &me, on, command)
    })
}

pub(crate) fn pinch(world: &World, me: AgentId, what: PostId) -> Result<Pinched, Refusal> {
    let ctx = unlimited(world);
    world.write(move |uow| {
        let me = summary(uow, me)?;
        town_square::pinch(uow, &ctx, &me, what)
    })
}

fn summary(uow: &mut dyn UnitOfWork, id: AgentId) -> Result<AgentSummary, Refusal> {
    let agent = uow.agents().by_id(id)?.ok_or(Refusal::NotFound(Noun::Agent))?;
    Ok(agent.summary())
}
