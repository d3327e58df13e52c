//! Microphone and loudspeaker: two pipelines on one clock and one time line, so that the loss of one card leaves the other alone, a tone
//! needs no microphone, and the echo canceller can compare what is captured with what was heard then.

mod echo;
mod loudspeaker;
mod meter;
mod microphone;
mod playout;
mod tone;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use gstreamer::{self as gst, prelude::*};
use kiosk_call::{CallId, DeviceState, MediaEvent, Rung, Tone};

pub(crate) use self::loudspeaker::Playback;
use self::{loudspeaker::LoudspeakerPipeline, microphone::MicrophonePipeline};
use crate::{
    Loudspeaker, MediaError, MicrophoneSource, Options,
    device::{self, Kind},
    fanout::Fanout,
    healing,
    pipeline::{Timeline, element, element_with},
    queue::{OnEvent, Owner, Post, Trouble},
    stages::{STALLED, Stage},
    wav::RATE,
};

/// ALSA's buffer and period in microseconds. Small: all of it is delay.
const ALSA_TIMES: [(&str, &str); 3] = [("buffer-time", "40000"), ("latency-time", "10000"), ("provide-clock", "false")];
/// The first wait before a device that was said to be there is tried again; each further one is twice as long.
const FIRST_RETRY: Duration = Duration::from_millis(250);

/// Samples that go into a pipeline before anything has to come out: more than it holds.
const LEAST: u64 = 24_000;
/// Of mono in 16 bits.
pub(crate) const BYTES_PER_SAMPLE: u64 = 2;
/// How much sound an Opus packet of ours holds.
pub(crate) const PACKET: Duration = Duration::from_millis(20);

/// How long so many samples last.
pub(crate) fn duration_of(samples: u64) -> Duration {
    Duration::from_millis(samples.saturating_mul(1_000) / u64::from(RATE.unsigned_abs()))
}

/// Raw sound everywhere: S16LE, 48 kHz, mono.
pub(crate) fn raw_caps() -> gst::Caps {
    gst::Caps::builder("audio/x-raw")
        .field("format", "S16LE")
        .field("layout", "interleaved")
        .field("rate", RATE)
        .field("channels", 1)
        .build()
}

/// The microphone is open in a call only, the loudspeaker in a call and for a tone.
pub(crate) struct Sound {
    microphone: MicrophonePipeline,
    loudspeaker: LoudspeakerPipeline,
    is_in_call: bool,
    events: OnEvent,
    told: DeviceState,
    /// Encoded sound for the peers.
    pub(crate) peers: Arc<Fanout>,
    /// The peers' sound.
    pub(crate) playback: Arc<Playback>,
}

impl Sound {
    /// Nothing is opened yet.
    pub(crate) fn new(options: &Options, timeline: &Timeline, post: &Post, events: OnEvent) -> Self {
        let (peers, playback, reference) = (Arc::default(), Arc::<Playback>::default(), Arc::default());
        let line = || Line::new(timeline.clone(), post.clone(), Arc::clone(&events));
        Self {
            microphone: MicrophonePipeline::new(
                options.microphone.clone(),
                options.sound,
                line(),
                Arc::clone(&peers),
                Arc::clone(&playback.meters),
                Arc::clone(&reference),
            ),
            loudspeaker: LoudspeakerPipeline::new(
                options.loudspeaker.clone(),
                line(),
                Arc::clone(&playback),
                reference,
            ),
            is_in_call: false,
            events,
            told: DeviceState::Ready,
            peers,
            playback,
        }
    }

    /// From now on, also in a call. What stays the same and works is not disturbed.
    pub(crate) fn use_devices(&mut self, microphone: MicrophoneSource, loudspeaker: Loudspeaker) {
        self.loudspeaker.use_loudspeaker(loudspeaker);
        self.microphone.use_source(microphone);
        self.tell();
    }

    /// Silence instead of what the microphone hears.
    pub(crate) fn set_muted(&mut self, muted: bool) {
        self.microphone.set_muted(muted);
    }

    /// Amplitude of what is played, 0…1.
    pub(crate) fn set_volume(&mut self, volume: f64) {
        self.loudspeaker.set_volume(volume);
    }

    /// Plays a tone, or none.
    pub(crate) fn set_tone(&mut self, tone: Option<Tone>) {
        self.loudspeaker.set_tone(tone);
        self.open_or_close();
    }

    /// Plays this peer from now on.
    pub(crate) fn add(&self, call: CallId) {
        self.loudspeaker.add(call);
    }

    /// Plays this peer no longer.
    pub(crate) fn remove(&self, call: CallId) {
        self.loudspeaker.remove(call);
    }

    /// A call begins: opens the devices. Blocks as long as they do.
    pub(crate) fn open(&mut self) {
        self.is_in_call = true;
        self.microphone.open();
        self.open_or_close();
    }

    /// No call any more.
    pub(crate) fn close(&mut self) {
        self.is_in_call = false;
        self.microphone.close();
        self.open_or_close();
    }

    fn open_or_close(&mut self) {
        let is_wanted = self.is_in_call || self.loudspeaker.has_tone();
        if is_wanted && !self.loudspeaker.is_open() {
            self.loudspeaker.open();
        } else if !is_wanted {
            self.loudspeaker.close();
        }
        self.tell();
    }

    /// What is wrong, once each time that it changes.
    pub(crate) fn tell(&mut self) {
        let state = self.state();
        if self.told != state {
            self.told = state.clone();
            (self.events)(MediaEvent::Sound(state));
        }
    }

    fn state(&self) -> DeviceState {
        let (microphone, loudspeaker) = (self.microphone.is_missing(), self.loudspeaker.is_missing());
        let none = match (microphone, loudspeaker) {
            (true, true) => Some("No microphone and no loudspeaker was found. Plug them in, or set them in [sound]."),
            (true, false) => Some("No microphone was found. Plug one in, or set it in [sound]."),
            (false, true) => Some("No loudspeaker was found. Plug one in, or set it in [sound]."),
            (false, false) => None,
        };
        let sentences: Vec<_> =
            [none, self.microphone.trouble(), self.loudspeaker.trouble()].into_iter().flatten().collect();
        if sentences.is_empty() { DeviceState::Ready } else { DeviceState::Missing(sentences.join(" ")) }
    }

    /// An error of one of the pipelines: its device is left out until it opens again, the other one goes on.
    pub(crate) fn broken(&mut self, owner: Owner, trouble: &Trouble) {
        let is_news = match owner {
            Owner::Loudspeaker(generation) => self.loudspeaker.broken(generation, trouble),
            Owner::Microphone(generation) | Owner::MicrophoneFile(generation) => {
                self.microphone.broken(generation, trouble)
            }
            Owner::Camera(_)
            | Owner::Exposure(_)
            | Owner::Placeholder
            | Owner::Encoder(..)
            | Owner::Trial(_)
            | Owner::Peer(_) => false,
        };
        if is_news {
            self.tell();
        }
    }

    /// The microphone's file is at its end.
    pub(crate) fn ended(&self, generation: u64) {
        self.microphone.ended(generation);
    }

    /// The loudspeaker's latency has changed.
    pub(crate) fn recalculate(&self, generation: u64) {
        self.loudspeaker.recalculate(generation);
    }

    /// Tries missing devices again when it is time; what runs is disturbed only if that has changed something.
    pub(crate) fn tick(&mut self, now: Instant) {
        let loudspeaker = self.loudspeaker.tick(now);
        if self.microphone.tick(now) || loudspeaker {
            self.tell();
        }
    }

    pub(crate) fn stop(mut self) {
        self.microphone.close();
        self.loudspeaker.close();
    }
}

/// What both ways have: where their pipeline belongs, and how they are.
struct Line {
    timeline: Timeline,
    post: Post,
    /// Tells a rebuilt pipeline from its predecessor.
    generation: u64,
    /// Why the device is not in use.
    trouble: Option<String>,
    retry: Retry,
    events: OnEvent,
    /// What goes into it has to come out.
    stage: Stage,
}

impl Line {
    const fn new(timeline: Timeline, post: Post, events: OnEvent) -> Self {
        Self { timeline, post, generation: 0, trouble: None, retry: Retry::new(), events, stage: Stage::new(LEAST) }
    }

    /// Whether its pipeline stands still, though no device does.
    fn is_stalled(&mut self, now: Instant, into: u64, out: u64) -> bool {
        self.stage.look(now, into, out) > STALLED
    }

    /// The device stands still, and is opened anew. The sentence for people.
    fn reopen(&self, kind: Kind, pcm: &str) -> String {
        let sentence = device::stalled(kind, pcm);
        healing::tell(&self.events, Rung::Device, sentence.clone());
        sentence
    }

    fn pipeline(&self, name: &str, owner: Owner) -> gst::Pipeline {
        self.timeline.pipeline(name, owner, self.post.clone())
    }

    /// It was opened, or not.
    fn note_attempt(&mut self) {
        self.stage.excuse();
        match self.trouble {
            Some(_) => self.retry.missed(Instant::now()),
            None => self.retry = Retry::new(),
        }
    }
}

/// When a device in trouble is tried again.
struct Retry {
    at: Option<Instant>,
    wait: Duration,
}

impl Retry {
    const fn new() -> Self {
        Self { at: None, wait: device::RETRY }
    }

    /// It is said to be there: its nodes may still lack the right to open them, or a sound server may hold it for a moment.
    fn soon(&mut self) {
        self.wait = FIRST_RETRY;
        self.at = Some(Instant::now() + self.wait);
    }

    fn missed(&mut self, now: Instant) {
        self.at = Some(now + self.wait);
        self.wait = (self.wait * 2).min(device::RETRY);
    }

    fn is_due(&self, now: Instant) -> bool {
        self.at.is_some_and(|at| at <= now)
    }
}

/// Silence at a steady pace.
fn silence() -> Result<gst::Element, MediaError> {
    element_with("audiotestsrc", &[("is-live", "true"), ("wave", "silence"), ("samplesperbuffer", "480")])
}

fn try_alsa(factory: &str, kind: Kind, pcm: &str) -> Option<String> {
    let device = match element(factory) {
        Ok(device) => device,
        Err(error) => return Some(error.to_string()),
    };
    device.set_property("device", pcm);
    let outcome = device::open_alone(&device);
    // Closed again, or never opened.
    let _ = device.set_state(gst::State::Null);
    outcome.err().map(|error| device::sentence(kind, pcm, &error))
}
