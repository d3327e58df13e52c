// Two pages, one of them in a kiosk's place: what an operator does in a call, and every state of the page as axe-core sees it.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { isAccessible } from './accessibility.js';
import { startServer } from './kiosk.js';
import { BAR, COLOUR, near } from './material.js';
import { Operator, SHARED_TAB } from './operator.js';
import { until } from './process.js';
import { StandIn } from './stand-in.js';

const SHARED_COLOUR = [250, 170, 20];
/** Where the moving bar is only now and then, and the time stamp never. */
const PLACES = [[0.5, 0.9], [0.1, 0.9]];
const PICTURE = { name: 'map.png', mimeType: 'image/png' };

const isCamera = (pixel) => near(pixel, COLOUR.rgb) || near(pixel, BAR.rgb);

/** Draws a PNG in the page: incompressible when `noise`. */
function draw(page, side, noise) {
  return page.evaluate(async ({ side, noise }) => {
    const canvas = new OffscreenCanvas(side, side);
    const drawing = canvas.getContext('2d');
    const image = drawing.createImageData(side, side);
    for (let at = 0; at < image.data.length; at += 65_536) {
      const part = image.data.subarray(at, at + 65_536);
      if (noise) crypto.getRandomValues(new Uint8Array(part.buffer, part.byteOffset, part.length));
      else part.fill(200);
    }
    drawing.putImageData(image, 0, 0);
    const bytes = new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer());
    return Array.from({ length: Math.ceil(bytes.length / 8192) }, (_, at) => String.fromCharCode(...bytes.subarray(8192 * at, 8192 * (at + 1)))).join('');
  }, { side, noise }).then((text) => Buffer.from(text, 'latin1'));
}

export function desk(world) {
  describe('two pages', () => {
    let server, desk, visitor, opened;
    before(async () => {
      server = await startServer();
    });
    after(() => server?.program.end());
    beforeEach(() => {
      opened = [];
    });
    afterEach(() => Promise.all(opened.map((each) => each.close())));

    async function open(options) {
      const page = await Operator.open(world.browser, server.origin, options);
      opened.push(page);
      return page;
    }

    /** The desk, and a page that poses as the kiosk `Door`, in a room of their own. */
    async function both(options = {}) {
      const room = `room-${Math.random().toString(36).slice(2, 10)}`;
      [desk, visitor] = await Promise.all([open({ ...options, query: `?room=${room}&name=Desk` }), open({ query: `?room=${room}` })]);
      visitor.id = await visitor.posesAsKiosk('Door');
      desk.id = (await desk.state()).link.you;
      await Promise.all([desk.by(`peer-${visitor.id}`).waitFor(), visitor.by(`peer-${desk.id}`).waitFor()]);
    }

    async function call() {
      await desk.by(`call-${visitor.id}`).click();
      await visitor.by('answer').click();
      await Promise.all([desk, visitor].map((each) => each.phase('in-call')));
      await desk.watch(PLACES, isCamera);
    }

    it('hold: nothing goes either way, both see why, and it goes on', async () => {
      await both();
      await call();
      await desk.by('hold').click();
      await visitor.until('the desk holds', ({ connection }) => connection.remoteMedia.hold);
      await Promise.all([desk, visitor].map((each) => each.by('on-hold').waitFor()));
      for (const each of [desk, visitor]) assert.equal(await each.by('remote-video').isVisible(), false);
      assert.match(await visitor.by('on-hold').textContent(), /Desk\W* has put the call on hold/);
      await desk.by('resume').click();
      await visitor.by('on-hold').waitFor({ state: 'detached' });
      await Promise.all([desk, visitor].map((each) => each.watch(PLACES, isCamera)));
    });

    it('the screen is shared, seen whole and sharp, and the camera comes back', async () => {
      await both();
      const tab = await desk.context.newPage();
      await tab.setContent(`<title>${SHARED_TAB}</title><body style="margin:0;background:rgb(${SHARED_COLOUR})">`);
      await desk.page.bringToFront();
      await call();
      await desk.by('screen').click();
      await desk.by('sharing').waitFor();
      await visitor.until('a screen is shown', ({ connection }) => connection.remoteMedia.screen);
      await visitor.by('remote-screen').waitFor();
      await until('visitor: the shared tab', async () => {
        const { pixels } = await visitor.look([[0.5, 0.5]]);
        return (pixels.length > 0 && near(pixels[0], SHARED_COLOUR)) || pixels;
      });
      await desk.by('screen').click();
      await visitor.until('the camera is back', ({ connection }) => !connection.remoteMedia.screen && connection.remoteMedia.video);
      await visitor.watch(PLACES, isCamera);
    });

    it('a call keeps nobody from writing to another kiosk', async () => {
      await both();
      const paper = await new StandIn(server, 'Gate 7', (await desk.state()).link.room).join();
      await call();
      await paper.say(desk.id, 'Which gate?');
      await desk.by(`unread-${paper.id}`).waitFor();
      await desk.by(`open-${paper.id}`).click();
      await desk.say('This one.');
      assert.equal((await paper.hears('chat')).body.text, 'This one.');
      assert.equal((await visitor.state()).chat.messages.length, 0);
      await desk.by('side-to-call').click();
      await desk.say('I am back.');
      await visitor.by('chat-log').getByText('I am back.').waitFor();
      paper.leave();
    });

    it('pictures are swapped, by button and by key', async () => {
      await both();
      await call();
      const width = async (id) => (await desk.by(id).boundingBox()).width;
      const remoteIsLarge = async () => (await width('remote-video')) > (await width('local-video'));
      assert.equal(await remoteIsLarge(), true);
      await desk.by('swap').click();
      assert.equal(await remoteIsLarge(), false);
      await desk.by('hang-up').focus();
      await desk.page.keyboard.press('p');
      assert.equal(await remoteIsLarge(), true);
    });

    it('keys mute, turn the camera off, hold and hang up', async () => {
      await both();
      await call();
      await desk.by('mute').focus();
      for (const key of ['m', 'v', 'k']) await desk.page.keyboard.press(key);
      await visitor.until('muted, camera off, on hold', ({ connection: { remoteMedia: { audio, video, hold } } }) => !audio && !video && hold);
      await desk.page.keyboard.press('c');
      // It comes with the next frame, which no person outruns.
      await desk.page.locator('[data-testid=chat-input]:focus').waitFor();
      await desk.page.keyboard.type('mvkH');
      assert.equal(await desk.by('chat-input').inputValue(), 'mvkH');
      await desk.by('hang-up').focus();
      await desk.page.keyboard.press('Shift+H');
      await Promise.all([desk, visitor].map((each) => each.phase('ended')));
    });

    it('the connection is drawn while it goes on', async () => {
      await both();
      await call();
      await desk.by('tab-statistics').click();
      const label = (chart) => desk.by(chart).locator('svg').getAttribute('aria-label');
      await until('page: figures in the charts', async () => {
        const labels = await Promise.all(['chart-round-trip', 'chart-bitrate', 'chart-loss'].map(label));
        return labels.every((each) => /\d/.test(each) && !each.includes('–')) || labels;
      });
      const path = () => desk.by('chart-bitrate').locator('path.line').last().getAttribute('d');
      const before = await path();
      await until('page: a line that grows', async () => (await path()).split('L').length > before.split('L').length + 2);
    });

    it('device and quality are chosen in the call, without a new negotiation', async () => {
      await both();
      await call();
      const { callId } = (await desk.state()).connection;
      await desk.by('devices').click();
      const cameras = await desk.by('call-videoinput').locator('option').evaluateAll((all) => all.map(({ value }) => value));
      assert.ok(cameras.length > 1, 'the fake camera is there');
      await desk.by('call-videoinput').selectOption(cameras[1]);
      await desk.by('call-quality').selectOption('data-saver');
      await desk.page.keyboard.press('Escape');
      await until('visitor: a smaller picture', async () => {
        const { width } = await visitor.look();
        return (width > 0 && width <= 320) || width;
      });
      assert.equal((await desk.state()).connection.callId, callId);
    });

    it('files go by button, by drop and by paste, with progress, and can be stopped', async () => {
      await both();
      assert.equal(await desk.by('attach').count(), 0);
      await call();
      const { files } = await desk.state();
      assert.equal(files.available, true);
      const small = await draw(desk.page, 64, false);
      const large = path.join(world.directory, 'huge.png');
      await writeFile(large, await draw(desk.page, 1_000, true));
      const accept = () => visitor.by('file-accept').click();

      await desk.by('file-input').setInputFiles({ ...PICTURE, buffer: small });
      await accept();
      await visitor.until('the picture', (state) => state.files.transfers.some(({ state, name, size }) => state === 'done' && name === 'map.png' && size === small.length));
      await desk.page.locator('[data-testid^=file-][data-state=done] [data-testid=file-show]').waitFor();
      await visitor.by('file-open').click();
      await visitor.by('picture-dialog').locator('img').evaluate((image) => image.decode());
      await visitor.page.keyboard.press('Escape');
      const [download] = await Promise.all([visitor.page.waitForEvent('download'), visitor.by('file-save').click()]);
      assert.equal(download.suggestedFilename(), 'map.png');

      await desk.by('conversation').evaluate((target, bytes) => {
        const carried = new DataTransfer();
        carried.items.add(new File([new Uint8Array(bytes)], 'dropped.png', { type: 'image/png' }));
        for (const type of ['dragenter', 'dragover', 'drop']) target.dispatchEvent(new DragEvent(type, { dataTransfer: carried, bubbles: true, cancelable: true }));
        const copied = new DataTransfer();
        copied.items.add(new File([new Uint8Array(bytes)], 'pasted.png', { type: 'image/png' }));
        target.dispatchEvent(new ClipboardEvent('paste', { clipboardData: copied, bubbles: true, cancelable: true }));
      }, [...small]);
      for (const name of ['dropped.png', 'pasted.png']) {
        await visitor.by('chat-log').getByText(name).waitFor();
        await accept();
        await visitor.until(name, (state) => state.files.transfers.some((file) => file.state === 'done' && file.name === name));
      }

      await desk.by('file-input').setInputFiles(large);
      await accept();
      await desk.by('file-progress').waitFor();
      await desk.by('file-cancel').click();
      await visitor.until('the large one failed', (state) => state.files.transfers.some(({ name, state, why }) => name === 'huge.png' && state === 'failed' && why === 'stopped'));
      assert.match(await visitor.by('chat-log').textContent(), /Stopped/);
    });

    it('what the room is asked for is a no, where there is no room', async () => {
      await both();
      await call();
      await desk.by('tab-kiosk').click();
      await desk.by('remote-mute').click();
      await desk.page.locator('[data-testid=ask][data-what=mute][data-state=denied]').waitFor();
      await desk.by('ask-snapshot-camera').click();
      await desk.page.locator('[data-testid=ask][data-what=snapshot-camera][data-state=denied]').waitFor();
      await desk.by('restart').click();
      await desk.by('restart-dialog').waitFor();
      await desk.by('restart-dialog').getByRole('button', { name: 'Cancel' }).click();
      assert.equal(await desk.page.locator('[data-testid=ask][data-what=restart]').count(), 0, 'nothing is restarted by mistake');
    });

    it('pairing: the same six digits on both sides, a name, and trust that can be taken back', async () => {
      await both();
      await desk.by('pairing').click();
      await desk.by('pairing-open').click();
      await visitor.by('pairing').click();
      await visitor.by('pairing-open').click();
      const digits = await Promise.all([desk, visitor].map((each) => each.by('pairing-digits').getAttribute('data-digits')));
      assert.match(digits[0], /^\d{6}$/);
      assert.equal(digits[0], digits[1]);
      await desk.by('pairing-name').fill('Front door');
      await desk.by('pairing-same').click();
      await visitor.by('pairing-same').click();
      for (const each of [desk, visitor]) await each.page.locator('[data-testid=pairing-phase][data-phase=done]').waitFor();
      await desk.page.keyboard.press('Escape');
      await desk.page.locator(`[data-testid="peer-${visitor.id}"][data-verification=pinned]`).waitFor();
      assert.match(await desk.by(`peer-${visitor.id}`).textContent(), /Front door/);
      await desk.by('settings').click();
      await desk.by('trust-list').click();
      await desk.by(`pin-${visitor.id}`).getByTestId('pin-remove').click();
      await desk.by('pin-remove-confirm').click();
      await desk.by(`pin-${visitor.id}`).waitFor({ state: 'detached' });
      await desk.page.keyboard.press('Escape');
      await desk.page.locator(`[data-testid="peer-${visitor.id}"][data-verification=unverified]`).waitFor();
    });

    it('pairing that is stopped trusts nobody', async () => {
      await both();
      for (const each of [desk, visitor]) {
        await each.by('pairing').click();
        await each.by('pairing-open').click();
      }
      await visitor.by('pairing-differ').click();
      for (const each of [desk, visitor]) await each.page.locator('[data-testid=pairing-phase][data-phase=failed]').waitFor();
      assert.deepEqual((await desk.state()).trust.pins, []);
    });

    for (const [look, options] of Object.entries({
      'light': { colorScheme: 'light' },
      'dark, on a phone': { colorScheme: 'dark', viewport: { width: 360, height: 740 } },
      'light, from right to left': { colorScheme: 'light', locale: 'ar' },
      'dark, from right to left': { colorScheme: 'dark', locale: 'ar' },
    })) {
      it(`axe-core finds nothing serious in any state: ${look}`, async () => {
        await both(options);
        const check = (what) => isAccessible(desk.page, `${look}: ${what}`);
        const narrow = options.viewport !== undefined;
        const view = async (name) => narrow && (await desk.by(`view-${name}`).click());
        const paper = await new StandIn(server, 'Paper', (await desk.state()).link.room).join();
        await paper.tell({ state: 'idle', faults: ['camera'] });
        await desk.page.locator(`[data-testid="peer-${paper.id}"][data-state=fault]`).waitFor();
        await check('the wall');
        for (const dialog of ['settings', 'pairing', ...(narrow ? [] : ['help'])]) {
          await desk.by(dialog).click();
          await check(dialog);
          await desk.page.keyboard.press('Escape');
        }
        await paper.say(desk.id, 'Hello');
        await desk.by(`open-${paper.id}`).click();
        await desk.by('chat-log').getByText('Hello').waitFor();
        await check('a conversation');
        await desk.by('tab-kiosk').click();
        await check('an idle kiosk');
        await desk.by('restart').click();
        await check('a question');
        await desk.page.keyboard.press('Escape');
        await paper.ring(desk.id);
        await desk.by('answer').waitFor();
        await check('ringing in');
        await desk.by('reject').click();
        await desk.phase('ended');
        await check('ended');
        paper.leave();

        if (narrow) await desk.by('view-wall').click();
        await desk.by(`call-${visitor.id}`).click();
        await visitor.by('answer').waitFor();
        await check('ringing out');
        await visitor.by('answer').click();
        await desk.phase('in-call');
        await check('in a call');
        await view('side');
        await desk.say('Good morning');
        await desk.by('file-input').setInputFiles({ ...PICTURE, buffer: await draw(desk.page, 16, false) });
        await visitor.by('file-accept').click();
        await desk.by('file-show').waitFor();
        await check('chat and a file');
        await desk.by('tab-kiosk').click();
        await desk.by('remote-mute').click();
        await desk.page.locator('[data-testid=ask][data-state=denied]').waitFor();
        await check('the kiosk from afar');
        await desk.by('tab-statistics').click();
        await check('statistics');
        await view('call');
        await desk.by('hold').click();
        await desk.by('on-hold').waitFor();
        await check('on hold');
        await desk.by('devices').click();
        await check('devices');
      });
    }

    it('further callers wait, are seen and heard, and are turned away one by one', async () => {
      await both();
      await call();
      const { room } = (await desk.state()).link;
      const papers = [];
      for (const name of ['Gate 1', 'Gate 2']) papers.push(await new StandIn(server, name, room).join());
      const [first, second] = papers;
      for (const paper of papers) {
        await desk.by(`peer-${paper.id}`).waitFor();
        await paper.ring(desk.id);
        await desk.by(`caller-${paper.id}`).waitFor();
        await paper.hears('ringing');
      }
      assert.equal((await desk.state()).connection.phase, 'in-call', 'the call goes on');
      await until('page: the waiting time', async () => {
        const times = await desk.by('ringing').locator('.time').allTextContents();
        return times.every((time) => /0:0[1-9]|0:[1-9]\d/.test(time)) || times;
      });
      await isAccessible(desk.page, 'callers that wait');
      await desk.by(`reject-${second.id}`).click();
      await second.hears('reject');
      await desk.by('hang-up').click();
      await visitor.phase('ended');
      await desk.phase('ringing-in');
      await desk.by('reject').click();
      await first.hears('reject');
      await desk.by('ringing').waitFor({ state: 'detached' });
      papers.forEach((paper) => paper.leave());
    });

    it('the hang-up is there in every view of a phone', async () => {
      await both({ viewport: { width: 360, height: 640 } });
      await call();
      for (const [view, button] of [['wall', 'hang-up-below'], ['call', 'hang-up'], ['side', 'hang-up-below']]) {
        await desk.by(`view-${view}`).click();
        assert.ok(await desk.by(button).isVisible(), view);
        const { x, y, width, height } = await desk.by(button).boundingBox();
        assert.ok(x >= 0 && y >= 0 && x + width <= 360 && y + height <= 640, `${view}: ${JSON.stringify({ x, y, width, height })}`);
      }
      await desk.by('hang-up-below').click();
      await visitor.phase('ended');
    });

    it('whoever wants less motion gets less', async () => {
      await both({ reducedMotion: 'reduce' });
      await visitor.by(`call-${desk.id}`).click();
      await desk.by('answer').waitFor();
      const moving = await desk.page.evaluate(() => document.getAnimations().filter((each) => each.playState === 'running' && each.effect.getComputedTiming().endTime > 50).length);
      assert.equal(moving, 0);
    });
  });
}
