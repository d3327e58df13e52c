//! What tests that cross crates share: a room of real kiosks at a real server, and what a hostile server can do to them.
#![forbid(unsafe_code)]
#![expect(missing_debug_implementations, reason = "a failing test prints what it saw, not what made it")]

pub mod attacks;
pub mod ether;
pub mod forge;
pub mod kiosk;
pub mod proxy;
pub mod room;
pub mod sight;
pub mod studio;
