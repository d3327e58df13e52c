//! The control socket: who may use it, and varlink over it. What is asked is answered by the loop ([`crate::run`]).

pub mod client;
pub mod protocol;
mod server;
mod service;

pub use server::{ControlError, ControlSocket, DeviceList, Request, Screenshots, Sights};

/// Where the control socket is unless the config says otherwise.
pub const DEFAULT_SOCKET: &str = "/run/kioskd/control";
