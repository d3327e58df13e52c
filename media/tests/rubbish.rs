//! Whoever knows the address of a call throws at it what they like: random bytes, and what looks like STUN, DTLS, RTP and RTCP.

#[expect(dead_code, reason = "each test program uses its own part of it")]
mod side;

use std::{
    net::{IpAddr, SocketAddr, UdpSocket},
    sync::atomic::Ordering,
};

use anyhow::{Context as _, Result, ensure};
use kiosk_call::Candidate;
use kiosk_media::{CameraSource, Options, TestPattern};

use crate::side::Pair;

/// As many as a thread sends in a second or so.
const PACKETS: u32 = 20_000;

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next().to_le_bytes()[0]).collect()
    }
}

/// First bytes by which RFC 7983 §7 tells what a packet is: nothing at all, STUN, a DTLS record (a ClientHello among them), RTP in the call's own
/// payload types, RTCP.
fn heads() -> [&'static [u8]; 8] {
    [
        &[],
        &[0x00, 0x01, 0x00, 0x08, 0x21, 0x12, 0xa4, 0x42],
        &[0x16, 0xfe, 0xfd, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x20, 0x01],
        &[0x15, 0xfe, 0xfd, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x02],
        &[0x80, 96],
        &[0x90, 0x80 | 111],
        &[0x80, 200],
        &[0x81, 203],
    ]
}

/// RFC 8839 §5.1: `candidate:1 1 UDP 2015363327 192.0.2.1 40000 typ host`.
fn address(candidate: &Candidate) -> Option<SocketAddr> {
    let words: Vec<_> = candidate.candidate.split(' ').collect();
    let [_, _, protocol, _, address, port, ..] = words.as_slice() else { return None };
    let address: IpAddr = address.parse().ok()?;
    protocol.eq_ignore_ascii_case("udp").then_some(SocketAddr::new(address, port.parse().ok()?))
}

fn hail(targets: &[SocketAddr], seed: u64) -> Result<u32> {
    let socket = UdpSocket::bind("0.0.0.0:0").context("a port")?;
    let (mut random, mut sent) = (Random(seed), 0);
    for number in 0..PACKETS {
        let head = heads()[usize::try_from(number)? % heads().len()];
        let length = usize::try_from(random.next() % 1_200)?;
        let packet = [head, &random.bytes(length)].concat();
        let target = targets[usize::try_from(random.next())? % targets.len()];
        // What a full buffer does not take is not missed.
        sent += u32::from(socket.send_to(&packet, target).is_ok());
    }
    Ok(sent)
}

#[test]
fn a_call_goes_on_under_a_hail_of_rubbish() -> Result<()> {
    let ball = || CameraSource::Test { pattern: TestPattern::Ball { background: 0x00c0_2020 } };
    let options = || Options { camera: ball(), ..Options::default() };
    let mut pair = Pair::start(options(), options())?;
    pair.call(1)?;
    for side in [0, 1] {
        let known: Vec<_> = pair.record[side].candidates.iter().filter_map(address).collect();
        let targets: Vec<_> = known.into_iter().filter(SocketAddr::is_ipv4).collect();
        ensure!(!targets.is_empty(), "side {side} has no address: {:?}", pair.record[side].candidates);
        let throwing = std::thread::spawn(move || hail(&targets, 7));
        pair.until("the end of the hail", |_| throwing.is_finished())?;
        let sent = throwing.join().map_err(|_| anyhow::anyhow!("it panicked"))??;
        ensure!(sent > PACKETS / 2, "only {sent} packets went out");
        let before = [0, 1].map(|side| pair.seen[side].changes.load(Ordering::Relaxed));
        pair.until("moving pictures on both sides", |pair| {
            [0, 1].iter().all(|side| pair.seen[*side].changes.load(Ordering::Relaxed) > before[*side] + 20)
        })?;
        for record in &pair.record {
            ensure!(!record.gone && record.failed.is_none(), "{record:?}");
        }
    }
    Ok(())
}
