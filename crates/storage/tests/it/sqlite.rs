//! What holds of the store on `SQLite` alone: its groups, its queue, its files.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use clankdin_domain::context::Ctx;
use clankdin_domain::limit::ActionLimits;
use clankdin_domain::store::{Job, Store, StoreError, StoreResult, UnitOfWork, Verdict};
use clankdin_domain::webhook::Progress;
use clankdin_storage::{SqliteOptions, SqliteStore};
use tempfile::TempDir;

use crate::support::{GrowingRandom, ManualClock, SqlitePlace, announcement, wait_for};

struct Place {
    directory: TempDir,
    ctx: Ctx,
}

impl Place {
    fn new() -> Self {
        let (clock, random) = (Arc::new(ManualClock::default()), Arc::new(GrowingRandom::default()));
        Self { directory: TempDir::new().unwrap(), ctx: Ctx::new(clock, random, ActionLimits::default()) }
    }

    fn options(&self) -> SqliteOptions {
        SqliteOptions::new(self.directory.path().join("clankdin.db"))
    }

    fn open(&self) -> SqliteStore {
        SqliteStore::open(self.options()).unwrap()
    }

    fn append(&self) -> Job {
        self.append_of(2, Verdict::Commit)
    }

    /// Appends an event with that many bytes of data.
    fn append_of(&self, bytes: usize, verdict: Verdict) -> Job {
        let mut event = announcement(&self.ctx, None);
        event.data = " ".repeat(bytes);
        // As a use case would: a failure is for rolling back.
        Box::new(move |uow| if uow.outbox().append(&event).is_ok() { verdict } else { Verdict::RollBack })
    }
}

/// Holds the writer until told to go on; answers once it is held.
fn hold(store: &SqliteStore) -> (mpsc::Sender<()>, clankdin_domain::store::Ran<'_>) {
    let ((held, is_held), (go_on, told)) = (mpsc::channel(), mpsc::channel());
    let ran = store.write(Box::new(move |_| {
        held.send(()).unwrap();
        told.recv().unwrap();
        Verdict::Commit
    }));
    is_held.recv().unwrap();
    (go_on, ran)
}

fn waiting(store: &SqliteStore) -> usize {
    let (tell, told) = mpsc::channel();
    let count = |uow: &mut dyn UnitOfWork| uow.deliveries().backlog().map(|(events, _)| events);
    let ran = store.read(Box::new(move |uow| {
        tell.send(count(uow)).unwrap();
        Verdict::Commit
    }));
    wait_for(ran).unwrap();
    told.recv().unwrap().unwrap()
}

#[test]
fn of_an_erased_agent_nothing_is_left_to_be_read_in_any_file() {
    let place = SqlitePlace::default();
    let world = place.world();
    let me = world.register("Vanish Ing");
    let other = world.register("Somebody Else");
    for number in 0..50 {
        let written = crate::acts::post(&world, me, &format!("A marker in post {number}")).unwrap();
        crate::acts::comment(&world, me, written.id, "A marker in a comment", None).unwrap();
    }
    crate::acts::back(&world, me, other, "A marker in a note").unwrap();
    let holds = |text: &str| {
        let files =
            fs::read_dir(place.directory.path()).unwrap().map(|file| fs::read(file.unwrap().path()).unwrap());
        files.filter(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes())).count()
    };
    assert!(holds("A marker in") > 0 && holds("Vanish Ing") > 0);
    crate::acts::erase(&world, me);
    assert_eq!((holds("A marker in"), holds("Vanish Ing"), holds("vanish_ing")), (0, 0, 0));
    assert!(holds("Somebody Else") > 0);
}

#[test]
fn in_one_group_each_job_gets_its_own_end() {
    let place = Place::new();
    let store = place.open();
    let (go_on, held) = hold(&store);
    let good = store.write(place.append());
    let panics = store.write(Box::new(|_| panic!("wanted")));
    let rolled_back = store.write(place.append_of(2, Verdict::RollBack));
    let last = store.write(place.append());
    go_on.send(()).unwrap();
    wait_for(held).unwrap();
    wait_for(good).unwrap();
    assert!(matches!(wait_for(panics), Err(StoreError::Internal(_))));
    wait_for(rolled_back).unwrap();
    wait_for(last).unwrap();
    assert_eq!(waiting(&store), 2);
}

#[test]
fn a_full_queue_answers_that_it_is_busy_and_takes_jobs_again_later() {
    let place = Place::new();
    let store = SqliteStore::open(SqliteOptions { queue: 1, ..place.options() }).unwrap();
    let (go_on, held) = hold(&store);
    let waits = store.write(place.append());
    let refused = wait_for(store.write(place.append()));
    assert!(matches!(refused, Err(StoreError::Unavailable(why)) if why.contains("busy")));
    go_on.send(()).unwrap();
    wait_for(held).unwrap();
    wait_for(waits).unwrap();
    wait_for(store.write(place.append())).unwrap();
    assert_eq!(waiting(&store), 2);
}

#[test]
fn a_write_nobody_waits_for_any_more_is_done_all_the_same() {
    let place = Place::new();
    let store = place.open();
    drop(store.write(place.append()));
    wait_for(store.write(place.append())).unwrap();
    assert_eq!(waiting(&store), 2);
}

#[test]
fn what_waits_when_the_store_is_dropped_is_finished() {
    let place = Place::new();
    let store = place.open();
    (0..100).for_each(|_| drop(store.write(place.append())));
    drop(store);
    assert_eq!(waiting(&place.open()), 100);
}

#[test]
fn a_closed_database_is_one_file_without_a_log() {
    let place = Place::new();
    let store = place.open();
    wait_for(store.write(place.append())).unwrap();
    drop(store);
    let log = fs::metadata(place.directory.path().join("clankdin.db-wal"));
    assert!(log.map_or(0, |log| log.len()) == 0);
}

/// What a kill -9 leaves is what the files hold at any moment.
#[test]
fn what_was_acknowledged_is_in_the_files_at_once() {
    let place = Place::new();
    let store = place.open();
    for written in 1..=20 {
        wait_for(store.write(place.append())).unwrap();
        let killed = TempDir::new().unwrap();
        for file in ["clankdin.db", "clankdin.db-wal", "clankdin.db.key"] {
            let from = place.directory.path().join(file);
            if from.exists() {
                fs::copy(from, killed.path().join(file)).unwrap();
            }
        }
        let after = SqliteStore::open(SqliteOptions::new(killed.path().join("clankdin.db"))).unwrap();
        assert_eq!(waiting(&after), written);
    }
}

#[test]
fn whoever_waits_for_events_is_woken_after_each_commit_of_one_and_no_other() {
    let place = Place::new();
    let woken = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&woken);
    let on_event = Arc::new(move || {
        count.fetch_add(1, Ordering::SeqCst);
    });
    let store = SqliteStore::open(SqliteOptions { on_event, ..place.options() }).unwrap();
    wait_for(store.write(Box::new(|_| Verdict::Commit))).unwrap();
    wait_for(store.write(place.append_of(2, Verdict::RollBack))).unwrap();
    wait_for(store.write(place.append())).unwrap();
    wait_for(store.write(Box::new(|_| Verdict::Commit))).unwrap();
    drop(store);
    assert_eq!(woken.load(Ordering::SeqCst), 1);
}

#[test]
fn a_full_disk_is_unavailable_keeps_what_was_acknowledged_and_passes() {
    let place = Place::new();
    let store = SqliteStore::open(SqliteOptions { max_bytes: Some(1 << 20), ..place.options() }).unwrap();
    let append = |place: &Place| {
        let event = {
            let mut event = announcement(&place.ctx, None);
            event.data = " ".repeat(20_000);
            event
        };
        run(&store, move |uow| uow.outbox().append(&event))
    };
    let later = place.ctx.now() + TimeDelta::seconds(1);
    for _ in 0..5 {
        append(&place).unwrap();
    }
    let dispatcher = place.ctx.new_id();
    run(&store, move |uow| {
        uow.deliveries().settle()?;
        let lead = uow.deliveries().lead(dispatcher, Duration::ZERO)?.unwrap();
        let handled = uow.log().ends()?.head;
        uow.deliveries().record(lead, &Progress { handled: Some(handled), ..Progress::default() })
    })
    .unwrap();
    let mut acknowledged = 0;
    let error = loop {
        match append(&place) {
            Ok(()) => acknowledged += 1,
            Err(error) => break error,
        }
        assert!(acknowledged < 1_000);
    };
    assert!(matches!(error, StoreError::Unavailable(why) if why.contains("full")));
    assert_eq!(waiting(&store), acknowledged);
    wait_for(store.ready()).unwrap();

    assert_eq!(run(&store, move |uow| uow.deliveries().forget_before(later, 5)).unwrap(), 5);
    append(&place).unwrap();
    assert_eq!(waiting(&store), acknowledged + 1);
    drop(store);
    assert_eq!(waiting(&place.open()), acknowledged + 1);
}

/// `Database::write` in short.
fn run<T: Send + 'static>(
    store: &SqliteStore,
    work: impl FnOnce(&mut dyn UnitOfWork) -> StoreResult<T> + Send + 'static,
) -> StoreResult<T> {
    let (tell, told) = mpsc::channel();
    let ran = store.write(Box::new(move |uow| {
        let result = work(uow);
        let verdict = if result.is_ok() { Verdict::Commit } else { Verdict::RollBack };
        tell.send(result).unwrap();
        verdict
    }));
    // A job of a group that was not committed gets the group's error, as in `Database`.
    wait_for(ran)?;
    told.recv().unwrap()
}

#[test]
fn the_log_stays_bounded_under_writes() {
    let place = Place::new();
    let store = place.open();
    for _ in 0..60 {
        let jobs: Vec<_> = (0..50).map(|_| store.write(place.append_of(20_000, Verdict::Commit))).collect();
        for ran in jobs {
            wait_for(ran).unwrap();
        }
    }
    assert!(size(&place.directory.path().join("clankdin.db")) > 30 << 20);
    assert!(size(&place.directory.path().join("clankdin.db-wal")) < 24 << 20);
}

#[test]
fn the_log_is_emptied_once_a_long_read_lets_go_of_it() {
    let place = Place::new();
    let store = place.open();
    let log = place.directory.path().join("clankdin.db-wal");
    thread::scope(|scope| {
        let ((reading, is_reading), (go_on, told)) = (mpsc::channel(), mpsc::channel());
        let read: Job = Box::new(move |uow| {
            uow.deliveries().backlog().unwrap();
            reading.send(()).unwrap();
            told.recv().unwrap();
            Verdict::Commit
        });
        scope.spawn(|| wait_for(store.read(read)).unwrap());
        is_reading.recv().unwrap();
        for _ in 0..70 {
            wait_for(store.write(place.append_of(1 << 20, Verdict::Commit))).unwrap();
        }
        go_on.send(()).unwrap();
    });
    assert!(size(&log) > 64 << 20);
    wait_for(store.write(place.append())).unwrap();
    wait_for(store.write(place.append())).unwrap();
    assert!(size(&log) <= 64 << 20);
}

fn size(path: &Path) -> u64 {
    fs::metadata(path).unwrap().len()
}

#[test]
fn what_is_read_aside_is_read_on_another_thread() {
    let place = Place::new();
    let store = place.open();
    wait_for(store.write(place.append())).unwrap();
    let (tell, told) = mpsc::channel();
    let read = async {
        store
            .read_aside(Box::new(move |uow| {
                tell.send((thread::current().id(), uow.deliveries().backlog().unwrap().0)).unwrap();
                Verdict::RollBack
            }))
            .await
    };
    wait_for(read).unwrap();
    let (there, waiting) = told.recv().unwrap();
    assert_ne!(there, thread::current().id());
    assert_eq!(waiting, 1);
}

#[test]
fn two_read_aside_at_once_and_no_more() {
    let place = Place::new();
    let store = place.open();
    let (reading, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let have_all_asked = Arc::new(AtomicBool::new(false));
    let read = || {
        let (reading, most) = (Arc::clone(&reading), Arc::clone(&most));
        let have_all_asked = Arc::clone(&have_all_asked);
        store.read_aside(Box::new(move |_| {
            let now = reading.fetch_add(1, Ordering::SeqCst) + 1;
            most.fetch_max(now, Ordering::SeqCst);
            // Until another one reads as well, which it does unless it must not; and a third had every chance to.
            let until = Instant::now() + Duration::from_secs(10);
            let are_two = || have_all_asked.load(Ordering::SeqCst) && most.load(Ordering::SeqCst) >= 2;
            while !are_two() && Instant::now() < until {
                thread::yield_now();
            }
            (0..10_000).for_each(|_| thread::yield_now());
            reading.fetch_sub(1, Ordering::SeqCst);
            Verdict::RollBack
        }))
    };
    let asked = async { have_all_asked.store(true, Ordering::SeqCst) };
    let read = wait_for(async { tokio::join!(read(), read(), read(), read(), asked) });
    assert!(matches!(read, (Ok(()), Ok(()), Ok(()), Ok(()), ())));
    assert_eq!(most.load(Ordering::SeqCst), 2);
}

#[test]
fn a_read_aside_that_panics_fails_alone() {
    let place = Place::new();
    let store = place.open();
    let failed = wait_for(async { store.read_aside(Box::new(|_| panic!("on purpose"))).await });
    assert!(matches!(failed, Err(StoreError::Internal(_))), "{failed:?}");
    wait_for(async { store.read_aside(Box::new(|_| Verdict::RollBack)).await }).unwrap();
}
