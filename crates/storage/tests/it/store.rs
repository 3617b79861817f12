//! Transactions: what the port promises of them.

use std::sync::mpsc;
use std::thread;

use clankdin_domain::store::{Database, StoreError, StoreResult, UnitOfWork};

use crate::support::{World, announcement, contract, wait_for};

fn append(world: &World) -> StoreResult<()> {
    let event = announcement(&world.ctx, None);
    world.write(move |uow| uow.outbox().append(&event))
}

fn waiting(world: &World) -> usize {
    world.read(count).unwrap()
}

fn count(uow: &mut dyn UnitOfWork) -> StoreResult<usize> {
    uow.deliveries().backlog().map(|(events, _)| events)
}

contract! {
    fn every_write_of_16_threads_that_was_acknowledged_is_there(world) {
        thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| (0..25).for_each(|_| append(world).unwrap()));
            }
        });
        assert_eq!(waiting(world), 16 * 25);
    }

    fn what_was_acknowledged_is_seen_by_the_next_read(world) {
        for written in 1..=50 {
            append(world).unwrap();
            assert_eq!(waiting(world), written);
        }
    }

    fn a_job_that_fails_leaves_no_trace_while_its_neighbours_commit(world) {
        thread::scope(|scope| {
            for place in 0..16 {
                scope.spawn(move || {
                    let event = announcement(&world.ctx, None);
                    let result = world.write(move |uow| {
                        uow.outbox().append(&event)?;
                        if place % 2 == 0 { Ok(()) } else { Err(StoreError::Internal("refused".into())) }
                    });
                    assert_eq!(result.is_ok(), place % 2 == 0);
                });
            }
        });
        assert_eq!(waiting(world), 8);
    }

    fn a_job_that_panics_fails_alone(world) {
        thread::scope(|scope| {
            for place in 0..16 {
                scope.spawn(move || {
                    let event = announcement(&world.ctx, None);
                    let result: StoreResult<()> = world.write(move |uow| {
                        uow.outbox().append(&event)?;
                        assert!(place % 4 != 0, "wanted");
                        Ok(())
                    });
                    match result {
                        Ok(()) => assert_ne!(place % 4, 0),
                        Err(error) => assert!(matches!(error, StoreError::Internal(why) if why.contains("wanted"))),
                    }
                });
            }
        });
        assert_eq!(waiting(world), 12);
    }

    fn a_read_that_panics_fails_alone(world) {
        let result: StoreResult<()> = world.read(|_| panic!("wanted"));
        assert!(matches!(result, Err(StoreError::Internal(why)) if why.contains("wanted")));
        append(world).unwrap();
        assert_eq!(waiting(world), 1);
    }

    fn a_read_can_not_write(world) {
        let event = announcement(&world.ctx, None);
        assert!(world.read(move |uow| uow.outbox().append(&event)).is_err());
        assert_eq!(waiting(world), 0);
        append(world).unwrap();
    }

    fn a_read_sees_one_state_while_others_write(world) {
        let (before, after) = thread::scope(|scope| {
            let ((go, started), (done, ended)) = (mpsc::channel(), mpsc::channel());
            scope.spawn(move || {
                started.recv().unwrap();
                append(world).unwrap();
                done.send(()).unwrap();
            });
            world.read(move |uow| {
                let before = count(uow)?;
                go.send(()).unwrap();
                ended.recv().unwrap();
                Ok::<_, StoreError>((before, count(uow)?))
            }).unwrap()
        });
        assert_eq!((before, after, waiting(world)), (0, 0, 1));
    }

    fn a_write_sees_what_it_wrote_itself(world) {
        let event = announcement(&world.ctx, None);
        let seen = world.write(move |uow| {
            uow.outbox().append(&event)?;
            count(uow)
        });
        assert_eq!(seen.unwrap(), 1);
    }

    fn an_open_database_is_ready(world) {
        let database: &Database = &world.database;
        wait_for(database.ready()).unwrap();
    }

    fn the_same_event_twice_is_a_conflict(world) {
        let event = announcement(&world.ctx, None);
        let twice = world.write(move |uow| {
            uow.outbox().append(&event)?;
            uow.outbox().append(&event)
        });
        assert!(matches!(twice, Err(StoreError::Conflict(_))));
        assert_eq!(waiting(world), 0);
    }
}
