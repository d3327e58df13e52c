//! What leaves the kiosk while something is being written to the disk waits for that: whoever is told of a change may rely on it, whenever
//! the power fails.

use std::{
    collections::VecDeque,
    ops::RangeInclusive,
    time::{Duration, Instant},
};

use kiosk_call::MediaCommand;
use serde_json::Value;
use tokio::sync::oneshot;

use crate::{control::protocol::Failure, link::Order};

/// A disk that takes longer is like one that takes nothing: nobody waits for it.
const PATIENCE: Duration = Duration::from_secs(2);

/// What leaves the kiosk.
#[derive(Debug)]
pub(crate) enum Outgoing {
    Link(Order),
    Media(MediaCommand),
    /// At the control socket.
    Answer(oneshot::Sender<Result<Value, Failure>>, Result<Value, Failure>),
}

#[derive(Debug)]
struct Waiting {
    /// The numbers of the records that it relies on.
    on: RangeInclusive<u64>,
    since: Instant,
    what: Outgoing,
}

/// What waits, in the order in which it is to leave.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    waiting: VecDeque<Waiting>,
}

impl Outbox {
    pub(crate) fn put(&mut self, on: RangeInclusive<u64>, since: Instant, what: Outgoing) {
        self.waiting.push_back(Waiting { on, since, what });
    }

    /// The record with this number is written, or is not: `declined` says why, and so do the answers that rely on it.
    pub(crate) fn written(&mut self, number: u64, declined: Option<&str>) -> Vec<Outgoing> {
        if let Some(sentence) = declined {
            self.decline(sentence, |waiting| waiting.on.contains(&number));
        }
        let free = self.waiting.iter().take_while(|waiting| *waiting.on.end() <= number).count();
        self.waiting.drain(..free).map(|waiting| waiting.what).collect()
    }

    /// When nobody waits any longer.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.waiting.front().map(|waiting| waiting.since + PATIENCE)
    }

    /// All of it, whatever the disk does.
    pub(crate) fn give_up(&mut self) -> Vec<Outgoing> {
        self.decline("done, but the disk has not taken it yet: see 'kioskctl health'", |_| true);
        self.waiting.drain(..).map(|waiting| waiting.what).collect()
    }

    fn decline(&mut self, sentence: &str, relies: impl Fn(&Waiting) -> bool) {
        for waiting in self.waiting.iter_mut().filter(|waiting| relies(waiting)) {
            if let Outgoing::Answer(_, answer @ Ok(_)) = &mut waiting.what {
                *answer = Err(Failure::Declined(sentence.to_owned()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use kiosk_call::CallId;
    use serde_json::json;

    use super::*;

    type Asked = oneshot::Receiver<Result<Value, Failure>>;

    fn answer() -> (Outgoing, Asked) {
        let (answer, asked) = oneshot::channel();
        (Outgoing::Answer(answer, Ok(json!({}))), asked)
    }

    fn close(number: u8) -> Outgoing {
        Outgoing::Media(MediaCommand::Close { call: CallId([number; 16]) })
    }

    /// The numbers of what is closed.
    fn closed(out: &[Outgoing]) -> Vec<u8> {
        let number = |outgoing: &Outgoing| match outgoing {
            Outgoing::Media(MediaCommand::Close { call }) => Some(call.0[0]),
            Outgoing::Media(_) | Outgoing::Link(_) | Outgoing::Answer(..) => None,
        };
        out.iter().filter_map(number).collect()
    }

    fn declined(out: Vec<Outgoing>, mut asked: Asked) -> bool {
        for outgoing in out {
            if let Outgoing::Answer(answer, said) = outgoing {
                answer.send(said).expect("somebody waits");
            }
        }
        asked.try_recv().expect("an answer").is_err()
    }

    #[test]
    fn nothing_leaves_before_what_it_relies_on_is_written_nor_out_of_turn() {
        let (mut outbox, now) = (Outbox::default(), Instant::now());
        outbox.put(1..=1, now, close(1));
        outbox.put(1..=2, now, close(2));
        outbox.put(2..=2, now, close(3));
        outbox.put(3..=3, now, close(4));
        assert_eq!(closed(&outbox.written(1, None)), [1]);
        assert_eq!(closed(&outbox.written(2, None)), [2, 3]);
        assert_eq!(outbox.deadline(), Some(now + PATIENCE));
        assert_eq!(closed(&outbox.written(3, None)), [4]);
        assert_eq!(outbox.deadline(), None);
    }

    #[test]
    fn an_answer_says_whether_each_of_its_records_is_on_the_disk() {
        for (failing, is_declined) in [(1, false), (2, true), (3, true), (4, false)] {
            let (mut outbox, now) = (Outbox::default(), Instant::now());
            let (outgoing, asked) = answer();
            outbox.put(2..=3, now, outgoing);
            let out =
                (1..=4).flat_map(|number| outbox.written(number, (number == failing).then_some("full"))).collect();
            assert_eq!(declined(out, asked), is_declined, "{failing}");
        }
    }

    #[test]
    fn after_a_while_nobody_waits_and_answers_say_so() {
        let (mut outbox, now) = (Outbox::default(), Instant::now());
        let (outgoing, asked) = answer();
        outbox.put(1..=1, now, close(1));
        outbox.put(2..=2, now, outgoing);
        let out = outbox.give_up();
        assert_eq!((closed(&out), outbox.deadline()), (vec![1], None));
        assert!(declined(out, asked));
    }
}
