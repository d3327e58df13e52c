//! Revocation lists that the server hands out. It cannot judge them: whose they are, and whether they are new, is for the peers to say.

use std::{fs, path::Path};

use kiosk_wire::{Envelope, Kind, LARGEST_FRAME, ServerFrame};

use crate::ServerError;

/// Most lists: each peer gets them all with each sign-in.
const MOST_LISTS: usize = 4;

/// Reads a file of lists, one a line, as `kioskctl authority revoke` writes them. Blank lines do not count.
///
/// # Errors
/// [`ServerError::Unreadable`], [`ServerError::Revocations`].
pub(crate) fn read(path: &Path) -> Result<Vec<Envelope>, ServerError> {
    let text = fs::read_to_string(path).map_err(|source| ServerError::Unreadable {
        what: "revocation lists",
        path: path.to_owned(),
        source,
    })?;
    parse(&text).map_err(|why| ServerError::Revocations { path: path.to_owned(), why })
}

fn parse(text: &str) -> Result<Vec<Envelope>, String> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let list = |(index, line): (usize, &str)| {
        let envelope: Envelope = serde_json::from_str(line).map_err(|error| format!("line {}: {error}", index + 1))?;
        if envelope.protected != Kind::RevocationList.protected() {
            return Err(format!("line {} is signed, but it is no revocation list", index + 1));
        }
        let frame = ServerFrame::Revocations { list: envelope.clone() };
        if frame.to_text().len() > LARGEST_FRAME {
            Err(format!("line {} is too long", index + 1))
        } else {
            Ok(envelope)
        }
    };
    let lists = lines.map(list).collect::<Result<Vec<_>, _>>()?;
    if lists.len() > MOST_LISTS { Err(format!("there are more than {MOST_LISTS} lists")) } else { Ok(lists) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_list_is_named_by_its_line() {
        let list = format!(r#"{{"protected":"{}","payload":"e30","signature":"x"}}"#, Kind::RevocationList.protected());
        assert_eq!(parse(&format!("{list}\n\n{list}\n")).map(|lists| lists.len()), Ok(2));
        assert_eq!(parse("").map(|lists| lists.len()), Ok(0));
        let other = list.replace(Kind::RevocationList.protected(), Kind::Membership.protected());
        for (text, sentence) in [
            (format!("{list}\nnonsense"), "line 2: expected"),
            (other, "line 1 is signed, but it is no revocation list"),
            (list.replace("e30", &"A".repeat(LARGEST_FRAME)), "line 1 is too long"),
            (format!("{list}\n").repeat(MOST_LISTS + 1), "there are more than 4 lists"),
        ] {
            let said = parse(&text).expect_err("no lists");
            assert!(said.starts_with(sentence), "{said}");
        }
    }
}
