//! Who a partner is and which keys hold at which size of its log (protocol section 5).

pub mod descriptor;
pub mod fingerprint;
#[cfg(test)]
pub(crate) mod fixture;
pub mod introduction;
pub mod keys;
pub mod keys_response;
pub mod keyset;
pub mod rotation;
pub mod trust;

pub use keys_response::verify_keys_response;
pub use rotation::KeyHistory;
