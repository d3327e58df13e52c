//! What the server says over HTTP.

use crate::client::{config, get, raw, serve};

#[tokio::test]
async fn it_is_healthy() {
    let server = serve(config()).await;
    let answer = get(server.local_addr(), "/healthz").await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n\r\nok\n"), "{answer}");
}

/// A monitor knows the server by other names than its clients do.
#[tokio::test]
async fn metrics_are_prometheus_text_under_any_name() {
    let server = serve(config()).await;
    let request = "GET /metrics HTTP/1.1\r\nhost: monitor.example\r\nconnection: close\r\n\r\n";
    let answer = raw(server.local_addr(), request).await;
    assert!(
        answer.contains("content-type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n"),
        "{answer}"
    );
    assert!(answer.contains("\n# TYPE kiosk_connections gauge\nkiosk_connections 1\n"), "{answer}");
    assert!(answer.ends_with("# EOF\n"), "{answer}");
}

#[tokio::test]
async fn the_page_is_served_with_its_walls_up() {
    let server = serve(config()).await;
    let address = server.local_addr();
    let answer = get(address, "/").await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(answer.to_lowercase().contains("<!doctype html>"), "{answer}");
    for header in [
        "content-type: text/html; charset=utf-8",
        "cache-control: no-cache",
        "x-content-type-options: nosniff",
        "referrer-policy: no-referrer",
        "cross-origin-opener-policy: same-origin",
        "cross-origin-resource-policy: same-origin",
    ] {
        assert!(answer.contains(&format!("\r\n{header}\r\n")), "{header}: {answer}");
    }
    let policy = answer.lines().find_map(|line| line.strip_prefix("content-security-policy: ")).expect("a policy");
    for directive in [
        "default-src 'none'".to_owned(),
        "script-src 'self'".to_owned(),
        "media-src 'self' blob:".to_owned(),
        format!("connect-src 'self' ws://{address}"),
        "frame-ancestors 'none'".to_owned(),
    ] {
        assert!(policy.split("; ").any(|part| part.trim() == directive), "{directive}: {policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
}

#[tokio::test]
async fn only_what_is_there_is_served() {
    let server = serve(config()).await;
    let address = server.local_addr();
    for path in ["/no-such-page", "/../Cargo.toml", "//index.html/..", "/%2e%2e/Cargo.toml", "/assets/"] {
        let answer = get(address, path).await;
        assert!(answer.starts_with("HTTP/1.1 404 ") && answer.contains("default-src 'none'"), "{path}: {answer}");
    }
    let head = raw(address, &format!("HEAD / HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n")).await;
    assert!(head.starts_with("HTTP/1.1 200 ") && head.ends_with("\r\n\r\n"), "{head}");
    let post = format!("POST / HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
    assert!(raw(address, &post).await.starts_with("HTTP/1.1 405 "));
    let elsewhere = "GET / HTTP/1.1\r\nhost: rogue.example\r\nconnection: close\r\n\r\n";
    let answer = raw(address, elsewhere).await;
    assert!(answer.starts_with("HTTP/1.1 421 ") && answer.contains("--public-url"), "{answer}");
}

#[tokio::test]
async fn heads_are_bounded() {
    let server = serve(config()).await;
    let address = server.local_addr();
    let request = format!("GET / HTTP/1.1\r\nhost: {address}\r\nx: {}\r\n\r\n", "x".repeat(20_000));
    let answer = raw(address, &request).await;
    assert!(answer.starts_with("HTTP/1.1 431 ") || answer.is_empty(), "{answer}");
}
