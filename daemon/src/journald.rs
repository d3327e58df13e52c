//! Log lines to journald by its own protocol, which carries their priority and the id of their entry in the message catalog
//! (systemd.io/JOURNAL_NATIVE_PROTOCOL; journald.conf(5), "catalog").

use std::{
    io::{self, Write},
    os::unix::net::UnixDatagram,
    path::{Path, PathBuf},
};

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// Where journald listens.
const SOCKET: &str = "/run/systemd/journal/socket";

/// Events that a program may wait for, by the `name:` that they are logged with, and their MESSAGE_ID: `journalctl MESSAGE_ID=…`.
/// What is to be done about each says systemd/kioskd.catalog. An id never changes its meaning.
const MESSAGE_IDS: &[(&str, &str)] = &[
    ("kiosk-starts", "6934adeb799f4dc68cd18bb31d1bdb26"),
    ("link-up", "6e230dd208af4ce6a6c616f62380c025"),
    ("link-lost", "caf4cbcfde604bda98d25a9a63dc0dde"),
    ("call-connected", "c0aebf5110674831836f095f911e1ac8"),
    ("call-reconnecting", "d4003a43e04f4c368198ac31db7a5a77"),
    ("call-resumed", "00087f9f0a384c60ae9724dce499e3c3"),
    ("call-ended", "38a1deddf29b429282490b97746718fd"),
    ("call-not-secure", "a4462c05116f45af85ce6c5ca65ac5e4"),
    ("device-missing", "2708932dfc2b44bb8c2bf906c33c09c3"),
    ("device-used", "4948f63f8b594d80b55e7fd325e279de"),
    ("thread-hangs", "5bad91dce1934c15b43cb0dabd7d46d2"),
    ("identity-taken", "940e63eac9034f79a835a55a8c427e3c"),
    ("revocations-learned", "a1921504c76240e8afae42ae5c5ea4bf"),
    ("config-last-good", "5c19de3cabf04b19a3c68c65b91aeebf"),
    ("config-reloaded", "664e16f051004d469b7ac8443ea30db7"),
    ("config-refused", "ac06bf86dbbc4594a3dbebbb2fd6b8a7"),
    ("crash", "ea47ba0e536e4d598fc5cf9b56a1fb9d"),
    ("network-changed", "56742354a1784aa19b5bb95e2a756ce8"),
    ("state-not-kept", "0e3532636a4244ebb46736f8043a7165"),
    ("state-kept-again", "acedfa1cc50540d1a3b4eaa8c86ae856"),
    ("disk-slow", "2b3f5b885def487fbb062f1b4f148388"),
    ("healing-branch", "a1259ef209464691aaab57359f020b3d"),
    ("healing-device", "b40f0f3462db4d7b897784efc5d72b78"),
    ("healing-connection", "513e016110f84447ae5d65a5b9dc9a76"),
    ("healing-restart", "2479ccb04ed14142bbfb7cb5a2c32204"),
    ("healing-reboot", "cd48c819c26d45c0b11bc39d0078bd0d"),
];

/// Takes the lines of a [`tracing_subscriber::fmt`] layer.
#[derive(Debug)]
pub struct Journald {
    socket: UnixDatagram,
    path: PathBuf,
}

impl Journald {
    /// None: standard error does not go to the journal, or journald cannot be told. Then it is to be used as it is.
    #[must_use]
    pub fn of_service() -> Option<Self> {
        // systemd sets it where it has connected standard output or standard error to the journal (systemd.exec(5)).
        std::env::var_os("JOURNAL_STREAM")?;
        Self::at(Path::new(SOCKET)).ok().filter(|journald| journald.path.exists())
    }

    fn at(path: &Path) -> io::Result<Self> {
        Ok(Self { socket: UnixDatagram::unbound()?, path: path.to_owned() })
    }
}

impl<'a> MakeWriter<'a> for Journald {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line { journald: self, priority: priority(Level::INFO), message_id: None }
    }

    fn make_writer_for(&'a self, meta: &Metadata<'_>) -> Line<'a> {
        Line { journald: self, priority: priority(*meta.level()), message_id: message_id(meta.name()) }
    }
}

/// One line on its way.
#[derive(Debug)]
pub struct Line<'a> {
    journald: &'a Journald,
    priority: char,
    message_id: Option<&'static str>,
}

impl Write for Line<'_> {
    /// All of a line comes in one call.
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        let message = text.trim_ascii_end();
        let mut entry = format!("PRIORITY={}\nSYSLOG_IDENTIFIER=kioskd\n", self.priority).into_bytes();
        if let Some(id) = self.message_id {
            entry.extend(format!("MESSAGE_ID={id}\n").bytes());
        }
        // With its length, since it may have a line feed.
        entry.extend(b"MESSAGE\n");
        entry.extend((message.len() as u64).to_le_bytes());
        entry.extend(message);
        entry.push(b'\n');
        match self.journald.socket.send_to(&entry, &self.journald.path) {
            Ok(_) => Ok(text.len()),
            // journald may be starting anew: standard error reaches it then.
            Err(_) => io::stderr().write_all(text).map(|()| text.len()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn message_id(name: &str) -> Option<&'static str> {
    MESSAGE_IDS.iter().find(|(known, _)| *known == name).map(|(_, id)| *id)
}

/// syslog(3).
fn priority(level: Level) -> char {
    match level {
        Level::ERROR => '3',
        Level::WARN => '4',
        Level::INFO => '6',
        _ => '7',
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::{fmt, prelude::*};

    use super::*;

    #[test]
    fn a_line_reaches_journald_with_its_priority_and_id() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("journal");
        let journal = UnixDatagram::bind(&path).expect("it binds");
        let heard = || {
            let mut entry = [0; 512];
            let length = journal.recv(&mut entry).expect("somebody writes");
            String::from_utf8_lossy(&entry[..length]).into_owned()
        };
        let lines = fmt::layer().with_writer(Journald::at(&path).expect("a socket")).with_ansi(false).without_time();
        tracing::subscriber::with_default(tracing_subscriber::registry().with(lines), || {
            tracing::warn!(name: "link-lost", reason = "gone", "no link");
            let entry = heard();
            let id = message_id("link-lost").expect("it has one");
            let head = format!("PRIORITY=4\nSYSLOG_IDENTIFIER=kioskd\nMESSAGE_ID={id}\nMESSAGE\n");
            assert!(entry.starts_with(&head), "{entry:?}");
            assert!(entry.ends_with(": no link reason=\"gone\"\n"), "{entry:?}");
            tracing::info!("two\nlines");
            let entry = heard();
            assert!(entry.starts_with("PRIORITY=6\nSYSLOG_IDENTIFIER=kioskd\nMESSAGE\n"), "{entry:?}");
            assert!(entry.ends_with(": two\nlines\n"), "{entry:?}");
        });
    }

    #[test]
    fn the_catalog_explains_each_id_once() {
        let catalog = include_str!("../../systemd/kioskd.catalog");
        let mut explained: Vec<_> = catalog.lines().filter_map(|line| line.strip_prefix("-- ")).collect();
        let mut known: Vec<_> = MESSAGE_IDS.iter().map(|(_, id)| *id).collect();
        explained.sort_unstable();
        known.sort_unstable();
        assert_eq!(explained, known);
        assert!(known.windows(2).all(|pair| pair[0] != pair[1]));
        assert!(known.iter().all(|id| id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit())));
    }
}
