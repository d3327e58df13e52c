//! The upper rungs of self-healing: kioskd starts anew by itself, and asks for the board to do so. What is below is done by media, which
//! says when it has not helped. `docs/operations.md`, "Self-healing".

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use kiosk_call::{CallId, Now, Screen, Statistics, UnixMillis, View};
use serde::{Deserialize, Serialize};

use crate::{config::HealingSection, store::write_whole};

/// What is kept of restarts and reboots, JSON, in the state directory.
const KEPT: &str = "healing.json";
/// Beside the control socket: its coming makes systemd start the board anew (kioskd-reboot.path).
const REBOOT: &str = "reboot-wanted";
/// A call in which no sound has moved for so long has none.
const SILENT: Duration = Duration::from_secs(5);
/// As many restarts are remembered.
const MOST_KEPT: usize = 32;

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// kioskd ends, and systemd starts it anew.
    Restart(String),
    /// The board starts anew.
    Reboot(String),
}

/// What survives a restart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Kept {
    /// When, milliseconds since 1970; the oldest first.
    restarts: Vec<u64>,
    /// All that there ever were.
    restarts_ever: u64,
    reboots_ever: u64,
}

/// Decides about restart and reboot. Has no clock of its own.
#[derive(Debug)]
pub(crate) struct Ladder {
    settings: HealingSection,
    kept: Kept,
    state_dir: PathBuf,
    reboot_file: PathBuf,
    /// Why a restart is wanted.
    wanted: Option<String>,
    /// The call that is going on: sound that has moved in it, and since when it has not.
    sound: Option<(CallId, Duration, Instant)>,
}

impl Ladder {
    /// As the last kioskd left it. `control_socket`: systemd looks for the wish for a reboot beside it.
    pub(crate) fn new(settings: HealingSection, state_dir: &Path, control_socket: &Path, wall: UnixMillis) -> Self {
        let mut kept = read(state_dir);
        // A board without a clock may be in the past of what it has written: then it was just now, not in a far future.
        kept.restarts.iter_mut().for_each(|at| *at = (*at).min(wall.0));
        let reboot_file = control_socket.parent().unwrap_or_else(|| Path::new("/run")).join(REBOOT);
        Self { settings, kept, state_dir: state_dir.to_owned(), reboot_file, wanted: None, sound: None }
    }

    /// Restarts and reboots that there ever were.
    pub(crate) const fn ever(&self) -> (u64, u64) {
        (self.kept.restarts_ever, self.kept.reboots_ever)
    }

    /// Nothing below helps any more.
    pub(crate) fn want(&mut self, reason: &str) {
        if self.wanted.is_none() {
            tracing::warn!(%reason, "what heals itself here is used up: a restart is wanted");
            self.wanted = Some(reason.to_owned());
        }
    }

    /// Figures of a call.
    pub(crate) fn measured(&mut self, call: CallId, figures: &Statistics, now: Instant) {
        let moved = figures.sound_received + figures.sound_sent;
        let is_same = self.sound.is_some_and(|(of, before, _)| of == call && before == moved);
        if !is_same {
            self.sound = Some((call, moved, now));
        }
    }

    /// What is to be done now, if anything; it is kept before it is done.
    pub(crate) fn step(&mut self, view: &View, now: Now) -> Option<Step> {
        let reason = self.wanted.clone()?;
        if !self.settings.restart || !self.may_interrupt(view, now.mono) || !self.has_paused(now.wall) {
            return None;
        }
        let window = millis(u64::from(self.settings.reboot_within_h) * 3_600);
        let lately = self.kept.restarts.iter().filter(|at| now.wall.0.saturating_sub(**at) < window).count();
        let reboots = self.settings.reboot_after > 0 && lately >= self.settings.reboot_after as usize;
        self.wanted = None;
        if let Err(error) = self.note(now.wall, reboots) {
            // It would be done again and again.
            tracing::warn!(%error, %reason, "no restart, as it could not be remembered");
            return None;
        }
        Some(if reboots { Step::Reboot(reason) } else { Step::Restart(reason) })
    }

    /// Asks systemd for the reboot.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub(crate) fn ask_for_reboot(&self) -> io::Result<()> {
        fs::write(&self.reboot_file, b"")
    }

    /// Never in a call that still has sound, and not while one begins.
    fn may_interrupt(&self, view: &View, now: Instant) -> bool {
        match &view.screen {
            Screen::Booting | Screen::Idle { .. } | Screen::Ended { .. } | Screen::OutOfOrder => true,
            Screen::RingingOut { .. } | Screen::RingingIn { .. } | Screen::Connecting { .. } => false,
            // It may come back.
            Screen::InCall { reconnecting: Some(_), .. } => false,
            Screen::InCall { reconnecting: None, .. } => {
                self.sound.is_some_and(|(_, _, moved)| now.saturating_duration_since(moved) > SILENT)
            }
        }
    }

    fn has_paused(&self, wall: UnixMillis) -> bool {
        let pause = millis(u64::from(self.settings.restart_pause_min) * 60);
        self.kept.restarts.last().is_none_or(|at| wall.0.saturating_sub(*at) >= pause)
    }

    fn note(&mut self, wall: UnixMillis, reboots: bool) -> io::Result<()> {
        let mut kept = self.kept.clone();
        kept.restarts.push(wall.0);
        if reboots {
            kept.reboots_ever += 1;
        } else {
            kept.restarts_ever += 1;
        }
        let surplus = kept.restarts.len().saturating_sub(MOST_KEPT);
        kept.restarts.drain(..surplus);
        let text = serde_json::to_vec(&kept).expect("numbers are JSON");
        write_whole(&self.state_dir, KEPT, &text)?;
        self.kept = kept;
        Ok(())
    }
}

const fn millis(seconds: u64) -> u64 {
    seconds * 1_000
}

/// A damaged one is not worth a kiosk that does not start: then nothing is known of earlier restarts.
fn read(state_dir: &Path) -> Kept {
    match fs::read(state_dir.join(KEPT)) {
        Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_else(|error| {
            tracing::warn!(%error, "what was kept of restarts is damaged");
            Kept::default()
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Kept::default(),
        Err(error) => {
            tracing::warn!(%error, "what was kept of restarts cannot be read");
            Kept::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Kiosk {
        directory: tempfile::TempDir,
        began: Instant,
        settings: HealingSection,
        ladder: Ladder,
        minutes: u64,
    }

    /// A Monday in 2026.
    const DAY: u64 = 1_795_000_000_000;

    impl Kiosk {
        fn new(settings: HealingSection) -> Self {
            let directory = tempfile::tempdir().expect("a directory");
            let ladder = ladder(&settings, directory.path(), DAY);
            Self { directory, began: Instant::now(), settings, ladder, minutes: 0 }
        }

        fn now(&self) -> Now {
            let since = Duration::from_secs(60 * self.minutes);
            Now { mono: self.began + since, wall: UnixMillis(DAY + millis(60 * self.minutes)) }
        }

        /// So many minutes later, in which it may have been started anew.
        fn later(&mut self, minutes: u64) -> &mut Self {
            self.minutes += minutes;
            self.ladder = ladder(&self.settings, self.directory.path(), self.now().wall.0);
            self
        }

        /// What is done about something that nothing below helps.
        fn wants(&mut self) -> &'static str {
            self.ladder.want("the camera stands still");
            let now = self.now();
            match self.ladder.step(&View::booting("Kiosk".to_owned()), now) {
                None => "nothing",
                Some(Step::Restart(_)) => "restart",
                Some(Step::Reboot(_)) => "reboot",
            }
        }
    }

    fn ladder(settings: &HealingSection, state_dir: &Path, wall: u64) -> Ladder {
        Ladder::new(settings.clone(), state_dir, Path::new("/run/kioskd/control"), UnixMillis(wall))
    }

    #[test]
    fn once_an_hour_also_over_restarts() {
        let mut kiosk = Kiosk::new(HealingSection::default());
        let now = kiosk.now();
        assert_eq!(kiosk.ladder.step(&View::booting("Kiosk".to_owned()), now), None, "nothing is wrong");
        assert_eq!(kiosk.wants(), "restart");
        assert_eq!(kiosk.later(1).wants(), "nothing");
        assert_eq!(kiosk.later(58).wants(), "nothing");
        assert_eq!(kiosk.later(1).wants(), "restart");
        assert_eq!(kiosk.ladder.ever(), (2, 0));
        kiosk.settings.restart = false;
        assert_eq!(kiosk.later(600).wants(), "nothing");
    }

    #[test]
    fn what_cannot_be_remembered_is_not_done() {
        let mut kiosk = Kiosk::new(HealingSection::default());
        let obstacle = kiosk.directory.path().join("healing.json.tmp");
        fs::create_dir(&obstacle).expect("it is made");
        assert_eq!([kiosk.wants(), kiosk.later(60).wants()], ["nothing", "nothing"]);
        assert_eq!(kiosk.ladder.ever(), (0, 0));
        fs::remove_dir(&obstacle).expect("it goes");
        assert_eq!(kiosk.wants(), "restart");
    }

    #[test]
    fn a_reboot_comes_after_restarts_that_have_not_helped_and_only_if_it_is_wanted() {
        let settings = HealingSection { reboot_after: 2, reboot_within_h: 6, ..HealingSection::default() };
        let mut kiosk = Kiosk::new(settings);
        assert_eq!([kiosk.wants(), kiosk.later(60).wants(), kiosk.later(60).wants()], ["restart", "restart", "reboot"]);
        assert_eq!(kiosk.ladder.ever(), (2, 1));
        // Long after that it begins anew.
        assert_eq!(kiosk.later(60 * 24).wants(), "restart");
        let mut kiosk = Kiosk::new(HealingSection::default());
        assert!((0..20).all(|_| kiosk.later(60).wants() == "restart"));
    }

    #[test]
    fn a_clock_that_is_behind_does_not_hold_it_up_for_ever() {
        let mut kiosk = Kiosk::new(HealingSection::default());
        assert_eq!(kiosk.wants(), "restart");
        // The board has no battery: its next start is in 1970.
        let early = |minutes: u64| UnixMillis(millis(60 * minutes));
        let mut ladder = ladder(&kiosk.settings, kiosk.directory.path(), early(1).0);
        ladder.want("again");
        let view = View::booting("Kiosk".to_owned());
        assert_eq!(ladder.step(&view, Now { mono: kiosk.began, wall: early(30) }), None);
        assert!(ladder.step(&view, Now { mono: kiosk.began, wall: early(61) }).is_some());
    }

    #[test]
    fn a_call_with_sound_is_not_interrupted() {
        let mut kiosk = Kiosk::new(HealingSection::default());
        let mut view = View::booting("Kiosk".to_owned());
        let start = kiosk.began;
        view.screen = Screen::InCall {
            peer: kiosk_call::PeerName { name: "Desk".to_owned(), verified: true },
            since: start,
            reconnecting: None,
            peer_audio: true,
            peer_video: true,
            peer_screen: false,
            peer_hold: false,
        };
        let wall = kiosk.now().wall;
        let at = |seconds| Now { mono: start + Duration::from_secs(seconds), wall };
        let call = CallId([1; 16]);
        let figures = |sound| Statistics { sound_sent: Duration::from_secs(sound), ..Statistics::default() };
        kiosk.ladder.want("no encoder works");
        assert_eq!(kiosk.ladder.step(&view, at(0)), None, "nothing was measured yet");
        for second in 0..60 {
            kiosk.ladder.measured(call, &figures(second), at(second).mono);
            assert_eq!(kiosk.ladder.step(&view, at(second)), None);
        }
        for second in 60..65 {
            kiosk.ladder.measured(call, &figures(59), at(second).mono);
            assert_eq!(kiosk.ladder.step(&view, at(second)), None, "{second}");
        }
        assert_eq!(kiosk.ladder.step(&view, at(65)), Some(Step::Restart("no encoder works".to_owned())));
    }

    #[test]
    fn a_damaged_file_is_no_reason_not_to_start() {
        let directory = tempfile::tempdir().expect("a directory");
        fs::write(directory.path().join(KEPT), b"{").expect("it takes");
        assert_eq!(ladder(&HealingSection::default(), directory.path(), DAY).ever(), (0, 0));
    }
}
