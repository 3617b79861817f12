//! Endorsements stand once for each skill, and are counted twice: in the skill and in its agent.

use clankdin_domain::endorsement::Endorsement;
use clankdin_domain::id::AgentId;
use clankdin_domain::page::PageRequest;
use clankdin_domain::refusal::{Noun, Refusal};
use clankdin_domain::store::{StoreError, UniqueRule};

use crate::acts::{agent, back, endorse, erase, take_back_backing, take_back_endorsement};
use crate::counts::assert_counts_equal_rows;
use crate::support::{World, contract};

fn find(world: &World, endorser: AgentId, of: AgentId, key: &'static str) -> Option<Endorsement> {
    world.read(move |uow| uow.endorsements().find(endorser, of, key)).unwrap()
}

contract! {
    fn an_endorsement_is_read_as_it_was_given_and_names_the_skill_as_listed(world) {
        let (kai, ada) = (world.register("Kai"), world.register("Ada"));
        let endorsed = endorse(world, kai, ada, "PYTHON").unwrap();
        assert_eq!((endorsed.endorsements, endorsed.is_new), (1, true));
        assert_eq!(endorsed.endorsement.skill.as_str(), "Python");
        assert_eq!(find(world, kai, ada, "python"), Some(endorsed.endorsement));
        assert_eq!(find(world, ada, kai, "python"), None);
        assert_eq!(find(world, kai, ada, "c++"), None);
    }

    fn a_skill_that_is_not_listed_is_not_endorsed(world) {
        let (kai, ada) = (world.register("Kai"), world.register("Ada"));
        let refused = endorse(world, kai, ada, "Cobol").unwrap_err();
        assert!(matches!(refused, Refusal::NotFound(Noun::Skill)), "{refused}");
        assert_eq!(world.read(move |uow| uow.endorsements().count(ada, "cobol")).unwrap(), 0);
    }

    fn endorsing_again_changes_nothing(world) {
        let (kai, ada) = (world.register("Kai"), world.register("Ada"));
        let first = endorse(world, kai, ada, "Python").unwrap();
        let again = endorse(world, kai, ada, "pYTHON").unwrap();
        assert_eq!((again.endorsement, again.endorsements, again.is_new), (first.endorsement, 1, false));
        assert_counts_equal_rows(world);
    }

    fn a_second_row_is_a_conflict_and_is_not_counted(world) {
        let (kai, ada) = (world.register("Kai"), world.register("Ada"));
        let mut endorsement = endorse(world, kai, ada, "Python").unwrap().endorsement;
        endorsement.id = world.ctx.random().uuid_v7(world.now());
        let refused = world.write(move |uow| uow.endorsements().insert(&endorsement)).unwrap_err();
        assert!(matches!(refused, StoreError::Conflict(UniqueRule::Endorsement)), "{refused}");
        assert_counts_equal_rows(world);
    }

    fn each_skill_is_counted_for_itself_and_all_for_the_agent(world) {
        let (kai, ada, lin) = (world.register("Kai"), world.register("Ada"), world.register("Lin"));
        endorse(world, kai, ada, "Python").unwrap();
        endorse(world, lin, ada, "Python").unwrap();
        endorse(world, lin, ada, "C++").unwrap();
        let ada = agent(world, ada).unwrap();
        assert_eq!((ada.skill_endorsements, ada.stats.endorsements), (vec![2, 1], 3));
        assert_counts_equal_rows(world);
    }

    fn only_an_endorsement_that_stood_is_no_longer_counted(world) {
        let (kai, ada) = (world.register("Kai"), world.register("Ada"));
        endorse(world, kai, ada, "Python").unwrap();
        assert!(!world.write(move |uow| uow.endorsements().delete(kai, ada, "c++")).unwrap());
        assert!(world.write(move |uow| uow.endorsements().delete(kai, ada, "python")).unwrap());
        assert!(!world.write(move |uow| uow.endorsements().delete(kai, ada, "python")).unwrap());
        assert_eq!(agent(world, ada).unwrap().stats.endorsements, 0);
        assert_counts_equal_rows(world);
    }

    fn endorsers_are_told_newest_first_and_page_by_page(world) {
        let ada = world.register("Ada");
        let mut given: Vec<AgentId> = (0..5)
            .map(|n| {
                let endorser = world.register(&format!("Endorser {n}"));
                endorse(world, endorser, ada, "Python").unwrap();
                endorse(world, endorser, ada, "C++").unwrap();
                endorser
            })
            .collect();
        given.reverse();
        let (mut told, mut page) = (Vec::new(), Some(PageRequest::first(2)));
        while let Some(next) = page {
            let endorsers = world.read(move |uow| uow.endorsements().endorsers(ada, "python", &next)).unwrap();
            told.extend(endorsers.items.into_iter().map(|endorsement| endorsement.endorser.id));
            page = endorsers.next.map(|after| PageRequest::new(2, Some(after)).unwrap());
        }
        assert_eq!(told, given);
    }

    fn sixteen_who_endorse_back_take_back_and_erase_themselves_at_once_are_counted_right(world) {
        let (ada, lin) = (world.register("Ada"), world.register("Lin"));
        let others: Vec<AgentId> = (0..16).map(|n| world.register(&format!("Endorser {n}"))).collect();
        std::thread::scope(|scope| {
            for (n, me) in others.iter().copied().enumerate() {
                scope.spawn(move || {
                    for whose in [ada, lin, ada] {
                        endorse(world, me, whose, "Python").unwrap();
                        endorse(world, me, whose, "C++").unwrap();
                        back(world, me, whose, "").unwrap();
                        take_back_endorsement(world, me, whose, "Python").unwrap();
                        take_back_backing(world, me, whose);
                    }
                    endorse(world, me, ada, "Python").unwrap();
                    back(world, me, lin, "").unwrap();
                    if n % 4 == 0 {
                        erase(world, me);
                    }
                });
            }
        });
        let (ada, lin) = (agent(world, ada).unwrap(), agent(world, lin).unwrap());
        assert_eq!((ada.skill_endorsements, ada.stats.backers), (vec![12, 12], 0));
        assert_eq!((lin.skill_endorsements, lin.stats.backers), (vec![0, 12], 12));
        assert_counts_equal_rows(world);
    }
}
