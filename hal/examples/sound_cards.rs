//! Prints what the sound cards of this machine are and which would be taken. `sound_cards MIXER` holds that mixer to the contract of the tests,
//! which changes its volumes.
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

#[path = "../tests/contract/mixer.rs"]
mod contract;

use std::env;

use kiosk_hal::{
    linux::{self, CardMixer},
    sound::{Abilities, Direction, Mixer, Sound, SoundCard, Wish, choose, mixer_of},
};

fn main() {
    let cards = linux::sound_cards();
    cards.iter().for_each(print);
    let Sound { capture, playback } = choose(&cards, Wish::Any, Wish::Any, &Sound::default());
    for (way, choice) in [("capture", capture), ("playback", playback)] {
        match choice {
            Some(choice) => println!("{way}: {} ({}), mixer {}", choice.device, choice.why, mixer_of(&choice.device)),
            None => println!("{way}: none"),
        }
    }
    if let Some(mixer) = env::args().nth(1) {
        contract::keeps_the_contract(&mut CardMixer::new(&mixer));
        println!("contract: kept by {mixer}");
    }
}

fn print(card: &SoundCard) {
    println!("card: {} {} {} ({})", card.number, card.id, card.name, card.driver);
    let mixer = CardMixer::new(&format!("hw:{}", card.id));
    match mixer.volume() {
        Ok(percent) => println!("volume: {} {percent} %", card.id),
        Err(error) => println!("volume: {error}"),
    }
    for pcm in &card.pcms {
        for direction in [Direction::Capture, Direction::Playback] {
            if let Some(Abilities { rates_hz, channels }) = pcm.abilities(direction) {
                println!("pcm: {} {} {} {direction:?} {rates_hz:?} {channels:?}", card.id, pcm.device, pcm.name);
            }
        }
    }
}
