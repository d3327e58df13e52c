//! The program: what it says and how it ends.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    net::TcpListener,
    process::{Child, Command, Output, Stdio},
};

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
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[test]
fn a_signal_ends_it_in_order() {
    for signal in ["TERM", "INT"] {
        let mut child = Running::start(&["--bind", "127.0.0.1:0"]);
        let mut lines = BufReader::new(child.0.stderr.take().expect("piped"));
        let mut line = String::new();
        while !line.contains("listening") {
            line.clear();
            assert!(lines.read_line(&mut line).expect("UTF-8") > 0, "it ended before it listened");
        }
        let sent = Command::new("kill").args([format!("-{signal}"), child.0.id().to_string()]).status();
        assert!(sent.expect("kill is there").success());
        let mut rest = String::new();
        lines.read_to_string(&mut rest).expect("UTF-8");
        assert_eq!(child.0.wait().expect("a child").code(), Some(0), "{rest}");
        assert!(rest.contains("ended"), "{rest}");
    }
}

#[test]
fn the_environment_is_read() {
    let output = program(&[]).env("KIOSK_SERVER_BIND", "0.0.0.0:0").output().expect("the program starts");
    assert_eq!(output.status.code(), Some(78));
}
