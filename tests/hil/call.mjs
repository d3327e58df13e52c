// The outer side of the hardware call: kiosk-server, the operator's page in headless Chromium, and the finger on the guest's button.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { BAR, COLOUR, find, loudness, near, readPicture, writePicture, writeSpeech } from '../browser/material.js';
import { Operator, startBrowser } from '../browser/operator.js';
import { Program, until } from '../browser/process.js';

const BINARIES = process.env.KIOSK_BINARIES ?? path.resolve(import.meta.dirname, '../../target/debug');
const ORIGIN = 'http://10.77.0.1:3030';
const BUTTON_CALL = 4;
const LIGHT_CALL = 8;
const TONE_HZ = 700;
/** vivid's test picture: eight bars of 75 %. */
const BARS = [[191, 191, 191], [191, 191, 0], [0, 191, 191], [0, 191, 0], [191, 0, 191], [191, 0, 0], [0, 0, 191], [0, 0, 0]];
const PLACES = BARS.map((_, bar) => [(bar + 0.5) / BARS.length, 0.75]);

const began = Date.now();
const say = (text) => console.log(`call: ${text}, at ${Date.now() - began} ms`);

/** The guest: a line goes out, and for some a line comes back. */
async function guest() {
  const listener = net.createServer().listen(3031, '10.77.0.1');
  const [socket] = await once(listener, 'connection');
  listener.close();
  const lines = createInterface(socket)[Symbol.asyncIterator]();
  const tell = (step) => socket.write(`${step}\n`);
  const ask = async (step) => (tell(step), (await lines.next()).value);
  return { tell, ask, status: async () => JSON.parse(await ask('status')) };
}

async function check(board, desk) {
  let id;
  await until('the kiosk is there', async () => {
    [id] = (await desk.state()).link.peers.filter(({ role }) => role === 'kiosk').map((peer) => peer.id);
    return id !== undefined;
  }, 30_000);
  await until('the kiosk knows of the page', async () => (await board.status()).peers === 1);
  say('kiosk and page are in the room');
  assert.equal(await board.ask(`lamp ${LIGHT_CALL}`), '1', 'the light of the call button is on: ready');

  const pressed = Date.now();
  board.tell(`press ${BUTTON_CALL}`);
  await desk.phase('ringing-in');
  say(`the button rang the page after ${Date.now() - pressed} ms`);
  const answered = Date.now();
  await desk.by('answer').click();
  await desk.phase('in-call', 20_000);
  say(`connected ${Date.now() - answered} ms after the answer`);

  await desk.watch(PLACES, (pixel, at) => near(pixel, BARS[at], 50));
  say("vivid's moving colour bars are on the page");
  await until('page: the tone', async () => {
    const heard = await desk.listen();
    return (Math.abs(heard.hertz - TONE_HZ) < 8 && heard.level > -50) || heard;
  });
  say(`the tone of ${TONE_HZ} Hz is heard in the page`);

  await until("kiosk: the browser's picture", async () => {
    const screen = readPicture(Buffer.from(await board.ask('screen'), 'base64'));
    const [colour, bar] = [find(screen, COLOUR.rgb), find(screen, BAR.rgb)];
    return (colour.share > 0.2 && bar.share > 0.02) || { colour, bar };
  });
  say("the browser's picture is on the panel");
  const samples = Buffer.from(await board.ask('heard'), 'hex');
  const windows = loudness(Float32Array.from({ length: samples.length / 2 }, (_, at) => samples.readInt16LE(2 * at) / 32_768), 8_000);
  assert.ok(Math.max(...windows) > 0.01, `the loudspeaker is silent: ${windows}`);
  say('the speech is heard at the loudspeaker');

  board.tell(`press ${BUTTON_CALL}`);
  await desk.phase('ended');
  const { call, refusals } = await board.status();
  assert.deepEqual([call, refusals], [null, {}]);
  say('the button ended the call');
}

const directory = await mkdtemp(path.join(os.tmpdir(), 'kiosk-hil-'));
const [picture, speech] = ['picture.y4m', 'speech.wav'].map((name) => path.join(directory, name));
const connected = guest();
await Promise.all([writePicture(picture), writeSpeech(speech)]);
const server = new Program(path.join(BINARIES, 'kiosk-server'), ['--bind', '10.77.0.1:3030', '--insecure-plain']);
let browser, desk;
try {
  [browser] = await Promise.all([
    startBrowser({ picture, speech, args: [`--unsafely-treat-insecure-origin-as-secure=${ORIGIN}`] }),
    server.line(/listening/),
  ]);
  desk = await Operator.open(browser, ORIGIN);
  await check(await connected, desk);
  console.log('call: passed');
} catch (error) {
  console.log(`${error.stack}\n--- page\n${desk?.log.join('\n')}\n--- server\n${server.tail()}`);
} finally {
  await browser?.close();
  await server.end();
  (await connected).tell('end');
}
