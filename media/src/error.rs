//! What can go wrong, as sentences for people.

use gstreamer as gst;

/// Why media cannot start, or a part of it cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    /// GStreamer itself did not start.
    #[error("GStreamer does not start: {0}. Reinstall libgstreamer1.0-0.")]
    Initialise(#[source] gst::glib::Error),
    /// The media thread could not be started.
    #[error("the media thread does not start: {0}")]
    Thread(#[source] std::io::Error),
    /// A plugin is not installed, or refuses to work here.
    #[error(
        "the GStreamer element `{0}` is missing. Install gstreamer1.0-plugins-base, -good, -bad, -ugly, gstreamer1.0-nice and gstreamer1.0-libav."
    )]
    Element(String),
    /// No encoder of any configured codec works.
    #[error("no video encoder works here (tried {0}). Install gstreamer1.0-plugins-good (vp8enc) or -ugly (x264enc).")]
    NoEncoder(String),
    /// Elements that should fit together do not.
    #[error("the media pipeline cannot be built: {0}")]
    Build(String),
    /// A description of the peer cannot be used.
    #[error("the peer's description cannot be used: {0}")]
    Description(String),
}

impl From<gst::glib::BoolError> for MediaError {
    fn from(error: gst::glib::BoolError) -> Self {
        Self::Build(error.message.into_owned())
    }
}

impl From<gst::StateChangeError> for MediaError {
    fn from(error: gst::StateChangeError) -> Self {
        Self::Build(error.to_string())
    }
}

impl From<gst::PadLinkError> for MediaError {
    fn from(error: gst::PadLinkError) -> Self {
        Self::Build(error.to_string())
    }
}
