//! A partner's node in a process of its own, which a test lets die: by `kill -9` at any moment, or at a point of
//! `volbridge_node::failpoint`. The program is the test package's own (`src/bin/node-apart.rs`), so that it is always
//! the one that was built with the test; a test names it with `env!("CARGO_BIN_EXE_node-apart")`.

use std::{
    process::{ExitStatus, Stdio},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader},
    process::{ChildStdin, Command},
    sync::watch,
    time::timeout,
};
#[cfg(debug_assertions)]
use volbridge_node::failpoint::arm;
use volbridge_node::{Node, env::Env};
use volbridge_proto::wire::node::v1 as wire;

use crate::{
    Database, Partner,
    disk::FaultyDisk,
    partner::{DURABLE, Host, PATIENCE, load},
};

/// What a node says first that doesn't start.
const FAILED: &str = "failed";

/// A point and the pass at which it is deadly.
pub type DieAt<'a> = (&'a str, u32);

/// A running node and where it listens.
pub struct Process {
    pid: u32,
    /// Its life: the node stops when this is closed.
    stdin: Option<ChildStdin>,
    ended: watch::Receiver<Option<ExitStatus>>,
    pub(crate) api: String,
    pub(crate) exchange: String,
}

impl Process {
    /// Starts a node; if it isn't ready before it ends, says how it ended and what it said.
    async fn start(
        program: &str,
        settings: &[(String, String)],
        disk: Option<&FaultyDisk>,
        die_at: Option<DieAt<'_>>,
    ) -> Result<Self, (ExitStatus, String)> {
        let mut command = Command::new(program);
        if let Some((point, passes)) = die_at {
            command.arg(format!("{point}@{passes}"));
        }
        command.args(settings.iter().map(|(key, value)| format!("{key}={value}")));
        if let Some(disk) = disk {
            command.envs(disk.variables(program));
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().expect("the program starts");
        let (pid, stdin) = (child.id().expect("it runs"), child.stdin.take());
        let mut stdout = BufReader::new(child.stdout.take().expect("its output"));
        let (end, ended) = watch::channel(None);
        tokio::spawn(async move { end.send_replace(child.wait().await.ok()) });
        let mut line = String::new();
        stdout.read_line(&mut line).await.expect("its output can be read");
        let mut words = line.split_whitespace().map(str::to_owned);
        let mut process = Self { pid, stdin, ended, api: String::new(), exchange: String::new() };
        match (words.next(), words.next()) {
            (Some(api), Some(exchange)) if !line.starts_with(FAILED) => Ok(Self { api, exchange, ..process }),
            _ => Err((process.end().await, line)),
        }
    }

    async fn end(&mut self) -> ExitStatus {
        let ended = timeout(PATIENCE, self.ended.wait_for(Option::is_some)).await;
        ended.expect("it ends").expect("it is waited for").expect("a status")
    }

    /// What it may use of the machine's memory right now, in bytes.
    pub(crate) fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid)).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        kilobytes.unwrap_or(0) * 1024
    }

    /// Lets it finish what it began.
    pub(crate) async fn stop(mut self) {
        drop(self.stdin.take());
        let status = self.end().await;
        assert!(status.success() || status.code().is_none(), "it didn't stop well: {status}");
    }

    fn kill(&self) {
        if self.ended.borrow().is_none() {
            let killed = std::process::Command::new("kill").args(["-9", &self.pid.to_string()]).status();
            assert!(killed.is_ok(), "kill -9 {}", self.pid);
        }
    }
}

impl Partner {
    /// A new partner whose node runs in a process of its own.
    pub async fn start_apart(
        program: &str,
        name: &str,
        database: Database,
        settings: &[(&str, &str)],
    ) -> Self {
        let mut partner = Self::new(name, database, settings, Env::system()).await;
        assert!(partner.start_again(program, None).await, "{name} didn't start");
        partner
    }

    /// Starts its node, which is to die at a point. False if it has come there already.
    pub async fn start_again(&mut self, program: &str, die_at: Option<DieAt<'_>>) -> bool {
        match self.try_start(program, die_at).await {
            Ok(()) => true,
            Err((status, said)) => {
                let died = status.code().is_none();
                assert!(died && die_at.is_some(), "the node doesn't start: {status}, {said}");
                false
            }
        }
    }

    /// Starts its node, which may refuse: then with how it ended and what it said.
    pub async fn try_start(
        &mut self,
        program: &str,
        die_at: Option<DieAt<'_>>,
    ) -> Result<(), (ExitStatus, String)> {
        self.stop().await;
        let process = Process::start(program, &self.arguments(), self.disk.as_ref(), die_at).await?;
        self.runs_apart(process);
        Ok(())
    }

    /// A new partner whose node runs in a process of its own, on a disk that fails as the test says. Its own database is
    /// as durable as outside of tests; PostgreSQL has a disk of its own.
    pub async fn start_on_faulty_disk(
        program: &str,
        name: &str,
        database: Database,
        settings: &[(&str, &str)],
    ) -> Self {
        let mut partner = Self::new(name, database, settings, Env::system()).await;
        if database == Database::Sqlite {
            partner.set(DURABLE, "true");
        }
        partner.disk = Some(FaultyDisk::new(partner.folder()));
        assert!(partner.start_again(program, None).await, "{name} didn't start");
        partner
    }

    /// The disk that it runs on.
    pub fn disk(&self) -> &FaultyDisk {
        self.disk.as_ref().expect("started on a faulty disk")
    }

    /// What its process uses of the machine's memory, in bytes.
    pub fn memory(&self) -> u64 {
        self.process().map_or(0, Process::memory)
    }

    fn process(&self) -> Option<&Process> {
        match &self.host {
            Host::Apart(process) => Some(process),
            _ => None,
        }
    }

    /// The number of its process.
    ///
    /// # Panics
    /// When it has none of its own.
    pub fn pid(&self) -> u32 {
        self.process().expect("a process").pid
    }

    /// `kill -9`, without waiting for its end.
    pub fn kill_now(&self) {
        self.process().expect("a process").kill();
    }

    /// `kill -9`.
    pub async fn kill(&mut self) {
        self.kill_now();
        self.dies().await;
    }

    /// Whether its node has died, or does so within this time.
    pub async fn is_dead_within(&self, patience: Duration) -> bool {
        let Some(process) = self.process() else { return true };
        timeout(patience, process.ended.clone().wait_for(Option::is_some)).await.is_ok()
    }

    /// Waits until its node has died at the point that it was given.
    pub async fn dies(&mut self) {
        assert!(self.is_dead_within(PATIENCE).await, "{} never came to the point", self.name);
        let Host::Apart(process) = &mut self.host else { return };
        let status = process.end().await;
        assert!(status.code().is_none(), "{} ended by itself: {status}", self.name);
        self.host = Host::Nowhere;
    }

    /// What its own `fsck` finds wrong, after a restart or whenever.
    pub async fn faults(&self) -> Vec<String> {
        let mut client = wire::maintenance_client::MaintenanceClient::new(self.channel());
        client.fsck(self.staff(wire::FsckRequest::default())).await.expect("checked").into_inner().faults
    }

    /// Derives everything again that is derived.
    pub async fn rebuild(&self) {
        let mut client = wire::maintenance_client::MaintenanceClient::new(self.channel());
        client.rebuild_views(self.staff(wire::RebuildViewsRequest {})).await.expect("rebuilt");
    }
}

/// The program: a node with the settings that are its arguments, until standard input ends.
pub async fn serve(arguments: impl Iterator<Item = String>, ready: impl FnOnce(&str)) {
    let mut settings = Vec::new();
    for argument in arguments {
        match (argument.split_once('='), argument.split_once('@')) {
            (Some((key, value)), _) => settings.push((key.to_owned(), value.to_owned())),
            (None, Some((point, passes))) => {
                let passes = passes.parse().expect("how many passes");
                assert!(arm(point, passes), "no such point: {point}");
            }
            (None, None) => panic!("what is {argument}?"),
        }
    }
    let node = match Node::start(load(settings), Env::system()).await {
        Ok(node) => node,
        Err(error) => {
            let source = error.source.as_ref().map(ToString::to_string).unwrap_or_default();
            return ready(&format!("{FAILED} {error}: {source}"));
        }
    };
    let (api, exchange) = (node.api_addr().expect("an API"), node.exchange_addr().expect("an exchange"));
    ready(&format!("{api} {exchange}"));
    tokio::io::stdin().read_to_end(&mut Vec::new()).await.expect("a parent");
    node.stop().await;
}

/// A release build has no points to die at; it must build all the same, for the benchmark.
#[cfg(not(debug_assertions))]
fn arm(_point: &str, _passes: u32) -> bool {
    false
}
