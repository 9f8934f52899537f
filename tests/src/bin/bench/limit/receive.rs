//! The receiving end: from TLS to hashed records to durable rows, each step in a task of its own.

use std::{fmt::Write as _, hint::black_box, path::Path, sync::Arc, time::Instant};

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName},
    version::TLS13,
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
    sync::mpsc,
    task::JoinSet,
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use volbridge_proto::{
    record_id,
    tlog::entry::{Leaf, leaf_hash},
};

use super::{rows::Rows, send::NAME};
use crate::{Outcome, say_line};

/// Bytes of a leaf.
const LEAF: usize = 34;

/// Batches that wait between two steps.
const WAITING: usize = 2;

/// An entry as it is sent.
pub struct Record {
    /// 34 bytes.
    pub leaf: Vec<u8>,
    /// The first 8 bytes of its id.
    pub prefix: i64,
    /// Its body.
    pub body: Vec<u8>,
}

type Batch = Vec<Record>;

/// Fetches everything that a sender has and stores it; says how long that took.
pub async fn receive(certificate: &Path, address: &str, url: &str, batch: usize) -> Outcome<()> {
    let mut rows = Rows::open(url).await?;
    let mut stdin = BufReader::new(tokio::io::stdin());
    let mut line = String::new();
    say_line("ready")?;
    stdin.read_line(&mut line).await?;
    let began = Instant::now();
    let stream = connect(certificate, address).await?;
    let records = store_all(stream, batch, &mut rows).await?;
    let mut said = String::new();
    let seconds = began.elapsed().as_secs_f64();
    write!(said, "{{\"seconds\": {seconds}, \"records\": {records}}}")?;
    say_line(&said)?;
    // Until whoever looks at this process has seen enough.
    stdin.read_to_end(&mut Vec::new()).await?;
    Ok(())
}

/// Calls a sender that shows this certificate.
pub async fn connect(certificate: &Path, address: &str) -> Outcome<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(tokio::fs::read(certificate).await?))?;
    let config = ClientConfig::builder_with_protocol_versions(&[&TLS13])
        .with_root_certificates(roots)
        .with_no_client_auth();
    let transport = TcpStream::connect(address).await?;
    transport.set_nodelay(true)?;
    let connector = TlsConnector::from(Arc::new(config));
    Ok(connector.connect(ServerName::try_from(NAME)?, transport).await?)
}

/// Fetches a sender's bytes into a file; says how long that took.
pub async fn copy(certificate: &Path, to: &Path, address: &str) -> Outcome<()> {
    let mut stdin = BufReader::new(tokio::io::stdin());
    let mut line = String::new();
    say_line("ready")?;
    stdin.read_line(&mut line).await?;
    let began = Instant::now();
    let mut stream = connect(certificate, address).await?;
    let mut file = tokio::fs::File::create(to).await?;
    let mut piece = vec![0; 1 << 20];
    loop {
        match stream.read(&mut piece).await? {
            0 => break,
            length => file.write_all(piece.get(..length).unwrap_or_default()).await?,
        }
    }
    file.sync_all().await?;
    say_line(&began.elapsed().as_secs_f64().to_string())?;
    stdin.read_to_end(&mut Vec::new()).await?;
    Ok(())
}

/// Stores a prepared file's records without any network.
pub async fn fill(url: &str, file: &Path, batch: usize) -> Outcome<()> {
    let mut rows = Rows::open(url).await?;
    store_all(tokio::fs::File::open(file).await?, batch, &mut rows).await?;
    Ok(())
}

async fn store_all(
    from: impl AsyncRead + Unpin + Send + 'static,
    batch: usize,
    rows: &mut Rows,
) -> Outcome<usize> {
    let (read, reading) = mpsc::channel(WAITING);
    let (hashed, mut hashing) = mpsc::channel(WAITING);
    let mut tasks = JoinSet::new();
    tasks.spawn(read_all(from, batch, read));
    tasks.spawn(hash_all(reading, hashed));
    let mut records = 0;
    while let Some(batch) = hashing.recv().await {
        records += batch.len();
        rows.store(records - batch.len(), batch).await?;
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(records)
}

async fn read_all(stream: impl AsyncRead + Unpin, batch: usize, to: mpsc::Sender<Batch>) -> Outcome<()> {
    let mut stream = BufReader::with_capacity(256 << 10, stream);
    let mut records = Vec::with_capacity(batch);
    let mut head = [0; LEAF + 4];
    loop {
        if stream.fill_buf().await?.is_empty() {
            break;
        }
        stream.read_exact(&mut head).await?;
        let (leaf, length) = head.split_at(LEAF);
        let mut body = vec![0; u32::from_be_bytes(length.try_into()?) as usize];
        stream.read_exact(&mut body).await?;
        records.push(Record { leaf: leaf.to_vec(), prefix: 0, body });
        if records.len() == batch {
            to.send(std::mem::replace(&mut records, Vec::with_capacity(batch))).await?;
        }
    }
    if !records.is_empty() {
        to.send(records).await?;
    }
    Ok(())
}

async fn hash_all(mut from: mpsc::Receiver<Batch>, to: mpsc::Sender<Batch>) -> Outcome<()> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    while let Some(mut batch) = from.recv().await {
        let share = batch.len().div_ceil(cores).max(1);
        let mut parts = Vec::with_capacity(cores);
        while !batch.is_empty() {
            let rest = batch.split_off(share.min(batch.len()));
            parts.push(tokio::task::spawn_blocking(move || hash(batch)));
            batch = rest;
        }
        let mut whole = Vec::new();
        for part in parts {
            whole.extend(part.await??);
        }
        to.send(whole).await?;
    }
    Ok(())
}

/// What any follower must do: each body is what its leaf says, each leaf has its hash.
fn hash(mut part: Batch) -> Outcome<Batch> {
    for record in &mut part {
        let leaf = Leaf::parse(&record.leaf).ok_or("not a leaf")?;
        if record_id(&record.body) != leaf.id {
            return Err("a body isn't what its leaf says".into());
        }
        black_box(leaf_hash(&record.leaf));
        record.prefix = leaf.id.prefix();
    }
    Ok(part)
}
