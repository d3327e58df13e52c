//! Tones that need no files: what a telephone says without words (ITU-T E.180).

use std::{
    f64::consts::TAU,
    sync::{Mutex, PoisonError},
};

use kiosk_call::Tone;

use crate::wav::RATE;

const RATE_U64: u64 = RATE.unsigned_abs() as u64;
/// Begin and end of a burst swell for so long, that it does not click: 5 ms.
const SWELL: u64 = RATE_U64 / 200;
/// A note of the ring's warble: 1/16 s, in which both its notes have whole numbers of periods, so that it does not click either.
const NOTE: u64 = RATE_U64 / 16;
/// A note of the announcement's chime, half a second, with whole periods of both notes; it dies away to this share of its peak.
const CHIME: u64 = RATE_U64 / 2;
const CHIME_END: f64 = 0.25;
/// Peaks, of full scale: a ring is to be heard across a room, the others are heard with the ear on them (-10 dBm0, E.180 §4).
const RING_PEAK: f64 = 0.30;
const PROGRESS_PEAK: f64 = 0.20;

/// What is heard of a tone.
struct Cadence {
    /// Of one burst and its pause, in samples.
    period: u64,
    burst: u64,
    peak: f64,
}

const fn cadence(tone: Tone) -> Cadence {
    match tone {
        Tone::Ring => Cadence { period: RATE_U64 * 3, burst: RATE_U64, peak: RING_PEAK },
        // Twice in the three seconds before a call is answered by itself; unlike a ring it need not be answered.
        Tone::Announcement => Cadence { period: CHIME * 3, burst: CHIME * 2, peak: RING_PEAK },
        // E.180 §5: 425 Hz, a second every five.
        Tone::Ringback => Cadence { period: RATE_U64 * 5, burst: RATE_U64, peak: PROGRESS_PEAK },
        // E.180 §6: 425 Hz, half a second every second.
        Tone::Busy => Cadence { period: RATE_U64, burst: RATE_U64 / 2, peak: PROGRESS_PEAK },
    }
}

/// Hertz, `at` samples into a burst.
const fn frequency(tone: Tone, at: u64) -> u64 {
    match tone {
        Tone::Ring if (at / NOTE).is_multiple_of(2) => 784,
        Tone::Ring => 992,
        Tone::Announcement if at < CHIME => 660,
        Tone::Announcement => 528,
        Tone::Ringback | Tone::Busy => 425,
    }
}

/// The sample `at` samples after the tone's start.
fn sample(tone: Tone, at: u64) -> i16 {
    let Cadence { period, burst, peak } = cadence(tone);
    let at = at % period;
    if at >= burst {
        return 0;
    }
    let (at_note, note) = if tone == Tone::Announcement { (at % CHIME, CHIME) } else { (at, burst) };
    let swell = ratio(at_note.min(note - at_note).min(SWELL), SWELL);
    let peak = if tone == Tone::Announcement { peak * fading(ratio(at_note, note)) } else { peak };
    // Whole periods are left out, which keeps the argument small.
    let phase = ratio(frequency(tone, at) * at % RATE_U64, RATE_U64);
    scaled(swell * peak * (TAU * phase).sin())
}

/// Of a struck note, from its beginning (0) to its end (1).
fn fading(progress: f64) -> f64 {
    CHIME_END.powf(progress)
}

#[expect(clippy::cast_precision_loss, reason = "both are below 2^32")]
fn ratio(of: u64, by: u64) -> f64 {
    of as f64 / by as f64
}

#[expect(clippy::cast_possible_truncation, reason = "the peaks are below full scale")]
fn scaled(of_full_scale: f64) -> i16 {
    (of_full_scale * f64::from(i16::MAX)).round() as i16
}

/// What plays, and how far it has come.
#[derive(Debug, Default)]
pub(crate) struct TonePlayer(Mutex<Option<(Tone, u64)>>);

impl TonePlayer {
    /// From its start; the same again goes on as it was.
    pub(crate) fn set(&self, tone: Option<Tone>) {
        let mut playing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if playing.map(|(tone, _)| tone) != tone {
            *playing = tone.map(|tone| (tone, 0));
        }
    }

    pub(crate) fn is_playing(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Fills in the next samples (16 bit, native), if something plays.
    pub(crate) fn fill(&self, samples: &mut [u8]) {
        let mut playing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((tone, at)) = playing.as_mut() else { return };
        for bytes in samples.as_chunks_mut().0 {
            *bytes = sample(*tone, *at).to_ne_bytes();
            *at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seconds of a tone, rendered in the uneven pieces that a pipeline might ask for.
    fn rendered(tone: Tone, seconds: usize) -> Vec<f64> {
        let player = TonePlayer::default();
        player.set(Some(tone));
        let mut bytes = vec![0; seconds * 48_000 * 2];
        for piece in bytes.chunks_mut(2 * 437) {
            player.fill(piece);
        }
        bytes.as_chunks().0.iter().map(|bytes| f64::from(i16::from_ne_bytes(*bytes)) / f64::from(i16::MAX)).collect()
    }

    /// In tens of milliseconds: which are loud.
    fn loud(samples: &[f64]) -> Vec<bool> {
        samples
            .chunks(480)
            .map(|chunk| chunk.iter().map(|sample| sample * sample).sum::<f64>() / 480.0 > 1e-4)
            .collect()
    }

    /// Share of the power at a frequency.
    fn share(samples: &[f64], frequency: f64) -> f64 {
        let (mut sine, mut cosine, mut power) = (0.0, 0.0, 0.0);
        for (at, sample) in samples.iter().enumerate() {
            let phase = TAU * frequency * f64::from(u32::try_from(at).expect("small")) / 48_000.0;
            sine += sample * phase.sin();
            cosine += sample * phase.cos();
            power += sample * sample;
        }
        let length = f64::from(u32::try_from(samples.len()).expect("small"));
        2.0 * (sine * sine + cosine * cosine) / (length * power)
    }

    /// Lengths of bursts and pauses in tens of milliseconds, beginning with a burst.
    fn runs(loud: &[bool]) -> Vec<usize> {
        assert!(loud[0], "begins at once");
        loud.chunk_by(|a, b| a == b).map(<[bool]>::len).collect()
    }

    fn peak(samples: &[f64]) -> f64 {
        samples.iter().copied().fold(0.0, |peak, sample| sample.abs().max(peak))
    }

    #[test]
    fn ringback_is_425_hz_one_second_in_five() {
        let tone = rendered(Tone::Ringback, 10);
        assert_eq!(runs(&loud(&tone)), [100, 400, 100, 400]);
        assert!(share(&tone[..48_000], 425.0) > 0.98);
        assert!((peak(&tone) - PROGRESS_PEAK).abs() < 0.001, "{}", peak(&tone));
    }

    #[test]
    fn busy_is_425_hz_half_a_second_in_one() {
        let tone = rendered(Tone::Busy, 3);
        assert_eq!(runs(&loud(&tone)), [50; 6]);
        assert!(share(&tone[..24_000], 425.0) > 0.98);
    }

    #[test]
    fn a_ring_warbles_between_two_notes_and_pauses() {
        let tone = rendered(Tone::Ring, 6);
        assert_eq!(runs(&loud(&tone)), [100, 200, 100, 200]);
        let note = usize::try_from(NOTE).expect("small");
        for (number, piece) in tone[..48_000].chunks(note).enumerate() {
            let expected = if number % 2 == 0 { 784.0 } else { 992.0 };
            assert!(share(piece, expected) > 0.9, "note {number}");
        }
        assert!((peak(&tone) - RING_PEAK).abs() < 0.001, "{}", peak(&tone));
    }

    #[test]
    fn an_announcement_chimes_down_two_notes_twice_in_three_seconds() {
        let tone = rendered(Tone::Announcement, 3);
        assert_eq!(runs(&loud(&tone)), [100, 50, 100, 50]);
        let note = usize::try_from(CHIME).expect("small");
        for (number, piece) in tone.chunks(note).enumerate() {
            match number % 3 {
                // Of a tone that dies away not all power is at its frequency.
                0 => assert!(share(piece, 660.0) > 0.8, "note {number}"),
                1 => assert!(share(piece, 528.0) > 0.8, "note {number}"),
                _ => assert!(piece.iter().all(|sample| *sample == 0.0), "pause {number}"),
            }
            let (begin, end) = (peak(&piece[..note / 4]), peak(&piece[note * 3 / 4..]));
            assert!(number % 3 == 2 || end < begin / 2.0, "note {number} dies away: {begin} {end}");
        }
    }

    #[test]
    fn nothing_clicks() {
        for tone in [Tone::Ring, Tone::Announcement, Tone::Ringback, Tone::Busy] {
            let samples = rendered(tone, 6);
            let steepest = samples.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f64::max);
            // A sine of the highest frequency and level rises by 2 pi f / rate * peak per sample at most.
            assert!(steepest < TAU * 992.0 / 48_000.0 * RING_PEAK * 1.02, "{tone:?}: {steepest}");
        }
    }

    #[test]
    fn the_same_tone_goes_on_another_begins() {
        let player = TonePlayer::default();
        let mut piece = [1; 960];
        player.fill(&mut piece);
        assert_eq!(piece, [1; 960], "nothing plays: nothing is touched");
        player.set(Some(Tone::Busy));
        player.fill(&mut piece);
        player.set(Some(Tone::Busy));
        assert_eq!(*player.0.lock().expect("whole"), Some((Tone::Busy, 480)));
        player.set(Some(Tone::Ring));
        assert_eq!(*player.0.lock().expect("whole"), Some((Tone::Ring, 0)));
        player.set(None);
        assert!(!player.is_playing());
    }
}
