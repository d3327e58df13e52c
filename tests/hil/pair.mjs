// Two boards call each other over a bad network: a finger on one rings the other, a finger there answers, and each sees and hears the other.

import assert from 'node:assert/strict';
import { until } from '../browser/process.js';
import { BUTTON, LIGHT, run } from './outside.mjs';

const NETWORK = ['delay', '40ms', 'loss', '2%'];
/** What each board's camera and microphone deliver (pair.sh). */
const COLOURS = ['255,0,0', '0,255,0'];
const TONES_HZ = [600, 1_100];

const began = Date.now();
const say = (text) => console.log(`pair: ${text}, at ${Date.now() - began} ms`);
/** Does it for both at once. */
const both = (boards, act) => Promise.all(boards.map((board, at) => act(board, at)));

async function start(boards) {
  await both(boards, async (board, at) => {
    await board.ask('bad-network', ...NETWORK);
    await board.ask('tone', TONES_HZ[at]);
    await board.ask('hears', TONES_HZ[1 - at]);
    await board.ask('sees', COLOURS[1 - at]);
  });
  const [one, two] = boards;
  await two.ask('start-kioskd', 'Two');
  await two.until('the second kiosk is up', ({ link }) => link?.state === 'up', 20_000);
  const { peer_id: target } = await two.status();
  await one.ask('start-kioskd', 'One', '[call]', `target="${target}"`);
  await one.until('the first kiosk is up', ({ link, peers }) => link?.state === 'up' && peers === 1, 20_000);
}

async function check(boards) {
  const [one, two] = boards;
  await start(boards);
  say('both kiosks are in the room');

  const pressed = Date.now();
  await one.ask('tap', BUTTON.call);
  await two.until('it rings', ({ call }) => call?.phase === 'ringing_in');
  say(`a finger on the one rang the other after ${Date.now() - pressed} ms`);
  const answered = Date.now();
  await two.ask('tap', BUTTON.call);
  await both(boards, (board) => board.until('in the call', ({ call }) => call?.phase === 'in_call', 20_000));
  say(`connected ${Date.now() - answered} ms after a finger answered`);

  const since = await both(boards, (board) => board.see('clock'));
  const arrives = (what, command) => both(boards, (board, at) =>
    until(`board ${at + 1}: ${what}`, async () => (await board.see(command, since[at])) !== null));
  await arrives("the other's colour on the screen", 'seen');
  say('each sees the other on its screen');
  await arrives("the other's tone at the loudspeaker", 'heard');
  say('each hears the other at its loudspeaker');
  assert.deepEqual(await both(boards, (board) => board.lamp(LIGHT.call)), [true, true], 'the lights of the call buttons');

  await one.ask('tap', BUTTON.call);
  await both(boards, (board) => board.until('no call', ({ call }) => call === null));
  const refusals = await both(boards, async (board) => (await board.status()).refusals);
  assert.deepEqual(refusals, [{}, {}]);
  say('a finger ended the call');
}

await run('pair', { count: 2, page: false }, check);
