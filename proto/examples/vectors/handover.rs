//! Halves of handovers that are refused.

use volbridge_proto::{Code, kinds::Payload, wire::record::v1::*};

use crate::{content::Refused, samples};

fn first(change: impl FnOnce(&mut Handover)) -> Statement {
    let mut handover = samples::handover();
    change(&mut handover);
    samples::public(&Payload::Handover(handover))
}

fn second(change: impl FnOnce(&mut Handover)) -> Statement {
    let mut handover = samples::takeover();
    change(&mut handover);
    samples::public(&Payload::Handover(handover))
}

pub fn cases() -> Vec<Refused> {
    let host = || samples::host().to_vec();
    vec![
        (
            "a handover of nothing",
            first(|value| value.organisation = None),
            vec![("organisation", Code::FieldRequired)],
        ),
        ("a handover to nobody", first(|value| value.to.clear()), vec![("to", Code::FieldRequired)]),
        (
            "a handover to oneself",
            first(|value| value.to = samples::home().to_vec()),
            vec![("to", Code::FieldInvalid)],
        ),
        ("a handover without end", first(|value| value.until.clear()), vec![("until", Code::FieldRequired)]),
        (
            "a handover of what is another\u{2019}s",
            first(|value| value.organisation.as_mut().unwrap().partner = host()),
            vec![("organisation.partner", Code::FieldUnexpected)],
        ),
        (
            "a first half with the day of the move",
            first(|value| value.moved_on = "2026-12-05".into()),
            vec![("moved_on", Code::FieldUnexpected)],
        ),
        (
            "a second half without its day",
            second(|value| value.moved_on.clear()),
            vec![("moved_on", Code::FieldRequired)],
        ),
        (
            "a second half that names another partner\u{2019}s first",
            second(|value| value.first.as_mut().unwrap().partner = samples::other().to_vec()),
            vec![("first.partner", Code::FieldMismatch)],
        ),
        (
            "a second half that hands on at once",
            second(|value| value.to = samples::other().to_vec()),
            vec![("to", Code::FieldUnexpected)],
        ),
        (
            "a second half of what is one\u{2019}s own",
            second(|value| {
                value.organisation.as_mut().unwrap().partner = samples::home().to_vec();
                value.first.as_mut().unwrap().partner = samples::home().to_vec();
            }),
            vec![("organisation.partner", Code::FieldUnexpected)],
        ),
    ]
}
