//! Pages of lists by keyset: a cursor names the last row that was seen, so that what is added or taken away
//! meanwhile neither repeats nor hides a row, and page 1,000 costs what page 1 costs (T61).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use volbridge_proto::{
    error::{Code, Refusal},
    id::SubjectId,
};

/// Rows of a page, if nothing is said.
const USUAL: u32 = 20;

/// Rows of the largest page.
pub const LARGEST: u32 = 100;

/// The place of a row in a list: what the list is ordered by, then what tells rows apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// A time; 0 in lists without one.
    pub order: i64,
    /// The row's subject.
    pub subject: SubjectId,
    /// The row's log.
    pub log: i64,
}

impl Cursor {
    /// The text that callers hand back.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut bytes = self.order.to_be_bytes().to_vec();
        bytes.extend(self.subject.as_bytes());
        bytes.extend(self.log.to_be_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The cursor of a request; none if it is empty.
    ///
    /// # Errors
    /// When no list gave it out.
    pub fn parse(text: &str) -> Result<Option<Self>, Refusal> {
        if text.is_empty() {
            return Ok(None);
        }
        let refused = || Refusal::new(Code::CursorInvalid).at("cursor");
        let mut bytes = [0; 32];
        let length = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).map_err(|_| refused())?;
        if length != bytes.len() {
            return Err(refused());
        }
        let (order, rest) = bytes.split_first_chunk::<8>().ok_or_else(refused)?;
        let (subject, rest) = rest.split_first_chunk::<16>().ok_or_else(refused)?;
        let log = rest.first_chunk::<8>().ok_or_else(refused)?;
        Ok(Some(Self {
            order: i64::from_be_bytes(*order),
            subject: SubjectId::from(*subject),
            log: i64::from_be_bytes(*log),
        }))
    }
}

/// The place of a row in a list that is ordered by names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedCursor {
    /// What the list is ordered by, at most `NAME` bytes.
    pub name: Vec<u8>,
    /// The row's subject.
    pub subject: SubjectId,
    /// The row's log.
    pub log: i64,
}

/// Bytes of a name that a cursor holds at most.
const NAME: usize = 256;

impl NamedCursor {
    /// The text that callers hand back.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut bytes = self.subject.as_bytes().to_vec();
        bytes.extend(self.log.to_be_bytes());
        bytes.extend(&self.name);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The cursor of a request; none if it is empty.
    ///
    /// # Errors
    /// When no list gave it out.
    pub fn parse(text: &str) -> Result<Option<Self>, Refusal> {
        if text.is_empty() {
            return Ok(None);
        }
        let refused = || Refusal::new(Code::CursorInvalid).at("cursor");
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| refused())?;
        let (subject, rest) = bytes.split_first_chunk::<16>().ok_or_else(refused)?;
        let (log, name) = rest.split_first_chunk::<8>().ok_or_else(refused)?;
        if name.len() > NAME {
            return Err(refused());
        }
        let subject = SubjectId::from(*subject);
        Ok(Some(Self { name: name.to_vec(), subject, log: i64::from_be_bytes(*log) }))
    }
}

/// The number of rows that a request asks for; one more is read, to see whether there are more.
///
/// # Errors
/// When it is more than 100.
pub fn limit(asked: u32) -> Result<u32, Refusal> {
    match asked {
        0 => Ok(USUAL),
        1..=LARGEST => Ok(asked),
        _ => Err(Refusal::new(Code::FieldOutOfRange).with("limit", LARGEST).at("limit")),
    }
}

/// Some rows of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// In the list's order.
    pub rows: Vec<T>,
    /// Where the next page begins; none: these are the last.
    pub next: Option<Cursor>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_cursors_that_a_list_gave_out_are_read() {
        let cursor = Cursor { order: -5, subject: SubjectId::from([9; 16]), log: 3 };
        assert_eq!(Cursor::parse(&cursor.encode()), Ok(Some(cursor)));
        assert_eq!(Cursor::parse(""), Ok(None));
        for text in ["x", "' OR 1=1 --", &cursor.encode()[1..], &format!("{}A", cursor.encode())] {
            assert_eq!(Cursor::parse(text).unwrap_err().code, Code::CursorInvalid, "{text}");
        }
    }

    #[test]
    fn cursors_of_names_are_read_back_and_bounded() {
        let subject = SubjectId::from([9; 16]);
        let cursor = NamedCursor { name: "志愿".into(), subject, log: 3 };
        assert_eq!(NamedCursor::parse(&cursor.encode()), Ok(Some(cursor)));
        assert_eq!(NamedCursor::parse(""), Ok(None));
        let long = NamedCursor { name: vec![0; 257], subject, log: 3 }.encode();
        for text in ["x", "' OR 1=1 --", "AAAA", &long] {
            assert_eq!(NamedCursor::parse(text).unwrap_err().code, Code::CursorInvalid, "{text}");
        }
    }

    #[test]
    fn t61_pages_have_a_largest_size() {
        assert_eq!((limit(0), limit(100)), (Ok(20), Ok(100)));
        assert_eq!(limit(101).unwrap_err().code, Code::FieldOutOfRange);
    }
}
