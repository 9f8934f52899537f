//! Readers at a portal: so many at once, each with one request at a time over a connection of its own.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use reqwest::Url;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::questions::times;
use crate::{
    Outcome,
    report::{as_f64, rounded},
};

/// What browsers say that they can unpack.
const PACKED: &str = "gzip, deflate, br, zstd";

/// What readers got.
pub struct Read {
    time: Duration,
    waited_ms: Vec<f64>,
    largest: u64,
    refused: u64,
    packed_by: String,
}

/// So many readers for so long; each goes through the addresses from a place of its own.
pub async fn read(addresses: Vec<Url>, readers: usize, time: Duration) -> Outcome<Read> {
    if addresses.is_empty() {
        return Err("nothing to read".into());
    }
    let (addresses, stop) = (Arc::new(addresses), Arc::new(AtomicBool::new(false)));
    let largest = Arc::new(AtomicU64::new(0));
    let mut reading = JoinSet::new();
    let began = Instant::now();
    for reader in 0..readers {
        let (addresses, stop, largest) = (Arc::clone(&addresses), Arc::clone(&stop), Arc::clone(&largest));
        reading.spawn(async move {
            let http = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(1).build()?;
            let (mut waited, mut refused, mut packed_by) = (Vec::new(), 0_u64, String::new());
            let from = reader * addresses.len() / readers.max(1);
            for address in addresses.iter().cycle().skip(from) {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let asked = Instant::now();
                let answer = http.get(address.clone()).header("accept-encoding", PACKED).send().await?;
                let fine = answer.status().is_success();
                if let Some(encoding) = answer.headers().get("content-encoding") {
                    encoding.to_str()?.clone_into(&mut packed_by);
                }
                // Nothing here unpacks: these are the bytes that travelled.
                let bytes = answer.bytes().await?.len() as u64;
                waited.push(asked.elapsed().as_secs_f64() * 1_000.0);
                largest.fetch_max(bytes, Ordering::Relaxed);
                refused += u64::from(!fine);
            }
            Outcome::Ok((waited, refused, packed_by))
        });
    }
    tokio::time::sleep(time).await;
    stop.store(true, Ordering::Relaxed);
    let (mut waited_ms, mut refused, mut packed_by) = (Vec::new(), 0, String::new());
    while let Some(reader) = reading.join_next().await {
        let (waited, no, packed) = reader??;
        waited_ms.extend(waited);
        refused += no;
        packed_by = packed;
    }
    let largest = largest.load(Ordering::Relaxed);
    Ok(Read { time: began.elapsed(), waited_ms, largest, refused, packed_by })
}

impl Read {
    /// Answers a second.
    pub fn per_second(&self) -> f64 {
        as_f64(self.waited_ms.len() as u64) / self.time.as_secs_f64()
    }

    /// For the report.
    pub fn to_json(&self) -> Value {
        json!({
            "per_second": rounded(self.per_second()),
            "times": times(self.waited_ms.clone()),
            "largest_kib": rounded(as_f64(self.largest) / 1_024.0),
            "content_encoding": self.packed_by,
            "not_2xx": self.refused,
        })
    }
}
