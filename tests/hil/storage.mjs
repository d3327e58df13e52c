// The kiosk's disk is full, or takes nothing more: in ONE call, and at the start.

import assert from 'node:assert/strict';
import { until } from '../browser/process.js';
import { Bench, PATIENCE_MS } from './bench.mjs';
import { run } from './outside.mjs';

/** docs/promises.md: after the disk takes something again; after the start. */
const RECOVERY_MS = { kept: 15_000, 'signed in': 10_000 };
/** With the words of the kernel, and of SQLite. */
const DISKS = [['full', /No space left|is full/], ['read-only', /Read-only|readonly/]];
const STRANGER = `${'A'.repeat(42)}E`;

const allIsKept = ({ state_problem }) => (state_problem ?? null) === null;

/** What is wrong is said by all that an admin may look at. */
async function said(board, problem) {
  assert.match((await board.status()).state_problem, problem);
  for (const [command, exit] of [['status', 0], ['health', 1]]) {
    const lines = await board.ask('tells', command);
    assert.match(lines.join('\n'), problem, command);
    assert.equal(lines.at(-1), `exit ${exit}`, command);
  }
}

/** The call goes on, what cannot be kept is said, and is kept later. */
async function inCall(bench) {
  const { board } = bench;
  for (const [what, problem] of DISKS) {
    await bench.trouble(`disk ${what}`, async () => {
      const [name, volume] = [`Peer${bench.written}`, 41 + bench.written];
      await board.ask(`${what}-on`);
      await assert.rejects(board.see('kiosk', 'TrustAdd', JSON.stringify({ id: STRANGER, name, auto_answer: false })), /Declined/);
      await assert.rejects(board.see('kiosk', 'Volume', JSON.stringify({ percent: volume })), /Declined/);
      assert.equal((await board.status()).volume, volume, 'what was declined holds until the next start');
      const config = await board.ask('tells', 'config', 'set', '--root', '/run/disk', 'kiosk.name', 'Another');
      assert.match(config.join('\n'), problem, 'config set');
      assert.equal(config.at(-1), 'exit 1', 'config set');
      await said(board, problem);
      await bench.write();
      await bench.goesOn();
      await bench.picture(Date.now());
      assert.ok(!(await board.ask('kept', 'state/trust.json')).join().includes(name), 'it is not on the disk yet');
      const since = Date.now();
      await board.ask(`${what}-off`);
      await board.until('all is kept', allIsKept, PATIENCE_MS);
      const measured = { kept: Date.now() - since };
      assert.ok((await board.ask('kept', 'state/trust.json')).join().includes(name), 'the trusted peer is on the disk');
      assert.equal((await board.ask('kept', 'state/volume'))[0], String(volume), 'the volume is on the disk');
      const lines = Array.from({ length: bench.written }, (_, at) => [`kiosk${at + 1}`, `page${at + 1}`]).flat();
      assert.deepEqual((await board.ask('lines-kept')).sort(), lines.sort(), 'each line is on the disk, once');
      assert.doesNotMatch((await board.ask('tells', 'health')).join('\n'), problem, 'it is well again');
      return measured;
    }, () => board.ask(`${what}-off`));
  }
}

/** It starts, is who it was, and can be called. */
async function start(bench) {
  const { board } = bench;
  for (const [what, problem] of DISKS) {
    await bench.trouble(`disk ${what} at the start`, async () => {
      const { peer_id: before } = await board.status();
      await board.ask('stop-kioskd');
      await bench.desk.phase('ended', PATIENCE_MS);
      await board.ask(`${what}-on`);
      const since = Date.now();
      await board.ask('start');
      await until('kioskd is up', async () => (await board.status().catch(() => ({ link: {} }))).link.state === 'up', PATIENCE_MS);
      const measured = { 'signed in': Date.now() - since };
      assert.equal((await board.status()).peer_id, before, 'it is who it was');
      assert.match((await board.status()).state_problem, problem);
      await bench.call();
      await bench.write();
      await bench.goesOn();
      const healed = Date.now();
      await board.ask(`${what}-off`);
      await board.until('all is kept', allIsKept, PATIENCE_MS);
      measured.kept = Date.now() - healed;
      assert.ok((await board.ask('lines-kept')).includes(`kiosk${bench.written}`), 'what was said is on the disk');
      return measured;
    }, () => board.ask(`${what}-off`));
  }
}

await run('storage', {}, async ([board], desk) => {
  const bench = new Bench('storage', RECOVERY_MS, board, desk);
  await bench.call();
  await inCall(bench);
  await start(bench);
  await bench.report();
});
