// A call whose connection or link is lost, and which goes on: between two pages, to which more can be done than to a kiosk, and between page and kiosk.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { isAccessible } from './accessibility.js';
import { kioskReceives, pageReceives } from './calls.js';
import { Kiosk, startServer } from './kiosk.js';
import { BAR, COLOUR, near } from './material.js';
import { Operator, startBrowser } from './operator.js';
import { until } from './process.js';

/** Where the moving bar is only now and then, and the time stamp never. */
const PLACES = [[0.5, 0.9], [0.1, 0.9]];
const isCamera = (pixel) => near(pixel, COLOUR.rgb) || near(pixel, BAR.rgb);

/** Runs in the page before anything else: keeps its peer connections, and can close or deafen them, which the page is not told. */
export function holdPeerConnections() {
  const Real = window.RTCPeerConnection;
  window.held = [];
  window.RTCPeerConnection = class extends Real {
    constructor(...all) {
      super(...all);
      window.held.push(this);
    }
  };
}

/** So many lines, and ours have arrived. */
const linesAre = (count) => ({ chat: { messages } }) => messages.length === count && messages.every(({ own, delivered }) => !own || delivered);
export const NEEDS_ROOT = { skip: process.getuid() !== 0 && 'needs to make a network namespace' };

export const isLost = ({ connection }) => connection.reconnecting !== null;
const wasLost = ({ losses }) => losses > 0;
export const isWell = ({ connection }) => connection.phase === 'in-call' && connection.reconnecting === null;

/** A network of its own at the end of a cable, and a server at this end. */
class Cable {
  #hidden = [];

  async lay() {
    const name = `far${process.pid}`;
    Object.assign(this, { name, near: `${name}a`, address: '10.213.77.1', far: '10.213.77.2' });
    ip('netns', 'add', name);
    ip('link', 'add', this.near, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
    for (const [where, device, address] of [[[], this.near, this.address], [['-n', name], 'eth0', this.far]]) {
      // Without IPv6 there is one way between the two, which can be cut.
      ip(...where, 'link', 'set', device, 'addrgenmode', 'none');
      ip(...where, 'address', 'add', `${address}/30`, 'dev', device);
      ip(...where, 'link', 'set', device, 'up');
    }
    ip('-n', name, 'link', 'set', 'lo', 'up');
    this.server = await startServer('--bind', `${this.address}:0`, '--insecure-plain');
    this.origin = this.server.origin;
  }

  /** A browser at this end, or at the far one. */
  async browser(material, directory, far = false) {
    const chromium = path.join(directory, far ? 'far-chromium' : 'near-chromium');
    const where = far ? `ip netns exec ${this.name} ` : '';
    await writeFile(chromium, `#!/bin/sh\nexec ${where}${process.env.CHROMIUM ?? '/usr/bin/chromium'} "$@"\n`, { mode: 0o755 });
    return startBrowser({ ...material, executablePath: chromium, args: [`--unsafely-treat-insecure-origin-as-secure=${this.origin}`] });
  }

  /** Whatever is sent goes to nobody, and nobody is told; or arrives again. */
  cut(cut = true) {
    // A machine has several addresses, and its neighbour may know them all.
    if (cut && this.#hidden.length === 0) {
      for (const [device, ...where] of [[this.near], ['eth0', '-n', this.name]]) {
        const known = JSON.parse(ip(...where, '-json', 'neighbour', 'show', 'dev', device));
        this.#hidden.push(...known.map(({ dst }) => ({ where, device, dst })));
      }
      for (const { where, device, dst } of this.#hidden) ip(...where, 'neighbour', 'replace', dst, 'lladdr', NOBODY, 'dev', device, 'nud', 'permanent');
    } else if (!cut) {
      for (const { where, device, dst } of this.#hidden.splice(0)) ip(...where, 'neighbour', 'delete', dst, 'dev', device);
    }
  }

  /** Pulls the far end's plug, which its machine sees; or puts it in. */
  unplug(out = true) {
    ip('link', 'set', this.near, out ? 'down' : 'up');
  }

  async remove() {
    await this.server?.program.end();
    ip('link', 'delete', this.near);
    ip('netns', 'delete', this.name);
  }
}

export const ip = (...args) => execFileSync('ip', args, { stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' });
/** An Ethernet address that no card has. */
const NOBODY = '02:00:00:00:00:99';

export function reconnecting(world) {
  describe('a lost connection between two pages', () => {
    let server, desk, visitor, opened;
    before(async () => {
      server = await startServer();
    });
    after(() => server?.program.end());
    beforeEach(() => {
      opened = [];
    });
    afterEach(() => Promise.all(opened.map((each) => each.close())));

    /** Calls, in a room of their own. `browsers`: the desk's and the visitor's. */
    async function call({ origin = server.origin, browsers = [world.browser, world.browser], ...options } = {}) {
      const room = `room-${Math.random().toString(36).slice(2, 10)}`;
      const open = async (query, browser, more) => {
        const page = await Operator.open(browser, origin, { query, before: holdPeerConnections, ...more });
        opened.push(page);
        return page;
      };
      [desk, visitor] = await Promise.all([open(`?room=${room}&name=Desk`, browsers[0], options), open(`?room=${room}`, browsers[1])]);
      visitor.id = await visitor.posesAsKiosk('Door');
      await desk.by(`call-${visitor.id}`).click();
      await visitor.by('answer').click();
      await both((each) => each.phase('in-call'));
      await both((each) => each.watch(PLACES, isCamera));
    }

    const both = (step) => Promise.all([desk, visitor].map(step));
    const closeMedia = (page) => page.page.evaluate(() => window.held.at(-1).close());

    it('the media connection alone dies: there is a new one, with all that was', async (test) => {
      await call();
      await desk.by('mute').click();
      await visitor.until('the desk is muted', ({ connection }) => !connection.remoteMedia.audio);
      const { callId, since } = (await desk.state()).connection;
      const began = Date.now();
      await closeMedia(desk);
      await desk.until('lost', wasLost);
      await both((each) => each.until('well', isWell));
      test.diagnostic(`closed without a word: new connection after ${Date.now() - began} ms`);
      await both((each) => each.watch(PLACES, isCamera));
      test.diagnostic(`picture back after ${Date.now() - began} ms`);
      const { connection } = await desk.state();
      assert.deepEqual({ callId: connection.callId, since: connection.since }, { callId, since });
      assert.equal((await visitor.state()).connection.remoteMedia.audio, false, 'still muted');
      assert.equal(await desk.page.evaluate(() => window.held.filter((each) => each.connectionState !== 'closed').length), 1);
    });

    it('both sides lose it at once: they agree on one new connection', async (test) => {
      await call();
      const began = Date.now();
      await both(closeMedia);
      await both((each) => each.until('lost', wasLost));
      await both((each) => each.until('well', isWell));
      test.diagnostic(`new connection after ${Date.now() - began} ms`);
      await both((each) => each.watch(PLACES, isCamera));
      const { refusals } = (await desk.state()).link;
      assert.deepEqual(Object.keys(refusals).filter((reason) => reason !== 'unknown-call'), []);
    });

    for (const [look, options] of Object.entries({
      light: { colorScheme: 'light' },
      'dark, on a phone': { colorScheme: 'dark', viewport: { width: 360, height: 740 } },
      'from right to left': { colorScheme: 'dark', locale: 'ar' },
    })) {
      it(`it is said and counted down, the last picture stays, and the call can be hung up: ${look}`, async () => {
        await call(options);
        await visitor.page.evaluate(() => window.kiosk.webSocketStore.disconnect());
        await closeMedia(visitor);
        await desk.by('reconnecting').waitFor();
        const pixels = await desk.by('last-picture').evaluate((canvas, places) => places.map(([x, y]) => [...canvas.getContext('2d').getImageData(Math.round(x * (canvas.width - 1)), Math.round(y * (canvas.height - 1)), 1, 1).data.slice(0, 3)]), PLACES);
        assert.ok(await desk.by('last-picture').isVisible() && pixels.every(isCamera), `the last picture: ${pixels}`);
        await isAccessible(desk.page, `${look}: reconnecting`);
        const left = () => desk.by('reconnecting').locator('[aria-hidden]').last().textContent();
        const before = await left();
        await until('the countdown goes on', async () => (await left()) !== before);
        assert.ok((await desk.by('reconnecting').getByRole('alert').textContent()).length > 10, 'it is said, without the seconds');
        await desk.by('hang-up').click();
        await desk.by('reconnecting').waitFor({ state: 'detached' });
        assert.equal((await desk.state()).connection.ending, 'hung-up');
      });
    }

    it('a page that is closed, reloaded or left ends its call at once', async (test) => {
      for (const leave of [(page) => page.reload(), (page) => page.close(), (page) => page.goto('about:blank')]) {
        await call();
        const began = Date.now();
        await leave(desk.page);
        await visitor.phase('ended', 3_000);
        test.diagnostic(`${leave}: ended after ${Date.now() - began} ms`);
        assert.equal((await visitor.state()).connection.ending, 'peer-hung-up');
      }
    });

    it('so does one whose link is of another session than the call', async (test) => {
      await call();
      await desk.page.evaluate(() => {
        window.kiosk.webSocketStore.disconnect();
        return window.kiosk.webSocketStore.connect();
      });
      const began = Date.now();
      await desk.page.close();
      await visitor.phase('ended', 3_000);
      test.diagnostic(`ended after ${Date.now() - began} ms`);
      assert.equal((await visitor.state()).connection.ending, 'peer-hung-up');
    });

    describe('over a cable', NEEDS_ROOT, () => {
      let cable, browsers;
      before(async () => {
        cable = new Cable();
        await cable.lay();
        browsers = await Promise.all([true, false].map((far) => cable.browser(world.material, world.directory, far)));
      });
      after(async () => {
        await Promise.all((browsers ?? []).map((browser) => browser.close()));
        await cable.remove();
      });

      for (const seconds of [6, 20]) {
        it(`all is cut for ${seconds} s: the picture comes back, and each line once`, async (test) => {
          await call({ origin: cable.origin, browsers });
          cable.cut();
          const cut = Date.now();
          await both((each) => each.until('lost', isLost));
          test.diagnostic(`noticed after ${Date.now() - cut} ms`);
          await desk.say('Are you there?');
          await visitor.say('Hello?');
          await sleep(seconds * 1_000 - (Date.now() - cut));
          cable.cut(false);
          const healed = Date.now();
          await both((each) => each.until('well', isWell, 30_000));
          await both((each) => each.watch(PLACES, isCamera));
          test.diagnostic(`picture back ${Date.now() - healed} ms after the cable`);
          await both((each) => each.until('both lines, delivered', linesAre(2), 20_000));
          await both((each) => each.online());
        });
      }
    });
  });

  describe('a lost connection between page and kiosk', NEEDS_ROOT, () => {
    let cable, browser, kiosk, desk;
    before(async () => {
      cable = new Cable();
      await cable.lay();
      browser = await cable.browser(world.material, world.directory);
      kiosk = await new Kiosk(path.join(world.directory, 'far'), cable.server, { name: 'Far', network: cable.name }).start();
    });
    after(async () => {
      await browser?.close();
      await kiosk?.program.end();
      await cable.remove();
    });
    beforeEach(async () => {
      desk = await Operator.open(browser, cable.origin, { before: holdPeerConnections });
      await desk.sees(kiosk);
      await desk.by(`call-${kiosk.id}`).click();
      await kiosk.phase('ringing_in');
      await kiosk.ask('answer');
      await desk.phase('in-call');
      await kiosk.phase('in_call');
      await Promise.all([pageReceives(desk), kioskReceives(kiosk)]);
    });
    afterEach(async () => {
      cable.cut(false);
      cable.unplug(false);
      await desk.close();
      await kiosk.phase(null);
    });

    /** The kiosk's call goes on, and it waits for nothing. */
    const kioskIsWell = () => kiosk.until('well', ({ call }) => call?.phase === 'in_call' && (call.given_up_in_ms ?? null) === null, 30_000);

    async function goesOn(test, since, first) {
      await Promise.all([desk.until('well', isWell, 30_000), kioskIsWell()]);
      test.diagnostic(`connected again after ${Date.now() - since} ms`);
      await pageReceives(desk);
      test.diagnostic(`the kiosk's picture and sound are back after ${Date.now() - since} ms`);
      await kioskReceives(kiosk);
      const { callId, since: began } = (await desk.state()).connection;
      assert.deepEqual({ callId, began }, first);
      await Promise.all([desk.online(), kiosk.until('signed in', ({ link }) => link.state === 'up')]);
    }

    const theCall = async () => {
      const { callId, since: began } = (await desk.state()).connection;
      return { callId, began };
    };

    it("the page's media connection alone dies", async (test) => {
      const first = await theCall();
      const since = Date.now();
      const { losses: before } = await desk.state();
      await desk.page.evaluate(() => window.held.at(-1).close());
      await desk.until('lost', ({ losses }) => losses > before);
      await goesOn(test, since, first);
    });

    for (const [what, seconds, cut] of [
      ['all is cut for 6 s', 6, (on) => cable.cut(on)],
      ['all is cut for 20 s', 20, (on) => cable.cut(on)],
      ["the kiosk's plug is out for 8 s", 8, (on) => cable.unplug(on)],
    ]) {
      it(`${what}: what was written meanwhile comes once`, async (test) => {
        const first = await theCall();
        const before = (await kiosk.ask('chat', 'history')).lines.length;
        cut(true);
        const began = Date.now();
        await Promise.all([desk.until('lost', isLost), kiosk.until('lost', ({ call }) => call?.given_up_in_ms > 0)]);
        test.diagnostic(`noticed after ${Date.now() - began} ms`);
        await desk.say('Are you there?');
        await kiosk.ask('chat', 'send', 'Hello?');
        await sleep(seconds * 1_000 - (Date.now() - began));
        cut(false);
        await goesOn(test, Date.now(), first);
        await desk.until('both lines, delivered', linesAre(2), 20_000);
        await until('kiosk: both lines', async () => {
          const lines = (await kiosk.ask('chat', 'history')).lines.slice(before);
          return (lines.length === 2 && lines.every(({ own, delivered }) => !own || delivered)) || lines;
        });
      });
    }
  });

  describe('a server that is killed in a call', () => {
    it('is missed by nobody: the media go on, and both are signed in again', async (test) => {
      const server = await startServer();
      const kiosk = await new Kiosk(path.join(world.directory, 'steady'), server, { name: 'Steady' }).start();
      const desk = await Operator.open(world.browser, server.origin);
      let again;
      try {
        await desk.sees(kiosk);
        await desk.by(`call-${kiosk.id}`).click();
        await kiosk.phase('ringing_in');
        await kiosk.ask('answer');
        await desk.phase('in-call');
        await pageReceives(desk);
        const played = await desk.look();
        server.program.kill('SIGKILL');
        const killed = Date.now();
        await server.program.exited;
        await desk.until('the link is lost', ({ link }) => link.status !== 'online');
        again = await startServer('--bind', server.address);
        const back = Date.now();
        await Promise.all([desk.online(), kiosk.until('signed in', ({ link }) => link.state === 'up')]);
        test.diagnostic(`signed in ${Date.now() - back} ms after the server was back`);
        assert.ok(Date.now() - back < 5_000);
        const seen = await desk.look();
        const rate = (1_000 * (seen.frames - played.frames)) / (Date.now() - killed);
        test.diagnostic(`${rate.toFixed(1)} pictures a second meanwhile`);
        assert.equal((await desk.state()).connection.reconnecting, null);
        assert.ok(rate > 3, 'the picture went on');
        await Promise.all([pageReceives(desk), kioskReceives(kiosk)]);
      } finally {
        await desk.close();
        await kiosk.program.end();
        await (again ?? server).program.end();
      }
    });
  });
}
