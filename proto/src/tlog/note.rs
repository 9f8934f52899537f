//! Signed notes and verifier keys.
//! [C2SP signed-note](https://c2sp.org/signed-note): a text, a blank line, then lines
//! `— <key name> base64(key id ‖ signature)`; a key is written
//! `<key name>+<key id>+base64(type ‖ public key)`. Parsing is strict: what is read
//! prints back the same.

use std::{fmt, str::FromStr};

use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

use crate::{
    error::{Code, Refusal},
    identity::keys::{Ed25519Public, MlDsaPublic},
};

/// The largest note that is read.
pub const MAX_BYTES: usize = 64 * 1024;
/// The most signature lines that are read.
pub const MAX_LINES: usize = 64;

/// A text and who signed it. Nothing is verified yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedNote {
    text: String,
    signatures: Vec<Signature>,
}

/// One signature line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Name of the key that is said to have signed.
    pub name: String,
    /// First four bytes of a hash over name, type and key.
    pub key_id: u32,
    /// What follows the key id: form by the key's type.
    pub bytes: Vec<u8>,
}

impl SignedNote {
    /// A note from its parts; the text ends with a newline.
    pub fn new(text: String, signatures: Vec<Signature>) -> Result<Self, Refusal> {
        let note = Self { text, signatures };
        Self::parse(&note.encode())
    }

    /// Reads a note.
    pub fn parse(note: &str) -> Result<Self, Refusal> {
        let malformed = || Refusal::new(Code::NoteMalformed);
        if note.len() > MAX_BYTES {
            return Err(Refusal::new(Code::NoteTooLarge).with("limit", MAX_BYTES));
        }
        if note.bytes().any(|byte| byte < 0x20 && byte != b'\n') || !note.ends_with('\n') {
            return Err(malformed());
        }
        let blank = note.rfind("\n\n").ok_or_else(malformed)?;
        let (text, lines) = (note.get(..=blank), note.get(blank + 2..));
        let (text, lines) = text.zip(lines).ok_or_else(malformed)?;
        if lines.is_empty() || text == "\n" {
            return Err(malformed());
        }
        if lines.lines().count() > MAX_LINES {
            return Err(Refusal::new(Code::NoteTooLarge).with("lines", MAX_LINES));
        }
        let signatures = lines.lines().map(Signature::parse).collect::<Result<_, _>>()?;
        Ok(Self { text: text.to_owned(), signatures })
    }

    /// The signed text, with its last newline.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signature lines in their order.
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// The lines that say they are by this key.
    pub fn lines_by(&self, key: &VerifierKey) -> impl Iterator<Item = &Signature> {
        self.signatures.iter().filter(|line| line.is_by(key))
    }

    /// The same text with other lines.
    pub fn with_signatures(&self, signatures: Vec<Signature>) -> Result<Self, Refusal> {
        Self::new(self.text.clone(), signatures)
    }

    /// The whole note.
    pub fn encode(&self) -> String {
        let mut note = format!("{}\n", self.text);
        for line in &self.signatures {
            note.push_str(&line.encode());
        }
        note
    }
}

impl Signature {
    /// A line by this key.
    pub fn by(key: &VerifierKey, bytes: Vec<u8>) -> Self {
        Self { name: key.name.clone(), key_id: key.id, bytes }
    }

    /// Whether the line says that it is by this key.
    pub fn is_by(&self, key: &VerifierKey) -> bool {
        self.name == key.name && self.key_id == key.id
    }

    /// Reads one line without its newline.
    pub fn parse(line: &str) -> Result<Self, Refusal> {
        let malformed = || Refusal::new(Code::NoteMalformed).at("signature");
        let (name, base64) =
            line.strip_prefix("— ").and_then(|line| line.split_once(' ')).ok_or_else(malformed)?;
        let bytes = STANDARD.decode(base64).map_err(|_| malformed())?;
        let (key_id, signature) = bytes.split_first_chunk::<4>().ok_or_else(malformed)?;
        if !is_name(name) || signature.is_empty() {
            return Err(malformed());
        }
        Ok(Self { name: name.to_owned(), key_id: u32::from_be_bytes(*key_id), bytes: signature.to_vec() })
    }

    /// The line with its newline.
    pub fn encode(&self) -> String {
        let bytes = [self.key_id.to_be_bytes().as_slice(), &self.bytes].concat();
        format!("— {} {}\n", self.name, STANDARD.encode(bytes))
    }
}

/// The public key of a line, by its signature type.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyMaterial {
    /// 0x01: signs the note's text.
    Note(Ed25519Public),
    /// 0x04: a cosigner's Ed25519 key, with time.
    Cosigner(Ed25519Public),
    /// 0x06: an ML-DSA-44 key of a log or cosigner, with time.
    MlDsa44(MlDsaPublic),
}

impl KeyMaterial {
    /// The signature type identifier byte.
    pub fn number(&self) -> u8 {
        match self {
            Self::Note(_) => 0x01,
            Self::Cosigner(_) => 0x04,
            Self::MlDsa44(_) => 0x06,
        }
    }

    /// The public key's bytes, without the type.
    pub fn key(&self) -> &[u8] {
        match self {
            Self::Note(key) | Self::Cosigner(key) => key.as_bytes(),
            Self::MlDsa44(key) => key.as_bytes(),
        }
    }
}

/// A verifier key: who signs, and with what.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VerifierKey {
    name: String,
    id: u32,
    material: KeyMaterial,
}

impl VerifierKey {
    /// A key under a name.
    pub fn new(name: impl Into<String>, material: KeyMaterial) -> Result<Self, Refusal> {
        let name = name.into();
        if !is_name(&name) {
            return Err(Refusal::new(Code::NoteKey).at("name"));
        }
        let mut hash = Sha256::new();
        hash.update(name.as_bytes());
        hash.update([b'\n', material.number()]);
        hash.update(material.key());
        let id = u32::from_be_bytes(hash.finalize().as_chunks::<4>().0[0]);
        Ok(Self { name, id, material })
    }

    /// The key name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key id.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Type and public key.
    pub fn material(&self) -> &KeyMaterial {
        &self.material
    }
}

impl fmt::Display for VerifierKey {
    /// `example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let material = [&[self.material.number()], self.material.key()].concat();
        write!(f, "{}+{:08x}+{}", self.name, self.id, STANDARD.encode(material))
    }
}

impl FromStr for VerifierKey {
    type Err = Refusal;

    fn from_str(vkey: &str) -> Result<Self, Refusal> {
        let malformed = || Refusal::new(Code::NoteKey);
        let (name, rest) = vkey.split_once('+').ok_or_else(malformed)?;
        let (_, base64) = rest.split_once('+').ok_or_else(malformed)?;
        let bytes = STANDARD.decode(base64).map_err(|_| malformed())?;
        let (kind, key) = bytes.split_first().ok_or_else(malformed)?;
        let material = match kind {
            0x01 => KeyMaterial::Note(Ed25519Public::parse(key)?),
            0x04 => KeyMaterial::Cosigner(Ed25519Public::parse(key)?),
            0x06 => KeyMaterial::MlDsa44(MlDsaPublic::parse(key)?),
            _ => return Err(malformed().with("type", kind)),
        };
        let key = Self::new(name, material)?;
        if key.to_string() == vkey { Ok(key) } else { Err(malformed().at("id")) }
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|char| char.is_whitespace() || char.is_control() || char == '+')
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    const NOTE: &str = "This is an example message.\n\n— example.com/foo \
        Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

    #[test]
    fn the_example_of_the_specification_verifies() {
        let key: VerifierKey = KEY.parse().unwrap();
        let note = SignedNote::parse(NOTE).unwrap();
        assert_eq!((key.to_string(), note.encode()), (KEY.to_owned(), NOTE.to_owned()));
        let line = note.lines_by(&key).next().unwrap();
        let KeyMaterial::Note(public) = key.material() else { panic!() };
        assert_eq!(public.verify(note.text().as_bytes(), &line.bytes), Ok(()));
    }

    #[test]
    fn notes_of_another_form_are_refused() {
        let line = NOTE.split_once("\n\n").unwrap().1;
        let twice = format!("a\n\n{line}\n{line}");
        let mut other = NOTE.replace("example.com/foo U", "example.com/foo  U");
        other.push('\n');
        for note in [
            "",
            "\n",
            "\n\n",
            "a\n\n",
            "a\n",
            &NOTE[..NOTE.len() - 1],
            &NOTE.replace("\n\n", "\n"),
            &NOTE.replace('—', "-"),
            &NOTE.replace("aQM=", "aQN="),
            &NOTE.replace("aQM=", "aQM"),
            &NOTE.replace("is an", "is\tan"),
            &NOTE.replace("is an", "is\ran"),
            &format!("{NOTE}\n"),
            &NOTE.replace("com/foo", "com+foo"),
            &NOTE.replace("com/foo", "com\u{a0}foo"),
            &other,
            "a\n\n— x AAAAAA==\n",
            "a\n\n—  AAAAAAA=\n",
            &format!("\n{line}"),
            &format!("\n\n{line}"),
        ] {
            assert!(SignedNote::parse(note).is_err(), "{note:?}");
        }
        // The text may hold blank lines: the last one ends it.
        assert_eq!(SignedNote::parse(&twice).unwrap().signatures().len(), 1);
    }

    #[test]
    fn too_many_lines_or_bytes_are_refused() {
        let line = NOTE.split_once("\n\n").unwrap().1;
        let note = |lines: usize| format!("a\n\n{}", line.repeat(lines));
        assert!(SignedNote::parse(&note(MAX_LINES)).is_ok());
        assert_eq!(SignedNote::parse(&note(MAX_LINES + 1)).unwrap_err().code, Code::NoteTooLarge);
        let long = format!("{}\n\n{line}", "a".repeat(MAX_BYTES));
        assert_eq!(SignedNote::parse(&long).unwrap_err().code, Code::NoteTooLarge);
    }

    #[test]
    fn keys_that_do_not_print_back_are_refused() {
        for key in [
            "",
            "a",
            "a+b",
            &KEY.replace("530d", "530e"),
            &KEY.replace("530d903a", "530D903A"),
            &KEY.replace('e', "f"),
            &KEY.replace("+Ae", "+Ce"),
            &format!("{KEY}="),
            &KEY.replace("example.com/foo", ""),
            &KEY.replace("com/foo", "com foo"),
            &KEY.replacen("+530d903a", "+0530d903a", 1),
        ] {
            assert!(key.parse::<VerifierKey>().is_err(), "{key}");
        }
    }
}
