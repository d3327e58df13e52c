//! A room of tests: the real server, perhaps a hostile proxy in front of it, and kiosks.

use std::{net::SocketAddr, time::Instant};

use anyhow::{Context as _, Result, ensure};
use kiosk_call::CertificateCheck;
use kiosk_server::{Config, Server};
use tokio::net::TcpListener;

use crate::{
    ether::{self, Ether},
    kiosk::{Character, Conduct, MakeMedia, PATIENCE, TestKiosk, peer},
    proxy::{Attack, Face, Proxy},
    sight::Sight,
    studio::{self, Studio},
};

/// What media the kiosks have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaKind {
    /// [`Ether`].
    Modelled,
    /// webrtcbin, with test pictures and tones.
    Real,
}

/// Who is in the room, and how.
pub struct Plan {
    /// How many kiosks; all of them trust each other. A lonely one trusts kiosk 1, should it come.
    pub kiosks: usize,
    /// Their media.
    pub media: MediaKind,
    /// What the server does to frames, when it is hostile.
    pub hostile: Option<(Face, Attack)>,
    /// Calls are answered without ringing.
    pub auto_answer: bool,
    /// When two certificates agree, for each kiosk where it is not the product that says it.
    pub check: fn(usize) -> Option<CertificateCheck>,
    /// Whether each kiosk keeps to the rules.
    pub conduct: fn(usize) -> Conduct,
}

impl Plan {
    /// Kiosks who trust each other, at an honest server.
    #[must_use]
    pub fn of(kiosks: usize, media: MediaKind) -> Self {
        Self { kiosks, media, hostile: None, auto_answer: true, check: |_| None, conduct: |_| Conduct::Honest }
    }
}

/// All of it, running.
pub struct Room {
    server: Server,
    media: MediaKind,
    /// The hostile part.
    pub proxy: Option<Proxy>,
    /// The kiosks, by number.
    pub kiosks: Vec<TestKiosk>,
    /// Where the kiosks' files are.
    pub studio: Studio,
}

/// A server on a free port of the loopback.
///
/// # Errors
/// No free port.
pub async fn server(public: &[SocketAddr]) -> Result<Server> {
    let public = public.iter().map(|address| format!("ws://{address}").parse()).collect::<Result<_, String>>();
    let public = public.map_err(anyhow::Error::msg)?;
    let bind = SocketAddr::from(([127, 0, 0, 1], 0));
    Ok(Server::bind(Config { bind, public, ..Config::default() }).await?)
}

impl Room {
    /// Opens it; kiosks sign in by themselves.
    ///
    /// # Errors
    /// Something of it does not start.
    pub async fn open(plan: Plan) -> Result<Self> {
        let Plan { kiosks, media, hostile, auto_answer, check, conduct } = plan;
        let (server, proxy) = match hostile {
            None => (server(&[]).await?, None),
            Some((face, attack)) => {
                let listener = TcpListener::bind("127.0.0.1:0").await?;
                let server = match face {
                    Face::Own => server(&[listener.local_addr()?]).await?,
                    Face::Relay => server(&[]).await?,
                };
                let cast = (0..kiosks).map(peer).collect();
                let proxy = Proxy::start(listener, server.local_addr(), face, cast, attack)?;
                (server, Some(proxy))
            }
        };
        let url = proxy.as_ref().map_or_else(|| url(&server), Proxy::url);
        let (ether, studio) = (Ether::default(), Studio::new()?);
        let start = |number| {
            let media: MakeMedia = match media {
                MediaKind::Modelled => ether.media(number),
                MediaKind::Real => studio.media(number),
            };
            let trusts = (0..kiosks.max(2)).filter(|other| *other != number).collect();
            let (check, conduct) = (check(number), conduct(number));
            TestKiosk::start(Character { number, url: url.clone(), trusts, auto_answer, check, conduct, media })
        };
        let kiosks = (0..kiosks).map(start).collect::<Result<_>>()?;
        Ok(Self { server, media, proxy, kiosks, studio })
    }

    /// Where an honest kiosk dials.
    #[must_use]
    pub fn url(&self) -> String {
        url(&self.server)
    }

    /// The hostile part.
    ///
    /// # Errors
    /// There is none.
    pub fn proxy(&self) -> Result<&Proxy> {
        self.proxy.as_ref().context("this room is honest")
    }

    /// Waits until every kiosk sees every other.
    ///
    /// # Errors
    /// They do not.
    pub async fn all_linked(&self) -> Result<()> {
        for kiosk in &self.kiosks {
            kiosk.until("everybody in the room", |sight| sight.peers + 1 == self.kiosks.len()).await?;
        }
        Ok(())
    }

    /// Waits until the first kiosk shows, and plays, what the second sends; both by number.
    ///
    /// # Errors
    /// It does not.
    pub async fn sees_and_hears(&self, who: usize, whom: usize) -> Result<()> {
        let kiosk = &self.kiosks[who];
        if self.media == MediaKind::Modelled {
            let is_of = |sight: &Sight| sight.shown.is_some_and(|shown| shown.colour == ether::colour(whom));
            return kiosk.until("the peer's picture and sound", |sight| is_of(sight) && sight.sounds > 0).await;
        }
        kiosk.until("the peer's picture", |sight| sight.shown.is_some_and(|shown| studio::is_of(whom, shown))).await?;
        let moves = kiosk.see(|sight| sight.changes) + 3;
        kiosk.until("the picture to move", |sight| sight.changes >= moves).await?;
        self.hears(who, "the peer's tone", |sound| studio::share_of_tone(sound, studio::tone(whom)) > 0.9).await
    }

    /// Waits until the last 200 ms of what this kiosk played are so. Looks with each picture, so there must be some.
    ///
    /// # Errors
    /// They are not.
    pub async fn hears(&self, who: usize, what: &str, is_so: impl Fn(&[i16]) -> bool) -> Result<()> {
        let until = Instant::now() + PATIENCE;
        loop {
            let played = self.studio.played(who);
            let sound = studio::last(&played, 200);
            if sound.len() >= 9_600 && is_so(sound) {
                return Ok(());
            }
            let tones: Vec<_> = (0..3).map(|other| studio::share_of_tone(sound, studio::tone(other))).collect();
            let heard = format!("{} samples, loudness {:.0}, tones {tones:.2?}", played.len(), studio::loudness(sound));
            ensure!(Instant::now() < until, "kiosk {who}: waited in vain for {what}: {heard}");
            self.kiosks[who].more_pictures(3).await?;
        }
    }

    /// Waits until every kiosk is idle.
    ///
    /// # Errors
    /// They are not.
    pub async fn all_idle(&self) -> Result<()> {
        for kiosk in &self.kiosks {
            kiosk.until("the end of everything", Sight::idle).await?;
        }
        Ok(())
    }

    /// Waits until the first two are in a call.
    ///
    /// # Errors
    /// They are not.
    pub async fn in_call(&self) -> Result<()> {
        for kiosk in &self.kiosks[..2] {
            kiosk.until("a call", |sight| sight.phase == "in-call").await?;
        }
        Ok(())
    }
}

fn url(server: &Server) -> String {
    format!("ws://{}/signaling", server.local_addr())
}
