//! How many key units an encoder is asked for.

use std::time::{Duration, Instant};

/// Two encoders' key units closer than this are one. A peer whose gate opens a moment after ours asks for another one at once
/// and must get it, else its first picture is late; a flood of requests (PLI) must not turn every picture into a key unit.
const BURST: u32 = 3;
const REFILL: Duration = Duration::from_millis(700);

/// A token bucket for key units.
#[derive(Debug)]
pub(super) struct KeyUnitLimit {
    tokens: u32,
    next: Instant,
    wanted: bool,
}

impl KeyUnitLimit {
    pub(super) fn new(now: Instant) -> Self {
        Self { tokens: BURST, next: now + REFILL, wanted: false }
    }

    /// One is wanted, now or as soon as may be.
    pub(super) const fn want(&mut self) {
        self.wanted = true;
    }

    /// When a postponed key unit is due.
    pub(super) fn due(&self) -> Option<Instant> {
        self.wanted.then_some(self.next)
    }

    /// Whether one that is wanted may be made now.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        while self.next <= now {
            if self.tokens >= BURST {
                self.next = now + REFILL;
            } else {
                self.tokens += 1;
                self.next += REFILL;
            }
        }
        if !self.wanted || self.tokens == 0 {
            return false;
        }
        self.tokens -= 1;
        self.wanted = false;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_requests_is_limited_and_the_last_is_served() {
        let start = Instant::now();
        let mut limit = KeyUnitLimit::new(start);
        let mut served = 0;
        // A request every 10 ms for 7 s.
        for step in 0..700 {
            limit.want();
            served += u32::from(limit.take(start + Duration::from_millis(10 * step)));
        }
        assert_eq!(served, BURST + 9);
        let due = limit.due().expect("one is wanted still");
        assert!(limit.take(due));
        assert_eq!(limit.due(), None);
    }

    #[test]
    fn two_gates_that_open_one_after_the_other_both_get_theirs() {
        let start = Instant::now();
        let mut limit = KeyUnitLimit::new(start);
        for after in [0, 1, 20] {
            limit.want();
            assert!(limit.take(start + Duration::from_millis(after)));
        }
    }
}
