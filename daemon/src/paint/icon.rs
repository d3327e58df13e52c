//! Icons, drawn by us on a grid of 24 by 24.

use tiny_skia::{FillRule, LineCap, LineJoin, Path, PathBuilder, PixmapMut, Rect, Stroke, Transform};

use super::theme::Color;

/// A piece of an icon.
#[derive(Clone, Copy)]
enum Piece {
    /// A line of this width along points: first the start, then for each step its end (line) or two controls and end (curve).
    Line(f32, &'static [Step]),
    /// A filled shape.
    Shape(&'static [Step]),
    /// A filled circle: centre and radius.
    Dot(f32, f32, f32),
    /// A line of this width around a rectangle with round corners: left, top, width, height, radius.
    Box(f32, [f32; 5]),
    /// A filled rectangle with round corners.
    Block([f32; 5]),
}

#[derive(Clone, Copy)]
enum Step {
    To(f32, f32),
    Line(f32, f32),
    Curve([f32; 6]),
    Close,
}

use Piece::{Block, Box, Dot, Line, Shape};
use Step::{Close, Curve, Line as L, To};

/// What can be drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Icon {
    /// A handset, picked up.
    Phone,
    /// A handset, laid down.
    HangUp,
    Microphone,
    MicrophoneOff,
    Camera,
    CameraOff,
    Loudspeaker,
    LoudspeakerOff,
    /// We know who this is.
    Verified,
    /// We do not.
    Unverified,
    LinkLost,
    Chat,
    Check,
    Cross,
    Person,
    Clock,
    /// Something is happening.
    Dots,
    Pause,
    Play,
    Screen,
    Document,
    Photo,
    Zoom,
    /// A page back.
    Earlier,
    /// Two become one.
    Pair,
    /// To here.
    Download,
    /// From here.
    Upload,
    Update,
    Warning,
    Quality,
}

const PEN: f32 = 2.0;
const SLASH: Piece = Line(PEN, &[To(3.8, 3.4), L(20.2, 20.6)]);
const HANDSET: &[Piece] = &[
    Line(3.6, &[To(4.4, 13.4), Curve([7.6, 8.2, 16.4, 8.2, 19.6, 13.4])]),
    Block([1.9, 12.2, 5.6, 4.6, 1.5]),
    Block([16.5, 12.2, 5.6, 4.6, 1.5]),
];
const CAPSULE: Piece = Block([9.0, 2.8, 6.0, 11.4, 3.0]);
const CRADLE: [Piece; 3] = [
    Line(PEN, &[To(5.4, 11.4), Curve([5.4, 15.2, 8.3, 17.9, 12.0, 17.9])]),
    Line(PEN, &[To(12.0, 17.9), Curve([15.7, 17.9, 18.6, 15.2, 18.6, 11.4])]),
    Line(PEN, &[To(12.0, 18.2), L(12.0, 21.4)]),
];
const BODY: Piece = Box(PEN, [2.8, 6.6, 12.4, 10.8, 2.2]);
const LENS: Piece = Shape(&[To(16.6, 11.0), L(21.6, 7.6), L(21.6, 16.4), L(16.6, 13.0), Close]);
const HORN: Piece = Shape(&[To(3.0, 9.2), L(7.0, 9.2), L(12.0, 5.0), L(12.0, 19.0), L(7.0, 14.8), L(3.0, 14.8), Close]);
const SHIELD: Piece = Line(
    PEN,
    &[
        To(12.0, 2.8),
        L(19.2, 5.6),
        L(19.2, 11.4),
        Curve([19.2, 16.0, 16.2, 19.6, 12.0, 21.3]),
        Curve([7.8, 19.6, 4.8, 16.0, 4.8, 11.4]),
        L(4.8, 5.6),
        Close,
    ],
);
const TRAY: Piece = Line(PEN, &[To(4.0, 16.2), L(4.0, 20.2), L(20.0, 20.2), L(20.0, 16.2)]);

const MICROPHONE: &[Piece] = &[CAPSULE, CRADLE[0], CRADLE[1], CRADLE[2]];
const MICROPHONE_OFF: &[Piece] = &[CAPSULE, CRADLE[0], CRADLE[1], CRADLE[2], SLASH];
const CAMERA: &[Piece] = &[BODY, LENS];
const CAMERA_OFF: &[Piece] = &[BODY, LENS, SLASH];
const LOUDSPEAKER: &[Piece] = &[
    HORN,
    Line(PEN, &[To(15.2, 9.0), Curve([17.0, 10.6, 17.0, 13.4, 15.2, 15.0])]),
    Line(PEN, &[To(18.2, 6.4), Curve([21.8, 9.4, 21.8, 14.6, 18.2, 17.6])]),
];
const LOUDSPEAKER_OFF: &[Piece] =
    &[HORN, Line(PEN, &[To(15.8, 9.3), L(21.2, 14.7)]), Line(PEN, &[To(21.2, 9.3), L(15.8, 14.7)])];
const VERIFIED: &[Piece] = &[SHIELD, Line(2.2, &[To(8.4, 11.9), L(11.0, 14.5), L(15.7, 9.4)])];
const UNVERIFIED: &[Piece] = &[SHIELD, Line(2.2, &[To(12.0, 7.6), L(12.0, 12.6)]), Dot(12.0, 16.2, 1.35)];
const LINK_LOST: &[Piece] = &[
    Line(PEN, &[To(2.6, 9.6), Curve([7.9, 4.5, 16.1, 4.5, 21.4, 9.6])]),
    Line(PEN, &[To(6.4, 13.4), Curve([9.6, 10.4, 14.4, 10.4, 17.6, 13.4])]),
    Dot(12.0, 17.6, 1.8),
    SLASH,
];
const CHAT: &[Piece] =
    &[Box(PEN, [3.0, 4.2, 18.0, 12.4, 3.2]), Shape(&[To(7.2, 16.2), L(7.2, 21.2), L(13.0, 16.2), Close])];
const CHECK: &[Piece] = &[Line(2.4, &[To(5.0, 12.4), L(9.8, 17.2), L(19.0, 7.2)])];
const CROSS: &[Piece] = &[Line(2.4, &[To(6.2, 6.2), L(17.8, 17.8)]), Line(2.4, &[To(17.8, 6.2), L(6.2, 17.8)])];
const PERSON: &[Piece] = &[
    Dot(12.0, 8.0, 4.4),
    Shape(&[
        To(3.6, 20.6),
        Curve([3.6, 16.4, 7.4, 14.2, 12.0, 14.2]),
        Curve([16.6, 14.2, 20.4, 16.4, 20.4, 20.6]),
        Close,
    ]),
];
const CLOCK: &[Piece] =
    &[Box(PEN, [3.0, 3.0, 18.0, 18.0, 9.0]), Line(PEN, &[To(12.0, 7.4), L(12.0, 12.2), L(15.4, 14.2)])];
const DOTS: &[Piece] = &[Dot(5.0, 12.0, 2.3), Dot(12.0, 12.0, 2.3), Dot(19.0, 12.0, 2.3)];
const PAUSE: &[Piece] = &[Block([6.4, 5.0, 4.0, 14.0, 1.4]), Block([13.6, 5.0, 4.0, 14.0, 1.4])];
const SCREEN: &[Piece] = &[
    Box(PEN, [2.8, 4.0, 18.4, 12.6, 2.0]),
    Line(PEN, &[To(8.0, 20.4), L(16.0, 20.4)]),
    Line(PEN, &[To(12.0, 16.8), L(12.0, 20.2)]),
];
const DOCUMENT: &[Piece] = &[
    Line(PEN, &[To(6.0, 3.4), L(14.0, 3.4), L(18.6, 8.0), L(18.6, 20.6), L(6.0, 20.6), Close]),
    Line(1.8, &[To(9.4, 12.0), L(15.2, 12.0)]),
    Line(1.8, &[To(9.4, 16.2), L(15.2, 16.2)]),
];
const PHOTO: &[Piece] =
    &[Box(PEN, [2.8, 6.4, 18.4, 13.0, 2.4]), Box(PEN, [8.4, 9.3, 7.2, 7.2, 3.6]), Block([8.0, 3.9, 8.0, 2.6, 1.0])];
const ZOOM: &[Piece] = &[
    Box(PEN, [3.4, 3.4, 13.0, 13.0, 6.5]),
    Line(2.4, &[To(15.0, 15.0), L(20.4, 20.4)]),
    Line(1.8, &[To(9.9, 7.2), L(9.9, 12.6)]),
    Line(1.8, &[To(7.2, 9.9), L(12.6, 9.9)]),
];
const EARLIER: &[Piece] = &[Line(2.4, &[To(5.6, 15.2), L(12.0, 8.8), L(18.4, 15.2)])];
const DOWNLOAD: &[Piece] =
    &[TRAY, Line(PEN, &[To(12.0, 3.6), L(12.0, 14.6)]), Line(PEN, &[To(7.6, 10.6), L(12.0, 15.0), L(16.4, 10.6)])];
const UPLOAD: &[Piece] =
    &[TRAY, Line(PEN, &[To(12.0, 4.2), L(12.0, 15.2)]), Line(PEN, &[To(7.6, 8.2), L(12.0, 3.8), L(16.4, 8.2)])];
const PLAY: &[Piece] = &[Shape(&[To(7.4, 4.4), L(19.6, 12.0), L(7.4, 19.6), Close])];
const QUALITY: &[Piece] =
    &[Block([3.4, 14.0, 3.8, 6.0, 1.2]), Block([10.1, 9.4, 3.8, 10.6, 1.2]), Block([16.8, 4.4, 3.8, 15.6, 1.2])];
const PAIR: &[Piece] = &[Box(PEN, [3.0, 7.0, 11.0, 10.0, 5.0]), Box(PEN, [10.0, 7.0, 11.0, 10.0, 5.0])];
const UPDATE: &[Piece] = &[
    Line(PEN, &[To(20.0, 11.0), Curve([19.4, 7.0, 16.0, 4.2, 12.0, 4.2])]),
    Line(PEN, &[To(12.0, 4.2), Curve([9.2, 4.2, 6.8, 5.6, 5.4, 7.8])]),
    Line(PEN, &[To(4.0, 13.0), Curve([4.6, 17.0, 8.0, 19.8, 12.0, 19.8])]),
    Line(PEN, &[To(12.0, 19.8), Curve([14.8, 19.8, 17.2, 18.4, 18.6, 16.2])]),
    Line(PEN, &[To(5.0, 3.6), L(5.0, 8.2), L(9.6, 8.2)]),
    Line(PEN, &[To(19.0, 20.4), L(19.0, 15.8), L(14.4, 15.8)]),
];
const WARNING: &[Piece] = &[
    Line(PEN, &[To(12.0, 3.8), L(21.0, 19.6), L(3.0, 19.6), Close]),
    Line(2.2, &[To(12.0, 9.8), L(12.0, 13.8)]),
    Dot(12.0, 16.8, 1.25),
];

impl Icon {
    /// It means something else the other way round: mirrored for what is written from right to left. Handsets and cameras are things
    /// and stay as they are.
    pub(super) const fn has_direction(self) -> bool {
        match self {
            Self::Loudspeaker | Self::LoudspeakerOff | Self::Chat | Self::Play | Self::Quality | Self::Document => true,
            Self::Phone
            | Self::HangUp
            | Self::Microphone
            | Self::MicrophoneOff
            | Self::Camera
            | Self::CameraOff
            | Self::Verified
            | Self::Unverified
            | Self::LinkLost
            | Self::Check
            | Self::Cross
            | Self::Person
            | Self::Clock
            | Self::Dots
            | Self::Pause
            | Self::Screen
            | Self::Photo
            | Self::Zoom
            | Self::Earlier
            | Self::Pair
            | Self::Download
            | Self::Upload
            | Self::Update
            | Self::Warning => false,
        }
    }

    const fn pieces(self) -> &'static [Piece] {
        match self {
            Self::Phone | Self::HangUp => HANDSET,
            Self::Microphone => MICROPHONE,
            Self::MicrophoneOff => MICROPHONE_OFF,
            Self::Camera => CAMERA,
            Self::CameraOff => CAMERA_OFF,
            Self::Loudspeaker => LOUDSPEAKER,
            Self::LoudspeakerOff => LOUDSPEAKER_OFF,
            Self::Verified => VERIFIED,
            Self::Unverified => UNVERIFIED,
            Self::LinkLost => LINK_LOST,
            Self::Chat => CHAT,
            Self::Check => CHECK,
            Self::Cross => CROSS,
            Self::Person => PERSON,
            Self::Clock => CLOCK,
            Self::Dots => DOTS,
            Self::Pause => PAUSE,
            Self::Screen => SCREEN,
            Self::Document => DOCUMENT,
            Self::Photo => PHOTO,
            Self::Zoom => ZOOM,
            Self::Earlier => EARLIER,
            Self::Download => DOWNLOAD,
            Self::Upload => UPLOAD,
            Self::Play => PLAY,
            Self::Quality => QUALITY,
            Self::Pair => PAIR,
            Self::Update => UPDATE,
            Self::Warning => WARNING,
        }
    }

    /// Draws it into the square at (`x`, `y`) with this side, mirrored if wanted.
    pub(super) fn draw(
        self,
        pixmap: &mut PixmapMut<'_>,
        (x, y): (f32, f32),
        side: f32,
        is_flipped: bool,
        color: Color,
    ) {
        let turned =
            if self == Self::Phone { Transform::from_rotate_at(-135.0, 12.0, 12.0) } else { Transform::identity() };
        let turned = if is_flipped { turned.post_scale(-1.0, 1.0).post_translate(24.0, 0.0) } else { turned };
        let transform = turned.post_scale(side / 24.0, side / 24.0).post_translate(x, y);
        let paint = color.paint();
        for piece in self.pieces() {
            let Some((path, pen)) = outline(piece) else { continue };
            match pen {
                Some(width) => {
                    let stroke =
                        Stroke { width, line_cap: LineCap::Round, line_join: LineJoin::Round, ..Stroke::default() };
                    pixmap.stroke_path(&path, &paint, &stroke, transform, None);
                }
                None => pixmap.fill_path(&path, &paint, FillRule::Winding, transform, None),
            }
        }
    }
}

/// The path of a piece, and the width of the pen if it is not filled.
fn outline(piece: &Piece) -> Option<(Path, Option<f32>)> {
    match piece {
        Line(width, steps) => Some((walk(steps)?, Some(*width))),
        Shape(steps) => Some((walk(steps)?, None)),
        Dot(x, y, radius) => Some((PathBuilder::from_circle(*x, *y, *radius)?, None)),
        Box(width, rectangle) => Some((rounded(*rectangle)?, Some(*width))),
        Block(rectangle) => Some((rounded(*rectangle)?, None)),
    }
}

fn walk(steps: &[Step]) -> Option<Path> {
    let mut path = PathBuilder::new();
    for step in steps {
        match *step {
            To(x, y) => path.move_to(x, y),
            L(x, y) => path.line_to(x, y),
            Curve([x1, y1, x2, y2, x, y]) => path.cubic_to(x1, y1, x2, y2, x, y),
            Close => path.close(),
        }
    }
    path.finish()
}

/// A rectangle (left, top, width, height) with corners of this radius, at most half its shorter side. None: it is empty.
pub(super) fn rounded([left, top, width, height, radius]: [f32; 5]) -> Option<Path> {
    /// Control points of a cubic that is nearly a quarter of a circle.
    const QUARTER: f32 = 0.552_284_8;
    let rect = Rect::from_xywh(left, top, width, height)?;
    let radius = radius.min(width / 2.0).min(height / 2.0).max(0.0);
    let near = radius * (1.0 - QUARTER);
    let (right, bottom) = (rect.right(), rect.bottom());
    let mut path = PathBuilder::new();
    path.move_to(left + radius, top);
    path.line_to(right - radius, top);
    path.cubic_to(right - near, top, right, top + near, right, top + radius);
    path.line_to(right, bottom - radius);
    path.cubic_to(right, bottom - near, right - near, bottom, right - radius, bottom);
    path.line_to(left + radius, bottom);
    path.cubic_to(left + near, bottom, left, bottom - near, left, bottom - radius);
    path.line_to(left, top + radius);
    path.cubic_to(left, top + near, left + near, top, left + radius, top);
    path.close();
    path.finish()
}

#[cfg(test)]
mod tests {
    use tiny_skia::Pixmap;

    use super::*;

    const ALL: [Icon; 30] = [
        Icon::Phone,
        Icon::HangUp,
        Icon::Microphone,
        Icon::MicrophoneOff,
        Icon::Camera,
        Icon::CameraOff,
        Icon::Loudspeaker,
        Icon::LoudspeakerOff,
        Icon::Verified,
        Icon::Unverified,
        Icon::LinkLost,
        Icon::Chat,
        Icon::Check,
        Icon::Cross,
        Icon::Person,
        Icon::Clock,
        Icon::Dots,
        Icon::Pause,
        Icon::Play,
        Icon::Screen,
        Icon::Document,
        Icon::Photo,
        Icon::Zoom,
        Icon::Earlier,
        Icon::Pair,
        Icon::Download,
        Icon::Upload,
        Icon::Update,
        Icon::Warning,
        Icon::Quality,
    ];

    fn draw(icon: Icon, is_flipped: bool) -> Pixmap {
        let mut pixmap = Pixmap::new(68, 68).expect("is small");
        icon.draw(&mut pixmap.as_mut(), (10.0, 10.0), 48.0, is_flipped, Color::rgb(0xFF_FFFF));
        pixmap
    }

    #[test]
    fn every_icon_fills_its_square_and_stays_in_it() {
        for icon in ALL {
            let pixmap = draw(icon, false);
            let inked = |x: u32, y: u32| pixmap.pixel(x, y).is_some_and(|pixel| pixel.alpha() > 0);
            let all = || (0..68).flat_map(|y| (0..68).map(move |x| (x, y)));
            let share = all().filter(|(x, y)| inked(*x, *y)).count();
            assert!((150..1_800).contains(&share), "{icon:?} inks {share} of 2304");
            let strays = all().filter(|(x, y)| !(9..59).contains(x) || !(9..59).contains(y));
            assert_eq!(strays.filter(|(x, y)| inked(*x, *y)).count(), 0, "{icon:?} leaves its square");
        }
    }

    #[test]
    fn no_two_icons_look_the_same() {
        for (index, one) in ALL.iter().enumerate() {
            for other in &ALL[index + 1..] {
                assert!(draw(*one, false) != draw(*other, false), "{one:?} looks like {other:?}");
            }
        }
    }

    #[test]
    fn what_has_a_direction_looks_other_when_mirrored() {
        for icon in ALL.into_iter().filter(|icon| icon.has_direction() && *icon != Icon::Chat) {
            assert!(draw(icon, false) != draw(icon, true), "{icon:?}");
        }
    }
}
