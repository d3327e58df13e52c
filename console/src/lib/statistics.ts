/** What W3C webrtc-stats say of a call, under their names there. */

/** A call's measurements. Null: not known yet. */
export interface Statistics {
  /** `RTCIceCandidatePairStats.currentRoundTripTime`, seconds. */
  readonly roundTripTime: number | null;
  /** `RTCIceCandidatePairStats.availableOutgoingBitrate`, bits a second. */
  readonly availableOutgoingBitrate: number | null;
  /** Bits a second that came and went as RTP since the previous measurement. */
  readonly inboundBitrate: number | null;
  readonly outboundBitrate: number | null;
  /** `bytesReceived` and `bytesSent`, sums of all RTP streams, headers included. */
  readonly bytesReceived: number;
  readonly bytesSent: number;
  /** `timestamp` of the measurement, milliseconds. */
  readonly timestamp: number;
  /** `packetsReceived`, sum of all inbound RTP streams. */
  readonly packetsReceived: number;
  /** `packetsLost`, sum of all inbound RTP streams. */
  readonly packetsLost: number;
  /** Packets lost since the previous measurement, share of those sent: 0…1. */
  readonly lossRate: number;
  /** `jitter` of the inbound video, seconds. */
  readonly jitter: number | null;
  /** `framesPerSecond` of the inbound video. */
  readonly framesPerSecond: number | null;
  /** `framesPerSecond` of the outbound video. */
  readonly framesPerSecondSent: number | null;
  /** `framesDecoded` of the inbound video. */
  readonly framesDecoded: number;
  /** `frameWidth` and `frameHeight` of the inbound video, pixels. */
  readonly frameWidth: number | null;
  readonly frameHeight: number | null;
  /** What a person is shown. */
  readonly level: QualityLevel;
}

/** `poor`: people notice; `fair`: they may. */
export type QualityLevel = 'good' | 'fair' | 'poor';

/** Loss (share) and round-trip time (seconds) from which on a call is no longer good, and poor. */
const FAIR = { lossRate: 0.02, roundTripTime: 0.2 };
const POOR = { lossRate: 0.08, roundTripTime: 0.5 };

type Report = Readonly<Record<string, unknown>>;

/** Reads one `getStats()`. */
export function readStatistics(stats: RTCStatsReport, previous: Statistics | null): Statistics {
  const reports: Report[] = [];
  stats.forEach((report: Report) => reports.push(report));
  const inbound = reports.filter(({ type }) => type === 'inbound-rtp');
  const outbound = reports.filter(({ type }) => type === 'outbound-rtp');
  const video = inbound.find(({ kind }) => kind === 'video') ?? {};
  const sentVideo = outbound.find(({ kind }) => kind === 'video') ?? {};
  const traffic = {
    bytesReceived: sum(inbound, 'bytesReceived') + sum(inbound, 'headerBytesReceived'),
    bytesSent: sum(outbound, 'bytesSent') + sum(outbound, 'headerBytesSent'),
    timestamp: Math.max(0, ...reports.map((report) => number(report, 'timestamp') ?? 0)),
  };
  const pair = selectedPair(reports);
  const packetsReceived = sum(inbound, 'packetsReceived');
  const packetsLost = sum(inbound, 'packetsLost');
  const [received, lost] = [
    packetsReceived - (previous?.packetsReceived ?? 0),
    Math.max(0, packetsLost - (previous?.packetsLost ?? 0)),
  ];
  const measured = {
    lossRate: received + lost > 0 ? lost / (received + lost) : 0,
    roundTripTime: number(pair, 'currentRoundTripTime'),
  };
  return {
    ...measured,
    ...traffic,
    inboundBitrate: rate(traffic, previous, 'bytesReceived'),
    outboundBitrate: rate(traffic, previous, 'bytesSent'),
    availableOutgoingBitrate: number(pair, 'availableOutgoingBitrate'),
    packetsReceived,
    packetsLost,
    jitter: number(video, 'jitter'),
    framesPerSecond: number(video, 'framesPerSecond'),
    framesPerSecondSent: number(sentVideo, 'framesPerSecond'),
    framesDecoded: number(video, 'framesDecoded') ?? 0,
    frameWidth: number(video, 'frameWidth'),
    frameHeight: number(video, 'frameHeight'),
    level: levelOf(measured),
  };
}

function levelOf({ lossRate, roundTripTime }: { lossRate: number; roundTripTime: number | null }): QualityLevel {
  const beyond = (limit: typeof FAIR) => lossRate >= limit.lossRate || (roundTripTime ?? 0) >= limit.roundTripTime;
  if (beyond(POOR)) return 'poor';
  return beyond(FAIR) ? 'fair' : 'good';
}

function selectedPair(reports: readonly Report[]): Report {
  const transport = reports.find(
    ({ type, selectedCandidatePairId }) => type === 'transport' && selectedCandidatePairId,
  );
  const pairs = reports.filter(({ type }) => type === 'candidate-pair');
  return (
    pairs.find(({ id }) => id === transport?.['selectedCandidatePairId']) ??
    pairs.find(({ nominated }) => nominated) ??
    {}
  );
}

type Traffic = Pick<Statistics, 'bytesReceived' | 'bytesSent' | 'timestamp'>;

/** Bits a second since the previous measurement; null without one. */
function rate(now: Traffic, previous: Traffic | null, name: 'bytesReceived' | 'bytesSent'): number | null {
  const milliseconds = now.timestamp - (previous?.timestamp ?? now.timestamp);
  // A stream that was replaced counts from zero.
  return previous && milliseconds > 0 ? (Math.max(0, now[name] - previous[name]) * 8_000) / milliseconds : null;
}

function number(report: Report, name: string): number | null {
  const value = report[name];
  return typeof value === 'number' ? value : null;
}

function sum(reports: readonly Report[], name: string): number {
  return reports.reduce((total, report) => total + (number(report, name) ?? 0), 0);
}
