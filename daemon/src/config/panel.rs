//! The section `[panel]`.

use std::{collections::BTreeMap, path::PathBuf};

use kiosk_hal::linux::{ModeWish, Rotation};
use serde::{Deserialize, Deserializer, de::Error as _};
use url::Url;

use super::{
    ConfigError, Layers,
    values::{self, PanelSize},
};
use crate::paint::{Color, Language, Look, Palette, check_texts};

/// `[panel]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PanelSection {
    /// Size of the simulated panel, and while no monitor is there.
    #[serde(deserialize_with = "values::panel_size")]
    pub size: PanelSize,
    /// The connector; None: the first with a monitor.
    #[serde(deserialize_with = "values::connector")]
    pub connector: Option<String>,
    /// The mode.
    #[serde(deserialize_with = "values::mode")]
    pub mode: ModeWish,
    /// How the picture is turned.
    #[serde(deserialize_with = "values::rotation")]
    pub rotation: Rotation,
    /// Use more planes than one.
    pub planes: bool,
    /// Seconds; 0: never.
    #[serde(deserialize_with = "values::blank_after")]
    pub blank_after_s: u32,
    /// Switch the television.
    pub cec: bool,
    /// People see themselves.
    pub self_view: bool,
    /// In which language it speaks.
    #[serde(deserialize_with = "language")]
    pub language: Language,
    /// Text is larger.
    pub large_text: bool,
    /// The time of the day is shown.
    pub clock: bool,
    /// PNG or SVG.
    #[serde(deserialize_with = "file")]
    pub logo: Option<PathBuf>,
    /// At the top of the screen; None: the kiosk's name, where there is no logo.
    #[serde(deserialize_with = "title")]
    pub title: Option<String>,
    /// Where help is.
    #[serde(deserialize_with = "address")]
    pub support_url: Option<String>,
    /// The colours of the house.
    pub colors: ColorsSection,
    /// The words of the house, by the keys of the catalogue.
    pub texts: BTreeMap<String, String>,
}

impl Default for PanelSection {
    fn default() -> Self {
        Self {
            size: PanelSize::default(),
            connector: None,
            mode: ModeWish::Auto,
            rotation: Rotation::None,
            planes: true,
            blank_after_s: 0,
            cec: true,
            self_view: true,
            language: Language::ENGLISH,
            large_text: false,
            clock: true,
            logo: None,
            title: None,
            support_url: None,
            colors: ColorsSection::default(),
            texts: BTreeMap::new(),
        }
    }
}

/// `[panel.colors]`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ColorsSection {
    /// What can be done here.
    #[serde(deserialize_with = "color")]
    pub accent: Color,
    /// Behind everything.
    #[serde(deserialize_with = "color")]
    pub ground: Color,
    /// Text; None: light or dark, as the ground wants it.
    #[serde(deserialize_with = "some_color")]
    pub text: Option<Color>,
}

impl Default for ColorsSection {
    fn default() -> Self {
        Self { accent: Palette::ACCENT, ground: Palette::GROUND, text: None }
    }
}

impl PanelSection {
    /// Refuses colours that cannot be read together, and words for which there is no place.
    pub(super) fn refuse(&self, layers: &Layers) -> Result<(), ConfigError> {
        if let Err(error) = self.palette() {
            let key = if self.colors.ground == Palette::GROUND { "accent" } else { "ground" };
            return Err(layers.at(&["panel", "colors", key], format!("{key}: {error}")));
        }
        for (key, text) in &self.texts {
            let one = BTreeMap::from([(key.clone(), text.clone())]);
            check_texts(&one).map_err(|error| layers.at(&["panel", "texts", key], error.to_string()))?;
        }
        Ok(())
    }

    fn palette(&self) -> Result<Palette, crate::paint::PaletteError> {
        Palette::new(self.colors.accent, self.colors.ground, self.colors.text)
    }

    /// What the house decides about all screens.
    #[must_use]
    pub fn look(&self) -> Look {
        Look {
            language: self.language,
            large_text: self.large_text,
            // Checked when the config was read.
            palette: self.palette().unwrap_or_default(),
            logo: self.logo.clone(),
            title: self.title.clone(),
            texts: self.texts.clone(),
            support_url: self.support_url.clone(),
            clock: self.clock,
            is_last_good: false,
        }
    }
}

fn language<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Language, D::Error> {
    let tag = String::deserialize(deserializer)?;
    Language::new(&tag).map_err(D::Error::custom)
}

fn color<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Color, D::Error> {
    values::colour(deserializer).map(Color::rgb)
}

fn some_color<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Color>, D::Error> {
    color(deserializer).map(Some)
}

/// None for "".
fn file<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PathBuf>, D::Error> {
    let path = PathBuf::deserialize(deserializer)?;
    Ok((!path.as_os_str().is_empty()).then_some(path))
}

/// None for "".
fn title<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    const LONGEST: usize = 64;
    let title = String::deserialize(deserializer)?;
    if title.chars().count() > LONGEST || title.contains(char::is_control) {
        return Err(D::Error::custom(format!("'{title}' is not a title: up to {LONGEST} characters in one line")));
    }
    Ok((!title.is_empty()).then_some(title))
}

/// None for "".
fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    /// Longer, and the code to scan gets too fine for a telephone's camera.
    const LONGEST: usize = 200;
    let address = String::deserialize(deserializer)?;
    if address.is_empty() {
        return Ok(None);
    }
    let fits = address.len() <= LONGEST && Url::parse(&address.replace(['{', '}'], "")).is_ok();
    if fits {
        Ok(Some(address))
    } else {
        Err(D::Error::custom(format!(
            "'{address}' is not an address: write a URL of at most {LONGEST} bytes, in which {{kiosk}} and {{code}} are filled in"
        )))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Config;

    fn parse(text: &str) -> Result<PanelSection, String> {
        Config::parse(Path::new("kioskd.toml"), text).map(|config| config.panel).map_err(|error| error.to_string())
    }

    #[test]
    fn a_house_has_its_own_look() {
        let panel = parse(
            "[panel]\nlanguage = \"de-CH\"\nlarge_text = true\nclock = false\ntitle = \"Ward 3\"\nlogo = \"/etc/kioskd/logo.svg\"\n\
             support_url = \"https://help.example.org/{kiosk}?c={code}\"\n\
             [panel.colors]\naccent = \"#ffd100\"\nground = \"#101820\"\n[panel.texts]\nidle = \"Ask a nurse\"",
        )
        .expect("is taken");
        let look = panel.look();
        assert_eq!((look.language.code(), look.large_text, look.clock), ("de", true, false));
        assert_eq!(look.title.as_deref(), Some("Ward 3"));
        assert_eq!(look.texts.get("idle").map(String::as_str), Some("Ask a nurse"));
        assert_ne!(look.palette, Palette::default());
        assert_eq!(PanelSection::default().look(), Look { clock: true, ..Look::default() });
    }

    #[test]
    fn what_cannot_be_shown_is_refused_with_its_line() {
        for (text, said) in [
            (
                "[panel]\nlanguage = \"tlh\"",
                "kioskd.toml:2: language: the panel does not speak 'tlh'; it speaks en, de",
            ),
            ("[panel.colors]\naccent = \"#005eb8\"", "kioskd.toml:2: accent: the accent cannot be read on the ground"),
            (
                "[panel.colors]\naccent = \"#005eb8\"\nground = \"#777777\"",
                "kioskd.toml:3: ground: text on this ground cannot be read",
            ),
            ("[panel.colors]\naccent = \"red\"", "kioskd.toml:2: accent: 'red' is not a colour; write #RRGGBB"),
            (
                "[panel.texts]\nidle = \"a\"\nidel = \"b\"",
                "kioskd.toml:3: there is no text 'idel'; did you mean 'idle'?",
            ),
            ("[panel.texts]\nidle = \"{ $x }\"", "kioskd.toml:2: 'idle' has no value $x; it has none"),
            ("[panel]\nsupport_url = \"help\"", "kioskd.toml:2: support_url: 'help' is not an address"),
        ] {
            let error = parse(text).expect_err("is wrong");
            assert!(error.starts_with(said), "{error}");
        }
    }
}
