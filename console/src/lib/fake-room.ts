/** Sets of stores in one room, for the tests. */

import { vi } from 'vitest';
import type { ChatArchive } from './archive';
import { fakeDevices, fakeEnvironment, FakeNetwork, FakeServer } from './fakes';
import { createKiosk, type ConnectionState, type KioskStores, type Readable, type WebSocketState } from './index';

/** The state when `holds` first does. */
export function until<T>(store: Readable<T>, holds: (state: T) => boolean): Promise<T> {
  return new Promise((resolve) => {
    let stop: (() => void) | null = null;
    let done = false;
    stop = store.subscribe((state) => {
      if (done || !holds(state)) return;
      done = true;
      queueMicrotask(() => stop?.());
      resolve(state);
    });
  });
}

/** The state now. */
export const now = <T>(store: Readable<T>): T => {
  let value!: T;
  store.subscribe((state) => (value = state))();
  return value;
};

/** The state of the call when it comes to this phase. */
export const phase = (kiosk: KioskStores, wanted: ConnectionState['phase']) =>
  until(kiosk.connectionStore, (state) => state.phase === wanted);

/** When something was refused for this reason. */
export const refused = (kiosk: KioskStores, reason: keyof WebSocketState['refusals']) =>
  until(kiosk.webSocketStore, ({ refusals }) => (refusals[reason] ?? 0) > 0);

/** Anna, an operator, and a kiosk, Lobby 2, in one room. */
export interface Both {
  readonly a: KioskStores;
  readonly b: KioskStores;
  readonly idA: string;
  readonly idB: string;
  readonly devicesA: ReturnType<typeof fakeDevices>;
}

/** A server, a network, and who meets there. */
export class FakeRoom {
  readonly server = new FakeServer();
  readonly network = new FakeNetwork();

  /** A set of stores that is not signed in. */
  stores(devices = fakeDevices(), archive?: ChatArchive): KioskStores {
    return createKiosk(fakeEnvironment(this.server, this.network, devices, undefined, archive));
  }

  async both(options = {}): Promise<Both> {
    const devicesA = fakeDevices();
    const [a, b] = [this.stores(devicesA), this.stores()];
    await a.webSocketStore.connect({ name: 'Anna' });
    await b.webSocketStore.connect({ name: 'Lobby 2', role: 'kiosk', ...options });
    await until(a.webSocketStore, ({ peers }) => peers.length === 1);
    return { a, b, idA: now(a.webSocketStore).you!, idB: now(b.webSocketStore).you!, devicesA };
  }

  async inCall(): Promise<Both> {
    const both = await this.both();
    await both.a.connectionStore.call(both.idB);
    await phase(both.b, 'ringing-in');
    await both.b.connectionStore.answer();
    await Promise.all([phase(both.a, 'in-call'), phase(both.b, 'in-call')]);
    return both;
  }

  /** Half a second of a call in virtual time: both sides ping and answer, however long Web Crypto takes over it. */
  async halfSecond(): Promise<void> {
    const channels = [...this.network.connections.values()].flatMap(({ channel }) => channel ?? []);
    const sent = channels.map((channel) => channel.sent + 2);
    await vi.advanceTimersByTimeAsync(500);
    while (channels.some((channel, at) => channel.sent < sent[at]!)) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
