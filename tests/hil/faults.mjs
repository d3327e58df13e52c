// Faults of devices in ONE call, each made by the kernel's driver, and how long it takes after the device is back until picture and sound are.

import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { COLOUR } from '../browser/material.js';
import { until } from '../browser/process.js';
import { BUTTON, Follower, LIGHT, run } from './outside.mjs';

/** docs/promises.md */
const RECOVERY_MS = 2_000;
const LIMITS_MS = {
  picture: RECOVERY_MS, tone: RECOVERY_MS, loudspeaker: RECOVERY_MS, screen: RECOVERY_MS, lights: RECOVERY_MS,
  'no picture for': RECOVERY_MS,
  'screen black for': 1_000,
};
const ATTEMPTS = 3;
/** Nothing that is later than this has recovered. */
const PATIENCE_MS = 10_000;
const TONE_HZ = 700;
const KEY = { F1: 59, MICMUTE: 248 };
const STORM = 10_004;

const began = Date.now();
const say = (text) => console.log(`faults: ${text}, at ${Date.now() - began} ms`);
const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

class Bench {
  rows = [];
  failed = [];

  constructor(board, desk, follower) {
    Object.assign(this, { board, desk, follower });
  }

  /**
   * Runs one fault to its end, up to three times if it takes too long: the machine may have had something else to do. What fails is told and
   * kept, and the next fault has its turn.
   */
  async fault(name, run) {
    try {
      for (let attempt = 1; ; attempt += 1) {
        const measured = await run();
        await this.goesOn();
        measured['screen black for'] = await this.darkest();
        await until('the lights are right', () => this.lightsAreRight());
        say(`${name}: ${Object.entries(measured).map(([what, ms]) => `${what} ${ms} ms`).join(', ')}`);
        const late = Object.entries(measured).filter(([what, ms]) => ms > LIMITS_MS[what]);
        if (late.length === 0) return void this.rows.push({ fault: name, ...measured });
        if (attempt < ATTEMPTS) continue;
        // It came back, and what the promise says is for a machine with nothing else to do: told, not failed.
        say(`${name}: LATER THAN PROMISED, ${late.map(([what, ms]) => `${what} ${ms} ms`).join(', ')}`);
        assert.ok(late.every(([, ms]) => ms < PATIENCE_MS), `too late: ${JSON.stringify(Object.fromEntries(late))}`);
        return void this.rows.push({ fault: name, ...measured });
      }
    } catch (error) {
      this.failed.push(name);
      console.log(`${name}: ${error.stack}`);
    }
  }

  /** Both sides are still in the same call. */
  async goesOn() {
    const { call } = await this.board.status();
    assert.equal(call?.phase, 'in_call', 'the call goes on at the kiosk');
    assert.equal(call.id, (this.call ??= call.id), 'it is the same call');
    assert.equal((await this.desk.state()).connection.phase, 'in-call', 'the call goes on at the page');
  }

  /** The longest time that the screen was black since the last time that this was asked. */
  async darkest() {
    return Math.round(await this.board.see('dark'));
  }

  /** The lights show what is. */
  async lightsAreRight() {
    const { muted } = await this.board.status();
    const [call, mute] = [await this.board.lamp(LIGHT.call), await this.board.lamp(LIGHT.mute)];
    return (call && mute === muted) || { muted, call, mute };
  }

  /** Milliseconds from `since` until all of these are there. */
  async back(since, places) {
    const measured = {};
    for (const place of places) measured[place] = Math.round((await this.#first(place, since)) - since);
    return measured;
  }

  async #first(place, since) {
    if (place === 'picture' || place === 'tone') return this.follower.first(place, since);
    if (place === 'lights') return until('the lights are right', () => this.lightsAreRight()).then(() => Date.now());
    const command = { screen: 'seen', loudspeaker: 'heard' }[place];
    let at;
    await until(`${place}: back`, async () => ((at = await this.board.see(command, since - this.offset)) !== null));
    return at + this.offset;
  }

  /** The outer clock less the guest's. */
  async compareClocks() {
    const asked = Date.now();
    const there = await this.board.see('clock');
    this.offset = (asked + Date.now()) / 2 - there;
  }

  /** A device that goes and comes: `cause` takes it away, `restore` gives it back; measured from there to the return of the places that it serves. */
  pull(name, { cause = () => {}, gone = [], missing = () => true, restore, places }) {
    return this.fault(name, async () => {
      await cause();
      try {
        for (const place of gone) await this.follower.gone(place);
        await this.board.until('kioskd says that it is missing', missing);
        await this.goesOn();
      } finally {
        this.since = Date.now();
        await restore();
      }
      return this.back(this.since, places);
    });
  }

  /** A fault that passes by itself: the longest time without a picture. `lasting`: how long it is looked at. */
  shake(name, cause, lasting = 1_500) {
    return this.fault(name, async () => {
      const since = Date.now();
      await cause();
      await wait(lasting);
      await this.follower.first('picture', Date.now());
      return { 'no picture for': await this.follower.longestGap('picture', since) };
    });
  }
}

/** Nothing is plugged in at first: the call comes about all the same, then each device is plugged in. */
async function call(board, desk) {
  await board.ask('hears', 'any');
  await board.ask('sees', COLOUR.rgb.join(','));
  await board.ask('tone', TONE_HZ);
  await until('kioskd has started', async () => (await board.status().catch(() => ({ link: {} }))).link.state === 'up', 20_000);
  await board.until('the kiosk knows of the page', ({ peers }) => peers === 1);
  assert.equal((await board.status()).camera.ready, false, 'no camera');
  assert.equal(await board.lamp(LIGHT.fault), true, 'the fault light is on');
  await board.ask('tap', BUTTON.call);
  await desk.phase('ringing-in', 20_000);
  await desk.by('answer').click();
  await desk.phase('in-call', 20_000);
  say('without camera, sound card and monitor there is a call');
  await until('page: a stream', () => desk.by('remote-video').evaluate((video) => video.srcObject?.getAudioTracks().length > 0));
  const bench = new Bench(board, desk, await Follower.start(desk, TONE_HZ));
  await bench.compareClocks();
  return bench;
}

/** What is missed in the page when a device is out, and comes back with it. */
const SERVES = {
  monitor: { gone: [], places: ['screen'] },
  camera: { gone: ['picture'], places: ['picture'], missing: ({ camera }) => !camera.ready },
  card: { gone: ['tone'], places: ['tone', 'loudspeaker'], missing: ({ sound }) => !sound.ready },
};

async function plugIn(bench) {
  const { board } = bench;
  for (const [fault, device] of [['no monitor at boot', 'monitor'], ['no camera at boot', 'camera'], ['no sound card at boot', 'card']]) {
    let isIn = false;
    const cause = () => isIn && board.ask(`${device}-off`);
    const restore = () => ((isIn = true), board.ask(`${device}-on`));
    await bench.pull(fault, { ...SERVES[device], cause, restore });
  }
}

/** Presses until it has done something: a press that nobody listens to yet is lost. */
async function press(board, button, condition) {
  await until('a press does something', async () => {
    await board.ask('tap', button);
    return board.until('it', condition, 500).then(() => true, () => false);
  });
}

async function devices(bench) {
  const { board } = bench;
  const unplugged = (device) => ({ ...SERVES[device], cause: () => board.ask(`${device}-off`), restore: () => board.ask(`${device}-on`) });
  await bench.pull('camera unplugged', unplugged('camera'));
  await bench.pull('sound card unplugged', unplugged('card'));
  await bench.pull('monitor unplugged', unplugged('monitor'));
  await bench.pull('LEDs gone', {
    cause: async () => {
      await board.ask('leds-off');
      await press(board, BUTTON.mute, ({ muted }) => muted);
    },
    restore: () => board.ask('leds-on'),
    places: ['lights'],
  });
  await bench.pull('buttons gone', {
    cause: async () => {
      if (!(await board.status()).muted) await press(board, BUTTON.mute, ({ muted }) => muted);
      await board.ask('keys-off');
    },
    gone: ['tone'],
    restore: async () => {
      await board.ask('keys-on');
      await press(board, BUTTON.mute, ({ muted }) => !muted);
    },
    places: ['tone'],
  });
}

/** What the kiosk tells of its healing and of each stage, and how far sound and picture are apart. */
async function told(board) {
  const { healed, call } = await board.status();
  assert.ok(healed.device >= 2 && healed.connection === 0 && healed.restart === 0, `healed: ${JSON.stringify(healed)}`);
  const { avSkew, ...figures } = call.statistics;
  for (const stage of ['framesCaptured', 'framesEncoded', 'framesSent', 'framesReceived', 'framesDecoded', 'framesRendered', 'soundCaptured', 'soundSent', 'soundReceived', 'soundPlayed'])
    assert.ok(figures[stage] > 0, `${stage}: ${figures[stage]}`);
  assert.ok(Math.abs(avSkew) < 1, `sound and picture are apart by ${avSkew} s`);
  say(`healed ${JSON.stringify(healed)}; sound is ${Math.round(avSkew * 1_000)} ms later than its picture`);
}

async function troubles(bench) {
  const { board } = bench;
  for (const control of ['disconnect', 'inject_fatal_streaming_error', 'inject_v4l2_buf_flag_error', 'inject_vidioc_qbuf_error'])
    await bench.shake(`camera: ${control}`, () => board.ask('vivid', `${control}=1`));
  await bench.shake('camera drops 30 % of its pictures', () => board.ask('vivid', 'percentage_of_dropped_buffers=30'));
  await board.ask('vivid', 'percentage_of_dropped_buffers=0');
  // It streams, and never gives a picture: no error tells of it.
  await bench.pull('camera stands still', {
    ...SERVES.camera,
    cause: () => board.ask('vivid', 'percentage_of_dropped_buffers=100'),
    restore: () => board.ask('vivid', 'percentage_of_dropped_buffers=0'),
  });
  // Half of them a key that is no button, half of them the mute button, pressed an odd number of times.
  await bench.shake(`${STORM} key events at 1,000 a second`, async () => {
    const took = await board.see('storm', STORM, KEY.F1, KEY.MICMUTE);
    say(`the storm took ${Math.round(took)} ms`);
  }, 0);
}

await run('faults', {}, async ([board], desk) => {
  const bench = await call(board, desk);
  await plugIn(bench);
  await devices(bench);
  await troubles(bench);
  await told(bench.board);
  const file = path.join(process.env.HIL_OUT ?? path.resolve(import.meta.dirname, '../../target/hil'), 'faults.json');
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, JSON.stringify(bench.rows, null, 2));
  console.table(bench.rows);
  assert.deepEqual(bench.failed, [], 'faults that were not survived as promised');
});
