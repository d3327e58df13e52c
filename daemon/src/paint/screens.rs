//! The screens that fill the panel: all but a call with a picture.

use kiosk_call::{DeviceState, Ending, Link, PeerName, View};

use super::{
    canvas::{Canvas, Chip, ShapedChip},
    icon::Icon,
    text::{Block, Stand},
    theme::{
        ACCENT, BAD, Color, Face, GOOD, GROUND, INK, LINE, ON_ACCENT, ON_GOOD, ON_STOP, ON_WARN, QUIET, RAISED, STOP,
        WARN,
    },
    words,
};

/// A screen with one thing to say: a mark, a title, sentences and perhaps what to press.
#[derive(Debug)]
pub(super) struct Hero {
    mark: Mark,
    /// Above the title.
    over: Option<(String, Color)>,
    title: String,
    /// Below the title.
    badge: Option<Chip>,
    lines: Vec<(String, Face, Color)>,
    action: Option<Chip>,
}

#[derive(Clone, Copy, Debug)]
struct Mark {
    icon: Icon,
    fill: Color,
    ink: Color,
    /// Which of the rings around it is bright; None: they rest.
    wave: Option<u64>,
}

impl Mark {
    /// Radius of the outer ring in radii of the disc.
    const OUTER: f32 = 1.72;

    const fn still(icon: Icon, fill: Color, ink: Color) -> Self {
        Self { icon, fill, ink, wave: None }
    }
}

fn action(icon: Icon, text: &str, fill: Color, ink: Color) -> Chip {
    Chip { icon, text: text.to_owned(), fill, ink, face: Face::Action }
}

pub(super) fn booting(beat: u64) -> Hero {
    Hero {
        mark: Mark { wave: Some(beat), ..Mark::still(Icon::Dots, RAISED, INK) },
        over: None,
        title: words::STARTING.to_owned(),
        badge: None,
        lines: vec![(words::STARTING_MORE.to_owned(), Face::Body, QUIET)],
        action: None,
    }
}

pub(super) fn idle(name: &str, reachable: bool, link: &Link, retry_s: u64, beat: u64) -> Hero {
    let over = Some((name.to_owned(), ACCENT));
    match link {
        Link::Up if reachable => Hero {
            mark: Mark::still(Icon::Phone, ACCENT, ON_ACCENT),
            over,
            title: words::IDLE.to_owned(),
            badge: Some(Chip {
                icon: Icon::Person,
                text: words::SOMEBODY.to_owned(),
                fill: RAISED,
                ink: GOOD,
                face: Face::LabelBold,
            }),
            lines: vec![(words::IDLE_MORE.to_owned(), Face::Body, QUIET)],
            action: Some(Chip { face: Face::BodyBold, ..action(Icon::Phone, words::IDLE_PRESS, ACCENT, ON_ACCENT) }),
        },
        Link::Up => Hero {
            mark: Mark::still(Icon::Clock, RAISED, QUIET),
            over,
            title: words::NOBODY.to_owned(),
            badge: None,
            lines: vec![(words::NOBODY_MORE.to_owned(), Face::Body, QUIET)],
            action: None,
        },
        Link::Connecting => Hero {
            mark: Mark { wave: Some(beat), ..Mark::still(Icon::Dots, RAISED, INK) },
            over,
            title: words::SIGNING_IN.to_owned(),
            badge: None,
            lines: vec![(words::SIGNING_IN_MORE.to_owned(), Face::Body, QUIET)],
            action: None,
        },
        Link::Down { reason, .. } => Hero {
            mark: Mark::still(Icon::LinkLost, WARN, ON_WARN),
            over,
            title: words::NO_LINK.to_owned(),
            badge: None,
            lines: vec![
                (words::NO_LINK_MORE.to_owned(), Face::Body, INK),
                (words::retry_in(retry_s), Face::BodyBold, WARN),
                (reason.clone(), Face::Label, QUIET),
            ],
            action: None,
        },
    }
}

/// What the name of a peer is worth: a badge, and a sentence if it is worth little.
pub(super) fn trust(peer: &PeerName) -> (Chip, Option<(String, Face, Color)>) {
    if peer.verified {
        let text = words::VERIFIED.to_owned();
        (Chip { icon: Icon::Verified, text, fill: RAISED, ink: GOOD, face: Face::LabelBold }, None)
    } else {
        let text = words::UNVERIFIED.to_owned();
        let chip = Chip { icon: Icon::Unverified, text, fill: WARN, ink: ON_WARN, face: Face::BodyBold };
        (chip, Some((words::UNVERIFIED_MORE.to_owned(), Face::Body, WARN)))
    }
}

fn with_peer(peer: &PeerName, mark: Mark, over: &str, line: Option<&str>, press: Option<Chip>) -> Hero {
    let (badge, warning) = trust(peer);
    let line = line.map(|line| (line.to_owned(), Face::Body, QUIET));
    Hero {
        mark,
        over: Some((over.to_owned(), mark.fill)),
        title: peer.name.clone(),
        badge: Some(badge),
        lines: warning.into_iter().chain(line).collect(),
        action: press,
    }
}

pub(super) fn ringing_out(peer: &PeerName, ringing: bool, beat: u64) -> Hero {
    let mark = Mark { wave: Some(beat), ..Mark::still(Icon::Phone, ACCENT, ON_ACCENT) };
    let line = if ringing { words::RINGING_THERE } else { words::REACHING };
    let press = action(Icon::HangUp, words::PRESS_TO_CANCEL, RAISED, INK);
    with_peer(peer, mark, words::CALLING, Some(line), Some(press))
}

pub(super) fn ringing_in(peer: &PeerName, beat: u64) -> Hero {
    let mark = Mark { wave: Some(beat), ..Mark::still(Icon::Phone, GOOD, ON_GOOD) };
    with_peer(peer, mark, words::INCOMING, None, Some(action(Icon::Phone, words::PRESS_TO_ANSWER, GOOD, ON_GOOD)))
}

pub(super) fn connecting(peer: &PeerName, beat: u64) -> Hero {
    let mark = Mark { wave: Some(beat), ..Mark::still(Icon::Dots, ACCENT, ON_ACCENT) };
    let press = action(Icon::HangUp, words::PRESS_TO_HANG_UP, RAISED, INK);
    with_peer(peer, mark, words::CONNECTING, Some(words::CONNECTING_MORE), Some(press))
}

pub(super) fn ended(peer: &PeerName, why: Ending) -> Hero {
    let (title, line) = words::ending(why);
    let mark = match why {
        Ending::HungUp | Ending::PeerHungUp | Ending::Declined => Mark::still(Icon::Check, RAISED, GOOD),
        Ending::Rejected | Ending::Busy | Ending::NoAnswer | Ending::PeerOffline | Ending::Shutdown => {
            Mark::still(Icon::HangUp, RAISED, QUIET)
        }
        Ending::NoConnection | Ending::PeerLost | Ending::LinkLost | Ending::Protocol | Ending::MediaFailed => {
            Mark::still(Icon::LinkLost, RAISED, BAD)
        }
        Ending::Untrusted => Mark::still(Icon::Unverified, RAISED, BAD),
        Ending::NotSecure => Mark::still(Icon::Unverified, STOP, ON_STOP),
    };
    Hero {
        mark,
        over: Some((peer.name.clone(), QUIET)),
        title: title.to_owned(),
        badge: None,
        lines: vec![(line.to_owned(), Face::Body, if why == Ending::NotSecure { BAD } else { QUIET })],
        action: None,
    }
}

/// What does not work here, as a sentence each, and what is switched off.
fn notices(view: &View) -> Vec<Chip> {
    let mut chips = Vec::new();
    let broken = [(&view.camera, Icon::CameraOff), (&view.sound, Icon::LoudspeakerOff)];
    for (device, icon) in broken {
        if let DeviceState::Missing(sentence) = device {
            chips.push(Chip { icon, text: sentence.clone(), fill: RAISED, ink: WARN, face: Face::Label });
        }
    }
    for (off, icon, text) in off(view) {
        if off {
            chips.push(Chip { icon, text: text.to_owned(), fill: STOP, ink: ON_STOP, face: Face::LabelBold });
        }
    }
    chips
}

/// What the room switched off, with icon and words.
pub(super) const fn off(view: &View) -> [(bool, Icon, &'static str); 2] {
    [(view.muted, Icon::MicrophoneOff, words::MUTED), (view.camera_off, Icon::CameraOff, words::CAMERA_OFF)]
}

/// Paints a screen with one thing to say, and the notices below it.
pub(super) fn paint(canvas: &mut Canvas<'_>, hero: &Hero, view: &View) {
    canvas.fill(GROUND);
    let scale = canvas.scale;
    let bottom = paint_notices(canvas, notices(view)).min(canvas.free().0);
    let top = scale.margin();
    let room = bottom - top - scale.gap();
    if scale.is_portrait() {
        let column = Column { left: scale.margin(), width: scale.width - 2.0 * scale.margin(), stand: Stand::Centre };
        let stack = Stack::fitting(canvas, hero, column, room * 0.78);
        let between = 2.0 * scale.gap();
        let most = (room - stack.height - between) / (2.0 * Mark::OUTER);
        let radius = most.min(scale.width * 0.2);
        let mark = if radius < 4.0 * scale.unit { 0.0 } else { 2.0 * Mark::OUTER * radius };
        let start = top + (room - stack.height - between - mark).max(0.0) / 2.0;
        if mark > 0.0 {
            paint_mark(canvas, hero.mark, (scale.width / 2.0, start + mark / 2.0), radius);
        }
        stack.paint(canvas, start + mark + between);
    } else {
        let column = Column { left: left(canvas), width: scale.width * 0.585, stand: Stand::Left };
        let stack = Stack::fitting(canvas, hero, column, room);
        let middle = top + room / 2.0;
        let radius = (scale.width * 0.092).min(room / (2.0 * Mark::OUTER));
        let lowest = canvas.corner.map_or(f32::MAX, |(_, corner)| corner - scale.gap() - Mark::OUTER * radius);
        paint_mark(canvas, hero.mark, (scale.width * 0.815, middle.min(lowest)), radius);
        stack.paint(canvas, middle - stack.height / 2.0);
    }
}

/// Where everything begins on a wide panel.
fn left(canvas: &Canvas<'_>) -> f32 {
    canvas.scale.margin() * 1.3
}

/// A disc with an icon and two rings around it.
fn paint_mark(canvas: &mut Canvas<'_>, mark: Mark, centre: (f32, f32), radius: f32) {
    let pen = (radius * 0.045).max(1.5);
    for (ring, at) in [(1_u64, 1.36), (2, Mark::OUTER)] {
        let color = if mark.wave.is_some_and(|wave| wave % 3 == ring) { mark.fill } else { LINE };
        canvas.ring(centre, radius * at, pen, color);
    }
    canvas.disc(centre, radius, mark.fill);
    let side = radius * 1.06;
    canvas.icon(mark.icon, (centre.0 - side / 2.0, centre.1 - side / 2.0), side, mark.ink);
}

/// Paints the notices from the bottom up; what is above them is free.
fn paint_notices(canvas: &mut Canvas<'_>, chips: Vec<Chip>) -> f32 {
    let scale = canvas.scale;
    let mut bottom = scale.height - scale.margin() * 0.7;
    for chip in chips.into_iter().rev() {
        let shaped = canvas.shape_chip(chip, scale.width - 2.0 * left(canvas), 2);
        bottom -= shaped.height;
        let left = if scale.is_portrait() { (scale.width - shaped.width) / 2.0 } else { left(canvas) };
        canvas.chip(&shaped, (left, bottom));
        bottom -= scale.gap() * 0.6;
    }
    bottom
}

/// How much is said, and how large.
struct Density {
    /// Of the title, the first in which it fits.
    faces: &'static [Face],
    title_lines: usize,
    /// Quiet sentences are said too.
    asides: bool,
    /// Gaps above what to press.
    above_action: f32,
}

impl Density {
    /// From airy to tight.
    const ALL: [Self; 4] = [
        Self { faces: &[Face::Display, Face::Title], title_lines: 2, asides: true, above_action: 2.0 },
        Self { faces: &[Face::Title], title_lines: 2, asides: true, above_action: 1.4 },
        Self { faces: &[Face::Title, Face::BodyBold], title_lines: 1, asides: false, above_action: 1.2 },
        Self { faces: &[Face::BodyBold], title_lines: 1, asides: false, above_action: 0.5 },
    ];
}

/// Where text stands.
#[derive(Clone, Copy, Debug)]
struct Column {
    left: f32,
    width: f32,
    stand: Stand,
}

enum Item {
    Text(Block, Color),
    Chip(ShapedChip),
}

impl Item {
    const fn size(&self) -> (f32, f32) {
        match self {
            Self::Text(block, _) => (block.width, block.height),
            Self::Chip(chip) => (chip.width, chip.height),
        }
    }
}

/// The text of a screen, shaped, from top to bottom with the distance before each.
struct Stack {
    column: Column,
    items: Vec<(f32, Item)>,
    height: f32,
}

impl Stack {
    /// As large as fits into this height.
    fn fitting(canvas: &mut Canvas<'_>, hero: &Hero, column: Column, height: f32) -> Self {
        let mut stack = Self::new(canvas, hero, column, &Density::ALL[0]);
        for density in &Density::ALL[1..] {
            if stack.height <= height {
                break;
            }
            stack = Self::new(canvas, hero, column, density);
        }
        stack
    }

    fn new(canvas: &mut Canvas<'_>, hero: &Hero, column: Column, density: &Density) -> Self {
        let gap = canvas.scale.gap();
        let mut items = Vec::new();
        if let Some((over, color)) = &hero.over {
            items.push((0.0, Item::Text(canvas.set(over, Face::BodyBold, column.width, 1), *color)));
        }
        let title = canvas.set_fitting(&hero.title, density.faces, column.width, density.title_lines);
        items.push((gap * 0.2, Item::Text(title, INK)));
        if let Some(badge) = &hero.badge {
            items.push((gap * 0.8, Item::Chip(canvas.shape_chip(badge.clone(), column.width, 1))));
        }
        let lines = hero.lines.iter().filter(|(_, _, color)| density.asides || *color != QUIET);
        for (index, (line, face, color)) in lines.enumerate() {
            let distance = if index == 0 { gap } else { gap * 0.3 };
            items.push((distance, Item::Text(canvas.set(line, *face, column.width, 3), *color)));
        }
        if let Some(action) = &hero.action {
            items.push((gap * density.above_action, Item::Chip(canvas.shape_chip(action.clone(), column.width, 2))));
        }
        let height = items.iter().map(|(distance, item)| distance + item.size().1).sum();
        Self { column, items, height }
    }

    fn paint(&self, canvas: &mut Canvas<'_>, top: f32) {
        let Column { left, width, stand } = self.column;
        let mut y = top;
        for (distance, item) in &self.items {
            y += distance;
            let (item_width, item_height) = item.size();
            match item {
                Item::Text(block, color) => canvas.text(block, (left, y), (stand, width), *color),
                Item::Chip(chip) => {
                    let indent = if stand == Stand::Centre { (width - item_width) / 2.0 } else { 0.0 };
                    canvas.chip(chip, (left + indent, y));
                }
            }
            y += item_height;
        }
    }
}
