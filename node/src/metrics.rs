//! The names of all metrics of the node, and where each is counted from. No personal
//! data, no ids of records: partners are named by the first group of their fingerprint.

use metrics::{counter, gauge, histogram};
use volbridge_proto::{Code, PartnerId};

/// A group of records became durable in the own log.
pub fn published(records: usize, size: u64) {
    counter!("volbridge_records_published_total").increment(records as u64);
    histogram!("volbridge_publish_group_records").record(records as f64);
    gauge!("volbridge_own_log_size").set(size as f64);
}

/// Entries of a partner's log were verified and stored, through a peer.
pub fn received(peer: &PartnerId, entries: u64, bytes: u64) {
    counter!("volbridge_entries_received_total", "peer" => label(peer)).increment(entries);
    counter!("volbridge_bytes_received_total", "peer" => label(peer)).increment(bytes);
}

/// A peer's connection began or ended.
pub fn connected(peer: &PartnerId, up: bool) {
    gauge!("volbridge_peer_connected", "peer" => label(peer)).set(f64::from(u8::from(up)));
}

/// Something of a partner was refused.
pub fn refused(partner: &PartnerId, code: Code) {
    counter!("volbridge_refused_total", "partner" => label(partner), "code" => code.as_str()).increment(1);
}

/// Bodies were erased.
pub fn erased() {
    counter!("volbridge_erasures_total").increment(1);
}

/// The search index lacks so many changes.
pub fn search_behind(changes: i64) {
    gauge!("volbridge_search_changes_behind").set(changes as f64);
}

/// The search index began to be built anew.
pub fn search_rebuilt() {
    counter!("volbridge_search_rebuilds_total").increment(1);
}

/// A search took so long.
pub fn searched(took: std::time::Duration) {
    histogram!("volbridge_search_seconds").record(took.as_secs_f64());
}

fn label(partner: &PartnerId) -> String {
    hex::encode(&partner.as_bytes()[..4])
}
