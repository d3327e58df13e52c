//! How long a peer's sound waits before it is played: as short as the network allows.
//!
//! The mixer waits for a piece until `PLAYOUT_MS` after its time stamp. Where all pieces come long before that, they are stamped earlier, and so are
//! played earlier: a step of it is taken out of the sound, by cross-fading two steps into one. Where one comes late, a step is put in. As an adaptive
//! jitter buffer does (RFC 3550 §6.4.1 on what jitter is; WebRTC's NetEq stretches alike).

use gstreamer as gst;

use super::{BYTES_PER_SAMPLE, RATE};

/// How late a peer's sound may be and still be played, in ms: what the jitter buffer waits for a lost packet, as far as speech
/// bears it. Less than the jitter buffer's own limit.
pub(crate) const PLAYOUT_MS: u64 = 80;
/// By so much at once it is played earlier or later.
const STEP: gst::ClockTime = gst::ClockTime::from_mseconds(10);
/// This is left of the wait at least.
const LEAST_WAIT: gst::ClockTime = gst::ClockTime::from_mseconds(20);
/// A piece that comes less than this before it is wanted is a warning.
const NARROW: i64 = 5_000_000;
/// All pieces came at least so long before they were wanted: a step less is wide enough.
const WIDE: i64 = 25_000_000;
/// For so long all of them have to, at first.
const CALM: gst::ClockTime = gst::ClockTime::from_mseconds(500);
/// And for so long after a late one; half of that after each step that went well.
const CALM_AFTER_LATE: gst::ClockTime = gst::ClockTime::from_seconds(20);

/// What is to be done with a piece before it is played.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Turn {
    /// Nothing.
    AsIs,
    /// It becomes a step shorter.
    Shorten,
    /// It becomes a step longer.
    Lengthen,
}

/// One peer's.
#[derive(Debug)]
pub(crate) struct Playout {
    /// So much earlier than its time stamp says.
    advance: gst::ClockTime,
    /// For so long all pieces have to come early before a step less is tried.
    calm: gst::ClockTime,
    /// When it may be.
    calm_at: Option<gst::ClockTime>,
}

impl Default for Playout {
    fn default() -> Self {
        Self { advance: gst::ClockTime::ZERO, calm: CALM, calm_at: None }
    }
}

impl Playout {
    /// So much earlier than its time stamp says it is played.
    pub(crate) const fn advance(&self) -> gst::ClockTime {
        self.advance
    }

    /// A piece with this time stamp came `now`.
    fn turn(&mut self, now: gst::ClockTime, stamp: gst::ClockTime) -> Turn {
        let wanted = stamp + gst::ClockTime::from_mseconds(PLAYOUT_MS);
        let early = nanoseconds(wanted) - nanoseconds(self.advance) - nanoseconds(now);
        if early < NARROW && self.advance >= STEP {
            self.advance -= STEP;
            self.calm = CALM_AFTER_LATE;
            self.calm_at = Some(now + self.calm);
            return Turn::Lengthen;
        }
        let calm_at = *self.calm_at.get_or_insert(now + self.calm);
        if early < WIDE {
            self.calm_at = Some(now + self.calm);
        } else if now >= calm_at && self.advance + STEP + LEAST_WAIT <= gst::ClockTime::from_mseconds(PLAYOUT_MS) {
            self.advance += STEP;
            self.calm = (self.calm / 2).max(CALM);
            self.calm_at = Some(now + self.calm);
            return Turn::Shorten;
        }
        Turn::AsIs
    }

    /// A piece of sound that came `now`, as it is to be given to the mixer. Pieces of less than two steps are only stamped.
    pub(crate) fn piece(&mut self, now: gst::ClockTime, buffer: gst::Buffer) -> gst::Buffer {
        let Some(stamp) = buffer.pts() else { return buffer };
        let before = self.advance;
        let turn = if buffer.size() >= 2 * step_bytes() { self.turn(now, stamp) } else { Turn::AsIs };
        let mut played = match turn {
            Turn::AsIs => buffer,
            Turn::Shorten => rebuilt(&buffer, shortened),
            Turn::Lengthen => rebuilt(&buffer, lengthened),
        };
        // Where the piece before ended.
        played.make_mut().set_pts(stamp.saturating_sub(before));
        played
    }
}

fn nanoseconds(time: gst::ClockTime) -> i64 {
    i64::try_from(time.nseconds()).unwrap_or(i64::MAX)
}

fn step_bytes() -> usize {
    let samples = STEP.mseconds() * u64::from(RATE.unsigned_abs()) / 1_000;
    usize::try_from(samples * BYTES_PER_SAMPLE).unwrap_or(usize::MAX)
}

fn rebuilt(buffer: &gst::Buffer, change: fn(&[u8], usize) -> Vec<u8>) -> gst::Buffer {
    let Ok(samples) = buffer.map_readable() else { return buffer.clone() };
    let bytes = change(&samples, step_bytes());
    let length = bytes.len() as u64 / BYTES_PER_SAMPLE;
    let mut rebuilt = gst::Buffer::from_mut_slice(bytes);
    let duration = gst::ClockTime::from_useconds(length * 1_000_000 / u64::from(RATE.unsigned_abs()));
    rebuilt.make_mut().set_duration(duration);
    rebuilt
}

/// The first two steps faded into one.
fn shortened(samples: &[u8], step: usize) -> Vec<u8> {
    let (first, rest) = samples.split_at(step);
    let mut bytes = faded(first, &rest[..step]);
    bytes.extend_from_slice(&rest[step..]);
    bytes
}

/// A step put in between the first two, which fades from what comes next to what was: both of its ends are heard as they were.
fn lengthened(samples: &[u8], step: usize) -> Vec<u8> {
    let (first, rest) = samples.split_at(step);
    let mut bytes = first.to_vec();
    bytes.extend(faded(&rest[..step], first));
    bytes.extend_from_slice(rest);
    bytes
}

/// From one to the other, of the same length.
fn faded(from: &[u8], to: &[u8]) -> Vec<u8> {
    let (from, to) = (from.as_chunks::<2>().0, to.as_chunks::<2>().0);
    let count = i32::try_from(from.len()).unwrap_or(i32::MAX).max(1);
    let mixed = from.iter().zip(to).zip(0..).flat_map(|((from, to), at)| {
        let (from, to) = (i32::from(i16::from_ne_bytes(*from)), i32::from(i16::from_ne_bytes(*to)));
        let sample = (from * (count - at) + to * at) / count;
        i16::try_from(sample).expect("it lies between two samples").to_ne_bytes()
    });
    mixed.collect()
}

#[cfg(test)]
mod tests;
