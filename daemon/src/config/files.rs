//! The section `[files]`.

use std::fmt;

use kiosk_call::Retention;
use serde::{Deserialize, Deserializer, de::Error as _};

use super::values;

/// `[files]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FilesSection {
    /// Files are taken from peers.
    pub accept: bool,
    /// The largest file that is taken or sent, MiB.
    #[serde(deserialize_with = "largest_mb")]
    pub largest_mb: u32,
    /// What may come, by content.
    #[serde(deserialize_with = "types")]
    pub types: Vec<TypeRule>,
    /// All received files together, MiB.
    #[serde(deserialize_with = "quota_mb")]
    pub quota_mb: u32,
    /// So much of the disk stays free, MiB.
    #[serde(deserialize_with = "keep_free_mb")]
    pub keep_free_mb: u32,
    /// The oldest files make room for new ones.
    pub replace_oldest: bool,
    /// How long received files are kept.
    #[serde(deserialize_with = "values::retention")]
    pub keep: Retention,
}

impl Default for FilesSection {
    fn default() -> Self {
        let types = ["image/*", "application/pdf", "text/plain"];
        Self {
            accept: true,
            largest_mb: 100,
            types: types.map(|rule| TypeRule(rule.to_owned())).to_vec(),
            quota_mb: 500,
            keep_free_mb: 200,
            replace_oldest: false,
            keep: Retention::UntilCallEnds,
        }
    }
}

/// A media type (RFC 6838 §4.2), `image/*` for all images, or `*/*`.
#[derive(Clone, PartialEq, Eq)]
pub struct TypeRule(String);

impl TypeRule {
    /// From how it is written; None: it is no such thing.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let (kind, sub) = text.split_once('/')?;
        let is_name = |part: &str| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
        };
        let fits = text == "*/*" || (is_name(kind) && (sub == "*" || is_name(sub)));
        fits.then(|| Self(text.to_ascii_lowercase()))
    }

    /// Whether files of this type may come.
    #[must_use]
    pub fn allows(&self, media_type: &str) -> bool {
        match self.0.strip_suffix("/*") {
            Some("*") => true,
            Some(kind) => media_type.split_once('/').is_some_and(|(found, _)| found == kind),
            None => self.0 == media_type,
        }
    }
}

impl fmt::Debug for TypeRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn types<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<TypeRule>, D::Error> {
    let written = Vec::<String>::deserialize(deserializer)?;
    let rule = |text: &String| {
        let sentence = || format!("'{text}' is not a media type; write it like image/png, image/* or */*");
        TypeRule::new(text).ok_or_else(|| D::Error::custom(sentence()))
    };
    written.iter().map(rule).collect()
}

fn mebibytes<'de, D: Deserializer<'de>>(deserializer: D, least: u32) -> Result<u32, D::Error> {
    const MOST: u32 = 1 << 20;
    let number = i64::deserialize(deserializer)?;
    let fits = u32::try_from(number).ok().filter(|number| (least..=MOST).contains(number));
    fits.ok_or_else(|| D::Error::custom(format!("{number} is not in {least} to {MOST} MiB")))
}

fn largest_mb<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    mebibytes(deserializer, 1)
}

fn quota_mb<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    mebibytes(deserializer, 1)
}

fn keep_free_mb<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    mebibytes(deserializer, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_named_or_by_family() {
        let allows = |rule: &str, found: &str| TypeRule::new(rule).expect(rule).allows(found);
        assert!(
            allows("image/*", "image/png") && allows("IMAGE/PNG", "image/png") && allows("*/*", "text/x-shellscript")
        );
        assert!(
            !allows("image/*", "imagery/png") && !allows("image/png", "image/jpeg") && !allows("text/*", "image/png")
        );
        for wrong in ["", "image", "*", "*/png", "image/", "/png", "image/p ng", "image/*/x"] {
            assert_eq!(TypeRule::new(wrong), None, "{wrong}");
        }
    }
}
