// The operator's page by itself: the wall, ringing, languages, colours, keys, and its behaviour for those who cannot see or cannot use a mouse.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { startServer } from './kiosk.js';
import { Operator, startBrowser } from './operator.js';
import { until } from './process.js';
import { StandIn } from './stand-in.js';

/** Without the marks that keep a name of another script together (FSI and PDI, UAX #9). */
const plain = (text) => text.replaceAll(/[\u2068\u2069]/g, '');

/** Counts what rings, and keeps what is notified. */
function listenToAlerts() {
  window.alerts = { tones: 0, notes: [] };
  const { start } = OscillatorNode.prototype;
  OscillatorNode.prototype.start = function (...when) {
    window.alerts.tones += this.context.state === 'running' ? 1 : 0;
    return start.apply(this, when);
  };
  window.Notification = class {
    static permission = 'granted';
    constructor(title, { body, tag }) {
      this.note = { title, body, tag, open: true };
      window.alerts.notes.push(this.note);
    }
    close() {
      this.note.open = false;
    }
  };
  Document.prototype.hasFocus = () => false;
}

const WORDS = {
  en: ['Kiosk console', 'ltr'], de: ['Kiosk-Zentrale', 'ltr'], fr: ['Console des bornes', 'ltr'],
  es: ['Consola de quioscos', 'ltr'], ja: ['キオスク・コンソール', 'ltr'], ar: ['لوحة الأكشاك', 'rtl'],
};

export function page(world) {
  describe('the page', () => {
    let server, desk, opened;
    const kiosks = [];
    beforeEach(async () => {
      server = await startServer();
      opened = [];
    });
    afterEach(async () => {
      kiosks.splice(0).forEach((kiosk) => kiosk.leave());
      await Promise.all(opened.map((each) => each.close()));
      await server.program.end();
    });

    async function open(options, browser = world.browser) {
      const page = await Operator.open(browser, server.origin, options);
      opened.push(page);
      return page;
    }

    async function standIn(name) {
      const kiosk = await new StandIn(server, name).join();
      kiosks.push(kiosk);
      return kiosk;
    }

    const tile = (kiosk, state) => desk.page.locator(`[data-testid="peer-${kiosk.id}"]${state ? `[data-state="${state}"]` : ''}`);
    const names = () => desk.by('wall').locator('button.name').allTextContents().then((all) => all.map((name) => name.trim()));
    const overflow = () => desk.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);

    describe('wall', () => {
      it('shows fifty kiosks, those first that need somebody, on a phone as on a wall', async () => {
        desk = await open();
        for (let number = 1; number <= 50; number += 1) await standIn(`Gate ${number}`);
        const [idle, broken, waiting, busy, wrote] = kiosks;
        await idle.tell({ state: 'idle' });
        await broken.tell({ state: 'idle', faults: ['camera', 'sound'] });
        await waiting.tell({ state: 'ringing-out' });
        await busy.tell({ state: 'in-call' });
        await wrote.tell({ state: 'idle' });
        const { you } = (await desk.state()).link;
        await wrote.say(you, 'Is anybody there?');
        await Promise.all([
          tile(idle, 'idle').waitFor(), tile(broken, 'fault').waitFor(), tile(waiting, 'visitor-waits').waitFor(),
          tile(busy, 'in-call').waitFor(), tile(wrote, 'unread').waitFor(),
        ]);
        const order = await names();
        assert.equal(order.length, 50);
        assert.deepEqual(order.slice(0, 5), ['Gate 3', 'Gate 5', 'Gate 2', 'Gate 1', 'Gate 6']);
        assert.equal(order.at(-1), 'Gate 4');
        assert.match(await tile(broken).textContent(), /No camera, No sound/);
        for (const [width, height] of [[360, 640], [820, 1180], [1280, 720], [3840, 2160]]) {
          await desk.page.setViewportSize({ width, height });
          assert.ok((await overflow()) <= 0, `${width} × ${height}`);
          const { width: wide, y } = await tile(waiting).boundingBox();
          assert.ok(wide >= 190 && y < height, `${width} × ${height}: the first tile is ${wide} wide, at ${y}`);
        }
      });

      it('is searched and filtered', async () => {
        desk = await open();
        const [north, south] = [await standIn('Entrée Nord'), await standIn('Entrée Sud')];
        await north.tell({ state: 'idle' });
        await south.tell({ state: 'in-call' });
        await tile(south, 'in-call').waitFor();
        await desk.page.keyboard.press('/');
        await desk.page.keyboard.type('entree nord');
        await tile(south).waitFor({ state: 'detached' });
        assert.deepEqual(await names(), ['Entrée Nord']);
        await desk.by('wall-search').fill('nothing like it');
        await desk.page.getByText('No kiosk fits.').waitFor();
        await desk.page.getByRole('button', { name: 'Show all' }).click();
        await desk.by('filter-busy').click();
        await tile(north).waitFor({ state: 'detached' });
        assert.deepEqual(await names(), ['Entrée Sud']);
      });

      it('shows who left, and who came back', async () => {
        desk = await open();
        const kiosk = await standIn('Lobby');
        await kiosk.tell({ state: 'idle' });
        await tile(kiosk, 'idle').waitFor();
        kiosk.leave();
        await tile(kiosk, 'offline').waitFor();
        assert.match(await tile(kiosk).textContent(), /Left \W?\d/);
        assert.equal(await desk.by(`call-${kiosk.id}`).count(), 0, 'it cannot be called');
        await kiosk.join();
        await tile(kiosk, 'idle').waitFor();
      });
    });

    describe('a ring', () => {
      it('sounds, is notified, marks title and icon, and ends with the call', async () => {
        desk = await open({ before: listenToAlerts });
        const kiosk = await standIn('Night entrance');
        const { you } = (await desk.state()).link;
        await tile(kiosk).waitFor();
        const call = await kiosk.ring(you);
        await kiosk.hears('ringing');
        await desk.phase('ringing-in');
        const alerts = () => desk.page.evaluate(() => window.alerts);
        await until('page: it rings again', async () => (await alerts()).tones >= 4 || alerts());
        assert.deepEqual((await alerts()).notes.map(({ title, open }) => [plain(title), open]), [['Night entrance is calling', true]]);
        assert.match(await desk.page.locator('link[rel=icon]').getAttribute('href'), /calling/);
        await until('page: the title calls', async () => {
          const title = plain(await desk.page.title());
          return title === 'Night entrance is calling' || title;
        });
        await tile(kiosk, 'calling').waitFor();
        await kiosk.hangUp(call);
        await desk.phase('ended');
        await desk.by('ringing').waitFor({ state: 'detached' });
        const { tones, notes } = await alerts();
        assert.equal(notes[0].open, false);
        assert.equal(await desk.page.title(), 'Kiosk console');
        assert.doesNotMatch(await desk.page.locator('link[rel=icon]').getAttribute('href'), /calling/);
        await new Promise((resolve) => setTimeout(resolve, 3_000));
        assert.equal((await alerts()).tones, tones, 'it is silent');
      });

      it('is seen while the browser allows no sound, which one click turns on', async () => {
        const browser = await startBrowser({ ...world.material, strict: true });
        try {
          desk = await open({ before: listenToAlerts }, browser);
          const kiosk = await standIn('Gate');
          await tile(kiosk).waitFor();
          await kiosk.ring((await desk.state()).link.you);
          await desk.by('answer').waitFor();
          await desk.by('sound-blocked').waitFor();
          assert.equal(await desk.page.evaluate(() => window.alerts.tones), 0);
          await desk.by('sound-allow').click();
          await desk.by('sound-blocked').waitFor({ state: 'detached' });
          await until('page: it rings', () => desk.page.evaluate(() => window.alerts.tones > 0));
        } finally {
          await browser.close();
        }
      });
    });

    describe('chat', () => {
      it('goes both ways without a call, is marked, and waits for whoever is away', async () => {
        desk = await open();
        const kiosk = await standIn('Ward 4');
        await kiosk.tell({ state: 'idle' });
        await tile(kiosk, 'idle').waitFor();
        await kiosk.say((await desk.state()).link.you, 'Where is the lift?');
        await desk.by(`unread-${kiosk.id}`).waitFor();
        await desk.by(`open-${kiosk.id}`).click();
        await desk.by('chat-log').getByText('Where is the lift?').waitFor();
        assert.equal(await desk.by('chat-unread').textContent(), '1');
        await desk.say('To your left.');
        await desk.by('chat-unread').waitFor({ state: 'hidden' });
        assert.equal((await kiosk.hears('chat')).body.text, 'To your left.');
        await desk.page.locator('[data-testid=line][data-state=delivered]').waitFor();
        kiosk.leave();
        await tile(kiosk, 'offline').waitFor();
        await desk.say('Did you find it?');
        await desk.page.locator('[data-testid=line][data-state=waiting]').waitFor();
        await kiosk.join();
        await until('kiosk: the second line', () => kiosk.heard.some(({ t, body }) => t === 'chat' && body.text === 'Did you find it?'));
        await desk.page.locator('[data-testid=line][data-state=waiting]').waitFor({ state: 'detached' });
      });

      it('has quick texts, which can be changed', async () => {
        desk = await open();
        const kiosk = await standIn('Desk');
        await desk.by(`open-${kiosk.id}`).click();
        await desk.by('quick-texts').getByText('One moment, please.').click();
        assert.equal((await kiosk.hears('chat')).body.text, 'One moment, please.');
        await desk.by('quick-texts-edit').click();
        await desk.by('quick-texts-lines').fill('Platform 3\n\n  Platform 4 ');
        await desk.by('quick-texts-save').click();
        await desk.by('quick-texts').getByText('Platform 4').click();
        await until('kiosk: the new text', () => kiosk.heard.some(({ t, body }) => t === 'chat' && body.text === 'Platform 4'));
        await desk.page.reload();
        await desk.by(`open-${kiosk.id}`).click();
        await desk.by('quick-texts').getByText('Platform 3').waitFor();
        assert.equal(await desk.by('quick-texts').getByText('One moment').count(), 0);
      });
    });

    describe('preferences', () => {
      for (const [language, [title, direction]] of Object.entries(WORDS)) {
        it(`${language}: as the browser's`, async () => {
          desk = await open({ locale: language });
          assert.equal(await desk.page.title(), title);
          const html = desk.page.locator('html');
          assert.deepEqual([await html.getAttribute('lang'), await html.getAttribute('dir')], [language, direction]);
          assert.deepEqual(desk.log, []);
        });
      }

      it('language and colours are chosen by hand, at once, and kept', async () => {
        desk = await open({ locale: 'en', colorScheme: 'light' });
        const html = desk.page.locator('html');
        assert.equal(await html.getAttribute('data-theme'), 'light');
        await desk.page.emulateMedia({ colorScheme: 'dark' });
        await desk.page.locator('html[data-theme=dark]').waitFor();
        await desk.by('settings').click();
        await desk.by('theme-light').check({ force: true });
        await desk.page.locator('html[data-theme=light]').waitFor();
        await desk.by('setting-language').selectOption('ar');
        await desk.page.locator('html[dir=rtl]').waitFor();
        await desk.page.reload();
        await desk.online();
        assert.deepEqual([await html.getAttribute('data-theme'), await desk.page.title()], ['light', WORDS.ar[0]]);
      });

      it('name and room hold once they are saved', async () => {
        desk = await open();
        const kiosk = await new StandIn(server, 'Ward', 'ward').join();
        kiosks.push(kiosk);
        await desk.by('settings').click();
        await desk.by('setting-name').fill('Night desk');
        await desk.by('setting-room').fill('ward');
        await desk.by('setting-save').click();
        await desk.by('settings-dialog').waitFor({ state: 'detached' });
        await tile(kiosk).waitFor();
        assert.equal((await desk.state()).link.name, 'Night desk');
      });
    });

    describe('the keyboard', () => {
      it('answers, declines, finds, helps, and is silent while somebody writes', async () => {
        desk = await open();
        const kiosk = await standIn('Gate');
        await tile(kiosk).waitFor();
        const { you } = (await desk.state()).link;
        await desk.page.keyboard.press('?');
        await desk.by('help-dialog').waitFor();
        await desk.page.keyboard.press('Escape');
        await desk.by('help-dialog').waitFor({ state: 'detached' });

        await kiosk.ring(you);
        await desk.phase('ringing-in');
        await desk.by('wall-search').fill('a');
        assert.equal((await desk.state()).connection.phase, 'ringing-in', 'an a in the search answers nothing');
        await desk.by('wall-search').fill('');
        await desk.by('wall-search').blur();
        await desk.page.keyboard.press('Escape');
        await kiosk.hears('reject');

        await desk.by('help').click();
        await desk.by('setting-shortcuts').uncheck();
        await desk.page.keyboard.press('Escape');
        await kiosk.ring(you);
        await desk.phase('ringing-in');
        await desk.page.keyboard.press('Escape');
        await desk.page.keyboard.press('Shift+H');
        assert.equal((await desk.state()).connection.phase, 'ringing-in', 'single keys are turned off');
      });

      it('gets the focus back where it was when a dialog closes, and it stays inside meanwhile', async () => {
        desk = await open();
        const focused = () => desk.page.evaluate(() => document.activeElement?.closest('[data-testid]')?.getAttribute('data-testid'));
        await desk.by('settings').focus();
        await desk.page.keyboard.press('Enter');
        await desk.by('settings-dialog').waitFor();
        for (let step = 0; step < 40; step += 1) {
          await desk.page.keyboard.press('Tab');
          const inside = await desk.page.evaluate(() => document.activeElement === document.body || !!document.activeElement.closest('dialog'));
          assert.ok(inside, `after ${step + 1} tabs the focus is at ${await focused()}`);
        }
        await desk.page.keyboard.press('Escape');
        await desk.by('settings-dialog').waitFor({ state: 'detached' });
        assert.equal(await focused(), 'settings');
      });
    });
  });
}
