//! The page of `--sim`: the simulated panel live, its lights, and buttons to press, on loopback.
//!
//! Frames and lights are streams that end when nobody reads them, so a page that nobody looks at costs nothing.

use std::{convert::Infallible, io, net::IpAddr, sync::Arc, time::Duration};

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::{Path, Request, State},
    http::{HeaderMap, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use futures_util::{Stream, stream};
use kiosk_call::Button;
use kiosk_hal::{lights::Shine, panel::Frame, sim::Sim, touch::Touch};
use serde::Serialize;
use tokio::{net::TcpListener, time::Instant};

use crate::config::{Config, Gesture};

const PAGE: &str = include_str!("sim_page.html");

/// A watcher gets at most so many frames a second: 15.
const FRAME_PERIOD: Duration = Duration::from_micros(66_667);

/// A header that a page of another site cannot send without being asked whether it may, which it may not (Fetch, "CORS-preflight").
const PRESS_HEADER: &str = "x-kiosk-sim";

/// What the page shows and presses.
#[derive(Clone, Debug)]
pub struct SimPage {
    sim: Sim,
    board: Arc<BoardText>,
}

#[derive(Debug, Serialize)]
struct BoardText {
    name: String,
    buttons: Vec<ButtonText>,
    lights: Vec<LightText>,
}

#[derive(Debug, Serialize)]
struct ButtonText {
    label: &'static str,
    key: String,
    code: u16,
    /// A letter on the keyboard that presses it.
    shortcut: char,
}

#[derive(Debug, Serialize)]
struct LightText {
    label: &'static str,
    led: String,
}

#[derive(Serialize)]
struct LightState<'a> {
    led: &'a str,
    on_ms: u32,
    off_ms: u32,
}

impl SimPage {
    /// The page of this board, with the buttons and lights that the config names.
    #[must_use]
    pub fn new(sim: Sim, config: &Config) -> Self {
        let buttons = config
            .buttons
            .bound()
            .filter(|(_, binding)| binding.gesture == Gesture::Press || binding.seconds.is_some())
            .map(|(button, key)| {
                let (label, shortcut) = match button {
                    Button::Call => ("Call", 'c'),
                    Button::Answer => ("Answer", 'a'),
                    Button::HangUp => ("Hang up", 'h'),
                    Button::Mute => ("Mute", 'm'),
                    Button::Camera => ("Camera", 'v'),
                    Button::VolumeUp => ("Louder", '+'),
                    Button::VolumeDown => ("Quieter", '-'),
                    Button::Yes => ("Yes", 'y'),
                    Button::No => ("No", 'n'),
                    Button::Next => ("Next reply", 'r'),
                    Button::Reply(0) => ("Reply 1", '1'),
                    Button::Reply(1) => ("Reply 2", '2'),
                    Button::Reply(2) => ("Reply 3", '3'),
                    Button::Reply(_) => ("Reply 4", '4'),
                    Button::Page => ("Page", 'p'),
                    Button::Hold => ("Hold", 'o'),
                    Button::Share => ("Share screen", 's'),
                    Button::Document => ("Document", 'd'),
                    Button::Swap => ("Swap", 'w'),
                    Button::Zoom => ("Zoom", 'z'),
                    Button::Pair => ("Pair", 'k'),
                };
                ButtonText { label, key: key.to_string(), code: key.code, shortcut }
            });
        let lights = &config.lights;
        let lights = [
            ("Call", &lights.call),
            ("Message", &lights.message),
            ("Muted", &lights.mute),
            ("On air", &lights.on_air),
            ("Fault", &lights.fault),
        ]
        .into_iter()
        .filter(|(_, led)| !led.is_empty())
        .map(|(label, led)| LightText { label, led: led.clone() });
        let board = BoardText {
            name: config.kiosk.name.as_str().to_owned(),
            buttons: buttons.collect(),
            lights: lights.collect(),
        };
        Self { sim, board: Arc::new(board) }
    }

    /// Serves the page until dropped.
    ///
    /// # Errors
    /// If the listener fails.
    pub async fn serve(self, listener: TcpListener) -> io::Result<()> {
        axum::serve(listener, self.router()).await
    }

    fn router(self) -> Router {
        Router::new()
            .route("/", get(page))
            .route("/board", get(board))
            .route("/frames", get(frames))
            .route("/lights", get(lights))
            .route("/panel.png", get(panel_png))
            .route("/keys/{code}/{edge}", post(press))
            .route("/touch/{x}/{y}", post(touch))
            .layer(middleware::from_fn(only_here))
            .with_state(self)
    }
}

/// Refuses requests that came here under another name: a page of another site that has its own name resolve to loopback.
async fn only_here(request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    let name = name.map_or(host, |(name, _)| name);
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    if name == "localhost" || address.is_ok_and(|address| address.is_loopback()) {
        next.run(request).await
    } else {
        (StatusCode::FORBIDDEN, "this page is only for this machine: open it as http://127.0.0.1 or http://localhost")
            .into_response()
    }
}

async fn page() -> Response {
    let policy = "default-src 'none'; connect-src 'self'; img-src data: blob:; style-src 'unsafe-inline'; \
                  script-src 'unsafe-inline'; frame-ancestors 'none'";
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, PAGE).into_response()
}

async fn board(State(page): State<SimPage>) -> Response {
    Json(&*page.board).into_response()
}

/// Encodes off the runtime's threads: it takes some milliseconds.
async fn png(frame: Arc<Frame>) -> Option<Vec<u8>> {
    let encoded = tokio::task::spawn_blocking(move || frame.png()).await.ok()?;
    encoded.inspect_err(|error| tracing::warn!(%error, "a frame cannot be encoded")).ok()
}

async fn panel_png(State(page): State<SimPage>) -> Response {
    let Some(frame) = page.sim.frame() else {
        return (StatusCode::SERVICE_UNAVAILABLE, "nothing was painted yet").into_response();
    };
    match png(frame).await {
        Some(png) => ([(header::CONTENT_TYPE, "image/png"), (header::CACHE_CONTROL, "no-store")], png).into_response(),
        None => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn streamed(kind: &'static str, parts: impl Stream<Item = Result<Bytes, Infallible>> + Send + 'static) -> Response {
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-store")], Body::from_stream(parts)).into_response()
}

/// Frames as they are presented, the newest at once: 4 bytes of length, most significant first, and a PNG file; again and again.
async fn frames(State(page): State<SimPage>) -> Response {
    let mut newest = page.sim.panel().clone();
    // In this order a frame may be shown twice, but none is missed.
    newest.seen();
    let first = newest.frame();
    let parts = stream::unfold((newest, first, Instant::now()), |(mut newest, first, due)| async move {
        let frame = match first {
            Some(frame) => frame,
            None => {
                tokio::time::sleep_until(due).await;
                newest.next().await?
            }
        };
        let due = Instant::now() + FRAME_PERIOD;
        let png = png(frame).await?;
        let length = u32::try_from(png.len()).ok()?;
        let mut part = length.to_be_bytes().to_vec();
        part.extend(png);
        Some((Ok(Bytes::from(part)), (newest, None, due)))
    });
    streamed("application/octet-stream", parts)
}

/// How all lights shine, at once and whenever one changes: a JSON array a line.
async fn lights(State(page): State<SimPage>) -> Response {
    let parts = stream::unfold((page.sim, true), |(mut sim, is_first)| async move {
        if !is_first && !sim.lights_changed().await {
            return None;
        }
        let line = light_line(&mut sim);
        Some((Ok(Bytes::from(line)), (sim, false)))
    });
    streamed("application/x-ndjson", parts)
}

fn light_line(sim: &mut Sim) -> String {
    let states = sim.lights_seen();
    let states: Vec<_> = states
        .iter()
        .map(|(led, shine)| {
            let (on_ms, off_ms) = match *shine {
                Shine::Off => (0, 1),
                Shine::On => (1, 0),
                Shine::Blink { on_ms, off_ms } => (on_ms, off_ms),
            };
            LightState { led, on_ms, off_ms }
        })
        .collect();
    let line = serde_json::to_string(&states).expect("strings and numbers are JSON");
    line + "\n"
}

async fn press(State(page): State<SimPage>, Path((code, edge)): Path<(u16, String)>, headers: HeaderMap) -> StatusCode {
    if !headers.contains_key(PRESS_HEADER) {
        return StatusCode::FORBIDDEN;
    }
    let taken = match edge.as_str() {
        "down" => page.sim.press(code),
        "up" => page.sim.release(code),
        _ => return StatusCode::NOT_FOUND,
    };
    if taken { StatusCode::NO_CONTENT } else { StatusCode::SERVICE_UNAVAILABLE }
}

/// A finger on the panel, 0 to 1 from its left and from its top. The first plugs a touch screen in.
async fn touch(State(page): State<SimPage>, Path((x, y)): Path<(f64, f64)>, headers: HeaderMap) -> StatusCode {
    if !headers.contains_key(PRESS_HEADER) {
        return StatusCode::FORBIDDEN;
    }
    if page.sim.touch(Touch::Present(true)) && page.sim.touch(Touch::Tap { x, y }) {
        StatusCode::NO_CONTENT
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    }
}

#[cfg(test)]
mod tests {
    use kiosk_hal::{
        compose::{Layer, Scene},
        keys::{Edge, KeyEvent},
        panel::Size,
        sim,
    };
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpStream,
        task::JoinHandle,
        time::timeout,
    };

    use super::*;

    struct Running {
        board: kiosk_hal::Board,
        port: u16,
        task: JoinHandle<io::Result<()>>,
    }

    impl Drop for Running {
        fn drop(&mut self) {
            self.task.abort();
        }
    }

    async fn running() -> Running {
        let (board, sim) = sim::board(Size::new(32, 24).expect("fits"));
        let page = SimPage::new(sim, &Config::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has ports");
        let port = listener.local_addr().expect("is bound").port();
        Running { board, port, task: tokio::spawn(page.serve(listener)) }
    }

    impl Running {
        async fn ask(&self, method: &str, path: &str, headers: &str) -> TcpStream {
            let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await.expect("it listens");
            let request =
                format!("{method} {path} HTTP/1.1\r\n{headers}Content-Length: 0\r\nConnection: close\r\n\r\n");
            stream.write_all(request.as_bytes()).await.expect("it reads");
            stream
        }

        async fn answer(&self, method: &str, path: &str, headers: &str) -> String {
            let mut answer = Vec::new();
            self.ask(method, path, headers).await.read_to_end(&mut answer).await.expect("it answers");
            String::from_utf8_lossy(&answer).into_owned()
        }
    }

    /// Reads until the answer has this in it.
    async fn until(stream: &mut TcpStream, wanted: &[u8]) -> Vec<u8> {
        let mut seen = Vec::new();
        while !seen.windows(wanted.len()).any(|window| window == wanted) {
            let mut bytes = [0; 4_096];
            let read = timeout(Duration::from_secs(20), stream.read(&mut bytes)).await;
            let count = read.expect("more comes").expect("it writes");
            assert!(count > 0, "ended after {}", String::from_utf8_lossy(&seen));
            seen.extend_from_slice(&bytes[..count]);
        }
        seen
    }

    const HERE: &str = "Host: localhost:3031\r\n";

    #[tokio::test]
    async fn the_page_and_the_board_are_served() {
        let running = running().await;
        let page = running.answer("GET", "/", HERE).await;
        assert!(page.starts_with("HTTP/1.1 200") && page.contains("</html>"), "{page}");
        let board = running.answer("GET", "/board", HERE).await;
        assert!(board.contains(r#"{"label":"Call","key":"KEY_PHONE","code":169,"shortcut":"c"}"#), "{board}");
        assert!(board.contains(r#""led":"kiosk:amber:fault""#), "{board}");
    }

    #[tokio::test]
    async fn keys_are_pressed_and_only_by_this_page() {
        let mut running = running().await;
        for (path, headers, status) in [
            ("/keys/169/down", "Host: 127.0.0.1\r\n", "403"),
            ("/keys/169/down", "Host: kiosk.example\r\nX-Kiosk-Sim: 1\r\n", "403"),
            ("/keys/169/down", "Host: 127.0.0.1.example:80\r\nX-Kiosk-Sim: 1\r\n", "403"),
            ("/keys/169/sideways", "Host: 127.0.0.1\r\nX-Kiosk-Sim: 1\r\n", "404"),
            ("/keys/70000/down", "Host: 127.0.0.1\r\nX-Kiosk-Sim: 1\r\n", "400"),
            ("/keys/169/down", "Host: 127.0.0.1\r\nX-Kiosk-Sim: 1\r\n", "204"),
            ("/keys/169/up", "Host: [::1]:3031\r\nX-Kiosk-Sim: 1\r\n", "204"),
        ] {
            let answer = running.answer("POST", path, headers).await;
            assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{path} {headers}: {answer}");
        }
        for edge in [Edge::Down, Edge::Up] {
            let device = kiosk_hal::sim::KEYS_NAME.into();
            assert_eq!(running.board.keys.next().await, Some(KeyEvent { code: 169, edge, device }));
        }
    }

    #[tokio::test]
    async fn frames_come_as_they_are_presented() {
        let mut running = running().await;
        let refused = running.answer("GET", "/panel.png", HERE).await;
        assert!(refused.starts_with("HTTP/1.1 503"), "{refused}");
        let mut stream = running.ask("GET", "/frames", HERE).await;
        until(&mut stream, b"octet-stream").await;
        for _ in 0..2 {
            let size = running.board.panel.size();
            let layer = Arc::new(Layer::new(size, vec![0; size.frame_bytes()]).expect("is as large"));
            let scene = Scene { layer: &layer, picture: None, room: None, inset: None, beside: [0; 4] };
            running.board.panel.present(&scene).expect("memory takes all");
            until(&mut stream, b"IEND").await;
        }
        let png = running.answer("GET", "/panel.png", HERE).await;
        assert!(png.starts_with("HTTP/1.1 200") && png.contains("image/png"));
    }

    #[tokio::test]
    async fn lights_are_told_at_once_and_when_they_change() {
        let mut running = running().await;
        running.board.lights.set("kiosk:red:mute", Shine::On).expect("takes all");
        let mut stream = running.ask("GET", "/lights", HERE).await;
        until(&mut stream, br#"[{"led":"kiosk:red:mute","on_ms":1,"off_ms":0}]"#).await;
        running.board.lights.set("kiosk:red:mute", Shine::Blink { on_ms: 100, off_ms: 900 }).expect("takes all");
        until(&mut stream, br#"[{"led":"kiosk:red:mute","on_ms":100,"off_ms":900}]"#).await;
    }
}
