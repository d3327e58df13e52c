//! Icons, drawn by us on a grid of 24 by 24.

use tiny_skia::{FillRule, LineCap, LineJoin, Path, PathBuilder, PixmapMut, Rect, Stroke, Transform};

use super::theme::Color;

/// A piece of an icon.
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
    MicrophoneOff,
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
    Person,
    Clock,
    /// Something is happening.
    Dots,
}

const PEN: f32 = 2.0;
const SLASH: Piece = Line(PEN, &[To(3.8, 3.4), L(20.2, 20.6)]);
const HANDSET: &[Piece] = &[
    Line(3.6, &[To(4.4, 13.4), Curve([7.6, 8.2, 16.4, 8.2, 19.6, 13.4])]),
    Block([1.9, 12.2, 5.6, 4.6, 1.5]),
    Block([16.5, 12.2, 5.6, 4.6, 1.5]),
];
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

impl Icon {
    const fn pieces(self) -> &'static [Piece] {
        match self {
            Self::Phone | Self::HangUp => HANDSET,
            Self::MicrophoneOff => &[
                Block([9.0, 2.8, 6.0, 11.4, 3.0]),
                Line(PEN, &[To(5.4, 11.4), Curve([5.4, 15.2, 8.3, 17.9, 12.0, 17.9])]),
                Line(PEN, &[To(12.0, 17.9), Curve([15.7, 17.9, 18.6, 15.2, 18.6, 11.4])]),
                Line(PEN, &[To(12.0, 18.2), L(12.0, 21.4)]),
                SLASH,
            ],
            Self::CameraOff => &[
                Box(PEN, [2.8, 6.6, 12.4, 10.8, 2.2]),
                Shape(&[To(16.6, 11.0), L(21.6, 7.6), L(21.6, 16.4), L(16.6, 13.0), Close]),
                SLASH,
            ],
            Self::Loudspeaker => &[
                Shape(&[To(3.0, 9.2), L(7.0, 9.2), L(12.0, 5.0), L(12.0, 19.0), L(7.0, 14.8), L(3.0, 14.8), Close]),
                Line(PEN, &[To(15.2, 9.0), Curve([17.0, 10.6, 17.0, 13.4, 15.2, 15.0])]),
                Line(PEN, &[To(18.2, 6.4), Curve([21.8, 9.4, 21.8, 14.6, 18.2, 17.6])]),
            ],
            Self::LoudspeakerOff => &[
                Shape(&[To(3.0, 9.2), L(7.0, 9.2), L(12.0, 5.0), L(12.0, 19.0), L(7.0, 14.8), L(3.0, 14.8), Close]),
                Line(PEN, &[To(15.8, 9.3), L(21.2, 14.7)]),
                Line(PEN, &[To(21.2, 9.3), L(15.8, 14.7)]),
            ],
            Self::Verified => &[SHIELD, Line(2.2, &[To(8.4, 11.9), L(11.0, 14.5), L(15.7, 9.4)])],
            Self::Unverified => &[SHIELD, Line(2.2, &[To(12.0, 7.6), L(12.0, 12.6)]), Dot(12.0, 16.2, 1.35)],
            Self::LinkLost => &[
                Line(PEN, &[To(2.6, 9.6), Curve([7.9, 4.5, 16.1, 4.5, 21.4, 9.6])]),
                Line(PEN, &[To(6.4, 13.4), Curve([9.6, 10.4, 14.4, 10.4, 17.6, 13.4])]),
                Dot(12.0, 17.6, 1.8),
                SLASH,
            ],
            Self::Chat => {
                &[Box(PEN, [3.0, 4.2, 18.0, 12.4, 3.2]), Shape(&[To(7.2, 16.2), L(7.2, 21.2), L(13.0, 16.2), Close])]
            }
            Self::Check => &[Line(2.4, &[To(5.0, 12.4), L(9.8, 17.2), L(19.0, 7.2)])],
            Self::Person => &[
                Dot(12.0, 8.0, 4.4),
                Shape(&[
                    To(3.6, 20.6),
                    Curve([3.6, 16.4, 7.4, 14.2, 12.0, 14.2]),
                    Curve([16.6, 14.2, 20.4, 16.4, 20.4, 20.6]),
                    Close,
                ]),
            ],
            Self::Clock => {
                &[Box(PEN, [3.0, 3.0, 18.0, 18.0, 9.0]), Line(PEN, &[To(12.0, 7.4), L(12.0, 12.2), L(15.4, 14.2)])]
            }
            Self::Dots => &[Dot(5.0, 12.0, 2.3), Dot(12.0, 12.0, 2.3), Dot(19.0, 12.0, 2.3)],
        }
    }

    /// Draws it into the square at (`x`, `y`) with this side.
    pub(super) fn draw(self, pixmap: &mut PixmapMut<'_>, x: f32, y: f32, side: f32, color: Color) {
        let turned = match self {
            Self::Phone => Transform::from_rotate_at(-135.0, 12.0, 12.0),
            Self::HangUp
            | Self::MicrophoneOff
            | Self::CameraOff
            | Self::Loudspeaker
            | Self::LoudspeakerOff
            | Self::Verified
            | Self::Unverified
            | Self::LinkLost
            | Self::Chat
            | Self::Check
            | Self::Person
            | Self::Clock
            | Self::Dots => Transform::identity(),
        };
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
    use crate::paint::theme::INK;

    #[test]
    fn every_icon_fills_its_square_and_stays_in_it() {
        for icon in [
            Icon::Phone,
            Icon::HangUp,
            Icon::MicrophoneOff,
            Icon::CameraOff,
            Icon::Loudspeaker,
            Icon::LoudspeakerOff,
            Icon::Verified,
            Icon::Unverified,
            Icon::LinkLost,
            Icon::Chat,
            Icon::Check,
            Icon::Person,
            Icon::Clock,
            Icon::Dots,
        ] {
            let mut pixmap = Pixmap::new(68, 68).expect("is small");
            icon.draw(&mut pixmap.as_mut(), 10.0, 10.0, 48.0, INK);
            let inked = |x: u32, y: u32| pixmap.pixel(x, y).is_some_and(|pixel| pixel.alpha() > 0);
            let all = || (0..68).flat_map(|y| (0..68).map(move |x| (x, y)));
            let share = all().filter(|(x, y)| inked(*x, *y)).count();
            assert!((200..1_800).contains(&share), "{icon:?} inks {share} of 2304");
            let strays = all().filter(|(x, y)| !(9..59).contains(x) || !(9..59).contains(y));
            assert_eq!(strays.filter(|(x, y)| inked(*x, *y)).count(), 0, "{icon:?} leaves its square");
        }
    }
}
