//! What media knows of encoders and decoders, for `kioskctl devices`.

use kiosk_media::{CodecReport, CodecState, Direction};

use crate::control::protocol::{DeviceKind, FoundDevice, FoundState};

/// Those that are installed, and those of codecs that have none.
pub(crate) fn found(reports: &[CodecReport]) -> Vec<FoundDevice> {
    let works = |report: &CodecReport| {
        let like = |other: &&CodecReport| (other.codec, other.direction) == (report.codec, report.direction);
        reports.iter().filter(like).any(|other| matches!(other.state, CodecState::Works { .. }))
    };
    let mut found: Vec<_> = reports.iter().filter_map(row).collect();
    let mut without: Vec<_> =
        reports.iter().filter(|report| !works(report)).map(|report| (report.codec, report.direction)).collect();
    without.dedup();
    found.extend(without.into_iter().map(|(codec, direction)| FoundDevice {
        kind: kind(direction),
        name: codec.encoding_name().to_owned(),
        node: String::new(),
        state: FoundState::Missing,
        why: match direction {
            Direction::Encodes => "no encoder works: install gstreamer1.0-plugins-good (vp8enc) and gstreamer1.0-plugins-ugly (x264enc)",
            Direction::Decodes => "no decoder works: install gstreamer1.0-plugins-good (vp8dec) and gstreamer1.0-libav (avdec_h264)",
        }
        .to_owned(),
    }));
    found
}

const fn kind(direction: Direction) -> DeviceKind {
    match direction {
        Direction::Encodes => DeviceKind::Encoder,
        Direction::Decodes => DeviceKind::Decoder,
    }
}

fn row(report: &CodecReport) -> Option<FoundDevice> {
    let (state, why) = match &report.state {
        CodecState::Works { is_used, per_picture, follows_bitrate } => {
            let state = if *is_used { FoundState::Used } else { FoundState::Spare };
            let made_of = if report.is_hardware { "hardware" } else { "software" };
            let note = if *follows_bitrate { "" } else { ", does not follow the bit rate" };
            (state, format!("{made_of}, {:.1} ms a picture{note}", per_picture.as_secs_f64() * 1_000.0))
        }
        CodecState::Broken(why) => (FoundState::Unusable, why.clone()),
        CodecState::NotTried => (FoundState::Spare, "not tried: a better one works".to_owned()),
        CodecState::Absent => return None,
    };
    let name = report.codec.encoding_name().to_owned();
    Some(FoundDevice { kind: kind(report.direction), name, node: report.factory.to_owned(), state, why })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use kiosk_media::VideoCodec;

    use super::*;

    #[test]
    fn a_codec_without_an_encoder_is_missing_one() {
        let report = |codec, factory, state| CodecReport {
            codec,
            direction: Direction::Encodes,
            factory,
            is_hardware: false,
            state,
        };
        let works =
            CodecState::Works { is_used: true, per_picture: Duration::from_micros(3_456), follows_bitrate: true };
        let found = found(&[
            report(VideoCodec::Vp8, "mppvp8enc", CodecState::Absent),
            report(VideoCodec::Vp8, "vp8enc", works),
            report(VideoCodec::H264, "v4l2h264enc", CodecState::Broken("gives no pictures".into())),
            report(VideoCodec::H264, "x264enc", CodecState::Absent),
        ]);
        let rows: Vec<_> = found.iter().map(|row| (row.name.as_str(), row.node.as_str(), row.state)).collect();
        let expected = [
            ("VP8", "vp8enc", FoundState::Used),
            ("H264", "v4l2h264enc", FoundState::Unusable),
            ("H264", "", FoundState::Missing),
        ];
        assert_eq!(rows, expected);
        assert_eq!(found[0].why, "software, 3.5 ms a picture");
    }
}
