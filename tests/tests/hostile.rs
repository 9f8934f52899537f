//! Partners that are admitted and want more than is theirs: something signed, somebody's name, a stream that goes on
//! (threats.md T02, T24 to T26, T32).
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;

use futures::FutureExt as _;
use rstest::rstest;
use tonic::Code;
use volbridge_node::{
    env::Env,
    store::{peers, recipients},
    tls::TlsIdentity,
};
use volbridge_proto::{
    kinds,
    record::{body::encode_public, canonical},
    record_id,
    tlog::{checkpoint::Checkpoint, entry::Class, note::SignedNote},
    wire::{
        exchange::v1 as exchange,
        node::v1::{EntriesRequest, LogRequest, Record as Shown, logs_client::LogsClient},
        record::v1 as record,
    },
};
use volbridge_tests::{
    Database, Partner,
    hostile::{Hostile, TEMPLATE},
    liar::LiarsLog,
    outlets::contains,
    stranger::{Stranger, connect},
};

/// All of a node's own log, as its staff sees it.
async fn own_entries(node: &Partner) -> Vec<Shown> {
    let log = Some(LogRequest { partner: node.id.to_vec(), epoch: 1 });
    let request = EntriesRequest { log, start: 0, limit: 100 };
    LogsClient::new(node.channel()).entries(node.staff(request)).await.unwrap().into_inner().entries
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn t02_nothing_that_a_peer_wrote_is_signed_or_enters_the_own_log(#[case] database: Database) {
    let victim = Partner::start("UNV", database).await;
    let organisation = victim.organisation().await;
    let listing = victim.listing("Our own", &organisation).await;
    let (me, own) = (victim.id.to_vec(), listing.hash.clone());
    let hostile = Hostile::start(&victim, |log| provoke(log, &me, &own)).await;
    let size = hostile.log.tail(0).leaves.len() as u64;
    let id = hostile.log.id().partner;
    victim
        .until("the hostile log isn't followed", |status| {
            status.logs.iter().any(|log| {
                log.partner.as_ref().is_some_and(|partner| partner.id == id.to_vec())
                    && log.log.as_ref().is_some_and(|log| log.size == size)
            })
        })
        .await;
    // Staff goes on, and the victim answers to what it is told a few times.
    let mut rounds = hostile.rounds.clone();
    for number in 0..3 {
        let told = *rounds.borrow_and_update();
        victim.listing(&format!("Our own, too {number}"), &organisation).await;
        rounds.wait_for(|now| *now > told).await.unwrap();
    }
    victim.withdraw(&[&listing]).await;

    let allowed = [
        kinds::partner_descriptor::KIND,
        kinds::node_info::KIND,
        kinds::organisation::KIND,
        kinds::listing::KIND,
        kinds::withdrawal::KIND,
        kinds::erasure::RECEIPT_KIND,
    ];
    let entries = own_entries(&victim).await;
    for entry in &entries {
        assert!(!contains(&entry.body, TEMPLATE.as_bytes()));
        assert!(entry.kind.is_empty() || allowed.contains(&entry.kind.as_str()), "{}", entry.kind);
    }
    let published = entries.iter().filter(|entry| entry.kind == kinds::listing::KIND).count();
    assert_eq!(published, 3, "one of four is withdrawn, no other came");
    assert!(entries.len() <= 10, "{}", entries.len());
    assert!(victim.verifies(&victim).await);
    only_checkpoints_are_signed(&victim, &hostile).await;
}

/// Records that ask, each in its own way, for an answer in the victim's name.
fn provoke(log: &mut LiarsLog, victim: &[u8], listing: &[u8]) {
    let endorsement = record::Endorsement { partner: victim.to_vec(), ..Default::default() };
    let withdrawal = record::Withdrawal { ids: vec![listing.to_vec()], reason: "ordered".to_owned() };
    let mut parties = vec![victim.to_vec(), log.id().partner.to_vec()];
    parties.sort();
    let terms = record::AgreementTerms {
        parties,
        purposes: vec!["placement".to_owned()],
        categories: vec!["profile".to_owned()],
        legal_basis: "consent".to_owned(),
        retention_days: 1,
        starts_on: "2026-01-01".to_owned(),
        ends_on: "2036-12-31".to_owned(),
        language: "en".to_owned(),
        text: TEMPLATE.to_owned(),
        ..Default::default()
    };
    let agreement = record::Agreement { terms: Some(terms) };
    let bodies = vec![
        log.public(kinds::endorsement::KIND, canonical::encode(&endorsement, "Endorsement").unwrap()),
        log.public(kinds::withdrawal::KIND, canonical::encode(&withdrawal, "Withdrawal").unwrap()),
        log.public(kinds::agreement::KIND, canonical::encode(&agreement, "Agreement").unwrap()),
        log.public("example.template.v1", TEMPLATE.as_bytes().to_vec()),
        log.listing(TEMPLATE),
    ];
    log.append(bodies);
    log.force(Class::Public, format!("volbridge/identity/v1\n{TEMPLATE}").into_bytes());
}

/// Whatever the hostile program was told: lines of the victim stand under true checkpoints of two logs alone.
async fn only_checkpoints_are_signed(victim: &Partner, hostile: &Hostile) {
    let name = "unv.volbridge.example";
    let theirs = SignedNote::parse(hostile.log.note()).unwrap();
    let theirs = Checkpoint::parse(theirs.text()).unwrap();
    let mut origins = BTreeSet::new();
    let heard = hostile.heard.lock().unwrap().clone();
    assert!(heard.len() > 3, "{}", heard.len());
    for note in heard {
        let note = SignedNote::parse(&note).unwrap();
        let checkpoint = Checkpoint::parse(note.text()).unwrap();
        if !note.signatures().iter().any(|line| line.name.starts_with(name)) {
            continue;
        }
        if checkpoint.origin == theirs.origin {
            assert_eq!(checkpoint, theirs);
        } else {
            assert!(checkpoint.origin.starts_with(&format!("{name}/log/{}", victim.id)), "{checkpoint:?}");
        }
        origins.insert(checkpoint.origin);
    }
    assert!(!origins.is_empty());
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn t32_a_leaf_doesnt_say_whether_a_guess_is_right(#[case] database: Database) {
    let bvf = Partner::start("BVF", database).await;
    let organisation = bvf.organisation().await;
    let one = bvf.listing("The same words", &organisation).await;
    let two = bvf.listing("The same words", &organisation).await;
    assert_ne!(one.hash, two.hash);
    let body = volbridge_proto::record::Body::parse(
        &bvf.record(&one.hash).await.body,
        &volbridge_proto::LogId::new(bvf.id, 1),
    )
    .unwrap();
    let known = body.statement().unwrap();
    let statement = record::Statement {
        kind: known.kind.clone(),
        subject: known.subject.to_vec(),
        revision: 1,
        issued_at: known.issued_at.as_millis(),
        payload: known.payload.clone(),
        ..Default::default()
    };
    bvf.withdraw(&[&one]).await;
    assert!(bvf.record(&one.hash).await.body.is_empty());
    // Who knows every word, the moment and the subject still lacks the salt, which went with the body.
    let env = Env::system();
    for _ in 0..10_000 {
        let guess = encode_public(env.bytes(), Some(bvf.id), 1, &statement, None).unwrap();
        assert_ne!(guess.id.as_bytes().as_slice(), one.hash);
        assert_eq!(guess.id, record_id(&guess.bytes));
    }
}

async fn suspend(node: &Partner, other: volbridge_proto::PartnerId) {
    let context = node.node().context();
    let done = context.db.write(move |tx| async move { peers::set_suspended(tx, other, true).await }.boxed());
    assert!(done.await.unwrap());
    context.reload_peers().await.unwrap();
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn t25_a_suspended_partner_is_cut_off_in_the_middle_of_its_streams(#[case] database: Database) {
    let bvf = Partner::start("BVF", database).await;
    let conference = bvf.conference().await;
    let (_, hash) = bvf.material(&conference, &vec![7; 24 << 20]).await;
    let mut stranger = Stranger::at(&bvf).await;
    let log = exchange::Log { partner: bvf.id.to_vec(), epoch: 1 };
    let subscribe = exchange::Subscribe { log: Some(log.clone()), number: 1, ..Default::default() };
    let request = exchange::follow_request::Request::Subscribe(subscribe);
    let requests = tokio_stream::once(exchange::FollowRequest { request: Some(request) });
    let requests = tokio_stream::StreamExt::chain(requests, tokio_stream::pending());
    let mut follow = stranger.client.follow(requests).await.unwrap().into_inner();
    assert!(follow.message().await.unwrap().is_some());
    let request = exchange::FetchBlobRequest { hash, offset: 0, length: 0 };
    let mut blob = stranger.client.fetch_blob(request).await.unwrap().into_inner();
    let mut received = blob.message().await.unwrap().unwrap().encoded.len();

    suspend(&bvf, stranger.log.id().partner).await;
    bvf.organisation().await;
    // What was on its way may still arrive; then nothing does.
    while let Ok(Some(chunk)) = blob.message().await {
        received += chunk.encoded.len();
    }
    assert!(received < 20 << 20, "{received}");
    let mut size = 0;
    while let Ok(Some(answer)) = follow.message().await {
        if let Some(exchange::follow_response::Response::Tail(tail)) = answer.response {
            size = tail.start + tail.leaves.len() as u64;
        }
    }
    assert!(size < bvf.node().context().own_size().unwrap());
    assert!(stranger.client.describe(exchange::DescribeRequest {}).await.is_err());
    assert!(stranger.bodies(&log, 1).await.is_err());
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn t25_a_followed_partner_that_suspends_us_is_shown_and_tells_nothing_more(#[case] database: Database) {
    let (bvf, avi) = (Partner::start("BVF", database).await, Partner::start("AVI", database).await);
    bvf.admit(&avi, None).await;
    avi.admit(&bvf, None).await;
    avi.follows(&bvf).await;
    let before = avi.log_of(bvf.id).await.unwrap().log.unwrap().size;
    suspend(&bvf, avi.id).await;
    bvf.organisation().await;
    let id = bvf.id.to_vec();
    avi.until("nobody says that it was refused", |status| {
        status.peers.iter().any(|peer| {
            peer.state == "refused" && peer.partner.as_ref().is_some_and(|partner| partner.id == id)
        })
    })
    .await;
    assert_eq!(avi.log_of(bvf.id).await.unwrap().log.unwrap().size, before);
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn t24_a_running_node_speaks_with_keys_that_it_knows_alone(#[case] database: Database) {
    let bvf = Partner::start("BVF", database).await;
    for _ in 0..3 {
        let mut unknown = connect(&bvf, TlsIdentity::generate().unwrap()).await;
        let refused = unknown.describe(exchange::DescribeRequest {}).await.unwrap_err();
        assert!(!matches!(refused.code(), Code::Ok | Code::Unauthenticated), "{refused:?}");
    }
    // An admitted partner's descriptor with another key in the handshake is nobody.
    let admitted = LiarsLog::new(Env::system(), TlsIdentity::generate().unwrap().hash());
    bvf.admit_without_address(admitted.descriptor()).await;
    let mut other = connect(&bvf, TlsIdentity::generate().unwrap()).await;
    assert!(other.describe(exchange::DescribeRequest {}).await.is_err());
    let mut known = Stranger::at(&bvf).await;
    known.client.describe(exchange::DescribeRequest {}).await.unwrap();
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn t26_acknowledgements_and_heads_count_for_their_sender_alone(#[case] database: Database) {
    let bvf = Partner::start("BVF", database).await;
    let mut avi = Partner::start("AVI", database).await;
    bvf.admit(&avi, None).await;
    avi.admit(&bvf, None).await;
    bvf.agree(&avi).await;
    avi.agree(&bvf).await;
    bvf.follows(&avi).await;
    avi.follows(&bvf).await;
    let hosts_log = exchange::Log { partner: avi.id.to_vec(), epoch: 1 };
    avi.stop().await;
    let (profile, _) = bvf.profile(&avi, "CANARY").await;
    let size = bvf.node().context().own_size().unwrap();

    let mut stranger = Stranger::at(&bvf).await;
    let log = Some(exchange::Log { partner: bvf.id.to_vec(), epoch: 1 });
    let requests = [
        exchange::follow_request::Request::Subscribe(exchange::Subscribe {
            log: log.clone(),
            deliver_for: vec![avi.id.to_vec()],
            number: 1,
            ..Default::default()
        }),
        exchange::follow_request::Request::Acknowledge(exchange::Acknowledge { log: log.clone(), size }),
        exchange::follow_request::Request::Unsubscribe(exchange::Unsubscribe { log: log.clone() }),
        exchange::follow_request::Request::Subscribe(exchange::Subscribe {
            log: log.clone(),
            number: 2,
            ..Default::default()
        }),
    ];
    let requests = requests.map(|request| exchange::FollowRequest { request: Some(request) });
    let requests = tokio_stream::StreamExt::chain(tokio_stream::iter(requests), tokio_stream::pending());
    let mut answers = stranger.client.follow(requests).await.unwrap().into_inner();
    loop {
        let answer = answers.message().await.unwrap().unwrap();
        let done = answer.subscription == 2;
        if let Some(exchange::follow_response::Response::Tail(tail)) = answer.response {
            assert!(
                tail.bodies.iter().all(|body| body.index != profile.index && body.deliver_for.is_empty())
            );
        }
        if done {
            break;
        }
    }
    // Nobody but the host has it, whatever others acknowledge.
    let context = bvf.node().context();
    let sealed_to = recipients::of_entry(&context.db, context.own.number, profile.index).await.unwrap();
    assert!(sealed_to.iter().any(|recipient| recipient.partner == avi.id && !recipient.delivered));
    // A longer log of somebody else, signed by the wrong hand, lifts nothing.
    let before = bvf.log_of(avi.id).await.unwrap();
    let head = |log: Option<exchange::Log>| exchange::Head {
        log,
        checkpoint: stranger.log.note().to_owned(),
        nth: 99,
        frozen: true,
        ..Default::default()
    };
    let heads = vec![head(Some(hosts_log)), head(log)];
    stranger.client.heads(exchange::HeadsRequest { heads }).await.unwrap();
    let after = bvf.log_of(avi.id).await.unwrap();
    assert_eq!(
        (before.known_size, before.log.unwrap().frozen),
        (after.known_size, after.log.unwrap().frozen)
    );
    bvf.organisation().await;
    avi.restart().await;
    avi.follows(&bvf).await;
    assert_eq!(avi.open(&profile).await.unwrap().name, "CANARY");
}
