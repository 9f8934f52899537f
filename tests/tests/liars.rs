//! Partners that lie about their logs: nothing of it is stored, shown or passed on,
//! and everybody else goes on.
#![expect(clippy::unwrap_used, reason = "tests")]

use rstest::rstest;
use volbridge_proto::{
    LogId,
    tlog::entry::Class,
    wire::{
        exchange::v1 as wire,
        node::v1::{LogStatus, StatusResponse},
    },
};
use volbridge_tests::{
    Database, Partner,
    liar::{Liar, LiarsLog, Lie},
};

fn three_listings(log: &mut LiarsLog) {
    let bodies = ["CANARY 1", "CANARY 2", "CANARY 3"].map(|title| log.listing(title)).to_vec();
    log.append(bodies);
}

/// What a server can change of a tail without the log's key, each by its name.
const LIES: &[(&str, Lie)] = &[
    ("one bit of a body", |_, tail| tail.bodies[1].body[40] ^= 1),
    ("one bit of a leaf", |_, tail| tail.leaves[2][20] ^= 1),
    ("a leaf's class", |_, tail| tail.leaves[2][1] = 2),
    ("a leaf dropped", |_, tail| drop(tail.leaves.remove(1))),
    ("the last leaf dropped", |_, tail| drop((tail.leaves.pop(), tail.bodies.pop()))),
    ("leaves swapped", |_, tail| tail.leaves.swap(1, 2)),
    ("a leaf twice", |_, tail| tail.leaves.push(tail.leaves[3].clone())),
    ("bodies swapped", |_, tail| {
        let other = tail.bodies[2].body.clone();
        tail.bodies[1].body = other;
    }),
    ("a body twice", |_, tail| tail.bodies.push(tail.bodies[3].clone())),
    ("a body beyond the end", |_, tail| tail.bodies[3].index += 1),
    ("another record in place of one", |log, tail| tail.bodies[2].body = log.listing("CANARY X").bytes),
    ("another start", |_, tail| tail.start += 1),
    ("another root", |_, tail| {
        let root = tail.checkpoint.lines().nth(2).unwrap().to_owned();
        tail.checkpoint = tail.checkpoint.replacen(&root, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", 1);
    }),
    ("another size", |_, tail| tail.checkpoint = tail.checkpoint.replacen("\n4\n", "\n5\n", 1)),
    ("no signature", |_, tail| {
        let text = tail.checkpoint.split("\n\n").next().unwrap().to_owned();
        tail.checkpoint = format!("{text}\n\n");
    }),
    ("another log's note", |_, tail| {
        let other = LiarsLog::new(volbridge_node::env::Env::system(), [1; 32]);
        tail.checkpoint = other.note().to_owned();
    }),
    ("a cosignature in place of the log's signature", |log, tail| {
        use volbridge_proto::{
            Timestamp,
            tlog::{checkpoint::Checkpoint, cosignature::cosign_ed25519, note::SignedNote},
        };
        let note = SignedNote::parse(&tail.checkpoint).unwrap();
        let checkpoint = Checkpoint::parse(note.text()).unwrap();
        let name = checkpoint.origin.clone();
        let line = cosign_ed25519(&name, &log.keys.ed25519, &checkpoint, Timestamp::from_millis(1)).unwrap();
        tail.checkpoint = note.with_signatures(vec![line]).unwrap().encode();
    }),
];

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn t01_t10_whatever_a_server_changes_of_a_log_is_refused_whole(#[case] database: Database) {
    let victim = Partner::start("UNV", database).await;
    for (what, lie) in LIES {
        let liar = Liar::start(&victim, three_listings, *lie).await;
        let id = liar.id().to_vec();
        victim
            .until(&format!("{what}: not refused"), |status| {
                status
                    .refusals
                    .iter()
                    .any(|refusal| refusal.partner.as_ref().is_some_and(|partner| partner.id == id))
            })
            .await;
        assert_eq!(victim.log_of(liar.id()).await, None, "{what}");
        assert!(victim.listings().await.is_empty(), "{what}");
        assert!(victim.node().context().heads.newest(&liar.id()).is_none(), "{what}");
    }
    // The same log told truly is taken: the lies were what was refused.
    let honest = Liar::start(&victim, three_listings, |_, _: &mut wire::Tail| {}).await;
    let id = honest.id().to_vec();
    victim
        .until("an honest log isn't taken", |status| {
            status.logs.iter().any(|log| {
                log.partner.as_ref().is_some_and(|partner| partner.id == id)
                    && log.log.as_ref().is_some_and(|log| log.size == 4)
            })
        })
        .await;
    assert_eq!(victim.listings().await.len(), 3);
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn t10_a_public_body_that_is_held_back_is_shown_as_withheld(#[case] database: Database) {
    let victim = Partner::start("UNV", database).await;
    let liar = Liar::start(&victim, three_listings, |_, tail| drop(tail.bodies.remove(2))).await;
    let id = liar.id().to_vec();
    victim
        .until("nothing is withheld", |status| {
            status.logs.iter().any(|log| {
                log.partner.as_ref().is_some_and(|partner| partner.id == id)
                    && log.withheld == 1
                    && log.held == 3
            })
        })
        .await;
    assert_eq!(victim.listings().await.len(), 2);
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn t16_bytes_that_are_no_record_are_kept_and_stop_nothing(#[case] database: Database) {
    let victim = Partner::start("UNV", database).await;
    let env = volbridge_node::env::Env::system();
    let grow = |log: &mut LiarsLog| {
        three_listings(log);
        for length in [0, 1, 31, 200] {
            log.force(Class::Public, env.bytes::<200>()[..length].to_vec());
        }
        // T03: one more field than there may be, and a field twice, in bodies that were good.
        let good = log.listing("CANARY 4").bytes;
        log.force(Class::Public, [good.as_slice(), &[0x52, 0x00]].concat());
        log.force(Class::Public, [good.as_slice(), &good[..34]].concat());
        log.force(Class::Named, env.bytes::<200>().to_vec());
        let last = log.listing("After all that").bytes;
        log.force(Class::Public, last);
    };
    let liar = Liar::start(&victim, grow, |_, _| {}).await;
    let id = liar.id().to_vec();
    victim
        .until("the log isn't followed to its end", |status| {
            status.logs.iter().any(|log| {
                log.partner.as_ref().is_some_and(|partner| partner.id == id)
                    && log.log.as_ref().is_some_and(|log| log.size == 12)
                    && log.refused >= 6
            })
        })
        .await;
    let mut titles: Vec<_> =
        victim.listings().await.into_iter().map(|view| view.source.unwrap().title).collect();
    titles.sort();
    assert_eq!(titles, ["After all that", "CANARY 1", "CANARY 2", "CANARY 3"]);
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn t04_t17_a_record_that_comes_again_or_in_anothers_log_changes_nothing(#[case] database: Database) {
    let victim = Partner::start("UNV", database).await;
    let mut taken = Vec::new();
    let author = Liar::start(
        &victim,
        |log| {
            let listing = log.listing("CANARY once");
            taken.clone_from(&listing.bytes);
            log.append(vec![listing.clone()]);
            log.force(Class::Public, listing.bytes);
        },
        |_, _| {},
    )
    .await;
    let thief = Liar::start(&victim, |log| log.force(Class::Public, taken), |_, _| {}).await;
    for (liar, size) in [(&author, 3), (&thief, 2)] {
        let id = liar.id().to_vec();
        victim
            .until("a log isn't followed to its end", |status| {
                let of_liar = |partner: &Option<volbridge_proto::wire::node::v1::PartnerName>| {
                    partner.as_ref().is_some_and(|partner| partner.id == id)
                };
                let followed = status
                    .logs
                    .iter()
                    .any(|log| of_liar(&log.partner) && log.log.as_ref().is_some_and(|log| log.size == size));
                // Each has one line in the audit log: the second copy, and the stolen one.
                followed && status.refusals.iter().filter(|refusal| of_liar(&refusal.partner)).count() == 1
            })
            .await;
    }
    let listings = victim.listings().await;
    assert_eq!(listings.len(), 1);
    assert_eq!(listings[0].partner.as_ref().unwrap().id, author.id().to_vec());
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn t10_a_sealed_record_that_is_left_out_is_missed(#[case] database: Database) {
    let victim = Partner::start("UNV", database).await;
    let liar = Liar::start_sealing(&victim, 3, false, |_, tail| drop(tail.bodies.remove(2))).await;
    let id = liar.id().to_vec();
    victim
        .until("nothing is missed", |status| {
            status.logs.iter().any(|log| {
                log.partner.as_ref().is_some_and(|partner| partner.id == id)
                    && log.missing == 1
                    && log.not_for_us == 1
            })
        })
        .await;
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn t10_the_last_sealed_record_that_is_left_out_is_missed_and_fetched(#[case] database: Database) {
    let victim = Partner::start("UNV", database).await;
    for hands_out in [false, true] {
        let liar = Liar::start_sealing(&victim, 3, hands_out, |_, tail| drop(tail.bodies.pop())).await;
        let shown = if hands_out { (0, 0, 4) } else { (1, 1, 3) };
        victim
            .until(&format!("{shown:?} isn't shown"), |status| {
                of(status, &liar).any(|log| (log.missing, log.not_for_us, log.held) == shown)
            })
            .await;
    }
}

fn of<'a>(status: &'a StatusResponse, liar: &Liar) -> impl Iterator<Item = &'a LogStatus> {
    let id = liar.id().to_vec();
    status.logs.iter().filter(move |log| log.partner.as_ref().is_some_and(|partner| partner.id == id))
}

/// Two listings, the first of them withdrawn.
fn one_of_two(log: &mut LiarsLog) {
    let [first, second] = ["CANARY 1", "CANARY 2"].map(|title| log.listing(title));
    let withdrawal = log.withdrawal(&[first.id]);
    log.append(vec![first, second, withdrawal]);
}

/// Leaves out the second listing, as if it had gone with the first, whose Withdrawal stands there.
fn claim(log: &LiarsLog, tail: &mut wire::Tail, withdrawal: u64) {
    tail.bodies.remove(2);
    let LogId { partner, epoch } = log.id();
    tail.erased = vec![wire::SourceErased {
        index: 2,
        source: tail.leaves[1][2..].to_vec(),
        log: Some(wire::Log { partner: partner.to_vec(), epoch }),
        withdrawal,
    }];
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn t10_a_body_is_explained_only_by_a_withdrawal_that_is_there(#[case] database: Database) {
    let victim = Partner::start("UNV", database).await;
    // The Withdrawal stands there: shown as claimed, and asked for all the same.
    let claims = Liar::start(&victim, one_of_two, |log, tail| claim(log, tail, 3)).await;
    let shown = |log: &LogStatus| (log.held, log.erased, log.withheld, log.wanted);
    victim.until("not claimed", |status| of(status, &claims).any(|log| shown(log) == (2, 2, 0, 1))).await;
    // Two listings are there where the Withdrawal should be: false. A log that nobody knows: not to be judged.
    let lies: [Lie; 2] = [
        |log, tail| {
            claim(log, tail, 3);
            tail.erased[0].source = vec![7; 32];
        },
        |log, tail| {
            claim(log, tail, 3);
            tail.erased[0].log.as_mut().unwrap().partner = vec![7; 32];
        },
    ];
    for (lie, refused) in lies.into_iter().zip([true, false]) {
        let liar = Liar::start(&victim, one_of_two, lie).await;
        let id = liar.id().to_vec();
        victim
            .until("not withheld", |status| {
                let told = status.refusals.iter().any(|refusal| {
                    refusal.code == "follow.claim"
                        && refusal.partner.as_ref().is_some_and(|partner| partner.id == id)
                });
                of(status, &liar).any(|log| shown(log) == (2, 1, 1, 1)) && told == refused
            })
            .await;
    }
    assert!(victim.listings().await.is_empty());
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn t10_a_body_that_comes_refutes_that_it_went_with_a_source(#[case] database: Database) {
    let victim = Partner::start("UNV", database).await;
    let grow = |log: &mut LiarsLog| {
        one_of_two(log);
        log.hands_out = true;
    };
    let liar = Liar::start(&victim, grow, |log, tail| claim(log, tail, 3)).await;
    victim
        .until("the body doesn't count", |status| {
            of(status, &liar).any(|log| (log.held, log.erased, log.wanted) == (3, 1, 0))
        })
        .await;
    let listings = victim.listings().await;
    assert_eq!(listings.len(), 1);
    assert_eq!(listings[0].source.as_ref().unwrap().title, "CANARY 2");
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawal_that_comes_too_early_does_not_shield_its_target(#[case] database: Database) {
    let victim = Partner::start("UNV", database).await;
    let withdrawn_twice = |log: &mut LiarsLog| {
        let listing = log.listing("CANARY");
        let (early, late) = (log.withdrawal(&[listing.id]), log.withdrawal(&[listing.id]));
        log.append(vec![early, listing, late]);
    };
    let liar = Liar::start(&victim, withdrawn_twice, |_, _| {}).await;
    victim
        .until("the listing isn't withdrawn", |status| {
            of(status, &liar).any(|log| (log.held, log.erased) == (3, 1))
        })
        .await;
    assert!(victim.listings().await.is_empty());
}
