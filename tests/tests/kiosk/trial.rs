//! Our own pictures are tried while nobody needs them, and a call needs them.

use kiosk_media::NoTrial;
use kioskd::{
    control::protocol::{Failure, Method},
    trial::TryOut,
};

use super::{declined, start};

/// Media that has other things to do.
pub(crate) fn busy() -> TryOut {
    Box::new(|_, tried| tried(Err(NoTrial::Another)))
}

#[tokio::test(start_paused = true)]
async fn a_call_is_not_disturbed_by_a_selftest() {
    let mut kiosk = start();
    kiosk.reachable().await;
    let ask = || kiosk.ask(Method::TryOut { for_ms: None });
    let Failure::TryAgain(sentence) = declined(ask().await) else { panic!("it is only not now") };
    assert!(sentence.contains("another selftest"), "media is asked: {sentence}");
    let Failure::Declined(_) = declined(kiosk.ask(Method::TryOut { for_ms: Some(60_001) }).await) else {
        panic!("that is too long")
    };
    kiosk.press("KEY_PHONE");
    kiosk.view(|view| matches!(view.screen, kiosk_call::Screen::RingingOut { .. })).await;
    let Failure::TryAgain(sentence) = declined(kiosk.ask(Method::TryOut { for_ms: None }).await) else {
        panic!("it is only not now")
    };
    assert!(sentence.starts_with("a call is on"), "media is not asked: {sentence}");
    kiosk.end().await;
}
