// A server, a simulated kiosk and one headless Chromium for all tests of this directory.

import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe } from 'node:test';
import { calls } from './calls.js';
import { crossing } from './crossing.js';
import { desk } from './desk.js';
import { hostile } from './hostile.js';
import { Kiosk, startServer } from './kiosk.js';
import { DOCUMENT, writePicture, writeSpeech } from './material.js';
import { startBrowser } from './operator.js';
import { page } from './page.js';
import { reconnecting } from './reconnecting.js';
import { relay } from './relay.js';

describe('kiosk and browser', () => {
  const world = {};

  before(async () => {
    world.directory = await mkdtemp(path.join(os.tmpdir(), 'kiosk-browser-'));
    const [picture, speech, document] = ['picture.y4m', 'speech.wav', 'document.y4m'].map((name) => path.join(world.directory, name));
    await Promise.all([writePicture(picture), writeSpeech(speech), writePicture(document, DOCUMENT)]);
    world.material = { picture, speech };
    world.server = await startServer();
    [world.browser, world.kiosk] = await Promise.all([
      startBrowser(world.material),
      new Kiosk(path.join(world.directory, 'kiosk'), world.server, { document }).start(),
    ]);
  });

  after(async () => {
    await world.browser?.close();
    await world.kiosk?.program.end();
    await world.server?.program.end();
    await rm(world.directory, { recursive: true, force: true });
  });

  page(world);
  desk(world);
  calls(world);
  crossing(world);
  reconnecting(world);
  relay(world);
  hostile(world);
});
