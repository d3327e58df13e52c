//! The devices of a kiosk, real or simulated, put together as the config says.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use kiosk_call::{DeviceState, MediaEvent, VideoSource};
use kiosk_hal::{
    Board,
    linux::{self, Abilities, FoundScreen, KeyDevices, KmsWish},
    panel::{Frame, Size},
    sim::{self, Sim},
};
use kiosk_media::{self as media, Media, PanelFeed, Picture, VideoCodec, VideoSettings};
use tokio::sync::{Notify, watch};

use crate::{
    config::{Codec, Config},
    control::protocol::DeviceKind,
    devices::{Bindings, Cameras, Controls, Devices, DevicesThread, Report, Sounds, codecs, screens},
    files::{OnSnapshot, Snapshot, TakeSnapshot},
    network,
    paint::Look,
    panel::{Dress, I420, PanelSettings, PanelSink, PanelThread, Wardrobe},
    reload::Prepare,
    start::{MediaEvents, StartError, Surroundings, media_events, views},
    trial::TryOut,
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
    assemble_for(config, simulated, Purpose::Service)
}

/// What the devices are taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To be a kiosk.
    Service,
    /// To be tried: nothing is kept.
    Selftest,
}

pub(crate) fn assemble_for(config: &Config, simulated: bool, purpose: Purpose) -> Result<Assembled, StartError> {
    let mut watchdog = Watchdog::from_environment().map_err(StartError::Notify)?;
    let (report, led_came) = (Report::default(), Arc::new(Notify::new()));
    let (screen_sender, screen) = watch::channel(DeviceState::Ready);
    let (board, sim) = open_board(config, simulated, &report, screen_sender);
    let (view_sender, view_receiver) = views(config);
    let pulse = Pulse::default();
    let panel = PanelThread::start(board.panel, view_receiver, pulse.clone(), panel_settings(config))?;
    watchdog.watch("panel", move || pulse.last());
    let (post, events) = media_events();
    let devices = Devices {
        cameras: Cameras::new(config.camera.clone(), simulated),
        sounds: Sounds::new(config.sound.clone(), simulated),
        controls: Controls::new(bindings(config), simulated),
        report: report.clone(),
        led_came: Arc::clone(&led_came),
    };
    post(MediaEvent::Camera(devices.cameras.state()));
    let media = Arc::new(start_media(config, &devices, &post, &panel, purpose)?);
    share_panel(&panel, media.panel_feed());
    let (volumes, volume) = watch::channel(config.sound.volume);
    let (control_sender, controls) = watch::channel(bindings(config));
    let devices = DevicesThread::start(devices, Arc::clone(&media), Arc::clone(&post), volume, controls)
        .map_err(StartError::Devices)?;
    let network_changed = Arc::new(Notify::new());
    tokio::spawn(network::watch(Arc::clone(&network_changed)));
    let known = Arc::downgrade(&media);
    let watched = Arc::clone(&media);
    watchdog.watch("media", move || watched.last_tick());
    let surroundings = Surroundings {
        keys: board.keys,
        fingers: board.fingers,
        touches: panel.touches(),
        lights: board.lights,
        views: view_sender,
        take_snapshot: take_snapshot(&media, &panel),
        try_out: try_out(&media),
        screen,
        media: Box::new(move |command| media.send(command)),
        media_events: events,
        volumes,
        led_came,
        network_changed,
        screenshots: panel.screenshots(),
        devices: Arc::new(move || {
            let mut found = report.all();
            found.extend(known.upgrade().into_iter().flat_map(|media| codecs::found(&media.codecs())));
            found
        }),
        watchdog,
        prepare: prepare(config, panel.wardrobe(), control_sender),
        link: None,
    };
    Ok(Assembled { surroundings, panel, devices, sim })
}

fn bindings(config: &Config) -> Bindings {
    Bindings { buttons: config.buttons.clone(), lights: config.lights.clone() }
}

/// The panel gets another dress if it is to look otherwise, the report of the devices other bindings.
fn prepare(config: &Config, wardrobe: Wardrobe, controls: watch::Sender<Bindings>) -> Prepare {
    let (worn, controls) = (Arc::new(Mutex::new(panel_settings(config))), Arc::new(controls));
    Arc::new(move |config| {
        let (wanted, wardrobe) = (panel_settings(config), wardrobe.clone());
        let is_worn = *worn.lock().unwrap_or_else(PoisonError::into_inner) == wanted;
        let dress = if is_worn { None } else { Some(Dress::new(wanted.clone()).map_err(|error| error.to_string())?) };
        let (worn, controls, bindings) = (Arc::clone(&worn), Arc::clone(&controls), bindings(config));
        Ok(Box::new(move || {
            controls.send_replace(bindings);
            if let Some(dress) = dress {
                wardrobe.put_on(dress);
                *worn.lock().unwrap_or_else(PoisonError::into_inner) = wanted;
            }
        }))
    })
}

/// What is on the panel goes to media while it is shared.
fn share_panel(panel: &PanelThread, feed: PanelFeed) {
    struct Feed(PanelFeed);

    impl PanelSink for Feed {
        fn wanted(&self) -> bool {
            self.0.wanted()
        }

        fn put(&self, frame: &Frame) {
            let size = frame.size();
            self.0.put(size.width_px, size.height_px, size.stride_bytes(), frame.pixels());
        }
    }

    feed.on_wanted(panel.look_again());
    panel.show_to(Arc::new(Feed(feed)));
}

/// Pictures that are sent as files.
fn take_snapshot(media: &Arc<Media>, panel: &PanelThread) -> TakeSnapshot {
    let (media, screenshots) = (Arc::downgrade(media), panel.screenshots());
    Box::new(move |of, taken: OnSnapshot| match of {
        VideoSource::Panel => taken(screenshots().map(Snapshot::Png).map_err(|error| error.to_string())),
        VideoSource::Camera | VideoSource::Document => match media.upgrade() {
            Some(media) => media.take_snapshot(Box::new(move |picture| {
                taken(picture.map(|picture| Snapshot::Picture(Box::new(MediaPicture(picture)))));
            })),
            None => taken(Err("kioskd is ending".to_owned())),
        },
    })
}

/// Nobody is told where media has ended: whoever waits learns that from the closure that is gone.
fn try_out(media: &Arc<Media>) -> TryOut {
    let media = Arc::downgrade(media);
    Box::new(move |length, on_done| {
        if let Some(media) = media.upgrade() {
            media.try_out(length, on_done);
        }
    })
}

fn panel_settings(config: &Config) -> PanelSettings {
    let blank_after = u64::from(config.panel.blank_after_s);
    PanelSettings {
        blank_after: (blank_after > 0).then(|| Duration::from_secs(blank_after)),
        self_view: config.panel.self_view,
        touch: false,
        rotation: config.panel.rotation,
        look: Look { is_last_good: config.instead_of.is_some(), ..config.panel.look() },
    }
}

fn open_board(
    config: &Config,
    simulated: bool,
    report: &Report,
    screen_state: watch::Sender<DeviceState>,
) -> (Board, Option<Sim>) {
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
        let on_screens = move |found: &[FoundScreen]| {
            report.put(DeviceKind::Panel, screens::found(found));
            screen_state.send_replace(screens::state(found));
        };
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
    purpose: Purpose,
) -> Result<Media, StartError> {
    let preferred = match config.video.codec {
        Codec::Vp8 => vec![VideoCodec::Vp8, VideoCodec::H264],
        Codec::H264 => vec![VideoCodec::H264, VideoCodec::Vp8],
    };
    let options = media::Options {
        camera: devices.cameras.source(),
        document: devices.cameras.document(),
        microphone: devices.sounds.microphone(),
        loudspeaker: devices.sounds.loudspeaker(),
        video: VideoSettings {
            width: config.camera.width,
            height: config.camera.height,
            framerate: config.camera.framerate,
            bitrate_bps: config.video.bitrate_bps,
            codec: preferred,
        },
        encoder_cache: (purpose == Purpose::Service).then(|| config.paths.state_dir.join("encoders.json")),
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
