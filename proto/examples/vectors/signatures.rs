//! ed25519, mldsa44, note, vkey, checkpoint, cosignature.

use serde_json::json;
use sha2::{Digest, Sha256};
use volbridge_proto::{
    Code, Timestamp,
    identity::keys::{Ed25519Public, MlDsaSecret, SigningPair},
    tlog::{
        checkpoint::Checkpoint,
        cosignature::{cosign_ed25519, cosign_mldsa44_deterministic, sign_log},
        note::{KeyMaterial, Signature, SignedNote, VerifierKey},
        tree::empty_root,
    },
};

use crate::Vectors;

/// Some of C2SP/CCTV `ed25519/ed25519vectors.json`: number, flags, key, signature, message.
const CCTV: &[(u32, &str, &str, &str, &str)] = &[
    (
        7,
        "low_order_component_R, low_order_component_A",
        "10eb7c3acfb2bed3e0d6ab89bf5a3d6afddd1176ce4812e38d9fd485058fdb1f",
        "36684ea91032ba5b1dbab2d02f4debc74c3327f2b3802e2e4d371aa42b12b56bbbfd00bd9c259d8d222d15e67a3d8228585050dbb9b9585be20d8fadc721da03",
        "ed25519vectors",
    ),
    (
        50,
        "low_order_component_A",
        "10eb7c3acfb2bed3e0d6ab89bf5a3d6afddd1176ce4812e38d9fd485058fdb1f",
        "b62cf890de42c413b11b1411c9f01f1c4d77aa87ef182258d1251f69af2a350608f32d206a7c0b7efa9a59e66546e8f1f599ef843fb502c9cc3c4ae8b7c11e05",
        "ed25519vectors 5",
    ),
    (
        6,
        "low_order_component_R, low_order_component_A, low_order_residue",
        "10eb7c3acfb2bed3e0d6ab89bf5a3d6afddd1176ce4812e38d9fd485058fdb1f",
        "36684ea91032ba5b1dbab2d02f4debc74c3327f2b3802e2e4d371aa42b12b56bc02e2b9e63e385c058bf62b14b3a2b29ccefe8e38ddb536bc3f9865320a3d801",
        "ed25519vectors 10",
    ),
    (
        51,
        "low_order_component_A, low_order_residue",
        "10eb7c3acfb2bed3e0d6ab89bf5a3d6afddd1176ce4812e38d9fd485058fdb1f",
        "b62cf890de42c413b11b1411c9f01f1c4d77aa87ef182258d1251f69af2a3506030b03796b78f7afeadfccaedc9d09ce6d487d1ece1f16b1ae2b59b7e5c40603",
        "ed25519vectors 3",
    ),
    (
        267,
        "low_order_component_R, low_order_residue",
        "ef75b20e7540e3dff77404193652ba2bd13df99c1508eee1515e27ae25f28076",
        "36684ea91032ba5b1dbab2d02f4debc74c3327f2b3802e2e4d371aa42b12b56b2d471882773a677af1e3824e757a33f8ddf7bbeaf3d28a09595eb8daa0d74a03",
        "ed25519vectors 3",
    ),
    (
        46,
        "low_order_A, low_order_component_A",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "b62cf890de42c413b11b1411c9f01f1c4d77aa87ef182258d1251f69af2a350605ba9a796274d80437afa36f1236563f2f3b0aa84cecddc3d20914615ba4fe02",
        "ed25519vectors",
    ),
    (
        48,
        "low_order_R, low_order_component_A",
        "10eb7c3acfb2bed3e0d6ab89bf5a3d6afddd1176ce4812e38d9fd485058fdb1f",
        "0100000000000000000000000000000000000000000000000000000000000000edfd6f478b59eab2545cf8f3d48c6574d2b4e8abd948148da5c62479113b8d0f",
        "ed25519vectors 13",
    ),
    (
        3,
        "low_order_A, low_order_component_R, low_order_component_A",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "36684ea91032ba5b1dbab2d02f4debc74c3327f2b3802e2e4d371aa42b12b56b05ba9a796274d80437afa36f1236563f2f3b0aa84cecddc3d20914615ba4fe02",
        "ed25519vectors 3",
    ),
    (
        5,
        "low_order_R, low_order_component_R, low_order_component_A",
        "10eb7c3acfb2bed3e0d6ab89bf5a3d6afddd1176ce4812e38d9fd485058fdb1f",
        "00000000000000000000000000000000000000000000000000000000000000009472a69cd9a701a50d130ed52189e2455b23767db52cacb8716fb896ffeeac09",
        "ed25519vectors 3",
    ),
    (
        1,
        "low_order_R, low_order_A, low_order_component_R, low_order_component_A",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
        "ed25519vectors 11",
    ),
    (
        307,
        "low_order_A, non_canonical_A",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "b62cf890de42c413b11b1411c9f01f1c4d77aa87ef182258d1251f69af2a350605ba9a796274d80437afa36f1236563f2f3b0aa84cecddc3d20914615ba4fe02",
        "ed25519vectors 1",
    ),
    (
        316,
        "low_order_R, non_canonical_R",
        "ef75b20e7540e3dff77404193652ba2bd13df99c1508eee1515e27ae25f28076",
        "01000000000000000000000000000000000000000000000000000000000000802d32f9eeccaa31dba2ff4ab4e196b61e2ee1648073bbb5f599dcff4f7ea02900",
        "ed25519vectors 5",
    ),
    (
        324,
        "low_order_R, low_order_A, non_canonical_A, non_canonical_R",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "01000000000000000000000000000000000000000000000000000000000000800000000000000000000000000000000000000000000000000000000000000000",
        "ed25519vectors",
    ),
    (
        308,
        "low_order_A, non_canonical_A, reencoded_k",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "b62cf890de42c413b11b1411c9f01f1c4d77aa87ef182258d1251f69af2a350605ba9a796274d80437afa36f1236563f2f3b0aa84cecddc3d20914615ba4fe02",
        "ed25519vectors 5",
    ),
];

pub fn ed25519() -> Vectors {
    let mut vectors = Vectors::new(
        "ed25519",
        "Strict Ed25519: A, R, S canonical, A and R not of small order, cofactorless. `message` is text. Those with a number are from C2SP/CCTV ed25519vectors.json (BSD-3-Clause, at commit 1e3d2860d46e94e777e1b17c7a6f2436387e3ecc).",
    );
    for (number, flags, key, signature, message) in CCTV {
        let name = format!("CCTV {number}: {flags}");
        let case = json!({ "key": key, "signature": signature, "message": message });
        let parsed = Ed25519Public::parse(&hex::decode(key).unwrap());
        let verdict = parsed.and_then(|key| key.verify(message.as_bytes(), &hex::decode(signature).unwrap()));
        match verdict {
            Ok(()) => vectors.accept(&name, case),
            Err(refusal) => vectors.refuse(&name, refusal.code, case),
        }
    }
    let pair = SigningPair::from_seeds(&[7; 32], &[7; 32]).ed25519;
    let (key, signature) = (hex::encode(pair.public().as_bytes()), pair.sign(b"Volbridge"));
    let case =
        |signature: &[u8]| json!({ "key": key, "signature": hex::encode(signature), "message": "Volbridge" });
    vectors.accept("a usual signature", case(&signature));
    let mut large = signature;
    // S + L: the same number modulo the group's order.
    let order = hex::decode("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010").unwrap();
    let mut carry = 0;
    for (byte, add) in large[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        [*byte, _] = sum.to_le_bytes();
        carry = sum >> 8;
    }
    vectors.refuse("S is not reduced", Code::SignatureInvalid, case(&large));
    vectors.refuse("63 bytes", Code::SignatureMalformed, case(&signature[..63]));
    let mut second = [0xff; 32];
    (second[0], second[31]) = (0xf0, 0x7f);
    let other =
        json!({ "key": hex::encode(second), "signature": hex::encode(signature), "message": "Volbridge" });
    vectors.refuse("a second spelling of a key of large order", Code::KeyWeak, other);
    vectors
}

/// Seed, message, SHA-256 of the public key and of the deterministic signature, as PyPI
/// dilithium-py 1.5.1 gives them; cryptography 50 (OpenSSL) verified the same signatures.
const DILITHIUM_PY: &[(u8, &[u8], &str, &str)] = &[
    (
        7,
        b"volbridge test message",
        "86c769d3b468de487eb9a09f242f7fa0b997a07ef4ded49627e7bf9539f28b62",
        "a7c73e239a98d2b0f75061b7d110619daf119e37f19b26b752c589b824827204",
    ),
    (
        7,
        b"",
        "86c769d3b468de487eb9a09f242f7fa0b997a07ef4ded49627e7bf9539f28b62",
        "000dea6723b13fd7d11db3d6e0adf413a0a3fe7c7074c83af910f263694d423b",
    ),
];

pub fn mldsa44() -> Vectors {
    let mut vectors = Vectors::new(
        "mldsa44",
        "ML-DSA-44 (FIPS 204) with the empty context: `seed` gives `key`, `signature` is the deterministic one over `message` (hex). Public keys and signatures are byte for byte those of PyPI dilithium-py 1.5.1, and PyPI cryptography 50 (OpenSSL) verifies them.",
    );
    for (seed, message, key_hash, signature_hash) in DILITHIUM_PY {
        let secret = MlDsaSecret::from_seed(&[*seed; 32]);
        let signature = secret.sign_deterministic(message).unwrap();
        assert_eq!(hex::encode(Sha256::digest(secret.public().as_bytes())), *key_hash);
        assert_eq!(hex::encode(Sha256::digest(&signature)), *signature_hash);
        let case = |signature: &[u8], message: &[u8]| {
            json!({ "seed": hex::encode([*seed; 32]), "key": hex::encode(secret.public().as_bytes()),
                "message": hex::encode(message), "signature": hex::encode(signature) })
        };
        vectors.accept(&format!("{} bytes", message.len()), case(&signature, message));
        if message.is_empty() {
            let mut bad = signature.clone();
            bad[100] ^= 1;
            vectors.refuse("a flipped bit", Code::SignatureInvalid, case(&bad, message));
            vectors.refuse("another message", Code::SignatureInvalid, case(&signature, b"x"));
            vectors.refuse("a byte too few", Code::SignatureMalformed, case(&signature[1..], message));
        }
    }
    vectors
}

const NOTE_KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const NOTE: &str = "This is an example message.\n\n— example.com/foo \
    Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

pub fn note() -> Vectors {
    let mut vectors = Vectors::new(
        "note",
        "Signed notes (C2SP signed-note), as text: `lines` is the number of signatures. The first is the specification's example.",
    );
    let line = NOTE.split_once("\n\n").unwrap().1;
    vectors
        .accept("the example", json!({ "note": NOTE, "text": "This is an example message.\n", "lines": 1 }));
    let blank = format!("a\n\nb\n\n{line}{line}");
    vectors.accept("blank lines in the text", json!({ "note": blank, "text": "a\n\nb\n", "lines": 2 }));
    for (name, note) in [
        ("nothing", String::new()),
        ("no signature", "a\n\n".into()),
        ("no blank line", NOTE.replace("\n\n", "\n")),
        ("no last newline", NOTE.trim_end().into()),
        ("a blank line at the end", format!("{NOTE}\n")),
        ("a hyphen for the dash", NOTE.replace('—', "-")),
        ("base64 with spare bits", NOTE.replace("aQM=", "aQN=")),
        ("base64 without padding", NOTE.replace("aQM=", "aQM")),
        ("a tab", NOTE.replace("is an", "is\tan")),
        ("a carriage return", NOTE.replace('\n', "\r\n")),
        ("a plus in the name", NOTE.replace("com/foo", "com+foo")),
        ("a no-break space in the name", NOTE.replace("com/foo", "com\u{a0}foo")),
        ("two spaces", NOTE.replace("foo U", "foo  U")),
        ("a signature of a key id alone", "a\n\n— x AAAAAA==\n".into()),
        ("an empty text", format!("\n\n{line}")),
    ] {
        vectors.refuse(name, Code::NoteMalformed, json!({ "note": note }));
    }
    vectors.refuse("65 lines", Code::NoteTooLarge, json!({ "note": format!("a\n\n{}", line.repeat(65)) }));
    vectors
}

pub fn vkey() -> Vectors {
    let mut vectors = Vectors::new(
        "vkey",
        "Verifier keys (C2SP signed-note) with name, id (hex), type and public key (hex). The first is the specification's example.",
    );
    let pair = SigningPair::from_seeds(&[7; 32], &[7; 32]).public();
    let keys = [
        ("the example", NOTE_KEY.parse::<VerifierKey>().unwrap()),
        ("a cosigner", VerifierKey::new("w.example/witness", KeyMaterial::Cosigner(pair.ed25519)).unwrap()),
        ("ML-DSA-44", VerifierKey::new("log.example", KeyMaterial::MlDsa44(pair.mldsa44)).unwrap()),
    ];
    for (name, key) in keys {
        vectors.accept(
            name,
            json!({ "vkey": key.to_string(), "key_name": key.name(), "id": format!("{:08x}", key.id()),
                "type": key.material().number(), "key": hex::encode(key.material().key()) }),
        );
    }
    for (name, code, vkey) in [
        ("nothing", Code::NoteKey, String::new()),
        ("no key", Code::NoteKey, "a+00000000".into()),
        ("another id", Code::NoteKey, NOTE_KEY.replace("530d", "530e")),
        ("an id in capitals", Code::NoteKey, NOTE_KEY.replace("530d903a", "530D903A")),
        ("another name", Code::NoteKey, NOTE_KEY.replace("/foo", "/bar")),
        ("no name", Code::NoteKey, NOTE_KEY.replace("example.com/foo", "")),
        ("a name with a space", Code::NoteKey, NOTE_KEY.replace("/foo", " foo")),
        ("type 2", Code::NoteKey, NOTE_KEY.replace("+Aeky", "+Auky")),
        ("a byte too many", Code::KeyMalformed, format!("{NOTE_KEY}AAA=")),
        ("a key of small order", Code::KeyWeak, {
            "example.com/foo+00000000+AQEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".into()
        }),
    ] {
        vectors.refuse(name, code, json!({ "vkey": vkey }));
    }
    vectors
}

const TEXT: &str = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

pub fn checkpoint() -> Vectors {
    let mut vectors = Vectors::new(
        "checkpoint",
        "A checkpoint's text (C2SP tlog-checkpoint, no extension lines) with origin, size and root (hex). The first is the specification's example.",
    );
    let empty = Checkpoint { origin: "log.example".into(), size: 0, root: empty_root() }.encode();
    let largest = TEXT.replace("20852163", "9223372036854775807");
    for (name, text) in [("the example", TEXT), ("an empty log", &empty), ("the largest size", &largest)] {
        let Checkpoint { origin, size, root } = Checkpoint::parse(text).unwrap();
        vectors
            .accept(name, json!({ "text": text, "origin": origin, "size": size, "root": hex::encode(root) }));
    }
    for (name, text) in [
        ("nothing", String::new()),
        ("no root", "log.example\n1\n".into()),
        ("no last newline", TEXT.trim_end().into()),
        ("an extension line", format!("{TEXT}extension\n")),
        ("a blank line", format!("{TEXT}\n")),
        ("no origin", TEXT.replace("example.com/behind-the-sofa", "")),
        ("an origin of 256 bytes", TEXT.replace("example.com/behind-the-sofa", &"a".repeat(256))),
        ("a leading zero", TEXT.replace("20852163", "020852163")),
        ("a plus sign", TEXT.replace("20852163", "+20852163")),
        ("a size of 2^63", TEXT.replace("20852163", "9223372036854775808")),
        ("an empty log with a root", TEXT.replace("20852163", "0")),
        ("base64 with spare bits", TEXT.replace("q2I=", "q2J=")),
        (
            "a root of 31 bytes",
            TEXT.replace("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=", {
                "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxqw=="
            }),
        ),
        ("carriage returns", TEXT.replace('\n', "\r\n")),
    ] {
        vectors.refuse(name, Code::CheckpointMalformed, json!({ "text": text }));
    }
    vectors
}

pub fn cosignature() -> Vectors {
    let mut vectors = Vectors::new(
        "cosignature",
        "A signature line on a checkpoint's text, by `vkey`: type 1 the log, 4 an Ed25519 cosigner, 6 ML-DSA-44 (C2SP tlog-cosignature); `at` is its time in Unix milliseconds, absent if it says none.",
    );
    let pair = SigningPair::from_seeds(&[7; 32], &[7; 32]);
    let text = Checkpoint { origin: "log.example".into(), size: 7, root: [5; 32] };
    let at = Timestamp::from_millis(1_795_507_200_000);
    let public = pair.public();
    let key = |name: &str, material| VerifierKey::new(name, material).unwrap();
    let log = key("log.example", KeyMaterial::Note(public.ed25519));
    let witness = key("w.example/witness", KeyMaterial::Cosigner(public.ed25519));
    let mldsa = key("log.example", KeyMaterial::MlDsa44(public.mldsa44));
    let note = sign_log(&pair.ed25519, &text).unwrap();
    let cosigned = cosign_ed25519("w.example/witness", &pair.ed25519, &text, at).unwrap();
    let late = cosign_mldsa44_deterministic("log.example", &pair.mldsa44, &text, at).unwrap();
    let untimed =
        cosign_mldsa44_deterministic("log.example", &pair.mldsa44, &text, Timestamp::default()).unwrap();
    let case = |key: &VerifierKey, line: &Signature, text: &Checkpoint| json!({ "vkey": key.to_string(), "line": line.encode(), "text": text.encode() });
    let timed = |mut case: serde_json::Value| {
        case["at"] = json!(at.as_millis());
        case
    };
    vectors.accept("the log's own line", case(&log, &note, &text));
    vectors.accept("an Ed25519 cosignature", timed(case(&witness, &cosigned, &text)));
    vectors.accept("an ML-DSA-44 line", timed(case(&mldsa, &late, &text)));
    vectors.accept("an ML-DSA-44 line of time 0", case(&mldsa, &untimed, &text));
    let other = Checkpoint { size: 8, ..text.clone() };
    let forged = |key: &VerifierKey, line: &Signature| Signature {
        bytes: line.bytes.clone(),
        ..Signature::by(key, vec![])
    };
    let flipped = |line: &Signature, place: usize| {
        let mut line = line.clone();
        line.bytes[place] ^= 1;
        line
    };
    vectors.refuse("t01: another size", Code::CheckpointSignature, case(&log, &note, &other));
    vectors.refuse(
        "t01: another size, cosigned",
        Code::CosignatureInvalid,
        case(&witness, &cosigned, &other),
    );
    vectors.refuse("t01: another size, ML-DSA-44", Code::CosignatureInvalid, case(&mldsa, &late, &other));
    vectors.refuse(
        "t01: another time",
        Code::CosignatureInvalid,
        case(&witness, &flipped(&cosigned, 7), &text),
    );
    vectors.refuse(
        "t01: another time, ML-DSA-44",
        Code::CosignatureInvalid,
        case(&mldsa, &flipped(&late, 7), &text),
    );
    vectors.refuse("a time of 2^63", Code::CosignatureMalformed, {
        let mut line = cosigned.clone();
        line.bytes[0] = 0x80;
        case(&witness, &line, &text)
    });
    vectors.refuse(
        "t01: a cosignature as the log's line",
        Code::CheckpointSignature,
        case(&log, &forged(&log, &cosigned), &text),
    );
    let untimed_note = Signature { bytes: [&[0; 8], note.bytes.as_slice()].concat(), ..note.clone() };
    let as_cosignature = case(&witness, &forged(&witness, &untimed_note), &text);
    vectors.refuse("t01: the log's line as a cosignature", Code::CosignatureInvalid, as_cosignature);
    vectors.refuse("a line by another key", Code::CosignatureRole, case(&witness, &note, &text));
    let renamed = key("other.example", mldsa.material().clone());
    vectors.refuse(
        "t01: ML-DSA-44 under another name",
        Code::CosignatureInvalid,
        case(&renamed, &forged(&renamed, &late), &text),
    );
    assert!(SignedNote::new(text.encode(), vec![note, cosigned, late]).is_ok());
    vectors
}
