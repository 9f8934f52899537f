//! A PostgreSQL server for tests: started by whichever test needs it first, shared by all tests of one run, gone with the
//! runner (cargo or nextest). Unix socket, no TCP, no fsync except for tests that kill. Needs the packages of PostgreSQL,
//! not a running service.
//!
//! Only the standard library: other packages' tests include this file with `#[path]`.

use std::{
    fs::{self, File},
    io,
    os::unix::{
        fs::chown,
        process::{CommandExt, parent_id},
    },
    path::PathBuf,
    process::{Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

/// Tests that kill nodes run the real program, which insists on a server that keeps what it says it keeps.
const DURABLE: bool = matches!(env!("CARGO_CRATE_NAME").as_bytes(), [b'k', b'i', b'l', b'l', ..]);

/// The server of this run.
#[derive(Debug)]
pub struct PgCluster {
    bin: PathBuf,
    folder: PathBuf,
    durable: bool,
}

/// A database of one test; dropped with it.
#[derive(Debug)]
pub struct PgDatabase {
    name: String,
    cluster: &'static PgCluster,
}

impl PgCluster {
    /// The server of this run, started if it isn't running.
    ///
    /// # Panics
    /// If PostgreSQL isn't installed or doesn't start.
    #[expect(clippy::expect_used, reason = "only tests call this")]
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<PgCluster> = OnceLock::new();
        SHARED.get_or_init(|| Self::start().expect("PostgreSQL for tests: is it installed?"))
    }

    /// A new, empty database.
    ///
    /// # Panics
    /// If the server refuses.
    pub fn database(&'static self) -> PgDatabase {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("t{}_{number}", std::process::id());
        let status = self.client("createdb").args(["-T", "template0", &name]).status();
        assert!(status.is_ok_and(|s| s.success()), "createdb {name}");
        PgDatabase { name, cluster: self }
    }

    /// The process that started the tests lives as long as the run: its number names the server's folder.
    fn start() -> io::Result<Self> {
        let runner = parent_id();
        let name = if DURABLE { "volbridge-pg-durable" } else { "volbridge-pg" };
        let folder = std::env::temp_dir().join(format!("{name}-{runner}"));
        let lock = File::create(folder.with_extension("lock"))?;
        lock.lock()?;
        let cluster = Self { bin: bin_folder()?, folder, durable: DURABLE };
        if !cluster.is_ready() {
            cluster.start_server(runner)?;
        }
        Ok(cluster)
    }

    fn start_server(&self, runner: u32) -> io::Result<()> {
        let _ = fs::remove_dir_all(&self.folder);
        fs::create_dir(&self.folder)?;
        let owner = owner()?;
        if let Some((uid, gid)) = owner {
            chown(&self.folder, Some(uid), Some(gid))?;
        }
        let data = self.folder.join("data");
        let mut initdb = self.server("initdb", owner);
        initdb
            .args(["--no-sync", "-E", "UTF8", "--locale=C", "-A", "trust", "-U", "postgres", "-D"])
            .arg(&data);
        if !initdb.status()?.success() {
            return Err(io::Error::other("initdb failed"));
        }
        self.launch()?;
        self.clean_up_after(runner)
    }

    fn launch(&self) -> io::Result<()> {
        let owner = owner()?;
        let data = self.folder.join("data");
        let mut postgres = self.server("postgres", owner);
        postgres.arg("-D").arg(&data).arg("-k").arg(&self.folder);
        for setting in ["listen_addresses=", "max_connections=300", "shared_buffers=64MB"] {
            postgres.args(["-c", setting]);
        }
        if !self.durable {
            postgres.args(["-c", "fsync=off", "-c", "full_page_writes=off"]);
        }
        postgres.stderr(File::create(self.folder.join("log"))?).process_group(0);
        postgres.spawn()?;
        for _ in 0..300 {
            if self.is_ready() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err(io::Error::other(format!("not ready after 15 s, see {}/log", self.folder.display())))
    }

    /// A shell that stops the server and removes its files once the runner has gone.
    fn clean_up_after(&self, runner: u32) -> io::Result<()> {
        let script = "while kill -0 $0 2>/dev/null; do sleep 1; done
            kill -INT $(head -n 1 \"$1/data/postmaster.pid\")
            while [ -e \"$1/data/postmaster.pid\" ]; do sleep 0.2; done
            rm -rf \"$1\" \"$1.lock\"";
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(script).arg(runner.to_string()).arg(&self.folder);
        quiet(&mut shell).process_group(0).spawn().map(drop)
    }

    fn is_ready(&self) -> bool {
        self.folder.join("data").exists() && self.client("pg_isready").status().is_ok_and(|s| s.success())
    }

    fn client(&self, program: &str) -> Command {
        let mut command = Command::new(self.bin.join(program));
        quiet(&mut command).args(["-U", "postgres", "-h"]).arg(&self.folder);
        command
    }

    fn server(&self, program: &str, owner: Option<(u32, u32)>) -> Command {
        let mut command = Command::new(self.bin.join(program));
        quiet(&mut command).current_dir(&self.folder);
        if let Some((uid, gid)) = owner {
            command.uid(uid).gid(gid);
        }
        command
    }
}

#[allow(dead_code, reason = "packages that include this file share the one server alone")]
impl PgCluster {
    /// A server of one test's own, which it may restart.
    ///
    /// # Panics
    /// If PostgreSQL isn't installed or doesn't start.
    #[expect(clippy::expect_used, reason = "only tests call this")]
    pub fn own() -> &'static Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let (process, number) = (std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(format!("volbridge-pg-own-{process}-{number}"));
        let start = || {
            let cluster = Self { bin: bin_folder()?, folder, durable: true };
            cluster.start_server(process)?;
            Ok::<_, io::Error>(cluster)
        };
        Box::leak(Box::new(start().expect("PostgreSQL for tests: is it installed?")))
    }

    /// Stops the server and starts it again: as an operator does, or `at_once`, as a crash does.
    ///
    /// # Panics
    /// If it doesn't stop or start.
    #[expect(clippy::expect_used, reason = "only tests call this")]
    pub fn restart(&self, at_once: bool) {
        let file = self.folder.join("data/postmaster.pid");
        let lines = fs::read_to_string(&file).expect("a server that runs");
        let server = lines.lines().next().expect("its process").to_owned();
        let signal = if at_once { "-QUIT" } else { "-INT" };
        let told = Command::new("kill").args([signal, &server]).status();
        assert!(told.is_ok_and(|status| status.success()), "kill {signal} {server}");
        for _ in 0..600 {
            if !file.exists() {
                return self.launch().expect("it starts again");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        assert!(!file.exists(), "the server doesn't stop");
    }
}

impl PgDatabase {
    /// `postgres://…`
    pub fn url(&self) -> String {
        let host = self.cluster.folder.display().to_string().replace('/', "%2F");
        format!("postgres://postgres@{host}/{}", self.name)
    }
}

impl Drop for PgDatabase {
    fn drop(&mut self) {
        let _ = self.cluster.client("dropdb").args(["--force", "--if-exists", &self.name]).status();
    }
}

fn quiet(command: &mut Command) -> &mut Command {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null())
}

/// The server's programs aren't on the PATH everywhere.
fn bin_folder() -> io::Result<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").output()?;
    Ok(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()))
}

/// PostgreSQL refuses to run as root: then it runs as the user `postgres`.
fn owner() -> io::Result<Option<(u32, u32)>> {
    use std::os::unix::fs::MetadataExt;
    if fs::metadata("/proc/self")?.uid() != 0 {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd")?;
    let entry = users.lines().find_map(|line| line.strip_prefix("postgres:"));
    let mut fields = entry.into_iter().flat_map(|e| e.split(':').skip(1));
    match (fields.next().map(str::parse), fields.next().map(str::parse)) {
        (Some(Ok(uid)), Some(Ok(gid))) => Ok(Some((uid, gid))),
        _ => Err(io::Error::other("running as root needs a user postgres")),
    }
}
