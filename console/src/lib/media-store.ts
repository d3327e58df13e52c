/** Microphone, camera, screen and the peer's stream. */

import { Cell, type Readable, type Unsubscribe } from './cell';
import type { Environment } from './environment';
import type { OutgoingTracks, VideoEncoding } from './peer';

/** What can be chosen. */
export type DeviceKind = 'audioinput' | 'videoinput' | 'audiooutput';
/**
 * What the sent picture is to be good at. `auto`: the browser weighs size against movement; `data-saver`: few bits; `sharp`: every
 * detail at fewer pictures a second; `smooth`: every movement at a smaller size, for sign language. `low`, `medium`, `high`: this size.
 */
export type Quality = 'auto' | 'data-saver' | 'sharp' | 'smooth' | 'low' | 'medium' | 'high';

/** Why a microphone or camera is not there: not allowed, none found, in use by another program, unplugged, anything else. */
export type MediaProblem = 'denied' | 'missing' | 'in-use' | 'gone' | 'unusable';

/** Something to choose. */
export interface Device {
  readonly id: string;
  readonly label: string;
}

/** State of `mediaStore`. */
export interface MediaState {
  /** Microphone and what is shown as self-view; null: nothing is open. */
  readonly localStream: MediaStream | null;
  /** The peer's; null until a call is confirmed. */
  readonly remoteStream: MediaStream | null;
  /** Whether we want to be heard: false is muted. */
  readonly audioEnabled: boolean;
  /** Whether we want to be seen: false is camera off. */
  readonly videoEnabled: boolean;
  readonly screenSharing: boolean;
  readonly devices: Readonly<Record<DeviceKind, readonly Device[]>>;
  /** Chosen ids; '' is the browser's choice. */
  readonly selected: Readonly<Record<DeviceKind, string>>;
  readonly quality: Quality;
  /** Why there is no microphone or camera, as sentences; null: there is, or it was not asked for. */
  readonly audioProblem: string | null;
  readonly videoProblem: string | null;
  /** The same as words for programs. */
  readonly audioProblemCode: MediaProblem | null;
  readonly videoProblemCode: MediaProblem | null;
  /** Why the screen is not shared, as a sentence; null: it is, or nobody wants it. */
  readonly screenProblem: string | null;
  readonly screenProblemCode: MediaProblem | null;
  /** Whether this browser can share screens, and play through a loudspeaker that is not its default. */
  readonly canShareScreen: boolean;
  readonly canChooseOutput: boolean;
}

/** Microphone, camera, screen and the peer's stream. */
export interface MediaStore extends Readable<MediaState> {
  /** Opens microphone and camera. Never rejects: what is denied or missing is said in the state, and a call goes on without. */
  start(): Promise<void>;
  /** Closes microphone, camera and screen. */
  stop(): void;
  /** Uses a stream of the integrator's own instead of microphone and camera; null closes it. The store never stops its tracks. */
  setLocalStream(stream: MediaStream | null): void;
  /** Sets the peer's stream. Calls do this once the peer is confirmed. */
  setRemoteStream(stream: MediaStream | null): void;
  /** Mutes or unmutes. */
  toggleAudio(on?: boolean): void;
  /** Camera off (its light goes out) or on. */
  toggleVideo(on?: boolean): Promise<void>;
  /** Shows the screen instead of the camera, or ends that. The peer connection is not renegotiated. */
  toggleScreenShare(on?: boolean): Promise<void>;
  /** Reads the list of devices. Names are only known once access was given. */
  refreshDevices(): Promise<void>;
  /** Chooses a device; what is open is switched at once. */
  switchDevice(kind: DeviceKind, id: string): Promise<void>;
  /** Chooses how much picture to send. */
  setQuality(quality: Quality): Promise<void>;
  /** Plays an element through the chosen loudspeaker, also when another one is chosen later. Returns what ends that. */
  route(element: HTMLMediaElement): Unsubscribe;
}

interface QualitySettings {
  readonly camera: { readonly width: number; readonly height: number; readonly frameRate: number };
  readonly encoding: VideoEncoding;
  /** W3C mst-content-hint: what the encoder keeps when bits are few. */
  readonly hint: '' | 'motion' | 'detail';
}

const VGA = { width: 640, height: 480, frameRate: 30 };
const HD = { width: 1280, height: 720, frameRate: 30 };

function at(
  camera: QualitySettings['camera'],
  maxBitrate: number,
  maxFramerate = camera.frameRate,
  scaleResolutionDownBy = 1,
  hint: QualitySettings['hint'] = '',
): QualitySettings {
  return { camera, encoding: { maxBitrate, maxFramerate, scaleResolutionDownBy }, hint };
}

const QUALITIES: Readonly<Record<Quality, QualitySettings>> = {
  auto: at(VGA, 1_200_000),
  'data-saver': at(VGA, 200_000, 12, 2),
  sharp: at(HD, 2_500_000, 12, 1, 'detail'),
  smooth: at(VGA, 1_000_000, 30, 4 / 3, 'motion'),
  low: at({ width: 320, height: 240, frameRate: 15 }, 250_000),
  medium: at(VGA, 1_000_000),
  high: at(HD, 2_500_000),
};

/** A screen is sent as it is: letters that are scaled cannot be read. */
const SCREEN_ENCODING: VideoEncoding = { maxBitrate: 2_500_000, maxFramerate: 15, scaleResolutionDownBy: 1 };

const INITIAL: MediaState = {
  localStream: null,
  remoteStream: null,
  audioEnabled: true,
  videoEnabled: true,
  screenSharing: false,
  devices: { audioinput: [], videoinput: [], audiooutput: [] },
  selected: { audioinput: '', videoinput: '', audiooutput: '' },
  quality: 'auto',
  audioProblem: null,
  videoProblem: null,
  audioProblemCode: null,
  videoProblemCode: null,
  screenProblem: null,
  screenProblemCode: null,
  canShareScreen: false,
  canChooseOutput: false,
};
const NO_PROBLEMS = {
  audioProblem: null,
  videoProblem: null,
  audioProblemCode: null,
  videoProblemCode: null,
  screenProblem: null,
  screenProblemCode: null,
};

type Kind = 'audio' | 'video';

export class Media {
  readonly cell = new Cell<MediaState>(INITIAL);
  readonly #devices: MediaDevices | null;
  #microphone: MediaStreamTrack | null = null;
  #camera: MediaStreamTrack | null = null;
  #screen: MediaStreamTrack | null = null;
  /** The integrator's own stream, if one was set. */
  #foreign: MediaStream | null = null;
  #wanted = false;
  #opening: Promise<void> | null = null;
  /** The person is choosing a screen. */
  #choosing = false;

  constructor({ mediaDevices }: Pick<Environment, 'mediaDevices'>) {
    this.#devices = mediaDevices;
    const canChooseOutput = 'setSinkId' in (globalThis.HTMLMediaElement?.prototype ?? {});
    this.cell.set({ canShareScreen: typeof mediaDevices?.getDisplayMedia === 'function', canChooseOutput });
    mediaDevices?.addEventListener?.('devicechange', () => void this.refreshDevices());
  }

  /** What is to be sent now. */
  outgoing(): OutgoingTracks {
    const { quality, videoEnabled } = this.cell.value;
    const own = this.#foreign?.getVideoTracks()[0] ?? this.#camera;
    const audio = this.#foreign?.getAudioTracks()[0] ?? this.#microphone;
    if (this.#screen) return { audio, video: this.#screen, screen: true, encoding: SCREEN_ENCODING };
    return { audio, video: videoEnabled ? own : null, screen: false, encoding: QUALITIES[quality].encoding };
  }

  start(): Promise<void> {
    this.#wanted = true;
    this.#opening ??= this.#open().finally(() => (this.#opening = null));
    return this.#opening;
  }

  stop(): void {
    this.#wanted = false;
    for (const track of [this.#microphone, this.#camera, this.#screen]) track?.stop();
    this.#microphone = this.#camera = this.#screen = null;
    this.cell.set(NO_PROBLEMS);
    this.#show();
  }

  setLocalStream(stream: MediaStream | null): void {
    if (stream) this.stop();
    this.#foreign = stream;
    this.#show();
  }

  setRemoteStream(remoteStream: MediaStream | null): void {
    this.cell.set({ remoteStream });
  }

  toggleAudio(on = !this.cell.value.audioEnabled): void {
    // The track first: whoever is told of the change looks at it.
    const { audio } = this.outgoing();
    if (audio) audio.enabled = on;
    this.cell.set({ audioEnabled: on });
  }

  async toggleVideo(on = !this.cell.value.videoEnabled): Promise<void> {
    this.cell.set({ videoEnabled: on });
    if (on && this.#wanted && !this.#camera && !this.#foreign) await this.#openOne('video');
    if (!this.cell.value.videoEnabled) {
      this.#camera?.stop();
      this.#camera = null;
    }
    this.#show();
  }

  async toggleScreenShare(on = !this.#screen): Promise<void> {
    if (!on) return this.#endScreen();
    if (this.#screen || this.#choosing) return;
    this.#choosing = true;
    this.cell.set({ screenProblem: null, screenProblemCode: null });
    try {
      const { maxFramerate: max } = SCREEN_ENCODING;
      const stream = await this.#devices?.getDisplayMedia({ video: { frameRate: { ideal: max, max } }, audio: false });
      const track = stream?.getVideoTracks()[0];
      if (!track) throw new Error('no screens here');
      // Sharp letters rather than smooth scrolling.
      track.contentHint = 'text';
      // The browser's own button.
      track.onended = () => this.#endScreen();
      this.#screen = track;
      this.#show();
    } catch (error) {
      // The person changed their mind; anything else is worth a sentence.
      if ((error as DOMException).name !== 'NotAllowedError')
        this.cell.set({ screenProblem: 'The screen cannot be shared here.', screenProblemCode: 'unusable' });
    } finally {
      this.#choosing = false;
    }
  }

  async refreshDevices(): Promise<void> {
    const found = (await this.#devices?.enumerateDevices().catch(() => [])) ?? [];
    const named = (kind: DeviceKind, word: string) =>
      found
        .filter((device) => device.kind === kind && device.deviceId !== '')
        .map(({ deviceId, label }, index) => ({ id: deviceId, label: label || `${word} ${index + 1}` }));
    this.cell.set({
      devices: {
        audioinput: named('audioinput', 'Microphone'),
        videoinput: named('videoinput', 'Camera'),
        audiooutput: named('audiooutput', 'Loudspeaker'),
      },
    });
  }

  async switchDevice(kind: DeviceKind, id: string): Promise<void> {
    this.cell.set({ selected: { ...this.cell.value.selected, [kind]: id } });
    if (kind === 'audioinput' && this.#microphone) await this.#openOne('audio');
    if (kind === 'videoinput' && this.#camera) await this.#openOne('video');
    this.#show();
  }

  async setQuality(quality: Quality): Promise<void> {
    this.cell.set({ quality });
    const { camera, hint } = QUALITIES[quality];
    if (!this.#camera) return;
    this.#camera.contentHint = hint;
    await this.#camera.applyConstraints(ideal(camera)).catch(() => undefined);
  }

  route(element: HTMLMediaElement): Unsubscribe {
    if (!this.cell.value.canChooseOutput) return () => undefined;
    let sink = '';
    return this.cell.subscribe(({ selected: { audiooutput } }) => {
      if (audiooutput === sink) return;
      sink = audiooutput;
      // Unplugged meanwhile: the browser stays with what it has.
      element.setSinkId(sink).catch((error: unknown) => console.debug('loudspeaker not used', error));
    });
  }

  /** One prompt for both where possible; when that fails, each alone, to know which one it is. */
  async #open(): Promise<void> {
    if (this.#foreign) return;
    const wants = { audio: !this.#microphone, video: !this.#camera && this.cell.value.videoEnabled };
    if (wants.audio && wants.video) {
      try {
        const stream = await this.#ask({ audio: this.#constraints('audio'), video: this.#constraints('video') });
        this.#take('audio', stream.getAudioTracks()[0]);
        this.#take('video', stream.getVideoTracks()[0]);
        wants.audio = wants.video = false;
      } catch {
        // Asked again below, one by one.
      }
    }
    if (wants.audio) await this.#openOne('audio');
    if (wants.video) await this.#openOne('video');
    this.#show();
    await this.refreshDevices();
  }

  async #openOne(kind: Kind): Promise<void> {
    try {
      const stream = await this.#ask({ [kind]: this.#constraints(kind) });
      this.#take(kind, stream.getTracks()[0]);
    } catch (error) {
      this.#problem(kind, problemOf(error as Error));
    }
  }

  #problem(kind: Kind, code: MediaProblem | null): void {
    const problem = code && sentence(kind, code);
    this.cell.set(
      kind === 'audio'
        ? { audioProblem: problem, audioProblemCode: code }
        : { videoProblem: problem, videoProblemCode: code },
    );
  }

  #ask(constraints: MediaStreamConstraints): Promise<MediaStream> {
    return this.#devices?.getUserMedia(constraints) ?? Promise.reject(new Error('no devices'));
  }

  /** A track that came after everything was closed again is stopped. */
  #take(kind: Kind, track: MediaStreamTrack | undefined): void {
    if (!track || !this.#wanted) return track?.stop();
    if (kind === 'audio') {
      this.#microphone?.stop();
      this.#microphone = track;
    } else {
      this.#camera?.stop();
      this.#camera = track;
      track.contentHint = QUALITIES[this.cell.value.quality].hint;
    }
    this.#problem(kind, null);
    track.onended = () => void this.#lost(kind, track);
  }

  /** Unplugged: what else the browser has is taken instead. */
  async #lost(kind: Kind, track: MediaStreamTrack): Promise<void> {
    if (track !== (kind === 'audio' ? this.#microphone : this.#camera)) return;
    if (kind === 'audio') this.#microphone = null;
    else this.#camera = null;
    this.#problem(kind, 'gone');
    this.#show();
    await this.refreshDevices();
    const input = kind === 'audio' ? 'audioinput' : 'videoinput';
    const { devices, selected } = this.cell.value;
    if (devices[input].length === 0 || !this.#wanted) return;
    this.cell.set({ selected: { ...selected, [input]: '' } });
    await this.#openOne(kind);
    this.#show();
  }

  #endScreen(): void {
    this.#screen?.stop();
    this.#screen = null;
    this.#show();
  }

  #constraints(kind: Kind): MediaTrackConstraints {
    const { selected, quality } = this.cell.value;
    const id = selected[kind === 'audio' ? 'audioinput' : 'videoinput'];
    const device = id ? { deviceId: { exact: id } } : {};
    if (kind === 'audio') return { ...device, echoCancellation: true, noiseSuppression: true, autoGainControl: true };
    return { ...device, ...ideal(QUALITIES[quality].camera) };
  }

  /** Brings the state, and with it whoever sends, in line with what is open. */
  #show(): void {
    const { audio, video } = this.outgoing();
    if (audio) audio.enabled = this.cell.value.audioEnabled;
    const tracks = [audio, video].filter((track) => track !== null);
    const shown = this.cell.value.localStream?.getTracks() ?? [];
    const same = tracks.length === shown.length && tracks.every((track) => shown.includes(track));
    const localStream = same ? this.cell.value.localStream : tracks.length > 0 ? new MediaStream(tracks) : null;
    this.cell.set({ localStream, screenSharing: this.#screen !== null });
  }
}

function ideal({ width, height, frameRate }: QualitySettings['camera']): MediaTrackConstraints {
  return { width: { ideal: width }, height: { ideal: height }, frameRate: { ideal: frameRate } };
}

/** W3C mediacapture-streams §10.2.1: why `getUserMedia` fails. */
function problemOf({ name }: Error): MediaProblem {
  switch (name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return 'denied';
    case 'NotFoundError':
    case 'OverconstrainedError':
      return 'missing';
    case 'NotReadableError':
    case 'AbortError':
      return 'in-use';
    default:
      return 'unusable';
  }
}

function sentence(kind: Kind, code: MediaProblem): string {
  const [device, without] =
    kind === 'audio' ? ['microphone', 'You will not be heard'] : ['camera', 'You will not be seen'];
  switch (code) {
    case 'denied':
      return `The browser was not allowed to use the ${device}. ${without}; allow it beside the address, then try again.`;
    case 'missing':
      return `No ${device} was found. ${without}.`;
    case 'in-use':
      return `The ${device} is in use by another program. ${without}.`;
    case 'gone':
      return `The ${device} is gone. The call goes on without it.`;
    case 'unusable':
      return `The ${device} cannot be used here. ${without}.`;
  }
}

/** The store around it. */
export function createMediaStore(media: Media): MediaStore {
  return {
    subscribe: media.cell.subscribe,
    start: () => media.start(),
    stop: () => media.stop(),
    setLocalStream: (stream) => media.setLocalStream(stream),
    setRemoteStream: (stream) => media.setRemoteStream(stream),
    toggleAudio: (on) => media.toggleAudio(on),
    toggleVideo: (on) => media.toggleVideo(on),
    toggleScreenShare: (on) => media.toggleScreenShare(on),
    refreshDevices: () => media.refreshDevices(),
    switchDevice: (kind, id) => media.switchDevice(kind, id),
    setQuality: (quality) => media.setQuality(quality),
    route: (element) => media.route(element),
  };
}
