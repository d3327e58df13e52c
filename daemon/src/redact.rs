//! Text without what is secret in it, to be given to others.

use std::sync::LazyLock;

use regex::Regex;

/// Put in place of what is taken out.
pub const REDACTED: &str = "REDACTED";

/// A name that says that what follows is secret.
const NAMED: &str = r#"(?i)((?:[a-z0-9_-]*(?:password|passwd|passphrase|secret|token|credential|api[_-]?key|authorization)[a-z0-9_-]*)\\?["']?\s*[:=]\s*)"#;

/// What is secret wherever it stands: names and passwords in URLs, values of queries, what is called a password, a token or the like, and private keys.
static RULES: LazyLock<[(Regex, &str); 6]> = LazyLock::new(|| {
    let rule = |pattern: &str| Regex::new(pattern).expect("it is written here");
    [
        (
            rule(r"(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\z)"),
            "REDACTED PRIVATE KEY",
        ),
        (rule(r#"(?i)\b([a-z][a-z0-9+.-]*://)[^\s/?#@"'<>]*@"#), "${1}REDACTED@"),
        (rule(r#"([?&][^\s=&#"'<>\\]+=)[^\s&#"'<>\\]+"#), "${1}REDACTED"),
        // JSON within JSON.
        (rule(&format!(r#"{NAMED}\\".*?\\""#)), "${1}\\\"REDACTED\\\""),
        (rule(&format!(r#"{NAMED}"(?:[^"\\]|\\.)*""#)), "${1}\"REDACTED\""),
        (rule(&format!(r#"{NAMED}(?:(?:bearer|basic) )?[^\s"',;}}\]\\]+"#)), "${1}REDACTED"),
    ]
});

/// The text without what is secret.
#[must_use]
pub fn redact(text: &str) -> String {
    RULES.iter().fold(text.to_owned(), |text, (rule, instead)| rule.replace_all(&text, *instead).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_secret_is_taken_out_and_the_rest_stays() {
        for (text, expected) in [
            (
                "url = \"wss://kiosk:s3cr3t@a.example:3030/signaling\"",
                "url = \"wss://REDACTED@a.example:3030/signaling\"",
            ),
            ("WSS://s3cr3t@a.example", "WSS://REDACTED@a.example"),
            ("https://a.example/?kiosk={kiosk}&key=s3cr3t#x", "https://a.example/?kiosk=REDACTED&key=REDACTED#x"),
            ("KIOSKD_TOKEN=s3cr3t other=1", "KIOSKD_TOKEN=REDACTED other=1"),
            (
                "{\"turn_password\": \"s3 cr\\\"3t\", \"room\":\"lobby\"}",
                "{\"turn_password\": \"REDACTED\", \"room\":\"lobby\"}",
            ),
            (
                r#"{"value": "{\"a_token\": \"s3cr3t\"} https://a.example/?k=s3cr3t\""}"#,
                r#"{"value": "{\"a_token\": \"REDACTED\"} https://a.example/?k=REDACTED\""}"#,
            ),
            ("Authorization: Bearer s3cr3t", "Authorization: REDACTED"),
            (
                "a\n-----BEGIN EC PRIVATE KEY-----\ns3cr3t\n-----END EC PRIVATE KEY-----\nb",
                "a\nREDACTED PRIVATE KEY\nb",
            ),
            ("-----BEGIN PRIVATE KEY-----\ns3cr3t", "REDACTED PRIVATE KEY"),
            ("link down: cannot reach 127.0.0.1:9", "link down: cannot reach 127.0.0.1:9"),
            (
                "url = \"wss://a.example/signaling\"  # /etc/kioskd/kioskd.toml:2",
                "url = \"wss://a.example/signaling\"  # /etc/kioskd/kioskd.toml:2",
            ),
        ] {
            assert_eq!(redact(text), expected);
        }
    }
}
