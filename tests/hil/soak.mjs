// Two boards stay in one call for SOAK_MINUTES. Each minute: resident memory, file descriptors, threads, and how far sound and picture are apart, as kioskd
// says and as a clap shows.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../browser/process.js';
import { BUTTON, run } from './outside.mjs';

const MINUTES = Number(process.env.SOAK_MINUTES ?? 30);
/** Pools fill and codecs settle meanwhile: not part of the line that is fitted. */
const SETTLING_MINUTES = Math.min(5, MINUTES / 3);
/** What each board's camera and microphone deliver (soak.sh). */
const COLOURS = ['255,0,0', '0,255,0'];
const TONES_HZ = [600, 1_100];
/** A machine that does other things too is slow. */
const PATIENCE_MS = 180_000;
const FIGURES = ['residentKib', 'descriptors', 'threads', 'avSkewMs', 'clapSkewMs'];
/** vivid's white, and how long its frames are apart (board.sh): it shows a clap half of that late, in the mean. */
const CLAP = { pattern: 6, hertz: 1_000, frameMs: 1_000 / 15 };

const say = (text) => console.log(`soak: ${text}`);
const both = (boards, act) => Promise.all(boards.map((board, at) => act(board, at)));

async function connect(boards) {
  await both(boards, async (board, at) => {
    await board.ask('tone', TONES_HZ[at]);
    await board.ask('hears', TONES_HZ[1 - at]);
    await board.ask('sees', COLOURS[1 - at]);
  });
  const [one, two] = boards;
  await two.ask('start-kioskd', 'Two');
  await two.until('the second kiosk is up', ({ link }) => link?.state === 'up', PATIENCE_MS);
  const { peer_id: target } = await two.status();
  await one.ask('start-kioskd', 'One', '[call]', `target="${target}"`);
  await one.until('the first kiosk is up', ({ link, peers }) => link?.state === 'up' && peers === 1, PATIENCE_MS);
  await one.ask('tap', BUTTON.call);
  await two.until('it rings', ({ call }) => call?.phase === 'ringing_in', PATIENCE_MS);
  await two.ask('tap', BUTTON.call);
  await both(boards, (board) => board.until('in the call', ({ call }) => call?.phase === 'in_call', PATIENCE_MS));
}

/** By how many milliseconds `to` hears a clap of `from` later than it sees it. */
async function clap(from, to, hertz) {
  await from.ask('tone', 0);
  await to.see('catch');
  const made = await from.see('clap', CLAP.pattern, CLAP.hertz);
  let caught = null;
  await until('the clap arrives', async () => (caught = await to.see('caught')) !== null, PATIENCE_MS);
  await from.ask('tone', hertz);
  await from.ask('own-colour');
  return caught.sound - made.sound - (caught.picture - made.picture - CLAP.frameMs / 2);
}

async function sample(board, began) {
  const [line] = await board.ask('resources');
  const [residentKib, descriptors, threads] = line.split(' ').map(Number);
  const { call, healed } = await board.status();
  assert.equal(call?.phase, 'in_call', 'the call goes on');
  // None while the call has lost its connection.
  const { avSkew = null, framesDecoded, soundPlayed, xruns } = call.statistics ?? {};
  return { minute: (Date.now() - began) / 60_000, residentKib, descriptors, threads, avSkewMs: avSkew === null ? null : avSkew * 1_000, framesDecoded, soundPlayed, xruns, healed };
}

/** By how much it grows in a minute: the slope of the least squares' line. */
function slope(points) {
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [0, 1].map((at) => mean(points.map((point) => point[at])));
  const spread = points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
  return spread === 0 ? 0 : points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0) / spread;
}

function conclude(samples, at) {
  const settled = samples.filter(({ minute }) => minute >= SETTLING_MINUTES);
  for (const figure of FIGURES) {
    const points = settled.filter((each) => each[figure] !== null).map((each) => [each.minute, each[figure]]);
    if (points.length === 0) continue;
    const values = points.map(([, value]) => value).sort((one, other) => one - other);
    const [least, median, most] = [0, Math.floor(values.length / 2), values.length - 1].map((index) => Math.round(values[index]));
    say(`board ${at + 1}: ${figure} ${least} to ${most}, median ${median}, ${slope(points).toFixed(2)} more each minute (${points.length} samples from minute ${SETTLING_MINUTES.toFixed(0)} on)`);
  }
}

async function check(boards) {
  await connect(boards);
  const began = Date.now();
  const samples = [[], []];
  for (let minute = 0; minute <= MINUTES; minute += 1) {
    await delay(Math.max(0, began + minute * 60_000 - Date.now()));
    await both(boards, async (board, at) => {
      const since = await board.see('clock');
      samples[at].push(await sample(board, began));
      const arrives = (what, command) => until(`board ${at + 1}: ${what}`, async () => (await board.see(command, since)) !== null, PATIENCE_MS);
      await arrives("the other's colour on the screen", 'seen');
      await arrives("the other's tone at the loudspeaker", 'heard');
    });
    for (const [at, board] of boards.entries()) samples[at].at(-1).clapSkewMs = await clap(boards[1 - at], board, TONES_HZ[1 - at]);
    for (const [at, board] of samples.entries()) say(`board ${at + 1}: ${JSON.stringify(board.at(-1))}`);
    if (process.env.SOAK_OUT) await writeFile(process.env.SOAK_OUT, JSON.stringify(samples));
  }
  samples.forEach(conclude);
  await boards[0].ask('tap', BUTTON.call);
  await both(boards, (board) => board.until('no call', ({ call }) => call === null, PATIENCE_MS));
  for (const [at, board] of boards.entries()) say(`board ${at + 1}: after the call ${JSON.stringify(await board.ask('resources'))}`);
}

await run('soak', { count: 2, page: false }, check);
