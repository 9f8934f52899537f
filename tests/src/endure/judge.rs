//! Whether something grows: the median slope over all pairs of samples (Theil and Sen), which neither noise nor single peaks
//! bend, times how long was looked.

use std::fmt;

use super::{Series, sample::Sample};

/// By how much each quantity may grow from the first sample to the last along its slope, and how large it may be at all.
/// The same for ten minutes and for eight hours: so the longer one looks, the less is let through.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// MiB; none: not judged, in runs that are over before caches are full.
    pub memory: Option<f64>,
    /// Open files and sockets.
    pub handles: f64,
    /// MiB.
    pub wal: f64,
    /// Files.
    pub unfinished: f64,
}

impl Limits {
    /// Of a run that is long enough to judge everything.
    pub const LONG: Self = Self { memory: Some(24.0), handles: 8.0, wal: 8.0, unfinished: 4.0 };

    /// Of a few seconds.
    pub const SHORT: Self = Self { memory: None, ..Self::LONG };
}

/// No write-ahead log is ever larger, MiB.
const LARGEST_WAL: f64 = 64.0;

/// What became of one quantity of one node.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Which node.
    pub node: String,
    /// `memory`
    pub what: &'static str,
    /// Its median.
    pub usual: f64,
    /// Its largest value.
    pub largest: f64,
    /// A slope's rise, first sample to last.
    pub grown: f64,
    /// The same for an hour.
    pub per_hour: f64,
    /// Whether all of it is within the limits.
    pub holds: bool,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { node, what, usual, largest, grown, per_hour, holds } = self;
        let verdict = if *holds { "holds" } else { "GROWS" };
        write!(
            f,
            "{node:4} {what:10} usually {usual:8.1}, at most {largest:8.1}, grown by {grown:+8.2} ({per_hour:+9.2} an hour): {verdict}"
        )
    }
}

/// Judges every quantity of every node.
#[must_use]
pub fn judge(series: &[Series], limits: Limits) -> Vec<Finding> {
    let mut findings = Vec::new();
    for Series { node, samples } in series {
        let mut judged = |what, value: fn(&Sample) -> f64, may_grow: f64, may_be: f64| {
            findings.push(finding(node, what, samples, value, may_grow, may_be));
        };
        if let Some(memory) = limits.memory {
            judged("memory", |sample| sample.memory, memory, f64::INFINITY);
        }
        judged("handles", |sample| sample.handles, limits.handles, f64::INFINITY);
        judged("wal", |sample| sample.wal, limits.wal, LARGEST_WAL);
        judged("unfinished", |sample| sample.unfinished, limits.unfinished, f64::INFINITY);
    }
    findings
}

fn finding(
    node: &str,
    what: &'static str,
    samples: &[Sample],
    value: fn(&Sample) -> f64,
    may_grow: f64,
    may_be: f64,
) -> Finding {
    let points: Vec<(f64, f64)> = samples.iter().map(|sample| (sample.at, value(sample))).collect();
    let slope = slope(&points);
    let span = points.last().map_or(0.0, |last| last.0) - points.first().map_or(0.0, |first| first.0);
    let largest = points.iter().map(|point| point.1).fold(0.0, f64::max);
    let usual = median(points.iter().map(|point| point.1).collect());
    let grown = slope * span;
    // Too few samples say nothing: that isn't a run that holds.
    let holds = points.len() >= 10 && grown <= may_grow && largest <= may_be;
    Finding { node: node.to_owned(), what, usual, largest, grown, per_hour: slope * 3600.0, holds }
}

/// The median of the slopes between all pairs.
fn slope(points: &[(f64, f64)]) -> f64 {
    let pairs = points.iter().enumerate().flat_map(|(place, one)| {
        points[place + 1..]
            .iter()
            .filter(|other| other.0 > one.0)
            .map(move |other| (other.1 - one.1) / (other.0 - one.0))
    });
    median(pairs.collect())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A hundred samples, one a minute, of which one quantity is as said.
    fn holds(memory: impl Fn(f64) -> f64) -> bool {
        let sample = |minute: u32| {
            let minute = f64::from(minute);
            Sample { at: minute * 60.0, memory: memory(minute), handles: 40.0, wal: 4.0, unfinished: 0.0 }
        };
        let series = Series { node: "BVF".to_owned(), samples: (0..100).map(sample).collect() };
        judge(&[series], Limits::LONG).iter().all(|finding| finding.holds)
    }

    #[test]
    fn f24_a_slow_leak_is_seen_under_noise_and_noise_alone_is_none() {
        let noise = |minute: f64| (minute * 7.3).sin() * 20.0;
        assert!(holds(|_| 100.0) && holds(|minute| 100.0 + noise(minute)));
        assert!(!holds(|minute| 100.0 + noise(minute) + minute * 0.5));
        // A sawtooth that comes back, one peak, and one step early on are no slope.
        assert!(holds(|minute| 100.0 + minute % 10.0 * 5.0));
        assert!(holds(|minute| if minute == 50.0 { 900.0 } else { 100.0 }));
        assert!(holds(|minute| if minute < 10.0 { 60.0 } else { 100.0 }));
        assert!(holds(|minute| 100.0 - minute));
    }

    #[test]
    fn f24_too_few_samples_prove_nothing_and_a_log_may_only_be_so_large() {
        let sample = |wal| Sample { at: 1.0, memory: 1.0, handles: 1.0, wal, unfinished: 0.0 };
        let of = |samples| [Series { node: "BVF".to_owned(), samples }];
        let verdicts = |samples| judge(&of(samples), Limits::SHORT).iter().all(|finding| finding.holds);
        assert!(!verdicts(vec![sample(1.0); 9]) && verdicts(vec![sample(1.0); 10]));
        assert!(!verdicts(vec![sample(65.0); 10]));
    }
}
