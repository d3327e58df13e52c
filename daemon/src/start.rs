//! From a config and devices to a running kiosk.

use std::{io, path::PathBuf, sync::Arc};

use kiosk_call::{DeviceState, Kiosk, MediaEvent, Pin, Retention, Setup, View};
use kiosk_hal::{keys::Keys, lights::LightBank, touch::Fingers};
use kiosk_wire::Envelope;
use thiserror::Error;
use tokio::{
    sync::{Notify, mpsc, watch},
    task::JoinHandle,
};

use crate::{
    buttons::Buttons,
    config::{Config, ConfigError, MOST_SERVERS, PathsSection},
    control::{ControlError, ControlSocket, DeviceList, Events, Screenshots, Sights},
    files::{FileStore, FilesError, TakeSnapshot, still::Viewer},
    healing::Ladder,
    link::{LinkTask, TlsError, WebSocketLink, links},
    metrics,
    panel::{PanelError, PanelThread, Touches},
    reload::{ConfigSource, Prepare, Reloader},
    run::{Lamps, Loop, MediaPort, Turns, now},
    store::{Store, StoreError, StoreQueue, random_seed},
    trial::TryOut,
    watchdog::Watchdog,
};

/// Events of media that wait for the loop. A full queue makes the thread that posts wait, so that a peer who floods the data
/// channel floods its own transport.
const QUEUED_MEDIA_EVENTS: usize = 1_024;
/// Events of the store of files that wait for the loop; then the store waits.
const QUEUED_FILE_EVENTS: usize = 64;
/// Most memberships that a peer shows (docs/protocol.md §4).
const MOST_MEMBERSHIPS: usize = 4;
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
    /// What makes pictures of files.
    #[error("received files cannot be shown: {0}")]
    Viewer(io::Error),
    /// The store of files.
    #[error(transparent)]
    Files(#[from] FilesError),
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
            | Self::Devices(_)
            | Self::Viewer(_)
            | Self::Files(_) => 1,
        }
    }
}

/// A link that a test plays instead of the WebSocket.
pub type LinkPlayer = Box<dyn FnMut(LinkTask) + Send>;

/// What the kiosk is connected to: a real board, a simulated one, or a test.
pub struct Surroundings {
    /// Where fingers are.
    pub keys: Keys,
    /// Fingers on the screen.
    pub fingers: Fingers,
    /// What they mean there.
    pub touches: Touches,
    /// The LEDs.
    pub lights: Box<dyn LightBank>,
    /// Where views go; see [`views`].
    pub views: watch::Sender<View>,
    /// Where commands to media go.
    pub media: MediaPort,
    /// What media tells; see [`media_events`].
    pub media_events: mpsc::Receiver<MediaEvent>,
    /// Takes pictures of the camera and of the panel, to be sent as files.
    pub take_snapshot: TakeSnapshot,
    /// Sends our own pictures through the encoder and back.
    pub try_out: TryOut,
    /// Whether there is a screen.
    pub screen: watch::Receiver<DeviceState>,
    /// Where the loudspeaker's volume goes, percent.
    pub volumes: watch::Sender<u8>,
    /// Told when an LED has come.
    pub led_came: Arc<Notify>,
    /// Told when the network has changed.
    pub network_changed: Arc<Notify>,
    /// What the panel shows.
    pub screenshots: Screenshots,
    /// What was found on the board.
    pub devices: DeviceList,
    /// systemd, and the threads it watches.
    pub watchdog: Watchdog,
    /// Makes what is beside the loop ready for another config.
    pub prepare: Prepare,
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
pub fn views(config: &Config) -> (watch::Sender<View>, watch::Receiver<View>) {
    watch::channel(View::booting(config.kiosk.name.as_str().to_owned()))
}

/// A running kiosk.
#[derive(Debug)]
pub struct Daemon {
    running: JoinHandle<()>,
    control: JoinHandle<()>,
    stop: Arc<Notify>,
    received: PathBuf,
    reloader: Arc<Reloader>,
}

impl Daemon {
    /// Starts the kiosk with a config, which came from `source`. Nothing that is missing on the board or in the network keeps it from starting.
    ///
    /// # Errors
    /// [`StartError`], for what a person has to put right: state, control socket, certificates.
    pub fn start(config: &Config, source: ConfigSource, surroundings: Surroundings) -> Result<Self, StartError> {
        let socket = ControlSocket::bind(&config.paths.control_socket, &config.paths.control_group)?;
        let (store, kept) = Store::open(&config.paths.state_dir, config.chat.keep)?;
        let (post, file_events) = mpsc::channel(QUEUED_FILE_EVENTS);
        let files = FileStore::start(&config.paths.state_dir, &config.files, post, surroundings.take_snapshot)?;
        let received = files.incoming();
        let (links, tasks) = links(MOST_SERVERS);
        match surroundings.link {
            Some(play) => tasks.into_iter().for_each(play),
            None => {
                let web_socket = WebSocketLink::new(config.server.ca_file.as_deref())?;
                tasks.into_iter().for_each(|task| drop(tokio::spawn(web_socket.clone().run(task))));
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
                revoked: kept.revoked,
                revocations: kept.revocations,
                memberships: memberships(config),
                volume: kept.volume.unwrap_or(config.sound.volume),
                quality: kept.quality.unwrap_or_default(),
                history: kept.history,
                seed: random_seed()?,
            },
            now,
        );
        let version = env!("CARGO_PKG_VERSION");
        tracing::info!(name: "kiosk-starts", peer = %public_key.peer_id(), version, "kiosk starts");
        let (requests, asked) = mpsc::channel(QUEUED_REQUESTS);
        let (systemd, events) = (surroundings.watchdog.notifier(), Events::default());
        let (taken, asking) = ((source, config.clone()), requests.clone());
        let reloader = Arc::new(Reloader::new(taken, surroundings.prepare, (systemd, events.clone()), asking));
        let sights = Sights {
            reloader: Arc::clone(&reloader),
            events: events.clone(),
            screenshots: surroundings.screenshots,
            devices: surroundings.devices,
            files: files.desk(),
            state_dir: config.paths.state_dir.clone(),
            history: (config.chat.keep != Retention::UntilCallEnds).then(|| config.paths.state_dir.clone()),
        };
        let control = tokio::spawn(socket.serve(requests, sights));
        let PathsSection { state_dir, control_socket, .. } = &config.paths;
        let ladder = Ladder::new(config.healing.clone(), state_dir, control_socket, now.wall);
        let (counts, registry) = metrics::metrics(ladder.ever());
        counts.config(config.instead_of.is_some());
        if let Some(address) = config.metrics.listen {
            tokio::spawn(metrics::serve(registry, address));
        }
        let stop = Arc::new(Notify::new());
        let the_loop = Loop {
            kiosk,
            keys: surroundings.keys,
            buttons: Buttons::new(&config.buttons),
            fingers: surroundings.fingers,
            touches: surroundings.touches,
            lamps: Lamps { bank: surroundings.lights, names: config.lights.clone(), shown: None, is_tested: false },
            led_came: surroundings.led_came,
            network_changed: surroundings.network_changed,
            volumes: surroundings.volumes,
            views: surroundings.views,
            media: surroundings.media,
            media_events: surroundings.media_events,
            try_out: surroundings.try_out,
            file_events,
            file_port: files.port(),
            files,
            screen: surroundings.screen,
            links,
            requests: asked,
            stop: Arc::clone(&stop),
            store: StoreQueue::new(store),
            counts,
            ladder,
            watchdog: surroundings.watchdog,
            configured: config.trust.peer.iter().map(|pin| pin.peer).collect(),
            config_problem: config.instead_of.clone(),
            public_key,
            events,
            started_at: now.mono,
            turns: Turns::default(),
        };
        Ok(Self { running: tokio::spawn(the_loop.run()), control, stop, received, reloader })
    }

    /// Makes pictures of received files for this panel.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn show_files_on(&self, panel: &PanelThread) -> Result<(), StartError> {
        let slot = panel.stills();
        let put = Box::new(move |made| slot.put(made));
        // This very program, also when an update has put another one in its place.
        let viewer = Viewer::start("/proc/self/exe".into(), self.received.clone(), put);
        panel.make_stills_by(Box::new(viewer.map_err(StartError::Viewer)?));
        Ok(())
    }

    /// Takes another config when it is asked to.
    #[must_use]
    pub fn reloader(&self) -> Arc<Reloader> {
        Arc::clone(&self.reloader)
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

pub(crate) fn core_config(config: &Config) -> kiosk_call::Config {
    kiosk_call::Config {
        name: config.kiosk.name.clone(),
        room: config.kiosk.room.clone(),
        servers: config.server.url.iter().map(ToString::to_string).collect(),
        target: config.call.target,
        unknown: config.trust.unknown,
        operator_keys: config.trust.operator_keys.clone(),
        retention: config.chat.keep,
        quick_replies: quick_replies(config),
        allow_restart: config.trust.allow_restart,
        document_camera: config.camera.document.is_some(),
        is_last_good: config.instead_of.is_some(),
    }
}

fn quick_replies(config: &Config) -> Vec<String> {
    if config.chat.quick_replies.is_empty() {
        crate::paint::quick_replies(config.panel.language)
    } else {
        config.chat.quick_replies.clone()
    }
}

/// What authorities say of this kiosk. Without it only those who have pinned the kiosk trust it: no reason not to start.
fn memberships(config: &Config) -> Vec<Envelope> {
    let Some(path) = &config.trust.memberships else { return Vec::new() };
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string());
    let lines = text.and_then(|text| {
        let lines = text.lines().filter(|line| !line.trim().is_empty()).map(serde_json::from_str);
        lines.take(MOST_MEMBERSHIPS).collect::<Result<Vec<_>, _>>().map_err(|error| error.to_string())
    });
    lines.unwrap_or_else(|reason| {
        tracing::warn!(file = %path.display(), %reason, "the kiosk shows no membership");
        Vec::new()
    })
}

/// The config's word counts more than what was added later.
pub(crate) fn pins(config: &Config, kept: Vec<Pin>) -> Vec<Pin> {
    kept.into_iter().chain(config.trust.peer.iter().cloned()).collect()
}
