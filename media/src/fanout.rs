//! One producer, many consumers: what is encoded once goes to every peer.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use gstreamer as gst;
use gstreamer_app as gst_app;
use kiosk_call::CallId;

/// Where buffers go. Consumers are leaky `appsrc`s in other pipelines: a push never blocks, and one that is being torn down
/// refuses without harm to the others.
#[derive(Debug, Default)]
pub(crate) struct Fanout {
    consumers: Mutex<Vec<(CallId, gst_app::AppSrc)>>,
    pushed: AtomicU64,
}

impl Fanout {
    pub(crate) fn add(&self, call: CallId, source: gst_app::AppSrc) {
        self.consumers.lock().unwrap_or_else(PoisonError::into_inner).push((call, source));
    }

    pub(crate) fn remove(&self, call: CallId) {
        self.consumers.lock().unwrap_or_else(PoisonError::into_inner).retain(|(of, _)| *of != call);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.consumers.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Buffers so far.
    pub(crate) fn pushed(&self) -> u64 {
        self.pushed.load(Ordering::Relaxed)
    }

    /// To every consumer.
    pub(crate) fn push(&self, sample: &gst::Sample) {
        self.pushed.fetch_add(1, Ordering::Relaxed);
        for (call, source) in self.consumers.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            if let Err(error) = source.push_sample(sample) {
                tracing::trace!(?call, ?error, "a peer takes no more");
            }
        }
    }

    /// Fed by a sink.
    pub(crate) fn feed(self: &Arc<Self>, sink: &gst_app::AppSink) {
        let fanout = Arc::clone(self);
        sink.set_callbacks(
            gst_app::AppSinkCallbacks::builder()
                .new_sample(move |sink| {
                    let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
                    fanout.push(&sample);
                    Ok(gst::FlowSuccess::Ok)
                })
                .build(),
        );
    }
}

/// Where encoded pictures or sound enter a pipeline. Pictures depend on each other, so there is room for a second of them; a consumer that is
/// slower loses the oldest.
pub(crate) fn source() -> gst_app::AppSrc {
    gst_app::AppSrc::builder()
        .is_live(true)
        .format(gst::Format::Time)
        .max_time(gst::ClockTime::SECOND)
        .leaky_type(gst_app::AppLeakyType::Downstream)
        .build()
}

/// A sink that hands every buffer over at once. `async=false`: no sink may hold up a live pipeline's start. No last sample: it
/// would keep a buffer that others want to write to.
pub(crate) fn sink() -> gst_app::AppSink {
    gst_app::AppSink::builder().sync(false).async_(false).enable_last_sample(false).max_buffers(8).drop(true).build()
}
