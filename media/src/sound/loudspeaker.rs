//! From the peers to the loudspeaker: mixed with tones, made louder or quieter, remembered for the echo canceller, played.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use gstreamer::{self as gst, prelude::*};
use gstreamer_app as gst_app;
use kiosk_call::{CallId, Rung, Statistics, Tone};

use super::{
    ALSA_TIMES, BYTES_PER_SAMPLE, Line, duration_of,
    echo::{Reference, position},
    meter::{Flow, Level, Meters},
    playout::{PLAYOUT_MS, Playout},
    raw_caps, silence,
    tone::TonePlayer,
    try_alsa,
};
use crate::{
    Loudspeaker, MediaError,
    device::{self, Kind},
    fanout, healing,
    pipeline::{self, capsfilter, chain, element, element_with},
    queue::{Owner, Trouble},
    wav::WavWriter,
};

/// A card's clock may run away from ours by this much, in microseconds, before the sink skips or repeats: half of ALSA's buffer, and
/// what the echo canceller allows for.
const DRIFT_TOLERANCE_US: i64 = 20_000;
/// A card that takes nothing for so long stands still.
const STALLED: Duration = Duration::from_secs(2);

/// Where each peer's decoded sound goes; follows the pipeline when that is built anew.
#[derive(Debug, Default)]
pub(crate) struct Playback {
    inputs: Mutex<BTreeMap<CallId, Input>>,
    pub(crate) meters: Arc<Meters>,
}

#[derive(Debug, Default)]
struct Input {
    source: Option<gst_app::AppSrc>,
    level: Level,
    playout: Playout,
    /// Samples that the mixer has taken.
    taken: Arc<AtomicU64>,
}

impl Playback {
    /// Decoded sound of a peer, on the common time line, that came `now`. Dropped while there is nowhere to play it.
    pub(crate) fn push(&self, call: CallId, now: gst::ClockTime, buffer: gst::Buffer) {
        let mut inputs = self.inputs.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(input) = inputs.get_mut(&call) else { return };
        let buffer = input.playout.piece(now, buffer);
        if let Ok(samples) = buffer.map_readable() {
            input.level.measure(&samples);
        }
        let samples = buffer.size() as u64 / BYTES_PER_SAMPLE;
        match input.source.as_ref().map(|source| source.push_buffer(buffer)) {
            Some(Ok(_)) => drop(self.meters.given.fetch_add(samples, Ordering::Relaxed)),
            Some(Err(error)) => tracing::trace!(?call, ?error, "the loudspeaker takes no more"),
            None => {}
        }
    }

    /// From the time stamp of a peer's sound to when it is heard, as far as known.
    pub(crate) fn lag(&self, call: CallId) -> Option<gst::ClockTime> {
        let latency = self.meters.playback_latency.load(Ordering::Relaxed);
        let inputs = self.inputs.lock().unwrap_or_else(PoisonError::into_inner);
        let advance = inputs.get(&call)?.playout.advance();
        (latency > 0).then(|| gst::ClockTime::from_nseconds(latency).saturating_sub(advance))
    }

    /// What is known of a peer's sound and of ours.
    pub(crate) fn report(&self, call: CallId, into: &mut Statistics) {
        let inputs = self.inputs.lock().unwrap_or_else(PoisonError::into_inner);
        into.audio_level_in = inputs.get(&call).map_or(0.0, |input| f64::from(input.level.get()));
        into.audio_level_out = self.meters.input.get().into();
        into.xruns = self.meters.xruns.load(Ordering::Relaxed);
        into.sound_played =
            inputs.get(&call).map_or(Duration::ZERO, |input| duration_of(input.taken.load(Ordering::Relaxed)));
        into.echo_return_loss_enhancement = self.meters.enhancement();
    }
}

/// The way of sound that is played. Open in a call, and for a tone.
pub(crate) struct LoudspeakerPipeline {
    loudspeaker: Loudspeaker,
    line: Line,
    playback: Arc<Playback>,
    reference: Arc<Reference>,
    /// The loudspeaker's file, made once and kept over calls.
    recording: Arc<Mutex<Option<Recording>>>,
    tone: Arc<TonePlayer>,
    volume: f64,
    running: Option<Running>,
}

struct Recording {
    path: PathBuf,
    writer: WavWriter,
}

struct Running {
    pipeline: gst::Pipeline,
    mixer: gst::Element,
    volume: gst::Element,
    /// Of a card.
    flow: Option<Arc<Flow>>,
}

impl LoudspeakerPipeline {
    pub(crate) fn new(
        loudspeaker: Loudspeaker,
        line: Line,
        playback: Arc<Playback>,
        reference: Arc<Reference>,
    ) -> Self {
        let (recording, tone) = (Arc::default(), Arc::default());
        Self { loudspeaker, line, playback, reference, recording, tone, volume: 1.0, running: None }
    }

    /// Amplitude, 0…1, where the card has no volume of its own.
    pub(crate) fn set_volume(&mut self, volume: f64) {
        self.volume = volume.clamp(0.0, 1.0);
        if let Some(running) = &self.running {
            running.volume.set_property("volume", self.volume);
        }
    }

    pub(crate) fn set_tone(&self, tone: Option<Tone>) {
        self.tone.set(tone);
    }

    pub(crate) fn has_tone(&self) -> bool {
        self.tone.is_playing()
    }

    pub(crate) const fn is_open(&self) -> bool {
        self.running.is_some()
    }

    /// Plays this peer from now on.
    pub(crate) fn add(&self, call: CallId) {
        let taken = Arc::<AtomicU64>::default();
        let meters = &self.playback.meters;
        let source = self.running.as_ref().and_then(|running| running.add(call, meters, &taken));
        let mut inputs = self.playback.inputs.lock().unwrap_or_else(PoisonError::into_inner);
        inputs.insert(call, Input { source, taken, ..Input::default() });
    }

    /// Plays this peer no longer.
    pub(crate) fn remove(&self, call: CallId) {
        let input = self.playback.inputs.lock().unwrap_or_else(PoisonError::into_inner).remove(&call);
        if let (Some(running), Some(Input { source: Some(source), .. })) = (&self.running, input) {
            running.remove(&source);
        }
    }

    /// From now on to here. The same again is tried at once if it was in trouble, else left alone.
    pub(crate) fn use_loudspeaker(&mut self, loudspeaker: Loudspeaker) {
        if self.loudspeaker == loudspeaker && self.line.trouble.is_none() {
            return;
        }
        let is_new = self.loudspeaker != loudspeaker;
        self.loudspeaker = loudspeaker;
        self.line.trouble = None;
        self.line.retry.soon();
        if self.running.is_some() && is_new {
            self.open();
        } else if self.running.is_some() {
            self.line.trouble = self.try_loudspeaker();
            if self.line.trouble.is_none() {
                self.rebuild();
            }
        }
    }

    /// Why it does not work, if so.
    pub(crate) fn trouble(&self) -> Option<&str> {
        self.line.trouble.as_deref()
    }

    pub(crate) fn is_missing(&self) -> bool {
        self.loudspeaker == Loudspeaker::Missing
    }

    /// (Re)builds the pipeline from what opens. Blocks as long as that takes.
    pub(crate) fn open(&mut self) {
        self.close();
        self.line.trouble = self.try_loudspeaker();
        self.rebuild();
    }

    fn rebuild(&mut self) {
        self.close();
        self.line.generation += 1;
        let built = self.build().or_else(|error| {
            self.line.trouble = Some(format!("The loudspeaker does not work: {error}."));
            self.build()
        });
        match built {
            Ok(running) => {
                let mut inputs = self.playback.inputs.lock().unwrap_or_else(PoisonError::into_inner);
                for (call, input) in inputs.iter_mut() {
                    input.source = running.add(*call, &self.playback.meters, &input.taken);
                }
                drop(inputs);
                self.running = Some(running);
            }
            Err(error) => tracing::error!(%error, "no sound is played"),
        }
        self.line.note_attempt();
    }

    fn try_loudspeaker(&self) -> Option<String> {
        match &self.loudspeaker {
            Loudspeaker::Alsa(pcm) => try_alsa("alsasink", Kind::Loudspeaker, pcm),
            Loudspeaker::File(path) => self.try_recording(path),
            Loudspeaker::Discard | Loudspeaker::Missing => None,
        }
    }

    fn try_recording(&self, path: &Path) -> Option<String> {
        let mut recording = self.recording.lock().unwrap_or_else(PoisonError::into_inner);
        if recording.as_ref().is_some_and(|recording| recording.path == path) {
            return None;
        }
        match WavWriter::create(path) {
            Ok(writer) => {
                *recording = Some(Recording { path: path.to_owned(), writer });
                None
            }
            Err(error) => Some(format!(
                "The file {} for the loudspeaker cannot be written ({error}). Check its folder and permissions.",
                path.display()
            )),
        }
    }

    fn build(&self) -> Result<Running, MediaError> {
        let pipeline = self.line.pipeline("loudspeaker", Owner::Loudspeaker(self.line.generation));
        // Silence is always mixed in: the loudspeaker never starves, and peers come and go without a stop. Tones are put into it.
        let silence = silence()?;
        self.add_tones(&silence);
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
        let volume = element("volume")?;
        volume.set_property("volume", self.volume);
        let is_card = matches!((&self.loudspeaker, self.trouble()), (Loudspeaker::Alsa(_), None));
        let flow = is_card.then(|| Arc::new(Flow::new()));
        self.remember(&volume, flow.clone());
        chain(
            &pipeline,
            &[
                &silence,
                &capsfilter(&raw_caps())?,
                &mixer,
                &capsfilter(&raw_caps())?,
                &volume,
                &element("audioconvert")?,
                &self.sink()?,
            ],
        )?;
        if let Err(error) = pipeline.set_state(gst::State::Playing) {
            pipeline::end(&pipeline);
            return Err(error.into());
        }
        Ok(Running { pipeline, mixer, volume, flow })
    }

    fn add_tones(&self, silence: &gst::Element) {
        let tone = Arc::clone(&self.tone);
        let Some(pad) = silence.static_pad("src") else { return };
        pad.add_probe(gst::PadProbeType::BUFFER, move |_, probe| {
            if tone.is_playing()
                && let Some(buffer) = probe.buffer_mut()
            {
                let buffer = buffer.make_mut();
                // Else the mixer takes it for nothing.
                buffer.unset_flags(gst::BufferFlags::GAP);
                if let Ok(mut samples) = buffer.map_writable() {
                    tone.fill(&mut samples);
                }
            }
            gst::PadProbeReturn::Ok
        });
    }

    /// Keeps what leaves this element for the echo canceller, with the time at which it will be heard, and notices what comes too late.
    fn remember(&self, last: &gst::Element, flow: Option<Arc<Flow>>) {
        let Some(pad) = last.static_pad("src") else { return };
        let told = Arc::clone(&self.playback.meters);
        // Where the sink is told how long after its time stamp a sound is to be heard.
        pad.add_probe(gst::PadProbeType::EVENT_UPSTREAM, move |_, probe| {
            if let Some(gst::EventView::Latency(event)) = probe.event().map(|event| event.view()) {
                told.playback_latency.store(event.latency().nseconds(), Ordering::Relaxed);
            }
            gst::PadProbeReturn::Ok
        });
        let (reference, timeline, meters) =
            (Arc::clone(&self.reference), self.line.timeline.clone(), Arc::clone(&self.playback.meters));
        // Late before anything was in time: that is the start, not an xrun.
        let is_late = AtomicBool::new(true);
        pad.add_probe(gst::PadProbeType::BUFFER, move |_, probe| {
            let Some((buffer, start)) = probe.buffer().and_then(|buffer| Some((buffer, buffer.pts()?))) else {
                return gst::PadProbeReturn::Ok;
            };
            let heard = start + gst::ClockTime::from_nseconds(meters.playback_latency.load(Ordering::Relaxed));
            if let Ok(samples) = buffer.map_readable() {
                reference.write(position(heard), &samples);
            }
            if let Some(flow) = &flow {
                flow.passed();
                let late = heard < timeline.now();
                if late && !is_late.swap(late, Ordering::Relaxed) {
                    meters.count_xrun();
                }
                is_late.store(late, Ordering::Relaxed);
            }
            gst::PadProbeReturn::Ok
        });
    }

    fn sink(&self) -> Result<gst::Element, MediaError> {
        if self.line.trouble.is_some() {
            return discard();
        }
        match &self.loudspeaker {
            Loudspeaker::Discard | Loudspeaker::Missing => discard(),
            Loudspeaker::Alsa(pcm) => {
                let sink = element_with("alsasink", &ALSA_TIMES)?;
                sink.set_property("device", pcm);
                sink.set_property("async", false);
                sink.set_property("drift-tolerance", DRIFT_TOLERANCE_US);
                Ok(sink)
            }
            Loudspeaker::File(_) => Ok(self.file_sink()),
        }
    }

    /// The mixer is paced by its live silence, so the file needs no clock.
    fn file_sink(&self) -> gst::Element {
        let sink = fanout::sink();
        let recording = Arc::clone(&self.recording);
        sink.set_callbacks(
            gst_app::AppSinkCallbacks::builder()
                .new_sample(move |sink| {
                    let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
                    let map = sample.buffer().and_then(|buffer| buffer.map_readable().ok());
                    let mut recording = recording.lock().unwrap_or_else(PoisonError::into_inner);
                    if let (Some(map), Some(kept)) = (map, recording.as_mut())
                        && let Err(error) = kept.writer.write(&map)
                    {
                        tracing::warn!(%error, "the loudspeaker's file cannot be written");
                        *recording = None;
                    }
                    Ok(gst::FlowSuccess::Ok)
                })
                .build(),
        );
        sink.upcast()
    }

    /// An error of the pipeline: nothing is heard until it opens again. False: of a predecessor.
    pub(crate) fn broken(&mut self, generation: u64, trouble: &Trouble) -> bool {
        if generation != self.line.generation || self.running.is_none() {
            return false;
        }
        tracing::debug!(element = trouble.element, error = %trouble.error, details = ?trouble.details, "loudspeaker");
        self.fail(match &self.loudspeaker {
            Loudspeaker::Alsa(pcm) => device::sentence(Kind::Loudspeaker, pcm, &trouble.error),
            Loudspeaker::File(_) | Loudspeaker::Discard | Loudspeaker::Missing => {
                format!("Sound has failed ({}).", trouble.error.message())
            }
        });
        true
    }

    fn fail(&mut self, sentence: String) {
        self.line.trouble = Some(sentence);
        self.rebuild();
    }

    /// The pipeline's latency has changed.
    pub(crate) fn recalculate(&self, generation: u64) {
        if generation == self.line.generation
            && let Some(running) = &self.running
            && let Err(error) = running.pipeline.recalculate_latency()
        {
            tracing::debug!(%error, "sound latency");
        }
    }

    /// Tries a loudspeaker in trouble again when it is time, and looks whether one stands still. True: something has changed.
    pub(crate) fn tick(&mut self, now: Instant) -> bool {
        let Some(running) = &self.running else { return false };
        if running.flow.as_ref().is_some_and(|flow| now.saturating_duration_since(flow.last()) > STALLED) {
            let Loudspeaker::Alsa(pcm) = &self.loudspeaker else { return false };
            self.fail(self.line.reopen(Kind::Loudspeaker, pcm));
            return true;
        }
        let (given, taken) = self.playback.meters.passed();
        if self.line.is_stalled(now, given, taken) {
            healing::tell(&self.line.events, Rung::Branch, "the peer's sound is not played".to_owned());
            self.rebuild();
            return true;
        }
        if self.line.trouble.is_none() || !self.line.retry.is_due(now) {
            return false;
        }
        self.line.retry.missed(now);
        if self.try_loudspeaker().is_some() {
            return false;
        }
        self.line.trouble = None;
        self.rebuild();
        true
    }

    pub(crate) fn close(&mut self) {
        let Some(running) = self.running.take() else { return };
        for input in self.playback.inputs.lock().unwrap_or_else(PoisonError::into_inner).values_mut() {
            input.source = None;
        }
        pipeline::end(&running.pipeline);
    }
}

impl Running {
    fn add(&self, call: CallId, meters: &Arc<Meters>, taken: &Arc<AtomicU64>) -> Option<gst_app::AppSrc> {
        let input = gst_app::AppSrc::builder()
            .is_live(true)
            .format(gst::Format::Time)
            .caps(&raw_caps())
            .min_latency(i64::try_from(gst::ClockTime::from_mseconds(PLAYOUT_MS).nseconds()).unwrap_or(0))
            .max_time(gst::ClockTime::from_mseconds(500))
            .leaky_type(gst_app::AppLeakyType::Downstream)
            .build();
        if let Some(pad) = input.static_pad("src") {
            let (meters, taken) = (Arc::clone(meters), Arc::clone(taken));
            pad.add_probe(gst::PadProbeType::BUFFER, move |_, probe| {
                let samples = probe.buffer().map_or(0, |buffer| buffer.size() as u64 / BYTES_PER_SAMPLE);
                meters.taken.fetch_add(samples, Ordering::Relaxed);
                taken.fetch_add(samples, Ordering::Relaxed);
                gst::PadProbeReturn::Ok
            });
        }
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
