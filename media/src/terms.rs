//! What a media description asks for: payload types and header extension ids.

use gstreamer_sdp as gst_sdp;

use crate::{MediaError, VideoCodec};

/// Transport-wide congestion control (draft-holmer-rmcat-transport-wide-cc-extensions-01).
pub(crate) const TWCC: &str = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";

/// Of our own offers: constrained baseline, level 3.1.
const PROFILE_LEVEL_ID: &str = "42e01f";

/// How sound is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AudioTerms {
    pub(crate) payload_type: u8,
    pub(crate) twcc: Option<u8>,
}

/// How pictures are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct VideoTerms {
    pub(crate) codec: VideoCodec,
    pub(crate) payload_type: u8,
    pub(crate) twcc: Option<u8>,
    /// H.264 only.
    pub(crate) profile_level_id: String,
}

/// How both are sent; what the peer has no section for is not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Terms {
    pub(crate) audio: Option<AudioTerms>,
    pub(crate) video: Option<VideoTerms>,
}

impl Terms {
    /// Of our own offer. Opus 111 and not the next free number: webrtcbin gives RTX of video 96 the number 97 without a look at
    /// the other sections of the bundle.
    pub(crate) fn of_offer(codec: VideoCodec) -> Self {
        Self {
            audio: Some(AudioTerms { payload_type: 111, twcc: Some(3) }),
            video: Some(VideoTerms {
                codec,
                payload_type: 96,
                twcc: Some(3),
                profile_level_id: PROFILE_LEVEL_ID.to_owned(),
            }),
        }
    }

    /// Of a remote offer. Its payload types and extension ids are taken over: webrtcbin 1.22 strips from the answer what the
    /// attached sender's caps don't repeat, and without the extension there is no congestion feedback.
    pub(crate) fn of_remote(sdp: &gst_sdp::SDPMessageRef, preferred: &[VideoCodec]) -> Result<Self, MediaError> {
        let audio = section(sdp, "audio")
            .map(|media| {
                formats(media)
                    .find(|format| format.name.eq_ignore_ascii_case("opus"))
                    .map(|format| AudioTerms { payload_type: format.payload_type, twcc: twcc_id(media) })
                    .ok_or_else(|| MediaError::Description("it has no Opus".into()))
            })
            .transpose()?;
        let video = section(sdp, "video")
            .map(|media| {
                preferred
                    .iter()
                    .find_map(|codec| video_terms(media, *codec))
                    .ok_or_else(|| MediaError::Description("it has no video codec that works here".into()))
            })
            .transpose()?;
        Ok(Self { audio, video })
    }
}

fn video_terms(media: &gst_sdp::SDPMediaRef, codec: VideoCodec) -> Option<VideoTerms> {
    let fits = |format: &Format<'_>| {
        format.name.eq_ignore_ascii_case(codec.encoding_name())
            && match codec {
                VideoCodec::Vp8 => true,
                VideoCodec::H264 => {
                    format.parameter("packetization-mode") == Some("1") && is_constrained_baseline(format)
                }
            }
    };
    let format = formats(media).find(fits)?;
    let profile = format.parameter("profile-level-id").unwrap_or(PROFILE_LEVEL_ID);
    Some(VideoTerms {
        codec,
        payload_type: format.payload_type,
        twcc: twcc_id(media),
        profile_level_id: profile.to_owned(),
    })
}

/// RFC 6184 §8.1: profile_idc 66 with constraint_set1.
fn is_constrained_baseline(format: &Format<'_>) -> bool {
    let profile = format.parameter("profile-level-id").and_then(|id| u32::from_str_radix(id, 16).ok());
    profile.is_some_and(|profile| profile >> 16 == 0x42 && profile & 0x4000 != 0)
}

/// Port 0 means rejected, but not with `a=bundle-only` (RFC 9143 §6).
fn section<'a>(sdp: &'a gst_sdp::SDPMessageRef, kind: &str) -> Option<&'a gst_sdp::SDPMediaRef> {
    let is_alive = |media: &gst_sdp::SDPMediaRef| media.port() != 0 || media.attribute_val("bundle-only").is_some();
    sdp.medias().find(|media| media.media() == Some(kind) && is_alive(media))
}

struct Format<'a> {
    payload_type: u8,
    name: &'a str,
    parameters: &'a str,
}

impl Format<'_> {
    fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters
            .split(';')
            .filter_map(|parameter| parameter.trim().split_once('='))
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }
}

/// In the peer's order of preference.
fn formats(media: &gst_sdp::SDPMediaRef) -> impl Iterator<Item = Format<'_>> {
    media.formats().filter_map(move |number| {
        let payload_type = number.parse().ok().filter(|payload_type| *payload_type < 128)?;
        let name = numbered(media, "rtpmap", number)?.split('/').next()?;
        Some(Format { payload_type, name, parameters: numbered(media, "fmtp", number).unwrap_or_default() })
    })
}

fn numbered<'a>(media: &'a gst_sdp::SDPMediaRef, key: &str, number: &str) -> Option<&'a str> {
    values(media, key).filter_map(|value| value.split_once(' ')).find(|(of, _)| *of == number).map(|(_, rest)| rest)
}

/// RFC 8285 §5: `a=extmap:3/sendrecv uri attributes`; ids of one-byte headers are 1…14.
fn twcc_id(media: &gst_sdp::SDPMediaRef) -> Option<u8> {
    values(media, "extmap")
        .filter_map(|value| value.split_once(' '))
        .find(|(_, rest)| rest.split(' ').next() == Some(TWCC))
        .and_then(|(id, _)| id.split('/').next()?.parse().ok())
        .filter(|id| (1..15).contains(id))
}

fn values<'a>(media: &'a gst_sdp::SDPMediaRef, key: &str) -> impl Iterator<Item = &'a str> {
    media.attributes().filter(move |attribute| attribute.key() == key).filter_map(|attribute| attribute.value())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFER: &str = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n\
        m=audio 9 UDP/TLS/RTP/SAVPF 63 109\r\na=rtpmap:63 red/48000/2\r\na=rtpmap:109 opus/48000/2\r\n\
        a=extmap:5/sendrecv http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n\
        m=video 9 UDP/TLS/RTP/SAVPF 120 126 97\r\na=rtpmap:120 VP8/90000\r\na=rtpmap:126 H264/90000\r\n\
        a=fmtp:126 profile-level-id=42001f;packetization-mode=1\r\na=rtpmap:97 H264/90000\r\n\
        a=fmtp:97 level-asymmetry-allowed=1; packetization-mode=1; profile-level-id=42e01f\r\n";

    fn terms(preferred: &[VideoCodec]) -> Result<Terms, MediaError> {
        gst::init().expect("GStreamer");
        let sdp = gst_sdp::SDPMessage::parse_buffer(OFFER.as_bytes()).expect("SDP");
        Terms::of_remote(&sdp, preferred)
    }
    use gstreamer as gst;

    #[test]
    fn numbers_come_from_the_offer() {
        let terms = terms(&[VideoCodec::H264, VideoCodec::Vp8]).expect("terms");
        assert_eq!(terms.audio, Some(AudioTerms { payload_type: 109, twcc: Some(5) }));
        let video = terms.video.expect("video");
        assert_eq!((video.codec, video.payload_type, video.twcc), (VideoCodec::H264, 97, None));
    }

    #[test]
    fn our_preference_decides() {
        let video = terms(&[VideoCodec::Vp8, VideoCodec::H264]).expect("terms").video.expect("video");
        assert_eq!((video.codec, video.payload_type), (VideoCodec::Vp8, 120));
        assert!(terms(&[]).is_err());
    }
}
