//! The certificates of the DTLS handshake. webrtcbin 1.22 (and 1.26) never compares the peer's certificate with the
//! fingerprint in its description, so media tells the core what it saw, and the gates stay shut until the core is content.

use gstreamer::{self as gst, prelude::*};
use gstreamer_webrtc as gst_webrtc;
use kiosk_call::Fingerprint;

/// Both certificates of a peer connection: the same on every transport, else an error.
pub(crate) fn fingerprints(webrtc: &gst::Element) -> Result<(Fingerprint, Fingerprint), String> {
    let transports = transports(webrtc);
    let mut seen = transports.iter().map(|transport| {
        let local = of_pem(transport.certificate().as_deref())?;
        let remote = of_pem(transport.remote_certificate().as_deref())?;
        Ok::<_, String>((local, remote))
    });
    let first = seen.next().ok_or_else(|| "the peer connection has no DTLS transport".to_owned())??;
    for other in seen {
        if other? != first {
            return Err("the transports of the peer connection show different certificates".into());
        }
    }
    Ok(first)
}

/// Every DTLS transport, those of a bundle several times over.
fn transports(webrtc: &gst::Element) -> Vec<gst_webrtc::WebRTCDTLSTransport> {
    let mut transports = Vec::new();
    let transceiver =
        |index: i32| webrtc.emit_by_name::<Option<gst_webrtc::WebRTCRTPTransceiver>>("get-transceiver", &[&index]);
    for transceiver in (0..).map_while(transceiver) {
        transports.extend(transceiver.receiver().and_then(|receiver| receiver.transport()));
        transports.extend(transceiver.sender().and_then(|sender| sender.transport()));
    }
    let sctp = webrtc.property::<Option<gst_webrtc::WebRTCSCTPTransport>>("sctp-transport");
    transports.extend(sctp.and_then(|sctp| sctp.transport()));
    transports
}

fn of_pem(text: Option<&str>) -> Result<Fingerprint, String> {
    let block = pem::parse(text.unwrap_or_default()).map_err(|_| "a transport shows no certificate".to_owned())?;
    if block.tag() != "CERTIFICATE" {
        return Err("a transport shows something else than a certificate".into());
    }
    Ok(Fingerprint::of_der(block.contents()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_certificate_is_an_error() {
        for text in [None, Some(""), Some("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")] {
            assert!(of_pem(text).is_err(), "{text:?}");
        }
        let text = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert_eq!(of_pem(Some(text)), Ok(Fingerprint::of_der(&[0; 3])));
    }
}
