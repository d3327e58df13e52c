//! Variables of the environment: `KIOSKD_SERVER_URL` is the key `url` of `[server]`.

use super::{
    ConfigError,
    keys::{FREE, KEYS},
    source::{Place, Source, nearest},
};

/// What our variables begin with.
const PREFIX: &str = "KIOSKD_";
/// Those that are not of the config: where kioskctl asks.
const OTHERS: [&str; 1] = ["KIOSKD_SOCKET"];
/// Tables that have no variables for their keys, but one for all of it.
const WHOLE: [&str; 3] = ["trust.peer", "camera.controls", "panel.texts"];

/// The variables of the config, in the order of their names.
///
/// # Errors
/// [`ConfigError::Variable`], if one of ours is unknown, or not a value.
pub(super) fn sources(variables: impl Iterator<Item = (String, String)>) -> Result<Vec<Source>, ConfigError> {
    let is_ours = |name: &str| name.starts_with(PREFIX) && !OTHERS.contains(&name);
    let mut ours: Vec<_> = variables.filter(|(name, _)| is_ours(name)).collect();
    ours.sort();
    ours.into_iter().map(|(name, value)| source(name, &value)).collect()
}

fn source(name: String, value: &str) -> Result<Source, ConfigError> {
    let Some(known) = known().find(|known| known.name == name) else {
        let names: Vec<_> = known().map(|known| known.name).collect();
        let message = match nearest(names.iter().map(String::as_str), &name) {
            Some(nearest) => format!("there is no such key; did you mean {nearest}?"),
            None => format!("there is no such key; write {PREFIX}SECTION_KEY, like KIOSKD_SERVER_URL"),
        };
        return Err(ConfigError::Variable { name, message });
    };
    match value_like(known.example, value) {
        Some(parsed) => Ok(Source { place: Place::Variable(name), text: format!("{} = {parsed}", known.key) }),
        None => {
            let message = format!("'{value}' is not TOML; write it like {}", known.example);
            Err(ConfigError::Variable { name, message })
        }
    }
}

/// What somebody has written outside of a file: text as it is where `example` is text, else TOML. None: it is not.
pub(super) fn value_like(example: &str, text: &str) -> Option<toml::Value> {
    let is_text = example.starts_with('"') && !text.starts_with(['[', '"']);
    if is_text { Some(toml::Value::String(text.to_owned())) } else { text.parse().ok() }
}

/// A variable that can be set.
struct Known {
    name: String,
    /// With its tables, as a dotted key.
    key: String,
    /// As TOML.
    example: &'static str,
}

fn known() -> impl Iterator<Item = Known> {
    let has_variable = |section: &str| !FREE.contains(&section) && !WHOLE.contains(&section);
    let keys = KEYS.iter().filter(move |key| has_variable(key.section));
    let keys = keys.map(|key| (format!("{}.{}", key.section, key.name), key.value));
    let whole = ["[{ id = \"…\", name = \"…\" }]", "{ brightness = 10 }", "{ idle = \"Ask a nurse\" }"];
    let whole = WHOLE.into_iter().map(str::to_owned).zip(whole);
    keys.chain(whole).map(|(key, example)| Known {
        name: format!("{PREFIX}{}", key.replace('.', "_").to_uppercase()),
        key,
        example,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Vec<String>, String> {
        let owned = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let sources = sources(owned).map_err(|error| error.to_string())?;
        sources.iter().try_for_each(|source| source.read().map(drop)).map_err(|error| error.to_string())?;
        Ok(sources.into_iter().map(|source| source.text).collect())
    }

    #[test]
    fn each_key_has_a_variable_of_its_own() {
        let mut names: Vec<_> = known().map(|known| known.name).collect();
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]));
        assert!(names.iter().any(|name| name == "KIOSKD_PANEL_COLORS_ACCENT"));
        assert!(!names.iter().any(|name| OTHERS.contains(&name.as_str())));
    }

    #[test]
    fn variables_are_text_where_the_key_is_and_toml_elsewhere() {
        let variables = [
            ("PATH", "/bin"),
            ("KIOSKD_SOCKET", "/run/other"),
            ("KIOSKD_KIOSK_NAME", "Ward \"3\""),
            ("KIOSKD_SERVER_URL", "[\"wss://a.example/\", \"wss://b.example/\"]"),
            ("KIOSKD_SOUND_VOLUME", "30"),
            ("KIOSKD_CAMERA_CONTROLS", "{ brightness = 10 }"),
            ("KIOSKD_KIOSK_ROOM", "7"),
        ];
        let texts = [
            "camera.controls = { brightness = 10 }",
            "kiosk.name = 'Ward \"3\"'",
            "kiosk.room = \"7\"",
            "server.url = [\"wss://a.example/\", \"wss://b.example/\"]",
            "sound.volume = 30",
        ];
        assert_eq!(read(&variables).expect("they are taken"), texts);
    }

    #[test]
    fn mistakes_name_the_variable() {
        for (name, value, sentence) in [
            ("KIOSKD_SERVER_URI", "x", "there is no such key; did you mean KIOSKD_SERVER_URL?"),
            ("KIOSKD_", "x", "there is no such key; "),
            ("KIOSKD_SOUND_VOLUME", "loud", "'loud' is not TOML; write it like 70"),
            ("KIOSKD_SOUND_VOLUME", "3\nkiosk.name = \"x\"", "' is not TOML; write it like 70"),
            ("KIOSKD_SOUND_VOLUME", "101", "101 is not in 0 to 100 percent"),
            ("KIOSKD_KIOSK_ROOM", "Lobby 2", "'Lobby 2' is not a room: 1 to 63 of a-z"),
            ("KIOSKD_TRUST_PEER", "[{ idd = 1 }]", "unknown key 'idd' in [trust.peer]; did you mean 'id'?"),
        ] {
            let error = read(&[(name, value)]).expect_err(name);
            assert!(error.starts_with(&format!("{name} in the environment: ")) && error.contains(sentence), "{error}");
        }
    }
}
