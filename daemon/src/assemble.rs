//! The devices of a kiosk, real or simulated, put together as the config says.

use std::{sync::Arc, time::Duration};

use kiosk_call::MediaEvent;
use kiosk_hal::{
    Board,
    linux::{self, Abilities, FoundScreen, KeyDevices, KmsWish},
    panel::Size,
    sim::{self, Sim},
};
use kiosk_media::{self as media, Media, Picture, VideoCodec, VideoSettings};
use tokio::sync::{Notify, watch};

use crate::{
    config::{Codec, Config},
    control::protocol::DeviceKind,
    devices::{Cameras, Controls, Devices, DevicesThread, Report, Sounds, codecs, screens},
    panel::{I420, PanelSettings, PanelThread},
    start::{MediaEvents, StartError, Surroundings, media_events, views},
    watchdog::{Pulse, Watchdog},
};

/// The surroundings of a kiosk, and what has to live as long as it runs.
#[derive(Debug)]
pub struct Assembled {
    /// To be given to [`crate::Daemon::start`].
    pub surroundings: Surroundings,
    /// Paints until it is dropped.
    pub panel: PanelThread,
    /// Looks after cameras, sound cards and LEDs until it is dropped.
    pub devices: DevicesThread,
    /// Hand and eye at the simulated board, if it is one.
    pub sim: Option<Sim>,
}

/// Opens the board (or simulates one), and starts the media thread and the panel thread. To be called within a tokio runtime.
///
/// # Errors
/// [`StartError`], if GStreamer, a font or a thread is missing. Missing devices are no error.
pub fn assemble(config: &Config, simulated: bool) -> Result<Assembled, StartError> {
    let mut watchdog = Watchdog::from_environment().map_err(StartError::Notify)?;
    let (report, led_came) = (Report::default(), Arc::new(Notify::new()));
    let (board, sim) = open_board(config, simulated, &report);
    let (view_sender, view_receiver) = views();
    let pulse = Pulse::default();
    let panel = PanelThread::start(board.panel, view_receiver, pulse.clone(), panel_settings(config))?;
    watchdog.watch("panel", move || pulse.last());
    let (post, events) = media_events();
    let devices = Devices {
        cameras: Cameras::new(config.camera.clone(), simulated),
        sounds: Sounds::new(config.sound.clone(), simulated),
        controls: Controls::new(config.buttons.clone(), config.lights.clone(), simulated),
        report: report.clone(),
        led_came: Arc::clone(&led_came),
    };
    post(MediaEvent::Camera(devices.cameras.state()));
    let media = Arc::new(start_media(config, &devices, &post, &panel)?);
    let (volumes, volume) = watch::channel(config.sound.volume);
    let devices =
        DevicesThread::start(devices, Arc::clone(&media), Arc::clone(&post), volume).map_err(StartError::Devices)?;
    let known = Arc::downgrade(&media);
    let watched = Arc::clone(&media);
    watchdog.watch("media", move || watched.last_tick());
    let surroundings = Surroundings {
        keys: board.keys,
        lights: board.lights,
        views: view_sender,
        media: Box::new(move |command| media.send(command)),
        media_events: events,
        volumes,
        led_came,
        screenshots: panel.screenshots(),
        devices: Arc::new(move || {
            let mut found = report.all();
            found.extend(known.upgrade().into_iter().flat_map(|media| codecs::found(&media.codecs())));
            found
        }),
        watchdog,
        link: None,
    };
    Ok(Assembled { surroundings, panel, devices, sim })
}

fn panel_settings(config: &Config) -> PanelSettings {
    let blank_after = u64::from(config.panel.blank_after_s);
    PanelSettings {
        blank_after: (blank_after > 0).then(|| Duration::from_secs(blank_after)),
        self_view: config.panel.self_view,
    }
}

fn open_board(config: &Config, simulated: bool, report: &Report) -> (Board, Option<Sim>) {
    let size = Size { width_px: config.panel.size.width, height_px: config.panel.size.height };
    if simulated {
        report.put(DeviceKind::Panel, screens::simulated());
        let (board, sim) = sim::board(size);
        (board, Some(sim))
    } else {
        let bound = config.buttons.bound().map(|(_, binding)| binding.code);
        let keys = KeyDevices {
            names: config.buttons.devices.clone(),
            grab: if config.buttons.grab { bound.collect() } else { [].into() },
        };
        let report = report.clone();
        let on_screens = move |found: &[FoundScreen]| report.put(DeviceKind::Panel, screens::found(found));
        (linux::open(&keys, screen(config, size), Box::new(on_screens)), None)
    }
}

fn screen(config: &Config, size: Size) -> KmsWish {
    let panel = &config.panel;
    KmsWish {
        connector: panel.connector.clone(),
        mode: panel.mode,
        rotation: panel.rotation,
        size,
        abilities: Abilities { planes: panel.planes, ..Abilities::default() },
        cec: panel.cec,
    }
}

fn start_media(
    config: &Config,
    devices: &Devices,
    post: &MediaEvents,
    panel: &PanelThread,
) -> Result<Media, StartError> {
    let preferred = match config.video.codec {
        Codec::Vp8 => vec![VideoCodec::Vp8, VideoCodec::H264],
        Codec::H264 => vec![VideoCodec::H264, VideoCodec::Vp8],
    };
    let options = media::Options {
        camera: devices.cameras.source(),
        microphone: devices.sounds.microphone(),
        loudspeaker: devices.sounds.loudspeaker(),
        video: VideoSettings {
            width: config.camera.width,
            height: config.camera.height,
            framerate: config.camera.framerate,
            bitrate_bps: config.video.bitrate_bps,
            codec: preferred,
        },
        encoder_cache: Some(config.paths.state_dir.join("encoders.json")),
        sound: devices.sounds.settings(),
    };
    let pictures = panel.pictures();
    let show = move |_call, picture| pictures.put(MediaPicture(picture));
    let media = Media::start(options, Arc::clone(post), Arc::new(show))?;
    let self_views = panel.self_views();
    media.show_self(Arc::new(move |picture| self_views.put(MediaPicture(picture))));
    Ok(media)
}

/// A picture of media as the panel takes it.
struct MediaPicture(Picture);

impl I420 for MediaPicture {
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
