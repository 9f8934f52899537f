//! PostgreSQL servers of the benchmark: each node has its own, durable and with the server's own defaults, reached over
//! a Unix socket. Needs the packages of PostgreSQL, not a running service.

use std::{
    fs, io,
    os::unix::{fs::chown, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::{Outcome, usage::Used};

const PATIENCE: Duration = Duration::from_secs(60);

/// A running server; stopped when dropped.
pub struct Server {
    child: Child,
    bin: PathBuf,
    /// The socket's folder: its path must be short.
    socket: TempDir,
}

impl Server {
    /// Starts the server whose files are in `folder`, made if they aren't there; with a database `node`.
    pub fn start(folder: &Path, settings: &[&str]) -> Outcome<Self> {
        let output = Command::new("pg_config").arg("--bindir").output()?;
        let bin = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
        let socket = tempfile::Builder::new().prefix("volbridge-bench-").tempdir()?;
        let owner = owner(socket.path())?;
        let run = |program: &str| {
            let mut command = Command::new(bin.join(program));
            command.current_dir(socket.path()).stdin(Stdio::null()).stdout(Stdio::null());
            if let Some((uid, gid)) = owner {
                command.uid(uid).gid(gid);
            }
            command
        };
        let fresh = !folder.join("PG_VERSION").exists();
        if fresh {
            fs::create_dir_all(folder)?;
            if let Some((uid, gid)) = owner {
                chown(folder, Some(uid), Some(gid))?;
            }
            let made = run("initdb")
                .args(["-E", "UTF8", "--locale=C", "-A", "trust", "-U", "postgres", "-D"])
                .arg(folder)
                .status()?;
            if !made.success() {
                return Err("initdb failed: is PostgreSQL installed?".into());
            }
        }
        if let Some((uid, gid)) = owner {
            chown(socket.path(), Some(uid), Some(gid))?;
        }
        let mut server = run("postgres");
        server.arg("-D").arg(folder).arg("-k").arg(socket.path()).args(["-c", "listen_addresses="]);
        for setting in settings {
            server.args(["-c", setting]);
        }
        server.stderr(fs::File::create(socket.path().join("log"))?).process_group(0);
        let server = Self { child: server.spawn()?, bin, socket };
        server.goes_with_this_process()?;
        server.ready()?;
        if fresh {
            server.sql("postgres", "CREATE DATABASE node TEMPLATE template0")?;
        }
        Ok(server)
    }

    /// A shell that stops the server when this process has gone, however it ended.
    fn goes_with_this_process(&self) -> io::Result<()> {
        let script = "while kill -0 $0 2>/dev/null; do sleep 1; done; kill -INT $1 2>/dev/null";
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(script).arg(std::process::id().to_string()).arg(self.child.id().to_string());
        shell.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        shell.spawn().map(drop)
    }

    fn ready(&self) -> Outcome<()> {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            let asked =
                self.client("pg_isready", "postgres").stdout(Stdio::null()).stderr(Stdio::null()).status()?;
            if asked.success() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let log = fs::read_to_string(self.socket.path().join("log")).unwrap_or_default();
        Err(format!("PostgreSQL isn't ready: {log}").into())
    }

    fn client(&self, program: &str, database: &str) -> Command {
        let mut command = Command::new(self.bin.join(program));
        command.stdin(Stdio::null()).args(["-U", "postgres", "-d", database, "-h"]).arg(self.socket.path());
        command
    }

    /// Runs a statement; its rows as text.
    pub fn sql(&self, database: &str, statement: &str) -> Outcome<String> {
        let mut psql = self.client("psql", database);
        let output = psql.args(["-qAtX", "-v", "ON_ERROR_STOP=1", "-c", statement]).output()?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        } else {
            Err(format!("{statement}: {}", String::from_utf8_lossy(&output.stderr)).into())
        }
    }

    /// Of the database `node`.
    pub fn url(&self) -> String {
        format!("postgres://postgres@{}/node", self.host().replace('/', "%2F"))
    }

    /// The folder of its socket.
    pub fn host(&self) -> String {
        self.socket.path().display().to_string()
    }

    /// Of the server and all its processes.
    pub fn used(&self) -> io::Result<Used> {
        Used::of_family(self.child.id())
    }

    /// Bytes that the tables and indexes take.
    pub fn disk_bytes(&self) -> Outcome<u64> {
        self.sql("node", "CHECKPOINT")?;
        Ok(self.sql("node", "SELECT pg_database_size('node')")?.parse()?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let pid = self.child.id().to_string();
        // A fast shutdown: what is committed is in the tables when it ends.
        let _ = Command::new("sh").arg("-c").arg("kill -INT $0").arg(pid).status();
        let _ = self.child.wait();
    }
}

/// PostgreSQL refuses to run as root: then it runs as the user `postgres`.
fn owner(folder: &Path) -> Outcome<Option<(u32, u32)>> {
    use std::os::unix::fs::MetadataExt as _;
    if fs::metadata(folder)?.uid() != 0 {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd")?;
    let entry = users.lines().find_map(|line| line.strip_prefix("postgres:"));
    let mut fields = entry.into_iter().flat_map(|entry| entry.split(':').skip(1));
    match (fields.next().map(str::parse), fields.next().map(str::parse)) {
        (Some(Ok(uid)), Some(Ok(gid))) => Ok(Some((uid, gid))),
        _ => Err("running as root needs a user postgres".into()),
    }
}
