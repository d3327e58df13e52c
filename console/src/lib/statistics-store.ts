/** The last two minutes of a call, for charts. */

import { Cell, type Readable } from './cell';
import type { CallLine, Service } from './service';
import type { Statistics } from './statistics';

/** A call at one moment, under the names of W3C webrtc-stats where there are such. */
export interface Sample {
  /** Unix milliseconds. */
  readonly at: number;
  /** Seconds. */
  readonly roundTripTime: number | null;
  /** Bits a second. */
  readonly inboundBitrate: number | null;
  readonly outboundBitrate: number | null;
  /** Share of the packets that were lost, 0…1. */
  readonly lossRate: number;
  /** Pictures a second that come. */
  readonly framesPerSecond: number | null;
}

/** State of `statisticsStore`. */
export interface StatisticsState {
  /** The last 120, one a second, oldest first. They stay till the next call. */
  readonly samples: readonly Sample[];
}

/** Measurements over time. */
export type StatisticsStore = Readable<StatisticsState>;

const MOST_SAMPLES = 120;
/** Measurements come twice a second; timers are a little early or late. */
const PERIOD_MS = 900;

export class History implements Service {
  readonly cell = new Cell<StatisticsState>({ samples: [] });

  /** Watches the measurements of the calls. */
  attach(calls: Readable<{ readonly quality: Statistics | null }>): void {
    let last: Statistics | null = null;
    calls.subscribe(({ quality }) => {
      if (quality && quality !== last) this.#add(quality, Date.now());
      last = quality;
    });
  }

  began(_: CallLine, resumed: boolean): void {
    if (!resumed) this.cell.set({ samples: [] });
  }

  #add(measured: Statistics, at: number): void {
    const { samples } = this.cell.value;
    if (at - (samples.at(-1)?.at ?? -Infinity) < PERIOD_MS) return;
    const { roundTripTime, inboundBitrate, outboundBitrate, lossRate, framesPerSecond } = measured;
    const sample = { at, roundTripTime, inboundBitrate, outboundBitrate, lossRate, framesPerSecond };
    this.cell.set({ samples: [...samples, sample].slice(-MOST_SAMPLES) });
  }
}
