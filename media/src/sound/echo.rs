//! Echo cancellation, noise suppression and gain control: WebRTC's audio processing (AEC3, NS, AGC2) on the captured sound.
//!
//! What is played is kept with the time at which it will be heard; each captured frame is processed together with what was heard
//! when it was captured. AEC3 finds the delay that is left by itself. `docs/decisions/0009-echo-cancellation.md` has the measurements.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use gstreamer as gst;
use sonora::{
    AudioProcessing, Config, StreamConfig,
    config::{
        AdaptiveDigital, EchoCanceller, GainController2, HighPassFilter, MaxProcessingRate, NoiseSuppression, Pipeline,
    },
};

use crate::{SoundSettings, wav::RATE};

/// Samples a second.
const RATE_U64: u64 = RATE.unsigned_abs() as u64;
/// Samples that are processed at once: 10 ms.
pub(crate) const FRAME: usize = 480;
/// Samples that are kept: 2 s. More than half a second of echo no canceller bears.
const KEPT: usize = 96_000;
/// What was played is taken this much earlier than it should be needed, in samples: 20 ms. A card plays up to this much before the
/// time it was told (`DRIFT_TOLERANCE_US`), and AEC3 cannot know an echo before its sound. More would not have been written yet.
const LEAD: u64 = RATE_U64 / 50;
/// Time stamps are rounded, and follow a card's clock in small steps. Within 1 ms the stream is taken to go on without a hole.
const SNAP: u64 = RATE_U64 / 1000;
/// Statistics are read every so many frames: half a second.
const STATISTICS_EVERY: u32 = 50;

/// The number of a sample on the time line that all pipelines share.
pub(crate) fn position(time: gst::ClockTime) -> u64 {
    time.nseconds() / 1_000 * (RATE_U64 / 1_000) / 1_000
}

/// What is played, by the time at which it will be heard. Written by the loudspeaker's thread, read by the microphone's.
#[derive(Debug)]
pub(crate) struct Reference(Mutex<Ring>);

#[derive(Debug)]
struct Ring {
    samples: Box<[i16]>,
    /// One after the newest.
    end: u64,
}

impl Default for Reference {
    fn default() -> Self {
        Self(Mutex::new(Ring { samples: vec![0; KEPT].into(), end: 0 }))
    }
}

impl Reference {
    /// These samples (16 bit, native) will be heard from `at` on.
    pub(crate) fn write(&self, at: u64, samples: &[u8]) {
        let mut ring = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = if at.abs_diff(ring.end) <= SNAP { ring.end } else { at };
        // Silence since the last ones; all of it, if they are long ago or on another time line.
        let hole = at.saturating_sub(ring.end).min(length(KEPT));
        for position in at.saturating_sub(hole)..at {
            ring.put(position, 0);
        }
        let samples = samples.as_chunks().0;
        for (position, bytes) in (at..).zip(samples) {
            ring.put(position, i16::from_ne_bytes(*bytes));
        }
        ring.end = at + length(samples.len());
    }

    /// What is heard from `at` on; silence where nothing is known.
    fn read(&self, at: u64, into: &mut [i16]) {
        let ring = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (position, sample) in (at..).zip(into) {
            let known = position < ring.end && position + length(KEPT) >= ring.end;
            *sample = if known { ring.samples[slot(position)] } else { 0 };
        }
    }
}

impl Ring {
    fn put(&mut self, position: u64, sample: i16) {
        self.samples[slot(position)] = sample;
    }
}

fn length(samples: usize) -> u64 {
    u64::try_from(samples).expect("a usize is at most 64 bits wide")
}

fn slot(position: u64) -> usize {
    usize::try_from(position % length(KEPT)).expect("less than a usize")
}

/// What happens to captured sound before it is encoded.
pub(crate) struct Processor {
    processing: AudioProcessing,
    reference: Arc<Reference>,
    cancels_echo: bool,
    /// What the devices delay beyond what they tell, in samples.
    extra: u64,
    /// Where the next frame's reference begins, as long as the frames have no hole.
    next: Option<u64>,
    played: [i16; FRAME],
    captured: [i16; FRAME],
    processed: [i16; FRAME],
    frames: u32,
}

impl Processor {
    /// None: there is nothing to do.
    pub(crate) fn new(settings: &SoundSettings, reference: Arc<Reference>) -> Option<Self> {
        let SoundSettings { echo_cancellation, noise_suppression, gain_control, echo_delay } = *settings;
        if !(echo_cancellation || noise_suppression || gain_control) {
            return None;
        }
        let config = Config {
            pipeline: Pipeline {
                maximum_internal_processing_rate: MaxProcessingRate::Rate48kHz,
                ..Pipeline::default()
            },
            high_pass_filter: Some(HighPassFilter::default()),
            echo_canceller: echo_cancellation.then(EchoCanceller::default),
            noise_suppression: noise_suppression.then(NoiseSuppression::default),
            gain_controller2: gain_control.then(gain),
            ..Config::default()
        };
        let stream = StreamConfig::new(RATE.unsigned_abs(), 1);
        let processing = AudioProcessing::builder().config(config).capture_config(stream).render_config(stream).build();
        Some(Self {
            processing,
            reference,
            cancels_echo: echo_cancellation,
            extra: samples_of(echo_delay),
            next: None,
            played: [0; FRAME],
            captured: [0; FRAME],
            processed: [0; FRAME],
            frames: 0,
        })
    }

    /// Processes one frame in place: [`FRAME`] samples (16 bit, native), captured from `at` on. What has another length is left as it is.
    pub(crate) fn process(&mut self, at: u64, frame: &mut [u8]) {
        if frame.len() != FRAME * 2 {
            return;
        }
        for (sample, bytes) in self.captured.iter_mut().zip(frame.as_chunks().0) {
            *sample = i16::from_ne_bytes(*bytes);
        }
        if self.cancels_echo {
            let wanted = (at + LEAD).saturating_sub(self.extra);
            let from = self.next.filter(|next| next.abs_diff(wanted) <= SNAP).unwrap_or(wanted);
            self.next = Some(from + length(FRAME));
            self.reference.read(from, &mut self.played);
            // Played sound is only looked at.
            if let Err(error) = self.processing.process_render_i16(&self.played, &mut self.processed) {
                tracing::error!(?error, "played sound is not taken");
            }
        }
        match self.processing.process_capture_i16(&self.captured, &mut self.processed) {
            Ok(()) => {
                for (bytes, sample) in frame.as_chunks_mut().0.iter_mut().zip(self.processed) {
                    *bytes = sample.to_ne_bytes();
                }
            }
            Err(error) => tracing::error!(?error, "captured sound is not taken"),
        }
        self.frames = self.frames.wrapping_add(1);
    }

    /// Every half second: by how many dB echoes are made weaker (W3C `echoReturnLossEnhancement`), if that is known.
    pub(crate) fn enhancement(&self) -> Option<Option<f64>> {
        let is_due = self.cancels_echo && self.frames.is_multiple_of(STATISTICS_EVERY);
        is_due.then(|| self.processing.statistics().echo_return_loss_enhancement)
    }
}

/// For a visitor who stands a step away. By itself AGC2 begins at 15 dB, which makes the echo of the first word louder than without, and
/// goes up to 50 dB, more than any voice at a kiosk needs.
fn gain() -> GainController2 {
    let adaptive = AdaptiveDigital { initial_gain_db: 6.0, max_gain_db: 24.0, ..AdaptiveDigital::default() };
    GainController2 { adaptive_digital: Some(adaptive), ..GainController2::default() }
}

fn samples_of(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(0) * RATE_U64 / 1_000_000
}

#[cfg(test)]
mod tests;
