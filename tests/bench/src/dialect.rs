//! How one signs in and calls at each kind of server.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::{
    client::{Socket, Who},
    ksp,
};

/// What a server understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Dialect {
    /// KSP/1, of kiosk-server.
    Ksp,
    /// Of `peerjs`, the server of PeerJS: an id in the URL, messages to ids, no signatures.
    PeerJs,
    /// Of `y-webrtc-signaling`: topics that one subscribes to, no signatures.
    Topics,
}

fn id(who: Who) -> String {
    format!("point-{}", who.number)
}

impl Dialect {
    pub(crate) fn url(self, server: SocketAddr, who: Who) -> String {
        match self {
            Self::Ksp => format!("ws://{server}/signaling"),
            Self::PeerJs => format!("ws://{server}/peerjs?key=peerjs&id={}&token=t{}", id(who), who.number),
            Self::Topics => format!("ws://{server}/"),
        }
    }

    /// What a client has to make before it can sign in.
    pub(crate) fn keys(self, who: Who) -> Option<ksp::Keys> {
        (self == Self::Ksp).then(|| ksp::Keys::new(who.number))
    }

    pub(crate) async fn sign_in(self, socket: &mut Socket, who: Who, keys: Option<&ksp::Keys>) -> Result<()> {
        match self {
            Self::Ksp => drop(ksp::sign_in(socket, who, keys.context("no keys")?).await?),
            Self::PeerJs => {
                let text = socket.text().await?;
                ensure!(text.contains("OPEN"), "{text}");
            }
            Self::Topics => {
                socket.send(json!({"type": "subscribe", "topics": [id(who)]}).to_string()).await?;
                // It confirms nothing; it answers in order.
                socket.send(json!({"type": "ping"}).to_string()).await?;
                let text = socket.text().await?;
                ensure!(text.contains("pong"), "{text}");
            }
        }
        Ok(())
    }

    /// What an idle client has to say: PeerJS's server closes who has been silent for a minute.
    pub(crate) const fn heartbeat(self) -> Option<(Duration, &'static str)> {
        match self {
            Self::PeerJs => Some((Duration::from_secs(20), r#"{"type":"HEARTBEAT"}"#)),
            Self::Ksp | Self::Topics => None,
        }
    }
}

/// What the two of a couple say to each other.
pub(crate) enum Script {
    Ksp(Box<ksp::Couple>),
    Plain(Dialect, [Who; 2]),
}

impl Script {
    pub(crate) async fn meet(dialect: Dialect, sockets: &mut [Socket; 2], who: [Who; 2]) -> Result<Self> {
        if dialect == Dialect::Ksp {
            return Ok(Self::Ksp(Box::new(ksp::Couple::meet(sockets, who).await?)));
        }
        for (socket, who) in sockets.iter_mut().zip(who) {
            dialect.sign_in(socket, who, None).await?;
        }
        Ok(Self::Plain(dialect, who))
    }

    pub(crate) fn offer(&mut self, sdp: &str) -> Result<String> {
        match self {
            Self::Ksp(couple) => couple.offer(sdp),
            Self::Plain(dialect, who) => Ok(plain(*dialect, "OFFER", who[1], sdp)),
        }
    }

    /// What the callee says to this offer: that it rings, and its answer.
    pub(crate) fn answer(&mut self, offer: &str, sdp: &str) -> Result<[String; 2]> {
        match self {
            Self::Ksp(couple) => couple.answer(offer, sdp),
            Self::Plain(dialect, who) => {
                said(offer)?;
                Ok([plain(*dialect, "CANDIDATE", who[0], "ringing"), plain(*dialect, "ANSWER", who[0], sdp)])
            }
        }
    }

    pub(crate) fn check(&self, ringing: &str, answer: &str) -> Result<()> {
        match self {
            Self::Ksp(couple) => couple.check(ringing, answer),
            Self::Plain(..) => {
                ensure!(said(ringing)? == "ringing" && said(answer)?.starts_with("v=0"), "in another order");
                Ok(())
            }
        }
    }
}

fn plain(dialect: Dialect, kind: &str, to: Who, text: &str) -> String {
    let message = match dialect {
        Dialect::PeerJs => json!({"type": kind, "dst": id(to), "payload": {"sdp": text}}),
        Dialect::Ksp | Dialect::Topics => {
            json!({"type": "publish", "topic": id(to), "kind": kind, "payload": {"sdp": text}})
        }
    };
    message.to_string()
}

fn said(text: &str) -> Result<String> {
    let message: Value = serde_json::from_str(text)?;
    message["payload"]["sdp"].as_str().map(str::to_owned).with_context(|| format!("no description: {text}"))
}
