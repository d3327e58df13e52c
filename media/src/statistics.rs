//! From webrtcbin's get-stats to the W3C names.

use std::time::Duration;

use gstreamer as gst;
use gstreamer_webrtc as gst_webrtc;
use kiosk_call::Statistics;

/// Sums up what get-stats answered. What GStreamer does not know stays as it is.
#[expect(clippy::wildcard_enum_match_arm, reason = "GStreamer's own list, which grows")]
pub(crate) fn collect(answer: &gst::StructureRef, into: &mut Statistics) {
    let mut sums = Statistics::default();
    for (_, value) in answer.iter() {
        let Ok(report) = value.get::<gst::Structure>() else { continue };
        let Ok(kind) = report.get::<gst_webrtc::WebRTCStatsType>("type") else { continue };
        match kind {
            gst_webrtc::WebRTCStatsType::InboundRtp => {
                sums.packets_received += unsigned(&report, "packets-received");
                sums.bytes_received += unsigned(&report, "bytes-received");
                sums.packets_lost += signed(&report, "packets-lost");
                // 90 kHz is video's clock; webrtcbin names no kind. Of the two the video's is wanted.
                if unsigned(&report, "clock-rate") != 48_000 {
                    sums.jitter = seconds(&report, "jitter").unwrap_or_default();
                }
            }
            gst_webrtc::WebRTCStatsType::OutboundRtp => {
                sums.packets_sent += unsigned(&report, "packets-sent");
                sums.bytes_sent += unsigned(&report, "bytes-sent");
            }
            gst_webrtc::WebRTCStatsType::RemoteInboundRtp => {
                let time = seconds(&report, "round-trip-time").filter(|time| !time.is_zero());
                sums.round_trip_time = sums.round_trip_time.max(time);
            }
            _ => {}
        }
    }
    into.packets_received = sums.packets_received;
    into.bytes_received = sums.bytes_received;
    into.packets_lost = sums.packets_lost;
    into.packets_sent = sums.packets_sent;
    into.bytes_sent = sums.bytes_sent;
    into.jitter = sums.jitter;
    into.round_trip_time = sums.round_trip_time.or(into.round_trip_time);
}

/// The numbers' widths differ from version to version.
fn signed(report: &gst::StructureRef, field: &str) -> i64 {
    report
        .get::<i64>(field)
        .or_else(|_| report.get::<i32>(field).map(i64::from))
        .or_else(|_| report.get::<u32>(field).map(i64::from))
        .or_else(|_| report.get::<u64>(field).map(|value| i64::try_from(value).unwrap_or(i64::MAX)))
        .unwrap_or_default()
}

fn unsigned(report: &gst::StructureRef, field: &str) -> u64 {
    u64::try_from(signed(report, field)).unwrap_or_default()
}

fn seconds(report: &gst::StructureRef, field: &str) -> Option<Duration> {
    Duration::try_from_secs_f64(report.get::<f64>(field).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_are_summed_whatever_their_width() {
        gst::init().expect("GStreamer");
        let inbound = |lost: i32, packets: u64, jitter: f64| {
            gst::Structure::builder("inbound")
                .field("type", gst_webrtc::WebRTCStatsType::InboundRtp)
                .field("packets-received", packets)
                .field("packets-lost", lost)
                .field("jitter", jitter)
                .build()
        };
        let remote = gst::Structure::builder("remote")
            .field("type", gst_webrtc::WebRTCStatsType::RemoteInboundRtp)
            .field("round-trip-time", 0.05)
            .build();
        let answer = gst::Structure::builder("stats")
            .field("a", inbound(2, 10, 0.001))
            .field("b", inbound(-1, 5, 0.001))
            .field("c", remote)
            .build();
        let mut statistics = Statistics { frames_decoded: 7, ..Statistics::default() };
        collect(&answer, &mut statistics);
        assert_eq!((statistics.packets_received, statistics.packets_lost, statistics.frames_decoded), (15, 1, 7));
        assert_eq!(statistics.round_trip_time, Some(Duration::from_millis(50)));
    }
}
