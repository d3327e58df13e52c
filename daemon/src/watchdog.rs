//! What kioskd tells systemd (sd_notify(3)), and whether the threads beside the loop are alive.

use std::{
    ffi::OsStr,
    fmt, io,
    os::{
        linux::net::SocketAddrExt as _,
        unix::{
            ffi::OsStrExt as _,
            net::{SocketAddr, UnixDatagram},
        },
    },
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use nix::time::{ClockId, clock_gettime};

/// A thread that has not shown itself for this long hangs. Opening a device or ending a peer connection may take some seconds.
const LONGEST_SILENCE: Duration = Duration::from_secs(15);

/// The heartbeat of a thread beside the loop. Clones are of the same heart.
#[derive(Clone, Debug)]
pub struct Pulse {
    start: Instant,
    last_ms: Arc<AtomicU64>,
}

impl Default for Pulse {
    fn default() -> Self {
        Self { start: Instant::now(), last_ms: Arc::new(AtomicU64::new(0)) }
    }
}

impl Pulse {
    /// The thread is alive.
    pub fn beat(&self) {
        self.last_ms.store(self.elapsed_ms(), Ordering::Relaxed);
    }

    fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// When it last beat.
    #[must_use]
    pub fn last(&self) -> Instant {
        self.start + Duration::from_millis(self.last_ms.load(Ordering::Relaxed))
    }
}

/// When a thread was last seen alive.
type LastSeen = Box<dyn Fn() -> Instant + Send>;

/// Tells systemd, from any thread; silent when it was not systemd that started us.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notifier(Option<Arc<(UnixDatagram, SocketAddr)>>);

impl Notifier {
    /// Everything is there, or is there again: `READY=1`.
    pub(crate) fn ready(&self) {
        self.tell("READY=1");
    }

    /// The config is read again: `RELOADING=1`; [`Notifier::ready`] ends it.
    pub(crate) fn reloading(&self) {
        let since_boot = clock_gettime(ClockId::CLOCK_MONOTONIC).map(Duration::from).unwrap_or_default();
        self.tell(&format!("RELOADING=1\nMONOTONIC_USEC={}", since_boot.as_micros()));
    }

    fn tell(&self, line: &str) {
        if let Some((socket, address)) = self.0.as_deref()
            && let Err(error) = socket.send_to_addr(line.as_bytes(), address)
        {
            tracing::debug!(%error, "systemd does not listen");
        }
    }
}

/// The line to systemd; silent when it was not systemd that started us.
#[derive(Default)]
pub struct Watchdog {
    systemd: Notifier,
    /// How often to feed; None: nobody watches.
    period: Option<Duration>,
    threads: Vec<(&'static str, LastSeen)>,
}

impl fmt::Debug for Watchdog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let threads: Vec<_> = self.threads.iter().map(|(name, _)| *name).collect();
        f.debug_struct("Watchdog").field("period", &self.period).field("threads", &threads).finish_non_exhaustive()
    }
}

impl Watchdog {
    /// As the environment says: `NOTIFY_SOCKET`, `WATCHDOG_USEC`.
    ///
    /// # Errors
    /// If `NOTIFY_SOCKET` names no socket.
    pub fn from_environment() -> io::Result<Self> {
        let Some(path) = std::env::var_os("NOTIFY_SOCKET") else { return Ok(Self::default()) };
        let microseconds = std::env::var("WATCHDOG_USEC").ok().and_then(|text| text.parse().ok());
        Self::new(&path, microseconds.map(Duration::from_micros))
    }

    /// Tells the socket at `path` (`@name`: abstract), and feeds it twice in each `timeout` (sd_watchdog_enabled(3)).
    ///
    /// # Errors
    /// If `path` cannot be the address of a socket.
    pub fn new(path: &OsStr, timeout: Option<Duration>) -> io::Result<Self> {
        let address = match path.as_bytes().strip_prefix(b"@") {
            Some(name) => SocketAddr::from_abstract_name(name)?,
            None => SocketAddr::from_pathname(path)?,
        };
        let period = timeout.map(|timeout| timeout / 2);
        let systemd = Notifier(Some(Arc::new((UnixDatagram::unbound()?, address))));
        Ok(Self { systemd, period, threads: Vec::new() })
    }

    /// From now on feed only while this thread is alive.
    pub fn watch(&mut self, name: &'static str, last_seen: impl Fn() -> Instant + Send + 'static) {
        self.threads.push((name, Box::new(last_seen)));
    }

    /// How often to feed.
    #[must_use]
    pub const fn period(&self) -> Option<Duration> {
        self.period
    }

    /// Whether systemd has started us, and starts us anew when we end.
    #[must_use]
    pub const fn is_supervised(&self) -> bool {
        self.systemd.0.is_some()
    }

    /// Everything is there: `READY=1`.
    pub fn ready(&self) {
        self.systemd.ready();
    }

    /// For those who have something to tell themselves.
    pub(crate) fn notifier(&self) -> Notifier {
        self.systemd.clone()
    }

    /// The daemon is ending: `STOPPING=1`.
    pub fn stopping(&self) {
        self.systemd.tell("STOPPING=1");
    }

    /// The line that `systemctl status` shows.
    pub fn status(&self, line: &str) {
        self.systemd.tell(&format!("STATUS={}", line.replace('\n', " ")));
    }

    /// Feeds the watchdog, unless a thread hangs; then systemd will restart us.
    pub fn feed(&self) {
        match self.threads.iter().find(|(_, last_seen)| last_seen().elapsed() >= LONGEST_SILENCE) {
            None => self.systemd.tell("WATCHDOG=1"),
            Some((thread, _)) => tracing::error!(name: "thread-hangs", thread, "hangs; the watchdog is not fed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systemd_hears_and_a_dead_thread_starves_it() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("notify");
        let systemd = UnixDatagram::bind(&path).expect("it binds");
        systemd.set_nonblocking(true).expect("it takes");
        let heard = || {
            let mut line = [0; 64];
            systemd.recv(&mut line).ok().map(|length| String::from_utf8_lossy(&line[..length]).into_owned())
        };
        let mut watchdog = Watchdog::new(path.as_os_str(), Some(Duration::from_secs(20))).expect("a path");
        assert_eq!(watchdog.period(), Some(Duration::from_secs(10)));
        watchdog.ready();
        assert_eq!(heard().as_deref(), Some("READY=1"));
        watchdog.notifier().reloading();
        let reloading = heard().expect("it is told");
        let since_boot =
            reloading.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").and_then(|number| number.parse::<u64>().ok());
        assert!(since_boot.is_some_and(|microseconds| microseconds > 0), "{reloading}");
        watchdog.status("two\nlines");
        assert_eq!(heard().as_deref(), Some("STATUS=two lines"));
        let alive = Pulse::default();
        alive.beat();
        watchdog.watch("alive", move || alive.last());
        watchdog.feed();
        assert_eq!(heard().as_deref(), Some("WATCHDOG=1"));
        let died = Instant::now().checked_sub(2 * LONGEST_SILENCE).expect("the machine is up longer");
        watchdog.watch("dead", move || died);
        watchdog.feed();
        assert_eq!(heard(), None);
    }

    #[test]
    fn without_systemd_nothing_happens() {
        let watchdog = Watchdog::default();
        watchdog.ready();
        watchdog.feed();
        assert_eq!(watchdog.period(), None);
    }
}
