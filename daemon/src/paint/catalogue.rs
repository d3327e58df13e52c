//! Every word that the panel says, in the languages that it knows: Fluent catalogues (projectfluent.org) below `daemon/locales`.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement};
use thiserror::Error;
use unic_langid::{CharacterDirection, LanguageIdentifier};

/// The catalogues, by language.
const CATALOGUES: [(&str, &str); 6] = [
    ("en", include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/locales/en.ftl"))),
    ("de", include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/locales/de.ftl"))),
    ("fr", include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/locales/fr.ftl"))),
    ("es", include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/locales/es.ftl"))),
    ("ja", include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/locales/ja.ftl"))),
    ("ar", include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/locales/ar.ftl"))),
];

/// How many replies a person can give with one press.
const REPLIES: usize = 4;

/// A language that the panel speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Language(usize);

/// There is no catalogue of this language.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("the panel does not speak '{wanted}'; it speaks {known}", known = Language::known())]
pub struct UnknownLanguage {
    wanted: String,
}

impl Language {
    /// English.
    pub const ENGLISH: Self = Self(0);

    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..CATALOGUES.len()).map(Self)
    }

    /// By its tag (BCP 47), or that of a region where it is spoken: "de", "de-AT".
    ///
    /// # Errors
    /// If there is no catalogue of it.
    pub fn new(tag: &str) -> Result<Self, UnknownLanguage> {
        let wanted: Option<LanguageIdentifier> = tag.parse().ok();
        let speaks =
            |language: &Self| wanted.as_ref().is_some_and(|wanted| wanted.language.as_str() == language.code());
        Self::all().find(speaks).ok_or_else(|| UnknownLanguage { wanted: tag.to_owned() })
    }

    /// Its tag.
    #[must_use]
    pub fn code(self) -> &'static str {
        CATALOGUES[self.0].0
    }

    fn known() -> String {
        Self::all().map(Self::code).collect::<Vec<_>>().join(", ")
    }

    /// It is written from right to left.
    pub(super) fn is_rtl(self) -> bool {
        self.identifier().character_direction() == CharacterDirection::RTL
    }

    fn identifier(self) -> LanguageIdentifier {
        self.code().parse().expect("a tag of ours")
    }

    fn catalogue(self) -> &'static str {
        CATALOGUES[self.0].1
    }
}

impl Default for Language {
    fn default() -> Self {
        Self::ENGLISH
    }
}

/// What can be said with one press in a language, unless the config says otherwise.
#[must_use]
pub fn quick_replies(language: Language) -> Vec<String> {
    let texts = Texts::new(language, &BTreeMap::new()).expect("no override can be wrong");
    ["reply-1", "reply-2", "reply-3", "reply-4"].map(|key| texts.say(key)).into_iter().take(REPLIES).collect()
}

/// An override that cannot be taken.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum TextError {
    /// Not in the catalogue.
    #[error("there is no text '{key}'{}", .near.as_ref().map(|near| format!("; did you mean '{near}'?")).unwrap_or_default())]
    Unknown {
        /// What was overridden.
        key: String,
        /// The nearest key.
        near: Option<String>,
    },
    /// Fluent does not read it.
    #[error("'{0}' is not a text: curly brackets stand around the name of a value, like {{ $name }}")]
    Syntax(String),
    /// It names a value that this text does not have.
    #[error("'{key}' has no value ${value}; it has {known}")]
    Value {
        /// What was overridden.
        key: String,
        /// What it names.
        value: String,
        /// What could be named.
        known: String,
    },
}

/// The words of one language, some of them perhaps the integrator's.
pub(super) struct Texts {
    bundle: FluentBundle<FluentResource>,
}

impl Texts {
    /// The catalogue of a language, with some texts in the words of the config.
    ///
    /// # Errors
    /// If one of those cannot be taken.
    pub(super) fn new(language: Language, own: &BTreeMap<String, String>) -> Result<Self, TextError> {
        let mut bundle = FluentBundle::new_concurrent(vec![language.identifier()]);
        let catalogue = FluentResource::try_new(language.catalogue().to_owned()).expect("a test reads each");
        bundle.add_resource(catalogue).expect("a test finds no key twice");
        for (key, text) in own {
            bundle.add_resource_overriding(checked(key, text)?);
        }
        Ok(Self { bundle })
    }

    /// A text without values.
    pub(super) fn say(&self, key: &str) -> String {
        self.tell(key, &[])
    }

    /// A text with values.
    pub(super) fn tell(&self, key: &str, values: &[(&'static str, Value<'_>)]) -> String {
        let mut args = FluentArgs::new();
        for (name, value) in values {
            match value {
                Value::Text(text) => args.set(*name, FluentValue::String(Cow::Borrowed(text))),
                Value::Number(number) => args.set(*name, FluentValue::from(*number)),
            }
        }
        let pattern = self.bundle.get_message(key).and_then(|message| message.value());
        // What is missing is seen by its key; a test finds every key that is asked for.
        pattern.map_or_else(
            || key.to_owned(),
            |pattern| self.bundle.format_pattern(pattern, Some(&args), &mut Vec::new()).into_owned(),
        )
    }
}

impl fmt::Debug for Texts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Texts").field("locales", &self.bundle.locales).finish_non_exhaustive()
    }
}

/// What stands in a text.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value<'a> {
    Text(&'a str),
    Number(u64),
}

/// Whether these overrides can be taken, before a panel is there.
///
/// # Errors
/// If one cannot.
pub fn check_texts(own: &BTreeMap<String, String>) -> Result<(), TextError> {
    own.iter().try_for_each(|(key, text)| checked(key, text).map(drop))
}

/// An override as a resource of its own.
fn checked(key: &str, text: &str) -> Result<FluentResource, TextError> {
    let values = values_of(Language::ENGLISH.catalogue());
    let Some(known) = values.get(key) else {
        let near = values.keys().map(|known| (strsim::jaro_winkler(key, known), known));
        let near = near.filter(|(likeness, _)| *likeness > 0.8).max_by(|(a, _), (b, _)| a.total_cmp(b));
        return Err(TextError::Unknown { key: key.to_owned(), near: near.map(|(_, near)| near.clone()) });
    };
    // One paragraph: a line break would begin something new.
    let source = format!("{key} = {}", text.replace(['\n', '\r'], " "));
    let syntax = || TextError::Syntax(text.to_owned());
    for value in values_of(&source).remove(key).ok_or_else(syntax)? {
        if !known.contains(&value) {
            let list = known.iter().map(|name| format!("${name}")).collect::<Vec<_>>().join(", ");
            let known = if list.is_empty() { "none".to_owned() } else { list };
            return Err(TextError::Value { key: key.to_owned(), value, known });
        }
    }
    FluentResource::try_new(source).map_err(|_| syntax())
}

/// The keys of a catalogue and the values that each names, each once, in the order of the alphabet. What cannot be read is missing.
fn values_of(catalogue: &str) -> BTreeMap<String, Vec<String>> {
    let Ok(resource) = fluent_syntax::parser::parse(catalogue) else { return BTreeMap::new() };
    let mut keys = BTreeMap::new();
    for entry in &resource.body {
        if let Entry::Message(message) = entry
            && let Some(pattern) = &message.value
        {
            let mut values = Vec::new();
            in_pattern(pattern, &mut values);
            values.sort_unstable();
            values.dedup();
            keys.insert(message.id.name.to_owned(), values);
        }
    }
    keys
}

fn in_pattern(pattern: &Pattern<&str>, values: &mut Vec<String>) {
    for element in &pattern.elements {
        match element {
            PatternElement::TextElement { .. } => {}
            PatternElement::Placeable { expression } => in_expression(expression, values),
        }
    }
}

fn in_expression(expression: &Expression<&str>, values: &mut Vec<String>) {
    match expression {
        Expression::Inline(inline) => in_inline(inline, values),
        Expression::Select { selector, variants } => {
            in_inline(selector, values);
            variants.iter().for_each(|variant| in_pattern(&variant.value, values));
        }
    }
}

fn in_inline(inline: &InlineExpression<&str>, values: &mut Vec<String>) {
    match inline {
        InlineExpression::VariableReference { id } => values.push(id.name.to_owned()),
        InlineExpression::Placeable { expression } => in_expression(expression, values),
        InlineExpression::StringLiteral { .. } | InlineExpression::NumberLiteral { .. } => {}
        // References to other messages, terms and functions: nothing in our catalogues needs them.
        InlineExpression::FunctionReference { id, .. }
        | InlineExpression::MessageReference { id, .. }
        | InlineExpression::TermReference { id, .. } => values.push(id.name.to_owned()),
    }
}

/// `M:SS`, or `H:MM:SS` from an hour on.
pub(super) fn call_time(seconds: u64) -> String {
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// One or two letters that stand for a name.
pub(super) fn initials(name: &str) -> String {
    let first = |word: &str| word.chars().find(|c| c.is_alphanumeric());
    let mut letters = name.split_whitespace().filter_map(first);
    let start = letters.next();
    let end = letters.next_back();
    start.into_iter().chain(end).flat_map(char::to_uppercase).take(3).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(language: &str) -> Texts {
        Texts::new(Language::new(language).expect("is known"), &BTreeMap::new()).expect("nothing is overridden")
    }

    /// Without the marks that keep the direction of what stands in a text.
    fn plain(text: &str) -> String {
        text.replace(['\u{2068}', '\u{2069}'], "")
    }

    #[test]
    fn every_catalogue_has_the_same_keys_and_values() {
        let english = values_of(Language::ENGLISH.catalogue());
        for language in Language::all() {
            fluent_syntax::parser::parse(language.catalogue())
                .unwrap_or_else(|(_, errors)| panic!("{}: {errors:?}", language.code()));
            let theirs = values_of(language.catalogue());
            for (key, values) in &english {
                assert_eq!(theirs.get(key), Some(values), "{} of {}", key, language.code());
            }
            let more: Vec<_> = theirs.keys().filter(|key| !english.contains_key(*key)).collect();
            assert!(more.is_empty(), "{} has {more:?}", language.code());
            Texts::new(language, &BTreeMap::new()).expect("has no key twice");
        }
    }

    /// Plurals that a language tells apart (CLDR, "Language Plural Rules", cardinals), for each text that counts.
    #[test]
    fn plurals_are_complete() {
        let wanted: [(&str, &[&str]); 6] = [
            ("en", &["one", "other"]),
            ("de", &["one", "other"]),
            ("fr", &["one", "other"]),
            ("es", &["one", "other"]),
            ("ja", &["other"]),
            ("ar", &["zero", "one", "two", "few", "many", "other"]),
        ];
        for (code, forms) in wanted {
            let language = Language::new(code).expect("is known");
            for key in ["retry-in", "announced", "ask-left", "pairing-left", "chat-new", "reconnecting"] {
                let from = language.catalogue().find(&format!("\n{key} =")).expect("is there") + 1;
                let block: String = language.catalogue()[from..].lines().take_while(|line| *line != "    }").collect();
                for form in forms {
                    assert!(block.contains(&format!("[{form}]")), "{key} of {code} lacks [{form}]");
                }
            }
        }
    }

    /// Every key that is said is there, and every one that is there is said.
    #[test]
    fn catalogue_and_code_agree() {
        let known = values_of(Language::ENGLISH.catalogue());
        let mut code = String::new();
        for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/paint")).expect("the source is here") {
            let path = entry.expect("is readable").path();
            if path.extension().is_some_and(|ending| ending == "rs") && !path.ends_with("tests.rs") {
                code.push_str(&std::fs::read_to_string(path).expect("is text"));
            }
        }
        for key in known.keys() {
            assert!(code.contains(&format!("\"{key}\"")), "nobody says '{key}'");
        }
        for said in code.split(".say(\"").skip(1).chain(code.split(".tell(\"").skip(1)) {
            let key = said.split('"').next().expect("has an end");
            assert!(known.contains_key(key), "there is no '{key}'");
        }
    }

    #[test]
    fn languages_are_found_by_their_tags() {
        for (tag, code) in
            [("de", "de"), ("de-AT", "de"), ("pt", ""), ("AR", "ar"), ("ja_JP", "ja"), ("", ""), ("?", "")]
        {
            let language = Language::new(tag).map(Language::code);
            assert_eq!(language.as_ref().copied().unwrap_or(""), code, "{tag}");
        }
        let error = Language::new("klingon").expect_err("nobody speaks it").to_string();
        assert_eq!(error, "the panel does not speak 'klingon'; it speaks en, de, fr, es, ja, ar");
        let rtl: Vec<_> = Language::all().filter(|language| language.is_rtl()).map(Language::code).collect();
        assert_eq!(rtl, ["ar"]);
    }

    #[test]
    fn numbers_come_in_the_right_form() {
        let left =
            |language: &str, seconds| plain(&texts(language).tell("retry-in", &[("seconds", Value::Number(seconds))]));
        assert_eq!(left("en", 1), "Trying again in 1 second");
        assert_eq!(left("en", 7), "Trying again in 7 seconds");
        assert_eq!(left("fr", 0), "Nouvel essai dans 0 seconde");
        assert_eq!(left("ar", 2), "محاولة جديدة بعد ثانيتين");
        assert_eq!(left("ar", 3), "محاولة جديدة بعد 3 ثوانٍ");
        assert_eq!(left("ar", 11), "محاولة جديدة بعد 11 ثانية");
    }

    #[test]
    fn every_language_has_four_replies() {
        for language in Language::all() {
            let replies = quick_replies(language);
            assert_eq!(replies.len(), REPLIES);
            assert!(replies.iter().all(|reply| !reply.is_empty() && !reply.starts_with("reply")), "{replies:?}");
        }
    }

    #[test]
    fn a_house_may_use_its_own_words() {
        let own = |key: &str, text: &str| BTreeMap::from([(key.to_owned(), text.to_owned())]);
        let english = |key: &str, text: &str| Texts::new(Language::ENGLISH, &own(key, text));
        let texts = english("idle", "Ask a nurse").expect("is taken");
        assert_eq!((texts.say("idle"), texts.say("booting")), ("Ask a nurse".to_owned(), "Starting".to_owned()));
        let named = english("pairing-done-more", "Hello { $name }").expect("is taken");
        assert_eq!(plain(&named.tell("pairing-done-more", &[("name", Value::Text("A"))])), "Hello A");
        for (key, text, said) in [
            ("idel", "x", "there is no text 'idel'; did you mean 'idle'?"),
            ("zzz", "x", "there is no text 'zzz'"),
            ("idle", "{ $name }", "'idle' has no value $name; it has none"),
            ("receiving", "{ $nmae }", "'receiving' has no value $nmae; it has $name"),
            ("idle", "{ $", "'{ $' is not a text: curly brackets stand around the name of a value, like { $name }"),
            ("idle", "", "'' is not a text: curly brackets stand around the name of a value, like { $name }"),
        ] {
            assert_eq!(check_texts(&own(key, text)).expect_err("is wrong").to_string(), said);
        }
        assert_eq!(english("idle", "a\nb = c").expect("one line").say("idle"), "a b = c");
    }

    #[test]
    fn times_read_well() {
        assert_eq!(
            [0, 59, 60, 3_599, 3_600, 36_061].map(call_time),
            ["0:00", "0:59", "1:00", "59:59", "1:00:00", "10:01:01"]
        );
    }

    #[test]
    fn initials_come_from_first_and_last_word() {
        for (name, expected) in [
            ("Front desk", "FD"),
            ("anna", "A"),
            ("Anna Maria Berg", "AB"),
            ("", ""),
            ("… 7th floor", "7F"),
            ("ß", "SS"),
        ] {
            assert_eq!(initials(name), expected, "{name}");
        }
    }
}
