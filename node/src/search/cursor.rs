//! Where the next page of a search begins: the last listing that was seen with what it was ordered by, and what that
//! order was judged by. A later page continues the same list, also when others were published or withdrawn meanwhile;
//! one that was revised may move.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use std::cmp::Reverse;
use volbridge_proto::{Code, Refusal, SubjectId};

use super::gather::Rank;

/// Numbers that a cursor takes along, at most.
const NUMBERS: usize = 512;

/// Characters of the longest cursor.
const LONGEST: usize = 4_096;

/// A place in the list of one search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Of what was asked: another search doesn't take this cursor.
    pub of: [u8; 8],
    /// By the looser query.
    pub loose: bool,
    /// The day that scores and days were judged by.
    pub today: i64,
    /// The last listing seen.
    pub last: Rank,
    /// What scores are worked out from.
    pub numbers: Vec<u64>,
}

impl Cursor {
    /// What a search is known by.
    #[must_use]
    pub fn fingerprint(asked: &[u8]) -> [u8; 8] {
        let hash: [u8; 32] = Sha256::digest(asked).into();
        hash.first_chunk().copied().unwrap_or_default()
    }

    /// The text that callers hand back.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut bytes = self.of.to_vec();
        bytes.push(u8::from(self.loose));
        for number in [self.today, self.last.first, self.last.published.0, self.last.log.0] {
            bytes.extend(number.to_be_bytes());
        }
        bytes.extend(self.last.subject.0.as_bytes());
        for number in &self.numbers {
            prost::encoding::encode_varint(*number, &mut bytes);
        }
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The cursor of a request; none if it is empty.
    ///
    /// # Errors
    /// When this search didn't give it out.
    pub fn parse(text: &str, of: [u8; 8]) -> Result<Option<Self>, Refusal> {
        if text.is_empty() {
            return Ok(None);
        }
        let refused = || Refusal::new(Code::CursorInvalid).at("cursor");
        if text.len() > LONGEST {
            return Err(refused());
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| refused())?;
        let cursor = Self::decode(&bytes).ok_or_else(refused)?;
        if cursor.of == of { Ok(Some(cursor)) } else { Err(refused()) }
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (of, rest) = bytes.split_first_chunk::<8>()?;
        let ([loose], mut rest) = rest.split_first_chunk::<1>()?;
        let mut numbers = [0_i64; 4];
        for number in &mut numbers {
            let (read, behind) = rest.split_first_chunk::<8>()?;
            (*number, rest) = (i64::from_be_bytes(*read), behind);
        }
        let (subject, mut rest) = rest.split_first_chunk::<16>()?;
        let [today, first, published, log] = numbers;
        let last = Rank {
            first,
            published: Reverse(published),
            subject: Reverse(SubjectId::from(*subject)),
            log: Reverse(log),
        };
        let mut numbers = Vec::new();
        while !rest.is_empty() && numbers.len() < NUMBERS {
            numbers.push(prost::encoding::decode_varint(&mut rest).ok()?);
        }
        // A day that no calendar has would only make sums overflow.
        let today = (-1_000_000..=10_000_000).contains(&today).then_some(today)?;
        (rest.is_empty() && *loose < 2).then_some(Self { of: *of, loose: *loose == 1, today, last, numbers })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_search_that_gave_a_cursor_out_takes_it() {
        let last = Rank {
            first: -7,
            published: Reverse(5),
            subject: Reverse(SubjectId::from([9; 16])),
            log: Reverse(2),
        };
        let cursor = Cursor { of: [1; 8], loose: true, today: 20_000, last, numbers: vec![1, 300, u64::MAX] };
        let text = cursor.encode();
        assert_eq!(Cursor::parse(&text, [1; 8]), Ok(Some(cursor)));
        assert_eq!(Cursor::parse("", [1; 8]), Ok(None));
        for text in [text.as_str(), "x", "' OR 1=1 --", &text[1..], &text[..40], &"A".repeat(9_999)] {
            assert_eq!(Cursor::parse(text, [2; 8]).unwrap_err().code, Code::CursorInvalid, "{text}");
        }
    }
}
