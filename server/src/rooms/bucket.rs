//! How many frames a socket may send: a token bucket, kept as one instant (the generic cell rate algorithm, ITU-T I.371 Annex A).

use std::time::{Duration, Instant};

/// What becomes of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Within the limit.
    Pass,
    /// Over the limit: dropped, and counted against the sender all the same.
    Drop,
    /// As far over it as the burst is large: the sender does not listen.
    Close,
}

/// The bucket is empty `burst` intervals after `full_at` has moved ahead of now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket {
    full_at: Instant,
}

impl Bucket {
    pub(super) const fn full(now: Instant) -> Self {
        Self { full_at: now }
    }

    /// Takes one token. `rate` is in frames a second, `burst` in frames; 0 counts as 1.
    pub(super) fn take(&mut self, now: Instant, rate: u32, burst: u32) -> Verdict {
        let interval = Duration::from_secs(1) / rate.max(1);
        let room = interval * burst.max(1);
        self.full_at = self.full_at.max(now) + interval;
        let ahead = self.full_at - now;
        if ahead <= room {
            Verdict::Pass
        } else if ahead <= room * 2 {
            Verdict::Drop
        } else {
            Verdict::Close
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_then_the_rate_then_nothing() {
        let start = Instant::now();
        let mut bucket = Bucket::full(start);
        assert!((0..200).all(|_| bucket.take(start, 50, 200) == Verdict::Pass));
        assert_eq!(bucket.take(start, 50, 200), Verdict::Drop);
        let later = start + Duration::from_millis(40);
        assert_eq!(bucket.take(later, 50, 200), Verdict::Pass);
        assert_eq!(bucket.take(later, 50, 200), Verdict::Drop);
    }

    #[test]
    fn who_does_not_listen_is_closed_and_who_rests_is_not() {
        let start = Instant::now();
        let mut bucket = Bucket::full(start);
        assert_eq!((0..401).filter(|_| bucket.take(start, 50, 200) == Verdict::Close).count(), 1);
        assert_eq!(bucket.take(start + Duration::from_secs(60), 50, 200), Verdict::Pass);
    }
}
