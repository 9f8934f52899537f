//! How large and how many things may be (protocol sections 1, 2 and 7). Text is
//! counted in Unicode scalar values.

/// Bytes of a body: 256 KiB.
pub const BODY: usize = 256 * 1024;
/// Messages within messages.
pub const NESTING: usize = 16;
/// Field numbers from here on may be ignored by who doesn't know them.
pub const FIRST_IGNORABLE_FIELD: u32 = 1024;
/// Bytes of a salt.
pub const SALT: usize = 32;
/// ASCII characters of a kind's name.
pub const KIND: usize = 64;
/// Sources of a statement.
pub const SOURCES: usize = 64;
/// Recipients of a named record, its author not counted.
pub const RECIPIENTS: usize = 63;
/// Slots of a sealed record.
pub const SLOTS: usize = 64;
/// ASCII characters of a purpose, a category, a role code.
pub const TOKEN: usize = 64;
/// Ids in one Withdrawal.
pub const WITHDRAWN: usize = 4096;
/// Ids in one Disavowal or ErasureRequest.
pub const NAMED_IDS: usize = 4096;
/// Logs in one ErasureReceipt.
pub const ERASED_LOGS: usize = 4096;
/// Characters of a domain.
pub const DOMAIN: usize = 128;
/// Bytes of a signed note.
pub const NOTE: usize = 64 * 1024;
/// Characters of an address on the web.
pub const URL: usize = 2048;
/// Characters of a title, a name, a place: one line.
pub const LINE: usize = 200;
/// Characters of a summary or another short text.
pub const SUMMARY: usize = 1_000;
/// Characters of a description or another long text.
pub const PROSE: usize = 20_000;
/// Characters of the text of an agreement.
pub const AGREEMENT_TEXT: usize = 60_000;
/// Languages of a name.
pub const NAMES: usize = 32;
/// Roles of a listing.
pub const ROLES: usize = 64;
/// Skills, languages, topics, authors: short lists.
pub const SHORT_LIST: usize = 64;
/// Slots of a role.
pub const ROLE_SLOTS: u32 = 100_000;
/// Segments of a translation.
pub const SEGMENTS: usize = 512;
/// Bytes of a blob: 4 GiB.
pub const BLOB: u64 = 4 * 1024 * 1024 * 1024;
/// TLS keys of a partner.
pub const TLS_KEYS: usize = 16;
/// Endpoints, carriers, kinds in a NodeInfo.
pub const NODE_LIST: usize = 256;
