//! Telling what self-healing does: a line for the admin, an event for whoever counts.

use kiosk_call::{MediaEvent, Rung};

use crate::queue::OnEvent;

/// This rung was taken, as `reason` stood still. [`Rung::Restart`] is only asked for.
pub(crate) fn tell(events: &OnEvent, rung: Rung, reason: String) {
    match rung {
        Rung::Branch => tracing::warn!(name: "healing-branch", %reason, "built anew"),
        Rung::Device => tracing::warn!(name: "healing-device", %reason, "opened anew"),
        Rung::Connection => tracing::warn!(name: "healing-connection", %reason, "another peer connection is wanted"),
        // Whoever does it says so.
        Rung::Restart | Rung::Reboot => tracing::debug!(%reason, ?rung, "nothing here helps any more"),
    }
    events(MediaEvent::Healing { rung, reason });
}
