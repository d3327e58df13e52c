//! The operator's page, as built into this binary.

use axum::http::{HeaderName, HeaderValue, Method, Response, StatusCode, header};

use crate::audience::Origin;

type Body = axum::body::Body;

/// Paths below `/` and their bytes, sorted by path.
static FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/console.rs"));

/// Headers of every answer. HSTS is left to whoever has a certificate that browsers trust.
const SECURITY: &[(&str, &str)] = &[
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("x-frame-options", "DENY"),
    ("cross-origin-opener-policy", "same-origin"),
    (
        "permissions-policy",
        "camera=(self), microphone=(self), display-capture=(self), speaker-selection=(self), screen-wake-lock=(self), \
         fullscreen=(self), geolocation=(), payment=(), usb=(), serial=(), hid=(), midi=()",
    ),
];

/// The script that other sites' pages load: itself, and whatever modules it imports.
fn is_for_others(name: &str) -> bool {
    name == "kiosk.js" || (name.starts_with("assets/") && name.ends_with(".js"))
}

/// The file at this path of the URL, for a browser that reached us as `origin`.
pub(crate) fn answer(method: &Method, path: &str, origin: &Origin) -> Response<Body> {
    if method != Method::GET && method != Method::HEAD {
        return text(StatusCode::METHOD_NOT_ALLOWED, "Only GET and HEAD.\n");
    }
    let name = if path == "/" { "index.html" } else { path.trim_start_matches('/') };
    let Some(&(_, bytes)) = FILES.iter().find(|(file, _)| *file == name) else {
        return text(StatusCode::NOT_FOUND, "There is no such page.\n");
    };
    file(name, if method == Method::HEAD { Body::empty() } else { Body::from(bytes) }, bytes.len(), origin)
}

fn file(name: &str, body: Body, length: usize, origin: &Origin) -> Response<Body> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type(name)));
    headers.insert(header::CONTENT_LENGTH, length.into());
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching(name)));
    if let Ok(policy) = HeaderValue::try_from(content_security_policy(origin)) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    let mut policy = "same-origin";
    if is_for_others(name) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        policy = "cross-origin";
    }
    headers.insert(HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static(policy));
    secure(response)
}

/// A plain sentence.
pub(crate) fn text(status: StatusCode, sentence: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(sentence.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    );
    secure(response)
}

fn secure(mut response: Response<Body>) -> Response<Body> {
    for (name, value) in SECURITY {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

/// CSP3. Not every browser lets 'self' stand for the WebSocket of the same host, so it is named.
fn content_security_policy(origin: &Origin) -> String {
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; \
         font-src 'self'; connect-src 'self' {origin}; worker-src 'self' blob:; manifest-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'"
    )
}

/// Files below `assets/` carry a hash of their bytes in their name.
fn caching(name: &str) -> &'static str {
    if name.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" }
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "woff2" => "font/woff2",
        "wav" => "audio/wav",
        "mp3" => "audio/mpeg",
        "ogg" | "opus" => "audio/ogg",
        "wasm" => "application/wasm",
        "txt" | "d.ts" | "ts" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hashed_files_are_kept() {
        assert_eq!(caching("index.html"), "no-cache");
        assert_eq!(caching("kiosk.js"), "no-cache");
        assert!(caching("assets/index-4fQk2.js").contains("immutable"));
    }

    #[test]
    fn other_sites_may_load_the_script_and_its_modules_only() {
        let origin = "https://calls.example".parse().expect("an origin");
        for (name, theirs) in
            [("kiosk.js", true), ("assets/keys-4fQk2.js", true), ("index.html", false), ("assets/a.css", false)]
        {
            let response = file(name, Body::empty(), 0, &origin);
            let header = |name| response.headers().get(name).and_then(|value: &HeaderValue| value.to_str().ok());
            assert_eq!(header("access-control-allow-origin"), theirs.then_some("*"), "{name}");
            let expected = if theirs { "cross-origin" } else { "same-origin" };
            assert_eq!(header("cross-origin-resource-policy"), Some(expected), "{name}");
            let policy = header("content-security-policy").unwrap_or_default();
            assert!(policy.contains("connect-src 'self' wss://calls.example;"), "{policy}");
        }
    }

    #[test]
    fn scripts_are_scripts() {
        assert_eq!(media_type("assets/index-4fQk2.js"), "text/javascript; charset=utf-8");
        assert_eq!(media_type("no-ending"), "application/octet-stream");
    }
}
