// The operator's page in Chromium, driven by its test ids and measured by what its elements really show and play.

import path from 'node:path';
import { chromium } from 'playwright-core';
import { until } from './process.js';

/** Title of the tab that is captured when a page shares a screen. */
export const SHARED_TAB = 'Shared map';

/** Starts headless Chromium with a camera and a microphone made of these files. `strict`: sound only after a gesture, as people's browsers have it. */
export function startBrowser({ picture, speech, strict = false, executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium', args = [] }) {
  return chromium.launch({
    executablePath,
    args: [
      '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--use-fake-device-for-media-stream', `--auto-select-tab-capture-source-by-title=${SHARED_TAB}`,
      `--autoplay-policy=${strict ? 'document-user-activation-required' : 'no-user-gesture-required'}`,
      `--use-file-for-fake-video-capture=${path.resolve(picture)}`, `--use-file-for-fake-audio-capture=${path.resolve(speech)}`,
      ...args,
    ],
  });
}

const MEDIA = ['camera', 'microphone'];

/** Runs in the page: a lost connection can be back before anybody looks. */
function countLosses() {
  let isLost = false;
  window.losses = 0;
  window.kiosk.connectionStore.subscribe(({ reconnecting }) => {
    if (reconnecting !== null && !isLost) window.losses += 1;
    isLost = reconnecting !== null;
  });
}

export class Operator {
  /**
   * Opens the page in a browser profile of its own: another identity. `media` false: a person who denies camera and microphone. `before`:
   * runs in the page before anything else. The rest are Playwright's options of a context, and `?query` of the address.
   */
  static async open(browser, origin, { media = true, notifications = false, query = '', before, ...options } = {}) {
    const permissions = [...(media ? MEDIA : []), ...(notifications ? ['notifications'] : [])];
    const context = await browser.newContext({ permissions, ...options });
    if (before) await context.addInitScript(before);
    const operator = new Operator();
    Object.assign(operator, { context, origin, log: [] });
    operator.page = await context.newPage();
    operator.page.on('console', (message) => operator.log.push(`${message.type()}: ${message.text()}`));
    operator.page.on('pageerror', (error) => operator.log.push(`uncaught: ${error.stack}`));
    operator.page.setDefaultTimeout(10_000);
    await operator.page.goto(`${origin}/${query}`);
    await operator.online();
    await operator.page.evaluate(countLosses);
    return operator;
  }

  close() {
    return this.context.close();
  }

  by(id) {
    return this.page.getByTestId(id);
  }

  /** Waits until the page is signed in. */
  online() {
    return this.page.locator('[data-testid="link-state"][data-state="online"]').waitFor();
  }

  /** Signs in anew as a kiosk, so that another page can do with this one what it does with kiosks. Resolves with its id. */
  async posesAsKiosk(name) {
    await this.page.evaluate((name) => window.kiosk.webSocketStore.connect({ role: 'kiosk', name }), name);
    return (await this.state()).link.you;
  }

  /** Waits until the state of the stores is so. */
  async until(what, condition, milliseconds) {
    try {
      return await until(`page: ${what}`, async () => {
        const state = await this.state();
        return condition(state) || state;
      }, milliseconds);
    } catch (error) {
      throw new Error(`${error.message}\n${this.log.slice(-20).join('\n')}`);
    }
  }

  /** Waits for a phase of the call. */
  async phase(wanted, timeout = 10_000) {
    try {
      await this.page.locator(`[data-testid="call-phase"][data-phase="${wanted}"]`).waitFor({ state: 'attached', timeout });
    } catch (error) {
      const now = await this.state().catch(() => ({}));
      throw new Error(`page: phase ${wanted}: ${error.message}\n${JSON.stringify(now)}\n${this.log.slice(-20).join('\n')}`);
    }
  }

  /** Waits until the kiosk stands in the list of peers, and knows of this page. */
  async sees(kiosk) {
    await this.by(`peer-${kiosk.id}`).waitFor();
    const { you } = (await this.state()).link;
    await until('kiosk: the page is in the room', async () => (await kiosk.ask('peers')).peers.some(({ id }) => id === you));
  }

  /** The state that the stores have now. */
  state() {
    return this.page.evaluate(() => {
      const now = (store) => {
        let value;
        store.subscribe((state) => (value = state))();
        return value;
      };
      const { webSocketStore, connectionStore, chatStore, fileStore, controlStore, wallStore, pairingStore, trustStore } = window.kiosk;
      return JSON.parse(JSON.stringify({
        link: now(webSocketStore), connection: now(connectionStore), chat: now(chatStore), files: now(fileStore), control: now(controlStore),
        wall: now(wallStore), pairing: now(pairingStore), trust: now(trustStore), losses: window.losses,
      }));
    });
  }

  /** Pixels of the remote picture at these places (0 to 1), and how far it has been played. */
  look(places = [[0.5, 0.5]]) {
    return this.by('remote-video').evaluate((video, places) => {
      const { videoWidth: width, videoHeight: height, readyState, currentTime } = video;
      const seen = { width, height, readyState, currentTime, frames: video.getVideoPlaybackQuality().totalVideoFrames };
      if (!width || !height) return { ...seen, pixels: [], checksum: 0 };
      const canvas = document.createElement('canvas');
      Object.assign(canvas, { width, height });
      const drawing = canvas.getContext('2d', { willReadFrequently: true });
      drawing.drawImage(video, 0, 0);
      const pixels = places.map(([x, y]) => [...drawing.getImageData(Math.round(x * (width - 1)), Math.round(y * (height - 1)), 1, 1).data.slice(0, 3)]);
      const all = drawing.getImageData(0, 0, width, height).data;
      const checksum = all.reduce((sum, value, at) => (sum * 31 + value * (at & 3 ? 1 : 0)) | 0, 7);
      return { ...seen, pixels, checksum };
    }, places);
  }

  /** The strongest tone in the peer's sound and its level in dB of full scale, once there is one. */
  async listen(milliseconds = 600) {
    return this.by('remote-video').evaluate(async (video, milliseconds) => {
      const sound = video.srcObject?.getAudioTracks().length ? video.srcObject : null;
      if (!sound) return { hertz: 0, level: -Infinity };
      const context = new AudioContext({ sampleRate: 48_000 });
      const analyser = new AnalyserNode(context, { fftSize: 16_384, smoothingTimeConstant: 0 });
      context.createMediaStreamSource(sound).connect(analyser);
      await new Promise((resolve) => setTimeout(resolve, milliseconds));
      const bins = new Float32Array(analyser.frequencyBinCount);
      analyser.getFloatFrequencyData(bins);
      await context.close();
      const strongest = bins.indexOf(Math.max(...bins));
      return { hertz: (strongest * 48_000) / analyser.fftSize, level: bins[strongest] };
    }, milliseconds);
  }

  /** Waits until the peer's picture moves and looks like this. */
  async watch(places, like) {
    let before;
    await until('page: a moving remote picture', async () => {
      const seen = await this.look(places);
      const moved = before !== undefined && seen.checksum !== before.checksum && seen.frames > before.frames;
      before = seen;
      return (moved && seen.pixels.every(like)) || seen;
    });
  }

  async say(text) {
    await this.by('chat-input').fill(text);
    await this.by('chat-send').click();
  }
}
