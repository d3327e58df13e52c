use std::os::unix::fs::PermissionsExt as _;

use tempfile::TempDir;

use super::*;
use crate::isolated::{isolated, small_disk};

fn line(number: u64, peer: u8, from: Option<&str>) -> ChatLine {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&number.to_be_bytes());
    ChatLine {
        id: ChatId(id),
        peer: PeerId([peer; 32]),
        from: from.map(str::to_owned),
        text: format!("line {number}: où? 日本語 \u{0} ';--"),
        at: UnixMillis(1_000 * number),
        delivered: from.is_some(),
    }
}

fn place() -> TempDir {
    tempfile::tempdir().expect("a directory")
}

fn open(place: &TempDir) -> History {
    History::open(place.path()).expect("it opens")
}

#[test]
fn lines_survive_and_are_kept_once() {
    let place = place();
    let history = open(&place);
    let lines = [line(1, 1, None), line(2, 1, Some("Ann")), line(3, 2, None), line(2, 2, Some("Bob"))];
    for line in lines.iter().chain(&lines[..2]) {
        history.add(line).expect("it is kept");
    }
    history.add(&ChatLine { text: "changed".to_owned(), ..lines[0].clone() }).expect("it is there already");
    drop(history);
    assert_eq!(open(&place).recent().expect("it reads"), lines);
    let mode = fs::metadata(place.path().join(FILE)).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn receipts_are_for_what_was_said_here() {
    let place = place();
    let history = open(&place);
    let heard = ChatLine { delivered: false, ..line(1, 2, Some("Eve")) };
    for line in [&line(1, 1, None), &line(2, 1, None), &heard] {
        history.add(line).expect("it is kept");
    }
    history.delivered(heard.id).expect("it is kept");
    let delivered: Vec<_> = history.recent().expect("it reads").iter().map(|line| line.delivered).collect();
    assert_eq!(delivered, [true, false, false]);
}

#[test]
fn what_is_forgotten_is_gone_from_the_disk() {
    let place = place();
    let history = open(&place);
    let secret = "the number of the account is 4711";
    for number in 0..50 {
        history.add(&ChatLine { text: format!("{secret} {number}"), ..line(number, 1, None) }).expect("it is kept");
    }
    history.forget(UnixMillis(49_000)).expect("it forgets");
    let left = history.recent().expect("it reads");
    assert_eq!(left.iter().map(|line| line.at.0).collect::<Vec<_>>(), [49_000]);
    drop(history);
    for name in fs::read_dir(place.path()).expect("it reads").filter_map(Result::ok) {
        let bytes = fs::read(name.path()).expect("it reads");
        let found = bytes.windows(secret.len()).filter(|window| *window == secret.as_bytes()).count();
        assert_eq!(found, 1, "{:?}: only the line that is left", name.file_name());
    }
}

#[test]
fn a_start_needs_the_newest_and_what_did_not_arrive() {
    let place = place();
    let history = open(&place);
    history.connection.execute_batch("BEGIN").expect("it begins");
    for number in 0..3_000 {
        history.add(&line(number, 1, (number != 7).then_some("Ann"))).expect("it is kept");
    }
    history.connection.execute_batch("COMMIT").expect("it ends");
    let recent: Vec<_> = history.recent().expect("it reads").iter().map(|line| line.at.0 / 1_000).collect();
    assert_eq!((recent.len(), recent[0], recent[1], recent[1_000]), (1_001, 7, 2_000, 2_999));
}

#[test]
fn an_export_is_paged_and_filtered_while_lines_come() {
    let place = place();
    assert_eq!(export(place.path(), Selection { most: 10, ..Selection::default() }).expect("no lines"), []);
    let history = open(&place);
    for number in 0..10 {
        history.add(&line(number, u8::try_from(number % 2).expect("small"), Some("Ann"))).expect("it is kept");
    }
    let wanted = Selection { since: UnixMillis(3_000), peer: Some(PeerId([1; 32])), after: 0, most: 2 };
    let mut seen = Vec::new();
    let mut after = 0;
    loop {
        let page = export(place.path(), Selection { after, ..wanted }).expect("it reads");
        history.add(&line(100, 0, None)).expect("it is kept meanwhile");
        let Some(last) = page.last() else { break };
        after = last.number;
        seen.extend(page.iter().map(|kept| kept.line.at.0));
    }
    assert_eq!(seen, [3_000, 5_000, 7_000, 9_000]);
}

#[test]
fn a_damaged_database_is_moved_aside() {
    let place = place();
    let file = place.path().join(FILE);
    let history = open(&place);
    for number in 0..500 {
        history.add(&line(number, 1, None)).expect("it is kept");
    }
    drop(history);
    let whole = fs::read(&file).expect("it reads");
    let mut holed = whole.clone();
    holed[8_192..16_384].fill(0xa5);
    let newer = {
        let connection = Connection::open(&file).expect("it opens");
        connection.pragma_update(None, "user_version", VERSION + 1).expect("it writes");
        drop(connection);
        fs::read(&file).expect("it reads")
    };
    for damaged in
        [&b"no database at all, but long enough to be looked at"[..], &whole[..whole.len() / 2], &holed, &newer]
    {
        fs::write(&file, damaged).expect("it writes");
        fs::write(place.path().join("chat.db-journal"), "left by a power cut").expect("it writes");
        let history = open(&place);
        assert_eq!(history.recent().expect("it reads"), []);
        history.add(&line(1, 1, None)).expect("it is kept");
        assert_eq!(fs::read(place.path().join(DAMAGED)).expect("it is moved aside"), damaged);
    }
    History::remove(place.path()).expect("it goes");
    assert_eq!(fs::read_dir(place.path()).expect("it reads").count(), 0);
    History::remove(place.path()).expect("nothing to do");
}

/// Writes until it is killed, and says which lines are kept. Run by the test below.
#[test]
#[ignore = "the child of a_killed_kiosk_loses_no_line_that_it_has_acknowledged"]
fn writes_until_it_is_killed() {
    let directory = PathBuf::from(std::env::var_os("HISTORY_OF").expect("the test sets it"));
    let history = History::open(&directory).expect("it opens");
    let first = history.recent().expect("it reads").last().map_or(0, |line| line.at.0 / 1_000 + 1);
    for number in first.. {
        history.add(&line(number, 1, None)).expect("it is kept");
        println!("kept {number}");
    }
}

#[test]
fn a_killed_kiosk_loses_no_line_that_it_has_acknowledged() {
    use std::{
        io::{BufRead as _, BufReader},
        process::{Command, Stdio},
    };
    let place = place();
    let mut acknowledged = 0;
    for round in 0..120_u32 {
        let mut child = Command::new(std::env::current_exe().expect("this test"))
            .args(["--exact", "history::tests::writes_until_it_is_killed", "--ignored", "--nocapture"])
            .env("HISTORY_OF", place.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut said = BufReader::new(child.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
        let mut kept = said.by_ref().filter_map(|text| text.split_once("kept ")?.1.parse::<u64>().ok());
        // After 1 to 8 lines, somewhere in the next one.
        let enough = 1 + round % 8;
        let mut last = None;
        for number in kept.by_ref().take(usize::try_from(enough).expect("small")) {
            last = Some(number);
        }
        let somewhere = Duration::from_micros(u64::from(round.wrapping_mul(2_654_435_761) % 3_000));
        std::thread::park_timeout(somewhere);
        child.kill().expect("it runs");
        let last = kept.last().or(last).expect("it has said a line");
        child.wait().expect("it ends");
        acknowledged = last.max(acknowledged);

        let lines = open(&place).recent().expect("it reads");
        let numbers: Vec<_> = lines.iter().map(|line| line.at.0 / 1_000).collect();
        assert!(numbers.last().is_some_and(|newest| *newest >= acknowledged), "round {round}");
        assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "round {round}: no gaps");
        for kept in &lines {
            assert_eq!(*kept, line(kept.at.0 / 1_000, 1, None), "round {round}: no half lines");
        }
    }
    assert!(acknowledged >= 120);
    assert!(!place.path().join(DAMAGED).exists());
}

#[test]
fn a_full_disk_is_no_damage() {
    isolated("history::tests::a_full_disk_is_no_damage", &["--mount"], || {
        let disk = small_disk();
        fs::write(disk.join(DAMAGED), "what was damaged before").expect("there is room");
        fs::write(disk.join("ballast"), vec![0; 1 << 20]).expect_err("it is full");
        History::open(disk).expect_err("there is no room for one");
        assert_eq!(fs::read_to_string(disk.join(DAMAGED)).expect("it stays"), "what was damaged before");
        fs::remove_file(disk.join("ballast")).expect("it goes");
        History::open(disk).expect("there is room").add(&line(1, 1, None)).expect("it is kept");
    });
}
