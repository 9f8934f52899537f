use super::*;
use crate::{
    identity::{
        descriptor::{Envelope, sign_first, sign_next},
        fixture::{Author, NOW, descriptor, envelope, pair},
        keys::SigningPair,
    },
    record::{
        EncodedBody,
        body::{encode_public, identity_draft},
    },
};

/// A descriptor of a log, signed by whomever.
fn signed_by(author: &mut Author, keys: &Keys, ed25519: &SigningPair, mldsa44: &SigningPair) -> EncodedBody {
    let log = author.id();
    let Envelope { salt, subject, revision, previous, issued_at } =
        envelope(&mut author.rng, Some(author.own.history()));
    let statement = wire::Statement {
        kind: kinds::partner_descriptor::KIND.into(),
        subject: subject.to_vec(),
        revision,
        previous: previous.unwrap().to_vec(),
        issued_at: issued_at.as_millis(),
        payload: canonical::encode(&descriptor("other.example", keys), "PartnerDescriptor").unwrap(),
        ..Default::default()
    };
    let message = identity_draft(salt, Some(log.partner), log.epoch, &statement).unwrap();
    let identity = wire::IdentitySignatures {
        ed25519: ed25519.ed25519.sign(&message).to_vec(),
        mldsa44: mldsa44.mldsa44.sign_deterministic(&message).unwrap(),
    };
    encode_public(salt, Some(log.partner), log.epoch, &statement, Some(identity)).unwrap()
}

/// What the history says of a body at the next index.
fn apply(author: &Author, body: &EncodedBody) -> Result<bool, Code> {
    let mut history = author.own.history().clone();
    let index = author.size();
    let parsed = entry_valid(&body.bytes, &body.leaf(), &author.id(), index).unwrap();
    let verdict = history.apply(index, &body.bytes, &parsed).map_err(|refusal| refusal.code);
    if verdict != Ok(true) {
        assert_eq!(&history, author.own.history());
    }
    verdict
}

#[test]
fn the_first_descriptor_is_the_partner() {
    let author = Author::new(1);
    let history = author.own.history();
    assert_eq!(history.partner(), partner_id(author.bodies[0].as_ref().unwrap()));
    assert_eq!(history.origin().to_string(), format!("p1.example/log/{}/1", history.partner()));
    assert_eq!(history.keys_at(0), None);
    assert_eq!(history.keys_at(1), Some(&author.keys));
    assert_eq!(history.keys_at(u64::MAX), Some(&author.keys));
}

#[test]
fn t12_the_table_says_who_may_change_what() {
    let mut author = Author::new(1);
    let (now, next, thief) = (author.identity.clone(), author.next.clone(), pair(&mut author.rng));
    let keys = author.keys.clone();
    let log = Keys { log: thief.public(), ..keys.clone() };
    let digest = Keys { next_identity: [9; 32], ..keys.clone() };
    let committed = Keys { identity: next.public(), next_identity: [9; 32], ..keys.clone() };
    let stolen = Keys { identity: thief.public(), next_identity: [9; 32], ..keys.clone() };
    let frozen = Keys { identity: next.public(), ..keys.clone() };
    for (name, keys, signer, verdict) in [
        ("nothing but the label changes", &keys, &now, Ok(true)),
        ("a log key by the pair in force", &log, &now, Ok(true)),
        ("a log key by the next pair", &log, &next, Err(Code::IdentitySignature)),
        ("a log key by a thief", &log, &thief, Err(Code::IdentitySignature)),
        ("the digest by the pair in force", &digest, &now, Err(Code::IdentityNext)),
        ("the digest by the next pair", &digest, &next, Err(Code::IdentityNext)),
        ("the identity by the committed pair", &committed, &next, Ok(true)),
        ("the identity by the pair in force", &committed, &now, Err(Code::IdentitySignature)),
        ("the identity to the thief's pair by itself", &stolen, &thief, Err(Code::IdentityNext)),
        ("the identity to the thief's pair by the pair in force", &stolen, &now, Err(Code::IdentityNext)),
        ("the identity without a new commitment", &frozen, &next, Err(Code::IdentityKeys)),
    ] {
        let body = signed_by(&mut author, keys, signer, signer);
        assert_eq!(apply(&author, &body), verdict, "{name}");
    }
}

#[test]
fn t12_one_of_the_two_signatures_is_not_enough() {
    let mut author = Author::new(1);
    let (now, thief, keys) = (author.identity.clone(), pair(&mut author.rng), author.keys.clone());
    let body = signed_by(&mut author, &keys, &now, &thief);
    assert_eq!(apply(&author, &body), Err(Code::IdentitySignature));
    let body = signed_by(&mut author, &keys, &thief, &now);
    assert_eq!(apply(&author, &body), Err(Code::IdentitySignature));
}

#[test]
fn t12_a_rotated_identity_can_not_be_used_again() {
    let mut author = Author::new(1);
    let old = author.identity.clone();
    author.rotate_identity();
    let keys = Keys { log: pair(&mut author.rng).public(), ..author.keys.clone() };
    let body = signed_by(&mut author, &keys, &old, &old);
    assert_eq!(apply(&author, &body), Err(Code::IdentitySignature));
    let back = Keys { identity: old.public(), next_identity: [9; 32], ..author.keys.clone() };
    let body = signed_by(&mut author, &back, &old, &old);
    assert_eq!(apply(&author, &body), Err(Code::IdentityNext));
    author.rotate_identity();
    author.rotate_log();
}

#[test]
fn an_old_descriptor_repeated_changes_nothing() {
    let mut author = Author::new(1);
    author.rotate_log();
    let held = author.own.history().descriptors().nth(1).unwrap();
    let again = EncodedBody { bytes: held.bytes().to_vec(), id: held.id(), class: Class::Public };
    author.rotate_log();
    assert_eq!(apply(&author, &again), Ok(false));
}

#[test]
fn t01_a_descriptor_of_another_partner_is_none_of_this_log() {
    let mut author = Author::new(1);
    let mut other = Author::new(2);
    let (keys, signer) = (other.keys.clone(), other.identity.clone());
    let body = other.next_descriptor(&keys, &signer);
    let index = author.size();
    let refusal = entry_valid(&body.bytes, &body.leaf(), &author.id(), index).unwrap_err();
    assert_eq!(refusal.code, Code::RecordPartner);
    author.publish(1);
}

#[test]
fn t13_keys_hold_from_the_entry_after_their_descriptor() {
    let mut author = Author::new(1);
    author.publish(4);
    let first = author.keys.log.clone();
    author.rotate_log();
    let second = author.keys.log.clone();
    author.publish(2);
    author.rotate_log();
    let history = author.own.history();
    let log_at = |size| &history.keys_at(size).unwrap().log;
    assert_eq!([log_at(1), log_at(5), log_at(6), log_at(8)], [&first, &first, &second, &second]);
    assert_eq!(log_at(9), &author.keys.log);
    assert_eq!([5, 8].map(|index| history.ends_group(index)), [true, true]);
    assert_eq!((0..9).filter(|index| history.ends_group(*index)).count(), 2);
    assert_eq!([5, 6, 7, 9, 10].map(|size| history.signers_at(size).len()), [1, 2, 1, 2, 1]);
}

#[test]
fn a_history_is_restored_from_its_bodies() {
    let mut author = Author::new(1);
    author.publish(3);
    author.rotate_log();
    author.rotate_identity();
    let after = author.continued();
    for history in [author.own.history(), after.own.history()] {
        let bodies = history.descriptors().map(|held| (held.index(), held.bytes()));
        let restored = KeyHistory::restore(history.earlier(), history.log().epoch, bodies).unwrap();
        assert_eq!(&restored, history);
    }
    let swapped = author.own.history().descriptors().map(|held| (held.index(), held.bytes()));
    let mut swapped: Vec<_> = swapped.collect();
    swapped.swap(1, 2);
    assert!(KeyHistory::restore(None, 1, swapped).is_err());
    assert!(KeyHistory::restore(None, 1, []).is_err());
}

#[test]
fn a_new_epoch_goes_on_under_the_same_identity_and_domain() {
    let mut author = Author::new(1);
    author.publish(2);
    let after = author.continued();
    assert_eq!(after.own.history().origin().to_string(), format!("p1.example/log/{}/2", author.id().partner));
    assert_ne!(after.keys.log, author.keys.log);
    let body = after.bodies[0].as_ref().unwrap();
    assert!(KeyHistory::continued(Author::new(2).own.history(), 2, body).is_err());
    assert!(KeyHistory::continued(author.own.history(), 3, body).is_err());
    assert!(KeyHistory::continued(author.own.history(), 1, body).is_err());
    assert!(KeyHistory::first(body).is_err());
    // After a rotation the old identity continues nothing.
    author.rotate_identity();
    assert_eq!(KeyHistory::continued(author.own.history(), 2, body).unwrap_err().code, Code::IdentityNext);
}

#[test]
fn one_key_has_one_role() {
    let author = Author::new(1);
    let keys = &author.keys;
    for bad in [
        Keys { witness: keys.mirror, ..keys.clone() },
        Keys { credential: keys.identity.ed25519, ..keys.clone() },
        Keys { log: keys.identity.clone(), ..keys.clone() },
        Keys { mirror: keys.log.ed25519, ..keys.clone() },
        Keys { next_identity: keys.identity.next_digest(), ..keys.clone() },
        Keys { sealing: vec![3; 1215], ..keys.clone() },
    ] {
        assert_eq!(Keys::from_wire(&bad.to_wire()).unwrap_err().code, Code::IdentityKeys);
    }
    let mut wire = keys.to_wire();
    wire.tls = vec![vec![1; 31]];
    assert_eq!(Keys::from_wire(&wire).unwrap_err().code, Code::IdentityKeys);
    wire = keys.to_wire();
    wire.witness = vec![0; 32];
    assert_eq!(Keys::from_wire(&wire).unwrap_err().code, Code::KeyWeak);
}

#[test]
fn nothing_is_signed_that_others_would_refuse() {
    let mut author = Author::new(1);
    let thief = pair(&mut author.rng);
    let keys = author.keys.clone();
    let value = descriptor("p1.example", &keys);
    let first = envelope(&mut author.rng, None);
    assert!(sign_first(&first, &value, &thief, &mut author.rng).is_err());
    let history = author.own.history().clone();
    let next = envelope(&mut author.rng, Some(&history));
    assert!(sign_next(&history, &next, &value, &thief, &mut author.rng).is_err());
    let bad = descriptor("P1.example", &keys);
    let signer = author.identity.clone();
    assert!(sign_first(&first, &bad, &signer, &mut author.rng).is_err());
    assert_eq!(first.issued_at, NOW);
}

mod response {
    use crate::{
        error::Code,
        id::{LogId, PartnerId},
        identity::{fixture::Author, verify_keys_response},
        wire::exchange::v1::KeysResponse,
    };

    fn author() -> Author {
        let mut author = Author::new(1);
        author.publish(5);
        author.rotate_log();
        author.publish(300);
        author.rotate_identity();
        author.rotate_log();
        author.publish(7);
        author
    }

    #[test]
    fn a_newcomer_who_knows_the_id_learns_all_keys() {
        let author = author();
        let history = verify_keys_response(None, &author.id(), &author.keys_response(0)).unwrap();
        assert_eq!(history.descriptors().count(), 4);
        assert_eq!(history.keys_at(u64::MAX), Some(&author.keys));
        assert_eq!(history.complete_to(), author.size());
    }

    #[test]
    fn later_answers_add_to_what_is_known() {
        let mut author = author();
        let history = verify_keys_response(None, &author.id(), &author.keys_response(0)).unwrap();
        author.publish(1);
        author.rotate_log();
        let from = history.complete_to();
        let newer = verify_keys_response(Some(&history), &author.id(), &author.keys_response(from)).unwrap();
        assert_eq!(newer.descriptors().count(), 5);
        let again = verify_keys_response(Some(&newer), &author.id(), &author.keys_response(0)).unwrap();
        assert_eq!(again, newer);
    }

    #[test]
    fn the_next_epoch_needs_the_epoch_before() {
        let mut author = author();
        let mut after = author.continued();
        after.publish(2);
        let response = after.keys_response(0);
        let before = author.own.history();
        let history = verify_keys_response(Some(before), &after.id(), &response).unwrap();
        assert_eq!(history.log().epoch, 2);
        let code = |history| verify_keys_response(history, &after.id(), &response).unwrap_err().code;
        assert_eq!(code(None), Code::IdentityFirst);
    }

    type Change = fn(&mut KeysResponse);

    #[test]
    fn t01_any_change_to_an_answer_is_refused() {
        let author = author();
        let good = author.keys_response(0);
        let changes: &[(&str, Change)] = &[
            ("another first body", |answer| answer.descriptors[0].body[40] ^= 1),
            ("no first body", |answer| _ = answer.descriptors.remove(0)),
            ("a descriptor left out", |answer| _ = answer.descriptors.remove(1)),
            ("the last descriptor left out", |answer| _ = answer.descriptors.pop()),
            ("two descriptors swapped", |answer| answer.descriptors.swap(1, 2)),
            ("a descriptor twice", |answer| answer.descriptors.push(answer.descriptors[3].clone())),
            ("another index", |answer| answer.descriptors[1].index += 1),
            ("a proof's hash changed", |answer| answer.descriptors[2].inclusion[3][0] ^= 1),
            ("a proof's hash left out", |answer| _ = answer.descriptors[2].inclusion.pop()),
            ("a hash of another length", |answer| _ = answer.descriptors[2].inclusion[0].pop()),
            ("no group end", |answer| answer.group_ends.clear()),
            ("a group end left out", |answer| _ = answer.group_ends.remove(0)),
            ("a group end's proof changed", |answer| answer.group_ends[0].consistency[0][0] ^= 1),
            ("an older checkpoint", |answer| answer.checkpoint = answer.group_ends[1].checkpoint.clone()),
            ("a checkpoint that ends no group", |answer| {
                answer.group_ends[0].checkpoint = answer.checkpoint.clone();
            }),
            ("more to come", |answer| answer.next = 4),
            ("no checkpoint", |answer| answer.checkpoint.clear()),
        ];
        for (name, change) in changes {
            let mut answer = good.clone();
            change(&mut answer);
            assert!(verify_keys_response(None, &author.id(), &answer).is_err(), "{name}");
        }
        let other = LogId::new(PartnerId::from([1; 32]), 1);
        assert_eq!(verify_keys_response(None, &other, &good).unwrap_err().code, Code::IdentityPartner);
    }

    #[test]
    fn t11_a_checkpoint_by_a_revoked_key_is_refused() {
        let mut author = Author::new(1);
        author.publish(2);
        let old = author.rotate_log();
        author.publish(1);
        let mut answer = author.keys_response(0);
        answer.checkpoint = author.sign_note(author.size(), author.tree.root(), &old);
        let refusal = verify_keys_response(None, &author.id(), &answer).unwrap_err();
        assert_eq!(refusal.code, Code::CheckpointUnsigned);
    }

    #[test]
    fn t13_a_group_end_needs_both_keys() {
        let mut author = Author::new(1);
        author.publish(2);
        let old = author.rotate_log();
        author.publish(1);
        let end = author.group_ends[0].clone();
        for keys in [&old, &author.log.clone()] {
            let mut answer = author.keys_response(0);
            answer.group_ends[0].checkpoint = author.sign_note(end.size(), *end.root(), keys);
            let refusal = verify_keys_response(None, &author.id(), &answer).unwrap_err();
            assert_eq!(refusal.code, Code::CheckpointUnsigned);
        }
    }
}
