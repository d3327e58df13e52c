//! The listening side of the control socket.

use std::{
    fmt, fs, io,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use kiosk_hal::keys::KeyEvent;
use kiosk_media::Trial;
use kiosk_wire::FileOffer;
use nix::unistd::{Gid, Group, Uid, User, getgrouplist};
use serde::Serialize;
use serde_json::{Value, json};
use thiserror::Error;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{UnixListener, UnixStream},
    sync::{Semaphore, mpsc, oneshot},
    time::timeout,
};
use tracing::{debug, warn};

use super::{
    events::Events,
    files,
    protocol::{
        CrashesReply, DevicesReply, Failure, FoundDevice, KeyReply, LARGEST_CALL, LearnKeyReply, Method, WireCall,
        WireReply,
    },
    service::{self, Asked},
    streams,
};
use crate::{config::Config, crashes, files::FileDesk, reload::Reloader, trial};

/// Connections at once; more are closed at once.
const MOST_CONNECTIONS: usize = 32;
/// Longest wait for a client to take in its reply.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest wait for somebody who presses the key that is to be learned.
const LEARN_TIMEOUT: Duration = Duration::from_secs(30);
/// Pause after a failed accept(2).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Makes a PNG of what the panel shows; called off the loop.
pub type Screenshots = Arc<dyn Fn() -> io::Result<Vec<u8>> + Send + Sync>;

/// Lists what was found on the board; called off the loop, must not block.
pub type DeviceList = Arc<dyn Fn() -> Vec<FoundDevice> + Send + Sync>;

/// Something asked at the control socket, for the loop. A receiver that is gone does not matter.
#[derive(Debug)]
pub enum Request {
    /// A method, and where the answer goes.
    Method(Method, oneshot::Sender<Result<Value, Failure>>),
    /// The next key that goes down goes here.
    LearnKey(oneshot::Sender<KeyEvent>),
    /// Another config; the answer: it is taken.
    Configure(Box<Config>, oneshot::Sender<()>),
    /// Every key goes here too, until nobody takes it.
    WatchKeys(mpsc::Sender<KeyReply>),
    /// The light of this role alone; None: as the state says again.
    ShowLight(Option<&'static str>),
    /// Our pictures go through the encoder and back for so long; what came of it goes here.
    TryOut(Duration, oneshot::Sender<Result<Trial, Failure>>),
    /// What came of it, to be told with how the devices are.
    Tried(Box<Trial>, oneshot::Sender<Result<Value, Failure>>),
    /// A file that the store has, for the peer of the call.
    SendFile(FileOffer, oneshot::Sender<Result<Value, Failure>>),
}

/// What is answered without the loop.
#[derive(Clone)]
pub struct Sights {
    /// What the panel shows.
    pub screenshots: Screenshots,
    /// What was found on the board.
    pub devices: DeviceList,
    /// Has the config.
    pub reloader: Arc<Reloader>,
    /// What happens.
    pub(crate) events: Events,
    /// The store of files.
    pub files: FileDesk,
    /// Where crash reports are.
    pub state_dir: PathBuf,
    /// Where the history of the chat is, if it is on the disk.
    pub history: Option<PathBuf>,
}

impl fmt::Debug for Sights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sights")
    }
}

/// Why there is no control socket.
#[derive(Debug, Error)]
pub enum ControlError {
    /// Somebody listens there.
    #[error("another kioskd listens at {}; stop it, or set another control_socket in [paths]", .0.display())]
    Taken(PathBuf),
    /// The file system refuses.
    #[error("cannot {what} the control socket {}: {source}; set another control_socket in [paths], or give kioskd the right to write there", path.display())]
    Io {
        /// Verb.
        what: &'static str,
        /// The socket.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The listening control socket. Its file goes with it.
#[derive(Debug)]
pub struct ControlSocket {
    listener: UnixListener,
    path: PathBuf,
    gate: Gate,
}

/// Who may use the socket.
#[derive(Clone, Copy, Debug)]
struct Gate {
    own: Uid,
    group: Option<Gid>,
}

impl ControlSocket {
    /// Listens at `path` (directory made with mode 0755, socket with 0660), for root, our own user and members of `group`.
    ///
    /// # Errors
    /// [`ControlError`].
    pub fn bind(path: &Path, group: &str) -> Result<Self, ControlError> {
        let failed = |what| move |source| ControlError::Io { what, path: path.to_owned(), source };
        if std::os::unix::net::UnixStream::connect(path).is_ok() {
            return Err(ControlError::Taken(path.to_owned()));
        }
        if let Some(directory) = path.parent() {
            fs::DirBuilder::new().recursive(true).mode(0o755).create(directory).map_err(failed("make"))?;
        }
        // Nobody listens: what lies there is left of a kioskd that was killed.
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed("replace")(error)),
            Ok(()) | Err(_) => {}
        }
        let listener = UnixListener::bind(path).map_err(failed("listen at"))?;
        let group = Group::from_name(group).ok().flatten().map(|group| group.gid);
        let has_it = |gid: Gid| fs::metadata(path).is_ok_and(|file| file.gid() == gid.as_raw());
        // Started with that group, we may not be allowed to give files away at all.
        if let Some(gid) = group.filter(|gid| !has_it(*gid))
            && let Err(error) = std::os::unix::fs::chown(path, None, Some(gid.as_raw()))
        {
            warn!(path = %path.display(), %error, "cannot give the control socket to its group: only root and kioskd's user may use it");
        }
        fs::set_permissions(path, fs::Permissions::from_mode(0o660)).map_err(failed("set the mode of"))?;
        Ok(Self { listener, path: path.to_owned(), gate: Gate { own: Uid::effective(), group } })
    }

    /// Serves callers until dropped.
    pub async fn serve(self, requests: mpsc::Sender<Request>, sights: Sights) {
        let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
        loop {
            let stream = match self.listener.accept().await {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Out of file descriptors, most likely: accept(2) would fail again at once.
                    warn!(%error, "the control socket cannot accept");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
                debug!("too many connections at the control socket");
                continue;
            };
            let may = stream.peer_cred().is_ok_and(|peer| self.gate.lets_in(Uid::from_raw(peer.uid()), peer.gid()));
            let connection = Connection { stream, requests: requests.clone(), sights: sights.clone() };
            tokio::spawn(async move {
                if let Err(error) = connection.serve(may).await {
                    debug!(%error, "control connection");
                }
                drop(place);
            });
        }
    }
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            debug!(path = %self.path.display(), %error, "the control socket's file stays");
        }
    }
}

impl Gate {
    /// By the credentials that the kernel vouches for (unix(7), SO_PEERCRED).
    fn lets_in(self, uid: Uid, gid: u32) -> bool {
        uid.is_root() || uid == self.own || self.group.is_some_and(|group| is_member(uid, gid, group))
    }
}

fn is_member(uid: Uid, gid: u32, group: Gid) -> bool {
    if gid == group.as_raw() {
        return true;
    }
    let Ok(Some(user)) = User::from_uid(uid) else { return false };
    let Ok(name) = std::ffi::CString::new(user.name) else { return false };
    getgrouplist(&name, user.gid).is_ok_and(|groups| groups.contains(&group))
}

struct Connection {
    stream: UnixStream,
    requests: mpsc::Sender<Request>,
    sights: Sights,
}

impl Connection {
    async fn serve(mut self, may: bool) -> io::Result<()> {
        if !may {
            let sentence = "only root, kioskd's own user and members of its control group may use this socket";
            return self.write(&service::failure(&Failure::Denied(sentence.to_owned()))).await;
        }
        let mut unread = Vec::new();
        loop {
            let Some(message) = self.read(&mut unread).await? else { return Ok(()) };
            let call: WireCall = serde_json::from_slice(&message)?;
            let (oneway, more) = (call.oneway, call.more);
            let reply = match service::understand(call) {
                Asked::Reply(reply) => reply,
                Asked::Method(method) if streams::is_stream(&method) && more => {
                    self.stream(&method, &mut unread).await?;
                    continue;
                }
                Asked::Method(method) if streams::is_stream(&method) => service::expected_more(),
                Asked::Method(method) => match self.answer(method).await {
                    Ok(parameters) => service::reply(parameters),
                    Err(failure) => service::failure(&failure),
                },
            };
            if !oneway {
                self.write(&reply).await?;
            }
        }
    }

    /// Replies until there are no more, or the client is gone.
    async fn stream(&mut self, method: &Method, unread: &mut Vec<u8>) -> io::Result<()> {
        let mut replies = streams::replies(method, &self.sights, self.requests.clone());
        loop {
            tokio::select! {
                reply = replies.recv() => match reply {
                    Some(reply) => self.write(&reply).await?,
                    None => return Ok(()),
                },
                read = self.stream.read_buf(unread) => if read? == 0 || unread.len() > LARGEST_CALL {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                },
            }
        }
    }

    /// The next message without its NUL; None: the client is done.
    async fn read(&mut self, unread: &mut Vec<u8>) -> io::Result<Option<Vec<u8>>> {
        loop {
            if let Some(end) = unread.iter().position(|byte| *byte == 0) {
                let rest = unread.split_off(end + 1);
                let mut message = std::mem::replace(unread, rest);
                message.pop();
                return Ok(Some(message));
            }
            if unread.len() > LARGEST_CALL {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "a message is too large"));
            }
            if self.stream.read_buf(unread).await? == 0 {
                return Ok(None);
            }
        }
    }

    async fn write(&mut self, reply: &WireReply) -> io::Result<()> {
        let mut message = serde_json::to_vec(reply)?;
        message.push(0);
        timeout(WRITE_TIMEOUT, self.stream.write_all(&message)).await?
    }

    async fn answer(&self, method: Method) -> Result<Value, Failure> {
        if method == (Method::Screenshot {}) {
            return self.screenshot().await;
        }
        if method == (Method::Devices {}) {
            return to_value(&DevicesReply { devices: (self.sights.devices)() });
        }
        if method == (Method::Crashes {}) {
            return self.crashes().await;
        }
        if method == (Method::LearnKey {}) {
            return self.learn_key().await;
        }
        if method == (Method::Config {}) {
            return to_value(&self.sights.reloader.config().await);
        }
        if method == (Method::Reload {}) {
            return to_value(&self.sights.reloader.reload().await?);
        }
        if let Method::TryOut { for_ms } = method {
            return self.try_out(trial::length(for_ms)?).await;
        }
        if let Some(answer) = files::answer(&self.sights.files, &method).await {
            return answer;
        }
        if let (Method::ChatExport { .. }, Some(history)) = (&method, &self.sights.history) {
            return files::export(history.clone(), &method).await;
        }
        if let Method::FileSend { id } = &method {
            let offer = files::finish(&self.sights.files, id).await?;
            return self.of_loop(|answer| Request::SendFile(offer, answer)).await;
        }
        let removed = if let Method::FileRemove { id } = &method { Some(id.clone()) } else { None };
        let answer = self.of_loop(|answer| Request::Method(method, answer)).await?;
        match removed {
            // The loop has stopped its transfer.
            Some(id) => files::remove(&self.sights.files, &id).await,
            None => Ok(answer),
        }
    }

    async fn of_loop(
        &self,
        request: impl FnOnce(oneshot::Sender<Result<Value, Failure>>) -> Request,
    ) -> Result<Value, Failure> {
        let (answer, answered) = oneshot::channel();
        self.ask(request(answer)).await?;
        answered.await.map_err(|_| ending())?
    }

    async fn ask(&self, request: Request) -> Result<(), Failure> {
        self.requests.send(request).await.map_err(|_| ending())
    }

    async fn learn_key(&self) -> Result<Value, Failure> {
        let (learner, learned) = oneshot::channel();
        self.ask(Request::LearnKey(learner)).await?;
        match timeout(LEARN_TIMEOUT, learned).await {
            Ok(Ok(key)) => {
                to_value(&LearnKeyReply { name: key.name(), code: key.code, device: key.device.to_string() })
            }
            Ok(Err(_)) => {
                Err(Failure::TryAgain("kioskd is ending, or somebody else learns a key: try again".to_owned()))
            }
            Err(_) => {
                let seconds = LEARN_TIMEOUT.as_secs();
                Err(Failure::TryAgain(format!(
                    "no key was pressed within {seconds} s; 'kioskctl devices' shows which input devices are there"
                )))
            }
        }
    }

    async fn try_out(&self, length: Duration) -> Result<Value, Failure> {
        let (answer, answered) = oneshot::channel();
        self.ask(Request::TryOut(length, answer)).await?;
        let trial = Box::new(answered.await.map_err(|_| ending())??);
        // What media has told of the devices meanwhile, the loop takes in first.
        self.of_loop(|answer| Request::Tried(trial, answer)).await
    }

    async fn crashes(&self) -> Result<Value, Failure> {
        let state_dir = self.sights.state_dir.clone();
        let read = tokio::task::spawn_blocking(move || crashes::kept(&state_dir)).await;
        match read.map_err(io::Error::other).flatten() {
            Ok(crashes) => to_value(&CrashesReply { crashes }),
            Err(error) => Err(Failure::Unavailable(format!("the crash reports cannot be read: {error}"))),
        }
    }

    /// Encoding takes longer than a turn may, so that it is not the loop's work.
    async fn screenshot(&self) -> Result<Value, Failure> {
        let screenshots = Arc::clone(&self.sights.screenshots);
        let made = tokio::task::spawn_blocking(move || screenshots()).await;
        match made.map_err(io::Error::other).flatten() {
            Ok(png) => Ok(json!({ "png": BASE64_STANDARD.encode(png) })),
            Err(error) => Err(Failure::Unavailable(format!("the panel has no picture: {error}"))),
        }
    }
}

fn ending() -> Failure {
    Failure::Unavailable("kioskd is ending: try again when it is back".to_owned())
}

pub(super) fn to_value(reply: &impl Serialize) -> Result<Value, Failure> {
    serde_json::to_value(reply).map_err(|error| Failure::Declined(error.to_string()))
}

#[cfg(test)]
mod tests;
