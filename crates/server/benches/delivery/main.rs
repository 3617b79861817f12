//! What the dispatcher leaves of the speed of a bare loop of requests, and how soon an event arrives.
//!
//! Run it with `cargo bench -p clankdin --bench delivery`, or with one of `sqlite` and `postgres` behind `--` for
//! one database. Receiver, loop and dispatcher share one thread; the database has the rest of the machine. Loop and
//! dispatcher take turns, so that a machine which others use too shows in both.
//!
//! - *broadcast*: every endpoint is told of everything;
//! - *one addressee each*: every event goes to one endpoint;
//! - *statements*: SQL statements for each delivery, those of transactions among them;
//! - *commit to receiver*: from the moment when the commit was acknowledged, at half of that speed;
//! - *half of all endpoints dead*: the same for healthy endpoints while as many others, told of as much, take no
//!   connection or never answer; beside the same where those others are well, and where they are not there.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a benchmark tells, and stops at what it can't measure"
)]

mod bare;
mod receiver;
mod statements;
mod world;

#[path = "../../src/system.rs"]
#[expect(unused_imports, reason = "its unit tests are no part of a benchmark")]
mod system;

use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::time::Duration;

use receiver::Arrived;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use world::{Kind, World};

/// As the server has it, so that both are measured alike.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROUNDS: usize = 5;
const ISOLATION_ROUNDS: usize = 3;
const ENDPOINTS: usize = 1_000;
const EVENTS: usize = 50;
const AT_ONCE: usize = 256;
/// How long latencies are measured.
const STEADY: Duration = Duration::from_secs(5);
const TICK: Duration = Duration::from_millis(5);

fn main() {
    // `cargo test` runs benchmarks once to see that they build; that is all it may cost.
    let arguments: Vec<String> = std::env::args().collect();
    if !arguments.iter().any(|argument| argument == "--bench") {
        return;
    }
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    statements::count();
    println!("| database | figure | reference | measured | ratio | floor | goal |");
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    for (kind, name) in [(Kind::Sqlite, "sqlite"), (Kind::Postgres, "postgres")] {
        if has(name) || !(has("sqlite") || has("postgres")) {
            actix_rt::System::new().block_on(measure(kind, name));
        }
    }
}

async fn measure(kind: Kind, name: &str) {
    let (receiver, arrived) = receiver::start();
    let world = World::with_agents(kind, ENDPOINTS, AT_ONCE, |_| receiver).await;
    // Every endpoint is known to be well before anything is measured.
    let all = world.agents.len();
    deliver(&world, &arrived, true).await;
    let broadcast = compare(&world, receiver, &arrived, true).await;
    tell(name, "broadcast, deliveries/s", &broadcast, "0.60", "0.85");
    let addressed = compare(&world, receiver, &arrived, false).await;
    tell(name, "one addressee each, deliveries/s", &addressed, "0.60", "0.75");
    for (what, figure) in [("broadcast", &broadcast), ("one addressee each", &addressed)] {
        println!("| {name} | statements a delivery, {what} | | {:.3} | | 0.2 | 0.05 |", figure.statements);
    }
    let rate = addressed.measured / 2.0;
    let (half, tail) = steady(&world, &arrived, 0..all, all, rate).await;
    println!("| {name} | commit to receiver at {rate:.0}/s, p50 | | {half:.1} ms | | 25 ms | 10 ms |");
    println!("| {name} | commit to receiver at {rate:.0}/s, p99 | | {tail:.1} ms | | 100 ms | 50 ms |");
    drop(world);
    isolation(kind, name, receiver, &arrived).await;
}

/// Medians over rounds.
struct Figure {
    reference: f64,
    measured: f64,
    ratio: f64,
    statements: f64,
}

async fn compare(world: &World, receiver: SocketAddr, arrived: &Rc<Arrived>, everyone: bool) -> Figure {
    let (mut references, mut measured, mut ratios, mut statements) = (vec![], vec![], vec![], vec![]);
    for _ in 0..ROUNDS {
        let reference = bare::send(receiver, arrived, ENDPOINTS * EVENTS, AT_ONCE).await;
        let (rate, counted) = deliver(world, arrived, everyone).await;
        references.push(reference);
        measured.push(rate);
        ratios.push(rate / reference);
        statements.push(counted);
    }
    Figure {
        reference: median(references),
        measured: median(measured),
        ratio: median(ratios),
        statements: median(statements),
    }
}

/// Delivers what was committed before, until all of it is recorded. Answers how many a second, and how many
/// statements each took.
async fn deliver(world: &World, arrived: &Rc<Arrived>, everyone: bool) -> (f64, f64) {
    if everyone {
        world.announce(EVENTS).await;
    } else {
        world.tell(&world.agents, EVENTS).await;
    }
    arrived.reset();
    let (count, before, begun) = (ENDPOINTS * EVENTS, statements::counted(), Instant::now());
    let running = world.start();
    arrived.reached(count).await;
    running.stopped().await;
    let (took, statements) = (begun.elapsed(), statements::counted() - before);
    assert!(world.is_settled().await);
    (count as f64 / took.as_secs_f64(), statements as f64 / count as f64)
}

/// Commits events for these agents, each in its turn, at that rate in all, while a dispatcher runs. Answers the median
/// and the 99th percentile of the milliseconds from commit to receiver, of those that the receiver got.
async fn steady(
    world: &World,
    arrived: &Rc<Arrived>,
    agents: std::ops::Range<usize>,
    well: usize,
    rate: f64,
) -> (f64, f64) {
    let each_tick = ((rate * TICK.as_secs_f64()).round() as usize).max(1);
    let running = world.start();
    let well: Vec<_> =
        agents.clone().filter(|number| *number < well).map(|number| world.agents[number]).collect();
    arrived.reset();
    world.tell(&well, 1).await;
    arrived.reached(well.len()).await;
    arrived.note_times();
    let mut committed = Vec::new();
    let mut tick = interval(TICK.mul_f64((each_tick as f64 / rate) / TICK.as_secs_f64()));
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (begun, mut next) = (Instant::now(), agents.clone().cycle());
    while begun.elapsed() < STEADY {
        tick.tick().await;
        let told: Vec<_> = next.by_ref().take(each_tick).map(|number| world.agents[number]).collect();
        let ids = world.tell(&told, 1).await;
        let at = Instant::now();
        let in_turn = ids.into_iter().zip(told);
        committed.extend(in_turn.filter(|(_, agent)| well.contains(agent)).map(|(id, _)| (id, at)));
    }
    sleep(Duration::from_secs(2)).await;
    running.stopped().await;
    let times = arrived.take_times();
    let mut waits: Vec<f64> = committed
        .iter()
        .map(|(id, at)| times[id].saturating_duration_since(*at).as_secs_f64() * 1_000.0)
        .collect();
    waits.sort_by(f64::total_cmp);
    (waits[waits.len() / 2], waits[waits.len() * 99 / 100])
}

/// 200 endpoints that are well: by themselves, beside 200 others that are well, and beside 200 that are dead.
async fn isolation(kind: Kind, name: &str, receiver: SocketAddr, arrived: &Rc<Arrived>) {
    const RATE: f64 = 1_000.0;
    let refusing = {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.local_addr().expect("an address")
    };
    // Takes connections, and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let silent_at = silent.local_addr().expect("an address");
    let well = World::with_agents(kind, 400, 1_024, |_| receiver).await;
    let half_dead = World::with_agents(kind, 400, 1_024, |number| match number {
        0..200 => receiver,
        200..300 => refusing,
        _ => silent_at,
    });
    let half_dead = half_dead.await;
    let (mut alone, mut beside_well, mut beside_dead) = (vec![], vec![], vec![]);
    for _ in 0..ISOLATION_ROUNDS {
        alone.push(steady(&well, arrived, 0..200, 200, RATE).await.1);
        beside_well.push(steady(&well, arrived, 0..400, 200, 2.0 * RATE).await.1);
        // Those that are dead are told of as much as those that are well.
        beside_dead.push(steady(&half_dead, arrived, 0..400, 200, 2.0 * RATE).await.1);
    }
    let (alone, beside_well, beside_dead) = (median(alone), median(beside_well), median(beside_dead));
    for (reference, without) in [("none dead", beside_well), ("the dead not there", alone)] {
        let ratio = beside_dead / without;
        println!(
            "| {name} | p99, half of all endpoints dead ÷ {reference} | {without:.1} ms | {beside_dead:.1} ms | {ratio:.2} | 1.5 | 1.2 |"
        );
    }
    drop(silent);
}

fn tell(name: &str, what: &str, figure: &Figure, floor: &str, goal: &str) {
    let Figure { reference, measured, ratio, .. } = figure;
    println!("| {name} | {what} | {reference:.0} | {measured:.0} | {ratio:.2} | {floor} | {goal} |");
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
