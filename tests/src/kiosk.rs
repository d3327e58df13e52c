//! A kiosk under test: the real core and the real link, with real media or a model of it.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Result, bail};
use kiosk_call::{
    Button, CertificateCheck, Command, Config, Edge, Input, Kiosk, MediaCommand, MediaEvent, Now, Output, Pin, Quality,
    Retention, Setup, Target, UnixMillis, UnknownPeers,
};
use kiosk_wire::{Fingerprint, IdentityKey, Name, PeerId, Room};
use kioskd::link::{Links, WebSocketLink, links};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
    time::timeout,
};

use crate::{forge, sight::Sight};

/// How long a test waits for something that should come at once.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Does what the core wants of media; the events go to where [`MakeMedia`] was told.
pub type Media = Box<dyn FnMut(MediaCommand) + Send>;

/// Where media tells.
pub type Events = mpsc::UnboundedSender<MediaEvent>;

/// Makes the media of a kiosk.
pub type MakeMedia = Box<dyn FnOnce(Events, Arc<watch::Sender<Sight>>) -> Result<Media> + Send>;

/// Whether a kiosk keeps to the rules. One that does not opens its own gates as soon as there is a connection: it takes, and
/// gives, whatever the other lets pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conduct {
    /// It does.
    Honest,
    /// It signs another certificate than the one it shows: to its peer, that is somebody in the middle of DTLS.
    Claims(Fingerprint),
    /// It never says a word on the data channel, so it never confirms.
    Silent,
}

/// Everything that makes a kiosk of a test.
pub struct Character {
    /// Its number: its identity follows from it.
    pub number: usize,
    /// The server it dials.
    pub url: String,
    /// Whom it trusts, by number, and whom of them it answers without ringing.
    pub trusts: Vec<usize>,
    /// Answers without ringing.
    pub auto_answer: bool,
    /// When two certificates agree, if it is not the product that says it.
    pub check: Option<CertificateCheck>,
    /// Whether it keeps to the rules.
    pub conduct: Conduct,
    /// Its media.
    pub media: MakeMedia,
}

/// No check at all.
#[must_use]
pub const fn unchecked(_: Fingerprint, _: Fingerprint) -> bool {
    true
}

/// The identity of the kiosk with this number.
#[must_use]
pub fn identity(number: usize) -> IdentityKey {
    let seed = u8::try_from(number + 1).expect("a handful of kiosks");
    IdentityKey::from_seed(&[seed; 32]).expect("below the order")
}

/// Its id.
#[must_use]
pub fn peer(number: usize) -> PeerId {
    identity(number).public().peer_id()
}

/// A running kiosk; dropped, it is gone without a word.
#[derive(Debug)]
pub struct TestKiosk {
    /// Who it is.
    pub peer: PeerId,
    number: usize,
    inputs: mpsc::UnboundedSender<Input>,
    sight: watch::Receiver<Sight>,
    running: JoinHandle<()>,
}

impl Drop for TestKiosk {
    fn drop(&mut self) {
        self.running.abort();
    }
}

impl TestKiosk {
    /// Starts it.
    ///
    /// # Errors
    /// Media does not start.
    pub fn start(character: Character) -> Result<Self> {
        let Character { number, media, check, conduct, .. } = character;
        let setup = setup(number, &character.url, &character.trusts, character.auto_answer);
        let kiosk = match check {
            None => Kiosk::new(setup, now()),
            Some(check) => Kiosk::with_certificate_check(setup, now(), check),
        };
        let sight = Arc::new(watch::Sender::new(Sight { phase: "none", ..Sight::default() }));
        let (events, media_events) = mpsc::unbounded_channel();
        let (inputs, given) = mpsc::unbounded_channel();
        let media = media(events, Arc::clone(&sight))?;
        let (links, tasks) = links(1);
        let web_socket = WebSocketLink::new(None)?;
        tasks.into_iter().for_each(|task| drop(tokio::spawn(web_socket.clone().run(task))));
        let seen = sight.subscribe();
        let shell = Shell { kiosk, links, media, conduct, sight, deadline: None };
        let running = tokio::spawn(shell.run(given, media_events));
        Ok(Self { peer: peer(number), number, inputs, sight: seen, running })
    }

    /// Something happens to it.
    pub fn input(&self, input: Input) {
        // It is gone if this fails, and the test will notice.
        let _ = self.inputs.send(input);
    }

    /// A command at the control socket.
    pub fn command(&self, command: Command) {
        self.input(Input::Command(command));
    }

    /// A finger on a button.
    pub fn press(&self, button: Button) {
        self.input(Input::Button(button, Edge::Down));
        self.input(Input::Button(button, Edge::Up));
    }

    /// Waits until it is so.
    ///
    /// # Errors
    /// It does not come to be so: what was waited for, and what was seen.
    pub async fn until(&self, what: &str, holds: impl FnMut(&Sight) -> bool) -> Result<()> {
        self.until_within(PATIENCE, what, holds).await
    }

    /// As [`TestKiosk::until`], for what takes its time.
    ///
    /// # Errors
    /// As there.
    pub async fn until_within(&self, patience: Duration, what: &str, holds: impl FnMut(&Sight) -> bool) -> Result<()> {
        let mut sight = self.sight.clone();
        if matches!(timeout(patience, sight.wait_for(holds)).await, Ok(Ok(_))) {
            return Ok(());
        }
        bail!("kiosk {}: waited in vain for {what}: {:#?}", self.number, *self.sight.borrow());
    }

    /// What is seen now.
    pub fn see<T>(&self, of: impl FnOnce(&Sight) -> T) -> T {
        of(&self.sight.borrow())
    }

    /// Waits for so many more pictures.
    ///
    /// # Errors
    /// They do not come.
    pub async fn more_pictures(&self, count: u64) -> Result<()> {
        let before = self.see(|sight| sight.pictures);
        self.until("more pictures", |sight| sight.pictures >= before + count).await
    }
}

fn setup(number: usize, url: &str, trusts: &[usize], auto_answer: bool) -> Setup {
    let pin = |other: &usize| Pin { peer: peer(*other), name: format!("Kiosk {other}"), auto_answer };
    let config = Config {
        name: Name::try_from(format!("Kiosk {number}")).expect("short"),
        room: Room::try_from("lobby".to_owned()).expect("lower case"),
        servers: vec![url.to_owned()],
        target: Target::Peer(peer(number ^ 1)),
        unknown: UnknownPeers::Refuse,
        operator_keys: Vec::new(),
        retention: Retention::UntilCallEnds,
        quick_replies: Vec::new(),
        allow_restart: true,
        document_camera: false,
        is_last_good: false,
    };
    let mut seed = [0x5e; 32];
    seed[0] = u8::try_from(number).expect("a handful of kiosks");
    Setup {
        identity: identity(number),
        config,
        epoch: 0,
        pins: trusts.iter().map(pin).collect(),
        revoked: Vec::new(),
        revocations: Vec::new(),
        memberships: Vec::new(),
        volume: 70,
        quality: Quality::Auto,
        history: Vec::new(),
        seed,
    }
}

fn now() -> Now {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Now { mono: Instant::now(), wall: UnixMillis(u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX)) }
}

/// The loop around the core, as the daemon's, with eyes for the test.
struct Shell {
    kiosk: Kiosk,
    links: Links,
    media: Media,
    conduct: Conduct,
    sight: Arc<watch::Sender<Sight>>,
    deadline: Option<Instant>,
}

impl Shell {
    async fn run(mut self, mut given: mpsc::UnboundedReceiver<Input>, mut media: mpsc::UnboundedReceiver<MediaEvent>) {
        self.turn(Input::Timeout);
        loop {
            let deadline = self.deadline.unwrap_or_else(|| Instant::now() + PATIENCE);
            let input = tokio::select! {
                biased;
                Some(input) = given.recv() => input,
                Some(event) = media.recv() => Input::Media(self.heard(event)),
                Some((server, event)) = self.links.next() => Input::Link(server, event),
                () = tokio::time::sleep_until(deadline.into()) => Input::Timeout,
            };
            self.turn(input);
        }
    }

    /// What the core is told of what media tells.
    fn heard(&mut self, event: MediaEvent) -> MediaEvent {
        match (event, self.conduct) {
            (MediaEvent::LocalDescription { call, sdp }, Conduct::Claims(another)) => {
                MediaEvent::LocalDescription { call, sdp: forge::with_fingerprint(&sdp, another) }
            }
            (event @ MediaEvent::Secured { call, .. }, Conduct::Claims(_) | Conduct::Silent) => {
                (self.media)(MediaCommand::OpenGates { call });
                event
            }
            (event, _) => event,
        }
    }

    fn turn(&mut self, input: Input) {
        let measured = matches!(input, Input::Media(MediaEvent::Statistics { .. }));
        self.kiosk.handle_input(input, now());
        let (mut notices, mut shown) = (Vec::new(), None);
        loop {
            match self.kiosk.poll_output() {
                Output::Media(MediaCommand::SendChannel { .. }) if self.conduct == Conduct::Silent => {}
                // What is loud here came from the peer: a kiosk's own tones are tested in media.
                Output::Media(MediaCommand::SetTone(_)) => {}
                Output::Media(command) => (self.media)(command),
                Output::Link(server, command) => {
                    let order = self.links.decide(server, command);
                    self.links.carry_out(order);
                }
                Output::Notify(notice) => notices.push(notice),
                Output::View(view) => shown = Some(*view),
                Output::Lights(_) | Output::Store(_) | Output::Volume(_) | Output::File(_) | Output::Restart => {}
                Output::Timeout(deadline, _) => {
                    self.deadline = deadline;
                    break;
                }
            }
        }
        self.sight.send_modify(|sight| {
            notices.into_iter().for_each(|notice| sight.note(notice));
            sight.measured += u64::from(measured);
            sight.view = shown.or_else(|| sight.view.take());
            sight.look(&self.kiosk);
        });
    }
}
