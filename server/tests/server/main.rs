//! Tests of the server: the rooms in virtual time, and the real server on loopback sockets.

mod admin;
mod client;
mod memory;
mod pages;
mod peer;
mod program;
mod rooms;
mod signaling;
mod tls;
