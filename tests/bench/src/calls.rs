//! The few who call each other while the others idle.

use std::{
    net::SocketAddr,
    ops::Range,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use futures_util::future::try_join_all;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::{
    client::{Socket, Who},
    dialect::{Dialect, Script},
    figures::Spread,
};

/// A call, or a message, begins this often.
const PACE: Duration = Duration::from_millis(20);
/// Messages on their way in a couple while as many as possible are sent.
const WINDOW: usize = 16;
/// How long that is done.
const FLOOD: Duration = Duration::from_secs(5);
/// Everything takes milliseconds; this long means that it never comes.
const PATIENCE: Duration = Duration::from_secs(30);

/// Two in a room of their own.
struct Couple {
    sockets: [Socket; 2],
    script: Script,
}

/// All who call.
pub(crate) struct Callers {
    couples: Vec<Couple>,
    offer: String,
    answer: String,
}

impl Callers {
    /// The couples of these numbers, at the servers in turn.
    pub(crate) async fn gather(dialect: Dialect, servers: &[SocketAddr], numbers: Range<u32>) -> Result<Self> {
        let mut couples = Vec::new();
        for (number, server) in numbers.zip(servers.iter().cycle()) {
            let who = [Who::active(number, 0), Who::active(number, 1)];
            let [first, second] = who.map(|who| Socket::open(dialect, *server, who));
            let mut sockets = [first.await?, second.await?];
            let script = Script::meet(dialect, &mut sockets, who).await.context("two who call do not meet")?;
            couples.push(Couple { sockets, script });
        }
        Ok(Self { couples, offer: sdp("actpass"), answer: sdp("active") })
    }

    /// From the offer, made and signed, to the answer, verified.
    pub(crate) async fn call(&mut self, count: usize) -> Result<Spread> {
        let (mut took, mut pace) = (Vec::with_capacity(count), paced());
        for number in 0..count {
            pace.tick().await;
            let index = number % self.couples.len();
            let couple = self.couples.get_mut(index).context("nobody calls")?;
            let began = Instant::now();
            timeout(PATIENCE, couple.call(&self.offer, &self.answer)).await.context("no answer")??;
            took.push(began.elapsed());
        }
        Ok(Spread::of(took))
    }

    /// One message of an offer's size, from its sender's hands into its reader's.
    pub(crate) async fn relay(&mut self, count: usize) -> Result<Spread> {
        let (mut took, mut pace) = (Vec::with_capacity(count), paced());
        for number in 0..count {
            pace.tick().await;
            let index = number % self.couples.len();
            let couple = self.couples.get_mut(index).context("nobody calls")?;
            let text = couple.script.offer(&self.offer)?;
            let began = Instant::now();
            couple.sockets[0].send(text).await?;
            timeout(PATIENCE, couple.sockets[1].text()).await.context("no message")??;
            took.push(began.elapsed());
        }
        Ok(Spread::of(took))
    }

    /// As many as the servers pass on: their number, and how long it took.
    pub(crate) async fn flood(&mut self) -> Result<(usize, Duration)> {
        let began = Instant::now();
        let offer = &self.offer;
        let all = self.couples.iter_mut().map(|couple| couple.flood(offer, began + FLOOD));
        let passed = try_join_all(all).await?;
        Ok((passed.into_iter().sum(), began.elapsed()))
    }
}

impl Couple {
    async fn call(&mut self, offer: &str, answer: &str) -> Result<()> {
        let [caller, callee] = &mut self.sockets;
        caller.send(self.script.offer(offer)?).await?;
        let offered = callee.text().await?;
        for said in self.script.answer(&offered, answer)? {
            callee.send(said).await?;
        }
        let (ringing, answered) = (caller.text().await?, caller.text().await?);
        self.script.check(&ringing, &answered)
    }

    /// The same message again and again: servers do not look at its number.
    async fn flood(&mut self, offer: &str, until: Instant) -> Result<usize> {
        let [caller, callee] = &mut self.sockets;
        let (text, mut passed) = (self.script.offer(offer)?, 0);
        while Instant::now() < until {
            for _ in 0..WINDOW {
                caller.send(text.clone()).await?;
            }
            for _ in 0..WINDOW {
                timeout(PATIENCE, callee.text()).await.context("a message is lost")??;
            }
            passed += WINDOW;
        }
        Ok(passed)
    }
}

fn paced() -> tokio::time::Interval {
    let mut pace = interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pace
}

/// Sound, picture and data, as long as what a kiosk says.
fn sdp(setup: &str) -> String {
    let fingerprint = vec!["AB"; 32].join(":");
    let transport = format!(
        "a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\na=fingerprint:sha-256 {fingerprint}\r\na=setup:{setup}\r\n"
    );
    let feedback: String = ["nack", "nack pli", "ccm fir", "transport-cc"]
        .iter()
        .flat_map(|what| ["96", "97", "98"].map(|format| format!("a=rtcp-fb:{format} {what}\r\n")))
        .collect();
    format!(
        "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1 2\r\n\
         m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=sendrecv\r\na=rtcp-mux\r\na=rtpmap:111 OPUS/48000/2\r\n\
         a=fmtp:111 minptime=10;useinbandfec=1\r\n{transport}\
         m=video 9 UDP/TLS/RTP/SAVPF 96 97 98\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\na=sendrecv\r\na=rtcp-mux\r\na=rtpmap:96 VP8/90000\r\n\
         a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\na=rtpmap:98 H264/90000\r\n\
         a=fmtp:98 packetization-mode=1;profile-level-id=42c01f\r\n{feedback}{transport}\
         m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:2\r\na=sctp-port:5000\r\n{transport}"
    )
}
