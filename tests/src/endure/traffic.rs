//! Ordinary days: staff publish and withdraw, so that there is always about as much; readers come and go, some stay for long
//! and read slowly; lines break.

use std::{collections::VecDeque, pin::pin, time::Duration};

use futures::future::{join, join_all};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use tokio::time::{interval, sleep, timeout};
use volbridge_proto::wire::node::v1::{
    self as wire, blobs_client::BlobsClient, network_client::NetworkClient,
};

use crate::{
    Partner, Record,
    proxy::{Line, Proxy},
};

/// Listings that each node has at once, and materials.
const LISTINGS: usize = 40;
const MATERIALS: usize = 4;

/// Larger than what goes out at once.
const BLOB: usize = 600 << 10;

/// How long somebody stays who stays for long.
const LONG: Duration = Duration::from_secs(20);

/// How long a line is gone.
const BREAK: Duration = Duration::from_millis(300);

/// All of it, until it is dropped.
pub(super) async fn all(nodes: &[Partner], lines: &[Proxy], pace: Duration, rng: &mut StdRng) {
    let mut dice = || StdRng::seed_from_u64(rng.random());
    let staff = join_all(nodes.iter().map(|node| staff(node, pace, dice())));
    let readers = join_all(nodes.iter().map(|node| join(watcher(node), checker(node))));
    join(join(staff, readers), weather(lines, dice())).await;
}

async fn staff(node: &Partner, pace: Duration, mut rng: StdRng) {
    let (organisation, conference) = (node.organisation().await, node.conference().await);
    let (mut listings, mut materials) = (VecDeque::<Record>::new(), VecDeque::new());
    let mut acts = interval(pace);
    for number in 0_u64.. {
        acts.tick().await;
        match rng.random_range(0..20) {
            0..12 => {
                listings.push_back(node.listing(&format!("{} {number}", node.name), &organisation).await);
            }
            12 => {
                let mut bytes = vec![0; BLOB];
                rng.fill(&mut bytes[..]);
                materials.push_back(node.material(&conference, &bytes).await);
            }
            13..16 => drop(node.listings().await),
            _ => {
                if let Some((_, hash)) = materials.back() {
                    read_slowly(node, hash).await;
                }
            }
        }
        if listings.len() > LISTINGS
            && let Some(oldest) = listings.pop_front()
        {
            node.withdraw(&[&oldest]).await;
        }
        if materials.len() > MATERIALS
            && let Some((oldest, _)) = materials.pop_front()
        {
            node.withdraw(&[&oldest]).await;
        }
    }
}

/// Reads a piece, waits, and goes away in the middle.
async fn read_slowly(node: &Partner, hash: &[u8]) {
    let request = wire::FetchBlobRequest { hash: hash.to_vec(), offset: 0, length: 0 };
    let Ok(answer) = BlobsClient::new(node.channel()).fetch(request).await else { return };
    let mut answer = pin!(answer.into_inner());
    for _ in 0..2 {
        let _ = answer.message().await;
        sleep(Duration::from_millis(50)).await;
    }
}

/// Follows the node's status for long, and again.
async fn watcher(node: &Partner) {
    loop {
        let mut network = NetworkClient::new(node.channel());
        if let Ok(statuses) = network.watch_status(node.staff(wire::StatusRequest {})).await {
            let mut statuses = statuses.into_inner();
            let _ = timeout(LONG, async { while let Ok(Some(_)) = statuses.message().await {} }).await;
        }
        sleep(Duration::from_millis(100)).await;
    }
}

/// Reads the whole database now and then.
async fn checker(node: &Partner) {
    loop {
        sleep(LONG).await;
        let _ = node.faults().await;
    }
}

async fn weather(lines: &[Proxy], mut rng: StdRng) {
    loop {
        sleep(Duration::from_millis(rng.random_range(1_000..4_000))).await;
        let Some(line) = lines.get(rng.random_range(0..lines.len().max(1))) else { continue };
        line.set(Line::Cut);
        sleep(BREAK).await;
        line.set(Line::Up);
    }
}
