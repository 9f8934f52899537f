use super::*;
use crate::identity::fixture::{Author, NOW, pair};

#[test]
fn appending_signs_the_new_size_at_once_and_with_mldsa_later() {
    let mut author = Author::new(1);
    author.publish(3);
    let checkpoint = author.checkpoint.clone();
    assert_eq!((checkpoint.size(), *checkpoint.root()), (4, author.tree.root()));
    assert_eq!((checkpoint.signed_at(), checkpoint.note().signatures().len()), (None, 1));
    author.sign_late(NOW);
    assert_eq!((author.checkpoint.signed_at(), author.checkpoint.note().signatures().len()), (Some(NOW), 2));
    author.sign_late(NOW.plus(60_000));
    assert_eq!(author.checkpoint.note().signatures().len(), 2);
    assert_eq!(author.checkpoint.signed_at(), Some(NOW.plus(60_000)));
}

#[test]
fn t13_a_change_of_the_log_keys_ends_its_group_and_needs_both_pairs() {
    let mut author = Author::new(1);
    let new = pair(&mut author.rng);
    author.keys.log = new.public();
    let (keys, signer) = (author.keys.clone(), author.identity.clone());
    let body = author.next_descriptor(&keys, &signer);
    let record = author.record("after");
    let before = author.own.frontier().clone();
    let both: [&SigningPair; 2] = [&author.log.clone(), &new];
    let code = |own: &mut OwnLog, bodies, keys: &[&SigningPair]| own.append(bodies, keys).unwrap_err().code;
    assert_eq!(code(&mut author.own, vec![body.clone(), record], &both), Code::IdentityGroupEnd);
    assert_eq!(code(&mut author.own, vec![body.clone()], &both[..1]), Code::CheckpointUnsigned);
    assert_eq!(code(&mut author.own, vec![body.clone()], &both[1..]), Code::CheckpointUnsigned);
    assert_eq!(author.own.frontier(), &before);
    let range = author.own.append(vec![body], &both).unwrap();
    let checkpoint = range.checkpoint().unwrap();
    assert_eq!(checkpoint.note().signatures().len(), 2);
    let late = add_mldsa44(author.own.history(), checkpoint, &both, NOW, &mut author.rng).unwrap();
    assert_eq!((late.note().signatures().len(), late.signed_at()), (4, Some(NOW)));
}

#[test]
fn t02_nothing_enters_the_own_log_that_others_would_skip() {
    let mut author = Author::new(1);
    let mut other = Author::new(2);
    let foreign = other.record("foreign");
    let own = author.record("own");
    let before = author.own.frontier().clone();
    let log = author.log.clone();
    let refusal = author.own.append(vec![own.clone(), foreign], &[&log]).unwrap_err();
    assert_eq!((refusal.code, refusal.field.as_str()), (Code::RecordPartner, "bodies[1].partner"));
    let mut changed = own.clone();
    changed.bytes[20] ^= 1;
    assert_eq!(author.own.append(vec![changed], &[&log]).unwrap_err().code, Code::RecordId);
    assert!(author.own.append(Vec::new(), &[&log]).is_err());
    assert!(author.own.append(vec![own], &[&other.log]).is_err());
    assert_eq!(author.own.frontier(), &before);
}

#[test]
fn a_log_that_is_shorter_than_its_keys_is_not_resumed() {
    let mut author = Author::new(1);
    let short = author.own.frontier().clone();
    author.rotate_log();
    let history = author.own.history().clone();
    assert_eq!(OwnLog::resume(history.clone(), short).unwrap_err().code, Code::LogBehind);
    assert!(OwnLog::resume(history.clone(), Frontier::new()).is_err());
    let resumed = OwnLog::resume(history, author.own.frontier().clone()).unwrap();
    assert_eq!(resumed.size(), author.size());
}
