//! How loud, how often interrupted, how well freed from echo: figures that streaming threads leave and statistics pick up.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Instant,
};

use gstreamer as gst;

/// The loudness of a stream, of the last piece that passed.
#[derive(Debug, Default)]
pub(crate) struct Level(AtomicU32);

impl Level {
    /// Of 16-bit samples: the root of their mean square, 1 at full scale (W3C webrtc-stats `totalAudioEnergy`).
    pub(crate) fn measure(&self, samples: &[u8]) {
        let samples = samples.as_chunks().0;
        let energy: f32 = samples.iter().map(|bytes| full_scale(i16::from_ne_bytes(*bytes)).powi(2)).sum();
        #[expect(clippy::cast_precision_loss, reason = "a buffer has some hundred samples")]
        let mean = energy / samples.len().max(1) as f32;
        // Falls by half in about seven pieces: a reading every half second must not fall between two syllables.
        self.0.store(mean.sqrt().max(self.get() * 0.9).to_bits(), Ordering::Relaxed);
    }

    /// 0…1 (W3C webrtc-stats `audioLevel`).
    pub(crate) fn get(&self) -> f32 {
        f32::from_bits(self.0.load(Ordering::Relaxed))
    }

    pub(crate) fn clear(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

fn full_scale(sample: i16) -> f32 {
    f32::from(sample) / 32_768.0
}

/// When something last passed, to notice a stream that stands still.
#[derive(Debug)]
pub(crate) struct Flow(Mutex<Instant>);

impl Flow {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Instant::now()))
    }

    pub(crate) fn passed(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    pub(crate) fn last(&self) -> Instant {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What statistics tell of the sound devices.
#[derive(Debug, Default)]
pub(crate) struct Meters {
    /// Of what is sent.
    pub(crate) input: Level,
    /// How often captured sound was lost or the loudspeaker ran dry.
    pub(crate) xruns: AtomicU64,
    /// Samples, of whatever source, before they are encoded.
    pub(crate) captured: AtomicU64,
    /// Samples of all peers that the loudspeaker's mixer was given, and those that it has taken.
    pub(crate) given: AtomicU64,
    pub(crate) taken: AtomicU64,
    /// From a sound's time stamp to when it is heard, ns; 0: not known yet.
    pub(crate) playback_latency: AtomicU64,
    enhancement: Mutex<Option<f64>>,
}

impl Meters {
    pub(crate) fn count_xrun(&self) {
        self.xruns.fetch_add(1, Ordering::Relaxed);
    }

    /// Samples that the loudspeaker's mixer was given, and those that it has taken.
    pub(crate) fn passed(&self) -> (u64, u64) {
        // In this order: what is given meanwhile is not missed.
        let given = self.given.load(Ordering::Relaxed);
        (given, self.taken.load(Ordering::Relaxed))
    }

    pub(crate) fn set_enhancement(&self, decibels: Option<f64>) {
        *self.enhancement.lock().unwrap_or_else(PoisonError::into_inner) = decibels;
    }

    /// Echo return loss enhancement in dB, where echo is cancelled and was heard.
    pub(crate) fn enhancement(&self) -> Option<f64> {
        *self.enhancement.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Finds holes in a stream of captured buffers.
#[derive(Debug, Default)]
pub(crate) struct Holes {
    /// Where the next buffer should begin.
    next: Option<gst::ClockTime>,
}

impl Holes {
    /// Clocks drift and time stamps jump by a period now and then; what was lost by an xrun is more: at least ALSA's buffer.
    const LEAST: gst::ClockTime = gst::ClockTime::from_mseconds(25);

    /// Whether sound is missing between the last buffer and this one.
    pub(crate) fn before(&mut self, start: gst::ClockTime, duration: gst::ClockTime) -> bool {
        let expected = self.next.replace(start + duration);
        expected.is_some_and(|expected| start > expected + Self::LEAST)
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;

    fn sine(peak: f64) -> Vec<u8> {
        (0..480)
            .flat_map(|at| {
                let sample = peak * 32_767.0 * (TAU * 1000.0 * f64::from(at) / 48_000.0).sin();
                #[expect(clippy::cast_possible_truncation, reason = "in range by construction")]
                (sample as i16).to_ne_bytes()
            })
            .collect()
    }

    #[test]
    fn a_level_is_that_of_w3c() {
        let level = Level::default();
        level.measure(&sine(1.0));
        assert!((level.get() - 0.707).abs() < 0.001, "{}", level.get());
        for _ in 0..100 {
            level.measure(&sine(0.1));
        }
        assert!((level.get() - 0.0707).abs() < 0.001, "{}", level.get());
        for _ in 0..200 {
            level.measure(&[0; 960]);
        }
        assert!(level.get() < 0.001);
        level.measure(&[]);
        level.clear();
        assert!(level.get().abs() < f32::EPSILON);
    }

    #[test]
    fn a_hole_is_counted_a_drift_is_not() {
        let ms = gst::ClockTime::from_mseconds;
        let mut holes = Holes::default();
        assert!(!holes.before(ms(1000), ms(10)), "the first has none before it");
        assert!(!holes.before(ms(1010), ms(10)));
        assert!(!holes.before(ms(1030), ms(10)), "a period");
        assert!(!holes.before(ms(1035), ms(10)), "back");
        assert!(holes.before(ms(1100), ms(10)));
        assert!(!holes.before(ms(1110), ms(10)));
    }
}
