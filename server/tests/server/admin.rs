//! The admin page: for whoever has the token, and for nobody else.

use std::net::SocketAddr;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use kiosk_server::{AdminToken, Config, Server};
use kiosk_wire::{Name, SessionCertificate};

use crate::{
    client::{Link, config, get, metric, raw, serve, wall},
    peer::{Challenge, Peer},
};

const TOKEN: &str = "one-that-nobody-guesses";

async fn with_admin() -> Server {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("token");
    std::fs::write(&path, format!("{TOKEN}\n")).expect("a file");
    serve(Config { admin: Some(AdminToken::read(&path).expect("long enough")), ..config() }).await
}

async fn ask(server: SocketAddr, method: &str, path: &str, authorization: &str) -> String {
    let head = format!("{method} {path} HTTP/1.1\r\nhost: {server}\r\nauthorization: {authorization}\r\n");
    raw(server, &format!("{head}connection: close\r\n\r\n")).await
}

fn bearer() -> String {
    format!("Bearer {TOKEN}")
}

fn basic() -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("admin:{TOKEN}")))
}

/// The walls of all pages, as `pages.rs` wants them, and never kept.
fn assert_walls(answer: &str) {
    for header in [
        "cache-control: no-store",
        "content-security-policy: default-src 'none'; frame-ancestors 'none'",
        "x-content-type-options: nosniff",
        "referrer-policy: no-referrer",
        "x-frame-options: DENY",
        "cross-origin-opener-policy: same-origin",
    ] {
        assert!(answer.contains(&format!("\r\n{header}\r\n")), "{header}: {answer}");
    }
    assert!(!answer.contains("access-control-allow-origin"), "{answer}");
}

/// A kiosk that calls itself by something that is no name, in the lobby.
async fn hostile(server: SocketAddr, peer: &Peer) -> Link {
    let mut link = Link::open(server).await;
    let challenge = Challenge::read(&link.text().await);
    let name = Name::try_from("<script>x</script>&\"'".to_owned()).expect("no control character");
    let certificate = SessionCertificate { name, ..peer.certificate(&challenge, wall()) };
    link.send(peer.auth_with(&certificate, &challenge).to_text()).await;
    link.frame().await;
    link
}

#[tokio::test]
async fn without_the_token_nothing_is_told() {
    let server = with_admin().await;
    let address = server.local_addr();
    let peer = Peer::new(1, 0);
    let _link = hostile(address, &peer).await;
    let wrong = format!("Basic {}", BASE64_STANDARD.encode(format!("{TOKEN}:admin")));
    let mut refusals = 0;
    for path in ["/admin", "/admin/rooms"] {
        for method in ["GET", "HEAD", "POST"] {
            for authorization in ["", "Bearer", "Bearer one-that-nobody-guesset", &wrong] {
                let answer = ask(address, method, path, authorization).await;
                refusals += 1;
                assert!(answer.starts_with("HTTP/1.1 401 "), "{method} {path} {authorization:?}: {answer}");
                assert!(answer.contains("\r\nwww-authenticate: Basic realm=\"kiosk-server\""), "{answer}");
                assert_walls(&answer);
                for secret in [TOKEN, "lobby", "script", &peer.id().to_string()] {
                    assert!(!answer.contains(secret), "{secret}: {answer}");
                }
                let said = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
                assert_eq!(said, if method == "HEAD" { "" } else { "This needs the admin token.\n" });
            }
        }
    }
    let counted = metric(address, r#"kiosk_refusals_total{reason="admin-token"}"#).await;
    assert_eq!(counted, Some(refusals));
}

#[tokio::test]
async fn with_the_token_rooms_and_peers_are_listed() {
    let server = with_admin().await;
    let address = server.local_addr();
    let peer = Peer::new(1, 0);
    let _link = hostile(address, &peer).await;
    let mut other = Link::open(address).await;
    other.enter_room(&Peer::new(2, 0), "ward").await;
    for authorization in [bearer(), basic()] {
        let answer = ask(address, "GET", "/admin/rooms", &authorization).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        assert!(answer.contains("\r\ncontent-type: application/json\r\n"), "{answer}");
        assert_walls(&answer);
        let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
        let listing: serde_json::Value = serde_json::from_str(body).expect("JSON");
        let names: Vec<_> = listing["rooms"].as_array().expect("rooms").iter().map(|room| &room["room"]).collect();
        assert_eq!(names, ["lobby", "ward"]);
        let seconds = listing["rooms"][0]["peers"][0]["seconds"].as_u64().expect("a number");
        assert!(seconds < 60, "{seconds}");
        let expected = serde_json::json!([{
            "id": peer.id().to_string(), "role": "kiosk", "name": "<script>x</script>&\"'", "seconds": seconds,
        }]);
        assert_eq!(listing["rooms"][0]["peers"], expected);

        let answer = ask(address, "GET", "/admin", &authorization).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        assert!(answer.contains("\r\ncontent-type: text/html; charset=utf-8\r\n"), "{answer}");
        assert_walls(&answer);
        assert!(answer.contains("<h2>lobby</h2>") && answer.contains("<h2>ward</h2>"), "{answer}");
        assert!(answer.contains(&peer.id().to_string()), "{answer}");
        assert!(answer.contains("&lt;script&gt;x&lt;/script&gt;&amp;") && !answer.contains("<script"), "{answer}");
    }
    drop(other);
    let head = ask(address, "HEAD", "/admin", &bearer()).await;
    assert!(head.starts_with("HTTP/1.1 200 ") && head.ends_with("\r\n\r\n"), "{head}");
    assert!(ask(address, "POST", "/admin", &bearer()).await.starts_with("HTTP/1.1 405 "));
}

#[tokio::test]
async fn under_a_name_that_is_not_ours_the_token_is_not_even_looked_at() {
    let server = with_admin().await;
    let request = format!(
        "GET /admin HTTP/1.1\r\nhost: rogue.example\r\nauthorization: {}\r\nconnection: close\r\n\r\n",
        bearer()
    );
    assert!(raw(server.local_addr(), &request).await.starts_with("HTTP/1.1 421 "));
}

#[tokio::test]
async fn without_a_configured_token_there_is_no_such_page() {
    let server = serve(config()).await;
    for path in ["/admin", "/admin/rooms"] {
        let answer = get(server.local_addr(), path).await;
        assert!(answer.starts_with("HTTP/1.1 404 "), "{path}: {answer}");
        let answer = ask(server.local_addr(), "GET", path, &bearer()).await;
        assert!(answer.starts_with("HTTP/1.1 404 "), "{path}: {answer}");
    }
}
