//! Every view that there is, for tests and for people to look at.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use kiosk_call::{
    ChatId, ChatLine, ChatView, DeviceState, Ending, FileId, FileRefusal, Link, LinkTrouble, Pairing, PairingFailure,
    PeerName, Quality, Question, Remark, ShownFile, Transfer, UnixMillis, VideoSource,
};
use kiosk_wire::{PeerId, Wish};
use tiny_skia::Pixmap;

use super::*;

/// A view and what there is around it.
pub(super) struct Exhibit {
    pub(super) name: &'static str,
    pub(super) view: View,
    /// A picture lies below.
    pub(super) picture: bool,
    /// A small picture lies in the corner.
    pub(super) corner: bool,
    pub(super) touch: bool,
}

pub(super) fn view(screen: Screen) -> View {
    View { screen, peer_id: PeerId([7; 32]), link: Link::Up, ..View::booting("North entrance".to_owned()) }
}

pub(super) fn peer(verified: bool) -> PeerName {
    PeerName { name: "Front desk".to_owned(), verified }
}

pub(super) fn idle(reachable: bool) -> View {
    view(Screen::Idle { reachable })
}

pub(super) fn in_call(now: Instant, verified: bool, peer_video: bool) -> View {
    view(Screen::InCall {
        peer: peer(verified),
        since: now - Duration::from_secs(75),
        reconnecting: None,
        peer_audio: true,
        peer_video,
        peer_screen: false,
        peer_hold: false,
    })
}

pub(super) fn line(from: Option<&str>, text: &str, number: u8) -> ChatLine {
    ChatLine {
        id: ChatId([number; 16]),
        peer: PeerId([9; 32]),
        from: from.map(str::to_owned),
        text: text.to_owned(),
        at: UnixMillis(0),
        delivered: from.is_none(),
    }
}

/// What is said in a language: what people type is in theirs.
fn said(language: Language) -> [&'static str; 3] {
    match language.code() {
        "ar" => [
            "صباح الخير، كيف يمكنني مساعدتك؟",
            "أبحث عن الغرفة 214.",
            "خذ المصعد إلى الطابق الثاني، ثم الباب الثالث على اليمين.",
        ],
        "ja" => [
            "おはようございます。どうされましたか？",
            "214号室を探しています。",
            "左のエレベーターで2階へ上がり、右側の3番目のドアです。",
        ],
        _ => [
            "Good morning, how can I help you?",
            "I am looking for room 214.",
            "Take the lift on your left to the second floor, then it is the third door on the right.",
        ],
    }
}

fn chat(view: View, language: Language) -> View {
    let [hello, question, answer] = said(language);
    let lines = vec![line(Some("Front desk"), hello, 1), line(None, question, 2), line(Some("Front desk"), answer, 3)];
    View { chat: ChatView { lines, unread: 1, ..ChatView::default() }, ..view }
}

fn replies(view: View, language: Language) -> View {
    let view = chat(view, language);
    let chat = ChatView { replies: quick_replies(language), selected: Some(2), unread: 0, ..view.chat };
    View { chat, ..view }
}

/// A text that fills more than one page.
fn long_text(language: Language) -> String {
    let [_, _, sentence] = said(language);
    let blank = if language.code() == "ja" { "" } else { " " };
    [sentence; 12].join(blank)
}

pub(super) fn asked(view: View, wish: Wish, now: Instant) -> View {
    let question = Question { peer: peer(true), wish, until: now + Duration::from_secs(24) };
    View { question: Some(question), ..view }
}

fn transfer(outgoing: bool) -> Transfer {
    let name = if outgoing { "photo.jpg" } else { "Admission form.pdf" }.to_owned();
    Transfer {
        id: FileId([if outgoing { 5 } else { 4 }; 16]),
        name,
        outgoing,
        received: if outgoing { 91 } else { 38 },
        size: 100,
    }
}

fn down(trouble: LinkTrouble, now: Instant) -> Link {
    Link::Down { trouble, reason: "not for people".to_owned(), retry_at: now + Duration::from_millis(6_500) }
}

fn broken(view: View) -> View {
    let missing = || DeviceState::Missing("not for people".to_owned());
    View { camera: missing(), sound: missing(), ..view }
}

fn paired(pairing: Pairing) -> View {
    View { pairing: Some(pairing), ..idle(true) }
}

fn long_name() -> PeerName {
    PeerName { name: "Donaudampfschifffahrtsgesellschaft Information Centre West".to_owned(), verified: false }
}

/// A file's picture: a page with lines on it.
pub(super) fn page(room: Size) -> Arc<Pixmap> {
    let Size { width_px, height_px } = room;
    let wide = width_px.min(height_px * 5 / 7);
    let mut page = Pixmap::new(wide, wide * 7 / 5).expect("is small");
    page.fill(tiny_skia::Color::WHITE);
    let (paint, identity) = (Color::rgb(0x30_4050).paint(), tiny_skia::Transform::identity());
    let unit = super::pixels(wide as usize) / 100.0;
    for row in 0..16_u8 {
        let width = if row == 0 { 40.0 } else { 80.0 - f32::from(row * 7 % 23) };
        let top = unit * (12.0 + f32::from(row) * 7.0);
        let rect = tiny_skia::Rect::from_xywh(10.0 * unit, top, width * unit, unit * if row == 0 { 4.0 } else { 2.0 });
        page.fill_rect(rect.expect("has a size"), &paint, identity, None);
    }
    Arc::new(page)
}

/// Every view, with its name.
pub(super) fn exhibits(now: Instant, language: Language) -> Vec<Exhibit> {
    let mut all = waiting(now);
    all.extend(beginning(now, language));
    all.extend(calls(now, language));
    all.extend(over_calls(now, language));
    all.extend(pairings(now));
    all.extend(with_touch(now, language));
    all
}

fn plain(name: &'static str, view: View) -> Exhibit {
    Exhibit { name, view, picture: false, corner: false, touch: false }
}

fn waiting(now: Instant) -> Vec<Exhibit> {
    let lost = |trouble| View { link: down(trouble, now), ..idle(false) };
    vec![
        plain("booting", view(Screen::Booting)),
        plain("idle", idle(true)),
        plain("idle-nobody", idle(false)),
        plain("idle-signing-in", View { link: Link::Connecting, ..idle(true) }),
        plain("idle-no-network", lost(LinkTrouble::NoNetwork)),
        plain("idle-no-server", lost(LinkTrouble::NoServer)),
        plain("idle-replaced", lost(LinkTrouble::Replaced)),
        plain("idle-broken", View { muted: true, ..broken(idle(true)) }),
        plain("idle-no-camera", View { sound: DeviceState::Ready, ..broken(idle(true)) }),
        plain("idle-volume", View { volume: Some(70), ..idle(true) }),
        plain("idle-update", View { update: Some(45), ..idle(true) }),
        plain("out-of-order", broken(view(Screen::OutOfOrder))),
    ]
}

fn beginning(now: Instant, language: Language) -> Vec<Exhibit> {
    let ringing_in = |peer, answered_at| view(Screen::RingingIn { peer, answered_at });
    let ended = |why| view(Screen::Ended { peer: peer(true), why });
    let cornered = |name, view| Exhibit { corner: true, ..plain(name, view) };
    vec![
        cornered("ringing-out", view(Screen::RingingOut { peer: peer(true), ringing: true })),
        cornered("ringing-in", ringing_in(peer(true), None)),
        plain("ringing-in-unverified", broken(ringing_in(long_name(), None))),
        plain("ringing-in-announced", ringing_in(peer(true), Some(now + Duration::from_millis(2_500)))),
        cornered("connecting", view(Screen::Connecting { peer: peer(true) })),
        plain("idle-chat", replies(idle(true), language)),
        plain("ended", ended(Ending::PeerHungUp)),
        plain("ended-not-secure", ended(Ending::NotSecure)),
        plain("ended-no-answer", ended(Ending::NoAnswer)),
    ]
}

fn over_picture(name: &'static str, view: View) -> Exhibit {
    Exhibit { name, view, picture: true, corner: true, touch: false }
}

fn calls(now: Instant, language: Language) -> Vec<Exhibit> {
    let call = || in_call(now, true, true);
    let with = |change: fn(&mut bool, &mut bool)| {
        let mut view = call();
        if let Screen::InCall { peer_screen, peer_hold, .. } = &mut view.screen {
            change(peer_screen, peer_hold);
        }
        view
    };
    let lost = || {
        let mut view = call();
        if let Screen::InCall { reconnecting, .. } = &mut view.screen {
            *reconnecting = Some(now + Duration::from_secs(38));
        }
        view
    };
    let long = vec![line(Some("Front desk"), &long_text(language), 1)];
    let paged = View { chat: ChatView { lines: long, unread: 1, page: 1, ..ChatView::default() }, ..call() };
    let typed = View { chat: ChatView { draft: said(language)[1].to_owned(), ..ChatView::default() }, ..call() };
    let stranger = in_call(now, false, true);
    vec![
        over_picture("call", call()),
        over_picture("call-chat", chat(call(), language)),
        over_picture("call-replies", replies(call(), language)),
        over_picture("call-chat-long", paged),
        over_picture("call-draft", typed),
        over_picture(
            "call-unverified",
            View {
                muted: true,
                camera_off: true,
                link: down(LinkTrouble::NoServer, now),
                ..broken(chat(stranger, language))
            },
        ),
        over_picture("call-lost", View { link: down(LinkTrouble::NoNetwork, now), ..chat(lost(), language) }),
        plain("call-no-video", chat(in_call(now, true, false), language)),
        plain("call-waiting", View { muted: true, ..in_call(now, false, true) }),
        plain("call-held", View { held: true, ..call() }),
        plain("call-peer-hold", with(|_, hold| *hold = true)),
        over_picture("call-peer-screen", with(|screen, _| *screen = true)),
        over_picture("call-sharing-panel", View { source: VideoSource::Panel, ..call() }),
        over_picture(
            "call-sharing-document",
            View { source: VideoSource::Document, quality: Quality::Sharp, ..call() },
        ),
    ]
}

fn over_calls(now: Instant, language: Language) -> Vec<Exhibit> {
    let call = || in_call(now, true, true);
    let file = |zoom| Some(ShownFile { id: FileId([3; 16]), name: "Admission form.pdf".to_owned(), zoom });
    vec![
        plain("shown", View { shown: file(0), ..call() }),
        plain("shown-idle", View { shown: file(2), ..idle(true) }),
        over_picture("call-question", asked(call(), Wish::CameraOn, now)),
        over_picture("call-question-document", asked(chat(call(), language), Wish::ShareDocument, now)),
        over_picture("call-transfers", View { transfers: vec![transfer(false), transfer(true)], ..call() }),
        over_picture("call-volume", View { volume: Some(0), ..call() }),
        over_picture("call-remark", View { muted: true, remark: Some(Remark::MutedByPeer), ..call() }),
        over_picture("call-remark-file", View { remark: Some(Remark::FileFailed(FileRefusal::Size)), ..call() }),
    ]
}

fn pairings(now: Instant) -> Vec<Exhibit> {
    let until = now + Duration::from_secs(48);
    let compare = |confirmed| Pairing::Compare { name: "Help desk".to_owned(), digits: 40_917, confirmed, until };
    vec![
        plain("pairing-waiting", paired(Pairing::Waiting { until })),
        plain("pairing-compare", paired(compare(false))),
        plain("pairing-confirmed", paired(compare(true))),
        plain("pairing-done", paired(Pairing::Done { name: "Help desk".to_owned() })),
        plain("pairing-failed", paired(Pairing::Failed(PairingFailure::Mismatch))),
    ]
}

fn with_touch(now: Instant, language: Language) -> Vec<Exhibit> {
    let call = || in_call(now, true, true);
    let file = Some(ShownFile { id: FileId([3; 16]), name: "Admission form.pdf".to_owned(), zoom: 0 });
    let compare = Pairing::Compare {
        name: "Help desk".to_owned(),
        digits: 40_917,
        confirmed: false,
        until: now + Duration::from_secs(48),
    };
    let busy = View { muted: true, source: VideoSource::Panel, ..replies(call(), language) };
    let all = vec![
        plain("touch-idle", idle(true)),
        plain("touch-ringing-in", view(Screen::RingingIn { peer: peer(true), answered_at: None })),
        over_picture("touch-call", replies(call(), language)),
        over_picture("touch-call-busy", busy),
        over_picture("touch-question", asked(call(), Wish::SharePanel, now)),
        plain("touch-shown", View { shown: file, ..call() }),
        over_picture("touch-transfers", View { transfers: vec![transfer(false), transfer(true)], ..call() }),
        plain("touch-pairing", paired(compare)),
    ];
    all.into_iter().map(|exhibit| Exhibit { touch: true, ..exhibit }).collect()
}

/// What is around an exhibit on a panel of this size.
pub(super) fn around(painter: &Painter, exhibit: &Exhibit, size: Size) -> Around {
    let file = painter.file_room(size, exhibit.touch).map(page);
    Around {
        picture: exhibit.picture,
        corner: painter.inset(&exhibit.view, size, exhibit.touch, (640, 480)).filter(|_| exhibit.corner),
        file: file.map(FilePicture::Here).filter(|_| exhibit.view.shown.is_some()).unwrap_or_default(),
        touch: exhibit.touch,
    }
}
