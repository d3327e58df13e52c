//! `kioskd --selftest`: the kiosk calls itself. Camera → encoder → peer connection → decoder → panel, and sound likewise, over the real
//! devices and one media thread, as in a call: two ends of one call, each the other's peer. Nothing is kept, and nobody hears it.

use std::{fmt::Write as _, os::unix::net::UnixStream, time::Duration};

use kiosk_call::{CallId, Candidate, DeviceState, MediaCommand, MediaEvent, PeerName, Screen, Statistics};
use serde::Serialize;
use tokio::{
    sync::mpsc,
    time::{Instant, timeout_at},
};

use crate::{
    assemble::{Purpose, assemble_for},
    config::Config,
    control::ControlError,
    run::MediaPort,
    start::{StartError, Surroundings},
};

/// For encoders to be tried out, which takes a slow board its time.
const ENCODERS_PATIENCE: Duration = Duration::from_secs(120);
/// For devices to open and the ends to find each other. Usually it takes a second.
const CONNECT_PATIENCE: Duration = Duration::from_secs(60);
/// For pictures and sound to come through all stages. Usually it takes less than a second.
const PASS_PATIENCE: Duration = Duration::from_secs(30);
/// How long pictures and sound are counted at least.
const MEASURED: Duration = Duration::from_secs(4);
/// The end that calls, and the one that answers.
const ENDS: [CallId; 2] = [CallId([1; 16]), CallId([2; 16])];

/// What came of a selftest.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SelftestReport {
    /// All stages did their work.
    pub passed: bool,
    /// In the order in which pictures pass them, then sound.
    pub stages: Vec<Stage>,
}

/// A part of the way.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Stage {
    /// `connection`, `camera`, `encoder`, `sent`, `received`, `decoder`, `panel`, `microphone`, `sound encoder`, `sound sent`, `sound received`, `loudspeaker`.
    pub stage: &'static str,
    /// It did its work.
    pub passed: bool,
    /// So many pictures passed it, or so many seconds of sound; of the connection: the seconds until it stood.
    pub count: f64,
    /// Of a microphone that was listened to: the loudest that it heard, 0 to 1 (full scale).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<f64>,
    /// What is wrong, and what to do; empty if it passed.
    pub problem: String,
}

/// Takes the devices, and calls itself. To be called within a tokio runtime.
///
/// # Errors
/// [`StartError`]: a kioskd runs here, or a thread, a font or GStreamer is missing. Missing devices are stages that fail.
pub async fn selftest(config: &Config, simulated: bool) -> Result<SelftestReport, StartError> {
    let socket = &config.paths.control_socket;
    if UnixStream::connect(socket).is_ok() {
        // It has the camera and the screen.
        return Err(ControlError::Taken(socket.clone()).into());
    }
    let assembled = assemble_for(config, simulated, Purpose::Selftest)?;
    let Surroundings { media, mut media_events, views, screen, .. } = assembled.surroundings;
    // What comes back is shown as a peer's picture.
    views.send_modify(|view| {
        view.screen = Screen::InCall {
            peer: PeerName { name: view.name.clone(), verified: true },
            since: std::time::Instant::now(),
            reconnecting: None,
            peer_audio: true,
            peer_video: true,
            peer_screen: false,
            peer_hold: false,
        };
    });
    let mut looped = Looped::new(media);
    looped.run(&mut media_events).await;
    looped.close();
    Ok(looped.report(&screen.borrow()))
}

/// What an end of the call has told.
#[derive(Debug, Default)]
struct End {
    /// It knows the other's description, so that it takes candidates.
    is_described: bool,
    waiting: Vec<Candidate>,
    is_secured: bool,
    statistics: Statistics,
}

/// A call whose ends are both here.
struct Looped {
    media: MediaPort,
    ends: [End; 2],
    began: Instant,
    described: Option<Instant>,
    connected: Option<Instant>,
    failure: Option<String>,
    camera: DeviceState,
    sound: DeviceState,
}

impl Looped {
    fn new(media: MediaPort) -> Self {
        Self {
            media,
            ends: Default::default(),
            began: Instant::now(),
            described: None,
            connected: None,
            failure: None,
            camera: DeviceState::Ready,
            sound: DeviceState::Ready,
        }
    }

    /// Until all was counted, or it is clear that nothing will come.
    async fn run(&mut self, events: &mut mpsc::Receiver<MediaEvent>) {
        // A loudspeaker beside its microphone would howl: silence passes the same stages.
        (self.media)(MediaCommand::SetSending { audio: false, video: true });
        (self.media)(MediaCommand::Offer { call: ENDS[0], ice: Vec::new() });
        let mut deadline = self.began + ENCODERS_PATIENCE;
        while self.failure.is_none()
            && !self.is_counted()
            && let Ok(Some(event)) = timeout_at(deadline, events.recv()).await
        {
            if matches!(event, MediaEvent::LocalDescription { .. }) {
                self.described.get_or_insert_with(Instant::now);
            }
            self.take_in(event);
            if self.connected.is_none() && self.ends.iter().all(|end| end.is_secured) {
                self.connected = Some(Instant::now());
                for call in ENDS {
                    (self.media)(MediaCommand::OpenGates { call });
                }
            }
            deadline = match (self.connected, self.described) {
                (Some(at), _) => at + PASS_PATIENCE,
                (None, Some(at)) => at + CONNECT_PATIENCE,
                (None, None) => deadline,
            };
        }
    }

    /// Everything has come through all stages, and long enough.
    fn is_counted(&self) -> bool {
        let [out, back] = self.ends.each_ref().map(|end| &end.statistics);
        let pictures =
            [out.frames_captured, out.frames_sent, back.frames_received, back.frames_decoded, back.frames_rendered];
        let sound = [out.sound_captured, out.sound_sent, back.sound_received, back.sound_played];
        self.connected.is_some_and(|at| at.elapsed() >= MEASURED)
            && pictures.iter().all(|count| *count > 0)
            && sound.iter().all(|time| !time.is_zero())
    }

    fn close(&mut self) {
        for call in ENDS {
            (self.media)(MediaCommand::Close { call });
        }
    }

    fn take_in(&mut self, event: MediaEvent) {
        match event {
            MediaEvent::LocalDescription { call, sdp } => {
                let other = 1 - end_of(call);
                let call = ENDS[other];
                (self.media)(if other == 0 {
                    MediaCommand::AcceptAnswer { call, sdp }
                } else {
                    MediaCommand::Answer { call, sdp, ice: Vec::new() }
                });
                self.ends[other].is_described = true;
                for candidate in std::mem::take(&mut self.ends[other].waiting) {
                    (self.media)(MediaCommand::AddCandidate { call, candidate });
                }
            }
            MediaEvent::LocalCandidate { call, candidate } => {
                let other = 1 - end_of(call);
                if self.ends[other].is_described {
                    (self.media)(MediaCommand::AddCandidate { call: ENDS[other], candidate });
                } else {
                    self.ends[other].waiting.push(candidate);
                }
            }
            MediaEvent::Secured { call, .. } => self.ends[end_of(call)].is_secured = true,
            MediaEvent::Statistics { call, statistics } => self.ends[end_of(call)].statistics = statistics,
            MediaEvent::Failed { reason, .. } => self.failure = Some(reason),
            MediaEvent::PeerGone { .. } => self.failure = Some("the peer connection broke".to_owned()),
            MediaEvent::Camera(state) => self.camera = state,
            MediaEvent::Sound(state) => self.sound = state,
            MediaEvent::EndOfCandidates { .. }
            | MediaEvent::FirstFrame { .. }
            | MediaEvent::ChannelOpen { .. }
            | MediaEvent::ChannelMessage { .. }
            | MediaEvent::FileChannelOpen { .. }
            | MediaEvent::Chunk { .. }
            | MediaEvent::Healing { .. } => {}
        }
    }

    fn report(&self, screen: &DeviceState) -> SelftestReport {
        let (out, back) = (&self.ends[0].statistics, &self.ends[1].statistics);
        let pictures = |stage, count: u64, device: &DeviceState| Stage::new(stage, count as f64, device);
        let sound = |stage, time: Duration, device: &DeviceState| Stage::new(stage, time.as_secs_f64(), device);
        let ready = &DeviceState::Ready;
        let stages = vec![
            self.connection(),
            pictures("camera", out.frames_captured, &self.camera),
            pictures("encoder", out.frames_encoded, ready),
            pictures("sent", out.frames_sent, ready),
            pictures("received", back.frames_received, ready),
            pictures("decoder", back.frames_decoded, ready),
            pictures("panel", back.frames_rendered, screen),
            sound("microphone", out.sound_captured, &self.sound),
            sound("sound sent", out.sound_sent, ready),
            sound("sound received", back.sound_received, ready),
            sound("loudspeaker", back.sound_played, &self.sound),
        ];
        SelftestReport { passed: stages.iter().all(|stage| stage.passed), stages }
    }

    fn connection(&self) -> Stage {
        let problem = match (&self.failure, self.connected, self.described) {
            (Some(reason), _, _) => reason.clone(),
            (None, Some(_), _) => String::new(),
            (None, None, Some(_)) => format!(
                "the two ends have not found each other within {} s: is a network up, loopback at least ('ip address')?",
                CONNECT_PATIENCE.as_secs()
            ),
            (None, None, None) => format!(
                "encoders were still being tried after {} s: is the board busy with something else ('top')?",
                ENCODERS_PATIENCE.as_secs()
            ),
        };
        let took = self.connected.zip(self.described).map(|(connected, described)| connected - described);
        let count = took.unwrap_or_default().as_secs_f64();
        Stage { stage: "connection", passed: problem.is_empty(), count, level: None, problem }
    }
}

impl Stage {
    fn new(stage: &'static str, count: f64, device: &DeviceState) -> Self {
        let problem = match device {
            DeviceState::Missing(why) => why.clone(),
            DeviceState::Ready if count > 0.0 => String::new(),
            DeviceState::Ready => "nothing has come to here".to_owned(),
        };
        Self { stage, passed: problem.is_empty(), count, level: None, problem }
    }
}

impl SelftestReport {
    /// For people: a line a stage.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = String::new();
        for Stage { stage, passed, count, level, problem } in &self.stages {
            let verdict = if *passed { "ok" } else { "FAILED" };
            let count = match *stage {
                "connection" => format!("{count:.1} s"),
                "microphone" | "sound encoder" | "sound sent" | "sound received" | "loudspeaker" => {
                    format!("{count:.1} s of sound")
                }
                _ => format!("{count:.0} pictures"),
            };
            let level = level.map_or_else(String::new, |level| format!("loudest {:.0} % ", level * 100.0));
            let _ = writeln!(out, "{verdict:<7} {stage:<15} {count:<16} {level}{problem}");
        }
        out + if self.passed {
            "all stages work\n"
        } else {
            "look at the first stage that failed: what is said there, and what kioskd has logged above\n"
        }
    }
}

fn end_of(call: CallId) -> usize {
    usize::from(call == ENDS[1])
}
