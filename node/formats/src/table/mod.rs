//! Listings as a table, for people who keep them in a spreadsheet: CSV and XLSX, both ways.
//!
//! **One row a role.** Volunteer centres keep one row a post, and 64 roles beside each other would be thousands of
//! columns. The first row of a listing holds the listing and its first role; further rows repeat its `reference` (or its
//! subject) and hold one role each. Their other cells are empty, or the same as in the first.
//!
//! **Columns** are named in English (`title_en`, `role_tasks_zh-CN`) or Chinese (`标题（en）`); both are understood, in any
//! order (`Mapping`). Text of a language stands in its column; a column without a language holds the text as it was
//! written. `language` says which one that is. Lists stand in one cell with `;` between.
//!
//! **Formulas**: a cell that a spreadsheet could take for one is written with `'` before it, and read back without
//! (`cell`). Numbers that we print ourselves, such as a western longitude, are left as they are.
//!
//! What it can't carry: how a translation came about, a translation into a language that the layout hasn't, a translated text or an organisation's name
//! that is empty, a translation of a field that the listing doesn't have, an `offer` that gives nothing, a place without
//! anything in it, and the order of an organisation's names.

mod cell;
mod column;
pub mod csv;
mod layout;
mod mapping;
mod reader;
mod value;
pub mod xlsx;

pub use column::{Column, Names};
pub use layout::Layout;
pub use mapping::Mapping;
pub use reader::{Found, Reader, Row, Source};
pub(crate) use value::{degrees, parse_degrees};
