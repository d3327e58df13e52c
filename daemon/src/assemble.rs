//! The devices of a kiosk, real or simulated, put together as the config says.

use std::{path::PathBuf, sync::Arc};

use kiosk_call::{DeviceState, MediaEvent};
use kiosk_hal::{
    Board, camera,
    linux::{self, KeyDevices},
    panel::Size,
    sim::{self, Sim},
    sound,
};
use kiosk_media::{self as media, Media, Picture, TestPattern, VideoCodec, VideoSettings};

use crate::{
    config::{CameraSource, Codec, Config, Loudspeaker, Microphone},
    panel::{I420, PanelThread},
    start::{MediaEvents, StartError, Surroundings, media_events, views},
    watchdog::{Pulse, Watchdog},
};

/// Taken when no camera was found, so that one that is plugged in later is.
const FIRST_CAMERA: &str = "/dev/video0";
/// ALSA's choice.
const DEFAULT_PCM: &str = "default";

/// The surroundings of a kiosk, and what has to live as long as it runs.
#[derive(Debug)]
pub struct Assembled {
    /// To be given to [`crate::Daemon::start`].
    pub surroundings: Surroundings,
    /// Paints until it is dropped.
    pub panel: PanelThread,
    /// Hand and eye at the simulated board, if it is one.
    pub sim: Option<Sim>,
}

/// Opens the board (or simulates one), and starts the media thread and the panel thread. To be called within a tokio runtime.
///
/// # Errors
/// [`StartError`], if GStreamer, a font or a thread is missing. Missing devices are no error.
pub fn assemble(config: &Config, simulated: bool) -> Result<Assembled, StartError> {
    let mut watchdog = Watchdog::from_environment().map_err(StartError::Notify)?;
    let (board, sim) = open_board(config, simulated);
    let (view_sender, view_receiver) = views();
    let pulse = Pulse::default();
    let panel = PanelThread::start(board.panel, view_receiver, pulse.clone())?;
    watchdog.watch("panel", move || pulse.last());
    let (post, events) = media_events();
    let media = Arc::new(start_media(config, simulated, &post, &panel)?);
    let watched = Arc::clone(&media);
    watchdog.watch("media", move || watched.last_tick());
    let surroundings = Surroundings {
        keys: board.keys,
        lights: board.lights,
        views: view_sender,
        media: Box::new(move |command| media.send(command)),
        media_events: events,
        screenshots: panel.screenshots(),
        watchdog,
        link: None,
    };
    Ok(Assembled { surroundings, panel, sim })
}

fn open_board(config: &Config, simulated: bool) -> (Board, Option<Sim>) {
    let size = Size { width_px: config.panel.size.width, height_px: config.panel.size.height };
    if simulated {
        let (board, sim) = sim::board(size);
        (board, Some(sim))
    } else {
        tracing::info!("the panel is a picture in memory: see it with 'kioskctl screenshot'");
        let (board, _newest) = linux::open(&KeyDevices::All, size);
        (board, None)
    }
}

fn start_media(config: &Config, simulated: bool, post: &MediaEvents, panel: &PanelThread) -> Result<Media, StartError> {
    let (microphone, loudspeaker) = sound(config, simulated, post);
    let preferred = match config.video.codec {
        Codec::Vp8 => vec![VideoCodec::Vp8, VideoCodec::H264],
        Codec::H264 => vec![VideoCodec::H264, VideoCodec::Vp8],
    };
    let options = media::Options {
        camera: camera(config, simulated, post),
        microphone,
        loudspeaker,
        video: VideoSettings {
            width: config.camera.width,
            height: config.camera.height,
            framerate: config.camera.framerate,
            bitrate_bps: config.video.bitrate_bps,
            codec: preferred,
        },
    };
    let pictures = panel.pictures();
    let show = move |_call, picture| pictures.put(RemotePicture(picture));
    Ok(Media::start(options, Arc::clone(post), Arc::new(show))?)
}

fn camera(config: &Config, simulated: bool, post: &MediaEvents) -> media::CameraSource {
    let test = media::CameraSource::Test { pattern: TestPattern::Ball { background: config.camera.test_colour } };
    match &config.camera.source {
        CameraSource::Auto if simulated => test,
        CameraSource::Auto => media::CameraSource::V4l2(found_camera(post)),
        CameraSource::Test => test,
        CameraSource::None => media::CameraSource::None,
        CameraSource::File(path) => media::CameraSource::File(path.clone()),
        CameraSource::Device(path) => media::CameraSource::V4l2(path.clone()),
    }
}

fn found_camera(post: &MediaEvents) -> PathBuf {
    let cameras = linux::cameras();
    if let Some(camera) = camera::choose(&cameras, None) {
        tracing::info!(path = %camera.path.display(), name = camera.name, driver = camera.driver, "camera");
        return camera.stable.clone().unwrap_or_else(|| camera.path.clone());
    }
    let sentence = "No camera was found. Plug one in, or set source in [camera].";
    tracing::warn!("{sentence}");
    post(MediaEvent::Camera(DeviceState::Missing(sentence.to_owned())));
    FIRST_CAMERA.into()
}

fn sound(config: &Config, simulated: bool, post: &MediaEvents) -> (media::MicrophoneSource, media::Loudspeaker) {
    use media::MicrophoneSource;
    let auto_microphone = config.sound.microphone == Microphone::Auto;
    let auto_loudspeaker = config.sound.loudspeaker == Loudspeaker::Auto;
    let found = if simulated || !(auto_microphone || auto_loudspeaker) {
        sound::Sound::default()
    } else {
        sound::choose(&linux::sound_cards())
    };
    let mut missing = Vec::new();
    let mut pcm = |found: Option<String>, name| {
        found.unwrap_or_else(|| {
            missing.push(name);
            DEFAULT_PCM.to_owned()
        })
    };
    let tone = MicrophoneSource::Test { frequency_hz: config.sound.test_tone_hz };
    let microphone = match &config.sound.microphone {
        Microphone::Auto if simulated => tone,
        Microphone::Auto => MicrophoneSource::Alsa(pcm(found.capture, "microphone")),
        Microphone::Test => tone,
        Microphone::None => MicrophoneSource::None,
        Microphone::File(path) => MicrophoneSource::File(path.clone()),
        Microphone::Pcm(name) => MicrophoneSource::Alsa(name.clone()),
    };
    let loudspeaker = match &config.sound.loudspeaker {
        Loudspeaker::Auto if simulated => media::Loudspeaker::Discard,
        Loudspeaker::Auto => media::Loudspeaker::Alsa(pcm(found.playback, "loudspeaker")),
        Loudspeaker::None => media::Loudspeaker::Discard,
        Loudspeaker::File(path) => media::Loudspeaker::File(path.clone()),
        Loudspeaker::Pcm(name) => media::Loudspeaker::Alsa(name.clone()),
    };
    if !missing.is_empty() {
        let sentence = format!("No {} was found. Plug one in, or set it in [sound].", missing.join(" and no "));
        tracing::warn!("{sentence}");
        post(MediaEvent::Sound(DeviceState::Missing(sentence)));
    }
    (microphone, loudspeaker)
}

/// A decoded picture as the panel takes it.
struct RemotePicture(Picture);

impl I420 for RemotePicture {
    fn width(&self) -> u32 {
        self.0.width()
    }

    fn height(&self) -> u32 {
        self.0.height()
    }

    fn plane(&self, index: usize) -> (&[u8], usize) {
        u32::try_from(index).map_or((&[], 0), |index| self.0.plane(index))
    }
}
