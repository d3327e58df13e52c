//! Pairing: two people compare six digits, then each side pins the other (docs/protocol.md §6, `pair-*`).
//!
//! Commit before reveal: nobody can choose its nonce after it has seen the other's, so whoever sits between two peers makes both
//! screens show the same digits once in a million tries, and has three in ten minutes.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use kiosk_wire::{Body, PeerId, Refusal, Role, SessionCertificate, pairing_commitment, short_authentication_string};
use rand_chacha::rand_core::RngCore as _;

use crate::{
    Kiosk,
    port::{Notice, Output, Pin, Record},
    timers::{Timer, may_again},
    view::{self, PairingFailure},
};

/// How long the other side may take to begin, and both people to compare.
const WINDOW: Duration = Duration::from_secs(60);
/// So many windows in so long.
const TRIES: usize = 3;
const TRIES_WITHIN: Duration = Duration::from_secs(600);
/// How long the outcome is shown.
const OUTCOME_SHOWN: Duration = Duration::from_secs(5);
/// Commitments sent at once, and the pause after them: a full room stays below the server's rate.
const AT_ONCE: usize = 32;
const PAUSE: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub(crate) struct Pairing {
    /// When the last windows were opened.
    tries: Vec<Instant>,
    stage: Stage,
}

#[derive(Debug, Default)]
enum Stage {
    #[default]
    Closed,
    Open(Box<Window>),
    /// It is shown for a while.
    Over(view::Pairing),
}

#[derive(Debug)]
struct Window {
    until: Instant,
    nonce: [u8; 16],
    /// Who is to be told our commitment yet.
    untold: VecDeque<PeerId>,
    /// The first peer that sent its commitment; all others are ignored.
    partner: Option<Partner>,
}

#[derive(Debug)]
struct Partner {
    /// All of the pairing is of this session.
    certificate: SessionCertificate,
    commitment: [u8; 32],
    /// Known since the nonce was revealed.
    digits: Option<u32>,
    confirmed_here: bool,
    confirmed_there: bool,
}

impl Partner {
    fn peer(&self) -> PeerId {
        self.certificate.peer()
    }
}

impl Pairing {
    fn window(&mut self) -> Option<&mut Window> {
        if let Stage::Open(window) = &mut self.stage { Some(window) } else { None }
    }

    fn partner(&mut self) -> Option<&mut Partner> {
        self.window()?.partner.as_mut()
    }

    /// Takes one of the tries, if one is left.
    fn try_now(&mut self, now: Instant) -> bool {
        may_again(&mut self.tries, (TRIES, TRIES_WITHIN), now)
    }
}

impl Kiosk {
    /// A person here wants to pair: opens the window.
    pub(crate) fn pair(&mut self) {
        if self.call.is_some() || self.stopped {
            return self.decline("a pairing needs a kiosk without a call: hang up first".to_owned());
        }
        if self.pairing.window().is_some() {
            return self.decline("a pairing is under way already; `kioskctl no` ends it".to_owned());
        }
        if !self.links.up() {
            self.pairing_over(view::Pairing::Failed(PairingFailure::NoLink));
            return self.decline("the kiosk is not signed in at a server; see `kioskctl status`".to_owned());
        }
        // People pair a kiosk with an operator first of all.
        let peers = self.links.peers().into_iter();
        let mut unpinned: Vec<_> = peers.filter(|(peer, _)| !self.trust.is_pinned(*peer)).collect();
        unpinned.sort_by_key(|(_, found)| found.certificate.role != Role::Operator);
        let untold = unpinned.into_iter().map(|(peer, _)| peer).collect();
        if !self.pairing.try_now(self.now.mono) {
            self.pairing_over(view::Pairing::Failed(PairingFailure::TooManyTries));
            return self.decline(format!("{TRIES} pairings in ten minutes are enough; try again later"));
        }
        let mut nonce = [0; 16];
        self.random.fill_bytes(&mut nonce);
        let until = self.after(WINDOW);
        self.pairing.stage = Stage::Open(Box::new(Window { until, nonce, untold, partner: None }));
        self.tell_commitment();
    }

    /// The next peers learn what we have committed to.
    fn tell_commitment(&mut self) {
        let pause = self.after(PAUSE);
        let Some(window) = self.pairing.window() else { return };
        let nonce = window.nonce;
        let told: Vec<PeerId> = window.untold.drain(..window.untold.len().min(AT_ONCE)).collect();
        let due = if window.untold.is_empty() { window.until } else { pause.min(window.until) };
        self.timers.set(Timer::Pairing, due);
        let commitment = Body::PairCommit(pairing_commitment(self.links.public_key(), nonce));
        for peer in told {
            self.send_outside(peer, &commitment);
        }
    }

    /// A `pair-*` message outside a call. Without a window it is ignored.
    pub(crate) fn pair_message(&mut self, from: PeerId, body: Body) -> Result<(), Refusal> {
        let Some(window) = self.pairing.window() else { return Ok(()) };
        let certificate = self.links.peer(from).map(|found| found.certificate.clone()).ok_or(Refusal::UnknownPeer)?;
        match (&mut window.partner, body) {
            (None, Body::PairCommit(commitment)) => {
                self.take_partner(certificate, commitment);
                Ok(())
            }
            (None, Body::PairCancel) => Ok(()),
            (None, _) => Err(Refusal::Unexpected),
            (Some(partner), _) if partner.peer() != from => Ok(()),
            (Some(partner), _) if partner.certificate.session() != certificate.session() => {
                self.pairing_failed(PairingFailure::Cancelled);
                Ok(())
            }
            (Some(partner), Body::PairCommit(commitment)) if commitment == partner.commitment => Ok(()),
            (Some(_), Body::PairCommit(_)) => self.pairing_mismatch(),
            (Some(_), Body::PairReveal(nonce)) => self.partner_revealed(nonce),
            (Some(Partner { digits: None, .. }), Body::PairConfirm) => Err(Refusal::Unexpected),
            (Some(partner), Body::PairConfirm) => {
                partner.confirmed_there = true;
                self.pin_partner();
                Ok(())
            }
            (Some(_), Body::PairCancel) => {
                self.pairing_over(view::Pairing::Failed(PairingFailure::Cancelled));
                Ok(())
            }
            (Some(_), _) => Err(Refusal::Unexpected),
        }
    }

    /// The first commitment. The peer may have opened its window after ours: it gets our commitment again, and now our nonce.
    fn take_partner(&mut self, certificate: SessionCertificate, commitment: [u8; 32]) {
        let peer = certificate.peer();
        let Some(window) = self.pairing.window() else { return };
        let (nonce, until) = (window.nonce, window.until);
        window.untold.clear();
        let partner = Partner { certificate, commitment, digits: None, confirmed_here: false, confirmed_there: false };
        window.partner = Some(partner);
        self.timers.set(Timer::Pairing, until);
        self.send_outside(peer, &Body::PairCommit(pairing_commitment(self.links.public_key(), nonce)));
        self.send_outside(peer, &Body::PairReveal(nonce));
    }

    fn partner_revealed(&mut self, nonce: [u8; 16]) -> Result<(), Refusal> {
        let ours = self.links.public_key();
        let Some(Window { nonce: our_nonce, partner: Some(partner), .. }) = self.pairing.window() else {
            return Ok(());
        };
        let theirs = partner.certificate.id;
        if pairing_commitment(theirs, nonce) != partner.commitment {
            return self.pairing_mismatch();
        }
        partner.digits = Some(short_authentication_string((ours, *our_nonce), (theirs, nonce)));
        Ok(())
    }

    /// A person here has compared the digits and agrees.
    pub(crate) fn pair_yes(&mut self) {
        let Some(partner) = self.pairing.partner().filter(|partner| partner.digits.is_some()) else {
            return self.decline("there are no digits to agree to; `kioskctl pair` begins a pairing".to_owned());
        };
        if partner.confirmed_here {
            return;
        }
        partner.confirmed_here = true;
        let peer = partner.peer();
        self.send_outside(peer, &Body::PairConfirm);
        self.pin_partner();
    }

    /// A person here, or a call, ends the pairing; or what came of it has been seen.
    pub(crate) fn pair_no(&mut self) {
        match self.pairing.stage {
            Stage::Closed => {}
            Stage::Open(_) => self.pairing_failed(PairingFailure::Cancelled),
            Stage::Over(_) => self.close_pairing(),
        }
    }

    /// Both have confirmed: from now on each trusts the other by name.
    fn pin_partner(&mut self) {
        let Some(partner) = self.pairing.partner().filter(|partner| partner.confirmed_here && partner.confirmed_there)
        else {
            return;
        };
        let (peer, mut name) = (partner.peer(), partner.certificate.name.as_str().to_owned());
        if let Some(pin) = self.trust.pins().find(|pin| pin.peer == peer) {
            // It was pinned here before, not there: the name that people gave it stays.
            name.clone_from(&pin.name);
        } else {
            let pin = Pin { peer, name: name.clone(), auto_answer: false };
            self.trust.add(pin.clone());
            self.output(Output::Store(Record::TrustAdded(pin)));
        }
        self.notify(Notice::Paired { peer });
        self.pairing_over(view::Pairing::Done { name });
    }

    /// Somebody changed its mind after it had committed, or sits in between.
    fn pairing_mismatch(&mut self) -> Result<(), Refusal> {
        self.pairing_failed(PairingFailure::Mismatch);
        Err(Refusal::PairingMismatch)
    }

    /// Ends it and tells the partner, if there is one.
    fn pairing_failed(&mut self, why: PairingFailure) {
        if let Some(peer) = self.pairing.partner().map(|partner| partner.peer()) {
            self.send_outside(peer, &Body::PairCancel);
        }
        self.pairing_over(view::Pairing::Failed(why));
    }

    fn pairing_over(&mut self, outcome: view::Pairing) {
        self.pairing.stage = Stage::Over(outcome);
        self.timers.set(Timer::Pairing, self.after(OUTCOME_SHOWN));
    }

    fn close_pairing(&mut self) {
        self.pairing.stage = Stage::Closed;
        self.timers.stop(Timer::Pairing);
    }

    /// A peer is in the room, perhaps with a new session.
    pub(crate) fn pair_joined(&mut self, peer: PeerId) {
        let session = self.links.peer(peer).map(|found| found.certificate.session());
        let pinned = self.trust.is_pinned(peer);
        let Some(window) = self.pairing.window() else { return };
        match &window.partner {
            Some(partner) if partner.peer() == peer && Some(partner.certificate.session()) != session => {
                self.pairing_failed(PairingFailure::Cancelled);
            }
            None if !pinned => {
                if !window.untold.contains(&peer) {
                    window.untold.push_back(peer);
                }
                self.tell_commitment();
            }
            Some(_) | None => {}
        }
    }

    /// A peer is not in the room any more.
    pub(crate) fn pair_left(&mut self, peer: PeerId) {
        if self.pairing.partner().is_some_and(|partner| partner.peer() == peer) {
            self.pairing_over(view::Pairing::Failed(PairingFailure::Cancelled));
        }
    }

    /// Our session is over, and the pairing with it.
    pub(crate) fn pair_link_lost(&mut self) {
        if self.pairing.window().is_some() {
            self.pairing_over(view::Pairing::Failed(PairingFailure::NoLink));
        }
    }

    /// Its deadline: more peers are to be told, the window closes, or the outcome was shown.
    pub(crate) fn pair_due(&mut self) {
        let now = self.now.mono;
        match &self.pairing.stage {
            Stage::Open(window) if now < window.until => self.tell_commitment(),
            Stage::Open(_) => self.pairing_failed(PairingFailure::TimedOut),
            Stage::Over(_) | Stage::Closed => self.close_pairing(),
        }
    }

    pub(crate) fn pairing_view(&self) -> Option<view::Pairing> {
        match &self.pairing.stage {
            Stage::Closed => None,
            Stage::Over(outcome) => Some(outcome.clone()),
            Stage::Open(window) => Some(match &window.partner {
                Some(Partner { certificate, digits: Some(digits), confirmed_here, .. }) => view::Pairing::Compare {
                    name: certificate.name.as_str().to_owned(),
                    digits: *digits,
                    confirmed: *confirmed_here,
                    until: window.until,
                },
                Some(_) | None => view::Pairing::Waiting { until: window.until },
            }),
        }
    }
}
