// A program that a test starts, and ends by its process id.

import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { createInterface } from 'node:readline';

const ALL = new Set();
// Nothing outlives the tests, however they end.
process.on('exit', () => ALL.forEach((program) => program.kill('SIGKILL')));

export class Program {
  #child;
  #lines;
  log = [];

  constructor(command, args, environment = {}) {
    this.#child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, NO_COLOR: '1', ...environment } });
    this.#lines = new EventEmitter();
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      createInterface(stream).on('line', (line) => {
        this.log.push(line);
        this.#lines.emit('line');
      });
    }
    this.exited = once(this.#child, 'exit');
    ALL.add(this);
  }

  /** Resolves with the match in the first log line that has the pattern, also one that is there already. */
  async line(pattern, milliseconds = 10_000) {
    const timeout = AbortSignal.timeout(milliseconds);
    for (let at = 0; ; at += 1) {
      while (at >= this.log.length) {
        const more = once(this.#lines, 'line', { signal: timeout });
        const ended = this.exited.then(() => Promise.reject(new Error('it ended')));
        await Promise.race([more, ended]).catch((error) => {
          throw new Error(`no line with ${pattern} (${error.message}):\n${this.tail()}`);
        });
      }
      const found = pattern.exec(this.log[at]);
      if (found) return found;
    }
  }

  tail(count = 40) {
    return this.log.slice(-count).join('\n');
  }

  kill(signal) {
    if (this.#child.exitCode === null && this.#child.signalCode === null) process.kill(this.#child.pid, signal);
  }

  async end() {
    this.kill('SIGTERM');
    const late = setTimeout(() => this.kill('SIGKILL'), 5_000);
    await this.exited;
    clearTimeout(late);
    ALL.delete(this);
  }
}

/** Asks until the answer is true, every 100 ms; for what sends no events. Resolves with the milliseconds that it took. */
export async function until(what, condition, milliseconds = 10_000) {
  const began = Date.now();
  let last;
  while (Date.now() - began < milliseconds) {
    last = await condition();
    if (last === true) return Date.now() - began;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${what}: not within ${milliseconds} ms; last seen: ${JSON.stringify(last)}`);
}
