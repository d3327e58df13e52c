// What axe-core (WCAG 2.2 A and AA, and its own good habits) finds on a page.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

const SOURCE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const BAD = ['serious', 'critical'];

/** Fails when there is a serious or critical fault on the page as it is now. */
export async function isAccessible(page, what) {
  // The page's own policy lets no other scripts in; the debugger's do not ask it.
  const devtools = await page.context().newCDPSession(page);
  const evaluate = async (expression) => {
    const { result, exceptionDetails } = await devtools.send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
    if (exceptionDetails) throw new Error(`axe: ${exceptionDetails.exception?.description ?? exceptionDetails.text}`);
    return result.value;
  };
  await evaluate(SOURCE);
  // Colours are looked at once nothing moves any more.
  await evaluate('Promise.allSettled(document.getAnimations().filter((each) => each.effect.getTiming().iterations !== Infinity).map((each) => each.finished)).then(() => 0)');
  const { violations, passes } = JSON.parse(await evaluate(`axe.run().then(({ violations, passes }) => JSON.stringify({
    passes: passes.length,
    violations: violations.map(({ id, impact, nodes }) => ({ id, impact, nodes: nodes.map(({ html, failureSummary }) => html.slice(0, 200) + ' | ' + failureSummary) })),
  }))`));
  await devtools.detach();
  assert.ok(passes > 10, `${what}: axe looked at something`);
  assert.deepEqual(violations.filter(({ impact }) => BAD.includes(impact)), [], what);
}
