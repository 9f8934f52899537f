//! The demonstration as a newcomer starts it: three processes, one JSON line.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Child, Command, Stdio},
};

use serde_json::Value;

/// The demonstration, told to stop when dropped.
struct Demo(Child, Value);

impl Demo {
    fn start(folder: &std::path::Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_volbridge"))
            .args(["demo", "--quiet", "--port", "18080", "--dir"])
            .arg(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready = serde_json::from_str(&line).unwrap_or_else(|_| panic!("not ready: {line:?}"));
        Self(child, ready)
    }

    /// The process of one partner's node. By its id, so that nothing else can be hit.
    fn child(&self, key: &str) -> Option<u32> {
        let own = self.0.id();
        // A thread's file names the children that this thread started.
        let threads = fs::read_dir(format!("/proc/{own}/task")).unwrap();
        let lists = threads
            .map(|thread| fs::read_to_string(thread.unwrap().path().join("children")).unwrap_or_default());
        let children: Vec<u32> = lists
            .flat_map(|list| list.split_whitespace().map(|id| id.parse().unwrap()).collect::<Vec<_>>())
            .collect();
        let config = format!("/{key}/volbridge.toml");
        let is_its = |id: &u32| {
            let line = fs::read_to_string(format!("/proc/{id}/cmdline")).unwrap_or_default();
            line.split('\0').any(|word| word.ends_with(&config))
        };
        children.into_iter().find(is_its)
    }

    fn portals(&self) -> Vec<String> {
        let partners = self.1["partners"].as_array().unwrap();
        partners.iter().map(|partner| partner["portal"].as_str().unwrap().to_owned()).collect()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        kill("-TERM", self.0.id());
        let _ = self.0.wait();
    }
}

/// How many translations a partner's command line lists: everybody's.
fn translations(partner: &Value) -> usize {
    let token = format!("{}/data/keys/api-token", partner["dir"].as_str().unwrap());
    let listed = Command::new(env!("CARGO_BIN_EXE_volbridge"))
        .args(["--json", "--node", partner["api"].as_str().unwrap(), "--token-file", &token])
        .args(["translation", "list"])
        .output()
        .unwrap();
    assert!(listed.status.success(), "{listed:?}");
    listed.stdout.lines().count()
}

/// The shell's own kill: a bare machine has no other.
fn kill(signal: &str, process: u32) {
    let line = format!("kill {signal} {process}");
    let _ = Command::new("sh").args(["-c", &line]).status();
}

/// The body of an answer over plain HTTP.
fn get(portal: &str, path: &str) -> Option<Value> {
    let host = portal.strip_prefix("http://")?;
    let mut stream = TcpStream::connect(host.replace("localhost", "127.0.0.1")).ok()?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()
}

fn count(portal: &str, path: &str) -> Option<usize> {
    get(portal, path)?["items"].as_array().map(Vec::len)
}

#[test]
fn three_partners_show_each_others_listings_and_a_killed_one_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let demo = Demo::start(folder.path());
    assert_eq!(demo.1["ready"], true);
    let portals = demo.portals();
    assert_eq!(portals.len(), 3);
    for partner in demo.1["partners"].as_array().unwrap() {
        for field in ["name", "portal", "api", "api_token", "exchange", "dir"] {
            assert!(partner[field].is_string(), "{field}: {partner}");
        }
        assert!(translations(partner) >= 20, "{partner}");
    }
    for portal in &portals {
        let listings = count(portal, "/api/v1/listings?limit=100").unwrap();
        assert!(listings >= 40, "{portal} has {listings} listings");
        assert_eq!(count(portal, "/api/v1/partners"), Some(3), "{portal}");
        assert!(count(portal, "/api/v1/conferences") >= Some(2), "{portal}");
    }
    let before = count(&portals[0], "/api/v1/listings?limit=100");
    let killed = demo.child("bvf").unwrap();
    kill("-9", killed);
    let back = (0..400).any(|_| {
        std::thread::park_timeout(std::time::Duration::from_millis(50));
        demo.child("bvf").is_some_and(|now| now != killed)
            && count(&portals[0], "/api/v1/listings?limit=100") == before
    });
    assert!(back, "the killed node never came back");
    drop(demo);
    // What was published stays: the second start sends nothing again.
    let demo = Demo::start(folder.path());
    assert_eq!(count(&demo.portals()[2], "/api/v1/listings?limit=100"), before);
}
