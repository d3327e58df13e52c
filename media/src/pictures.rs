//! What is sent as our picture: cameras, the panel, snapshots, and the encoders they feed.

use std::{
    sync::{Arc, atomic::AtomicU64},
    time::Instant,
};

use gstreamer_app as gst_app;
use kiosk_call::{CallId, Quality, VideoSource};

use crate::{
    CameraSource, MediaError, VideoCodec, VideoSettings,
    camera::{Camera, Exposure, OnSnapshot, Onlookers, Scene, Shutter},
    encoder::Encoders,
    panel::{PanelFeed, SharedPanel},
    pipeline::Timeline,
    queue::{OnEvent, Post, Trouble},
    self_view::SelfView,
    shape::Shape,
    trial::Course,
};

/// An encoder that has to be replaced, and why.
pub(crate) type Failed = (VideoCodec, String);

/// Everything about our own pictures. The camera is there from the first call's start to the last call's end.
pub(crate) struct Pictures {
    settings: VideoSettings,
    timeline: Timeline,
    post: Post,
    events: OnEvent,
    self_view: Arc<SelfView>,
    shutter: Arc<Shutter>,
    captured: Arc<AtomicU64>,
    course: Arc<Course>,
    /// A trial is going on, which needs pictures also while the camera is off.
    is_tried: bool,
    scene: Scene,
    quality: Quality,
    sends: bool,
    camera: Option<Camera>,
    encoders: Encoders,
    feed: PanelFeed,
    /// While it is shared in a call.
    panel: Option<SharedPanel>,
    /// Width and height of the panel, as far as known.
    panel_size: Option<(u32, u32)>,
    /// An encoder has refused pictures larger than those it was tried with.
    is_limited: bool,
    exposure: Option<Exposure>,
    /// Counts the exposures.
    exposures: u64,
}

/// What [`Pictures::new`] shares with others.
pub(crate) struct Parts {
    pub(crate) scene: Scene,
    pub(crate) settings: VideoSettings,
    pub(crate) timeline: Timeline,
    pub(crate) post: Post,
    pub(crate) events: OnEvent,
    pub(crate) self_view: Arc<SelfView>,
    pub(crate) feed: PanelFeed,
    pub(crate) encoders: Encoders,
}

impl Pictures {
    pub(crate) fn new(parts: Parts) -> Self {
        let Parts { scene, settings, timeline, post, events, self_view, feed, encoders } = parts;
        Self {
            shutter: Arc::new(Shutter::new(post.clone())),
            captured: Arc::default(),
            course: Arc::default(),
            is_tried: false,
            settings,
            timeline,
            post,
            events,
            self_view,
            scene,
            quality: Quality::Auto,
            sends: true,
            camera: None,
            encoders,
            feed,
            panel: None,
            panel_size: None,
            is_limited: false,
            exposure: None,
            exposures: 0,
        }
    }

    /// The encoder that would be taken.
    pub(crate) fn choose(&mut self, codec: VideoCodec) -> Option<&'static str> {
        self.encoders.choose(codec)
    }

    /// A call begins: the placeholder runs from now on. Returns whether it is the first one, so that [`open`](Self::open) has to follow.
    pub(crate) fn begin(&mut self) -> Result<bool, MediaError> {
        if self.camera.is_some() {
            return Ok(false);
        }
        let onlookers = Onlookers {
            self_view: Arc::clone(&self.self_view),
            shutter: Arc::clone(&self.shutter),
            captured: Arc::clone(&self.captured),
            course: Arc::clone(&self.course),
        };
        let camera = Camera::start(
            self.scene.clone(),
            self.settings.clone(),
            self.timeline.clone(),
            self.post.clone(),
            Arc::clone(&self.events),
            onlookers,
        )?;
        camera.set_sending(self.sends || self.is_tried);
        camera.set_framerate(self.encoders.shape().settings.framerate);
        self.camera = Some(camera);
        Ok(true)
    }

    /// Opens what is shown. Blocks as long as the device does.
    pub(crate) fn open(&mut self) {
        // One camera cannot be open twice; who waits for its picture gets one of the call's.
        self.exposure.take().into_iter().for_each(Exposure::stop);
        self.camera.iter_mut().for_each(Camera::open);
        self.share_or_not();
        self.expose();
    }

    /// The last call is over.
    pub(crate) fn close(&mut self) {
        self.panel = None;
        if let Some(camera) = self.camera.take() {
            // The camera first: whatever it feeds is still there.
            camera.stop();
            self.encoders.stop();
        }
        self.expose();
    }

    /// Feeds a peer from now on. The encoder's name.
    pub(crate) fn add(
        &mut self,
        call: CallId,
        codec: VideoCodec,
        peer: gst_app::AppSrc,
    ) -> Result<Option<&'static str>, MediaError> {
        self.camera.as_ref().map(|camera| self.encoders.add(call, codec, peer, camera)).transpose()
    }

    /// Feeds a peer no longer. Its encoder goes on until it is told to [rest](Self::rest).
    pub(crate) fn remove(&self, call: CallId) {
        self.encoders.remove(call);
    }

    pub(crate) fn request_key_unit(&mut self, codec: VideoCodec) {
        self.encoders.request_key_unit(codec);
        // A panel that rests would keep it waiting.
        self.panel.iter().for_each(SharedPanel::nudge);
    }

    /// `false`: the placeholder instead of what is shown.
    pub(crate) fn set_sending(&mut self, sends: bool) {
        self.sends = sends;
        self.camera.iter().for_each(|camera| camera.set_sending(sends || self.is_tried));
        self.share_or_not();
    }

    /// A trial begins, or ends: pictures for it never leave the kiosk.
    pub(crate) fn set_tried(&mut self, is_tried: bool) {
        self.is_tried = is_tried;
        self.camera.iter().for_each(|camera| camera.set_sending(self.sends || is_tried));
    }

    /// When which picture was where.
    pub(crate) fn course(&self) -> Arc<Course> {
        Arc::clone(&self.course)
    }

    pub(crate) fn set_source(&mut self, shows: VideoSource) -> Vec<Failed> {
        if self.scene.shows == shows {
            return Vec::new();
        }
        if shows == VideoSource::Document && self.scene.document.is_none() {
            tracing::warn!("there is no document camera: its pictures stay dark");
        }
        self.panel_size = None;
        self.set_scene(Scene { shows, ..self.scene.clone() })
    }

    pub(crate) fn use_camera(&mut self, camera: CameraSource) -> Vec<Failed> {
        self.set_scene(Scene { camera, ..self.scene.clone() })
    }

    pub(crate) fn use_document_camera(&mut self, document: Option<CameraSource>) -> Vec<Failed> {
        self.set_scene(Scene { document, ..self.scene.clone() })
    }

    fn set_scene(&mut self, scene: Scene) -> Vec<Failed> {
        let is_other = (self.scene.shows, self.scene.source()) != (scene.shows, scene.source());
        self.scene = scene.clone();
        // First: what is shared is not to be seen any more from this moment on.
        self.share_or_not();
        self.exposure.take().into_iter().for_each(Exposure::stop);
        self.camera.iter_mut().for_each(|camera| camera.set_scene(scene.clone()));
        self.share_or_not();
        self.expose();
        let failed = self.reshape();
        if is_other {
            self.encoders.request_key_units();
        }
        failed
    }

    pub(crate) fn set_quality(&mut self, quality: Quality) -> Vec<Failed> {
        self.quality = quality;
        self.reshape()
    }

    /// The panel's frames have this size.
    pub(crate) fn set_panel_size(&mut self, size: (u32, u32)) -> Vec<Failed> {
        if self.panel.is_none() {
            return Vec::new();
        }
        self.panel_size = Some(size);
        self.reshape()
    }

    fn shape(&self) -> Option<Shape> {
        let native = match self.scene.shows {
            VideoSource::Panel => self.panel_size?,
            VideoSource::Camera | VideoSource::Document => {
                let settings = self.scene.capture(&self.settings);
                (settings.width, settings.height)
            }
        };
        let shape = Shape::of(self.scene.shows, self.quality, &self.settings, native);
        Some(if self.is_limited { shape.limited(&self.settings) } else { shape })
    }

    /// Makes the encoders fit what is shown, as soon as that is known.
    fn reshape(&mut self) -> Vec<Failed> {
        let Some(shape) = self.shape() else { return Vec::new() };
        let failed = self.apply(&shape);
        if !failed.is_empty() && self.limit() {
            return self.reshape();
        }
        if let Some(panel) = &self.panel {
            panel.set_target(shape.size());
        }
        failed
    }

    fn apply(&mut self, shape: &Shape) -> Vec<Failed> {
        if self.encoders.shape() == shape {
            return Vec::new();
        }
        tracing::debug!(settings = ?shape.settings, is_text = shape.is_text, "pictures are encoded like this");
        let refused = self.encoders.reshape(shape.clone(), self.camera.as_ref());
        refused.into_iter().map(|(codec, error)| (codec, error.to_string())).collect()
    }

    /// From now on nothing is larger than what encoders were tried with. Returns whether that makes a difference.
    fn limit(&mut self) -> bool {
        let helps = !self.is_limited && self.encoders.shape().exceeds(&self.settings);
        if helps {
            tracing::warn!(
                "an encoder refuses pictures that are larger than the configured ones: none are made any more"
            );
            self.is_limited = true;
        }
        helps
    }

    /// An encoder has failed: where its pictures were too large for it, it gets smaller ones, else another one takes over. The name
    /// of the one that encodes from now on.
    pub(crate) fn replace_encoder(&mut self, codec: VideoCodec, why: &str) -> Result<Option<&'static str>, MediaError> {
        if self.limit() {
            let failed = self.reshape();
            if !failed.iter().any(|(of, _)| *of == codec) {
                return Ok(None);
            }
        }
        let Some(camera) = &self.camera else { return Ok(None) };
        self.encoders.replace(codec, why, camera).map(Some)
    }

    /// An encoder gives nothing though it is fed: it is started anew, where that was not tried lately. Returns whether it was.
    pub(crate) fn revive_encoder(&mut self, codec: VideoCodec, now: Instant) -> bool {
        self.camera.as_ref().is_some_and(|camera| self.encoders.revive(codec, now, camera))
    }

    /// Pictures of this codec that were encoded.
    pub(crate) fn encoded(&self, codec: VideoCodec) -> u64 {
        self.encoders.encoded(codec)
    }

    /// Counts pictures that a camera or the panel gave.
    pub(crate) fn captured(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.captured)
    }

    /// Encoders that feed nobody end.
    pub(crate) fn rest(&mut self) {
        if let Some(camera) = &self.camera {
            self.encoders.rest(camera);
        }
    }

    pub(crate) fn is_current_encoder(&self, codec: VideoCodec, generation: u64) -> bool {
        self.encoders.is_current(codec, generation)
    }

    /// The panel is shared while it is what is shown, to somebody, and nobody has forbidden it.
    fn share_or_not(&mut self) {
        let is_wanted = self.scene.shows == VideoSource::Panel && self.sends;
        match (&self.camera, &self.panel) {
            (Some(camera), None) if is_wanted => match SharedPanel::start(self.feed.clone(), camera.panel()) {
                Ok(panel) => self.panel = Some(panel),
                Err(error) => tracing::error!(%error, "the panel cannot be shared"),
            },
            (_, Some(_)) if !is_wanted => self.panel = None,
            (Some(_) | None, _) => {}
        }
    }

    pub(crate) fn camera_works(&mut self, generation: u64) {
        self.camera.iter_mut().for_each(|camera| camera.works(generation));
    }

    /// The camera of this generation reports an error.
    pub(crate) fn camera_broken(&mut self, generation: u64, trouble: &Trouble) {
        self.camera.iter_mut().for_each(|camera| camera.broken(generation, trouble));
        self.expose();
    }

    /// The camera that was opened for a snapshot as this generation reports an error.
    pub(crate) fn exposure_broken(&mut self, generation: u64, trouble: &Trouble) {
        let sentence = self.exposure.as_ref().and_then(|exposure| exposure.sentence(generation, trouble));
        if let Some(sentence) = sentence {
            self.shutter.fail(&sentence);
            self.exposed();
        }
    }

    /// A file is at its end.
    pub(crate) fn ended(&self, generation: u64) {
        self.camera.iter().for_each(|camera| camera.ended(generation));
    }

    /// Somebody wants a picture of the camera.
    pub(crate) fn snapshot(&mut self, on_snapshot: OnSnapshot) {
        self.shutter.press(Instant::now(), on_snapshot);
        self.expose();
    }

    /// Opens a camera for whoever waits for a picture of it, where none is open.
    fn expose(&mut self) {
        if !self.shutter.is_waiting() || self.exposure.is_some() {
            return;
        }
        if self.scene.shows != VideoSource::Panel
            && let Some(camera) = &self.camera
        {
            // It is open, or will be again by and by, or has said why not.
            if let Some(sentence) = camera.trouble() {
                self.shutter.fail(sentence);
            } else if !camera.is_open() {
                self.shutter.fail("No camera was found. Plug one in, or set source in [camera].");
            }
            return;
        }
        self.exposures += 1;
        let place = (&self.timeline, &self.post);
        match Exposure::open(&self.scene, self.exposures, &self.settings, place, &self.shutter) {
            Ok(exposure) => self.exposure = Some(exposure),
            Err(sentence) => self.shutter.fail(&sentence),
        }
    }

    /// Nobody waits for a picture any more: a camera that was open only for that is closed.
    pub(crate) fn exposed(&mut self) {
        if !self.shutter.is_waiting() {
            self.exposure.take().into_iter().for_each(Exposure::stop);
        }
    }

    /// When [`tick`](Self::tick) has to be called at the latest.
    pub(crate) fn due(&self) -> impl Iterator<Item = Instant> {
        self.encoders.due().chain(self.camera.iter().flat_map(Camera::due))
    }

    /// Looks after the camera and the encoders. Those that have stalled.
    pub(crate) fn tick(&mut self, now: Instant) -> Vec<Failed> {
        self.camera.iter_mut().for_each(|camera| camera.tick(now));
        let name = self.exposure.as_ref().map(Exposure::name);
        self.shutter.give_up(now, || {
            let name = name.clone().unwrap_or_else(|| "of the call".to_owned());
            format!("The camera {name} gives no picture. Unplug it and plug it in again.")
        });
        self.exposed();
        self.encoders.tick(now).into_iter().map(|codec| (codec, "it gives no pictures any more".to_owned())).collect()
    }

    /// No more pictures, of nothing.
    pub(crate) fn stop(mut self) {
        self.shutter.fail("The kiosk is ending.");
        self.close();
        self.exposed();
    }
}
