//! The long run in short (threats.md F24): the harness works, and handles, write-ahead log and unfinished files stay bounded.
//! `make endure MINUTES=10` looks for longer, at memory too.

use std::time::Duration;

use volbridge_tests::endure::{Limits, Plan, judge, run};

const NODE: &str = env!("CARGO_BIN_EXE_node-apart");

#[tokio::test(flavor = "multi_thread")]
async fn f24_handles_log_and_unfinished_files_stay_bounded_under_traffic() {
    let plan = Plan {
        warm_up: Duration::from_secs(2),
        length: Duration::from_secs(5),
        pace: Duration::from_millis(40),
        seed: 1,
    };
    let series = run(NODE, plan, |_, _| {}).await;
    let findings = judge::judge(&series, Limits::SHORT);
    for finding in &findings {
        println!("{finding}");
    }
    assert!(findings.len() == 9 && findings.iter().all(|finding| finding.holds), "{findings:#?}");
    // Something was done, and seen: nodes have partners, and write.
    assert!(
        series
            .iter()
            .flat_map(|series| &series.samples)
            .all(|sample| sample.memory > 1.0 && sample.handles > 10.0)
    );
    assert!(series.iter().all(|series| series.samples.iter().any(|sample| sample.wal > 0.0)));
}
