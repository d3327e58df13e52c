//! The WebSocket, on real sockets.

use kiosk_server::{ServerError, rooms::Settings};
use kiosk_wire::{
    ClientFrame, Envelope, ErrorCode, LARGEST_FRAME, OperatorKey, RevocationList, ServerFrame, SessionCertificate,
};
use tokio::{io::AsyncWriteExt as _, net::TcpStream};
use tokio_tungstenite::tungstenite::Message;

use crate::{
    client::{Link, OTHER_LOOPBACK, config, get, metric, raw, serve, soon, wall},
    peer::{Challenge, Peer, room},
};

#[tokio::test]
async fn two_peers_sign_in_and_a_message_passes() {
    let server = serve(config()).await;
    let (one, two) = (Peer::new(1, 0), Peer::new(2, 0));
    let mut first = Link::sign_in(server.local_addr(), &one).await;
    let mut second = Link::sign_in(server.local_addr(), &two).await;
    assert!(matches!(first.frame().await, ServerFrame::Joined { .. }));
    let envelope = serde_json::to_string(&one.message()).expect("strings");
    let m = envelope.replacen(':', " :\t", 1);
    first.send(format!(r#"{{"t":"msg","to":"{}","m":{m}}}"#, two.id())).await;
    assert_eq!(second.text().await, format!(r#"{{"t":"msg","from":"{}","m":{m}}}"#, one.id()));
    first.0.close(None).await.expect("an open socket");
    assert_eq!(second.frame().await, ServerFrame::Left { peer: one.id() });
    for (name, value) in [
        ("kiosk_sign_ins_total", 2),
        ("kiosk_messages_relayed_total", 1),
        ("kiosk_peers", 1),
        ("kiosk_rooms", 1),
        ("kiosk_sockets_waiting", 0),
    ] {
        assert_eq!(metric(server.local_addr(), name).await, Some(value), "{name}");
    }
}

#[tokio::test]
async fn the_newer_sign_in_wins() {
    let server = serve(config()).await;
    let mut older = Link::sign_in(server.local_addr(), &Peer::new(1, 0)).await;
    let _newer = Link::sign_in(server.local_addr(), &Peer::new(1, 1)).await;
    assert_eq!(older.frame().await, ServerFrame::Err { to: None, code: ErrorCode::Gone });
    assert_eq!(older.closed().await, (1000, "gone".to_owned()));
}

/// A revocation list as an authority writes it, on one line.
fn revocation_list(number: u64) -> (Envelope, String) {
    let key = OperatorKey::from_seed(&[7; 32]).expect("below the order");
    let list = RevocationList { v: 1, op: key.public(), number, at: wall(), peers: Vec::new(), serials: vec![3] };
    let envelope = list.seal(&key);
    let line = format!("{}\n", envelope.to_text());
    (envelope, line)
}

#[tokio::test]
async fn everybody_is_told_whom_the_authorities_revoke() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("revocations");
    let (first, line) = revocation_list(1);
    std::fs::write(&path, line).expect("written");
    let server = serve(kiosk_server::Config { revocations: Some(path.clone()), ..config() }).await;
    let mut link = Link::sign_in(server.local_addr(), &Peer::new(1, 0)).await;
    assert_eq!(link.frame().await, ServerFrame::Revocations { list: first });

    std::fs::write(&path, "nonsense").expect("written");
    assert!(matches!(server.reload().await, Err(ServerError::Revocations { .. })));
    let (second, line) = revocation_list(2);
    std::fs::write(&path, line).expect("written");
    server.reload().await.expect("a list");
    assert_eq!(link.frame().await, ServerFrame::Revocations { list: second.clone() });
    let mut late = Link::sign_in(server.local_addr(), &Peer::new(2, 0)).await;
    assert_eq!(late.frame().await, ServerFrame::Revocations { list: second });
}

#[tokio::test]
async fn a_refused_sign_in_is_told_why() {
    let server = serve(config()).await;
    let mut link = Link::open(server.local_addr()).await;
    let challenge = Challenge::read(&link.text().await);
    let rogue = Challenge { audience: "wss://rogue.example/signaling".into(), ..challenge };
    link.send(Peer::new(1, 0).auth(&rogue, wall())).await;
    assert_eq!(link.closed().await, (1008, "audience".to_owned()));
    assert_eq!(metric(server.local_addr(), r#"kiosk_refusals_total{reason="audience"}"#).await, Some(1));
    assert_eq!(metric(server.local_addr(), r#"kiosk_closes_total{reason="audience"}"#).await, Some(1));
}

#[tokio::test]
async fn a_full_room_and_too_many_rooms_are_told_and_counted() {
    let settings = Settings { rooms: 1, peers_per_room: 1, ..Settings::default() };
    let server = serve(kiosk_server::Config { settings, ..config() }).await;
    let _inside = Link::sign_in(server.local_addr(), &Peer::new(1, 0)).await;
    for (name, count) in [("lobby", 1), ("ward", 2)] {
        let mut link = Link::open(server.local_addr()).await;
        let challenge = Challenge::read(&link.text().await);
        let peer = Peer::new(2, 0);
        let certificate = SessionCertificate { room: room(name), ..peer.certificate(&challenge, wall()) };
        link.send(peer.auth_with(&certificate, &challenge).to_text()).await;
        assert_eq!(link.frame().await, ServerFrame::Err { to: None, code: ErrorCode::Full }, "{name}");
        assert_eq!(link.closed().await, (1013, "full".to_owned()), "{name}");
        for metric_name in [r#"kiosk_refusals_total{reason="full"}"#, r#"kiosk_closes_total{reason="full"}"#] {
            assert_eq!(metric(server.local_addr(), metric_name).await, Some(count), "{name} {metric_name}");
        }
    }
    assert_eq!(metric(server.local_addr(), "kiosk_peers").await, Some(1));
}

#[tokio::test]
async fn the_audience_is_what_was_dialled_and_ours() {
    let public = vec!["https://calls.example".parse().expect("an origin")];
    let server = serve(kiosk_server::Config { public, ..config() }).await;
    let address = server.local_addr();
    let port = address.port();
    for (host, audience) in [
        (format!("127.0.0.1:{port}"), format!("ws://127.0.0.1:{port}/signaling")),
        (format!("localhost:{port}"), format!("ws://localhost:{port}/signaling")),
        ("calls.example".to_owned(), "wss://calls.example/signaling".to_owned()),
    ] {
        let stream = TcpStream::connect(address).await.expect("the server listens");
        let mut link = Link::over(stream, &format!("ws://{host}/signaling")).await;
        assert_eq!(Challenge::read(&link.text().await).audience, audience);
    }
    for host in [format!("rogue.example:{port}"), format!("{OTHER_LOOPBACK}:{port}"), "127.0.0.1:1".to_owned()] {
        let answer = raw(address, &upgrade(&format!("host: {host}\r\n"))).await;
        assert!(answer.starts_with("HTTP/1.1 421 "), "{host}: {answer}");
    }
    let twice = format!("host: {address}\r\nhost: {address}\r\n");
    for hosts in [twice.as_str(), ""] {
        let answer = raw(address, &upgrade(hosts)).await;
        assert!(answer.starts_with("HTTP/1.1 4"), "{hosts:?}: {answer}");
    }
}

fn upgrade(hosts: &str) -> String {
    format!(
        "GET /signaling HTTP/1.1\r\n{hosts}connection: Upgrade, close\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
}

#[tokio::test]
async fn what_is_no_opening_handshake_is_told_so() {
    let server = serve(config()).await;
    let answer = get(server.local_addr(), "/signaling").await;
    assert!(answer.starts_with("HTTP/1.1 426 ") && answer.contains("sec-websocket-version: 13"), "{answer}");
    let old = upgrade(&format!("host: {}\r\n", server.local_addr())).replace("version: 13", "version: 8");
    assert!(raw(server.local_addr(), &old).await.starts_with("HTTP/1.1 426 "));
}

#[tokio::test]
async fn frames_that_are_too_large_or_no_text_end_the_socket() {
    let server = serve(config()).await;
    for (message, expected) in [
        (Message::text("x".repeat(LARGEST_FRAME + 1)), (1009, "frame-too-big")),
        (Message::binary(vec![0; 10]), (1002, "protocol")),
        (Message::text("x".repeat(LARGEST_FRAME)), (1008, "frame-syntax")),
    ] {
        let mut link = Link::open(server.local_addr()).await;
        futures_util::SinkExt::send(&mut link.0, message).await.expect("an open socket");
        let (code, reason) = link.closed().await;
        assert_eq!((code, reason.as_str()), expected);
    }
    assert_eq!(metric(server.local_addr(), r#"kiosk_closes_total{reason="frame-too-big"}"#).await, Some(1));
}

#[tokio::test]
async fn bytes_that_are_no_websocket_end_the_socket() {
    let server = serve(config()).await;
    let mut link = Link::open(server.local_addr()).await;
    link.text().await;
    // An unmasked frame: RFC 6455 §5.1 forbids it.
    soon(link.0.get_mut().write_all(&[0x81, 1, b'x'])).await.expect("an open socket");
    assert_eq!(link.closed().await, (1002, "protocol".to_owned()));
}

#[tokio::test]
async fn a_reader_who_does_not_read_is_closed_and_nobody_else_waits() {
    let settings = Settings { rate: 100_000, burst: 100_000, ..Settings::default() };
    let server = serve(kiosk_server::Config { settings, ..config() }).await;
    let (one, two, three) = (Peer::new(1, 0), Peer::new(2, 0), Peer::new(3, 0));
    let mut slow = Link::open_narrow(server.local_addr()).await;
    slow.enter(&two).await;
    let mut sender = Link::sign_in(server.local_addr(), &one).await;
    let mut other = Link::sign_in(server.local_addr(), &three).await;
    let large = ClientFrame::Msg { to: two.id(), m: one.large_message(60_000) }.to_text();
    let small = ClientFrame::Msg { to: three.id(), m: one.message() }.to_text();
    let mut sent = 0;
    loop {
        sender.send(large.clone()).await;
        sender.send(small.clone()).await;
        sent += 1;
        assert!(sent < 1000, "60 MB wait for a reader who does not read");
        let frame = other.frame().await;
        if frame == (ServerFrame::Left { peer: two.id() }) {
            break;
        }
        assert!(matches!(frame, ServerFrame::Msg { .. }), "{frame:?}");
    }
    assert_eq!(slow.closed().await, (1013, "slow-reader".to_owned()));
    assert_eq!(metric(server.local_addr(), r#"kiosk_closes_total{reason="slow-reader"}"#).await, Some(1));
}

#[tokio::test]
async fn too_many_sockets_of_one_address_are_sent_away() {
    let settings = Settings { waiting_per_address: 2, ..Settings::default() };
    let server = serve(kiosk_server::Config { settings, ..config() }).await;
    let mut waiting = Vec::new();
    for _ in 0..2 {
        let mut link = Link::open(server.local_addr()).await;
        link.text().await;
        waiting.push(link);
    }
    let mut third = Link::open(server.local_addr()).await;
    assert_eq!(third.closed().await, (1013, "too-many-sockets".to_owned()));
}

#[tokio::test]
async fn connections_beyond_the_limit_are_dropped_until_there_is_a_place() {
    let server = serve(kiosk_server::Config { connections: 1, ..config() }).await;
    let mut link = Link::open(server.local_addr()).await;
    link.text().await;
    let refused = soon(async {
        let mut stream = TcpStream::connect(server.local_addr()).await?;
        tokio::io::AsyncReadExt::read(&mut stream, &mut [0; 1]).await
    });
    assert!(matches!(refused.await, Ok(0) | Err(_)));
    link.0.close(None).await.expect("an open socket");
    assert!(soon(futures_util::StreamExt::next(&mut link.0)).await.is_some());
    drop(link);
    // The place is free when the server has seen the end, which only it knows.
    soon(async { while !answers(&server).await {} }).await;
}

async fn answers(server: &kiosk_server::Server) -> bool {
    let Ok(mut stream) = TcpStream::connect(server.local_addr()).await else { return false };
    let request = format!("GET /healthz HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", server.local_addr());
    let mut answer = Vec::new();
    stream.write_all(request.as_bytes()).await.is_ok()
        && tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut answer).await.is_ok()
        && answer.starts_with(b"HTTP/1.1 200 ")
}

#[tokio::test]
async fn a_server_that_ends_says_so_to_everybody() {
    let server = serve(config()).await;
    let address = server.local_addr();
    let mut signed_in = Link::sign_in(address, &Peer::new(1, 0)).await;
    let mut waiting = Link::open(address).await;
    waiting.text().await;
    // A connection that says nothing must not hold the server up.
    let _idle = TcpStream::connect(address).await.expect("the server listens");
    let ((), first, second) =
        soon(async { tokio::join!(server.shutdown(), signed_in.closed(), waiting.closed()) }).await;
    assert_eq!(first, (1001, "draining".to_owned()));
    assert_eq!(second, (1001, "draining".to_owned()));
    assert!(TcpStream::connect(address).await.is_err(), "it accepts nobody any more");
}
