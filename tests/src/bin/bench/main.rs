//! The benchmark: two or more real nodes in processes of their own over loopback mutual TLS, each figure beside the limit
//! of the same machine in the same run. `docs/performance.md` explains each.
//!
//! `cargo run --release -p volbridge-tests --bin bench -- sync --records 100000 --database postgres --json`

mod authors;
mod blob;
mod delta;
mod far;
mod idle;
mod import;
mod latency;
mod limit;
mod listings;
mod load;
mod machine;
mod nodes;
mod open;
mod partners;
mod postgres;
mod publish;
mod relay;
mod replication;
mod report;
mod search;
mod sign_in;
mod sync;
mod usage;
mod verify;

use std::{
    fmt,
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use clap::{Parser, Subcommand, ValueEnum};

/// What may go wrong here is told to whoever measures, and ends the run.
type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Which database the nodes use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Database {
    /// A file in the node's folder.
    Sqlite,
    /// A server for each node.
    Postgres,
}

impl Database {
    fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[derive(Debug, Parser)]
#[command(name = "bench", about = "Measures real nodes beside the limit of the machine")]
struct Cli {
    #[command(subcommand)]
    what: What,
    /// The nodes' database
    #[arg(long, global = true, value_enum, default_value_t = Database::Sqlite)]
    database: Database,
    /// One JSON object on standard output
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum What {
    /// A log of N records into an empty node
    Sync(sync::Args),
    /// What a follower fetches that was away
    Delta(delta::Args),
    /// Acknowledged publishes a second, by how many call at once
    Publish(publish::Args),
    /// From a publish at one node until a partner's API answers with it
    Latency(latency::Args),
    /// From a process's start until it is ready
    Open(open::Args),
    /// What a pair uses while nothing happens
    Idle(idle::Args),
    /// A log through a hub
    Relay(relay::Args),
    /// One node that follows many logs
    Partners(partners::Args),
    /// Proof files checked offline
    Verify(verify::Args),
    /// A file from one node to another
    Blob(blob::Args),
    /// A log and a file over a line that delays
    Far(far::Args),
    /// Judged questions to a node, its portal, SQLite FTS5 and PostgreSQL
    Search(search::Args),
    /// From a publish at one node until a partner's search finds it
    Found(search::found::Args),
    /// Pages of listings, read by many at once
    Pages(search::pages::Args),
    /// A table of listings, from the command to the last acknowledgement
    Import(import::Args),
    /// What guessing costs others, and whether times tell who has an account
    SignIn(sign_in::Args),
    #[command(hide = true)]
    LimitCopy { certificate: PathBuf, to: PathBuf, address: String },
    #[command(hide = true)]
    LimitSend { certificate: PathBuf, file: PathBuf },
    #[command(hide = true)]
    LimitReceive { certificate: PathBuf, address: String, url: String, batch: usize },
}

#[tokio::main]
async fn main() -> ExitCode {
    // Another provider can't have been installed before.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let cli = Cli::parse();
    match run(cli).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report::progress(&format!("{error}"));
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> Outcome<()> {
    let database = cli.database;
    let report = match cli.what {
        What::LimitSend { certificate, file } => return limit::send(&certificate, &file).await,
        What::LimitReceive { certificate, address, url, batch } => {
            return limit::receive(&certificate, &address, &url, batch).await;
        }
        What::LimitCopy { certificate, to, address } => {
            return limit::copy(&certificate, &to, &address).await;
        }
        What::Sync(args) => sync::measure(args, database).await?,
        What::Delta(args) => delta::measure(args, database).await?,
        What::Publish(args) => publish::measure(args, database).await?,
        What::Latency(args) => latency::measure(args, database).await?,
        What::Open(args) => open::measure(args, database).await?,
        What::Idle(args) => idle::measure(args, database).await?,
        What::Relay(args) => relay::measure(args, database).await?,
        What::Partners(args) => partners::measure(args, database).await?,
        What::Verify(args) => verify::measure(args, database).await?,
        What::Blob(args) => blob::measure(args, database).await?,
        What::Far(args) => far::measure(args, database).await?,
        What::Search(args) => search::measure(&args, database).await?,
        What::Found(args) => search::found::measure(args, database).await?,
        What::Pages(args) => search::pages::measure(args, database).await?,
        What::Import(args) => import::measure(args, database).await?,
        What::SignIn(args) => sign_in::measure(args, database).await?,
    };
    Ok(report.say(cli.json)?)
}

/// One line on standard output, at once.
fn say_line(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
