//! Trials: what the camera gives goes through the encoder that a call would take, and through a decoder here, without a peer. Nothing of
//! it leaves the kiosk, and nothing is shown.
//!
//! A picture is known by its time stamp at every stage: the running time at which it was captured, which encoders and decoders keep. So
//! any camera will do.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
    time::{Duration, Instant},
};

use gstreamer::{self as gst, prelude::*};
use gstreamer_app as gst_app;
use kiosk_call::CallId;
use thiserror::Error;

use crate::{
    MediaError, VideoCodec,
    decoder::Decoders,
    fanout,
    pipeline::{self, Timeline, chain, element},
    queue::{Owner, Post},
    sound::{self, Sound},
};

/// The longest trial.
pub const LONGEST_TRIAL: Duration = Duration::from_secs(60);
/// A camera may take so long for its first picture; then what there is is counted.
const PATIENCE: Duration = Duration::from_secs(6);
/// Among those that encoders feed. Ids of calls are random.
pub(crate) const CALL: CallId = CallId([0xff; 16]);
/// More pictures than any camera gives in the longest trial.
const MOST_PICTURES: usize = 20_000;

/// Takes what came of a trial.
pub(crate) type OnTrial = Box<dyn FnOnce(Result<Trial, NoTrial>) + Send>;

/// Why nothing was tried.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NoTrial {
    /// A call needs what would be tried, or has come meanwhile.
    #[error("a call is on")]
    Call,
    /// Somebody else tries it.
    #[error("another trial is going on")]
    Another,
    /// Media ends.
    #[error("kioskd is ending")]
    Ending,
    /// A part of it cannot be built: a sentence.
    #[error("{0}")]
    Broken(String),
}

/// What came of a trial.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// How long was counted.
    pub length: Duration,
    /// The GStreamer element that encoded.
    pub encoder: &'static str,
    /// The GStreamer element that decoded.
    pub decoder: String,
    /// What an encoder or decoder said when it failed.
    pub problem: Option<String>,
    /// Every picture that was anywhere, in the order of their capture.
    pub passages: Vec<Passage>,
    /// Sound that was captured, or the silence in its place.
    pub sound_captured: Duration,
    /// Of it, what was encoded.
    pub sound_encoded: Duration,
    /// The loudest that was heard, 0 to 1 (full scale).
    pub audio_level: f64,
}

/// A picture on its way: how long after its capture it was where. None: it was not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passage {
    /// Handed to the encoder. None: it was no picture of a camera, but the placeholder's.
    pub captured: Option<Duration>,
    /// Out of the encoder.
    pub encoded: Option<Duration>,
    /// Out of the decoder.
    pub decoded: Option<Duration>,
}

/// A place that pictures pass.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mark {
    Captured,
    Encoded,
    Decoded,
}

/// When each picture was where, while somebody wants to know. Streaming threads write it.
#[derive(Debug, Default)]
pub(crate) struct Course(Mutex<Option<BTreeMap<u64, Passage>>>);

impl Course {
    /// Begins anew.
    fn begin(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(BTreeMap::new());
    }

    /// Nobody wants to know any more.
    fn end(&self) -> Vec<Passage> {
        let passages = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        passages.unwrap_or_default().into_values().collect()
    }

    /// A picture of the camera has come through all of it.
    fn is_run(&self) -> bool {
        let passages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_through = |passage: &Passage| passage.captured.is_some() && passage.decoded.is_some();
        passages.iter().flat_map(BTreeMap::values).any(is_through)
    }

    /// The picture with this time stamp is there now.
    pub(crate) fn note(&self, mark: Mark, stamp: Option<gst::ClockTime>, now: gst::ClockTime) {
        let mut passages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (Some(passages), Some(stamp)) = (passages.as_mut(), stamp) else { return };
        // Drivers of codecs keep a time stamp to the microsecond (struct v4l2_buffer, `timestamp`).
        let key = stamp.useconds();
        if passages.len() >= MOST_PICTURES && !passages.contains_key(&key) {
            return;
        }
        let passage = passages.entry(key).or_default();
        let place = match mark {
            Mark::Captured => &mut passage.captured,
            Mark::Encoded => &mut passage.encoded,
            Mark::Decoded => &mut passage.decoded,
        };
        place.get_or_insert(now.saturating_sub(stamp).into());
    }
}

/// From the encoder back to raw pictures.
pub(crate) struct Way {
    pipeline: gst::Pipeline,
    /// Encoded pictures go in here.
    pub(crate) input: gst_app::AppSrc,
    decoder: String,
}

/// A trial that is going on.
pub(crate) struct Running {
    generation: u64,
    way: Way,
    encoder: &'static str,
    problem: Option<String>,
    course: Arc<Course>,
    length: Duration,
    began: Instant,
    /// Since when it counts, and what had been captured (samples) and encoded (packets) of sound by then.
    counts: Option<(Instant, u64, u64)>,
    level: f64,
    on_done: OnTrial,
}

impl Way {
    /// Builds it. `generation` tells its bus messages from those of the one before.
    pub(crate) fn build(
        codec: VideoCodec,
        generation: u64,
        decoders: &Decoders,
        (timeline, post): (&Timeline, &Post),
        course: &Arc<Course>,
    ) -> Result<Self, MediaError> {
        let pipeline = timeline.pipeline("trial", Owner::Trial(generation), post.clone());
        let input = fanout::source();
        // x264enc counts from 1,000 hours on, and says so in its segment.
        input.set_property("handle-segment-change", true);
        let element_of_codec = decoders.element(codec)?;
        let decoder = element_of_codec.factory().map(|factory| factory.name().to_string()).unwrap_or_default();
        let mut row = vec![input.clone().upcast()];
        if codec == VideoCodec::H264 {
            row.push(element("h264parse")?);
        }
        let sink = fanout::sink();
        sink.set_caps(Some(&gst::Caps::builder("video/x-raw").field("format", "I420").build()));
        row.extend([element_of_codec, element("videoconvert")?, sink.clone().upcast()]);
        chain(&pipeline, &row.iter().collect::<Vec<_>>())?;
        let (at_entry, at_end) = ((Arc::clone(course), timeline.clone()), (Arc::clone(course), timeline.clone()));
        if let Some(entry) = input.static_pad("src") {
            entry.add_probe(gst::PadProbeType::BUFFER, move |pad, probe| {
                let (course, timeline) = &at_entry;
                let segment = pad.sticky_event::<gst::event::Segment>(0);
                let stamp = segment.and_then(|event| running_time(event.segment(), probe.buffer()?));
                course.note(Mark::Encoded, stamp, timeline.now());
                gst::PadProbeReturn::Ok
            });
        }
        sink.set_callbacks(
            gst_app::AppSinkCallbacks::builder()
                .new_sample(move |sink| {
                    let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
                    let (course, timeline) = &at_end;
                    let stamp = sample.segment().and_then(|segment| running_time(segment, sample.buffer()?));
                    course.note(Mark::Decoded, stamp, timeline.now());
                    Ok(gst::FlowSuccess::Ok)
                })
                .build(),
        );
        if let Err(error) = pipeline.set_state(gst::State::Playing) {
            pipeline::end(&pipeline);
            return Err(error.into());
        }
        Ok(Self { pipeline, input, decoder })
    }

    pub(crate) fn stop(self) {
        pipeline::end(&self.pipeline);
    }
}

impl Running {
    /// Everything is open, or is being opened.
    pub(crate) fn new(
        generation: u64,
        way: Way,
        encoder: &'static str,
        course: Arc<Course>,
        (length, on_done): (Duration, OnTrial),
    ) -> Self {
        course.begin();
        let length = length.min(LONGEST_TRIAL);
        let began = Instant::now();
        Self { generation, way, encoder, problem: None, course, length, began, counts: None, level: 0.0, on_done }
    }

    /// Something of it reports an error.
    pub(crate) fn broken(&mut self, generation: u64, why: &str) {
        if generation == self.generation {
            self.problem.get_or_insert_with(|| format!("{}: {why}", self.way.decoder));
        }
    }

    /// Counting begins with the first picture that has come through, or when that takes too long. Whether all was counted.
    pub(crate) fn tick(&mut self, now: Instant, sound: &Sound) -> bool {
        match self.counts {
            None if self.course.is_run() || now.saturating_duration_since(self.began) >= PATIENCE => {
                self.course.begin();
                self.counts = Some((now, captured(sound), sound.peers.pushed()));
                false
            }
            None => false,
            Some((since, ..)) => {
                self.level = self.level.max(sound.playback.meters.input.get().into());
                now.saturating_duration_since(since) >= self.length
            }
        }
    }

    /// Ends it, and tells what came of it.
    pub(crate) fn finish(self, now: Instant, sound: &Sound) {
        let (since, captured_before, encoded_before) = self.counts.unwrap_or((now, 0, 0));
        let passages = self.course.end();
        let packets = sound.peers.pushed().saturating_sub(encoded_before);
        let trial = Trial {
            length: now.saturating_duration_since(since),
            encoder: self.encoder,
            decoder: self.way.decoder.clone(),
            problem: self.problem,
            passages,
            sound_captured: sound::duration_of(captured(sound).saturating_sub(captured_before)),
            sound_encoded: sound::PACKET * u32::try_from(packets).unwrap_or(u32::MAX),
            audio_level: self.level,
        };
        self.way.stop();
        (self.on_done)(Ok(trial));
    }

    /// Ends it, and says why nothing came of it.
    pub(crate) fn give_up(self, why: NoTrial) {
        self.course.end();
        self.way.stop();
        (self.on_done)(Err(why));
    }
}

/// When a picture was captured, on the common time line.
fn running_time(segment: &gst::Segment, buffer: &gst::BufferRef) -> Option<gst::ClockTime> {
    segment.downcast_ref::<gst::ClockTime>()?.to_running_time(buffer.pts()?)
}

/// Samples so far.
fn captured(sound: &Sound) -> u64 {
    sound.playback.meters.captured.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> gst::ClockTime {
        gst::ClockTime::from_mseconds(ms)
    }

    #[test]
    fn a_picture_is_followed_by_its_time_stamp() {
        let course = Course::default();
        course.note(Mark::Captured, Some(ms(10)), ms(12));
        assert_eq!(course.end(), [], "nobody wants to know");
        course.begin();
        course.note(Mark::Captured, Some(ms(10)), ms(12));
        course.note(Mark::Captured, Some(ms(43)), ms(44));
        // To the microsecond, and once.
        course.note(Mark::Encoded, Some(ms(10) + gst::ClockTime::from_nseconds(999)), ms(17));
        course.note(Mark::Encoded, Some(ms(10)), ms(90));
        assert!(!course.is_run());
        course.note(Mark::Decoded, Some(ms(10)), ms(21));
        course.note(Mark::Decoded, None, ms(21));
        assert!(course.is_run());
        let after = |ms| Some(Duration::from_millis(ms));
        let encoded = Some(Duration::from_nanos(6_999_001));
        assert_eq!(
            course.end(),
            [
                Passage { captured: after(2), encoded, decoded: after(11) },
                Passage { captured: after(1), encoded: None, decoded: None },
            ]
        );
    }

    #[test]
    fn a_placeholder_is_no_picture_of_the_camera() {
        let course = Course::default();
        course.begin();
        course.note(Mark::Encoded, Some(ms(10)), ms(17));
        course.note(Mark::Decoded, Some(ms(10)), ms(21));
        assert!(!course.is_run());
    }
}
