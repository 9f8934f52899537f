//! `blob`: a file from one node to another, verified and durable there.

use std::{
    io::Write as _,
    path::Path,
    time::{Duration, Instant},
};

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use tokio::io::AsyncReadExt as _;
use volbridge_proto::wire::{
    node::v1::{
        self as wire, blobs_client::BlobsClient, conferences_client::ConferencesClient,
        materials_client::MaterialsClient,
    },
    record::v1 as record,
};

use crate::{
    Database, Outcome,
    authors::Run,
    far::Delay,
    limit::copy_rate,
    nodes::{Running, Site, TICK},
    report::{Figure, Report, as_f64, progress, rounded},
    sync::Usage,
    usage::{self, Used},
};

/// Bytes of one message to the author's API.
const PIECE: usize = 512 << 10;

/// How it is measured.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Args {
    /// Mebibytes of the file
    #[arg(long, default_value_t = 1_024)]
    size: u64,
}

/// Measures.
pub async fn measure(args: Args, database: Database) -> Outcome<Report> {
    let run = Run::new()?;
    let mut report = Report::new("blob", database.name());
    let file = run.folder("file");
    make(&file, args.size)?;
    let fetched = fetch(&run, &file, database, None).await?;
    report.figure(Figure { value: as_f64(args.size) / fetched.seconds, unit: "MiB/s" });
    progress("a plain copy over TLS");
    let plain = as_f64(args.size) / copy_rate(&run, &file).await?;
    report.limit(Figure { value: plain, unit: "MiB/s" }, "the same file over plain TLS, durable");
    report.set("mib", args.size);
    report.set("seconds", rounded(fetched.seconds));
    report.set("wire_ratio", rounded(as_f64(fetched.wire) / as_f64(args.size << 20)));
    report.used(&fetched.used);
    Ok(report)
}

/// What a transfer took.
pub struct Fetched {
    /// Until it was verified and durable.
    pub seconds: f64,
    wire: u64,
    used: Vec<(&'static str, Used)>,
}

/// A file of so many mebibytes that can't be compressed.
pub fn make(path: &Path, mebibytes: u64) -> Outcome<()> {
    let mut rng = StdRng::seed_from_u64(mebibytes);
    let mut file = std::io::BufWriter::new(std::fs::File::create(path)?);
    let mut piece = vec![0; 1 << 20];
    for _ in 0..mebibytes {
        rng.fill_bytes(&mut piece);
        file.write_all(&piece)?;
    }
    Ok(file.into_inner()?.sync_all()?)
}

/// Lets a follower fetch a file as soon as a material names it; over a line with this delay, if any.
pub async fn fetch(run: &Run, file: &Path, database: Database, rtt: Option<Duration>) -> Outcome<Fetched> {
    let size = std::fs::metadata(file)?.len();
    let largest = size.max(256 << 20).to_string();
    let all = (size.max(256 << 20) * 4).to_string();
    let settings = [("blobs.largest_bytes", largest.as_str()), ("blobs.partner_bytes", all.as_str())];
    let author = Site::make(&run.folder("author"), "author", database).await?.serve(&settings).await?;
    let follower = Site::make(&run.folder("follower"), "follower", database).await?.serve(&settings).await?;
    let line = Delay::before(&author.exchange, rtt).await?;
    author.admit(&follower, "").await?;
    follower.admit(&author, line.address()).await?;
    let hash = store(&author, file).await?;
    let conference = conference(&author).await?;
    follower.has(author.id, 3).await?;
    usage::settle();
    let (before, wire, began) =
        (Usage::of(&[("author", &author), ("follower", &follower)])?, usage::wire_bytes()?, Instant::now());
    publish(&author, &conference, &hash, size).await?;
    until_held(&follower, &hash, size).await?;
    let seconds = began.elapsed().as_secs_f64();
    let fetched = Fetched {
        seconds,
        wire: usage::wire_bytes()? - wire,
        used: Usage::of(&[("author", &author), ("follower", &follower)])?.since(&before),
    };
    author.stop().await?;
    follower.stop().await?;
    Ok(fetched)
}

async fn store(node: &Running, file: &Path) -> Outcome<Vec<u8>> {
    let mut from = tokio::fs::File::open(file).await?;
    let (pieces, stream) = tokio::sync::mpsc::channel(4);
    let reading = tokio::spawn(async move {
        loop {
            let mut data = vec![0; PIECE];
            let length = from.read(&mut data).await?;
            data.truncate(length);
            if length == 0 || pieces.send(wire::StoreBlobRequest { data }).await.is_err() {
                return Outcome::Ok(());
            }
        }
    });
    let stream = tokio_stream::wrappers::ReceiverStream::new(stream);
    let stored = BlobsClient::new(node.channel()).store(node.staff(stream)).await?.into_inner();
    reading.await??;
    Ok(stored.hash)
}

async fn conference(node: &Running) -> Outcome<Vec<u8>> {
    let name = record::LocalText { language: "en".to_owned(), text: "Benchmark".to_owned() };
    let conference = record::Conference {
        language: "en".to_owned(),
        names: vec![name],
        starts_on: "2027-12-05".to_owned(),
        ends_on: "2027-12-06".to_owned(),
        time_zone: "Asia/Shanghai".to_owned(),
        ..Default::default()
    };
    let message = wire::PublishConferenceRequest { conference: Some(conference), ..Default::default() };
    let mut client = ConferencesClient::new(node.channel());
    Ok(client.publish(node.staff(message)).await?.into_inner().subject)
}

async fn publish(node: &Running, conference: &[u8], hash: &[u8], size: u64) -> Outcome<()> {
    let blob = record::Blob {
        hash: hash.to_vec(),
        size,
        media_type: "application/pdf".to_owned(),
        filename: "paper.pdf".to_owned(),
        ..Default::default()
    };
    let material = record::Material {
        language: "en".to_owned(),
        conference: conference.to_vec(),
        title: "A paper".to_owned(),
        kind: "paper".to_owned(),
        licence: "CC-BY-4.0".to_owned(),
        blob: Some(blob),
        ..Default::default()
    };
    let message = wire::PublishMaterialRequest { material: Some(material), ..Default::default() };
    MaterialsClient::new(node.channel()).publish(node.staff(message)).await?;
    Ok(())
}

/// Until its last byte can be read there.
async fn until_held(node: &Running, hash: &[u8], size: u64) -> Outcome<()> {
    let request = wire::FetchBlobRequest { hash: hash.to_vec(), offset: size - 1, length: 1 };
    loop {
        let answer = BlobsClient::new(node.channel()).fetch(node.staff(request.clone())).await;
        match answer {
            Ok(answer) => {
                if answer.into_inner().message().await.is_ok_and(|first| first.is_some()) {
                    return Ok(());
                }
            }
            Err(status) if status.code() == tonic::Code::NotFound => {}
            Err(status) => return Err(status.into()),
        }
        tokio::time::sleep(TICK).await;
    }
}
