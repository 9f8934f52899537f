//! `simulate FIRST [LAST]`: networks of nodes in the weather of these seeds (`simulation.rs`); stops at the first that fails.
#![expect(clippy::print_stdout, reason = "says how each seed ended")]

use std::{env, process::ExitCode};

use volbridge_tests::simulation;

#[tokio::main]
async fn main() -> ExitCode {
    let seeds: Option<Vec<u64>> = env::args().skip(1).map(|seed| seed.parse().ok()).collect();
    let Some((first, last)) = seeds.and_then(|seeds| Some((*seeds.first()?, *seeds.last()?))) else {
        println!("usage: simulate FIRST [LAST]");
        return ExitCode::from(2);
    };
    for seed in first..=last {
        // A task of its own: what fails in it is told, and ends nothing else.
        let Ok(took) = tokio::spawn(simulation::run(seed)).await else {
            println!("seed {seed} failed; once more: scripts/simulate {seed}");
            return ExitCode::FAILURE;
        };
        println!("seed {seed}: the same answers everywhere; {took:.1?}");
    }
    ExitCode::SUCCESS
}
