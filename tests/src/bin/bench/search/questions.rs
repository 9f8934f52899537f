//! What every engine is asked: the judged questions, for time and quality; and broad ones that a tenth or a thousandth
//! of all listings answer, for time.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use volbridge_tests::judged::{self, Query, ndcg};

use super::distractors::{PLACES, THEMES};
use crate::{
    Outcome,
    report::{percentile, rounded},
};

/// Places that count.
pub const TOP: usize = 10;

/// Something that can be asked.
pub trait Engine {
    /// Ids of the first ten that answer, "" for one that isn't judged.
    async fn ask(&self, question: &str) -> Outcome<Vec<String>>;
}

/// All of them.
pub struct Questions {
    /// With what answers them.
    pub judged: Vec<Query>,
    /// Of everyday words.
    pub broad: Vec<String>,
}

impl Questions {
    /// The same each time.
    pub fn load() -> Self {
        let mut broad: Vec<String> = [
            "volunteer",
            "志愿者",
            "training",
            "培训 志愿者",
            "experience needed",
            "周末",
            "insured",
            "小组",
        ]
        .map(str::to_owned)
        .into();
        for ((zh, en), place) in THEMES.iter().step_by(3).zip(PLACES) {
            broad.extend([(*zh).to_owned(), (*en).to_owned(), place.2.to_owned(), place.3.to_owned()]);
            broad.extend([format!("{} {zh}", place.2), format!("{en} in {}", place.3)]);
        }
        Self { judged: judged::Collection::load().queries, broad }
    }
}

/// What an engine answered.
#[derive(Default)]
pub struct Asked {
    /// nDCG@10 in the order of the judged questions.
    quality: Vec<f64>,
    judged_ms: Vec<f64>,
    broad_ms: Vec<f64>,
}

impl Questions {
    /// Asks all, one after the other, and again until the time is over. The first round reads from the disk and its
    /// times don't count, unless there is no other.
    pub async fn ask(&self, engine: &impl Engine, time: Duration) -> Outcome<Asked> {
        let began = Instant::now();
        let mut asked = self.round(engine).await?;
        let mut cold = true;
        while began.elapsed() < time {
            let round = self.round(engine).await?;
            if std::mem::take(&mut cold) {
                asked = round;
            } else {
                asked.judged_ms.extend(round.judged_ms);
                asked.broad_ms.extend(round.broad_ms);
            }
        }
        Ok(asked)
    }

    async fn round(&self, engine: &impl Engine) -> Outcome<Asked> {
        let mut asked = Asked::default();
        for query in &self.judged {
            let began = Instant::now();
            let ranking =
                engine.ask(&query.text).await.map_err(|error| format!("{}: {error}", query.text))?;
            asked.judged_ms.push(began.elapsed().as_secs_f64() * 1_000.0);
            asked.quality.push(ndcg(&query.relevant, &ranking, TOP));
        }
        for text in &self.broad {
            let began = Instant::now();
            engine.ask(text).await.map_err(|error| format!("{text}: {error}"))?;
            asked.broad_ms.push(began.elapsed().as_secs_f64() * 1_000.0);
        }
        Ok(asked)
    }

    /// Mean nDCG@10: of all, by language, by kind of question.
    pub fn quality(&self, asked: &Asked) -> Value {
        let scored = || self.judged.iter().zip(&asked.quality);
        let mean_by = |of: fn(&Query) -> &str| {
            let mut groups: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
            for (query, score) in scored() {
                groups.entry(of(query)).or_default().push(*score);
            }
            groups.into_iter().map(|(name, scores)| (name, mean(&scores))).collect::<BTreeMap<_, _>>()
        };
        json!({
            "ndcg_at_10": mean(&asked.quality),
            "by_language": mean_by(|query| &query.language),
            "by_kind": mean_by(|query| &query.kind),
            "without_an_answer": asked.quality.iter().filter(|score| **score == 0.0).count(),
        })
    }

    /// The questions that were answered worst.
    pub fn worst(&self, asked: &Asked, count: usize) -> Value {
        let mut scored: Vec<_> = self.judged.iter().zip(&asked.quality).collect();
        scored.sort_by(|(_, one), (_, other)| one.total_cmp(other));
        let worst = scored.into_iter().take(count);
        worst.map(|(query, score)| json!([rounded(*score), query.id, query.text])).collect()
    }
}

impl Asked {
    /// Times: of all questions, of the judged and of the broad ones.
    pub fn times(&self) -> Value {
        let all: Vec<f64> = self.judged_ms.iter().chain(&self.broad_ms).copied().collect();
        json!({
            "all": times(all),
            "judged": times(self.judged_ms.clone()),
            "broad": times(self.broad_ms.clone()),
        })
    }

    /// Half of all questions took less, and 99 of 100, in milliseconds.
    pub fn p50_and_p99(&self) -> (f64, f64) {
        let mut all: Vec<f64> = self.judged_ms.iter().chain(&self.broad_ms).copied().collect();
        all.sort_by(f64::total_cmp);
        (percentile(&all, 0.5), percentile(&all, 0.99))
    }
}

/// p50 and p99 of milliseconds.
pub fn times(mut ms: Vec<f64>) -> Value {
    ms.sort_by(f64::total_cmp);
    json!({
        "p50_ms": rounded(percentile(&ms, 0.5)),
        "p99_ms": rounded(percentile(&ms, 0.99)),
        "asked": ms.len(),
    })
}

fn mean(scores: &[f64]) -> Value {
    rounded(scores.iter().sum::<f64>() / crate::report::as_f64(scores.len().max(1) as u64))
}
