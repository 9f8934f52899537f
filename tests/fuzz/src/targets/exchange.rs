//! What partners send each other, and what a follower makes of it.

use std::sync::LazyLock;

use prost::Message;
use volbridge_proto::{
    LogId,
    exchange::{FollowFault, LogFollower, PendingRange, SourceClaim},
    identity::verify_keys_response,
    tlog::{frontier::Frontier, proven::ProvenRange},
    wire::{exchange::v1 as wire, node::v1::Problem},
};

use super::named;
use crate::vectors::{self, Vectors};

/// The name of a message in the first line, then its bytes.
pub fn message(bytes: &[u8]) {
    macro_rules! check {
        ($name:ident, $bytes:ident, $($message:ty),*) => {
            match $name {
                $(name if stringify!($message).ends_with(name) => decoded::<$message>($bytes),)*
                _ => {}
            }
        };
    }
    let Some((name, bytes)) = named(bytes) else { return };
    check!(
        name,
        bytes,
        wire::DescribeRequest,
        wire::DescribeResponse,
        wire::KeysRequest,
        wire::KeysResponse,
        wire::FollowRequest,
        wire::FollowResponse,
        wire::FetchBodiesRequest,
        wire::Bodies,
        wire::FetchBlobRequest,
        wire::BlobChunk,
        wire::HeadsRequest,
        wire::HeadsResponse,
        Problem
    );
}

/// Read twice it is the same, and what it gives isn't larger than what came: packed numbers apart, of which one alone
/// takes a byte more.
fn decoded<M: Message + Default + PartialEq + std::fmt::Debug>(bytes: &[u8]) {
    let Ok(value) = M::decode(bytes) else { return };
    let again = value.encode_to_vec();
    assert!(again.len() <= 2 * bytes.len(), "{} bytes give {}", bytes.len(), again.len());
    assert_eq!(M::decode(again.as_slice()).as_ref(), Ok(&value));
}

/// A follower of the vectors' log that knows its keys and no entry.
static BEGINNING: LazyLock<Option<LogFollower>> = LazyLock::new(|| {
    let vectors = Vectors::of("follow");
    let log: LogId = vectors.shared("log").as_str()?.parse().ok()?;
    let keys = wire::KeysResponse::decode(vectors::bytes(vectors.shared("keys"))?.as_slice()).ok()?;
    let history = verify_keys_response(None, &log, &keys).ok()?;
    LogFollower::new(log, history, Frontier::new(), Vec::new()).ok()
});

/// What a peer sends in turn: of each message its kind (0 to 3), its length as a u32, and itself.
pub fn follow(bytes: &[u8]) {
    let Some(mut follower) = BEGINNING.clone() else { return };
    let (mut rest, mut pending) = (bytes, None);
    for _ in 0..16 {
        let Some((kind, message, after)) = step(rest) else { return };
        let before = follower.clone();
        match take(&mut follower, &mut pending, kind, message) {
            Some(Ok(Some(taken))) => grown(&before, &follower, &taken),
            Some(Ok(None)) => assert_eq!(follower.size(), before.size()),
            Some(Err(_)) => assert_eq!(follower, before, "refused, and taken"),
            None => return,
        }
        rest = after;
    }
}

/// The next message: its kind, its bytes, and what follows.
fn step(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (kind, rest) = bytes.split_first()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let (message, rest) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
    Some((*kind, message, rest))
}

type Taken = Result<Option<ProvenRange>, FollowFault>;

fn take(
    follower: &mut LogFollower,
    pending: &mut Option<PendingRange>,
    kind: u8,
    message: &[u8],
) -> Option<Taken> {
    Some(match kind % 4 {
        0 => follower.target(&wire::Target::decode(message).ok()?).map(|()| None),
        1 => match follower.range(&wire::Range::decode(message).ok()?) {
            Ok(range) => complete(follower, pending, range),
            Err(fault) => Err(fault),
        },
        2 => {
            let bodies = wire::Bodies::decode(message).ok()?.bodies;
            let mut range = pending.take()?;
            let taken = bodies.into_iter().try_for_each(|body| range.body(body.index, body.body));
            match taken {
                Ok(()) => complete(follower, pending, range),
                Err(fault) => Err(fault),
            }
        }
        _ => follower.tail(&wire::Tail::decode(message).ok()?).map(Some),
    })
}

fn complete(follower: &mut LogFollower, pending: &mut Option<PendingRange>, range: PendingRange) -> Taken {
    if range.is_complete() {
        follower.finish(range).map(Some)
    } else {
        *pending = Some(range);
        Ok(None)
    }
}

/// What was taken follows on what was there, and is all that was added.
fn grown(before: &LogFollower, after: &LogFollower, taken: &ProvenRange) {
    assert_eq!((taken.start(), taken.end()), (before.size(), after.size()));
    assert_eq!(taken.entries().len() as u64, after.size() - before.size());
    assert_eq!(taken.frontier(), after.frontier());
    if let Some(checkpoint) = taken.checkpoint() {
        assert_eq!((checkpoint.size(), *checkpoint.root()), (after.size(), after.frontier().root()));
    }
}

/// A claim that a body went with its source.
pub fn claim(bytes: &[u8]) {
    let Ok(claim) = wire::SourceErased::decode(bytes) else { return };
    if let Ok(parsed) = SourceClaim::parse(&claim) {
        assert_eq!(parsed.to_wire(), claim);
        assert_eq!(SourceClaim::parse(&parsed.to_wire()), Ok(parsed));
    }
}
