//! A task for each partner that has an address: connects, and after an end waits a
//! growing, jittered while before it tries again. What one peer does slows only itself.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::time::sleep;
use volbridge_proto::{Code, PartnerId};

use super::peer;
use crate::{
    context::Context,
    status::PeerState,
    store::{peers, refusals},
    tls::HostPort,
};

/// After the first failure.
const FIRST: Duration = Duration::from_millis(500);

/// At most, between two attempts.
const LONGEST: Duration = Duration::from_secs(60);

/// Keeps a connection to every admitted partner that has an address, until the node stops.
pub async fn run(context: Arc<Context>) {
    let mut changed = context.peers_changed.subscribe();
    let mut dialled: BTreeMap<PartnerId, Vec<String>> = BTreeMap::new();
    loop {
        match peers::all(&context.db).await {
            Ok(peers) => {
                for row in peers.into_iter().filter(|row| !row.suspended && !row.endpoints.is_empty()) {
                    if dialled.insert(row.partner, row.endpoints).is_none() {
                        context.spawn(keep(Arc::clone(&context), row.partner));
                    }
                }
            }
            Err(error) => tracing::error!(%error, "the list of partners could not be read"),
        }
        dialled.retain(|partner, _| context.admits(partner));
        tokio::select! {
            _ = changed.changed() => {}
            () = context.stopping() => return,
        }
    }
}

/// Connects to one partner again and again, to each of its addresses in turn.
async fn keep(context: Arc<Context>, partner: PartnerId) {
    let mut failures: u32 = 0;
    let mut turn = 0;
    while context.admits(&partner) {
        let endpoints = match peers::find(&context.db, partner).await {
            Ok(Some(row)) => row.endpoints,
            _ => Vec::new(),
        };
        let Some(endpoint) = endpoints.get(turn % endpoints.len().max(1)) else { break };
        turn += 1;
        let ended = match endpoint.parse::<HostPort>() {
            Ok(place) => peer::run(&context, partner, &place).await,
            Err(error) => {
                peer::Ended { code: Code::PeerUnreachable, detail: error.to_string(), was_connected: false }
            }
        };
        if context.is_stopping() {
            break;
        }
        failures = if ended.was_connected { 1 } else { failures.saturating_add(1) };
        let wait = back_off(failures, context.env.bytes());
        report(&context, partner, &ended, wait).await;
        tokio::select! {
            () = sleep(wait) => {}
            () = context.stopping() => break,
        }
    }
    context.status.forget(&partner);
}

async fn report(context: &Context, partner: PartnerId, ended: &peer::Ended, wait: Duration) {
    let state = match ended.code {
        Code::PeerUnreachable | Code::Unavailable => PeerState::Unreachable,
        Code::PeerRefused | Code::PeerUnknown | Code::PeerSuspended => PeerState::Refused,
        _ => PeerState::Waiting,
    };
    let now = context.env.now();
    let retry_at = now.plus(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX));
    tracing::info!(partner.id = %partner, code = %ended.code, detail = %ended.detail, retry_ms = wait.as_millis(), "exchange with a partner ended");
    context.status.fail(partner, state, (ended.code, ended.detail.clone()), now, retry_at);
    // An unreachable peer is no news each time; a rule that was broken is. This node's disk is nobody else's fault.
    if !matches!(state, PeerState::Unreachable)
        && !matches!(ended.code, Code::StoreFull | Code::StoreFailed)
        && let Err(error) = refusals::note(&context.db, now, partner, ended.code).await
    {
        tracing::error!(%error, "a refusal could not be noted");
    }
}

/// Doubles up to a minute; between half and the whole of it, so that many don't come back at once.
fn back_off(failures: u32, random: [u8; 4]) -> Duration {
    let longest = FIRST.saturating_mul(1 << failures.saturating_sub(1).min(10)).min(LONGEST);
    longest / 2 + (longest / 2).mul_f64(f64::from(u32::from_be_bytes(random)) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_grows_to_a_minute_and_is_jittered() {
        assert!(back_off(1, [0; 4]) == FIRST / 2 && back_off(1, [255; 4]) == FIRST);
        assert!(back_off(3, [128; 4]) > back_off(2, [128; 4]));
        assert!(back_off(u32::MAX, [255; 4]) == LONGEST);
    }
}
