// From the edge of a button to its light and to the screen: medians, printed; nothing is passed or failed.

import { run } from './outside.mjs';

const PRESSES = 100;
const AIMS_MS = { light: 5, screen: 60 };

const share = (sorted, part) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))].toFixed(1);

await run('latency', { page: false }, async ([board]) => {
  await board.until('the kiosk is up', ({ link }) => link?.state === 'up', 20_000);
  const times = await board.see('presses', PRESSES);
  for (const [what, all] of Object.entries(times)) {
    const sorted = all.sort((one, other) => one - other);
    const [median, most] = [share(sorted, 0.5), share(sorted, 0.95)];
    console.log(`latency: ${what}: aim ${AIMS_MS[what.split(' ').at(-1)]} ms; median ${median} ms, 95 % ${most} ms of ${sorted.length}`);
  }
});
