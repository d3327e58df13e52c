// The outer side of a hardware test: the guests as they are told what to do, kiosk-server, and the operator's page in headless Chromium.

import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { near, writePicture, writeSpeech } from '../browser/material.js';
import { Operator, startBrowser } from '../browser/operator.js';
import { Program, until } from '../browser/process.js';

const BINARIES = process.env.KIOSK_BINARIES ?? path.resolve(import.meta.dirname, '../../target/debug');
const HOST = '10.77.0.1';
/** The server's name, for guests that have one for it. */
const NAME = 'server.kiosk.test';
const ORIGIN = `http://${HOST}:3030`;

/** Lines of gpio-sim (board.dts). */
export const BUTTON = { mute: 3, call: 4 };
export const LIGHT = { call: 8, mute: 9, onAir: 10, fault: 11 };
/** vivid's test picture: eight bars of 75 %. */
const BARS = [[191, 191, 191], [191, 191, 0], [0, 191, 191], [0, 191, 0], [191, 0, 191], [191, 0, 0], [0, 0, 191], [0, 0, 0]];

/** A guest that runs board.sh's `serve`. */
export class Board {
  #socket;
  #lines;
  /** Questions wait for each other's answers. */
  #last = Promise.resolve();

  constructor(socket, lines) {
    this.#socket = socket;
    this.#lines = lines;
  }

  /** The lines that a function of the guest prints. */
  ask(...words) {
    const answer = this.#last.then(async () => {
      this.#socket.write(`${words.join(' ')}\n`);
      const said = [];
      for (;;) {
        const { value, done } = await this.#lines.next();
        if (done) throw new Error(`the guest ended at '${words.join(' ')}'`);
        if (value === '.') return said;
        said.push(value);
      }
    });
    this.#last = answer.catch(() => {});
    return answer;
  }

  /** What a command of eyes.py answers. */
  async see(...words) {
    const [line] = await this.ask(...words);
    const answer = line === undefined ? undefined : JSON.parse(line);
    if (answer?.error) throw new Error(`${words.join(' ')}: ${answer.error}`);
    return answer;
  }

  status() {
    return this.see('kiosk', 'Status');
  }

  /** Waits until kioskd's status is so. Resolves with the milliseconds that it took. */
  until(what, condition, milliseconds) {
    const check = async () => {
      const status = await this.status().catch((error) => ({ failed: error.message }));
      return (!status.failed && condition(status)) || status;
    };
    return until(what, check, milliseconds);
  }

  /** The share of the scanned-out picture that each of these colours has. */
  async shares(...colours) {
    const points = Buffer.from((await this.see('points', 32, 18)) ?? '', 'base64');
    const pixels = Array.from({ length: points.length / 3 }, (_, at) => points.subarray(3 * at, 3 * at + 3));
    return colours.map((rgb) => pixels.filter((pixel) => near(pixel, rgb)).length / pixels.length);
  }

  async lamp(line) {
    return (await this.ask('lamp', line))[0] === '1';
  }

  end() {
    this.#socket.end('end\n');
  }
}

/** Waits for so many guests; in the order of their numbers. */
async function guests(count) {
  const listener = net.createServer();
  const found = [];
  const complete = new Promise((resolve) => listener.on('connection', async (socket) => {
    const lines = createInterface(socket)[Symbol.asyncIterator]();
    const { value: greeting } = await lines.next();
    found.push([Number.parseInt(greeting, 10), new Board(socket, lines)]);
    if (found.length === count) resolve();
  }));
  listener.listen(3031, HOST);
  await complete;
  listener.close();
  return found.sort(([one], [other]) => one - other).map(([, board]) => board);
}

/** What the page shows and plays, followed frame by frame: it says when vivid's moving bars and a tone were there. */
export class Follower {
  #desk;

  static async start(desk, hertz) {
    const follower = new Follower();
    follower.#desk = desk;
    await desk.by('remote-video').evaluate(follow, { bars: BARS, hertz, near: near.toString() });
    return follower;
  }

  /** The first moment at or after `since` at which it was there, waited for. */
  async first(what, since, milliseconds = 10_000) {
    const at = await this.#desk.page.evaluate(({ what, since, milliseconds }) => window.follow.first(what, since, milliseconds), { what, since, milliseconds });
    if (at !== null) return at;
    throw new Error(`page: no ${what} for ${milliseconds} ms; last seen: ${JSON.stringify(await this.now())}`);
  }

  /** Waits until it has not been there for so long. */
  async gone(what, quiet = 500, milliseconds = 10_000) {
    await until(`page: the end of the ${what}`, async () => {
      const { [what]: last } = (await this.now()).last;
      return Date.now() - last > quiet || Date.now() - last;
    }, milliseconds);
  }

  /** The longest time without it, from `since` to now. */
  longestGap(what, since) {
    return this.#desk.page.evaluate(({ what, since }) => window.follow.longestGap(what, since), { what, since });
  }

  now() {
    return this.#desk.page.evaluate(() => window.follow.now());
  }
}

/** Runs in the page. */
function follow(video, { bars, hertz, near }) {
  const isNear = new Function(`return ${near.startsWith('function') ? near : `function ${near}`}`)();
  const seen = { picture: [], tone: [] };
  const waiting = [];
  const note = (what) => {
    const at = Date.now();
    seen[what].push(at);
    if (seen[what].length > 20_000) seen[what].splice(0, 10_000);
    for (const each of waiting.splice(0)) if (!(each.what === what && at >= each.since)) waiting.push(each); else each.resolve(at);
  };
  const now = { pixels: [], moved: 0, level: -Infinity };

  // Sixteenths of the picture's width; vivid writes a running clock into the upper left corner.
  const canvas = document.createElement('canvas');
  Object.assign(canvas, { width: 160, height: 90 });
  const drawing = canvas.getContext('2d', { willReadFrequently: true });
  let before = new Uint8ClampedArray();
  const look = () => {
    drawing.drawImage(video, 0, 0, 160, 90);
    now.pixels = bars.map((_, bar) => [...drawing.getImageData(10 + 20 * bar, 68, 1, 1).data.slice(0, 3)]);
    const clock = drawing.getImageData(0, 0, 80, 20).data;
    now.moved = clock.reduce((sum, value, at) => sum + Math.abs(value - (before[at] ?? 0)), 0);
    before = clock;
    if (now.moved > 1_000 && now.pixels.every((pixel, at) => isNear(pixel, bars[at], 50))) note('picture');
    video.requestVideoFrameCallback(look);
  };
  video.requestVideoFrameCallback(look);

  const context = new AudioContext({ sampleRate: 48_000 });
  const analyser = new AnalyserNode(context, { fftSize: 2_048 });
  context.createMediaStreamSource(video.srcObject).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  setInterval(() => {
    // Goertzel: the power of one frequency, in 43 ms of sound.
    analyser.getFloatTimeDomainData(samples);
    const coefficient = 2 * Math.cos((2 * Math.PI * hertz) / 48_000);
    let [one, two] = [0, 0];
    for (const sample of samples) [one, two] = [sample + coefficient * one - two, one];
    const power = (2 * (one * one + two * two - coefficient * one * two)) / samples.length ** 2;
    now.level = 10 * Math.log10(power);
    if (now.level > -50) note('tone');
  }, 20);

  window.follow = {
    now: () => ({ ...now, last: { picture: seen.picture.at(-1) ?? 0, tone: seen.tone.at(-1) ?? 0 } }),
    first: (what, since, milliseconds) => {
      const found = seen[what].find((at) => at >= since);
      if (found !== undefined) return found;
      return new Promise((resolve) => {
        waiting.push({ what, since, resolve });
        setTimeout(() => resolve(null), milliseconds);
      });
    },
    longestGap: (what, since) => {
      const moments = [since, ...seen[what].filter((at) => at >= since), Date.now()];
      return Math.max(...moments.slice(1).map((at, index) => at - moments[index]));
    },
  };
}

/** Server, browser and page; `check` gets the guests, the page, and what kills the server and starts another. Prints `NAME: passed` in the end, or why not. */
export async function run(name, { count = 1, page = true }, check) {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'kiosk-hil-'));
  const [picture, speech] = ['picture.y4m', 'speech.wav'].map((file) => path.join(directory, file));
  const connected = guests(count);
  const serve = () => new Program(path.join(BINARIES, 'kiosk-server'), ['--bind', `${HOST}:3030`, '--insecure-plain', '--public-url', `http://${NAME}:3030`]);
  let server = serve();
  const restart = async () => {
    server.kill('SIGKILL');
    await server.exited;
    server = serve();
    await server.line(/listening/);
  };
  let browser, desk;
  try {
    if (page) {
      await Promise.all([writePicture(picture), writeSpeech(speech)]);
      const args = [`--unsafely-treat-insecure-origin-as-secure=${ORIGIN}`];
      [browser] = await Promise.all([startBrowser({ picture, speech, args }), server.line(/listening/)]);
      desk = await Operator.open(browser, ORIGIN);
    }
    await check(await connected, desk, restart);
    console.log(`${name}: passed`);
  } catch (error) {
    console.log(`${error.stack}\n--- page\n${desk?.log.join('\n')}\n--- server\n${server.tail()}`);
    for (const board of await connected) console.log(`--- kioskd\n${JSON.stringify(await board.status().catch((failure) => failure.message))}`);
  } finally {
    await browser?.close();
    await server.end();
    (await connected).forEach((board) => board.end());
    await rm(directory, { recursive: true, force: true });
  }
}
