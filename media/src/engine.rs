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
use kiosk_call::{CallId, IceServer, MediaCommand, MediaEvent, Rung, VideoSource};

use crate::{
    MediaError, Options, Tick, VideoCodec,
    camera::Scene,
    codecs::Codecs,
    decoder::Decoders,
    encoder::{Choice, Encoders},
    healing,
    panel::PanelFeed,
    peer::{Peer, Surroundings},
    pictures::{Failed, Parts, Pictures},
    pipeline::Timeline,
    queue::{News, OnEvent, OnPicture, Owner, Post, Trouble, Work},
    receive::Hold,
    self_view::SelfView,
    sound::Sound,
    stages::{Allowance, Remedy},
    trial::{self, NoTrial, OnTrial},
};

/// How often statistics are told.
const STATISTICS: Duration = Duration::from_millis(500);
/// What a call needs stays open so long after its end: a new peer connection for the same call follows the end of the old one at once,
/// and finds camera, encoder and sound as they were.
const LINGER: Duration = Duration::from_millis(500);
/// So many peer connections are given up in this time because something here stands still, and no more.
const RECONNECTS: usize = 3;
const RECONNECTS_WITHIN: Duration = Duration::from_secs(600);
/// How often the thread shows that it is alive and looks after the devices.
const TICK: Duration = Duration::from_millis(250);

pub(crate) struct Engine {
    options: Options,
    timeline: Timeline,
    post: Post,
    events: OnEvent,
    pictures: OnPicture,
    tick: Arc<Tick>,
    peers: BTreeMap<CallId, Peer>,
    own: Pictures,
    decoders: Arc<Decoders>,
    sound: Sound,
    hold: Arc<Hold>,
    next_statistics: Instant,
    /// Never beside a call.
    trial: Option<trial::Running>,
    /// Counts the trials.
    trials: u64,
    /// When what nobody needs any more is closed.
    rest_at: Option<Instant>,
    /// Peer connections that may be given up here.
    reconnects: Allowance,
}

/// What the engine shares with whoever holds [`Media`](crate::Media).
pub(crate) struct Shared {
    pub(crate) tick: Arc<Tick>,
    pub(crate) codecs: Arc<Codecs>,
    pub(crate) self_view: Arc<SelfView>,
    pub(crate) feed: PanelFeed,
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
        Shared { tick, codecs, self_view, feed }: Shared,
    ) -> Self {
        let timeline = Timeline::start();
        let choice = Choice::new(options.video.clone(), options.encoder_cache.clone(), Arc::clone(&codecs));
        let decoders = Arc::new(Decoders::new(codecs));
        let encoders = Encoders::new(choice, timeline.clone(), post.clone());
        let sound = Sound::new(&options, &timeline, &post, Arc::clone(&events));
        let own = Pictures::new(Parts {
            scene: Scene {
                camera: options.camera.clone(),
                document: options.document.clone(),
                shows: VideoSource::Camera,
            },
            settings: options.video.clone(),
            timeline: timeline.clone(),
            post: post.clone(),
            events: Arc::clone(&events),
            self_view,
            feed,
            encoders,
        });
        Self {
            options,
            timeline,
            post,
            events,
            pictures,
            tick,
            peers: BTreeMap::new(),
            own,
            decoders,
            sound,
            hold: Arc::default(),
            next_statistics: Instant::now() + STATISTICS,
            trial: None,
            trials: 0,
            rest_at: None,
            reconnects: Allowance::new(RECONNECTS, RECONNECTS_WITHIN),
        }
    }

    /// Until it is told to stop.
    pub(crate) fn run(mut self, work: &Receiver<Work>) {
        self.sound.tell();
        let mut cold = self.cold();
        loop {
            self.tick.touch();
            let due = self.own.due().chain(self.rest_at).min();
            let wait = due.map_or(TICK, |due| due.saturating_duration_since(Instant::now())).min(TICK);
            // A call that comes early waits for one step, not for all; in a call there is better to do.
            let step = if self.peers.is_empty() && self.trial.is_none() { cold.front() } else { None };
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
        self.end_trial(NoTrial::Ending);
        self.own.stop();
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
                let encoder = self.own.choose(codec);
                tracing::info!(codec = codec.encoding_name(), encoder, "video encoder");
            }
            Warmth::Decoder(codec) => self.decoders.try_out(codec, &self.options.video),
        }
    }

    fn work(&mut self, work: Work) {
        match work {
            Work::Command(command) => self.command(command),
            Work::UseCamera(source) => {
                let failed = self.own.use_camera(source);
                self.replace_encoders(failed);
            }
            Work::UseDocumentCamera(source) => {
                let failed = self.own.use_document_camera(source);
                self.replace_encoders(failed);
            }
            Work::PanelSize(width, height) => {
                let failed = self.own.set_panel_size((width, height));
                self.replace_encoders(failed);
            }
            Work::Snapshot(on_snapshot) => self.own.snapshot(on_snapshot),
            Work::Trial(length, on_done) => self.try_out(length, on_done),
            Work::Exposed => self.own.exposed(),
            Work::CameraWorks(generation) => self.own.camera_works(generation),
            Work::UseSound(microphone, loudspeaker) => self.sound.use_devices(microphone, loudspeaker),
            Work::Volume(amplitude) => self.sound.set_volume(amplitude),
            Work::Peer(call, news) => self.news(call, news),
            Work::KeyUnit(codec) => self.own.request_key_unit(codec),
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
            MediaCommand::SendChunk { call, chunk } => {
                if let Some(peer) = self.peers.get_mut(&call) {
                    peer.send_chunk(&chunk);
                }
            }
            MediaCommand::SetSource(source) => {
                let failed = self.own.set_source(source);
                self.replace_encoders(failed);
            }
            MediaCommand::SetQuality(quality) => {
                let failed = self.own.set_quality(quality);
                self.replace_encoders(failed);
            }
            MediaCommand::SetReceiving(receives) => {
                if self.hold.set(!receives) && receives {
                    self.peers.values().for_each(Peer::request_key_unit);
                }
            }
            MediaCommand::SetSending { audio, video } => {
                self.sound.set_muted(!audio);
                self.own.set_sending(video);
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
        self.end_trial(NoTrial::Call);
        // Before the peer, so that its sender finds an encoder to feed it.
        let is_first = match self.own.begin() {
            Ok(is_first) => is_first,
            Err(error) => return self.fail_if(call, Err(error.to_string())),
        };
        let begun = self.build_peer(call, ice, offer);
        // Devices come last: opening them blocks, while the peer connection is already at work.
        if is_first && !self.peers.is_empty() {
            self.own.open();
            self.sound.open();
        }
        if self.peers.is_empty() {
            self.rest();
        }
        self.fail_if(call, begun.map_err(|error| error.to_string()));
    }

    fn build_peer(&mut self, call: CallId, ice: &[IceServer], offer: Option<&str>) -> Result<(), MediaError> {
        let wanted = self.options.video.codec.clone();
        let mut works = wanted.iter().copied().filter(|codec| self.own.choose(*codec).is_some());
        // Who offers needs one; who answers may need any.
        let codecs: Vec<_> = if offer.is_none() { works.next().into_iter().collect() } else { works.collect() };
        let first = *codecs.first().ok_or_else(|| MediaError::NoEncoder(format!("{wanted:?}")))?;
        let surroundings = Surroundings {
            timeline: self.timeline.clone(),
            post: self.post.clone(),
            events: Arc::clone(&self.events),
            pictures: Arc::clone(&self.pictures),
            playback: Arc::clone(&self.sound.playback),
            decoders: Arc::clone(&self.decoders),
            hold: Arc::clone(&self.hold),
            captured: self.own.captured(),
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
        if let (Some(codec), Some(sender)) = (peer.codec, &peer.video)
            && let Some(name) = self.own.add(call, codec, sender.input.clone())?
        {
            peer.set_encoder(name);
        }
        Ok(())
    }

    fn open_gates(&mut self, call: CallId) {
        let Some(peer) = self.peers.get(&call) else { return };
        peer.open_gates();
        if let Some(codec) = peer.codec {
            self.own.request_key_unit(codec);
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
        match owner {
            Owner::Camera(generation) => self.own.camera_broken(generation, trouble),
            Owner::Exposure(generation) => self.own.exposure_broken(generation, trouble),
            Owner::Microphone(_) | Owner::MicrophoneFile(_) | Owner::Loudspeaker(_) => {
                self.sound.broken(owner, trouble);
            }
            Owner::Peer(call) => {
                tracing::debug!(?call, ?trouble, "peer pipeline");
                // A peer that closes its connection makes sctpenc fail ("Could not write to resource"): it has left, that's all.
                if trouble.element.contains("webrtcbin") {
                    self.news(call, News::Left);
                } else if self.peers.contains_key(&call) {
                    self.fail_if(call, Err(trouble.error.message().to_owned()));
                }
            }
            Owner::Encoder(codec, generation) => {
                tracing::debug!(?trouble, "encoder pipeline");
                if self.own.is_current_encoder(codec, generation) {
                    self.replace_encoder(codec, trouble.error.message());
                }
            }
            Owner::Trial(generation) => {
                self.trial.iter_mut().for_each(|trial| trial.broken(generation, trouble.error.message()));
            }
            Owner::Placeholder => tracing::error!(?trouble, "the placeholder picture has failed"),
        }
    }

    fn replace_encoders(&mut self, failed: Vec<Failed>) {
        for (codec, why) in failed {
            self.replace_encoder(codec, &why);
        }
    }

    /// The call goes on with the next encoder that works; only where there is none it ends.
    fn replace_encoder(&mut self, codec: VideoCodec, why: &str) {
        let taken = self.own.replace_encoder(codec, why);
        let of_codec = self.peers.iter_mut().filter(|(_, peer)| peer.codec == Some(codec));
        match taken {
            Ok(Some(name)) => {
                of_codec.for_each(|(_, peer)| peer.set_encoder(name));
                healing::tell(
                    &self.events,
                    Rung::Branch,
                    format!("the video encoder has failed ({why}): {name} takes over"),
                );
            }
            Ok(None) => {}
            Err(error) => {
                tracing::error!(%why, %error, "the video encoder has failed, and no other takes over");
                let calls: Vec<_> = of_codec.map(|(call, _)| *call).collect();
                healing::tell(&self.events, Rung::Restart, format!("no video encoder works any more ({why})"));
                for call in calls {
                    self.fail_if(call, Err(format!("the video encoder has failed ({why})")));
                }
            }
        }
    }

    fn ended(&self, owner: Owner) {
        match owner {
            Owner::Camera(generation) => self.own.ended(generation),
            Owner::MicrophoneFile(generation) => self.sound.ended(generation),
            // Live sources and peers have no end; a snapshot needs no more than a file has.
            Owner::Exposure(_)
            | Owner::Placeholder
            | Owner::Encoder(..)
            | Owner::Microphone(_)
            | Owner::Loudspeaker(_)
            | Owner::Trial(_)
            | Owner::Peer(_) => {}
        }
    }

    fn recalculate(&self, owner: Owner) {
        match owner {
            Owner::Loudspeaker(generation) => self.sound.recalculate(generation),
            Owner::Peer(call) => self.peers.get(&call).into_iter().for_each(Peer::recalculate),
            // Their sinks don't wait.
            Owner::Camera(_)
            | Owner::Exposure(_)
            | Owner::Placeholder
            | Owner::Encoder(..)
            | Owner::Microphone(_)
            | Owner::MicrophoneFile(_)
            | Owner::Trial(_) => {}
        }
    }

    fn look_after(&mut self, now: Instant) {
        self.sound.tick(now);
        for (codec, why) in self.own.tick(now) {
            self.mend_encoder(codec, &why, now);
        }
        self.look_at_peers(now);
        self.look_at_trial(now);
        if self.rest_at.is_some_and(|at| at <= now) {
            self.rest();
        }
        if now >= self.next_statistics {
            self.next_statistics = now + STATISTICS;
            self.peers.values().for_each(Peer::ask_statistics);
        }
    }

    /// What has stalled may work when it is started anew; the next time another one takes over.
    fn mend_encoder(&mut self, codec: VideoCodec, why: &str, now: Instant) {
        if self.own.revive_encoder(codec, now) {
            healing::tell(
                &self.events,
                Rung::Branch,
                format!("the video encoder has stalled ({why}): it was started anew"),
            );
        } else {
            self.replace_encoder(codec, why);
        }
    }

    fn look_at_peers(&mut self, now: Instant) {
        let sound_made = self.sound.peers.pushed();
        let mut hopeless = Vec::new();
        for (call, peer) in &mut self.peers {
            let pictures_made = peer.codec.map_or(0, |codec| self.own.encoded(codec));
            match peer.look(now, (pictures_made, sound_made)) {
                Some(Remedy::KeyUnit) => peer.request_key_unit(),
                Some(Remedy::Reconnect(why)) => hopeless.push((*call, why)),
                None => {}
            }
        }
        for (call, why) in hopeless {
            self.give_up(call, why, now);
        }
    }

    /// Another peer connection may do better, but not for ever: then this one goes on with what it still has.
    fn give_up(&mut self, call: CallId, why: &str, now: Instant) {
        let helps = self.reconnects.take(now);
        let rung = if helps { Rung::Connection } else { Rung::Restart };
        healing::tell(&self.events, rung, why.to_owned());
        if helps {
            self.fail_if(call, Err(why.to_owned()));
        }
    }

    fn try_out(&mut self, length: Duration, on_done: OnTrial) {
        if !self.peers.is_empty() {
            return on_done(Err(NoTrial::Call));
        }
        if self.trial.is_some() {
            return on_done(Err(NoTrial::Another));
        }
        match self.build_trial() {
            Ok((way, encoder, is_first)) => {
                let running = (length, on_done);
                self.trial = Some(trial::Running::new(self.trials, way, encoder, self.own.course(), running));
                self.own.set_tried(true);
                // Last, as with a call.
                if is_first {
                    self.own.open();
                    self.sound.open();
                }
            }
            Err(error) => {
                self.own.remove(trial::CALL);
                self.rest();
                on_done(Err(NoTrial::Broken(error.to_string())));
            }
        }
    }

    /// What decodes, the encoder's name, and whether devices have to be opened.
    fn build_trial(&mut self) -> Result<(trial::Way, &'static str, bool), MediaError> {
        self.trials += 1;
        let is_first = self.own.begin()?;
        let wanted = self.options.video.codec.clone();
        let mut works = wanted.iter().copied().filter(|codec| self.own.choose(*codec).is_some());
        let codec = works.next().ok_or_else(|| MediaError::NoEncoder(format!("{wanted:?}")))?;
        let place = (&self.timeline, &self.post);
        let way = trial::Way::build(codec, self.trials, &self.decoders, place, &self.own.course())?;
        match self.own.add(trial::CALL, codec, way.input.clone()) {
            Ok(encoder) => Ok((way, encoder.unwrap_or_default(), is_first)),
            Err(error) => {
                way.stop();
                Err(error)
            }
        }
    }

    fn look_at_trial(&mut self, now: Instant) {
        let is_done = self.trial.as_mut().is_some_and(|trial| trial.tick(now, &self.sound));
        if let Some(trial) = self.trial.take_if(|_| is_done) {
            self.own.remove(trial::CALL);
            self.own.set_tried(false);
            trial.finish(now, &self.sound);
            self.rest_at = Some(now + LINGER);
        }
    }

    /// Something else is more important. What was open stays open for that.
    fn end_trial(&mut self, why: NoTrial) {
        if let Some(trial) = self.trial.take() {
            self.own.remove(trial::CALL);
            self.own.set_tried(false);
            trial.give_up(why);
        }
    }

    fn close(&mut self, call: CallId) {
        let Some(peer) = self.peers.remove(&call) else { return };
        self.sound.peers.remove(call);
        self.sound.remove(call);
        self.own.remove(call);
        peer.stop();
        self.rest_at = Some(Instant::now() + LINGER);
    }

    /// Nothing of ours is open without a call.
    fn rest(&mut self) {
        self.rest_at = None;
        self.own.rest();
        if self.peers.is_empty() && self.trial.is_none() {
            self.own.close();
            self.sound.close();
        }
    }
}
