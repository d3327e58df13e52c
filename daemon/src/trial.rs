//! `kioskctl selftest` and `kioskctl latency`: our own pictures go through the encoder and back in the running kiosk, and what came of
//! that is told stage by stage. Never in a call, whose camera and processor it would take.

use std::{fmt::Write as _, time::Duration};

use kiosk_call::DeviceState;
use kiosk_media::{LONGEST_TRIAL, NoTrial, Passage, Trial};
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use crate::{
    answers::device,
    control::protocol::{DeviceReply, Failure},
    run::Loop,
    selftest::{SelftestReport, Stage},
};

/// Tries it for so long, and hands over what came of it; must not block.
pub type TryOut = Box<dyn Fn(Duration, Box<dyn FnOnce(Result<Trial, NoTrial>) + Send>) + Send>;

/// How long is tried where nothing is said.
const USUALLY: Duration = Duration::from_secs(2);

/// Reply of `TryOut`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the interface definition documents each")]
pub struct TryOutReply {
    pub seconds: f64,
    pub camera: DeviceReply,
    pub sound: DeviceReply,
    pub screen: DeviceReply,
    pub encoder: String,
    pub decoder: String,
    pub problem: Option<String>,
    pub frames_captured: u64,
    pub frames_encoded: u64,
    pub frames_decoded: u64,
    pub capture: Option<DelayReply>,
    pub encode: Option<DelayReply>,
    pub decode: Option<DelayReply>,
    pub whole: Option<DelayReply>,
    pub sound_captured: f64,
    pub sound_encoded: f64,
    pub audio_level: f64,
}

/// `type Delay`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the interface definition documents each")]
pub struct DelayReply {
    pub p50_ms: f64,
    pub p95_ms: f64,
    pub p99_ms: f64,
}

/// `kioskctl latency`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LatencyReport {
    /// How long was measured.
    pub seconds: f64,
    /// Pictures of the camera that came through all of it.
    pub pictures: u64,
    /// The GStreamer element that encoded.
    pub encoder: String,
    /// The GStreamer element that decoded.
    pub decoder: String,
    /// In the order in which pictures pass them, then all of them together.
    pub stages: Vec<StageDelay>,
}

/// How long a stage keeps a picture.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct StageDelay {
    /// `capture` (from the camera's time stamp to the encoder), `encode`, `decode`, or `whole`.
    pub stage: &'static str,
    /// Half of all pictures take no longer, milliseconds.
    pub p50_ms: f64,
    /// 95 of 100 take no longer, milliseconds.
    pub p95_ms: f64,
    /// 99 of 100 take no longer, milliseconds.
    pub p99_ms: f64,
}

/// How long is to be tried.
pub(crate) fn length(for_ms: Option<u64>) -> Result<Duration, Failure> {
    let length = for_ms.map_or(USUALLY, Duration::from_millis);
    let fits = Some(length).filter(|length| *length <= LONGEST_TRIAL && !length.is_zero());
    fits.ok_or_else(|| Failure::Declined(format!("for_ms is 1 to {}", LONGEST_TRIAL.as_millis())))
}

impl Loop {
    /// Has it tried, unless there is a call.
    pub(crate) fn try_out(&self, length: Duration, answer: oneshot::Sender<Result<Trial, Failure>>) {
        // Nobody waits for the answer any more: nothing to do about it.
        let answer = move |tried: Result<Trial, NoTrial>| drop(answer.send(tried.map_err(|why| failure(&why))));
        if self.kiosk.status().call.is_some() {
            answer(Err(NoTrial::Call));
        } else {
            (self.try_out)(length, Box::new(answer));
        }
    }

    /// What came of it, with how the devices are.
    pub(crate) fn tried(&self, trial: &Trial) -> TryOutReply {
        let status = self.kiosk.status();
        reply(trial, [&status.camera, &status.sound, &self.screen.borrow()])
    }
}

fn failure(why: &NoTrial) -> Failure {
    match why {
        NoTrial::Call => Failure::TryAgain(
            "a call is on, which needs camera and processor for itself: try again after it; 'kioskctl stats' tells how the call is".to_owned(),
        ),
        NoTrial::Another => Failure::TryAgain("another selftest is going on: try again after it".to_owned()),
        NoTrial::Ending => Failure::Unavailable("kioskd is ending: try again when it is back".to_owned()),
        NoTrial::Broken(why) => Failure::Unavailable(format!("{why}; see 'kioskctl devices'")),
    }
}

fn reply(trial: &Trial, [camera, sound, screen]: [&DeviceState; 3]) -> TryOutReply {
    let count = |of: fn(&Passage) -> bool| trial.passages.iter().filter(|passage| of(passage)).count() as u64;
    let whole: Vec<_> = trial
        .passages
        .iter()
        .filter_map(|passage| Some([passage.captured?, passage.encoded?, passage.decoded?]))
        .collect();
    let delay = |of: fn(&[Duration; 3]) -> Duration| delay(whole.iter().map(of).collect());
    TryOutReply {
        seconds: trial.length.as_secs_f64(),
        camera: device(camera),
        sound: device(sound),
        screen: device(screen),
        encoder: trial.encoder.to_owned(),
        decoder: trial.decoder.clone(),
        problem: trial.problem.clone(),
        frames_captured: count(|passage| passage.captured.is_some()),
        frames_encoded: count(|passage| passage.encoded.is_some()),
        frames_decoded: count(|passage| passage.decoded.is_some()),
        capture: delay(|[captured, ..]| *captured),
        encode: delay(|[captured, encoded, _]| encoded.saturating_sub(*captured)),
        decode: delay(|[_, encoded, decoded]| decoded.saturating_sub(*encoded)),
        whole: delay(|[_, _, decoded]| *decoded),
        sound_captured: trial.sound_captured.as_secs_f64(),
        sound_encoded: trial.sound_encoded.as_secs_f64(),
        audio_level: trial.audio_level,
    }
}

/// None of none.
fn delay(mut delays: Vec<Duration>) -> Option<DelayReply> {
    delays.sort_unstable();
    // The nearest rank: so many of a hundred take no longer.
    let percentile = |percent: usize| {
        let rank = (delays.len() * percent).div_ceil(100);
        // To the microsecond.
        delays.get(rank.checked_sub(1)?).map(|delay| (delay.as_secs_f64() * 1e6).round() / 1e3)
    };
    Some(DelayReply { p50_ms: percentile(50)?, p95_ms: percentile(95)?, p99_ms: percentile(99)? })
}

impl TryOutReply {
    /// Stage by stage: whether it did its work. The panel's part: whether it could be asked for what it shows, else why not.
    #[must_use]
    pub fn selftest(&self, panel: Result<(), String>) -> SelftestReport {
        let pictures = |stage, count: u64, problem| stage_of(stage, count as f64, problem);
        let seen = u64::from(panel.is_ok());
        let stages = vec![
            pictures("camera", self.frames_captured, self.camera.problem.clone()),
            pictures("encoder", self.frames_encoded, self.slow("encoder", self.frames_captured, self.frames_encoded)),
            pictures(
                "decoder",
                self.frames_decoded,
                self.problem.clone().or_else(|| self.slow("decoder", self.frames_encoded, self.frames_decoded)),
            ),
            pictures("panel", seen, self.screen.problem.clone().or_else(|| panel.err())),
            Stage {
                level: Some(self.audio_level),
                ..stage_of("microphone", self.sound_captured, self.sound.problem.clone())
            },
            stage_of("sound encoder", self.sound_encoded, None),
        ];
        SelftestReport { passed: stages.iter().all(|stage| stage.passed), stages }
    }

    /// Where less than half comes out, people see it stutter.
    fn slow(&self, what: &str, into: u64, out: u64) -> Option<String> {
        let name = if what == "encoder" { &self.encoder } else { &self.decoder };
        (out > 0 && out < into / 2).then(|| {
            format!(
                "{name} makes {out} of {into} pictures: set a smaller size or frame rate in [camera], or another codec in [video] ('kioskctl devices' tells how quick each is)"
            )
        })
    }

    /// How long pictures take. None: no picture of the camera has come through.
    #[must_use]
    pub fn latency(&self) -> Option<LatencyReport> {
        let stage = |stage, delay: DelayReply| {
            let DelayReply { p50_ms, p95_ms, p99_ms } = delay;
            StageDelay { stage, p50_ms, p95_ms, p99_ms }
        };
        Some(LatencyReport {
            seconds: self.seconds,
            pictures: self.frames_decoded.min(self.frames_captured),
            encoder: self.encoder.clone(),
            decoder: self.decoder.clone(),
            stages: vec![
                stage("capture", self.capture?),
                stage("encode", self.encode?),
                stage("decode", self.decode?),
                stage("whole", self.whole?),
            ],
        })
    }

    /// Why there is nothing to tell of latency, and what to do.
    #[must_use]
    pub fn why_none(&self) -> String {
        let device = self.camera.problem.clone().or_else(|| self.problem.clone());
        let why = device.unwrap_or_else(|| "no picture of the camera came through".to_owned());
        format!("{why} 'kioskctl selftest' says at which stage they end")
    }
}

fn stage_of(stage: &'static str, count: f64, problem: Option<String>) -> Stage {
    let advice = match stage {
        "camera" => "is there a camera, and does source in [camera] name it? See 'kioskctl devices'",
        "microphone" => "is it named by microphone in [sound]? See 'kioskctl devices'",
        _ => "look at the stage before; if that works, 'kioskctl devices' and 'kioskctl logs -p warning'",
    };
    let nothing = || if count > 0.0 { String::new() } else { format!("nothing has come to here: {advice}") };
    let problem = problem.unwrap_or_else(nothing);
    Stage { stage, passed: problem.is_empty(), count, level: None, problem }
}

impl LatencyReport {
    /// For people: a line a stage.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = format!("{:<8} {:>10} {:>10} {:>10}\n", "", "p50", "p95", "p99");
        for StageDelay { stage, p50_ms, p95_ms, p99_ms } in &self.stages {
            let _ = writeln!(out, "{stage:<8} {p50_ms:>7.1} ms {p95_ms:>7.1} ms {p99_ms:>7.1} ms");
        }
        let Self { seconds, pictures, encoder, decoder, .. } = self;
        let _ = writeln!(out, "of {pictures} pictures in {seconds:.1} s, by {encoder} and {decoder}");
        out + "in a call the network and the peer's jitter buffer come on top, and up to a frame until a screen shows it\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Option<Duration> {
        Some(Duration::from_millis(ms))
    }

    fn trial(passages: Vec<Passage>) -> Trial {
        Trial {
            length: Duration::from_secs(2),
            encoder: "vp8enc",
            decoder: "vp8dec".to_owned(),
            problem: None,
            passages,
            sound_captured: Duration::from_secs(2),
            sound_encoded: Duration::from_secs(2),
            audio_level: 0.25,
        }
    }

    fn fine() -> Vec<Passage> {
        // Each a millisecond slower than the one before.
        (1..=100).map(|n| Passage { captured: ms(n), encoded: ms(n + 10), decoded: ms(2 * n + 10) }).collect()
    }

    const READY: [&DeviceState; 3] = [&DeviceState::Ready; 3];

    #[test]
    fn each_stage_has_its_own_delay() {
        let mut passages = fine();
        // On their way, when it ended; and the placeholder's.
        passages.push(Passage { captured: ms(9_000), encoded: ms(9_000), decoded: None });
        passages.push(Passage { captured: None, encoded: ms(9_000), decoded: ms(9_000) });
        let report = reply(&trial(passages), READY).latency().expect("pictures came through");
        let told: Vec<_> = report.stages.iter().map(|of| (of.stage, of.p50_ms, of.p95_ms, of.p99_ms)).collect();
        let expected = [
            ("capture", 50.0, 95.0, 99.0),
            ("encode", 10.0, 10.0, 10.0),
            ("decode", 50.0, 95.0, 99.0),
            ("whole", 110.0, 200.0, 208.0),
        ];
        assert_eq!(told, expected);
        assert!(report.text().contains("whole      110.0 ms   200.0 ms   208.0 ms\n"), "{}", report.text());
    }

    #[test]
    fn a_single_picture_has_percentiles_and_none_has_none() {
        assert_eq!(delay(Vec::new()), None);
        let one = delay(vec![Duration::from_millis(7)]);
        assert_eq!(one, Some(DelayReply { p50_ms: 7.0, p95_ms: 7.0, p99_ms: 7.0 }));
    }

    #[test]
    fn the_stage_that_does_not_work_is_the_one_that_fails() {
        let failed = |trial: &Trial, states, panel| -> Vec<&'static str> {
            let report = reply(trial, states).selftest(panel);
            assert_eq!(report.passed, report.stages.iter().all(|stage| stage.passed));
            report.stages.iter().filter(|stage| !stage.passed).map(|stage| stage.stage).collect()
        };
        assert_eq!(failed(&trial(fine()), READY, Ok(())), [""; 0]);
        let missing = DeviceState::Missing("No camera was found.".to_owned());
        let ready = &DeviceState::Ready;
        let dark: Vec<_> = fine().into_iter().map(|of| Passage { captured: None, ..of }).collect();
        assert_eq!(failed(&trial(dark), [&missing, ready, ready], Ok(())), ["camera"]);
        let slow = fine().into_iter().enumerate();
        let slow = slow.map(|(n, of)| if n % 3 == 0 { of } else { Passage { encoded: None, decoded: None, ..of } });
        assert_eq!(failed(&trial(slow.collect()), READY, Ok(())), ["encoder"]);
        let undecoded = fine().into_iter().map(|of| Passage { decoded: None, ..of }).collect();
        assert_eq!(failed(&trial(undecoded), READY, Ok(())), ["decoder"]);
        assert_eq!(failed(&trial(fine()), READY, Err("it is dark".to_owned())), ["panel"]);
        assert_eq!(failed(&trial(fine()), [ready, &missing, &missing], Ok(())), ["panel", "microphone"]);
        let deaf = Trial { sound_encoded: Duration::ZERO, ..trial(fine()) };
        assert_eq!(failed(&deaf, READY, Ok(())), ["sound encoder"]);
    }

    #[test]
    fn only_a_minute_at_most_is_tried() {
        assert_eq!(length(None), Ok(USUALLY));
        assert_eq!(length(Some(60_000)), Ok(LONGEST_TRIAL));
        assert!(length(Some(60_001)).is_err() && length(Some(0)).is_err());
    }
}
