//! The encoders that run: one a codec, for all peers that take it; another one takes over when one fails.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use gstreamer_app as gst_app;
use kiosk_call::CallId;

use super::{VideoEncoder, choice::Choice, table::Kind};
use crate::{
    MediaError, VideoCodec, camera::Camera, fanout::Fanout, pipeline::Timeline, queue::Post, shape::Shape,
    stages::Allowance,
};

/// An encoder that gives nothing is started anew so often in this time; the next time another one takes over.
const REVIVED: (usize, Duration) = (1, Duration::from_secs(600));

/// Running encoders. They are fed by the camera, and run while somebody takes what they make.
pub(crate) struct Encoders {
    choice: Choice,
    timeline: Timeline,
    post: Post,
    /// What they make.
    shape: Shape,
    running: BTreeMap<VideoCodec, VideoEncoder>,
    /// Those that were to run and did not start, and for whom. Empty but while another is looked for.
    refused: BTreeMap<VideoCodec, (&'static Kind, Arc<Fanout>)>,
    /// Counts those that were started.
    generation: u64,
    /// By factory, of those that have stalled.
    revived: BTreeMap<&'static str, Allowance>,
}

impl Encoders {
    pub(crate) fn new(choice: Choice, timeline: Timeline, post: Post) -> Self {
        let shape = Shape { settings: choice.settings().clone(), is_text: false };
        let (running, refused, revived) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { choice, timeline, post, shape, running, refused, generation: 0, revived }
    }

    /// The encoder that would be taken, tried if it was not yet.
    pub(crate) fn choose(&mut self, codec: VideoCodec) -> Option<&'static str> {
        self.choice.choose(codec).map(|kind| kind.factory)
    }

    /// What they make.
    pub(crate) const fn shape(&self) -> &Shape {
        &self.shape
    }

    /// From now on they make this. One that runs is started anew where more than the bit rate differs, which begins with a key unit;
    /// its peers notice nothing else. Those that do not start are told: they have to be given another shape, or
    /// [replaced](Self::replace).
    pub(crate) fn reshape(&mut self, shape: Shape, camera: Option<&Camera>) -> Vec<(VideoCodec, MediaError)> {
        let old = std::mem::replace(&mut self.shape, shape);
        let bitrate_bps = self.shape.settings.bitrate_bps;
        let Some(camera) = camera else { return Vec::new() };
        camera.set_framerate(self.shape.settings.framerate);
        if self.shape.differs_in_bitrate_only(&old) {
            self.running.values().for_each(|encoder| encoder.set_bitrate(bitrate_bps));
            return Vec::new();
        }
        let mut stopped = std::mem::take(&mut self.refused);
        for (codec, encoder) in std::mem::take(&mut self.running) {
            camera.forget(codec);
            stopped.insert(codec, (encoder.kind, encoder.stop()));
        }
        let mut errors = Vec::new();
        for (codec, (kind, peers)) in stopped {
            if let Err(error) = self.start(kind, Arc::clone(&peers), camera) {
                self.refused.insert(codec, (kind, peers));
                errors.push((codec, error));
            }
        }
        errors
    }

    /// Feeds a peer from now on, with a key unit first. The encoder's name.
    pub(crate) fn add(
        &mut self,
        call: CallId,
        codec: VideoCodec,
        peer: gst_app::AppSrc,
        camera: &Camera,
    ) -> Result<&'static str, MediaError> {
        if !self.running.contains_key(&codec) {
            let kind = self.choice.choose(codec).ok_or_else(|| no_encoder(codec))?;
            self.start(kind, Arc::default(), camera)?;
        }
        let encoder = self.running.get_mut(&codec).ok_or_else(|| no_encoder(codec))?;
        encoder.peers.add(call, peer);
        encoder.request_key_unit(Instant::now());
        Ok(encoder.name())
    }

    /// Feeds it no longer.
    pub(crate) fn remove(&self, call: CallId) {
        for encoder in self.running.values() {
            encoder.peers.remove(call);
        }
    }

    /// Those without peers end.
    pub(crate) fn rest(&mut self, camera: &Camera) {
        let idle = self.running.extract_if(.., |_, encoder| encoder.peers.is_empty());
        for (codec, encoder) in idle {
            camera.forget(codec);
            encoder.stop();
        }
    }

    /// A key unit of this codec, as soon as may be.
    pub(crate) fn request_key_unit(&mut self, codec: VideoCodec) {
        if let Some(encoder) = self.running.get_mut(&codec) {
            encoder.request_key_unit(Instant::now());
        }
    }

    /// A key unit of each codec, as soon as may be.
    pub(crate) fn request_key_units(&mut self) {
        let now = Instant::now();
        self.running.values_mut().for_each(|encoder| encoder.request_key_unit(now));
    }

    /// Whether this is the encoder that runs, and not one before it.
    pub(crate) fn is_current(&self, codec: VideoCodec, generation: u64) -> bool {
        self.running.get(&codec).is_some_and(|encoder| encoder.generation == generation)
    }

    /// The one that runs has failed: the next one that works takes over. Its name.
    pub(crate) fn replace(
        &mut self,
        codec: VideoCodec,
        why: &str,
        camera: &Camera,
    ) -> Result<&'static str, MediaError> {
        let (name, peers) = match (self.running.remove(&codec), self.refused.remove(&codec)) {
            (Some(failed), _) => {
                camera.forget(codec);
                (failed.name(), failed.stop())
            }
            (None, Some((kind, peers))) => (kind.factory, peers),
            (None, None) => return Err(no_encoder(codec)),
        };
        self.choice.failed(name, why.to_owned());
        let kind = self.choice.choose(codec).ok_or_else(|| no_encoder(codec))?;
        self.start(kind, peers, camera)?;
        self.request_key_unit(codec);
        tracing::warn!(failed = name, %why, taken = kind.factory, "the video encoder has failed: another one takes over");
        Ok(kind.factory)
    }

    /// The one that runs gives nothing: the same is started anew, where that was not tried lately. Returns whether it was.
    pub(crate) fn revive(&mut self, codec: VideoCodec, now: Instant, camera: &Camera) -> bool {
        let Some(kind) = self.running.get(&codec).map(|encoder| encoder.kind) else { return false };
        let (once, within) = REVIVED;
        if !self.revived.entry(kind.factory).or_insert_with(|| Allowance::new(once, within)).take(now) {
            return false;
        }
        let Some(stalled) = self.running.remove(&codec) else { return false };
        camera.forget(codec);
        let peers = stalled.stop();
        if let Err(error) = self.start(kind, Arc::clone(&peers), camera) {
            tracing::debug!(encoder = kind.factory, %error, "does not start again");
            self.refused.insert(codec, (kind, peers));
            return false;
        }
        self.request_key_unit(codec);
        true
    }

    /// Pictures of this codec that were encoded for peers.
    pub(crate) fn encoded(&self, codec: VideoCodec) -> u64 {
        self.running.get(&codec).map_or(0, |encoder| encoder.peers.pushed())
    }

    fn start(&mut self, kind: &'static Kind, peers: Arc<Fanout>, camera: &Camera) -> Result<(), MediaError> {
        self.generation += 1;
        let encoder = VideoEncoder::start(kind, self.generation, &self.shape, &self.timeline, &self.post, peers)?;
        camera.feed(kind.codec, encoder.input().clone());
        self.running.insert(kind.codec, encoder);
        Ok(())
    }

    /// Makes key units that are due. Codecs whose encoder has stalled.
    pub(crate) fn tick(&mut self, now: Instant) -> Vec<VideoCodec> {
        self.running.values_mut().for_each(|encoder| encoder.tick(now));
        let stalled = self.running.iter_mut().map(|(codec, encoder)| (*codec, encoder.has_stalled(now)));
        stalled.filter_map(|(codec, stalled)| stalled.then_some(codec)).collect()
    }

    /// When a postponed key unit is due.
    pub(crate) fn due(&self) -> impl Iterator<Item = Instant> {
        self.running.values().filter_map(VideoEncoder::due)
    }

    /// Ends all of them.
    pub(crate) fn stop(&mut self) {
        for encoder in std::mem::take(&mut self.running).into_values() {
            encoder.stop();
        }
    }
}

fn no_encoder(codec: VideoCodec) -> MediaError {
    MediaError::NoEncoder(codec.encoding_name().into())
}
