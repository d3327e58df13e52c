//! The SDP policy: what a description must and must not say before anything else reads it (docs/protocol.md §7).
//!
//! A scan of lines, not a parser of meaning, on purpose: every line that any SDP parser could take for a fingerprint, a key or a
//! credential is looked at, wherever it stands.

use crate::{Fingerprint, Refusal};

/// Largest description, bytes.
pub const LARGEST_SDP: usize = 32 * 1024;
/// Most media sections.
const MOST_SECTIONS: usize = 16;

/// Which half of an exchange a description is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SdpType {
    /// RFC 3264 offer.
    Offer,
    /// RFC 3264 answer.
    Answer,
}

/// A description that keeps the policy, with the one fingerprint that all its sections share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    sdp: String,
    fingerprint: Fingerprint,
}

impl Description {
    /// Checks a description that carries its own fingerprint, as ours do.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn new(sdp: String, kind: SdpType) -> Result<Self, Refusal> {
        let fingerprint = Scan::of(&sdp, kind)?;
        Ok(Self { sdp, fingerprint })
    }

    /// Checks a peer's description against the fingerprint that its message declares.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn declared(sdp: String, fingerprint: Fingerprint, kind: SdpType) -> Result<Self, Refusal> {
        let description = Self::new(sdp, kind)?;
        if description.fingerprint != fingerprint {
            return Err(Refusal::SdpFingerprintMismatch);
        }
        Ok(description)
    }

    /// The text.
    #[must_use]
    pub fn sdp(&self) -> &str {
        &self.sdp
    }

    /// SHA-256 of the certificate that its sender will show in the DTLS handshake.
    #[must_use]
    pub const fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }
}

#[derive(Default)]
struct Section<'a> {
    /// Port 0: rejected, or without a transport of its own (`bundle_only`, RFC 9143 §6).
    rejected: bool,
    bundle_only: bool,
    mid: Option<&'a str>,
    fingerprint: bool,
    ice: bool,
    setup: bool,
}

/// What the scan has seen so far. `sections[0]` is the session level.
struct Scan<'a> {
    kind: SdpType,
    sections: Vec<Section<'a>>,
    bundle: Option<Vec<&'a str>>,
    fingerprint: Option<Fingerprint>,
    ufrag: Option<&'a str>,
    pwd: Option<&'a str>,
}

impl<'a> Scan<'a> {
    fn of(sdp: &'a str, kind: SdpType) -> Result<Fingerprint, Refusal> {
        if sdp.len() > LARGEST_SDP {
            return Err(Refusal::SdpSize);
        }
        let mut scan =
            Self { kind, sections: vec![Section::default()], bundle: None, fingerprint: None, ufrag: None, pwd: None };
        let mut lines = sdp.strip_suffix('\n').ok_or(Refusal::SdpSyntax)?.split('\n');
        if lines.next().map(end_of_line) != Some("v=0") {
            return Err(Refusal::SdpSyntax);
        }
        for line in lines {
            scan.line(end_of_line(line))?;
        }
        scan.verdict()
    }

    fn line(&mut self, line: &'a str) -> Result<(), Refusal> {
        let (name, value) = line.split_once('=').ok_or(Refusal::SdpSyntax)?;
        let one_letter = name.len() == 1 && name.bytes().all(|byte| byte.is_ascii_lowercase());
        let printable = value.bytes().all(|byte| (0x20..0x7f).contains(&byte) || (name == "s" && byte >= 0x80));
        if !one_letter || !printable {
            return Err(Refusal::SdpSyntax);
        }
        match name {
            "v" => Err(Refusal::SdpSyntax),
            "k" => Err(Refusal::SdpCrypto),
            "m" => self.media(value),
            "a" => {
                let (attribute, value) = value.split_once(':').unwrap_or((value, ""));
                self.attribute(attribute, value)
            }
            _ => Ok(()),
        }
    }

    /// RFC 8866 §5.14: `m=<media> <port> <proto> <fmt> …`.
    fn media(&mut self, value: &str) -> Result<(), Refusal> {
        let mut fields = value.split(' ');
        let (_, port, protocol) = (fields.next(), fields.next(), fields.next());
        let port: u16 = port.and_then(|port| port.parse().ok()).ok_or(Refusal::SdpSyntax)?;
        if !matches!(protocol, Some("UDP/TLS/RTP/SAVPF" | "UDP/DTLS/SCTP")) {
            return Err(Refusal::SdpProtocol);
        }
        self.sections.push(Section { rejected: port == 0, ..Section::default() });
        if self.sections.len() > MOST_SECTIONS + 1 {
            return Err(Refusal::SdpSections);
        }
        Ok(())
    }

    fn attribute(&mut self, attribute: &str, value: &'a str) -> Result<(), Refusal> {
        let lower = attribute.to_ascii_lowercase();
        let known = matches!(
            lower.trim(),
            "fingerprint" | "crypto" | "ice-ufrag" | "ice-pwd" | "setup" | "group" | "mid" | "bundle-only"
        );
        // Attribute names are case-sensitive (RFC 8866 §9): a sibling that only differs in case wants to be read by a sloppy parser.
        if known && lower != attribute {
            return Err(Refusal::SdpSyntax);
        }
        let section = self.sections.last_mut().expect("the session level is always there");
        match attribute {
            "crypto" => return Err(Refusal::SdpCrypto),
            "fingerprint" => {
                if let Some(found) = fingerprint_of(value)? {
                    section.fingerprint = true;
                    if *self.fingerprint.get_or_insert(found) != found {
                        return Err(Refusal::SdpFingerprintMismatch);
                    }
                }
            }
            "ice-ufrag" => {
                section.ice = true;
                same(&mut self.ufrag, value)?;
            }
            "ice-pwd" => same(&mut self.pwd, value)?,
            "setup" => {
                section.setup = true;
                let fits = match self.kind {
                    SdpType::Offer => value == "actpass",
                    SdpType::Answer => matches!(value, "active" | "passive"),
                };
                if !fits {
                    return Err(Refusal::SdpSetup);
                }
            }
            "bundle-only" => section.bundle_only = true,
            "mid" if section.mid.replace(value).is_some() => return Err(Refusal::SdpBundle),
            "group" => {
                if let Some(mids) = value.strip_prefix("BUNDLE")
                    && self.bundle.replace(mids.split_ascii_whitespace().collect()).is_some()
                {
                    return Err(Refusal::SdpBundle);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn verdict(self) -> Result<Fingerprint, Refusal> {
        let [session, sections @ ..] = self.sections.as_slice() else { return Err(Refusal::SdpSections) };
        let used: Vec<_> = sections.iter().filter(|section| !section.rejected).collect();
        if used.is_empty() {
            return Err(Refusal::SdpSections);
        }
        let Some(fingerprint) = self.fingerprint else { return Err(Refusal::SdpFingerprintMissing) };
        if !used.iter().all(|section| section.fingerprint || session.fingerprint) {
            return Err(Refusal::SdpFingerprintMissing);
        }
        let bundle = self.bundle.unwrap_or_default();
        let bundled = |section: &Section<'_>| section.mid.is_some_and(|mid| bundle.contains(&mid));
        if !sections.iter().all(|section| (section.rejected && !section.bundle_only) || bundled(section)) {
            return Err(Refusal::SdpBundle);
        }
        if self.ufrag.is_none() || self.pwd.is_none() || !used.iter().any(|section| section.ice || session.ice) {
            return Err(Refusal::SdpIce);
        }
        if !used.iter().all(|section| section.setup || session.setup) {
            return Err(Refusal::SdpSetup);
        }
        Ok(fingerprint)
    }
}

fn end_of_line(line: &str) -> &str {
    line.strip_suffix('\r').unwrap_or(line)
}

/// RFC 8122 §5. sha-384 and sha-512 are strong and ignored (a peer may send several); anything else is refused.
fn fingerprint_of(value: &str) -> Result<Option<Fingerprint>, Refusal> {
    let (algorithm, digest) = value.split_once(' ').ok_or(Refusal::SdpSyntax)?;
    match algorithm.to_ascii_lowercase().as_str() {
        "sha-256" => Fingerprint::from_sdp(digest).map(Some).ok_or(Refusal::SdpSyntax),
        "sha-384" | "sha-512" => Ok(None),
        _ => Err(Refusal::SdpFingerprintAlgorithm),
    }
}

/// One pair of ICE credentials for the whole bundle (RFC 8843 §7.1.3).
fn same<'a>(seen: &mut Option<&'a str>, value: &'a str) -> Result<(), Refusal> {
    let fits = (4..=256).contains(&value.len()) && *seen.get_or_insert(value) == value;
    if fits { Ok(()) } else { Err(Refusal::SdpIce) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn offer() -> String {
        let fingerprint = Fingerprint([0xab; 32]).to_sdp();
        let transport = format!(
            "a=ice-ufrag:Ab1x\r\na=ice-pwd:0123456789abcdef01234567\r\na=setup:actpass\r\na=fingerprint:sha-256 {fingerprint}\r\n"
        );
        format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n{transport}m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:1\r\n{transport}"
        )
    }

    fn refusal(sdp: String) -> Option<Refusal> {
        Description::new(sdp, SdpType::Offer).err()
    }

    #[test]
    fn a_plain_offer_keeps_the_policy() {
        let description = Description::new(offer(), SdpType::Offer).expect("it keeps all rules");
        assert_eq!(description.fingerprint(), Fingerprint([0xab; 32]));
        assert_eq!(
            Description::declared(offer(), Fingerprint([1; 32]), SdpType::Offer),
            Err(Refusal::SdpFingerprintMismatch)
        );
    }

    #[test]
    fn each_rule_has_its_reason() {
        let at = offer().rfind("a=fingerprint").expect("it has one");
        let other_last = format!("{}a=fingerprint:sha-256 {}\r\n", &offer()[..at], Fingerprint([1; 32]).to_sdp());
        for (sdp, reason) in [
            (other_last, Refusal::SdpFingerprintMismatch),
            (offer().replace("sha-256", "sha-1"), Refusal::SdpFingerprintAlgorithm),
            (offer().replace("sha-256", "md5"), Refusal::SdpFingerprintAlgorithm),
            (offer().replace("sha-256", "sha-512"), Refusal::SdpFingerprintMissing),
            (offer().replace("a=fingerprint", "a=Fingerprint"), Refusal::SdpSyntax),
            (offer()[..at].to_owned(), Refusal::SdpFingerprintMissing),
            (format!("{}a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\n", offer()), Refusal::SdpCrypto),
            (format!("{}k=clear:x\r\n", offer()), Refusal::SdpCrypto),
            (offer().replace("UDP/TLS/RTP/SAVPF", "RTP/AVP"), Refusal::SdpProtocol),
            (offer().replace("BUNDLE 0 1", "BUNDLE 0"), Refusal::SdpBundle),
            (format!("{}m=video 0 UDP/TLS/RTP/SAVPF 96\r\na=bundle-only\r\na=mid:2\r\n", offer()), Refusal::SdpBundle),
            (offer().replacen("Ab1x", "Ab1y", 1), Refusal::SdpIce),
            (offer().replace("a=ice-ufrag:Ab1x\r\n", ""), Refusal::SdpIce),
            (offer().replace("actpass", "active"), Refusal::SdpSetup),
            (offer().replace("a=setup:actpass\r\n", ""), Refusal::SdpSetup),
            (offer().replace("v=0", "v=1"), Refusal::SdpSyntax),
            (offer().replace("t=0 0", "t 0 0"), Refusal::SdpSyntax),
            (offer().replace("t=0 0", "i=a\0b"), Refusal::SdpSyntax),
            (offer().trim_end().to_owned(), Refusal::SdpSyntax),
            (format!("{}a=x:{}\r\n", offer(), "x".repeat(LARGEST_SDP)), Refusal::SdpSize),
            (format!("{}{}", offer(), "m=audio 0 UDP/TLS/RTP/SAVPF 0\r\n".repeat(15)), Refusal::SdpSections),
            (offer()[..offer().find("m=").expect("it has one")].to_owned(), Refusal::SdpSections),
        ] {
            assert_eq!(refusal(sdp.clone()), Some(reason), "{sdp}");
        }
    }

    #[test]
    fn bare_line_feeds_and_strong_extra_hashes_are_fine() {
        assert_eq!(refusal(offer().replace("\r\n", "\n")), None);
        assert_eq!(refusal(offer().replace("a=mid", "a=fingerprint:sha-512 AA\r\na=mid")), None);
    }

    proptest! {
        #[test]
        fn no_input_panics(sdp in "(v=0\n)?([vmak]=[ -~]{0,20}\n){0,8}") {
            let _ = refusal(sdp);
        }
    }
}
