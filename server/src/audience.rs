//! Which URL a client reached us by: what it will sign, so only names that are ours (docs/protocol.md §4).

use std::{fmt, net::IpAddr, net::SocketAddr, str::FromStr};

use axum::http::uri::{Authority, Uri};

/// Path of the WebSocket.
pub const SIGNALING_PATH: &str = "/signaling";

/// `ws` or `wss`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Ws,
    Wss,
}

impl Scheme {
    const fn default_port(self) -> u16 {
        match self {
            Self::Ws => 80,
            Self::Wss => 443,
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ws => "ws",
            Self::Wss => "wss",
        })
    }
}

/// Scheme, host and port by which clients reach the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    scheme: Scheme,
    /// Lower case; IPv6 addresses in brackets.
    host: String,
    port: u16,
}

impl Origin {
    fn new(scheme: Scheme, authority: &Authority) -> Option<Self> {
        // Whatever else an authority may hold (RFC 3986 §3.2) is refused.
        let port = match authority.as_str().strip_prefix(authority.host())? {
            "" => scheme.default_port(),
            port => port.strip_prefix(':')?.parse().ok()?,
        };
        let host = authority.host().to_ascii_lowercase();
        (!host.is_empty()).then_some(Self { scheme, host, port })
    }

    /// The URL of the WebSocket: what clients sign.
    #[must_use]
    pub fn audience(&self) -> String {
        format!("{self}{SIGNALING_PATH}")
    }

    /// The host, lower case; IPv6 addresses in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// As an IP address, when it is one.
    fn address(&self) -> Option<IpAddr> {
        self.host.trim_start_matches('[').trim_end_matches(']').parse().ok()
    }
}

/// `ws://host` or `ws://host:port`, default ports elided.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.host)?;
        if self.port == self.scheme.default_port() { Ok(()) } else { write!(f, ":{}", self.port) }
    }
}

/// `https://host[:port]` (or `wss`, `http`, `ws`), nothing behind it.
impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("'{text}' is not of the form https://host or https://host:port");
        let uri: Uri = text.parse().map_err(|_| wrong())?;
        let scheme = match uri.scheme_str() {
            Some("https" | "wss") => Scheme::Wss,
            Some("http" | "ws") => Scheme::Ws,
            Some(_) | None => return Err(wrong()),
        };
        if uri.path() != "/" || uri.query().is_some() {
            return Err(wrong());
        }
        uri.authority().and_then(|authority| Self::new(scheme, authority)).ok_or_else(wrong)
    }
}

/// Where a request came in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    /// Of the accepted socket, our end.
    pub(crate) local: SocketAddr,
    /// Of the accepted socket, the other end.
    pub(crate) remote: SocketAddr,
    /// Whether the socket is TLS.
    pub(crate) scheme: Scheme,
}

impl Arrival {
    /// The origin that the `Host` header names, if it is one of ours: a public one; the address of the accepted socket;
    /// a loopback name, on a loopback socket. A proxy in front of us may speak plain HTTP for a public `https` origin.
    pub(crate) fn origin(&self, host: &str, public: &[Origin]) -> Option<Origin> {
        let authority: Authority = host.parse().ok()?;
        let named = |origin: &Origin| Origin::new(origin.scheme, &authority).is_some_and(|asked| asked == *origin);
        if let Some(origin) = public.iter().find(|origin| named(origin)) {
            return Some(origin.clone());
        }
        let asked = Origin::new(self.scheme, &authority)?;
        let local = self.local.ip().to_canonical();
        let ours = match asked.address() {
            Some(address) => address.to_canonical() == local,
            None => asked.host == "localhost" && local.is_loopback(),
        };
        (ours && asked.port == self.local.port()).then_some(asked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(local: &str, scheme: Scheme) -> Arrival {
        let local = local.parse().expect("an address");
        Arrival { local, remote: local, scheme }
    }

    fn audience(arrival: Arrival, host: &str) -> Option<String> {
        let public =
            ["https://calls.example".parse().expect("an origin"), "wss://b.example:8443".parse().expect("one")];
        arrival.origin(host, &public).map(|origin| origin.audience())
    }

    #[test]
    fn only_our_own_names_are_named() {
        let plain = at("127.0.0.1:3030", Scheme::Ws);
        let tls = at("192.0.2.7:443", Scheme::Wss);
        let six = at("[::1]:3030", Scheme::Ws);
        let dual = at("[::ffff:192.0.2.7]:3030", Scheme::Wss);
        for (arrival, host, expected) in [
            (plain, "127.0.0.1:3030", Some("ws://127.0.0.1:3030/signaling")),
            (plain, "LocalHost:3030", Some("ws://localhost:3030/signaling")),
            (six, "[::1]:3030", Some("ws://[::1]:3030/signaling")),
            (six, "localhost:3030", Some("ws://localhost:3030/signaling")),
            (tls, "192.0.2.7", Some("wss://192.0.2.7/signaling")),
            (tls, "192.0.2.7:443", Some("wss://192.0.2.7/signaling")),
            (dual, "192.0.2.7:3030", Some("wss://192.0.2.7:3030/signaling")),
            // A proxy on this machine that speaks plain HTTP to us.
            (plain, "calls.example", Some("wss://calls.example/signaling")),
            (plain, "Calls.Example:443", Some("wss://calls.example/signaling")),
            (tls, "b.example:8443", Some("wss://b.example:8443/signaling")),
            (plain, "127.0.0.1:3031", None),
            (plain, "127.0.0.1", None),
            (plain, "evil.example:3030", None),
            (plain, "calls.example:3030", None),
            (plain, "calls.example.", None),
            (tls, "b.example", None),
            // Loopback names are ours on loopback sockets alone: else a rogue on the client's machine could relay.
            (tls, "localhost:443", None),
            (tls, "127.0.0.1:443", None),
            (plain, "user@127.0.0.1:3030", None),
            (plain, "127.0.0.1:3030/x", None),
            (plain, "127.0.0.1:", None),
            (plain, "127.0.0.1:99999", None),
            (plain, "", None),
        ] {
            assert_eq!(audience(arrival, host).as_deref(), expected, "{host:?} at {arrival:?}");
        }
    }

    #[test]
    fn origins_are_nothing_but_origins() {
        for wrong in [
            "calls.example",
            "ftp://calls.example",
            "https://calls.example/x",
            "https://",
            "https://u@h",
            "https://h:x",
        ] {
            assert!(wrong.parse::<Origin>().is_err(), "{wrong}");
        }
        assert_eq!(
            "https://H.example:443/".parse::<Origin>().map(|origin| origin.to_string()),
            Ok("wss://h.example".into())
        );
    }
}
