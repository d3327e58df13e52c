//! T1: what authorities and people take back, in whatever order it comes and whoever brings it.

#[expect(dead_code, reason = "it uses its part of the rig")]
mod rogue;

use kiosk_call::{Button, Command, Input, Notice, Pin, Record};
use kiosk_wire::{MemberRoom, Membership, OperatorKey, PeerId, RevocationList, Role, ServerFrame};
use rogue::{Rig, authority};

fn list(key: &OperatorKey, number: u64, peers: Vec<PeerId>, serials: Vec<u64>) -> ServerFrame {
    let list = RevocationList { v: 1, op: key.public(), number, at: 0, peers, serials };
    ServerFrame::Revocations { list: list.seal(key) }
}

/// A room with an operator whom only this authority vouches for.
fn with_member(key: &OperatorKey) -> Rig {
    let mut rig = Rig::new(1, 1, 0);
    let sub = rig.rogues[0].peer();
    let (nb, na, role) = (0, u64::MAX >> 12, Role::Operator);
    let membership = Membership { v: 1, op: key.public(), sub, serial: 5, nb, na, role, room: MemberRoom::Every };
    rig.rogues[0].memberships = vec![membership.seal(key)];
    rig.present(0);
    rig
}

fn is_trusted(rig: &Rig) -> bool {
    rig.kiosk.peers().iter().any(|peer| peer.trusted)
}

#[test]
fn a_member_calls_until_its_membership_is_revoked() {
    let mut rig = with_member(&authority());
    assert!(is_trusted(&rig));
    rig.call(0, 1);
    rig.frame(&list(&authority(), 1, Vec::new(), vec![4]));
    assert_eq!(rig.phase(), "in-call", "another membership was revoked");
    rig.frame(&list(&authority(), 2, Vec::new(), vec![4, 5]));
    assert_eq!(rig.phase(), "none");
    assert!(!is_trusted(&rig));
    rig.ring(0, 2);
    assert_eq!((rig.phase(), rig.refusals("untrusted")), ("none", 1));
}

#[test]
fn an_older_list_brings_nobody_back() {
    let mut rig = with_member(&authority());
    rig.frame(&list(&authority(), 2, Vec::new(), vec![5]));
    assert!(!is_trusted(&rig));
    rig.frame(&list(&authority(), 1, Vec::new(), Vec::new()));
    assert!(!is_trusted(&rig));
    assert_eq!(rig.refusals("revocation-old"), 1);
    rig.frame(&list(&authority(), 2, Vec::new(), Vec::new()));
    assert!(!is_trusted(&rig), "the number is known");
    rig.frame(&list(&authority(), 3, Vec::new(), Vec::new()));
    assert!(is_trusted(&rig), "the authority itself may think again");
    let kept = rig.records.iter().filter(|record| matches!(record, Record::RevocationList(..))).count();
    assert_eq!(kept, 2, "each list that counts is on the disk");
}

#[test]
fn only_a_pinned_authority_takes_back() {
    let mut rig = with_member(&authority());
    let peer = rig.rogues[0].peer();
    let stranger = OperatorKey::from_seed(&[78; 32]).expect("below the order");
    rig.frame(&list(&stranger, 9, vec![peer], vec![5]));
    let ServerFrame::Revocations { list: mut forged } = list(&stranger, 9, vec![peer], vec![5]) else { return };
    forged.signature = "A".repeat(86);
    rig.frame(&ServerFrame::Revocations { list: forged });
    assert!(is_trusted(&rig));
    assert!(!rig.notices.iter().any(|notice| matches!(notice, Notice::RevocationsLearned { .. })));
    assert!(!is_trusted(&with_member(&stranger)), "nor does another one vouch");
}

#[test]
fn a_revoked_identity_is_refused_also_if_it_is_pinned() {
    let mut rig = Rig::new(1, 1, 1);
    let peer = rig.rogues[0].peer();
    rig.call(0, 1);
    rig.frame(&list(&authority(), 1, vec![peer], Vec::new()));
    assert_eq!(rig.phase(), "none");
    rig.press(Button::Call);
    rig.ring(0, 2);
    assert_eq!((rig.phase(), rig.refusals("untrusted")), ("none", 1));
    rig.input(Input::Command(Command::TrustAdd(Pin { peer, name: "Again".to_owned(), auto_answer: false })));
    assert!(!is_trusted(&rig), "the authority's word counts more than a pin");
}

#[test]
fn people_here_revoke_and_trust_again() {
    let mut rig = with_member(&authority());
    let peer = rig.rogues[0].peer();
    rig.call(0, 1);
    rig.input(Input::Command(Command::Revoke(peer)));
    assert_eq!(rig.phase(), "none");
    assert!(!is_trusted(&rig) && rig.records.contains(&Record::Revoked(peer)));
    assert_eq!(rig.kiosk.revoked(), [peer]);
    rig.input(Input::Command(Command::TrustAdd(Pin { peer, name: "Desk".to_owned(), auto_answer: false })));
    assert!(is_trusted(&rig) && rig.kiosk.revoked().is_empty());
}
