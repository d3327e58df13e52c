//! Signing in: the checks of docs/protocol.md §4, in one place and one order.

use std::{sync::Arc, time::Duration};

use kiosk_wire::{
    ClientFrame, ErrorCode, LARGEST_FRAME, PeerDescription, PeerId, ProofOfPossession, Refusal, Room, ServerFrame,
    SessionCertificate,
};

use super::{CloseReason, Member, Note, Now, Output, Rooms, Socket, SocketId, State, error_label};

/// Most memberships that a peer may show.
const MOST_MEMBERSHIPS: usize = 4;
/// Largest peer description, bytes of JSON: a welcome holds at least seven of them.
const LARGEST_DESCRIPTION: usize = 8192;
/// Leeway for clocks that differ, seconds.
const CLOCK_LEEWAY: u64 = 60;

/// A sign-in that passed all checks.
struct Candidate {
    certificate: SessionCertificate,
    description: Arc<str>,
}

impl Rooms {
    pub(super) fn sign_in(&mut self, id: SocketId, text: &str, now: Now) {
        let Some(Socket { state: State::Waiting { audience, nonce, address }, .. }) = self.sockets.get(&id) else {
            return;
        };
        let address = *address;
        let candidate = ClientFrame::parse(text).and_then(|frame| {
            let candidate = check(&frame, now.wall)?;
            if candidate.certificate.aud != *audience {
                return Err(Refusal::Audience);
            }
            if candidate.certificate.sn != *nonce {
                return Err(Refusal::Nonce);
            }
            Ok(candidate)
        });
        let candidate = match candidate {
            Ok(candidate) => candidate,
            Err(refusal) => {
                self.outputs.push_back(Output::Note(Note::Refused(refusal.code())));
                return self.close(id, CloseReason::Refused(refusal));
            }
        };
        let Some(welcome) = self.welcome(&candidate.certificate, now.wall) else {
            self.outputs.push_back(Output::Note(Note::Refused(error_label(ErrorCode::Full))));
            self.send(id, ServerFrame::Err { to: None, code: ErrorCode::Full }.to_text());
            return self.close(id, CloseReason::Full);
        };
        self.waits_no_more(address);
        self.enter(id, candidate, welcome, now);
    }

    /// The newer of two sign-ins wins, whatever room the older is in. The room sees `left`, then `joined`.
    fn enter(&mut self, id: SocketId, candidate: Candidate, welcome: String, now: Now) {
        let Candidate { certificate, description } = candidate;
        let (peer, room, role) = (certificate.peer(), certificate.room.clone(), certificate.role);
        if let Some(&older) = self.peers.get(&peer) {
            self.send(older, ServerFrame::Err { to: None, code: ErrorCode::Gone }.to_text());
            self.close(older, CloseReason::Gone);
        }
        let Some(socket) = self.sockets.get_mut(&id) else {
            return;
        };
        self.deadlines.remove(&(socket.deadline, id));
        socket.deadline = now.mono + remaining(&certificate, now.wall);
        self.deadlines.insert((socket.deadline, id));
        let joined = format!(r#"{{"t":"joined","peer":{description}}}"#).into();
        socket.state = State::SignedIn(Member {
            peer,
            session_key: certificate.sk,
            room: room.clone(),
            role,
            name: certificate.name,
            since: now.mono,
            description,
        });
        self.peers.insert(peer, id);
        self.rooms.entry(room.clone()).or_default().insert(peer, id);
        self.send(id, welcome);
        let lists = self.revocations.iter().map(|text| Output::Send { socket: id, text: Arc::clone(text) });
        self.outputs.extend(lists);
        self.tell(&room, peer, &joined);
        self.outputs.push_back(Output::Note(Note::SignedIn { socket: id, peer, role, room }));
    }

    /// The welcome, or `None` when there is no place for another peer.
    fn welcome(&self, certificate: &SessionCertificate, wall: u64) -> Option<String> {
        let (peer, room) = (certificate.peer(), &certificate.room);
        if !self.rooms.contains_key(room) && self.rooms.len() >= self.settings.rooms {
            return None;
        }
        let others = self.others(room, peer);
        if others.len() >= self.settings.peers_per_room {
            return None;
        }
        let ice = serde_json::to_string(&self.settings.ice.servers(peer, wall)).expect("strings and numbers");
        let peers = others.join(",");
        let text = format!(r#"{{"t":"welcome","you":"{peer}","peers":[{peers}],"ice":{ice}}}"#);
        (text.len() <= LARGEST_FRAME).then_some(text)
    }

    /// Descriptions of everybody in the room but this peer.
    fn others(&self, room: &Room, except: PeerId) -> Vec<&str> {
        let members = self.rooms.get(room).into_iter().flatten().filter(|&(&peer, _)| peer != except);
        members
            .filter_map(|(_, socket)| match &self.sockets.get(socket)?.state {
                State::SignedIn(member) => Some(&*member.description),
                State::Waiting { .. } => None,
            })
            .collect()
    }
}

/// Everything that does not depend on the challenge.
fn check(frame: &ClientFrame, wall: u64) -> Result<Candidate, Refusal> {
    let ClientFrame::Auth { room, sess, memb, pop } = frame else {
        return Err(Refusal::Unexpected);
    };
    if memb.len() > MOST_MEMBERSHIPS {
        return Err(Refusal::BodyLimit);
    }
    let certificate = SessionCertificate::open(sess)?;
    if certificate.room != *room {
        return Err(Refusal::Room);
    }
    certificate.holds_at(wall)?;
    ProofOfPossession::check(pop, &certificate)?;
    let description = PeerDescription { sess: sess.clone(), memb: memb.clone() };
    let description = serde_json::to_string(&description).expect("strings only");
    if description.len() > LARGEST_DESCRIPTION {
        return Err(Refusal::BodyLimit);
    }
    Ok(Candidate { certificate, description: description.into() })
}

/// How long the session may last. One signed without a clock (`nb` = 0) lasts as long as it says from now on.
fn remaining(certificate: &SessionCertificate, wall: u64) -> Duration {
    let end = certificate.na.saturating_add(CLOCK_LEEWAY);
    Duration::from_secs(if certificate.nb == 0 { certificate.na } else { end.saturating_sub(wall) })
}
