//! Whether what goes into a stage comes out of it, and what is done where it does not. Only counting, in whatever time the caller says:
//! the counters are the streaming threads', the remedies are the engine's.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// Time in which nobody looked counts for no more than this: a process that was stopped, or was busy opening a device, finds stages
/// that did nothing meanwhile, and that is no fault of theirs.
const LONGEST_LOOK: Duration = Duration::from_millis(500);
/// Something that is built anew in no time may stand still for so long.
pub(crate) const STALLED: Duration = Duration::from_secs(2);
/// A peer connection may stand still for so long.
const PEER_STALLED: Duration = Duration::from_secs(3);
/// Until the first picture it may take longer: a decoder starts, and the peer's first key unit may have been lost.
const FIRST_PICTURE: Duration = Duration::from_secs(10);
/// How often a key unit is asked for while pictures come that cannot be decoded.
const BETWEEN_REQUESTS: Duration = Duration::from_secs(1);
/// So many packets hold a picture, whatever it shows.
const ENOUGH_PACKETS: u64 = 30;
/// Where more than every so-manieth packet is lost, it is the network that keeps the pictures away.
const BEARABLE_LOSS: u64 = 10;

/// One stage: what goes in has to come out.
#[derive(Debug)]
pub(crate) struct Stage {
    /// What goes in before anything has to come out.
    least: u64,
    /// What had gone in and come out when it was last seen to work; None: it was not looked at since it was excused.
    seen: Option<(u64, u64)>,
    looked: Option<Instant>,
    waiting: Duration,
}

impl Stage {
    pub(crate) const fn new(least: u64) -> Self {
        Self { least, seen: None, looked: None, waiting: Duration::ZERO }
    }

    /// How long it has been fed and has given nothing. Both counters only rise; whoever starts them anew excuses the stage.
    pub(crate) fn look(&mut self, now: Instant, into: u64, out: u64) -> Duration {
        let looked = self.looked.replace(now).map_or(Duration::ZERO, |then| now.saturating_duration_since(then));
        let fed = match self.seen {
            Some((fed, given)) if out == given && into > fed => into - fed,
            Some(_) | None => {
                self.seen = Some((into, out));
                self.waiting = Duration::ZERO;
                return Duration::ZERO;
            }
        };
        self.waiting += looked.min(LONGEST_LOOK);
        if fed < self.least { Duration::ZERO } else { self.waiting }
    }

    /// It may stand still now.
    pub(crate) const fn excuse(&mut self) {
        self.seen = None;
        self.waiting = Duration::ZERO;
    }
}

/// What has passed a peer connection so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Passed {
    /// Encoded for all peers that take this codec.
    pub(crate) pictures_made: u64,
    /// Packets of pictures that webrtcbin has taken.
    pub(crate) pictures_sent: u64,
    /// Encoded sound for all peers.
    pub(crate) sound_made: u64,
    /// Packets of sound that webrtcbin has taken.
    pub(crate) sound_sent: u64,
    /// Packets of pictures that came.
    pub(crate) picture_packets: u64,
    /// Pictures that came out of the decoder.
    pub(crate) pictures_decoded: u64,
    /// Packets of sound that came.
    pub(crate) sound_packets: u64,
    /// Samples that came out of the decoder.
    pub(crate) sound_decoded: u64,
    /// Packets of any kind that came.
    pub(crate) packets_received: u64,
    /// And that did not.
    pub(crate) packets_lost: u64,
}

/// What may pass now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Allowed {
    /// The gates are open.
    pub(crate) sends: bool,
    /// They are, and what the peers send is taken in.
    pub(crate) receives: bool,
}

/// What is to be done about a peer connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// Ask the peer for a picture that needs none before it.
    KeyUnit,
    /// Make another one: this has stood still.
    Reconnect(&'static str),
}

/// Watches one peer connection.
#[derive(Debug)]
pub(crate) struct PeerWatch {
    pictures_out: Stage,
    sound_out: Stage,
    pictures_in: Stage,
    sound_in: Stage,
    /// How long pictures had been missing when the last key unit was asked for.
    asked: Duration,
    /// Packets that had come and been lost when pictures were last seen to come.
    network: (u64, u64),
    is_given_up: bool,
}

impl PeerWatch {
    pub(crate) const fn new() -> Self {
        Self {
            // A picture more than may wait at the peer's entry.
            pictures_out: Stage::new(5),
            sound_out: Stage::new(10),
            pictures_in: Stage::new(ENOUGH_PACKETS),
            sound_in: Stage::new(ENOUGH_PACKETS),
            asked: Duration::ZERO,
            network: (0, 0),
            is_given_up: false,
        }
    }

    /// What is to be done, once.
    pub(crate) fn look(&mut self, now: Instant, passed: &Passed, allowed: Allowed) -> Option<Remedy> {
        if self.is_given_up {
            return None;
        }
        let remedy = self.outgoing(now, passed, allowed).or_else(|| self.incoming(now, passed, allowed));
        self.is_given_up = matches!(remedy, Some(Remedy::Reconnect(_)));
        remedy
    }

    fn outgoing(&mut self, now: Instant, passed: &Passed, allowed: Allowed) -> Option<Remedy> {
        if !allowed.sends {
            self.pictures_out.excuse();
            self.sound_out.excuse();
            return None;
        }
        let pictures = self.pictures_out.look(now, passed.pictures_made, passed.pictures_sent);
        let sound = self.sound_out.look(now, passed.sound_made, passed.sound_sent);
        let (what, waiting) = if pictures > sound {
            ("pictures are encoded, none is sent", pictures)
        } else {
            ("sound is encoded, none is sent", sound)
        };
        (waiting > PEER_STALLED).then_some(Remedy::Reconnect(what))
    }

    fn incoming(&mut self, now: Instant, passed: &Passed, allowed: Allowed) -> Option<Remedy> {
        if !allowed.receives {
            self.pictures_in.excuse();
            self.sound_in.excuse();
            return None;
        }
        if self.sound_in.look(now, passed.sound_packets, passed.sound_decoded) > PEER_STALLED {
            return Some(Remedy::Reconnect("sound comes that is not decoded"));
        }
        let waiting = self.pictures_in.look(now, passed.picture_packets, passed.pictures_decoded);
        if waiting.is_zero() {
            self.asked = Duration::ZERO;
            self.network = (passed.packets_received, passed.packets_lost);
            return None;
        }
        let patience = if passed.pictures_decoded == 0 { FIRST_PICTURE } else { PEER_STALLED };
        if waiting > patience && !self.is_network_bad(passed) {
            return Some(Remedy::Reconnect("pictures come that are not decoded"));
        }
        (waiting >= self.asked + BETWEEN_REQUESTS).then(|| {
            self.asked = waiting;
            Remedy::KeyUnit
        })
    }

    const fn is_network_bad(&self, passed: &Passed) -> bool {
        let came = passed.packets_received.saturating_sub(self.network.0);
        let lost = passed.packets_lost.saturating_sub(self.network.1);
        lost.saturating_mul(BEARABLE_LOSS) > came.saturating_add(lost)
    }
}

/// How often a remedy may be taken: so many times in so long.
#[derive(Debug)]
pub(crate) struct Allowance {
    most: usize,
    within: Duration,
    taken: VecDeque<Instant>,
}

impl Allowance {
    pub(crate) const fn new(most: usize, within: Duration) -> Self {
        Self { most, within, taken: VecDeque::new() }
    }

    /// Whether it may be taken now; then it is.
    pub(crate) fn take(&mut self, now: Instant) -> bool {
        while self.taken.front().is_some_and(|then| now.saturating_duration_since(*then) >= self.within) {
            self.taken.pop_front();
        }
        let may = self.taken.len() < self.most;
        if may {
            self.taken.push_back(now);
        }
        may
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOK: Duration = Duration::from_millis(250);
    const OPEN: Allowed = Allowed { sends: true, receives: true };

    /// A call in virtual time, in which everything moves as `flow` says, once a look.
    struct Call {
        now: Instant,
        watch: PeerWatch,
        passed: Passed,
    }

    impl Call {
        fn new() -> Self {
            let mut call = Self { now: Instant::now(), watch: PeerWatch::new(), passed: Passed::default() };
            assert_eq!(call.lasts(2, OPEN, all), []);
            call
        }

        /// What is done about it in so many seconds, and after how many milliseconds.
        fn lasts(&mut self, seconds: u64, allowed: Allowed, flow: fn(&mut Passed)) -> Vec<(u128, Remedy)> {
            let began = self.now;
            let mut done = Vec::new();
            while self.now < began + Duration::from_secs(seconds) {
                self.now += LOOK;
                flow(&mut self.passed);
                let remedy = self.watch.look(self.now, &self.passed, allowed);
                done.extend(remedy.map(|remedy| ((self.now - began).as_millis(), remedy)));
            }
            done
        }
    }

    /// In a quarter of a second.
    fn all(passed: &mut Passed) {
        undecoded(passed);
        passed.pictures_decoded += 7;
    }

    fn undecoded(passed: &mut Passed) {
        passed.pictures_made += 7;
        passed.pictures_sent += 25;
        passed.sound_made += 12;
        passed.sound_sent += 12;
        passed.picture_packets += 25;
        passed.sound_packets += 12;
        passed.sound_decoded += 12_000;
        passed.packets_received += 37;
    }

    #[test]
    fn what_moves_is_left_alone() {
        assert_eq!(Call::new().lasts(3_600, OPEN, all), []);
    }

    #[test]
    fn pictures_that_are_not_decoded_are_asked_for_again_and_then_given_up() {
        let mut call = Call::new();
        let done = call.lasts(60, OPEN, undecoded);
        let given_up = Remedy::Reconnect("pictures come that are not decoded");
        assert_eq!(
            done,
            [(1_000, Remedy::KeyUnit), (2_000, Remedy::KeyUnit), (3_000, Remedy::KeyUnit), (3_250, given_up)]
        );
    }

    #[test]
    fn the_first_picture_may_take_its_time() {
        let mut call = Call::new();
        (call.watch, call.passed) = (PeerWatch::new(), Passed::default());
        let done = call.lasts(10, OPEN, undecoded);
        assert!(done.len() > 5 && done.iter().all(|(_, remedy)| *remedy == Remedy::KeyUnit), "{done:?}");
        let given_up = Remedy::Reconnect("pictures come that are not decoded");
        assert_eq!(call.lasts(1, OPEN, undecoded).last().map(|(_, remedy)| *remedy), Some(given_up));
    }

    #[test]
    fn a_network_that_loses_too_much_is_no_reason_to_give_up() {
        let mut call = Call::new();
        let done = call.lasts(60, OPEN, |passed| {
            undecoded(passed);
            passed.packets_lost += 5;
        });
        assert!(done.iter().all(|(_, remedy)| *remedy == Remedy::KeyUnit), "{done:?}");
    }

    #[test]
    fn what_is_encoded_has_to_be_sent() {
        let mut call = Call::new();
        let done = call.lasts(60, OPEN, |passed| {
            all(passed);
            passed.pictures_sent -= 25;
        });
        assert_eq!(done, [(3_250, Remedy::Reconnect("pictures are encoded, none is sent"))]);
        let mut call = Call::new();
        let done = call.lasts(60, OPEN, |passed| {
            all(passed);
            passed.sound_sent -= 12;
        });
        assert_eq!(done, [(3_250, Remedy::Reconnect("sound is encoded, none is sent"))]);
    }

    #[test]
    fn sound_that_comes_has_to_be_decoded() {
        let mut call = Call::new();
        let done = call.lasts(60, OPEN, |passed| {
            all(passed);
            passed.sound_decoded -= 12_000;
        });
        assert_eq!(done.last().map(|(_, remedy)| *remedy), Some(Remedy::Reconnect("sound comes that is not decoded")));
    }

    #[test]
    fn silence_is_right_where_nothing_may_pass_or_nothing_comes() {
        let mut call = Call::new();
        // Gates shut: encoders run, packets may come.
        let shut = Allowed { sends: false, receives: false };
        let dropped = |passed: &mut Passed| {
            let (sent, said) = (passed.pictures_sent, passed.sound_sent);
            let (seen, heard) = (passed.pictures_decoded, passed.sound_decoded);
            all(passed);
            (passed.pictures_sent, passed.sound_sent) = (sent, said);
            (passed.pictures_decoded, passed.sound_decoded) = (seen, heard);
        };
        assert_eq!(call.lasts(60, shut, dropped), []);
        assert_eq!(call.lasts(60, OPEN, all), []);
        // A held call: nothing of the peer is decoded.
        let held = Allowed { sends: true, receives: false };
        assert_eq!(call.lasts(60, held, undecoded), []);
        assert_eq!(call.lasts(60, OPEN, all), []);
        // A peer that is gone: nothing comes.
        assert_eq!(
            call.lasts(60, OPEN, |passed| {
                passed.pictures_made += 7;
                passed.pictures_sent += 25;
            }),
            []
        );
        // A panel at rest at the peer: two pictures a second, of a packet each.
        assert_eq!(
            call.lasts(60, OPEN, |passed| {
                passed.picture_packets += 1;
                passed.pictures_decoded += passed.picture_packets % 2;
            }),
            []
        );
    }

    #[test]
    fn time_in_which_nobody_looked_is_no_stall() {
        let mut call = Call::new();
        assert_eq!(call.lasts(1, OPEN, all), []);
        // The process was stopped; what had come in just before has not come out yet.
        call.now += Duration::from_secs(30);
        undecoded(&mut call.passed);
        call.passed.picture_packets += 100;
        assert_eq!(call.watch.look(call.now, &call.passed, OPEN), None);
        assert_eq!(call.lasts(10, OPEN, all), []);
    }

    #[test]
    fn three_in_ten_minutes_and_no_more() {
        let mut allowance = Allowance::new(3, Duration::from_secs(600));
        let start = Instant::now();
        let may = |allowance: &mut Allowance, seconds| allowance.take(start + Duration::from_secs(seconds));
        assert_eq!(
            [0, 10, 20, 30, 599, 600, 601].map(|at| may(&mut allowance, at)),
            [true, true, true, false, false, true, false]
        );
    }
}
