//! The kiosk daemon: the loop and everything that it is connected to.
#![forbid(unsafe_code)]

mod answers;
mod assemble;
pub mod authority;
mod board;
mod buttons;
pub mod config;
pub mod control;
pub mod crashes;
pub mod devices;
pub mod doctor;
pub mod files;
mod healing;
pub mod history;
#[cfg(test)]
mod isolated;
mod journal;
pub mod journald;
pub mod link;
pub mod manual;
mod metrics;
mod network;
mod outbox;
pub mod paint;
pub mod panel;
pub mod provision;
pub mod redact;
pub mod reload;
pub mod reports;
mod run;
pub mod selftest;
pub mod sim_page;
mod start;
pub mod store;
pub mod trial;
mod watchdog;

pub use assemble::{Assembled, assemble};
pub use run::{FilePort, MediaPort};
pub use start::{Daemon, LinkPlayer, MediaEvents, StartError, Surroundings, media_events, views};
pub use watchdog::{Pulse, Watchdog};
