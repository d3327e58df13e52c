//! What the disk did not take: it is full, read-only, or broken. It waits in memory, and goes to the disk when that takes it again.

use std::collections::{BTreeMap, BTreeSet};

use kiosk_call::Record;

use super::{EPOCH, QUALITY, REVOCATIONS, Store, StoreError, TRUST, VOLUME};

/// Lines of chat, and receipts, that wait at most; then the oldest go.
const MOST_WAITING: usize = 2_000;
/// Stands for the database of the chat.
const CHAT: &str = "chat";

/// Records that wait, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Unkept {
    records: Vec<Record>,
    /// Why, as a sentence for each file.
    problem: Option<String>,
}

/// The file that a record belongs to. Those of one file stay in their order.
const fn file(record: &Record) -> &'static str {
    match record {
        Record::Epoch(_) => EPOCH,
        Record::Volume(_) => VOLUME,
        Record::Quality(_) => QUALITY,
        Record::TrustAdded(_) | Record::TrustRemoved(_) | Record::Revoked(_) => TRUST,
        Record::RevocationList(..) => REVOCATIONS,
        Record::ChatLine(_) | Record::ChatDelivered(_) | Record::ChatForgotten(_) => CHAT,
    }
}

/// It was said: on the disk or not.
pub(crate) fn is_chat(record: &Record) -> bool {
    file(record) == CHAT
}

impl Unkept {
    /// Something of this file waits.
    pub(super) fn waits_for(&self, name: &str) -> bool {
        self.records.iter().any(|waiting| file(waiting) == name)
    }

    fn put(&mut self, record: &Record) {
        if matches!(record, Record::Epoch(_) | Record::Volume(_) | Record::Quality(_)) {
            self.records.retain(|waiting| file(waiting) != file(record));
        }
        self.records.push(record.clone());
        let is_too_much = self.records.iter().filter(|waiting| is_chat(waiting)).count() > MOST_WAITING;
        if let Some(oldest) = self.records.iter().position(|waiting| is_too_much && is_chat(waiting)) {
            self.records.remove(oldest);
        }
    }
}

impl Store {
    /// Keeps a record before anything else happens.
    ///
    /// # Errors
    /// [`StoreError`]: the old content stays on the disk. The record waits for the next [`Store::retry`].
    pub fn keep(&mut self, record: &Record) -> Result<(), StoreError> {
        self.unkept.put(record);
        self.write_waiting().remove(file(record)).map_or(Ok(()), Err)
    }

    /// Tries again to keep what waits.
    pub fn retry(&mut self) {
        self.write_waiting();
    }

    /// Files that the disk does not take.
    #[must_use]
    pub fn unkept(&self) -> usize {
        self.unkept.records.iter().map(file).collect::<BTreeSet<_>>().len()
    }

    /// Why the disk does not take what is to be kept, file by file; None: it does.
    #[must_use]
    pub fn problem(&self) -> Option<&str> {
        self.unkept.problem.as_deref()
    }

    /// What is wrong, file by file.
    fn write_waiting(&mut self) -> BTreeMap<&'static str, StoreError> {
        let (chat, others): (Vec<_>, Vec<_>) = std::mem::take(&mut self.unkept.records).into_iter().partition(is_chat);
        let mut failed = BTreeMap::new();
        for record in others {
            let file = file(&record);
            if !failed.contains_key(file)
                && let Err(error) = self.write_record(&record)
            {
                failed.insert(file, error);
            }
            if failed.contains_key(file) {
                self.unkept.records.push(record);
            }
        }
        if !chat.is_empty()
            && let Err(error) = self.write_chat(&chat)
        {
            failed.insert(CHAT, error);
            self.unkept.records.extend(chat);
        }
        let sentences: Vec<_> = failed.values().map(ToString::to_string).collect();
        self.note((!sentences.is_empty()).then(|| sentences.join("; ")));
        failed
    }

    /// It is told once when it begins, and once when it ends.
    fn note(&mut self, problem: Option<String>) {
        match (&self.unkept.problem, &problem) {
            (None, Some(error)) => {
                tracing::warn!(name: "state-not-kept", %error, "the disk takes nothing: what changes now is lost by a power cut");
            }
            (Some(_), None) => tracing::info!(name: "state-kept-again", "the disk takes again what is to be kept"),
            (None, None) | (Some(_), Some(_)) => {}
        }
        self.unkept.problem = problem;
    }
}

#[cfg(test)]
mod tests;
