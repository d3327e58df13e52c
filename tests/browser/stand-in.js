// A kiosk of paper: it signs in, tells how it is, rings and chats as docs/protocol.md says, and has neither camera nor call.

import { createHash, randomBytes, webcrypto } from 'node:crypto';
import { once } from 'node:events';
import { WebSocket } from 'ws';

const { subtle } = webcrypto;
const EC = { name: 'ECDSA', namedCurve: 'P-256' };
const NO_CALL = 'A'.repeat(22);
const b64u = (bytes) => Buffer.from(bytes).toString('base64url');
const hash = (bytes) => createHash('sha256').update(bytes).digest('base64url');

async function makeKey() {
  const { publicKey, privateKey } = await subtle.generateKey(EC, true, ['sign', 'verify']);
  const raw = Buffer.from(await subtle.exportKey('raw', publicKey));
  return { raw: b64u(raw), id: hash(raw), privateKey };
}

async function seal(typ, payload, key) {
  const head = `${b64u(JSON.stringify({ alg: 'ES256', typ }))}.${b64u(JSON.stringify(payload))}`;
  const signature = b64u(await subtle.sign({ ...EC, hash: 'SHA-256' }, key.privateKey, Buffer.from(head)));
  const [header, body] = head.split('.');
  return { protected: header, payload: body, signature };
}

/** A description that every policy takes, of a peer connection that is nowhere. */
function description() {
  const fp = randomBytes(32).toString('hex');
  const transport = [
    'c=IN IP4 0.0.0.0', 'a=ice-ufrag:abcd', `a=ice-pwd:${randomBytes(12).toString('hex')}`, 'a=setup:actpass',
    `a=fingerprint:sha-256 ${fp.toUpperCase().match(/../g).join(':')}`,
  ];
  const media = ['m=audio 9 UDP/TLS/RTP/SAVPF 111', 'm=video 9 UDP/TLS/RTP/SAVPF 96', 'm=application 9 UDP/DTLS/SCTP webrtc-datachannel'];
  const sections = media.flatMap((line, mid) => [line, `a=mid:${mid}`, ...transport]);
  return { sdp: ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 't=0 0', 'a=group:BUNDLE 0 1 2', ...sections, ''].join('\r\n'), fp };
}

export class StandIn {
  /** What the others told it, payloads in order. */
  heard = [];
  #peers = new Map();
  #serial = 0;
  #waiting = [];

  constructor(server, name, room = 'lobby') {
    Object.assign(this, { server, name, room });
  }

  /** Signs in, under the same identity as the last time. */
  async join() {
    this.identity ??= await makeKey();
    this.session = await makeKey();
    this.id = this.identity.id;
    const url = `ws://${this.server.address}/signaling`;
    this.socket = new WebSocket(url, { perMessageDeflate: false });
    const [hello] = await once(this.socket, 'message');
    const { nonce, aud } = JSON.parse(hello);
    const now = Math.floor(Date.now() / 1000);
    const sess = await seal('ksp1-sess', {
      v: 1, id: this.identity.raw, sk: this.session.raw, epoch: Date.now(), aud, sn: nonce, nb: now, na: now + 3600,
      role: 'kiosk', name: this.name, room: this.room,
    }, this.identity);
    const pop = await seal('ksp1', { v: 1, t: 'auth', sn: nonce, aud, fs: this.session.id }, this.session);
    const welcome = once(this.socket, 'message');
    this.socket.send(JSON.stringify({ t: 'auth', room: this.room, sess, memb: [], pop }));
    const { peers } = JSON.parse((await welcome)[0]);
    peers.forEach((peer) => this.#joined(peer));
    this.socket.on('message', (text) => this.#receive(JSON.parse(text)));
    if (this.status) await this.tell(this.status);
    return this;
  }

  leave() {
    this.socket.close();
  }

  /** Tells every operator in the room how it is. */
  async tell({ state = 'idle', faults = [], unread = 0 }) {
    this.status = { state, faults, unread };
    for (const [id, { role }] of this.#peers) if (role === 'operator') await this.#send(id, NO_CALL, 'status', this.status);
  }

  /** Rings at a peer. Resolves with the call, to be ended with `hangUp`. */
  async ring(peer) {
    const call = b64u(randomBytes(16));
    await this.#send(peer, call, 'offer', description(), 0);
    return { peer, call };
  }

  hangUp({ peer, call }) {
    return this.#send(peer, call, 'bye', { why: 'hang-up' }, 1);
  }

  /** Writes a line to a peer. */
  say(peer, text) {
    return this.#send(peer, NO_CALL, 'chat', { id: b64u(randomBytes(16)), text });
  }

  /** Resolves with the first message of this type that was or will be heard. */
  async hears(type, milliseconds = 10_000) {
    const fits = ({ t }) => t === type;
    const late = AbortSignal.timeout(milliseconds);
    while (!this.heard.some(fits)) {
      await new Promise((resolve, reject) => {
        this.#waiting.push(resolve);
        late.addEventListener('abort', () => reject(new Error(`${this.name} heard no ${type}`)), { once: true });
      });
    }
    return this.heard.find(fits);
  }

  #joined({ sess }) {
    const { id, sk, role } = JSON.parse(Buffer.from(sess.payload, 'base64url'));
    this.#peers.set(hash(Buffer.from(id, 'base64url')), { session: hash(Buffer.from(sk, 'base64url')), role });
  }

  async #receive(frame) {
    if (frame.t === 'joined') {
      this.#joined(frame.peer);
      if (this.status) await this.tell(this.status);
    }
    if (frame.t !== 'msg') return;
    const message = JSON.parse(Buffer.from(frame.m.payload, 'base64url'));
    this.heard.push(message);
    this.#waiting.splice(0).forEach((wake) => wake());
    if (message.t === 'chat') await this.#send(frame.from, NO_CALL, 'chat-received', { id: message.body.id });
  }

  async #send(to, call, t, body, seq = this.#serial++) {
    const { session } = this.#peers.get(to) ?? {};
    if (!session || this.socket.readyState !== WebSocket.OPEN) return;
    const m = await seal('ksp1', {
      v: 1, t, from: this.id, fs: this.session.id, to, ts: session, room: this.room, call, seq, re: null, at: Date.now(), body,
    }, this.session);
    this.socket.send(JSON.stringify({ t: 'msg', to, m }));
  }
}
