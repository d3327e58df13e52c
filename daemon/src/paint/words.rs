//! Every word that the panel says, in one place.

use kiosk_call::Ending;

pub(super) const STARTING: &str = "Starting";
pub(super) const STARTING_MORE: &str = "One moment, please.";

pub(super) const IDLE: &str = "Talk to a person";
pub(super) const IDLE_MORE: &str = "You will see and hear each other.";
pub(super) const IDLE_PRESS: &str = "Press the call button";
pub(super) const SOMEBODY: &str = "Somebody is there for you";
pub(super) const NOBODY: &str = "Nobody is there right now";
pub(super) const NOBODY_MORE: &str = "As soon as somebody can answer, this screen will say so.";
pub(super) const SIGNING_IN: &str = "Connecting to the service";
pub(super) const SIGNING_IN_MORE: &str = "In a moment you can call.";

pub(super) const NO_LINK: &str = "No connection";
pub(super) const NO_LINK_MORE: &str = "Calls are not possible right now.";
pub(super) const TRYING: &str = "Trying again now";

pub(super) const CALLING: &str = "Calling";
pub(super) const REACHING: &str = "One moment, please.";
pub(super) const RINGING_THERE: &str = "It is ringing there.";
pub(super) const PRESS_TO_CANCEL: &str = "Press the call button to cancel";
pub(super) const INCOMING: &str = "Incoming call";
pub(super) const PRESS_TO_ANSWER: &str = "Press the call button to answer";
pub(super) const CONNECTING: &str = "Connecting";
pub(super) const CONNECTING_MORE: &str = "Setting up a protected connection.";
pub(super) const PRESS_TO_HANG_UP: &str = "Press the call button to hang up";

pub(super) const VERIFIED: &str = "Verified";
pub(super) const UNVERIFIED: &str = "Unverified";
pub(super) const UNVERIFIED_MORE: &str = "Nobody vouches for this name. Say nothing private.";

pub(super) const MUTED: &str = "You are muted";
pub(super) const CAMERA_OFF: &str = "Your camera is off";
pub(super) const NO_CAMERA: &str = "No camera";
pub(super) const NO_SOUND: &str = "No sound";
pub(super) const PEER_MUTED: &str = "Their microphone is off";
pub(super) const PEER_CAMERA_OFF: &str = "Their camera is off";
pub(super) const NO_PICTURE_YET: &str = "Waiting for the picture";
pub(super) const LINK_LOST_IN_CALL: &str = "Server lost; the call goes on";

pub(super) fn retry_in(seconds: u64) -> String {
    match seconds {
        0 => TRYING.to_owned(),
        1 => "Trying again in 1 second".to_owned(),
        more => format!("Trying again in {more} seconds"),
    }
}

pub(super) fn unread(lines: usize) -> String {
    format!("{lines} new")
}

/// `M:SS`, or `H:MM:SS` from an hour on.
pub(super) fn call_time(seconds: u64) -> String {
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// How a call ended: what happened, and what it means or what to do.
pub(super) const fn ending(why: Ending) -> (&'static str, &'static str) {
    match why {
        Ending::HungUp => ("Call ended", "Goodbye."),
        Ending::PeerHungUp => ("Call ended", "The other side hung up."),
        Ending::Rejected => ("Call declined", "Nobody can take your call right now. Please try again later."),
        Ending::Declined => ("Call declined", "You did not take this call."),
        Ending::Busy => ("Busy", "They are in another call. Please try again in a few minutes."),
        Ending::NoAnswer => ("No answer", "Nobody answered. Please try again later."),
        Ending::NoConnection => ("Could not connect", "The connection did not come about. Please try again."),
        Ending::PeerLost => ("Connection lost", "The other side cannot be reached any more. Please call again."),
        Ending::LinkLost => {
            ("Connection lost", "This kiosk lost its connection to the service. Please call again in a moment.")
        }
        Ending::PeerOffline => ("Not available", "They are not online. Please try again later."),
        Ending::Untrusted => ("Not accepted", "The other side does not know this kiosk. Please tell the staff."),
        Ending::NotSecure => {
            ("Not secure", "Somebody may be listening in, so the call was ended. Please tell the staff.")
        }
        Ending::Protocol => ("Call ended", "Something went wrong between the two sides. Please call again."),
        Ending::MediaFailed => ("Call ended", "Picture or sound failed. Please call again."),
        Ending::Shutdown => ("Call ended", "One side was switched off."),
    }
}

/// One or two letters that stand for a name.
pub(super) fn initials(name: &str) -> String {
    let first = |word: &str| word.chars().find(|c| c.is_alphanumeric());
    let mut letters = name.split_whitespace().filter_map(first);
    let start = letters.next();
    let end = letters.next_back();
    start.into_iter().chain(end).flat_map(char::to_uppercase).take(3).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_counts_read_well() {
        assert_eq!(
            [0, 59, 60, 3_599, 3_600, 36_061].map(call_time),
            ["0:00", "0:59", "1:00", "59:59", "1:00:00", "10:01:01"]
        );
        assert_eq!(retry_in(1), "Trying again in 1 second");
        assert_eq!(retry_in(7), "Trying again in 7 seconds");
    }

    #[test]
    fn initials_come_from_first_and_last_word() {
        for (name, expected) in [
            ("Front desk", "FD"),
            ("anna", "A"),
            ("Anna Maria Berg", "AB"),
            ("", ""),
            ("… 7th floor", "7F"),
            ("ß", "SS"),
        ] {
            assert_eq!(initials(name), expected, "{name}");
        }
    }
}
