// A call that can only go over a TURN server (coturn), between the operator's page and a kiosk; and what happens when that is gone.

import assert from 'node:assert/strict';
import { mkdtemp, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, describe, it } from 'node:test';
import { kioskReceives, pageReceives } from './calls.js';
import { Kiosk, startServerIn } from './kiosk.js';
import { Operator, startBrowser } from './operator.js';
import { Program } from './process.js';
import { holdPeerConnections, ip, isLost, isWell, NEEDS_ROOT } from './reconnecting.js';

const SECRET = 'north';
const PORT = 3478;
/** How long the relay is away, ms; a call is kept 45 s. */
const AWAY = 10_000;

/** Three networks in a row: the page's, the servers', the kiosk's. The one in the middle forwards nothing, so its programs are the only way; or forwards. */
class Row {
  async lay(directory) {
    const [page, middle, kiosk] = ['page', 'middle', 'kiosk'].map((name) => `${name}${process.pid}`);
    Object.assign(this, { page, middle, kiosk, directory, secret: path.join(directory, 'turn-secret') });
    for (const name of [page, middle, kiosk]) {
      ip('netns', 'add', name);
      ip('-n', name, 'link', 'set', 'lo', 'up');
    }
    for (const [at, end] of [page, kiosk].entries()) {
      const ends = [[middle, `to${at}`, 1], [end, 'eth0', 2]];
      ip('link', 'add', `to${at}`, 'netns', middle, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', end);
      for (const [where, device, host] of ends) {
        // Without IPv6 there is no other way.
        ip('-n', where, 'link', 'set', device, 'addrgenmode', 'none');
        ip('-n', where, 'address', 'add', `10.213.${78 + at}.${host}/24`, 'dev', device);
        ip('-n', where, 'link', 'set', device, 'up');
      }
      ip('-n', end, 'route', 'add', 'default', 'via', `10.213.${78 + at}.1`);
    }
    this.address = '10.213.78.1';
    await writeFile(this.secret, SECRET);
    this.forward(false);
    await this.relay();
    const turn = ['--turn-uri', `turn:${this.address}:${PORT}`, '--turn-secret-file', this.secret];
    this.server = await startServerIn(middle, '--bind', `${this.address}:3030`, '--insecure-plain', ...turn);
  }

  /** A direct way, or none. */
  forward(is) {
    ip('netns', 'exec', this.middle, 'sysctl', '-qw', `net.ipv4.ip_forward=${Number(is)}`);
  }

  async relay() {
    const options = ['--no-tls', '--no-dtls', '--no-cli', '--use-auth-secret', `--static-auth-secret=${SECRET}`, '--realm=kiosk.test', '--fingerprint', '--log-file=stdout',
      `--listening-ip=${this.address}`, `--relay-ip=${this.address}`, `--listening-port=${PORT}`, `--userdb=${this.directory}/turn.sqlite`, `--pidfile=${this.directory}/turn.pid`];
    this.turn = new Program('ip', ['netns', 'exec', this.middle, 'turnserver', '-n', '--verbose', ...options]);
    await this.turn.line(/UDP listener opened|listener opened on/i);
  }

  async remove() {
    await Promise.all([this.turn, this.server?.program].map((program) => program?.end()));
    for (const name of [this.page, this.middle, this.kiosk]) ip('netns', 'delete', name);
  }
}

/** The kinds of both ends of the way that the page's media take. */
const way = (desk) => desk.page.evaluate(async () => {
  const stats = [...(await window.held.at(-1).getStats()).values()];
  const { selectedCandidatePairId } = stats.find(({ type }) => type === 'transport');
  const pair = stats.find(({ id }) => id === selectedCandidatePairId);
  return [pair.localCandidateId, pair.remoteCandidateId].map((wanted) => stats.find(({ id }) => id === wanted).candidateType);
});

export function relay(world) {
  describe('a relay', NEEDS_ROOT, () => {
    let row, browser, kiosk, desk;
    before(async () => {
      row = new Row();
      await row.lay(await mkdtemp(path.join(world.directory, 'relay-')));
      const chromium = path.join(row.directory, 'chromium');
      await writeFile(chromium, `#!/bin/sh\nexec ip netns exec ${row.page} ${process.env.CHROMIUM ?? '/usr/bin/chromium'} "$@"\n`, { mode: 0o755 });
      browser = await startBrowser({ ...world.material, executablePath: chromium, args: [`--unsafely-treat-insecure-origin-as-secure=${row.server.origin}`] });
      kiosk = await new Kiosk(path.join(row.directory, 'kiosk'), row.server, { name: 'Behind', network: row.kiosk }).start();
    });
    after(async () => {
      await browser?.close();
      await kiosk?.program.end();
      await row.remove();
    });

    async function call() {
      desk = await Operator.open(browser, row.server.origin, { before: holdPeerConnections });
      await desk.sees(kiosk);
      await desk.by(`call-${kiosk.id}`).click();
      await kiosk.phase('ringing_in');
      await kiosk.ask('answer');
      await desk.phase('in-call');
      await kiosk.phase('in_call');
      await Promise.all([pageReceives(desk), kioskReceives(kiosk)]);
    }

    async function hangUp() {
      await desk.close();
      await kiosk.phase(null);
    }

    const kills = async () => {
      row.turn.kill('SIGKILL');
      await row.turn.exited;
    };

    it('carries a call that has no other way; when it is gone both sides say so, and once it is back the call goes on', async (test) => {
      await call();
      assert.ok((await way(desk)).includes('relay'), `the way: ${await way(desk)}`);
      const { callId } = (await desk.state()).connection;
      await kills();
      const killed = Date.now();
      await Promise.all([desk.until('lost', isLost), kiosk.until('lost', ({ call }) => call?.given_up_in_ms > 0)]);
      test.diagnostic(`noticed after ${Date.now() - killed} ms`);
      await desk.by('reconnecting').waitFor();
      await desk.online();
      await desk.say('Are you there?');
      await sleep(AWAY - (Date.now() - killed));
      await row.relay();
      const back = Date.now();
      await Promise.all([desk.until('well', isWell, 30_000), kiosk.until('well', ({ call }) => call?.phase === 'in_call' && (call.given_up_in_ms ?? null) === null, 30_000)]);
      test.diagnostic(`connected again ${Date.now() - back} ms after the relay was back`);
      await Promise.all([pageReceives(desk), kioskReceives(kiosk)]);
      test.diagnostic(`picture and sound are back after ${Date.now() - back} ms`);
      assert.equal((await desk.state()).connection.callId, callId, 'it is the same call');
      assert.ok((await way(desk)).includes('relay'), `the way: ${await way(desk)}`);
      await desk.until('the line, delivered', ({ chat: { messages } }) => messages.filter(({ own, delivered }) => own && delivered).length === 1, 20_000);
      await hangUp();
    });

    it('is missed by nobody where there is a direct way', async () => {
      row.forward(true);
      await call();
      assert.ok(!(await way(desk)).includes('relay'), `the way: ${await way(desk)}`);
      const before = await desk.look();
      await kills();
      // Longer than it takes to notice a lost connection.
      await sleep(5_000);
      assert.equal((await desk.state()).connection.reconnecting, null);
      assert.equal((await kiosk.ask('status')).call.given_up_in_ms ?? null, null);
      assert.ok((await desk.look()).frames > before.frames + 20, 'the picture went on');
      await Promise.all([pageReceives(desk), kioskReceives(kiosk)]);
      await hangUp();
    });
  });
}
