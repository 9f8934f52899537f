use super::*;
use crate::{
    identity::{
        fixture::{NOW, TestRng, pair},
        keys::SigningPair,
    },
    tlog::tree::empty_root,
};

fn checkpoint() -> Checkpoint {
    Checkpoint { origin: "example.com/log".into(), size: 7, root: [5; 32] }
}

fn keys(seed: u64) -> SigningPair {
    pair(&mut TestRng(seed, 0))
}

fn witness(keys: &SigningPair) -> VerifierKey {
    VerifierKey::new("w.example/witness", KeyMaterial::Cosigner(keys.ed25519.public())).unwrap()
}

fn log_keys(keys: &SigningPair) -> [VerifierKey; 2] {
    [KeyMaterial::Note(keys.ed25519.public()), KeyMaterial::MlDsa44(keys.mldsa44.public())]
        .map(|material| VerifierKey::new("example.com/log", material).unwrap())
}

fn lines(keys: &SigningPair, at: Timestamp) -> [Signature; 3] {
    let checkpoint = checkpoint();
    [
        sign_log(&keys.ed25519, &checkpoint).unwrap(),
        cosign_mldsa44_deterministic("example.com/log", &keys.mldsa44, &checkpoint, at).unwrap(),
        cosign_ed25519("w.example/witness", &keys.ed25519, &checkpoint, at).unwrap(),
    ]
}

#[test]
fn the_example_of_the_specification_signs_this_message() {
    let text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
    let expected = format!("cosignature/v1\ntime 1679315147\n{text}");
    assert_eq!(ed25519_message(1_679_315_147, text), expected.into_bytes());
}

#[test]
fn the_structure_that_mldsa_signs_has_its_layout() {
    let message = mldsa44_message("w", 1, &checkpoint()).unwrap();
    let mut expected = b"subtree/v1\n\0\x01w\0\0\0\0\0\0\0\x01\x0fexample.com/log".to_vec();
    expected.extend([0; 8]);
    expected.extend(7_u64.to_be_bytes());
    expected.extend([5; 32]);
    assert_eq!(message, expected);
}

#[test]
fn lines_of_all_types_verify_with_their_times() {
    let keys = keys(1);
    let [note, late, cosigned] = lines(&keys, NOW);
    let text = checkpoint().encode();
    let [log, mldsa] = log_keys(&keys);
    assert_eq!(verify(&log, &text, &note), Ok(None));
    assert_eq!(verify(&mldsa, &text, &late), Ok(Some(NOW)));
    assert_eq!(verify(&witness(&keys), &text, &cosigned), Ok(Some(NOW)));
}

#[test]
fn time_zero_says_nothing_about_the_largest_tree() {
    let keys = keys(1);
    let [_, late, _] = lines(&keys, Timestamp::from_millis(999));
    assert_eq!(verify(&log_keys(&keys)[1], &checkpoint().encode(), &late), Ok(None));
    assert!(cosign_ed25519("w", &keys.ed25519, &checkpoint(), Timestamp::from_millis(-1000)).is_err());
}

#[test]
fn t01_a_line_of_one_role_is_never_one_of_another() {
    let keys = keys(1);
    let text = checkpoint().encode();
    let all = lines(&keys, NOW);
    let [log, mldsa] = log_keys(&keys);
    let verifiers = [log, mldsa, witness(&keys)];
    for (place, line) in all.iter().enumerate() {
        for (other, verifier) in verifiers.iter().enumerate() {
            assert_eq!(verify(verifier, &text, line).is_ok(), place == other);
            // Also when name and key id are forged to fit.
            let forged = Signature { bytes: line.bytes.clone(), ..Signature::by(verifier, Vec::new()) };
            assert_eq!(verify(verifier, &text, &forged).is_ok(), place == other);
        }
    }
}

#[test]
fn t01_a_line_is_bound_to_time_text_and_signer() {
    let keys = keys(1);
    let [_, mldsa] = log_keys(&keys);
    let text = checkpoint().encode();
    for line in &lines(&keys, NOW)[1..] {
        let verifier = if line.name == mldsa.name() { mldsa.clone() } else { witness(&keys) };
        for place in [0, 7, 8, 40, line.bytes.len() - 1] {
            let mut bad = line.clone();
            bad.bytes[place] ^= 1;
            assert!(verify(&verifier, &text, &bad).is_err(), "{place}");
        }
        let short = Signature { bytes: line.bytes[..7].to_vec(), ..line.clone() };
        assert_eq!(verify(&verifier, &text, &short).unwrap_err().code, Code::CosignatureMalformed);
        let other = Checkpoint { size: 8, ..checkpoint() }.encode();
        assert!(verify(&verifier, &other, line).is_err());
    }
    // ML-DSA-44 commits to the signer's name.
    let renamed = VerifierKey::new("other.example", mldsa.material().clone()).unwrap();
    let line = lines(&keys, NOW)[1].clone();
    let forged = Signature { bytes: line.bytes, ..Signature::by(&renamed, Vec::new()) };
    assert_eq!(verify(&renamed, &text, &forged).unwrap_err().code, Code::CosignatureInvalid);
}

#[test]
fn a_known_key_whose_line_does_not_verify_spoils_the_note() {
    let keys = keys(1);
    let [note, _, cosigned] = lines(&keys, NOW);
    let mut bad = cosigned.clone();
    bad.bytes[20] ^= 1;
    let signed = SignedNote::new(checkpoint().encode(), vec![note.clone(), bad]).unwrap();
    assert!(find(&signed, &witness(&keys)).is_err());
    assert!(find(&signed, &log_keys(&keys)[0]).unwrap().is_some());
    assert_eq!(find(&signed, &log_keys(&keys)[1]), Ok(None));
}

#[test]
fn merging_keeps_the_newest_good_line_of_each_key_in_order() {
    let keys = keys(1);
    let [log, mldsa] = log_keys(&keys);
    let order = [log, mldsa, witness(&keys)];
    let [note, early, cosigned] = lines(&keys, NOW);
    let [_, late, late_cosigned] = lines(&keys, NOW.plus(60_000));
    let mut bad = late_cosigned.clone();
    bad.bytes[20] ^= 1;
    let text = checkpoint().encode();
    let one = SignedNote::new(text.clone(), vec![bad, cosigned.clone(), note.clone(), early]).unwrap();
    let unknown = Signature { name: "who.example".into(), ..cosigned.clone() };
    let other = SignedNote::new(text, vec![unknown, late.clone(), note.clone()]).unwrap();
    let merged = merge_cosignatures(&one, &other, &order).unwrap();
    assert_eq!(merged.signatures(), [note, late, cosigned]);
    assert_eq!(merge_cosignatures(&other, &one, &order).unwrap(), merged);
    assert_eq!(merge_cosignatures(&merged, &merged, &order).unwrap(), merged);
}

#[test]
fn merging_serves_at_most_16_lines_and_never_two_checkpoints() {
    let text = checkpoint().encode();
    let mut all = Vec::new();
    let mut order = Vec::new();
    for seed in 0..20 {
        let keys = keys(seed);
        order.push(witness(&keys));
        all.push(lines(&keys, NOW)[2].clone());
    }
    let one = SignedNote::new(text, all.clone()).unwrap();
    assert_eq!(merge_cosignatures(&one, &one, &order).unwrap().signatures(), &all[..MAX_SERVED]);
    let empty = Checkpoint { size: 0, root: empty_root(), ..checkpoint() }.encode();
    let other = SignedNote::new(empty, all).unwrap();
    assert!(merge_cosignatures(&one, &other, &order).is_err());
}
