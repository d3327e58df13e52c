//! The signaling server of KSP/1 (`docs/protocol.md`): rooms, the WebSocket, TURN credentials, metrics, and the operator's page.
//!
//! [`rooms`] is the logic, without sockets, clock or randomness; [`Server`] runs it. Operations: `docs/server.md`.
#![forbid(unsafe_code)]

mod admin;
mod audience;
mod error;
mod http;
mod hub;
mod ice;
mod metrics;
mod outbox;
mod page;
mod revocations;
pub mod rooms;
mod server;
mod socket;
mod tls;

pub use admin::AdminToken;
pub use audience::{Origin, SIGNALING_PATH};
pub use error::ServerError;
pub use ice::{CREDENTIAL_LIFE, Ice};
pub use server::{Config, Server, read_turn_secret};
pub use socket::web_socket_limits;
pub use tls::Tls;
