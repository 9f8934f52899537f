//! Endurance (threats.md F24): three nodes in processes of their own under the traffic of ordinary days, while what they take
//! from the machine is sampled: resident memory, open handles, the write-ahead log, unfinished files. After a warm-up the
//! slopes must be near zero.

pub mod judge;
pub mod sample;
mod traffic;

use std::time::Duration;

use rand::{SeedableRng as _, rngs::StdRng};
use tokio::time::{Instant, interval_at};

pub use self::judge::{Finding, Limits};
use self::sample::Sample;
use crate::{Database, Partner, answers::all_follow, proxy::Proxy};

/// How long, and how fast.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Before anything counts: caches fill, pools open.
    pub warm_up: Duration,
    /// What counts.
    pub length: Duration,
    /// Between two acts of one node's staff.
    pub pace: Duration,
    /// Which dice.
    pub seed: u64,
}

impl Plan {
    /// So many minutes, of which the first fifth, and at most ten, aren't counted.
    #[must_use]
    pub fn minutes(minutes: u64, seed: u64) -> Self {
        let whole = Duration::from_secs(60 * minutes);
        let warm_up = (whole / 5).min(Duration::from_secs(600));
        Self { warm_up, length: whole - warm_up, pace: Duration::from_millis(200), seed }
    }

    /// Enough for a straight line, and few enough to compare all with all.
    fn between_samples(&self) -> Duration {
        (self.length / 240).max(Duration::from_millis(100))
    }
}

/// Samples of one node.
pub struct Series {
    /// Its name.
    pub node: String,
    /// One after the other.
    pub samples: Vec<Sample>,
}

/// Runs a plan; `told` hears of each sample.
///
/// # Panics
/// When a node doesn't start, or at the end doesn't have what the others published.
pub async fn run(program: &str, plan: Plan, mut told: impl FnMut(&str, &Sample)) -> Vec<Series> {
    let mut nodes = Vec::new();
    for name in ["BVF", "UNV", "AVI"] {
        nodes.push(Partner::start_apart(program, name, Database::Sqlite, &[]).await);
    }
    let lines = acquaint(&nodes).await;
    let all: Vec<&Partner> = nodes.iter().collect();
    let mut series: Vec<Series> =
        nodes.iter().map(|node| Series { node: node.name.clone(), samples: Vec::new() }).collect();
    {
        let mut rng = StdRng::seed_from_u64(plan.seed);
        let sampling = async {
            let began = Instant::now();
            let mut moments = interval_at(began + plan.warm_up, plan.between_samples());
            while began.elapsed() < plan.warm_up + plan.length {
                moments.tick().await;
                for (node, series) in nodes.iter().zip(&mut series) {
                    let sample = Sample::of(node, began.elapsed());
                    told(&node.name, &sample);
                    series.samples.push(sample);
                }
            }
        };
        tokio::select! {
            () = sampling => {}
            () = traffic::all(&nodes, &lines, plan.pace, &mut rng) => {}
        }
    }
    all_follow(&all, &all).await;
    for node in &mut nodes {
        node.stop().await;
    }
    series
}

/// BVF — UNV — AVI: the outer two know each other through the middle one. Lines can be cut.
async fn acquaint(nodes: &[Partner]) -> Vec<Proxy> {
    let mut lines = Vec::new();
    for (number, one) in nodes.iter().enumerate() {
        for (place, other) in nodes.iter().enumerate().filter(|(place, _)| *place != number) {
            if number.abs_diff(place) == 1 {
                let line = Proxy::start(other.exchange()).await;
                one.admit(other, Some(&line.address.to_string())).await;
                lines.push(line);
            } else {
                one.admit(other, Some("")).await;
            }
        }
    }
    lines
}
