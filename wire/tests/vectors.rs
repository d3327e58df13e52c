//! The test vectors of `wire/vectors/`: made here, byte for byte the same each time, and read by the console's tests too.
//! `UPDATE_VECTORS=1 cargo test -p kiosk-wire --test vectors` writes them anew after a change of the protocol.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::{fs, path::PathBuf};

use kiosk_wire::{
    AskId, Body, ByeReason, CallId, Candidate, ChatId, Description, Envelope, Fault, FileId, FileOffer, FileRefusal,
    Fingerprint, Hash, IdentityKey, KioskState, KioskStatus, MemberRoom, Membership, Message, MessageHeader, Name,
    Nonce, OperatorKey, PeerId, ProofOfPossession, Recipient, Refusal, RejectReason, Role, Room, SdpType,
    SessionCertificate, SessionKey, Transport, Wish,
};
use serde_json::{Value, json};

const AUDIENCE: &str = "wss://server.example:3030/signaling";

struct Party {
    identity: IdentityKey,
    session: SessionKey,
    certificate: SessionCertificate,
}

fn party(seed: u8, role: Role, name: &str) -> Party {
    let identity = IdentityKey::from_seed(&[seed; 32]).unwrap();
    let session = SessionKey::from_seed(&[seed + 1; 32]).unwrap();
    let certificate = SessionCertificate {
        v: 1,
        id: identity.public(),
        sk: session.public(),
        epoch: 7,
        aud: AUDIENCE.to_owned(),
        sn: Nonce([seed; 16]),
        nb: 1_790_000_000,
        na: 1_790_086_400,
        role,
        name: Name::try_from(name.to_owned()).unwrap(),
        room: room(),
    };
    Party { identity, session, certificate }
}

fn room() -> Room {
    Room::try_from("lobby".to_owned()).unwrap()
}

fn kiosk() -> Party {
    party(0x11, Role::Kiosk, "Lobby 2")
}

fn operator() -> Party {
    party(0x21, Role::Operator, "Ärzte & Co „Süd“")
}

fn recipient() -> Recipient {
    Recipient { peer: operator().certificate.peer(), session: operator().certificate.session(), room: room() }
}

fn sdp(setup: &str) -> String {
    let transport = format!(
        "c=IN IP4 0.0.0.0\r\na=ice-ufrag:Ab1x\r\na=ice-pwd:0123456789abcdefghijklmn\r\na=setup:{setup}\r\na=fingerprint:sha-256 {}\r\n",
        Fingerprint([0xab; 32]).to_sdp()
    );
    format!(
        "v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1 2\r\na=ice-options:trickle\r\n\
         m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\na=mid:0\r\n{transport}a=rtcp-mux\r\na=sendrecv\r\na=rtpmap:96 VP8/90000\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n\
         m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:1\r\n{transport}a=rtcp-mux\r\na=sendrecv\r\na=rtpmap:111 opus/48000/2\r\n\
         m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:2\r\n{transport}a=sctp-port:5000\r\n"
    )
}

fn description(setup: &str) -> Description {
    let kind = if setup == "actpass" { SdpType::Offer } else { SdpType::Answer };
    Description::new(sdp(setup), kind).unwrap()
}

fn bodies() -> Vec<Body> {
    let candidate = Candidate {
        candidate: "candidate:1 1 UDP 2015363327 192.0.2.1 40000 typ host".to_owned(),
        sdp_mid: Some("0".to_owned()),
        sdp_m_line_index: Some(0),
        username_fragment: None,
    };
    vec![
        Body::Offer { description: description("actpass"), resume: None },
        Body::Ringing,
        Body::Answer(description("active")),
        Body::Candidates(vec![candidate]),
        Body::EndOfCandidates,
        Body::Reject(RejectReason::Busy),
        Body::Bye(ByeReason::HangUp),
        Body::PairCommit([1; 32]),
        Body::PairReveal([2; 16]),
        Body::PairConfirm,
        Body::Confirm {
            local: Fingerprint([3; 32]),
            remote: Fingerprint([4; 32]),
            offer: Hash([5; 32]),
            answer: Hash([6; 32]),
        },
        Body::Chat { id: ChatId([7; 16]), text: "Grüße, 你好, \"quoted\" \\ \u{1f600}\nsecond line".to_owned() },
        Body::ChatReceived(ChatId([7; 16])),
        Body::Media { audio: true, video: false, screen: true, hold: false },
        Body::Ping(41),
        Body::Pong(41),
        Body::PairCancel,
        Body::Status(KioskStatus { state: KioskState::InCall, faults: vec![Fault::Camera, Fault::Panel], unread: 2 }),
        Body::Ask { id: AskId([10; 16]), wish: Wish::Volume(55) },
        Body::Ask { id: AskId([11; 16]), wish: Wish::SnapshotCamera },
        Body::Reply { id: AskId([11; 16]), granted: true },
        Body::FileOffer(FileOffer {
            id: FileId([12; 16]),
            name: "Lageplan Süd.pdf".to_owned(),
            media_type: "application/pdf".to_owned(),
            size: 123_456,
            sha256: Hash([13; 32]),
        }),
        Body::FileAccept { id: FileId([12; 16]), offset: 65_536 },
        Body::FileProgress { id: FileId([12; 16]), received: 98_304 },
        Body::FileDone(FileId([12; 16])),
        Body::FileCancel { id: FileId([12; 16]), why: FileRefusal::Quota },
        Body::Show(Some(FileId([12; 16]))),
        Body::Show(None),
        Body::Offer { description: description("actpass"), resume: Some(CallId([8; 16])) },
        Body::Reject(RejectReason::Gone),
    ]
}

fn header(seq: u32, body: &Body) -> MessageHeader {
    MessageHeader {
        from: kiosk().certificate.peer(),
        to: recipient().peer,
        to_session: recipient().session,
        room: room(),
        call: if outside_a_call(body) { CallId::NONE } else { CallId([9; 16]) },
        seq,
        re: matches!(body, Body::Answer(_)).then_some(Hash([5; 32])),
        at: 1_790_000_012_345,
    }
}

fn transport(body: &Body) -> Transport {
    let on_channel = matches!(
        body.name(),
        "confirm" | "chat" | "chat-received" | "media" | "ask" | "reply" | "show" | "ping" | "pong"
    ) || body.name().starts_with("file-");
    if on_channel { Transport::Channel } else { Transport::Link }
}

fn outside_a_call(body: &Body) -> bool {
    body.name() == "status" || body.name().starts_with("pair-")
}

fn transport_name(transport: Transport) -> &'static str {
    match transport {
        Transport::Link => "link",
        Transport::Channel => "channel",
    }
}

fn payload_of(envelope: &Envelope) -> String {
    use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
    String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(&envelope.payload).unwrap()).unwrap()
}

/// Signs arbitrary payload text as the kiosk's session would: through a JWS made by hand, since the crate only signs what is right.
fn forge(payload: &str) -> Envelope {
    use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
    use p256::ecdsa::{Signature, SigningKey, signature::Signer as _};
    let protected = kiosk_wire::Kind::Message.protected().to_owned();
    let payload = BASE64_URL_SAFE_NO_PAD.encode(payload);
    let key = SigningKey::from_slice(&[0x12; 32]).unwrap();
    let signature: Signature = key.sign(format!("{protected}.{payload}").as_bytes());
    Envelope { protected, payload, signature: BASE64_URL_SAFE_NO_PAD.encode(signature.to_bytes()) }
}

fn open(envelope: &Envelope, transport: Transport) -> Result<Message, Refusal> {
    Message::open(envelope, &kiosk().certificate, &recipient(), transport)
}

fn accepted() -> Vec<Value> {
    (0..)
        .zip(bodies())
        .map(|(seq, body)| {
            let envelope = Message::seal(&kiosk().session, &header(seq, &body), &body);
            let opened = open(&envelope, transport(&body)).unwrap();
            assert_eq!(opened.body, body);
            json!({
                "name": body.name(), "transport": transport_name(transport(&body)), "payload": payload_of(&envelope),
                "envelope": envelope, "hash": envelope.hash(), "reason": null,
            })
        })
        .collect()
}

/// Payloads made wrong by one replacement and signed all the same.
fn wrong_payloads() -> Vec<(&'static str, usize, &'static str, String, Refusal)> {
    let other = PeerId([0; 32]).to_string();
    let me = recipient().peer.to_string();
    let session = recipient().session.to_string();
    let from = kiosk().certificate.peer().to_string();
    vec![
        ("version 2", 1, r#""v":1"#, r#""v":2"#.to_owned(), Refusal::Version),
        ("unknown type", 1, "ringing", "singing".to_owned(), Refusal::PayloadSyntax),
        ("unknown member", 1, r#"{"v":1"#, r#"{"x":0,"v":1"#.to_owned(), Refusal::PayloadSyntax),
        ("duplicate member", 1, r#"{"v":1"#, r#"{"v":1,"v":1"#.to_owned(), Refusal::PayloadSyntax),
        ("unknown member in the body", 1, r#""body":{}"#, r#""body":{"x":0}"#.to_owned(), Refusal::PayloadSyntax),
        ("duplicate member in the body", 14, r#""n":41"#, r#""n":41,"n":41"#.to_owned(), Refusal::PayloadSyntax),
        ("missing re", 1, r#""re":null,"#, String::new(), Refusal::PayloadSyntax),
        (
            "answer without re",
            2,
            r#""re":"BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU""#,
            r#""re":null"#.to_owned(),
            Refusal::AnswerMismatch,
        ),
        ("negative seq", 1, r#""seq":1"#, r#""seq":-1"#.to_owned(), Refusal::PayloadSyntax),
        ("to somebody else", 1, Box::leak(me.into_boxed_str()), other.clone(), Refusal::NotForMe),
        ("to another session", 1, Box::leak(session.into_boxed_str()), other.clone(), Refusal::StaleSession),
        ("from somebody else", 1, Box::leak(from.into_boxed_str()), other, Refusal::WrongSender),
        ("another room", 1, r#""room":"lobby""#, r#""room":"hall""#.to_owned(), Refusal::Room),
        ("fingerprint in the body differs", 0, "abababab", "abababac".to_owned(), Refusal::SdpFingerprintMismatch),
        ("mid missing in a candidate", 3, r#""sdpMid":"0","#, String::new(), Refusal::PayloadSyntax),
        (
            "empty chat",
            11,
            "Grüße, 你好, \\\"quoted\\\" \\\\ \u{1f600}\\nsecond line",
            " ".to_owned(),
            Refusal::BodyLimit,
        ),
        ("a volume of 101 %", 18, r#""value":55"#, r#""value":101"#.to_owned(), Refusal::BodyLimit),
        ("a volume without a value", 18, r#""value":55"#, r#""value":null"#.to_owned(), Refusal::BodyLimit),
        ("a value where none belongs", 19, r#""value":null"#, r#""value":1"#.to_owned(), Refusal::BodyLimit),
        ("an unknown wish", 19, "snapshot-camera", "format-disk".to_owned(), Refusal::PayloadSyntax),
        ("a folder in a file's name", 21, "Lageplan Süd.pdf", "../Lageplan.pdf".to_owned(), Refusal::BodyLimit),
        ("a file of no bytes", 21, r#""size":123456"#, r#""size":0"#.to_owned(), Refusal::BodyLimit),
        ("a file of 2^53 bytes", 21, r#""size":123456"#, r#""size":9007199254740992"#.to_owned(), Refusal::BodyLimit),
        ("a media type with a space", 21, "application/pdf", "application/ pdf".to_owned(), Refusal::BodyLimit),
        ("a fault twice", 17, r#"["camera","panel"]"#, r#"["camera","camera"]"#.to_owned(), Refusal::BodyLimit),
        (
            "a resumption of null",
            28,
            r#""resume":"CAgICAgICAgICAgICAgICA""#,
            r#""resume":null"#.to_owned(),
            Refusal::PayloadSyntax,
        ),
        ("a resumption of no call", 28, "CAgICAgICAgICAgICAgICA", CallId::NONE.to_string(), Refusal::BodyLimit),
        (
            "a resumption in an answer",
            2,
            r#""body":{"#,
            r#""body":{"resume":"CAgICAgICAgICAgICAgICA","#.to_owned(),
            Refusal::PayloadSyntax,
        ),
        ("pairing within a call", 16, "AAAAAAAAAAAAAAAAAAAAAA", CallId([9; 16]).to_string(), Refusal::WrongTransport),
        ("a file outside a call", 24, "CQkJCQkJCQkJCQkJCQkJCQ", CallId::NONE.to_string(), Refusal::WrongTransport),
    ]
}

fn refused() -> Vec<Value> {
    let payload = |index: usize| {
        let body = &bodies()[index];
        payload_of(&Message::seal(&kiosk().session, &header(u32::try_from(index).unwrap(), body), body))
    };
    let mut cases: Vec<(String, Transport, Envelope, Refusal)> = wrong_payloads()
        .into_iter()
        .map(|(name, index, from, to, reason)| {
            let right = payload(index);
            assert!(right.contains(from), "{name}: {right}");
            (name.to_owned(), transport(&bodies()[index]), forge(&right.replacen(from, &to, 1)), reason)
        })
        .collect();
    let sealed = forge(&payload(1));
    let stranger = Message::seal(&operator().session, &header(1, &Body::Ringing), &Body::Ringing);
    cases.extend([
        ("a link message on the channel".to_owned(), Transport::Channel, sealed.clone(), Refusal::WrongTransport),
        ("a channel message on the link".to_owned(), Transport::Link, forge(&payload(11)), Refusal::WrongTransport),
        ("signed by somebody else".to_owned(), Transport::Link, stranger, Refusal::Signature),
        (
            "header of a session certificate".to_owned(),
            Transport::Link,
            Envelope { protected: kiosk_wire::Kind::SessionCertificate.protected().to_owned(), ..sealed.clone() },
            Refusal::Header,
        ),
        (
            "alg none".to_owned(),
            Transport::Link,
            Envelope { protected: "eyJhbGciOiJub25lIn0".to_owned(), signature: String::new(), ..sealed.clone() },
            Refusal::Header,
        ),
        (
            "signature of 63 bytes".to_owned(),
            Transport::Link,
            Envelope { signature: sealed.signature[..84].to_owned(), ..sealed.clone() },
            Refusal::SignatureLength,
        ),
        (
            "payload of another message".to_owned(),
            Transport::Link,
            Envelope { payload: forge(&payload(4)).payload, ..sealed },
            Refusal::Signature,
        ),
    ]);
    cases
        .into_iter()
        .map(|(name, transport, envelope, reason)| {
            assert_eq!(open(&envelope, transport), Err(reason), "{name}");
            json!({ "name": name, "transport": transport_name(transport), "envelope": envelope, "reason": reason.code() })
        })
        .collect()
}

fn messages() -> Value {
    let mut cases = accepted();
    cases.extend(refused());
    json!({
        "sender": kiosk().certificate.seal(&kiosk().identity),
        "recipient": { "peer": recipient().peer, "session": recipient().session, "room": room() },
        "cases": cases,
    })
}

fn certificates() -> Value {
    let describe = |party: &Party, seed: u8| {
        let envelope = party.certificate.seal(&party.identity);
        json!({
            "identity_seed": format!("{seed:02x}").repeat(32), "session_seed": format!("{:02x}", seed + 1).repeat(32),
            "identity_key": party.identity.public(), "session_key": party.session.public(),
            "peer_id": party.certificate.peer(), "session_id": party.certificate.session(),
            "payload": payload_of(&envelope), "sess": envelope, "hash": envelope.hash(),
            "pop": ProofOfPossession::seal(&party.session, party.certificate.sn, AUDIENCE),
        })
    };
    json!({ "audience": AUDIENCE, "kiosk": describe(&kiosk(), 0x11), "operator": describe(&operator(), 0x21) })
}

fn memberships() -> Value {
    let key = OperatorKey::from_seed(&[0x31; 32]).unwrap();
    let right = Membership {
        v: 1,
        op: key.public(),
        sub: kiosk().certificate.peer(),
        serial: 12,
        nb: 1_780_000_000,
        na: 1_800_000_000,
        role: Role::Kiosk,
        room: MemberRoom::Every,
    };
    let cases = [
        ("every room", right.clone(), None),
        ("this room", Membership { room: MemberRoom::One(room()), ..right.clone() }, None),
        (
            "another room",
            Membership { room: MemberRoom::try_from("hall".to_owned()).unwrap(), ..right.clone() },
            Some(Refusal::Room),
        ),
        ("another role", Membership { role: Role::Operator, ..right.clone() }, Some(Refusal::Role)),
        ("another peer", Membership { sub: operator().certificate.peer(), ..right.clone() }, Some(Refusal::PeerId)),
        ("run out", Membership { na: 1_789_999_000, ..right.clone() }, Some(Refusal::Expired)),
        ("not yet", Membership { nb: 1_790_001_000, ..right }, Some(Refusal::NotYetValid)),
    ];
    let now = 1_790_000_000;
    let cases: Vec<_> = cases
        .into_iter()
        .map(|(name, membership, reason)| {
            let envelope = membership.seal(&key);
            let opened = Membership::open(&envelope, key.public()).unwrap();
            assert_eq!(opened.covers(&kiosk().certificate, Some(now)).err(), reason, "{name}");
            json!({ "name": name, "envelope": envelope, "reason": reason.map(Refusal::code) })
        })
        .collect();
    json!({ "operator_key": key.public(), "now": now, "bearer": kiosk().certificate.seal(&kiosk().identity), "cases": cases })
}

fn descriptions() -> Value {
    let offer = sdp("actpass");
    let cases = [
        ("an offer", "offer", offer.clone(), None),
        ("an answer", "answer", sdp("active"), None),
        ("bare line feeds", "offer", offer.replace("\r\n", "\n"), None),
        (
            "a second, strong fingerprint",
            "offer",
            offer.replace("a=mid:0", "a=fingerprint:sha-512 AB:CD\r\na=mid:0"),
            None,
        ),
        ("an answer's role in an offer", "offer", sdp("active"), Some(Refusal::SdpSetup)),
        ("an offer's role in an answer", "answer", offer.clone(), Some(Refusal::SdpSetup)),
        (
            "one section's fingerprint differs",
            "offer",
            offer.replacen("AB:AB", "AB:AC", 1),
            Some(Refusal::SdpFingerprintMismatch),
        ),
        ("sha-1", "offer", offer.replacen("sha-256", "sha-1", 1), Some(Refusal::SdpFingerprintAlgorithm)),
        (
            "no fingerprint",
            "offer",
            offer.lines().filter(|line| !line.starts_with("a=fingerprint")).map(|line| format!("{line}\r\n")).collect(),
            Some(Refusal::SdpFingerprintMissing),
        ),
        (
            "fingerprint in other letters",
            "offer",
            offer.replacen("a=fingerprint", "a=FINGERPRINT", 1),
            Some(Refusal::SdpSyntax),
        ),
        (
            "crypto",
            "offer",
            format!("{offer}a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAA\r\n"),
            Some(Refusal::SdpCrypto),
        ),
        ("k line", "offer", offer.replace("t=0 0\r\n", "t=0 0\r\nk=clear:x\r\n"), Some(Refusal::SdpCrypto)),
        ("plain RTP", "offer", offer.replacen("UDP/TLS/RTP/SAVPF", "RTP/AVPF", 1), Some(Refusal::SdpProtocol)),
        ("not all bundled", "offer", offer.replace("BUNDLE 0 1 2", "BUNDLE 0 1"), Some(Refusal::SdpBundle)),
        (
            "a section that is only in the bundle",
            "offer",
            format!(
                "{}m=video 0 UDP/TLS/RTP/SAVPF 96\r\na=bundle-only\r\na=mid:3\r\n",
                offer.replace("BUNDLE 0 1 2", "BUNDLE 0 1 2 3")
            ),
            None,
        ),
        (
            "a section that is only in a bundle that does not name it",
            "offer",
            format!("{offer}m=video 0 UDP/TLS/RTP/SAVPF 96\r\na=bundle-only\r\na=mid:3\r\n"),
            Some(Refusal::SdpBundle),
        ),
        ("two ufrags", "offer", offer.replacen("Ab1x", "Ab1y", 1), Some(Refusal::SdpIce)),
        ("a control character", "offer", offer.replace("t=0 0", "t=0\u{1}0"), Some(Refusal::SdpSyntax)),
        ("no line end", "offer", offer.trim_end().to_owned(), Some(Refusal::SdpSyntax)),
        ("no section", "offer", "v=0\r\ns=-\r\n".to_owned(), Some(Refusal::SdpSections)),
        ("too large", "offer", format!("{offer}a=x:{}\r\n", "x".repeat(32 * 1024)), Some(Refusal::SdpSize)),
    ];
    let cases: Vec<_> = cases
        .into_iter()
        .map(|(name, kind, sdp, reason)| {
            let sdp_type = if kind == "offer" { SdpType::Offer } else { SdpType::Answer };
            let result = Description::new(sdp.clone(), sdp_type);
            assert_eq!(result.as_ref().err().copied(), reason, "{name}");
            json!({ "name": name, "type": kind, "sdp": sdp, "fp": result.ok().map(|d| d.fingerprint()), "reason": reason.map(Refusal::code) })
        })
        .collect();
    json!(cases)
}

#[test]
fn vectors_are_what_the_crate_does() {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors");
    let files = [
        ("certificates.json", certificates()),
        ("memberships.json", memberships()),
        ("messages.json", messages()),
        ("sdp.json", descriptions()),
    ];
    for (name, value) in files {
        let text = format!("{}\n", serde_json::to_string_pretty(&value).unwrap());
        let path = directory.join(name);
        if std::env::var_os("UPDATE_VECTORS").is_some() {
            fs::write(&path, &text).unwrap();
        }
        assert!(fs::read_to_string(&path).is_ok_and(|kept| kept == text), "{name} is not what the crate does now");
    }
}

/// A server that flips any one bit of any envelope of a call gets nothing through: neither the message nor anything in its place.
#[test]
fn every_flipped_bit_is_refused() {
    let bodies: Vec<_> = (0..).zip(bodies()).collect();
    let flips: usize = std::thread::scope(|scope| {
        // The offer is in one half, the answer in the other: they are most of the bits.
        let threads = [0, 1].map(|half| {
            let half = bodies.iter().skip(half).step_by(2);
            scope.spawn(move || half.map(|(seq, body)| flip_all(*seq, body)).sum::<usize>())
        });
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert!(flips > 50_000, "{flips}");
}

fn flip_all(seq: u32, body: &Body) -> usize {
    let (sender, recipient) = (kiosk().certificate, recipient());
    let sealed = Message::seal(&kiosk().session, &header(seq, body), body);
    let fields: [fn(&mut Envelope) -> &mut String; 3] =
        [|envelope| &mut envelope.protected, |envelope| &mut envelope.payload, |envelope| &mut envelope.signature];
    let mut flips = 0;
    for field in fields {
        // Bits of the bytes as they travel; what is no longer UTF-8 never becomes a frame.
        let bytes = field(&mut sealed.clone()).clone().into_bytes();
        for (at, bit) in (0..bytes.len()).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << bit;
            let Ok(text) = String::from_utf8(flipped) else { continue };
            let mut envelope = sealed.clone();
            *field(&mut envelope) = text;
            let opened = Message::open(&envelope, &sender, &recipient, transport(body));
            assert!(opened.is_err(), "bit {bit} of byte {at} of {}", body.name());
            flips += 1;
        }
    }
    flips
}
