//! The history of the chat: an SQLite database on the data partition, for kiosks that keep what was said for a time.
//!
//! A line is kept when [`History::add`] has returned: the journal is synced with every transaction (`synchronous=EXTRA`), so a power
//! cut takes no line that was acknowledged and leaves none half. What is forgotten is overwritten (`secure_delete`). A database that
//! cannot be read is moved aside: a kiosk without its history is better than none.

use std::{
    fs::{self, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use kiosk_call::{ChatLine, Record, UnixMillis};
use kiosk_wire::{ChatId, PeerId};
use rusqlite::{Connection, ErrorCode, OpenFlags, Row, params};
use thiserror::Error;
use tracing::warn;

/// Its file in the state directory.
const FILE: &str = "chat.db";
/// What SQLite keeps beside it (<https://sqlite.org/tempfiles.html>).
const COMPANIONS: [&str; 3] = ["-journal", "-wal", "-shm"];
/// A damaged one is moved here; only the last is kept.
const DAMAGED: &str = "chat.db.damaged";
/// `PRAGMA user_version`. Raised whenever [`SCHEMA`] changes.
const VERSION: i64 = 1;
/// Newest lines that a start needs, beside all that did not arrive.
const NEWEST: i64 = 1_000;
/// Longest wait for an export that is reading.
const BUSY: Duration = Duration::from_secs(2);

/// Ids and peers are raw bytes. `sender`: the peer's name, null for what was said here.
const SCHEMA: &str = "
    CREATE TABLE line (
        number INTEGER PRIMARY KEY,
        peer BLOB NOT NULL CHECK (length(peer) = 32),
        id BLOB NOT NULL CHECK (length(id) = 16),
        sender TEXT,
        text TEXT NOT NULL,
        at_ms INTEGER NOT NULL,
        delivered INTEGER NOT NULL,
        UNIQUE (peer, id)
    ) STRICT;
    CREATE INDEX line_by_time ON line (at_ms);
    PRAGMA user_version = 1;
";

/// Why the history cannot be used.
#[derive(Debug, Error)]
#[error("the history of the chat {}: {source}", path.display())]
pub struct HistoryError {
    path: PathBuf,
    source: rusqlite::Error,
}

/// A line as it is kept, and its number: later ones have higher ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptLine {
    /// Its number.
    pub number: i64,
    /// The line.
    pub line: ChatLine,
}

/// Which lines an export wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Said then or later.
    pub since: UnixMillis,
    /// With this peer only.
    pub peer: Option<PeerId>,
    /// With higher numbers than this.
    pub after: i64,
    /// At most so many.
    pub most: u32,
}

/// The open database.
#[derive(Debug)]
pub struct History {
    path: PathBuf,
    connection: Connection,
}

impl History {
    /// Opens the database in the state directory, or begins one. A damaged one is moved aside.
    ///
    /// # Errors
    /// If there can be none at all.
    pub fn open(directory: &Path) -> Result<Self, HistoryError> {
        let path = directory.join(FILE);
        let failed = |source| HistoryError { path: path.clone(), source };
        let connection = match connect(&path) {
            Ok(connection) => connection,
            Err(error) if !is_damage(&error) => return Err(failed(error)),
            Err(error) => {
                warn!(file = %path.display(), %error, "the history of the chat is damaged: it is moved aside, a new one begins");
                move_aside(directory).map_err(|error| failed(rusqlite::Error::ToSqlConversionFailure(error.into())))?;
                connect(&path).map_err(failed)?
            }
        };
        Ok(Self { path, connection })
    }

    /// Keeps these records of the chat, all or none.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn keep(&self, records: &[Record]) -> Result<(), HistoryError> {
        let together = self.connection.unchecked_transaction().map_err(self.failed())?;
        for record in records {
            match record {
                Record::ChatLine(line) => self.add(line)?,
                Record::ChatDelivered(id) => self.delivered(*id)?,
                Record::ChatForgotten(before) => self.forget(*before)?,
                Record::Epoch(_)
                | Record::TrustAdded(_)
                | Record::TrustRemoved(_)
                | Record::Revoked(_)
                | Record::RevocationList(..)
                | Record::Volume(_)
                | Record::Quality(_) => {}
            }
        }
        together.commit().map_err(self.failed())
    }

    /// Removes the database, with all that was said. Nothing there is fine.
    ///
    /// # Errors
    /// If the file system refuses.
    pub fn remove(directory: &Path) -> io::Result<()> {
        for name in names().chain([DAMAGED.to_owned()]) {
            gone(fs::remove_file(directory.join(name)))?;
        }
        Ok(())
    }

    fn failed(&self) -> impl Fn(rusqlite::Error) -> HistoryError {
        let path = self.path.clone();
        move |source| HistoryError { path: path.clone(), source }
    }

    /// Keeps a line; one that is there already stays as it is.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn add(&self, line: &ChatLine) -> Result<(), HistoryError> {
        const ADD: &str = "INSERT INTO line (peer, id, sender, text, at_ms, delivered) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                           ON CONFLICT (peer, id) DO NOTHING";
        let at = millis(line.at);
        let values = params![line.peer.0, line.id.0, line.from, line.text, at, line.delivered];
        self.connection.execute(ADD, values).map(|_| ()).map_err(self.failed())
    }

    /// A line that was said here has arrived.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn delivered(&self, id: ChatId) -> Result<(), HistoryError> {
        // A peer may have given a line of its own the same id.
        const DELIVERED: &str = "UPDATE line SET delivered = 1 WHERE id = ?1 AND sender IS NULL AND delivered = 0";
        self.connection.execute(DELIVERED, params![id.0]).map(|_| ()).map_err(self.failed())
    }

    /// What was said before goes.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn forget(&self, before: UnixMillis) -> Result<(), HistoryError> {
        let gone = self.connection.execute("DELETE FROM line WHERE at_ms < ?1", params![millis(before)]);
        gone.map(|_| ()).map_err(self.failed())
    }

    /// What a kiosk starts with: the newest lines, and older ones that did not arrive; oldest first.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn recent(&self) -> Result<Vec<ChatLine>, HistoryError> {
        const RECENT: &str = "SELECT number, peer, id, sender, text, at_ms, delivered FROM line
                              WHERE number > (SELECT coalesce(max(number), 0) FROM line) - ?1
                                 OR (sender IS NULL AND delivered = 0)
                              ORDER BY number";
        let lines = read(&self.connection, RECENT, &[&NEWEST]).map_err(self.failed())?;
        Ok(lines.into_iter().map(|kept| kept.line).collect())
    }
}

/// Reads from the database while kioskd writes it.
///
/// # Errors
/// If it cannot be read; without one there are no lines.
pub fn export(directory: &Path, wanted: Selection) -> Result<Vec<KeptLine>, HistoryError> {
    const WANTED: &str = "SELECT number, peer, id, sender, text, at_ms, delivered FROM line
                          WHERE number > ?1 AND at_ms >= ?2 AND (?3 IS NULL OR peer = ?3)
                          ORDER BY number LIMIT ?4";
    let path = directory.join(FILE);
    if !path.exists() {
        return Ok(Vec::new());
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let found = Connection::open_with_flags(&path, flags).and_then(|connection| {
        connection.busy_timeout(BUSY)?;
        connection.pragma_update(None, "query_only", true)?;
        let peer = wanted.peer.map(|peer| peer.0);
        read(&connection, WANTED, &[&wanted.after, &millis(wanted.since), &peer, &wanted.most])
    });
    found.map_err(|source| HistoryError { path, source })
}

fn names() -> impl Iterator<Item = String> {
    [""].into_iter().chain(COMPANIONS).map(|ending| format!("{FILE}{ending}"))
}

fn gone(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// It is not what was written: another try would find the same. A disk that is full, read-only or failing is none.
fn is_damage(error: &rusqlite::Error) -> bool {
    match error.sqlite_error_code() {
        Some(code) => matches!(code, ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt),
        // What `connect` itself has found.
        None => !matches!(error, rusqlite::Error::ToSqlConversionFailure(_)),
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    // SQLite gives its other files the mode of this one.
    let made = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path);
    match made {
        // What is there can be read.
        Err(error) if error.kind() == io::ErrorKind::ReadOnlyFilesystem => {}
        made => drop(made.map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?),
    }
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY)?;
    // A rollback journal: readers never see a `-wal` that a power cut left, and what is forgotten is nowhere else.
    connection.pragma_update(None, "journal_mode", "DELETE")?;
    connection.pragma_update(None, "synchronous", "EXTRA")?;
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    match connection.pragma_query_value(None, "user_version", |row| row.get(0))? {
        0 => connection.execute_batch(&format!("BEGIN; {SCHEMA} COMMIT;"))?,
        VERSION => {}
        other => return Err(rusqlite::Error::IntegralValueOutOfRange(0, other)),
    }
    let sound: String = connection.pragma_query_value(None, "quick_check", |row| row.get(0))?;
    if sound == "ok" { Ok(connection) } else { Err(rusqlite::Error::InvalidColumnName(sound)) }
}

fn move_aside(directory: &Path) -> io::Result<()> {
    for ending in COMPANIONS {
        gone(fs::remove_file(directory.join(format!("{FILE}{ending}"))))?;
    }
    gone(fs::rename(directory.join(FILE), directory.join(DAMAGED)))
}

fn read(connection: &Connection, query: &str, values: &[&dyn rusqlite::ToSql]) -> rusqlite::Result<Vec<KeptLine>> {
    connection.prepare(query)?.query_map(values, kept_line)?.collect()
}

fn kept_line(row: &Row<'_>) -> rusqlite::Result<KeptLine> {
    let at: i64 = row.get(5)?;
    let line = ChatLine {
        peer: PeerId(row.get(1)?),
        id: ChatId(row.get(2)?),
        from: row.get(3)?,
        text: row.get(4)?,
        at: UnixMillis(u64::try_from(at).unwrap_or_default()),
        delivered: row.get(6)?,
    };
    Ok(KeptLine { number: row.get(0)?, line })
}

fn millis(at: UnixMillis) -> i64 {
    i64::try_from(at.0).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
