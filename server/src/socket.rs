//! One WebSocket: frames in to the hub, frames out from the outbox, pings, and an end in every case.

use std::{sync::Arc, time::Duration};

use futures_util::{SinkExt as _, StreamExt as _};
use kiosk_wire::LARGEST_FRAME;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    time::{Instant, Interval, MissedTickBehavior, interval_at, timeout},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error, Message,
        error::ProtocolError,
        protocol::{
            CloseFrame, Role, WebSocketConfig,
            frame::{
                Frame,
                coding::{Data, OpCode},
            },
        },
    },
};

use crate::{
    hub::{HubLink, Tally, ToHub},
    metrics::Metrics,
    outbox::{Next, Outbox},
    rooms::{CloseReason, SocketId},
};

/// A ping is sent this often.
const PING: Duration = Duration::from_secs(20);
/// A socket of which nothing was heard for so long is closed.
const SILENCE: Duration = Duration::from_secs(60);
/// Time for the close frame to go out and for the other's to come in.
const CLOSING: Duration = Duration::from_secs(2);
/// Pings and pongs that a socket may send between two pings of ours.
const MOST_CONTROL_FRAMES: u32 = 64;
/// The default of 128 KiB is allocated for every socket (docs/server.md, "Memory").
const READ_BUFFER: usize = 1024;
/// Longer messages are sent in fragments of this many bytes (RFC 6455 §5.4): a socket's write buffer keeps the size of the largest frame for
/// life, and a welcome is as large as its room.
const FRAGMENT: usize = 2048;

/// What a socket's task needs.
#[derive(Debug)]
pub(crate) struct SocketTask {
    pub(crate) id: SocketId,
    pub(crate) hub: HubLink,
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) metrics: Arc<Metrics>,
}

/// How a socket ended.
enum End {
    /// The other side closed it.
    Left,
    /// The connection broke off.
    BrokenOff,
    /// The hub wants it closed, and has forgotten and counted it already.
    Hub(CloseReason),
    /// Something that only this task sees.
    Ours(CloseReason),
}

/// Text frames so far.
#[derive(Default)]
struct Frames {
    incoming: u64,
    outgoing: u64,
}

/// Limits of the WebSocket layer of every socket of the server (and of the echo that `tests/websocket` measures). `write_buffer_size` 0 sends at once.
#[must_use]
pub fn web_socket_limits() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_write_buffer_size(2 * LARGEST_FRAME)
        .max_message_size(Some(LARGEST_FRAME))
        .max_frame_size(Some(LARGEST_FRAME))
}

impl SocketTask {
    /// Runs the socket to its end. The hub knows it already.
    pub(crate) async fn run<S: AsyncRead + AsyncWrite + Unpin>(self, stream: S) {
        // What runs once is boxed, so that its state does not stay in this task for life.
        let mut socket =
            Box::pin(WebSocketStream::from_raw_socket(stream, Role::Server, Some(web_socket_limits()))).await;
        let (start, mut frames) = (Instant::now(), Frames::default());
        let end = self.talk(&mut socket, &mut frames).await;
        let (reason, text) = match end {
            End::Left => (None, "left"),
            End::BrokenOff => (None, "broken-off"),
            End::Hub(reason) => (Some(reason), reason.text()),
            End::Ours(reason) => {
                self.metrics.closed(reason);
                (Some(reason), reason.text())
            }
        };
        let tally =
            Tally { time: start.elapsed(), frames_in: frames.incoming, frames_out: frames.outgoing, reason: text };
        self.hub.send(ToHub::Closed { socket: self.id, tally }).await;
        // Both ends may be stuck: the time limit, not the other side, ends this. An error means that there is nobody to tell.
        drop(Box::pin(timeout(CLOSING, close(&mut socket, reason))).await);
    }

    async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        socket: &mut WebSocketStream<S>,
        frames: &mut Frames,
    ) -> End {
        let mut pings = pings();
        let mut heard = Instant::now();
        let mut control_frames = 0;
        loop {
            let written = tokio::select! {
                next = self.outbox.next() => match next {
                    Next::Send(text) => {
                        let written = self.write_text(socket, &text).await;
                        frames.outgoing += u64::from(written.is_ok());
                        written
                    }
                    Next::Close(reason) => return End::Hub(reason),
                },
                message = socket.next() => {
                    heard = Instant::now();
                    match message {
                        Some(Ok(Message::Text(text))) => {
                            frames.incoming += 1;
                            let text = text.as_str().to_owned();
                            self.hub.send(ToHub::Frame { socket: self.id, text }).await;
                        }
                        Some(Ok(Message::Ping(_) | Message::Pong(_))) => {
                            control_frames += 1;
                            if control_frames > MOST_CONTROL_FRAMES {
                                return End::Ours(CloseReason::Rate);
                            }
                        }
                        Some(Ok(Message::Binary(_))) => return End::Ours(CloseReason::Protocol),
                        Some(Ok(Message::Close(_) | Message::Frame(_))) => return End::Left,
                        None => return End::BrokenOff,
                        Some(Err(error)) => return broken(&error),
                    }
                    Ok(())
                }
                _ = pings.tick() => {
                    if heard.elapsed() >= SILENCE {
                        return End::Ours(CloseReason::Silent);
                    }
                    control_frames = 0;
                    self.write(socket, Message::Ping(Vec::new().into())).await
                }
            };
            if let Err(end) = written {
                return end;
            }
        }
    }

    async fn write_text<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        socket: &mut WebSocketStream<S>,
        text: &str,
    ) -> Result<(), End> {
        for frame in fragments(text) {
            self.write(socket, Message::Frame(frame)).await?;
        }
        Ok(())
    }

    /// Sends, unless the socket is to be closed meanwhile: whoever does not read fills its outbox and is given up.
    async fn write<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        socket: &mut WebSocketStream<S>,
        message: Message,
    ) -> Result<(), End> {
        tokio::select! {
            biased;
            sent = socket.send(message) => sent.map_err(|error| broken(&error)),
            reason = self.outbox.closing() => Err(End::Hub(reason)),
            () = tokio::time::sleep(SILENCE) => Err(End::Ours(CloseReason::SlowReader)),
        }
    }
}

/// A text message in frames that the write buffer may keep. A fragment may end within a character (RFC 6455 §5.6).
fn fragments(text: &str) -> impl Iterator<Item = Frame> {
    let count = text.len().div_ceil(FRAGMENT).max(1);
    (0..count).map(move |index| {
        let rest = text.as_bytes().get(index * FRAGMENT..).unwrap_or_default();
        let part = rest.get(..FRAGMENT).unwrap_or(rest).to_vec();
        let code = if index == 0 { Data::Text } else { Data::Continue };
        Frame::message(part, OpCode::Data(code), index + 1 == count)
    })
}

fn pings() -> Interval {
    let mut pings = interval_at(Instant::now() + PING, PING);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pings
}

fn broken(error: &Error) -> End {
    if matches!(error, Error::Capacity(_)) {
        End::Ours(CloseReason::TooBig)
    } else if matches!(error, Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)) {
        // It went without a word, as whoever loses the network does: no fault in what it said.
        End::BrokenOff
    } else if matches!(error, Error::Protocol(_) | Error::Utf8(_)) {
        End::Ours(CloseReason::Protocol)
    } else {
        End::BrokenOff
    }
}

/// The closing handshake, RFC 6455 §7.1: our close frame, theirs, then the end of the TCP connection, ours first.
///
/// What still comes in is read and thrown away: a connection closed with bytes unread is reset, and the reset may overtake our
/// close frame (RFC 1122 §4.2.2.13).
async fn close<S: AsyncRead + AsyncWrite + Unpin>(
    socket: &mut WebSocketStream<S>,
    reason: Option<CloseReason>,
) -> Result<(), Error> {
    let frame = reason.map(|reason| CloseFrame { code: reason.code().into(), reason: reason.text().into() });
    socket.close(frame).await?;
    while let Some(Ok(_)) = socket.next().await {}
    let stream = socket.get_mut();
    stream.shutdown().await?;
    let mut rest = [0; 1024];
    while stream.read(&mut rest).await? > 0 {}
    Ok(())
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{DuplexStream, duplex},
        sync::mpsc::Receiver,
        task::JoinHandle,
    };

    use super::*;

    /// A socket's task alone: its hub is the test.
    struct Alone {
        client: WebSocketStream<DuplexStream>,
        outbox: Arc<Outbox>,
        heard: Receiver<ToHub>,
        task: JoinHandle<()>,
    }

    async fn alone() -> Alone {
        let (ours, theirs) = duplex(4096);
        let (hub, heard) = HubLink::pair();
        let (outbox, metrics) = (Arc::new(Outbox::default()), Arc::new(Metrics::new()));
        let task = SocketTask { id: SocketId(1), hub, outbox: Arc::clone(&outbox), metrics };
        let client = WebSocketStream::from_raw_socket(theirs, Role::Client, None).await;
        Alone { client, outbox, heard, task: tokio::spawn(task.run(ours)) }
    }

    /// Reads until the close frame: how many pings came before it, and what it says.
    async fn read_to_close(client: &mut WebSocketStream<DuplexStream>) -> (u32, u16, String) {
        let mut pings = 0;
        loop {
            match client.next().await {
                Some(Ok(Message::Ping(_))) => pings += 1,
                Some(Ok(Message::Close(Some(frame)))) => {
                    return (pings, frame.code.into(), frame.reason.as_str().to_owned());
                }
                Some(Ok(_)) => {}
                other => panic!("no close frame: {other:?}"),
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_socket_is_pinged_then_closed() {
        let mut alone = alone().await;
        let start = Instant::now();
        assert!(matches!(alone.heard.recv().await, Some(ToHub::Closed { .. })));
        assert_eq!(start.elapsed(), SILENCE);
        assert_eq!(read_to_close(&mut alone.client).await, (2, 1013, "silent".to_owned()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_socket_that_answers_pings_stays() {
        let mut alone = alone().await;
        let start = Instant::now();
        for _ in 0..100 {
            assert!(matches!(alone.client.next().await, Some(Ok(Message::Ping(_)))));
            alone.client.flush().await.expect("an open socket");
        }
        assert_eq!(start.elapsed(), PING * 100);
        alone.outbox.close(CloseReason::Gone);
        assert_eq!(read_to_close(&mut alone.client).await, (0, 1000, "gone".to_owned()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_socket_that_takes_nothing_in_ends_all_the_same() {
        let alone = alone().await;
        let start = Instant::now();
        alone.outbox.push("x".repeat(60_000).into()).expect("an empty outbox");
        tokio::task::yield_now().await;
        alone.outbox.abandon(CloseReason::SlowReader);
        alone.task.await.expect("no panic");
        assert_eq!(start.elapsed(), CLOSING);
    }

    #[tokio::test(start_paused = true)]
    async fn long_messages_arrive_whole_in_small_frames() {
        let mut alone = alone().await;
        for length in [0, 1, FRAGMENT - 1, FRAGMENT, FRAGMENT + 1, 3 * FRAGMENT, LARGEST_FRAME] {
            // Characters of two bytes at odd places: fragments end within one.
            let inner = length.saturating_sub(1);
            let text = ["x".repeat(length.min(1)), "é".repeat(inner / 2), "y".repeat(inner % 2)].concat();
            assert!(fragments(&text).all(|frame| frame.payload().len() <= FRAGMENT));
            alone.outbox.push(text.as_str().into()).expect("an empty outbox");
            assert!(matches!(alone.client.next().await, Some(Ok(Message::Text(heard))) if heard.as_str() == text));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_of_pings_is_ended() {
        let mut alone = alone().await;
        let (mut pings, mut answers) = alone.client.split();
        let flood = async {
            while pings.send(Message::Ping(Vec::new().into())).await.is_ok() {
                tokio::task::yield_now().await;
            }
        };
        let close = async {
            loop {
                if let Some(Ok(Message::Close(Some(frame)))) = answers.next().await {
                    break frame;
                }
            }
        };
        let ((), frame) = tokio::join!(flood, close);
        assert_eq!((u16::from(frame.code), frame.reason.as_str()), (1013, "rate"));
        assert!(matches!(alone.heard.recv().await, Some(ToHub::Closed { .. })));
    }
}
