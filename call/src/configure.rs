//! Another config while the kiosk runs.

use std::mem;

use kiosk_wire::{Name, Room};

use crate::{
    Config, Kiosk,
    link::{Presence, State},
    port::{Decided, Output},
    timers::Timer,
    view::LinkTrouble,
    volume::Volume,
};

/// What the kiosk calls itself, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Whereabouts {
    name: Name,
    room: Room,
    servers: Vec<String>,
}

impl Kiosk {
    /// Takes what was decided. Name, room and servers are those of the session: they wait until no call needs it.
    pub(crate) fn configure(&mut self, decided: Decided) {
        let Decided { config, pins, volume } = decided;
        let Config {
            name,
            room,
            servers,
            target,
            unknown,
            operator_keys,
            quick_replies,
            allow_restart,
            is_last_good,
            retention: _,
            document_camera: _,
        } = config;
        self.target = target;
        self.trust.configure(pins, operator_keys, unknown);
        self.chat.set_replies(quick_replies);
        self.allow_restart = allow_restart;
        self.is_last_good = is_last_good;
        if let Some(percent) = volume.filter(|percent| *percent != self.volume.percent() && self.volume.is_kept()) {
            self.volume = Volume::new(percent);
            self.output(Output::Volume(self.volume.percent()));
        }
        let wanted = Whereabouts { name, room, servers };
        self.next_presence = (wanted != self.whereabouts()).then_some(wanted);
    }

    fn whereabouts(&self) -> Whereabouts {
        let Presence { name, room, .. } = &self.links.presence;
        let servers = self.links.each().map(|(_, link)| link.server.clone()).collect();
        Whereabouts { name: name.clone(), room: room.clone(), servers }
    }

    /// Signs in anew under another name, in another room or elsewhere, once there is no call.
    pub(crate) fn change_presence(&mut self) {
        if self.call.is_some() || self.stopped {
            return;
        }
        let Some(Whereabouts { name, room, servers }) = mem::take(&mut self.next_presence) else { return };
        for server in self.links.ids() {
            if self.links.link(server).is_some_and(|link| !matches!(link.state, State::Down { .. })) {
                self.drop_link(server, LinkTrouble::NoServer, "the config has changed");
            }
            self.timers.stop(Timer::Link(server));
        }
        self.links.change(name, room, servers);
        for server in self.links.ids() {
            self.timers.set(Timer::Link(server), self.now.mono);
        }
    }
}
