//! STUN and TURN servers in webrtcbin's way of writing, and addresses when there is no network.

use std::net::IpAddr;

use gstreamer::{self as gst, prelude::*};
use gstreamer_webrtc as gst_webrtc;
use kiosk_call::IceServer;

/// Tells webrtcbin the servers.
pub(crate) fn configure(webrtc: &gst::Element, servers: &[IceServer]) {
    for server in servers {
        for url in &server.urls {
            match translate(url, server.username.as_deref(), server.credential.as_deref()) {
                Some(Server::Stun(uri)) => webrtc.set_property("stun-server", uri),
                Some(Server::Turn(uri)) => {
                    // True says little: whether the server works is only seen by its candidates.
                    if !webrtc.emit_by_name::<bool>("add-turn-server", &[&uri]) {
                        tracing::warn!(%url, "TURN server not understood");
                    }
                }
                None => tracing::warn!(%url, "this ICE server cannot be used"),
            }
        }
    }
    let agent = webrtc.property::<gst_webrtc::WebRTCICE>("ice-agent");
    // By itself libnice starts a web server on every interface to ask the router for open ports (UPnP). A kiosk asks nobody.
    if agent.find_property("agent").is_some() {
        let libnice = agent.property::<gst::glib::Object>("agent");
        if libnice.find_property("upnp").is_some() {
            libnice.set_property("upnp", false);
        }
    }
    if has_no_network() {
        // libnice leaves the loopback interface out. Without any other one, two programs on this host could not call each other.
        for address in ["127.0.0.1", "::1"] {
            agent.emit_by_name::<bool>("add-local-ip-address", &[&address]);
        }
    }
}

fn has_no_network() -> bool {
    let usable = |address: IpAddr| match address {
        IpAddr::V4(address) => !address.is_loopback(),
        IpAddr::V6(address) => !address.is_loopback(),
    };
    if_addrs::get_if_addrs()
        .map(|interfaces| !interfaces.iter().any(|interface| usable(interface.ip())))
        .unwrap_or_default()
}

#[derive(Debug, PartialEq, Eq)]
enum Server {
    Stun(String),
    Turn(String),
}

/// From RFC 7064 and RFC 7065 URLs. `turns:` is refused: libnice speaks no TLS there, it would send the name in the clear.
fn translate(url: &str, username: Option<&str>, credential: Option<&str>) -> Option<Server> {
    let (scheme, rest) = url.split_once(':')?;
    let (host, query) = rest.split_once('?').unwrap_or((rest, ""));
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte);
    if host.is_empty() || !host.bytes().all(is_host) {
        return None;
    }
    let transport = match query {
        "" | "transport=udp" => "",
        "transport=tcp" => "?transport=tcp",
        _ => return None,
    };
    let port = if has_port(host) { "" } else { ":3478" };
    match scheme {
        "stun" => Some(Server::Stun(format!("stun://{host}{port}"))),
        "turn" => {
            let (username, credential) = (escape(username?), escape(credential?));
            Some(Server::Turn(format!("turn://{username}:{credential}@{host}{port}{transport}")))
        }
        _ => None,
    }
}

fn has_port(host: &str) -> bool {
    host.rsplit_once(']').map_or(host, |(_, after)| after).contains(':')
}

/// Everything but RFC 3986 unreserved characters: a `:` in a REST user name or a `=` in its password is else misread.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_escaped() {
        let turn = translate("turn:relay.example:3478?transport=tcp", Some("170:kiosk"), Some("a+b/c=@"));
        assert_eq!(
            turn,
            Some(Server::Turn("turn://170%3Akiosk:a%2Bb%2Fc%3D%40@relay.example:3478?transport=tcp".into()))
        );
        assert_eq!(
            translate("turn:[2001:db8::1]", Some("u"), Some("p")),
            Some(Server::Turn("turn://u:p@[2001:db8::1]:3478".into()))
        );
        assert_eq!(translate("stun:relay.example", None, None), Some(Server::Stun("stun://relay.example:3478".into())));
    }

    #[test]
    fn what_cannot_work_is_refused() {
        for url in ["turns:relay.example", "turn:relay.example?transport=sctp", "stun:", "http://x", "stun:a@b", ""] {
            assert_eq!(translate(url, Some("u"), Some("p")), None, "{url}");
        }
        assert_eq!(translate("turn:relay.example", None, None), None);
    }
}
