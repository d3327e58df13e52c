//! What runs on the media thread: everything that blocks, one thing after the other.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::{Duration, Instant},
};

use gstreamer::{self as gst, prelude::*};
use kiosk_call::{CallId, IceServer, MediaCommand, MediaEvent};

use crate::{
    MediaError, Options, Tick, VideoCodec,
    camera::Camera,
    encoder::{self, VideoEncoder},
    peer::{Peer, Surroundings},
    pipeline::Timeline,
    queue::{News, OnEvent, OnPicture, Owner, Post, Trouble, Work},
    sound::Sound,
    wav::WavWriter,
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
    peers: BTreeMap<CallId, Peer>,
    capture: Option<Capture>,
    sending: Sending,
    /// The loudspeaker's file, kept over calls.
    recording: Arc<Mutex<Option<WavWriter>>>,
    next_statistics: Instant,
}

#[derive(Clone, Copy)]
struct Sending {
    audio: bool,
    video: bool,
}

/// Camera, microphone, loudspeaker and encoders: there from the first call's start to the last call's end.
struct Capture {
    camera: Camera,
    sound: Sound,
    encoders: BTreeMap<VideoCodec, VideoEncoder>,
}

impl Engine {
    pub(crate) fn new(options: Options, post: Post, events: OnEvent, pictures: OnPicture, tick: Arc<Tick>) -> Self {
        Self {
            options,
            timeline: Timeline::start(),
            post,
            events,
            pictures,
            tick,
            peers: BTreeMap::new(),
            capture: None,
            sending: Sending { audio: true, video: true },
            recording: Arc::default(),
            next_statistics: Instant::now() + STATISTICS,
        }
    }

    /// Until it is told to stop.
    pub(crate) fn run(mut self, work: &Receiver<Work>) {
        self.warm_up();
        loop {
            self.tick.touch();
            let due = self.capture.iter().flat_map(|capture| capture.encoders.values()).filter_map(VideoEncoder::due);
            let wait = due.map(|due| due.saturating_duration_since(Instant::now())).min().unwrap_or(TICK).min(TICK);
            match work.recv_timeout(wait) {
                Ok(Work::Stop) | Err(RecvTimeoutError::Disconnected) => break,
                Ok(work) => self.work(work),
                Err(RecvTimeoutError::Timeout) => {}
            }
            self.look_after(Instant::now());
        }
        for call in self.peers.keys().copied().collect::<Vec<_>>() {
            self.close(call);
        }
    }

    /// What would else cost the first call its time: trying the encoders, loading the plugins, and the process's DTLS
    /// certificate (an RSA key).
    fn warm_up(&self) {
        for codec in &self.options.video.codec {
            encoder::probe(*codec, &self.options.video);
        }
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

    fn work(&mut self, work: Work) {
        match work {
            Work::Command(command) => self.command(command),
            Work::Peer(call, news) => self.news(call, news),
            Work::KeyUnit(codec) => {
                let encoder = self.capture.as_mut().and_then(|capture| capture.encoders.get_mut(&codec));
                if let Some(encoder) = encoder {
                    encoder.request_key_unit(Instant::now());
                }
            }
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
                self.sending = Sending { audio, video };
                if let Some(capture) = &mut self.capture {
                    capture.set_sending(self.sending);
                }
            }
            MediaCommand::Close { call } => self.close(call),
        }
    }

    /// Builds a peer that offers, or answers.
    fn begin(&mut self, call: CallId, ice: &[IceServer], offer: Option<&str>) {
        if self.peers.contains_key(&call) {
            return;
        }
        let is_first = self.capture.is_none();
        let begun = self.build_peer(call, ice, offer);
        // Devices come last: opening them blocks, while the peer connection is already at work.
        if is_first && let Some(capture) = &mut self.capture {
            capture.camera.open();
            capture.sound.open();
        }
        self.fail_if(call, begun.map_err(|error| error.to_string()));
    }

    fn build_peer(&mut self, call: CallId, ice: &[IceServer], offer: Option<&str>) -> Result<(), MediaError> {
        let works = |codec: &VideoCodec| encoder::probe(*codec, &self.options.video).is_some();
        let codecs: Vec<_> = self.options.video.codec.iter().copied().filter(works).collect();
        let first = *codecs.first().ok_or_else(|| MediaError::NoEncoder(format!("{:?}", self.options.video.codec)))?;
        let capture = match &mut self.capture {
            Some(capture) => capture,
            none => none.insert(Capture::start(
                &self.options,
                &self.timeline,
                &self.post,
                &self.events,
                &self.recording,
                self.sending,
            )?),
        };
        let surroundings = Surroundings {
            timeline: self.timeline.clone(),
            post: self.post.clone(),
            events: Arc::clone(&self.events),
            pictures: Arc::clone(&self.pictures),
            playback: Arc::clone(&capture.sound.playback),
        };
        let peer = self.peers.entry(call).insert_entry(Peer::new(call, ice, offer.is_none(), surroundings)?).into_mut();
        match offer {
            None => peer.offer(first)?,
            Some(sdp) => peer.answer(sdp, &codecs)?,
        }
        capture.connect(call, peer, &self.options, &self.timeline, &self.post)
    }

    fn open_gates(&mut self, call: CallId) {
        let Some(peer) = self.peers.get(&call) else { return };
        peer.open_gates();
        let encoder =
            self.capture.as_mut().zip(peer.codec).and_then(|(capture, codec)| capture.encoders.get_mut(&codec));
        if let Some(encoder) = encoder {
            encoder.request_key_unit(Instant::now());
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
        match (owner, &mut self.capture) {
            (Owner::Camera(generation), Some(capture)) => capture.camera.broken(generation, trouble),
            (Owner::Sound(generation) | Owner::MicrophoneFile(generation), Some(capture)) => {
                capture.sound.broken(generation, trouble);
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
            (Owner::Encoder(codec), _) => {
                tracing::error!(?codec, ?trouble, "the video encoder has failed");
                let of_codec = self.peers.iter().filter(|(_, peer)| peer.codec == Some(codec)).map(|(call, _)| *call);
                for call in of_codec.collect::<Vec<_>>() {
                    self.fail_if(call, Err(format!("the video encoder has failed ({})", trouble.error.message())));
                }
            }
            (Owner::Placeholder, _) => tracing::error!(?trouble, "the placeholder picture has failed"),
            (Owner::Camera(_) | Owner::Sound(_) | Owner::MicrophoneFile(_), None) => {}
        }
    }

    fn ended(&self, owner: Owner) {
        match (owner, &self.capture) {
            (Owner::Camera(generation), Some(capture)) => capture.camera.ended(generation),
            (Owner::MicrophoneFile(generation), Some(capture)) => capture.sound.ended(generation),
            // Live sources and peers have no end.
            (Owner::Placeholder | Owner::Encoder(_) | Owner::Sound(_) | Owner::Peer(_), _) => {}
            (Owner::Camera(_) | Owner::MicrophoneFile(_), None) => {}
        }
    }

    fn recalculate(&self, owner: Owner) {
        match (owner, &self.capture) {
            (Owner::Sound(generation), Some(capture)) => capture.sound.recalculate(generation),
            (Owner::Peer(call), _) => self.peers.get(&call).into_iter().for_each(Peer::recalculate),
            // Their sinks don't wait.
            (Owner::Camera(_) | Owner::Placeholder | Owner::Encoder(_) | Owner::MicrophoneFile(_), _) => {}
            (Owner::Sound(_), None) => {}
        }
    }

    fn look_after(&mut self, now: Instant) {
        if let Some(capture) = &mut self.capture {
            capture.camera.tick(now);
            capture.sound.tick(now);
            for encoder in capture.encoders.values_mut() {
                encoder.tick(now);
            }
        }
        if now >= self.next_statistics {
            self.next_statistics = now + STATISTICS;
            self.peers.values().for_each(Peer::ask_statistics);
        }
    }

    fn close(&mut self, call: CallId) {
        let Some(peer) = self.peers.remove(&call) else { return };
        if let Some(capture) = &mut self.capture {
            capture.disconnect(call);
        }
        peer.stop();
        if self.peers.is_empty()
            && let Some(capture) = self.capture.take()
        {
            capture.stop();
        }
    }
}

impl Capture {
    /// With placeholders; devices are opened by and by.
    fn start(
        options: &Options,
        timeline: &Timeline,
        post: &Post,
        events: &OnEvent,
        recording: &Arc<Mutex<Option<WavWriter>>>,
        sending: Sending,
    ) -> Result<Self, MediaError> {
        let camera = Camera::start(
            options.camera.clone(),
            options.video.clone(),
            timeline.clone(),
            post.clone(),
            Arc::clone(events),
        )?;
        let sound = Sound::new(
            options.microphone.clone(),
            options.loudspeaker.clone(),
            timeline.clone(),
            post.clone(),
            Arc::clone(events),
            Arc::clone(recording),
        );
        let mut capture = Self { camera, sound, encoders: BTreeMap::new() };
        capture.set_sending(sending);
        Ok(capture)
    }

    fn set_sending(&mut self, sending: Sending) {
        self.camera.set_sending(sending.video);
        self.sound.set_muted(!sending.audio);
    }

    /// Feeds a peer and plays it.
    fn connect(
        &mut self,
        call: CallId,
        peer: &mut Peer,
        options: &Options,
        timeline: &Timeline,
        post: &Post,
    ) -> Result<(), MediaError> {
        if let Some(sender) = &peer.audio {
            self.sound.peers.add(call, sender.input.clone());
        }
        self.sound.add(call);
        let (Some(codec), Some(sender)) = (peer.codec, &peer.video) else { return Ok(()) };
        if !self.encoders.contains_key(&codec) {
            let encoder = VideoEncoder::start(codec, &options.video, timeline, post)?;
            self.camera.feed(codec, encoder.input().clone());
            self.encoders.insert(codec, encoder);
        }
        let input = sender.input.clone();
        if let Some(encoder) = self.encoders.get_mut(&codec) {
            encoder.peers.add(call, input);
            peer.set_encoder(encoder.name());
            encoder.request_key_unit(Instant::now());
        }
        Ok(())
    }

    /// Feeds and plays it no longer; an encoder without peers ends.
    fn disconnect(&mut self, call: CallId) {
        self.sound.peers.remove(call);
        self.sound.remove(call);
        for encoder in self.encoders.values() {
            encoder.peers.remove(call);
        }
        let idle: Vec<_> =
            self.encoders.iter().filter(|(_, encoder)| encoder.peers.is_empty()).map(|(codec, _)| *codec).collect();
        for codec in idle {
            self.camera.forget(codec);
            self.encoders.remove(&codec).into_iter().for_each(VideoEncoder::stop);
        }
    }

    fn stop(mut self) {
        // The camera first: whatever it feeds is still there.
        self.camera.stop();
        for encoder in std::mem::take(&mut self.encoders).into_values() {
            encoder.stop();
        }
        self.sound.stop();
    }
}
