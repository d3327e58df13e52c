//! The command line and the environment.

use std::{net::SocketAddr, path::PathBuf};

use clap::Parser;
use kiosk_server::{AdminToken, Config, Ice, Origin, ServerError, Tls, read_turn_secret, rooms::Settings};

/// Signaling server for kiosks and operators: rooms, TURN credentials, metrics, and the operator's page.
///
/// Exit codes: 0 ended by a signal, 2 usage, 69 the address is taken or unavailable, 78 bad configuration, 1 anything else.
/// What is logged is set by KIOSK_SERVER_LOG: error, warn, info (the default), debug or trace.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Args {
    /// Write the manual page and completions of shells into this directory, and end: `make install` does.
    #[arg(long, value_name = "DIR", hide = true, exclusive = true)]
    pub(crate) write_manual: Option<PathBuf>,

    /// Address and port to listen on.
    #[arg(long, env = "KIOSK_SERVER_BIND", default_value = "127.0.0.1:3030", value_name = "ADDRESS:PORT")]
    bind: SocketAddr,

    /// URL by which clients reach this server (https://host[:port]), beside the address itself. May be repeated.
    #[arg(long = "public-url", env = "KIOSK_SERVER_PUBLIC_URL", value_delimiter = ',', value_name = "URL")]
    public: Vec<Origin>,

    /// Certificate chain, PEM, the server's own first.
    #[arg(long, env = "KIOSK_SERVER_CERT", requires = "key", conflicts_with = "self_signed", value_name = "FILE")]
    cert: Option<PathBuf>,

    /// Private key of the certificate, PEM.
    #[arg(long, env = "KIOSK_SERVER_KEY", requires = "cert", value_name = "FILE")]
    key: Option<PathBuf>,

    /// Directory of a self-signed certificate; it is made there on the first start.
    #[arg(long, env = "KIOSK_SERVER_SELF_SIGNED", value_name = "DIR")]
    self_signed: Option<PathBuf>,

    /// Serve without TLS on an address that other machines can reach. For a proxy in front that does TLS.
    #[arg(long, env = "KIOSK_SERVER_INSECURE_PLAIN")]
    insecure_plain: bool,

    /// STUN server for the peers (stun:host[:port]). May be repeated.
    #[arg(long = "stun-uri", env = "KIOSK_SERVER_STUN_URI", value_delimiter = ',', value_parser = stun, value_name = "URI")]
    stun: Vec<String>,

    /// TURN server for the peers (turn:host[:port][?transport=udp|tcp] or turns:…). May be repeated.
    #[arg(
        long = "turn-uri",
        env = "KIOSK_SERVER_TURN_URI",
        value_delimiter = ',',
        value_parser = turn,
        requires = "turn_secret_file",
        value_name = "URI"
    )]
    turn: Vec<String>,

    /// File with the secret of the TURN servers (coturn: static-auth-secret).
    #[arg(long, env = "KIOSK_SERVER_TURN_SECRET_FILE", value_name = "FILE")]
    turn_secret_file: Option<PathBuf>,

    /// File with the token that opens the admin page, /admin (16 characters or more). Without it there is no such page.
    #[arg(long, env = "KIOSK_SERVER_ADMIN_TOKEN_FILE", value_name = "FILE")]
    admin_token_file: Option<PathBuf>,

    /// File of revocation lists, one a line, as kioskctl authority revoke writes them: every peer is told of them.
    #[arg(long, env = "KIOSK_SERVER_REVOCATIONS", value_name = "FILE")]
    revocations: Option<PathBuf>,

    /// Most TCP connections at once. Each takes a file descriptor.
    #[arg(long, env = "KIOSK_SERVER_MAX_CONNECTIONS", default_value_t = Config::default().connections, value_name = "N")]
    max_connections: usize,

    /// Most rooms.
    #[arg(long, env = "KIOSK_SERVER_MAX_ROOMS", default_value_t = Settings::default().rooms, value_name = "N")]
    max_rooms: usize,

    /// Most peers in one room.
    #[arg(long, env = "KIOSK_SERVER_MAX_PEERS", default_value_t = Settings::default().peers_per_room, value_name = "N")]
    max_peers: usize,

    /// Most WebSockets that have not signed in.
    #[arg(long, env = "KIOSK_SERVER_MAX_WAITING", default_value_t = Settings::default().waiting, value_name = "N")]
    max_waiting: usize,

    /// Most WebSockets that have not signed in, from one IPv4 address or IPv6 /64 network.
    #[arg(long, env = "KIOSK_SERVER_MAX_WAITING_PER_ADDRESS", default_value_t = Settings::default().waiting_per_address, value_name = "N")]
    max_waiting_per_address: usize,

    /// Frames a second that a peer may send in the long run.
    #[arg(long, env = "KIOSK_SERVER_RATE", default_value_t = Settings::default().rate, value_parser = clap::value_parser!(u32).range(1..), value_name = "N")]
    rate: u32,

    /// Frames that a peer may send at once.
    #[arg(long, env = "KIOSK_SERVER_BURST", default_value_t = Settings::default().burst, value_parser = clap::value_parser!(u32).range(1..), value_name = "N")]
    burst: u32,
}

impl Args {
    /// Reads what the arguments name.
    pub(crate) fn config(self) -> Result<Config, ServerError> {
        let tls = match (self.cert, self.key, self.self_signed) {
            (Some(certificate), Some(key), _) => Tls::Files { certificate, key },
            (_, _, Some(directory)) => Tls::SelfSigned(directory),
            (_, _, None) => Tls::Off,
        };
        let secret = self.turn_secret_file.as_deref().map(read_turn_secret).transpose()?.unwrap_or_default();
        Ok(Config {
            bind: self.bind,
            tls,
            insecure_plain: self.insecure_plain,
            public: self.public,
            admin: self.admin_token_file.as_deref().map(AdminToken::read).transpose()?,
            revocations: self.revocations,
            connections: self.max_connections,
            settings: Settings {
                rate: self.rate,
                burst: self.burst,
                waiting: self.max_waiting,
                waiting_per_address: self.max_waiting_per_address,
                rooms: self.max_rooms,
                peers_per_room: self.max_peers,
                ice: Ice::new(self.stun, self.turn, secret),
            },
        })
    }
}

/// RFC 7064.
fn stun(uri: &str) -> Result<String, String> {
    one_of(uri, &["stun:", "stuns:"])
}

/// RFC 7065.
fn turn(uri: &str) -> Result<String, String> {
    one_of(uri, &["turn:", "turns:"])
}

fn one_of(uri: &str, schemes: &[&str]) -> Result<String, String> {
    let fits = schemes.iter().any(|scheme| uri.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty()));
    if fits { Ok(uri.to_owned()) } else { Err(format!("it begins with {} and a host", schemes.join(" or "))) }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn uris_need_their_scheme_and_a_host() {
        assert!(turn("turn:turn.example:3478?transport=udp").is_ok());
        assert!(turn("stun:turn.example").is_err());
        assert!(stun("stun:").is_err());
    }
}
