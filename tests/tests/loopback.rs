//! Two kiosks with real media at a real server: what one shows and plays is what the other sends.

use std::{
    process::{Command as Process, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use kiosk_call::{Button, Command, Ending};
use kiosk_tests::{
    kiosk::peer,
    room::{MediaKind, Plan, Room},
    sight::Sight,
    studio::{is_black, is_of, loudness, share_of_tone, tone},
};

/// How long a kiosk may take to notice that its peer is gone: the promise is 3 s, a busy machine gets one more.
const NOTICED: Duration = Duration::from_secs(4);

/// How long a kiosk waits for a peer that has gone, and a little more.
const GIVEN_UP: Duration = Duration::from_secs(60);

async fn room(kiosks: usize, auto_answer: bool) -> Result<Room> {
    let room = Room::open(Plan { auto_answer, ..Plan::of(kiosks, MediaKind::Real) }).await?;
    room.all_linked().await?;
    Ok(room)
}

/// Rings from one kiosk to the other until a person there answers.
async fn ring_and_answer(room: &Room, from: usize, to: usize) -> Result<()> {
    room.kiosks[from].press(Button::Call);
    room.kiosks[to].until("ringing", |sight| sight.phase == "ringing-in").await?;
    room.kiosks[from].until("ringing at the peer", Sight::rings_there).await?;
    room.kiosks[to].press(Button::Answer);
    room.in_call().await?;
    room.sees_and_hears(from, to).await?;
    room.sees_and_hears(to, from).await
}

async fn hang_up(room: &Room, from: usize, to: usize) -> Result<()> {
    room.kiosks[from].press(Button::HangUp);
    room.all_idle().await?;
    for (who, why) in [(from, Ending::HungUp), (to, Ending::PeerHungUp)] {
        let ending = room.kiosks[who].see(|sight| sight.endings.last().copied());
        ensure!(ending == Some(why), "kiosk {who}: {ending:?}");
    }
    Ok(())
}

async fn mute_and_unmute(room: &Room, from: usize, to: usize) -> Result<()> {
    room.kiosks[from].press(Button::Mute);
    room.kiosks[to].until("the word that it is muted", |sight| !sight.peer_sends.0).await?;
    room.hears(to, "silence", |sound| loudness(sound) < 20.0).await?;
    room.kiosks[from].command(Command::Unmute);
    room.kiosks[to].until("the word that it is not muted", |sight| sight.peer_sends.0).await?;
    room.hears(to, "the tone again", |sound| share_of_tone(sound, tone(from)) > 0.9).await
}

async fn camera_off_and_on(room: &Room, from: usize, to: usize) -> Result<()> {
    let kiosk = &room.kiosks[to];
    room.kiosks[from].command(Command::Camera(false));
    kiosk.until("the word that the camera is off", |sight| !sight.peer_sends.1).await?;
    kiosk.until("black", |sight| sight.shown.is_some_and(is_black)).await?;
    // Black stays alive, so that the peer is not taken for lost.
    kiosk.more_pictures(3).await?;
    ensure!(kiosk.see(|sight| sight.shown.is_some_and(is_black)), "not black any more");
    room.kiosks[from].press(Button::Camera);
    kiosk.until("the word that the camera is on", |sight| sight.peer_sends.1).await?;
    kiosk.until("the picture again", |sight| sight.shown.is_some_and(|shown| is_of(from, shown))).await
}

async fn chat(room: &Room, from: usize, to: usize) -> Result<()> {
    for line in ["Grüße aus der Halle", "🙂"] {
        room.kiosks[from].command(Command::Chat(None, line.to_owned()));
        room.kiosks[to].until(line, |sight| sight.heard.iter().any(|(_, text)| text == line)).await?;
        room.kiosks[from].until("the receipt", |sight| sight.delivered.contains(line)).await?;
    }
    room.kiosks[to].until("two unread lines", |sight| sight.unread == 2).await?;
    room.kiosks[to].command(Command::ChatRead);
    room.kiosks[to].until("nothing unread", |sight| sight.unread == 0).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_kiosks_see_hear_and_read_each_other_twice() -> Result<()> {
    let room = room(2, false).await?;
    ring_and_answer(&room, 0, 1).await?;
    for (from, to) in [(0, 1), (1, 0)] {
        mute_and_unmute(&room, from, to).await?;
        camera_off_and_on(&room, from, to).await?;
        chat(&room, from, to).await?;
    }
    hang_up(&room, 1, 0).await?;
    ring_and_answer(&room, 1, 0).await?;
    hang_up(&room, 1, 0).await?;
    for kiosk in &room.kiosks {
        let refusals = kiosk.see(|sight| sight.refusals.clone());
        ensure!(refusals.is_empty(), "a normal day refuses nothing: {refusals:?}");
        ensure!(kiosk.see(|sight| sight.connected == 2 && sight.calls == 2), "two calls");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_who_call_each_other_at_once_are_connected_once() -> Result<()> {
    let room = room(2, false).await?;
    for round in 1..=3 {
        for kiosk in &room.kiosks {
            kiosk.press(Button::Call);
        }
        room.in_call().await?;
        room.sees_and_hears(0, 1).await?;
        room.sees_and_hears(1, 0).await?;
        for kiosk in &room.kiosks {
            ensure!(kiosk.see(|sight| sight.connected == round && sight.peer_connections == 1), "one call a round");
        }
        hang_up(&room, round % 2, 1 - round % 2).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_whose_process_is_killed_is_noticed() -> Result<()> {
    let room = room(1, true).await?;
    let kiosk = &room.kiosks[0];
    let mut process = Process::new(env!("CARGO_BIN_EXE_call_point"))
        .args(["1", &room.url()])
        .arg(room.studio.file(1))
        .stdin(Stdio::piped())
        .spawn()?;
    kiosk.until("the other kiosk", |sight| sight.peers == 1).await?;
    kiosk.command(Command::Call(Some(peer(1))));
    kiosk.until("a call", |sight| sight.phase == "in-call").await?;
    room.sees_and_hears(0, 1).await?;
    process.kill()?;
    let killed = Instant::now();
    kiosk.until("a lost connection", |sight| sight.reconnecting).await?;
    let took = killed.elapsed();
    process.wait()?;
    // Nobody comes back: the call is given up after 45 s.
    kiosk.until_within(GIVEN_UP, "an end", |sight| sight.phase == "none").await?;
    ensure!(kiosk.see(|sight| sight.endings == [Ending::PeerLost]), "{:?}", kiosk.see(|sight| sight.endings.clone()));
    ensure!(took <= NOTICED, "noticed after {took:?}");
    Ok(())
}
