//! A certified OpenID Connect provider (npm `oidc-provider`) in a process of its own.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Stdio,
};

use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
    time::timeout,
};

use crate::{browser::free_port, partner::PATIENCE};

/// As whom the node is registered.
pub const CLIENT: &str = "volbridge";
/// With what it proves it.
pub const SECRET: &str = "a secret of forty letters & some % signs";

/// It runs until this is dropped.
pub struct Issuer {
    /// What it calls itself.
    pub address: String,
    _process: Child,
}

impl Issuer {
    /// One that sends browsers back to this portal.
    pub async fn start(portal: &str) -> Self {
        let modules = tokio::task::spawn_blocking(modules).await.expect("npm's packages");
        let port = free_port();
        let mut process = Command::new("node")
            .arg(own("provider.mjs"))
            .arg(port.to_string())
            .arg(format!("{portal}/sign-in/oidc/return"))
            .args([CLIENT, SECRET])
            .arg(modules)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("node");
        let mut said = BufReader::new(process.stdout.take().expect("its output")).lines();
        let ready = async {
            while let Some(line) = said.next_line().await.expect("its output") {
                if line == "ready" {
                    return;
                }
            }
            panic!("the issuer ended");
        };
        timeout(PATIENCE, ready).await.expect("the issuer never listened");
        Self { address: format!("http://localhost:{port}"), _process: process }
    }
}

fn own(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("oidc").join(name)
}

/// The folder of the packages, installed once below the target folder, as the lock file names them.
fn modules() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target = target.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"));
    let folder = target.join("oidc-provider");
    fs::create_dir_all(&folder).expect("a folder");
    let lock = File::create(folder.join("lock")).expect("a lock");
    lock.lock().expect("the lock");
    let wanted = fs::read(own("package-lock.json")).expect("the lock file");
    // The same place and the same mark as in scripts/setup.
    let ready = folder.join("ready");
    if fs::read(&ready).is_ok_and(|installed| installed == wanted) {
        return folder;
    }
    for name in ["package.json", "package-lock.json"] {
        fs::copy(own(name), folder.join(name)).expect("a copy");
    }
    let done = std::process::Command::new("npm")
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent", "--prefix"])
        .arg(&folder)
        .status();
    assert!(done.expect("npm").success(), "npm ci failed");
    fs::write(ready, wanted).expect("a mark");
    folder
}
