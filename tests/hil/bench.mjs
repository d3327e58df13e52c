// ONE call of a kiosk and the page, and what happens to it: each trouble with the time until all is as it was.

import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { until } from '../browser/process.js';
import { BUTTON, Follower } from './outside.mjs';

/** Nothing that is later than this has recovered. */
export const PATIENCE_MS = 30_000;
const ATTEMPTS = 3;
const TONE_HZ = 700;

export const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

export class Bench {
  rows = [];
  failed = [];
  written = 0;
  #began = Date.now();
  #name;
  #limits;

  /** `limits`: milliseconds that docs/promises.md allows, by what is measured. */
  constructor(name, limits, board, desk) {
    Object.assign(this, { board, desk });
    [this.#name, this.#limits] = [name, limits];
  }

  say(text) {
    console.log(`${this.#name}: ${text}, at ${Date.now() - this.#began} ms`);
  }

  /** A finger on the kiosk's button, and the operator answers. Ends with a picture. */
  async call() {
    const { board, desk } = this;
    await board.ask('tone', TONE_HZ);
    await until('kioskd is up', async () => (await board.status().catch(() => ({ link: {} }))).link.state === 'up', PATIENCE_MS);
    await board.until('kiosk and page are in the room', ({ link, peers }) => link.state === 'up' && peers === 1, PATIENCE_MS);
    await board.ask('tap', BUTTON.call);
    await desk.phase('ringing-in', 20_000);
    await desk.by('answer').click();
    await desk.phase('in-call', 20_000);
    await until('page: a stream', () => desk.by('remote-video').evaluate((video) => video.srcObject?.getAudioTracks().length > 0));
    this.follower = await Follower.start(desk, TONE_HZ);
    this.id = undefined;
    await this.picture(Date.now());
    await this.goesOn();
    this.say('kiosk and page are in a call');
  }

  /** Runs one trouble to its end, up to three times if it takes too long. What fails is told and kept, and the next one has its turn. */
  async trouble(name, run, mend = async () => {}) {
    try {
      for (let attempt = 1; ; attempt += 1) {
        const measured = await run().finally(mend);
        await this.goesOn();
        this.say(`${name}: ${Object.entries(measured).map(([what, ms]) => `${what} ${ms} ms`).join(', ')}`);
        const late = Object.entries(measured).some(([what, ms]) => ms > this.#limits[what]);
        if (late && attempt < ATTEMPTS) continue;
        // It came back, and what the promise says is for a machine with nothing else to do: told, not failed.
        if (late) this.say(`${name}: LATER THAN PROMISED`);
        return void this.rows.push({ trouble: name, ...measured });
      }
    } catch (error) {
      this.failed.push(name);
      console.log(`${name}: ${error.stack}`);
    }
  }

  /** Both sides are in the same call, with nothing to wait for, signed in, and each line that was ever written is there once. */
  async goesOn() {
    const { board, desk } = this;
    await board.until('the kiosk is well', ({ call, link }) => call?.phase === 'in_call' && (call.given_up_in_ms ?? null) === null && link.state === 'up', PATIENCE_MS);
    await desk.until('the page is well', ({ connection }) => connection.phase === 'in-call' && connection.reconnecting === null, PATIENCE_MS);
    const now = [(await board.status()).call.id, (await desk.state()).connection.callId];
    assert.deepEqual(now, (this.id ??= now), 'it is the same call');
    await this.arrived();
  }

  /** Each line is at both sides, once. */
  async arrived() {
    const all = (lines) => lines.length === 2 * this.written && lines.every(({ own, from, delivered }) => !(own ?? from === null) || delivered);
    await this.desk.until('each line once', ({ chat }) => all(chat.messages), PATIENCE_MS);
    await until('kiosk: each line once', async () => {
      const { lines } = await this.board.see('kiosk', 'ChatHistory');
      return all(lines) || lines;
    });
  }

  /** A line from each side. */
  async write() {
    this.written += 1;
    await this.desk.say(`page${this.written}`);
    const said = JSON.stringify({ text: `kiosk${this.written}` });
    await this.board.see('kiosk', 'ChatSend', said);
  }

  /** One of the two has noticed. Who cannot be heard may still hear the other. */
  async lost() {
    const since = Date.now();
    await Promise.any([
      this.board.until('lost', ({ call }) => call?.given_up_in_ms > 0, PATIENCE_MS),
      this.desk.until('lost', ({ connection }) => connection.reconnecting !== null, PATIENCE_MS),
    ]);
    return Date.now() - since;
  }

  /** Milliseconds from `since` until there is a picture that is followed by others. */
  async picture(since) {
    return Math.round((await this.follower.first('picture', since, PATIENCE_MS)) - since);
  }

  /** Writes down what was measured, and fails if something was not survived. */
  async report() {
    const file = path.join(process.env.HIL_OUT ?? path.resolve(import.meta.dirname, '../../target/hil'), `${this.#name}.json`);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, JSON.stringify(this.rows, null, 2));
    console.table(this.rows);
    assert.deepEqual(this.failed, [], 'troubles that were not survived as promised');
  }
}
