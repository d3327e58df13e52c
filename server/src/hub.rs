//! The one task that owns the rooms: carries what sockets hear to them, and what they want to the sockets.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use kiosk_wire::{Envelope, PeerId, Role, Room};
use tokio::{
    sync::{mpsc, oneshot},
    time::sleep_until,
};
use tracing::{debug, info, warn};

use crate::{
    metrics::Metrics,
    outbox::Outbox,
    rooms::{CloseReason, Input, ListedRoom, Note, Now, Output, Rooms, SocketId},
};

/// Inputs that wait for the hub; senders wait when it is full. With frames of 64 KiB this is 16 MiB at most.
const QUEUE: usize = 256;
/// Target of the access log, so that a filter can name it.
const ACCESS: &str = "kiosk_server::access";
/// Each reason of refusal is logged once in this time.
const LOG_INTERVAL: Duration = Duration::from_secs(60);

/// What reaches the hub.
#[derive(Debug)]
pub(crate) enum ToHub {
    Connected {
        socket: SocketId,
        address: IpAddr,
        audience: String,
        outbox: Arc<Outbox>,
    },
    Frame {
        socket: SocketId,
        text: String,
    },
    /// The last of a socket; sent for each that was connected.
    Closed {
        socket: SocketId,
        tally: Tally,
    },
    /// Answered with who is in which room.
    List(oneshot::Sender<Vec<ListedRoom>>),
    /// Answered when the hub comes to it: it is alive.
    Probe(oneshot::Sender<()>),
    Revocations(Vec<Envelope>),
    Drain,
}

/// What a socket's task has counted when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) time: Duration,
    /// Text frames that came in.
    pub(crate) frames_in: u64,
    /// Text frames that went out.
    pub(crate) frames_out: u64,
    /// Why it ended: the text of a [`CloseReason`], or `left` or `broken-off` when the other side went.
    pub(crate) reason: &'static str,
}

/// The way to the hub.
#[derive(Clone, Debug)]
pub(crate) struct HubLink(mpsc::Sender<ToHub>);

impl HubLink {
    /// A link to whoever holds the receiver.
    #[cfg(test)]
    pub(crate) fn pair() -> (Self, mpsc::Receiver<ToHub>) {
        let (sender, receiver) = mpsc::channel(QUEUE);
        (Self(sender), receiver)
    }

    /// Waits while the hub is busy. False when it has ended, as it does when the server ends.
    pub(crate) async fn send(&self, message: ToHub) -> bool {
        self.0.send(message).await.is_ok()
    }
}

/// Runs until every [`HubLink`] is gone.
pub(crate) fn start(rooms: Rooms, metrics: Arc<Metrics>) -> HubLink {
    let (sender, receiver) = mpsc::channel(QUEUE);
    tokio::spawn(
        Hub { rooms, metrics, outboxes: HashMap::new(), signed_in: HashMap::new(), logged: HashMap::new() }
            .run(receiver),
    );
    HubLink(sender)
}

struct Hub {
    rooms: Rooms,
    metrics: Arc<Metrics>,
    outboxes: HashMap<SocketId, Arc<Outbox>>,
    /// Who a socket was, for the line at its end.
    signed_in: HashMap<SocketId, Presence>,
    /// When each reason was logged last, and how often it was not since.
    logged: HashMap<&'static str, (Instant, u64)>,
}

struct Presence {
    peer: PeerId,
    role: Role,
    room: Room,
}

impl Hub {
    async fn run(mut self, mut receiver: mpsc::Receiver<ToHub>) {
        let mut deadline = None;
        loop {
            let message = tokio::select! {
                biased;
                message = receiver.recv() => match message {
                    Some(message) => Some(message),
                    None => return,
                },
                () = at(deadline) => None,
            };
            deadline = self.turn(message);
        }
    }

    /// One input in, all outputs out; returns the next deadline.
    fn turn(&mut self, message: Option<ToHub>) -> Option<Instant> {
        let now = now();
        match message {
            Some(ToHub::Connected { socket, address, audience, outbox }) => {
                debug!(socket = socket.0, %address, "connected");
                self.outboxes.insert(socket, outbox);
                self.rooms.handle_input(Input::Connected { socket, address, audience }, now);
            }
            Some(ToHub::Frame { socket, text }) => self.rooms.handle_input(Input::Frame { socket, text }, now),
            Some(ToHub::Closed { socket, tally }) => {
                self.outboxes.remove(&socket);
                self.rooms.handle_input(Input::Closed { socket }, now);
                self.log_end(socket, tally);
            }
            Some(ToHub::List(answer)) => drop(answer.send(self.rooms.listing(now.mono))),
            Some(ToHub::Probe(answer)) => drop(answer.send(())),
            Some(ToHub::Revocations(lists)) => self.rooms.handle_input(Input::Revocations(lists), now),
            Some(ToHub::Drain) => self.rooms.handle_input(Input::Drain, now),
            None => self.rooms.handle_input(Input::Timeout, now),
        }
        // A busy queue must not starve the deadlines, as `select!` looks at the queue first.
        self.rooms.handle_input(Input::Timeout, now);
        let deadline = self.drain(now);
        self.metrics.count(&self.rooms);
        deadline
    }

    fn drain(&mut self, now: Now) -> Option<Instant> {
        let mut slow = Vec::new();
        loop {
            match self.rooms.poll_output() {
                Output::Send { socket, text } => {
                    if self.outboxes.get(&socket).is_some_and(|outbox| outbox.push(text).is_err()) {
                        slow.push(socket);
                    }
                }
                Output::Close { socket, reason } => {
                    self.metrics.closed(reason);
                    if let Some(outbox) = self.outboxes.remove(&socket) {
                        outbox.close(reason);
                    }
                }
                Output::Note(note) => self.note(note),
                Output::Timeout(deadline) => {
                    if slow.is_empty() {
                        return deadline;
                    }
                    for socket in slow.drain(..) {
                        self.give_up(socket, now);
                    }
                }
            }
        }
    }

    /// Closes a reader that is too slow, and tells its room.
    fn give_up(&mut self, socket: SocketId, now: Now) {
        if let Some(outbox) = self.outboxes.remove(&socket) {
            outbox.abandon(CloseReason::SlowReader);
            self.metrics.closed(CloseReason::SlowReader);
            self.rooms.handle_input(Input::Closed { socket }, now);
        }
    }

    fn note(&mut self, note: Note) {
        self.metrics.note(&note);
        match note {
            Note::SignedIn { socket, peer, role, room } => {
                info!(socket = socket.0, %peer, %room, ?role, "peer signed in");
                self.signed_in.insert(socket, Presence { peer, role, room });
            }
            Note::Refused(reason) => self.log_refusal(reason),
            Note::Relayed => {}
        }
    }

    /// The access log: one line a WebSocket, at its end. One that never signed in is nobody that an admin knows.
    fn log_end(&mut self, socket: SocketId, tally: Tally) {
        let Tally { time, frames_in, frames_out, reason } = tally;
        let (socket_id, seconds) = (socket.0, time.as_secs());
        match self.signed_in.remove(&socket) {
            Some(Presence { peer, role, room }) => info!(
                target: ACCESS, socket = socket_id, %peer, %room, ?role, seconds, frames_in, frames_out, reason, "ended"
            ),
            None => debug!(target: ACCESS, socket = socket_id, seconds, frames_in, frames_out, reason, "ended"),
        }
    }

    fn log_refusal(&mut self, reason: &'static str) {
        let now = Instant::now();
        match self.logged.get_mut(reason) {
            Some((at, silent)) if now.duration_since(*at) < LOG_INTERVAL => *silent += 1,
            Some((at, silent)) => {
                warn!(reason, silent = *silent, "refused");
                (*at, *silent) = (now, 0);
            }
            None => {
                warn!(reason, silent = 0, "refused");
                self.logged.insert(reason, (now, 0));
            }
        }
    }
}

async fn at(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}

fn now() -> Now {
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    Now { mono: tokio::time::Instant::now().into_std(), wall }
}
