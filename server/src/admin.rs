//! The admin page: rooms and who is in them, for whoever has the token (docs/server.md, "Admin page").

use std::{fmt, fs, path::Path};

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Response, StatusCode, header},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use kiosk_wire::Role;
use maud::{DOCTYPE, html};
use serde::Serialize;
use subtle::ConstantTimeEq as _;

use crate::{ServerError, page, rooms::ListedRoom};

/// A token shorter than this may be guessed.
const LEAST_CHARACTERS: usize = 16;

/// What opens the admin page.
#[derive(Clone)]
pub struct AdminToken(Vec<u8>);

impl AdminToken {
    /// Reads the token from a file; white space around it does not count.
    ///
    /// # Errors
    /// [`ServerError::Unreadable`], [`ServerError::ShortToken`].
    pub fn read(path: &Path) -> Result<Self, ServerError> {
        let text = fs::read_to_string(path).map_err(|source| ServerError::Unreadable {
            what: "admin token",
            path: path.to_owned(),
            source,
        })?;
        let token = text.trim();
        if token.chars().count() < LEAST_CHARACTERS {
            return Err(ServerError::ShortToken { path: path.to_owned(), least: LEAST_CHARACTERS });
        }
        Ok(Self(token.as_bytes().to_vec()))
    }

    /// Whether a request carries the token, as `Bearer` (RFC 6750 §2.1) or as the password of `Basic` (RFC 7617 §2), whose user
    /// name may be anything. How long the comparison takes tells nothing but the token's length.
    pub(crate) fn opens(&self, headers: &HeaderMap) -> bool {
        presented(headers).is_some_and(|token| self.0.ct_eq(&token).into())
    }
}

/// Never the token.
impl fmt::Debug for AdminToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdminToken").finish_non_exhaustive()
    }
}

/// The scheme's name is without case (RFC 9110 §11.1).
fn presented(headers: &HeaderMap) -> Option<Vec<u8>> {
    let (scheme, rest) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let rest = rest.trim_start_matches(' ');
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.as_bytes().to_vec());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = BASE64_STANDARD.decode(rest).ok()?;
    let colon = pair.iter().position(|&byte| byte == b':')?;
    pair.get(colon.saturating_add(1)..).map(<[u8]>::to_vec)
}

/// The answer to a request without the token. A browser asks its user for it (RFC 9110 §11.6.1).
pub(crate) fn challenge() -> Response<Body> {
    let mut response = page::text(StatusCode::UNAUTHORIZED, "This needs the admin token.\n");
    let headers = response.headers_mut();
    for scheme in [r#"Basic realm="kiosk-server", charset="UTF-8""#, r#"Bearer realm="kiosk-server""#] {
        headers.append(header::WWW_AUTHENTICATE, HeaderValue::from_static(scheme));
    }
    response
}

/// `/admin/rooms`.
pub(crate) fn json(rooms: &[ListedRoom]) -> Response<Body> {
    #[derive(Serialize)]
    struct Listing<'a> {
        rooms: &'a [ListedRoom],
    }
    let text = serde_json::to_string(&Listing { rooms }).expect("strings and numbers");
    typed(text, "application/json")
}

/// `/admin`. Names are what strangers call themselves: escaped, and `bdi` keeps their writing direction to themselves.
pub(crate) fn page(rooms: &[ListedRoom]) -> Response<Body> {
    let peers: usize = rooms.iter().map(|room| room.peers.len()).sum();
    let text = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width";
                meta name="color-scheme" content="light dark";
                title { "Rooms" }
            }
            body {
                main {
                    h1 { "Rooms" }
                    p { "Rooms: " (rooms.len()) ", peers: " (peers) ". " a href="/admin/rooms" { "As JSON" } }
                    @for room in rooms {
                        h2 { (room.room.as_str()) }
                        table {
                            thead {
                                tr { @for title in ["Role", "Name", "Seconds", "Peer"] { th scope="col" { (title) } } }
                            }
                            tbody {
                                @for peer in &room.peers {
                                    tr {
                                        td { (role(peer.role)) }
                                        td { bdi { (peer.name.as_str()) } }
                                        td { (peer.seconds) }
                                        td { code { (peer.id.to_string()) } }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    };
    typed(text.into_string(), "text/html; charset=utf-8")
}

const fn role(role: Role) -> &'static str {
    match role {
        Role::Kiosk => "kiosk",
        Role::Operator => "operator",
    }
}

/// With the walls of a plain sentence: never stored, nothing loaded, never framed.
fn typed(text: String, media_type: &'static str) -> Response<Body> {
    let mut response = page::text(StatusCode::OK, text);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_opens_in_either_scheme_and_nothing_else_does() {
        let token = AdminToken(b"correct horse battery".to_vec());
        let opens = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, HeaderValue::try_from(value).expect("visible characters"));
            token.opens(&headers)
        };
        let basic = |pair: &str| format!("Basic {}", BASE64_STANDARD.encode(pair));
        for good in [
            "Bearer correct horse battery".to_owned(),
            "bearer  correct horse battery".to_owned(),
            basic("admin:correct horse battery"),
            basic(":correct horse battery").replacen('B', "b", 1),
        ] {
            assert!(opens(&good), "{good}");
        }
        for bad in [
            "Bearer correct horse batterz".to_owned(),
            "Bearer correct horse".to_owned(),
            "Bearer ".to_owned(),
            "Bearer".to_owned(),
            "correct horse battery".to_owned(),
            "Digest correct horse battery".to_owned(),
            basic("correct horse battery:"),
            basic("correct horse battery"),
            basic("a:b:correct horse battery"),
            "Basic admin:correct horse battery".to_owned(),
            "Basic".to_owned(),
        ] {
            assert!(!opens(&bad), "{bad}");
        }
        assert!(!token.opens(&HeaderMap::new()));
        assert!(!format!("{token:?}").contains("horse"));
    }
}
