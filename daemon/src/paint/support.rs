//! The support code: a few letters that tell an admin on the telephone what is wrong (docs/operations.md, "The screen").

use kiosk_call::{DeviceState, Link, LinkTrouble, View};

/// The letters for all that is wrong, in a fixed order; None: nothing is.
pub(super) fn code(view: &View) -> Option<String> {
    let is_missing = |device: &DeviceState| matches!(device, DeviceState::Missing(_));
    let trouble = match &view.link {
        Link::Up | Link::Connecting => None,
        Link::Down { trouble, .. } => Some(*trouble),
    };
    let letters = [
        ('C', is_missing(&view.camera)),
        ('S', is_missing(&view.sound)),
        ('N', trouble == Some(LinkTrouble::NoNetwork)),
        ('L', trouble == Some(LinkTrouble::NoServer)),
        ('R', trouble == Some(LinkTrouble::Replaced)),
    ];
    let code: String = letters.into_iter().filter(|(_, is_wrong)| *is_wrong).map(|(letter, _)| letter).collect();
    (!code.is_empty()).then_some(code)
}

/// What the code to scan says: the address of the config, with `{kiosk}` and `{code}` filled in, or who this kiosk is.
pub(super) fn help(view: &View, address: Option<&str>) -> String {
    let kiosk = view.peer_id.to_string();
    match address {
        Some(address) => address.replace("{kiosk}", &kiosk).replace("{code}", &code(view).unwrap_or_default()),
        None => kiosk,
    }
}
