//! The command line with a running node, as an operator uses it.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use serde_json::Value;

const VOLBRIDGE: &str = env!("CARGO_BIN_EXE_volbridge");

/// A node that is served from a folder of its own.
struct Served {
    folder: tempfile::TempDir,
    child: Child,
    ready: Value,
}

impl Served {
    fn start(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = [
            "[node]\ndata_dir = \"data\"\n",
            "[api]\nlisten = \"127.0.0.1:0\"\n",
            "[exchange]\nlisten = \"127.0.0.1:0\"\nallow_private_addresses = true\n",
            "[gateway]\nlisten = \"\"\n",
        ];
        fs::write(folder.path().join("volbridge.toml"), settings.concat()).unwrap();
        let domain = format!("{}.example.org", name.to_lowercase());
        let made = Command::new(VOLBRIDGE)
            .args(["init", "--country", "CN", "--domain", &domain, "--name", &format!("en={name}")])
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        // A running node doesn't need it.
        fs::remove_file(folder.path().join("data/keys/next-identity")).unwrap();
        let mut child = Command::new(VOLBRIDGE)
            .args(["--json", "serve", "--node-only"])
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready = serde_json::from_str(&line).unwrap();
        Self { folder, child, ready }
    }

    fn run(&self, args: &[&str]) -> Output {
        Command::new(VOLBRIDGE)
            .args([
                "--json",
                "--node",
                self.ready["api"].as_str().unwrap(),
                "--token-file",
                "data/keys/api-token",
            ])
            .args(args)
            .current_dir(self.folder.path())
            .env("LC_ALL", "C.UTF-8")
            .output()
            .unwrap()
    }

    /// Runs a command that must succeed; its JSON lines.
    fn ok(&self, args: &[&str]) -> Vec<Value> {
        let output = self.run(args);
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.folder.path().join(name), text).unwrap();
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const ORGANISATION: &str = "language: en\nnames: [{language: en, text: Library}]\nlevel: city\n";

fn listings(organisation: &str, count: usize) -> String {
    let one = |number| {
        format!(
            "---\nlanguage: en\norganisation: {organisation}\ntitle: Reader {number}\nsummary: Two hours a week\n\
             description: Read aloud.\nroles: [{{number: 1, title: Reader, tasks: Read, slots: 2}}]\n\
             how_to_apply: Write\ncosts: none\napplicants: all\n"
        )
    };
    (0..count).map(one).collect()
}

#[test]
fn thousands_are_published_once_shown_proven_and_withdrawn() {
    let node = Served::start("BVF");
    node.write("organisation.yaml", ORGANISATION);
    let organisation = node.ok(&["organisation", "publish", "organisation.yaml"]);
    let organisation = organisation[0]["id"].as_str().unwrap();
    node.write("listings.yaml", listings(organisation, 1_000));
    let first = node.ok(&["listing", "publish", "listings.yaml"]);
    let again = node.ok(&["listing", "publish", "listings.yaml"]);
    let hashes = |lines: &[Value]| -> Vec<String> {
        let mut hashes: Vec<_> =
            lines.iter().filter_map(|line| Some(line["record"]["hash"].as_str()?.to_owned())).collect();
        hashes.sort();
        hashes
    };
    assert_eq!(hashes(&first).len(), 1_000);
    assert_eq!(hashes(&first), hashes(&again), "a second run publishes nothing twice");

    let hash = first.iter().find_map(|line| line["record"]["hash"].as_str()).unwrap();
    node.ok(&["record", "show", hash]);
    node.ok(&["record", "export", hash, "--out", "record.tlog-proof"]);
    let proof = fs::read(node.path("record.tlog-proof")).unwrap();
    let policy = proof_policy(node.folder.path());
    node.ok(&["record", "verify", "record.tlog-proof", "--policy", &policy]);
    for place in (0..proof.len()).step_by(proof.len() / 40) {
        let mut touched = proof.clone();
        touched[place] ^= 1;
        node.write("touched.tlog-proof", &touched);
        let output = node.run(&["record", "verify", "touched.tlog-proof", "--policy", &policy]);
        assert_eq!(output.status.code(), Some(1), "byte {place}");
    }
    let verified = node.ok(&["log", "verify"]);
    assert!(verified.iter().any(|line| line["size"] == 1_003), "{verified:?}");
    node.ok(&["listing", "withdraw", first[0]["id"].as_str().unwrap()]);
    node.ok(&["views", "rebuild"]);
    let checked = node.ok(&["fsck"]);
    assert!(checked.iter().any(|line| line["entries"] == 1_004), "{checked:?}");
}

/// The policy that was written beside a proof.
fn proof_policy(folder: &Path) -> String {
    let is_policy =
        |path: &std::path::PathBuf| path.extension().is_some_and(|extension| extension == "policy");
    let found = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).find(is_policy);
    found.unwrap().file_name().unwrap().to_str().unwrap().to_owned()
}

#[test]
fn two_nodes_are_introduced_with_files_and_exchange() {
    let (bvf, unv) = (Served::start("BVF"), Served::start("UNV"));
    for (one, other) in [(&bvf, &unv), (&unv, &bvf)] {
        other.ok(&["partner", "export", "--out", "self.partner"]);
        let file = other.path("self.partner").display().to_string();
        let endpoint = other.ready["exchange"].as_str().unwrap();
        one.ok(&["partner", "add", "--descriptor", &file, "--endpoint", endpoint]);
    }
    bvf.write("organisation.yaml", ORGANISATION);
    let organisation = bvf.ok(&["organisation", "publish", "organisation.yaml"]);
    bvf.write("listing.yaml", listings(organisation[0]["id"].as_str().unwrap(), 1));
    let published = bvf.ok(&["listing", "publish", "listing.yaml"]);
    let id = published[0]["id"].as_str().unwrap();
    let arrived = (0..200).any(|_| {
        let listed = unv.ok(&["listing", "list"]);
        // Each call takes some ten milliseconds.
        listed.iter().any(|line| line.to_string().contains(id))
    });
    assert!(arrived, "the listing never arrived");
    let partners = unv.ok(&["partner", "list"]);
    assert!(format!("{partners:?}").contains("BVF"));
}

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
