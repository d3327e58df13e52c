// What the browser's camera and microphone deliver, and how to tell it from anything else.

import { execFile } from 'node:child_process';
import { open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { PNG } from 'pngjs';

const run = promisify(execFile);

/** The browser's picture: this colour with a bar of the other one that moves to the right. As 8-bit RGB, and as BT.601 limited-range YCbCr. */
export const COLOUR = { rgb: [200, 40, 160] };
export const BAR = { rgb: [30, 220, 60] };
/** What the kiosk's document camera sees, with the same bar. */
export const DOCUMENT = { rgb: [220, 220, 120] };
for (const each of [COLOUR, BAR, DOCUMENT]) each.ycc = toYcc(each.rgb);

const SIZE = { width: 640, height: 480 };
const FRAMES = 60;

function toYcc([r, g, b]) {
  const y = 16 + 0.257 * r + 0.504 * g + 0.098 * b;
  return [y, 128 - 0.148 * r - 0.291 * g + 0.439 * b, 128 + 0.439 * r - 0.368 * g - 0.071 * b].map(Math.round);
}

/** Writes the picture, of this colour, as YUV4MPEG2, 30 frames a second, two seconds; whoever plays it repeats it. */
export async function writePicture(file, colour = COLOUR) {
  const { width, height } = SIZE;
  const out = await open(file, 'w');
  await out.write(`YUV4MPEG2 W${width} H${height} F30:1 Ip A1:1 C420jpeg\n`);
  for (let frame = 0; frame < FRAMES; frame += 1) {
    const left = 2 * Math.round((frame * (width - 80)) / FRAMES / 2);
    const planes = [0, 1, 2].map((plane) => {
      const divisor = plane === 0 ? 1 : 2;
      const [columns, rows] = [width / divisor, height / divisor];
      const row = Buffer.alloc(columns, colour.ycc[plane]).fill(BAR.ycc[plane], left / divisor, (left + 80) / divisor);
      return Buffer.concat(Array.from({ length: rows }, () => row));
    });
    await out.write(Buffer.concat([Buffer.from('FRAME\n'), ...planes]));
  }
  await out.close();
}

/** Writes a sentence as a person would say it; Chromium repeats it. */
export async function writeSpeech(file) {
  const spoken = `${file}.spoken.wav`;
  await run('espeak-ng', ['-v', 'en', '-s', '150', '-a', '180', '-w', spoken, 'This is the help desk. Please wait a moment, somebody will open the door for you.']);
  await run('sox', [spoken, '-r', '48000', '-c', '1', '-b', '16', file]);
}

/** Whether a colour is this one, up to what VP8 and scaling do to it. */
export function near(pixel, rgb, margin = 45) {
  return rgb.every((value, at) => Math.abs(value - pixel[at]) <= margin);
}

/** Decodes a PNG. */
export function readPicture(bytes) {
  return PNG.sync.read(bytes);
}

/** Share of the pixels of a PNG that have this colour, and the middle column of them (0 to 1). */
export function find(png, rgb) {
  let [count, columns] = [0, 0];
  for (let at = 0; at < png.data.length; at += 4) {
    if (near(png.data.subarray(at, at + 3), rgb)) {
      count += 1;
      columns += (at / 4) % png.width;
    }
  }
  return { share: count / (png.width * png.height), column: columns / count / png.width };
}

/** Root mean square of each tenth of a second. */
export function loudness(samples, rate = 48_000) {
  const window = rate / 10;
  return Array.from({ length: Math.floor(samples.length / window) }, (_, at) => {
    const part = samples.subarray(at * window, (at + 1) * window);
    return Math.sqrt(part.reduce((sum, sample) => sum + sample * sample, 0) / window);
  });
}
