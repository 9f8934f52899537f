//! A partner with its log and all its bodies: answers as an honest node does. For the
//! tests here and, by its path, for `examples/vectors`.

use std::convert::Infallible;

use rand::{Rng, TryCryptoRng, TryRng};
use sha2::{Digest, Sha256};

use volbridge_proto::{
    id::{LogId, SubjectId, record_id},
    identity::{
        descriptor::{Envelope, sign_continuation, sign_first, sign_next},
        keys::{Ed25519Secret, SigningPair},
        rotation::{KeyHistory, Keys},
    },
    record::{EncodedBody, body::encode_public},
    time::Timestamp,
    tlog::{
        checkpoint::VerifiedCheckpoint,
        entry::{Class, Hash, Leaf, leaf_hash},
        own::{OwnLog, add_mldsa44},
        proof,
        proven::ProvenRange,
        tree::MemoryTree,
    },
    wire::{exchange::v1 as exchange, record::v1 as record},
};

pub const NOW: Timestamp = Timestamp::from_millis(1_795_507_200_000);

/// SHA-256 over a seed and a counter: the same numbers for ever.
#[derive(Clone)]
pub struct TestRng(pub u64, pub u64);

impl TryRng for TestRng {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_be_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_be_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(32) {
            let block = Sha256::digest([self.0.to_be_bytes(), self.1.to_be_bytes()].concat());
            chunk.copy_from_slice(&block[..chunk.len()]);
            self.1 += 1;
        }
        Ok(())
    }
}

impl TryCryptoRng for TestRng {}

#[derive(Clone)]
pub struct Author {
    pub rng: TestRng,
    pub identity: SigningPair,
    pub next: SigningPair,
    pub log: SigningPair,
    pub witness: Ed25519Secret,
    pub mirror: Ed25519Secret,
    pub keys: Keys,
    pub own: OwnLog,
    pub tree: MemoryTree,
    pub leaves: Vec<Vec<u8>>,
    pub bodies: Vec<Option<Vec<u8>>>,
    pub checkpoint: VerifiedCheckpoint,
    /// Checkpoints just after changes of the log keys.
    pub group_ends: Vec<VerifiedCheckpoint>,
}

pub fn pair(rng: &mut TestRng) -> SigningPair {
    SigningPair::from_seeds(&bytes(rng), &bytes(rng))
}

fn bytes<const N: usize>(rng: &mut TestRng) -> [u8; N] {
    let mut bytes = [0; N];
    rng.fill_bytes(&mut bytes);
    bytes
}

fn secret(rng: &mut TestRng) -> Ed25519Secret {
    Ed25519Secret::from_seed(&bytes(rng))
}

pub fn envelope(rng: &mut TestRng, history: Option<&KeyHistory>) -> Envelope {
    let newest = history.map(KeyHistory::newest);
    Envelope {
        salt: bytes(rng),
        subject: SubjectId::v7(NOW.as_millis(), [7; 10]),
        revision: history.map_or(1, |history| history.descriptors().count() as u64 + 1),
        previous: newest.map(|newest| newest.id()),
        issued_at: NOW,
    }
}

pub fn descriptor(domain: &str, keys: &Keys) -> record::PartnerDescriptor {
    record::PartnerDescriptor {
        names: vec![record::LocalText { language: "en".into(), text: "Volunteers".into() }],
        kind: "federation".into(),
        country: "CN".into(),
        domain: domain.into(),
        keys: Some(keys.to_wire()),
    }
}

impl Author {
    pub fn new(seed: u64) -> Self {
        let mut rng = TestRng(seed, 0);
        let [identity, next, log] = [(); 3].map(|()| pair(&mut rng));
        let [witness, mirror, credential] = [(); 3].map(|()| secret(&mut rng));
        let keys = Keys {
            identity: identity.public(),
            next_identity: next.public().next_digest(),
            log: log.public(),
            witness: witness.public(),
            mirror: mirror.public(),
            sealing: vec![3; 1216],
            tls: vec![bytes(&mut rng)],
            credential: credential.public(),
        };
        let domain = format!("p{seed}.example");
        let envelope = envelope(&mut rng, None);
        let first = sign_first(&envelope, &descriptor(&domain, &keys), &identity, &mut rng).unwrap();
        let (own, range) = OwnLog::create(first, &log).unwrap();
        let checkpoint = range.checkpoint().unwrap().clone();
        let mut author = Self {
            rng,
            identity,
            next,
            log,
            witness,
            mirror,
            keys,
            own,
            checkpoint,
            tree: MemoryTree::new(),
            leaves: Vec::new(),
            bodies: Vec::new(),
            group_ends: Vec::new(),
        };
        author.keep(range);
        author
    }

    fn keep(&mut self, range: ProvenRange) {
        self.checkpoint = range.checkpoint().unwrap().clone();
        for entry in range.into_entries() {
            let (_, leaf, _, body, _) = entry.into_parts();
            self.tree.push(leaf_hash(&leaf));
            self.leaves.push(leaf);
            self.bodies.push(body);
        }
    }

    pub fn id(&self) -> LogId {
        self.own.history().log()
    }

    pub fn size(&self) -> u64 {
        self.own.size()
    }

    /// A record of a kind that nobody knows.
    pub fn record(&mut self, text: &str) -> EncodedBody {
        let statement = record::Statement {
            kind: "example.note.v1".into(),
            subject: SubjectId::v7(NOW.as_millis(), bytes(&mut self.rng)).to_vec(),
            revision: 1,
            payload: text.as_bytes().to_vec(),
            ..Default::default()
        };
        encode_public(bytes(&mut self.rng), Some(self.id().partner), self.id().epoch, &statement, None)
            .unwrap()
    }

    pub fn publish(&mut self, count: u64) {
        if count > 0 {
            let bodies = (0..count).map(|number| self.record(&number.to_string())).collect();
            let range = self.own.append(bodies, &[&self.log]).unwrap();
            self.keep(range);
        }
    }

    /// Signs a descriptor with changed keys by the right pair.
    pub fn next_descriptor(&mut self, keys: &Keys, signer: &SigningPair) -> EncodedBody {
        let envelope = envelope(&mut self.rng, Some(self.own.history()));
        let value = descriptor(&self.own.history().origin().domain.clone(), keys);
        sign_next(self.own.history(), &envelope, &value, signer, &mut self.rng).unwrap()
    }

    /// Changes the log keys; returns the old ones.
    pub fn rotate_log(&mut self) -> SigningPair {
        let new = pair(&mut self.rng);
        self.keys.log = new.public();
        let (keys, signer) = (self.keys.clone(), self.identity.clone());
        let body = self.next_descriptor(&keys, &signer);
        let range = self.own.append(vec![body], &[&self.log, &new]).unwrap();
        self.keep(range);
        self.group_ends.push(self.checkpoint.clone());
        std::mem::replace(&mut self.log, new)
    }

    /// Changes the identity pair to the one that was committed to.
    pub fn rotate_identity(&mut self) {
        let next = pair(&mut self.rng);
        self.keys.identity = self.next.public();
        self.keys.next_identity = next.public().next_digest();
        let (keys, signer) = (self.keys.clone(), self.next.clone());
        let body = self.next_descriptor(&keys, &signer);
        let range = self.own.append(vec![body], &[&self.log]).unwrap();
        self.keep(range);
        self.identity = std::mem::replace(&mut self.next, next);
    }

    /// The log after a loss: the next epoch, under new log keys.
    pub fn continued(&mut self) -> Self {
        let mut after = self.clone();
        after.log = pair(&mut after.rng);
        after.keys.log = after.log.public();
        let continuation = record::Continuation {
            descriptor: Some(descriptor(&self.own.history().origin().domain, &after.keys)),
            last_size: self.size(),
            last_root: self.tree.root().to_vec(),
            highest_checkpoint: self.checkpoint.note().encode().into_bytes(),
        };
        let (history, epoch) = (self.own.history(), self.id().epoch + 1);
        let envelope = envelope(&mut after.rng, None);
        let body =
            sign_continuation(history, epoch, &envelope, &continuation, &self.identity, &mut after.rng)
                .unwrap();
        let (own, range) = OwnLog::create_epoch(history, epoch, body, &after.log).unwrap();
        (after.own, after.tree) = (own, MemoryTree::new());
        (after.leaves, after.bodies, after.group_ends) = (Vec::new(), Vec::new(), Vec::new());
        after.keep(range);
        after
    }

    /// Adds the ML-DSA-44 line to the newest checkpoint.
    pub fn sign_late(&mut self, at: Timestamp) {
        let history = self.own.history().clone();
        self.checkpoint = add_mldsa44(&history, &self.checkpoint, &[&self.log], at, &mut self.rng).unwrap();
    }

    pub fn note(&self) -> String {
        self.checkpoint.note().encode()
    }

    pub fn target(&self, from: u64) -> exchange::Target {
        exchange::Target {
            checkpoint: self.note(),
            consistency: vecs(proof::consistency(&self.tree, from, self.checkpoint.size()).unwrap()),
        }
    }

    pub fn range(&self, start: u64, end: u64) -> exchange::Range {
        let group = start - start % 256;
        let proof = proof::subtree(&self.tree, group, end, self.checkpoint.size()).unwrap();
        exchange::Range {
            start,
            leaves: self.leaves[start as usize..end as usize].to_vec(),
            proof: vecs(proof),
            bodies: self.bodies[start as usize..end as usize].iter().flatten().count() as u32,
            erased: Vec::new(),
        }
    }

    pub fn tail(&self, start: u64) -> exchange::Tail {
        let bodies = (start..self.size()).zip(&self.bodies[start as usize..]).filter_map(|(index, body)| {
            Some(exchange::IndexedBody { index, body: body.clone()?, ..Default::default() })
        });
        exchange::Tail {
            start,
            leaves: self.leaves[start as usize..].to_vec(),
            bodies: bodies.collect(),
            checkpoint: self.note(),
            erased: Vec::new(),
        }
    }

    pub fn keys_response(&self, from: u64) -> exchange::KeysResponse {
        let size = self.checkpoint.size();
        let held =
            self.own.history().descriptors().filter(|held| held.index() >= from && held.index() < size);
        let descriptors = held.map(|held| exchange::ProvenBody {
            index: held.index(),
            body: held.bytes().to_vec(),
            inclusion: vecs(proof::inclusion(&self.tree, held.index(), size).unwrap()),
        });
        let ends = self.group_ends.iter().filter(|end| end.size() > from);
        let group_ends = ends.map(|end| exchange::GroupEnd {
            checkpoint: end.note().encode(),
            consistency: vecs(proof::consistency(&self.tree, end.size(), size).unwrap()),
        });
        exchange::KeysResponse {
            checkpoint: self.note(),
            descriptors: descriptors.collect(),
            group_ends: group_ends.collect(),
            next: 0,
        }
    }

    /// A leaf of a class that version 1 doesn't know, and one of another length.
    pub fn publish_unsupported(&mut self) {
        let leaf = Leaf { class: Class::Named, id: record_id(b"sealed elsewhere") }.encode().to_vec();
        let (mut other, mut long) = (leaf.clone(), leaf.clone());
        other[1] = 1;
        long.push(9);
        for leaf in [leaf, other, long] {
            self.force(leaf, None);
        }
    }

    /// Puts a leaf into the log without asking whether it is one, and signs.
    pub fn force(&mut self, leaf: Vec<u8>, body: Option<Vec<u8>>) {
        let mut frontier = self.own.frontier().clone();
        frontier.push(leaf_hash(&leaf));
        self.tree.push(leaf_hash(&leaf));
        self.leaves.push(leaf);
        self.bodies.push(body);
        self.own = OwnLog::resume(self.own.history().clone(), frontier.clone()).unwrap();
        self.checkpoint = self.sign(frontier.size(), frontier.root(), &self.log.clone());
    }

    /// A checkpoint of any size and root, signed with any log keys.
    pub fn sign_note(&self, size: u64, root: Hash, keys: &SigningPair) -> String {
        use volbridge_proto::tlog::{checkpoint::Checkpoint, cosignature::sign_log, note::SignedNote};
        let checkpoint = Checkpoint { origin: self.own.history().origin().to_string(), size, root };
        let line = sign_log(&keys.ed25519, &checkpoint).unwrap();
        SignedNote::new(checkpoint.encode(), vec![line]).unwrap().encode()
    }

    pub fn sign(&self, size: u64, root: Hash, keys: &SigningPair) -> VerifiedCheckpoint {
        VerifiedCheckpoint::verify(&self.sign_note(size, root, keys), self.own.history()).unwrap()
    }
}

pub fn vecs(hashes: Vec<Hash>) -> Vec<Vec<u8>> {
    hashes.into_iter().map(|hash| hash.to_vec()).collect()
}
