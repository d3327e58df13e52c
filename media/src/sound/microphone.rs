//! From the microphone to the encoder: captured, freed from echo and noise, encoded once for all peers.

use std::{
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
    time::{Duration, Instant},
};

use gstreamer::{self as gst, prelude::*};
use gstreamer_app as gst_app;
use kiosk_call::Rung;

use super::{
    ALSA_TIMES, BYTES_PER_SAMPLE, Line,
    echo::{Processor, position},
    meter::{Flow, Holes, Meters},
    raw_caps, silence, try_alsa,
};
use crate::{
    MediaError, MicrophoneSource, SoundSettings,
    device::{self, Kind},
    fanout::{self, Fanout},
    healing,
    pipeline::{self, capsfilter, chain, element, element_with},
    player::{self, Player},
    queue::{Owner, Trouble},
    sound::echo::Reference,
};

/// A card that delivers nothing for so long stands still: some do when their USB hub has swallowed a transfer.
const STALLED: Duration = Duration::from_secs(2);

/// The way of captured sound. Open in a call only.
pub(crate) struct MicrophonePipeline {
    source: MicrophoneSource,
    settings: SoundSettings,
    line: Line,
    peers: Arc<Fanout>,
    meters: Arc<Meters>,
    reference: Arc<Reference>,
    running: Option<Running>,
    is_muted: bool,
}

struct Running {
    pipeline: gst::Pipeline,
    mute: gst::Element,
    player: Option<Player>,
    /// Of a card.
    flow: Option<Arc<Flow>>,
}

/// Where sound comes from, as elements.
struct Source {
    element: gst::Element,
    player: Option<Player>,
    flow: Option<Arc<Flow>>,
}

impl From<gst::Element> for Source {
    fn from(element: gst::Element) -> Self {
        Self { element, player: None, flow: None }
    }
}

impl MicrophonePipeline {
    pub(crate) fn new(
        source: MicrophoneSource,
        settings: SoundSettings,
        line: Line,
        peers: Arc<Fanout>,
        meters: Arc<Meters>,
        reference: Arc<Reference>,
    ) -> Self {
        Self { source, settings, line, peers, meters, reference, running: None, is_muted: false }
    }

    /// Silence instead of what it hears.
    pub(crate) fn set_muted(&mut self, muted: bool) {
        self.is_muted = muted;
        if let Some(running) = &self.running {
            running.mute.set_property("mute", muted);
        }
    }

    /// From now on from here. The same again is tried at once if it was in trouble, else left alone.
    pub(crate) fn use_source(&mut self, source: MicrophoneSource) {
        if self.source == source && self.line.trouble.is_none() {
            return;
        }
        let is_new = self.source != source;
        self.source = source;
        self.line.trouble = None;
        self.line.retry.soon();
        if self.running.is_some() && is_new {
            self.open();
        } else if self.running.is_some() {
            self.line.trouble = self.try_source();
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
        self.source == MicrophoneSource::Missing
    }

    /// (Re)builds the pipeline from what opens. Blocks as long as that takes.
    pub(crate) fn open(&mut self) {
        self.close();
        self.line.trouble = self.try_source();
        self.rebuild();
    }

    fn rebuild(&mut self) {
        self.close();
        self.line.generation += 1;
        let built = self.build().or_else(|error| {
            // It opens, but not as it is wanted: the call goes on without it.
            self.line.trouble = Some(format!("The microphone does not work: {error}."));
            self.build()
        });
        match built {
            Ok(running) => self.running = Some(running),
            Err(error) => tracing::error!(%error, "no sound is sent"),
        }
        self.line.note_attempt();
    }

    fn try_source(&self) -> Option<String> {
        match &self.source {
            MicrophoneSource::File(path) => player::unreadable(path),
            MicrophoneSource::Alsa(pcm) => try_alsa("alsasrc", Kind::Microphone, pcm),
            MicrophoneSource::Test { .. } | MicrophoneSource::None | MicrophoneSource::Missing => None,
        }
    }

    fn build(&self) -> Result<Running, MediaError> {
        let pipeline = self.line.pipeline("microphone", Owner::Microphone(self.line.generation));
        let source = self.source()?;
        // Whole frames, as the processing wants them.
        let split =
            element_with("audiobuffersplit", &[("output-buffer-duration", "1/100"), ("strict-buffer-size", "true")])?;
        if matches!((&self.source, self.trouble()), (MicrophoneSource::Alsa(_), None)) {
            self.process(&split);
        }
        let mute = element("volume")?;
        mute.set_property("mute", self.is_muted);
        self.measure(&mute);
        let sink = fanout::sink();
        self.peers.feed(&sink);
        chain(
            &pipeline,
            &[
                &source.element,
                &element("audioconvert")?,
                &element("audioresample")?,
                &capsfilter(&raw_caps())?,
                &split,
                &mute,
                // A stalled encoder must not stall the card: 100 ms, then the oldest is dropped.
                &element_with("queue", &[("leaky", "downstream"), ("max-size-time", "100000000")])?,
                &encoder()?,
                sink.upcast_ref(),
            ],
        )?;
        if let Err(error) = pipeline.set_state(gst::State::Playing) {
            pipeline::end(&pipeline);
            return Err(error.into());
        }
        Ok(Running { pipeline, mute, player: source.player, flow: source.flow })
    }

    /// Cancels echo and noise in what leaves this element.
    fn process(&self, split: &gst::Element) {
        let Some(processor) = Processor::new(&self.settings, Arc::clone(&self.reference)) else { return };
        let (processor, meters) = (Mutex::new(processor), Arc::clone(&self.meters));
        let Some(pad) = split.static_pad("src") else { return };
        pad.add_probe(gst::PadProbeType::BUFFER, move |_, probe| {
            let Some(buffer) = probe.buffer_mut() else { return gst::PadProbeReturn::Ok };
            let at = buffer.pts();
            if let (Some(at), Ok(mut frame)) = (at, buffer.make_mut().map_writable()) {
                let mut processor = processor.lock().unwrap_or_else(PoisonError::into_inner);
                processor.process(position(at), &mut frame);
                if let Some(enhancement) = processor.enhancement() {
                    meters.set_enhancement(enhancement);
                }
            }
            gst::PadProbeReturn::Ok
        });
    }

    /// How loud is what leaves this element.
    fn measure(&self, mute: &gst::Element) {
        let meters = Arc::clone(&self.meters);
        let Some(pad) = mute.static_pad("src") else { return };
        pad.add_probe(gst::PadProbeType::BUFFER, move |_, probe| {
            if let Some(samples) = probe.buffer().and_then(|buffer| buffer.map_readable().ok()) {
                meters.input.measure(&samples);
                meters.captured.fetch_add(samples.size() as u64 / BYTES_PER_SAMPLE, Ordering::Relaxed);
            }
            gst::PadProbeReturn::Ok
        });
    }

    fn source(&self) -> Result<Source, MediaError> {
        if self.line.trouble.is_some() {
            return Ok(silence()?.into());
        }
        Ok(match &self.source {
            MicrophoneSource::None | MicrophoneSource::Missing => silence()?.into(),
            MicrophoneSource::Test { frequency_hz } => {
                let tone = element_with(
                    "audiotestsrc",
                    &[("is-live", "true"), ("wave", "sine"), ("samplesperbuffer", "480"), ("volume", "0.5")],
                )?;
                tone.set_property("freq", f64::from(*frequency_hz));
                tone.into()
            }
            MicrophoneSource::Alsa(pcm) => {
                let element = element_with("alsasrc", &ALSA_TIMES)?;
                element.set_property("device", pcm);
                let flow = self.watch(&element);
                Source { element, player: None, flow: Some(flow) }
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
                let owner = Owner::MicrophoneFile(self.line.generation);
                let player = Player::start(path, &raw_caps(), owner, &self.line.post, move |mut buffer| {
                    // The file's time starts anew with every round; the source stamps what has no time.
                    buffer.make_mut().set_pts(gst::ClockTime::NONE);
                    // A refusal means that the pipeline is being torn down.
                    let _ = out.push_buffer(buffer);
                })?;
                Source { element: input.upcast(), player: Some(player), flow: None }
            }
        })
    }

    /// Notices holes in what a card delivers, and that it delivers nothing.
    fn watch(&self, source: &gst::Element) -> Arc<Flow> {
        let flow = Arc::new(Flow::new());
        let (passing, meters, holes) = (Arc::clone(&flow), Arc::clone(&self.meters), Mutex::new(Holes::default()));
        if let Some(pad) = source.static_pad("src") {
            pad.add_probe(gst::PadProbeType::BUFFER, move |_, probe| {
                passing.passed();
                if let Some((start, duration)) =
                    probe.buffer().and_then(|buffer| Some((buffer.pts()?, buffer.duration()?)))
                    && holes.lock().unwrap_or_else(PoisonError::into_inner).before(start, duration)
                {
                    meters.count_xrun();
                }
                gst::PadProbeReturn::Ok
            });
        }
        flow
    }

    /// An error of the pipeline: silence, until it opens again. False: of a predecessor.
    pub(crate) fn broken(&mut self, generation: u64, trouble: &Trouble) -> bool {
        if generation != self.line.generation || self.running.is_none() {
            return false;
        }
        tracing::debug!(element = trouble.element, error = %trouble.error, details = ?trouble.details, "microphone");
        let error = &trouble.error;
        self.fail(match &self.source {
            MicrophoneSource::Alsa(pcm) => device::sentence(Kind::Microphone, pcm, error),
            MicrophoneSource::File(path) => format!(
                "The file {} cannot be played ({}). Give a media file with sound.",
                path.display(),
                error.message()
            ),
            MicrophoneSource::Test { .. } | MicrophoneSource::None | MicrophoneSource::Missing => {
                format!("Sound has failed ({}).", error.message())
            }
        });
        true
    }

    fn fail(&mut self, sentence: String) {
        self.line.trouble = Some(sentence);
        self.rebuild();
    }

    /// The file is at its end.
    pub(crate) fn ended(&self, generation: u64) {
        if generation == self.line.generation
            && let Some(player) = self.running.as_ref().and_then(|running| running.player.as_ref())
        {
            player.rewind();
        }
    }

    /// Tries a microphone in trouble again when it is time, and looks whether one stands still. True: something has changed.
    pub(crate) fn tick(&mut self, now: Instant) -> bool {
        let Some(running) = &self.running else { return false };
        if running.flow.as_ref().is_some_and(|flow| now.saturating_duration_since(flow.last()) > STALLED) {
            let MicrophoneSource::Alsa(pcm) = &self.source else { return false };
            self.fail(self.line.reopen(Kind::Microphone, pcm));
            return true;
        }
        if self.line.is_stalled(now, self.meters.captured.load(Ordering::Relaxed), self.peers.pushed()) {
            healing::tell(&self.line.events, Rung::Branch, "sound is captured, none is encoded".to_owned());
            self.rebuild();
            return true;
        }
        if self.line.trouble.is_none() || !self.line.retry.is_due(now) {
            return false;
        }
        self.line.retry.missed(now);
        if self.try_source().is_some() {
            return false;
        }
        self.line.trouble = None;
        self.rebuild();
        true
    }

    pub(crate) fn close(&mut self) {
        let Some(running) = self.running.take() else { return };
        if let Some(player) = running.player {
            player.stop();
        }
        pipeline::end(&running.pipeline);
        self.meters.input.clear();
        self.meters.set_enhancement(None);
    }
}

/// In-band FEC repeats each packet in a poorer version in the next one (RFC 7587 §3.3), for the loss told.
fn encoder() -> Result<gst::Element, MediaError> {
    element_with(
        "opusenc",
        &[
            ("inband-fec", "true"),
            ("packet-loss-percentage", "5"),
            ("bitrate", "32000"),
            ("frame-size", "20"),
            ("audio-type", "voice"),
            ("complexity", "5"),
        ],
    )
}
