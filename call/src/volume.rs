//! The loudspeaker's volume: buttons step it, commands set it, the store keeps it.

use std::time::Duration;

use crate::{
    Kiosk,
    port::{Button, Edge, Output, Record},
    timers::Timer,
    view::View,
};

/// From a press to the first repetition, and from one to the next.
const FIRST_REPEAT: Duration = Duration::from_millis(500);
const REPEAT: Duration = Duration::from_millis(200);

/// Percent, and which way it is going.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Volume {
    percent: u8,
    /// What the store has.
    kept: u8,
    held: Option<Button>,
}

impl Volume {
    /// A step of a button, in percent.
    const STEP: u8 = 5;
    const FULL: u8 = 100;

    pub(crate) fn new(percent: u8) -> Self {
        let percent = percent.min(Self::FULL);
        Self { percent, kept: percent, held: None }
    }

    pub(crate) const fn percent(self) -> u8 {
        self.percent
    }

    /// The store has it: nobody sets it this very moment.
    pub(crate) const fn is_kept(self) -> bool {
        self.percent == self.kept
    }

    fn step(self, button: Button) -> u8 {
        if button == Button::VolumeUp {
            (self.percent + Self::STEP).min(Self::FULL)
        } else {
            self.percent.saturating_sub(Self::STEP)
        }
    }
}

impl Kiosk {
    pub(crate) fn volume_button(&mut self, button: Button, edge: Edge) {
        match edge {
            Edge::Down => {
                self.volume.held = Some(button);
                self.set_volume(self.volume.step(button));
                self.timers.set(Timer::VolumeStep, self.after(FIRST_REPEAT));
            }
            Edge::Up if self.volume.held == Some(button) => {
                self.volume.held = None;
                self.timers.stop(Timer::VolumeStep);
            }
            Edge::Up => {}
        }
    }

    pub(crate) fn volume_still_held(&mut self) {
        if let Some(button) = self.volume.held {
            self.set_volume(self.volume.step(button));
            self.timers.set(Timer::VolumeStep, self.after(REPEAT));
        }
    }

    pub(crate) fn set_volume(&mut self, percent: u8) {
        self.volume.percent = percent.min(Volume::FULL);
        self.timers.set(Timer::VolumeShown, self.after(View::VOLUME_SHOWN));
        self.output(Output::Volume(self.volume.percent));
    }

    /// Whoever commands it is told that it is done: then it is kept. A finger on a button steps on, and is waited for.
    pub(crate) fn volume_command(&mut self, percent: u8) {
        self.set_volume(percent);
        self.keep_volume();
    }

    /// Nobody sets it this very moment: it is worth a write to the disk.
    pub(crate) fn keep_volume(&mut self) {
        if self.volume.kept != self.volume.percent {
            self.volume.kept = self.volume.percent;
            self.output(Output::Store(Record::Volume(self.volume.percent)));
        }
    }
}
