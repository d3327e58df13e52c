//! The STUN and TURN servers that peers are told, with credentials that run out.

use std::fmt;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use kiosk_wire::{IceServer, PeerId};
use sha1::Sha1;

/// Life of a TURN credential, seconds.
pub const CREDENTIAL_LIFE: u32 = 3600;

/// STUN and TURN servers. Without any, peers find each other on one network only.
#[derive(Clone, Default)]
pub struct Ice {
    stun: Vec<String>,
    turn: Vec<String>,
    secret: Vec<u8>,
}

impl Ice {
    /// `secret` is what the TURN server shares with us (coturn: `static-auth-secret`); unused without `turn`.
    #[must_use]
    pub const fn new(stun: Vec<String>, turn: Vec<String>, secret: Vec<u8>) -> Self {
        Self { stun, turn, secret }
    }

    /// What a peer that signs in at `now` (Unix seconds) is told.
    ///
    /// The credential is that of draft-uberti-behave-turn-rest-00 §2.2: the user name is `expiry:PeerId`, the password
    /// base64(HMAC-SHA-1(secret, user name)).
    #[must_use]
    pub fn servers(&self, peer: PeerId, now: u64) -> Vec<IceServer> {
        let mut servers = Vec::new();
        if !self.stun.is_empty() {
            servers.push(IceServer { urls: self.stun.clone(), username: None, credential: None, ttl: None });
        }
        if !self.turn.is_empty() {
            let username = format!("{}:{peer}", now.saturating_add(CREDENTIAL_LIFE.into()));
            let credential = BASE64_STANDARD.encode(self.sign(&username));
            servers.push(IceServer {
                urls: self.turn.clone(),
                username: Some(username),
                credential: Some(credential),
                ttl: Some(CREDENTIAL_LIFE),
            });
        }
        servers
    }

    fn sign(&self, username: &str) -> [u8; 20] {
        let mut mac = Hmac::<Sha1>::new_from_slice(&self.secret).expect("HMAC takes keys of any length (RFC 2104 §2)");
        mac.update(username.as_bytes());
        mac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for Ice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ice").field("stun", &self.stun).field("turn", &self.turn).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_what_coturn_computes() {
        let ice = Ice::new(vec![], vec!["turn:turn.example:3478".to_owned()], b"north".to_vec());
        let servers = ice.servers(PeerId([0; 32]), 1_790_000_000);
        let [server] = servers.as_slice() else { panic!("one server, not {servers:?}") };
        assert_eq!(server.username.as_deref(), Some("1790003600:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));
        // printf %s "$username" | openssl dgst -sha1 -hmac north -binary | base64
        assert_eq!(server.credential.as_deref(), Some("rRVq6dcx8iYs1jKL3TdS90L8OOw="));
        assert_eq!(server.ttl, Some(3600));
    }

    #[test]
    fn the_secret_does_not_print() {
        let ice = Ice::new(vec![], vec!["turn:t".to_owned()], b"north".to_vec());
        assert!(!format!("{ice:?}").contains("north") && !format!("{ice:?}").contains("110"));
    }

    #[test]
    fn without_servers_nothing_is_told() {
        assert!(Ice::default().servers(PeerId([0; 32]), 0).is_empty());
    }
}
