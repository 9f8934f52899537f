//! `far`: the same over a line that delays, as between continents, and loses nothing of its width.

use std::time::{Duration, Instant};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::mpsc,
    task::{AbortHandle, JoinSet},
};

use crate::{
    Database, Outcome,
    authors::{Author, Run},
    blob,
    report::{Figure, Report, as_f64, progress, rounded},
    sync::follow,
};

/// Pieces that may be on their way: of 64 KiB each, more than any window allows.
const UNDER_WAY: usize = 4_096;

/// How it is measured.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Args {
    /// Milliseconds there and back
    #[arg(long, default_value_t = 300)]
    rtt: u64,
    /// Entries of the log
    #[arg(long, default_value_t = 100_000)]
    records: u64,
    /// Mebibytes of the file
    #[arg(long, default_value_t = 256)]
    size: u64,
}

/// Measures.
pub async fn measure(args: Args, database: Database) -> Outcome<Report> {
    let rtt = Some(Duration::from_millis(args.rtt));
    let author = Author::with(args.records, database).await?;
    let near = follow(&Run::new()?, &author, database, None).await?;
    progress("the log from afar");
    let far = follow(&Run::new()?, &author, database, rtt).await?;
    let rate = |seconds: f64| Figure { value: as_f64(args.records) / seconds, unit: "records/s" };
    let mut report = Report::new("far", database.name());
    report.set("rtt_ms", args.rtt);
    report.set("records", args.records);
    report.figure(rate(far.seconds));
    report.limit(rate(near.seconds), "the same without the delay");
    report.used(&far.used);
    let run = Run::new()?;
    let file = run.folder("file");
    blob::make(&file, args.size)?;
    progress("a file");
    let near = blob::fetch(&Run::new()?, &file, database, None).await?;
    let far = blob::fetch(&Run::new()?, &file, database, rtt).await?;
    report.set("blob_mib", args.size);
    report.set("blob_mib_per_second", rounded(as_f64(args.size) / far.seconds));
    report.set("blob_near_mib_per_second", rounded(as_f64(args.size) / near.seconds));
    report.set("blob_ratio", rounded(near.seconds / far.seconds));
    Ok(report)
}

/// A line in front of an address; without a delay, the address itself.
pub struct Delay {
    address: String,
    serving: Option<AbortHandle>,
}

impl Delay {
    /// With this time there and back.
    pub async fn before(address: &str, rtt: Option<Duration>) -> Outcome<Self> {
        let Some(rtt) = rtt else { return Ok(Self { address: address.to_owned(), serving: None }) };
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let own = listener.local_addr()?.to_string();
        let serving = tokio::spawn(serve(listener, address.to_owned(), rtt / 2)).abort_handle();
        Ok(Self { address: own, serving: Some(serving) })
    }

    /// Where to call.
    pub fn address(&self) -> &str {
        &self.address
    }
}

impl Drop for Delay {
    fn drop(&mut self) {
        if let Some(serving) = &self.serving {
            serving.abort();
        }
    }
}

async fn serve(listener: TcpListener, to: String, delay: Duration) {
    let mut ways = JoinSet::new();
    while let Ok((near, _)) = listener.accept().await {
        let Ok(far) = TcpStream::connect(&to).await else { continue };
        let _ = (near.set_nodelay(true), far.set_nodelay(true));
        let ((from_near, to_near), (from_far, to_far)) = (near.into_split(), far.into_split());
        ways.spawn(pass(from_near, to_far, delay));
        ways.spawn(pass(from_far, to_near, delay));
    }
}

/// One way: what comes is taken at once and goes on when its time has come.
async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, delay: Duration) {
    let (pieces, mut due) = mpsc::channel::<(Instant, Vec<u8>)>(UNDER_WAY);
    let reading = async move {
        let mut buffer = vec![0; 64 << 10];
        while let Ok(length @ 1..) = from.read(&mut buffer).await {
            let piece = buffer.get(..length).unwrap_or_default().to_vec();
            if pieces.send((Instant::now() + delay, piece)).await.is_err() {
                return;
            }
        }
    };
    let writing = async move {
        while let Some((at, piece)) = due.recv().await {
            tokio::time::sleep_until(at.into()).await;
            if to.write_all(&piece).await.is_err() {
                return;
            }
        }
        let _ = to.shutdown().await;
    };
    tokio::join!(reading, writing);
}
