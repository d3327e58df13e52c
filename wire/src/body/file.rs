//! Files, as they are offered.

use serde::{Deserialize, Serialize};

use crate::{FileId, Hash, Refusal};

/// Longest name of a file, characters; longest media type, bytes.
const LONGEST_FILE_NAME: usize = 128;
const LONGEST_MEDIA_TYPE: usize = 100;
/// Largest integer that every implementation can hold (RFC 7493 §2.2).
const LARGEST_INTEGER: u64 = (1 << 53) - 1;

/// A file that its holder wants to send.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileOffer {
    /// Made by the sender; the same when it is offered again.
    pub id: FileId,
    /// Without a folder: 1…128 characters.
    pub name: String,
    /// Media type (RFC 6838) as the sender has it; the receiver looks for itself.
    #[serde(rename = "type")]
    pub media_type: String,
    /// Bytes, at least 1.
    pub size: u64,
    /// Of all of it.
    pub sha256: Hash,
}

impl FileOffer {
    /// The same, if its members are within their limits.
    ///
    /// # Errors
    /// [`Refusal::BodyLimit`].
    pub fn checked(self) -> Result<Self, Refusal> {
        let named = (1..=LONGEST_FILE_NAME).contains(&self.name.chars().count())
            && !self.name.contains(|letter: char| letter.is_control() || letter == '/' || letter == '\\');
        let typed = (1..=LONGEST_MEDIA_TYPE).contains(&self.media_type.len())
            && self.media_type.bytes().all(|byte| byte.is_ascii_graphic());
        let sized = (1..=LARGEST_INTEGER).contains(&self.size);
        if named && typed && sized { Ok(self) } else { Err(Refusal::BodyLimit) }
    }
}

/// Why a file is not sent or not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileRefusal {
    /// A person said no.
    Declined,
    /// It is too large.
    Size,
    /// Files of this type are not taken, or it is not of the type that it claims.
    Type,
    /// There is no room for it.
    Quota,
    /// What came is not what was offered.
    Hash,
    /// The disk failed.
    Storage,
    /// The sender or receiver stopped it.
    Stopped,
}
