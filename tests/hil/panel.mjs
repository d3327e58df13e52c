// The panel as people see and touch it: what is scanned out is the picture that kioskd says it shows, upright and turned, and a finger on what is
// seen there does what it says.

import assert from 'node:assert/strict';
import { BAR, COLOUR, near, readPicture } from '../browser/material.js';
import { until } from '../browser/process.js';
import { run } from './outside.mjs';

const SCREEN = { width: 640, height: 480 };
/** One pixel of so many, across and down, is looked at. */
const STEP = 8;
const GRID = { columns: SCREEN.width / STEP, rows: SCREEN.height / STEP };
/** Colours of daemon/src/paint/theme.rs: behind everything, what can be done, answer and yes, hang up, a line that was said. */
const GROUND = [0x0c, 0x17, 0x22];
const ACCENT = [0x54, 0xd3, 0xc6];
const GOOD = [0x62, 0xd9, 0x8f];
const STOP = [0xb8, 0x2a, 0x32];
const RAISED = [0x20, 0x2b, 0x35];
/** How near two pixels are that are of the same colour. */
const SAME = 16;

/** Where a point of the screen (parts of its width and height) is in the picture, which is turned clockwise by so much. */
const INTO_PICTURE = { 0: (x, y) => [x, y], 90: (x, y) => [y, 1 - x] };
const ONTO_SCREEN = { 0: (x, y) => [x, y], 90: (x, y) => [1 - y, x] };

const began = Date.now();
const say = (text) => console.log(`panel: ${text}, at ${Date.now() - began} ms`);
const isRemote = (pixel) => near(pixel, COLOUR.rgb) || near(pixel, BAR.rgb);

/** One look at the panel: what is scanned out, brought upright, beside what kioskd says. */
class Sight {
  /** `points`: red, green and blue of each, row by row of the screen; `picture`: a screenshot; `rotation`: what brings one to the other. */
  constructor(points, picture, rotation) {
    const turned = rotation === 90;
    const wanted = turned ? [SCREEN.height, SCREEN.width] : [SCREEN.width, SCREEN.height];
    assert.deepEqual([picture.width, picture.height], wanted, 'the size of the picture');
    [this.columns, this.rows] = turned ? [GRID.rows, GRID.columns] : [GRID.columns, GRID.rows];
    this.rotation = rotation;
    this.scanned = [];
    this.said = [];
    for (let at = 0; at < GRID.columns * GRID.rows; at += 1) {
      // The pixel in the middle of each point's share of the screen, as scanout.py takes it, by its own middle.
      const [x, y] = [(at % GRID.columns) * STEP + STEP / 2 + 0.5, Math.floor(at / GRID.columns) * STEP + STEP / 2 + 0.5];
      const [across, down] = INTO_PICTURE[rotation](x / SCREEN.width, y / SCREEN.height);
      const index = Math.floor(down * this.rows) * this.columns + Math.floor(across * this.columns);
      const pixel = 4 * (Math.floor(down * picture.height) * picture.width + Math.floor(across * picture.width));
      this.scanned[index] = points.subarray(3 * at, 3 * at + 3);
      this.said[index] = picture.data.subarray(pixel, pixel + 3);
    }
  }

  /**
   * The share of the points that are the same on the screen and in kioskd's picture, of those in which one of the two is more than the plain
   * ground or the remote picture, which may have moved on.
   */
  get alike() {
    const isPlain = (pixel) => isRemote(pixel) || near(pixel, GROUND, SAME);
    const telling = [...this.scanned.keys()].filter((at) => !isPlain(this.scanned[at]) || !isPlain(this.said[at]));
    return telling.filter((at) => near(this.scanned[at], this.said[at], SAME)).length / telling.length;
  }

  share(is) {
    return this.scanned.filter(is).length / this.scanned.length;
  }

  /**
   * The widest patch of a colour on the screen, if it is no line but a place for a finger: its middle and its width, as parts of the upright
   * picture. Null: there is none.
   */
  patch(rgb) {
    const left = new Set(this.scanned.flatMap((pixel, at) => (near(pixel, rgb, SAME) ? [at] : [])));
    let widest = null;
    for (const first of left) {
      const [found, columns, rows] = [[first], [], []];
      left.delete(first);
      for (let at; (at = found.pop()) !== undefined;) {
        columns.push(at % this.columns);
        rows.push(Math.floor(at / this.columns));
        for (const beside of [at - 1, at + 1, at - this.columns, at + this.columns]) if (left.delete(beside)) found.push(beside);
      }
      const [from, to] = [Math.min(...columns), Math.max(...columns)];
      const [top, bottom] = [Math.min(...rows), Math.max(...rows)];
      const width = (to - from + 1) / this.columns;
      if (bottom - top >= 2 && width > (widest?.width ?? 0.1)) {
        widest = { x: (from + to + 1) / 2 / this.columns, y: (top + bottom + 1) / 2 / this.rows, width };
      }
    }
    return widest;
  }

  /** Where that is on the screen. */
  onScreen({ x, y }) {
    return ONTO_SCREEN[this.rotation](x, y);
  }
}

/** A board whose picture is turned, with somebody before it. */
class Visitor {
  constructor(board, rotation) {
    Object.assign(this, { board, rotation });
  }

  async look() {
    const { png: picture } = await this.board.see('kiosk', 'Screenshot');
    const points = await this.board.see('points', GRID.columns, GRID.rows);
    return new Sight(Buffer.from(points, 'base64'), readPicture(Buffer.from(picture, 'base64')), this.rotation);
  }

  /** Waits until the screen shows what kioskd says, nearly all of it, and in it patches of these colours. Resolves with the patches' places. */
  async sees(what, colours, is = () => true) {
    let places;
    await until(`${this.rotation} degrees: ${what}`, async () => {
      const sight = await this.look().catch(({ message }) => ({ message }));
      if (sight.message) return sight.message;
      const patches = colours.map((rgb) => sight.patch(rgb));
      places = patches.map((patch) => patch && sight.onScreen(patch));
      return (sight.alike > 0.8 && patches.every(Boolean) && is(sight)) || { alike: sight.alike, patches };
    }, 15_000);
    say(`${this.rotation} degrees: ${what}`);
    return places;
  }

  touch(place) {
    return this.board.see('touch', ...place);
  }
}

/** A visitor calls, is answered, reads a line, grants a wish, hangs up, and declines a call: all that with a finger. */
async function visit(board, desk, rotation, wish) {
  const visitor = new Visitor(board, rotation);
  await board.until('kiosk and page are in the room', ({ link, peers }) => link?.state === 'up' && peers === 1, 20_000);
  const [call] = await visitor.sees('idle, and where to touch', [ACCENT]);
  await visitor.touch(call);
  await desk.phase('ringing-in', 20_000);
  await visitor.sees('ringing the page', [STOP]);

  await desk.by('answer').click();
  await desk.phase('in-call', 20_000);
  await visitor.sees("the browser's picture", [STOP], (sight) => sight.share(isRemote) > 0.2);

  await desk.say('Take the lift to the second floor.');
  await visitor.sees('a line of chat', [STOP, RAISED]);
  await desk.by('tab-kiosk').click();
  await desk.by(`ask-${wish}`).click();
  const [yes, hangUp] = await visitor.sees('a wish', [GOOD, STOP]);
  await visitor.touch(yes);
  await desk.page.locator(`[data-testid=ask][data-what=${wish}][data-state=granted]`).waitFor();
  await visitor.touch(hangUp);
  await desk.phase('ended');

  const { peer_id: kiosk } = await board.status();
  await desk.by(`call-${kiosk}`).click();
  const [, decline] = await visitor.sees('the page rings', [GOOD, STOP]);
  await visitor.touch(decline);
  await desk.phase('ended');
  assert.deepEqual((await board.status()).refusals, {});
  say('the finger called, granted a wish, hung up, declined');
}

async function check([board], desk) {
  await board.ask('touch-screen');
  await visit(board, desk, 0, 'snapshot-camera');
  await board.ask('stop-kioskd');
  await board.ask('start-kioskd', 'Board', 'rotation=90');
  await visit(board, desk, 90, 'snapshot-panel');
}

await run('panel', {}, check);
