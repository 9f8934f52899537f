//! Who asks (threats.md T30, T31). Without a right to more, everybody is the public; what is sealed can only be
//! read through a [`Viewer::Staff`], which carries the key.

use volbridge_proto::record::{Body, Statement};

/// Opens what is sealed to this node.
pub trait Opens: Send + Sync {
    /// The statement of a sealed body; none if it is sealed to others.
    fn open(&self, body: &Body) -> Option<Statement>;
}

/// Who reads.
#[derive(Clone, Copy, Default)]
pub enum Viewer<'a> {
    /// Anybody: public records only.
    #[default]
    Public,
    /// This node's staff: also what is sealed to this node.
    Staff(&'a dyn Opens),
}

impl Viewer<'_> {
    /// Whether sealed records may be in the answer.
    #[must_use]
    pub fn sees_named(&self) -> bool {
        matches!(self, Self::Staff(_))
    }

    pub(super) fn open(&self, body: &Body) -> Option<Statement> {
        match self {
            Self::Public => None,
            Self::Staff(key) => key.open(body),
        }
    }
}
