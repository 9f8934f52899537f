//! Latency, loss and restarts in any order leave the same state (threats.md F10). `scripts/simulate` runs other seeds.

use rstest::rstest;
use volbridge_proto::LogId;
use volbridge_tests::{
    Database, Partner,
    proxy::{Line, Proxy},
    simulation,
    wait::eventually,
};

#[rstest]
#[case(1)]
#[case(2)]
#[case(3)]
#[tokio::test(flavor = "multi_thread")]
async fn f10_in_any_weather_all_nodes_come_to_the_same_answers(#[case] seed: u64) {
    println!("once more: scripts/simulate {seed}");
    println!("{:?}", simulation::run(seed).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn f10_two_relays_that_have_a_log_from_each_other_turn_to_one_that_has_more() {
    let mut nodes = Vec::new();
    for name in ["AUTHOR", "SOURCE", "NEAR", "FAR"] {
        nodes.push(Partner::start(name, Database::Sqlite).await);
    }
    let [author, source, near, far] = &nodes[..] else { unreachable!("four nodes") };
    let log = LogId::new(author.id, 1);
    // FAR -> NEAR -> SOURCE -> AUTHOR call each other in this order; NEAR calls FAR, too.
    let line = Proxy::start(source.exchange()).await;
    for (caller, called) in [(source, author), (far, near), (near, far)] {
        caller.admit(called, None).await;
    }
    near.admit(source, Some(&line.address.to_string())).await;
    for (one, other) in [(author, source), (author, near), (author, far), (near, author), (far, author)] {
        one.admit(other, Some("")).await;
    }
    for (one, other) in [(source, near), (source, far), (far, source)] {
        one.admit(other, Some("")).await;
    }
    let organisation = author.organisation().await;
    near.follows(author).await;
    far.follows(author).await;
    // Without SOURCE each of the two has the log from the other.
    line.set(Line::Cut);
    let holder = |node: &Partner| node.node().context().claims.holder(log);
    eventually("NEAR doesn't turn to FAR", async || holder(near) == Some(far.id)).await;
    assert_eq!(holder(far), Some(near.id));
    author.listing("Nobody tells them", &organisation).await;
    source.follows(author).await;
    line.set(Line::Up);
    near.follows(author).await;
    far.follows(author).await;
}
