//! Microphone and loudspeaker: ONE pipeline, so that echo cancellation can compare them on one time line.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use gstreamer::{self as gst, prelude::*};
use gstreamer_app as gst_app;
use kiosk_call::{CallId, DeviceState, MediaEvent};

use crate::{
    Loudspeaker, MediaError, MicrophoneSource,
    device::{self, Kind},
    fanout::{self, Fanout},
    pipeline::{self, Timeline, capsfilter, chain, element, element_with},
    player::{self, Player},
    queue::{OnEvent, Owner, Post, Trouble},
    wav::{RATE, WavWriter},
};

/// How late a peer's sound may be and still be played, in ms: what the jitter buffer waits for a lost packet, as far as speech
/// bears it. Also what every sound is delayed by, so it is less than the jitter buffer's own limit.
const PLAYOUT_MS: u64 = 80;
/// ALSA's buffer and period in microseconds. Small: delay, and echo cancellation finds echoes of 40…70 ms only.
const ALSA_TIMES: [(&str, &str); 3] = [("buffer-time", "40000"), ("latency-time", "10000"), ("provide-clock", "false")];

/// Raw sound everywhere: S16LE, 48 kHz, mono.
pub(crate) fn raw_caps() -> gst::Caps {
    gst::Caps::builder("audio/x-raw")
        .field("format", "S16LE")
        .field("layout", "interleaved")
        .field("rate", RATE)
        .field("channels", 1)
        .build()
}

/// Opened for a call only.
pub(crate) struct Sound {
    microphone: MicrophoneSource,
    loudspeaker: Loudspeaker,
    timeline: Timeline,
    post: Post,
    events: OnEvent,
    running: Option<Running>,
    generation: u64,
    is_muted: bool,
    retry: Option<Instant>,
    /// Why a device is not in use.
    no_microphone: Option<String>,
    no_loudspeaker: Option<String>,
    state: DeviceState,
    recording: Arc<Mutex<Option<WavWriter>>>,
    /// Encoded sound for the peers.
    pub(crate) peers: Arc<Fanout>,
    /// The peers' sound.
    pub(crate) playback: Arc<Playback>,
}

/// Where each peer's decoded sound goes; follows the pipeline when that is built anew.
#[derive(Debug, Default)]
pub(crate) struct Playback {
    inputs: Mutex<BTreeMap<CallId, Option<gst_app::AppSrc>>>,
}

impl Playback {
    /// Decoded sound of a peer, on the common time line. Dropped while there is nowhere to play it.
    pub(crate) fn push(&self, call: CallId, buffer: gst::Buffer) {
        if let Some(Some(input)) = self.inputs.lock().unwrap_or_else(PoisonError::into_inner).get(&call)
            && let Err(error) = input.push_buffer(buffer)
        {
            tracing::trace!(?call, ?error, "the loudspeaker takes no more");
        }
    }
}

struct Running {
    pipeline: gst::Pipeline,
    mixer: gst::Element,
    mute: gst::Element,
    player: Option<Player>,
}

impl Sound {
    pub(crate) fn new(
        microphone: MicrophoneSource,
        loudspeaker: Loudspeaker,
        timeline: Timeline,
        post: Post,
        events: OnEvent,
        recording: Arc<Mutex<Option<WavWriter>>>,
    ) -> Self {
        Self {
            microphone,
            loudspeaker,
            timeline,
            post,
            events,
            running: None,
            generation: 0,
            is_muted: false,
            retry: None,
            no_microphone: None,
            no_loudspeaker: None,
            state: DeviceState::Ready,
            recording,
            peers: Arc::default(),
            playback: Arc::default(),
        }
    }

    /// Silence instead of what the microphone hears.
    pub(crate) fn set_muted(&mut self, muted: bool) {
        self.is_muted = muted;
        if let Some(running) = &self.running {
            running.mute.set_property("mute", muted);
        }
    }

    /// Plays this peer from now on.
    pub(crate) fn add(&self, call: CallId) {
        let input = self.running.as_ref().and_then(|running| running.add(call));
        self.playback.inputs.lock().unwrap_or_else(PoisonError::into_inner).insert(call, input);
    }

    /// Plays this peer no longer.
    pub(crate) fn remove(&self, call: CallId) {
        let input = self.playback.inputs.lock().unwrap_or_else(PoisonError::into_inner).remove(&call);
        if let (Some(running), Some(Some(input))) = (&self.running, input) {
            running.remove(&input);
        }
    }

    /// (Re)builds the pipeline from the devices that open. Blocks as long as they do.
    pub(crate) fn open(&mut self) {
        self.close();
        self.no_microphone = self.try_microphone();
        self.no_loudspeaker = self.try_loudspeaker();
        self.rebuild();
    }

    fn rebuild(&mut self) {
        self.close();
        self.generation += 1;
        match self.build() {
            Ok(running) => {
                let mut inputs = self.playback.inputs.lock().unwrap_or_else(PoisonError::into_inner);
                for (call, input) in inputs.iter_mut() {
                    *input = running.add(*call);
                }
                drop(inputs);
                self.running = Some(running);
            }
            Err(error) => self.no_microphone = Some(format!("Sound does not work: {error}")),
        }
        self.tell();
    }

    fn try_microphone(&self) -> Option<String> {
        match &self.microphone {
            MicrophoneSource::File(path) => player::unreadable(path),
            MicrophoneSource::Alsa(pcm) => try_alsa("alsasrc", Kind::Microphone, pcm),
            MicrophoneSource::Test { .. } | MicrophoneSource::None => None,
        }
    }

    fn try_loudspeaker(&self) -> Option<String> {
        match &self.loudspeaker {
            Loudspeaker::Alsa(pcm) => try_alsa("alsasink", Kind::Loudspeaker, pcm),
            Loudspeaker::File(path) => self.try_recording(path),
            Loudspeaker::Discard => None,
        }
    }

    /// The file is made once and kept over calls and rebuilds.
    fn try_recording(&self, path: &Path) -> Option<String> {
        let mut recording = self.recording.lock().unwrap_or_else(PoisonError::into_inner);
        if recording.is_some() {
            return None;
        }
        match WavWriter::create(path) {
            Ok(writer) => {
                *recording = Some(writer);
                None
            }
            Err(error) => Some(format!(
                "The file {} for the loudspeaker cannot be written ({error}). Check its folder and permissions.",
                path.display()
            )),
        }
    }

    fn tell(&mut self) {
        let sentences: Vec<_> = [&self.no_microphone, &self.no_loudspeaker].into_iter().flatten().cloned().collect();
        let state = if sentences.is_empty() { DeviceState::Ready } else { DeviceState::Missing(sentences.join(" ")) };
        self.retry = (state != DeviceState::Ready).then(|| Instant::now() + device::RETRY);
        if self.state != state {
            self.state = state.clone();
            (self.events)(MediaEvent::Sound(state));
        }
    }

    fn build(&self) -> Result<Running, MediaError> {
        let pipeline = self.timeline.pipeline("sound", Owner::Sound(self.generation), self.post.clone());
        let (source, player) = self.source()?;
        let mute = element("volume")?;
        mute.set_property("mute", self.is_muted);
        let sink = fanout::sink();
        self.peers.feed(&sink);
        chain(
            &pipeline,
            &[
                &source,
                &element("audioconvert")?,
                &element("audioresample")?,
                &capsfilter(&raw_caps())?,
                &mute,
                // A stalled encoder must not stall the card: 100 ms, then the oldest is dropped.
                &element_with("queue", &[("leaky", "downstream"), ("max-size-time", "100000000")])?,
                // In-band FEC repeats each packet in a poorer version in the next one (RFC 7587 §3.3), for the loss told.
                &element_with(
                    "opusenc",
                    &[
                        ("inband-fec", "true"),
                        ("packet-loss-percentage", "5"),
                        ("bitrate", "32000"),
                        ("frame-size", "20"),
                        ("audio-type", "voice"),
                        ("complexity", "5"),
                    ],
                )?,
                sink.upcast_ref(),
            ],
        )?;
        let mixer = self.build_playback(&pipeline)?;
        if let Err(error) = pipeline.set_state(gst::State::Playing) {
            pipeline::end(&pipeline);
            return Err(error.into());
        }
        Ok(Running { pipeline, mixer, mute, player })
    }

    fn build_playback(&self, pipeline: &gst::Pipeline) -> Result<gst::Element, MediaError> {
        // Silence is always mixed in: the loudspeaker never starves, and peers come and go without a stop.
        let silence =
            element_with("audiotestsrc", &[("is-live", "true"), ("wave", "silence"), ("samplesperbuffer", "480")])?;
        let mixer = element_with(
            "audiomixer",
            &[
                // Not from zero: running time is that of the process.
                ("start-time-selection", "first"),
                // A peer that has sent nothing yet is not waited for.
                ("ignore-inactive-pads", "true"),
                ("output-buffer-duration", "10000000"),
            ],
        )?;
        // Peers bring this latency; told beforehand, it does not change when one comes.
        mixer.set_property("min-upstream-latency", gst::ClockTime::from_mseconds(PLAYOUT_MS).nseconds());
        let sink = self.sink()?;
        chain(
            pipeline,
            &[&silence, &capsfilter(&raw_caps())?, &mixer, &capsfilter(&raw_caps())?, &element("audioconvert")?, &sink],
        )?;
        Ok(mixer)
    }

    fn source(&self) -> Result<(gst::Element, Option<Player>), MediaError> {
        let silence =
            || element_with("audiotestsrc", &[("is-live", "true"), ("wave", "silence"), ("samplesperbuffer", "480")]);
        if self.no_microphone.is_some() {
            return Ok((silence()?, None));
        }
        Ok(match &self.microphone {
            MicrophoneSource::None => (silence()?, None),
            MicrophoneSource::Test { frequency_hz } => {
                let tone = element_with(
                    "audiotestsrc",
                    &[("is-live", "true"), ("wave", "sine"), ("samplesperbuffer", "480"), ("volume", "0.5")],
                )?;
                tone.set_property("freq", f64::from(*frequency_hz));
                (tone, None)
            }
            MicrophoneSource::Alsa(pcm) => {
                let source = element_with("alsasrc", &ALSA_TIMES)?;
                source.set_property("device", pcm);
                source.set_property("name", "microphone");
                (source, None)
            }
            MicrophoneSource::File(path) => {
                let input = gst_app::AppSrc::builder()
                    .is_live(true)
                    .format(gst::Format::Time)
                    .caps(&raw_caps())
                    .do_timestamp(true)
                    .max_time(gst::ClockTime::from_mseconds(200))
                    .leaky_type(gst_app::AppLeakyType::Downstream)
                    .build();
                let out = input.clone();
                let owner = Owner::MicrophoneFile(self.generation);
                let player = Player::start(path, &raw_caps(), owner, &self.post, move |mut buffer| {
                    // The file's time starts anew with every round; the source stamps what has no time.
                    buffer.make_mut().set_pts(gst::ClockTime::NONE);
                    // A refusal means that the pipeline is being torn down.
                    let _ = out.push_buffer(buffer);
                })?;
                (input.upcast(), Some(player))
            }
        })
    }

    fn sink(&self) -> Result<gst::Element, MediaError> {
        if self.no_loudspeaker.is_some() {
            return discard();
        }
        match &self.loudspeaker {
            Loudspeaker::Discard => discard(),
            Loudspeaker::Alsa(pcm) => {
                let sink = element_with("alsasink", &ALSA_TIMES)?;
                sink.set_property("device", pcm);
                sink.set_property("name", "loudspeaker");
                sink.set_property("async", false);
                Ok(sink)
            }
            Loudspeaker::File(_) => {
                // The mixer is paced by its live silence, so the file needs no clock.
                let sink = fanout::sink();
                let recording = Arc::clone(&self.recording);
                sink.set_callbacks(
                    gst_app::AppSinkCallbacks::builder()
                        .new_sample(move |sink| {
                            let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
                            let map = sample.buffer().and_then(|buffer| buffer.map_readable().ok());
                            let mut recording = recording.lock().unwrap_or_else(PoisonError::into_inner);
                            if let (Some(map), Some(writer)) = (map, recording.as_mut())
                                && let Err(error) = writer.write(&map)
                            {
                                tracing::warn!(%error, "the loudspeaker's file cannot be written");
                                *recording = None;
                            }
                            Ok(gst::FlowSuccess::Ok)
                        })
                        .build(),
                );
                Ok(sink.upcast())
            }
        }
    }

    /// An error of the pipeline of this generation: the device it comes from is left out until it opens again.
    pub(crate) fn broken(&mut self, generation: u64, trouble: &Trouble) {
        if generation != self.generation || self.running.is_none() {
            return;
        }
        tracing::debug!(element = trouble.element, error = %trouble.error, details = ?trouble.details, "sound");
        let about = |kind, pcm: &str| Some(device::sentence(kind, pcm, &trouble.error));
        match (&self.microphone, &self.loudspeaker) {
            (_, Loudspeaker::Alsa(pcm)) if trouble.element.contains("loudspeaker") => {
                self.no_loudspeaker = about(Kind::Loudspeaker, pcm);
            }
            (MicrophoneSource::Alsa(pcm), _) => self.no_microphone = about(Kind::Microphone, pcm),
            (MicrophoneSource::File(path), _) => {
                self.no_microphone = Some(format!(
                    "The file {} cannot be played ({}). Give a media file with sound.",
                    path.display(),
                    trouble.error.message()
                ));
            }
            (MicrophoneSource::Test { .. } | MicrophoneSource::None, _) => {
                self.no_microphone = Some(format!("Sound has failed ({}).", trouble.error.message()));
            }
        }
        self.rebuild();
    }

    /// The microphone's file is at its end.
    pub(crate) fn ended(&self, generation: u64) {
        if generation == self.generation
            && let Some(player) = self.running.as_ref().and_then(|running| running.player.as_ref())
        {
            player.rewind();
        }
    }

    /// The pipeline's latency has changed.
    pub(crate) fn recalculate(&self, generation: u64) {
        if generation == self.generation
            && let Some(running) = &self.running
            && let Err(error) = running.pipeline.recalculate_latency()
        {
            tracing::debug!(%error, "sound latency");
        }
    }

    /// Tries a missing device again when it is time; the running sound is disturbed only if that has changed something.
    pub(crate) fn tick(&mut self, now: Instant) {
        if self.retry.is_none_or(|at| at > now) {
            return;
        }
        self.retry = Some(now + device::RETRY);
        let microphone_is_back = self.no_microphone.is_some() && self.try_microphone().is_none();
        let loudspeaker_is_back = self.no_loudspeaker.is_some() && self.try_loudspeaker().is_none();
        if microphone_is_back {
            self.no_microphone = None;
        }
        if loudspeaker_is_back {
            self.no_loudspeaker = None;
        }
        if microphone_is_back || loudspeaker_is_back {
            self.rebuild();
        }
    }

    fn close(&mut self) {
        let Some(running) = self.running.take() else { return };
        for input in self.playback.inputs.lock().unwrap_or_else(PoisonError::into_inner).values_mut() {
            *input = None;
        }
        if let Some(player) = running.player {
            player.stop();
        }
        pipeline::end(&running.pipeline);
    }

    pub(crate) fn stop(mut self) {
        self.close();
    }
}

impl Running {
    fn add(&self, call: CallId) -> Option<gst_app::AppSrc> {
        let input = gst_app::AppSrc::builder()
            .is_live(true)
            .format(gst::Format::Time)
            .caps(&raw_caps())
            .min_latency(i64::try_from(gst::ClockTime::from_mseconds(PLAYOUT_MS).nseconds()).unwrap_or(0))
            .max_time(gst::ClockTime::from_mseconds(500))
            .leaky_type(gst_app::AppLeakyType::Downstream)
            .build();
        let link = || -> Result<(), MediaError> {
            self.pipeline.add(&input)?;
            input.link(&self.mixer)?;
            input.sync_state_with_parent()?;
            Ok(())
        };
        link().inspect_err(|error| tracing::error!(?call, %error, "a peer's sound cannot be played")).ok()?;
        Some(input)
    }

    fn remove(&self, input: &gst_app::AppSrc) {
        let pad = input.static_pad("src").and_then(|pad| pad.peer());
        // Locked, so that the pipeline does not start it again meanwhile.
        input.set_locked_state(true);
        if input.set_state(gst::State::Null).is_err() || self.pipeline.remove(input).is_err() {
            tracing::warn!("a peer's sound cannot be taken out");
        }
        if let Some(pad) = pad {
            self.mixer.release_request_pad(&pad);
        }
    }
}

fn discard() -> Result<gst::Element, MediaError> {
    element_with("fakesink", &[("sync", "false"), ("async", "false")])
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
