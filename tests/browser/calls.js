// Calls between a kiosk and the operator's page: what one side shows and says arrives, decoded, at the other.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { KIOSK_COLOUR, KIOSK_TONE_HZ } from './kiosk.js';
import { BAR, COLOUR, find, loudness, near } from './material.js';
import { Operator } from './operator.js';
import { until } from './process.js';

/** Where neither the ball nor the time stamp is. */
const CORNERS = [[0.02, 0.98], [0.98, 0.98]];
const SPOKEN = 0.01;
const SILENT = 0.001;

/** The page shows the kiosk's moving picture and plays its tone. */
export async function pageReceives(desk) {
  await desk.watch(CORNERS, (pixel) => near(pixel, KIOSK_COLOUR));
  // The browser stretches sound while its jitter buffer settles, which smears the tone.
  await until("page: the kiosk's tone", async () => {
    const { hertz, level } = await desk.listen();
    return (Math.abs(hertz - KIOSK_TONE_HZ) < 5 && level > -50) || { hertz, level };
  });
}

/** The kiosk shows the browser's moving picture and plays its speech. */
export async function kioskReceives(kiosk) {
  const seen = [];
  await until("kiosk: the browser's moving bar", async () => {
    const screen = await kiosk.screen();
    const [colour, bar] = [find(screen, COLOUR.rgb), find(screen, BAR.rgb)];
    if (colour.share > 0.2 && bar.share > 0.02) seen.push(bar.column);
    return (seen.length > 1 && Math.abs(seen[0] - seen.at(-1)) > 0.01) || { colour, bar };
  });
  // Speech has loud and quiet tenths of a second; a hum has not.
  await until('kiosk: speech', async () => {
    const windows = loudness(await kiosk.heard(2));
    const [loud, quiet] = [Math.max(...windows), Math.min(...windows)];
    return (loud > SPOKEN && loud > 5 * quiet) || { loud, quiet };
  });
}

async function kioskIsSilent(kiosk) {
  await until('kiosk: silence', async () => {
    const loud = Math.max(...loudness(await kiosk.heard(0.5)));
    return loud < SILENT || loud;
  });
}

export function calls(world) {
  describe('calls', () => {
    let kiosk, desk, others;
    beforeEach(async () => {
      ({ kiosk } = world);
      others = [];
      desk = await Operator.open(world.browser, world.server.origin);
      await desk.sees(kiosk);
    });
    afterEach(async () => {
      await Promise.all([desk, ...others].map((each) => each.close()));
      await kiosk.phase(null);
    });

    async function another(options) {
      const other = await Operator.open(world.browser, world.server.origin, options);
      others.push(other);
      await other.sees(kiosk);
      return other;
    }

    async function pageRings(page = desk) {
      await page.by(`call-${kiosk.id}`).click();
      await kiosk.phase('ringing_in');
      await kiosk.ask('answer');
      await page.phase('in-call');
      await kiosk.phase('in_call');
    }

    it('the kiosk rings, the page answers, and hangs up; then the page rings, and the kiosk hangs up', async () => {
      await kiosk.ask('press', 'call');
      await desk.phase('ringing-in');
      assert.equal((await desk.look()).readyState, 0, 'nothing is seen before the answer');
      await desk.by('answer').click();
      await desk.phase('in-call');
      await Promise.all([pageReceives(desk), kioskReceives(kiosk)]);
      await desk.by('hang-up').click();
      await kiosk.phase(null);

      await pageRings();
      await Promise.all([pageReceives(desk), kioskReceives(kiosk)]);
      await kiosk.ask('hang-up');
      await desk.phase('ended');
      assert.deepEqual((await kiosk.ask('status')).refusals, {});
    });

    it('the page rejects', async () => {
      await kiosk.ask('press', 'call');
      await desk.phase('ringing-in');
      await desk.by('reject').click();
      await kiosk.phase(null);
    });

    it('the kiosk rejects', async () => {
      await desk.by(`call-${kiosk.id}`).click();
      await kiosk.phase('ringing_in');
      await kiosk.ask('press', 'hang-up');
      await desk.phase('ended');
      assert.equal((await desk.state()).connection.ending, 'rejected');
    });

    it('a kiosk in a call is busy for others', async () => {
      const other = await another();
      await pageRings();
      await other.by(`call-${kiosk.id}`).click();
      await other.phase('ended');
      assert.equal((await other.state()).connection.ending, 'busy');
      await pageReceives(desk);
    });

    it('chat goes both ways, is counted while unread and confirmed when it arrives', async () => {
      await pageRings();
      await desk.say('Wie kann ich helfen? 🙂');
      await kiosk.until('one unread line', ({ unread }) => unread === 1);
      await desk.say('Ich sehe Sie.');
      await kiosk.until('two unread lines', ({ unread }) => unread === 2);
      const history = await kiosk.ask('chat', 'history');
      assert.deepEqual(history.lines.map(({ text }) => text), ['Wie kann ich helfen? 🙂', 'Ich sehe Sie.']);
      // The focus leaves the chat: what comes now is unread until it is back.
      await desk.by('mute').focus();
      await kiosk.ask('chat', 'send', 'Die Tür klemmt <b>wieder</b>');
      await kiosk.ask('chat', 'send', 'Kommt jemand?');
      await desk.by('chat-log').getByText('Die Tür klemmt <b>wieder</b>').waitFor();
      await desk.by('chat-log').getByText('Kommt jemand?').waitFor();
      assert.equal(await desk.by('chat-unread').textContent(), '2');
      await desk.by('chat-input').focus();
      await desk.by('chat-unread').waitFor({ state: 'hidden' });
      const { lines } = await kiosk.ask('chat', 'history');
      assert.equal(lines.at(-1).delivered, true);
      assert.ok((await desk.state()).chat.messages.every(({ own, delivered }) => !own || delivered));
    });

    it('mute and camera off, on both sides', async () => {
      await pageRings();
      await Promise.all([pageReceives(desk), kioskReceives(kiosk)]);

      await desk.by('mute').click();
      await kiosk.until('the page is muted', ({ call }) => !call.peer_audio);
      await kioskIsSilent(kiosk);
      await desk.by('camera').click();
      await kiosk.until("the page's camera is off", ({ call }) => !call.peer_video);
      await until("kiosk: the browser's picture is gone from the screen", async () => {
        const { share } = find(await kiosk.screen(), COLOUR.rgb);
        return share < 0.001 || share;
      });

      await kiosk.ask('mute');
      await until('page: silence', async () => {
        const { level } = await desk.listen(400);
        return level < -80 || level;
      });
      await kiosk.ask('camera', 'off');
      await desk.page.waitForFunction(() => {
        let state;
        window.kiosk.connectionStore.subscribe((now) => (state = now))();
        return !state.remoteMedia.audio && !state.remoteMedia.video;
      });

      await Promise.all([desk.by('mute').click(), kiosk.ask('unmute'), kiosk.ask('camera', 'on')]);
      await desk.by('camera').click();
      await Promise.all([pageReceives(desk), kioskReceives(kiosk)]);
    });

    it('a page that is reloaded in a call is missed within 4 s and can be called again', async (test) => {
      await pageRings();
      await desk.page.reload();
      const noticed = await kiosk.phase(null, 4_000);
      test.diagnostic(`reload noticed after ${noticed} ms`);
      await desk.sees(kiosk);
      await kiosk.ask('press', 'call');
      await desk.phase('ringing-in');
      await desk.by('answer').click();
      await desk.phase('in-call');
      await Promise.all([pageReceives(desk), kioskReceives(kiosk)]);
    });

    it('a kiosk that is killed in a call is missed within 4 s, and the call ends as soon as it is back', async (test) => {
      await pageRings();
      await pageReceives(desk);
      const began = Date.now();
      kiosk.program.kill('SIGKILL');
      try {
        await desk.by('reconnecting').waitFor({ timeout: 4_000 });
      } finally {
        test.diagnostic(`death noticed after ${Date.now() - began} ms`);
        await kiosk.restart();
      }
      const back = Date.now();
      await desk.phase('ended', 6_000);
      test.diagnostic(`ended ${Date.now() - back} ms after the kiosk was back`);
      assert.equal((await desk.state()).connection.ending, 'peer-lost');
      assert.match(await desk.by('ending').textContent(), /was lost and could not be made again/);
      await desk.sees(kiosk);
      await pageRings();
      await pageReceives(desk);
    });

    it('a page without camera and microphone calls, sees and hears', async () => {
      const mute = await another({ media: false });
      await pageRings(mute);
      await pageReceives(mute);
      await kiosk.until('the page sends nothing', ({ call }) => !call.peer_audio && !call.peer_video);
      await mute.by('hang-up').click();
      await kiosk.phase(null);
    });
  });
}
