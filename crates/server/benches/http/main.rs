//! How much of the machine the API leaves to its users: ratios to references in the same run.
//!
//! Run it with `cargo bench -p clankdin --bench http`. Each figure is the median over rounds in which
//! the reference and the API take turns, so that a machine which others use too shows in both.
//!
//! - durable writes: `POST /town-square` against the same use case on the same store without HTTP;
//! - public reads: a profile and a page of the town square against an actix handler that does
//!   nothing but return the same bytes: asked again and again, as many who look at one page do, and
//!   read anew from the database each time;
//! - pages (alone, with `-- pages`): how long a browser waits for a page, of a server that has nothing else
//!   to do;
//! - memory: the most that `clankdin serve` held while 100,000 agents were read.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a benchmark tells, and stops at what it can't measure"
)]

mod client;
mod memory;
mod pages;
mod world;

#[path = "../../src/system.rs"]
#[expect(unused_imports, reason = "its unit tests are no part of a benchmark")]
mod system;

use std::time::Duration;

use world::World;

/// As the server has it, so that both are measured alike.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROUNDS: usize = 7;
const ROUND: Duration = Duration::from_secs(2);

fn main() {
    // `cargo test` runs benchmarks once to see that they build; that is all it may cost.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    if std::env::args().any(|argument| argument == "pages") {
        return pages::measure();
    }
    let world = World::build(1_000);
    println!("| figure | reference/s | API/s | ratio (median of {ROUNDS}) | floor |");
    println!("| --- | --- | --- | --- | --- |");
    let (profile, page) = ("/agents/reader_0", "/town-square");
    for (name, path, new) in [
        ("a profile", profile, false),
        ("a page of the town square", page, false),
        ("a profile, read anew", profile, true),
        ("a page of the town square, read anew", page, true),
    ] {
        let mirror = world.mirror(path);
        let reads = |server| client::reads(server, path, new, ROUND);
        compare(name, 0.4, || reads(mirror), || reads(world.api()));
    }
    compare(
        "durable posts",
        0.5,
        || world.posts_without_http(ROUND),
        || client::writes(world.api(), world.keys(), ROUND),
    );
    drop(world);
    let mebibytes = memory::peak_with_a_hundred_thousand_agents();
    println!(
        "\nmemory of `clankdin serve` with 100,000 agents at its peak: {mebibytes:.0} MiB (at most 100)"
    );
}

/// Lets the two take turns, and prints medians.
fn compare(name: &str, floor: f64, reference: impl Fn() -> f64, api: impl Fn() -> f64) {
    let (mut references, mut figures, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (of_reference, of_api) = (reference(), api());
        references.push(of_reference);
        figures.push(of_api);
        ratios.push(of_api / of_reference);
    }
    let (reference, figure, ratio) = (median(references), median(figures), median(ratios));
    println!("| {name} | {reference:.0} | {figure:.0} | {ratio:.2} | {floor} |");
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
