//! The listening side of the control socket.

use std::{
    fmt, fs, io,
    os::unix::fs::{DirBuilderExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use kiosk_hal::keys::KeyEvent;
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
    protocol::{DevicesReply, Failure, FoundDevice, LARGEST_CALL, LearnKeyReply, Method, WireCall, WireReply},
    service::{self, Asked},
};

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
}

/// What is answered without the loop.
#[derive(Clone)]
pub struct Sights {
    /// What the panel shows.
    pub screenshots: Screenshots,
    /// What was found on the board.
    pub devices: DeviceList,
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
        if let Some(gid) = group
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
            let oneway = call.oneway;
            let reply = match service::understand(call) {
                Asked::Reply(reply) => reply,
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
        if method == (Method::LearnKey {}) {
            return self.learn_key().await;
        }
        let (answer, answered) = oneshot::channel();
        self.ask(Request::Method(method, answer)).await?;
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
            Ok(Err(_)) => Err(Failure::TryAgain("kioskd is ending, or another learner came".to_owned())),
            Err(_) => {
                let seconds = LEARN_TIMEOUT.as_secs();
                Err(Failure::TryAgain(format!(
                    "no key was pressed within {seconds} s; 'kioskctl devices' shows which input devices are there"
                )))
            }
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
    Failure::Unavailable("kioskd is ending".to_owned())
}

fn to_value(reply: &impl Serialize) -> Result<Value, Failure> {
    serde_json::to_value(reply).map_err(|error| Failure::Declined(error.to_string()))
}

#[cfg(test)]
mod tests {
    use zlink::{idl::Interface, varlink_service::Proxy as _};

    use super::*;
    use crate::control::{
        client::{Client, ClientError},
        protocol::{DEFINITION, INTERFACE},
    };

    /// A served socket whose loop says no to everything but Identity, with an echo of what was asked.
    fn served() -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("deep/control");
        let socket = ControlSocket::bind(&path, "no-such-group").expect("it binds");
        let (requests, mut asked) = mpsc::channel(1);
        let sights =
            Sights { screenshots: Arc::new(|| Err(io::Error::other("it is dark"))), devices: Arc::new(Vec::new) };
        tokio::spawn(socket.serve(requests, sights));
        tokio::spawn(async move {
            while let Some(request) = asked.recv().await {
                let (method, answer) = match request {
                    Request::Method(method, answer) => (method, answer),
                    Request::LearnKey(learner) => {
                        let device = "gpio-keys".into();
                        let _ = learner.send(KeyEvent { code: 169, edge: kiosk_hal::keys::Edge::Down, device });
                        continue;
                    }
                };
                let said = if method == (Method::Identity {}) {
                    Ok(json!({ "peer_id": "me" }))
                } else {
                    Err(Failure::Declined(format!("{method:?}")))
                };
                let _ = answer.send(said);
            }
        });
        (directory, path)
    }

    async fn ask(path: &Path, method: Method) -> Result<Value, ClientError> {
        let path = path.to_owned();
        let asking = move || Client::connect(&path)?.ask(&method);
        tokio::task::spawn_blocking(asking).await.expect("it does not panic")
    }

    #[tokio::test]
    async fn another_implementation_of_varlink_understands_us() {
        let (_directory, path) = served();
        let mut connection = zlink::tokio::unix::connect(&path).await.expect("it connects");
        let info = connection.get_info().await.expect("an answer").expect("no error");
        assert_eq!((info.product.as_ref(), info.interfaces.len()), ("kioskd", 2));
        for interface in ["org.varlink.service", INTERFACE] {
            let answer = connection
                .get_interface_description(interface.try_into().expect("a name"))
                .await
                .expect("an answer")
                .expect("no error");
            assert_eq!(answer.parse().expect("it is an interface").name(), interface);
        }
        let methods = Interface::try_from(DEFINITION).expect("it parses").methods().count();
        assert_eq!(methods, DEFINITION.matches("\nmethod ").count());
    }

    #[tokio::test]
    async fn answers_and_refusals_come_back() {
        let (_directory, path) = served();
        assert_eq!(ask(&path, Method::Identity {}).await.expect("an answer"), json!({ "peer_id": "me" }));
        match ask(&path, Method::Camera { on: true }).await {
            Err(ClientError::Failed(Failure::Declined(sentence))) => assert_eq!(sentence, "Camera { on: true }"),
            other => panic!("{other:?}"),
        }
        let learned = ask(&path, Method::LearnKey {}).await.expect("an answer");
        assert_eq!(learned, json!({ "name": "KEY_PHONE", "code": 169, "device": "gpio-keys" }));
        assert_eq!(ask(&path, Method::Devices {}).await.expect("an answer"), json!({ "devices": [] }));
        match ask(&path, Method::Screenshot {}).await {
            Err(ClientError::Failed(Failure::Unavailable(sentence))) => assert!(sentence.ends_with("it is dark")),
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_client_that_talks_nonsense_or_too_much_is_closed() {
        let (_directory, path) = served();
        for bytes in [b"nonsense\0".to_vec(), vec![b' '; LARGEST_CALL + 2]] {
            let mut stream = UnixStream::connect(&path).await.expect("it connects");
            let _ = stream.write_all(&bytes).await;
            let mut rest = Vec::new();
            let _ = stream.read_to_end(&mut rest).await;
            assert_eq!(rest, b"");
        }
        assert!(ask(&path, Method::Identity {}).await.is_ok());
    }

    #[tokio::test]
    async fn calls_in_a_row_are_answered_in_order_and_oneway_ones_not() {
        let (_directory, path) = served();
        let mut stream = UnixStream::connect(&path).await.expect("it connects");
        let calls = "{\"method\":\"org.kiosk.Kioskd.Mute\",\"oneway\":true}\0\
                     {\"method\":\"org.kiosk.Kioskd.Answer\"}\0{\"method\":\"org.kiosk.Kioskd.Identity\"}\0";
        stream.write_all(calls.as_bytes()).await.expect("it takes");
        stream.shutdown().await.expect("it closes");
        let mut replies = String::new();
        stream.read_to_string(&mut replies).await.expect("it answers");
        let replies: Vec<_> = replies.split_terminator('\0').collect();
        assert_eq!(replies.len(), 2, "{replies:?}");
        assert!(replies[0].contains("Answer") && replies[1].contains("peer_id"), "{replies:?}");
    }

    #[tokio::test]
    async fn a_second_kioskd_is_told_and_what_a_killed_one_left_is_replaced() {
        let (_directory, path) = served();
        let taken = ControlSocket::bind(&path, "no-such-group").expect_err("it is taken");
        assert_eq!(
            taken.to_string(),
            format!("another kioskd listens at {}; stop it, or set another control_socket in [paths]", path.display())
        );
        let left = path.with_file_name("left");
        drop(std::os::unix::net::UnixListener::bind(&left).expect("it binds"));
        assert!(left.exists());
        drop(ControlSocket::bind(&left, "no-such-group").expect("nobody listens there"));
        assert!(!left.exists(), "the file goes with the socket");
        assert_eq!(fs::metadata(&path).expect("it is there").permissions().mode() & 0o777, 0o660);
    }

    #[tokio::test]
    async fn strangers_are_told_that_they_may_not() {
        let gate = Gate { own: Uid::from_raw(990), group: Some(Gid::from_raw(991)) };
        let lets_in = |uid, gid| gate.lets_in(Uid::from_raw(uid), gid);
        assert!(lets_in(0, 0) && lets_in(990, 990) && lets_in(4_000_001, 991));
        assert!(!lets_in(4_000_001, 990));
        assert!(!Gate { group: None, ..gate }.lets_in(Uid::from_raw(4_000_001), 991));

        let (ours, theirs) = UnixStream::pair().expect("a pair");
        let (requests, _asked) = mpsc::channel(1);
        let screenshots: Screenshots = Arc::new(|| Err(io::Error::other("dark")));
        let sights = Sights { screenshots, devices: Arc::new(Vec::new) };
        let connection = Connection { stream: ours, requests, sights };
        connection.serve(false).await.expect("it writes");
        let mut told = String::new();
        let mut theirs = theirs;
        theirs.read_to_string(&mut told).await.expect("it reads");
        assert!(told.contains("org.kiosk.Kioskd.Denied") && told.contains("only root"), "{told}");
    }

    #[test]
    fn nobody_there_is_said_so() {
        let sentence = Client::connect(Path::new("/nonexistent/control")).expect_err("nobody").to_string();
        assert!(sentence.starts_with("kioskd is not running: nobody listens at /nonexistent/control"), "{sentence}");
    }
}
