//! A listing before it travels: draft → in review → approved → published (design.md section 9, issue of the desk).
//!
//! The steps are a pure rule here; who may take them is asked in `api/desk.rs`. Without review a draft that is handed in is
//! approved at once.

pub mod check;
pub mod content;
pub mod handover;
pub mod publish;

use std::str::FromStr;

use volbridge_proto::Code;

use crate::error::Error;

/// Where a draft is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Being written.
    Draft,
    /// Waits for a reviewer.
    InReview,
    /// A reviewer wants something changed.
    ChangesAsked,
    /// May be published.
    Approved,
    /// Is published.
    Published,
}

impl State {
    /// All of them, in their order.
    pub const ALL: &'static [Self] =
        &[Self::Draft, Self::InReview, Self::ChangesAsked, Self::Approved, Self::Published];

    /// Its name in messages and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::InReview => "in_review",
            Self::ChangesAsked => "changes_asked",
            Self::Approved => "approved",
            Self::Published => "published",
        }
    }
}

/// No state has this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no state of a draft has this name")]
pub struct UnknownState;

impl FromStr for State {
    type Err = UnknownState;

    fn from_str(name: &str) -> Result<Self, UnknownState> {
        Self::ALL.iter().copied().find(|state| state.as_str() == name).ok_or(UnknownState)
    }
}

/// What somebody does with a draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Writes.
    Save,
    /// Hands it in; where no review is needed, that approves it.
    Submit {
        /// Whether this partner demands a review.
        review: bool,
    },
    /// Decides.
    Decide {
        /// Or wants something changed.
        approved: bool,
    },
    /// Publishes.
    Publish,
}

/// Where a step leads.
///
/// # Errors
/// `draft.state` where it doesn't lead on from here.
pub fn after(state: State, step: Step) -> Result<State, Error> {
    match (state, step) {
        // What was approved is what the reviewer read: a change needs another look.
        (State::Draft | State::InReview | State::Approved, Step::Save) => Ok(State::Draft),
        (State::ChangesAsked, Step::Save) => Ok(State::ChangesAsked),
        (State::Draft | State::ChangesAsked, Step::Submit { review: true }) => Ok(State::InReview),
        (State::Draft | State::ChangesAsked | State::InReview, Step::Submit { review: false }) => {
            Ok(State::Approved)
        }
        (State::InReview, Step::Decide { approved: true }) => Ok(State::Approved),
        (State::InReview | State::Approved, Step::Decide { approved: false }) => Ok(State::ChangesAsked),
        (State::Approved, Step::Publish) => Ok(State::Published),
        (from, _) => Err(Error::new(Code::DraftState).with("state", from.as_str())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEPS: [Step; 6] = [
        Step::Save,
        Step::Submit { review: true },
        Step::Submit { review: false },
        Step::Decide { approved: true },
        Step::Decide { approved: false },
        Step::Publish,
    ];

    #[test]
    fn with_review_nothing_is_published_that_nobody_approved_after_its_last_change() {
        // All ways of seven steps: the last change must lie before an approval.
        let mut ways = vec![(State::Draft, false)];
        for _ in 0..7 {
            let mut further = Vec::new();
            for (state, approved) in &ways {
                for step in STEPS.into_iter().filter(|step| *step != Step::Submit { review: false }) {
                    let Ok(next) = after(*state, step) else { continue };
                    assert!(next != State::Published || *approved, "{state:?} {step:?}");
                    further.push((next, matches!(step, Step::Decide { approved: true })));
                }
            }
            further.dedup();
            ways = further;
        }
    }

    #[test]
    fn what_is_published_stays_published() {
        assert!(STEPS.into_iter().all(|step| after(State::Published, step).is_err()));
    }

    #[test]
    fn names_print_and_parse() {
        for state in State::ALL {
            assert_eq!(state.as_str().parse(), Ok(*state));
        }
        assert_eq!("deleted".parse::<State>(), Err(UnknownState));
    }
}
