//! The control socket: a call is refused, answered, or a method that says the same again.
#![no_main]

use kioskd::control::{
    Asked,
    protocol::{INTERFACE, WireCall},
    understand,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|message: &[u8]| {
    let Ok(call) = serde_json::from_slice::<WireCall>(message) else { return };
    let Asked::Method(method) = understand(call) else { return };
    let said = serde_json::to_value(&method).expect("a method is JSON");
    let name = said["method"].as_str().expect("it has a name");
    let again = WireCall {
        method: format!("{INTERFACE}.{name}"),
        parameters: Some(said["parameters"].clone()),
        oneway: false,
        more: false,
    };
    let Asked::Method(again) = understand(again) else { panic!("{said} is not understood") };
    assert_eq!(again, method);
});
