//! What happens between kiosks and servers: sockets, cuts, other addresses, servers that die.

use std::time::Duration;

use kiosk_call::{Input, LinkCommand, LinkEvent, Now, ServerId};

use super::{Event, PROBE_TIMEOUT, SERVERS, World, closed, server, server::ServerModel};

impl World {
    pub(super) fn link_command(&mut self, (index, server): (usize, ServerId), command: LinkCommand) {
        let socket = self.kiosks[index].sockets.get(&server).copied();
        match command {
            LinkCommand::Connect(url) => {
                assert_eq!(url, SERVERS[usize::from(server.0)]);
                self.sockets += 1;
                let socket = self.sockets;
                self.kiosks[index].sockets.insert(server, socket);
                self.owners.insert(socket, (index, server));
                if self.unlinked.contains(&index) || self.down.contains(&server) {
                    let event = closed("unreachable");
                    self.carry(socket, false, Event::Down { socket, event });
                } else {
                    self.carry(socket, false, Event::Down { socket, event: LinkEvent::Opened });
                    self.carry(socket, true, Event::Dial { socket });
                }
            }
            LinkCommand::Send(text) => {
                if let Some(socket) = socket {
                    self.carry(socket, true, Event::Up { socket, text });
                }
            }
            LinkCommand::Probe => {
                if let Some(socket) = socket {
                    self.carry(socket, false, Event::Down { socket, event: LinkEvent::Alive });
                    self.schedule(PROBE_TIMEOUT, Event::Unanswered { socket });
                }
            }
            LinkCommand::Close => {
                if let Some(socket) = self.kiosks[index].sockets.remove(&server) {
                    self.carry(socket, true, Event::HangUp { socket });
                }
            }
        }
    }

    /// What the server of a socket does about it.
    pub(super) fn at_server(
        &mut self,
        socket: u64,
        act: impl FnOnce(&mut ServerModel, Now) -> Vec<server::ServerOutput>,
    ) {
        let (now, (_, server)) = (self.clocks(), self.owners[&socket]);
        if let Some(model) = self.servers.get_mut(&server) {
            let outputs = act(model, now);
            self.server_outputs(server, outputs);
        }
    }

    pub(super) fn hang_up_socket(&mut self, socket: u64) {
        self.at_server(socket, |server, now| server.closed(socket, now));
    }

    /// Whose socket it is, and where to, if it is still the one.
    pub(super) fn owner(&self, socket: u64) -> Option<(usize, ServerId)> {
        let (kiosk, server) = *self.owners.get(&socket)?;
        (self.kiosks[kiosk].sockets.get(&server) == Some(&socket)).then_some((kiosk, server))
    }

    /// A socket dies with everything that is on its way, and its kiosk is told.
    pub(super) fn kill_socket(&mut self, (index, server): (usize, ServerId), reason: &str) {
        if let Some(socket) = self.kiosks[index].sockets.remove(&server) {
            self.dead.insert(socket);
            self.hang_up_socket(socket);
            self.input(index, Input::Link(server, closed(reason)));
        }
    }

    /// One link of a kiosk breaks; it will try again.
    pub(crate) fn kill_link(&mut self, index: usize, server: u8) {
        self.kill_socket((index, ServerId(server)), "broken");
    }

    /// From now on the network of a kiosk swallows all it is given, both ways, and nobody is told.
    pub(crate) fn cut_off(&mut self, index: usize) {
        self.cut_off.insert(index);
        self.media.cut.extend((0..self.kiosks.len()).map(|other| (index.min(other), index.max(other))));
    }

    /// All networks are well again: what TCP still holds arrives.
    pub(crate) fn heal(&mut self) {
        self.cut_off.clear();
        self.media.cut.clear();
        for event in std::mem::take(&mut self.stuck).into_values().flatten() {
            self.schedule(Duration::ZERO, event);
        }
    }

    /// A kiosk has another address: of all that it has open nothing is ever heard again, what it opens from now on works.
    pub(crate) fn change_address(&mut self, index: usize) {
        self.silent.extend(self.kiosks[index].sockets.values());
        let calls = self.media.open_calls(index);
        self.media.stale.extend(calls);
        self.input(index, Input::NetworkChanged);
    }

    /// An event whose socket's packets are lost comes when they no longer are.
    pub(super) fn gets_stuck(&mut self, event: Event) -> Option<Event> {
        let (Event::Dial { socket, .. }
        | Event::Up { socket, .. }
        | Event::HangUp { socket }
        | Event::Down { socket, .. }) = event
        else {
            return Some(event);
        };
        let is_cut_off = self.owners.get(&socket).is_some_and(|(owner, _)| self.cut_off.contains(owner));
        if !is_cut_off && !self.silent.contains(&socket) {
            return Some(event);
        }
        self.stuck.entry(socket).or_default().push(event);
        None
    }

    /// The cable of one kiosk is pulled: its socket dies and no new one opens.
    pub(crate) fn unlink(&mut self, index: usize) {
        self.unlinked.insert(index);
        for server in self.servers.keys().copied().collect::<Vec<_>>() {
            self.kill_socket((index, server), "cable pulled");
        }
    }

    /// Every socket of a server dies, and it forgets everything.
    pub(crate) fn restart_server(&mut self, server: u8) {
        let server = ServerId(server);
        if let Some(model) = self.servers.get_mut(&server) {
            model.restart();
        }
        for index in 0..self.kiosks.len() {
            self.kill_socket((index, server), "server gone");
        }
    }

    /// A server dies, and nobody starts it.
    pub(crate) fn stop_server(&mut self, server: u8) {
        self.down.insert(ServerId(server));
        self.restart_server(server);
    }

    /// All servers run.
    pub(crate) fn start_servers(&mut self) {
        self.down.clear();
    }

    pub(super) fn server_outputs(&mut self, server: ServerId, outputs: Vec<server::ServerOutput>) {
        for output in outputs {
            match output {
                server::ServerOutput::Send { socket, text } => self.deliver(socket, text),
                server::ServerOutput::Close { socket, reason } => {
                    let event = closed(&reason);
                    self.carry(socket, false, Event::Down { socket, event });
                }
            }
        }
        if let Some(at) = self.servers.get_mut(&server).and_then(ServerModel::deadline) {
            self.schedule_at(at.max(self.now + Duration::from_millis(1)), Event::ServerDeadline { server });
        }
    }

    /// A hostile server loses, repeats and reorders what peers say to each other.
    pub(super) fn deliver(&mut self, socket: u64, text: String) {
        let relayed = text.starts_with(r#"{"t":"msg""#);
        let event = |text| Event::Down { socket, event: LinkEvent::Frame(text) };
        if relayed && self.chance(self.weather.loss) {
            return;
        }
        if relayed && self.chance(self.weather.duplication) {
            self.carry(socket, false, event(text.clone()));
        }
        if relayed && self.chance(self.weather.reordering) {
            let late = Duration::from_millis(100 + self.below(3_000));
            self.schedule(late, event(text));
        } else {
            self.carry(socket, false, event(text));
        }
    }
}
