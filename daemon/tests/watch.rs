//! `--watch` on a terminal, and what it leaves of that.

#[expect(dead_code, reason = "it uses its part of the board")]
mod board;

use std::{
    fs::{self, File},
    io::{Read as _, Write as _},
    num::NonZero,
    os::fd::AsFd,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use board::{KIOSKCTL, KIOSKD, Kiosk};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use rustix::{
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{Termios, Winsize, tcgetattr, tcsetwinsize},
};
use serde_json::Value;

const SILENT: &str = "[sound]\nmicrophone = \"none\"\nloudspeaker = \"none\"\n";
/// Generous: nothing here is measured.
const PATIENCE: Duration = Duration::from_secs(30);

/// kioskctl on a terminal of its own.
struct Watched {
    running: Child,
    terminal: File,
    before: Termios,
    shown: mpsc::Receiver<Vec<u8>>,
    screen: vt100::Parser,
}

impl Watched {
    fn start(kiosk: &Kiosk, arguments: &[&str]) -> Self {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&ours).expect("it is ours");
        unlockpt(&ours).expect("it is ours");
        resize(&ours, vt100::Parser::DEFAULT_ROWS.get(), vt100::Parser::DEFAULT_COLS.get());
        let name = ptsname(&ours, Vec::new()).expect("it has a name").into_string().expect("ASCII");
        let theirs = || Stdio::from(File::options().read(true).write(true).open(&name).expect("it opens"));
        let before = tcgetattr(&ours).expect("a terminal");
        let mut command = Command::new("setsid");
        command.args(["--ctty", KIOSKCTL, "--socket"]).arg(kiosk.path("control")).args(arguments);
        command.env("TERM", "xterm").stdin(theirs()).stdout(theirs()).stderr(theirs());
        let running = command.spawn().expect("setsid is there");
        let terminal = File::from(ours);
        let mut output = terminal.try_clone().expect("it is open");
        let (told, shown) = mpsc::channel();
        thread::spawn(move || {
            let mut bytes = [0; 4_096];
            while let Ok(count) = output.read(&mut bytes) {
                if count == 0 || told.send(bytes[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self { running, terminal, before, shown, screen: vt100::Parser::default() }
    }

    fn until(&mut self, what: &str, holds: impl Fn(&vt100::Screen) -> bool) {
        let began = Instant::now();
        while !holds(self.screen.screen()) {
            let contents = self.screen.screen().contents();
            let left = PATIENCE.saturating_sub(began.elapsed());
            let shown = self.shown.recv_timeout(left);
            let bytes = shown.unwrap_or_else(|error| panic!("waited in vain until {what} ({error}):\n{contents}"));
            self.screen.process(&bytes);
        }
    }

    fn until_it_says(&mut self, text: &str) {
        self.until(text, |screen| screen.contents().contains(text));
    }

    /// Waits for the end, and sees that the terminal is as it was.
    fn ends(mut self, code: Option<i32>) {
        let status = self.running.wait().expect("it ends");
        self.until("the screen is the one from before", |screen| !screen.alternate_screen() && !screen.hide_cursor());
        assert_eq!(status.code(), code, "{}", self.screen.screen().contents());
        let after = tcgetattr(&self.terminal).expect("a terminal");
        let modes = |modes: &Termios| (modes.input_modes, modes.output_modes, modes.control_modes, modes.local_modes);
        assert_eq!(modes(&after), modes(&self.before));
    }
}

fn resize(terminal: impl AsFd, rows: u16, columns: u16) {
    tcsetwinsize(terminal, Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }).expect("a terminal");
}

#[test]
fn a_kiosk_is_watched_beyond_its_end() {
    let mut kiosk = Kiosk::start(SILENT);
    let mut watched = Watched::start(&kiosk, &["status", "--watch"]);
    watched.until_it_says("Kiosk in room lobby");
    watched.until("it has a screen of its own", vt100::Screen::alternate_screen);
    watched.until_it_says("call   none");
    watched.until_it_says("what is wrong");
    watched.until_it_says("listening");
    kiosk.ctl(&["answer"]);
    watched.until_it_says("declined: nobody is calling");

    let (rows, columns) = (NonZero::new(12).expect("more than 0"), NonZero::new(40).expect("more than 0"));
    watched.screen.set_size(rows, columns);
    resize(&watched.terminal, 12, 40);
    watched.until("it is drawn smaller", |screen| !screen.contents().contains("what is wrong"));
    watched.until_it_says("Kiosk in room lobby");

    kill(kiosk.pid(), Signal::SIGTERM).expect("it is ours");
    kiosk.running.wait().expect("it ends");
    watched.until_it_says("no answer; waiting for kioskd");
    watched.until_it_says("kioskd is not running");
    let mut again = Command::new(KIOSKD);
    again.args(["--sim", "--config"]).arg(kiosk.path("kioskd.toml")).stdout(Stdio::null()).stderr(Stdio::null());
    kiosk.running = again.spawn().expect("it starts");
    watched.until_it_says("Kiosk in room lobby");

    watched.terminal.write_all(b"\t").expect("it takes");
    watched.until_it_says("no call");
    watched.terminal.write_all(b"q").expect("it takes");
    watched.ends(Some(0));
}

#[test]
fn the_terminal_is_as_it_was_after_a_signal_or_an_interrupt() {
    let kiosk = Kiosk::start(SILENT);
    let mut watched = Watched::start(&kiosk, &["stats", "--watch"]);
    watched.until_it_says("no call");
    watched.terminal.write_all(b"\x03").expect("it takes");
    watched.ends(Some(0));
    let mut watched = Watched::start(&kiosk, &["stats", "--watch"]);
    watched.until_it_says("no call");
    let pid = Pid::from_raw(i32::try_from(watched.running.id()).expect("pids are small"));
    kill(pid, Signal::SIGTERM).expect("it is ours");
    watched.ends(Some(0));
}

#[test]
fn without_a_terminal_there_are_lines_of_json_or_a_sentence() {
    let kiosk = Kiosk::start(SILENT);
    let refused = kiosk.ctl(&["status", "--watch"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("add --json for a line a second"), "{refused:?}");
    let mut command = Command::new(KIOSKCTL);
    command.arg("--socket").arg(kiosk.path("control")).args(["status", "--watch", "--json"]);
    let lines = fs::File::create(kiosk.path("lines")).expect("it is ours");
    let mut running = command.stdout(lines).spawn().expect("it starts");
    let read = || fs::read_to_string(kiosk.path("lines")).expect("it is there");
    kiosk.until("there are two lines", || read().matches('\n').count() >= 2);
    running.kill().expect("it is ours");
    running.wait().expect("it ends");
    for line in read().lines().take(2) {
        let status: Value = serde_json::from_str(line).expect("JSON");
        assert_eq!(status["room"], "lobby");
    }
}
