//! What the screens say that fill the panel: all but a call.

use kiosk_call::{Command, DeviceState, Ending, Link, LinkTrouble, PeerName, Screen, View};

use super::{
    Shown, brand,
    canvas::{Canvas, Chip},
    cards,
    catalogue::Value,
    chat, controls,
    hero::{Hero, Mark, Sign},
    icon::Icon,
    theme::{Color, Face},
};

/// Paints a screen that is no call yet, or no longer, or has nothing to do with one.
/// Below what it returns nothing stands at the top.
pub(super) fn paint(canvas: &mut Canvas<'_>, view: &View, shown: &Shown, brand: &brand::Brand) -> f32 {
    let hero = hero(canvas, view, shown, brand);
    canvas.fill(canvas.palette().ground);
    let scale = canvas.scale;
    let top = brand::paint(canvas, brand, view, shown);
    let mut bottom = controls::paint(canvas, view, false).min(canvas.free().0);
    bottom = paint_notices(canvas, notices(canvas, view), bottom);
    let edge = left(canvas);
    bottom = cards::transfers(canvas, &view.transfers, [edge, bottom, scale.width - 2.0 * edge]);
    let [x, y, width, height] = [edge, top, scale.width - 2.0 * edge, (bottom - top - scale.gap()).max(0.0)];
    if !chat::is_seen(view) {
        hero.paint(canvas, [x, y, width, height]);
    } else if scale.is_portrait() {
        let share = height * 0.42;
        hero.paint(canvas, [x, y, width, share]);
        let top = y + share + scale.gap();
        chat::paint(canvas, view, [x, top, width, height - share - scale.gap()], top, true);
    } else {
        let share = width * 0.4;
        hero.paint(canvas, [x, y, share, height]);
        let right = canvas.corner.map_or(x + width, |[corner, ..]| corner - scale.gap());
        let chat_left = x + share + 2.0 * scale.gap();
        chat::paint(canvas, view, [chat_left, y, right - chat_left, height], y, true);
    }
    top
}

/// Where everything begins.
pub(super) fn left(canvas: &Canvas<'_>) -> f32 {
    canvas.scale.margin() * if canvas.scale.is_portrait() { 1.0 } else { 1.3 }
}

fn hero(canvas: &Canvas<'_>, view: &View, shown: &Shown, brand: &brand::Brand) -> Hero {
    let beat = shown.screen;
    match &view.screen {
        Screen::Booting => busy(canvas, beat, "booting", "booting-more"),
        Screen::Idle { .. } if view.update.is_some() => updating(canvas, view, beat),
        Screen::Idle { reachable } => idle(canvas, view, *reachable, beat),
        Screen::RingingOut { peer, ringing } => {
            let line = if *ringing { canvas.say("ringing-there") } else { canvas.say("reaching") };
            let over = canvas.say("calling");
            with_peer(canvas, peer, (canvas.palette().accent, Icon::Phone), beat, (over, Some(line)))
        }
        Screen::RingingIn { peer, answered_at } => ringing_in(canvas, peer, answered_at.is_some(), beat),
        Screen::Connecting { peer } => {
            let (over, line) = (canvas.say("connecting"), canvas.say("connecting-more"));
            with_peer(canvas, peer, (canvas.palette().accent, Icon::Dots), beat, (over, Some(line)))
        }
        Screen::OutOfOrder => out_of_order(canvas, view, brand),
        Screen::Ended { peer, why } => ended(canvas, peer, *why),
        Screen::InCall { peer, .. } => {
            with_peer(canvas, peer, (canvas.palette().accent, Icon::Phone), beat, (canvas.say("connecting"), None))
        }
    }
}

/// Something is happening.
fn busy(canvas: &Canvas<'_>, beat: u64, title: &str, more: &str) -> Hero {
    let palette = canvas.palette();
    let mark = Mark { wave: Some(beat), ..Mark::still(Icon::Dots, palette.raised, palette.accent) };
    Hero::new(mark, canvas.say(title)).line(canvas.say(more), Face::Body, palette.quiet)
}

fn updating(canvas: &Canvas<'_>, view: &View, beat: u64) -> Hero {
    let palette = canvas.palette();
    let mark = Mark { wave: Some(beat), ..Mark::still(Icon::Update, palette.raised, palette.accent) };
    let hero = Hero::new(mark, canvas.say("updating")).line(canvas.say("updating-more"), Face::Body, palette.quiet);
    Hero { progress: view.update, ..hero }
}

fn idle(canvas: &Canvas<'_>, view: &View, reachable: bool, beat: u64) -> Hero {
    let palette = canvas.palette();
    match &view.link {
        Link::Up if reachable => {
            let press = if canvas.touch() { canvas.say("idle-touch") } else { canvas.say("idle-press") };
            let action = Chip {
                icon: Icon::Phone,
                text: press,
                fill: palette.accent,
                ink: palette.on_accent,
                face: Face::BodyBold,
            };
            let badge = Chip {
                icon: Icon::Person,
                text: canvas.say("somebody"),
                fill: palette.raised,
                ink: palette.good,
                face: Face::LabelBold,
            };
            let hero = Hero::new(Mark::still(Icon::Phone, palette.accent, palette.on_accent), canvas.say("idle")).line(
                canvas.say("idle-more"),
                Face::Body,
                palette.quiet,
            );
            Hero { badge: Some(badge), action: Some((action, Some(Command::Call(None)))), ..hero }
        }
        Link::Up => Hero::new(Mark::still(Icon::Clock, palette.raised, palette.quiet), canvas.say("nobody")).line(
            canvas.say("nobody-more"),
            Face::Body,
            palette.quiet,
        ),
        Link::Connecting => busy(canvas, beat, "signing-in", "signing-in-more"),
        Link::Down { trouble, .. } => {
            let (icon, title, more) = trouble_words(*trouble);
            let hero = Hero::new(Mark::still(icon, palette.warn, palette.on_warn), canvas.say(title))
                .line(canvas.say(more), Face::Body, palette.ink)
                .line(retry(canvas, beat), Face::BodyBold, palette.warn);
            match super::support::code(view) {
                Some(code) => hero.line(format!("{} {code}", canvas.say("support-code")), Face::Label, palette.quiet),
                None => hero,
            }
        }
    }
}

const fn trouble_words(trouble: LinkTrouble) -> (Icon, &'static str, &'static str) {
    match trouble {
        LinkTrouble::NoNetwork => (Icon::LinkLost, "no-network", "no-network-more"),
        LinkTrouble::NoServer => (Icon::LinkLost, "no-server", "no-server-more"),
        LinkTrouble::Replaced => (Icon::Warning, "replaced", "replaced-more"),
    }
}

fn retry(canvas: &Canvas<'_>, seconds: u64) -> String {
    if seconds == 0 { canvas.say("retrying") } else { canvas.tell("retry-in", &[("seconds", Value::Number(seconds))]) }
}

/// What the name of a peer is worth: a badge, and a sentence if it is worth little.
pub(super) fn trust(canvas: &Canvas<'_>, peer: &PeerName) -> (Chip, Option<(String, Face, Color)>) {
    let palette = canvas.palette();
    if peer.verified {
        let text = canvas.say("verified");
        let chip = Chip { icon: Icon::Verified, text, fill: palette.raised, ink: palette.good, face: Face::LabelBold };
        (chip, None)
    } else {
        let text = canvas.say("unverified");
        let chip =
            Chip { icon: Icon::Unverified, text, fill: palette.warn, ink: palette.on_warn, face: Face::BodyBold };
        (chip, Some((canvas.say("unverified-more"), Face::Body, palette.warn)))
    }
}

fn with_peer(
    canvas: &Canvas<'_>,
    peer: &PeerName,
    (color, icon): (Color, Icon),
    beat: u64,
    (over, line): (String, Option<String>),
) -> Hero {
    let palette = canvas.palette();
    let (badge, warning) = trust(canvas, peer);
    let ink = if color == palette.good { palette.on_good } else { palette.on_accent };
    let mark = Mark { wave: Some(beat), ..Mark::still(icon, color, ink) };
    let line = line.map(|line| (line, Face::Body, palette.quiet));
    Hero {
        over: Some((over, color)),
        badge: Some(badge),
        lines: warning.into_iter().chain(line).collect(),
        ..Hero::new(mark, peer.name.clone())
    }
}

/// Somebody calls: a person answers, or it is announced that nobody has to.
fn ringing_in(canvas: &Canvas<'_>, peer: &PeerName, is_announced: bool, seconds: u64) -> Hero {
    let good = canvas.palette().good;
    if !is_announced {
        return with_peer(canvas, peer, (good, Icon::Phone), seconds, (canvas.say("incoming"), None));
    }
    let over = canvas.tell("announced", &[("seconds", Value::Number(seconds))]);
    let mut hero = with_peer(canvas, peer, (good, Icon::Phone), seconds, (over, Some(canvas.say("announced-more"))));
    hero.mark.sign = Sign::Number(seconds);
    hero
}

fn out_of_order(canvas: &Canvas<'_>, view: &View, brand: &brand::Brand) -> Hero {
    let palette = canvas.palette();
    let replaced = matches!(view.link, Link::Down { trouble: LinkTrouble::Replaced, .. });
    let (title, more) = if replaced { ("replaced", "replaced-more") } else { ("out-of-order", "out-of-order-more") };
    let mut hero = Hero::new(Mark::still(Icon::Warning, palette.warn, palette.on_warn), canvas.say(title)).line(
        canvas.say(more),
        Face::Body,
        palette.ink,
    );
    if let Some(code) = super::support::code(view) {
        hero = hero.line(format!("{} {code}", canvas.say("support-code")), Face::BodyBold, palette.warn);
    }
    if let Some(code) = &brand.code {
        hero.mark.sign = Sign::Code(std::sync::Arc::clone(code), canvas.say("support-scan"));
    }
    hero
}

fn ended(canvas: &Canvas<'_>, peer: &PeerName, why: Ending) -> Hero {
    let palette = canvas.palette();
    let (title, line) = ending_words(canvas, why);
    let mark = match why {
        Ending::HungUp | Ending::PeerHungUp | Ending::Declined => {
            Mark::still(Icon::Check, palette.raised, palette.good)
        }
        Ending::Rejected | Ending::Busy | Ending::NoAnswer | Ending::PeerOffline | Ending::Shutdown => {
            Mark::still(Icon::HangUp, palette.raised, palette.quiet)
        }
        Ending::NoConnection | Ending::PeerLost | Ending::LinkLost | Ending::Protocol | Ending::MediaFailed => {
            Mark::still(Icon::LinkLost, palette.raised, palette.bad)
        }
        Ending::Untrusted => Mark::still(Icon::Unverified, palette.raised, palette.bad),
        Ending::NotSecure => Mark::still(Icon::Unverified, palette.stop, palette.on_stop),
    };
    let color = if why == Ending::NotSecure { palette.bad } else { palette.quiet };
    let hero = Hero::new(mark, title).line(line, Face::Body, color);
    Hero { over: Some((peer.name.clone(), palette.quiet)), ..hero }
}

/// How a call ended: what happened, and what it means or what to do.
fn ending_words(canvas: &Canvas<'_>, why: Ending) -> (String, String) {
    let (title, more) = match why {
        Ending::HungUp => ("ended", "ended-hung-up"),
        Ending::PeerHungUp => ("ended", "ended-peer-hung-up"),
        Ending::Rejected => ("ended-rejected", "ended-rejected-more"),
        Ending::Declined => ("ended-rejected", "ended-declined-more"),
        Ending::Busy => ("ended-busy", "ended-busy-more"),
        Ending::NoAnswer => ("ended-no-answer", "ended-no-answer-more"),
        Ending::NoConnection => ("ended-no-connection", "ended-no-connection-more"),
        Ending::PeerLost => ("ended-lost", "ended-peer-lost-more"),
        Ending::LinkLost => ("ended-lost", "ended-link-lost-more"),
        Ending::PeerOffline => ("ended-offline", "ended-offline-more"),
        Ending::Untrusted => ("ended-untrusted", "ended-untrusted-more"),
        Ending::NotSecure => ("ended-not-secure", "ended-not-secure-more"),
        Ending::Protocol => ("ended", "ended-protocol-more"),
        Ending::MediaFailed => ("ended", "ended-media-more"),
        Ending::Shutdown => ("ended", "ended-shutdown-more"),
    };
    (canvas.say(title), canvas.say(more))
}

/// What does not work here, a sentence each, and what is switched off.
fn notices(canvas: &Canvas<'_>, view: &View) -> Vec<Chip> {
    let palette = canvas.palette();
    if matches!(view.screen, Screen::OutOfOrder | Screen::Booting) {
        return Vec::new();
    }
    let mut chips = Vec::new();
    let broken = [
        (&view.camera, Icon::CameraOff, "no-camera", "no-camera-more"),
        (&view.sound, Icon::LoudspeakerOff, "no-sound", "no-sound-more"),
    ];
    for (device, icon, what, more) in broken {
        if matches!(device, DeviceState::Missing(_)) {
            let text = format!("{} · {}", canvas.say(what), canvas.say(more));
            chips.push(Chip { icon, text, fill: palette.raised, ink: palette.warn, face: Face::Label });
        }
    }
    if canvas.is_last_good() {
        let text = format!("{} · {}", canvas.say("old-settings"), canvas.say("old-settings-more"));
        chips.push(Chip { icon: Icon::Warning, text, fill: palette.raised, ink: palette.warn, face: Face::Label });
    }
    for (off, icon, text) in off(view) {
        if off {
            let text = canvas.say(text);
            chips.push(Chip { icon, text, fill: palette.stop, ink: palette.on_stop, face: Face::LabelBold });
        }
    }
    chips
}

/// What the room switched off, with icon and the key of its words.
pub(super) const fn off(view: &View) -> [(bool, Icon, &'static str); 2] {
    [(view.muted, Icon::MicrophoneOff, "muted"), (view.camera_off, Icon::CameraOff, "camera-off")]
}

/// Paints the notices from the bottom up; what is above them is free.
fn paint_notices(canvas: &mut Canvas<'_>, chips: Vec<Chip>, bottom: f32) -> f32 {
    let scale = canvas.scale;
    let mut bottom = bottom.min(scale.height - scale.margin() * 0.7);
    let edge = left(canvas);
    let right = if scale.is_portrait() { scale.width - edge } else { canvas.free().1.min(scale.width - edge) };
    for chip in chips.into_iter().rev() {
        let shaped = canvas.shape_chip(chip, right - edge, 2);
        bottom -= shaped.height;
        let left = if scale.is_portrait() { (scale.width - shaped.width) / 2.0 } else { edge };
        canvas.chip(&shaped, (left, bottom));
        bottom -= scale.gap() * 0.6;
    }
    bottom
}
