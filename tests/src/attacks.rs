//! What a hostile server tries, one entry an attempt, with the refusals that must stop it.
//!
//! The caller is kiosk 0 and the callee kiosk 1, so an offer goes down to the callee, an answer down to the caller.

use kiosk_wire::Kind;
use serde_json::{Value, json};

use crate::{
    forge::{self, Frame, Mallory, Way},
    proxy::{Attack, honest},
};

/// Kiosk 0.
pub const CALLER: usize = 0;
/// Kiosk 1.
pub const CALLEE: usize = 1;
/// Kiosk 2, where there is one.
pub const BYSTANDER: usize = 2;

/// Who refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// This kiosk.
    Kiosk(usize),
    /// The real server.
    Server,
}

/// What becomes of the attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nobody even signs in, or sees the other in the room.
    NoSignIn,
    /// No call is established.
    NoCall,
    /// The kiosks may find each other in spite of it, but with what is missing the call ends.
    Ends,
    /// The refused frame changes nothing: the call is established with whom it was meant for.
    Unharmed,
}

/// Makes an attack from everything that the server has seen so far.
pub type Plot = Box<dyn Fn(&[Frame]) -> Attack>;

/// One attempt.
pub struct Attempt {
    /// For the failure's message.
    pub name: String,
    /// How many kiosks it needs.
    pub kiosks: usize,
    /// The server is hostile from the first frame on; else once all have signed in.
    pub from_start: bool,
    /// An honest call comes before, so that there is something to replay.
    pub after_a_call: bool,
    /// A person has to answer.
    pub rings: bool,
    /// What the server does.
    pub attack: Plot,
    /// It is the goodbye that is attacked, so the refusals come after it.
    pub at_goodbye: bool,
    /// All of them are counted.
    pub refusals: Vec<(By, &'static str)>,
    /// What becomes of it.
    pub verdict: Verdict,
}

impl Attempt {
    fn new(name: impl Into<String>, attack: impl Fn() -> Attack + 'static) -> Self {
        Self {
            name: name.into(),
            kiosks: 2,
            from_start: false,
            after_a_call: false,
            rings: false,
            at_goodbye: false,
            attack: Box::new(move |_| attack()),
            refusals: Vec::new(),
            verdict: Verdict::NoCall,
        }
    }

    fn knowing(name: impl Into<String>, attack: impl Fn(&[Frame]) -> Attack + 'static) -> Self {
        Self { attack: Box::new(attack), after_a_call: true, ..Self::new(name, honest) }
    }

    fn refused(mut self, by: By, reason: &'static str) -> Self {
        self.refusals.push((by, reason));
        self
    }

    fn ends(self) -> Self {
        Self { verdict: Verdict::Ends, ..self }
    }

    fn unharmed(self) -> Self {
        Self { verdict: Verdict::Unharmed, ..self }
    }

    fn no_sign_in(self) -> Self {
        Self { verdict: Verdict::NoSignIn, from_start: true, ..self }
    }
}

/// Does this to one type of message on its way down to this kiosk.
fn down(who: usize, message: &'static str, edit: impl Fn(&Frame) -> Vec<Frame> + Send + 'static) -> Attack {
    Box::new(move |frame| if frame.is(Way::Down, who, message) { edit(frame) } else { vec![frame.clone()] })
}

/// Does this to one type of message on its way up from this kiosk.
fn up(who: usize, message: &'static str, edit: impl Fn(&Frame) -> Vec<Frame> + Send + 'static) -> Attack {
    Box::new(move |frame| if frame.is(Way::Up, who, message) { edit(frame) } else { vec![frame.clone()] })
}

/// Does this to all frames of this kind, by their own `t`.
fn frames(way: Way, kind: &'static str, edit: impl Fn(&mut Value) + Send + 'static) -> Attack {
    Box::new(move |frame| {
        let hit = frame.way == way && frame.kind() == kind;
        vec![if hit { frame.with(&edit) } else { frame.clone() }]
    })
}

/// Does this to the offer's envelope.
fn envelope(edit: impl Fn(&mut Value) + Copy + Send + 'static) -> Attack {
    down(CALLEE, "offer", move |offer| vec![offer.with(|frame| edit(&mut frame["m"]))])
}

/// Everything.
#[must_use]
pub fn all() -> Vec<Attempt> {
    let groups =
        [fingerprints, envelopes, members, sign_ins, certificates, drops, duplicates, order, directions, splices];
    groups.into_iter().flat_map(|group| group()).collect()
}

fn swap(frame: &Frame) -> Vec<Frame> {
    vec![frame.with_fingerprint(Mallory::FINGERPRINT)]
}

fn swap_and_sign(frame: &Frame) -> Vec<Frame> {
    vec![frame.with_fingerprint(Mallory::FINGERPRINT).signed_by(&Mallory::default().session)]
}

/// The man in the middle shows his own certificate, and has to make both believe that it is the other's.
fn fingerprints() -> Vec<Attempt> {
    vec![
        Attempt::new("the offer's fingerprint is swapped", || down(CALLEE, "offer", swap))
            .refused(By::Kiosk(CALLEE), "signature"),
        Attempt::new("the answer's fingerprint is swapped", || down(CALLER, "answer", swap))
            .refused(By::Kiosk(CALLER), "signature"),
        Attempt::new("a swapped offer is signed anew", || down(CALLEE, "offer", swap_and_sign))
            .refused(By::Kiosk(CALLEE), "signature"),
        Attempt::new("a swapped answer is signed anew", || down(CALLER, "answer", swap_and_sign))
            .refused(By::Kiosk(CALLER), "signature"),
        Attempt::new("the offer's fingerprint is swapped before the real server sees it", || up(CALLER, "offer", swap))
            .refused(By::Server, "bad-sig"),
        Attempt::new("the answer's fingerprint is swapped before the real server sees it", || {
            up(CALLEE, "answer", swap)
        })
        .refused(By::Server, "bad-sig"),
    ]
}

type Edit = fn(&mut Value);

/// Around the payload: header, signature, the frame itself.
fn envelopes() -> Vec<Attempt> {
    let edits: [(&str, Edit, &'static str); 13] = [
        (
            "the header says alg none",
            |m| {
                forge::set_header(m, r#"{"alg":"none"}"#);
                m["signature"] = "".into();
            },
            "header",
        ),
        ("the header says HS256", |m| forge::set_header(m, r#"{"alg":"HS256","typ":"ksp1"}"#), "header"),
        (
            "the header brings its own key",
            |m| forge::set_header(m, r#"{"alg":"ES256","typ":"ksp1","jwk":{}}"#),
            "header",
        ),
        (
            "the header is that of a certificate",
            |m| m["protected"] = Kind::SessionCertificate.protected().into(),
            "header",
        ),
        ("the header has a version less", |m| forge::set_header(m, r#"{"alg":"ES256","typ":"ksp"}"#), "header"),
        ("one bit of the payload is flipped", |m| flip(m, "payload"), "signature"),
        ("one bit of the signature is flipped", |m| flip(m, "signature"), "signature"),
        ("the signature is all zeros", |m| m["signature"] = "A".repeat(86).into(), "signature"),
        ("the signature is empty", |m| m["signature"] = "".into(), "signature-length"),
        ("the signature is 63 bytes", |m| m["signature"] = "A".repeat(84).into(), "signature-length"),
        ("there is no signature", |m| drop(m.as_object_mut().and_then(|m| m.remove("signature"))), "frame-syntax"),
        ("there is no envelope", |m| *m = forge::payload(m), "frame-syntax"),
        ("there is an unprotected header", |m| m["header"] = json!({ "alg": "none" }), "frame-syntax"),
    ];
    let attempt = |(name, edit, reason): (&str, Edit, _)| {
        Attempt::new(name, move || envelope(edit)).refused(By::Kiosk(CALLEE), reason)
    };
    let mut attempts: Vec<_> = edits.into_iter().map(attempt).collect();
    attempts.push(
        Attempt::new("the frame says twice what it is", || {
            down(CALLEE, "offer", |offer| {
                let text = offer.text.replacen(r#""t":"msg""#, r#""t":"msg","t":"msg""#, 1);
                vec![Frame { text, ..offer.clone() }]
            })
        })
        .refused(By::Kiosk(CALLEE), "frame-syntax"),
    );
    attempts
}

fn flip(envelope: &mut Value, member: &str) {
    let text = envelope[member].as_str().unwrap_or_default();
    // In the middle, so that every bit of the letter counts.
    let (before, after) = text.split_at(text.len() / 2);
    let letter = if after.starts_with('A') { 'B' } else { 'A' };
    envelope[member] = format!("{before}{letter}{}", &after[1..]).into();
}

/// Every member of an offer's payload, and the version that is stripped.
fn members() -> Vec<Attempt> {
    let edits: [(&str, Edit); 13] = [
        ("v is 2", |message| message["v"] = 2.into()),
        ("v is gone", |message| drop(message.as_object_mut().and_then(|message| message.remove("v")))),
        ("t is changed", |message| message["t"] = "answer".into()),
        ("from is changed", |message| message["from"] = id().into()),
        ("fs is changed", |message| message["fs"] = id().into()),
        ("to is changed", |message| message["to"] = id().into()),
        ("ts is changed", |message| message["ts"] = id().into()),
        ("room is changed", |message| message["room"] = "hall".into()),
        ("call is changed", |message| message["call"] = "A".repeat(22).into()),
        ("seq is changed", |message| message["seq"] = 1.into()),
        ("re is changed", |message| message["re"] = id().into()),
        ("at is changed", |message| message["at"] = 0.into()),
        ("the body is emptied", |message| message["body"] = json!({})),
    ];
    let attempt = |(name, edit): (&str, Edit)| {
        let attack = move || down(CALLEE, "offer", move |offer| vec![offer.with_payload(edit)]);
        Attempt::new(name, attack).refused(By::Kiosk(CALLEE), "signature")
    };
    edits.into_iter().map(attempt).collect()
}

fn id() -> String {
    Mallory::id(&Mallory::default().identity).to_string()
}

/// Before anybody is in the room.
fn sign_ins() -> Vec<Attempt> {
    let attempt = |name: &str, way, kind, edit: Edit, by, reason| {
        Attempt::new(name, move || frames(way, kind, edit)).refused(by, reason).no_sign_in()
    };
    let caller = By::Kiosk(CALLER);
    vec![
        attempt(
            "the hello offers version 2 alone",
            Way::Down,
            "hello",
            |hello| hello["v"] = json!([2]),
            caller,
            "version",
        ),
        attempt("the hello offers no version", Way::Down, "hello", |hello| hello["v"] = json!([]), caller, "version"),
        attempt(
            "the hello lacks the version",
            Way::Down,
            "hello",
            |hello| drop(hello.as_object_mut().and_then(|hello| hello.remove("v"))),
            caller,
            "frame-syntax",
        ),
        attempt(
            "the hello names another server",
            Way::Down,
            "hello",
            |hello| hello["aud"] = "wss://calls.example/signaling".into(),
            caller,
            "audience",
        ),
        attempt(
            "the challenge is exchanged",
            Way::Down,
            "hello",
            |hello| hello["nonce"] = "A".repeat(22).into(),
            By::Server,
            "nonce",
        ),
        attempt(
            "the sign-in goes to another room",
            Way::Up,
            "auth",
            |auth| auth["room"] = "hall".into(),
            By::Server,
            "room",
        ),
        attempt(
            "the sign-in has another name",
            Way::Up,
            "auth",
            |auth| forge::edit_payload(&mut auth["sess"], |certificate| certificate["name"] = "Hall".into()),
            By::Server,
            "signature",
        ),
        attempt(
            "the sign-in has another session key",
            Way::Up,
            "auth",
            |auth| forge::edit_payload(&mut auth["sess"], own_session),
            By::Server,
            "signature",
        ),
        attempt(
            "the sign-in proves with the certificate",
            Way::Up,
            "auth",
            |auth| auth["pop"] = auth["sess"].clone(),
            By::Server,
            "header",
        ),
        attempt(
            "the sign-in proves with another key",
            Way::Up,
            "auth",
            |auth| forge::sign(&mut auth["pop"], &Mallory::default().session),
            By::Server,
            "signature",
        ),
        attempt(
            "the welcome is for another",
            Way::Down,
            "welcome",
            |welcome| welcome["you"] = id().into(),
            caller,
            "peer-id",
        ),
    ]
}

fn own_session(certificate: &mut Value) {
    certificate["sk"] = Mallory::raw(&Mallory::default().session).into();
}

/// The certificates by which peers know each other, in `welcome` and `joined`.
fn certificates() -> Vec<Attempt> {
    let edits: [(&str, Edit); 4] = [
        ("a peer's name is changed", |sess| {
            forge::edit_payload(sess, |certificate| certificate["name"] = "Hall".into())
        }),
        ("a peer's session key is the server's own", |sess| forge::edit_payload(sess, own_session)),
        ("a peer's session key is the server's own, signed by the server", |sess| {
            forge::edit_payload(sess, own_session);
            forge::sign(sess, &Mallory::default().identity);
        }),
        ("a peer's epoch is lowered", |sess| forge::edit_payload(sess, |certificate| certificate["epoch"] = 0.into())),
    ];
    let attempt = |(name, edit): (&str, Edit)| {
        Attempt::new(name, move || presented(edit)).refused(By::Kiosk(CALLER), "signature").no_sign_in()
    };
    edits.into_iter().map(attempt).collect()
}

/// Does this to every certificate that the caller is shown.
fn presented(edit: Edit) -> Attack {
    Box::new(move |frame| {
        if frame.way != Way::Down || frame.who != Some(CALLER) {
            return vec![frame.clone()];
        }
        vec![match frame.kind().as_str() {
            "joined" => frame.with(|frame| edit(&mut frame["peer"]["sess"])),
            "welcome" => frame.with(|frame| {
                frame["peers"].as_array_mut().into_iter().flatten().for_each(|peer| edit(&mut peer["sess"]));
            }),
            _ => frame.clone(),
        }]
    })
}

/// What never comes.
fn drops() -> Vec<Attempt> {
    let attempt = |who: usize, message: &'static str, by: usize, reason| {
        Attempt::new(format!("kiosk {who} never gets: {message}"), move || down(who, message, |_| Vec::new()))
            .refused(By::Kiosk(by), reason)
    };
    vec![
        // What follows an offer is of a call that nobody knows.
        attempt(CALLEE, "offer", CALLEE, "unknown-call"),
        Attempt { rings: true, ..attempt(CALLER, "ringing", CALLER, "out-of-order") },
        attempt(CALLER, "answer", CALLER, "out-of-order"),
        attempt(CALLEE, "candidates", CALLEE, "out-of-order").ends(),
        attempt(CALLER, "candidates", CALLER, "out-of-order").ends(),
        Attempt::new("nobody gets the goodbye", || down(CALLEE, "bye", |_| Vec::new())).unharmed(),
    ]
}

/// What comes twice is refused once, and nothing more happens.
fn duplicates() -> Vec<Attempt> {
    let attempt = |who: usize, message: &'static str, reason| {
        let twice = |frame: &Frame| vec![frame.clone(), frame.clone()];
        Attempt::new(format!("kiosk {who} gets twice: {message}"), move || down(who, message, twice))
            .refused(By::Kiosk(who), reason)
            .unharmed()
    };
    let mut attempts = vec![
        attempt(CALLEE, "offer", "call-reused"),
        attempt(CALLER, "answer", "replayed"),
        attempt(CALLEE, "candidates", "replayed"),
        attempt(CALLER, "candidates", "replayed"),
        attempt(CALLEE, "end-of-candidates", "replayed"),
        // The call that it ended is forgotten.
        Attempt { at_goodbye: true, ..attempt(CALLEE, "bye", "unknown-call") },
    ];
    attempts.push(Attempt { rings: true, ..attempt(CALLER, "ringing", "replayed") });
    attempts
}

/// Holds one message back until another has passed.
fn overtaken(who: usize, late: &'static str, by: &'static str) -> Attack {
    let mut held = Vec::new();
    Box::new(move |frame| {
        if frame.is(Way::Down, who, late) && held.is_empty() {
            held.push(frame.clone());
            return Vec::new();
        }
        let mut frames = vec![frame.clone()];
        if frame.is(Way::Down, who, by) {
            frames.append(&mut held);
        }
        frames
    })
}

fn order() -> Vec<Attempt> {
    vec![
        Attempt::new("candidates overtake the offer", || overtaken(CALLEE, "offer", "candidates"))
            .refused(By::Kiosk(CALLEE), "unknown-call")
            .refused(By::Kiosk(CALLEE), "out-of-order")
            .ends(),
        Attempt::new("candidates overtake the answer", || overtaken(CALLER, "answer", "candidates"))
            .refused(By::Kiosk(CALLER), "out-of-order"),
        Attempt::new("the end of candidates overtakes them", || overtaken(CALLEE, "candidates", "end-of-candidates"))
            .refused(By::Kiosk(CALLEE), "out-of-order")
            .ends(),
    ]
}

/// To and from the wrong kiosk.
fn directions() -> Vec<Attempt> {
    let of_three = |attempt: Attempt| Attempt { kiosks: 3, ..attempt };
    let to_bystander = || down(CALLEE, "offer", |offer| vec![offer.redirected(BYSTANDER)]);
    let to_both = || down(CALLEE, "offer", |offer| vec![offer.redirected(BYSTANDER), offer.clone()]);
    let addressed = || {
        let bystander = crate::kiosk::peer(BYSTANDER).to_string();
        up(CALLER, "offer", move |offer| vec![offer.with(|frame| frame["to"] = bystander.as_str().into())])
    };
    let from = |whom: String| {
        move || {
            let whom = whom.clone();
            down(CALLEE, "offer", move |offer| vec![offer.with(|frame| frame["from"] = whom.as_str().into())])
        }
    };
    vec![
        of_three(Attempt::new("the offer goes to a third kiosk", to_bystander))
            .refused(By::Kiosk(BYSTANDER), "not-for-me"),
        of_three(Attempt::new("the offer goes to a third kiosk as well", to_both))
            .refused(By::Kiosk(BYSTANDER), "not-for-me")
            .unharmed(),
        of_three(Attempt::new("the offer is addressed anew", addressed)).refused(By::Kiosk(BYSTANDER), "not-for-me"),
        of_three(Attempt::new(
            "the offer seems to come from a third kiosk",
            from(crate::kiosk::peer(BYSTANDER).to_string()),
        ))
        .refused(By::Kiosk(CALLEE), "signature"),
        Attempt::new("the offer seems to come from a stranger", from(id())).refused(By::Kiosk(CALLEE), "unknown-peer"),
        Attempt::new("the caller gets its own offer back", || {
            let own = crate::kiosk::peer(CALLER).to_string();
            down(CALLEE, "offer", move |offer| {
                vec![offer.redirected(CALLER).with(|frame| frame["from"] = own.as_str().into())]
            })
        })
        .refused(By::Kiosk(CALLER), "unknown-peer"),
    ]
}

/// The first message of this type that went down to this kiosk.
fn first(seen: &[Frame], who: usize, message: &str) -> Option<Frame> {
    seen.iter().find(|frame| frame.is(Way::Down, who, message)).cloned()
}

/// Messages of an earlier call between the same two, in the same sessions.
fn splices() -> Vec<Attempt> {
    let instead = |who: usize, message: &'static str| {
        Attempt::knowing(format!("kiosk {who} gets from an earlier call: {message}"), move |seen| {
            let old = first(seen, who, message);
            down(who, message, move |_| old.iter().cloned().collect())
        })
    };
    let beside = |who: usize, with: &'static str, message: &'static str, reason| {
        Attempt::knowing(format!("kiosk {who} gets from an earlier call, with its {with}: {message}"), move |seen| {
            let old = first(seen, who, message);
            down(who, with, move |frame| old.iter().chain([frame]).cloned().collect())
        })
        .refused(By::Kiosk(who), reason)
        .unharmed()
    };
    vec![
        instead(CALLEE, "offer").refused(By::Kiosk(CALLEE), "call-reused"),
        instead(CALLER, "answer").refused(By::Kiosk(CALLER), "unknown-call"),
        instead(CALLEE, "candidates").refused(By::Kiosk(CALLEE), "unknown-call").ends(),
        instead(CALLER, "candidates").refused(By::Kiosk(CALLER), "unknown-call").ends(),
        beside(CALLEE, "offer", "offer", "call-reused"),
        beside(CALLEE, "candidates", "bye", "unknown-call"),
        beside(CALLER, "answer", "answer", "unknown-call"),
    ]
}
