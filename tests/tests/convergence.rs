//! Who has the same logs gives the same answers (threats.md P8): whatever the order in which the logs came, by which way,
//! in which database, followed live or rebuilt.

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use rstest::rstest;
use volbridge_tests::{
    Database, Partner, Record,
    answers::{all_follow, answers, rest, same},
    chance::{Archive, Desk, step},
};

/// Steps of each author.
const STEPS: usize = 30;

async fn both_admit(one: &Partner, other: &Partner) {
    one.admit(other, None).await;
    other.admit(one, None).await;
}

/// `node` knows `author` only through others.
async fn knows(node: &Partner, author: &Partner) {
    node.admit(author, Some("")).await;
    author.admit(node, Some("")).await;
}

#[rstest]
#[case::sqlite_first(Database::Sqlite, Database::Postgres, 1)]
#[case::postgres_first(Database::Postgres, Database::Sqlite, 2)]
#[tokio::test(flavor = "multi_thread")]
async fn p8_the_same_logs_give_the_same_answers_in_any_order_by_any_way(
    #[case] one: Database,
    #[case] other: Database,
    #[case] seed: u64,
) {
    println!("seed {seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    // BVF — UNV — AVI: the outer two know each other through the middle one.
    let bvf = Partner::start("BVF", one).await;
    let unv = Partner::start("UNV", other).await;
    let avi = Partner::start("AVI", one).await;
    let authors = [&bvf, &unv, &avi];
    both_admit(&bvf, &unv).await;
    both_admit(&unv, &avi).await;
    knows(&bvf, &avi).await;
    // Live and directly; and live, all through AVI.
    let direct = Partner::start("DIRECT", other).await;
    let relayed = Partner::start("RELAYED", other).await;
    for author in authors {
        direct.admit(author, None).await;
        author.admit(&direct, Some("")).await;
        if author.id == avi.id {
            relayed.admit(author, None).await;
            author.admit(&relayed, Some("")).await;
        } else {
            knows(&relayed, author).await;
        }
    }
    let (mut desks, mut archive) = ([Desk::default(), Desk::default(), Desk::default()], Archive::new());
    for number in 0..STEPS {
        let place = rng.random_range(0..3);
        let others: Vec<Record> = desks
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != place)
            .flat_map(|(_, desk)| desk.listings.clone())
            .collect();
        step(&mut rng, number, authors[place], &mut desks[place], &others, &mut archive).await;
        if rng.random_bool(0.1) {
            all_follow(&authors, &authors).await;
        }
    }
    archive.extend(desks.iter().flat_map(|desk| desk.listings.iter().chain(&desk.translations)).cloned());
    all_follow(&[&bvf, &unv, &avi, &direct, &relayed], &authors).await;

    // After everything, one log after the other: translations before their sources and after them.
    let mut late = Vec::new();
    for order in [[0, 1, 2], [2, 1, 0]] {
        let node = Partner::start(&format!("LATE{}{}", order[0], order[1]), one).await;
        for place in order {
            node.admit(authors[place], None).await;
            authors[place].admit(&node, Some("")).await;
            node.follows(authors[place]).await;
        }
        late.push(node);
    }
    let mut nodes = vec![&bvf, &unv, &avi, &direct, &relayed];
    nodes.extend(&late);
    all_follow(&nodes, &authors).await;

    let expected = answers(&bvf, &archive).await;
    let expected_rest = rest(&bvf).await;
    assert!(expected.len() > archive.len(), "nothing is shown");
    for node in &nodes {
        same(&answers(node, &archive).await, &expected, &node.name);
        assert_eq!(rest(node).await, expected_rest, "{}", node.name);
        node.rebuild().await;
        same(&answers(node, &archive).await, &expected, &format!("{}, rebuilt", node.name));
        assert!(node.faults().await.is_empty(), "{}", node.name);
    }
}
