//! Requests that nobody means well, to every route, every parameter and every field that the descriptions name
//! (threats.md T62, T64, T67).
#![expect(clippy::unwrap_used, reason = "tests")]

mod generated;
mod hostile;
mod house;
mod lines;

use house::House;
