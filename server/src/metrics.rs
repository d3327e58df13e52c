//! What `/metrics` tells, in the text format of OpenMetrics 1.0, which Prometheus reads.

use std::sync::atomic::AtomicU64;

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

use crate::rooms::{CloseReason, Note, Rooms};

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Reason {
    reason: &'static str,
}

/// Counters and gauges, shared by all tasks.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    pub(crate) connections: Gauge,
    pub(crate) connections_total: Counter<u64, AtomicU64>,
    waiting: Gauge,
    peers: Gauge,
    rooms: Gauge,
    sign_ins: Counter<u64, AtomicU64>,
    relayed: Counter<u64, AtomicU64>,
    refusals: Family<Reason, Counter<u64, AtomicU64>>,
    closes: Family<Reason, Counter<u64, AtomicU64>>,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::default(),
            connections: Gauge::default(),
            connections_total: Counter::default(),
            waiting: Gauge::default(),
            peers: Gauge::default(),
            rooms: Gauge::default(),
            sign_ins: Counter::default(),
            relayed: Counter::default(),
            refusals: Family::default(),
            closes: Family::default(),
        };
        let registry = &mut metrics.registry;
        registry.register("kiosk_connections", "Open TCP connections", metrics.connections.clone());
        registry.register("kiosk_accepted", "TCP connections accepted", metrics.connections_total.clone());
        registry.register("kiosk_sockets_waiting", "WebSockets not signed in", metrics.waiting.clone());
        registry.register("kiosk_peers", "Peers in rooms", metrics.peers.clone());
        registry.register("kiosk_rooms", "Rooms with a peer", metrics.rooms.clone());
        registry.register("kiosk_sign_ins", "Sign-ins that passed", metrics.sign_ins.clone());
        registry.register("kiosk_messages_relayed", "Messages passed on", metrics.relayed.clone());
        registry.register("kiosk_refusals", "Frames and sign-ins refused, by reason", metrics.refusals.clone());
        registry.register("kiosk_closes", "WebSockets closed by the server, by reason", metrics.closes.clone());
        metrics
    }

    pub(crate) fn note(&self, note: &Note) {
        match note {
            Note::SignedIn { .. } => drop(self.sign_ins.inc()),
            Note::Relayed => drop(self.relayed.inc()),
            Note::Refused(reason) => self.refused(reason),
        }
    }

    pub(crate) fn refused(&self, reason: &'static str) {
        self.refusals.get_or_create(&Reason { reason }).inc();
    }

    pub(crate) fn closed(&self, reason: CloseReason) {
        self.closes.get_or_create(&Reason { reason: reason.text() }).inc();
    }

    pub(crate) fn count(&self, rooms: &Rooms) {
        let gauge = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        self.waiting.set(gauge(rooms.waiting()));
        self.peers.set(gauge(rooms.peers()));
        self.rooms.set(gauge(rooms.rooms()));
    }

    /// The text of `/metrics`.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("a String takes any text");
        text
    }
}
