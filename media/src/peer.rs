//! A peer: one webrtcbin and its gates. Nothing of capture or playback is in here, so it can be torn down and built anew.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Instant,
};

use gstreamer::{self as gst, prelude::*};
use gstreamer_sdp as gst_sdp;
use gstreamer_webrtc as gst_webrtc;
use kiosk_call::{CallId, Candidate, Chunk, IceServer, MediaEvent, Statistics};

use crate::{
    MediaError, VideoCodec, certificate,
    channel::{self, Channel, Label, Listener},
    decoder::Decoders,
    ice,
    pipeline::{self, Timeline, element_with},
    queue::{News, OnEvent, OnPicture, Owner, Post},
    receive::{self, Hold, Receiver},
    send::Sender,
    sound::{self, Playback},
    stages::{Allowed, Passed, PeerWatch, Remedy},
    statistics,
    terms::{Terms, VideoTerms},
};

/// How long the jitter buffer waits for a lost packet, in ms. Packets in order pass at once, so this costs no delay; it must
/// leave time for a NACK and its answer (60 ms was worse than none at 5 % loss).
const JITTER_BUFFER_MS: u32 = 120;

/// What a peer needs of its surroundings.
pub(crate) struct Surroundings {
    pub(crate) timeline: Timeline,
    pub(crate) post: Post,
    pub(crate) events: OnEvent,
    pub(crate) pictures: OnPicture,
    pub(crate) playback: Arc<Playback>,
    pub(crate) decoders: Arc<Decoders>,
    pub(crate) hold: Arc<Hold>,
    /// Pictures that our camera gave.
    pub(crate) captured: Arc<AtomicU64>,
}

/// One peer connection.
pub(crate) struct Peer {
    call: CallId,
    pipeline: gst::Pipeline,
    webrtc: gst::Element,
    post: Post,
    events: OnEvent,
    receiver: Arc<Receiver>,
    pub(crate) audio: Option<Sender>,
    pub(crate) video: Option<Sender>,
    pub(crate) codec: Option<VideoCodec>,
    is_offerer: bool,
    channel: Option<Channel>,
    file_channel: Option<Channel>,
    /// Our description, until it is set.
    made: Option<String>,
    /// The mids of our description's sections, once it has been told.
    mids: Option<Vec<Option<String>>>,
    /// Local candidates (None: their end) found before the description they belong to was told.
    early: Vec<Option<(u32, String)>>,
    is_secured: bool,
    is_gone: bool,
    statistics: Statistics,
    captured: Arc<AtomicU64>,
    /// Pictures and samples that were captured before this peer connection began.
    captured_before: (u64, u64),
    watch: PeerWatch,
    started: Instant,
}

impl Peer {
    /// With its gates shut. Nothing is sent yet.
    pub(crate) fn new(
        call: CallId,
        ice: &[IceServer],
        is_offerer: bool,
        surroundings: Surroundings,
    ) -> Result<Self, MediaError> {
        let Surroundings { timeline, post, events, pictures, playback, decoders, hold, captured } = surroundings;
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let captured_before = (load(&captured), load(&playback.meters.captured));
        let pipeline = timeline.pipeline("peer", Owner::Peer(call), post.clone());
        // What is received waits for its sound, by time stamps of its own, and not for the jitter buffer's longest wait.
        pipeline.set_latency(gst::ClockTime::ZERO);
        let webrtc = element_with("webrtcbin", &[("bundle-policy", "max-bundle")])?;
        webrtc.set_property("latency", JITTER_BUFFER_MS);
        pipeline.add(&webrtc)?;
        ice::configure(&webrtc, ice);
        let receiver = Arc::new(Receiver {
            call,
            post: post.clone(),
            pictures,
            playback,
            decoders,
            is_open: AtomicBool::new(false),
            hold,
            timeline,
            counts: Arc::default(),
        });
        tune(&webrtc);
        let listener = Listener { post: post.clone(), events: Arc::clone(&events), receiver: Arc::clone(&receiver) };
        listen(&webrtc, &pipeline, is_offerer, listener);
        Ok(Self {
            call,
            pipeline,
            webrtc,
            post,
            events,
            receiver,
            audio: None,
            video: None,
            codec: None,
            is_offerer,
            channel: None,
            file_channel: None,
            made: None,
            mids: None,
            early: Vec::new(),
            is_secured: false,
            is_gone: false,
            statistics: Statistics::default(),
            captured,
            captured_before,
            watch: PeerWatch::new(),
            started: Instant::now(),
        })
    }

    /// Makes an offer.
    pub(crate) fn offer(&mut self, codec: VideoCodec) -> Result<(), MediaError> {
        // Media first, then the channel: the other way round the offer has no media sections.
        self.send(&Terms::of_offer(codec))?;
        self.pipeline.set_state(gst::State::Ready)?;
        for label in Label::ALL {
            *self.channel_mut(label) = Some(self.open_channel(label)?);
        }
        self.pipeline.set_state(gst::State::Playing)?;
        let promise = self.promise(|reply| News::Made(description(reply, "offer")));
        self.webrtc.emit_by_name::<()>("create-offer", &[&None::<gst::Structure>, &promise]);
        Ok(())
    }

    fn open_channel(&self, label: Label) -> Result<Channel, MediaError> {
        let options = gst::Structure::builder("options").field("ordered", true).build();
        let channel = self
            .webrtc
            .emit_by_name::<Option<gst_webrtc::WebRTCDataChannel>>("create-data-channel", &[&label.name(), &options])
            .ok_or_else(|| MediaError::Element("sctpenc".into()))?;
        channel::listen(&channel, label, self.call, &self.listener());
        Ok(Channel::new(channel, label))
    }

    const fn channel_mut(&mut self, label: Label) -> &mut Option<Channel> {
        match label {
            Label::Ksp => &mut self.channel,
            Label::File => &mut self.file_channel,
        }
    }

    fn listener(&self) -> Listener {
        Listener { post: self.post.clone(), events: Arc::clone(&self.events), receiver: Arc::clone(&self.receiver) }
    }

    /// Takes a remote offer, to make an answer.
    pub(crate) fn answer(&mut self, sdp: &str, preferred: &[VideoCodec]) -> Result<(), MediaError> {
        let offer = parse(sdp)?;
        self.send(&Terms::of_remote(&offer, preferred)?)?;
        self.pipeline.set_state(gst::State::Playing)?;
        self.set_remote(gst_webrtc::WebRTCSDPType::Offer, offer);
        Ok(())
    }

    /// Takes the remote answer to our offer.
    pub(crate) fn accept(&self, sdp: &str) -> Result<(), MediaError> {
        let answer = parse(sdp)?;
        self.set_remote(gst_webrtc::WebRTCSDPType::Answer, answer);
        Ok(())
    }

    fn send(&mut self, terms: &Terms) -> Result<(), MediaError> {
        if let Some(terms) = &terms.audio {
            self.audio = Some(Sender::audio(&self.pipeline, &self.webrtc, terms, new_ssrc())?);
        }
        if let Some(terms @ VideoTerms { codec, .. }) = &terms.video {
            self.video = Some(Sender::video(&self.pipeline, &self.webrtc, terms, new_ssrc(), &self.post)?);
            self.codec = Some(*codec);
        }
        Ok(())
    }

    fn set_remote(&self, kind: gst_webrtc::WebRTCSDPType, sdp: gst_sdp::SDPMessage) {
        let description = gst_webrtc::WebRTCSessionDescription::new(kind, sdp);
        let promise = self.promise(|reply| News::RemoteSet(reply.map(drop)));
        self.webrtc.emit_by_name::<()>("set-remote-description", &[&description, &promise]);
    }

    /// A remote candidate.
    pub(crate) fn add_candidate(&self, candidate: &Candidate) {
        // An empty one is an older way to say that there are no more.
        if candidate.candidate.is_empty() {
            return;
        }
        let by_mid = || {
            let mid = candidate.sdp_mid.as_ref()?;
            self.mids.as_ref()?.iter().position(|of| of.as_ref() == Some(mid))
        };
        let section =
            candidate.sdp_m_line_index.map(u32::from).or_else(|| by_mid().and_then(|at| u32::try_from(at).ok()));
        // Everything is in one bundle: the first section is as good as any.
        self.webrtc.emit_by_name::<()>("add-ice-candidate", &[&section.unwrap_or(0), &candidate.candidate]);
    }

    /// Lets media pass, both ways.
    pub(crate) fn open_gates(&self) {
        for sender in [&self.audio, &self.video].into_iter().flatten() {
            sender.open();
        }
        if !self.receiver.is_open.swap(true, Ordering::AcqRel) {
            self.request_key_unit();
        }
        tracing::debug!(call = ?self.call, after = ?self.started.elapsed(), "gates open");
    }

    /// Asks the peer for a picture that needs none before it.
    pub(crate) fn request_key_unit(&self) {
        receive::request_key_unit(&self.pipeline);
    }

    /// One text on the data channel.
    pub(crate) fn send_text(&mut self, text: String) -> Result<(), String> {
        match &mut self.channel {
            Some(channel) => channel.send_text(text),
            None => Err("there is no data channel yet".into()),
        }
    }

    /// One chunk on the data channel `ksp-file`. A file that cannot be sent is no reason to end a call: the core hears nothing of
    /// its progress, and offers it again in the next one.
    pub(crate) fn send_chunk(&mut self, chunk: &Chunk) {
        let sent = match &mut self.file_channel {
            Some(channel) if self.receiver.is_open.load(Ordering::Acquire) => channel.send_chunk(chunk),
            Some(_) => Err("the gates are shut".to_owned()),
            None => Err("the peer has no channel for files".to_owned()),
        };
        if let Err(why) = sent {
            tracing::warn!(call = ?self.call, ?chunk, %why, "a piece of a file is not sent");
        }
    }

    /// Something happened; an error means that the peer connection cannot go on.
    pub(crate) fn news(&mut self, news: News) -> Result<(), String> {
        match news {
            News::Made(made) => self.set_local(made?),
            News::LocalSet(set) => {
                set?;
                self.tell_description()?;
            }
            News::RemoteSet(set) => {
                set?;
                if !self.is_offerer {
                    let promise = self.promise(|reply| News::Made(description(reply, "answer")));
                    self.webrtc.emit_by_name::<()>("create-answer", &[&None::<gst::Structure>, &promise]);
                }
            }
            News::Candidate(section, candidate) => self.tell_candidate(Some((section, candidate))),
            News::Gathered => self.tell_candidate(None),
            News::Connection(state) => self.connection(state)?,
            News::Left => self.tell_gone(),
            News::Channel(channel, label) => self.adopt(channel, label),
            News::ChannelOpen(label) => {
                let call = self.call;
                if self.channel_mut(label).as_mut().is_some_and(Channel::opened) {
                    (self.events)(match label {
                        Label::Ksp => MediaEvent::ChannelOpen { call },
                        Label::File => MediaEvent::FileChannelOpen { call },
                    });
                }
                self.pump(label)?;
            }
            News::ChannelText(text) => (self.events)(MediaEvent::ChannelMessage { call: self.call, text }),
            News::ChannelLow(label) => self.pump(label)?,
            News::Unusable(reason) => return Err(reason),
            News::FirstFrame => {
                tracing::debug!(call = ?self.call, after = ?self.started.elapsed(), "first frame");
                (self.events)(MediaEvent::FirstFrame { call: self.call });
            }
            News::Statistics(answer) => self.tell_statistics(&answer),
        }
        Ok(())
    }

    fn pump(&mut self, label: Label) -> Result<(), String> {
        self.channel_mut(label).as_mut().map_or(Ok(()), Channel::pump)
    }

    fn set_local(&mut self, made: gst_webrtc::WebRTCSessionDescription) {
        self.made = made.sdp().as_text().ok();
        let promise = self.promise(|reply| News::LocalSet(reply.map(drop)));
        self.webrtc.emit_by_name::<()>("set-local-description", &[&made, &promise]);
    }

    fn tell_description(&mut self) -> Result<(), String> {
        let sdp = self.made.take().ok_or_else(|| "our description has no text".to_owned())?;
        let parsed = parse(&sdp).map_err(|error| error.to_string())?;
        self.mids = Some(parsed.medias().map(|media| media.attribute_val("mid").map(str::to_owned)).collect());
        (self.events)(MediaEvent::LocalDescription { call: self.call, sdp });
        for candidate in std::mem::take(&mut self.early) {
            self.tell_candidate(candidate);
        }
        Ok(())
    }

    /// Gathering starts before the description is told, but no candidate may overtake it.
    fn tell_candidate(&mut self, found: Option<(u32, String)>) {
        let Some(mids) = &self.mids else {
            self.early.push(found);
            return;
        };
        let call = self.call;
        (self.events)(match found {
            None => MediaEvent::EndOfCandidates { call },
            Some((section, candidate)) => {
                let mid = usize::try_from(section).ok().and_then(|section| mids.get(section)).cloned().flatten();
                MediaEvent::LocalCandidate {
                    call,
                    candidate: Candidate {
                        candidate,
                        sdp_mid: mid,
                        sdp_m_line_index: u16::try_from(section).ok(),
                        username_fragment: None,
                    },
                }
            }
        });
    }

    fn connection(&mut self, state: gst_webrtc::WebRTCPeerConnectionState) -> Result<(), String> {
        tracing::debug!(call = ?self.call, ?state, after = ?self.started.elapsed(), "peer connection");
        if state == gst_webrtc::WebRTCPeerConnectionState::Failed {
            if !self.is_secured {
                return Err("no way to the peer was found".into());
            }
            self.tell_gone();
        }
        if state == gst_webrtc::WebRTCPeerConnectionState::Closed {
            self.tell_gone();
        }
        if state == gst_webrtc::WebRTCPeerConnectionState::Connected && !self.is_secured {
            let (local, remote) = certificate::fingerprints(&self.webrtc)?;
            self.is_secured = true;
            (self.events)(MediaEvent::Secured { call: self.call, local, remote });
        }
        Ok(())
    }

    fn tell_gone(&mut self) {
        if !std::mem::replace(&mut self.is_gone, true) {
            (self.events)(MediaEvent::PeerGone { call: self.call });
        }
    }

    /// The offerer opens the channels that there are, each once; any other is closed.
    fn adopt(&mut self, channel: gst_webrtc::WebRTCDataChannel, label: Option<Label>) {
        match label {
            Some(label) if !self.is_offerer && self.channel_mut(label).is_none() => {
                *self.channel_mut(label) = Some(Channel::new(channel, label));
            }
            Some(_) | None => {
                tracing::warn!(call = ?self.call, "the peer opened a data channel that is not expected");
                channel.close();
            }
        }
    }

    /// Asks for the figures; the answer comes as news.
    pub(crate) fn ask_statistics(&self) {
        if !self.is_secured {
            return;
        }
        let (post, call) = (self.post.clone(), self.call);
        let promise = gst::Promise::with_change_func(move |reply| {
            if let Ok(Some(reply)) = reply {
                post.news(call, News::Statistics(reply.to_owned()));
            }
        });
        self.webrtc.emit_by_name::<()>("get-stats", &[&None::<gst::Pad>, &promise]);
    }

    fn tell_statistics(&mut self, answer: &gst::StructureRef) {
        statistics::collect(answer, &mut self.statistics);
        self.receiver.playback.report(self.call, &mut self.statistics);
        self.count();
        (self.events)(MediaEvent::Statistics { call: self.call, statistics: self.statistics.clone() });
    }

    fn count(&mut self) {
        let (into, counts) = (&mut self.statistics, &self.receiver.counts);
        let captured =
            (self.captured.load(Ordering::Relaxed), self.receiver.playback.meters.captured.load(Ordering::Relaxed));
        let (pictures, sound) = self.captured_before;
        into.frames_captured = captured.0.saturating_sub(pictures);
        into.sound_captured = sound::duration_of(captured.1.saturating_sub(sound));
        into.frames_encoded = self.video.as_ref().map_or(0, Sender::encoded);
        into.frames_sent = self.video.as_ref().map_or(0, Sender::sent);
        into.sound_sent =
            sound::PACKET * u32::try_from(self.audio.as_ref().map_or(0, Sender::sent)).unwrap_or(u32::MAX);
        into.frames_received = counts.frames.load(Ordering::Relaxed);
        into.frames_decoded = counts.frames_decoded.load(Ordering::Relaxed);
        into.frames_rendered = counts.frames_shown.load(Ordering::Relaxed);
        into.sound_received = sound::duration_of(counts.sound_decoded.load(Ordering::Relaxed));
        let ms = |time: gst::ClockTime| i64::try_from(time.mseconds()).unwrap_or(i64::MAX);
        let heard = self.receiver.playback.lag(self.call).filter(|_| !into.sound_received.is_zero());
        let seen = counts.picture_lag();
        counts.follow_sound(heard);
        into.av_skew_ms = heard.zip(seen).map(|(heard, seen)| ms(heard).saturating_sub(ms(seen)));
    }

    /// What is to be done about it, so that everything moves. `made`: what was encoded, of its pictures and of sound.
    pub(crate) fn look(&mut self, now: Instant, (pictures_made, sound_made): (u64, u64)) -> Option<Remedy> {
        let counts = &self.receiver.counts;
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let passed = Passed {
            pictures_made,
            pictures_sent: self.video.as_ref().map_or(pictures_made, Sender::packets),
            sound_made,
            sound_sent: self.audio.as_ref().map_or(sound_made, Sender::packets),
            picture_packets: load(&counts.picture_packets),
            pictures_decoded: load(&counts.frames_decoded),
            sound_packets: load(&counts.sound_packets),
            sound_decoded: load(&counts.sound_decoded),
            packets_received: self.statistics.packets_received,
            packets_lost: u64::try_from(self.statistics.packets_lost).unwrap_or(0),
        };
        let is_open = self.receiver.is_open.load(Ordering::Acquire);
        // Where it is gone, the core knows.
        let allowed = Allowed { sends: is_open && !self.is_gone, receives: is_open && !self.receiver.hold.holds() };
        self.watch.look(now, &passed, allowed)
    }

    /// The element that encodes for this peer.
    pub(crate) fn set_encoder(&mut self, name: &str) {
        name.clone_into(&mut self.statistics.encoder_implementation);
    }

    /// Distributes the pipeline's latency anew.
    pub(crate) fn recalculate(&self) {
        if let Err(error) = self.pipeline.recalculate_latency() {
            tracing::debug!(call = ?self.call, %error, "latency");
        }
    }

    /// Ends it, however long that takes.
    pub(crate) fn stop(self) {
        self.settle();
        pipeline::end(&self.pipeline);
    }

    /// Waits until webrtcbin has done what it was told. A description that it takes on while it is ended starts a transport that
    /// never ends: 9 descriptors and the agent's memory.
    fn settle(&self) {
        let done = gst::Promise::new();
        self.webrtc.emit_by_name::<()>("get-stats", &[&None::<gst::Pad>, &done]);
        done.wait();
    }

    fn promise(
        &self,
        news: impl FnOnce(Result<Option<&gst::StructureRef>, String>) -> News + Send + 'static,
    ) -> gst::Promise {
        let (post, call) = (self.post.clone(), self.call);
        gst::Promise::with_change_func(move |reply| {
            let reply = match reply {
                Ok(Some(reply)) => match reply.get::<gst::glib::Error>("error") {
                    Ok(error) => Err(error.message().to_owned()),
                    Err(_) => Ok(Some(reply)),
                },
                Ok(None) => Ok(None),
                // The peer connection is being torn down.
                Err(_) => return,
            };
            post.news(call, news(reply));
        })
    }
}

fn description(
    reply: Result<Option<&gst::StructureRef>, String>,
    field: &str,
) -> Result<gst_webrtc::WebRTCSessionDescription, String> {
    reply?
        .and_then(|reply| reply.get::<gst_webrtc::WebRTCSessionDescription>(field).ok())
        .ok_or_else(|| format!("webrtcbin made no {field}"))
}

/// GStreamer's parser takes nearly everything for an empty description.
fn parse(sdp: &str) -> Result<gst_sdp::SDPMessage, MediaError> {
    let parsed = if sdp.is_empty() { None } else { gst_sdp::SDPMessage::parse_buffer(sdp.as_bytes()).ok() };
    parsed
        .filter(|parsed| parsed.version() == Some("0") && parsed.medias_len() > 0)
        .ok_or_else(|| MediaError::Description("it is no SDP".into()))
}

/// Zero means "none" to webrtcbin.
fn new_ssrc() -> u32 {
    gst::glib::random_int().max(1)
}

/// What webrtcbin has no property for.
fn tune(webrtc: &gst::Element) {
    let bin = webrtc.downcast_ref::<gst::Bin>().expect("webrtcbin is a bin");
    bin.connect_deep_element_added(move |_, _, element| {
        match element.factory().map(|factory| factory.name()).as_deref() {
            // webrtcbin paces live sources by the latency of the whole pipeline: 33 ms and more for nothing.
            Some("clocksync") => element.set_property("sync", false),
            Some("rtpjitterbuffer") => {
                element.set_property("latency", JITTER_BUFFER_MS);
                // Else the first packet of all waits for the whole latency: one before it could still come.
                element.set_property("faststart-min-packets", 1_u32);
                // Lost packets are told, so that the Opus decoder can conceal them.
                element.set_property("do-lost", true);
                // It would expect the next packet at the pace of the last ones, and give it up for lost, with its picture, where a screen
                // has come to rest (measured: a PLI after each pause of half a second). A hole between two packets is enough to ask.
                element.set_property("rtx-next-seqnum", false);
            }
            _ => {}
        }
    });
}

/// Callbacks hold the call's id, weak references and the queue: else the pipeline would keep itself alive.
fn listen(webrtc: &gst::Element, pipeline: &gst::Pipeline, is_offerer: bool, listener: Listener) {
    let (call, post) = (listener.receiver.call, &listener.post);

    let to = post.clone();
    webrtc.connect("on-ice-candidate", false, move |arguments| {
        let section = arguments.get(1).and_then(|value| value.get::<u32>().ok());
        let candidate = arguments.get(2).and_then(|value| value.get::<String>().ok());
        if let (Some(section), Some(candidate)) = (section, candidate) {
            to.news(call, News::Candidate(section, candidate));
        }
        None
    });
    let to = post.clone();
    webrtc.connect_notify(Some("ice-gathering-state"), move |webrtc, _| {
        let state = webrtc.property::<gst_webrtc::WebRTCICEGatheringState>("ice-gathering-state");
        if state == gst_webrtc::WebRTCICEGatheringState::Complete {
            to.news(call, News::Gathered);
        }
    });
    let to = post.clone();
    webrtc.connect_notify(Some("connection-state"), move |webrtc, _| {
        to.news(call, News::Connection(webrtc.property("connection-state")));
    });
    let (pipeline, receiver) = (pipeline.downgrade(), Arc::clone(&listener.receiver));
    webrtc.connect_pad_added(move |_, pad| {
        if let Some(pipeline) = pipeline.upgrade() {
            receiver.attach(&pipeline, pad);
        }
    });
    // Each label once, and only from the offerer: nobody listens to another one, not even until it is closed.
    let heard = Mutex::new(if is_offerer { Label::ALL.to_vec() } else { Vec::new() });
    webrtc.connect("on-data-channel", false, move |arguments| {
        let channel = arguments.get(1).and_then(|value| value.get::<gst_webrtc::WebRTCDataChannel>().ok())?;
        let label = Label::of(&channel);
        listener.post.news(call, News::Channel(channel.clone(), label));
        let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(label) = label.filter(|label| !heard.contains(label)) {
            heard.push(label);
            drop(heard);
            channel::listen(&channel, label, call, &listener);
        }
        None
    });
}
