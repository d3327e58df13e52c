//! `kioskctl status --watch` and `stats --watch`: the kiosk on a terminal, as it changes.
//!
//! Three threads tell: keys, events of the kiosk, and looks at it, once a second and after each event. One draws. The threads end with the program.

mod screen;

use std::{
    io::{self, IsTerminal as _},
    ops::ControlFlow,
    panic,
    path::{Path, PathBuf},
    process,
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender},
    thread,
    time::{Duration, Instant},
};

use kioskd::{
    control::{
        client::{Client, ClientError},
        protocol::{ConfigReply, DevicesReply, EventReply, Method, StatusReply},
    },
    doctor::{self, Finding},
};
use ratatui::{
    DefaultTerminal,
    crossterm::{
        cursor::Show,
        event::{self, Event, KeyCode, KeyEventKind, KeyModifiers},
        execute,
    },
};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
};

use self::screen::{Screen, View};
use crate::{Trouble, follow};

/// Between two looks at the figures.
const PERIOD: Duration = Duration::from_secs(1);
/// What a program that has panicked ends with, by Rust's custom.
const PANICKED: i32 = 101;

/// What makes the screen change.
enum Told {
    Event(EventReply),
    Seen(Box<Seen>),
    /// kioskd does not answer.
    Silent(Finding),
    /// The other view is wanted.
    Turn,
    Resized,
    /// A key, a signal, or the terminal is gone.
    End,
}

/// A look at the kiosk.
struct Seen {
    status: StatusReply,
    wrong: Vec<Finding>,
    at: Instant,
    /// Figures are due; not where an event made somebody look.
    is_sample: bool,
}

/// `status --watch`.
pub(crate) fn status(socket: &Path, json: bool) -> Result<(), Trouble> {
    if json {
        follow::status(socket)
    } else if io::stdout().is_terminal() {
        show(socket, View::Kiosk)
    } else {
        Err(Trouble::NoTerminal)
    }
}

/// `stats`, and `stats --watch`.
pub(crate) fn stats(socket: &Path, json: bool, watch: bool) -> Result<(), Trouble> {
    if watch && !json && io::stdout().is_terminal() {
        show(socket, View::Figures)
    } else {
        follow::stats(socket, json, watch)
    }
}

fn show(socket: &Path, view: View) -> Result<(), Trouble> {
    // Who may not ask at all is told so on a terminal that is still as it was.
    Client::connect(socket)?.get::<StatusReply>(&Method::Status {})?;
    let (told, tells) = mpsc::channel();
    let signals = Signals::new([SIGHUP, SIGINT, SIGTERM]).map_err(Trouble::Output)?;
    on_terminal(|terminal| {
        end_by(signals, told.clone());
        listen(told.clone());
        let (wake, wakes) = mpsc::sync_channel(1);
        follow_events(socket.to_owned(), told.clone(), wake);
        look_again(socket.to_owned(), told, wakes);
        draw(terminal, &mut Screen::new(view), &tells)
    })
    .map_err(Trouble::Output)
}

/// Takes the terminal, and puts it back however that ends.
fn on_terminal(run: impl FnOnce(&mut DefaultTerminal) -> io::Result<()>) -> io::Result<()> {
    // It also sets a panic hook that puts the terminal back.
    let mut terminal = ratatui::try_init().inspect_err(|_| drop(ratatui::try_restore()))?;
    let put_back = panic::take_hook();
    panic::set_hook(Box::new(move |panicked| {
        let _ = execute!(io::stdout(), Show);
        put_back(panicked);
        // Of whatever thread: nobody draws on a terminal that was put back.
        process::exit(PANICKED);
    }));
    let outcome = run(&mut terminal);
    let restored = ratatui::try_restore();
    outcome.and(restored)
}

fn end_by(mut signals: Signals, told: Sender<Told>) {
    thread::spawn(move || {
        for _ in signals.forever() {
            if told.send(Told::End).is_err() {
                return;
            }
        }
    });
}

fn listen(told: Sender<Told>) {
    thread::spawn(move || {
        loop {
            let tell = match event::read() {
                Ok(Event::Key(key)) if key.kind != KeyEventKind::Release => match wanted(key) {
                    Some(tell) => tell,
                    None => continue,
                },
                Ok(Event::Resize(..)) => Told::Resized,
                Ok(_) => continue,
                Err(_) => Told::End,
            };
            let is_end = matches!(tell, Told::End);
            if told.send(tell).is_err() || is_end {
                return;
            }
        }
    });
}

fn wanted(key: event::KeyEvent) -> Option<Told> {
    // In raw mode Ctrl-C is a key.
    let is_interrupt = key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
    if is_interrupt || matches!(key.code, KeyCode::Esc | KeyCode::Char('q')) {
        return Some(Told::End);
    }
    (key.code == KeyCode::Tab).then_some(Told::Turn)
}

/// Events of the kiosk, also of the next one when this one has ended.
fn follow_events(socket: PathBuf, told: Sender<Told>, wake: SyncSender<()>) {
    thread::spawn(move || {
        loop {
            let mut is_over = false;
            // Why there are none is told by who looks.
            let _ = Client::connect(&socket).and_then(|mut client| {
                client.follow(&Method::Events {}, |event| {
                    if let Ok(event) = serde_json::from_value(event) {
                        is_over = told.send(Told::Event(event)).is_err();
                        // A look that is due already is enough.
                        let _ = wake.try_send(());
                    }
                    if is_over { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
                })
            });
            if is_over {
                return;
            }
            // Nobody tells that a socket has come.
            thread::sleep(PERIOD);
        }
    });
}

fn look_again(socket: PathBuf, told: Sender<Told>, wakes: Receiver<()>) {
    thread::spawn(move || {
        let mut connected = None;
        let mut due = Instant::now();
        loop {
            let is_sample = due <= Instant::now();
            if is_sample {
                due = Instant::now() + PERIOD;
            }
            let tell = look(&mut connected, &socket, is_sample).unwrap_or_else(|error| {
                connected = None;
                Told::Silent(doctor::silence(&error))
            });
            if told.send(tell).is_err()
                || wakes.recv_timeout(due.saturating_duration_since(Instant::now()))
                    == Err(RecvTimeoutError::Disconnected)
            {
                return;
            }
        }
    });
}

fn look(connected: &mut Option<(Client, ConfigReply)>, socket: &Path, is_sample: bool) -> Result<Told, ClientError> {
    let (client, config) = match connected {
        Some(connected) => connected,
        None => {
            let mut client = Client::connect(socket)?;
            let config = client.get(&Method::Config {})?;
            connected.insert((client, config))
        }
    };
    let status: StatusReply = client.get(&Method::Status {})?;
    let at = Instant::now();
    let devices: DevicesReply = client.get(&Method::Devices {})?;
    let wrong = doctor::problems(&status, &devices, config);
    Ok(Told::Seen(Box::new(Seen { status, wrong, at, is_sample })))
}

fn draw(terminal: &mut DefaultTerminal, screen: &mut Screen, tells: &Receiver<Told>) -> io::Result<()> {
    loop {
        terminal.draw(|frame| screen.draw(frame))?;
        let Ok(first) = tells.recv() else { return Ok(()) };
        // What has come meanwhile is drawn at once.
        for tell in std::iter::once(first).chain(tells.try_iter()) {
            match tell {
                Told::Event(event) => screen.happened(&event),
                Told::Seen(seen) => screen.seen(*seen),
                Told::Silent(finding) => screen.silent(finding),
                Told::Turn => screen.turn(),
                Told::Resized => {}
                Told::End => return Ok(()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// With this variable the test is the program that panics.
    const PANICS: &str = "KIOSK_TEST_PANICS";

    /// script(1) has a terminal for it, whose modes `stty` tells before and after.
    #[test]
    fn the_terminal_is_as_it_was_after_a_panic() {
        if std::env::var_os(PANICS).is_some() {
            let outcome = on_terminal(|terminal| {
                terminal.draw(|_| {})?;
                // Not of the thread that draws.
                let _ = thread::spawn(|| panic!("as it must not be")).join();
                Ok(())
            });
            panic!("it has gone on: {outcome:?}");
        }
        let program = std::env::current_exe().expect("it runs");
        let name = "watch::tests::the_terminal_is_as_it_was_after_a_panic";
        let line = format!("stty -g; {PANICS}=1 '{}' --exact {name}; echo code $?; stty -g", program.display());
        let mut script = Command::new("script");
        script.args(["--quiet", "--command", &line, "/dev/null"]).env("TERM", "xterm");
        let output = script.stdin(process::Stdio::null()).output().expect("script is there");
        let seen = String::from_utf8_lossy(&output.stdout);
        let (entered, left) = (seen.find("\x1b[?1049h"), seen.rfind("\x1b[?1049l"));
        assert!(entered.is_some() && left > entered, "{seen:?}");
        assert!(seen.rfind("\x1b[?25h") > seen.find("\x1b[?25l"), "the cursor is hidden: {seen:?}");
        assert!(seen.contains(&format!("code {PANICKED}\r\n")), "{seen:?}");
        let modes: Vec<_> = seen.lines().filter(|line| line.matches(':').count() > 20).collect();
        assert!(modes.len() == 2 && modes[0] == modes[1], "{seen:?}");
    }
}
