//! The config: what is wrong is told in a sentence that names the file.
#![no_main]

use std::path::Path;

use kioskd::config::Config;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Err(error) = Config::parse(Path::new("kioskd.toml"), text) {
        let sentence = error.to_string();
        assert!(sentence.contains("kioskd.toml"), "{sentence}");
    }
});
