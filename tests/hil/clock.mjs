// The kiosk's clock is in 1970 at the start, as on a board without a battery, and jumps in ONE call.

import assert from 'node:assert/strict';
import { COLOUR } from '../browser/material.js';
import { until } from '../browser/process.js';
import { Bench, PATIENCE_MS } from './bench.mjs';
import { run } from './outside.mjs';

/** docs/promises.md */
const LIMITS_MS = { 'signed in': 17_000, 'no picture for': 2_000 };
const [IN_1970, IN_2038] = [86_400, 2_147_570_048];

const right = (board) => board.ask('set-clock', Math.round(Date.now() / 1_000));

/** The first boot: the clock is in 1970, and is set by and by. */
async function start(bench) {
  const { board } = bench;
  await until('kioskd is up', async () => (await board.status().catch(() => ({ link: {} }))).link.state === 'up', PATIENCE_MS);
  const { uptime_ms: uptime, refusals } = await board.status();
  assert.ok((await board.see('clock')) < 1e9, 'it is 1970');
  assert.deepEqual(refusals, {});
  bench.say(`signed in, in 1970, ${uptime} ms after the start at most`);
  await bench.call();
}

/** Both sides see, hear and read each other, from a second after now. */
async function both(bench) {
  const { board, follower } = bench;
  const [since, there] = [Date.now() + 1_000, (await board.see('clock')) + 1_000];
  await bench.write();
  await bench.arrived();
  await until('the page on the screen', async () => (await board.see('seen', there)) !== null);
  await until('the page at the loudspeaker', async () => (await board.see('heard', there)) !== null);
  await follower.first('tone', since);
  await bench.picture(since);
}

/** The clock is set in a call, rightly and wrongly: the call goes on. Who is wrong is refused by the server, and signs in again once it is right. */
async function jumps(bench) {
  const { board } = bench;
  await bench.trouble('from 1970 to now', async () => {
    const since = Date.now();
    await right(board);
    await both(bench);
    return { 'no picture for': await bench.follower.longestGap('picture', since) };
  });
  for (const [year, seconds] of [[2038, IN_2038], [1970, IN_1970]]) await bench.trouble(`to ${year} and back`, async () => {
    const since = Date.now();
    await board.ask('set-clock', seconds);
    if (year === 2038) await board.until('refused', ({ link }) => link.state === 'down' && link.reason.includes('not-yet-valid'), PATIENCE_MS);
    await both(bench);
    await right(board);
    const back = Date.now();
    await board.until('signed in', ({ link }) => link.state === 'up', PATIENCE_MS);
    const measured = { 'signed in': Date.now() - back };
    await both(bench);
    return { ...measured, 'no picture for': await bench.follower.longestGap('picture', since) };
  }, () => right(board));
}

await run('clock', {}, async ([board], desk) => {
  await board.ask('hears', 'any');
  await board.ask('sees', COLOUR.rgb.join(','));
  const bench = new Bench('clock', LIMITS_MS, board, desk);
  await start(bench);
  await jumps(bench);
  await bench.report();
});
