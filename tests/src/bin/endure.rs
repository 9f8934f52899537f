//! `endure MINUTES [SEED]`: three nodes under the traffic of ordinary days; ends badly if something of theirs grows
//! (`endure/mod.rs`).
#![expect(clippy::print_stdout, reason = "says what was measured")]

use std::{env, process::ExitCode};

use volbridge_tests::endure::{Limits, Plan, judge, run};

#[tokio::main]
async fn main() -> ExitCode {
    let mut numbers = env::args().skip(1).map(|number| number.parse().ok());
    let (minutes, seed) = (numbers.next().flatten(), numbers.next());
    let Some(minutes @ 1..) = minutes.filter(|_| seed != Some(None)) else {
        println!("usage: endure MINUTES [SEED]");
        return ExitCode::from(2);
    };
    let seed = seed.flatten().unwrap_or(1);
    // It is built beside this program.
    let program = env::current_exe().ok().map(|program| program.with_file_name("node-apart"));
    let Some(program) = program.as_ref().and_then(|program| program.to_str()) else {
        println!("node-apart isn't where this program is");
        return ExitCode::from(2);
    };
    println!(
        "{minutes} minutes, seed {seed}; seconds, node, MiB, handles, MiB of write-ahead log, unfinished files"
    );
    let series = run(program, Plan::minutes(minutes, seed), |node, sample| {
        println!(
            "{:7.0} {node:4} {:7.1} {:4.0} {:6.1} {:3.0}",
            sample.at, sample.memory, sample.handles, sample.wal, sample.unfinished
        );
    })
    .await;
    let findings = judge::judge(&series, Limits::LONG);
    for finding in &findings {
        println!("{finding}");
    }
    if findings.iter().all(|finding| finding.holds) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
