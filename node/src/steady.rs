//! The time by which something may end: consents, agreements, named records, what is carried for others (threats.md
//! F15). The system's clock may be set wrong by a person, a battery or a time server, and one jump must not erase what
//! can't come back. So this time begins with the clock's and goes on as a clock does that nobody can set; the system's
//! is followed as far as that one confirms it, and no further.
//!
//! A jump ahead that has stood for a day is believed: then the clock was wrong before, or the machine was asleep. A restart
//! believes the clock at once. It never goes back.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use volbridge_proto::Timestamp;

/// How far the system's clock may be moved at once: time servers correct more slowly.
const SLACK_MS: i64 = 5 * 60 * 1000;

/// One in so many: by how much two clocks may differ in speed. Time servers slow down and hurry by half of that.
const DRIFT: i64 = 1_000;

/// How long a jump stands before it is believed.
const BELIEVED_AFTER_MS: i64 = 24 * 60 * 60 * 1000;

/// The steady time of one run of the node.
#[derive(Debug)]
pub struct Steady(Mutex<State>);

#[derive(Debug)]
struct State {
    /// Both clocks at a moment at which the system's was believed.
    wall: i64,
    elapsed: i64,
    last: i64,
    /// The jump that is not believed yet.
    jump: Option<Jump>,
}

#[derive(Clone, Copy, Debug)]
struct Jump {
    /// When it was noticed, by the clock that nobody sets.
    since: i64,
    /// By how much.
    by: i64,
}

impl Steady {
    /// Begins with the system's clock, `elapsed` after whatever the other counts from.
    #[must_use]
    pub fn new(wall: Timestamp, elapsed: Duration) -> Self {
        let (wall, elapsed) = (wall.as_millis(), millis(elapsed));
        Self(Mutex::new(State { wall, elapsed, last: wall, jump: None }))
    }

    /// The time by both clocks.
    pub fn now(&self, wall: Timestamp, elapsed: Duration) -> Timestamp {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.follow(wall.as_millis(), millis(elapsed));
        Timestamp::from_millis(state.last)
    }
}

impl State {
    fn follow(&mut self, wall: i64, elapsed: i64) {
        let passed = elapsed.saturating_sub(self.elapsed);
        let confirmed = self.wall.saturating_add(passed);
        let slack = SLACK_MS + passed / DRIFT;
        let by = wall.saturating_sub(confirmed);
        if by.abs() <= slack {
            if self.jump.take().is_some() {
                tracing::info!("the system's clock is right again");
            }
            self.last = self.last.max(wall);
            return;
        }
        let known = self.jump.filter(|jump| jump.by.saturating_sub(by).abs() <= SLACK_MS);
        let jump = known.unwrap_or(Jump { since: elapsed, by });
        if known.is_none() {
            say(by);
        }
        if by > 0 && elapsed.saturating_sub(jump.since) >= BELIEVED_AFTER_MS {
            tracing::warn!(
                seconds = by / 1000,
                "the system's clock has stood there for a day: it is believed from now on"
            );
            (self.wall, self.elapsed, self.jump) = (wall, elapsed, None);
            self.last = self.last.max(wall);
        } else {
            self.jump = Some(jump);
            self.last = self.last.max(confirmed);
        }
    }
}

fn say(by: i64) {
    let seconds = by / 1000;
    if by > 0 {
        tracing::warn!(
            seconds,
            "the system's clock has jumped ahead: nothing ends by it until it has stood there for a day; if it is wrong, \
             put it right; if it was wrong before, restart the node"
        );
    } else {
        tracing::warn!(
            seconds,
            "the system's clock was put back: consents and records end as if it had gone on; if it was wrong before, \
             restart the node"
        );
    }
}

fn millis(elapsed: Duration) -> i64 {
    i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: i64 = 1_800_000_000_000;
    const HOUR: i64 = 60 * 60 * 1000;
    const YEAR: i64 = 365 * 24 * HOUR;

    /// What it says `passed` after its start, while the system's clock is off by `by`; counted from the start.
    fn at(steady: &Steady, passed: i64, by: i64) -> i64 {
        let elapsed = Duration::from_millis(u64::try_from(passed).unwrap());
        steady.now(Timestamp::from_millis(START + passed + by), elapsed).as_millis() - START
    }

    fn steady() -> Steady {
        Steady::new(Timestamp::from_millis(START), Duration::ZERO)
    }

    #[test]
    fn f15_a_clock_that_goes_right_is_followed() {
        let steady = steady();
        for passed in [0, 1, HOUR, 30 * 24 * HOUR, YEAR] {
            assert_eq!(at(&steady, passed, 0), passed);
        }
        // A little fast or slow, as clocks are.
        assert_eq!(at(&steady, YEAR + HOUR, YEAR / 2_000), YEAR + HOUR + YEAR / 2_000);
    }

    #[test]
    fn f15_one_jump_moves_nothing_for_a_day() {
        for jump in [HOUR, YEAR, 100 * YEAR, -HOUR, -YEAR] {
            let steady = steady();
            assert_eq!(at(&steady, HOUR, 0), HOUR);
            for passed in [HOUR + 1, 2 * HOUR, 24 * HOUR] {
                assert_eq!(at(&steady, passed, jump), passed, "{jump}");
            }
            // Back again, and another jump begins a day of its own.
            assert_eq!(at(&steady, 25 * HOUR - 1, 0), 25 * HOUR - 1);
            assert_eq!(at(&steady, 25 * HOUR, jump), 25 * HOUR);
            assert_eq!(at(&steady, 48 * HOUR, jump), 48 * HOUR, "{jump}");
        }
    }

    #[test]
    fn f15_many_jumps_move_no_more_than_one() {
        let steady = steady();
        for jumps in 1..100 {
            assert_eq!(at(&steady, jumps * HOUR, jumps * YEAR), jumps * HOUR);
        }
    }

    #[test]
    fn f15_a_jump_that_stands_for_a_day_is_believed_and_time_never_goes_back() {
        let steady = steady();
        at(&steady, HOUR, YEAR);
        assert_eq!(at(&steady, 25 * HOUR, YEAR), 25 * HOUR + YEAR);
        assert_eq!(at(&steady, 26 * HOUR, YEAR), 26 * HOUR + YEAR);
        for passed in [27, 60, 1_000] {
            assert_eq!(at(&steady, passed * HOUR, 0), passed * HOUR + YEAR);
        }
    }

    #[test]
    fn f15_small_steps_are_followed_and_do_not_add_up() {
        let steady = steady();
        assert_eq!(at(&steady, HOUR, SLACK_MS), HOUR + SLACK_MS);
        assert_eq!(at(&steady, HOUR, 0), HOUR + SLACK_MS, "never back");
        for step in 1..1000 {
            assert!(at(&steady, HOUR + step, step * SLACK_MS) <= HOUR + step + SLACK_MS + HOUR / DRIFT);
        }
    }
}
