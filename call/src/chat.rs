//! The chat of a call: its lines, what is unread, what has arrived.

use kiosk_wire::{ChatId, Refusal};

use crate::{
    clock::UnixMillis,
    view::{ChatLine, View},
};

/// Most lines kept; the oldest go first.
const MOST_LINES: usize = 500;

#[derive(Debug, Default)]
pub(crate) struct Chat {
    lines: Vec<ChatLine>,
    unread: usize,
}

impl Chat {
    pub(crate) fn say(&mut self, id: ChatId, text: String, at: UnixMillis) {
        self.add(ChatLine { id: id.to_string(), from: None, text, at, delivered: false });
    }

    /// A line that came twice is refused: its receipt was already sent.
    pub(crate) fn hear(&mut self, id: ChatId, from: &str, text: String, at: UnixMillis) -> Result<(), Refusal> {
        let id = id.to_string();
        if self.lines.iter().any(|line| line.id == id) {
            return Err(Refusal::Replayed);
        }
        self.add(ChatLine { id, from: Some(from.to_owned()), text, at, delivered: true });
        self.unread += 1;
        Ok(())
    }

    fn add(&mut self, line: ChatLine) {
        if self.lines.len() == MOST_LINES {
            self.lines.remove(0);
        }
        self.lines.push(line);
    }

    pub(crate) fn delivered(&mut self, id: ChatId) {
        let id = id.to_string();
        if let Some(line) = self.lines.iter_mut().find(|line| line.from.is_none() && line.id == id) {
            line.delivered = true;
        }
    }

    pub(crate) const fn read(&mut self) {
        self.unread = 0;
    }

    pub(crate) const fn unread(&self) -> usize {
        self.unread
    }

    pub(crate) fn lines(&self) -> &[ChatLine] {
        &self.lines
    }

    /// What the screen shows.
    pub(crate) fn last_lines(&self) -> Vec<ChatLine> {
        self.lines[self.lines.len().saturating_sub(View::CHAT_LINES)..].to_vec()
    }
}
