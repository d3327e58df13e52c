//! Descriptions: one that keeps the policy has the fingerprint that every line of it says, and nothing that the policy forbids.
#![no_main]

use kiosk_wire::{Description, Fingerprint, SdpType};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|sdp: &str| {
    for kind in [SdpType::Offer, SdpType::Answer] {
        let Ok(description) = Description::new(sdp.to_owned(), kind) else { continue };
        let mut said = 0;
        for line in sdp.lines() {
            // RFC 8122 §5: names of hash functions know no case.
            if let Some((algorithm, digest)) =
                line.strip_prefix("a=fingerprint:").and_then(|value| value.split_once(' '))
            {
                match algorithm.to_ascii_lowercase().as_str() {
                    "sha-256" => {
                        assert_eq!(Fingerprint::from_sdp(digest), Some(description.fingerprint()), "{line}");
                        said += 1;
                    }
                    other => assert!(["sha-384", "sha-512"].contains(&other), "{line}"),
                }
            }
            let allowed = ["UDP/TLS/RTP/SAVPF", "UDP/DTLS/SCTP"];
            let protocol = line.strip_prefix("m=").and_then(|line| line.split(' ').nth(2));
            assert!(protocol.is_none_or(|protocol| allowed.contains(&protocol)), "{line}");
            assert!(!line.starts_with("a=crypto:") && !line.starts_with("k="), "{line}");
        }
        assert!(said > 0);
        let other = Fingerprint([!description.fingerprint().0[0]; 32]);
        assert!(Description::declared(sdp.to_owned(), other, kind).is_err());
    }
});
