//! What was said, as lines.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use kioskd::{
    control::{
        client::Client,
        protocol::{ChatExportReply, ExportedLine, Method},
    },
    reports::ChatExported,
};

use crate::{Trouble, human::safe, print, questions::Format};

/// Milliseconds since 1970 of a moment as people write it; without a zone: in that of this machine.
pub(crate) fn since(text: &str) -> Result<u64, String> {
    let local = || text.parse::<DateTime>().and_then(|at| at.to_zoned(TimeZone::system())).map(|at| at.timestamp());
    let at: Timestamp = text.parse().or_else(|_| local()).map_err(|error| error.to_string())?;
    u64::try_from(at.as_millisecond()).map_err(|_| "that is before 1970".to_owned())
}

/// Prints all of it, page after page.
pub(crate) fn chat(client: &mut Client, method: Method, format: Format) -> Result<(), Trouble> {
    let mut method = method;
    loop {
        let ChatExportReply { lines } = client.get(&method)?;
        let Some(last) = lines.last().map(|line| line.number) else { return Ok(()) };
        let text: String = lines.iter().map(|line| line_of(line, format)).collect();
        print(&text)?;
        if let Method::ChatExport { after, .. } = &mut method {
            *after = Some(last);
        }
    }
}

fn line_of(line: &ExportedLine, format: Format) -> String {
    let at = i64::try_from(line.at_ms).ok().and_then(|at| Timestamp::from_millisecond(at).ok()).unwrap_or_default();
    match format {
        Format::Json => {
            let ExportedLine { number, peer, id, from, text, at_ms, delivered } = line;
            let (number, at_ms, delivered) = (*number, *at_ms, *delivered);
            let line =
                ChatExported { number, at: at.to_string(), at_ms, peer, id, from: from.as_deref(), text, delivered };
            let line = serde_json::to_string(&line).expect("it has no maps");
            format!("{line}\n")
        }
        Format::Text => {
            let when = at.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S %:z");
            let mark = if line.from.is_none() && !line.delivered { " (not delivered)" } else { "" };
            let who = line.from.as_deref().unwrap_or("here");
            format!("{when}  {}  {}: {}{mark}\n", line.peer, safe(who), safe(&line.text))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_people_write_them() {
        assert_eq!(since("2026-11-23T08:30:00Z"), Ok(1_795_422_600_000));
        assert_eq!(since("2026-11-23T09:30:00+01:00"), Ok(1_795_422_600_000));
        let (day, minute) = (since("2026-11-23").expect("a day"), since("2026-11-23T00:30").expect("a minute"));
        assert_eq!(minute - day, 1_800_000);
        assert!(since("yesterday").is_err() && since("1969-01-01T00:00:00Z").is_err());
    }

    #[test]
    fn lines_are_for_programs_or_for_people() {
        let line = ExportedLine {
            number: 7,
            peer: "P".to_owned(),
            id: "I".to_owned(),
            from: Some("Ann\u{1b}[2J".to_owned()),
            text: "one\ntwo".to_owned(),
            at_ms: 1_795_422_600_000,
            delivered: true,
        };
        let text = line_of(&line, Format::Text);
        assert!(text.ends_with("  P  Ann\u{fffd}[2J: one\u{fffd}two\n") && text.starts_with("2026-11-23 "), "{text}");
        let json: serde_json::Value = serde_json::from_str(&line_of(&line, Format::Json)).expect("it is JSON");
        assert_eq!((json["at"].as_str(), json["text"].as_str()), (Some("2026-11-23T08:30:00Z"), Some("one\ntwo")));
        let ours = ExportedLine { from: None, delivered: false, ..line };
        assert!(line_of(&ours, Format::Text).contains("here: one\u{fffd}two (not delivered)"));
    }
}
