//! A node that is served from a folder of its own, and the command line that speaks to it.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
};

use serde_json::Value;

pub const VOLBRIDGE: &str = env!("CARGO_BIN_EXE_volbridge");

/// A node that is served from a folder of its own.
pub struct Served {
    pub folder: tempfile::TempDir,
    child: Child,
    pub ready: Value,
}

impl Served {
    pub fn start(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Handshakes that hang are given up soon.
        let settings = [
            "[node]\ndata_dir = \"data\"\n",
            "[api]\nlisten = \"127.0.0.1:0\"\n",
            "[exchange]\nlisten = \"127.0.0.1:0\"\nallow_private_addresses = true\nhandshake_seconds = 2\n",
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

    pub fn run(&self, args: &[&str]) -> Output {
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
    pub fn ok(&self, args: &[&str]) -> Vec<Value> {
        let output = self.run(args);
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Runs a command that must be refused; its report.
    pub fn refused(&self, args: &[&str]) -> Value {
        let output = self.run(args);
        assert_eq!(output.status.code(), Some(1), "{args:?}: {}", String::from_utf8_lossy(&output.stdout));
        let text = String::from_utf8(output.stdout).unwrap();
        serde_json::from_str(text.lines().last().unwrap()).unwrap()
    }

    /// Runs a command until what it prints holds to a condition. Each run takes some ten milliseconds.
    pub fn until(&self, args: &[&str], holds: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let printed = (0..600).map(|_| self.ok(args)).find(|lines| holds(lines));
        printed.unwrap_or_else(|| panic!("{args:?}: {:#?}", self.ok(args)))
    }

    /// Its own id.
    pub fn id(&self) -> String {
        self.ok(&["partner", "show", "--self"])[0]["name"]["id"].as_str().unwrap().to_owned()
    }

    /// Its own fingerprint, as people read it.
    pub fn fingerprint(&self) -> String {
        self.ok(&["partner", "show", "--self"])[0]["name"]["fingerprint"].as_str().unwrap().to_owned()
    }

    /// Where partners reach it.
    pub fn exchange(&self) -> &str {
        self.ready["exchange"].as_str().unwrap()
    }

    /// Adds another as its operator would who was told endpoint and fingerprint.
    pub fn add(&self, other: &Self) -> Value {
        let fingerprint = other.fingerprint();
        self.ok(&["partner", "add", "--endpoint", other.exchange(), "--fingerprint", &fingerprint]).remove(0)
    }

    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.folder.path().join(name), text).unwrap();
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub const ORGANISATION: &str = "language: en\nnames: [{language: en, text: Library}]\nlevel: city\n";

/// So many listings as a file of YAML documents.
pub fn listings(organisation: &str, count: usize) -> String {
    let one = |number| {
        format!(
            "---\nlanguage: en\norganisation: {organisation}\ntitle: Reader {number}\nsummary: Two hours a week\n\
             description: Read aloud.\nroles: [{{number: 1, title: Reader, tasks: Read, slots: 2}}]\n\
             how_to_apply: Write\ncosts: none\napplicants: all\n"
        )
    };
    (0..count).map(one).collect()
}
