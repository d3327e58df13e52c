//! The real room logic of the server, between simulated sockets.

use std::net::{IpAddr, Ipv4Addr};

use kiosk_call::Now;
use kiosk_server::rooms::{self, Input, Output, Rooms, Settings, SocketId};

/// What the server does to a socket.
pub(crate) enum ServerOutput {
    Send { socket: u64, text: String },
    Close { socket: u64, reason: String },
}

pub(crate) struct ServerModel {
    rooms: Rooms,
    seed: [u8; 32],
    deadline: Option<std::time::Instant>,
}

fn clocks(now: Now) -> rooms::Now {
    rooms::Now { mono: now.mono, wall: now.wall.0 / 1_000 }
}

impl ServerModel {
    pub(crate) fn new(seed: [u8; 32]) -> Self {
        Self { rooms: Rooms::new(Settings::default(), seed), seed, deadline: None }
    }

    pub(crate) fn restart(&mut self) {
        self.seed[30] = self.seed[30].wrapping_add(1);
        *self = Self::new(self.seed);
    }

    pub(crate) fn connected(&mut self, socket: u64, audience: &str, now: Now) -> Vec<ServerOutput> {
        let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
        self.turn(Input::Connected { socket: SocketId(socket), address, audience: audience.to_owned() }, now)
    }

    pub(crate) fn frame(&mut self, socket: u64, text: &str, now: Now) -> Vec<ServerOutput> {
        self.turn(Input::Frame { socket: SocketId(socket), text: text.to_owned() }, now)
    }

    pub(crate) fn closed(&mut self, socket: u64, now: Now) -> Vec<ServerOutput> {
        self.turn(Input::Closed { socket: SocketId(socket) }, now)
    }

    pub(crate) fn timeout(&mut self, now: Now) -> Vec<ServerOutput> {
        self.turn(Input::Timeout, now)
    }

    /// When the server wants to be woken, if that is news.
    pub(crate) const fn deadline(&mut self) -> Option<std::time::Instant> {
        self.deadline.take()
    }

    fn turn(&mut self, input: Input, now: Now) -> Vec<ServerOutput> {
        self.rooms.handle_input(input, clocks(now));
        let mut outputs = Vec::new();
        loop {
            match self.rooms.poll_output() {
                Output::Send { socket, text } => {
                    outputs.push(ServerOutput::Send { socket: socket.0, text: text.to_string() });
                }
                Output::Close { socket, reason } => {
                    outputs.push(ServerOutput::Close { socket: socket.0, reason: reason.text().to_owned() });
                }
                Output::Note(_) => {}
                Output::Timeout(deadline) => {
                    self.deadline = deadline;
                    return outputs;
                }
            }
        }
    }
}
