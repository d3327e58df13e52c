//! A call: what lies over the remote picture, and what is there when there is none.

use kiosk_call::{Command, DeviceState, Link, PeerName, Quality, VideoSource, View};

use super::{
    Shown,
    canvas::{Canvas, Chip},
    cards, catalogue, chat, controls,
    icon::Icon,
    screens::{off, trust},
    text::Stand,
    theme::{Color, Face, Scale},
};

/// What the screen of a call shows beside the view.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call<'a> {
    pub(super) peer: &'a PeerName,
    /// It has no connection: the picture is the last one.
    pub(super) is_lost: bool,
    pub(super) peer_audio: bool,
    pub(super) peer_video: bool,
    pub(super) peer_screen: bool,
    pub(super) peer_hold: bool,
    /// The large picture lies below.
    pub(super) picture: bool,
}

/// Paints a call. Below what it returns nothing stands at the top.
pub(super) fn paint(canvas: &mut Canvas<'_>, call: Call<'_>, view: &View, shown: &Shown) -> f32 {
    let scale = canvas.scale;
    let mut top = bar_height(&scale);
    // What is on a shared screen is not covered: it lies between the bars.
    let is_framed = call.picture && call.peer_screen && !view.pictures_swapped;
    ground(canvas, call, is_framed);
    let what = is_framed.then(|| canvas.say("peer-screen"));
    paint_top_bar(canvas, call.peer, what, (shown.screen, call.picture));
    if !call.peer.verified {
        top = paint_warning(canvas, top);
    }
    let bottom = controls::paint(canvas, view, call.picture);
    let edge = scale.margin() * 0.7;
    top = paint_chips(canvas, chips(canvas, call, view), top + scale.gap() * 0.6);
    top = cards::transfers_below(canvas, &view.transfers, [edge, top + scale.gap() * 0.6, scale.width - 2.0 * edge]);
    if let Some(corner) = canvas.corner {
        canvas.region(corner, Command::Swap);
    }
    let bottom = if scale.is_portrait() { bottom.min(canvas.free().0 - scale.gap()) } else { bottom };
    let right = if scale.is_portrait() { scale.width - edge } else { canvas.free().1.min(scale.width - edge) };
    let highest = (top + scale.gap()).max(if is_framed { scale.height * 0.5 } else { 0.0 });
    // Faces are in the upper half of pictures.
    let wanted = if call.picture { highest.max(scale.height * 0.46) } else { highest };
    let highest = highest.min(bottom);
    let mut chat_top = bottom;
    if chat::is_seen(view) {
        let area = [edge, highest, right - edge, (bottom - highest).max(0.0)];
        chat_top = chat::paint(canvas, view, area, wanted, false);
    }
    if !call.picture {
        paint_instead(canvas, call, view, (top, chat_top));
    }
    top
}

/// Height of the strip at the top.
pub(super) fn bar_height(scale: &Scale) -> f32 {
    (scale.font(Face::BodyBold) * 2.1).round()
}

/// The ground, if there is no picture; strips at the top and bottom, if there is one. The last one of a lost connection is dimmed.
fn ground(canvas: &mut Canvas<'_>, call: Call<'_>, is_framed: bool) {
    let (scale, palette) = (canvas.scale, canvas.palette());
    if !call.picture {
        canvas.fill(palette.ground);
        return;
    }
    let (top, below) = (bar_height(&scale), controls::height(&scale, canvas.touch()));
    if call.is_lost {
        canvas.rect([0.0, 0.0, scale.width, scale.height], palette.scrim);
    }
    if is_framed {
        canvas.rect([0.0, 0.0, scale.width, top], palette.ground);
        canvas.rect([0.0, scale.height - below, scale.width, below], palette.ground);
    } else if !call.is_lost {
        canvas.rect([0.0, 0.0, scale.width, top], palette.scrim);
        canvas.fade(top, top + 6.0 * scale.unit, palette.scrim);
        canvas.fade(scale.height, scale.height - below, palette.scrim);
    }
}

/// Name, what it is worth, and how long the call lasts.
fn paint_top_bar(canvas: &mut Canvas<'_>, peer: &PeerName, what: Option<String>, (seconds, has_picture): (u64, bool)) {
    let (scale, palette) = (canvas.scale, canvas.palette());
    let height = bar_height(&scale);
    if !has_picture {
        canvas.rect([0.0, 0.0, scale.width, height], palette.raised);
    }
    let time = canvas.set(&catalogue::call_time(seconds), Face::BodyBold, scale.width, 1);
    // Steps of a digit's width, so that nothing moves each second.
    let time_width = (time.width / (4.0 * scale.unit)).ceil() * 4.0 * scale.unit;
    let edge = scale.margin() * 0.7;
    let time_left = scale.width - edge - time_width;
    canvas.text(&time, (time_left, (height - time.height) / 2.0), (Stand::Left, time_width), palette.ink);
    let side = scale.font(Face::BodyBold) * 1.18;
    let (icon, color) = if peer.verified { (Icon::Verified, palette.good) } else { (Icon::Unverified, palette.warn) };
    canvas.icon(icon, (edge, (height - side) / 2.0), side, color);
    let left = edge + side + scale.gap();
    let name = canvas.set(&peer.name, Face::BodyBold, time_left - left - scale.gap(), 1);
    canvas.text(&name, (left, (height - name.height) / 2.0), (Stand::Left, name.width), palette.ink);
    let left = left + name.width + 2.0 * scale.gap();
    if let Some(what) = what.filter(|_| left + scale.finger() < time_left) {
        let what = canvas.set(&what, Face::Label, time_left - left - scale.gap(), 1);
        canvas.text(&what, (left, (height - what.height) / 2.0), (Stand::Left, what.width), palette.quiet);
    }
}

/// Across the whole width, for as long as the call lasts.
fn paint_warning(canvas: &mut Canvas<'_>, top: f32) -> f32 {
    let (scale, palette) = (canvas.scale, canvas.palette());
    let sentence = format!("{} · {}", canvas.say("unverified"), canvas.say("unverified-more"));
    let edge = scale.margin() * 0.7;
    let text = canvas.set(&sentence, Face::LabelBold, scale.width - 2.0 * edge, 2);
    let height = text.height + scale.gap();
    canvas.rect([0.0, top, scale.width, height], palette.warn);
    let at = (edge, top + scale.gap() / 2.0);
    canvas.text(&text, at, (Stand::Left, scale.width - 2.0 * edge), palette.on_warn);
    top + height
}

fn chips(canvas: &Canvas<'_>, call: Call<'_>, view: &View) -> Vec<Chip> {
    let palette = canvas.palette();
    let mut chips = Vec::new();
    let loud =
        |icon, text: &str, fill: Color, ink| Chip { icon, text: canvas.say(text), fill, ink, face: Face::LabelBold };
    for (is_off, icon, text) in off(view) {
        if is_off {
            chips.push(loud(icon, text, palette.stop, palette.on_stop));
        }
    }
    let source = match view.source {
        VideoSource::Camera => None,
        VideoSource::Panel => Some((Icon::Screen, "sharing-panel")),
        VideoSource::Document => Some((Icon::Document, "sharing-document")),
    };
    chips.extend(source.map(|(icon, text)| loud(icon, text, palette.accent, palette.on_accent)));
    let plain = if call.picture { palette.scrim } else { palette.raised };
    let quiet = |icon, text: &str, ink| Chip { icon, text: canvas.say(text), fill: plain, ink, face: Face::Label };
    if !call.peer_audio && !view.held && !call.peer_hold {
        chips.push(quiet(Icon::MicrophoneOff, "peer-muted", palette.ink));
    }
    let broken = [(&view.camera, Icon::CameraOff, "no-camera"), (&view.sound, Icon::LoudspeakerOff, "no-sound")];
    for (device, icon, text) in broken {
        if matches!(device, DeviceState::Missing(_)) {
            chips.push(quiet(icon, text, palette.warn));
        }
    }
    // Without a connection the call does not go on, and says so itself.
    if !matches!(view.link, Link::Up) && !call.is_lost {
        chips.push(quiet(Icon::LinkLost, "server-lost", palette.warn));
    }
    let quality = match view.quality {
        Quality::Auto => None,
        Quality::DataSaver => Some("quality-data-saver"),
        Quality::Sharp => Some("quality-sharp"),
        Quality::Smooth => Some("quality-smooth"),
    };
    chips.extend(quality.map(|text| quiet(Icon::Quality, text, palette.ink)));
    chips
}

/// Paints chips in rows from the start; what is below them is free.
fn paint_chips(canvas: &mut Canvas<'_>, chips: Vec<Chip>, top: f32) -> f32 {
    let scale = canvas.scale;
    let (edge, gap) = (scale.margin() * 0.7, scale.gap() * 0.7);
    let (mut x, mut y, mut row) = (edge, top, 0.0_f32);
    for chip in chips {
        let shaped = canvas.shape_chip(chip, scale.width - 2.0 * edge, 1);
        if x > edge && x + shaped.width > scale.width - edge {
            x = edge;
            y += row + gap;
            row = 0.0;
        }
        // The most important come first.
        if y + shaped.height > canvas.lowest() {
            break;
        }
        canvas.chip(&shaped, (x, y));
        x += shaped.width + gap;
        row = row.max(shaped.height);
    }
    y + row
}

/// In place of the large picture: who it is, and why nothing is seen.
fn paint_instead(canvas: &mut Canvas<'_>, call: Call<'_>, view: &View, (top, bottom): (f32, f32)) {
    let (scale, palette) = (canvas.scale, canvas.palette());
    let (why, more, pause) = if view.held {
        ("held", Some("held-more"), true)
    } else if call.peer_hold {
        ("peer-hold", Some("peer-hold-more"), true)
    } else if call.peer_video {
        ("no-picture-yet", None, false)
    } else {
        ("peer-camera-off", None, false)
    };
    let room = (bottom - top - scale.gap()).max(0.0);
    let (left, width) = (scale.margin(), scale.width - 2.0 * scale.margin());
    let why = canvas.say(why);
    let text = canvas.set(&why, if pause { Face::Heading } else { Face::Body }, width, 1);
    let more = more.map(|more| canvas.say(more)).map(|more| canvas.set(&more, Face::Body, width, 2));
    let words = text.height + more.as_ref().map_or(0.0, |more| more.height);
    let radius = ((room - words - 2.0 * scale.gap()) / 2.0).min(19.0 * scale.unit);
    let has_disc = radius >= 7.0 * scale.unit;
    let disc = if has_disc { 2.0 * radius + scale.gap() } else { 0.0 };
    let height = disc + words;
    if height > room {
        return;
    }
    let start = top + (room - height) / 2.0 + scale.gap() / 2.0;
    if has_disc {
        paint_disc(canvas, call.peer, pause, (scale.width / 2.0, start + radius), radius);
    }
    let ink = if pause { palette.ink } else { palette.quiet };
    canvas.text(&text, (left, start + disc), (Stand::Centre, width), ink);
    if let Some(more) = more {
        canvas.text(&more, (left, start + disc + text.height), (Stand::Centre, width), palette.quiet);
    }
}

fn paint_disc(canvas: &mut Canvas<'_>, peer: &PeerName, pause: bool, centre: (f32, f32), radius: f32) {
    let palette = canvas.palette();
    let (chip, _) = trust(canvas, peer);
    canvas.disc(centre, radius, palette.raised);
    canvas.ring(centre, radius, (radius * 0.05).max(1.5), if peer.verified { chip.ink } else { chip.fill });
    let initials = catalogue::initials(&peer.name);
    let icon = if pause { Some(Icon::Pause) } else { initials.is_empty().then_some(Icon::Person) };
    if let Some(icon) = icon {
        canvas.icon(icon, (centre.0 - radius * 0.55, centre.1 - radius * 0.55), radius * 1.1, palette.ink);
    } else {
        let letters = canvas.set_fitting(&initials, &[Face::Display, Face::Title], radius * 2.0, 1);
        let at = (centre.0 - radius, centre.1 - letters.height / 2.0);
        canvas.text(&letters, at, (Stand::Centre, radius * 2.0), palette.ink);
    }
}
