//! Figures for a monitoring system: counted by the loop, fetched over HTTP as OpenMetrics text
//! (<https://prometheus.io/docs/specs/om/open_metrics_spec/>). All names begin with `kiosk_`; docs/operations.md lists them.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::Path,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use axum::{Router, extract::State, http::header, response::IntoResponse, routing::get};
use kiosk_call::{CallId, DeviceState, Input, Link, MediaEvent, Notice, Rung, Screen, ServerId, Statistics, View};
use procfs::process::Process;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric as _, text},
    metrics::{
        counter::{ConstCounter, Counter},
        family::Family,
        gauge::{ConstGauge, Gauge},
        histogram::Histogram,
        info::Info,
    },
    registry::{Registry, Unit},
};
use tokio::net::TcpListener;

use crate::board::{Power, ZONES, hottest_millidegrees};

/// OpenMetrics 1.0.0, "Content type".
const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// Upper ends of the buckets of call set-up, seconds.
const SETUP_S: [f64; 8] = [0.1, 0.2, 0.4, 0.6, 1.0, 2.0, 5.0, 15.0];
/// Upper ends of the buckets of the loop's turns, seconds.
const TURN_S: [f64; 6] = [0.001, 0.005, 0.02, 0.1, 0.5, 2.0];

/// One label and its value.
type Label = [(&'static str, &'static str); 1];
type Share = Gauge<f64, AtomicU64>;

/// What the loop counts.
#[derive(Debug)]
pub(crate) struct Counts {
    calls: Family<Label, Counter>,
    endings: Family<Label, Counter>,
    reconnects: Family<Label, Counter>,
    setup: Histogram,
    refusals: Family<Label, Counter>,
    identity_taken: Counter,
    link_losses: Counter,
    link_up: Gauge,
    /// Which links are up; those of which nothing was heard yet are left out.
    links: BTreeMap<ServerId, bool>,
    server_links: Family<Label, Gauge>,
    call_connected: Gauge,
    last_good_config: Gauge,
    unkept: Gauge,
    works: Family<Label, Gauge>,
    turns: Histogram,
    healing: Family<Label, Counter>,
    media: MediaCounts,
    /// The call of the last figures, and those: counters go on from call to call.
    last: Option<(CallId, Statistics)>,
}

#[derive(Debug, Default)]
struct MediaCounts {
    frames: Family<Label, Counter>,
    sound: Family<Label, Counter<f64, AtomicU64>>,
    skew: Share,
    packets: Family<Label, Counter>,
    bytes: Family<Label, Counter>,
    lost: Counter,
    xruns: Gauge,
    jitter: Share,
    round_trip: Share,
    level: Family<Label, Share>,
    echo: Share,
}

/// What is counted, and the same for whoever fetches it. Restarts and reboots for healing's sake are those of all times.
pub(crate) fn metrics((restarts, reboots): (u64, u64)) -> (Counts, Registry) {
    let mut registry = Registry::with_prefix("kiosk");
    registry.register("build", "The version of kioskd", Info::new([("version", env!("CARGO_PKG_VERSION"))]));
    let counts = Counts {
        calls: Family::default(),
        endings: Family::default(),
        reconnects: Family::default(),
        setup: Histogram::new(SETUP_S),
        refusals: Family::default(),
        identity_taken: Counter::default(),
        link_losses: Counter::default(),
        link_up: Gauge::default(),
        links: BTreeMap::new(),
        server_links: Family::default(),
        call_connected: Gauge::default(),
        last_good_config: Gauge::default(),
        unkept: Gauge::default(),
        works: Family::default(),
        turns: Histogram::new(TURN_S),
        healing: Family::default(),
        media: MediaCounts::default(),
        last: None,
    };
    for rung in Rung::ALL {
        let before = match rung {
            Rung::Restart => restarts,
            Rung::Reboot => reboots,
            Rung::Branch | Rung::Device | Rung::Connection => 0,
        };
        counts.healing.get_or_create(&[("rung", rung.code())]).inc_by(before);
    }
    counts.register(&mut registry);
    counts.media.register(&mut registry);
    registry.register_collector(Box::new(Board));
    (counts, registry)
}

impl Counts {
    fn register(&self, registry: &mut Registry) {
        registry.register("calls", "Calls that rang, by direction", self.calls.clone());
        registry.register("calls_ended", "Calls that ended, by reason", self.endings.clone());
        let help = "Calls that lost their connection, by reason; what came of it is in calls_ended";
        registry.register("call_reconnects", help, self.reconnects.clone());
        let help = "From the answer to the open gates";
        registry.register_with_unit("call_setup", help, Unit::Seconds, self.setup.clone());
        registry.register("refusals", "Messages refused, by reason code of docs/protocol.md", self.refusals.clone());
        let help = "Sign-ins of another program with this kiosk's identity";
        registry.register("identity_taken", help, self.identity_taken.clone());
        registry.register("link_losses", "Lost links to the server", self.link_losses.clone());
        registry.register("link_up", "1 while signed in at a server", self.link_up.clone());
        let help = "Servers of the config that the kiosk is signed in at, or not";
        registry.register("server_links", help, self.server_links.clone());
        registry.register("call_connected", "1 while a call is connected", self.call_connected.clone());
        let help = "1 while the config that was written is wrong and the last good one is used";
        registry.register("last_good_config", help, self.last_good_config.clone());
        let help = "Files that the disk does not take: what changes in them is lost by a power cut";
        registry.register("state_unkept", help, self.unkept.clone());
        registry.register("device_works", "1 while the device works, or was not tried yet", self.works.clone());
        registry.register("healing", "What healed itself, by rung", self.healing.clone());
        registry.register_with_unit("turn", "Turns of the loop", Unit::Seconds, self.turns.clone());
    }

    /// What comes to the core.
    pub(crate) fn input(&mut self, input: &Input) {
        match input {
            Input::Media(MediaEvent::Statistics { call, statistics }) => {
                let last = self.last.take().filter(|(of, _)| of == call).map(|(_, last)| last);
                self.media.add(&last.unwrap_or_default(), statistics);
                self.last = Some((*call, statistics.clone()));
            }
            // What media asks for is counted when it is done.
            Input::Media(MediaEvent::Healing { rung, .. }) if *rung < Rung::Restart => {
                self.healing.get_or_create(&[("rung", rung.code())]).inc();
            }
            Input::Panel(state) => self.device("screen", state),
            Input::Link(..)
            | Input::Media(_)
            | Input::File(_)
            | Input::Button(..)
            | Input::Command(_)
            | Input::Configure(_)
            | Input::NetworkChanged
            | Input::Timeout
            | Input::Stop => {}
        }
    }

    /// The board is to start anew. A restart of kioskd is counted by the next one.
    pub(crate) fn reboot_wanted(&self) {
        self.healing.get_or_create(&[("rung", Rung::Reboot.code())]).inc();
    }

    /// What healed itself, by rung.
    pub(crate) fn healed(&self) -> BTreeMap<String, u64> {
        let of = |rung: Rung| self.healing.get_or_create(&[("rung", rung.code())]).get();
        Rung::ALL.iter().map(|rung| (rung.code().to_owned(), of(*rung))).collect()
    }

    /// What the core tells.
    pub(crate) fn notice(&mut self, notice: &Notice) {
        match notice {
            Notice::IdentityTaken => {
                self.identity_taken.inc();
            }
            Notice::Linked { server, .. } => self.link(*server, true),
            Notice::LinkLost { server, .. } => {
                self.link_losses.inc();
                self.link(*server, false);
            }
            Notice::CallStarted { outgoing, .. } => {
                let direction = if *outgoing { "out" } else { "in" };
                self.calls.get_or_create(&[("direction", direction)]).inc();
            }
            Notice::CallConnected { after, .. } => self.setup.observe(after.as_secs_f64()),
            Notice::CallReconnecting { reason, .. } => {
                self.reconnects.get_or_create(&[("reason", reason.code())]).inc();
            }
            Notice::CallEnded { why, .. } => {
                self.endings.get_or_create(&[("reason", why.code())]).inc();
            }
            Notice::Refused { reason, .. } => {
                self.refusals.get_or_create(&[("reason", reason)]).inc();
            }
            Notice::CallResumed { .. }
            | Notice::Paired { .. }
            | Notice::RevocationsLearned { .. }
            | Notice::Asked { .. }
            | Notice::FileMoved { .. }
            | Notice::Declined(_) => {}
        }
    }

    fn link(&mut self, server: ServerId, is_up: bool) {
        self.links.insert(server, is_up);
        for (state, wanted) in [("up", true), ("down", false)] {
            let count = self.links.values().filter(|is_up| **is_up == wanted).count();
            self.server_links.get_or_create(&[("state", state)]).set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }

    /// What is shown.
    pub(crate) fn view(&self, view: &View) {
        self.link_up.set(i64::from(matches!(view.link, Link::Up)));
        self.call_connected.set(i64::from(matches!(view.screen, Screen::InCall { .. })));
        self.device("camera", &view.camera);
        self.device("sound", &view.sound);
    }

    /// Which config is used.
    pub(crate) fn config(&self, is_last_good: bool) {
        self.last_good_config.set(i64::from(is_last_good));
    }

    /// So many files are not taken by the disk.
    pub(crate) fn unkept(&self, files: usize) {
        self.unkept.set(i64::try_from(files).unwrap_or(i64::MAX));
    }

    /// A turn of the loop is over.
    pub(crate) fn turn(&self, took: Duration) {
        self.turns.observe(took.as_secs_f64());
    }

    fn device(&self, name: &'static str, state: &DeviceState) {
        let works = matches!(state, DeviceState::Ready);
        self.works.get_or_create(&[("device", name)]).set(i64::from(works));
    }
}

impl MediaCounts {
    fn register(&self, registry: &mut Registry) {
        registry.register(
            "frames",
            "Pictures, by stage: captured, encoded, sent, received, decoded, shown",
            self.frames.clone(),
        );
        let help = "Sound, by stage: captured, sent, received, played";
        registry.register_with_unit("sound", help, Unit::Seconds, self.sound.clone());
        let help = "How much later the peer's sound is heard than its picture is shown, 0 while unknown";
        registry.register_with_unit("av_skew", help, Unit::Seconds, self.skew.clone());
        registry.register("packets", "RTP packets, by direction", self.packets.clone());
        let help = "Payload of RTP packets, by direction";
        registry.register_with_unit("media", help, Unit::Bytes, self.bytes.clone());
        registry.register("packets_lost", "RTP packets of the peer that did not come", self.lost.clone());
        let help = "How often sound was lost or ran dry since the start";
        registry.register("sound_xruns", help, self.xruns.clone());
        registry.register_with_unit("jitter", "Of the peer's pictures", Unit::Seconds, self.jitter.clone());
        let help = "To the peer and back, 0 while unknown";
        registry.register_with_unit("round_trip", help, Unit::Seconds, self.round_trip.clone());
        registry.register("sound_level", "0 to 1 (full scale), by direction", self.level.clone());
        let help = "Echo return loss enhancement in dB, 0 while unknown";
        registry.register("echo_return_loss_enhancement_db", help, self.echo.clone());
    }

    fn add(&self, last: &Statistics, now: &Statistics) {
        let rise = |family: &Family<Label, Counter>, label: (&'static str, &'static str), last: u64, now: u64| {
            family.get_or_create(&[label]).inc_by(now.saturating_sub(last));
        };
        for (stage, last, now) in [
            ("captured", last.frames_captured, now.frames_captured),
            ("encoded", last.frames_encoded, now.frames_encoded),
            ("sent", last.frames_sent, now.frames_sent),
            ("received", last.frames_received, now.frames_received),
            ("decoded", last.frames_decoded, now.frames_decoded),
            ("shown", last.frames_rendered, now.frames_rendered),
        ] {
            rise(&self.frames, ("stage", stage), last, now);
        }
        for (stage, last, now) in [
            ("captured", last.sound_captured, now.sound_captured),
            ("sent", last.sound_sent, now.sound_sent),
            ("received", last.sound_received, now.sound_received),
            ("played", last.sound_played, now.sound_played),
        ] {
            self.sound.get_or_create(&[("stage", stage)]).inc_by(now.saturating_sub(last).as_secs_f64());
        }
        // Milliseconds are exact in an f64.
        self.skew.set(now.av_skew_ms.unwrap_or(0) as f64 / 1_000.0);
        rise(&self.packets, ("direction", "in"), last.packets_received, now.packets_received);
        rise(&self.packets, ("direction", "out"), last.packets_sent, now.packets_sent);
        rise(&self.bytes, ("direction", "in"), last.bytes_received, now.bytes_received);
        rise(&self.bytes, ("direction", "out"), last.bytes_sent, now.bytes_sent);
        // Packets that come late after all make the number fall (RFC 3550 §6.4.1).
        self.lost.inc_by(u64::try_from(now.packets_lost.saturating_sub(last.packets_lost)).unwrap_or(0));
        self.xruns.set(i64::try_from(now.xruns).unwrap_or(i64::MAX));
        self.jitter.set(now.jitter.as_secs_f64());
        self.round_trip.set(now.round_trip_time.unwrap_or_default().as_secs_f64());
        self.level.get_or_create(&[("direction", "in")]).set(now.audio_level_in);
        self.level.get_or_create(&[("direction", "out")]).set(now.audio_level_out);
        self.echo.set(now.echo_return_loss_enhancement.unwrap_or(0.0));
    }
}

/// The board and this process, looked at when somebody asks.
#[derive(Debug)]
struct Board;

impl Collector for Board {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let mut gauge = |name: &str, help: &str, unit: Option<&Unit>, value: f64| {
            let gauge = ConstGauge::new(value);
            gauge.encode(encoder.encode_descriptor(name, help, unit, gauge.metric_type())?)
        };
        if let Some(hottest) = hottest_millidegrees(Path::new(ZONES)) {
            // Millidegrees of a board that lives are exact in an f64.
            gauge("temperature", "The hottest zone of the board", Some(&Unit::Celsius), hottest as f64 / 1_000.0)?;
        }
        if let Some(power) = Power::read() {
            gauge("under_voltage", "1 while the voltage is too low", None, f64::from(u8::from(power.is_low())))?;
            let help = "1 while the firmware slows the processor down";
            gauge("throttled", help, None, f64::from(u8::from(power.is_slowed_down())))?;
        }
        let Ok(process) = Process::myself() else { return Ok(()) };
        if let Ok(statm) = process.statm() {
            let resident = (statm.resident * procfs::page_size()) as f64;
            gauge("process_resident_memory", "Of kioskd", Some(&Unit::Bytes), resident)?;
        }
        if let Ok(open) = process.fd_count() {
            gauge("process_open_fds", "Of kioskd", None, open as f64)?;
        }
        if let Ok(stat) = process.stat() {
            gauge("process_threads", "Of kioskd", None, stat.num_threads as f64)?;
            let seconds = (stat.utime + stat.stime) as f64 / procfs::ticks_per_second() as f64;
            let cpu = ConstCounter::new(seconds);
            let help = "Processor time of kioskd";
            cpu.encode(encoder.encode_descriptor("process_cpu", help, Some(&Unit::Seconds), cpu.metric_type())?)?;
        }
        Ok(())
    }
}

/// Answers whoever fetches `/metrics`. A port that is taken is no reason not to start.
pub(crate) async fn serve(registry: Registry, address: SocketAddr) {
    let listener = match TcpListener::bind(address).await {
        Ok(listener) => listener,
        Err(error) => return tracing::warn!(%address, %error, "no metrics: [metrics] listen cannot be used"),
    };
    answer(registry, listener).await;
}

async fn answer(registry: Registry, listener: TcpListener) {
    let router = Router::new().route("/metrics", get(page)).with_state(Arc::new(registry));
    if let Err(error) = axum::serve(listener, router).await {
        tracing::warn!(%error, "no metrics any more");
    }
}

async fn page(State(registry): State<Arc<Registry>>) -> impl IntoResponse {
    let mut page = String::new();
    text::encode(&mut page, &registry).expect("a String takes everything");
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], page)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use kiosk_call::{Ending, Loss};

    use super::*;

    fn page_of(registry: &Registry) -> String {
        let mut page = String::new();
        text::encode(&mut page, registry).expect("a String takes everything");
        page
    }

    fn figures(call: CallId, packets_received: u64, packets_lost: i64) -> Input {
        let statistics = Statistics { packets_received, packets_lost, ..Statistics::default() };
        Input::Media(MediaEvent::Statistics { call, statistics })
    }

    /// A kiosk that has done everything once.
    fn busy() -> (Counts, Registry) {
        let (mut counts, registry) = metrics((2, 1));
        let call = CallId([1; 16]);
        counts.notice(&Notice::CallStarted { call, peer: kiosk_wire::PeerId([2; 32]), outgoing: true });
        counts.notice(&Notice::CallConnected { call, after: Duration::from_millis(300) });
        counts.notice(&Notice::Refused { reason: "signature", peer: None });
        counts.notice(&Notice::LinkLost { server: ServerId(0), reason: "gone".to_owned(), retry_in: Duration::ZERO });
        counts.view(&View::booting("Kiosk".to_owned()));
        counts.input(&figures(call, 10, 4));
        counts.notice(&Notice::CallReconnecting { call, reason: Loss::Silence });
        counts.notice(&Notice::CallEnded { call, why: Ending::NotSecure });
        counts.turn(Duration::from_millis(3));
        (counts, registry)
    }

    #[test]
    fn counters_go_on_from_call_to_call_and_never_fall() {
        let (mut counts, registry) = busy();
        let has = |line: &str| {
            let page = page_of(&registry);
            assert!(page.lines().any(|found| found == line), "{line} is not in\n{page}");
        };
        has("kiosk_packets_total{direction=\"in\"} 10");
        has("kiosk_packets_lost_total 4");
        counts.input(&figures(CallId([1; 16]), 15, 3));
        has("kiosk_packets_lost_total 4");
        counts.input(&figures(CallId([3; 16]), 2, 1));
        has("kiosk_packets_total{direction=\"in\"} 17");
        has("kiosk_packets_lost_total 5");
        has("kiosk_call_reconnects_total{reason=\"silence\"} 1");
        has("kiosk_calls_ended_total{reason=\"not-secure\"} 1");
        has("kiosk_device_works{device=\"camera\"} 1");
        counts.input(&Input::Panel(DeviceState::Missing("no monitor".to_owned())));
        has("kiosk_device_works{device=\"screen\"} 0");
        counts.unkept(2);
        has("kiosk_state_unkept 2");
        let heals = |rung| Input::Media(MediaEvent::Healing { rung, reason: "it stands still".to_owned() });
        for rung in [Rung::Branch, Rung::Branch, Rung::Device, Rung::Restart] {
            counts.input(&heals(rung));
        }
        counts.reboot_wanted();
        for line in ["branch\"} 2", "device\"} 1", "connection\"} 0", "restart\"} 2", "reboot\"} 2"] {
            has(&format!("kiosk_healing_total{{rung=\"{line}"));
        }
    }

    #[test]
    fn what_the_alerts_and_the_dashboard_ask_for_is_there() {
        let (_counts, registry) = busy();
        let page = page_of(&registry);
        // Boards have these, machines that build may not.
        let known: BTreeSet<_> = page
            .lines()
            .filter_map(|line| line.split(['{', ' ']).next())
            .chain(["kiosk_temperature_celsius", "kiosk_throttled", "kiosk_under_voltage"])
            .collect();
        for file in ["alerts.yml", "grafana.json"] {
            let path = format!("{}/../docs/monitoring/{file}", env!("CARGO_MANIFEST_DIR"));
            let asked = std::fs::read_to_string(path).expect("it is there");
            let is_name = |byte: char| byte.is_ascii_alphanumeric() || byte == '_';
            let names: BTreeSet<_> =
                asked.split(|byte| !is_name(byte)).filter(|word| word.starts_with("kiosk_")).collect();
            assert!(names.len() > 5, "{file}");
            for name in names {
                assert!(known.contains(name), "{file} asks for {name}, which is not among {known:?}");
            }
        }
    }

    #[tokio::test]
    async fn whoever_asks_gets_the_page() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its number");
        let serving = tokio::spawn(answer(busy().1, listener));
        let mut stream = tokio::net::TcpStream::connect(address).await.expect("it listens");
        let ask = b"GET /metrics HTTP/1.1\r\nHost: kiosk\r\nConnection: close\r\n\r\n";
        tokio::io::AsyncWriteExt::write_all(&mut stream, ask).await.expect("it takes the question");
        let mut reply = String::new();
        tokio::io::AsyncReadExt::read_to_string(&mut stream, &mut reply).await.expect("it answers");
        assert!(reply.starts_with("HTTP/1.1 200") && reply.contains(CONTENT_TYPE), "{reply}");
        assert!(reply.ends_with("# EOF\n"), "{reply}");
        serving.abort();
    }
}
