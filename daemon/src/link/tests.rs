//! Tests of the links, over real sockets.

use std::net::SocketAddr;

use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::accept_async;

use super::*;

struct Far {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
}

impl Far {
    async fn new(tls: Option<TlsAcceptor>) -> (Self, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        (Self { listener, tls }, address)
    }

    async fn accept(&self) -> Socket {
        let (tcp, _) = self.listener.accept().await.expect("a caller");
        let wire: Box<dyn Wire> = match &self.tls {
            Some(tls) => Box::new(tls.accept(tcp).await.expect("TLS")),
            None => Box::new(tcp),
        };
        accept_async(wire).await.expect("a WebSocket")
    }
}

const SERVER: ServerId = ServerId(0);

/// The link to one server.
struct Near(Links);

impl Near {
    fn carry_out(&mut self, command: LinkCommand) {
        let order = self.0.decide(SERVER, command);
        self.0.carry_out(order);
    }

    async fn next(&mut self) -> Option<LinkEvent> {
        self.0.next().await.map(|(_, event)| event)
    }
}

fn start(ca_file: Option<&Path>) -> Near {
    let (links, tasks) = links(1);
    let web_socket = WebSocketLink::new(ca_file).expect("TLS");
    tasks.into_iter().for_each(|task| drop(tokio::spawn(web_socket.clone().run(task))));
    Near(links)
}

async fn closed(link: &mut Near) -> String {
    match link.next().await {
        Some(LinkEvent::Closed { reason, .. }) => reason,
        other => panic!("{other:?} instead of Closed"),
    }
}

/// Both ends of a WebSocket.
async fn meet(link: &mut Near, far: &Far, url: String) -> Socket {
    let ((), socket) = tokio::join!(opened(link, url), far.accept());
    socket
}

async fn opened(link: &mut Near, url: String) {
    link.carry_out(LinkCommand::Connect(url));
    let event = link.next().await;
    assert!(matches!(event, Some(LinkEvent::Opened)), "{event:?}");
}

#[tokio::test]
async fn frames_pass_both_ways_and_pings_are_answered() {
    let (far, address) = Far::new(None).await;
    let mut link = start(None);
    let server = tokio::spawn(async move {
        let mut socket = far.accept().await;
        socket.send(Message::text("hello")).await.expect("sent");
        socket.send(Message::Ping(b"there?".to_vec().into())).await.expect("sent");
        let mut seen = Vec::new();
        while let Some(Ok(message)) = socket.next().await {
            seen.push(message);
        }
        seen
    });
    opened(&mut link, format!("ws://{address}/signaling")).await;
    let Some(LinkEvent::Frame(frame)) = link.next().await else { panic!("no frame") };
    assert_eq!(frame, "hello");
    for number in 0..3 {
        link.carry_out(LinkCommand::Send(number.to_string()));
    }
    link.carry_out(LinkCommand::Close);
    link.0.finish().await;
    let seen = server.await.expect("the server ran");
    let texts: Vec<_> =
        seen.iter().filter_map(|message| message.to_text().ok().filter(|_| message.is_text())).collect();
    assert_eq!(texts, ["0", "1", "2"]);
    assert!(seen.iter().any(Message::is_pong), "{seen:?}");
    assert!(seen.last().is_some_and(Message::is_close), "{seen:?}");
}

#[tokio::test]
async fn what_happened_to_an_earlier_web_socket_is_not_told() {
    let (far, address) = Far::new(None).await;
    let (second, second_address) = Far::new(None).await;
    let mut link = start(None);
    let mut socket = meet(&mut link, &far, format!("ws://{address}/")).await;
    socket.send(Message::text("old")).await.expect("sent");
    link.carry_out(LinkCommand::Connect(format!("ws://{second_address}/")));
    let mut socket = second.accept().await;
    socket.send(Message::text("new")).await.expect("sent");
    assert!(matches!(link.next().await, Some(LinkEvent::Opened)));
    let Some(LinkEvent::Frame(frame)) = link.next().await else { panic!("no frame") };
    assert_eq!(frame, "new");
}

#[tokio::test]
async fn two_links_do_not_meddle() {
    let (first, first_address) = Far::new(None).await;
    let (second, second_address) = Far::new(None).await;
    let (mut links, tasks) = links(2);
    let web_socket = WebSocketLink::new(None).expect("TLS");
    tasks.into_iter().for_each(|task| drop(tokio::spawn(web_socket.clone().run(task))));
    let order = links.decide(ServerId(0), LinkCommand::Connect(format!("ws://{first_address}/")));
    links.carry_out(order);
    let order = links.decide(ServerId(1), LinkCommand::Connect(format!("ws://{second_address}/")));
    links.carry_out(order);
    let (doomed, mut socket) = tokio::join!(first.accept(), second.accept());
    let mut opened = [links.next().await, links.next().await].map(|event| event.map(|(server, _)| server));
    opened.sort_unstable();
    assert_eq!(opened, [Some(ServerId(0)), Some(ServerId(1))]);

    drop(doomed);
    let gone = links.next().await;
    assert!(matches!(gone, Some((ServerId(0), LinkEvent::Closed { .. }))), "{gone:?}");
    let order = links.decide(ServerId(1), LinkCommand::Send("still here".to_owned()));
    links.carry_out(order);
    let heard = socket.next().await.expect("a frame").expect("no error");
    assert_eq!(heard.to_text().ok(), Some("still here"));
    socket.send(Message::text("so am I")).await.expect("sent");
    let answer = links.next().await;
    assert!(matches!(&answer, Some((ServerId(1), LinkEvent::Frame(text))) if text == "so am I"), "{answer:?}");
}

#[tokio::test]
async fn an_end_has_its_reason() {
    let (far, address) = Far::new(None).await;
    let mut link = start(None);
    let mut socket = meet(&mut link, &far, format!("ws://{address}/")).await;
    let frame = CloseFrame { code: 1008.into(), reason: "signature".into() };
    socket.close(Some(frame)).await.expect("sent");
    assert_eq!(closed(&mut link).await, "the server closed the link: signature");

    let mut socket = meet(&mut link, &far, format!("ws://{address}/")).await;
    socket.send(Message::text("x".repeat(LARGEST_FRAME + 1))).await.expect("sent");
    assert!(closed(&mut link).await.contains("too long"));

    drop(far);
    link.carry_out(LinkCommand::Connect(format!("ws://{address}/")));
    assert_eq!(closed(&mut link).await, format!("cannot reach {address}: connection refused"));
    link.carry_out(LinkCommand::Connect("nonsense".to_owned()));
    assert!(closed(&mut link).await.ends_with("is not a signaling URL"));
}

#[tokio::test(start_paused = true)]
async fn a_silent_server_is_noticed() {
    let (far, address) = Far::new(None).await;
    let mut link = start(None);
    // Bound, but nobody accepts: TCP opens, HTTP never answers.
    let began = Instant::now();
    link.carry_out(LinkCommand::Connect(format!("ws://{address}/")));
    assert_eq!(closed(&mut link).await, "127.0.0.1 did not answer within 10 s");
    assert!(began.elapsed() >= CONNECT_TIMEOUT);
    drop(far);
}

#[tokio::test]
async fn a_probe_finds_a_dead_link_within_two_seconds() {
    let (far, address) = Far::new(None).await;
    let mut link = start(None);
    let mut socket = meet(&mut link, &far, format!("ws://{address}/")).await;
    link.carry_out(LinkCommand::Probe);
    let answering = async { while socket.next().await.is_some_and(|message| !message.expect("whole").is_ping()) {} };
    answering.await;
    socket.flush().await.expect("the pong goes out");
    assert!(matches!(link.next().await, Some(LinkEvent::Alive)));

    // From here on the server reads nothing, so that it answers nothing.
    tokio::time::pause();
    let began = Instant::now();
    link.carry_out(LinkCommand::Probe);
    assert_eq!(closed(&mut link).await, "the server did not answer a ping within 2 s");
    assert_eq!(began.elapsed().as_secs(), PROBE_TIMEOUT.as_secs());
    drop(socket);
}

#[tokio::test]
async fn a_server_that_falls_silent_is_noticed() {
    let (far, address) = Far::new(None).await;
    let mut link = start(None);
    let _socket = meet(&mut link, &far, format!("ws://{address}/")).await;
    tokio::time::pause();
    let began = Instant::now();
    assert_eq!(closed(&mut link).await, "the server said nothing for 60 s");
    assert!(began.elapsed() >= SILENCE);
}

fn certificate(directory: &Path, names: &[&str]) -> (TlsAcceptor, std::path::PathBuf) {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let made = rcgen::generate_simple_self_signed(names).expect("a certificate");
    let path = directory.join("server.pem");
    std::fs::write(&path, made.cert.pem()).expect("written");
    let key = rustls::pki_types::PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .expect("they match");
    (TlsAcceptor::from(Arc::new(config)), path)
}

#[tokio::test]
async fn only_a_trusted_certificate_opens() {
    let directory = tempfile::tempdir().expect("a directory");
    // The wrong name on purpose: a pinned certificate is good under any.
    let (acceptor, path) = certificate(directory.path(), &["kiosk.example"]);
    let (far, address) = Far::new(Some(acceptor)).await;
    let url = format!("wss://{address}/");
    let mut trusting = start(Some(&path));
    drop(meet(&mut trusting, &far, url.clone()).await);

    let other = tempfile::tempdir().expect("a directory");
    for ca_file in [None, Some(certificate(other.path(), &["127.0.0.1"]).1)] {
        let mut wary = start(ca_file.as_deref());
        wary.carry_out(LinkCommand::Connect(url.clone()));
        let accepting = async {
            let (tcp, _) = far.listener.accept().await.expect("a caller");
            far.tls.as_ref().expect("TLS").accept(tcp).await.is_err()
        };
        let (refused, reason) = tokio::join!(accepting, closed(&mut wary));
        assert!(refused && reason.contains("is not trusted: invalid peer certificate"), "{reason}");
    }
}

#[test]
fn a_wrong_ca_file_is_named() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("ca.pem");
    let sentence = WebSocketLink::new(Some(&path)).expect_err("no such file").to_string();
    assert!(sentence.starts_with(&format!("cannot read ca_file {}: No such file", path.display())), "{sentence}");
    std::fs::write(&path, "nonsense").expect("written");
    let sentence = WebSocketLink::new(Some(&path)).expect_err("no certificate").to_string();
    assert!(sentence.contains("holds no certificate (none found)"), "{sentence}");
}
