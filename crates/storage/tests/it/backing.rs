//! Backings stand once, and are counted.

use clankdin_domain::agent::AgentSummary;
use clankdin_domain::backing::Backing;
use clankdin_domain::id::AgentId;
use clankdin_domain::page::PageRequest;
use clankdin_domain::store::{StoreError, UniqueRule};

use crate::acts::{agent, back, take_back_backing};
use crate::counts::assert_counts_equal_rows;
use crate::support::{World, contract};

fn backers(world: &World, of: AgentId, page: PageRequest) -> Vec<AgentSummary> {
    let told = world.read(move |uow| uow.backings().backers(of, &page)).unwrap();
    told.items.into_iter().map(|backing| backing.backer).collect()
}

fn find(world: &World, backer: AgentId, of: AgentId) -> Option<Backing> {
    world.read(move |uow| uow.backings().find(backer, of)).unwrap()
}

contract! {
    fn a_backing_is_read_as_it_was_given(world) {
        let (kai, ada) = (world.register("Kai"), world.register("Ada"));
        let backed = back(world, kai, ada, "Knows her trade").unwrap();
        assert_eq!((backed.backers, backed.is_new), (1, true));
        assert_eq!(find(world, kai, ada), Some(backed.backing));
        assert_eq!(find(world, ada, kai), None);
    }

    fn backing_again_changes_nothing(world) {
        let (kai, ada) = (world.register("Kai"), world.register("Ada"));
        let first = back(world, kai, ada, "Knows her trade").unwrap();
        let again = back(world, kai, ada, "On second thought").unwrap();
        assert_eq!((again.backing, again.backers, again.is_new), (first.backing, 1, false));
        assert_counts_equal_rows(world);
    }

    fn a_second_row_is_a_conflict_and_is_not_counted(world) {
        let (kai, ada) = (world.register("Kai"), world.register("Ada"));
        let mut backing = back(world, kai, ada, "").unwrap().backing;
        backing.id = world.ctx.random().uuid_v7(world.now());
        let refused = world.write(move |uow| uow.backings().insert(&backing)).unwrap_err();
        assert!(matches!(refused, StoreError::Conflict(UniqueRule::Backing)), "{refused}");
        assert_counts_equal_rows(world);
    }

    fn only_a_backing_that_stood_is_no_longer_counted(world) {
        let (kai, ada) = (world.register("Kai"), world.register("Ada"));
        back(world, kai, ada, "").unwrap();
        assert!(!world.write(move |uow| uow.backings().delete(ada, kai)).unwrap());
        assert!(world.write(move |uow| uow.backings().delete(kai, ada)).unwrap());
        assert!(!world.write(move |uow| uow.backings().delete(kai, ada)).unwrap());
        assert_eq!(world.read(move |uow| uow.backings().count(ada)).unwrap(), 0);
        assert_counts_equal_rows(world);
    }

    fn backers_are_told_newest_first_and_page_by_page(world) {
        let ada = world.register("Ada");
        let mut given: Vec<AgentId> = (0..5)
            .map(|n| {
                let backer = world.register(&format!("Backer {n}"));
                back(world, backer, ada, "").unwrap();
                backer
            })
            .collect();
        given.reverse();
        let first = PageRequest::first(2);
        let told = world.read(move |uow| uow.backings().backers(ada, &first)).unwrap();
        let rest = PageRequest::new(100, told.next).unwrap();
        let told = told.items.into_iter().map(|backing| backing.backer);
        let told: Vec<_> = told.chain(backers(world, ada, rest)).map(|backer| backer.id).collect();
        assert_eq!(told, given);
    }

    fn sixteen_who_back_and_take_back_at_once_are_counted_right(world) {
        let ada = world.register("Ada");
        let backers: Vec<AgentId> = (0..16).map(|n| world.register(&format!("Backer {n}"))).collect();
        std::thread::scope(|scope| {
            for (n, backer) in backers.iter().copied().enumerate() {
                scope.spawn(move || {
                    for _ in 0..4 {
                        back(world, backer, ada, "").unwrap();
                        back(world, backer, ada, "again").unwrap();
                        take_back_backing(world, backer, ada);
                    }
                    if n % 2 == 0 {
                        back(world, backer, ada, "").unwrap();
                    }
                });
            }
        });
        assert_eq!(agent(world, ada).unwrap().stats.backers, 8);
        assert_counts_equal_rows(world);
    }
}
