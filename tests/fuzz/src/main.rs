//! Plays one input again: `cargo run -p volbridge-fuzz -- TARGET FILE`. Without arguments it names the targets; with
//! `--seeds TARGET FOLDER` it writes a target's first inputs there, for the long run.

use std::{env, fs, io, path::Path, process::ExitCode};

use volbridge_fuzz::{TARGETS, seeds, target};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        [] => {
            list();
            Ok(())
        }
        ["--seeds", name, folder] => write_seeds(name, Path::new(folder)),
        [name, file] => play(name, Path::new(file)),
        _ => Err(io::Error::other("usage: volbridge-fuzz [TARGET FILE | --seeds TARGET FOLDER]")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, reason = "what was asked for")]
fn list() {
    for (name, _) in TARGETS {
        println!("{name}");
    }
}

#[expect(clippy::print_stderr, reason = "what was asked for")]
fn say(line: &str) {
    eprintln!("{line}");
}

fn play(name: &str, file: &Path) -> io::Result<()> {
    let input = fs::read(file)?;
    let target = target(name).ok_or_else(|| io::Error::other(format!("there is no target {name}")))?;
    target(&input);
    say(&format!("{name}: {} bytes, nothing wrong", input.len()));
    Ok(())
}

fn write_seeds(name: &str, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for (number, seed) in seeds::of(name).iter().enumerate() {
        fs::write(folder.join(format!("seed-{number:03}")), seed)?;
    }
    Ok(())
}
