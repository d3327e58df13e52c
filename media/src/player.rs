//! A media file as a live source: decoded in its own pipeline at its own pace, for ever.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use gstreamer::{self as gst, prelude::*};
use gstreamer_app as gst_app;

use crate::{
    MediaError,
    pipeline::{self, capsfilter, chain, element},
    queue::{Owner, Post, Trouble, Work},
};

/// A playing file. Its own pipeline, because a seek back to the start resets time and an end of stream must not reach an encoder.
pub(crate) struct Player {
    pipeline: gst::Pipeline,
}

impl Player {
    /// Plays the file's first stream of the caps' kind (`video/…` or `audio/…`), converted to the caps.
    pub(crate) fn start(
        path: &Path,
        caps: &gst::Caps,
        owner: Owner,
        post: &Post,
        out: impl Fn(gst::Buffer) + Send + 'static,
    ) -> Result<Self, MediaError> {
        let pipeline = gst::Pipeline::with_name("file");
        pipeline::watch(&pipeline, owner, post.clone());
        let source = element("filesrc")?;
        source.set_property("location", PathBuf::from(path));
        let decode = element("decodebin")?;
        chain(&pipeline, &[&source, &decode])?;

        let is_video = caps.structure(0).is_some_and(|structure| structure.name().starts_with("video/"));
        let converters: &[&str] =
            if is_video { &["videoconvert", "videoscale", "videorate"] } else { &["audioconvert", "audioresample"] };
        let converters = converters.iter().map(|factory| element(factory)).collect::<Result<Vec<_>, _>>()?;
        let filter = capsfilter(caps)?;
        // sync=true: this sink is what paces the file.
        let sink = gst_app::AppSink::builder().sync(true).max_buffers(2).build();
        sink.set_callbacks(
            gst_app::AppSinkCallbacks::builder()
                .new_sample(move |sink| {
                    let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
                    sample.buffer_owned().into_iter().for_each(&out);
                    Ok(gst::FlowSuccess::Ok)
                })
                .build(),
        );
        let mut row: Vec<&gst::Element> = converters.iter().collect();
        row.extend([&filter, sink.upcast_ref()]);
        chain(&pipeline, &row)?;
        let entry = converters.first().and_then(|first| first.static_pad("sink"));
        link_first_stream(&decode, entry.as_ref(), if is_video { "video/" } else { "audio/" }, owner, post);
        pipeline.set_state(gst::State::Playing)?;
        Ok(Self { pipeline })
    }

    /// The end was reached: from the start again.
    pub(crate) fn rewind(&self) {
        if let Err(error) = self.pipeline.seek_simple(gst::SeekFlags::FLUSH, gst::ClockTime::ZERO) {
            tracing::warn!(%error, "a file cannot be played again from its start");
        }
    }

    pub(crate) fn stop(self) {
        pipeline::end(&self.pipeline);
    }
}

fn link_first_stream(decode: &gst::Element, entry: Option<&gst::Pad>, kind: &'static str, owner: Owner, post: &Post) {
    let linked = Arc::new(AtomicBool::new(false));
    let entry = entry.map(ObjectExt::downgrade);
    let done = Arc::clone(&linked);
    decode.connect_pad_added(move |_, pad| {
        let caps = pad.current_caps().unwrap_or_else(|| pad.query_caps(None));
        let fits = caps.structure(0).is_some_and(|structure| structure.name().starts_with(kind));
        let Some(entry) = entry.as_ref().and_then(gst::glib::WeakRef::upgrade) else { return };
        if fits && !entry.is_linked() && pad.link(&entry).is_ok() {
            done.store(true, Ordering::Release);
        }
    });
    let post = post.clone();
    decode.connect_no_more_pads(move |decode| {
        if !linked.load(Ordering::Acquire) {
            let error = gst::glib::Error::new(gst::StreamError::TypeNotFound, "it holds no stream of this kind");
            let trouble = Trouble { element: decode.path_string().to_string(), error, details: None };
            post.post(Work::Broken(owner, trouble));
        }
    });
}

/// Why the file cannot be read, if so.
pub(crate) fn unreadable(path: &Path) -> Option<String> {
    match fs::File::open(path).and_then(|file| file.metadata()) {
        Ok(metadata) if metadata.is_file() => None,
        Ok(_) => Some(format!("{} is not a file. Name a media file in the configuration.", path.display())),
        Err(error) => {
            Some(format!("The file {} cannot be read ({error}). Check its name and permissions.", path.display()))
        }
    }
}
