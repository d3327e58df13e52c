// What operator and visitor do to each other's screens, sound and files: the page on one side, kioskd and its buttons on the other.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { PNG } from 'pngjs';
import { KIOSK_COLOUR } from './kiosk.js';
import { BAR, COLOUR, DOCUMENT, find, near } from './material.js';
import { Operator, SHARED_TAB } from './operator.js';
import { until } from './process.js';
import { tapWire } from './wire.js';

const SENT_COLOUR = [20, 200, 210];
const SHARED_COLOUR = [250, 170, 20];

/** A file that takes a while: text, so that the kiosk takes it. */
const MANUAL_BYTES = 4 << 20;
const manual = () => Buffer.from(randomBytes(MANUAL_BYTES / 2).toString('hex'));
const hash = (bytes) => createHash('sha256').update(bytes).digest('hex');
/** Most bytes that are sent twice when a transfer goes on: what was on its way (docs/protocol.md §6, "Files"), each chunk with its header. */
const SENT_TWICE = 131_072 * 2;

/** A picture of one colour. */
function picture([red, green, blue], width = 160, height = 90) {
  const png = new PNG({ width, height });
  for (let at = 0; at < png.data.length; at += 4) png.data.set([red, green, blue, 255], at);
  return PNG.sync.write(png);
}

export function crossing(world) {
  describe('operator and visitor', () => {
    let kiosk, desk, others;
    beforeEach(async () => {
      ({ kiosk } = world);
      others = [];
      desk = await Operator.open(world.browser, world.server.origin, { query: '?name=Desk', before: tapWire });
      await desk.sees(kiosk);
      desk.id = (await desk.state()).link.you;
    });
    afterEach(async () => {
      await Promise.all([desk, ...others].map((each) => each.close()));
      await kiosk.phase(null);
    });

    async function call() {
      await desk.by(`call-${kiosk.id}`).click();
      await kiosk.phase('ringing_in');
      await kiosk.ask('answer');
      await desk.phase('in-call');
      await kiosk.phase('in_call');
    }

    const tile = (state, page = desk) => page.page.locator(`[data-testid="peer-${kiosk.id}"][data-state="${state}"]`);
    const asked = (what, state) => desk.page.locator(`[data-testid=ask][data-what="${what}"][data-state="${state}"]`);
    const onPanel = (colour, least) => until(`kiosk: the screen shows ${colour}`, async () => {
      const { share } = find(await kiosk.screen(), colour);
      return share > least || share;
    });
    const notOnPanel = (colour) => until(`kiosk: no ${colour} on the screen`, async () => {
      const { share } = find(await kiosk.screen(), colour);
      return share < 0.001 || share;
    });

    it('the wall shows what the kiosk does, also with others', async () => {
      const other = await Operator.open(world.browser, world.server.origin);
      others.push(other);
      await other.sees(kiosk);
      await Promise.all([desk, other].map((page) => tile('idle', page).waitFor()));
      await desk.by(`call-${kiosk.id}`).click();
      await tile('with-us').waitFor();
      await kiosk.phase('ringing_in');
      await tile('connecting', other).waitFor();
      await kiosk.ask('answer');
      await tile('in-call', other).waitFor();
      await desk.by('hang-up').click();
      await Promise.all([desk, other].map((page) => tile('idle', page).waitFor()));
    });

    it('chat goes both ways without a call, and is marked when it has arrived', async () => {
      await desk.by(`open-${kiosk.id}`).click();
      await desk.say('Somebody is on the way.');
      await kiosk.until('one unread line', ({ unread }) => unread === 1);
      await desk.page.locator('[data-testid=line][data-state=delivered]').waitFor();
      await kiosk.ask('chat', 'send', 'Danke!');
      await desk.by('chat-log').getByText('Danke!').waitFor();
      await kiosk.ask('chat', 'history');
    });

    it('a picture is sent, shown on the kiosk, and hidden', async () => {
      await call();
      await desk.by('file-input').setInputFiles({ name: 'map.png', mimeType: 'image/png', buffer: picture(SENT_COLOUR) });
      await desk.by('file-show').click();
      await onPanel(SENT_COLOUR, 0.2);
      await desk.by('file-shown').waitFor();
      await desk.by('file-show').click();
      await notOnPanel(SENT_COLOUR);
    });

    it('a photo from the camera comes when the visitor agrees, and only then', async () => {
      await call();
      await desk.by('tab-kiosk').click();
      await desk.by('ask-snapshot-camera').click();
      await desk.by('consent').waitFor();
      await kiosk.until('the question', ({ question }) => question?.wish === 'snapshot_camera' && question.name === 'Desk');
      await kiosk.press('No');
      await asked('snapshot-camera', 'denied').waitFor();
      assert.equal((await kiosk.ask('status')).question, null);
      assert.deepEqual((await desk.state()).files.transfers, []);
      await desk.by('ask-snapshot-camera').click();
      await desk.by('consent').waitFor();
      await kiosk.answers('Yes');
      await asked('snapshot-camera', 'granted').waitFor();
      await desk.until('the photo', ({ files }) => files.transfers.some(({ outgoing, state }) => !outgoing && state === 'done'));
      await desk.by('tab-chat').click();
      const pixel = await desk.by('file-open').locator('img').evaluate(async (image) => {
        await image.decode();
        const canvas = document.createElement('canvas');
        Object.assign(canvas, { width: image.naturalWidth, height: image.naturalHeight });
        const drawing = canvas.getContext('2d');
        drawing.drawImage(image, 0, 0);
        return [...drawing.getImageData(4, canvas.height - 4, 1, 1).data.slice(0, 3)];
      });
      assert.ok(near(pixel, KIOSK_COLOUR), `the photo shows ${pixel}`);
    });

    it('the room is muted and its camera turned off from afar, and only the room takes that back', async () => {
      await call();
      await desk.by('tab-kiosk').click();
      await desk.by('remote-mute').click();
      await kiosk.until('muted', ({ muted }) => muted);
      await desk.by('remote-muted').waitFor();
      await desk.by('remote-unmute').click();
      await desk.by('consent').waitFor();
      await kiosk.answers('No');
      await asked('unmute', 'denied').waitFor();
      assert.equal((await kiosk.ask('status')).muted, true);
      await desk.by('remote-unmute').click();
      await desk.by('consent').waitFor();
      await kiosk.answers('Yes');
      await desk.by('remote-muted').waitFor({ state: 'detached' });
      assert.equal((await kiosk.ask('status')).muted, false);
      await desk.by('remote-camera-off').click();
      await kiosk.until('camera off', ({ camera_off: off }) => off);
      await desk.by('remote-camera-on').click();
      await desk.by('consent').waitFor();
      await kiosk.answers('Yes');
      await kiosk.until('camera on', ({ camera_off: off }) => !off);
    });

    describe('a large file', () => {
      const carried = () => desk.page.evaluate(() => ({ sent: window.wire.sent, came: window.wire.came }));
      const onPage = (state) => desk.page.locator(`[data-testid^=file-][data-state=${state}]`);

      /** From the page, as far as to its middle, where it waits. Resolves with what was sent. */
      async function halfWay() {
        const buffer = manual();
        await desk.page.evaluate((bytes) => (window.wire.limit = bytes), MANUAL_BYTES / 2);
        await desk.by('file-input').setInputFiles({ name: 'manual.txt', mimeType: 'text/plain', buffer });
        const isHalf = (bytes) => Math.abs(bytes / MANUAL_BYTES - 0.5) < 0.05;
        await kiosk.until('half of the file', ({ transfers: [one, two] }) =>
          one?.name === 'manual.txt' && !one.outgoing && one.size === MANUAL_BYTES && isHalf(one.received) && !two);
        await until('page: half of the file', async () => {
          const share = await desk.by('file-progress').evaluate(({ value }) => value);
          return isHalf(share * MANUAL_BYTES) || share;
        });
        return buffer;
      }

      it('goes on where it was when the connection was cut, and arrives whole', async () => {
        await call();
        const buffer = await halfWay();
        await desk.page.evaluate(() => window.wire.cut());
        await desk.page.evaluate(() => new Promise((resolve) => {
          const stop = window.kiosk.connectionStore.subscribe(({ reconnecting }) => {
            if (reconnecting === null) return;
            setTimeout(() => stop());
            resolve();
          });
        }));
        await desk.page.evaluate(() => window.wire.release());
        await onPage('done').waitFor();
        const { sent } = await carried();
        assert.ok(sent > MANUAL_BYTES && sent < MANUAL_BYTES + SENT_TWICE, `${sent} bytes were sent over both connections`);
        const { files } = await kiosk.ask('files', 'list');
        const file = files.find(({ name, outgoing }) => name === 'manual.txt' && !outgoing);
        assert.deepEqual([file.size, file.received, file.media_type], [MANUAL_BYTES, MANUAL_BYTES, 'text/plain']);
        const saved = path.join(world.directory, 'saved.txt');
        await kiosk.ask('files', 'save', file.id, saved);
        assert.equal(hash(await readFile(saved)), hash(buffer));
        assert.deepEqual((await kiosk.ask('status')).transfers, []);
      });

      it('from the kiosk goes on after the operator had hung up in its middle, and arrives whole', async () => {
        await call();
        const [buffer, file] = [manual(), path.join(world.directory, 'handbook.txt')];
        await writeFile(file, buffer);
        await kiosk.ask('files', 'send', file);
        await kiosk.until('offered', ({ transfers: [one] }) => one?.name === 'handbook.txt' && one.outgoing && one.received === 0);
        const cut = desk.page.evaluate((half) => new Promise((resolve) => {
          const { fileStore, connectionStore } = window.kiosk;
          const stop = fileStore.subscribe(({ transfers }) => {
            const moved = transfers.find(({ state, name }) => state === 'moving' && name === 'handbook.txt')?.moved ?? 0;
            if (moved < half) return;
            setTimeout(() => stop());
            connectionStore.hangUp();
            resolve(moved);
          });
        }), MANUAL_BYTES / 2);
        await desk.by('file-accept').click();
        assert.ok((await cut) < MANUAL_BYTES);
        await kiosk.phase(null);
        await onPage('paused').waitFor();
        await call();
        await onPage('done').waitFor();
        const { came } = await carried();
        assert.ok(came > MANUAL_BYTES && came < MANUAL_BYTES + SENT_TWICE, `${came} bytes came in both calls`);
        const saved = desk.page.waitForEvent('download');
        await desk.by('file-save').click();
        assert.equal(hash(await readFile(await (await saved).path())), hash(buffer));
        await kiosk.until('it is over', ({ transfers }) => transfers.length === 0);
        const { files } = await kiosk.ask('files', 'list');
        assert.deepEqual(files.filter(({ outgoing }) => outgoing), [], 'what was sent is not kept');
      });

      it('is stopped by the visitor', async () => {
        await call();
        await halfWay();
        await kiosk.press('No');
        await desk.until('it was stopped there', ({ files }) => files.transfers.some(({ state, why }) => state === 'failed' && why === 'stopped'));
        await onPage('failed').waitFor();
        assert.deepEqual((await kiosk.ask('status')).transfers, []);
        const { files } = await kiosk.ask('files', 'list');
        assert.deepEqual(files, [], 'no part of it is kept');
        assert.equal((await kiosk.ask('status')).call.phase, 'in_call');
      });
    });

    it("the kiosk's volume is set", async () => {
      await call();
      await desk.by('tab-kiosk').click();
      await desk.by('remote-volume').fill('35');
      await kiosk.until('volume 35', ({ volume }) => volume === 35);
    });

    it('either side holds the call', async () => {
      await call();
      const holds = (here, there) => kiosk.until(`held here: ${here}, there: ${there}`, ({ held, call }) => held === here && call.peer_hold === there);
      await desk.by('hold').click();
      await notOnPanel(COLOUR.rgb);
      await holds(false, true);
      await desk.by('resume').click();
      await onPanel(COLOUR.rgb, 0.2);
      await holds(false, false);
      await kiosk.press('Hold');
      await desk.by('on-hold').waitFor();
      await holds(true, false);
      await kiosk.press('Hold');
      await desk.by('on-hold').waitFor({ state: 'detached' });
      await holds(false, false);
    });

    it('the visitor swaps the pictures on the screen', async () => {
      await call();
      const large = () => onPanel(COLOUR.rgb, 0.2);
      await large();
      await kiosk.press('Swap');
      await onPanel(KIOSK_COLOUR, 0.2);
      await kiosk.until('swapped', ({ pictures_swapped: swapped }) => swapped);
      await kiosk.press('Swap');
      await large();
      await kiosk.until('as usual', ({ pictures_swapped: swapped }) => !swapped);
    });

    it("the kiosk's picture saves data, and is as it was again", async () => {
      await call();
      const width = (wanted, fits) => until(`page: a ${wanted} picture`, async () => {
        const { width } = await desk.look();
        return (width > 0 && fits(width)) || width;
      });
      await width('full', (pixels) => pixels === 640);
      await kiosk.ask('quality', 'data-saver');
      assert.equal((await kiosk.ask('status')).quality, 'data_saver');
      await width('small', (pixels) => pixels <= 320);
      await kiosk.ask('quality', 'auto');
      assert.equal((await kiosk.ask('status')).quality, 'auto');
      await width('full', (pixels) => pixels === 640);
    });

    it("the operator's screen is seen on the kiosk", async () => {
      const tab = await desk.context.newPage();
      await tab.setContent(`<title>${SHARED_TAB}</title><body style="margin:0;background:rgb(${SHARED_COLOUR})">`);
      await desk.page.bringToFront();
      await call();
      await desk.by('screen').click();
      await onPanel(SHARED_COLOUR, 0.2);
      assert.equal((await kiosk.ask('status')).call.peer_screen, true);
      await desk.by('screen').click();
      await onPanel(COLOUR.rgb, 0.2);
      assert.equal((await kiosk.ask('status')).call.peer_screen, false);
    });

    it("the kiosk's screen is seen on the page when the visitor agrees, until the operator ends it", async () => {
      await call();
      await desk.by('tab-kiosk').click();
      await desk.by('ask-share-panel').click();
      await desk.by('consent').waitFor();
      await kiosk.answers('Yes');
      await desk.by('remote-screen').waitFor();
      assert.equal((await kiosk.ask('status')).source, 'panel');
      await until("page: what is on the kiosk's screen", async () => {
        const { pixels } = await desk.look([[0.5, 0.6]]);
        return (pixels.length > 0 && !near(pixels[0], KIOSK_COLOUR)) || pixels;
      });
      await desk.by('ask-share-stop').click();
      await desk.by('remote-screen').waitFor({ state: 'detached' });
      await desk.watch([[0.02, 0.98]], (pixel) => near(pixel, KIOSK_COLOUR));
    });

    it("the kiosk's document camera is seen on the page when the visitor agrees, then its camera again", async () => {
      await call();
      const shows = (colour) => desk.watch([[0.02, 0.98], [0.98, 0.98]], (pixel) => near(pixel, colour) || near(pixel, BAR.rgb));
      await shows(KIOSK_COLOUR);
      await desk.by('tab-kiosk').click();
      await desk.by('ask-share-document').click();
      await desk.by('consent').waitFor();
      await kiosk.until('the question', ({ question, source }) => question?.wish === 'share_document' && source === 'camera');
      await kiosk.press('Yes');
      await asked('share-document', 'granted').waitFor();
      await desk.by('remote-screen').waitFor();
      await shows(DOCUMENT.rgb);
      assert.equal((await kiosk.ask('status')).source, 'document');
      await desk.by('ask-share-stop').click();
      await desk.by('remote-screen').waitFor({ state: 'detached' });
      await shows(KIOSK_COLOUR);
      assert.equal((await kiosk.ask('status')).source, 'camera');
    });

    it('pairing: a button held for three seconds, six digits, and trust on both sides', async () => {
      await desk.by('pairing').click();
      await desk.by('pairing-open').click();
      await kiosk.press('Pair', 3_200);
      const digits = await desk.by('pairing-digits').getAttribute('data-digits');
      assert.match(digits, /^\d{6}$/);
      await kiosk.until(`the digits ${digits}`, ({ pairing }) => pairing?.phase === 'compare' && pairing.digits === digits);
      await desk.by('pairing-name').fill('Paired door');
      await desk.by('pairing-same').click();
      await kiosk.press('Yes');
      await desk.page.locator('[data-testid=pairing-phase][data-phase=done]').waitFor();
      await kiosk.until('paired', ({ pairing }) => pairing?.phase === 'done' && pairing.digits === null);
      await desk.page.keyboard.press('Escape');
      await desk.page.locator(`[data-testid="peer-${kiosk.id}"][data-verification=pinned]`).waitFor();
      const { peers } = await kiosk.ask('trust', 'list');
      assert.ok(peers.some(({ id, name }) => id === desk.id && name === 'Desk'), JSON.stringify(peers));
      await kiosk.ask('trust', 'remove', desk.id);
    });

    it('whom the kiosk trusts may restart it, after a question', async () => {
      await kiosk.ask('trust', 'add', desk.id, '--name', 'Desk');
      await desk.by(`open-${kiosk.id}`).click();
      await desk.by('tab-kiosk').click();
      await desk.by('restart').click();
      await desk.by('restart-confirm').click();
      await tile('offline').waitFor();
      await kiosk.program.exited;
      await kiosk.start();
      await tile('idle').waitFor();
      await kiosk.ask('trust', 'remove', desk.id);
    });
  });
}
