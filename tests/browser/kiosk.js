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

/** What runs a program in a network namespace; undefined: in ours. */
const within = (network) => (network ? ['ip', 'netns', 'exec', network] : []);

/** Starts a server on a free port of loopback. `more`: further arguments, also another `--bind`. */
export const startServer = (...more) => startServerIn(undefined, ...more);

/** The same in a network namespace. */
export async function startServerIn(network, ...more) {
  const bind = more.includes('--bind') ? [] : ['--bind', '127.0.0.1:0'];
  const args = [...bind, '--max-peers', '64', ...more];
  const [command, ...rest] = [...within(network), path.join(BINARIES, 'kiosk-server'), ...args];
  const program = new Program(command, rest);
  const [, address] = await program.line(/listening.*address=(\S+)/);
  return { program, address, origin: `http://${address}` };
}

export class Kiosk {
  /** `document`: the media file that its document camera sees. `network`: the network namespace that it lives in. */
  constructor(directory, server, { name = 'Front door', document, network } = {}) {
    Object.assign(this, { directory, server, name, document, network, socket: path.join(directory, 'control'), sound: path.join(directory, 'loudspeaker.wav') });
  }

  async start() {
    await mkdir(this.directory, { recursive: true });
    const config = path.join(this.directory, 'kioskd.toml');
    await writeFile(config, this.#config());
    const command = [...within(this.network), path.join(BINARIES, 'kioskd'), '--sim', '--config', config];
    this.program = new Program(command[0], command.slice(1));
    [, this.panel] = await this.program.line(/panel (http:\S+)\//);
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
${this.network ? 'allow_plain = true' : ''}
[trust]
unknown = "ring-unverified"
[camera]
source = "test"
test_colour = "#${KIOSK_COLOUR.map((part) => part.toString(16).padStart(2, '0')).join('')}"
${this.document ? `document = "file:${this.document}"` : ''}
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

  /** Presses the button with this label as a finger does: its key goes down and, after so many milliseconds, up. */
  async press(label, milliseconds = 0) {
    const { buttons } = await (await fetch(`${this.panel}/board`)).json();
    const { code } = buttons.find((each) => each.label === label);
    const push = async (edge) => {
      const { ok, status } = await fetch(`${this.panel}/keys/${code}/${edge}`, { method: 'POST', headers: { 'x-kiosk-sim': '1' } });
      if (!ok) throw new Error(`the key of ${label}: ${status}`);
    };
    await push('down');
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    await push('up');
  }

  /** Yes or No, when something is asked. The page may still show that it waits for the answer before. */
  async answers(label) {
    await this.until('something is asked', ({ question }) => question !== null);
    await this.press(label);
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
