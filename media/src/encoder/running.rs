//! The encoders that run: one a codec, for all peers that take it; another one takes over when one fails.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use gstreamer_app as gst_app;
use kiosk_call::CallId;

use super::{VideoEncoder, choice::Choice, table::Kind};
use crate::{MediaError, VideoCodec, camera::Camera, fanout::Fanout, pipeline::Timeline, queue::Post};

/// Running encoders. They are fed by the camera, and run while somebody takes what they make.
pub(crate) struct Encoders {
    choice: Choice,
    timeline: Timeline,
    post: Post,
    running: BTreeMap<VideoCodec, VideoEncoder>,
    /// Counts those that were started.
    generation: u64,
}

impl Encoders {
    pub(crate) fn new(choice: Choice, timeline: Timeline, post: Post) -> Self {
        Self { choice, timeline, post, running: BTreeMap::new(), generation: 0 }
    }

    /// The encoder that would be taken, tried if it was not yet.
    pub(crate) fn choose(&mut self, codec: VideoCodec) -> Option<&'static str> {
        self.choice.choose(codec).map(|kind| kind.factory)
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

    /// Feeds it no longer; an encoder without peers ends.
    pub(crate) fn remove(&mut self, call: CallId, camera: &Camera) {
        for encoder in self.running.values() {
            encoder.peers.remove(call);
        }
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
        let failed = self.running.remove(&codec).ok_or_else(|| no_encoder(codec))?;
        let name = failed.name();
        camera.forget(codec);
        let peers = failed.stop();
        self.choice.failed(name, why.to_owned());
        let kind = self.choice.choose(codec).ok_or_else(|| no_encoder(codec))?;
        self.start(kind, peers, camera)?;
        self.request_key_unit(codec);
        tracing::warn!(failed = name, %why, taken = kind.factory, "the video encoder has failed: another one takes over");
        Ok(kind.factory)
    }

    fn start(&mut self, kind: &'static Kind, peers: Arc<Fanout>, camera: &Camera) -> Result<(), MediaError> {
        self.generation += 1;
        let settings = self.choice.settings();
        let encoder = VideoEncoder::start(kind, self.generation, settings, &self.timeline, &self.post, peers)?;
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
