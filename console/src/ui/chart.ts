/** Where a chart's lines run. */

/** Size of the drawing, in its own units. */
export const SIZE = { width: 240, height: 56 } as const;

/** One measured value, or none, at a time (Unix milliseconds). */
export interface Point {
  readonly at: number;
  readonly value: number | null;
}

/**
 * An SVG path through what was measured in a span of time before `now`; where nothing was, the line has a gap.
 *
 * @param most The value at the upper edge.
 */
export function line(points: readonly Point[], now: number, span: number, most: number): string {
  let pen = 'M';
  const steps: string[] = [];
  for (const { at, value } of points) {
    if (value === null) pen = 'M';
    else if (at >= now - span) {
      const x = (SIZE.width * (at - now + span)) / span;
      const y = SIZE.height * (1 - Math.min(1, value / most));
      steps.push(`${pen}${x.toFixed(1)} ${y.toFixed(1)}`);
      pen = 'L';
    }
  }
  return steps.join('');
}

/** The upper edge for these values: 1, 2 or 5 times a power of ten, and at least `least`. */
export function upperEdge(points: readonly Point[], least: number): number {
  const most = Math.max(least, ...points.map(({ value }) => value ?? 0));
  const power = 10 ** Math.floor(Math.log10(most));
  return power * ([1, 2, 5, 10].find((step) => step * power >= most) ?? 10);
}
