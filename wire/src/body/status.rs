//! How a kiosk is.

use serde::{Deserialize, Serialize};

use crate::Refusal;

/// What a kiosk is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KioskState {
    /// Nothing.
    Idle,
    /// It calls somebody.
    RingingOut,
    /// Somebody calls it.
    RingingIn,
    /// A call is being connected.
    Connecting,
    /// It is in a call.
    InCall,
}

/// What is wrong with a kiosk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// No camera.
    Camera,
    /// No sound card.
    Sound,
    /// No screen.
    Panel,
}

/// How a kiosk is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KioskStatus {
    /// What it is doing.
    pub state: KioskState,
    /// What is wrong, each once.
    pub faults: Vec<Fault>,
    /// Lines of chat that nobody there has read.
    pub unread: u32,
}

impl KioskStatus {
    pub(super) fn checked(self) -> Result<Self, Refusal> {
        let rising = self.faults.iter().zip(self.faults.iter().skip(1)).all(|(one, next)| one < next);
        if rising { Ok(self) } else { Err(Refusal::BodyLimit) }
    }
}
