//! The short run: every target over its first inputs, and over some thousands that a number makes of them. A failure
//! prints the number and the input; `VOLBRIDGE_FUZZ_SEED` sets the number.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test")]

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Instant,
};

use volbridge_fuzz::{
    TARGETS,
    mutate::{Dice, mutated},
    seeds,
};

const SEED: u64 = 1;

/// Bytes that each target reads of mutated inputs, and how many inputs at most.
const BYTES: usize = 3 << 20;
const INPUTS: usize = 3_000;

/// Fewer where one takes a millisecond or more: keys are decapsulated, each setting is tried by itself.
fn inputs(target: &str, average: usize) -> usize {
    match target {
        "sealed" => 30,
        "config" => 300,
        _ => INPUTS.min(BYTES / average),
    }
}

#[expect(clippy::disallowed_methods, reason = "the number of a run that failed comes by the environment")]
fn seed() -> u64 {
    std::env::var("VOLBRIDGE_FUZZ_SEED").map_or(SEED, |seed| seed.parse().unwrap())
}

/// Runs one input; what fails is kept for `cargo run -p volbridge-fuzz -- TARGET FILE`.
fn run(name: &str, target: volbridge_fuzz::Target, input: &[u8], seed: u64) {
    if catch_unwind(AssertUnwindSafe(|| target(input))).is_err() {
        let file = std::env::temp_dir().join(format!("volbridge-fuzz-{name}-{seed}"));
        fs::write(&file, input).unwrap();
        panic!(
            "VOLBRIDGE_FUZZ_SEED={seed}: play it again with: cargo run -p volbridge-fuzz -- {name} {}",
            file.display()
        );
    }
}

#[test]
fn t16_what_strangers_send_never_panics_and_prints_back_as_it_was_read() {
    let seed = seed();
    println!("VOLBRIDGE_FUZZ_SEED={seed}");
    for (name, target) in TARGETS {
        let began = Instant::now();
        let seeds = seeds::of(name);
        assert!(!seeds.is_empty(), "{name} has no inputs");
        for input in &seeds {
            run(name, *target, input, seed);
        }
        let average = seeds.iter().map(Vec::len).sum::<usize>() / seeds.len() + 1;
        let mut dice = Dice::new(seed, name);
        let inputs = inputs(name, average);
        for _ in 0..inputs {
            run(name, *target, &mutated(&seeds, &mut dice), seed);
        }
        println!("{name}: {inputs} inputs of {average} bytes, {} ms", began.elapsed().as_millis());
    }
}

#[test]
fn t16_every_kind_of_record_is_among_the_inputs() {
    let seeds = seeds::of("payload");
    for kind in volbridge_proto::kinds::KINDS {
        let begins = format!("{}\n", kind.name);
        assert!(seeds.iter().any(|seed| seed.starts_with(begins.as_bytes())), "{}", kind.name);
    }
}
