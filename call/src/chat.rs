//! Chat: what was said with whom, what is unread, what is still on its way.
//!
//! To each peer one line is on its way at a time, and sent again on every new way (a call, a session) and every
//! [`RESEND_EVERY`] until its receipt comes. So order is kept and nothing is lost; what comes twice is known by its id.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use kiosk_wire::{Body, CallId, ChatId, PeerId, SessionId};
use rand_chacha::rand_core::RngCore as _;

use crate::{
    Kiosk,
    call::Call,
    clock::UnixMillis,
    port::{Output, Record, Typed},
    timers::Timer,
    view::{ChatLine, ChatView, View},
};

/// Most lines kept in memory; the oldest go first.
const MOST_LINES: usize = 500;
/// Most lines that wait for a peer; the next one is declined.
const MOST_WAITING: usize = 100;
/// Longest line that can be typed, bytes: half of what a line may have.
const LONGEST_DRAFT: usize = 4_096;
/// Ids of heard lines that are remembered after the lines themselves are gone.
const MOST_HEARD: usize = 1_024;
/// A line without a receipt is sent again.
const RESEND_EVERY: Duration = Duration::from_secs(5);
/// Outside a call the screen shows what was said for so long after the last line: then another visitor stands there.
const SHOWN_OUTSIDE_A_CALL: Duration = Duration::from_secs(600);
/// Retention is looked at this often; it is in days.
const LOOK_FOR_OLD: Duration = Duration::from_secs(3_600);

/// How long lines are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retention {
    /// Until the call ends, or ten minutes after the last line outside of a call; never on the disk.
    UntilCallEnds,
    /// On the disk, for so long. The screen forgets as above all the same: the next visitor is somebody else.
    For(Duration),
}

/// By what a line goes to a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Call(CallId),
    /// Ours and the peer's.
    Sessions(SessionId, SessionId),
}

#[derive(Clone, Debug)]
struct Waiting {
    peer: PeerId,
    id: ChatId,
    text: String,
}

#[derive(Debug)]
pub(crate) struct Chat {
    retention: Retention,
    replies: Vec<String>,
    lines: Vec<ChatLine>,
    /// Lines before this one are history: the screen does not show them.
    shown_from: usize,
    /// With whom.
    with: Option<PeerId>,
    unread: usize,
    /// Said here, without a receipt yet, in order.
    waiting: VecDeque<Waiting>,
    /// The line that is on its way to each peer.
    sent: BTreeMap<PeerId, (ChatId, Way)>,
    heard: VecDeque<(PeerId, ChatId)>,
    selected: Option<usize>,
    page: usize,
    draft: String,
}

impl Chat {
    /// With what the disk had of it, oldest first.
    pub(crate) fn new(retention: Retention, replies: Vec<String>, history: Vec<ChatLine>) -> Self {
        let said = history.iter().filter(|line| line.from.is_none() && !line.delivered);
        let waiting = said.map(|line| Waiting { peer: line.peer, id: line.id, text: line.text.clone() }).collect();
        let mut heard: VecDeque<_> =
            history.iter().filter(|line| line.from.is_some()).map(|line| (line.peer, line.id)).collect();
        heard.drain(..heard.len().saturating_sub(MOST_HEARD));
        let newest = history.len().saturating_sub(MOST_LINES);
        let lines = history[newest..].to_vec();
        Self {
            retention,
            replies,
            shown_from: lines.len(),
            lines,
            with: None,
            unread: 0,
            waiting,
            sent: BTreeMap::new(),
            heard,
            selected: None,
            page: 0,
            draft: String::new(),
        }
    }

    /// What can be said with one press from now on.
    pub(crate) fn set_replies(&mut self, replies: Vec<String>) {
        if self.replies != replies {
            self.replies = replies;
            self.selected = None;
        }
    }

    fn add(&mut self, line: ChatLine) {
        if self.lines.len() == MOST_LINES {
            self.lines.remove(0);
            self.shown_from = self.shown_from.saturating_sub(1);
        }
        if self.with != Some(line.peer) {
            self.shown_from = self.lines.len();
            self.with = Some(line.peer);
        }
        self.page = 0;
        self.lines.push(line);
    }

    /// False: it came before.
    fn hear(&mut self, line: ChatLine) -> bool {
        let key = (line.peer, line.id);
        if self.heard.contains(&key) {
            return false;
        }
        if self.heard.len() == MOST_HEARD {
            self.heard.pop_front();
        }
        self.heard.push_back(key);
        self.add(line);
        self.unread += 1;
        true
    }

    fn received(&mut self, peer: PeerId, id: ChatId) -> bool {
        let before = self.waiting.len();
        self.waiting.retain(|line| (line.peer, line.id) != (peer, id));
        if self.sent.get(&peer).is_some_and(|(sent, _)| *sent == id) {
            self.sent.remove(&peer);
        }
        let said = |line: &&mut ChatLine| line.from.is_none() && (line.peer, line.id) == (peer, id);
        if let Some(line) = self.lines.iter_mut().find(said) {
            line.delivered = true;
        }
        self.waiting.len() < before
    }

    /// The next line for a peer, if it is not on this way already.
    fn next_for(&mut self, peer: PeerId, way: Way, again: bool) -> Option<Body> {
        let line = self.waiting.iter().find(|line| line.peer == peer)?;
        if !again && self.sent.get(&peer) == Some(&(line.id, way)) {
            return None;
        }
        self.sent.insert(peer, (line.id, way));
        Some(Body::Chat { id: line.id, text: line.text.clone() })
    }

    pub(crate) fn read(&mut self) {
        self.unread = 0;
    }

    pub(crate) const fn unread(&self) -> usize {
        self.unread
    }

    pub(crate) fn is_with(&self, peer: PeerId) -> bool {
        self.with == Some(peer)
    }

    pub(crate) fn lines(&self) -> &[ChatLine] {
        &self.lines
    }

    /// The next visitor sees nothing of this.
    fn put_away(&mut self) {
        if self.retention == Retention::UntilCallEnds {
            self.lines.clear();
        }
        self.shown_from = self.lines.len();
        self.with = None;
        (self.unread, self.selected, self.page) = (0, None, 0);
        self.draft.clear();
    }

    fn view(&self, can_answer: bool) -> ChatView {
        let shown = &self.lines[self.shown_from.min(self.lines.len())..];
        ChatView {
            lines: shown[shown.len().saturating_sub(View::CHAT_LINES)..].to_vec(),
            unread: self.unread,
            replies: if can_answer { self.replies.clone() } else { Vec::new() },
            selected: self.selected.filter(|_| can_answer),
            page: self.page,
            draft: self.draft.clone(),
        }
    }
}

impl Kiosk {
    pub(crate) fn chat_view(&self) -> ChatView {
        self.chat.view(self.can_answer())
    }

    /// There is somebody to write to without naming them.
    fn can_answer(&self) -> bool {
        let in_call = self.call.as_ref().is_some_and(|call| call.talk.is_some());
        in_call || self.chat.with.is_some_and(|peer| self.links.peer(peer).is_some())
    }

    pub(crate) fn say(&mut self, to: Option<PeerId>, text: String) {
        // Nothing is said to whoever answers before it is known who that is.
        if to.is_none() && self.call.as_ref().is_some_and(|call| call.talk.is_none()) {
            return self.decline("the call is not connected yet: try again in a moment".to_owned());
        }
        let peer = to.or_else(|| self.call.as_ref().map(Call::peer)).or(self.chat.with);
        let Some(peer) = peer else {
            return self.decline("there is nobody to write to: name a peer of `kioskctl peers`".to_owned());
        };
        if !self.talks_with(peer)
            && self.standing(peer).is_none_or(|standing| standing == crate::trust::Standing::Refused)
        {
            return self.decline(format!("{peer} is not in the room, or not trusted; see `kioskctl peers`"));
        }
        let Ok(text) = Body::chat_text(text) else {
            return self.decline("a line of chat has 1 to 4000 characters and at most 8192 bytes".to_owned());
        };
        if self.chat.waiting.iter().filter(|line| line.peer == peer).count() >= MOST_WAITING {
            return self.decline(format!("{MOST_WAITING} lines wait for this peer already: more when it is back"));
        }
        let mut id = [0; 16];
        self.random.fill_bytes(&mut id);
        let id = ChatId(id);
        self.chat.waiting.push_back(Waiting { peer, id, text: text.clone() });
        self.add_line(ChatLine { id, peer, from: None, text, at: self.now.wall, delivered: false }, false);
        self.chat.read();
        self.chat.draft.clear();
        self.chat.selected = None;
        self.send_next_line(peer, false);
    }

    /// A line came, perhaps once more: it is answered with a receipt in both cases.
    pub(crate) fn hear(&mut self, peer: PeerId, name: String, (id, text): (ChatId, String)) {
        let line = ChatLine { id, peer, from: Some(name), text, at: self.now.wall, delivered: true };
        self.add_line(line, true);
    }

    fn add_line(&mut self, line: ChatLine, heard: bool) {
        if heard {
            if !self.chat.hear(line.clone()) {
                return;
            }
        } else {
            self.chat.add(line.clone());
        }
        if let Retention::For(_) = self.chat.retention {
            self.output(Output::Store(Record::ChatLine(line)));
        }
        if self.call.is_none() {
            self.timers.set(Timer::ChatShown, self.after(SHOWN_OUTSIDE_A_CALL));
        }
    }

    pub(crate) fn chat_received(&mut self, peer: PeerId, id: ChatId) {
        if self.chat.received(peer, id) {
            if let Retention::For(_) = self.chat.retention {
                self.output(Output::Store(Record::ChatDelivered(id)));
            }
            self.send_next_line(peer, false);
        }
    }

    /// There may be a new way to a peer, or the next line may go.
    pub(crate) fn send_next_line(&mut self, peer: PeerId, again: bool) {
        let in_call = self.talks_with(peer);
        let way = if in_call {
            // While the call reconnects, what is said in it waits: the server could read what goes over the link.
            self.call.as_ref().filter(|call| call.confirmed()).map(|call| Way::Call(call.connection.id))
        } else {
            self.links.meeting(peer).and_then(|(_, session)| {
                let theirs = session.peers.get(&peer)?.certificate.session();
                Some(Way::Sessions(session.me.session, theirs))
            })
        };
        let Some(body) = way.and_then(|way| self.chat.next_for(peer, way, again)) else { return };
        if in_call {
            self.send_on_channel(&body);
        } else {
            self.send_outside(peer, &body);
        }
        self.timers.set(Timer::ChatResend, self.after(RESEND_EVERY));
    }

    /// After a call has begun or ended, or the link has come back: everybody for whom something waits.
    pub(crate) fn send_waiting_lines(&mut self, again: bool) {
        let mut peers: Vec<PeerId> = self.chat.waiting.iter().map(|line| line.peer).collect();
        peers.sort_unstable();
        peers.dedup();
        for peer in peers {
            self.send_next_line(peer, again);
        }
    }

    /// The screen has shown the chat long enough.
    pub(crate) fn put_chat_away(&mut self) {
        self.timers.stop(Timer::ChatShown);
        self.chat.put_away();
    }

    /// What is older than the retention goes, from the disk too.
    pub(crate) fn forget_old_lines(&mut self) {
        let Retention::For(kept) = self.chat.retention else { return };
        let kept = u64::try_from(kept.as_millis()).unwrap_or(u64::MAX);
        let before = UnixMillis(self.now.wall.0.saturating_sub(kept));
        let old = self.chat.lines.iter().take_while(|line| line.at < before).count();
        self.chat.lines.drain(..old);
        self.chat.shown_from = self.chat.shown_from.saturating_sub(old);
        self.output(Output::Store(Record::ChatForgotten(before)));
        self.timers.set(Timer::ChatOld, self.after(LOOK_FOR_OLD));
    }

    pub(crate) fn say_reply(&mut self, number: usize) {
        let view = self.chat_view();
        match view.replies.get(number) {
            Some(reply) => self.say(None, reply.clone()),
            None => self.decline("there is nobody to be answered, or no such reply on the screen".to_owned()),
        }
    }

    pub(crate) fn select_next_reply(&mut self) {
        let count = self.chat_view().replies.len();
        self.chat.selected = match self.chat.selected {
            _ if count == 0 => None,
            None => Some(0),
            Some(number) => Some((number + 1) % count),
        };
        self.chat.read();
    }

    pub(crate) fn selected_reply(&self) -> Option<usize> {
        self.chat_view().selected
    }

    pub(crate) fn select_no_reply(&mut self) {
        self.chat.selected = None;
    }

    pub(crate) fn turn_page(&mut self) {
        self.chat.page = self.chat.page.wrapping_add(1);
        self.chat.read();
    }

    /// A key of a keyboard. While there is nobody to write to, it does nothing.
    pub(crate) fn typed(&mut self, typed: Typed) {
        if !self.can_answer() {
            return;
        }
        let draft = &mut self.chat.draft;
        match typed {
            Typed::Text(text) if draft.len() + text.len() <= LONGEST_DRAFT => draft.push_str(&text),
            Typed::Text(_) => {}
            Typed::Backspace => drop(draft.pop()),
            Typed::Escape => draft.clear(),
            Typed::Enter if draft.trim().is_empty() => draft.clear(),
            Typed::Enter => {
                let text = draft.clone();
                self.say(None, text);
            }
        }
        self.chat.read();
    }
}
