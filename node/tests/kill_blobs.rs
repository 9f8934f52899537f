//! `kill -9` of a node's process while files come in, are fetched from a partner, or are withdrawn: after the restart
//! no half file is served, nothing is left over, what was acknowledged is there, and what was withdrawn is gone.
//!
//! The moments come from a seed: so many bytes after the last start.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "tests")]

#[path = "../../tests/src/dam.rs"]
mod dam;
#[path = "../../tests/src/pg.rs"]
mod pg;

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use dam::{Dam, Flow};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use rstest::rstest;
use tempfile::TempDir;
use tokio::{
    sync::mpsc,
    time::{interval, timeout},
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Request, Status, metadata::MetadataValue, transport::Channel};
use volbridge_proto::wire::{
    node::v1::{
        self as wire, blobs_client::BlobsClient, conferences_client::ConferencesClient,
        materials_client::MaterialsClient, partners_client::PartnersClient, records_client::RecordsClient,
    },
    record::v1 as record,
};

const VOLBRIDGE: &str = env!("CARGO_BIN_EXE_volbridge");
const PATIENCE: Duration = Duration::from_secs(60);
const SIZE: usize = 2_500_000;

#[derive(Clone, Copy)]
enum Database {
    Sqlite,
    Postgres,
}

/// A node that is killed and started again.
struct Node {
    folder: TempDir,
    _database: Option<pg::PgDatabase>,
    child: Child,
    api: Channel,
    exchange: String,
}

impl Node {
    async fn new(name: &str, database: Database) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = match database {
            Database::Sqlite => None,
            Database::Postgres => Some(pg::PgCluster::shared().database()),
        };
        let url = database.as_ref().map_or_else(|| "node.db".to_owned(), pg::PgDatabase::url);
        let settings = format!(
            "[node]\ndata_dir = \"data\"\n[database]\nurl = \"{url}\"\n[api]\nlisten = \"127.0.0.1:0\"\n\
             [exchange]\nlisten = \"127.0.0.1:0\"\nallow_private_addresses = true\n[gateway]\nlisten = \"\"\n"
        );
        fs::write(folder.path().join("volbridge.toml"), &settings).unwrap();
        let domain = format!("{name}.example.org");
        let init = ["init", "--country", "CN", "--domain", &domain, "--name", &format!("en={name}")];
        let made = Command::new(VOLBRIDGE).args(init).current_dir(folder.path()).output().unwrap();
        assert!(made.status.success(), "{made:?}");
        let (child, api, exchange) = serve(folder.path()).await;
        // At the same address after each start.
        let settings = settings
            .replace("[exchange]\nlisten = \"127.0.0.1:0\"", &format!("[exchange]\nlisten = \"{exchange}\""));
        fs::write(folder.path().join("volbridge.toml"), settings).unwrap();
        Self { folder, _database: database, child, api, exchange }
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    async fn start(&mut self) {
        (self.child, self.api, self.exchange) = serve(self.folder.path()).await;
    }

    fn staff<T>(&self, message: T) -> Request<T> {
        let token = fs::read_to_string(self.folder.path().join("data/keys/api-token")).unwrap();
        let token: MetadataValue<_> = format!("Bearer {}", token.trim()).parse().unwrap();
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", token);
        request
    }

    async fn admit(&self, other: &Self, endpoint: &str) {
        let itself = PartnersClient::new(other.api.clone()).self_(wire::SelfRequest {}).await.unwrap();
        let message = wire::AddPartnerRequest {
            descriptor: itself.into_inner().descriptor,
            endpoints: if endpoint.is_empty() { Vec::new() } else { vec![endpoint.to_owned()] },
            ..Default::default()
        };
        PartnersClient::new(self.api.clone()).add(self.staff(message)).await.unwrap();
    }

    /// A conference; its subject.
    async fn conference(&self) -> Vec<u8> {
        let conference = record::Conference {
            language: "en".to_owned(),
            names: vec![record::LocalText { language: "en".to_owned(), text: "Exchange".to_owned() }],
            starts_on: "2027-12-05".to_owned(),
            ends_on: "2027-12-06".to_owned(),
            time_zone: "Asia/Shanghai".to_owned(),
            ..Default::default()
        };
        let message = wire::PublishConferenceRequest { conference: Some(conference), ..Default::default() };
        let mut client = ConferencesClient::new(self.api.clone());
        client.publish(self.staff(message)).await.unwrap().into_inner().subject
    }

    async fn upload(&self, bytes: &[u8]) {
        let pieces: Vec<_> =
            bytes.chunks(256 << 10).map(|data| wire::StoreBlobRequest { data: data.to_vec() }).collect();
        let mut client = BlobsClient::new(self.api.clone());
        let stored = client.store(self.staff(tokio_stream::iter(pieces))).await.unwrap().into_inner();
        assert_eq!(stored.hash, hash(bytes));
    }

    /// A material that names these bytes; its record.
    async fn material(&self, conference: &[u8], bytes: &[u8]) -> Vec<u8> {
        let material = record::Material {
            language: "en".to_owned(),
            conference: conference.to_vec(),
            title: "A paper".to_owned(),
            kind: "paper".to_owned(),
            licence: "CC-BY-4.0".to_owned(),
            blob: Some(record::Blob {
                hash: hash(bytes),
                size: bytes.len() as u64,
                media_type: "application/pdf".to_owned(),
                ..Default::default()
            }),
            ..Default::default()
        };
        let message = wire::PublishMaterialRequest { material: Some(material), ..Default::default() };
        let mut client = MaterialsClient::new(self.api.clone());
        let published = client.publish(self.staff(message)).await.unwrap().into_inner();
        published.provenance.unwrap().hash
    }

    async fn withdraw(&self, hash: &[u8]) {
        let message = wire::WithdrawRequest {
            hashes: vec![hash.to_vec()],
            reason: "withdrawn".to_owned(),
            ..Default::default()
        };
        RecordsClient::new(self.api.clone()).withdraw(self.staff(message)).await.unwrap();
    }

    /// The whole bytes of a blob, or why there are none.
    async fn blob(&self, bytes: &[u8]) -> Result<Vec<u8>, Status> {
        let request = wire::FetchBlobRequest { hash: hash(bytes), offset: 0, length: 0 };
        let mut answer = BlobsClient::new(self.api.clone()).fetch(request).await?.into_inner();
        let mut bytes = Vec::new();
        while let Some(piece) = answer.message().await? {
            bytes.extend(piece.data);
        }
        Ok(bytes)
    }

    /// Waits until it has a blob.
    async fn holds(&self, bytes: &[u8]) {
        let mut ticks = interval(Duration::from_millis(20));
        while self.blob(bytes).await.is_err() {
            ticks.tick().await;
        }
    }

    /// The files below a folder of the blobs', by their names.
    fn files(&self, folder: &str) -> Vec<String> {
        let mut folders = vec![self.folder.path().join("data/blobs").join(folder)];
        let mut names = Vec::new();
        while let Some(folder) = folders.pop() {
            // A folder that goes while it is looked at is empty.
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() { folders.push(path) } else { names.push(path.display().to_string()) }
            }
        }
        names
    }

    /// Bytes of files that are coming in.
    fn kept(&self) -> u64 {
        let partial = self.files("partial");
        let data = partial.iter().filter(|path| !path.ends_with(".tree"));
        data.filter_map(|path| fs::metadata(path).ok()).map(|file| file.len()).sum()
    }

    /// Waits until more than so many are kept, or all are there.
    async fn keeps_more_than(&self, bytes: u64) {
        let mut ticks = interval(Duration::from_millis(5));
        let kept = async {
            let all = || self.files("partial").is_empty() && self.files("").len() == 2;
            while self.kept() <= bytes && !all() {
                ticks.tick().await;
            }
        };
        timeout(PATIENCE, kept).await.expect("what came is kept");
    }

    /// Waits until there is no file of any blob.
    async fn is_empty(&self, what: &str) {
        let empty = async {
            let mut ticks = interval(Duration::from_millis(5));
            while !self.files("").is_empty() {
                ticks.tick().await;
            }
        };
        assert!(timeout(PATIENCE, empty).await.is_ok(), "{what}: {:?}", self.files(""));
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn serve(folder: &Path) -> (Child, Channel, String) {
    let mut child = Command::new(VOLBRIDGE)
        .args(["--json", "serve", "--node-only"])
        .current_dir(folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let ready: serde_json::Value =
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("it doesn't start again: {line:?}"));
    let api = format!("http://{}", ready["api"].as_str().unwrap());
    let channel = Channel::from_shared(api).unwrap().connect().await.unwrap();
    (child, channel, ready["exchange"].as_str().unwrap().to_owned())
}

fn bytes(name: &str, size: usize) -> Vec<u8> {
    let mut bytes = vec![0; size];
    blake3::Hasher::new().update(name.as_bytes()).finalize_xof().fill(&mut bytes);
    bytes
}

fn hash(bytes: &[u8]) -> Vec<u8> {
    blake3::hash(bytes).as_bytes().to_vec()
}

fn seeded() -> StdRng {
    let seed = 20_261_124;
    println!("seed {seed}");
    StdRng::seed_from_u64(seed)
}

/// An author and a partner that reaches it through a dam.
async fn pair(database: Database) -> (Node, Node, Dam) {
    let (author, partner) = (Node::new("author", database).await, Node::new("partner", database).await);
    let dam = Dam::start(author.exchange.clone()).await;
    author.admit(&partner, "").await;
    partner.admit(&author, &dam.address.to_string()).await;
    (author, partner, dam)
}

/// Kills the partner when so many bytes more have come to it, and starts it again.
async fn killed_after(partner: &mut Node, dam: &Dam, bytes: u64) {
    dam.set_after(bytes, Flow::Shut);
    dam.set(Flow::Open);
    timeout(PATIENCE, dam.reached(Flow::Shut)).await.expect("bytes come");
    partner.kill();
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn f01_a_node_that_is_killed_while_it_fetches_goes_on_and_shows_no_half_file(
    #[case] database: Database,
) {
    let mut rng = seeded();
    let (author, mut partner, dam) = pair(database).await;
    let blob = bytes("fetched", SIZE);
    author.upload(&blob).await;
    dam.set(Flow::Shut);
    author.material(&author.conference().await, &blob).await;
    let (mut kills, mut kept) = (0, 0);
    loop {
        dam.set_after(rng.random_range(200_000..800_000), Flow::Shut);
        dam.set(Flow::Open);
        let killed = async {
            tokio::select! {
                () = dam.reached(Flow::Shut) => true,
                () = partner.holds(&blob) => false,
            }
        };
        if !timeout(PATIENCE, killed).await.expect("it goes on") {
            break;
        }
        // Every second time it dies with what came still in its memory.
        if kills % 2 == 1 {
            partner.keeps_more_than(kept).await;
        }
        partner.kill();
        kept = partner.kept();
        partner.start().await;
        kills += 1;
        match partner.blob(&blob).await {
            Ok(bytes) => assert!(bytes == blob, "{} bytes after {kills} kills", bytes.len()),
            Err(status) => assert_eq!(status.code(), Code::NotFound, "{status:?}"),
        }
        assert!(kills < 40, "it never gets there: what was fetched isn't kept");
    }
    assert!(partner.blob(&blob).await.unwrap() == blob);
    // No life of its process was long enough for all of it.
    assert!(kills >= 3, "{kills}");
    assert_eq!((partner.files("partial").len(), partner.files("tmp").len()), (0, 0));
    assert_eq!(partner.files("").len(), 2);
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn f01_t37_what_is_withdrawn_is_gone_from_the_disk_whenever_a_node_is_killed(
    #[case] database: Database,
) {
    let mut rng = seeded();
    let (mut author, mut partner, dam) = pair(database).await;
    let conference = author.conference().await;
    for round in 0..4 {
        let blob = bytes(&format!("round {round}"), 400_000);
        author.upload(&blob).await;
        if round % 2 == 0 {
            dam.set(Flow::Shut);
        }
        let material = author.material(&conference, &blob).await;
        if round % 2 == 0 {
            // The partner has a beginning, and is dead when it is withdrawn.
            killed_after(&mut partner, &dam, rng.random_range(50_000..300_000)).await;
            author.withdraw(&material).await;
        } else {
            // It has all of it, and dies while the withdrawal comes in.
            timeout(PATIENCE, partner.holds(&blob)).await.expect("it arrives");
            dam.set_after(rng.random_range(1..400), Flow::Shut);
            author.withdraw(&material).await;
            timeout(PATIENCE, dam.reached(Flow::Shut)).await.expect("bytes come");
            partner.kill();
        }
        // The author is killed as soon as it has said that it is withdrawn.
        author.kill();
        author.start().await;
        author.is_empty(&format!("round {round}: the author's")).await;
        dam.set(Flow::Open);
        partner.start().await;
        partner.is_empty(&format!("round {round}: the partner's")).await;
        assert_eq!(partner.blob(&blob).await.unwrap_err().code(), Code::NotFound);
        assert_eq!(author.blob(&blob).await.unwrap_err().code(), Code::NotFound);
    }
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn f01_an_upload_survives_a_kill_if_it_was_acknowledged_and_leaves_nothing_if_not(
    #[case] database: Database,
) {
    let mut rng = seeded();
    let mut node = Node::new("author", database).await;
    let conference = node.conference().await;
    for round in 0..3 {
        let blob = bytes(&format!("upload {round}"), SIZE);
        let (pieces, sent) = mpsc::channel(1);
        let request = node.staff(ReceiverStream::new(sent));
        let mut client = BlobsClient::new(node.api.clone());
        let call = tokio::spawn(async move { client.store(request).await });
        for data in blob.chunks(100_000).take(rng.random_range(1..25)) {
            pieces.send(wire::StoreBlobRequest { data: data.to_vec() }).await.unwrap();
        }
        let begun = async {
            let mut ticks = interval(Duration::from_millis(5));
            while node.files("tmp").is_empty() {
                ticks.tick().await;
            }
        };
        timeout(PATIENCE, begun).await.expect("it begins to write");
        node.kill();
        assert!(call.await.unwrap().is_err());
        node.start().await;
        assert_eq!(node.files("").len(), 2 * round, "{:?}", node.files(""));

        node.upload(&blob).await;
        node.kill();
        node.start().await;
        // The upload counts: the record that names it may come after the restart.
        node.material(&conference, &blob).await;
        assert!(node.blob(&blob).await.unwrap() == blob);
        node.kill();
        node.start().await;
        assert!(node.blob(&blob).await.unwrap() == blob);
        assert_eq!(node.files("").len(), 2 * (round + 1), "{:?}", node.files(""));
    }
}
