//! A range between its message and its last body.

use super::FollowFault;
use crate::{
    error::{Code, Refusal},
    exchange::claim::{self, SourceClaim},
    tlog::{checkpoint::Checkpoint, entry::Hash, proven::Draft},
};

/// A range whose leaves are proven and whose bodies are still to come.
#[derive(Debug)]
pub struct PendingRange {
    pub(super) draft: Draft,
    pub(super) expected: usize,
    pub(super) claims: Vec<SourceClaim>,
    pub(super) proof: Vec<Hash>,
    pub(super) target: Checkpoint,
}

impl PendingRange {
    /// Takes the next body; indexes ascend.
    pub fn body(&mut self, index: u64, body: Vec<u8>) -> Result<(), FollowFault> {
        claim::check_unclaimed(&self.claims, index).map_err(FollowFault::Malformed)?;
        self.draft.body(index, body).map_err(FollowFault::Malformed)?;
        if self.draft.count() > self.expected {
            return Err(FollowFault::Malformed(
                Refusal::new(Code::FollowBodies).with("limit", self.expected),
            ));
        }
        Ok(())
    }

    /// What the sender says of bodies that won't follow. Nothing of it is proven.
    pub fn claims(&self) -> &[SourceClaim] {
        &self.claims
    }

    /// Whether all announced bodies are there.
    pub fn is_complete(&self) -> bool {
        self.draft.count() == self.expected
    }
}
