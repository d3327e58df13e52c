//! Capture, encoders, one webrtcbin a peer, playback and statistics: the only crate that names GStreamer.
//!
//! [`Media`] takes [`MediaCommand`]s and tells [`MediaEvent`]s; both are the core's. One media thread does everything that blocks;
//! GStreamer's callbacks hold weak references and the call's id, post to that thread's bounded queue and return.
//! `docs/media.md` draws the pipelines and gives the reason for each rule.
#![forbid(unsafe_code)]

mod camera;
mod certificate;
mod channel;
mod codecs;
mod decoder;
mod device;
mod encoder;
mod engine;
mod error;
mod fanout;
mod healing;
mod ice;
mod options;
mod panel;
mod peer;
mod picture;
mod pictures;
mod pipeline;
mod player;
mod queue;
mod receive;
mod self_view;
mod send;
mod shape;
mod sound;
mod stages;
mod stamp;
mod statistics;
mod terms;
mod trial;
mod wav;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use gstreamer as gst;
use kiosk_call::{CallId, MediaCommand, MediaEvent};

use crate::{
    codecs::Codecs,
    engine::{Engine, Shared},
    queue::{Post, Work},
    self_view::SelfView,
};
pub use crate::{
    codecs::{CodecReport, CodecState, Direction},
    error::MediaError,
    options::*,
    panel::PanelFeed,
    picture::Picture,
    trial::{LONGEST_TRIAL, NoTrial, Passage, Trial},
};

/// Whether [`CameraSource::Libcamera`] can be had here: libcamera's element for GStreamer is installed.
#[must_use]
pub fn has_libcamera() -> bool {
    camera::has_libcamera()
}

/// The media thread. Dropped, it ends as with [`Media::stop`].
pub struct Media {
    post: Post,
    events: Arc<dyn Fn(MediaEvent) + Send + Sync>,
    tick: Arc<Tick>,
    codecs: Arc<Codecs>,
    self_view: Arc<SelfView>,
    feed: PanelFeed,
    thread: Option<JoinHandle<()>>,
}

impl Media {
    /// Starts the media thread. Devices are opened for a call only.
    ///
    /// Both closures are called on threads of media and GStreamer: they must hand over and return.
    pub fn start(
        options: Options,
        on_event: Arc<dyn Fn(MediaEvent) + Send + Sync>,
        on_picture: Arc<dyn Fn(CallId, Picture) + Send + Sync>,
    ) -> Result<Self, MediaError> {
        gst::init().map_err(MediaError::Initialise)?;
        let (sender, work) = mpsc::sync_channel(queue::CAPACITY);
        let post = Post::new(sender);
        let tick = Arc::new(Tick::new());
        let codecs = Arc::<Codecs>::default();
        let self_view = Arc::<SelfView>::default();
        let feed = PanelFeed::new(post.clone());
        let shared = Shared {
            tick: Arc::clone(&tick),
            codecs: Arc::clone(&codecs),
            self_view: Arc::clone(&self_view),
            feed: feed.clone(),
        };
        let engine = Engine::new(options, post.clone(), Arc::clone(&on_event), on_picture, shared);
        let thread =
            thread::Builder::new().name("media".into()).spawn(move || engine.run(&work)).map_err(MediaError::Thread)?;
        Ok(Self { post, events: on_event, tick, codecs, self_view, feed, thread: Some(thread) })
    }

    /// Queues a command. Never blocks: should the queue be full (the media thread hangs) the call is told to have failed.
    pub fn send(&self, command: MediaCommand) {
        let call = call_of(&command);
        if !self.post.post(Work::Command(command))
            && let Some(call) = call
        {
            (self.events)(MediaEvent::Failed { call, reason: "the media thread hangs".into() });
        }
    }

    /// From now on, also in a call, pictures come from here. The same again: it is back, try it now.
    pub fn use_camera(&self, source: CameraSource) {
        self.post.post(Work::UseCamera(source));
    }

    /// From now on, also in a call, pictures of documents come from here; None: there is no such camera, and the placeholder is sent
    /// instead.
    pub fn use_document_camera(&self, source: Option<CameraSource>) {
        self.post.post(Work::UseDocumentCamera(source));
    }

    /// From now on, also in a call, sound comes from and goes to here. The same again: it is back, try it now.
    pub fn use_sound(&self, microphone: MicrophoneSource, loudspeaker: Loudspeaker) {
        self.post.post(Work::UseSound(microphone, loudspeaker));
    }

    /// Amplitude of what is played, 0…1, for a card that has no volume of its own.
    pub fn set_volume(&self, amplitude: f64) {
        self.post.post(Work::Volume(amplitude));
    }

    /// From now on pictures of our own camera, at most 320 wide and 15 a second, are handed over while they are sent. The closure is
    /// called on the camera's thread: it must hand over and return.
    pub fn show_self(&self, on_picture: Arc<dyn Fn(Picture) + Send + Sync>) {
        self.self_view.show(on_picture);
    }

    /// Where frames of the panel go while it is shared ([`VideoSource::Panel`](kiosk_call::VideoSource::Panel)).
    #[must_use]
    pub fn panel_feed(&self) -> PanelFeed {
        self.feed.clone()
    }

    /// Hands over the next picture of the camera in full size (of the document camera while that is what is sent), or a sentence for
    /// people why there is none, within some seconds. Without a call, and while the panel is shared, the camera is opened for it.
    ///
    /// It is taken while the camera is off, too: that is about what is sent all the time, and a snapshot was agreed to by a person.
    /// The closure is called on a thread of media or of the camera: it must hand over and return.
    pub fn take_snapshot(&self, on_snapshot: Box<dyn FnOnce(Result<Picture, String>) + Send>) {
        self.post.post_snapshot(on_snapshot);
    }

    /// Sends what the camera gives through the encoder that a call would take and through a decoder, for so long (at most
    /// [`LONGEST_TRIAL`]) from the first picture on that comes through. Camera and sound devices are opened for it; nothing leaves the
    /// kiosk, and nothing is shown. A call that begins ends it.
    ///
    /// The closure is called on the media thread, unless that has ended: it must hand over and return.
    pub fn try_out(&self, length: Duration, on_done: Box<dyn FnOnce(Result<Trial, NoTrial>) + Send>) {
        self.post.post(Work::Trial(length, on_done));
    }

    /// What is known of the encoders and decoders of this board. Empty until they have been tried, soon after the start.
    #[must_use]
    pub fn codecs(&self) -> Vec<CodecReport> {
        self.codecs.all()
    }

    /// When the media thread was last seen alive, for the watchdog. Usually at most 250 ms ago; opening a device or ending a
    /// peer connection may take some seconds.
    #[must_use]
    pub fn last_tick(&self) -> Instant {
        self.tick.last()
    }

    /// Ends all calls and the thread. May take some seconds.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        if let Some(thread) = self.thread.take() {
            self.post.post_stop();
            if thread.join().is_err() {
                tracing::error!("the media thread has panicked");
            }
        }
    }
}

impl Drop for Media {
    fn drop(&mut self) {
        self.end();
    }
}

impl fmt::Debug for Media {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Media").field("last_tick", &self.last_tick()).finish_non_exhaustive()
    }
}

const fn call_of(command: &MediaCommand) -> Option<CallId> {
    match command {
        MediaCommand::Offer { call, .. }
        | MediaCommand::Answer { call, .. }
        | MediaCommand::AcceptAnswer { call, .. }
        | MediaCommand::AddCandidate { call, .. }
        | MediaCommand::OpenGates { call }
        | MediaCommand::SendChannel { call, .. }
        | MediaCommand::SendChunk { call, .. }
        | MediaCommand::Close { call } => Some(*call),
        MediaCommand::SetSource(_)
        | MediaCommand::SetQuality(_)
        | MediaCommand::SetReceiving(_)
        | MediaCommand::SetSending { .. }
        | MediaCommand::SetTone(_) => None,
    }
}

/// When the media thread was last seen.
struct Tick(Mutex<Instant>);

impl Tick {
    fn new() -> Self {
        Self(Mutex::new(Instant::now()))
    }

    fn touch(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn last(&self) -> Instant {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
