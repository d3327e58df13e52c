//! The program: what it says and how it ends.

use std::{
    io::{BufRead as _, BufReader},
    net::{SocketAddr, TcpListener},
    os::unix::net::UnixDatagram,
    process::{Child, Command, Output, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use crate::{client::Link, peer::Peer};

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kiosk-server"));
    command.args(arguments).env_clear().stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs to the end: only for command lines that must not serve.
fn run(arguments: &[&str]) -> (Option<i32>, String) {
    let Output { status, stderr, .. } = program(arguments).output().expect("the program starts");
    (status.code(), String::from_utf8(stderr).expect("UTF-8"))
}

#[test]
fn each_failure_has_its_code_and_names_the_thing() {
    let directory = tempfile::tempdir().expect("a directory");
    let empty = directory.path().join("empty");
    std::fs::write(&empty, "\n").expect("a file");
    let empty = empty.to_str().expect("UTF-8");
    for (arguments, code, words) in [
        (&["--bind", "192.0.2.1:3030", "--insecure-plain"][..], 69, &["192.0.2.1:3030", "--bind"][..]),
        (&["--bind", "0.0.0.0:0"], 78, &["--cert", "--self-signed", "--insecure-plain"]),
        (&["--cert", "none.pem", "--key", "none.key"], 78, &["certificate", "none.pem"]),
        (&["--cert", empty, "--key", empty], 78, &["no certificate", empty]),
        (&["--turn-uri", "turn:t.example", "--turn-secret-file", "none"], 78, &["TURN secret", "none"]),
        (&["--turn-uri", "turn:t.example", "--turn-secret-file", empty], 78, &["TURN secret", "empty"]),
        (&["--admin-token-file", "none"], 78, &["admin token", "none"]),
        (&["--admin-token-file", empty], 78, &["admin token", "16 characters", empty]),
        (&["--turn-uri", "turn:t.example"], 2, &["--turn-secret-file"]),
        (&["--turn-uri", "t.example", "--turn-secret-file", empty], 2, &["turn:"]),
        (&["--cert", "a"], 2, &["--key"]),
        (&["--public-url", "calls.example"], 2, &["calls.example", "https://"]),
        (&["--bind", "here"], 2, &["here"]),
        (&["--nonsense"], 2, &["--nonsense"]),
    ] {
        let (ended, said) = run(arguments);
        assert_eq!(ended, Some(code), "{arguments:?}: {said}");
        assert!(words.iter().all(|word| said.contains(word)), "{arguments:?}: {said}");
    }
}

#[test]
fn a_taken_port_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("bound");
    let (ended, said) = run(&["--bind", &address.to_string()]);
    assert_eq!(ended, Some(69), "{said}");
    assert!(said.contains(&format!("port {} of 127.0.0.1 is taken", address.port())), "{said}");
}

/// Ends the program even when the test fails.
pub(crate) struct Running(pub(crate) Child);

impl Running {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self(program(arguments).spawn().expect("the program starts"))
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([format!("-{name}"), self.0.id().to_string()]).status();
        assert!(sent.expect("kill is there").success());
    }
}

/// What a program says, line by line.
pub(crate) struct Log(mpsc::Receiver<String>);

impl Log {
    pub(crate) fn of(child: &mut Running) -> Self {
        let lines = BufReader::new(child.0.stderr.take().expect("piped")).lines();
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self(receiver)
    }

    /// The next line that holds these words. Everything here takes milliseconds; ten seconds mean that it never comes.
    fn line_with(&self, words: &str) -> String {
        loop {
            let line = self.0.recv_timeout(Duration::from_secs(10));
            let line = line.unwrap_or_else(|_| panic!("it never said {words:?}"));
            if line.contains(words) {
                return line;
            }
        }
    }

    /// The address at the end of the line that says where it listens.
    pub(crate) fn listening(&self) -> SocketAddr {
        let line = self.line_with("listening");
        line.rsplit('=').next().and_then(|text| text.parse().ok()).expect("address=…")
    }

    /// All that it says until it ends.
    fn rest(self) -> String {
        self.0.iter().collect::<Vec<_>>().join("\n")
    }
}

#[test]
fn a_signal_ends_it_in_order() {
    for signal in ["TERM", "INT"] {
        let mut child = Running::start(&["--bind", "127.0.0.1:0"]);
        let log = Log::of(&mut child);
        log.listening();
        child.signal(signal);
        let rest = log.rest();
        assert_eq!(child.0.wait().expect("a child").code(), Some(0), "{rest}");
        assert!(rest.contains("ended"), "{rest}");
    }
}

/// What systemd hears: it takes `systemctl reload` as done at the READY behind RELOADING (sd_notify(3)).
#[test]
fn sighup_reads_the_certificate_again_and_a_bad_one_is_refused_in_a_sentence() {
    let directory = tempfile::tempdir().expect("a directory");
    let (kept, socket) = (directory.path().join("tls"), directory.path().join("notify"));
    let manager = UnixDatagram::bind(&socket).expect("a socket");
    manager.set_read_timeout(Some(Duration::from_secs(10))).expect("ten seconds");
    let heard = || {
        let mut text = [0; 4096];
        let length = manager.recv(&mut text).expect("a message within ten seconds");
        String::from_utf8_lossy(text.get(..length).expect("as long as it says")).into_owned()
    };
    let mut command = program(&["--bind", "127.0.0.1:0", "--self-signed", kept.to_str().expect("UTF-8")]);
    let mut child = Running(command.env("NOTIFY_SOCKET", &socket).spawn().expect("the program starts"));
    let log = Log::of(&mut child);
    assert!(heard().starts_with("READY=1\nSTATUS=Listening on 127.0.0.1:"));

    child.signal("HUP");
    let begun = heard();
    assert!(begun.starts_with("RELOADING=1\nMONOTONIC_USEC="), "{begun}");
    let done = heard();
    assert!(done.starts_with("READY=1\nSTATUS=Listening") && !done.contains("stays"), "{done}");
    log.line_with("reloaded");

    std::fs::write(kept.join("key.pem"), "half a fi").expect("a file");
    child.signal("HUP");
    assert!(heard().starts_with("RELOADING=1\n"));
    let done = heard();
    let sentence = "nothing is changed: there is no private key in ";
    assert!(done.starts_with("READY=1\nSTATUS=Listening") && done.contains(sentence), "{done}");
    let said = log.line_with(sentence);
    assert!(said.contains("WARN") && said.contains("key.pem"), "{said}");
    child.signal("TERM");
    assert_eq!(child.0.wait().expect("a child").code(), Some(0));
}

#[tokio::test]
async fn each_peer_leaves_one_line_in_the_log() {
    let mut child = Running::start(&["--bind", "127.0.0.1:0"]);
    let log = Log::of(&mut child);
    let address = log.listening();
    let (one, two) = (Peer::new(1, 0), Peer::new(2, 0));
    let mut leaves = Link::sign_in(address, &one).await;
    let mut breaks_off = Link::sign_in(address, &two).await;
    leaves.frame().await;
    let envelope = serde_json::to_string(&one.message()).expect("strings");
    leaves.send(format!(r#"{{"t":"msg","to":"{}","m":{envelope}}}"#, two.id())).await;
    breaks_off.text().await;
    // Never signed in: nobody an admin knows, and no line at this level.
    drop(Link::open(address).await);
    leaves.0.close(None).await.expect("an open socket");
    // In: the sign-in and the message. Out: hello, welcome, and who joined.
    let line = log.line_with("frames_in");
    assert!(line.contains(" INFO ") && line.contains(" seconds="), "{line}");
    assert!(line.contains(&format!(" peer={} room=lobby role=Kiosk ", one.id())), "{line}");
    assert!(line.contains(" frames_in=2 frames_out=3 reason=\"left\""), "{line}");
    breaks_off.frame().await;
    drop(breaks_off);
    // In: the sign-in. Out: hello, welcome, the message, and who left.
    let line = log.line_with("frames_in");
    assert!(line.contains(&two.id().to_string()), "{line}");
    assert!(line.contains(" frames_in=1 frames_out=4 reason=\"broken-off\""), "{line}");
    let mut again = Link::sign_in(address, &one).await;
    child.signal("TERM");
    again.closed().await;
    let line = log.line_with("frames_in");
    assert!(line.contains("reason=\"draining\""), "{line}");
    let rest = log.rest();
    assert!(!rest.contains("frames_in"), "{rest}");
}

#[test]
fn the_environment_is_read() {
    let output = program(&[]).env("KIOSK_SERVER_BIND", "0.0.0.0:0").output().expect("the program starts");
    assert_eq!(output.status.code(), Some(78));
}
