//! `kill -9` after a number of answers that a seed chooses, while records are published: what was
//! acknowledged is there after the restart, and the log verifies.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use tonic::{Request, metadata::MetadataValue, transport::Channel};
use volbridge_proto::wire::{
    node::v1::{
        self as wire, listings_client::ListingsClient, logs_client::LogsClient,
        organisations_client::OrganisationsClient, records_client::RecordsClient,
    },
    record::v1 as record,
};

const VOLBRIDGE: &str = env!("CARGO_BIN_EXE_volbridge");

/// A node's process and how to speak to it.
struct Process(Child, Channel, MetadataValue<tonic::metadata::Ascii>);

impl Process {
    async fn start(folder: &std::path::Path) -> Self {
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
        let address = format!("http://{}", ready["api"].as_str().unwrap());
        let channel = Channel::from_shared(address).unwrap().connect().await.unwrap();
        let token = fs::read_to_string(folder.join("data/keys/api-token")).unwrap();
        Self(child, channel, format!("Bearer {}", token.trim()).parse().unwrap())
    }

    fn staff<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", self.2.clone());
        request
    }

    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn listing(title: String, organisation: &[u8]) -> record::Listing {
    record::Listing {
        language: "en".to_owned(),
        organisation: organisation.to_vec(),
        title,
        summary: "Two hours a week".to_owned(),
        description: "Read aloud.".to_owned(),
        roles: vec![record::Role {
            number: 1,
            title: "Reader".to_owned(),
            tasks: "Read".to_owned(),
            slots: 2,
            ..Default::default()
        }],
        how_to_apply: "Write".to_owned(),
        costs: "none".to_owned(),
        applicants: "all".to_owned(),
        ..Default::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f01_what_was_acknowledged_survives_a_kill_at_any_moment() {
    let seed = 20_261_124;
    println!("seed {seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let folder = tempfile::tempdir().unwrap();
    let config = "[node]\ndata_dir = \"data\"\n[api]\nlisten = \"127.0.0.1:0\"\n\
         [exchange]\nlisten = \"\"\n[gateway]\nlisten = \"\"\n";
    fs::write(folder.path().join("volbridge.toml"), config).unwrap();
    let init = ["init", "--country", "CN", "--domain", "kill.example.org", "--name", "en=Kill"];
    let made = Command::new(VOLBRIDGE).args(init).current_dir(folder.path()).output().unwrap();
    assert!(made.status.success(), "{made:?}");

    let mut acknowledged: Vec<Vec<u8>> = Vec::new();
    let mut organisation = Vec::new();
    for round in 0..6 {
        let process = Process::start(folder.path()).await;
        if organisation.is_empty() {
            let published = record::Organisation {
                language: "en".to_owned(),
                names: vec![record::LocalText { language: "en".to_owned(), text: "Library".to_owned() }],
                level: "city".to_owned(),
                ..Default::default()
            };
            let message =
                wire::PublishOrganisationRequest { organisation: Some(published), ..Default::default() };
            let mut client = OrganisationsClient::new(process.1.clone());
            organisation = client.publish(process.staff(message)).await.unwrap().into_inner().subject;
        }
        let mut records = RecordsClient::new(process.1.clone());
        for hash in &acknowledged {
            let request = process.staff(wire::GetRecordRequest { hash: hash.clone() });
            let held =
                records.get(request).await.unwrap_or_else(|error| panic!("round {round}: lost: {error}"));
            assert_eq!(held.into_inner().state(), wire::RecordState::Live);
        }
        let request = process.staff(wire::LogRequest::default());
        let verified = LogsClient::new(process.1.clone()).verify(request).await.unwrap().into_inner();
        assert!(verified.matches, "round {round}: {verified:?}");
        assert!(verified.size >= acknowledged.len() as u64);

        let mut calls = tokio::task::JoinSet::new();
        for number in 0..120 {
            let mut client = ListingsClient::new(process.1.clone());
            let listing = listing(format!("Round {round}, {number}"), &organisation);
            let request =
                process.staff(wire::PublishListingRequest { listing: Some(listing), ..Default::default() });
            calls.spawn(async move { client.publish(request).await.ok()?.into_inner().provenance });
        }
        // In the middle of the groups that are being written, after so many answers.
        let (answers, mut done) = (rng.random_range(1..80), Vec::new());
        while done.len() < answers
            && let Some(answer) = calls.join_next().await
        {
            done.push(answer);
        }
        process.kill();
        while let Some(answer) = calls.join_next().await {
            done.push(answer);
        }
        acknowledged.extend(done.into_iter().filter_map(|answer| Some(answer.ok()??.hash)));
    }
    assert!(acknowledged.len() >= 6, "{}", acknowledged.len());
}
