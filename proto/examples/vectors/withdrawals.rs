//! withdrawal, leaf-state, source-claim.

use serde_json::json;
use volbridge_proto::{
    LogId,
    exchange::claim::{Standing, standing},
    record::withdraw::{LeafState, Target, is_effective, leaf_state as state},
    tlog::entry::Class,
    wire::record::v1::Withdrawal,
};

use crate::{Vectors, samples};

pub fn withdrawal() -> Vectors {
    let mut vectors = Vectors::new(
        "withdrawal",
        "A Withdrawal with this reason, entry 5 of epoch 2 of the log, names the target; `effective` comes out. `kind` null: \
         the body was never read.",
    );
    let log = LogId::new(samples::home(), 2);
    let kind = Some("volbridge.listing.v1");
    let public = Target { log, index: 4, class: Class::Public, kind };
    let named = Target { class: Class::Named, kind: None, ..public };
    let mut cases = vec![
        ("an earlier entry".to_owned(), "withdrawn", public),
        (
            "of an earlier epoch".to_owned(),
            "expired",
            Target { log: LogId::new(samples::home(), 1), index: 900, ..public },
        ),
        ("itself".to_owned(), "withdrawn", Target { index: 5, ..public }),
        ("a later entry".to_owned(), "withdrawn", Target { index: 6, ..public }),
        (
            "of a later epoch".to_owned(),
            "withdrawn",
            Target { log: LogId::new(samples::home(), 3), index: 0, ..public },
        ),
        (
            "another partner's".to_owned(),
            "ordered",
            Target { log: LogId::new(samples::host(), 1), index: 0, ..public },
        ),
        ("a named one without reason".to_owned(), "", named),
        ("a named one with a reason".to_owned(), "withdrawn", named),
        ("a public one without reason".to_owned(), "", public),
        ("a body that was never read".to_owned(), "superseded", Target { kind: None, ..public }),
        (
            "someone else's kind".to_owned(),
            "withdrawn",
            Target { kind: Some("org.example.drill.v1"), ..public },
        ),
    ];
    for info in volbridge_proto::kinds::KINDS {
        let kind = Some(info.name);
        let named = info.class == volbridge_proto::kinds::ClassRule::Named;
        let class = if named { Class::Named } else { Class::Public };
        let reason = if named { "" } else { "withdrawn" };
        cases.push((info.name.to_owned(), reason, Target { class, kind, ..public }));
    }
    for (name, reason, target) in cases {
        let withdrawal = Withdrawal { ids: vec![samples::record(1).to_vec()], reason: reason.to_owned() };
        let case = json!({
            "log": log,
            "index": 5,
            "reason": reason,
            "target": {
                "log": target.log, "index": target.index, "class": target.class.number(), "kind": target.kind,
            },
            "effective": is_effective(&withdrawal, &log, 5, &target),
        });
        vectors.accept(&name, case);
    }
    vectors
}

pub fn leaf_state() -> Vectors {
    let mut vectors = Vectors::new("leaf-state", "The table of section 3.3.");
    for class in [Class::Public, Class::Named] {
        for number in 0..8_u8 {
            let [held, withdrawn, source] = [number & 1 > 0, number & 2 > 0, number & 4 > 0];
            let state = match state(class, held, withdrawn, source) {
                LeafState::Live => "live",
                LeafState::Erased => "erased",
                LeafState::ErasedWithSource => "erased with its source",
                LeafState::Withheld => "withheld",
                LeafState::NotForUs => "not for us",
            };
            let case = json!({
                "class": class.number(), "held": held, "withdrawn": withdrawn, "source_withdrawn": source, "state": state,
            });
            vectors.accept(state, case);
        }
    }
    vectors
}

pub fn source_claim() -> Vectors {
    let mut vectors = Vectors::new(
        "source-claim",
        "What a claim that a body went with its source is worth. `withdrawn`: an effective Withdrawal of the source is \
         held; `read`: the entry that the claim names is held with its body.",
    );
    for number in 0..4_u8 {
        let [withdrawn, read] = [number & 1 > 0, number & 2 > 0];
        let standing = match standing(withdrawn, read) {
            Standing::Holds => "holds",
            Standing::Open => "open",
            Standing::False => "false",
        };
        vectors.accept(standing, json!({ "withdrawn": withdrawn, "read": read, "standing": standing }));
    }
    vectors
}
