import type { Attachment } from 'svelte/attachments';

interface Options {
  readonly stream: MediaStream | null;
  /** Loudspeaker; '' is the browser's choice. */
  readonly sink?: string;
  /** The browser plays nothing before the person has touched the page. */
  readonly blocked?: () => void;
}

/** Plays a stream in a video element. */
export function attachStream({ stream, sink, blocked }: Options): Attachment<HTMLVideoElement> {
  return (video) => {
    if (video.srcObject !== stream) video.srcObject = stream;
    if (sink !== undefined && video.sinkId !== undefined && video.sinkId !== sink) {
      video.setSinkId(sink).catch((error: unknown) => console.warn('loudspeaker not used', error));
    }
    if (!stream) return;
    video.play().catch((error: DOMException) => {
      if (error.name === 'NotAllowedError') blocked?.();
    });
  };
}
