// A call over real drivers: a finger on the board's button rings the operator's page, and each side sees and hears the other.

import assert from 'node:assert/strict';
import { BAR, COLOUR } from '../browser/material.js';
import { until } from '../browser/process.js';
import { BUTTON, Follower, LIGHT, run } from './outside.mjs';

const TONE_HZ = 700;

const began = Date.now();
const say = (text) => console.log(`call: ${text}, at ${Date.now() - began} ms`);

/** The light shines and stays so. */
async function shines(board, line) {
  await until(`light ${line} is on`, () => board.lamp(line));
  assert.equal(await board.see('blinks', line, 300), 0, `light ${line} stays on`);
}

async function check([board], desk) {
  await board.ask('tone', TONE_HZ);
  await board.ask('hears', 'any');
  await board.ask('sees', COLOUR.rgb.join(','));
  await board.until('kiosk and page are in the room', ({ link, peers }) => link?.state === 'up' && peers === 1, 20_000);
  say('kiosk and page are in the room');
  await shines(board, LIGHT.call);

  const pressed = Date.now();
  await board.ask('tap', BUTTON.call);
  await desk.phase('ringing-in', 20_000);
  say(`the button rang the page after ${Date.now() - pressed} ms`);
  assert.ok((await board.see('blinks', LIGHT.call, 3_000)) >= 2, 'the light of the call button blinks');
  const answered = Date.now();
  await desk.by('answer').click();
  await desk.phase('in-call', 20_000);
  say(`connected ${Date.now() - answered} ms after the answer`);
  await shines(board, LIGHT.call);

  const follower = await Follower.start(desk, TONE_HZ);
  await follower.first('picture', answered);
  say("vivid's moving colour bars are on the page");
  await follower.first('tone', answered);
  say(`the tone of ${TONE_HZ} Hz is heard in the page`);

  const since = await board.see('clock');
  await until("the browser's colour on the screen", async () => (await board.see('seen', since)) !== null);
  const [colour, bar] = await board.shares(COLOUR.rgb, BAR.rgb);
  assert.ok(colour > 0.2 && bar > 0.02, `what is scanned out: ${JSON.stringify({ colour, bar })}`);
  say("the browser's picture is scanned out");
  await until('speech at the loudspeaker', async () => (await board.see('heard', since)) !== null);
  say('the speech is heard at the loudspeaker');

  await board.ask('tap', BUTTON.mute);
  await shines(board, LIGHT.mute);
  await follower.gone('tone');
  say('the mute button silenced the tone, and its light is on');
  await board.ask('tap', BUTTON.call);
  await desk.phase('ended');
  await board.until('no call', ({ call }) => call === null);
  assert.deepEqual((await board.status()).refusals, {});
  assert.equal(await board.lamp(LIGHT.onAir), false, 'the light "on air"');
  say('the button ended the call');
}

await run('call', {}, check);
