//! A network of real nodes in weather that a seed chooses (threats.md F10): lines are cut, stalled, slowed and mended, nodes
//! stop and start, and all the while their staff publish, revise, translate and withdraw. When the weather is over, all
//! nodes give the same answers. A seed gives the same network and the same doings; when bytes arrive is the machine's matter.

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use tokio::time::{Duration, Instant, interval};

use crate::{
    Database, Partner, Record,
    answers::{all_follow, answers, same},
    chance::{Archive, Desk, step},
    partner::PATIENCE,
    proxy::{Line, Proxy},
};

/// What happens, one after the other.
const STEPS: usize = 40;

/// Stalled lines are noticed while the simulation runs.
const HASTY: &[(&str, &str)] = &[("exchange.patience_seconds", "3")];

const WEATHER: &[Line] =
    &[Line::Cut, Line::Stalled, Line::CallerUnheard, Line::AnswersLost, Line::Slow, Line::Up, Line::Up];

/// How long the parts of a run took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Took {
    /// Until all nodes knew each other.
    pub meeting: Duration,
    /// In the weather.
    pub weather: Duration,
    /// Until all had the same answers.
    pub agreeing: Duration,
}

/// Runs one seed.
///
/// # Panics
/// When two nodes don't come to the same answers.
pub async fn run(seed: u64) -> Took {
    let began = Instant::now();
    let mut rng = StdRng::seed_from_u64(seed);
    let mut network = Network::new(&mut rng).await;
    let meeting = began.elapsed();
    for number in 0..STEPS {
        network.step(&mut rng, number).await;
    }
    network.clear_up().await;
    let weather = began.elapsed() - meeting;
    network.agrees(seed).await;
    Took { meeting, weather, agreeing: began.elapsed() - meeting - weather }
}

/// Three to five nodes. Neighbours call each other, each over a line of its own; the others know each other through them.
struct Network {
    nodes: Vec<Partner>,
    runs: Vec<bool>,
    lines: Vec<Proxy>,
    desks: Vec<Desk>,
    archive: Archive,
}

impl Network {
    async fn new(rng: &mut StdRng) -> Self {
        let count = rng.random_range(3..=5);
        let mut nodes = Vec::new();
        for number in 0..count {
            nodes.push(Partner::start_with(&format!("N{number}"), Database::Sqlite, HASTY).await);
        }
        let mut lines = Vec::new();
        for one in 1..count {
            // At least one neighbour among those before: the network hangs together.
            let always = rng.random_range(0..one);
            for other in 0..one {
                let neighbours = rng.random_bool(0.3) || other == always;
                for (from, to) in [(&nodes[one], &nodes[other]), (&nodes[other], &nodes[one])] {
                    let endpoint = if neighbours {
                        let line = Proxy::start(to.exchange()).await;
                        let endpoint = line.address.to_string();
                        lines.push(line);
                        endpoint
                    } else {
                        String::new()
                    };
                    from.admit(to, Some(&endpoint)).await;
                }
            }
        }
        let desks = nodes.iter().map(|_| Desk::default()).collect();
        Self { runs: vec![true; nodes.len()], nodes, lines, desks, archive: Archive::new() }
    }

    async fn step(&mut self, rng: &mut StdRng, number: usize) {
        let place = rng.random_range(0..self.nodes.len());
        match rng.random_range(0..10) {
            0..6 if self.runs[place] => self.publish(rng, number, place).await,
            6..8 => {
                if let (Some(line), Some(weather)) = (self.lines.choose(rng), WEATHER.choose(rng)) {
                    line.set(*weather);
                }
            }
            8 if self.runs[place] => {
                self.nodes[place].stop().await;
                self.runs[place] = false;
            }
            _ => {
                self.nodes[place].restart().await;
                self.runs[place] = true;
            }
        }
    }

    async fn publish(&mut self, rng: &mut StdRng, number: usize, place: usize) {
        let others = self.desks.iter().enumerate().filter(|(other, _)| *other != place);
        let others: Vec<Record> = others.flat_map(|(_, desk)| desk.listings.clone()).collect();
        step(rng, number, &self.nodes[place], &mut self.desks[place], &others, &mut self.archive).await;
    }

    /// The sun shines, and everybody is there.
    async fn clear_up(&mut self) {
        for line in &self.lines {
            line.set(Line::Up);
        }
        for (node, _) in self.nodes.iter_mut().zip(&self.runs).filter(|(_, runs)| !**runs) {
            node.restart().await;
        }
        let published = self.desks.iter().flat_map(|desk| desk.listings.iter().chain(&desk.translations));
        self.archive.extend(published.cloned());
    }

    async fn agrees(&self, seed: u64) {
        let nodes: Vec<&Partner> = self.nodes.iter().collect();
        all_follow(&nodes, &nodes).await;
        // Bodies that a relay didn't have yet come later than their entries.
        let (until, mut looks) = (Instant::now() + PATIENCE, interval(Duration::from_millis(100)));
        loop {
            looks.tick().await;
            let expected = answers(&self.nodes[0], &self.archive).await;
            let mut differs = None;
            for node in &self.nodes[1..] {
                let found = answers(node, &self.archive).await;
                if found != expected {
                    differs = Some((found, &node.name));
                }
            }
            match differs {
                None => break,
                Some((found, name)) if Instant::now() > until => {
                    same(&found, &expected, &format!("seed {seed}: {name}"));
                }
                Some(_) => {}
            }
        }
        for node in &self.nodes {
            assert!(node.faults().await.is_empty(), "seed {seed}: {}", node.name);
        }
    }
}
