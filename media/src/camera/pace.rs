//! Which pictures of a stream pass, so that there are no more a second than wanted.

use gstreamer as gst;

/// Lets pictures pass at a rate. Their time never goes back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    period: gst::ClockTime,
    /// Time stamp of the last picture that passed.
    last: Option<gst::ClockTime>,
    /// When the next one is due.
    next: gst::ClockTime,
}

impl Pace {
    /// So many a second.
    pub(super) fn new(rate: u32) -> Self {
        Self { period: gst::ClockTime::SECOND / u64::from(rate.max(1)), last: None, next: gst::ClockTime::ZERO }
    }

    /// From now on so many a second; the next one passes.
    pub(super) fn at(self, rate: u32) -> Self {
        Self { last: self.last, ..Self::new(rate) }
    }

    /// Whether a picture of this time passes.
    pub(super) fn takes(&mut self, pts: gst::ClockTime) -> bool {
        // Half a period early is early enough, for capture jitters; the rate is kept all the same.
        let half = self.period / 2;
        if self.last.is_some_and(|last| pts <= last) || pts + half < self.next {
            return false;
        }
        self.last = Some(pts);
        self.next = (self.next + self.period).max(pts + self.period * 3 / 4);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(pace: &mut Pace, stamps: impl Iterator<Item = u64>) -> usize {
        stamps.filter(|us| pace.takes(gst::ClockTime::from_useconds(*us))).count()
    }

    /// Ten seconds of a camera, each picture up to 8 ms early or late.
    fn camera(rate: u64) -> impl Iterator<Item = u64> {
        (0..10 * rate).map(move |number| 20_000 + number * 1_000_000 / rate + number * 7_919 % 16_000 - 8_000)
    }

    #[test]
    fn the_rate_is_kept_whatever_comes_in() {
        for (from, to) in [(30, 30), (30, 15), (30, 10), (25, 15), (60, 30), (50, 30), (15, 30), (5, 30)] {
            let count = passed(&mut Pace::new(to), camera(from));
            let expected = usize::try_from(10 * from.min(u64::from(to))).expect("small");
            assert!(count.abs_diff(expected) <= 2, "{from} to {to}: {count}");
        }
    }

    #[test]
    fn after_a_rest_there_is_no_burst() {
        let mut pace = Pace::new(10);
        assert!(pace.takes(gst::ClockTime::ZERO));
        let count = passed(&mut pace, (0..30).map(|number| 5_000_000 + number * 33_333));
        assert!(count <= 11, "{count} in a second");
    }

    #[test]
    fn time_never_goes_back_not_even_at_another_rate() {
        let mut pace = Pace::new(30);
        assert!(pace.takes(gst::ClockTime::from_seconds(3)));
        assert!(!pace.takes(gst::ClockTime::from_seconds(3)));
        let mut pace = pace.at(15);
        assert!(!pace.takes(gst::ClockTime::from_seconds(2)));
        assert!(pace.takes(gst::ClockTime::from_seconds(3) + gst::ClockTime::NSECOND), "the next one passes");
    }
}
