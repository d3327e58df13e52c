//! A kiosk that is in a call, and a peer that says what it sees: `camera_watch CONFIG`. The kiosk is the daemon's own board, devices and
//! media, without the core: this program carries the call. It prints a line at each change, with the time in milliseconds since
//! 1970, until its standard input ends:
//!
//! `TIME live` the camera's picture, which the config makes green ([camera.controls] test_pattern of vivid) · `TIME placeholder` any
//! other · `TIME missing SENTENCE` and `TIME ready` what the kiosk knows of its camera; after `ready` what is seen is told anew · `TIME failed REASON` the end.
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

use std::{
    env, io,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::SystemTime,
};

use anyhow::{Context as _, Result, bail};
use kiosk_call::{CallId, DeviceState, MediaCommand, MediaEvent};
use kiosk_media::{CameraSource, Loudspeaker, Media, MicrophoneSource, Options, Picture, VideoSettings};
use kioskd::{Assembled, assemble, config::Config};
use tokio::sync::mpsc;

const CALL: CallId = CallId([7; 16]);
/// What was seen last: nothing yet, a placeholder, the camera.
const NOTHING: u8 = 0;
const PLACEHOLDER: u8 = 1;
const LIVE: u8 = 2;

#[tokio::main]
async fn main() -> Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(io::stderr)
        .with_ansi(false)
        .init();
    let file = env::args().nth(1).context("camera_watch CONFIG")?;
    let config = Config::load(Path::new(&file))?;
    let (peer_events, mut of_peer) = mpsc::unbounded_channel();
    let seen = Arc::new(AtomicU8::new(NOTHING));
    let peer = peer(peer_events, Arc::clone(&seen))?;
    let Assembled { mut surroundings, devices, .. } = assemble(&config, false)?;
    let mut kiosk = surroundings.media;
    kiosk(MediaCommand::Offer { call: CALL, ice: Vec::new() });
    let mut ended = tokio::task::spawn_blocking(|| io::copy(&mut io::stdin(), &mut io::sink()));
    loop {
        tokio::select! {
            event = surroundings.media_events.recv() => {
                let event = event.context("the kiosk's media has ended")?;
                told(&event, &seen)?;
                carry(event, &mut kiosk, &mut |command| peer.send(command), true);
            }
            event = of_peer.recv() => {
                let event = event.context("the peer's media has ended")?;
                carry(event, &mut |command| peer.send(command), &mut kiosk, false);
            }
            _ = &mut ended => break,
        }
    }
    drop(devices);
    Ok(())
}

/// The peer: it sends nothing worth looking at, and says when what it sees changes.
fn peer(events: mpsc::UnboundedSender<MediaEvent>, seen: Arc<AtomicU8>) -> Result<Media> {
    let options = Options {
        camera: CameraSource::None,
        microphone: MicrophoneSource::None,
        loudspeaker: Loudspeaker::Discard,
        // Little work: both sides share one processor.
        video: VideoSettings { width: 160, height: 120, framerate: 10, ..VideoSettings::default() },
        ..Options::default()
    };
    let look = move |_, picture: Picture| {
        let now = if is_green(&picture) { LIVE } else { PLACEHOLDER };
        if seen.swap(now, Ordering::AcqRel) != now {
            say(if now == LIVE { "live" } else { "placeholder" });
        }
    };
    // The main loop is gone if this fails.
    let tell = move |event| drop(events.send(event));
    Ok(Media::start(options, Arc::new(tell), Arc::new(look))?)
}

/// Carries what one side says over to the other.
fn carry(event: MediaEvent, from: &mut dyn FnMut(MediaCommand), to: &mut dyn FnMut(MediaCommand), offers: bool) {
    if let MediaEvent::LocalDescription { call, sdp } = event {
        to(if offers {
            MediaCommand::Answer { call, sdp, ice: Vec::new() }
        } else {
            MediaCommand::AcceptAnswer { call, sdp }
        });
    } else if let MediaEvent::LocalCandidate { call, candidate } = event {
        to(MediaCommand::AddCandidate { call, candidate });
    } else if let MediaEvent::Secured { call, .. } = event {
        from(MediaCommand::OpenGates { call });
    }
}

/// Says what the kiosk knows of its camera.
fn told(event: &MediaEvent, seen: &AtomicU8) -> Result<()> {
    if let MediaEvent::Camera(DeviceState::Ready) = event {
        say("ready");
        seen.store(NOTHING, Ordering::Release);
    } else if let MediaEvent::Camera(DeviceState::Missing(sentence)) = event {
        say(&format!("missing {sentence}"));
    } else if let MediaEvent::Failed { reason, .. } = event {
        say(&format!("failed {reason}"));
        bail!("the call has failed: {reason}");
    } else if let MediaEvent::PeerGone { .. } = event {
        say("failed the peer has gone");
        bail!("the peer has gone");
    }
    Ok(())
}

fn say(what: &str) {
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    println!("{} {what}", now.as_millis());
}

/// Full green has a luma of about 145 and both chroma far below the middle (ITU-R BT.601); black and bars have not.
fn is_green(picture: &Picture) -> bool {
    let mean = |plane| {
        let (bytes, _) = picture.plane(plane);
        let sampled = || bytes.iter().step_by(61);
        sampled().map(|byte| u64::from(*byte)).sum::<u64>() / (sampled().count().max(1) as u64)
    };
    mean(0) > 100 && mean(1) < 80 && mean(2) < 80
}
