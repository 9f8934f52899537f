//! The command line with a running node, as an operator uses it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod import;
mod introductions;
mod materials;
mod people;
mod records;
mod served;

use std::{fs, process::Command};

use served::VOLBRIDGE;

#[test]
fn f01_an_init_that_was_interrupted_is_taken_up_again() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("volbridge.toml"), "[node]\ndata_dir = \"data\"\n").unwrap();
    let init = || {
        let args = ["init", "--country", "CN", "--domain", "a.example.org", "--name", "en=A"];
        Command::new(VOLBRIDGE).args(args).current_dir(folder.path()).output().unwrap().status.code()
    };
    assert_eq!(init(), Some(0));
    assert_eq!(init(), Some(1), "a made node is never made again");
    let partner = fs::read(folder.path().join("data/partner")).unwrap();
    // Killed after the log was begun; then before; then between the keys.
    for gone in [
        &["partner"][..],
        &["partner", "node.db", "node.db-wal", "node.db-shm"],
        &["partner", "node.db", "keys/identity"],
    ] {
        for file in gone {
            let _ = fs::remove_file(folder.path().join("data").join(file));
        }
        assert_eq!(init(), Some(0), "{gone:?}");
        let same = fs::read(folder.path().join("data/partner")).unwrap() == partner;
        assert_eq!(same, gone.len() == 1, "{gone:?}");
    }
}
