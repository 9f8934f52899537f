//! Records: one canonical encoding, what makes an entry and its content valid,
//! revisions and withdrawals (protocol sections 1, 3 and 6).

pub mod body;
pub mod canonical;
pub mod limits;
pub mod revision;
mod schema;
pub mod statement;
pub mod verdict;
pub mod withdraw;

pub use body::{Body, Content, EncodedBody};
pub use statement::Statement;
pub use verdict::{ContentVerdict, content_valid, entry_valid};
