/**
 * One peer connection and its gates. No track of ours is given to a sender, and no stream of the peer's to the page, before
 * {@link PeerConnection.openGates}.
 */

import { sha256, toHex, type Bytes } from './bytes';
import type { Candidate, SignedDescription } from './body';
import type { Environment } from './environment';
import { FileChannel } from './file-channel';
import { fingerprintOf, type SdpType } from './sdp';
import { readStatistics, type Statistics } from './statistics';

/** The data channel of messages. */
const LABEL = 'ksp';
/** The data channel of files. */
const FILE_LABEL = 'ksp-file';
/** A certificate is made anew when it has less than this to live, milliseconds. */
const CERTIFICATE_RESERVE = 3_600_000;

/** A network that is gone for longer than this is not waited for: what the browser tells of it is late already. */
const DISCONNECTED_MS = 3_000;
/** The peer's word that it hangs up may come by the link, after it has closed its side. */
const CLOSED_MS = 500;
/** A peer that does not take our last word is not waited for. */
const FAREWELL_MS = 1_000;

/** What a peer connection tells. */
export interface PeerEvents {
  candidates(candidates: Candidate[]): void;
  endOfCandidates(): void;
  /** DTLS is done: our certificate as the browser names it, and the peer's as it was shown. */
  secured(local: string, remote: string): void;
  channelOpened(): void;
  channelText(text: string): void;
  /** {@link PeerConnection.files} is there. */
  filesOpened(): void;
  /** ICE or DTLS gave up, or the peer closed its side. */
  failed(): void;
}

/** The tracks to send; null: nothing of that kind. */
export interface OutgoingTracks {
  readonly audio: MediaStreamTrack | null;
  readonly video: MediaStreamTrack | null;
  /** The picture is a screen. */
  readonly screen: boolean;
  readonly encoding: VideoEncoding;
}

/** How pictures are to be encoded: W3C `RTCRtpEncodingParameters`. */
export interface VideoEncoding {
  /** Bits a second. */
  readonly maxBitrate: number;
  /** Pictures a second. */
  readonly maxFramerate: number;
  /** 1: as they are; 2: half as wide and high. */
  readonly scaleResolutionDownBy: number;
}

const certificates = new WeakMap<Environment, Promise<RTCCertificate>>();

/** The page's DTLS certificate, made when it is first asked for. */
export async function pageCertificate(environment: Environment): Promise<RTCCertificate> {
  const kept = await certificates.get(environment);
  if (kept && kept.expires > Date.now() + CERTIFICATE_RESERVE) return kept;
  const fresh = environment.generateCertificate();
  certificates.set(environment, fresh);
  return fresh;
}

export class PeerConnection {
  readonly #pc: RTCPeerConnection;
  readonly #certificate: RTCCertificate;
  readonly #events: PeerEvents;
  readonly #remote = new Map<string, MediaStreamTrack>();
  /** Sound and picture are of one stream, so that the other side plays them in step. */
  readonly #stream = new MediaStream();
  #channel: RTCDataChannel | null = null;
  #fileChannel: RTCDataChannel | null = null;
  #files: FileChannel | null = null;
  #candidates: Candidate[] = [];
  #secured = false;
  /** As it was signed. The browser's copy of the description keeps one fingerprint, which need not be the SHA-256 one. */
  #signedRemote: string | null = null;
  #gatesOpen = false;
  #doubt: ReturnType<typeof setTimeout> | undefined;
  #closing: ReturnType<typeof setTimeout> | undefined;

  private constructor(pc: RTCPeerConnection, certificate: RTCCertificate, events: PeerEvents) {
    this.#pc = pc;
    this.#certificate = certificate;
    this.#events = events;
    pc.onicecandidate = ({ candidate }) => this.#localCandidate(candidate);
    pc.ontrack = ({ track }) => this.#remote.set(track.kind, track);
    pc.ondatachannel = ({ channel }) => this.#offeredChannel(channel);
    pc.onconnectionstatechange = () => {
      clearTimeout(this.#doubt);
      if (pc.connectionState === 'connected') void this.#secure();
      if (pc.connectionState === 'disconnected') this.#doubt = setTimeout(() => this.#events.failed(), DISCONNECTED_MS);
      if (pc.connectionState === 'failed') this.#events.failed();
    };
  }

  /** The channel of files, once it is open. */
  get files(): FileChannel | null {
    return this.#files;
  }

  static async create(
    environment: Environment,
    iceServers: RTCIceServer[],
    events: PeerEvents,
  ): Promise<PeerConnection> {
    const certificate = await pageCertificate(environment);
    const configuration: RTCConfiguration = { iceServers, bundlePolicy: 'max-bundle', certificates: [certificate] };
    return new PeerConnection(environment.createPeerConnection(configuration), certificate, events);
  }

  /** Audio first, video second, then the channels; both kinds even when there is nothing to send. */
  async offer(): Promise<SignedDescription> {
    for (const kind of ['audio', 'video'] as const) {
      preferCodecs(this.#pc.addTransceiver(kind, { direction: 'sendrecv', streams: [this.#stream] }), kind);
    }
    this.#useChannel(this.#pc.createDataChannel(LABEL, { ordered: true }));
    this.#useFileChannel(this.#pc.createDataChannel(FILE_LABEL, { ordered: true }));
    await this.#pc.setLocalDescription(await this.#pc.createOffer());
    return this.#localDescription('offer');
  }

  async answer(offer: string): Promise<SignedDescription> {
    this.#signedRemote = fingerprintOf(offer, 'offer');
    await this.#pc.setRemoteDescription({ type: 'offer', sdp: offer });
    for (const kind of ['audio', 'video'] as const) {
      const transceiver = this.#transceiver(kind);
      if (!transceiver) continue;
      transceiver.direction = 'sendrecv';
      transceiver.sender.setStreams?.(this.#stream);
    }
    await this.#pc.setLocalDescription(await this.#pc.createAnswer());
    return this.#localDescription('answer');
  }

  async acceptAnswer(answer: string): Promise<void> {
    this.#signedRemote = fingerprintOf(answer, 'answer');
    await this.#pc.setRemoteDescription({ type: 'answer', sdp: answer });
  }

  /** A candidate that the browser cannot use is no reason to end a call: others may do. */
  async addCandidate(candidate: RTCIceCandidateInit): Promise<void> {
    try {
      await this.#pc.addIceCandidate(candidate);
    } catch (error) {
      console.debug('candidate not used', error);
    }
  }

  /** The peer is who the signatures say: from now on its stream may be shown, and ours sent. */
  openGates(): MediaStream {
    this.#gatesOpen = true;
    return new MediaStream([...this.#remote.values()]);
  }

  /** Sends these tracks. Without effect before the gates are open. */
  async setTracks({ audio, video, encoding }: OutgoingTracks): Promise<void> {
    if (!this.#gatesOpen || this.#pc.signalingState === 'closed') return;
    const [audioSender, videoSender] = [this.#transceiver('audio')?.sender, this.#transceiver('video')?.sender];
    if (audioSender && audioSender.track !== audio) await audioSender.replaceTrack(audio);
    if (videoSender && videoSender.track !== video) await videoSender.replaceTrack(video);
    if (videoSender && video) await encodeAs(videoSender, encoding);
  }

  /** Lets the peer's sound and picture through, or not: then there is silence and black. */
  setReceiving(on: boolean): void {
    for (const track of this.#remote.values()) track.enabled = on;
  }

  /** Sends one text on the channel. False when it is not open. */
  send(text: string): boolean {
    if (this.#channel?.readyState !== 'open') return false;
    this.#channel.send(text);
    return true;
  }

  async statistics(previous: Statistics | null): Promise<Statistics> {
    return readStatistics(await this.#pc.getStats(), previous);
  }

  /** Closes once everything on the channel is sent, or cannot be. */
  closeGently(): void {
    const channel = this.#channel;
    if (!channel) return this.close();
    const late = setTimeout(() => this.close(), FAREWELL_MS);
    channel.onclose = () => {
      clearTimeout(late);
      this.close();
    };
    channel.close();
  }

  close(): void {
    clearTimeout(this.#doubt);
    clearTimeout(this.#closing);
    this.#pc.onicecandidate = this.#pc.ontrack = this.#pc.ondatachannel = this.#pc.onconnectionstatechange = null;
    for (const channel of [this.#channel, this.#fileChannel]) {
      if (channel) channel.onmessage = channel.onopen = channel.onclose = channel.onbufferedamountlow = null;
    }
    this.#pc.close();
  }

  #transceiver(kind: 'audio' | 'video'): RTCRtpTransceiver | undefined {
    return this.#pc.getTransceivers().find((each) => each.receiver.track.kind === kind);
  }

  #localDescription(type: SdpType): SignedDescription {
    const sdp = this.#pc.localDescription?.sdp ?? '';
    return { sdp, fp: fingerprintOf(sdp, type) };
  }

  /** Candidates that come in one burst go out in one message. */
  #localCandidate(candidate: RTCIceCandidate | null): void {
    if (candidate?.candidate) {
      const { sdpMid, sdpMLineIndex, usernameFragment } = candidate;
      this.#candidates.push({ candidate: candidate.candidate, sdpMid, sdpMLineIndex, usernameFragment });
      if (this.#candidates.length === 1) queueMicrotask(() => this.#flushCandidates());
    } else if (!candidate) {
      this.#flushCandidates();
      this.#events.endOfCandidates();
    }
  }

  #flushCandidates(): void {
    while (this.#candidates.length > 0) this.#events.candidates(this.#candidates.splice(0, 32));
  }

  /** The offerer opens two channels; anything else is closed unread. */
  #offeredChannel(channel: RTCDataChannel): void {
    const { label, ordered } = channel;
    if (label === LABEL && ordered && !this.#channel) this.#useChannel(channel);
    else if (label === FILE_LABEL && ordered && !this.#fileChannel) this.#useFileChannel(channel);
    else channel.close();
  }

  #useChannel(channel: RTCDataChannel): void {
    this.#channel = channel;
    channel.onmessage = ({ data }: MessageEvent<unknown>) =>
      this.#events.channelText(typeof data === 'string' ? data : '');
    channel.onopen = () => this.#events.channelOpened();
    channel.onclose = () => (this.#closing = setTimeout(() => this.#events.failed(), CLOSED_MS));
    if (channel.readyState === 'open') this.#events.channelOpened();
  }

  #useFileChannel(channel: RTCDataChannel): void {
    this.#fileChannel = channel;
    channel.binaryType = 'arraybuffer';
    const opened = () => {
      this.#files = new FileChannel(channel);
      this.#events.filesOpened();
    };
    channel.onopen = opened;
    if (channel.readyState === 'open') opened();
  }

  async #secure(): Promise<void> {
    if (this.#secured) return;
    this.#secured = true;
    const signed = {
      local: sdpFingerprint(this.#pc.localDescription),
      remote: this.#signedRemote,
    };
    const local = ownFingerprint(this.#certificate) ?? signed.local;
    const remotes = await remoteFingerprints(this.#pc);
    // A browser that shows no certificate has compared it itself (RFC 8827 §6.5), and the SDP policy left it only the signed fingerprint.
    const shown = remotes.length > 0 ? remotes : [signed.remote];
    const odd = shown.find((fingerprint) => fingerprint !== signed.remote);
    this.#events.secured(local ?? '', odd ?? signed.remote ?? '');
  }
}

function sdpFingerprint(description: RTCSessionDescription | null): string | null {
  return description ? fingerprintOf(description.sdp, description.type === 'offer' ? 'offer' : 'answer') : null;
}

function ownFingerprint(certificate: RTCCertificate): string | null {
  // Absent in older browsers, whatever the type says.
  const fingerprints =
    (certificate.getFingerprints as (() => RTCDtlsFingerprint[]) | undefined)?.call(certificate) ?? [];
  const found = fingerprints.find(({ algorithm }) => algorithm?.toLowerCase() === 'sha-256');
  return found?.value?.replaceAll(':', '').toLowerCase() ?? null;
}

/** SHA-256 of the certificates that the peer showed in the handshakes of all transports; empty where the browser does not tell. */
async function remoteFingerprints(pc: RTCPeerConnection): Promise<string[]> {
  const transports = new Set<RTCDtlsTransport | null | undefined>([
    pc.sctp?.transport,
    ...pc.getTransceivers().flatMap(({ sender, receiver }) => [sender.transport, receiver.transport]),
  ]);
  const fingerprints: string[] = [];
  for (const transport of transports) {
    const [der] = (transport?.getRemoteCertificates as (() => ArrayBuffer[]) | undefined)?.call(transport) ?? [];
    if (der) fingerprints.push(toHex(await sha256(new Uint8Array(der) as Bytes)));
  }
  return fingerprints;
}

/** What every kiosk understands (docs/protocol.md §7, Codecs). */
function preferCodecs(transceiver: RTCRtpTransceiver, kind: 'audio' | 'video'): void {
  const all = globalThis.RTCRtpReceiver?.getCapabilities?.(kind)?.codecs ?? [];
  const wanted = all.filter(({ mimeType, sdpFmtpLine = '' }) => {
    const h264 = /packetization-mode=1/.test(sdpFmtpLine) && /profile-level-id=42e01f/i.test(sdpFmtpLine);
    return /^(?:audio\/opus|video\/vp8|video\/rtx)$/i.test(mimeType) || (/^video\/h264$/i.test(mimeType) && h264);
  });
  // Safari and old Firefox may lack the call; then the whole list is offered.
  if (wanted.some(({ mimeType }) => !/rtx/i.test(mimeType))) transceiver.setCodecPreferences?.(wanted);
}

async function encodeAs(sender: RTCRtpSender, wanted: VideoEncoding): Promise<void> {
  const parameters = sender.getParameters();
  const [encoding] = parameters.encodings;
  const names = Object.keys(wanted) as (keyof VideoEncoding)[];
  if (!encoding || names.every((name) => encoding[name] === wanted[name])) return;
  Object.assign(encoding, wanted);
  try {
    await sender.setParameters(parameters);
  } catch (error) {
    // Only a wish: the bandwidth estimate rules anyway.
    console.debug('encoding not set', error);
  }
}
