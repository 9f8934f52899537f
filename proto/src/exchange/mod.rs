//! Following another log: what is accepted, refused or evidence (protocol sections 7 and 8).

pub mod claim;
pub mod evidence;
pub mod follow;
pub mod freshness;

pub use claim::SourceClaim;
pub use evidence::Evidence;
pub use follow::{FollowFault, LogFollower, PendingRange};
