use super::*;
use crate::identity::keys::SigningPair;

#[test]
fn t11_a_longer_log_by_a_revoked_key_is_refused_everywhere() {
    let mut author = Author::new(1);
    author.publish(5);
    let before = author.clone();
    let mut early = follower(&author);
    catch_up(&mut early, &before);
    let old = author.rotate_log();
    author.publish(10);
    // Signed by the old key: as a target for one who knows of the change and for one
    // who doesn't yet, and as a tail.
    let note = author.sign_note(author.size(), author.tree.root(), &old);
    let mut known = follower(&author);
    let target = |from| wire::Target { checkpoint: note.clone(), ..author.target(from) };
    let fault = refused(&known, |follower| follower.target(&target(0)));
    assert_eq!(fault.code(), Code::CheckpointUnsigned);
    early.target(&target(6)).unwrap();
    let fault = refused(&early, |follower| take(follower, &author, 6, 17));
    assert_eq!(fault.code(), Code::CheckpointUnsigned);
    let mut tail = author.tail(6);
    tail.checkpoint = note;
    let mut early = follower(&before);
    catch_up(&mut early, &before);
    assert_eq!(refused(&early, |follower| follower.tail(&tail)), FollowFault::NeedsKeys);
    // The older records still verify.
    catch_up(&mut known, &author);
}

#[test]
fn t12_a_descriptor_by_a_thief_is_kept_and_changes_nothing() {
    let mut author = Author::new(1);
    let mut stolen = Author::new(2);
    stolen.own = author.own.clone();
    let keys = stolen.keys.clone();
    let value = crate::identity::fixture::descriptor("p1.example", &keys);
    let statement = crate::wire::record::v1::Statement {
        kind: crate::kinds::partner_descriptor::KIND.into(),
        subject: vec![1, 2, 3, 4, 5, 6, 0x70, 8, 0x80, 10, 11, 12, 13, 14, 15, 16],
        revision: 1,
        payload: crate::record::canonical::encode(&value, "PartnerDescriptor").unwrap(),
        ..Default::default()
    };
    let signatures =
        crate::wire::record::v1::IdentitySignatures { ed25519: vec![1; 64], mldsa44: vec![1; 2420] };
    let partner = Some(author.id().partner);
    let body = crate::record::body::encode_public([1; 32], partner, 1, &statement, Some(signatures)).unwrap();
    author.force(body.leaf().encode().to_vec(), Some(body.bytes));
    author.publish(2);
    let mut follower = follower(&author);
    let taken = catch_up(&mut follower, &author);
    let code = taken[0].entries()[1].verdict().unwrap().unwrap_err().code;
    assert_eq!(code, Code::IdentityNext);
    assert_eq!(follower.history.descriptors().count(), 1);
}

#[test]
fn t13_keys_change_in_the_middle_of_following() {
    let mut author = Author::new(1);
    author.publish(100);
    let mut live = follower(&author);
    catch_up(&mut live, &author);
    let late = live.clone();
    for _ in 0..3 {
        author.publish(3);
        live.tail(&author.tail(live.size())).unwrap();
        author.rotate_log();
        live.tail(&author.tail(live.size())).unwrap();
        author.rotate_identity();
        live.tail(&author.tail(live.size())).unwrap();
    }
    author.publish(200);
    live.tail(&author.tail(live.size())).unwrap();
    assert_eq!(live.history.descriptors().count(), 7);
    // Who was away asks for the keys, and ends at the same state.
    let mut late = late;
    let fault = refused(&late, |follower| follower.target(&author.target(101)));
    assert_eq!(fault, FollowFault::NeedsKeys);
    let keys = verify_keys_response(Some(&late.history), &author.id(), &author.keys_response(101)).unwrap();
    late.update_keys(keys).unwrap();
    let taken = catch_up(&mut late, &author);
    assert_eq!(late.frontier, live.frontier);
    assert_eq!(taken.iter().map(|range| range.entries().len()).sum::<usize>(), 215);
    assert_eq!(late.history.newest(), live.history.newest());
}

#[test]
fn t13_a_group_end_signed_by_one_key_only_is_refused() {
    let mut author = Author::new(1);
    author.publish(3);
    let mut follower = follower(&author);
    catch_up(&mut follower, &author);
    let old = author.rotate_log();
    let new: SigningPair = author.log.clone();
    for keys in [&old, &new] {
        let mut tail = author.tail(4);
        tail.checkpoint = author.sign_note(5, author.tree.root(), keys);
        let fault = refused(&follower, |follower| follower.tail(&tail));
        assert_eq!(fault.code(), Code::CheckpointUnsigned);
    }
    follower.tail(&author.tail(4)).unwrap();
}
