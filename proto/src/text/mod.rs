//! Text that records may hold: characters, normal form, language tags (protocol section 7).

mod assigned;
pub mod lang;
pub mod normalise;

pub use lang::check_language;
pub use normalise::{check_line, check_name, check_text};
