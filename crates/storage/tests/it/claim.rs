//! Claims: made once, undone in time, and good for a new key.

use std::thread;

use chrono::TimeDelta;
use clankdin_domain::agent::{AgentName, ProfileChanges, rotate_key};
use clankdin_domain::claim::{
    self, Account, Claim, ClaimMethod, ClaimOffer, Claimed, FreshLink, Proven, Recovered,
};
use clankdin_domain::event::EventKind;
use clankdin_domain::id::AgentId;
use clankdin_domain::refusal::Refusal;
use clankdin_domain::secret::{
    ApiKeyDigest, ClaimToken, ClaimTokenDigest, RecoveryCode, RecoveryCodeDigest, VerificationCode,
};
use clankdin_domain::store::{StoreError, UniqueRule};

use crate::acts::{agent, change, erase};
use crate::support::{World, contract};

const DISPUTE_TIME: TimeDelta = TimeDelta::hours(72);

/// A link that is known, and the code that goes with it.
#[derive(Clone)]
struct Link {
    token: ClaimTokenDigest,
    code: VerificationCode,
}

impl From<FreshLink> for Link {
    fn from(fresh: FreshLink) -> Self {
        Self { token: fresh.claim_token.digest(), code: fresh.verification_code }
    }
}

fn proven(account: &str) -> Proven {
    Proven { method: ClaimMethod::Post, account: Account::from_stored(account.into()) }
}

fn replace_link(world: &World, me: AgentId) -> Result<Link, Refusal> {
    let ctx = world.ctx.clone();
    world.write(move |uow| claim::replace_link(uow, &ctx, me)).map(Into::into)
}

fn claim_by(world: &World, link: &Link, account: &str) -> Result<Claimed, Refusal> {
    let (ctx, link, proven) = (world.ctx.clone(), link.clone(), proven(account));
    world.write(move |uow| claim::claim_agent(uow, &ctx, &link.token, &link.code, proven))
}

/// An agent that has been claimed by that account.
pub(crate) fn claimed(world: &World, me: AgentId, account: &str) -> Claimed {
    claim_by(world, &replace_link(world, me).unwrap(), account).unwrap()
}

fn offer(world: &World, link: &Link) -> Result<ClaimOffer, Refusal> {
    let token = link.token;
    world.read(move |uow| claim::claim_offer(uow, &token))
}

fn undo(world: &World, me: AgentId) -> Result<(), Refusal> {
    let ctx = world.ctx.clone();
    world.write(move |uow| claim::undo_claim(uow, &ctx, me, DISPUTE_TIME))
}

fn recover(world: &World, me: AgentId, code: RecoveryCodeDigest) -> Result<Recovered, Refusal> {
    let ctx = world.ctx.clone();
    world.write(move |uow| claim::recover(uow, &ctx, me, &code, DISPUTE_TIME))
}

fn claim_of(world: &World, me: AgentId) -> Option<Claim> {
    world.read(move |uow| uow.claims().claim_of(me)).unwrap()
}

fn is_verified(world: &World, me: AgentId) -> bool {
    agent(world, me).unwrap().verified_at.is_some()
}

fn opens(world: &World, key: ApiKeyDigest) -> Option<AgentId> {
    world.read(move |uow| uow.agents().by_key(&key)).unwrap().map(|agent| agent.id)
}

fn rename(world: &World, me: AgentId, name: &str) {
    change(world, me, ProfileChanges { name: AgentName::parse(name).ok(), ..Default::default() }).unwrap();
}

/// The events of being verified that are held of an agent.
fn told(world: &World, me: AgentId) -> Vec<String> {
    let export = world.read(move |uow| uow.exports().export(me)).unwrap().unwrap();
    export.events.into_iter().filter(|it| it.kind == EventKind::Verified).map(|it| it.data).collect()
}

fn code_of(claimed: &Claimed) -> RecoveryCodeDigest {
    claimed.recovery_code.as_ref().unwrap().digest()
}

contract! {
    fn a_claim_is_read_as_it_was_made_and_verifies_the_agent(world) {
        let kai = world.register("Kai");
        let link = replace_link(world, kai).unwrap();
        assert_eq!(offer(world, &link).unwrap().verification_code, link.code);
        world.clock.advance(TimeDelta::microseconds(7));
        let made = claim_by(world, &link, "alice").unwrap();
        assert_eq!((made.agent.id, made.agent.verified, made.verified_at), (kai, true, world.now()));
        assert_eq!((&made.claim.proven, made.claim.claimed_at), (&proven("alice"), world.now()));
        assert_eq!(made.claim.recovery_code, code_of(&made));
        assert_eq!(claim_of(world, kai), Some(made.claim));
        assert_eq!(agent(world, kai).unwrap().verified_at, Some(world.now()));
        assert_eq!(told(world, kai), [r#"{"account":"alice","method":"post"}"#]);
    }

    fn each_way_to_prove_a_claim_is_kept(world) {
        for method in ClaimMethod::ALL {
            let me = world.register("Kai");
            let (claim, code) = (proven("kai.example"), RecoveryCode::generate(world.ctx.random()).digest());
            let claim = Claim { proven: Proven { method, ..claim }, claimed_at: world.now(), recovery_code: code };
            let saved = claim.clone();
            world.write(move |uow| uow.claims().save_claim(me, &saved)).unwrap();
            assert_eq!(claim_of(world, me), Some(claim));
        }
    }

    fn a_link_claims_once(world) {
        let kai = world.register("Kai");
        let link = replace_link(world, kai).unwrap();
        claim_by(world, &link, "alice").unwrap();
        assert!(matches!(claim_by(world, &link, "mallory"), Err(Refusal::ClaimLinkUsed)));
        assert!(matches!(offer(world, &link), Err(Refusal::ClaimLinkUsed)));
        assert!(matches!(replace_link(world, kai), Err(Refusal::AlreadyClaimed)));
        assert_eq!(claim_of(world, kai).unwrap().proven, proven("alice"));
    }

    fn of_many_claims_at_once_one_succeeds(world) {
        for round in 0..4 {
            let kai = world.register(&format!("Kai {round}"));
            let link = replace_link(world, kai).unwrap();
            let results: Vec<_> = thread::scope(|scope| {
                let one = |n: usize| { let link = &link; scope.spawn(move || claim_by(world, link, &format!("owner_{n}"))) };
                let threads: Vec<_> = (0..8).map(one).collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            let won: Vec<_> = results.iter().filter_map(|result| result.as_ref().ok()).collect();
            assert_eq!(won.len(), 1);
            let lost = results.iter().filter(|result| matches!(result, Err(Refusal::ClaimLinkUsed)));
            assert_eq!(lost.count(), 7);
            assert_eq!(claim_of(world, kai).as_ref(), Some(&won[0].claim));
            assert_eq!(told(world, kai).len(), 1);
        }
    }

    fn of_a_claim_and_a_fresh_link_at_once_one_comes_first(world) {
        for round in 0..8 {
            let kai = world.register(&format!("Kai {round}"));
            let link = replace_link(world, kai).unwrap();
            let (made, fresh) = thread::scope(|scope| {
                let (claiming, replacing) =
                    (scope.spawn(|| claim_by(world, &link, "alice")), scope.spawn(|| replace_link(world, kai)));
                (claiming.join().unwrap(), replacing.join().unwrap())
            });
            match (made, fresh) {
                (Ok(made), Err(Refusal::AlreadyClaimed)) => assert_eq!(claim_of(world, kai), Some(made.claim)),
                (Err(Refusal::NotFound(_)), Ok(fresh)) => {
                    assert_eq!(claim_of(world, kai), None);
                    claim_by(world, &fresh, "alice").unwrap();
                }
                other => panic!("{other:?}", other = (other.0.is_ok(), other.1.is_ok())),
            }
        }
    }

    fn a_fresh_link_opens_and_the_one_before_does_not(world) {
        let kai = world.register("Kai");
        let old = replace_link(world, kai).unwrap();
        let fresh = replace_link(world, kai).unwrap();
        assert_eq!(old.code, fresh.code, "it has proved nothing yet");
        assert!(matches!(offer(world, &old), Err(Refusal::NotFound(_))));
        assert!(matches!(claim_by(world, &old, "alice"), Err(Refusal::NotFound(_))));
        assert_eq!(offer(world, &fresh).unwrap().agent.id, kai);
    }

    fn a_code_that_was_replaced_while_it_was_looked_for_proves_nothing(world) {
        let kai = world.register("Kai");
        let link = replace_link(world, kai).unwrap();
        let other = VerificationCode::generate(world.ctx.random());
        assert!(matches!(claim_by(world, &Link { code: other, ..link.clone() }, "alice"), Err(Refusal::NotFound(_))));
        claim_by(world, &link, "alice").unwrap();
    }

    fn a_claim_is_undone_in_time_and_stands_after_it(world) {
        let (kai, ada) = (world.register("Kai"), world.register("Ada"));
        let undone = claimed(world, kai, "mallory");
        let stands = claimed(world, ada, "alice");
        world.clock.advance(DISPUTE_TIME - TimeDelta::microseconds(1));
        undo(world, kai).unwrap();
        undo(world, kai).unwrap();
        assert_eq!((claim_of(world, kai), is_verified(world, kai)), (None, false));
        world.clock.advance(TimeDelta::microseconds(1));
        assert!(matches!(undo(world, ada), Err(Refusal::ClaimFinal { since }) if since == world.now()));
        assert_eq!((claim_of(world, ada), is_verified(world, ada)), (Some(stands.claim), true));
        let refused = recover(world, kai, code_of(&undone)).map(drop);
        assert!(matches!(refused, Err(Refusal::WrongRecoveryCode)));
    }

    fn after_a_claim_was_undone_its_link_stays_used_and_a_fresh_code_is_given(world) {
        let kai = world.register("Kai");
        let link = replace_link(world, kai).unwrap();
        claim_by(world, &link, "mallory").unwrap();
        undo(world, kai).unwrap();
        assert!(matches!(claim_by(world, &link, "mallory"), Err(Refusal::ClaimLinkUsed)));
        let fresh = replace_link(world, kai).unwrap();
        assert_ne!(fresh.code, link.code);
        claim_by(world, &fresh, "alice").unwrap();
        assert_eq!(claim_of(world, kai).unwrap().proven, proven("alice"));
    }

    fn a_code_recovers_once_the_dispute_time_is_over(world) {
        let kai = world.register("Kai");
        let code = code_of(&claimed(world, kai, "alice"));
        let old = { let ctx = world.ctx.clone(); world.write(move |uow| rotate_key(uow, &ctx, kai)).unwrap() };
        let until = world.now() + DISPUTE_TIME;
        world.clock.advance(DISPUTE_TIME - TimeDelta::microseconds(1));
        let early = recover(world, kai, code).map(drop);
        assert!(matches!(early, Err(Refusal::ClaimDisputable { until: told }) if told == until));
        assert_eq!(opens(world, old.digest()), Some(kai));
        world.clock.advance(TimeDelta::microseconds(1));
        let recovered = recover(world, kai, code).unwrap();
        assert_eq!((opens(world, old.digest()), opens(world, recovered.api_key.digest())), (None, Some(kai)));
        assert!(matches!(recover(world, kai, code), Err(Refusal::WrongRecoveryCode)));
        recover(world, kai, recovered.recovery_code.digest()).unwrap();
        assert_eq!(opens(world, recovered.api_key.digest()), None);
        assert!(is_verified(world, kai));
    }

    fn of_many_recoveries_at_once_one_succeeds(world) {
        let kai = world.register("Kai");
        let code = code_of(&claimed(world, kai, "alice"));
        world.clock.advance(DISPUTE_TIME);
        let results: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| recover(world, kai, code))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let won: Vec<_> = results.iter().filter_map(|result| result.as_ref().ok()).collect();
        assert_eq!(won.len(), 1);
        assert_eq!(results.iter().filter(|it| matches!(it, Err(Refusal::WrongRecoveryCode))).count(), 7);
        assert_eq!(opens(world, won[0].api_key.digest()), Some(kai));
    }

    fn a_recovery_and_a_rotation_at_once_leave_one_key(world) {
        for round in 0..4 {
            let kai = world.register(&format!("Kai {round}"));
            let code = code_of(&claimed(world, kai, "alice"));
            world.clock.advance(DISPUTE_TIME);
            let ctx = world.ctx.clone();
            let (recovered, rotated) = thread::scope(|scope| {
                let recovering = scope.spawn(|| recover(world, kai, code));
                let rotating = scope.spawn(|| world.write(move |uow| rotate_key(uow, &ctx, kai)));
                (recovering.join().unwrap().unwrap(), rotating.join().unwrap().unwrap())
            });
            let live = [recovered.api_key.digest(), rotated.digest()].map(|key| opens(world, key).is_some());
            assert_ne!(live[0], live[1]);
        }
    }

    fn a_new_name_ends_the_verification_and_leaves_the_owner_theirs(world) {
        let kai = world.register("Kai");
        let first = claimed(world, kai, "alice");
        world.clock.advance(DISPUTE_TIME);
        rename(world, kai, "Kaya");
        assert_eq!((is_verified(world, kai), claim_of(world, kai)), (false, Some(first.claim.clone())));
        let link = replace_link(world, kai).unwrap();
        assert!(matches!(claim_by(world, &link, "mallory"), Err(Refusal::ClaimedByAnother)));
        assert!(offer(world, &link).is_ok(), "who is refused uses up nothing");
        let renewed = claim_by(world, &link, "ALICE").unwrap();
        assert_eq!((renewed.claim.claimed_at, renewed.verified_at), (first.claim.claimed_at, world.now()));
        assert!(matches!(undo(world, kai), Err(Refusal::ClaimFinal { .. })), "its dispute time is over");
        assert!(renewed.recovery_code.is_none(), "whoever renews it gets no way to the key");
        recover(world, kai, code_of(&first)).unwrap();
    }

    fn a_name_that_looks_like_a_verified_agents_is_not_verified(world) {
        let (kai, disguised) = (world.register("Kai"), world.register("K\u{430}i"));
        claimed(world, kai, "alice");
        let link = replace_link(world, disguised).unwrap();
        assert!(matches!(claim_by(world, &link, "mallory"), Err(Refusal::Impersonation("name"))));
        assert_eq!((claim_of(world, disguised), is_verified(world, disguised)), (None, false));
        rename(world, disguised, "Another");
        claim_by(world, &link, "mallory").unwrap();
    }

    fn of_two_that_look_alike_and_are_claimed_at_once_one_is_verified(world) {
        for round in 0..4 {
            let twins = [format!("Kai {round}"), format!("K\u{430}i {round}")].map(|name| world.register(&name));
            let links = twins.map(|twin| replace_link(world, twin).unwrap());
            thread::scope(|scope| {
                for link in &links {
                    scope.spawn(|| drop(claim_by(world, link, "alice")));
                }
            });
            assert_eq!(twins.iter().filter(|twin| is_verified(world, **twin)).count(), 1);
        }
    }

    fn an_erased_agent_leaves_no_claim(world) {
        let kai = world.register("Kai");
        let link = replace_link(world, kai).unwrap();
        let made = claim_by(world, &link, "alice").unwrap();
        erase(world, kai);
        assert_eq!(claim_of(world, kai), None);
        assert!(matches!(offer(world, &link), Err(Refusal::NotFound(_))));
        assert!(matches!(claim_by(world, &link, "alice"), Err(Refusal::NotFound(_))));
        assert!(matches!(recover(world, kai, code_of(&made)), Err(Refusal::NotFound(_))));
    }

    fn a_link_of_nobody_is_none(world) {
        let token = ClaimToken::generate(world.ctx.random()).digest();
        let code = VerificationCode::generate(world.ctx.random());
        assert!(matches!(offer(world, &Link { token, code }), Err(Refusal::NotFound(_))));
        let nobody: AgentId = world.ctx.new_id();
        assert!(matches!(replace_link(world, nobody), Err(Refusal::Erased)));
    }

    fn two_claims_have_no_recovery_code_in_common(world) {
        let (kai, ada) = (world.register("Kai"), world.register("Ada"));
        let made = claimed(world, kai, "alice").claim;
        let refused = world.write(move |uow| uow.claims().save_claim(ada, &made)).unwrap_err();
        assert!(matches!(&refused, StoreError::Conflict(UniqueRule::RecoveryCode)), "{refused}");
    }
}
