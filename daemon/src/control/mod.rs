//! The control socket: who may use it, and varlink over it. What is asked is answered by the loop ([`crate::run`]).

pub mod client;
mod events;
mod files;
pub mod protocol;
mod server;
mod service;
mod status;
mod streams;

pub(crate) use events::{EventName, EventReply, Events};
pub(crate) use files::exported;
pub use server::{ControlError, ControlSocket, DeviceList, Request, Screenshots, Sights};
pub use service::{Asked, understand};

/// Where the control socket is unless the config says otherwise.
pub const DEFAULT_SOCKET: &str = "/run/kioskd/control";
