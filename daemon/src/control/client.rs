//! The other end of the control socket, for kioskctl and for tests.

use std::{
    io::{self, BufRead as _, BufReader, Write as _},
    ops::ControlFlow,
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::de::DeserializeOwned;
use serde_json::Value;
use thiserror::Error;

use super::protocol::{Failure, INTERFACE, Method, WireReply};

/// The daemon answers within a turn; this long without an answer means that it hangs.
const PATIENCE: Duration = Duration::from_secs(10);
/// Reading the config again may read fonts and pictures.
const RELOAD_PATIENCE: Duration = Duration::from_secs(60);
/// A trial takes a minute at most, and its camera may take its time.
const TRIAL_PATIENCE: Duration = Duration::from_secs(90);
/// A person presses a key within 30 s, or the daemon says that nobody did.
const LEARN_PATIENCE: Duration = Duration::from_secs(40);

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum ClientError {
    /// Nobody listens.
    #[error("kioskd is not running: nobody listens at {} ({source}); start it, or name its socket with --socket", path.display())]
    NotRunning {
        /// The socket.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The system does not let us.
    #[error("you may not use {}; run as root, or join the group that owns it", .0.display())]
    Denied(PathBuf),
    /// It hangs, or closed.
    #[error("kioskd does not answer at {}: {source}; see 'kioskctl logs', and if it hangs 'systemctl restart kioskd'", path.display())]
    NoAnswer {
        /// The socket.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It says no, with a sentence.
    #[error("{}", .0.parts().1)]
    Failed(Failure),
    /// It says something else than expected.
    #[error(
        "kioskd answers what this kioskctl does not understand ({0}); they are of different versions: restart kioskd after an update"
    )]
    Surprise(String),
}

/// One connection.
#[derive(Debug)]
pub struct Client {
    stream: BufReader<UnixStream>,
    path: PathBuf,
}

impl Client {
    /// Connects.
    ///
    /// # Errors
    /// [`ClientError::NotRunning`], [`ClientError::Denied`].
    pub fn connect(path: &Path) -> Result<Self, ClientError> {
        let stream = UnixStream::connect(path).map_err(|source| {
            let path = path.to_owned();
            if source.kind() == io::ErrorKind::PermissionDenied {
                ClientError::Denied(path)
            } else {
                ClientError::NotRunning { path, source }
            }
        })?;
        let client = Self { stream: BufReader::new(stream), path: path.to_owned() };
        let stream = client.stream.get_ref();
        stream.set_write_timeout(Some(PATIENCE)).map_err(|source| client.no_answer(source))?;
        Ok(client)
    }

    fn no_answer(&self, source: io::Error) -> ClientError {
        ClientError::NoAnswer { path: self.path.clone(), source }
    }

    /// Asks, and returns the reply's parameters as they came.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn ask(&mut self, method: &Method) -> Result<Value, ClientError> {
        let patience = if *method == (Method::LearnKey {}) {
            LEARN_PATIENCE
        } else if *method == (Method::Reload {}) {
            RELOAD_PATIENCE
        } else if matches!(method, Method::TryOut { .. }) {
            TRIAL_PATIENCE
        } else {
            PATIENCE
        };
        self.stream.get_ref().set_read_timeout(Some(patience)).map_err(|source| self.no_answer(source))?;
        let written = self.write(method, false)?;
        Ok(self.wire_reply(written)?.parameters)
    }

    /// Asks, and hands over what comes of it again and again, until there is no more or enough.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn follow(&mut self, method: &Method, mut on: impl FnMut(Value) -> ControlFlow<()>) -> Result<(), ClientError> {
        self.stream.get_ref().set_read_timeout(None).map_err(|source| self.no_answer(source))?;
        let mut written = self.write(method, true)?;
        loop {
            let reply = self.wire_reply(written)?;
            if on(reply.parameters).is_break() || !reply.continues {
                return Ok(());
            }
            written = Ok(());
        }
    }

    /// The inner result: a refused caller's socket is closed behind a reply that says so, so that a failed write is not yet the answer.
    fn write(&mut self, method: &Method, more: bool) -> Result<io::Result<()>, ClientError> {
        let surprise = |error: serde_json::Error| ClientError::Surprise(error.to_string());
        let mut call = serde_json::to_value(method).map_err(surprise)?;
        if let Some(Value::String(name)) = call.get_mut("method") {
            name.insert_str(0, &format!("{INTERFACE}."));
        }
        if more && let Some(call) = call.as_object_mut() {
            call.insert("more".to_owned(), true.into());
        }
        let mut message = serde_json::to_vec(&call).map_err(surprise)?;
        message.push(0);
        Ok(self.stream.get_mut().write_all(&message))
    }

    fn wire_reply(&mut self, written: io::Result<()>) -> Result<WireReply, ClientError> {
        let surprise = |error: serde_json::Error| ClientError::Surprise(error.to_string());
        let mut answer = Vec::new();
        let read = self.stream.read_until(0, &mut answer);
        if answer.pop() != Some(0) {
            let closed = || io::Error::new(io::ErrorKind::UnexpectedEof, "it closed the connection");
            return Err(self.no_answer(written.and(read).err().unwrap_or_else(closed)));
        }
        let reply: WireReply = serde_json::from_slice(&answer).map_err(surprise)?;
        match &reply.error {
            None => Ok(reply),
            Some(error) => Err(failed(error, &reply.parameters)),
        }
    }

    /// Asks, and understands the reply.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn get<T: DeserializeOwned>(&mut self, method: &Method) -> Result<T, ClientError> {
        serde_json::from_value(self.ask(method)?).map_err(|error| ClientError::Surprise(error.to_string()))
    }
}

impl Client {
    /// Waits until the other end closes the connection.
    ///
    /// # Errors
    /// If it does not within `patience`.
    pub fn closed(mut self, patience: Duration) -> Result<(), ClientError> {
        self.stream.get_ref().set_read_timeout(Some(patience)).map_err(|source| self.no_answer(source))?;
        let mut rest = Vec::new();
        match self.stream.read_until(0, &mut rest) {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Ok(()),
            Err(source) => Err(self.no_answer(source)),
        }
    }
}

fn failed(error: &str, parameters: &Value) -> ClientError {
    let name = error.strip_prefix(INTERFACE).and_then(|rest| rest.strip_prefix('.'));
    let sentence = parameters.get("sentence").and_then(Value::as_str).unwrap_or(error).to_owned();
    ClientError::Failed(match name {
        Some("Declined") => Failure::Declined(sentence),
        Some("NotFound") => Failure::NotFound(sentence),
        Some("Unavailable") => Failure::Unavailable(sentence),
        Some("TryAgain") => Failure::TryAgain(sentence),
        Some("Denied") => Failure::Denied(sentence),
        Some(_) | None => return ClientError::Surprise(format!("{error} {parameters}")),
    })
}
