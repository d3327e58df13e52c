//! The other end of the control socket, for kioskctl and for tests.

use std::{
    io::{self, BufRead as _, BufReader, Write as _},
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
    #[error("kioskd does not answer at {}: {source}", path.display())]
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
    #[error("kioskd answers what this kioskctl does not understand ({0}); they are of different versions")]
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
        let surprise = |error: serde_json::Error| ClientError::Surprise(error.to_string());
        let mut call = serde_json::to_value(method).map_err(surprise)?;
        if let Some(Value::String(name)) = call.get_mut("method") {
            name.insert_str(0, &format!("{INTERFACE}."));
        }
        let patience = if *method == (Method::LearnKey {}) { LEARN_PATIENCE } else { PATIENCE };
        self.stream.get_ref().set_read_timeout(Some(patience)).map_err(|source| self.no_answer(source))?;
        let mut message = serde_json::to_vec(&call).map_err(surprise)?;
        message.push(0);
        // A refused caller's socket is closed behind a reply that says so: a failed write is not yet the answer.
        let written = self.stream.get_mut().write_all(&message);
        let mut answer = Vec::new();
        let read = self.stream.read_until(0, &mut answer);
        if answer.pop() != Some(0) {
            let closed = || io::Error::new(io::ErrorKind::UnexpectedEof, "it closed the connection");
            return Err(self.no_answer(written.and(read).err().unwrap_or_else(closed)));
        }
        let reply: WireReply = serde_json::from_slice(&answer).map_err(surprise)?;
        match &reply.error {
            None => Ok(reply.parameters),
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
