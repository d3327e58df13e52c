//! What media is told at start: plain data, so that this crate and the device crate stay strangers.

use std::{path::PathBuf, time::Duration};

/// Everything [`Media::start`](crate::Media::start) needs to know.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Where pictures come from.
    pub camera: CameraSource,
    /// Where pictures of documents come from; None: there is no such camera.
    pub document: Option<CameraSource>,
    /// Where sound comes from.
    pub microphone: MicrophoneSource,
    /// Where the peers' sound goes.
    pub loudspeaker: Loudspeaker,
    /// How pictures are captured and encoded.
    pub video: VideoSettings,
    /// What happens to sound that a card captures.
    pub sound: SoundSettings,
    /// A file that keeps what was found out about encoders over restarts; None: they are tried at each start.
    pub encoder_cache: Option<PathBuf>,
}

/// Where pictures come from. A source that fails is replaced by a placeholder and tried again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CameraSource {
    /// A moving test picture that carries a time stamp, see [`Picture::age`](crate::Picture::age).
    Test {
        /// What it shows.
        pattern: TestPattern,
    },
    /// A media file, played for ever.
    File(PathBuf),
    /// A V4L2 capture device.
    V4l2 {
        /// Such as `/dev/video0`, or a link to it.
        path: PathBuf,
        /// What to ask it for; None: what it offers is looked at when it is opened.
        mode: Option<CameraMode>,
    },
    /// A camera behind an image signal processor, through libcamera's element: see [`has_libcamera`](crate::has_libcamera).
    Libcamera {
        /// libcamera's id of it; None: its first one.
        name: Option<String>,
    },
    /// No camera is fitted: the peers see a dark picture.
    #[default]
    None,
}

/// What a V4L2 camera is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CameraMode {
    /// Pixel format (Documentation/userspace-api/media/v4l/pixfmt.rst), such as `YUYV`.
    pub fourcc: [u8; 4],
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Frames a second as a fraction; None: the driver's choice.
    pub framerate: Option<(u32, u32)>,
}

/// What the test camera shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestPattern {
    /// A white ball moving over a plain colour, `0xRRGGBB`: the colour identifies the sender.
    Ball {
        /// The colour, `0xRRGGBB`.
        background: u32,
    },
    /// A moving zone plate: hard to encode, for measurements.
    ZonePlate,
}

/// Where sound comes from. A source that fails is replaced by silence and tried again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum MicrophoneSource {
    /// A sine tone.
    Test {
        /// Its frequency in hertz, 20…20,000.
        frequency_hz: u32,
    },
    /// A media file, played for ever.
    File(PathBuf),
    /// An ALSA PCM, such as `default` or `hw:1,0`.
    Alsa(String),
    /// There should be one, and none was found: told as missing, the peers hear silence.
    Missing,
    /// No microphone is fitted: the peers hear silence.
    #[default]
    None,
}

/// Where the peers' sound goes. A card that fails is replaced by nothing and tried again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Loudspeaker {
    /// An ALSA PCM, such as `default` or `hw:1,0`.
    Alsa(String),
    /// A WAV file (48 kHz, mono, 16 bit), overwritten at start, valid at any moment. For tests and simulation.
    File(PathBuf),
    /// There should be one, and none was found: told as missing.
    Missing,
    /// No loudspeaker is fitted.
    #[default]
    Discard,
}

/// What happens to sound that a card captures, before it is encoded. Files and test tones are left as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SoundSettings {
    /// What the loudspeaker plays is taken out of what the microphone hears.
    pub echo_cancellation: bool,
    /// Steady noise is taken out.
    pub noise_suppression: bool,
    /// Quiet voices are made louder.
    pub gain_control: bool,
    /// Delay from loudspeaker to microphone beyond what the devices tell, up to 500 ms. The canceller finds up to about 400 ms by itself.
    pub echo_delay: Duration,
}

impl Default for SoundSettings {
    fn default() -> Self {
        Self { echo_cancellation: true, noise_suppression: true, gain_control: true, echo_delay: Duration::ZERO }
    }
}

/// How pictures are captured and encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VideoSettings {
    /// Pixels, even.
    pub width: u32,
    /// Pixels, even.
    pub height: u32,
    /// Pictures a second, 9…60 (the Pi's encoder hangs below 9, raspberrypi/linux #4739).
    pub framerate: u32,
    /// Target of the encoder in bits a second.
    pub bitrate_bps: u32,
    /// Codecs in order of preference: the first that can be encoded here is offered; of a remote offer the first of these
    /// that it has is answered.
    pub codec: Vec<VideoCodec>,
}

impl Default for VideoSettings {
    fn default() -> Self {
        Self {
            width: 640,
            height: 480,
            framerate: 30,
            bitrate_bps: 1_000_000,
            codec: vec![VideoCodec::Vp8, VideoCodec::H264],
        }
    }
}

/// A video codec of docs/protocol.md §7.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum VideoCodec {
    /// VP8, RFC 7741.
    Vp8,
    /// H.264 constrained baseline, packetization mode 1, RFC 6184.
    H264,
}

impl VideoCodec {
    /// As in `a=rtpmap`.
    #[must_use]
    pub const fn encoding_name(self) -> &'static str {
        match self {
            Self::Vp8 => "VP8",
            Self::H264 => "H264",
        }
    }
}
