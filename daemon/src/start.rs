//! From a config and devices to a running kiosk.

use std::{io, sync::Arc};

use kiosk_call::{DeviceState, Kiosk, Link as LinkView, MediaEvent, Pin, Screen, Setup, View};
use kiosk_hal::{keys::Keys, lights::LightBank};
use thiserror::Error;
use tokio::{
    sync::{Notify, mpsc, watch},
    task::JoinHandle,
};

use crate::{
    buttons::Buttons,
    config::{Config, ConfigError},
    control::{ControlError, ControlSocket, DeviceList, Screenshots, Sights},
    link::{LinkTask, TlsError, WebSocketLink, link},
    panel::PanelError,
    run::{Lamps, Loop, MediaPort, Turns, now},
    store::{Store, StoreError, random_seed},
    watchdog::Watchdog,
};

/// Events of media that wait for the loop. A full queue makes the thread that posts wait, so that a peer who floods the data
/// channel floods its own transport.
const QUEUED_MEDIA_EVENTS: usize = 1_024;
/// Requests of the control socket that wait for the loop.
const QUEUED_REQUESTS: usize = 16;

/// Why kioskd does not start. Each is one sentence that names the thing and says what to do.
#[derive(Debug, Error)]
pub enum StartError {
    /// The config.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The state directory.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The control socket.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// TLS.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The signals that end us.
    #[error("the system does not tell of signals: {0}")]
    Signals(io::Error),
    /// The page of the simulated board.
    #[error("the page of the simulated board cannot be shown: {0}")]
    SimPage(io::Error),
    /// systemd's socket.
    #[error("NOTIFY_SOCKET names no socket: {0}")]
    Notify(io::Error),
    /// The media thread.
    #[error(transparent)]
    Media(#[from] kiosk_media::MediaError),
    /// The panel thread.
    #[error(transparent)]
    Panel(#[from] PanelError),
    /// The devices thread.
    #[error("the devices thread does not start: {0}")]
    Devices(io::Error),
}

impl StartError {
    /// The exit code, as in sysexits.h.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Config(_) | Self::Tls(TlsError::Unreadable { .. } | TlsError::NoCertificate { .. }) => 78,
            Self::Store(StoreError::Locked(_)) | Self::Control(ControlError::Taken(_)) => 69,
            Self::Store(error) if error.is_permission() => 77,
            Self::Control(ControlError::Io { source, .. }) if source.kind() == io::ErrorKind::PermissionDenied => 77,
            Self::Store(_)
            | Self::Control(_)
            | Self::Tls(_)
            | Self::Notify(_)
            | Self::Signals(_)
            | Self::SimPage(_)
            | Self::Media(_)
            | Self::Panel(_)
            | Self::Devices(_) => 1,
        }
    }
}

/// A link that a test plays instead of the WebSocket.
pub type LinkPlayer = Box<dyn FnOnce(LinkTask) + Send>;

/// What the kiosk is connected to: a real board, a simulated one, or a test.
pub struct Surroundings {
    /// Where fingers are.
    pub keys: Keys,
    /// The LEDs.
    pub lights: Box<dyn LightBank>,
    /// Where views go; see [`views`].
    pub views: watch::Sender<View>,
    /// Where commands to media go.
    pub media: MediaPort,
    /// What media tells; see [`media_events`].
    pub media_events: mpsc::Receiver<MediaEvent>,
    /// Where the loudspeaker's volume goes, percent.
    pub volumes: watch::Sender<u8>,
    /// Told when an LED has come.
    pub led_came: Arc<Notify>,
    /// What the panel shows.
    pub screenshots: Screenshots,
    /// What was found on the board.
    pub devices: DeviceList,
    /// systemd, and the threads it watches.
    pub watchdog: Watchdog,
    /// None: the WebSocket.
    pub link: Option<LinkPlayer>,
}

impl std::fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Surroundings")
    }
}

/// Where media posts its events, from its own threads.
pub type MediaEvents = Arc<dyn Fn(MediaEvent) + Send + Sync>;

/// The way of media's events to the loop.
#[must_use]
pub fn media_events() -> (MediaEvents, mpsc::Receiver<MediaEvent>) {
    let (sender, receiver) = mpsc::channel(QUEUED_MEDIA_EVENTS);
    let post = move |event| {
        match sender.try_send(event) {
            // Closed: the loop is ending.
            Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => {}
            Err(mpsc::error::TrySendError::Full(event)) if tokio::runtime::Handle::try_current().is_ok() => {
                tracing::error!(?event, "an event of media is lost: the loop cannot wait for itself");
            }
            Err(mpsc::error::TrySendError::Full(event)) => {
                let _ = sender.blocking_send(event);
            }
        }
    };
    (Arc::new(post), receiver)
}

/// The way of views to the panel thread: only the latest counts. It begins with "booting".
#[must_use]
pub fn views() -> (watch::Sender<View>, watch::Receiver<View>) {
    watch::channel(View {
        screen: Screen::Booting,
        link: LinkView::Connecting,
        muted: false,
        camera_off: false,
        camera: DeviceState::Ready,
        sound: DeviceState::Ready,
        volume: None,
        chat: Vec::new(),
        unread: 0,
    })
}

/// A running kiosk.
#[derive(Debug)]
pub struct Daemon {
    running: JoinHandle<()>,
    control: JoinHandle<()>,
    stop: Arc<Notify>,
}

impl Daemon {
    /// Starts the kiosk. Nothing that is missing on the board or in the network keeps it from starting.
    ///
    /// # Errors
    /// [`StartError`], for what a person has to put right: state, control socket, certificates.
    pub fn start(config: &Config, surroundings: Surroundings) -> Result<Self, StartError> {
        let socket = ControlSocket::bind(&config.paths.control_socket, &config.paths.control_group)?;
        let (store, kept) = Store::open(&config.paths.state_dir)?;
        let (link, link_task) = link();
        match surroundings.link {
            Some(play) => play(link_task),
            None => {
                let web_socket = WebSocketLink::new(config.server.ca_file.as_deref())?;
                tokio::spawn(web_socket.run(link_task));
            }
        }
        let public_key = kept.identity.public();
        let now = now();
        let kiosk = Kiosk::new(
            Setup {
                identity: kept.identity,
                config: core_config(config),
                epoch: kept.epoch,
                pins: pins(config, kept.pins),
                volume: kept.volume.unwrap_or(config.sound.volume),
                seed: random_seed()?,
            },
            now,
        );
        tracing::info!(peer = %public_key.peer_id(), version = env!("CARGO_PKG_VERSION"), "kiosk starts");
        let (requests, asked) = mpsc::channel(QUEUED_REQUESTS);
        let sights = Sights { screenshots: surroundings.screenshots, devices: surroundings.devices };
        let control = tokio::spawn(socket.serve(requests, sights));
        let stop = Arc::new(Notify::new());
        let the_loop = Loop {
            kiosk,
            keys: surroundings.keys,
            buttons: Buttons::new(&config.buttons),
            lamps: Lamps { bank: surroundings.lights, names: config.lights.clone(), shown: None },
            led_came: surroundings.led_came,
            volumes: surroundings.volumes,
            views: surroundings.views,
            media: surroundings.media,
            media_events: surroundings.media_events,
            link,
            requests: asked,
            stop: Arc::clone(&stop),
            store,
            watchdog: surroundings.watchdog,
            configured: config.trust.peer.iter().map(|pin| pin.peer).collect(),
            public_key,
            started_at: now.mono,
            turns: Turns::default(),
        };
        Ok(Self { running: tokio::spawn(the_loop.run()), control, stop })
    }

    /// Asks it to end: say goodbye to the peer and the server, then be done.
    pub fn stop(&self) {
        self.stop.notify_one();
    }

    /// Does what [`Daemon::stop`] does, from elsewhere.
    pub fn stopper(&self) -> impl FnOnce() + Send + use<> {
        let stop = Arc::clone(&self.stop);
        move || stop.notify_one()
    }

    /// Waits until it is done. False: the loop panicked.
    pub async fn finished(self) -> bool {
        let fine = self.running.await.is_ok();
        self.control.abort();
        // Its file goes with the socket.
        let _ = self.control.await;
        fine
    }
}

fn core_config(config: &Config) -> kiosk_call::Config {
    kiosk_call::Config {
        name: config.kiosk.name.clone(),
        room: config.kiosk.room.clone(),
        servers: config.server.url.iter().map(ToString::to_string).collect(),
        target: config.call.target,
        unknown: config.trust.unknown,
        operator_keys: config.trust.operator_keys.clone(),
    }
}

/// The config's word counts more than what was added later.
fn pins(config: &Config, kept: Vec<Pin>) -> Vec<Pin> {
    kept.into_iter().chain(config.trust.peer.iter().cloned()).collect()
}
