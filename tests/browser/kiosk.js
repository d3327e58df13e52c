// A signaling server and a simulated kiosk, with their files in a directory of their own.

import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { readPicture } from './material.js';
import { Program, until } from './process.js';

/** The kiosk's test camera: this colour, with a white ball that moves over it. */
export const KIOSK_COLOUR = [32, 96, 160];
export const KIOSK_TONE_HZ = 523;

const BINARIES = process.env.KIOSK_BINARIES ?? path.resolve(import.meta.dirname, '../../target/debug');
const run = promisify(execFile);
const BINARY = { encoding: 'buffer', maxBuffer: 1 << 26 };

/** Starts a server on a free port of loopback. `publicUrl`: a further origin that is its own. */
export async function startServer(publicUrl) {
  const args = ['--bind', '127.0.0.1:0', ...(publicUrl ? ['--public-url', publicUrl] : [])];
  const program = new Program(path.join(BINARIES, 'kiosk-server'), args);
  const [, address] = await program.line(/listening.*address=(\S+)/);
  return { program, address, origin: `http://${address}` };
}

export class Kiosk {
  constructor(directory, server, name = 'Front door') {
    Object.assign(this, { directory, server, name, socket: path.join(directory, 'control'), sound: path.join(directory, 'loudspeaker.wav') });
  }

  async start() {
    await mkdir(this.directory, { recursive: true });
    const config = path.join(this.directory, 'kioskd.toml');
    await writeFile(config, this.#config());
    this.program = new Program(path.join(BINARIES, 'kioskd'), ['--sim', '--config', config]);
    await this.until('signed in', ({ link }) => link.state === 'up');
    this.id = (await this.ask('identity')).peer_id;
    return this;
  }

  #config() {
    return `
[kiosk]
name = "${this.name}"
[server]
url = "ws://${this.server.address}/signaling"
[trust]
unknown = "ring-unverified"
[camera]
source = "test"
test_colour = "#${KIOSK_COLOUR.map((part) => part.toString(16).padStart(2, '0')).join('')}"
[sound]
microphone = "test"
test_tone_hz = ${KIOSK_TONE_HZ}
loudspeaker = "file:${this.sound}"
[paths]
state_dir = "${this.directory}/state"
control_socket = "${this.socket}"
`;
  }

  /** Asks the daemon through kioskctl. */
  async ask(...args) {
    const { stdout } = await run(path.join(BINARIES, 'kioskctl'), ['--socket', this.socket, ...args, '--json']);
    return stdout.trim() ? JSON.parse(stdout) : undefined;
  }

  /** Waits until the status is so. Resolves with the milliseconds that it took. */
  async until(what, condition, milliseconds = 10_000) {
    const check = async () => {
      const status = await this.ask('status').catch((error) => ({ error: error.message }));
      return (!status.error && condition(status)) || status;
    };
    return until(`kiosk: ${what}`, check, milliseconds).catch((error) => {
      throw new Error(`${error.message}\n${this.program.tail()}`);
    });
  }

  /** Waits for a phase of the call; null: for no call. */
  phase(wanted, milliseconds) {
    return this.until(wanted ?? 'no call', ({ call }) => (call?.phase ?? null) === wanted, milliseconds);
  }

  async screen() {
    const { stdout } = await run(path.join(BINARIES, 'kioskctl'), ['--socket', this.socket, 'screenshot', '-'], BINARY);
    return readPicture(stdout);
  }

  /** The last seconds of what the loudspeaker played: 48 kHz, mono, -1 to 1. */
  async heard(seconds) {
    const file = await readFile(this.sound);
    const samples = file.subarray(file.indexOf('data') + 8);
    const count = Math.min(Math.floor(samples.length / 2), Math.round(seconds * 48_000));
    const begin = Math.floor(samples.length / 2) - count;
    return Float32Array.from({ length: count }, (_, at) => samples.readInt16LE(2 * (begin + at)) / 32_768);
  }

  /** Starts again with the same identity. */
  async restart() {
    this.program.kill('SIGKILL');
    await this.program.end();
    return this.start();
  }
}
