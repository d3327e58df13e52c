//! T2: a whole kiosk in this process, on a simulated board, with scripted media and a scripted server.

#[path = "kiosk/far.rs"]
mod far;
#[path = "kiosk/trial.rs"]
mod trial;

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Result, ensure};
use kiosk_call::{
    DeviceState, Ending, Link, LinkCommand, LinkEvent, LinkTrouble, MediaCommand, MediaEvent, Retention, Screen, View,
};
use kiosk_hal::{
    compose::{Layer, Scene},
    keys,
    lights::Shine,
    panel::Size,
    sim::{self, Sim},
};
use kioskd::{
    Daemon, MediaEvents, StartError, Surroundings, Watchdog,
    config::Config,
    control::{
        client::{Client, ClientError},
        protocol::{ButtonName, Failure, LinkState, Method, StatusReply},
    },
    panel::Touches,
    reload::ConfigSource,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::{Notify, watch};

use crate::far::{Far, SERVER};

const CALL_LIGHT: &str = "kiosk:green:call";
const MUTE_LIGHT: &str = "kiosk:red:mute";
const FAULT_LIGHT: &str = "kiosk:amber:fault";
const BLINK: Shine = Shine::Blink { on_ms: 500, off_ms: 500 };
const PULSE: Shine = Shine::Blink { on_ms: 100, off_ms: 900 };

/// A kiosk, and everything that a test needs to play its surroundings.
struct Kiosk {
    daemon: Daemon,
    sim: Sim,
    views: watch::Receiver<View>,
    media: MediaEvents,
    asked_of_media: Arc<Mutex<Vec<MediaCommand>>>,
    volume: watch::Receiver<u8>,
    network_changed: Arc<Notify>,
    far: Far,
    directory: TempDir,
}

fn config(directory: &Path) -> Config {
    let text = format!(
        "[server]\nurl = \"{SERVER}\"\n[trust]\nunknown = \"ring-unverified\"\n\
         [paths]\nstate_dir = \"{0}/state\"\ncontrol_socket = \"{0}/control\"\n",
        directory.display()
    );
    Config::parse(&directory.join("kioskd.toml"), &text).expect("a config")
}

/// A kiosk that has just been started. `media` sees every command before it is noted.
fn start_with(directory: TempDir, media: impl Fn(&MediaCommand) + Send + 'static) -> Result<Kiosk, StartError> {
    let config = config(directory.path());
    start_as(&config, directory, media)
}

fn start_as(
    config: &Config,
    directory: TempDir,
    media: impl Fn(&MediaCommand) + Send + 'static,
) -> Result<Kiosk, StartError> {
    let (board, sim) = sim::board(Size::new(320, 240).expect("fits"));
    let (view_sender, views) = kioskd::views(config);
    let (post, media_events) = kioskd::media_events();
    let asked_of_media = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&asked_of_media);
    let (volumes, volume) = watch::channel(0);
    let (task_sender, task) = std::sync::mpsc::channel();
    let eye = sim.clone();
    let network_changed = Arc::new(Notify::new());
    let surroundings = Surroundings {
        keys: board.keys,
        fingers: board.fingers,
        touches: Touches::default(),
        lights: board.lights,
        views: view_sender,
        take_snapshot: Box::new(|_, taken| taken(Err("there is no camera".to_owned()))),
        try_out: trial::busy(),
        screen: watch::channel(DeviceState::Ready).1,
        media: Box::new(move |command| {
            media(&command);
            noted.lock().unwrap_or_else(PoisonError::into_inner).push(command);
        }),
        media_events,
        volumes,
        led_came: Arc::default(),
        network_changed: Arc::clone(&network_changed),
        screenshots: Arc::new(move || eye.png()),
        devices: Arc::new(Vec::new),
        watchdog: Watchdog::default(),
        prepare: Arc::new(|_| Ok(Box::new(|| {}))),
        link: Some(Box::new(move |task| task_sender.send(task).expect("the test waits"))),
    };
    let source = ConfigSource { file: Some(directory.path().join("kioskd.toml")), ..ConfigSource::default() };
    let daemon = Daemon::start(config, source, surroundings)?;
    let far = Far::new(task.try_recv().expect("the link is made at start"));
    let mut panel = board.panel;
    let black = Layer::new(panel.size(), vec![0; panel.size().frame_bytes()]).expect("is as large");
    let scene = Scene { layer: &Arc::new(black), picture: None, room: None, inset: None, beside: [0; 4] };
    panel.present(&scene).expect("memory takes all");
    Ok(Kiosk { daemon, sim, views, media: post, asked_of_media, volume, network_changed, far, directory })
}

fn start() -> Kiosk {
    start_with(tempfile::tempdir().expect("a directory"), |_| {}).expect("it starts")
}

impl Kiosk {
    fn press(&self, key: &str) {
        assert!(self.sim.press(keys::code(key).expect("a key")));
    }

    fn release(&self, key: &str) {
        assert!(self.sim.release(keys::code(key).expect("a key")));
    }

    /// Waits for a view that fits. Nothing here waits for real: the clock is stopped and jumps to the next deadline.
    async fn view(&mut self, fits: impl FnMut(&View) -> bool) -> View {
        self.views.wait_for(fits).await.expect("the kiosk runs").clone()
    }

    async fn reachable(&mut self) {
        self.far.sign_in().await;
        self.view(|view| matches!(view.screen, Screen::Idle { reachable: true, .. })).await;
    }

    async fn ask(&self, method: Method) -> Result<Value, ClientError> {
        let path = self.directory.path().join("control");
        let asking = move || Client::connect(&path)?.ask(&method);
        tokio::task::spawn_blocking(asking).await.expect("it does not panic")
    }

    async fn status(&self) -> StatusReply {
        serde_json::from_value(self.ask(Method::Status {}).await.expect("an answer")).expect("a status")
    }

    fn light(&self, name: &str) -> Option<Shine> {
        self.sim.lights().get(name).copied()
    }

    fn asked(&self, fits: impl Fn(&MediaCommand) -> bool) -> bool {
        self.asked_of_media.lock().unwrap_or_else(PoisonError::into_inner).iter().any(fits)
    }

    async fn end(mut self) -> PathBuf {
        self.daemon.stop();
        let far = async { while self.far.wanted().await != LinkCommand::Close {} };
        far.await;
        drop(self.far);
        assert!(self.daemon.finished().await, "the loop panicked");
        self.directory.keep()
    }
}

fn declined(answer: Result<Value, ClientError>) -> Failure {
    match answer {
        Err(ClientError::Failed(failure)) => failure,
        other => panic!("{other:?} is no failure"),
    }
}

/// A dark screen is woken by any button, also by one that does nothing now.
#[tokio::test(start_paused = true)]
async fn a_press_that_changes_nothing_is_told_to_the_panel() {
    let mut kiosk = start();
    let before = kiosk.view(|view| matches!(view.screen, Screen::Idle { reachable: false, .. })).await;
    kiosk.press("KEY_PHONE");
    kiosk.views.changed().await.expect("the kiosk runs");
    assert_eq!(*kiosk.views.borrow_and_update(), before);
    kiosk.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_press_sets_lights_and_view_in_one_turn() {
    let mut kiosk = start();
    kiosk.reachable().await;
    assert_eq!(kiosk.light(CALL_LIGHT), Some(Shine::On));
    assert!(kiosk.sim.lights_changed().await);
    let mut eye = kiosk.sim.clone();
    kiosk.views.mark_unchanged();
    kiosk.press("KEY_PHONE");
    // The next change of a light is the press's, and the view changed in the very same turn: nothing is awaited between.
    while kiosk.light(CALL_LIGHT) == Some(Shine::On) {
        assert!(eye.lights_changed().await);
    }
    let screen = kiosk.views.borrow().screen.clone();
    assert!(matches!(&screen, Screen::RingingOut { peer, .. } if peer.name == "Desk" && !peer.verified), "{screen:?}");
    assert_eq!(kiosk.light(CALL_LIGHT), Some(PULSE));
    assert!(kiosk.asked(|command| matches!(command, MediaCommand::Offer { .. })));

    kiosk.press("KEY_MICMUTE");
    kiosk.view(|view| view.muted).await;
    assert_eq!(kiosk.light(MUTE_LIGHT), Some(Shine::On));
    assert!(kiosk.asked(|command| *command == MediaCommand::SetSending { audio: false, video: true }));

    kiosk.release("KEY_PHONE");
    // No finger is quicker: a press that follows at once would be a contact that bounces.
    tokio::time::sleep(Duration::from_millis(50)).await;
    kiosk.press("KEY_PHONE");
    let view = kiosk.view(|view| matches!(view.screen, Screen::Ended { .. })).await;
    assert!(matches!(view.screen, Screen::Ended { why: Ending::HungUp, .. }));
    kiosk.view(|view| matches!(view.screen, Screen::Idle { .. })).await;
    kiosk.end().await;
}

#[tokio::test(start_paused = true)]
async fn keys_that_are_no_button_do_nothing() {
    let mut kiosk = start();
    kiosk.reachable().await;
    kiosk.press("KEY_A");
    kiosk.press("KEY_MICMUTE");
    let view = kiosk.view(|view| view.muted).await;
    assert!(matches!(view.screen, Screen::Idle { .. }));
    kiosk.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_volume_button_is_seen_heard_and_kept() {
    let mut kiosk = start();
    kiosk.reachable().await;
    assert_eq!(*kiosk.volume.borrow_and_update(), 70, "the config's, at the start");
    kiosk.press("KEY_VOLUMEDOWN");
    kiosk.view(|view| view.volume == Some(65)).await;
    assert_eq!(*kiosk.volume.borrow_and_update(), 65);
    kiosk.release("KEY_VOLUMEDOWN");
    kiosk.view(|view| view.volume.is_none()).await;
    assert_eq!(kiosk.status().await.volume, 65);
    let failure = declined(kiosk.ask(Method::Volume { percent: 101 }).await);
    assert!(matches!(&failure, Failure::Declined(sentence) if sentence.starts_with("101 is not in")), "{failure:?}");
    kiosk.ask(Method::Volume { percent: 30 }).await.expect("it is taken");
    let directory = kiosk.end().await;
    let kept = std::fs::read_to_string(directory.join("state/volume")).expect("it is kept");
    assert_eq!(kept, "30\n", "though nobody waited until it was shown");
}

#[tokio::test(start_paused = true)]
async fn after_a_change_of_the_network_the_link_is_probed() {
    let mut kiosk = start();
    kiosk.reachable().await;
    kiosk.network_changed.notify_one();
    let mut wanted = kiosk.far.wanted().await;
    // Whoever is in the room is told how the kiosk is, whenever that is.
    while matches!(wanted, LinkCommand::Send(_)) {
        wanted = kiosk.far.wanted().await;
    }
    assert_eq!(wanted, LinkCommand::Probe);
    kiosk.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_the_disk_does_not_take_is_said_and_kept_later() {
    let mut kiosk = start();
    kiosk.reachable().await;
    let state = kiosk.directory.path().join("state");
    std::fs::create_dir(state.join("trust.json.tmp")).expect("something in the way");
    let pin = Method::TrustAdd { id: kiosk.far.operator().to_string(), name: "Desk".to_owned(), auto_answer: false };
    declined(kiosk.ask(pin).await);
    let problem = kiosk.status().await.state_problem;
    assert!(problem.as_ref().is_some_and(|why| why.contains("trust.json")), "{problem:?}");
    std::fs::remove_dir(state.join("trust.json.tmp")).expect("it goes");
    tokio::time::sleep(Duration::from_secs(11)).await;
    assert_eq!(kiosk.status().await.state_problem, None);
    assert!(std::fs::read_to_string(state.join("trust.json")).expect("it is kept").contains("Desk"));
    kiosk.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_line_is_said_also_when_the_disk_does_not_take_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut config = config(directory.path());
    config.chat.keep = Retention::For(Duration::from_secs(86_400));
    std::fs::create_dir_all(config.paths.state_dir.join("chat.db")).expect("something in the way");
    let mut kiosk = start_as(&config, directory, |_| {}).expect("it starts");
    kiosk.reachable().await;
    let line = Method::ChatSend { peer: Some(kiosk.far.operator().to_string()), text: "hello".to_owned() };
    kiosk.ask(line).await.expect("it is said");
    let problem = kiosk.status().await.state_problem;
    assert!(problem.as_ref().is_some_and(|why| why.contains("chat.db")), "{problem:?}");
    kiosk.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_learned_calls_nobody() {
    let mut kiosk = start();
    kiosk.reachable().await;
    let key = keys::code("KEY_A").expect("a key");
    // Until the request has reached the loop, this key is no button and does nothing.
    let pressing = async {
        loop {
            if kiosk.sim.press(key) {
                kiosk.sim.release(key);
            }
            tokio::task::yield_now().await;
        }
    };
    let learned = tokio::select! {
        learned = kiosk.ask(Method::LearnKey {}) => learned,
        () = pressing => unreachable!("it never ends"),
    };
    assert_eq!(learned.expect("it is told")["name"], json!("KEY_A"));
    assert!(matches!(kiosk.views.borrow().screen, Screen::Idle { .. }));
    kiosk.end().await;
}

#[tokio::test(start_paused = true)]
async fn the_core_is_woken_at_its_deadlines() {
    let mut kiosk = start();
    assert_eq!(kiosk.far.wanted().await, LinkCommand::Connect(SERVER.to_owned()));
    kiosk
        .far
        .happened(LinkEvent::Closed { trouble: LinkTrouble::NoNetwork, reason: "the cable is out".to_owned() })
        .await;
    let view = kiosk.view(|view| matches!(view.link, Link::Down { .. })).await;
    assert!(matches!(&view.link, Link::Down { reason, .. } if reason == "the cable is out"));
    assert_eq!(kiosk.light(FAULT_LIGHT), Some(BLINK));
    let status = kiosk.status().await;
    assert_eq!((status.link.state, status.healthy), (LinkState::Down, false));
    let began = tokio::time::Instant::now();
    kiosk.reachable().await;
    let waited = began.elapsed();
    assert!((Duration::from_millis(400)..Duration::from_secs(16)).contains(&waited), "{waited:?}");
    assert_eq!(kiosk.light(FAULT_LIGHT), Some(Shine::Off));
    kiosk.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_unanswered_call_ends_by_itself() {
    let mut kiosk = start();
    kiosk.reachable().await;
    let began = tokio::time::Instant::now();
    kiosk.ask(Method::Press { button: ButtonName::Call, hold_ms: None }).await.expect("it rings");
    let view = kiosk.view(|view| matches!(view.screen, Screen::Ended { .. })).await;
    assert!(matches!(view.screen, Screen::Ended { why: Ending::NoAnswer, .. }), "{view:?}");
    assert_eq!(began.elapsed().as_secs(), 45);
    kiosk.end().await;
}

#[tokio::test(start_paused = true)]
async fn missing_devices_show_and_do_not_end_it() {
    let mut kiosk = start();
    kiosk.reachable().await;
    let problem = "no camera is there: plug one in";
    (kiosk.media)(MediaEvent::Camera(DeviceState::Missing(problem.to_owned())));
    kiosk.view(|view| view.camera == DeviceState::Missing(problem.to_owned())).await;
    assert_eq!(kiosk.light(FAULT_LIGHT), Some(Shine::On));
    let status = kiosk.status().await;
    assert_eq!((status.camera.problem.as_deref(), status.camera.ready, status.healthy), (Some(problem), false, false));
    (kiosk.media)(MediaEvent::Camera(DeviceState::Ready));
    kiosk.view(|view| view.camera == DeviceState::Ready).await;
    assert!(kiosk.status().await.healthy);
    kiosk.end().await;
}

#[tokio::test(start_paused = true)]
async fn the_control_socket_answers() {
    let mut kiosk = start();
    let me = kiosk.ask(Method::Identity {}).await.expect("an answer");
    let you = kiosk.far.sign_in().await;
    assert_eq!(me["peer_id"], json!(you.to_string()));
    kiosk.view(|view| view.link == Link::Up).await;
    let status = kiosk.status().await;
    assert_eq!((status.name.as_str(), status.room.as_str(), status.peers, status.healthy), ("Kiosk", "lobby", 1, true));

    let operator = kiosk.far.operator().to_string();
    let peers = kiosk.ask(Method::Peers {}).await.expect("an answer");
    assert_eq!(peers["peers"][0]["id"], json!(operator));
    assert_eq!(peers["peers"][0]["role"], json!("operator"));
    assert_eq!(peers["peers"][0]["pinned"], json!(false));

    let png = kiosk.ask(Method::Screenshot {}).await.expect("an answer");
    assert!(png["png"].as_str().is_some_and(|text| text.starts_with("iVBORw0KGgo")), "{png}");

    kiosk.ask(Method::Call { peer: Some(operator) }).await.expect("it rings");
    assert_eq!(kiosk.status().await.call.map(|call| call.phase).as_deref(), Some("ringing_out"));
    kiosk.ask(Method::Mute {}).await.expect("done");
    assert!(kiosk.status().await.muted);
    kiosk.ask(Method::HangUp {}).await.expect("done");
    assert_eq!(kiosk.status().await.call, None);
    let history = kiosk.ask(Method::ChatHistory {}).await.expect("an answer");
    assert_eq!(history, json!({ "lines": [], "unread": 0 }));
    kiosk.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_done_is_declined_with_a_sentence() {
    let mut kiosk = start();
    let answer = declined(kiosk.ask(Method::Call { peer: None }).await);
    assert!(matches!(answer, Failure::Unavailable(_)), "without a link: {answer:?}");
    kiosk.reachable().await;
    let nobody = kiosk_wire::PeerId([7; 32]).to_string();
    for (method, expected) in [
        (Method::Call { peer: Some(nobody.clone()) }, "NotFound"),
        (Method::Call { peer: Some("short".to_owned()) }, "Declined"),
        (Method::Answer {}, "Declined"),
        (Method::HangUp {}, "Declined"),
        (Method::ChatSend { peer: None, text: "hello".to_owned() }, "Declined"),
        (Method::TrustRemove { id: nobody }, "NotFound"),
        (Method::Press { button: ButtonName::Call, hold_ms: Some(60_001) }, "Declined"),
    ] {
        let failure = declined(kiosk.ask(method.clone()).await);
        let (name, sentence) = failure.parts();
        assert!(name == expected && !sentence.is_empty(), "{method:?} gives {failure:?}");
    }
    kiosk.ask(Method::Call { peer: None }).await.expect("it rings");
    let failure = declined(kiosk.ask(Method::Call { peer: None }).await);
    assert!(matches!(failure, Failure::TryAgain(_)), "{failure:?}");
    kiosk.end().await;
}

#[tokio::test(start_paused = true)]
async fn trust_and_identity_survive_a_restart() {
    let mut kiosk = start();
    let me = kiosk.far.sign_in().await;
    let operator = kiosk.far.operator().to_string();
    let pin = Method::TrustAdd { id: operator.clone(), name: "Front desk".to_owned(), auto_answer: false };
    kiosk.ask(pin).await.expect("done");
    let peers = kiosk.ask(Method::Peers {}).await.expect("an answer");
    assert_eq!(peers["peers"][0]["name"], json!("Front desk"));
    let directory = kiosk.end().await;

    // What a power cut in the middle of a write leaves behind.
    std::fs::write(directory.join("state/trust.json.tmp"), "{\"peers\":[{\"id").expect("it writes");
    let again = tempfile::tempdir().expect("a directory");
    std::fs::rename(directory.join("state"), again.path().join("state")).expect("it moves");
    std::fs::remove_dir_all(directory).expect("it is ours");
    let mut kiosk = start_with(again, |_| {}).expect("it starts");
    assert_eq!(kiosk.far.sign_in().await, me);
    let trusted = kiosk.ask(Method::TrustList {}).await.expect("an answer");
    let expected = json!({ "id": operator, "name": "Front desk", "auto_answer": false, "configured": false });
    assert_eq!(trusted["peers"], json!([expected]));
    let epoch = std::fs::read_to_string(kiosk.directory.path().join("state/epoch")).expect("it is there");
    assert_eq!(epoch.trim(), "2");
    kiosk.end().await;
}

// The clock runs: a stopped one would jump to the far end of the session while the files are read.
#[tokio::test]
async fn another_config_is_taken_whole_or_not_at_all() {
    let mut kiosk = start();
    kiosk.reachable().await;
    let file = kiosk.directory.path().join("kioskd.toml");
    let paths = format!(
        "[paths]\nstate_dir = \"{0}/state\"\ncontrol_socket = \"{0}/control\"\n[server]\nurl = \"{SERVER}\"\n\
         [trust]\nunknown = \"ring-unverified\"\n",
        kiosk.directory.path().display()
    );
    let write = |text: &str| std::fs::write(&file, format!("{paths}{text}")).expect("it writes");

    write("[lights]\ncall = \"other:call\"\n[sound]\nvolume = 30\n[buttons]\nmuet = \"KEY_F1\"\n");
    let Failure::Declined(sentence) = declined(kiosk.ask(Method::Reload {}).await) else { panic!("it is wrong") };
    assert!(sentence.ends_with("kioskd.toml:13: unknown key 'muet' in [buttons]; did you mean 'mute'?"), "{sentence}");
    assert_eq!((kiosk.light("other:call"), *kiosk.volume.borrow()), (None, 70), "nothing has changed");

    write(
        "[lights]\ncall = \"other:call\"\n[sound]\nvolume = 30\nmicrophone = \"none\"\n[buttons]\nmute = \"KEY_F1\"\n",
    );
    let reply = kiosk.ask(Method::Reload {}).await.expect("it is taken");
    // The kiosk of this test was not started from a file: all that is in it is new.
    let has = |list: &str, key: &str| reply[list].as_array().is_some_and(|keys| keys.contains(&json!(key)));
    assert!(
        has("applied", "lights.call") && has("applied", "buttons.mute") && has("restart", "sound.microphone"),
        "{reply}"
    );
    assert_eq!((kiosk.light("other:call"), kiosk.light(CALL_LIGHT)), (Some(Shine::On), Some(Shine::Off)));
    assert_eq!(*kiosk.volume.borrow(), 30);
    kiosk.press("KEY_F1");
    kiosk.view(|view| view.muted).await;

    kiosk.ask(Method::Volume { percent: 55 }).await.expect("it is set");
    write("[sound]\nvolume = 20\n[kiosk]\nname = \"Ward 3\"\n");
    kiosk.ask(Method::Reload {}).await.expect("it is taken");
    assert_eq!(*kiosk.volume.borrow(), 55, "what somebody has set counts more");
    while kiosk.far.wanted().await != LinkCommand::Close {}
    kiosk.far.sign_in().await;
    kiosk.view(|view| view.name == "Ward 3").await;
    let config = kiosk.ask(Method::Config {}).await.expect("an answer");
    let in_use = config["settings"].as_array().expect("settings");
    assert!(
        in_use.iter().any(|setting| setting["key"] == "kiosk.name" && setting["value"] == "\"Ward 3\""),
        "{config}"
    );
    kiosk.end().await;
}

#[tokio::test(start_paused = true)]
async fn two_kioskds_do_not_share_a_place() {
    let kiosk = start();
    let place = kiosk.directory.path().to_owned();
    let (board, _sim) = sim::board(Size::new(320, 240).expect("fits"));
    let second = |config: &Config, keys, fingers, lights| {
        let surroundings = Surroundings {
            keys,
            fingers,
            touches: Touches::default(),
            lights,
            views: kioskd::views(config).0,
            take_snapshot: Box::new(|_, _| {}),
            try_out: trial::busy(),
            screen: watch::channel(DeviceState::Ready).1,
            media: Box::new(|_| {}),
            media_events: kioskd::media_events().1,
            volumes: watch::channel(0).0,
            led_came: Arc::default(),
            network_changed: Arc::default(),
            screenshots: Arc::new(|| Err(io::Error::other("dark"))),
            devices: Arc::new(Vec::new),
            watchdog: Watchdog::default(),
            prepare: Arc::new(|_| Ok(Box::new(|| {}))),
            link: None,
        };
        Daemon::start(config, ConfigSource::default(), surroundings).map(|_| ()).expect_err("it is taken")
    };
    let error = second(&config(&place), board.keys, board.fingers, board.lights);
    assert!(error.to_string().starts_with("another kioskd listens at "), "{error}");
    assert_eq!(error.exit_code(), 69);
    let mut elsewhere = config(&place);
    elsewhere.paths.control_socket = place.join("another");
    let (board, _sim) = sim::board(Size::new(320, 240).expect("fits"));
    let error = second(&elsewhere, board.keys, board.fingers, board.lights);
    assert!(error.to_string().starts_with("another kioskd uses "), "{error}");
    assert_eq!(error.exit_code(), 69);
    // The kiosk can be asked as before.
    kiosk.ask(Method::Identity {}).await.expect("an answer");
}

/// Lines of the log, for a test to read.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_turn_is_logged_with_its_input() -> Result<()> {
    let lines = Lines::default();
    let sink = lines.clone();
    let log = tracing_subscriber::fmt().with_writer(move || sink.clone()).with_ansi(false).finish();
    let _guard = tracing::subscriber::set_default(log);
    let slow = |command: &MediaCommand| {
        if matches!(command, MediaCommand::Offer { .. }) {
            // What is measured here is real time: a command that blocks, as none may.
            std::thread::sleep(Duration::from_millis(30));
        }
    };
    let mut kiosk = start_with(tempfile::tempdir()?, slow)?;
    kiosk.reachable().await;
    kiosk.press("KEY_PHONE");
    kiosk.view(|view| matches!(view.screen, Screen::RingingOut { .. })).await;
    kiosk.end().await;
    let text = String::from_utf8(lines.0.lock().unwrap_or_else(PoisonError::into_inner).clone())?;
    let slow = text.lines().filter(|line| line.contains("slow turn")).collect::<Vec<_>>();
    ensure!(slow.iter().any(|line| line.contains("WARN") && line.contains("input=\"button\"")), "{text}");
    ensure!(!text.contains("ERROR"), "{text}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_is_not_kept_is_said() {
    let mut kiosk = start();
    kiosk.far.sign_in().await;
    let state = kiosk.directory.path().join("state");
    std::fs::rename(&state, kiosk.directory.path().join("gone")).expect("it moves");
    let pin = Method::TrustAdd { id: kiosk.far.operator().to_string(), name: "Desk".to_owned(), auto_answer: false };
    let failure = declined(kiosk.ask(pin).await);
    let (name, sentence) = failure.parts();
    assert!(name == "Declined" && sentence.starts_with("done until the next start only: cannot write "), "{failure:?}");
    kiosk.end().await;
}
