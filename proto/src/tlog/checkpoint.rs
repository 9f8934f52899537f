//! Checkpoints: the signed size and root of a log.
//! [C2SP tlog-checkpoint](https://c2sp.org/tlog-checkpoint); no extension lines.
//! Origin (protocol section 4): `<domain>/log/<hex partner id>/<epoch>`.
//! Parsing is strict: what is read prints back the same.

use std::{fmt, str::FromStr};

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{
    error::{Code, Refusal},
    id::LogId,
    identity::rotation::KeyHistory,
    time::Timestamp,
    tlog::{cosignature, entry::Hash, note::SignedNote, tree::empty_root},
};

/// The largest log: sizes are stored as 64-bit signed numbers.
pub const MAX_SIZE: u64 = i64::MAX as u64;

/// The longest domain in an origin.
pub const MAX_DOMAIN: usize = 128;

/// What a log says of itself at a moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Checkpoint {
    /// Which log.
    pub origin: String,
    /// The number of leaves.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

impl Checkpoint {
    /// Reads a note's text: exactly three lines.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let malformed = |field| Refusal::new(Code::CheckpointMalformed).at(field);
        let mut lines = text.split('\n');
        let mut line = |field| lines.next().ok_or_else(|| malformed(field));
        let (origin, size, root) = (line("origin")?, line("size")?, line("root")?);
        let size = size.parse().ok().filter(|size| *size <= MAX_SIZE).ok_or_else(|| malformed("size"))?;
        let root = STANDARD.decode(root).ok().and_then(|root| Hash::try_from(root).ok());
        let checkpoint =
            Self { origin: origin.to_owned(), size, root: root.ok_or_else(|| malformed("root"))? };
        let rooted = size > 0 || checkpoint.root == empty_root();
        if origin.is_empty() || origin.len() > 255 || !rooted || checkpoint.encode() != text {
            return Err(malformed(""));
        }
        Ok(checkpoint)
    }

    /// The note's text.
    pub fn encode(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root))
    }
}

/// The first line of a log's checkpoints.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    /// The domain in the partner's first descriptor.
    pub domain: String,
    /// Which log.
    pub log: LogId,
}

impl Origin {
    /// The origin of a log, if the domain can stand in one.
    pub fn new(domain: &str, log: LogId) -> Result<Self, Refusal> {
        if is_domain(domain) {
            Ok(Self { domain: domain.to_owned(), log })
        } else {
            Err(Refusal::new(Code::CheckpointOrigin).at("domain"))
        }
    }

    /// Name of the partner's witness key.
    pub fn witness(&self) -> String {
        format!("{}/witness", self.domain)
    }

    /// Name of the partner's mirror key.
    pub fn mirror(&self) -> String {
        format!("{}/mirror", self.domain)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/log/{}", self.domain, self.log)
    }
}

impl FromStr for Origin {
    type Err = Refusal;

    fn from_str(origin: &str) -> Result<Self, Refusal> {
        let (domain, log) = origin.split_once("/log/").ok_or_else(|| Refusal::new(Code::CheckpointOrigin))?;
        let log = log.parse().map_err(|_| Refusal::new(Code::CheckpointOrigin).at("log"))?;
        Self::new(domain, log)
    }
}

/// Lower-case ASCII labels of letters, digits and inner hyphens, at most 128 bytes.
pub fn is_domain(domain: &str) -> bool {
    let label = |label: &str| {
        let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        (1..=63).contains(&label.len())
            && label.bytes().all(inner)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    domain.len() <= MAX_DOMAIN && domain.split('.').all(label)
}

/// A checkpoint that is signed by the keys in force at its size. Only made by checking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedCheckpoint {
    log: LogId,
    checkpoint: Checkpoint,
    note: SignedNote,
    signed_at: Option<Timestamp>,
}

impl VerifiedCheckpoint {
    /// Checks a note: origin, the log's Ed25519 line by the key in force at that size
    /// (at d + 1 after a change of the log keys at d: by the old and the new one),
    /// and the ML-DSA-44 line if there is one.
    pub fn verify(note: &str, history: &KeyHistory) -> Result<Self, Refusal> {
        let note = SignedNote::parse(note)?;
        let checkpoint = Checkpoint::parse(note.text())?;
        if checkpoint.origin != history.origin().to_string() {
            return Err(Refusal::new(Code::CheckpointOrigin).with("origin", &checkpoint.origin));
        }
        let size = checkpoint.size;
        let unsigned = || Refusal::new(Code::CheckpointUnsigned).with("size", size);
        let signers = history.signers_at(size);
        if signers.is_empty() {
            return Err(unsigned());
        }
        let mut signed_at = None;
        for keys in signers {
            cosignature::find(&note, &keys.note)?.ok_or_else(unsigned)?;
            if let Some(line) = cosignature::find(&note, &keys.mldsa44)? {
                signed_at = signed_at.max(line.at);
            }
        }
        Ok(Self { log: history.log(), checkpoint, note, signed_at })
    }

    /// Which log.
    pub fn log(&self) -> LogId {
        self.log
    }

    /// The number of leaves.
    pub fn size(&self) -> u64 {
        self.checkpoint.size
    }

    /// The root over them.
    pub fn root(&self) -> &Hash {
        &self.checkpoint.root
    }

    /// Origin, size and root.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The note with all its lines, the log's and others'.
    pub fn note(&self) -> &SignedNote {
        &self.note
    }

    /// The time of the log's newest ML-DSA-44 line; none if it has none yet.
    pub fn signed_at(&self) -> Option<Timestamp> {
        self.signed_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

    #[test]
    fn the_example_of_the_specification_prints_back() {
        let checkpoint = Checkpoint::parse(TEXT).unwrap();
        assert_eq!((checkpoint.size, checkpoint.encode().as_str()), (20_852_163, TEXT));
    }

    #[test]
    fn checkpoints_that_do_not_print_back_are_refused() {
        let empty = Checkpoint { origin: "a".into(), size: 0, root: empty_root() }.encode();
        assert!(Checkpoint::parse(&empty).is_ok());
        for text in [
            "",
            "a\n",
            "a\n1\n",
            &TEXT[..TEXT.len() - 1],
            &format!("{TEXT}extension\n"),
            &format!("{TEXT}\n"),
            &TEXT.replace("20852163", "020852163"),
            &TEXT.replace("20852163", "+20852163"),
            &TEXT.replace("20852163", "-1"),
            &TEXT.replace("20852163", "9223372036854775808"),
            &TEXT.replace("20852163", "0"),
            &TEXT.replace("q2I=", "q2J="),
            &TEXT.replace("q2I=", "q2I"),
            &TEXT.replace("example.com/behind-the-sofa", ""),
            &TEXT.replace('\n', "\r\n"),
            &TEXT.replace("CsUY", "CsU"),
            &TEXT.replace("example", &"e".repeat(250)),
        ] {
            assert!(Checkpoint::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn an_origin_names_domain_partner_and_epoch_for_ever() {
        let text = format!("volunteers.example/log/{}/2", "ab".repeat(32));
        let origin: Origin = text.parse().unwrap();
        assert_eq!((origin.to_string(), origin.log.epoch), (text.clone(), 2));
        assert_eq!(origin.witness(), "volunteers.example/witness");
        for bad in [
            &text.replace("volunteers", "Volunteers"),
            &text.replace("volunteers.", "volunteers.."),
            &text.replace("/2", "/0"),
            &text.replace("/2", "/02"),
            &text.replace("/2", ""),
            &text.replace("ab", "AB"),
            &text.replace("volunteers", "-v"),
            &text.replace("volunteers", "志愿"),
            &text.replace("/log/", "/lob/"),
            &text.replace("volunteers", &"v.".repeat(64)),
            &format!("{text}/"),
        ] {
            assert!(bad.parse::<Origin>().is_err(), "{bad}");
        }
    }
}
