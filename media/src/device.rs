//! Capture and sound devices: opening one by itself, and saying what is wrong with it.

use std::time::Duration;

use gstreamer::{self as gst, prelude::*};

/// How long after a failure a device is tried again.
pub(crate) const RETRY: Duration = Duration::from_secs(2);

/// What a device is called in sentences.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Camera,
    Microphone,
    Loudspeaker,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Camera => "camera",
            Self::Microphone => "microphone",
            Self::Loudspeaker => "loudspeaker",
        }
    }

    /// The group that may open it, on Debian.
    const fn group(self) -> &'static str {
        match self {
            Self::Camera => "video",
            Self::Microphone | Self::Loudspeaker => "audio",
        }
    }
}

/// A sentence that names the device and says what to do.
pub(crate) fn sentence(kind: Kind, device: &str, error: &gst::glib::Error) -> String {
    let name = kind.name();
    let opening = [gst::ResourceError::OpenRead, gst::ResourceError::OpenWrite, gst::ResourceError::OpenReadWrite];
    match error.kind::<gst::ResourceError>() {
        Some(gst::ResourceError::Busy) => {
            format!("The {name} {device} is in use by another program. End that program.")
        }
        Some(gst::ResourceError::NotFound) => {
            format!("The {name} {device} is not there. Plug it in, or name another one in the configuration.")
        }
        Some(error_kind) if opening.contains(&error_kind) => format!(
            "The {name} {device} cannot be opened ({}). Check that it is plugged in and that kioskd is in the group {}.",
            error.message(),
            kind.group()
        ),
        _ => format!("The {name} {device} has failed ({}). Unplug it and plug it in again.", error.message()),
    }
}

/// The sentence for a device that is open and moves nothing.
pub(crate) fn stalled(kind: Kind, device: &str) -> String {
    format!("The {} {device} stands still. Unplug it and plug it in again.", kind.name())
}

/// Opens the device by itself (NULL to READY) and leaves it open; on failure it is closed and the error is told.
pub(crate) fn open_alone(element: &gst::Element) -> Result<(), gst::glib::Error> {
    let bus = gst::Bus::new();
    element.set_bus(Some(&bus));
    let opened = element.set_state(gst::State::Ready);
    let error = bus.pop_filtered(&[gst::MessageType::Error]);
    element.set_bus(None);
    if opened.is_ok() {
        return Ok(());
    }
    // It did not even come up: nothing to wait for.
    let _ = element.set_state(gst::State::Null);
    Err(error
        .and_then(|message| {
            let gst::MessageView::Error(error) = message.view() else { return None };
            Some(error.error())
        })
        .unwrap_or_else(|| gst::glib::Error::new(gst::ResourceError::Failed, "it does not say why")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_trouble_has_its_own_sentence() {
        let said = |kind| sentence(Kind::Camera, "/dev/video0", &gst::glib::Error::new(kind, "no"));
        assert!(said(gst::ResourceError::Busy).contains("in use"));
        assert!(said(gst::ResourceError::NotFound).contains("not there"));
        assert!(said(gst::ResourceError::OpenReadWrite).contains("group video"));
        assert!(said(gst::ResourceError::Read).contains("failed"));
    }

    #[test]
    fn a_device_that_is_not_there_is_told() {
        gst::init().expect("GStreamer");
        let camera = gst::ElementFactory::make("v4l2src").property("device", "/dev/video99").build().expect("v4l2src");
        let error = open_alone(&camera).expect_err("no such device");
        assert!(sentence(Kind::Camera, "/dev/video99", &error).contains("not there"), "{error}");
    }
}
