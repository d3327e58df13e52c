//! The kiosk daemon: the loop and everything that it is connected to.
#![forbid(unsafe_code)]

mod answers;
mod assemble;
mod buttons;
pub mod config;
pub mod control;
pub mod devices;
pub mod doctor;
mod journal;
pub mod link;
pub mod paint;
pub mod panel;
mod run;
pub mod sim_page;
mod start;
pub mod store;
mod watchdog;

pub use assemble::{Assembled, assemble};
pub use run::MediaPort;
pub use start::{Daemon, LinkPlayer, MediaEvents, StartError, Surroundings, media_events, views};
pub use watchdog::{Pulse, Watchdog};
