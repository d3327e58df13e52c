//! The section `[chat]`.

use kiosk_call::Retention;
use serde::Deserialize;

use super::values;

/// `[chat]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChatSection {
    /// How long what was said is kept.
    #[serde(deserialize_with = "values::retention")]
    pub keep: Retention,
    /// What can be said with one press; empty: four common answers in the panel's language.
    #[serde(deserialize_with = "values::quick_replies")]
    pub quick_replies: Vec<String>,
}

impl Default for ChatSection {
    fn default() -> Self {
        Self { keep: Retention::UntilCallEnds, quick_replies: Vec::new() }
    }
}
