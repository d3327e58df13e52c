//! Devices that come and go, as udev tells of them (udev(7), libudev's monitor).
//!
//! udev speaks after its rules have run: names below `/dev` and access rights are in place.

use std::{
    future::poll_fn,
    io,
    path::PathBuf,
    task::{Context, Poll, ready},
};

use tokio::io::{Interest, unix::AsyncFd};
use udev::{EventType, MonitorBuilder, MonitorSocket};

/// What happened to a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It is there.
    Add,
    /// It is gone.
    Remove,
    /// Something about it is different, such as a monitor at a connector.
    Change,
    /// Something else, such as a driver that was bound.
    Other,
}

/// One piece of udev's news.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uevent {
    /// The subsystem, such as `video4linux`.
    pub subsystem: String,
    /// What happened.
    pub action: Action,
    /// The device's node, such as `/dev/video0`, if it has one.
    pub node: Option<PathBuf>,
}

/// The stream of uevents of some subsystems.
#[derive(Debug)]
pub struct Uevents(AsyncFd<Monitor>);

/// [`MonitorSocket`] with a `Debug`.
struct Monitor(MonitorSocket);

impl std::fmt::Debug for Monitor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MonitorSocket")
    }
}

impl std::os::fd::AsRawFd for Monitor {
    fn as_raw_fd(&self) -> std::os::fd::RawFd {
        self.0.as_raw_fd()
    }
}

impl Uevents {
    /// Listens to these subsystems (names below `/sys/class`) from now on.
    ///
    /// Must be called within a tokio runtime with I/O.
    ///
    /// # Errors
    /// Where the system has no netlink socket for it.
    #[expect(unsafe_code, reason = "tokio wants the promise that the descriptor stays open")]
    pub fn listen(subsystems: &[&str]) -> io::Result<Self> {
        let mut builder = MonitorBuilder::new()?;
        for subsystem in subsystems {
            builder = builder.match_subsystem(subsystem)?;
        }
        let monitor = Monitor(builder.listen()?);
        // SAFETY: libudev's monitor keeps one descriptor, open until the MonitorSocket is dropped.
        Ok(Self(unsafe { AsyncFd::register_with_interest(monitor, Interest::READABLE) }?))
    }

    /// The next piece of news. None: the socket is broken, nothing will come. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Uevent> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// As [`Uevents::next`].
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Uevent>> {
        loop {
            let Ok(mut guard) = ready!(self.0.poll_read_ready_mut(cx)) else { return Poll::Ready(None) };
            match guard.get_inner_mut().0.iter().next() {
                Some(event) => return Poll::Ready(Some(uevent(&event))),
                None => guard.clear_ready(),
            }
        }
    }
}

fn uevent(event: &udev::Event) -> Uevent {
    let action = match event.event_type() {
        EventType::Add => Action::Add,
        EventType::Remove => Action::Remove,
        EventType::Change => Action::Change,
        EventType::Bind | EventType::Unbind | EventType::Unknown => Action::Other,
    };
    Uevent {
        subsystem: event.subsystem().unwrap_or_default().to_string_lossy().into_owned(),
        action,
        node: event.devnode().map(PathBuf::from),
    }
}
