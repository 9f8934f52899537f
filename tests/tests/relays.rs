//! Relays that lie about others' logs, by ranges and by keys, to who holds a part already:
//! all of it is refused. And entries that one node has refused, offered by another.
#![expect(clippy::unwrap_used, reason = "tests")]

use rstest::rstest;
use volbridge_proto::{PartnerId, tlog::entry::Class, wire::exchange::v1::follow_response::Response as Told};
use volbridge_tests::{
    Database, Partner,
    liar::{Liar, LiarsLog, Lie},
    proxy::{Line, Proxy},
    relay::{Relay, Twist},
};

/// More than goes out at once: a target and ranges.
const MANY: usize = 300;

type Change = fn(&mut Told);

/// What a relay can change of a log on its way, each by its name.
const LIES: &[(&str, Change)] = &[
    ("one bit of a leaf", |told| {
        if let Told::Range(range) = told {
            range.leaves[0][20] ^= 1;
        }
    }),
    ("leaves swapped", |told| {
        if let Told::Range(range) = told {
            range.leaves.swap(0, 1);
        }
    }),
    ("a leaf dropped", |told| {
        if let Told::Range(range) = told {
            range.leaves.pop();
        }
    }),
    ("another start", |told| {
        if let Told::Range(range) = told {
            range.start += 1;
        }
    }),
    ("one bit of a range's proof", |told| {
        if let Told::Range(range) = told {
            range.proof[0][0] ^= 1;
        }
    }),
    ("a proof too long", |told| {
        if let Told::Range(range) = told {
            range.proof.push(vec![0; 32]);
        }
    }),
    ("one bit of a body", |told| {
        if let Told::Bodies(bodies) = told {
            bodies.bodies[0].body[40] ^= 1;
        }
    }),
    ("bodies swapped", |told| {
        if let Told::Bodies(bodies) = told {
            let one = bodies.bodies[0].body.clone();
            bodies.bodies[0].body = std::mem::replace(&mut bodies.bodies[1].body, one);
        }
    }),
    ("a body of another entry", |told| {
        if let Told::Bodies(bodies) = told {
            bodies.bodies[0].index += 10_000;
        }
    }),
    ("another root", |told| {
        if let Told::Target(target) = told {
            let root = target.checkpoint.lines().nth(2).unwrap().to_owned();
            let other = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
            target.checkpoint = target.checkpoint.replacen(&root, other, 1);
        }
    }),
    ("one bit of a consistency proof", |told| {
        if let Told::Target(target) = told {
            target.consistency[0][0] ^= 1;
        }
    }),
    ("no signature", |told| {
        if let Told::Target(target) = told {
            let text = target.checkpoint.split("\n\n").next().unwrap().to_owned();
            target.checkpoint = format!("{text}\n\n");
        }
    }),
];

async fn is_refused(victim: &Partner, what: &str, id: PartnerId) {
    let id = id.to_vec();
    victim
        .until(&format!("{what}: not refused"), |status| {
            let by = |refusal: &volbridge_proto::wire::node::v1::Refusal| {
                refusal.partner.as_ref().is_some_and(|partner| partner.id == id)
            };
            status.refusals.iter().any(by)
        })
        .await;
}

async fn size_of(victim: &Partner, author: &Partner) -> u64 {
    victim.log_of(author.id).await.and_then(|log| log.log).map_or(0, |log| log.size)
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn t01_t10_whatever_a_relay_changes_of_a_log_is_refused_whole(#[case] database: Database) {
    let author = Partner::start("BVF", Database::Sqlite).await;
    let organisation = author.organisation().await;
    author.many_listings(MANY, &organisation).await;
    let honest = Partner::start("UNV", Database::Sqlite).await;
    honest.admit(&author, None).await;
    author.admit(&honest, Some("")).await;
    honest.follows(&author).await;
    let victim = Partner::start("AVI", database).await;
    victim.admit(&author, Some("")).await;
    honest.admit(&victim, Some("")).await;

    // By whoever knows nothing of the log yet, its keys are asked for.
    let keys: [(&str, Twist); 3] = [
        ("a descriptor", Twist { keys: |keys| keys.descriptors[0].body[40] ^= 1, ..Twist::NONE }),
        ("no descriptor", Twist { keys: |keys| keys.descriptors.clear(), ..Twist::NONE }),
        (
            "a descriptor's proof",
            Twist { keys: |keys| keys.descriptors[0].inclusion[0][0] ^= 1, ..Twist::NONE },
        ),
    ];
    for (what, twist) in keys {
        let relay = Relay::lying(&victim, &honest, twist).await;
        is_refused(&victim, what, relay.id).await;
        assert_eq!(size_of(&victim, &author).await, 0, "{what}");
    }

    let line = Proxy::start(honest.exchange()).await;
    victim.admit(&honest, Some(&line.address.to_string())).await;
    victim.follows(&author).await;
    line.set(Line::Cut);
    author.many_listings(MANY, &organisation).await;
    honest.follows(&author).await;
    let held = size_of(&victim, &author).await;
    for (what, told) in LIES {
        let relay = Relay::lying(&victim, &honest, Twist { told: *told, ..Twist::NONE }).await;
        is_refused(&victim, what, relay.id).await;
        assert_eq!(size_of(&victim, &author).await, held, "{what}");
    }
    line.set(Line::Up);
    victim.follows(&author).await;
}

/// Five entries, of which two break the rules.
fn with_poison(log: &mut LiarsLog) {
    let good = log.listing("Good");
    let broken = [good.bytes.as_slice(), &[0x52, 0x00]].concat();
    log.append(vec![good]);
    log.force(Class::Public, broken);
    log.force(Class::Public, vec![7; 200]);
    let last = log.listing("After it").bytes;
    log.force(Class::Public, last);
}

/// Waits until a log is here to its end, with so many bodies; they are judged then.
async fn holds(victim: &Partner, log: PartnerId, held: u64) {
    victim
        .until("the log isn't here", |status| {
            status.logs.iter().any(|known| {
                known.partner.as_ref().is_some_and(|partner| partner.id == log.to_vec())
                    && known.log.as_ref().is_some_and(|view| view.size == 5)
                    && known.held == held
            })
        })
        .await;
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn t17_what_one_node_refused_another_refuses_when_it_comes_by_relay(#[case] database: Database) {
    let (first, second) = (Partner::start("UNV", database).await, Partner::start("AVI", database).await);
    let author = Liar::start(&first, with_poison, |_, _| {}).await;
    holds(&first, author.id(), 5).await;
    second.admit_descriptor(author.log.descriptor(), "").await;
    first.admit(&second, Some("")).await;
    second.admit(&first, None).await;
    holds(&second, author.id(), 5).await;
    for node in [&first, &second] {
        assert_eq!(node.log_of(author.id()).await.unwrap().refused, 2, "{}", node.name);
        assert_eq!(node.listings().await.len(), 2, "{}", node.name);
    }
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn t17_what_one_node_refused_another_refuses_when_it_comes_late(#[case] database: Database) {
    let (first, second) = (Partner::start("UNV", database).await, Partner::start("AVI", database).await);
    let without_bodies: Lie = |_, tail| tail.bodies.retain(|body| body.index < 2);
    let authors = Liar::start_twice([&first, &second], with_poison, [|_, _| {}, without_bodies]).await;
    let log = authors[0].id();
    holds(&first, log, 5).await;
    holds(&second, log, 2).await;
    first.admit(&second, Some("")).await;
    second.admit(&first, None).await;
    // What is wanted is asked for at whoever holds it (FetchBodies).
    holds(&second, log, 5).await;
    for node in [&first, &second] {
        assert_eq!(node.log_of(log).await.unwrap().refused, 2, "{}", node.name);
        assert_eq!(node.listings().await.len(), 2, "{}", node.name);
    }
}
