// A server gone bad between kiosk and page: what it does to the frames is refused with a reason, and no picture, sound or chat passes.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import path from 'node:path';
import { kioskReceives, pageReceives } from './calls.js';
import { Kiosk, startServer } from './kiosk.js';
import { Operator } from './operator.js';
import { until } from './process.js';
import { alter, payloadOf, Proxy } from './proxy.js';

const NONE = Buffer.from('{"alg":"none","typ":"ksp1"}').toString('base64url');
const OWN_FINGERPRINT = 'ab'.repeat(32);

const isMessage = (frame, type) => frame.t === 'msg' && payloadOf(frame.m).t === type;
/** Does this to messages of one type. */
const onMessage = (type, change) => (frame) => (isMessage(frame, type) ? change(frame) : [frame]);
const onEnvelope = (type, change) => onMessage(type, (frame) => [{ ...frame, m: change(frame.m) }]);

/** The man in the middle's own certificate in the place of the signed one. */
const swapFingerprint = (envelope) =>
  alter(envelope, ({ body }) => {
    body.sdp = body.sdp.replace(/^(a=fingerprint:sha-256 ).*$/gm, `$1${OWN_FINGERPRINT.toUpperCase().match(/../g).join(':')}\r`);
    body.fp = OWN_FINGERPRINT;
  });

/** Attacks on a signed message: whoever receives it counts this reason. */
const ALTERED = [
  ['a swapped fingerprint', swapFingerprint, 'signature'],
  ['a stripped signature', (envelope) => ({ ...envelope, signature: '' }), 'signature-length'],
  ['no algorithm', (envelope) => ({ ...envelope, protected: NONE, signature: '' }), 'header'],
  ['a lower version', (envelope) => alter(envelope, (payload) => (payload.v = 0)), 'signature'],
];

export function hostile(world) {
  describe('a hostile server', () => {
    const proxy = new Proxy();
    let server, kiosk, desk;

    before(async () => {
      await proxy.start();
      server = await startServer('--public-url', proxy.origin);
      proxy.server = server.address;
      kiosk = await new Kiosk(path.join(world.directory, 'behind-proxy'), { address: proxy.host }, { name: 'Back door' }).start();
    });
    after(async () => {
      await kiosk?.program.end();
      proxy.close();
      await server?.program.end();
    });
    beforeEach(async () => {
      proxy.honest();
      desk = await Operator.open(world.browser, proxy.origin);
      await desk.sees(kiosk);
    });
    afterEach(async () => {
      proxy.honest();
      await desk.close();
      await kiosk.phase(null, 20_000);
    });

    const pageRefuses = (reason) =>
      until(`page: refusal ${reason}`, async () => {
        const { refusals } = (await desk.state()).link;
        return (refusals[reason] ?? 0) > 0 || refusals;
      });
    const kioskRefusals = async (reason) => (await kiosk.ask('status')).refusals[reason] ?? 0;

    /** Nothing of the other side was shown, played or written, on either side. */
    async function nothingPassed() {
      const { readyState, currentTime, frames } = await desk.look();
      assert.deepEqual({ readyState, currentTime, frames }, { readyState: 0, currentTime: 0, frames: 0 });
      const { chat, connection } = await desk.state();
      assert.deepEqual([chat.messages, connection.confirmed], [[], false]);
      const { call, unread } = await kiosk.ask('status');
      assert.deepEqual([call?.statistics?.framesDecoded ?? 0, call?.connected_for_ms ?? null, unread], [0, null, 0]);
    }

    it('that tampers with nothing is not noticed', async () => {
      await desk.by(`call-${kiosk.id}`).click();
      await kiosk.phase('ringing_in');
      await kiosk.ask('answer');
      await desk.phase('in-call');
      await Promise.all([pageReceives(desk), kioskReceives(kiosk)]);
      await desk.say('Control run');
      await kiosk.until('the line', ({ unread }) => unread === 1);
      assert.deepEqual((await desk.state()).link.refusals, {});
      assert.deepEqual((await kiosk.ask('status')).refusals, {});
      await desk.by('hang-up').click();
    });

    for (const [name, change, reason] of ALTERED) {
      it(`the kiosk's offer with ${name}: ${reason}`, async () => {
        proxy.towards('page', onEnvelope('offer', change));
        await kiosk.ask('press', 'call');
        await pageRefuses(reason);
        assert.equal((await desk.state()).connection.phase, 'idle');
        await nothingPassed();
        await kiosk.ask('hang-up');
      });

      it(`the page's offer with ${name}: ${reason}`, async () => {
        const before = await kioskRefusals(reason);
        proxy.towards('kiosk', onEnvelope('offer', change));
        await desk.by(`call-${kiosk.id}`).click();
        await kiosk.until(`refusal ${reason}`, ({ refusals }) => (refusals[reason] ?? 0) > before);
        assert.equal((await kiosk.ask('status')).call, null);
        await nothingPassed();
        await desk.by('hang-up').click();
      });
    }

    it("the kiosk's answer with a swapped fingerprint: signature", async () => {
      proxy.towards('page', onEnvelope('answer', swapFingerprint));
      await desk.by(`call-${kiosk.id}`).click();
      await kiosk.phase('ringing_in');
      await kiosk.ask('answer');
      await pageRefuses('signature');
      await nothingPassed();
    });

    it("the page's answer with a swapped fingerprint: signature", async () => {
      const before = await kioskRefusals('signature');
      proxy.towards('kiosk', onEnvelope('answer', swapFingerprint));
      await kiosk.ask('press', 'call');
      await desk.phase('ringing-in');
      await desk.by('answer').click();
      await kiosk.until('refusal signature', ({ refusals }) => (refusals.signature ?? 0) > before);
      await nothingPassed();
    });

    it('a payload spliced under the signature of another message: signature', async () => {
      let ringing;
      proxy.towards('page', (frame) => {
        if (isMessage(frame, 'ringing')) ringing = frame.m;
        return isMessage(frame, 'answer') ? [{ ...frame, m: { ...frame.m, signature: ringing.signature } }] : [frame];
      });
      await desk.by(`call-${kiosk.id}`).click();
      await kiosk.phase('ringing_in');
      await kiosk.ask('answer');
      await pageRefuses('signature');
      await nothingPassed();
    });

    it('a dropped message: out-of-order, and the call ends', async () => {
      proxy.towards('page', onMessage('ringing', () => []));
      await desk.by(`call-${kiosk.id}`).click();
      await kiosk.phase('ringing_in');
      await kiosk.ask('answer');
      await pageRefuses('out-of-order');
      await desk.phase('ended');
      assert.equal((await desk.state()).connection.ending, 'protocol');
      await nothingPassed();
    });

    it('two messages in the wrong order: out-of-order, and the call ends', async () => {
      let held;
      proxy.towards('page', (frame) => {
        if (isMessage(frame, 'ringing')) return ((held = frame), []);
        return isMessage(frame, 'answer') ? [frame, held] : [frame];
      });
      await desk.by(`call-${kiosk.id}`).click();
      await kiosk.phase('ringing_in');
      await kiosk.ask('answer');
      await pageRefuses('out-of-order');
      await desk.phase('ended');
      await nothingPassed();
    });

    it('an offer delivered again after its call: call-reused', async () => {
      await kiosk.ask('press', 'call');
      await desk.phase('ringing-in');
      await desk.by('reject').click();
      await kiosk.phase(null);
      proxy.replay('page', (frame) => isMessage(frame, 'offer'));
      await pageRefuses('call-reused');
      assert.equal((await desk.state()).connection.phase, 'ended');
      await nothingPassed();
    });

    it('an offer delivered again to a later session: stale-session', async () => {
      await kiosk.ask('press', 'call');
      await desk.phase('ringing-in');
      await desk.by('reject').click();
      await kiosk.phase(null);
      await desk.page.reload();
      await desk.sees(kiosk);
      proxy.replay('page', (frame) => isMessage(frame, 'offer'));
      await pageRefuses('stale-session');
      assert.equal((await desk.state()).connection.phase, 'idle');
      await nothingPassed();
    });

    it('an offer delivered again to the kiosk: call-reused', async () => {
      const before = await kioskRefusals('call-reused');
      await desk.by(`call-${kiosk.id}`).click();
      await kiosk.phase('ringing_in');
      await desk.by('hang-up').click();
      await kiosk.phase(null);
      proxy.replay('kiosk', (frame) => isMessage(frame, 'offer'));
      await kiosk.until('refusal call-reused', ({ refusals }) => (refusals['call-reused'] ?? 0) > before);
      assert.equal((await kiosk.ask('status')).call, null);
    });

    it("another page's offer: not-for-me", async () => {
      const other = await Operator.open(world.browser, proxy.origin);
      await other.sees(kiosk);
      const { you } = (await other.state()).link;
      await kiosk.ask('call', you);
      await other.phase('ringing-in');
      await other.close();
      await kiosk.phase(null);
      await desk.page.reload();
      await desk.sees(kiosk);
      proxy.replay('page', (frame) => isMessage(frame, 'offer') && payloadOf(frame.m).to === you);
      await pageRefuses('not-for-me');
      assert.equal((await desk.state()).connection.phase, 'idle');
      await nothingPassed();
    });

    it("a session key of its own in the kiosk's certificate: signature, and the kiosk is not listed", async () => {
      const swap = (peer) => ({ ...peer, sess: alter(peer.sess, (payload) => (payload.sk = payload.id)) });
      proxy.towards('page', (frame) => [frame.t === 'welcome' ? { ...frame, peers: frame.peers.map(swap) } : frame]);
      await desk.page.reload();
      await pageRefuses('signature');
      assert.deepEqual((await desk.state()).link.peers, []);
    });

    for (const [what, change, reason] of [
      ['no version of the protocol that the page speaks', (hello) => ({ ...hello, v: [0] }), 'version'],
      ['the name of another server', (hello) => ({ ...hello, aud: 'wss://another.example/signaling' }), 'audience'],
    ]) {
      it(`${what}: ${reason}, and the page signs nothing`, async () => {
        proxy.towards('page', (frame) => [frame.t === 'hello' ? change(frame) : frame]);
        const before = proxy.passed.length;
        await desk.page.reload();
        await pageRefuses(reason);
        assert.ok(proxy.passed.slice(before).every(({ frame }) => frame.t !== 'auth'));
      });
    }
  });
}
