use super::*;
use crate::{
    identity::{
        fixture::{Author, NOW},
        rotation::KeyHistory,
    },
    tlog::{
        cosignature::cosign_ed25519,
        note::Signature as Line,
        policy::{Policy, for_log},
        proof,
    },
};

/// Three partners; the first one's record 3 under a checkpoint that both others cosigned.
struct Proven {
    log: Author,
    others: [Author; 2],
    policy: String,
}

impl Proven {
    fn new() -> Self {
        let mut log = Author::new(1);
        log.publish(6);
        log.sign_late(NOW);
        let others = [Author::new(2), Author::new(3)];
        let histories: Vec<&KeyHistory> = others.iter().map(|author| author.own.history()).collect();
        let policy = for_log(log.own.history(), log.size(), &histories, 2).unwrap();
        Self { log, others, policy }
    }

    fn policy(&self) -> Policy {
        Policy::parse(self.policy.as_bytes()).unwrap()
    }

    fn note(&self) -> SignedNote {
        let note = self.log.checkpoint.note();
        let mut lines = note.signatures().to_vec();
        for author in &self.others {
            let origin = author.own.history().origin();
            for (name, key) in [(origin.witness(), &author.witness), (origin.mirror(), &author.mirror)] {
                lines.push(cosign_ed25519(&name, key, self.log.checkpoint.checkpoint(), NOW).unwrap());
            }
        }
        note.with_signatures(lines).unwrap()
    }

    fn proof(&self, index: u64) -> TlogProof {
        let hashes = proof::inclusion(&self.log.tree, index, self.log.size()).unwrap();
        let body = self.log.bodies[index as usize].clone().unwrap();
        TlogProof::build(body, index, hashes, &self.note(), &self.policy()).unwrap()
    }
}

#[test]
fn a_proof_file_verifies_and_prints_back() {
    let proven = Proven::new();
    for index in 0..proven.log.size() {
        let file = proven.proof(index).encode();
        let proof = TlogProof::parse(&file).unwrap();
        assert_eq!(proof.encode(), file);
        let record = proof.verify(&proven.policy()).unwrap();
        assert_eq!((record.log(), record.index()), (proven.log.id(), index));
        assert_eq!(record.signed_at(), Some(NOW));
        assert_eq!(record.body().id, record_id(proven.log.bodies[index as usize].as_ref().unwrap()));
        assert_eq!(record.witnesses().count(), 2);
    }
}

#[test]
fn the_file_holds_only_the_lines_that_the_verdict_needs() {
    let proven = Proven::new();
    let names: Vec<String> = proven.proof(3).note.signatures().iter().map(|line| line.name.clone()).collect();
    let origin = proven.log.own.history().origin().to_string();
    assert_eq!(names, [origin.as_str(), &origin, "p2.example/witness", "p3.example/witness"]);
}

#[test]
fn t01_a_flip_of_any_byte_of_a_proof_file_is_refused() {
    let proven = Proven::new();
    let policy = proven.policy();
    let file = proven.proof(3).encode().into_bytes();
    for place in 0..file.len() {
        let mut bad = file.clone();
        bad[place] ^= 1 << (place % 8);
        let verdict = std::str::from_utf8(&bad)
            .ok()
            .map(|bad| TlogProof::parse(bad).and_then(|proof| proof.verify(&policy)));
        assert!(!matches!(verdict, Some(Ok(_))), "{place}");
    }
    for cut in 0..file.len() {
        let cut = std::str::from_utf8(&file[..cut]).ok().map(TlogProof::parse);
        let verdict = cut.map(|proof| proof.and_then(|proof| proof.verify(&policy)));
        assert!(!matches!(verdict, Some(Ok(_))));
    }
}

#[test]
fn t01_a_body_at_another_index_or_in_another_log_is_refused() {
    let proven = Proven::new();
    let policy = proven.policy();
    let good = proven.proof(3);
    let other = proven.proof(4);
    let code = |proof: &TlogProof| proof.verify(&policy).unwrap_err().code;
    assert_eq!(code(&TlogProof { index: 4, ..good.clone() }), Code::ProofInclusion);
    assert_eq!(code(&TlogProof { extra: other.extra.clone(), ..good.clone() }), Code::ProofInclusion);
    assert_eq!(code(&TlogProof { hashes: other.hashes, ..good.clone() }), Code::ProofInclusion);
    assert_eq!(code(&TlogProof { extra: Vec::new(), ..good.clone() }), Code::ProofInclusion);
    // A foreign body that the log itself holds is in the log, but no record of it.
    let mut thief = Author::new(5);
    let body = good.extra.clone();
    let leaf = Leaf { class: Class::Public, id: record_id(&body) };
    thief.force(leaf.encode().to_vec(), Some(body.clone()));
    thief.sign_late(NOW);
    let text = for_log(thief.own.history(), thief.size(), &[], 0).unwrap();
    let policy = Policy::parse(text.as_bytes()).unwrap();
    let hashes = proof::inclusion(&thief.tree, 1, 2).unwrap();
    let refusal = TlogProof::build(body, 1, hashes, thief.checkpoint.note(), &policy).unwrap_err();
    assert_eq!(refusal.code, Code::ProofRecord);
}

#[test]
fn a_quorum_that_is_not_reached_gives_no_file() {
    let proven = Proven::new();
    let hashes = proof::inclusion(&proven.log.tree, 3, proven.log.size()).unwrap();
    let body = proven.log.bodies[3].clone().unwrap();
    let note = proven.note();
    let lines: Vec<Line> = note.signatures()[..4].to_vec();
    let fewer = note.with_signatures(lines).unwrap();
    let refusal = TlogProof::build(body, 3, hashes, &fewer, &proven.policy()).unwrap_err();
    assert_eq!(refusal.code, Code::ProofQuorum);
}

#[test]
fn files_of_another_form_are_refused() {
    let file = Proven::new().proof(3).encode();
    let twice = file.replacen("index 3\n", "index 3\nindex 3\n", 1);
    for bad in [
        String::new(),
        file.replacen("@v1", "@v2", 1),
        file.replacen("extra ", "extra  ", 1),
        file.replacen("index 3", "index 03", 1),
        file.replacen("index 3", "index +3", 1),
        file.replacen("index 3\n", "", 1),
        file.replacen('\n', "\r\n", 1),
        format!("{file}\n"),
        file.replacen("\n\n", "\n", 1),
        file.replacen("extra ", "extra\n", 1),
        twice,
        format!("c2sp.org/tlog-proof@v1\nextra {}\n{}", "A".repeat(MAX_BYTES), &file),
    ] {
        assert!(TlogProof::parse(&bad).is_err(), "{}", &bad[..bad.len().min(200)]);
    }
    // An empty `extra` is left out, not written as nothing.
    let empty = format!(
        "c2sp.org/tlog-proof@v1\nextra \n{}",
        file.split_once('\n').unwrap().1.split_once('\n').unwrap().1
    );
    assert!(TlogProof::parse(&empty).is_err());
}
