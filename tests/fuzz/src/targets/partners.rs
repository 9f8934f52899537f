//! Who a partner is: what its certificate shows, its descriptors, and what changes its keys.

use std::sync::LazyLock;

use prost::Message;
use volbridge_proto::{
    LogId,
    identity::{KeyHistory, introduction as introductions, verify_keys_response},
    partner_id,
    record::entry_valid,
    record_id,
    tlog::entry::{Class, Leaf},
    wire::exchange::v1::KeysResponse,
};

use crate::{
    node::tls::extension,
    vectors::{self, Vectors},
};

/// The certificate of who answers, before anything is known of it.
pub fn certificate(bytes: &[u8]) {
    if let Some(descriptors) = extension::introduction(bytes) {
        assert!(descriptors.len() < bytes.len());
        introduction(&descriptors);
    }
}

/// A first descriptor, or a whole answer to `Keys`.
pub fn introduction(bytes: &[u8]) {
    let Ok(history) = introductions::read(bytes) else { return };
    whole(&history);
    let shortest = introductions::shortest(&history, bytes.to_vec());
    assert!(shortest.len() <= bytes.len());
    let again = introductions::read(&shortest);
    assert_eq!(again.map(|again| again.newest().id()), Ok(history.newest().id()));
}

/// A history's descriptors give the same history again.
fn whole(history: &KeyHistory) {
    let bodies = history.descriptors().map(|held| (held.index(), held.bytes()));
    let restored = KeyHistory::restore(history.earlier(), history.log().epoch, bodies);
    assert_eq!(restored.map(|restored| restored.newest().id()), Ok(history.newest().id()));
    if history.earlier().is_none() {
        let first = history.descriptors().next().map(|first| partner_id(first.bytes()));
        assert_eq!(first, Some(history.partner()));
    }
}

/// An answer to `Keys` to one who knows what the answer itself says the id is.
pub fn keys_response(bytes: &[u8]) {
    let Ok(answer) = KeysResponse::decode(bytes) else { return };
    let Some(first) = answer.descriptors.first() else { return };
    let log = LogId::new(partner_id(&first.body), 1);
    if let Ok(history) = verify_keys_response(None, &log, &answer) {
        assert_eq!(history.log(), log);
        whole(&history);
    }
}

/// The histories of the vectors, each once.
static HISTORIES: LazyLock<Vec<KeyHistory>> = LazyLock::new(|| {
    let mut histories: Vec<KeyHistory> = Vec::new();
    for case in Vectors::of("rotation").cases() {
        let entries = case["history"].as_array().into_iter().flatten();
        let bodies: Vec<(u64, Vec<u8>)> = entries
            .filter_map(|entry| Some((entry["index"].as_u64()?, vectors::bytes(&entry["body"])?)))
            .collect();
        let bodies = bodies.iter().map(|(index, body)| (*index, body.as_slice()));
        if let Ok(history) = KeyHistory::restore(None, 1, bodies)
            && !histories.contains(&history)
        {
            histories.push(history);
        }
    }
    histories
});

/// An entry that may change a partner's keys.
pub fn rotation(bytes: &[u8]) {
    for known in HISTORIES.iter() {
        let index = known.newest().index() + 1;
        let leaf = Leaf { class: Class::Public, id: record_id(bytes) };
        let Ok(body) = entry_valid(bytes, &leaf, &known.log(), index) else { continue };
        let mut history = known.clone();
        match history.apply(index, bytes, &body) {
            Ok(true) => {
                assert_eq!((history.newest().index(), history.newest().id()), (index, leaf.id));
                assert_eq!(history.partner(), known.partner());
                whole(&history);
            }
            Ok(false) | Err(_) => assert_eq!(history, *known, "nothing changes, and something did"),
        }
    }
}
