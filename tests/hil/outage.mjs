// What happens to a kiosk's network in ONE call, and how long it takes until all is as it was.

import { Bench, PATIENCE_MS, wait } from './bench.mjs';
import { run } from './outside.mjs';

/** docs/promises.md: after what was broken is whole again. */
const RECOVERY_MS = { picture: 5_000, 'signed in': 17_000 };
const ADDRESSES = ['10.77.0.9', '10.77.0.7'];

/** Noticed: by kiosk or page, after the cause. Picture: after the cause where it lasts, else after its end. */
async function network(bench) {
  const { board } = bench;
  let [old, another] = ADDRESSES;
  await bench.trouble('another address', async () => {
    const since = Date.now();
    await board.ask('address', old, another);
    [old, another] = [another, old];
    const noticed = await bench.lost();
    await bench.write();
    await bench.picture(Date.now());
    return { noticed, picture: Date.now() - since };
  });
  for (const seconds of [2, 30]) await bench.trouble(`cable out for ${seconds} s`, async () => {
    const out = Date.now();
    await board.ask('cable-off');
    const noticed = await bench.lost();
    await bench.write();
    await wait(out + 1_000 * seconds - Date.now());
    const since = Date.now();
    await board.ask('cable-on');
    return { noticed, picture: await bench.picture(since) };
  }, () => board.ask('cable-on'));
  // What is sent through a certain network card needs no route (net/ipv4/route.c, "routing tables are wrong"): the call goes on.
  await bench.trouble('no default route', async () => {
    await board.ask('route-off');
    await board.until('the link is down', ({ link }) => link.state === 'down', PATIENCE_MS);
    await bench.write();
    await bench.picture(Date.now());
    const since = Date.now();
    await board.ask('route-on');
    await board.until('signed in', ({ link }) => link.state === 'up', PATIENCE_MS);
    return { 'signed in': Date.now() - since };
  }, () => board.ask('route-on'));
}

/** The server is another, and its name is known to nobody for a while. */
async function names(bench, restart) {
  const { board } = bench;
  await bench.trouble('no name server', async () => {
    await board.ask('names-off');
    await restart();
    await board.until('the kiosk says so', ({ link }) => link.state === 'down' && link.reason.includes('server.kiosk.test'), PATIENCE_MS);
    await bench.picture(Date.now());
    await wait(3_000);
    const since = Date.now();
    await board.ask('names-on');
    await board.until('signed in', ({ link }) => link.state === 'up', PATIENCE_MS);
    return { 'signed in': Date.now() - since };
  }, () => board.ask('names-on'));
}

await run('outage', {}, async ([board], desk, restart) => {
  const bench = new Bench('outage', RECOVERY_MS, board, desk);
  await bench.call();
  await network(bench);
  await names(bench, restart);
  await bench.report();
});
