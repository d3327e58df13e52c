//! Cameras, sound cards, input devices, LEDs: which is taken, why, and what happens when they come and go.
//!
//! A thread of its own looks at the devices at the start and whenever udev has news, tells media what to use, and keeps the
//! report for `kioskctl devices`. Asking a device may block; nobody waits for this thread.

mod camera;
pub(crate) mod codecs;
mod controls;
pub(crate) mod screens;
mod sound;

use std::{
    collections::BTreeMap,
    fmt, io,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use kiosk_hal::linux::{Uevent, Uevents};
use kiosk_media::Media;
use tokio::sync::{Notify, oneshot, watch};

pub(crate) use self::{
    camera::Cameras,
    controls::{Bindings, Controls},
    sound::Sounds,
};
use crate::{
    control::protocol::{DeviceKind, FoundDevice},
    start::MediaEvents,
};

/// A plugged device comes as several nodes: it is looked at this long after the first.
const GATHER: Duration = Duration::from_millis(100);

/// What is known of the devices, for the control socket. Clones look at the same report.
#[derive(Clone, Debug, Default)]
pub struct Report(Arc<Mutex<BTreeMap<DeviceKind, Vec<FoundDevice>>>>);

impl Report {
    /// All devices, kind by kind.
    #[must_use]
    pub fn all(&self) -> Vec<FoundDevice> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().flatten().cloned().collect()
    }

    /// What is known of the devices of this kind from now on.
    pub fn put(&self, kind: DeviceKind, devices: Vec<FoundDevice>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(kind, devices);
    }
}

/// The devices of this kiosk.
pub(crate) struct Devices {
    pub(crate) cameras: Cameras,
    pub(crate) sounds: Sounds,
    pub(crate) controls: Controls,
    pub(crate) report: Report,
    /// Told when an LED has come: it does not know yet how to shine.
    pub(crate) led_came: Arc<Notify>,
}

impl Devices {
    fn tell(&self) {
        self.report.put(DeviceKind::Camera, self.cameras.found());
        self.report.put(DeviceKind::SoundCard, self.sounds.found());
        self.report.put(DeviceKind::Button, self.controls.buttons());
        self.report.put(DeviceKind::Light, self.controls.lights());
    }

    fn look(&mut self, changed: Changed, media: &Media, post: &MediaEvents) {
        if changed.cameras {
            self.cameras.look(media, post);
        }
        if changed.sounds {
            self.sounds.look(media);
        }
        if changed.leds {
            self.led_came.notify_one();
        }
        self.tell();
    }
}

/// The running thread. Dropping it ends it.
pub struct DevicesThread {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl DevicesThread {
    /// Starts to look after the devices, to set the volume that `volumes` says, and to look for what `controls` says.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub(crate) fn start(
        devices: Devices,
        media: Arc<Media>,
        post: MediaEvents,
        volumes: watch::Receiver<u8>,
        controls: watch::Receiver<Bindings>,
    ) -> io::Result<Self> {
        devices.tell();
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let thread = thread::Builder::new()
            .name("devices".to_owned())
            .spawn(move || runtime.block_on(look_after(stopped, devices, &media, &post, (volumes, controls))))?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl fmt::Debug for DevicesThread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DevicesThread")
    }
}

impl Drop for DevicesThread {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the devices thread panicked");
        }
    }
}

async fn look_after(
    mut stopped: oneshot::Receiver<()>,
    mut devices: Devices,
    media: &Media,
    post: &MediaEvents,
    (mut volumes, mut controls): (watch::Receiver<u8>, watch::Receiver<Bindings>),
) {
    devices.sounds.set_volume(*volumes.borrow_and_update(), media);
    let mut uevents = Uevents::listen(&[CAMERAS, SOUND, INPUT, LEDS])
        .inspect_err(|error| tracing::warn!(%error, "devices that are plugged in later are not noticed"))
        .ok();
    let mut changed = Changed::default();
    loop {
        tokio::select! {
            biased;
            _ = &mut stopped => return,
            changed = volumes.changed() => match changed {
                Ok(()) => {
                    let percent = *volumes.borrow_and_update();
                    devices.sounds.set_volume(percent, media);
                }
                Err(_) => return,
            },
            Ok(()) = controls.changed() => {
                devices.controls.rebind(controls.borrow_and_update().clone());
                devices.tell();
            }
            () = gather(&mut uevents, &mut changed) => devices.look(std::mem::take(&mut changed), media, post),
        }
    }
}

/// Names below `/sys/class`.
const CAMERAS: &str = "video4linux";
const SOUND: &str = "sound";
const INPUT: &str = "input";
const LEDS: &str = "leds";

/// Which subsystems have news.
#[derive(Clone, Copy, Default)]
struct Changed {
    cameras: bool,
    sounds: bool,
    inputs: bool,
    leds: bool,
    /// When enough was gathered.
    until: Option<tokio::time::Instant>,
}

impl Changed {
    const fn anything(self) -> bool {
        self.cameras || self.sounds || self.inputs || self.leds
    }
}

/// Waits for news, and then a little for more. Dropping the future loses nothing.
async fn gather(uevents: &mut Option<Uevents>, changed: &mut Changed) {
    loop {
        let Some(stream) = uevents else { return std::future::pending().await };
        let news = match changed.until {
            Some(until) => match tokio::time::timeout_at(until, stream.next()).await {
                Ok(news) => news,
                Err(_) => return,
            },
            None => stream.next().await,
        };
        match news {
            Some(news) => match news.subsystem.as_str() {
                CAMERAS => changed.cameras |= is_video(&news),
                SOUND => changed.sounds = true,
                INPUT => changed.inputs = true,
                LEDS => changed.leds = true,
                _ => {}
            },
            None => {
                tracing::warn!("udev tells nothing any more: devices that are plugged in later are not noticed");
                *uevents = None;
                return;
            }
        }
        if changed.anything() {
            changed.until.get_or_insert_with(|| tokio::time::Instant::now() + GATHER);
        }
    }
}

/// Receivers, touch screens and the like of video4linux are no cameras.
fn is_video(news: &Uevent) -> bool {
    let name = news.node.as_deref().and_then(Path::file_name);
    name.is_none_or(|name| name.as_encoded_bytes().starts_with(b"video"))
}
