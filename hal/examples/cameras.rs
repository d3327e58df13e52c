//! Prints what the cameras of this machine are, and holds them to the contract of the tests. `cameras KEY=VALUE …` sets controls of
//! the first one before.
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

#[path = "../tests/contract/cameras.rs"]
mod contract;

use std::{collections::BTreeMap, env, time::Instant};

use kiosk_hal::{
    camera::{Camera, PictureSize, Rates, Setting, Wanted, choose_mode},
    linux,
};

fn main() {
    let wanted: BTreeMap<_, _> = env::args().skip(1).filter_map(|argument| setting(&argument)).collect();
    if let Some(camera) = linux::cameras().first() {
        for complaint in linux::set_controls(camera, &wanted) {
            println!("complaint: {complaint}");
        }
    }
    let began = Instant::now();
    let cameras = linux::cameras();
    println!("asked: {} ms", began.elapsed().as_millis());
    cameras.iter().for_each(print);
    contract::check(&cameras);
    println!("contract: kept by {}", cameras.len());
}

fn setting(argument: &str) -> Option<(String, Setting)> {
    let (key, value) = argument.split_once('=')?;
    let setting = match (value.parse(), value.parse()) {
        (Ok(number), _) => Setting::Number(number),
        (_, Ok(is_on)) => Setting::Switch(is_on),
        (Err(_), Err(_)) => Setting::Text(value.to_owned()),
    };
    Some((key.to_owned(), setting))
}

fn print(camera: &Camera) {
    println!("camera: {} {} {} {}", camera.path.display(), camera.name, camera.driver, camera.bus);
    println!("stable: {}", camera.stable.as_deref().unwrap_or_else(|| "none".as_ref()).display());
    println!("names: {}", camera.names.join(" "));
    println!("access: {:?}", camera.access());
    for format in &camera.formats {
        for offer in &format.sizes {
            let size = match offer.size {
                PictureSize::Discrete { width_px, height_px } => format!("{width_px}x{height_px}"),
                PictureSize::Range { min_px, max_px, step_px } => {
                    format!("{min_px:?} to {max_px:?} by {step_px:?}")
                }
            };
            let rates = offer.rates.iter().map(|rates| match rates {
                Rates::Discrete(rate) => rate.to_string(),
                Rates::Range { least, most } => format!("{least} to {most}"),
            });
            println!("format: {} {size} at {}", format.fourcc, rates.collect::<Vec<_>>().join(" "));
        }
    }
    for control in &camera.controls {
        let items = control.items.iter().map(|item| format!(" {}={}", item.value, item.name)).collect::<String>();
        println!(
            "control: {} {:#010x} {:?} {} to {} = {:?}{items}",
            control.key(),
            control.id,
            control.kind,
            control.minimum,
            control.maximum,
            control.value
        );
    }
    for (width_px, height_px, framerate) in [(640, 480, 30), (640, 360, 15), (1280, 720, 30), (1000, 700, 30)] {
        if let Some(mode) = choose_mode(&camera.formats, Wanted { width_px, height_px, framerate }) {
            let rate = mode.rate.map(|rate| rate.to_string()).unwrap_or_default();
            println!(
                "mode: {width_px}x{height_px}@{framerate} is {} {}x{}@{rate}: {}",
                mode.fourcc, mode.width_px, mode.height_px, mode.why
            );
        }
    }
}
