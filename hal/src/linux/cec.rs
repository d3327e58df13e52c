//! A television, switched on and off over HDMI-CEC (HDMI 1.4b, supplement 1; kernel: Documentation/userspace-api/media/cec).

use std::{
    io,
    path::PathBuf,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
};

use cec_linux::{
    CecDevice, CecLogAddrType, CecLogAddrs, CecLogicalAddress, CecOpcode, CecPhysicalAddress, CecPrimDevType, VendorID,
    Version,
};

/// What televisions show as our name.
const NAME: &str = "Kiosk";

/// What is wanted of the television.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Power {
    /// On, and showing our input.
    On,
    Standby,
}

/// A message: to whom, what, and its operands.
type Message = (CecLogicalAddress, CecOpcode, Vec<u8>);

impl Power {
    /// What is said. `address` is our place in the HDMI tree, as the television's EDID gives it.
    fn messages(self, address: CecPhysicalAddress) -> Vec<Message> {
        match self {
            Self::On => vec![
                (CecLogicalAddress::Tv, CecOpcode::ImageViewOn, Vec::new()),
                (CecLogicalAddress::UnregisteredBroadcast, CecOpcode::ActiveSource, address.to_bytes().to_vec()),
            ],
            Self::Standby => vec![(CecLogicalAddress::Tv, CecOpcode::Standby, Vec::new())],
        }
    }
}

/// The television at the other end of the HDMI cable, if it is one. Speaking takes some 100 ms: done by a thread, which ends
/// with this.
#[derive(Debug)]
pub(super) struct Television(SyncSender<Power>);

impl Default for Television {
    fn default() -> Self {
        let (sender, wanted) = sync_channel(4);
        if let Err(error) = thread::Builder::new().name("cec".to_owned()).spawn(move || speak(&wanted)) {
            tracing::warn!(%error, "no thread for HDMI-CEC");
        }
        Self(sender)
    }
}

impl Television {
    /// On, and our input.
    pub(super) fn wake(&self) {
        self.want(Power::On);
    }

    /// Off, but for the receiver that hears us wake it.
    pub(super) fn standby(&self) {
        self.want(Power::Standby);
    }

    fn want(&self, power: Power) {
        if self.0.try_send(power).is_err() {
            tracing::debug!(?power, "HDMI-CEC has no time for it");
        }
    }
}

fn speak(wanted: &Receiver<Power>) {
    while let Ok(power) = wanted.recv() {
        for path in devices() {
            match tell(&path, power) {
                Ok(()) => tracing::debug!(path = %path.display(), ?power, "told the television"),
                Err(error) => tracing::debug!(path = %path.display(), ?power, %error, "the television was not told"),
            }
        }
    }
}

fn devices() -> Vec<PathBuf> {
    let entries = std::fs::read_dir("/dev").into_iter().flatten().flatten();
    entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("cec")).map(|entry| entry.path()).collect()
}

fn tell(path: &PathBuf, power: Power) -> io::Result<()> {
    let device = CecDevice::open(path)?;
    let address = device.get_phys()?;
    if address == CecPhysicalAddress::INVALID {
        return Err(io::Error::other("nothing is plugged in"));
    }
    let ours = claim(&device)?;
    for (to, opcode, operands) in power.messages(address) {
        device.transmit_data(ours, to, opcode, &operands)?;
    }
    Ok(())
}

/// Our logical address; claimed, if nobody has.
fn claim(device: &CecDevice) -> io::Result<CecLogicalAddress> {
    let first = |device: &CecDevice| io::Result::Ok(device.get_log()?.addresses().first().copied());
    if let Some(ours) = first(device)? {
        return Ok(ours);
    }
    let name = NAME.to_owned().try_into().map_err(|_| io::Error::other("a name is too long"))?;
    let wanted =
        CecLogAddrs::new(VendorID::NONE, Version::V1_4, name, &[CecPrimDevType::PLAYBACK], &[CecLogAddrType::PLAYBACK]);
    device.set_log(wanted)?;
    first(device)?.ok_or_else(|| io::Error::other("no logical address is free"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As on the wire, but for our own address: to whom, opcode, operands (HDMI 1.4b, supplement 1, table 7 and §CEC 17).
    fn bytes(power: Power) -> Vec<Vec<u8>> {
        let messages = power.messages(CecPhysicalAddress::from_num(0x1200));
        messages
            .into_iter()
            .map(|(to, opcode, operands)| [vec![u8::from(to), u8::from(opcode)], operands].concat())
            .collect()
    }

    #[test]
    fn messages_are_those_of_the_standard() {
        assert_eq!(bytes(Power::On), [vec![0x0, 0x04], vec![0xf, 0x82, 0x12, 0x00]]);
        assert_eq!(bytes(Power::Standby), [vec![0x0, 0x36]]);
    }

    #[test]
    fn what_is_no_cec_device_is_an_error() {
        assert!(tell(&PathBuf::from("/dev/null"), Power::On).is_err());
    }
}
