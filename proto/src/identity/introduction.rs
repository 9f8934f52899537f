//! How a partner becomes known to one who holds nothing but its fingerprint: by its
//! first descriptor, or by a whole answer to `Keys` where it has changed keys since.
//! Either comes from a file or from the certificate that its node shows (README, section 9);
//! believed is what hashes to the id and is signed on from there, whoever brought it.

use prost::Message as _;

use crate::{
    error::Refusal,
    id::{LogId, partner_id},
    identity::{keys_response::verify_keys_response, rotation::KeyHistory},
    wire::exchange::v1::KeysResponse,
};

/// Reads one of the two forms.
pub fn read(bytes: &[u8]) -> Result<KeyHistory, Refusal> {
    let refused = match KeyHistory::first(bytes) {
        Ok(history) => return Ok(history),
        Err(refusal) => refusal,
    };
    let answer = KeysResponse::decode(bytes).ok();
    match answer.as_ref().and_then(|answer| Some((answer, answer.descriptors.first()?))) {
        Some((answer, first)) => verify_keys_response(None, &LogId::new(partner_id(&first.body), 1), answer),
        None => Err(refused),
    }
}

/// The shortest form of an answer that was read: the first descriptor alone if there is no other.
pub fn shortest(history: &KeyHistory, answer: Vec<u8>) -> Vec<u8> {
    let mut descriptors = history.descriptors();
    match (descriptors.next(), descriptors.next()) {
        (Some(only), None) => only.bytes().to_vec(),
        _ => answer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{error::Code, identity::fixture::Author};

    #[test]
    fn one_descriptor_introduces_a_partner() {
        let mut author = Author::new(1);
        let first = author.bodies[0].clone().unwrap();
        assert_eq!(read(&first).unwrap().partner(), author.id().partner);
        author.publish(3);
        let answer = author.keys_response(0).encode_to_vec();
        let history = read(&answer).unwrap();
        assert_eq!(history.partner(), author.id().partner);
        assert_eq!(shortest(&history, answer), first);
    }

    #[test]
    fn t11_keys_that_were_changed_since_come_with_all_that_leads_to_them() {
        let mut author = Author::new(1);
        author.publish(2);
        author.keys.tls = vec![[9; 32]];
        author.rotate_log();
        author.rotate_identity();
        let answer = author.keys_response(0).encode_to_vec();
        let history = read(&answer).unwrap();
        assert_eq!(history.newest().keys().tls, [[9; 32]]);
        assert_eq!(shortest(&history, answer.clone()), answer);
        let mut without = author.keys_response(0);
        without.descriptors.remove(1);
        assert!(read(&without.encode_to_vec()).is_err());
        // Cut anywhere it is never another partner, and never a panic.
        for end in 0..answer.len() {
            assert!(read(&answer[..end]).map_or(true, |read| read.partner() == author.id().partner), "{end}");
        }
    }

    #[test]
    fn what_is_neither_form_is_refused() {
        let first = Author::new(1).bodies[0].clone().unwrap();
        let empty = KeysResponse::default().encode_to_vec();
        for bytes in [&b""[..], b"GET / HTTP/1.1", &first[..first.len() - 1], &empty] {
            assert!(read(bytes).is_err());
        }
        let mut touched = first;
        let last = touched.len() - 1;
        touched[last] ^= 1;
        assert_eq!(read(&touched).unwrap_err().code, Code::IdentitySignature);
    }
}
