//! What partners tell each other of the logs that they have seen: cosignatures reach the
//! author of a busy log too, and two histories of one log come to light.

use futures::StreamExt as _;
use rstest::rstest;
use volbridge_proto::{
    exchange::evidence::Evidence,
    tlog::{policy::Policy, tlog_proof::TlogProof},
    wire::node::v1 as wire,
};
use volbridge_tests::{
    Database, Partner,
    liar::{Liar, LiarsLog},
};

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn a_record_of_a_log_that_never_rests_is_witnessed(#[case] database: Database) {
    let author = Partner::start("BVF", database).await;
    let witness = Partner::start("UNV", database).await;
    author.admit(&witness, None).await;
    witness.admit(&author, None).await;
    author.follows(&witness).await;
    let organisation = author.organisation().await;
    let listing = author.listing("Great Wall", &organisation).await;
    let restless = futures::stream::repeat(()).then(|()| author.listing("One more", &organisation));
    let mut records = wire::records_client::RecordsClient::new(author.channel());
    let request = wire::GetRecordRequest { hash: listing.hash.clone() };
    let proof = tokio::select! {
        proof = records.proof(request) => proof.unwrap().into_inner(),
        () = restless.for_each(|_| async {}) => unreachable!("it never rests"),
    };
    // One organisation beside the author must have cosigned, and one has.
    assert!(!proof.policy.contains("quorum none"), "{}", proof.policy);
    let policy = Policy::parse(proof.policy.as_bytes()).unwrap();
    let verified = TlogProof::parse(&proof.proof).unwrap().verify(&policy).unwrap();
    assert_eq!(verified.body().id.to_vec(), listing.hash);
}

fn grow_to_two(log: &mut LiarsLog) {
    let listing = log.listing("What one is told");
    log.append(vec![listing]);
}

fn grow_to_two_otherwise(log: &mut LiarsLog) {
    let listing = log.listing("What the other is told");
    log.append(vec![listing]);
}

fn grow_to_four_otherwise(log: &mut LiarsLog) {
    let listings = ["a", "b", "c"].map(|title| log.listing(title)).to_vec();
    log.append(listings);
}

#[rstest]
#[case::of_one_size(Database::Sqlite, grow_to_two_otherwise)]
#[case::of_two_sizes(Database::Sqlite, grow_to_four_otherwise)]
#[case::of_two_sizes_postgres(Database::Postgres, grow_to_four_otherwise)]
#[tokio::test(flavor = "multi_thread")]
async fn t06_two_histories_of_one_log_come_to_light_when_those_who_were_told_meet(
    #[case] database: Database,
    #[case] otherwise: fn(&mut LiarsLog),
) {
    let (one, other) = (Partner::start("UNV", database).await, Partner::start("AVI", database).await);
    let liars = Liar::start_forked([&one, &other], [grow_to_two, otherwise]).await;
    let log = liars[0].log.id();
    for victim in [&one, &other] {
        victim
            .until("the log isn't followed", |status| {
                status.logs.iter().any(|known| {
                    known.partner.as_ref().is_some_and(|partner| partner.id == log.partner.to_vec())
                        && known.log.as_ref().is_some_and(|view| view.size > 1)
                })
            })
            .await;
    }
    one.admit(&other, None).await;
    other.admit(&one, None).await;
    for victim in [&one, &other] {
        let context = victim.node().context();
        let mut changed = context.heads.changed();
        let frozen = changed.wait_for(|_| context.heads.get(&log).is_some_and(|head| head.frozen));
        let frozen = tokio::time::timeout(volbridge_tests::partner::PATIENCE, frozen).await;
        assert!(frozen.is_ok(), "{}: the fork isn't noticed", victim.name);
        let mut logs = wire::logs_client::LogsClient::new(victim.channel());
        let request = wire::LogRequest { partner: log.partner.to_vec(), epoch: log.epoch };
        let files = logs.evidence(request).await.unwrap().into_inner().files;
        let fork = Evidence::parse(&files[0].file).unwrap().verify().unwrap();
        assert_eq!(fork.log, log);
        // What was verified stays served here.
        assert!(!victim.listings().await.is_empty());
    }
}
