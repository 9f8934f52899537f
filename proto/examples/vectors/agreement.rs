//! agreement: when two halves are in force.

use serde_json::json;
use volbridge_proto::{
    Code, PartnerId, Timestamp,
    kinds::agreement::{AgreementHalf, Moment, terms_hash},
    record::canonical,
    wire::record::v1::AgreementTerms,
};

use crate::{Vectors, samples};

fn half(partner: PartnerId, index: u64) -> AgreementHalf {
    let terms = samples::agreement().terms.unwrap();
    AgreementHalf { partner, id: samples::record(1), index, ended_at: None, terms }
}

fn print(half: &AgreementHalf) -> serde_json::Value {
    json!({
        "partner": half.partner,
        "index": half.index,
        "ended_at": half.ended_at,
        "terms": hex::encode(canonical::encode(&half.terms, "AgreementTerms").unwrap()),
        "terms_hash": hex::encode(terms_hash(&half.terms)),
    })
}

const DAY: i64 = 86_400_000;

fn midnight(day: &str) -> i64 {
    day.parse::<volbridge_proto::Date>().unwrap().start_of_day_utc().as_millis()
}

pub fn in_force() -> Vectors {
    let mut vectors = Vectors::new(
        "agreement",
        "The two halves of an agreement, judged when the own log has `own_size` entries, the other's `other_size`, and the clock says `now`.",
    );
    let (own, other) = (half(samples::home(), 10), half(samples::host(), 20));
    let starts = midnight("2026-11-01");
    let last = midnight("2028-10-31") + DAY - 1;
    let at = |own_size, other_size, now| Moment { own_size, other_size, now: Timestamp::from_millis(now) };
    let case = |own: &AgreementHalf, other: &AgreementHalf, at: Moment| {
        json!({
            "own": print(own), "other": print(other),
            "own_size": at.own_size, "other_size": at.other_size, "now": at.now,
        })
    };
    vectors.accept("on the first day", case(&own, &other, at(11, 21, starts)));
    vectors.accept("on the last day", case(&own, &other, at(900, 900, last)));
    let ended = AgreementHalf { ended_at: Some(50), ..own.clone() };
    vectors.accept("ended later", case(&ended, &other, at(50, 21, starts)));
    let mut changed: AgreementTerms = other.terms.clone();
    changed.retention_days += 1;
    let different = AgreementHalf { terms: changed, ..other.clone() };
    let third = AgreementHalf { partner: samples::other(), ..other.clone() };
    let other_ended = AgreementHalf { ended_at: Some(30), ..other.clone() };
    let refused = [
        ("before the first day", Code::AgreementNotYet, case(&own, &other, at(11, 21, starts - 1))),
        ("after the last day", Code::AgreementEnded, case(&own, &other, at(11, 21, last + 1))),
        ("the own half isn't entered yet", Code::AgreementNotYet, case(&own, &other, at(10, 21, starts))),
        ("the other half wasn't seen yet", Code::AgreementNotYet, case(&own, &other, at(11, 20, starts))),
        ("ended by the author", Code::AgreementEnded, case(&ended, &other, at(51, 21, starts))),
        ("ended by the other", Code::AgreementEnded, case(&own, &other_ended, at(51, 31, starts))),
        ("different terms", Code::AgreementTerms, case(&own, &different, at(11, 21, starts))),
        ("with a third partner", Code::AgreementNone, case(&own, &third, at(11, 21, starts))),
    ];
    for (name, code, case) in refused {
        vectors.refuse(name, code, case);
    }
    vectors
}
