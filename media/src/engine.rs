//! What runs on the media thread: everything that blocks, one thing after the other.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, TryRecvError},
    },
    time::{Duration, Instant},
};

use gstreamer::{self as gst, prelude::*};
use kiosk_call::{CallId, IceServer, MediaCommand, MediaEvent};

use crate::{
    MediaError, Options, Tick, VideoCodec,
    camera::Camera,
    codecs::Codecs,
    decoder::Decoders,
    encoder::{Choice, Encoders},
    peer::{Peer, Surroundings},
    pipeline::Timeline,
    queue::{News, OnEvent, OnPicture, Owner, Post, Trouble, Work},
    self_view::SelfView,
    sound::Sound,
};

/// How often statistics are told.
const STATISTICS: Duration = Duration::from_millis(500);
/// How often the thread shows that it is alive and looks after the devices.
const TICK: Duration = Duration::from_millis(250);

pub(crate) struct Engine {
    options: Options,
    timeline: Timeline,
    post: Post,
    events: OnEvent,
    pictures: OnPicture,
    tick: Arc<Tick>,
    self_view: Arc<SelfView>,
    peers: BTreeMap<CallId, Peer>,
    /// There from the first call's start to the last call's end.
    camera: Option<Camera>,
    encoders: Encoders,
    decoders: Arc<Decoders>,
    sound: Sound,
    sends_pictures: bool,
    next_statistics: Instant,
}

/// A step of warming up.
enum Warmth {
    Plugins,
    Encoder(VideoCodec),
    Decoder(VideoCodec),
}

/// Loads the plugins that a call needs, and makes the process's DTLS certificate (an RSA key).
fn load_plugins() {
    if let Ok(dtls) = gst::ElementFactory::make("dtlsdec").build() {
        // Reading it makes it, once for the process.
        drop(dtls.property::<Option<String>>("pem"));
    }
    for factory in ["webrtcbin", "nicesrc", "srtpdec", "sctpdec", "rtpbin", "audiomixer", "vp8dec", "opusdec"] {
        if gst::ElementFactory::make(factory).build().is_err() {
            tracing::error!("{}", MediaError::Element(factory.to_owned()));
        }
    }
}

impl Engine {
    pub(crate) fn new(
        options: Options,
        post: Post,
        events: OnEvent,
        pictures: OnPicture,
        (tick, codecs, self_view): (Arc<Tick>, Arc<Codecs>, Arc<SelfView>),
    ) -> Self {
        let timeline = Timeline::start();
        let choice = Choice::new(options.video.clone(), options.encoder_cache.clone(), Arc::clone(&codecs));
        let decoders = Arc::new(Decoders::new(codecs));
        let encoders = Encoders::new(choice, timeline.clone(), post.clone());
        let sound = Sound::new(&options, &timeline, &post, Arc::clone(&events));
        Self {
            options,
            timeline,
            post,
            events,
            pictures,
            tick,
            self_view,
            peers: BTreeMap::new(),
            camera: None,
            encoders,
            decoders,
            sends_pictures: true,
            sound,
            next_statistics: Instant::now() + STATISTICS,
        }
    }

    /// Until it is told to stop.
    pub(crate) fn run(mut self, work: &Receiver<Work>) {
        self.sound.tell();
        let mut cold = self.cold();
        loop {
            self.tick.touch();
            let due = self.encoders.due().chain(self.camera.iter().flat_map(Camera::due));
            let wait = due.map(|due| due.saturating_duration_since(Instant::now())).min().unwrap_or(TICK).min(TICK);
            // A call that comes early waits for one step, not for all; in a call there is better to do.
            let step = if self.peers.is_empty() { cold.front() } else { None };
            let received = match (work.try_recv(), step) {
                (Err(TryRecvError::Empty), Some(_)) => {
                    cold.pop_front().into_iter().for_each(|step| self.warm_up(step));
                    continue;
                }
                (Err(TryRecvError::Empty), None) => work.recv_timeout(wait),
                (received, _) => received.map_err(|_| RecvTimeoutError::Disconnected),
            };
            match received {
                Ok(Work::Stop) | Err(RecvTimeoutError::Disconnected) => break,
                Ok(work) => self.work(work),
                Err(RecvTimeoutError::Timeout) => {}
            }
            self.look_after(Instant::now());
        }
        for call in self.peers.keys().copied().collect::<Vec<_>>() {
            self.close(call);
        }
        self.sound.stop();
    }

    /// What is still to be warmed up, the most needed first.
    fn cold(&self) -> VecDeque<Warmth> {
        let codecs =
            self.options.video.codec.iter().flat_map(|codec| [Warmth::Encoder(*codec), Warmth::Decoder(*codec)]);
        std::iter::once(Warmth::Plugins).chain(codecs).collect()
    }

    /// What would else cost the first call its time.
    fn warm_up(&mut self, step: Warmth) {
        match step {
            Warmth::Plugins => load_plugins(),
            Warmth::Encoder(codec) => {
                let encoder = self.encoders.choose(codec);
                tracing::info!(codec = codec.encoding_name(), encoder, "video encoder");
            }
            Warmth::Decoder(codec) => self.decoders.try_out(codec, &self.options.video),
        }
    }

    fn work(&mut self, work: Work) {
        match work {
            Work::Command(command) => self.command(command),
            Work::UseCamera(source) => {
                if let Some(camera) = &mut self.camera {
                    camera.use_source(source.clone());
                }
                self.options.camera = source;
            }
            Work::CameraWorks(generation) => {
                if let Some(camera) = &mut self.camera {
                    camera.works(generation);
                }
            }
            Work::UseSound(microphone, loudspeaker) => self.sound.use_devices(microphone, loudspeaker),
            Work::Volume(amplitude) => self.sound.set_volume(amplitude),
            Work::Peer(call, news) => self.news(call, news),
            Work::KeyUnit(codec) => self.encoders.request_key_unit(codec),
            Work::Broken(owner, trouble) => self.broken(owner, &trouble),
            Work::Ended(owner) => self.ended(owner),
            Work::Latency(owner) => self.recalculate(owner),
            Work::Stop => {}
        }
    }

    fn command(&mut self, command: MediaCommand) {
        match command {
            MediaCommand::Offer { call, ice } => self.begin(call, &ice, None),
            MediaCommand::Answer { call, sdp, ice } => self.begin(call, &ice, Some(&sdp)),
            MediaCommand::AcceptAnswer { call, sdp } => {
                let accepted = self.peers.get(&call).map_or(Ok(()), |peer| peer.accept(&sdp));
                self.fail_if(call, accepted.map_err(|error| error.to_string()));
            }
            MediaCommand::AddCandidate { call, candidate } => {
                if let Some(peer) = self.peers.get(&call) {
                    peer.add_candidate(&candidate);
                }
            }
            MediaCommand::OpenGates { call } => self.open_gates(call),
            MediaCommand::SendChannel { call, text } => {
                let sent = self.peers.get_mut(&call).map_or(Ok(()), |peer| peer.send_text(text));
                self.fail_if(call, sent);
            }
            MediaCommand::SetSending { audio, video } => {
                self.sound.set_muted(!audio);
                self.sends_pictures = video;
                if let Some(camera) = &mut self.camera {
                    camera.set_sending(video);
                }
            }
            MediaCommand::SetTone(tone) => self.sound.set_tone(tone),
            MediaCommand::Close { call } => self.close(call),
        }
    }

    /// Builds a peer that offers, or answers.
    fn begin(&mut self, call: CallId, ice: &[IceServer], offer: Option<&str>) {
        if self.peers.contains_key(&call) {
            return;
        }
        let is_first = self.camera.is_none();
        let begun = self.build_peer(call, ice, offer);
        // Devices come last: opening them blocks, while the peer connection is already at work.
        if is_first && let Some(camera) = &mut self.camera {
            camera.open();
            self.sound.open();
        }
        self.fail_if(call, begun.map_err(|error| error.to_string()));
    }

    fn build_peer(&mut self, call: CallId, ice: &[IceServer], offer: Option<&str>) -> Result<(), MediaError> {
        let wanted = self.options.video.codec.clone();
        let mut works = wanted.iter().copied().filter(|codec| self.encoders.choose(*codec).is_some());
        // Who offers needs one; who answers may need any.
        let codecs: Vec<_> = if offer.is_none() { works.next().into_iter().collect() } else { works.collect() };
        let first = *codecs.first().ok_or_else(|| MediaError::NoEncoder(format!("{wanted:?}")))?;
        if self.camera.is_none() {
            self.camera = Some(self.start_camera()?);
        }
        let surroundings = Surroundings {
            timeline: self.timeline.clone(),
            post: self.post.clone(),
            events: Arc::clone(&self.events),
            pictures: Arc::clone(&self.pictures),
            playback: Arc::clone(&self.sound.playback),
            decoders: Arc::clone(&self.decoders),
        };
        let peer = self.peers.entry(call).insert_entry(Peer::new(call, ice, offer.is_none(), surroundings)?).into_mut();
        match offer {
            None => peer.offer(first)?,
            Some(sdp) => peer.answer(sdp, &codecs)?,
        }
        if let Some(sender) = &peer.audio {
            self.sound.peers.add(call, sender.input.clone());
        }
        self.sound.add(call);
        if let (Some(codec), Some(sender), Some(camera)) = (peer.codec, &peer.video, &self.camera) {
            let name = self.encoders.add(call, codec, sender.input.clone(), camera)?;
            peer.set_encoder(name);
        }
        Ok(())
    }

    /// With its placeholder; the device is opened by and by.
    fn start_camera(&self) -> Result<Camera, MediaError> {
        let mut camera = Camera::start(
            self.options.camera.clone(),
            self.options.video.clone(),
            self.timeline.clone(),
            self.post.clone(),
            Arc::clone(&self.events),
            Arc::clone(&self.self_view),
        )?;
        camera.set_sending(self.sends_pictures);
        Ok(camera)
    }

    fn open_gates(&mut self, call: CallId) {
        let Some(peer) = self.peers.get(&call) else { return };
        peer.open_gates();
        if let Some(codec) = peer.codec {
            self.encoders.request_key_unit(codec);
        }
    }

    fn news(&mut self, call: CallId, news: News) {
        if let Some(peer) = self.peers.get_mut(&call) {
            let outcome = peer.news(news);
            self.fail_if(call, outcome);
        }
    }

    fn fail_if(&self, call: CallId, outcome: Result<(), String>) {
        if let Err(reason) = outcome {
            tracing::debug!(?call, %reason, "peer connection failed");
            (self.events)(MediaEvent::Failed { call, reason });
        }
    }

    fn broken(&mut self, owner: Owner, trouble: &Trouble) {
        match (owner, &mut self.camera) {
            (Owner::Camera(generation), Some(camera)) => camera.broken(generation, trouble),
            (Owner::Microphone(_) | Owner::MicrophoneFile(_) | Owner::Loudspeaker(_), _) => {
                self.sound.broken(owner, trouble);
            }
            (Owner::Peer(call), _) => {
                tracing::debug!(?call, ?trouble, "peer pipeline");
                // A peer that closes its connection makes sctpenc fail ("Could not write to resource"): it has left, that's all.
                if trouble.element.contains("webrtcbin") {
                    self.news(call, News::Left);
                } else if self.peers.contains_key(&call) {
                    self.fail_if(call, Err(trouble.error.message().to_owned()));
                }
            }
            (Owner::Encoder(codec, generation), Some(_)) => {
                tracing::debug!(?trouble, "encoder pipeline");
                if self.encoders.is_current(codec, generation) {
                    self.replace_encoder(codec, trouble.error.message());
                }
            }
            (Owner::Placeholder, _) => tracing::error!(?trouble, "the placeholder picture has failed"),
            (Owner::Camera(_) | Owner::Encoder(..), None) => {}
        }
    }

    /// The call goes on with the next encoder that works; only where there is none it ends.
    fn replace_encoder(&mut self, codec: VideoCodec, why: &str) {
        let Some(camera) = &self.camera else { return };
        let taken = self.encoders.replace(codec, why, camera);
        let of_codec = self.peers.iter_mut().filter(|(_, peer)| peer.codec == Some(codec));
        match taken {
            Ok(name) => of_codec.for_each(|(_, peer)| peer.set_encoder(name)),
            Err(error) => {
                tracing::error!(%why, %error, "the video encoder has failed, and no other takes over");
                let calls: Vec<_> = of_codec.map(|(call, _)| *call).collect();
                for call in calls {
                    self.fail_if(call, Err(format!("the video encoder has failed ({why})")));
                }
            }
        }
    }

    fn ended(&self, owner: Owner) {
        match (owner, &self.camera) {
            (Owner::Camera(generation), Some(camera)) => camera.ended(generation),
            (Owner::MicrophoneFile(generation), _) => self.sound.ended(generation),
            // Live sources and peers have no end.
            (
                Owner::Placeholder | Owner::Encoder(..) | Owner::Microphone(_) | Owner::Loudspeaker(_) | Owner::Peer(_),
                _,
            ) => {}
            (Owner::Camera(_), None) => {}
        }
    }

    fn recalculate(&self, owner: Owner) {
        match owner {
            Owner::Loudspeaker(generation) => self.sound.recalculate(generation),
            Owner::Peer(call) => self.peers.get(&call).into_iter().for_each(Peer::recalculate),
            // Their sinks don't wait.
            Owner::Camera(_)
            | Owner::Placeholder
            | Owner::Encoder(..)
            | Owner::Microphone(_)
            | Owner::MicrophoneFile(_) => {}
        }
    }

    fn look_after(&mut self, now: Instant) {
        self.sound.tick(now);
        if let Some(camera) = &mut self.camera {
            camera.tick(now);
        }
        for codec in self.encoders.tick(now) {
            self.replace_encoder(codec, "it gives no pictures any more");
        }
        if now >= self.next_statistics {
            self.next_statistics = now + STATISTICS;
            self.peers.values().for_each(Peer::ask_statistics);
        }
    }

    fn close(&mut self, call: CallId) {
        let Some(peer) = self.peers.remove(&call) else { return };
        self.sound.peers.remove(call);
        self.sound.remove(call);
        if let Some(camera) = &self.camera {
            self.encoders.remove(call, camera);
        }
        peer.stop();
        if self.peers.is_empty()
            && let Some(camera) = self.camera.take()
        {
            // The camera first: whatever it feeds is still there.
            camera.stop();
            self.encoders.stop();
            self.sound.close();
        }
    }
}
