use super::*;

const PIECE: gst::ClockTime = gst::ClockTime::from_mseconds(20);

fn ms(time: u64) -> gst::ClockTime {
    gst::ClockTime::from_mseconds(time)
}

/// Pieces in a row, each so much later than its time stamp.
struct Stream {
    playout: Playout,
    stamp: gst::ClockTime,
    turns: Vec<Turn>,
}

impl Stream {
    fn new() -> Self {
        Self { playout: Playout::default(), stamp: ms(1_000), turns: Vec::new() }
    }

    /// For so long, in ms. How much is left to wait then, in ms.
    fn comes(&mut self, late: impl Fn(usize) -> u64, lasting: u64) -> u64 {
        for number in 0..usize::try_from(lasting / PIECE.mseconds()).expect("it fits") {
            self.turns.push(self.playout.turn(self.stamp + ms(late(number)), self.stamp));
            self.stamp += PIECE;
        }
        PLAYOUT_MS - self.playout.advance().mseconds()
    }

    fn turned(&self, into: Turn) -> usize {
        self.turns.iter().filter(|turn| **turn == into).count()
    }
}

#[test]
fn what_always_comes_early_is_played_early() {
    let mut stream = Stream::new();
    assert_eq!(stream.comes(|_| 2, 400), 80, "not before it has been calm");
    assert_eq!(stream.comes(|_| 2, 4_000), 20, "as short as it may be");
    assert_eq!((stream.turned(Turn::Shorten), stream.turned(Turn::Lengthen)), (6, 0));
}

#[test]
fn as_much_is_left_as_the_network_wants() {
    let mut stream = Stream::new();
    // Every tenth piece is 40 ms late.
    let late = |number: usize| if number.is_multiple_of(10) { 40 } else { 2 };
    assert_eq!(stream.comes(late, 30_000), 60, "20 ms more than the latest");
    assert_eq!(stream.turned(Turn::Lengthen), 0);
}

#[test]
fn a_late_piece_is_waited_for_from_then_on() {
    let mut stream = Stream::new();
    stream.comes(|_| 2, 30_000);
    let waits = stream.comes(|number| if number == 3 { 60 } else { 2 }, 1_000);
    assert_eq!(waits, 30, "a step for one piece");
    let waits = stream.comes(|_| 60, 1_000);
    assert_eq!(waits, 70, "as many as it takes");
    assert_eq!(stream.comes(|_| 2, 18_000), 70, "not forgotten soon");
    assert_eq!(stream.comes(|_| 2, 30_000), 20);
}

#[test]
fn the_wait_has_bounds() {
    let mut stream = Stream::new();
    assert_eq!(stream.comes(|_| 400, 10_000), 80);
    assert_eq!(stream.turned(Turn::AsIs), stream.turns.len());
}

#[test]
fn it_does_not_swing() {
    let mut stream = Stream::new();
    stream.comes(|number| if number.is_multiple_of(100) { 55 } else { 2 }, 600_000);
    let turns = stream.turned(Turn::Shorten) + stream.turned(Turn::Lengthen);
    assert!(turns <= 12, "{turns} in ten minutes");
}

fn tone(pieces: usize) -> Vec<gst::Buffer> {
    gst::init().expect("GStreamer is there");
    let samples = 960;
    let piece = |number: usize| {
        let bytes: Vec<u8> = (0..samples)
            .flat_map(|at| {
                let phase = (number * samples + at) as f64 * std::f64::consts::TAU * 440.0 / 48_000.0;
                #[expect(clippy::cast_possible_truncation, reason = "in range by construction")]
                ((phase.sin() * 10_000.0) as i16).to_ne_bytes()
            })
            .collect();
        let mut buffer = gst::Buffer::from_mut_slice(bytes);
        let buffer_mut = buffer.make_mut();
        buffer_mut.set_pts(ms(1_000 + 20 * number as u64));
        buffer_mut.set_duration(PIECE);
        buffer
    };
    (0..pieces).map(piece).collect()
}

#[test]
fn pieces_follow_each_other_without_a_gap_or_a_click() {
    let mut playout = Playout::default();
    let (mut next, mut last, mut lengths) = (None, None, Vec::new());
    for (number, buffer) in tone(1_500).into_iter().enumerate() {
        // Early at first, late for a while, early again.
        let late = if (700..720).contains(&number) { 70 } else { 2 };
        let now = buffer.pts().expect("it has one") + ms(late);
        let played = playout.piece(now, buffer);
        let (stamp, duration) = (played.pts().expect("one"), played.duration().expect("one"));
        assert_eq!(stamp, next.unwrap_or(stamp), "piece {number}");
        next = Some(stamp + duration);
        lengths.push(duration.mseconds());
        let map = played.map_readable().expect("it maps");
        assert_eq!(duration.mseconds() * 96, map.len() as u64);
        for sample in map.as_chunks::<2>().0.iter().map(|bytes| i32::from(i16::from_ne_bytes(*bytes))) {
            // A tone of 440 Hz goes by 576 from one sample to the next.
            assert!((sample - last.unwrap_or(sample)).abs() < 1_200, "piece {number}");
            last = Some(sample);
        }
    }
    assert!(lengths.contains(&10) && lengths.contains(&20) && lengths.contains(&30), "{lengths:?}");
}

#[test]
fn what_is_too_short_is_only_stamped() {
    gst::init().expect("GStreamer is there");
    let mut playout = Playout { advance: ms(60), calm_at: Some(ms(0)), ..Playout::default() };
    let mut buffer = gst::Buffer::from_mut_slice(vec![0_u8; 960]);
    buffer.make_mut().set_pts(ms(1_000));
    let played = playout.piece(ms(5_000), buffer);
    assert_eq!((played.pts(), played.size(), playout.advance()), (Some(ms(940)), 960, ms(60)));
}
