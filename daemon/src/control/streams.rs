//! Methods that are answered again and again (varlink's `more`): events, pressed keys, and lights one after the other.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use tokio::{
    sync::{broadcast::error::RecvError, mpsc},
    time::sleep,
};

use super::{
    Request,
    events::{EventName, EventReply},
    protocol::{LightReply, Method, WireReply},
    server::{Sights, to_value},
};
use crate::run::now;

/// How long each light is lit: long enough to walk up to it.
const LIT: Duration = Duration::from_secs(1);
/// Replies that wait for a slow client; then whoever tells waits.
const WAITING: usize = 16;

/// Whether a method is one of these.
pub(super) const fn is_stream(method: &Method) -> bool {
    matches!(method, Method::Events {} | Method::Keys {} | Method::TestLights {})
}

/// The replies to one of these methods, as long as somebody takes them.
pub(super) fn replies(method: &Method, sights: &Sights, requests: mpsc::Sender<Request>) -> mpsc::Receiver<WireReply> {
    let (sender, receiver) = mpsc::channel(WAITING);
    let sights = sights.clone();
    if *method == (Method::Keys {}) {
        tokio::spawn(keys(sender, requests));
    } else if *method == (Method::TestLights {}) {
        tokio::spawn(lights(sender, sights, requests));
    } else {
        tokio::spawn(events(sender, sights));
    }
    receiver
}

type Replies = mpsc::Sender<WireReply>;

/// False: nobody takes it any more.
async fn send(replies: &Replies, reply: &impl Serialize, continues: bool) -> bool {
    let Ok(parameters) = to_value(reply) else { return false };
    put(replies, parameters, continues).await
}

async fn put(replies: &Replies, parameters: Value, continues: bool) -> bool {
    replies.send(WireReply { error: None, parameters, continues }).await.is_ok()
}

async fn events(replies: Replies, sights: Sights) {
    let mut events = sights.events.follow();
    let told = |name| EventReply::new(name, now().wall);
    let mut next = told(EventName::Listening);
    while send(&replies, &next, true).await {
        next = tokio::select! {
            () = replies.closed() => return,
            event = events.recv() => match event {
                Ok(event) => event,
                Err(RecvError::Lagged(count)) => EventReply { count: Some(count), ..told(EventName::Missed) },
                Err(RecvError::Closed) => return,
            },
        };
    }
}

async fn keys(replies: Replies, requests: mpsc::Sender<Request>) {
    let (watcher, mut pressed) = mpsc::channel(WAITING);
    if requests.send(Request::WatchKeys(watcher)).await.is_err() {
        return;
    }
    loop {
        tokio::select! {
            () = replies.closed() => return,
            key = pressed.recv() => match key {
                Some(key) if send(&replies, &key, true).await => {}
                Some(_) | None => return,
            },
        }
    }
}

/// Gives the lights back to the state, whatever ends the test.
struct Tested(mpsc::Sender<Request>);

impl Drop for Tested {
    fn drop(&mut self) {
        let requests = self.0.clone();
        tokio::spawn(async move { requests.send(Request::ShowLight(None)).await });
    }
}

async fn lights(replies: Replies, sights: Sights, requests: mpsc::Sender<Request>) {
    let names = sights.reloader.lights().await;
    let tested = Tested(requests);
    for (light, led) in names.roles() {
        if led.is_empty() {
            continue;
        }
        if tested.0.send(Request::ShowLight(Some(light))).await.is_err() {
            return;
        }
        let lit = LightReply { light: Some(light.to_owned()), led: Some(led.clone()) };
        if !send(&replies, &lit, true).await {
            return;
        }
        tokio::select! {
            () = replies.closed() => return,
            () = sleep(LIT) => {}
        }
    }
    send(&replies, &LightReply { light: None, led: None }, false).await;
}
