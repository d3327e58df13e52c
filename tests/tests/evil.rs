//! A hostile signaling server, and a man in the middle of DTLS: nothing passes, each attempt is refused with its reason.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context as _, Result, ensure};
use kiosk_call::{Button, CertificateCheck, Command, Ending};
use kiosk_tests::{
    attacks::{self, Attempt, By, CALLEE, CALLER, Verdict},
    ether,
    forge::{Frame, Mallory, Way},
    kiosk::{Conduct, identity, peer, unchecked},
    proxy::{Face, honest},
    room::{MediaKind, Plan, Room},
    sight::Sight,
};
use kiosk_wire::{
    Body, CallId, ClientFrame, Description, IdentityKey, Message, MessageHeader, PeerDescription, SdpType, ServerFrame,
    SessionCertificate, SessionKey,
};

/// What has come through to each kiosk and out of it: calls whose gates were opened, pictures, sounds, lines of chat, packets sent.
type Passed = Vec<[u64; 5]>;

/// What was on its way to screen and loudspeaker when an earlier call ended may still come out: pictures, and samples of 200 ms.
/// Where no call was before, nothing may.
const ON_THEIR_WAY: [u64; 5] = [0, 2, 9_600, 0, 0];

fn nothing_since(before: &Passed, room: &Room) -> Result<()> {
    let after = passed(room);
    let more = before.iter().zip(&after).any(|(before, after)| {
        let slack = if before[0] > 0 { ON_THEIR_WAY } else { [0; 5] };
        (0..before.len()).any(|what| after[what] > before[what] + slack[what])
    });
    ensure!(!more, "something passed: {before:?} {after:?}");
    Ok(())
}

fn nothing_ever(room: &Room) -> Result<()> {
    nothing_since(&vec![[0; 5]; room.kiosks.len()], room)
}

fn passed(room: &Room) -> Passed {
    let of = |number: usize| {
        let loud = room.studio.played(number).iter().filter(|sample| **sample != 0).count();
        let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        room.kiosks[number].see(|sight| {
            let sounds = sight.sounds + count(loud);
            [count(sight.connected), sight.pictures, sounds, count(sight.heard.len()), sight.packets_sent]
        })
    };
    (0..room.kiosks.len()).map(of).collect()
}

fn dial(room: &Room) {
    room.kiosks[CALLER].command(Command::Call(Some(peer(CALLEE))));
}

/// Rings, and is answered by a person where it has to be.
async fn ring(room: &Room, rings: bool) -> Result<()> {
    dial(room);
    if rings {
        room.kiosks[CALLEE].until("ringing", |sight| sight.phase == "ringing-in").await?;
        room.kiosks[CALLEE].press(Button::Answer);
    }
    Ok(())
}

/// Pictures, sound and chat, both ways.
async fn talk(room: &Room) -> Result<()> {
    room.in_call().await?;
    for (number, other) in [(CALLER, CALLEE), (CALLEE, CALLER)] {
        let (from, to) = (&room.kiosks[number], &room.kiosks[other]);
        let line = format!("said by kiosk {number} in call {}", from.see(|sight| sight.calls));
        from.command(Command::Chat(None, line.clone()));
        to.until("chat", |sight| sight.heard.iter().any(|(_, text)| *text == line)).await?;
        from.until("the receipt", |sight| sight.delivered.contains(&line)).await?;
        room.sees_and_hears(other, number).await?;
    }
    Ok(())
}

async fn hang_up(room: &Room) -> Result<()> {
    room.kiosks[CALLER].press(Button::HangUp);
    room.all_idle().await
}

/// Whatever still rings or tries is ended by hand, after both have tried to say something.
async fn give_up(room: &Room) -> Result<()> {
    say_secrets(room);
    for kiosk in &room.kiosks {
        kiosk.press(Button::HangUp);
    }
    room.all_idle().await
}

fn say_secrets(room: &Room) {
    for kiosk in &room.kiosks {
        kiosk.command(Command::Chat(None, "secret".to_owned()));
    }
}

async fn refusals(room: &Room, refusals: &[(By, &'static str)]) -> Result<()> {
    for (by, reason) in refusals {
        match by {
            By::Kiosk(number) => {
                let what = format!("the refusal {reason}");
                room.kiosks[*number].until(&what, |sight| sight.refused(reason) > 0).await?;
            }
            By::Server => room.proxy()?.server_refuses(reason).await?,
        }
    }
    Ok(())
}

async fn attempt(attempt: &Attempt, media: MediaKind) -> Result<()> {
    let attack = if attempt.from_start { (attempt.attack)(&[]) } else { honest() };
    let plan = Plan::of(attempt.kiosks, media);
    let room = Room::open(Plan { hostile: Some((Face::Own, attack)), auto_answer: !attempt.rings, ..plan }).await?;
    if attempt.verdict == Verdict::NoSignIn {
        refusals(&room, &attempt.refusals).await?;
        dial(&room);
        let caller = &room.kiosks[CALLER];
        caller.until("a call that is declined", |sight| !sight.declined.is_empty()).await?;
        return nothing_ever(&room);
    }
    room.all_linked().await?;
    if attempt.after_a_call {
        ring(&room, attempt.rings).await?;
        talk(&room).await?;
        hang_up(&room).await?;
        // While the chat of a call is still on the screen, it may be answered outside of one: that is no attack.
        for kiosk in &room.kiosks {
            let is_away = |sight: &Sight| sight.view.as_ref().is_some_and(|view| view.chat.lines.is_empty());
            kiosk.until("the chat is put away", is_away).await?;
        }
    }
    let before = passed(&room);
    room.proxy()?.attack_with((attempt.attack)(&room.proxy()?.seen()));
    if attempt.verdict == Verdict::Ends {
        ring(&room, attempt.rings).await?;
        refusals(&room, &attempt.refusals).await?;
        return room.all_idle().await;
    }
    if attempt.verdict == Verdict::Unharmed {
        ring(&room, attempt.rings).await?;
        talk(&room).await?;
        if !attempt.at_goodbye {
            refusals(&room, &attempt.refusals).await?;
        }
        hang_up(&room).await?;
        return refusals(&room, &attempt.refusals).await;
    }
    // What is dropped may be the ringing itself.
    ring(&room, attempt.rings).await?;
    refusals(&room, &attempt.refusals).await?;
    give_up(&room).await?;
    nothing_since(&before, &room)
}

/// The control: the same room, the same proxy, no tampering.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_tampering_everything_passes() -> Result<()> {
    let plan = Plan { hostile: Some((Face::Own, honest())), auto_answer: false, ..Plan::of(2, MediaKind::Real) };
    let room = Room::open(plan).await?;
    room.all_linked().await?;
    ring(&room, true).await?;
    talk(&room).await?;
    hang_up(&room).await?;
    for kiosk in &room.kiosks {
        let refusals = kiosk.see(|sight| sight.refusals.clone());
        ensure!(refusals.is_empty(), "{refusals:?}");
    }
    let seen = room.proxy()?.seen();
    for message in ["offer", "ringing", "answer", "candidates", "end-of-candidates", "bye"] {
        ensure!(seen.iter().any(|frame| frame.payload()["t"] == message), "the proxy never saw: {message}");
    }
    Ok(())
}

/// All of [`attacks::all`], with modelled media: every one of them is stopped before a handshake would begin.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_attack_is_refused_with_its_reason() -> Result<()> {
    let mut failed = BTreeMap::new();
    let attempts = attacks::all();
    for one in &attempts {
        if let Err(error) = attempt(one, MediaKind::Modelled).await {
            failed.insert(one.name.clone(), format!("{error:#}"));
        }
        // Each failure takes its time.
        if failed.len() >= 4 {
            break;
        }
    }
    ensure!(failed.is_empty(), "{} of {} attacks: {failed:#?}", failed.len(), attempts.len());
    Ok(())
}

/// Those in which media has begun to work, once more with webrtcbin.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attacks_are_refused_with_real_media() -> Result<()> {
    let names = [
        "the offer's fingerprint is swapped",
        "the answer's fingerprint is swapped",
        "a swapped answer is signed anew",
        "kiosk 0 never gets: answer",
        "kiosk 1 never gets: candidates",
        "nobody gets the goodbye",
        "kiosk 1 gets twice: offer",
        "kiosk 1 gets from an earlier call: offer",
        "kiosk 0 gets from an earlier call: answer",
    ];
    let attempts: Vec<_> = attacks::all().into_iter().filter(|one| names.contains(&one.name.as_str())).collect();
    assert_eq!(attempts.len(), names.len());
    for one in attempts {
        attempt(&one, MediaKind::Real).await.with_context(|| one.name.clone())?;
    }
    Ok(())
}

/// The certificate with which a kiosk signed in last.
fn certificate(seen: &[Frame], who: usize) -> Result<SessionCertificate> {
    let mut auths = seen.iter().rev().filter(|frame| frame.way == Way::Up && frame.who == Some(who));
    let auth = auths.find_map(|frame| match ClientFrame::parse(&frame.text) {
        Ok(ClientFrame::Auth { sess, .. }) => Some(sess),
        _ => None,
    });
    Ok(SessionCertificate::open(&auth.context("it never signed in")?)?)
}

fn joined(certificate: &SessionCertificate, identity: &IdentityKey) -> String {
    let peer = PeerDescription { sess: certificate.seal(identity), memb: Vec::new() };
    ServerFrame::Joined { peer }.to_text()
}

/// Records a call, has some of its kiosks sign in anew, and plays the whole call to the callee once more.
async fn replay(media: MediaKind, renewed: &[usize], reason: &'static str) -> Result<()> {
    let room = Room::open(Plan { hostile: Some((Face::Own, honest())), ..Plan::of(2, media) }).await?;
    room.all_linked().await?;
    ring(&room, false).await?;
    talk(&room).await?;
    hang_up(&room).await?;
    let proxy = room.proxy()?;
    let call: Vec<_> =
        proxy.seen().into_iter().filter(|frame| frame.kind() == "msg" && frame.way == Way::Down).collect();
    for who in renewed {
        let joins = |seen: &[Frame]| {
            let other = Some(1 - who);
            seen.iter()
                .filter(|frame| frame.who == other && ["joined", "welcome"].contains(&frame.kind().as_str()))
                .count()
        };
        let before = joins(&proxy.seen());
        proxy.cut(*who);
        room.kiosks[*who].until("another sign-in", |sight| sight.sign_ins == 2).await?;
        proxy.until("the new session", |seen| joins(seen) > before).await?;
    }
    let before = passed(&room);
    let callee = &room.kiosks[CALLEE];
    let frames = call.iter().filter(|frame| frame.who == Some(CALLEE));
    let mut count = 0;
    for frame in frames {
        proxy.inject(frame);
        count += 1;
    }
    ensure!(count > 3, "the call was not recorded");
    callee.until("every refusal", |sight| sight.refused(reason) == count).await?;
    ensure!(callee.see(|sight| sight.calls == 1 && sight.idle()), "it rang");
    nothing_since(&before, &room)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_of_yesterday_does_not_ring_today() -> Result<()> {
    replay(MediaKind::Modelled, &[CALLEE], "stale-session").await?;
    replay(MediaKind::Modelled, &[CALLER], "signature").await?;
    replay(MediaKind::Real, &[CALLER, CALLEE], "signature").await
}

/// A rogue that is not the dialled server cannot have a sign-in relayed to the real one, whatever it says of itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_in_cannot_be_relayed() -> Result<()> {
    let room = Room::open(Plan { hostile: Some((Face::Relay, honest())), ..Plan::of(2, MediaKind::Modelled) }).await?;
    for kiosk in &room.kiosks {
        kiosk.until("a refusal", |sight| sight.refused("audience") > 0).await?;
    }
    let url = room.proxy()?.url();
    room.proxy()?.attack_with(Box::new(move |frame| {
        let hello = frame.way == Way::Down && frame.kind() == "hello";
        vec![if hello { frame.with(|hello| hello["aud"] = url.as_str().into()) } else { frame.clone() }]
    }));
    room.proxy()?.server_refuses("audience").await?;
    for kiosk in &room.kiosks {
        kiosk
            .until("the server's refusal", |sight| sight.link_losses.iter().any(|why| why.contains("audience")))
            .await?;
        ensure!(kiosk.see(|sight| sight.sign_ins == 0), "it signed in");
    }
    Ok(())
}

/// Certificates that were good once, or are good elsewhere, shown to the callee.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn certificates_of_another_time_or_place_are_refused() -> Result<()> {
    let room = Room::open(Plan { hostile: Some((Face::Own, honest())), ..Plan::of(2, MediaKind::Modelled) }).await?;
    room.all_linked().await?;
    let good = certificate(&room.proxy()?.seen(), CALLER)?;
    let later = SessionCertificate { epoch: good.epoch + 1, ..good.clone() };
    let bad = [
        ("expired", SessionCertificate { nb: good.nb - 172_800, na: good.nb - 86_400, ..later.clone() }),
        ("not-yet-valid", SessionCertificate { nb: good.nb + 3_600, na: good.nb + 7_200, ..later.clone() }),
        ("not-yet-valid", SessionCertificate { na: good.nb + 172_800, ..later.clone() }),
        ("version", SessionCertificate { v: 2, ..later.clone() }),
        ("room", SessionCertificate { room: "hall".to_owned().try_into()?, ..later }),
        ("epoch", SessionCertificate { epoch: good.epoch - 1, ..good.clone() }),
    ];
    let callee = &room.kiosks[CALLEE];
    for (reason, certificate) in bad {
        let before = callee.see(|sight| sight.refused(reason));
        room.proxy()?.inject(&Frame::down(CALLEE, joined(&certificate, &identity(CALLER))));
        callee.until(reason, |sight| sight.refused(reason) == before + 1).await?;
    }
    // The good one is still the one that counts.
    ring(&room, false).await?;
    talk(&room).await
}

/// The server's own peer, in the room under a name that people know, with everything signed as it should be.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_the_server_invents_does_not_ring() -> Result<()> {
    let room = Room::open(Plan { hostile: Some((Face::Own, honest())), ..Plan::of(2, MediaKind::Modelled) }).await?;
    room.all_linked().await?;
    let seen = room.proxy()?.seen();
    let identity = IdentityKey::from_seed(&[0x66; 32]).context("below the order")?;
    let session = SessionKey::from_seed(&[0x67; 32]).context("below the order")?;
    let certificate_of_caller = certificate(&seen, CALLER)?;
    let mallory = SessionCertificate { id: identity.public(), sk: session.public(), ..certificate_of_caller.clone() };
    let header = MessageHeader {
        from: mallory.peer(),
        to: peer(CALLEE),
        to_session: certificate(&seen, CALLEE)?.session(),
        room: mallory.room.clone(),
        call: CallId([7; 16]),
        seq: 0,
        re: None,
        at: 0,
    };
    let description = Description::new(ether::sdp("mallory", Mallory::FINGERPRINT, "actpass"), SdpType::Offer)?;
    let m = Message::seal(&session, &header, &Body::Offer { description: description.clone(), resume: None });
    let as_caller = MessageHeader { from: peer(CALLER), ..header };
    let forged = Message::seal(&session, &as_caller, &Body::Offer { description, resume: None });
    let offer = |from, m| Frame::down(CALLEE, ServerFrame::Msg { from, m }.to_text());
    for (frame, reason) in [
        (offer(mallory.peer(), m.clone()), "unknown-peer"),
        (offer(peer(CALLER), forged.clone()), "signature"),
        (Frame::down(CALLEE, joined(&mallory, &identity)), ""),
        (offer(mallory.peer(), forged), "wrong-sender"),
        (offer(mallory.peer(), m), "untrusted"),
    ] {
        room.proxy()?.inject(&frame);
        room.kiosks[CALLEE]
            .until(reason, |sight| sight.refused(reason) == 1 || sight.peers == 2 && reason.is_empty())
            .await?;
    }
    ensure!(room.kiosks[CALLEE].see(|sight| sight.calls == 0), "it rang");
    nothing_ever(&room)
}

/// Real media, and one kiosk that does not keep to the rules.
async fn misled(conduct: fn(usize) -> Conduct, check: fn(usize) -> Option<CertificateCheck>) -> Result<Room> {
    let room = Room::open(Plan { check, conduct, ..Plan::of(2, MediaKind::Real) }).await?;
    room.all_linked().await?;
    ring(&room, false).await?;
    Ok(room)
}

fn no_check(is_liar: bool) -> Option<CertificateCheck> {
    is_liar.then_some(unchecked)
}

const fn claims(is_liar: bool) -> Conduct {
    if is_liar { Conduct::Claims(Mallory::FINGERPRINT) } else { Conduct::Honest }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_man_in_the_middle_of_dtls_gets_nothing() -> Result<()> {
    // The liar is the attacker's, and checks nothing.
    let by_caller = misled(|number| claims(number == CALLER), |number| no_check(number == CALLER));
    let by_callee = misled(|number| claims(number == CALLEE), |number| no_check(number == CALLEE));
    for (victim, room) in [(CALLEE, by_caller.await?), (CALLER, by_callee.await?)] {
        let victim = &room.kiosks[victim];
        victim.until("the refusal", |sight| sight.refused("certificate-mismatch") == 1).await?;
        room.all_idle().await?;
        let endings = victim.see(|sight| sight.endings.clone());
        ensure!(endings == [Ending::NotSecure], "{endings:?}");
        nothing_ever(&room)?;
    }
    Ok(())
}

/// The right certificate is not enough: until the peer has confirmed what it saw, nothing passes the gates, although the peer's
/// own are open and seconds go by.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_does_not_confirm_gets_nothing() -> Result<()> {
    let silent = |number| if number == CALLER { Conduct::Silent } else { Conduct::Honest };
    let room = misled(silent, |_| None).await?;
    let (peer, victim) = (&room.kiosks[CALLER], &room.kiosks[CALLEE]);
    peer.until("its call", |sight| sight.connected == 1).await?;
    say_secrets(&room);
    peer.until("two seconds of figures", |sight| sight.measured >= 4).await?;
    ensure!(peer.see(|sight| sight.packets_sent > 0), "the peer's own gates are shut");
    ensure!(victim.see(|sight| sight.phase == "connecting"), "the victim does not wait");
    // The peer has the victim's confirmation, so that its own core thinks itself in a call, and it has sent packets.
    let all = passed(&room);
    ensure!(all[CALLEE] == [0; 5] && all[CALLER][1..4] == [0; 3], "something passed: {all:?}");
    // Only now: what the peer could not say in the call, it may say outside of one, for it is trusted.
    give_up(&room).await
}

/// The same attack with the check taken away: everything passes, so the test above can fail. GStreamer from 1.28 on checks by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_man_in_the_middle_of_dtls_gets_everything_without_the_check() -> Result<()> {
    let room = misled(|number| claims(number == CALLER), |_| no_check(true)).await?;
    talk(&room).await
}

/// The way to take the check away is for tests alone.
#[test]
fn the_product_cannot_take_the_check_away() -> Result<()> {
    const HOOK: &str = "with_certificate_check";
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("tests/ lies in the workspace")?;
    let mut sources = Vec::new();
    for folder in ["call/src", "daemon", "hal", "media", "server", "wire"] {
        rust_files(&workspace.join(folder), &mut sources)?;
    }
    let mut naming = Vec::new();
    for source in sources {
        if fs::read_to_string(&source)?.contains(HOOK) {
            naming.push(source.strip_prefix(workspace)?.to_path_buf());
        }
    }
    ensure!(naming == [Path::new("call/src/lib.rs")], "{HOOK} is named in {naming:?}");
    Ok(())
}

fn rust_files(folder: &Path, found: &mut Vec<std::path::PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            rust_files(&path, found)?;
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
    Ok(())
}
