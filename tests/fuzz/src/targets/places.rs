//! Short texts: places, ids, words, cursors.

use volbridge_proto::{
    BlobHash, Date, LogId, PartnerId, RecordId, SubjectId,
    identity::fingerprint,
    text::{check_language, check_line, check_name, check_text},
    tlog::checkpoint::Origin,
};

use super::text;
use crate::node::{
    page::Cursor,
    tls::address::{HostPort, is_public},
};

/// Where a partner says that it can be called.
pub fn host_port(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    if let Ok(place) = text.parse::<HostPort>() {
        // Capitals are one host with small letters; nothing else has two spellings.
        assert_eq!(place.to_string(), text.to_ascii_lowercase());
        assert_eq!(place.to_string().parse(), Ok(place.clone()));
        assert!(place.port() > 0 && !place.host().is_empty());
        assert!(!place.host().contains(['/', '@', '?', '#', '[', ']', ' ', '%']));
    }
    if let Ok(address) = text.parse() {
        let _ = is_public(address);
    }
}

/// Ids of everything that has one, and what people type of them.
pub fn ids(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    macro_rules! print_back {
        ($($id:ty)*) => {
            $(if let Ok(id) = text.parse::<$id>() {
                assert_eq!(id.to_string(), text, stringify!($id));
            })*
        };
    }
    print_back!(PartnerId RecordId BlobHash SubjectId LogId Origin Date);
    let partner = PartnerId::new([0xb0; 32]);
    if fingerprint::matches(&partner, text) {
        let digits = text.chars().filter(char::is_ascii_hexdigit).count();
        assert!(digits == 32 || digits == 64);
    }
}

/// Texts for people, and the tags of their languages.
pub fn words(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    let (name, line, prose) = (check_name(text).is_ok(), check_line(text).is_ok(), check_text(text).is_ok());
    // What is fit for a name is fit for a line, and what is fit for a line for a text.
    assert!(!name || line);
    assert!(!line || prose);
    assert!(!line || !text.contains(['\n', '\r', '\0']));
    if check_language(text).is_ok() {
        assert!(text.is_ascii() && name);
    }
}

/// A place in a list.
pub fn cursor(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    if let Ok(Some(cursor)) = Cursor::parse(text) {
        assert_eq!(cursor.encode(), text);
    }
}
